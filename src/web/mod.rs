//! The HTTP face: JSON for programs under `/api/v1`, pages for people at `/`. The only asynchronous code.

pub mod api;
mod auth;
mod depositors;
mod doors;
mod error;
mod health;
pub mod pages;
mod server;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use auth::Local;
pub use doors::{Door, door};
pub use error::Problem;
pub use pages::japanese;
pub use server::{Listening, in_process, serve};

use crate::archive::{Archive, ArchiveError, Deposit, Principal, Receipt};
use crate::jobs::Runner;
use depositors::Depositors;
use session::Sessions;

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    archive: Arc<Archive>,
    sessions: Arc<Sessions>,
    /// One permit per KiB of contracts being received at the same time; bounds memory.
    in_flight: Arc<Semaphore>,
    depositors: Arc<Depositors>,
    jobs: Arc<Runner>,
}

/// Bytes that one permit of [`App::in_flight`] stands for.
const PERMIT_BYTES: u64 = 1_024;
/// Room for the parts of a request beside the contract itself, in bytes.
const BODY_OVERHEAD: usize = 1 << 20;

impl App {
    /// All that the handlers share, over an open archive.
    ///
    /// # Errors
    /// A schedule in the settings that cannot be used; no threads to be had.
    pub fn new(archive: Arc<Archive>) -> Result<Self, ArchiveError> {
        let permits = archive.config().deposit.max_bytes_in_flight / PERMIT_BYTES;
        let sessions = Sessions::new(archive.config().server.session_hours);
        let in_flight = Semaphore::new(usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS));
        let depositors = Arc::new(Depositors::new()?);
        let jobs = Arc::new(Runner::new(archive.clone())?);
        Ok(Self { archive, sessions: Arc::new(sessions), in_flight: Arc::new(in_flight), depositors, jobs })
    }

    /// Runs engine work, which blocks, off the threads that serve connections.
    ///
    /// # Errors
    /// What the work ran into; a panic in it becomes an internal error, not a dropped connection.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Archive) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, Problem> {
        let archive = self.archive.clone();
        outcome(tokio::task::spawn_blocking(move || work(&archive)).await)
    }

    /// Deposits a contract on a thread that stands back behind all other work, and gives `permit` back after that.
    ///
    /// # Errors
    /// As [`Archive::deposit`].
    async fn deposit(
        &self,
        who: Principal,
        deposit: Deposit,
        permit: OwnedSemaphorePermit,
    ) -> Result<Receipt, Problem> {
        let archive = self.archive.clone();
        let work = move || {
            let _until_sealed = permit;
            archive.deposit(&who, deposit)
        };
        let running = self.depositors.spawn(work);
        outcome(running.ok_or_else(|| Problem::internal("the server is ending".to_owned()))?.await)
    }
}

fn outcome<T>(done: Result<Result<T, ArchiveError>, JoinError>) -> Result<T, Problem> {
    match done {
        Ok(result) => Ok(result?),
        Err(error) => Err(Problem::internal(format!("the work ended without an answer: {error}"))),
    }
}

/// Everything there is, without a listener: the server and the command line share it.
pub fn router(app: App) -> Router {
    let limit = usize::try_from(app.archive.config().deposit.max_bytes).unwrap_or(usize::MAX);
    let (api, _) = api::router().split_for_parts();
    Router::new()
        .merge(api)
        .merge(health::router())
        .merge(pages::router())
        .fallback(pages::not_found)
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(DefaultBodyLimit::max(limit.saturating_add(BODY_OVERHEAD)))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(security_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(security_header(header::REFERRER_POLICY, "same-origin"))
        .layer(security_header(header::X_FRAME_OPTIONS, "SAMEORIGIN"))
        .layer(security_header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; frame-src 'self'; \
             object-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
        ))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .with_state(app)
}

fn security_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
