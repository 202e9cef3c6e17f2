//! The page of people, for administrators: users with their roles, and tokens.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use serde::Deserialize;

use super::display;
use super::page::Page;
use super::text::Text;
use crate::archive::{NewUser, Principal, Role, TokenView, UserChanges, UserView};
use crate::record::date;
use crate::web::api::PathOf;
use crate::web::auth::Who;
use crate::web::{App, Problem};

#[derive(Template)]
#[template(path = "people.html")]
struct PeopleTemplate {
    page: Page,
    users: Vec<UserRow>,
    tokens: Vec<TokenRow>,
    roles: Vec<(&'static str, &'static str)>,
    entities: Vec<String>,
    /// A token that was just made, and for whom: shown once.
    made: Option<(String, String)>,
}

struct UserRow {
    name: String,
    roles: String,
    entities: String,
    disabled: bool,
    /// Came with the archive: cannot be changed here.
    built_in: bool,
}

struct TokenRow {
    id: String,
    user: String,
    label: String,
    created: String,
    expires: String,
    revoked: bool,
}

/// `GET /users`
pub async fn people(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    show(app, who, page, None).await
}

async fn show(
    app: App,
    who: Principal,
    page: Page,
    made: Option<(String, String)>,
) -> Result<Response, Problem> {
    let asker = who.clone();
    let (users, tokens) =
        app.run(move |archive| Ok((archive.user_list(&asker)?, archive.token_list(&asker)?))).await?;
    let page = page.signed_in(&who);
    let zone = app.archive.config().archive.zone;
    let template = PeopleTemplate {
        users: users.into_iter().map(|user| user_row(user, page.t)).collect(),
        tokens: tokens.into_iter().map(|token| token_row(token, zone, &page)).collect(),
        roles: Role::GRANTABLE.into_iter().map(|role| (role.as_str(), role_label(role, page.t))).collect(),
        entities: super::entity_choice(app.archive.config(), &who),
        made,
        page,
    };
    super::render(StatusCode::OK, &template)
}

fn user_row(user: UserView, t: &'static Text) -> UserRow {
    let roles: Vec<_> = user.roles.iter().map(|role| role_label(*role, t)).collect();
    let entities = user.entities.map(|names| names.into_iter().collect::<Vec<_>>().join(t.list_comma));
    UserRow {
        name: user.name,
        roles: roles.join(t.list_comma),
        entities: entities.unwrap_or_else(|| t.all_entities.to_owned()),
        disabled: user.disabled,
        built_in: user.built_in,
    }
}

fn token_row(token: TokenView, zone: Tz, page: &Page) -> TokenRow {
    let at = |time| display::instant(time, zone, page.lang);
    TokenRow {
        id: token.id,
        user: token.user,
        label: token.name.unwrap_or_default(),
        created: at(token.created_at),
        expires: token.expires_at.map(at).unwrap_or_default(),
        revoked: token.revoked_at.is_some(),
    }
}

fn role_label(role: Role, t: &'static Text) -> &'static str {
    match role {
        Role::Clerk => t.role_clerk,
        Role::Manager => t.role_manager,
        Role::Approver => t.role_approver,
        Role::Auditor => t.role_auditor,
        Role::Admin => t.role_admin,
        Role::Owner => t.role_owner,
        Role::System => t.role_system,
    }
}

/// `POST /users`: a name, roles (each checked box is one), legal entities (none: all).
pub async fn add(
    State(app): State<App>,
    Who(who): Who,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let values = |field: &str| {
        let found = pairs.iter().filter(|(name, _)| name == field).map(|(_, value)| value.clone());
        found.collect::<Vec<_>>()
    };
    let roles = values("role").iter().map(|role| role.parse::<Role>()).collect::<Result<Vec<_>, _>>();
    let roles = roles.map_err(|error| Problem::invalid(error.to_string()))?;
    let name = values("name").into_iter().next().unwrap_or_default();
    let new = NewUser { name, roles, entities: values("entity"), os_user: None };
    app.run(move |archive| archive.user_add(&who, new)).await?;
    Ok(Redirect::to("/users").into_response())
}

/// Whether somebody may come in.
#[derive(Debug, Deserialize)]
pub struct ChangeForm {
    disabled: bool,
}

/// `POST /users/{name}/changes`
pub async fn change(
    State(app): State<App>,
    Who(who): Who,
    PathOf(name): PathOf<String>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Problem> {
    let changes = UserChanges { disabled: Some(form.disabled), ..UserChanges::default() };
    app.run(move |archive| archive.user_change(&who, &name, changes)).await?;
    Ok(Redirect::to("/users").into_response())
}

/// A token to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    label: String,
    expires: String,
}

/// `POST /users/{name}/tokens`: the answer shows the token, once.
pub async fn create_token(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(user): PathOf<String>,
    Form(form): Form<TokenForm>,
) -> Result<Response, Problem> {
    let last = Some(form.expires.trim()).filter(|text| !text.is_empty()).map(date::parse_date).transpose();
    let last = last.map_err(|error| Problem::invalid(format!("expires: {error}")))?;
    let label = Some(form.label).filter(|label| !label.trim().is_empty());
    let (maker, name) = (who.clone(), user.clone());
    let made = app.run(move |archive| {
        let end = last.map(|day| archive.end_of(day)).transpose()?;
        archive.token_create(&maker, &name, label, end)
    });
    let token = made.await?.token;
    let mut response = show(app, who, page, Some((user, token))).await?;
    // Nothing keeps the page that shows it.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /tokens/{id}/revocation`
pub async fn revoke(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<String>,
) -> Result<Response, Problem> {
    app.run(move |archive| archive.token_revoke(&who, &id)).await?;
    Ok(Redirect::to("/users").into_response())
}
