//! `key`: status, passphrase, recovery kit, recovery, rotation.

mod kit;
mod page;
mod recover;
mod rotate;
mod status;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::CliError;
use super::client::Client;
use super::output::Output;
use super::passphrase;
use crate::archive::{KeySource, Options, key_file_of, protect_key_file};
use crate::seal::key_file::{KeyFile, Protection};
use crate::seal::{Hardness, PassKey};

pub use status::remind_of_kit;

#[derive(Debug, Args)]
pub struct KeyOptions {
    #[command(subcommand)]
    pub command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// What protects the key, what it wraps, whether there is a recovery kit
    #[command(after_help = "Example:\n  shosoin key status")]
    Status,
    /// Set or change the passphrase of the key file, or remove it. Asked for at the terminal, or read from the files that
    /// SHOSOIN_PASSPHRASE_FILE and SHOSOIN_NEW_PASSPHRASE_FILE name
    #[command(after_help = "Example:\n  shosoin key passphrase")]
    Passphrase {
        /// Go back to a key file without a passphrase
        #[arg(long)]
        remove: bool,
    },
    /// Split the key into shares for several people, of which some together restore it
    #[command(after_help = "Example:\n  shosoin key recovery-kit --shares 5 --threshold 3 -o kit")]
    RecoveryKit(kit::KitOptions),
    /// Restore a lost key file from shares of a recovery kit
    #[command(
        after_help = "Example:\n  shosoin key recover --share share-01.txt --share share-03.txt --share share-04.txt"
    )]
    Recover(recover::RecoverOptions),
    /// Replace the key by a new one, while everything goes on; after an interruption, the same again
    #[command(after_help = "Example:\n  shosoin key rotate")]
    Rotate,
}

pub fn run(data: &Path, options: &KeyOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.command {
        KeyCommand::Status => status::run(data, output),
        KeyCommand::Passphrase { remove } => protect(data, *remove, output),
        KeyCommand::RecoveryKit(options) => kit::run(data, options, output),
        KeyCommand::Recover(options) => recover::run(data, options, output),
        KeyCommand::Rotate => rotate::run(data, output),
    }
}

/// A passphrase, made into what protects a key file.
///
/// # Errors
/// No passphrase, or no memory for the work.
pub fn protection(first: bool) -> Result<Protection, CliError> {
    let passphrase = passphrase::to_set(first)?;
    let key = PassKey::new(&passphrase, Hardness::DEFAULT).map_err(|error| {
        CliError::new("key-refused", error.to_string(), Some("free some memory and repeat"))
    })?;
    Ok(Protection::Passphrase(Arc::new(key)))
}

/// The key file of the archive in `data`, opened, and its path. The archive need not be open, or may be by a server.
fn open_key_file(data: &Path) -> Result<(PathBuf, KeyFile), CliError> {
    let path = key_file_of(data)?;
    let file = passphrase::source().open(&path)?;
    Ok((path, file))
}

fn protect(data: &Path, remove: bool, output: &Output) -> Result<ExitCode, CliError> {
    let (path, file) = open_key_file(data)?;
    let new = if remove { Protection::None } else { protection(false)? };
    let file = protect_key_file(&path, &file, &new)?;
    let noted = note_protection(data, file, !remove);
    let result = serde_json::json!({
        "path": path, "kind": if remove { "file" } else { "passphrase" }, "journaled": noted.is_ok(),
    });
    output.result(&result, |out| {
        let (ja, en) = match remove {
            true => ("鍵ファイルの合言葉を外しました", "the key file has no passphrase any more"),
            false => ("鍵ファイルに合言葉を付けました", "the key file is protected by the passphrase"),
        };
        writeln!(out, "{}: {}", path.display(), output.text(ja, en))
    })?;
    if let Err(error) = noted {
        output.say(
            &format!("この変更は台帳に記録できませんでした: {error}"),
            &format!("The journal does not tell of this change: {error}"),
        );
    }
    output.say(
        "動いているサーバーは、次に起動するときから新しい合言葉を使います。鍵ファイルの写しの合言葉は変わりません。",
        "A running server asks for it when it is started next. Copies of the key file keep what protected them.",
    );
    Ok(ExitCode::SUCCESS)
}

fn note_protection(data: &Path, file: KeyFile, passphrase: bool) -> Result<(), CliError> {
    let options = Options { key: KeySource::Opened(Box::new(file)), ..Options::default() };
    let client = Client::open_with(data, options)?;
    let body = serde_json::json!({ "passphrase": passphrase });
    client.post::<serde_json::Value>("/api/v1/key/protection", &body).map(drop)
}
