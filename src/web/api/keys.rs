//! The archive's keys: their state, rotation, and what was decided about recovery kits. No key ever passes here.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::Body;
use crate::archive::{KeyStatus, KitRecord, RecordedKit, Rotated};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// What protects the key, what it wraps, whether there is a recovery kit.
#[utoipa::path(get, path = "/api/v1/key",
    responses((status = 200, body = KeyStatus), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn status(State(app): State<App>, Who(who): Who) -> Result<Json<KeyStatus>, Problem> {
    Ok(Json(app.run(move |archive| archive.key_status(&who)).await?))
}

/// Replace the key-encryption key, or go on with a replacement that was cut short. Answers when it is done.
#[utoipa::path(post, path = "/api/v1/key/rotation",
    responses((status = 200, body = Rotated), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem)))]
pub async fn rotate(State(app): State<App>, Who(who): Who) -> Result<Json<Rotated>, Problem> {
    Ok(Json(app.run(move |archive| archive.rotate_key(&who, &|_, _| {})).await?))
}

/// Record that a recovery kit was made, or that there shall be none. Whoever holds the key file makes the shares.
#[utoipa::path(post, path = "/api/v1/key/kit", request_body = KitRecord,
    responses((status = 200, body = RecordedKit), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn kit(
    State(app): State<App>,
    Who(who): Who,
    Body(record): Body<KitRecord>,
) -> Result<Json<RecordedKit>, Problem> {
    Ok(Json(app.run(move |archive| archive.record_kit(&who, &record)).await?))
}

/// Whether the key file has a passphrase now.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyProtection {
    pub passphrase: bool,
}

/// Journal that the passphrase of the key file was set, changed or removed. Whoever can write the file does that.
#[utoipa::path(post, path = "/api/v1/key/protection", request_body = KeyProtection,
    responses((status = 200, body = KeyProtection), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 422, body = Problem)))]
pub async fn protection(
    State(app): State<App>,
    Who(who): Who,
    Body(now): Body<KeyProtection>,
) -> Result<Json<KeyProtection>, Problem> {
    let passphrase = now.passphrase;
    app.run(move |archive| archive.note_key_protection(&who, passphrase)).await?;
    Ok(Json(now))
}
