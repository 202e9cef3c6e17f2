//! What the program says about itself while it runs: log lines on stderr, never contents of contracts.

use tracing_subscriber::EnvFilter;

/// Starts logging. `SHOSOIN_LOG` chooses what (`warn` by default, without what the PDF library says about damaged files), `SHOSOIN_LOG_FORMAT=json` how.
pub fn start() {
    let filter = EnvFilter::try_from_env("SHOSOIN_LOG").unwrap_or_else(|_| EnvFilter::new("warn,lopdf=off"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = std::env::var("SHOSOIN_LOG_FORMAT").is_ok_and(|format| format == "json");
    // Only a second start can fail, and then logging works already.
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
}
