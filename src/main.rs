//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    shosoin::cli::main(shosoin::telemetry::start)
}
