//! One package: originals, index book, history and journal slice, sealed by manifests.

use std::collections::{BTreeSet, HashSet};
use std::io;

use super::bagit::{self, Manifest};
use super::cell::defuse;
use super::history::{HistoryFile, HistoryWriter};
use super::index_book::{IndexRow, IndexWriter, begin, into_io};
use super::item::{Item, PackageInfo, Summary};
use super::readme;
use super::sink::Sink;
use crate::record::file_name::law_style;
use crate::record::{Digest, Metadata, RecordId};

/// Version of the layout, in `bag-info.txt` and in `schema/export-package.md`.
const FORMAT: &str = "1";
/// When a part of the journal extract has grown this large it is written and the next is begun.
const JOURNAL_PART_BYTES: usize = 16 << 20;

/// A package being written. Without [`finish`](Self::finish) it has no manifest, so it is no package.
pub struct Package<S: Sink> {
    sink: S,
    info: PackageInfo,
    payload: Manifest,
    names: HashSet<String>,
    seen: BTreeSet<RecordId>,
    index: IndexWriter<Vec<u8>>,
    history: HistoryWriter<Vec<u8>>,
    problems: csv::Writer<Vec<u8>>,
    journal: Vec<u8>,
    journal_parts: u32,
    summary: Summary,
}

impl<S: Sink> Package<S> {
    /// Begins a package; nothing is written before the first item.
    ///
    /// # Errors
    /// None in practice: what is begun here is in memory.
    pub fn begin(sink: S, info: PackageInfo) -> io::Result<Self> {
        Ok(Self {
            sink,
            payload: Manifest::default(),
            names: HashSet::new(),
            seen: BTreeSet::new(),
            index: IndexWriter::new(Vec::new())?,
            history: HistoryWriter::new(Vec::new(), info.zone)?,
            problems: begin(Vec::new(), &["記録ID", "理由"])?,
            journal: Vec::new(),
            journal_parts: 0,
            summary: Summary::default(),
            info,
        })
    }

    /// Writes one record. One that is not what the archive says it is becomes a failure, not an error; one that
    /// was written before is passed over.
    ///
    /// # Errors
    /// Those of the sink; the package is then unusable.
    pub fn add(&mut self, item: &Item) -> io::Result<()> {
        if Digest::of(&item.original) != item.sha256 {
            return self.add_failure(
                item.id,
                "原本がSHA-256と一致しません (the original does not match its SHA-256)",
            );
        }
        let Some(latest) = item.versions.last() else {
            return self.add_failure(item.id, "メタデータがありません (no metadata version)");
        };
        if !self.seen.insert(item.id) {
            return Ok(());
        }
        let file = original_name(&latest.metadata, &item.extension, &mut self.names);
        let path = format!("data/originals/{file}");
        self.sink.file(&path, &item.original)?;
        self.payload.add(&path, item.sha256, item.original.len());
        self.index.row(&IndexRow {
            file: &file,
            metadata: &latest.metadata,
            version: latest.version,
            withdrawn: latest.withdrawn,
            retain_until: item.retain_until,
            sha256: Some(item.sha256),
            id: item.id,
            note: item.note.as_deref(),
        })?;
        if let Some((number, rendition)) = &item.rendition {
            let path = format!("data/renditions/{}-{number}.pdf", item.id);
            put(&mut self.sink, &mut self.payload, &path, rendition)?;
        }
        self.add_history(item, &file)?;
        for line in &item.journal {
            line.write(&mut self.journal)?;
            self.flush_journal(JOURNAL_PART_BYTES)?;
        }
        self.summary.records += 1;
        Ok(())
    }

    /// Notes a record that cannot be exported. One damaged record does not stop an export.
    ///
    /// # Errors
    /// None in practice: the list is kept in memory.
    pub fn add_failure(&mut self, id: RecordId, reason: &str) -> io::Result<()> {
        self.summary.failures += 1;
        self.problems.write_record([id.to_string(), defuse(reason)]).map_err(into_io)
    }

    fn add_history(&mut self, item: &Item, file: &str) -> io::Result<()> {
        self.history.record(file, item.id, &item.versions)?;
        let Item { id, sha256, versions, .. } = item;
        let all = HistoryFile { format: "shosoin-history/1", id: *id, file, sha256: *sha256, versions };
        let mut json = serde_json::to_vec_pretty(&all)?;
        json.push(b'\n');
        put(&mut self.sink, &mut self.payload, &format!("data/history/{id}.json"), &json)
    }

    /// Writes the journal part when it has reached `limit` bytes.
    fn flush_journal(&mut self, limit: usize) -> io::Result<()> {
        if self.journal.len() < limit {
            return Ok(());
        }
        self.journal_parts += 1;
        let path = match self.journal_parts {
            1 => "data/journal/extract.jsonl".to_owned(),
            part => format!("data/journal/extract-{part}.jsonl"),
        };
        put(&mut self.sink, &mut self.payload, &path, &std::mem::take(&mut self.journal))
    }

    /// Writes the lists, the notes for readers and, last, the manifests.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<(Summary, S::Output)> {
        if !self.journal.is_empty() || self.journal_parts == 0 {
            self.flush_journal(0)?;
        }
        let Self { mut sink, info, mut payload, mut summary, .. } = self;
        let readme = readme::text(&info, &summary);
        let mut files = vec![
            ("data/journal/checkpoint.txt", info.checkpoint.clone().into_bytes()),
            ("data/journal/vkey.txt", format!("{}\n", info.vkey.trim_end()).into_bytes()),
            ("data/index.csv", self.index.finish()?),
            ("data/history.csv", self.history.finish()?),
            ("data/README.txt", readme.into_bytes()),
        ];
        if summary.failures > 0 {
            files
                .push(("data/problems.csv", self.problems.into_inner().map_err(|error| error.into_error())?));
        }
        files.iter().try_for_each(|(path, bytes)| put(&mut sink, &mut payload, path, bytes))?;
        summary.bytes = payload.oxum().0;
        write_tags(&mut sink, &info, &payload, &summary)?;
        Ok((summary, sink.finish()?))
    }
}

/// The name of an original in a package: the law-style name, without `%`. `taken` is as for [`law_style`].
///
/// RFC 8493 (2.1.3) wants `%` encoded in manifests, but `sha256sum -c` and the Library of Congress's checker
/// take `%25` literally, and then miss the file.
pub fn original_name(metadata: &Metadata, extension: &str, taken: &mut HashSet<String>) -> String {
    if !metadata.counterparty.name.contains('%') {
        return law_style(metadata, extension, taken);
    }
    let mut metadata = metadata.clone();
    metadata.counterparty.name = metadata.counterparty.name.replace('%', "％");
    law_style(&metadata, extension, taken)
}

fn put<S: Sink>(sink: &mut S, manifest: &mut Manifest, path: &str, bytes: &[u8]) -> io::Result<()> {
    sink.file(path, bytes)?;
    manifest.add(path, Digest::of(bytes), bytes.len());
    Ok(())
}

/// The tag files. A package without its manifests is visibly unfinished, so these come last.
fn write_tags<S: Sink>(
    sink: &mut S,
    info: &PackageInfo,
    payload: &Manifest,
    summary: &Summary,
) -> io::Result<()> {
    let (bytes, files) = payload.oxum();
    let exported_at = info.exported_at.with_timezone(&info.zone).to_rfc3339();
    let (oxum, day) = (format!("{bytes}.{files}"), info.day());
    let agent = concat!("Shosoin ", env!("CARGO_PKG_VERSION"));
    let (records, failures) = (summary.records.to_string(), summary.failures.to_string());
    let base_name = info.base_name();
    let mut pairs = vec![
        ("Contact-Name", info.exported_by.as_str()),
        ("External-Description", "Records exported from a Shosoin archive"),
        ("External-Identifier", base_name.as_str()),
        ("Bagging-Date", day.as_str()),
        ("Payload-Oxum", oxum.as_str()),
        ("Bag-Software-Agent", agent),
        ("Shosoin-Package-Format", FORMAT),
        ("Shosoin-Origin", info.origin.as_str()),
        ("Shosoin-Exported-At", exported_at.as_str()),
        ("Shosoin-Records", records.as_str()),
        ("Shosoin-Problems", failures.as_str()),
    ];
    pairs.extend(info.selection.as_deref().map(|selection| ("Shosoin-Selection", selection)));
    if let Some(organization) = info.organization.as_deref() {
        pairs.insert(0, ("Source-Organization", organization));
    }
    let mut tags = Manifest::default();
    put(sink, &mut tags, "bagit.txt", bagit::DECLARATION.as_bytes())?;
    put(sink, &mut tags, "bag-info.txt", bagit::info(&pairs).as_bytes())?;
    put(sink, &mut tags, "manifest-sha256.txt", payload.text().as_bytes())?;
    sink.file("tagmanifest-sha256.txt", tags.text().as_bytes())
}
