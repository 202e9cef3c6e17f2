//! `key recovery-kit`: shares on paper, made by who holds the key file. They never pass through the server.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::super::CliError;
use super::super::client::Client;
use super::super::output::Output;
use super::{open_key_file, page};
use crate::archive::{
    Clock as _, KeySource, KeyStatus, KitDecision, KitRecord, Options, RecordedKit, SystemClock,
};
use crate::seal::Kek;
use crate::seal::share::{self, Share};
use crate::web::api::Status;

#[derive(Debug, Args)]
pub struct KitOptions {
    /// How many shares, 2 to 16
    #[arg(long, default_value_t = 5, conflicts_with = "decline")]
    pub shares: u8,
    /// How many of them restore the key, at least 2
    #[arg(long, default_value_t = 3, conflicts_with = "decline")]
    pub threshold: u8,
    /// A new directory for the pages, one for each share
    #[arg(short, long, value_name = "DIR", required_unless_present = "decline", conflicts_with = "decline")]
    pub output: Option<PathBuf>,
    /// Record that there shall be no kit
    #[arg(long)]
    pub decline: bool,
}

#[derive(Serialize)]
struct Made {
    kit: String,
    key_id: String,
    shares: u8,
    threshold: u8,
    files: Vec<PathBuf>,
}

pub fn run(data: &Path, options: &KitOptions, output: &Output) -> Result<ExitCode, CliError> {
    match &options.output {
        Some(directory) => make(data, options, directory, output),
        None => decline(data, output),
    }
}

fn decline(data: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let client = Client::open(data)?;
    let status: KeyStatus = client.get("/api/v1/key")?;
    let record = KitRecord { key_id: status.key_id, decision: KitDecision::Declined };
    let recorded: RecordedKit = client.post("/api/v1/key/kit", &record)?;
    output.result(&recorded, |out| {
        let (ja, en) =
            ("復旧キットを作らないことを記録しました", "recorded that there shall be no recovery kit");
        writeln!(out, "{}", output.text(ja, en))
    })?;
    output.say(
        "鍵ファイルの写しを失うと、誰も契約書を読めません。写しが別の場所に確かにあることを確かめてください。",
        "If every copy of the key file is lost, nobody can read the contracts: make sure that there is one elsewhere.",
    );
    Ok(ExitCode::SUCCESS)
}

fn make(data: &Path, options: &KitOptions, directory: &Path, output: &Output) -> Result<ExitCode, CliError> {
    let (path, file) = open_key_file(data)?;
    let keks = file.keks.clone();
    let client =
        Client::open_with(data, Options { key: KeySource::Opened(Box::new(file)), ..Options::default() })?;
    let status: KeyStatus = client.get("/api/v1/key")?;
    if status.warnings.iter().any(|word| word == "rotation-unfinished") {
        let message = "the key is being replaced; a kit made now would be of half a key";
        return Err(CliError::new("conflict", message, Some("run `shosoin key rotate` to its end first")));
    }
    let kek = keks.iter().find(|kek| kek.id().to_string() == status.key_id);
    let kek = kek.ok_or_else(|| {
        let message =
            format!("{} does not hold key {}, which the archive uses", path.display(), status.key_id);
        CliError::new("key-refused", message, Some("put the archive's own key file back"))
    })?;
    let shares = split(kek, options)?;
    let archive: Status = client.get("/api/v1/status")?;
    let about = page::About::new(&archive, data, SystemClock.now());
    create_directory(directory)?;
    let mut files = Vec::new();
    for share in &shares {
        for (name, bytes) in page::render(share, &about)? {
            let path = directory.join(name);
            write_private(&path, &bytes)?;
            files.push(path);
        }
    }
    File::open(directory)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| CliError::file(directory, &error))?;
    let (kit, shares, threshold) = (shares[0].kit.id.to_string(), options.shares, options.threshold);
    let decision = KitDecision::Made { kit: kit.clone(), shares, threshold };
    let record = KitRecord { key_id: status.key_id.clone(), decision };
    if let Err(error) = client.post::<RecordedKit>("/api/v1/key/kit", &record) {
        // Shares of a kit that nobody knows of would only lie around.
        files.iter().for_each(|file| drop(std::fs::remove_file(file)));
        return Err(error);
    }
    told(&Made { kit, key_id: status.key_id, shares, threshold, files }, directory, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Splits the key, and makes sure that what will be on paper restores it: read back from the text, first and last.
fn split(kek: &Kek, options: &KitOptions) -> Result<Vec<Share>, CliError> {
    let refused = |error: &dyn std::fmt::Display| CliError::usage(error.to_string());
    let shares = share::split(kek, options.shares, options.threshold).map_err(|error| refused(&error))?;
    let read = shares.iter().map(|share| Share::parse(&share.qr_text()));
    let read = read.collect::<Result<Vec<_>, _>>().map_err(|error| refused(&error))?;
    let need = usize::from(options.threshold);
    for some in [read.get(..need), read.get(read.len().saturating_sub(need)..)].into_iter().flatten() {
        share::combine(some).map_err(|error| refused(&error))?;
    }
    Ok(shares)
}

fn told(made: &Made, directory: &Path, output: &Output) -> Result<(), CliError> {
    output.result(made, |out| {
        let Made { kit, shares, threshold, .. } = made;
        let place = directory.display();
        let ja =
            format!("復旧キット {kit}: {shares} 枚（うち {threshold} 枚で復元）を {place} に書き出しました");
        let en =
            format!("recovery kit {kit}: {shares} shares in {place}, of which {threshold} restore the key");
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    output.say(
        "1枚ずつ印刷して別々の人に渡し、印刷したらこのディレクトリを消してください。人数分そろったファイルは鍵そのものです。",
        "Print each share, give each to another person, then delete this directory: together the files are the key.",
    );
    Ok(())
}

fn create_directory(path: &Path) -> Result<(), CliError> {
    DirBuilder::new().mode(0o700).create(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::new(
            "not-empty",
            format!("{} exists already", path.display()),
            Some("choose a new directory"),
        ),
        _ => CliError::file(path, &error),
    })
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| CliError::file(path, &error))
}
