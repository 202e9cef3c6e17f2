//! The command line: one file per command, each a client of the same API that the browser uses.

mod arguments;
mod backup;
mod client;
mod correct;
mod demo;
mod deposit;
mod disposition;
mod disposition_files;
mod error;
mod evidence;
mod export;
mod fixity;
mod get;
mod hold;
mod import;
mod index;
mod init;
mod inspect;
mod jobs;
mod journal;
mod key;
mod notices;
mod output;
mod passphrase;
mod rendition;
mod restore;
mod retention;
mod runtime;
mod search;
mod serve;
mod shorten;
mod show;
mod token;
mod timestamp;
mod timestamp_arguments;
mod transport;
mod verify;
mod verify_pdf;
mod user;
mod words;

use std::process::ExitCode;

use clap::Parser;

pub use arguments::{Arguments, Command};
pub use error::CliError;
use output::Output;

/// Runs one command and says how it ended (exit codes: `cli/error.rs`).
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let output = Output::new(arguments.json, arguments.lang);
    match run(arguments, &output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit)
        }
    }
}

fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, CliError> {
    let data = arguments.data;
    match arguments.command {
        Command::Init(options) => init::run(&data, &options, output),
        Command::Serve(options) => serve::run(&data, &options, output),
        Command::Deposit(options) => deposit::run(&data, &options, output),
        Command::Import(options) => import::run(&data, &options, output),
        Command::Search(options) => search::run(&data, &options, output),
        Command::Show(options) => show::run(&data, &options, output),
        Command::Get(options) => get::run(&data, &options, output),
        Command::Correct(options) => correct::run(&data, &options, output),
        Command::Withdraw(options) => correct::withdraw(&data, &options, output),
        Command::Reinstate(options) => correct::reinstate(&data, &options, output),
        Command::Verify(options) => verify::run(&data, &options, output),
        Command::Inspect(options) => inspect::run(&options, output),
        Command::Retention(options) => retention::run(&data, &options, output),
        Command::Hold(options) => hold::run(&data, &options, output),
        Command::Disposition(options) => disposition::run(&data, &options, output),
        Command::Export(options) => export::run(&data, &options, output),
        Command::Journal(options) => journal::run(&data, &options, output),
        Command::Timestamp(options) => timestamp::run(&data, &options, output),
        Command::Evidence(options) => evidence::run(&data, &options, output),
        Command::Key(options) => key::run(&data, &options, output),
        Command::Jobs(options) => jobs::run(&data, &options, output),
        Command::Index(options) => index::run(&data, &options, output),
        Command::Fsck => index::fsck(&data, output),
        Command::Backup(options) => backup::run(&data, &options, output),
        Command::Fixity(options) => fixity::run(&data, &options, output),
        Command::Restore(options) => restore::run(&data, &options, output),
        Command::User(options) => user::run(&data, &options, output),
        Command::Token(options) => token::run(&data, &options, output),
        Command::Notices(options) => notices::run(&data, &options, output),
        Command::Demo(options) => demo::run(&options, output),
        Command::Completions(options) => Ok(arguments::completions(&options)),
    }
}

/// Help and version go to stdout and are no failure; a wrong command line is exit code 2, also in JSON.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Printing help to a closed pipe fails; there is nobody left to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|argument| argument == "--json") {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Output::new(true, output::Lang::En).error(&CliError::usage(first));
    } else {
        let _ = error.print();
    }
    ExitCode::from(error::USAGE)
}
