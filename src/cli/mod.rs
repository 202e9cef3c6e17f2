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
mod help;
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

use clap::{CommandFactory, FromArgMatches, Parser};

pub use arguments::{Arguments, Command};
pub use error::CliError;
use output::{Lang, Output};

/// Runs one command and says how it ended (exit codes: `cli/error.rs`).
/// `start_log` is told whether a server runs, which logs more than a command that says itself how it failed.
pub fn main(start_log: fn(bool)) -> ExitCode {
    let arguments = match read() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    start_log(matches!(arguments.command, Command::Serve(_)));
    let output = Output::new(arguments.json, arguments.lang);
    match run(arguments, &output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit)
        }
    }
}

/// Reads the command line; `--help` speaks the language of the talk.
fn read() -> Result<Arguments, clap::Error> {
    if Lang::detect(chosen_lang(&given())) == Lang::En {
        return Arguments::try_parse();
    }
    let matches = help::in_japanese(Arguments::command()).try_get_matches()?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut Arguments::command()))
}

/// The words of the command line, for a look before it is read.
fn given() -> Vec<String> {
    std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect()
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
    let given = given();
    let (json, lang) = (given.iter().any(|one| one == "--json"), Lang::detect(chosen_lang(&given)));
    if json || lang == Lang::Ja {
        Output::new(json, lang).error(&CliError::usage(first_part(&error.to_string())));
    } else {
        let _ = error.print();
    }
    ExitCode::from(error::USAGE)
}

/// `--lang` of a command line that could not be read as a whole.
fn chosen_lang(given: &[String]) -> Option<Lang> {
    let after = given.iter().skip_while(|one| *one != "--lang").nth(1).map(String::as_str);
    let chosen = given.iter().find_map(|one| one.strip_prefix("--lang=")).or(after)?;
    clap::ValueEnum::from_str(chosen, true).ok()
}

/// What is wrong, in one line, without the general remarks that follow it: `error: ... not provided:`, `  <FILE>...`.
fn first_part(message: &str) -> String {
    let lines = message.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_command_line_is_told_in_one_line_with_what_is_missing() {
        let error = Arguments::try_parse_from(["shosoin", "show"]).unwrap_err();
        let told = first_part(&error.to_string());
        assert_eq!(told, "the following required arguments were not provided: <ID>");
    }

    #[test]
    fn the_language_is_found_on_a_command_line_that_is_wrong_elsewhere() {
        let given = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(chosen_lang(&given(&["shosoin", "--lang", "ja", "frobnicate"])), Some(Lang::Ja));
        assert_eq!(chosen_lang(&given(&["shosoin", "--lang=en"])), Some(Lang::En));
        assert_eq!(chosen_lang(&given(&["shosoin", "--lang"])), None);
    }
}
