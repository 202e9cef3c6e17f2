//! How a command reaches the archive: inside this process, or through the socket of a running server.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tower::ServiceExt;

use super::CliError;
use crate::archive::{Archive, ArchiveError, Layout, Options};
use crate::web;

/// Environment variable with the token to act with. A flag would show it to everybody on the machine.
const TOKEN_VARIABLE: &str = "SHOSOIN_TOKEN";

/// A way to send requests to the API.
#[derive(Clone)]
pub enum Transport {
    /// Nobody else has the archive open: its routes run here.
    InProcess(Router),
    /// A server has it open and listens on the socket in its directory.
    Socket(Layout),
}

impl Transport {
    /// Opens the archive, or finds the server that has it open.
    ///
    /// # Errors
    /// What kept the archive from opening; exit code 11 when somebody holds it who does not answer.
    pub async fn open(data: &Path, options: Options) -> Result<Self, CliError> {
        match Archive::open(data, options) {
            Ok(archive) => Ok(Self::InProcess(web::in_process(Arc::new(archive), own_uid())?)),
            Err(locked @ ArchiveError::Locked(_)) => {
                let layout = Layout::new(data);
                match connect(&layout).await {
                    Ok(_) => Ok(Self::Socket(layout)),
                    Err(_) => Err(locked.into()),
                }
            }
            // Not the owner of the directory: a server may let them in all the same.
            Err(closed @ ArchiveError::Io { .. }) if is_permission(&closed) => {
                let layout = Layout::new(data);
                match connect(&layout).await {
                    Ok(_) => Ok(Self::Socket(layout)),
                    Err(_) => Err(closed.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends one request, with the token of the environment if there is one. The body of the answer arrives as it is
    /// read.
    ///
    /// # Errors
    /// When the server goes away.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, CliError> {
        if let Some(bearer) = bearer()? {
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        match self {
            // A router without a listener cannot fail to answer.
            Self::InProcess(router) => match router.clone().oneshot(request).await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            },
            Self::Socket(layout) => {
                let lost = |error: &dyn std::fmt::Display| {
                    let message =
                        format!("the server at {} does not answer: {error}", layout.socket().display());
                    CliError::new(
                        "unreachable",
                        message,
                        Some("see whether the server still runs, then repeat"),
                    )
                };
                request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("localhost"));
                let stream = connect(layout).await.map_err(|error| lost(&error))?;
                let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
                let (mut sender, connection) = handshake.map_err(|error| lost(&error))?;
                tokio::spawn(connection);
                let response = sender.send_request(request).await.map_err(|error| lost(&error))?;
                Ok(response.map(Body::new))
            }
        }
    }
}

fn is_permission(error: &ArchiveError) -> bool {
    matches!(error, ArchiveError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied)
}

/// The header that says as whom to act; without one the command acts as the user that runs it.
fn bearer() -> Result<Option<header::HeaderValue>, CliError> {
    let Some(token) = std::env::var_os(TOKEN_VARIABLE).filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let wrong = || CliError::usage(format!("{TOKEN_VARIABLE} does not hold a token"));
    let token = token.into_string().map_err(|_| wrong())?;
    let mut value =
        header::HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

async fn connect(layout: &Layout) -> std::io::Result<UnixStream> {
    // Kept until the connection stands: the short path leads through an open directory.
    let short = layout.short_socket()?;
    UnixStream::connect(&short).await
}

/// The user that runs this command.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    // /proc/self belongs to whoever runs the process; without /proc the number is unknown and says so.
    std::fs::metadata("/proc/self").map_or(u32::MAX, |metadata| metadata.uid())
}
