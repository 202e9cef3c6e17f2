//! `user`: who may do what; add, list, change, disable, enable.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CliError;
use super::client::{Client, percent_encode};
use super::output::Output;
use crate::archive::{NewUser, Role, UserChanges, UserView};
use crate::web::api::people::Me;

#[derive(Debug, Args)]
pub struct UserOptions {
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user
    #[command(after_help = "Example:\n  shosoin user add tanaka --role clerk --entity 本社")]
    Add {
        /// As the journal will show it
        name: String,
        /// clerk, manager, approver, auditor or admin; may be repeated
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<Role>,
        /// Legal entity whose records they have to do with; may be repeated; all by default
        #[arg(long = "entity", value_name = "NAME")]
        entities: Vec<String>,
        /// Operating-system user who acts as this user: the name in /etc/passwd, else the number
        #[arg(long, value_name = "USER")]
        os_user: Option<String>,
    },
    /// All users
    #[command(after_help = "Example:\n  shosoin user list")]
    List,
    /// Change roles, entities or operating-system user
    #[command(after_help = "Example:\n  shosoin user change tanaka --role clerk --role manager")]
    Change {
        /// Name of the user
        name: String,
        /// The roles from now on
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<Role>,
        /// The legal entities from now on
        #[arg(long = "entity", value_name = "NAME", conflicts_with = "all_entities")]
        entities: Vec<String>,
        /// All legal entities from now on
        #[arg(long)]
        all_entities: bool,
        /// The operating-system user from now on; empty for none
        #[arg(long, value_name = "USER")]
        os_user: Option<String>,
    },
    /// Let somebody in no more; what they did stays in the journal
    #[command(after_help = "Example:\n  shosoin user disable tanaka")]
    Disable {
        /// Name of the user
        name: String,
    },
    /// Let somebody in again
    #[command(after_help = "Example:\n  shosoin user enable tanaka")]
    Enable {
        /// Name of the user
        name: String,
    },
    /// Who you are here, and with which roles
    #[command(after_help = "Example:\n  shosoin user me")]
    Me,
}

pub fn run(data: &Path, options: &UserOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let user: UserView = match &options.command {
        UserCommand::List => return list(&client, output),
        UserCommand::Me => return me(&client, output),
        UserCommand::Add { name, roles, entities, os_user } => {
            let new = NewUser {
                name: name.clone(),
                roles: roles.clone(),
                entities: entities.clone(),
                os_user: os_user.clone(),
            };
            client.post("/api/v1/users", &new)?
        }
        UserCommand::Change { name, roles, entities, all_entities, os_user } => {
            let changes = UserChanges {
                roles: Some(roles.clone()).filter(|roles| !roles.is_empty()),
                entities: Some(entities.clone()).filter(|names| *all_entities || !names.is_empty()),
                os_user: os_user.clone(),
                disabled: None,
            };
            change(&client, name, &changes)?
        }
        UserCommand::Disable { name } => disable(&client, name, true)?,
        UserCommand::Enable { name } => disable(&client, name, false)?,
    };
    output.result(&user, |out| line(&user, output, out))?;
    if matches!(options.command, UserCommand::Add { .. }) {
        output.say(
            &format!("続けて shosoin token create {} でトークンを作れます。", user.name),
            &format!("`shosoin token create {}` makes a token for signing in.", user.name),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn disable(client: &Client, name: &str, disabled: bool) -> Result<UserView, CliError> {
    change(client, name, &UserChanges { disabled: Some(disabled), ..UserChanges::default() })
}

fn change(client: &Client, name: &str, changes: &UserChanges) -> Result<UserView, CliError> {
    client.post(&format!("/api/v1/users/{}/changes", percent_encode(name)), changes)
}

fn list(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let users: Vec<UserView> = client.get("/api/v1/users")?;
    output.result(&users, |out| users.iter().try_for_each(|user| line(user, output, out)))?;
    Ok(ExitCode::SUCCESS)
}

fn me(client: &Client, output: &Output) -> Result<ExitCode, CliError> {
    let me: Me = client.get("/api/v1/me")?;
    output.result(&me, |out| {
        let entities = entities(me.entities.as_deref(), output);
        writeln!(out, "{}  {}  {entities}", me.name, roles(&me.roles, output))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn line(user: &UserView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    let (roles, entities) = (roles(&user.roles, output), entities(user.entities.as_deref(), output));
    write!(out, "{}  {roles}  {entities}", user.name)?;
    if let Some(os_user) = &user.os_user {
        write!(out, "  {} {os_user}", output.text("OSユーザー", "os user"))?;
    }
    let mark = if user.disabled { output.text("  【無効】", "  [disabled]") } else { "" };
    writeln!(out, "{mark}")
}

fn entities(names: Option<&[String]>, output: &Output) -> String {
    names.map_or_else(|| output.text("すべての法人", "all entities").to_owned(), |names| names.join(", "))
}

/// What the roles are called.
fn roles(roles: &[Role], output: &Output) -> String {
    let word = |role: &Role| {
        let (ja, en) = match role {
            Role::Clerk => ("担当者 clerk", "clerk"),
            Role::Manager => ("管理者 manager", "manager"),
            Role::Approver => ("承認者 approver", "approver"),
            Role::Auditor => ("監査人 auditor", "auditor"),
            Role::Admin => ("システム管理者 admin", "admin"),
            Role::Owner => ("全権限 owner", "owner (all rights)"),
            Role::System => ("定期処理 system", "system"),
        };
        output.text(ja, en)
    };
    roles.iter().map(word).collect::<Vec<_>>().join(", ")
}
