//! `demo`: the main job on the bundled sample contracts, narrated, each step with the command that did it.

mod authority;
mod samples;
mod steps;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::Serialize;
use serde_json::Value;

use super::CliError;
use super::arguments::DemoOptions;
use super::output::{Lang, Output};

/// What the demo did; the archive stays where it is, so that it can be looked at.
#[derive(Serialize)]
struct Summary<'a> {
    data: &'a Path,
    steps: u32,
    records: u64,
}

pub fn run(options: &DemoOptions, output: &Output) -> Result<ExitCode, CliError> {
    let place = place(options)?;
    let mut demo = Demo { data: place.join("archive"), place, output, step: 0 };
    samples::write(&demo.place.join("samples")).map_err(|error| CliError::file(&demo.place, &error))?;
    let records = steps::all(&mut demo)?;
    if output.json {
        output.result(&Summary { data: &demo.data, steps: demo.step, records }, |_| Ok(()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A new directory, kept after the demo.
fn place(options: &DemoOptions) -> Result<PathBuf, CliError> {
    let place = match &options.keep {
        Some(place) => std::fs::create_dir(place).map(|()| place.clone()),
        None => tempfile::Builder::new().prefix("shosoin-demo-").tempdir().map(tempfile::TempDir::keep),
    };
    let place = place.map_err(|error| CliError::file(Path::new("the demo's directory"), &error))?;
    std::fs::canonicalize(&place).map_err(|error| CliError::file(&place, &error))
}

/// A demo under way.
struct Demo<'a> {
    place: PathBuf,
    data: PathBuf,
    output: &'a Output,
    step: u32,
}

impl Demo<'_> {
    /// Begins a step and says what it is about.
    fn step(&mut self, ja: &str, en: &str) {
        self.step += 1;
        if !self.output.json {
            println!("\n── {} ─ {}", self.step, self.output.text(ja, en));
        }
    }

    fn say(&self, ja: &str, en: &str) {
        if !self.output.json {
            println!("   {}", self.output.text(ja, en));
        }
    }

    /// Runs a command as the reader would, showing it and what it prints.
    fn show(&self, arguments: &[&str]) -> Result<(), CliError> {
        let text = self.run(arguments, false)?;
        if !self.output.json {
            println!("   $ shosoin {}", shown(arguments));
            text.lines().for_each(|line| println!("     {line}"));
        }
        Ok(())
    }

    /// Runs a command and reads its JSON, for values that later steps need.
    fn ask(&self, arguments: &[&str]) -> Result<Value, CliError> {
        let text = self.run(arguments, true)?;
        serde_json::from_str(&text).map_err(|error| failed(arguments, &error.to_string()))
    }

    fn run(&self, arguments: &[&str], json: bool) -> Result<String, CliError> {
        let program = std::env::current_exe().map_err(|error| failed(arguments, &error.to_string()))?;
        let lang = if self.output.lang == Lang::Ja { "ja" } else { "en" };
        let mut command = Command::new(program);
        command.current_dir(&self.place).arg("--data").arg(&self.data).args(["--lang", lang]);
        if json {
            command.arg("--json");
        }
        let done = command.args(arguments).output().map_err(|error| failed(arguments, &error.to_string()))?;
        if !done.status.success() {
            return Err(failed(arguments, &String::from_utf8_lossy(&done.stderr)));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

fn failed(arguments: &[&str], why: &str) -> CliError {
    CliError::new("failed", format!("shosoin {}: {}", shown(arguments), why.trim()), None)
}

/// A command line as one would type it.
fn shown(arguments: &[&str]) -> String {
    let quoted =
        |argument: &&str| match argument.chars().any(|c| c.is_whitespace() || "\"'$&|<>*?()#;".contains(c)) {
            true => format!("'{argument}'"),
            false => (*argument).to_owned(),
        };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
