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
    let body = format!(
        "# HELP shosoin_journal_entries Durable journal entries.\n# TYPE shosoin_journal_entries counter\n\
         shosoin_journal_entries {size}\n"
    );
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], body)
}
