//! What the program says about itself while it runs: log lines on stderr, never contents of contracts.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What a server logs: warnings and errors, without what the PDF library says about damaged files.
const SERVER: &str = "warn,lopdf=off";
/// What a single command logs: it says itself how it failed, so the lines about the same failure are left out.
const COMMAND: &str = "warn,lopdf=off,shosoin::web=off,shosoin::archive::committer=off";

/// Starts logging, of a server or of a single command. `SHOSOIN_LOG` chooses what (`warn` by default),
/// `SHOSOIN_LOG_FORMAT=json` how.
pub fn start(serving: bool) {
    let usual = if serving { SERVER } else { COMMAND };
    let filter = EnvFilter::try_from_env("SHOSOIN_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for eyes; in a file or in systemd's journal they are noise.
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let json = std::env::var("SHOSOIN_LOG_FORMAT").is_ok_and(|format| format == "json");
    // Only a second start can fail, and then logging works already.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}
