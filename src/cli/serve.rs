//! `serve`: pages and API until Ctrl-C or SIGTERM.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::CliError;
use super::arguments::ServeOptions;
use super::output::Output;
use super::{key, passphrase};
use crate::archive::Archive;
use crate::web;

pub fn run(data: &Path, options: &ServeOptions, output: &Output) -> Result<ExitCode, CliError> {
    let archive = Arc::new(Archive::open(data, passphrase::options())?);
    let listen = options.listen.unwrap_or(archive.config().server.listen);
    if !listen.ip().is_loopback() {
        let message =
            format!("{listen} can be reached from other machines, and this release speaks HTTP without TLS");
        return Err(CliError::new(
            "usage",
            message,
            Some("listen on 127.0.0.1 and put a TLS proxy in front"),
        ));
    }
    let archive_of_reminder = archive.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| CliError::new("io", format!("no threads can be started: {error}"), None))?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let ready = |listening: &web::Listening| {
            output.say(
                &format!("http://{} で待ち受けています（停止は Ctrl-C）", listening.address),
                &format!("listening on http://{} (Ctrl-C stops)", listening.address),
            );
            if archive_of_reminder.kit_state().is_ok_and(|kit| kit.state == "missing") {
                key::remind_of_kit(output);
            }
        };
        web::serve(archive, listen, ready, stop).await.map_err(CliError::from)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Completes on Ctrl-C or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>, CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let open = |kind| signal(kind).map_err(|error| CliError::new("io", format!("signals: {error}"), None));
    let (mut interrupt, mut terminate) = (open(SignalKind::interrupt())?, open(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
