//! Export: what an auditor takes away, as a package, as an index book, or the journal alone.

use std::io::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::error::ArchiveError;
use super::head::Head;
use super::permit::{Action, permit};
use super::retrieve::unseal_original;
use super::{Archive, Principal, Progress, SearchRequest};
use crate::export::{IndexRow, IndexWriter, Item, Package, PackageInfo, Sink, original_name};
use crate::journal::{Act, ExtractLine};
use crate::record::RecordId;
use crate::search::{Hit, MAX_LIMIT, Query};

/// Which records to export: by id, or by search conditions; everything if neither is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExportSelection {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<RecordId>,
    pub search: SearchRequest,
}

/// What a package holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSummary {
    pub records: u64,
    /// Bytes of all files in the package.
    pub bytes: u64,
    /// Records that could not be exported; the package lists them.
    pub failures: u64,
}

/// An export that is journaled and about to be written.
pub struct ExportPlan {
    ids: Vec<RecordId>,
    bytes: u64,
    info: PackageInfo,
    head: Head,
}

impl ExportPlan {
    pub fn records(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Bytes of the originals.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn info(&self) -> &PackageInfo {
        &self.info
    }
}

/// The head up to which a journal export goes.
pub struct JournalExport(Head);

impl JournalExport {
    /// The signed checkpoint, base64, fit for a header.
    pub fn checkpoint_header(&self) -> String {
        STANDARD.encode(self.0.note().unwrap_or_default())
    }
}

/// Sealed into the journal entry of an export.
#[derive(Serialize)]
struct ExportDetails<'a> {
    what: &'static str,
    selection: Option<&'a ExportSelection>,
    search: Option<&'a SearchRequest>,
    records: u64,
}

impl Archive {
    /// Settles what is exported and journals it, durably: nothing leaves before that.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`] for an id that is not there; a search that cannot be read.
    pub fn plan_export(
        &self,
        who: &Principal,
        selection: &ExportSelection,
    ) -> Result<ExportPlan, ArchiveError> {
        permit(who, Action::Export)?;
        let ids = self.selected(who, Action::Export, selection)?;
        let mut bytes = 0;
        for id in &ids {
            // A damaged record is listed in the package; only one that never was is an error here.
            match self
                .load_for(&*self.store.view(), who, Action::Export, *id)
                .and_then(|record| record.facts())
            {
                Ok(facts) => bytes += facts.size,
                Err(error @ (ArchiveError::NoSuchRecord(_) | ArchiveError::Destroyed { .. })) => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        let records = ids.len() as u64;
        let details = ExportDetails { what: "package", selection: Some(selection), search: None, records };
        self.journal_note(who, Act::Export, &details)?;
        let head = self.head(&*self.store.view())?;
        let selection =
            selection.ids.is_empty().then(|| serde_json::to_string(&selection.search)).and_then(Result::ok);
        let info = PackageInfo {
            origin: self.identity.origin.clone(),
            vkey: self.identity.vkey.clone(),
            checkpoint: head.note().unwrap_or_default().to_owned(),
            exported_by: who.name.clone(),
            exported_at: self.clock.now(),
            zone: self.config.archive.zone,
            organization: None,
            selection,
        };
        Ok(ExportPlan { ids, bytes, info, head })
    }

    /// Writes a planned package. One damaged record does not stop it.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn export<S: Sink>(
        &self,
        plan: ExportPlan,
        sink: S,
        progress: Progress<'_>,
    ) -> Result<(ExportSummary, S::Output), ArchiveError> {
        let written = ArchiveError::io("export package");
        let write = || {
            let total = plan.records();
            let mut package = Package::begin(sink, plan.info)?;
            for (done, id) in (1..).zip(&plan.ids) {
                match self.export_item(*id, &plan.head) {
                    Ok(item) => package.add(&item)?,
                    Err(error) => package.add_failure(*id, &error.to_string())?,
                }
                progress(done, Some(total));
            }
            package.finish()
        };
        let (summary, output) = write().map_err(written)?;
        let (records, bytes, failures) = (summary.records, summary.bytes, summary.failures);
        Ok((ExportSummary { records, bytes, failures }, output))
    }

    fn export_item(&self, id: RecordId, head: &Head) -> Result<Item, ArchiveError> {
        let view = self.store.view();
        let record = self.load(&*view, id)?;
        let facts = record.facts()?;
        let original = unseal_original(&*self.store, &record, &facts)?;
        let rendition = self.newest_rendition(&*view, &record, &original)?;
        let extension = if original.starts_with(b"%PDF-") { "pdf" } else { "bin" }.to_owned();
        Ok(Item {
            id,
            original,
            sha256: facts.sha256,
            extension,
            versions: record.versions(&*view)?,
            retain_until: record.row.retain_until,
            journal: self.extract(&*view, id, head)?,
            rendition,
            note: None,
        })
    }

    /// Writes all hits of a search as an index book (索引簿). Journaled as an export before the first row.
    ///
    /// # Errors
    /// A search that cannot be read, damage, or those of `out`.
    pub fn export_index_book(
        &self,
        who: &Principal,
        request: &SearchRequest,
        out: &mut dyn Write,
    ) -> Result<(), ArchiveError> {
        let hits = self.all_hits(who, Action::Export, request)?;
        let records = hits.len() as u64;
        let details = ExportDetails { what: "index book", selection: None, search: Some(request), records };
        self.journal_note(who, Act::Export, &details)?;
        let failed = || ArchiveError::io("index book");
        let view = self.store.view();
        let mut names = std::collections::HashSet::new();
        let mut writer = IndexWriter::new(out).map_err(failed())?;
        for hit in hits {
            let record = self.load(&*view, self.deposited_at(&*view, hit.seq)?)?;
            let version = record.version(&*view, hit.version)?;
            let row = IndexRow {
                file: &original_name(&version.metadata, "pdf", &mut names),
                metadata: &version.metadata,
                version: version.version,
                withdrawn: version.withdrawn,
                retain_until: record.row.retain_until,
                sha256: Some(record.facts()?.sha256),
                id: record.id,
                note: None,
            };
            writer.row(&row).map_err(failed())?;
        }
        writer.finish().and_then(|out| out.flush()).map_err(failed())
    }

    /// Journals that the whole journal is exported, and fixes where it ends.
    ///
    /// # Errors
    /// When the entry cannot be written or the head is damaged.
    pub fn begin_journal_export(&self, who: &Principal) -> Result<JournalExport, ArchiveError> {
        permit(who, Action::JournalExport)?;
        let details = ExportDetails { what: "journal", selection: None, search: None, records: 0 };
        self.journal_note(who, Act::Export, &details)?;
        Ok(JournalExport(self.head(&*self.store.view())?))
    }

    /// Writes every entry below the export's head, one JSON object a line (`schema/journal.md`).
    ///
    /// # Errors
    /// Damage, or those of `out`.
    pub fn write_journal(&self, export: &JournalExport, out: &mut impl Write) -> Result<(), ArchiveError> {
        let view = self.store.view();
        for seq in 0..export.0.size() {
            let (bytes, _) = self.entry(&*view, seq)?;
            ExtractLine::complete(&bytes).write(out).map_err(ArchiveError::io("journal extract"))?;
        }
        out.flush().map_err(ArchiveError::io("journal extract"))
    }

    /// The records that a selection means.
    pub(super) fn selected(
        &self,
        who: &Principal,
        action: Action,
        selection: &ExportSelection,
    ) -> Result<Vec<RecordId>, ArchiveError> {
        if selection.ids.is_empty() {
            self.found(who, action, &selection.search)
        } else {
            Ok(selection.ids.clone())
        }
    }

    fn found(
        &self,
        who: &Principal,
        action: Action,
        request: &SearchRequest,
    ) -> Result<Vec<RecordId>, ArchiveError> {
        let view = self.store.view();
        let hits = self.all_hits(who, action, request)?;
        let mut ids =
            hits.into_iter().map(|hit| self.deposited_at(&*view, hit.seq)).collect::<Result<Vec<_>, _>>()?;
        // With versions=all one record can be hit more than once.
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        Ok(ids)
    }

    /// Every hit of a search, page by page: 16 bytes each in memory.
    fn all_hits(
        &self,
        who: &Principal,
        action: Action,
        request: &SearchRequest,
    ) -> Result<Vec<Hit>, ArchiveError> {
        let mut query = Query { limit: MAX_LIMIT, ..self.query_for(who, action, request)? };
        self.indexer.catch_up_texts(self.journal_size())?;
        let mut hits = Vec::new();
        loop {
            let page = self.indexer.search(&query)?;
            hits.extend(page.hits);
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(hits),
            }
        }
    }
}
