//! `import`: deposit all contracts that an index book lists. Repeating it is safe: what is stored is recognised.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::CliError;
use super::arguments::{Encoding, ImportOptions};
use super::client::{self, Client};
use super::deposit::{inside, read_file};
use super::error::PARTLY_DONE;
use super::output::Output;
use super::transport::Transport;
use crate::archive::Receipt;
use crate::export::{self, Defaults, IndexBook, IndexLine, Reject, RejectsWriter, Row};
use crate::record::{Digest, Metadata, amount};
use crate::web::api::Status;
use crate::web::api::input::MetadataInput;

/// Contracts on their way at the same time: enough to fill a group commit, few enough to bound memory.
const AT_ONCE: usize = 8;

/// What an import did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    pub deposited: u64,
    pub duplicates: u64,
    pub rejected: u64,
    pub seconds: f64,
    /// Rows that were not taken, unless a file was named for them; the first thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<RejectedRow>,
}

/// A row that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RejectedRow {
    pub line: u64,
    pub reason: String,
}

/// Most rows whose reasons an answer in JSON holds; `--rejects` has no such bound.
const MAX_REJECTS: usize = 1_000;

pub fn run(data: &Path, options: &ImportOptions, output: &Output) -> Result<ExitCode, CliError> {
    let started = Instant::now();
    let client = Client::open(data)?;
    let status: Status = client.get("/api/v1/status")?;
    let rows = open_index(options, &status)?.count() as u64;
    let book = open_index(options, &status)?;
    let talk = (output.progress(rows, "rows"), output);
    let mut import = Import::start(&client, options, &status, book.header(), talk)?;
    client.run(import.deposit_all(book))?;
    let mut imported = import.finish()?;
    imported.seconds = started.elapsed().as_secs_f64();
    output.result(&imported, |out| {
        let Imported { deposited, duplicates, rejected, seconds, .. } = imported;
        let ja = format!(
            "預け入れ {deposited} 件、預け入れ済み {duplicates} 件、不備 {rejected} 件（{seconds:.1} 秒）"
        );
        let en = format!(
            "deposited {deposited}, known already {duplicates}, rejected {rejected} ({seconds:.1} s)"
        );
        writeln!(out, "{}", output.text(&ja, &en))
    })?;
    Ok(if imported.rejected > 0 { ExitCode::from(PARTLY_DONE) } else { ExitCode::SUCCESS })
}

fn open_index(options: &ImportOptions, status: &Status) -> Result<IndexBook<File>, CliError> {
    let path = &options.index;
    let file = File::open(path).map_err(|error| CliError::file(path, &error))?;
    let entity = match (&options.entity, status.entities.as_slice()) {
        (Some(entity), _) => entity.clone(),
        (None, [only]) => only.clone(),
        (None, _) => {
            let message = format!("this archive has several entities: {}", status.entities.join(", "));
            return Err(CliError::new("invalid", message, Some("choose one with --entity")));
        }
    };
    let encoding = match options.encoding {
        Encoding::Auto => export::Encoding::Auto,
        Encoding::Utf8 => export::Encoding::Utf8,
        Encoding::Cp932 => export::Encoding::Cp932,
    };
    let defaults = Defaults { entity, currency: status.currency, class: "contract".into() };
    IndexBook::open(file, encoding, defaults).map_err(|error| {
        let hint = "correct the index book; the first line of `search --csv` shows its columns";
        CliError::new("invalid", format!("{}: {error}", path.display()), Some(hint))
    })
}

/// Refuses to write over the index book that is being read.
fn spare_the_index(path: &Path, index: &Path) -> Result<(), CliError> {
    let same = match (path.canonicalize(), index.canonicalize()) {
        (Ok(path), Ok(index)) => path == index,
        _ => false,
    };
    if !same {
        return Ok(());
    }
    let message = format!("{} is the index book itself", path.display());
    let ja = format!("{} は索引簿そのものです。別の名前を指定してください", path.display());
    Err(CliError { hint: Some("choose another name".into()), ..CliError::usage(message) }.ja(ja))
}

/// An import under way.
struct Import<'a> {
    transport: &'a Transport,
    directory: PathBuf,
    max_bytes: u64,
    rejects: Option<RejectsWriter<BufWriter<File>>>,
    receipts: Option<File>,
    bar: indicatif::ProgressBar,
    output: &'a Output,
    done: Imported,
}

type Sent = (Row, Result<Receipt, CliError>);

impl<'a> Import<'a> {
    fn start(
        client: &'a Client,
        options: &ImportOptions,
        status: &Status,
        header: &[String],
        (bar, output): (indicatif::ProgressBar, &'a Output),
    ) -> Result<Self, CliError> {
        for path in [&options.rejects, &options.receipts].into_iter().flatten() {
            spare_the_index(path, &options.index)?;
        }
        let beside = || options.index.parent().unwrap_or(Path::new("")).to_owned();
        let rejects = options.rejects.as_deref().map(|path| {
            let writer = File::create(path).and_then(|file| RejectsWriter::new(BufWriter::new(file), header));
            writer.map_err(|error| CliError::file(path, &error))
        });
        let receipts = options.receipts.as_deref().map(|path| {
            let open = File::options().create(true).append(true).open(path);
            open.map_err(|error| CliError::file(path, &error))
        });
        Ok(Self {
            transport: client.transport(),
            directory: options.files.clone().unwrap_or_else(beside),
            max_bytes: status.max_bytes,
            rejects: rejects.transpose()?,
            receipts: receipts.transpose()?,
            bar,
            output,
            done: Imported::default(),
        })
    }

    async fn deposit_all(&mut self, book: IndexBook<File>) -> Result<(), CliError> {
        let mut under_way: JoinSet<Sent> = JoinSet::new();
        for line in book {
            let line = line.map_err(|error| CliError::new("io", format!("the index book: {error}"), None))?;
            match line {
                IndexLine::Reject(reject) => self.reject(&reject)?,
                IndexLine::Row(row) => {
                    if under_way.len() >= AT_ONCE
                        && let Some(sent) = under_way.join_next().await
                    {
                        self.answered(sent)?;
                    }
                    let (transport, directory, limit) =
                        (self.transport.clone(), self.directory.clone(), self.max_bytes);
                    under_way.spawn(async move {
                        let receipt = deposit_row(&transport, &directory, limit, &row).await;
                        (*row, receipt)
                    });
                }
            }
        }
        while let Some(sent) = under_way.join_next().await {
            self.answered(sent)?;
        }
        Ok(())
    }

    fn answered(&mut self, sent: Result<Sent, tokio::task::JoinError>) -> Result<(), CliError> {
        let (row, receipt) = sent.map_err(|error| CliError::new("internal", error.to_string(), None))?;
        match receipt {
            Ok(receipt) => {
                if receipt.duplicate {
                    self.done.duplicates += 1
                } else {
                    self.done.deposited += 1
                }
                self.note_receipt(&receipt)?;
                self.bar.inc(1);
                Ok(())
            }
            Err(error) if !is_the_rows_fault(&error) => Err(error),
            Err(error) => {
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                self.reject(&row.into_reject(format!("{}{hint}", error.message)))
            }
        }
    }

    fn reject(&mut self, reject: &Reject) -> Result<(), CliError> {
        self.done.rejected += 1;
        self.bar.inc(1);
        match &mut self.rejects {
            Some(rejects) => rejects
                .write(reject)
                .map_err(|error| CliError::new("io", format!("rejected rows: {error}"), None)),
            None => {
                let Reject { line, reason, .. } = reject;
                if self.done.rejects.len() < MAX_REJECTS {
                    self.done.rejects.push(RejectedRow { line: *line, reason: reason.clone() });
                }
                let (ja, en) = (format!("{line}行目: {reason}"), format!("line {line}: {reason}"));
                self.bar.suspend(|| self.output.say(&ja, &en));
                Ok(())
            }
        }
    }

    fn note_receipt(&mut self, receipt: &Receipt) -> Result<(), CliError> {
        let Some(file) = &mut self.receipts else { return Ok(()) };
        let line = serde_json::to_string(receipt).map_err(|error| CliError::usage(error.to_string()))?;
        // One write, so that no crash leaves half a line with the next one behind it.
        file.write_all(format!("{line}\n").as_bytes())
            .map_err(|error| CliError::new("io", format!("receipts: {error}"), None))
    }

    fn finish(self) -> Result<Imported, CliError> {
        self.bar.finish_and_clear();
        if let Some(rejects) = self.rejects {
            let finished = rejects.finish().and_then(|mut out| out.flush());
            finished.map_err(|error| CliError::new("io", format!("rejected rows: {error}"), None))?;
        }
        Ok(self.done)
    }
}

/// Whether the row alone is to blame. Anything else (the server gone, the disk full) would befall the others too.
fn is_the_rows_fault(error: &CliError) -> bool {
    matches!(error.code.as_str(), "invalid" | "too-large" | "not-found" | "file" | "conflict")
}

async fn deposit_row(
    transport: &Transport,
    directory: &Path,
    limit: u64,
    row: &Row,
) -> Result<Receipt, CliError> {
    let path = find(directory, row)?;
    let read = move || read_file(&path, limit);
    let bytes = tokio::task::spawn_blocking(read).await;
    let bytes = bytes.map_err(|error| CliError::new("internal", error.to_string(), None))??;
    if row.sha256.is_some_and(|expected| Digest::of(&bytes) != expected) {
        return Err(CliError::new(
            "invalid",
            "the file does not have the SHA-256 that the index book gives",
            None,
        ));
    }
    let name = row.metadata.file_name.clone().unwrap_or_default();
    let metadata = input(&row.metadata);
    let deposit = client::deposit(transport, "/api/v1/records", &metadata, &name, bytes);
    deposit.await.map(|(_, receipt)| receipt)
}

/// The row's file below `directory`; never one outside.
fn find(directory: &Path, row: &Row) -> Result<PathBuf, CliError> {
    let mut candidates = row.paths().into_iter().filter_map(|path| inside(directory, path.to_str()?));
    let missing = || {
        let message = format!("there is no file {:?} below {}", row.file, directory.display());
        CliError::new("invalid", message, Some("put the file there, or name the directory with --files"))
    };
    candidates.find(|path| path.is_file()).ok_or_else(missing)
}

/// The row's metadata as the API takes it.
fn input(metadata: &Metadata) -> MetadataInput {
    let day = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string());
    MetadataInput {
        entity: Some(metadata.entity.clone()),
        date: Some(metadata.transaction_date.to_string()),
        signed_on: day(metadata.signed_on),
        effective_from: day(metadata.effective_from),
        ends_on: day(metadata.ends_on),
        notice_period: metadata.notice_period.map(|span| span.to_string()),
        renews_every: metadata.renews_every.map(|span| span.to_string()),
        received_on: day(metadata.received_on),
        counterparty: Some(metadata.counterparty.name.clone()),
        corporate_number: metadata.counterparty.corporate_number.clone(),
        invoice_number: metadata.counterparty.invoice_number.clone(),
        amount: metadata.amount.map(|money| amount::format_minor(money.minor, money.currency)),
        no_amount: metadata.amount.is_none(),
        currency: metadata.amount.map(|money| money.currency.to_string()),
        tax: metadata.amount.map(|money| money.tax),
        class: Some(metadata.class.clone()),
        title: metadata.title.clone(),
        number: metadata.number.clone(),
        custom: metadata.custom.clone(),
    }
}
