//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    shosoin::telemetry::start();
    shosoin::cli::main()
}
