//! `key recover`: a lost key file, from shares of a recovery kit.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use super::super::CliError;
use super::super::output::Output;
use super::protection;
use crate::archive::{check_key_of_archive, check_key_of_backup, key_file_of, put_recovered_key};
use crate::seal::Keks;
use crate::seal::key_file::{KeyFile, Protection};
use crate::seal::share::{Recovered, Share, ShareReader, combine};

#[derive(Debug, Args)]
pub struct RecoverOptions {
    /// A text file with a share: its five lines, or what its QR code says. Without any, shares are typed at the terminal
    #[arg(long = "share", value_name = "FILE")]
    pub shares: Vec<PathBuf>,
    /// Check the key against this backup repository, when there is no archive any more; needs --output
    #[arg(long, value_name = "REPO", requires = "output")]
    pub backup: Option<PathBuf>,
    /// Where to write the key file; where the settings of the archive look for it by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Protect the new key file by a passphrase
    #[arg(long)]
    pub passphrase: bool,
}

#[derive(Serialize)]
struct Report {
    key_id: String,
    kit: String,
    archive_id: String,
    path: PathBuf,
    /// A file that was there before, moved aside.
    moved: Option<PathBuf>,
    /// Numbers of shares that were given and are not genuine.
    bad_shares: Vec<u8>,
}

/// Longest file that is searched for a share, in bytes.
const MAX_FILE: u64 = 64 << 10;

pub fn run(data: &Path, options: &RecoverOptions, output: &Output) -> Result<ExitCode, CliError> {
    let shares = match options.shares.as_slice() {
        [] => typed(output)?,
        files => files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?,
    };
    let Recovered { kek, kit, bad } = combine(&shares).map_err(|error| refused(&error.to_string()))?;
    drop(shares);
    let keks = Keks::new(kek);
    // Before anything is written: is it the key of what is to be read with it?
    let archive_id = match &options.backup {
        Some(repository) => check_key_of_backup(repository, &keks)?,
        None => check_key_of_archive(data, &keks)?,
    };
    let path = options.output.clone().map_or_else(|| key_file_of(data), Ok)?;
    let protection = if options.passphrase { protection(true)? } else { Protection::None };
    let moved = put_recovered_key(&path, &KeyFile { keks, protection })?;
    let report = Report {
        key_id: kit.key.to_string(),
        kit: kit.id.to_string(),
        archive_id,
        path,
        moved,
        bad_shares: bad,
    };
    told(&report, output)?;
    Ok(ExitCode::SUCCESS)
}

fn told(report: &Report, output: &Output) -> Result<(), CliError> {
    output.result(report, |out| {
        let (id, path) = (&report.key_id, report.path.display());
        let ja = format!("鍵 {id} を復元し、照合してから {path} に書きました");
        let en = format!("restored key {id}, checked it, and wrote it to {path}");
        writeln!(out, "{}", output.text(&ja, &en))?;
        if let Some(moved) = &report.moved {
            let moved = moved.display();
            let ja = format!("そこにあったファイルは {moved} に移しました");
            writeln!(out, "{}", output.text(&ja, &format!("the file that was there is now {moved}")))?;
        }
        report.bad_shares.iter().try_for_each(|number| {
            let ja = format!("! 分割片 {number} は本物ではありません");
            writeln!(out, "{}", output.text(&ja, &format!("! share {number} is not genuine")))
        })
    })?;
    output.say(
        "集めた分割片は持ち主に返してください。誰かが一度に全部を見たのなら、鍵を更新し（shosoin key rotate）、新しいキットを作ってください。",
        "Give the shares back to their keepers. If somebody saw enough of them at once, rotate the key (shosoin key rotate) \
         and make a new kit.",
    );
    Ok(())
}

fn refused(why: &str) -> CliError {
    CliError::new("key-refused", why, Some("correct or replace the share that is named, then repeat"))
}

fn read(path: &Path) -> Result<Share, CliError> {
    let failed = |error: std::io::Error| CliError::file(path, &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    let text = str::from_utf8(&bytes).map_err(|_| refused(&format!("{} is not text", path.display())))?;
    Share::parse(text).map_err(|error| refused(&format!("{}: {error}", path.display())))
}

/// Asks for shares line by line; a mistyped line is told at once and asked for again.
fn typed(output: &Output) -> Result<Vec<Share>, CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::usage("give the shares with --share FILE, or type them at a terminal"));
    }
    let mut shares: Vec<Share> = Vec::new();
    loop {
        let number = shares.len() + 1;
        output.say(
            &format!("{number} 枚目の分割片を、1行ずつ打ち込んでください（QRコードの文字を貼り付けてもかまいません）。"),
            &format!("Type share number {number} of those at hand, line by line, or paste what its QR code says."),
        );
        shares.push(ask_share(output)?);
        let need = shares.iter().map(|share| usize::from(share.kit.threshold)).max().unwrap_or(0);
        if shares.len() >= need {
            return Ok(shares);
        }
    }
}

fn ask_share(output: &Output) -> Result<Share, CliError> {
    let mut reader = ShareReader::default();
    loop {
        let wanted = reader.next();
        output.say(&format!("  {wanted} 行目:"), &format!("  line {wanted}:"));
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().read_line(&mut line);
        if read.map_err(|error| CliError::file(Path::new("the terminal"), &error))? == 0 {
            return Err(CliError::new("interrupted", "the input ended before the share", None));
        }
        if let Ok(share) = Share::parse(&line) {
            return Ok(share);
        }
        let label = format!("{wanted}:");
        let bare = line.trim().strip_prefix(&label).unwrap_or(&line);
        match reader.line(bare) {
            Err(error) => output.say(&format!("  ! {error}"), &format!("  ! {error}")),
            Ok(()) if wanted < crate::seal::share::LINES => {}
            Ok(()) => return reader.finish().map_err(|error| refused(&error.to_string())),
        }
    }
}
