//! `token`: access tokens; create (shown once), list, revoke.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CliError;
use super::client::{Client, percent_encode};
use super::output::Output;
use crate::archive::{NewToken, TokenView};
use crate::web::api::people::TokenRequest;

#[derive(Debug, Args)]
pub struct TokenOptions {
    #[command(subcommand)]
    pub command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a user; it is printed now and never again
    #[command(after_help = "Example:\n  shosoin token create tanaka --name laptop --expires 2027-03-31")]
    Create {
        /// The user
        user: String,
        /// What it is for
        #[arg(long)]
        name: Option<String>,
        /// Last day on which it counts; for ever by default
        #[arg(long, value_name = "DAY")]
        expires: Option<String>,
    },
    /// Tokens and their ends, without the tokens themselves
    #[command(after_help = "Example:\n  shosoin token list")]
    List,
    /// End a token at once
    #[command(after_help = "Example:\n  shosoin token revoke 1f0c2d3e4a5b6c7d")]
    Revoke {
        /// As the list shows it
        id: String,
    },
}

pub fn run(data: &Path, options: &TokenOptions, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    match &options.command {
        TokenCommand::Create { user, name, expires } => {
            let request = TokenRequest { name: name.clone(), expires: expires.clone() };
            let path = format!("/api/v1/users/{}/tokens", percent_encode(user));
            let made: NewToken = client.post(&path, &request)?;
            output.result(&made, |out| {
                line(&made.about, output, out)?;
                writeln!(out, "{}: {}", output.text("トークン", "token"), made.token)
            })?;
            output.say(
                "トークンは今だけ表示されます。控えて、本人に安全な方法で渡してください。",
                "The token is shown only now. Hand it over in a way that nobody else can read.",
            );
        }
        TokenCommand::List => {
            let tokens: Vec<TokenView> = client.get("/api/v1/tokens")?;
            output.result(&tokens, |out| tokens.iter().try_for_each(|token| line(token, output, out)))?;
        }
        TokenCommand::Revoke { id } => {
            let path = format!("/api/v1/tokens/{}/revocation", percent_encode(id));
            let token: TokenView = client.post(&path, &serde_json::json!({}))?;
            output.result(&token, |out| line(&token, output, out))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(token: &TokenView, output: &Output, out: &mut dyn Write) -> std::io::Result<()> {
    write!(out, "{}  {}", token.id, token.user)?;
    if let Some(name) = &token.name {
        write!(out, "  {name}")?;
    }
    if let Some(end) = token.expires_at {
        write!(out, "  {} {}", output.text("期限", "expires"), end.format("%Y-%m-%d %H:%M UTC"))?;
    }
    if let Some(at) = token.revoked_at {
        write!(out, "  {} {}", output.text("失効", "revoked"), at.format("%Y-%m-%d %H:%M UTC"))?;
    }
    writeln!(out)
}
