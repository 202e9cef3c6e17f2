//! People: users, their roles and scopes, and tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Body, PathOf};
use crate::archive::{NewToken, NewUser, Role, TokenView, UserChanges, UserView};
use crate::record::date;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Who is asking, as the archive sees them.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Me {
    /// As the journal names them.
    pub name: String,
    pub roles: Vec<Role>,
    /// Legal entities whose records they have to do with; null: all.
    pub entities: Option<Vec<String>>,
}

/// Who you are here, and with which roles.
#[utoipa::path(get, path = "/api/v1/me", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn me(Who(who): Who) -> Json<Me> {
    Json(Me {
        roles: who.roles.iter().copied().collect(),
        entities: who.scope.limit().map(|names| names.iter().cloned().collect()),
        name: who.name,
    })
}

/// All users; whoever has to do with some entities only sees the users of those.
#[utoipa::path(get, path = "/api/v1/users",
    responses((status = 200, body = Vec<UserView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn list(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<UserView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.user_list(&who)).await?))
}

/// Add a user. They need a token, or an operating-system user, to come in.
#[utoipa::path(post, path = "/api/v1/users", request_body = NewUser,
    responses((status = 201, body = UserView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<App>,
    Who(who): Who,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let user = app.run(move |archive| archive.user_add(&who, new)).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Change roles, entities or operating-system user, or disable and enable. In force with the next request.
#[utoipa::path(post, path = "/api/v1/users/{name}/changes", params(("name" = String, Path)),
    request_body = UserChanges,
    responses((status = 200, body = UserView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    Who(who): Who,
    PathOf(name): PathOf<String>,
    Body(changes): Body<UserChanges>,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(app.run(move |archive| archive.user_change(&who, &name, changes)).await?))
}

/// A token to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Last day on which it counts, as people write days; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// Make a token for a user. It is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/users/{name}/tokens", params(("name" = String, Path)),
    request_body = TokenRequest,
    responses((status = 201, body = NewToken), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create_token(
    State(app): State<App>,
    Who(who): Who,
    PathOf(user): PathOf<String>,
    Body(request): Body<TokenRequest>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let last = request.expires.as_deref().map(date::parse_date).transpose();
    let last = last.map_err(|error| Problem::invalid(format!("expires: {error}")))?;
    let token = app.run(move |archive| {
        let end = last.map(|day| archive.end_of(day)).transpose()?;
        archive.token_create(&who, &user, request.name, end)
    });
    Ok((StatusCode::CREATED, Json(token.await?)))
}

/// Tokens with their ends, never the tokens themselves: all for whoever may see users, else one's own.
#[utoipa::path(get, path = "/api/v1/tokens",
    responses((status = 200, body = Vec<TokenView>), (status = 401, body = Problem)))]
pub async fn tokens(State(app): State<App>, Who(who): Who) -> Result<Json<Vec<TokenView>>, Problem> {
    Ok(Json(app.run(move |archive| archive.token_list(&who)).await?))
}

/// End a token at once, and the sessions that began with it. One's own can always be ended.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/revocation", params(("id" = String, Path)),
    responses((status = 200, body = TokenView), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    Who(who): Who,
    PathOf(id): PathOf<String>,
) -> Result<Json<TokenView>, Problem> {
    Ok(Json(app.run(move |archive| archive.token_revoke(&who, &id)).await?))
}
