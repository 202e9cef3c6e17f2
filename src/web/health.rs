//! For whoever watches the server: is it alive, is it ready, and a few figures.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::{App, Problem};

pub fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The journal's head can be read and verified.
async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.run(|archive| archive.checkpoint()).await?;
    Ok("ready\n")
}

/// Counts only, in the Prometheus text format: nothing here tells about any contract.
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let size = app.archive.journal_size();
    let mut body = gauge("journal_entries", "counter", "Durable journal entries.", size);
    let shipped = app.archive.ship_status();
    if let Some(at) = shipped.position {
        let about = "Journal entries that the daily backup has; they survive the loss of this machine.";
        body.push_str(&gauge("backup_shipped_entries", "gauge", about, at.through));
    }
    if let Some(lag) = shipped.lag_seconds(size, app.archive.now()) {
        let about = "Seconds for which journal entries have been waiting to reach the daily backup.";
        body.push_str(&gauge("backup_lag_seconds", "gauge", about, lag));
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], body)
}

fn gauge(name: &str, kind: &str, about: &str, value: u64) -> String {
    format!("# HELP shosoin_{name} {about}\n# TYPE shosoin_{name} {kind}\nshosoin_{name} {value}\n")
}
