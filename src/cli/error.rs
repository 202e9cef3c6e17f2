//! How a command ends: exit codes, and errors in words, in one table.

use std::io::ErrorKind;

use crate::archive::ArchiveError;
use crate::web::Problem;

/// Exit codes; scripts rely on them.
pub const FAILED: u8 = 1;
pub const USAGE: u8 = 2;
pub const PARTLY_DONE: u8 = 3;
pub const VERIFICATION_FAILED: u8 = 4;
pub const REFUSED_BY_RETENTION: u8 = 5;
pub const NOT_FOUND: u8 = 10;
pub const LOCKED: u8 = 11;
pub const KEY_REFUSED: u8 = 12;
pub const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    pub exit: u8,
    /// Stable word for scripts.
    pub code: String,
    pub message: String,
    /// The same in Japanese, where there are words for more than the kind of error.
    pub message_ja: Option<String>,
    pub hint: Option<String>,
}

impl CliError {
    pub fn new(code: &str, message: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            exit: exit_of(code),
            code: code.into(),
            message: message.into(),
            message_ja: None,
            hint: hint.map(str::to_owned),
        }
    }

    /// The message in Japanese, else as it is.
    pub fn told_ja(&self) -> &str {
        self.message_ja.as_deref().unwrap_or(&self.message)
    }

    /// Adds the message in Japanese.
    pub fn ja(self, message: impl Into<String>) -> Self {
        Self { message_ja: Some(message.into()), ..self }
    }

    /// The command line itself is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message, Some("run the command with --help to see an example"))
    }

    /// The result could not be printed, e.g. because the reader of the pipe went away.
    pub fn stdout(error: &std::io::Error) -> Self {
        Self::new("io", format!("stdout: {error}"), None)
    }

    /// A file of the caller's could not be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            ErrorKind::NotFound => "check the path",
            ErrorKind::PermissionDenied => "check the permissions of the file and its directory",
            ErrorKind::StorageFull => "free some space and repeat",
            ErrorKind::IsADirectory => "name a file, not a directory",
            ErrorKind::AlreadyExists => "choose another name, or move what is there away first",
            _ => "check the disk and repeat",
        };
        let code = if error.kind() == ErrorKind::NotFound { "not-found" } else { "file" };
        // A file that is made under another name first tells that name too, which nobody asked about.
        let told = error.to_string();
        let told = told.split(" at path ").next().unwrap_or_default();
        let ja = match error.kind() {
            ErrorKind::NotFound => "そのファイルはありません",
            ErrorKind::PermissionDenied => "読み書きの権限がありません",
            ErrorKind::StorageFull => "ディスクの空きがありません",
            ErrorKind::IsADirectory => "ディレクトリです。ファイルを指定してください",
            ErrorKind::AlreadyExists => "すでにあります。別の名前にするか、先に移してください",
            _ => told,
        };
        let ja = format!("{}: {ja}", path.display());
        Self::new(code, format!("{}: {told}", path.display()), Some(hint)).ja(ja)
    }
}

/// The exit code of an error's `code`.
fn exit_of(code: &str) -> u8 {
    match code {
        "usage" => USAGE,
        "not-found" => NOT_FOUND,
        "locked" => LOCKED,
        "key-refused" => KEY_REFUSED,
        "corrupt" => VERIFICATION_FAILED,
        "retention" | "hold" | "destroyed" => REFUSED_BY_RETENTION,
        // Roles, not retention: what one person may not, another may, so it is an ordinary failure with its own code.
        "forbidden" | "unauthorized" => FAILED,
        "interrupted" => INTERRUPTED,
        _ => FAILED,
    }
}

impl From<ArchiveError> for CliError {
    fn from(error: ArchiveError) -> Self {
        let message_ja = crate::web::japanese(&error);
        Self { message_ja, ..Self::new(error.code(), error.to_string(), error.hint().as_deref()) }
    }
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        let message_ja = problem.detail_ja;
        Self { message_ja, ..Self::new(&problem.code, problem.detail, problem.hint.as_deref()) }
    }
}
