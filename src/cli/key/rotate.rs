//! `key rotate`: another key, while everything goes on.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;

use super::super::CliError;
use super::super::client::{Client, json};
use super::super::error::PARTLY_DONE;
use super::super::output::Output;
use crate::archive::{KeyStatus, Rotated};

/// How often the bar is drawn anew. Each time every wrapped key is counted, a second's work for a million of them.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

pub fn run(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let bar = output.progress(0, "keys");
    let transport = client.transport();
    let rotated: Rotated = client.run(async {
        let work = json(transport, Method::POST, "/api/v1/key/rotation", Body::from("{}"));
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(LOOK_AGAIN), if !bar.is_hidden() => {
                    // A bar that cannot be drawn is no reason to stop.
                    if let Ok(status) = json::<KeyStatus>(transport, Method::GET, "/api/v1/key", Body::empty()).await {
                        let of = |present: bool| status.wrapped.iter()
                            .filter(|under| (under.key_id == status.key_id) == present)
                            .map(|under| under.count).sum::<u64>();
                        bar.set_length(of(true) + of(false));
                        bar.set_position(of(true));
                    }
                }
            }
        }
    })?;
    bar.finish_and_clear();
    output.result(&rotated, |out| {
        rotated.problems.iter().try_for_each(|problem| writeln!(out, "! {problem}"))?;
        let Rotated { from, to, rewrapped, .. } = &rotated;
        let ja = format!("鍵を {from} から {to} に替え、契約書の鍵 {rewrapped} 個を包み直しました");
        let en = format!("replaced key {from} by {to}; {rewrapped} contract keys wrapped anew");
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    output.say(
        "鍵ファイルの写しを取り直してください。復旧キットも新しく作ってください（shosoin key recovery-kit）。\n\
         旧い写しと旧い復旧キットは、更新前の控えがある間は捨てないでください。",
        "Make a new copy of the key file, and a new recovery kit (shosoin key recovery-kit).\n\
         Keep the old copy and the old kit as long as there are backups from before the rotation.",
    );
    Ok(if rotated.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(PARTLY_DONE) })
}
