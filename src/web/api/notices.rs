//! Notices: what comes due, and telling it.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::jobs::notices::{self, Delivery, Item};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// What comes due, as far as you may see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Due {
    pub today: chrono::NaiveDate,
    /// The nearest first.
    pub items: Vec<Item>,
}

/// What became of a digest.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Deliveries {
    pub deliveries: Vec<Delivery>,
}

/// Everything that comes due, told already or not. The look is journaled.
#[utoipa::path(get, path = "/api/v1/notices",
    responses((status = 200, body = Due), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn due(State(app): State<App>, Who(who): Who) -> Result<Json<Due>, Problem> {
    let due = app.run(move |archive| {
        let items = notices::due(archive, &who)?;
        archive.journal_notices_look(&who, items.len())?;
        Ok(Due { today: archive.today(), items })
    });
    Ok(Json(due.await?))
}

/// Tell what is new, by mail and webhook as the settings say; at most one message a day over each way.
#[utoipa::path(post, path = "/api/v1/notices/deliveries",
    responses((status = 200, body = Deliveries), (status = 401, body = Problem), (status = 403, body = Problem),
              (status = 422, body = Problem)))]
pub async fn send(State(app): State<App>, Who(who): Who) -> Result<Json<Deliveries>, Problem> {
    let deliveries = app.run(move |archive| notices::send(archive, &who)).await?;
    Ok(Json(Deliveries { deliveries }))
}
