//! Handing a rendition out, listing them, and checking all of a record's.

use super::RenditionView;
use crate::archive::error::ArchiveError;
use crate::archive::permit::Action;
use crate::archive::records::Loaded;
use crate::archive::retrieve::{Original, unseal_original};
use crate::archive::{Archive, Principal};
use crate::journal::Act;
use crate::record::RecordId;
use crate::store::View;

impl Archive {
    /// A record's renditions, oldest first. The look is journaled.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub fn renditions(&self, who: &Principal, id: RecordId) -> Result<Vec<RenditionView>, ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, Action::Show, id)?;
        self.journal_look(who, Act::View, id)?;
        self.rendition_views(&*view, &record)
    }

    /// The same for a record that is loaded already.
    ///
    /// # Errors
    /// Damage.
    pub(in crate::archive) fn rendition_views(
        &self,
        view: &dyn View,
        record: &Loaded,
    ) -> Result<Vec<RenditionView>, ArchiveError> {
        Ok(record.renditions(view)?.iter().map(|row| row.view(record.id)).collect())
    }

    /// The file of a rendition, the newest without a `number`. The journal entry is durable before this returns any byte.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`]; [`ArchiveError::NotFound`] when there is no such rendition; damage.
    pub fn retrieve_rendition(
        &self,
        who: &Principal,
        id: RecordId,
        number: Option<u32>,
    ) -> Result<Original, ArchiveError> {
        let view = self.store.view();
        let record = self.load_for(&*view, who, Action::Get, id)?;
        self.journal_look(who, Act::Download, id)?;
        let rows = record.renditions(&*view)?;
        let row = rows.into_iter().rfind(|row| number.is_none_or(|number| row.number == number));
        let row = row.ok_or_else(|| {
            let which = number.map(|number| format!(" {number}")).unwrap_or_default();
            ArchiveError::NotFound(format!(
                "rendition{which} of record {id}; make one with `shosoin timestamp rendition {id} -o FILE`"
            ))
        })?;
        let original = unseal_original(&*self.store, &record, &record.facts()?)?;
        let bytes = record.rendition(&*view, &row, &original)?;
        Ok(Original { bytes, sha256: row.sha256, metadata: record.latest(&*view)?.metadata })
    }

    /// The newest rendition of a record as number and file, for a package.
    ///
    /// # Errors
    /// Damage.
    pub(in crate::archive) fn newest_rendition(
        &self,
        view: &dyn View,
        record: &Loaded,
        original: &[u8],
    ) -> Result<Option<(u32, Vec<u8>)>, ArchiveError> {
        let Some(row) = record.renditions(view)?.pop() else { return Ok(None) };
        Ok(Some((row.number, record.rendition(view, &row, original)?)))
    }

    /// Puts every rendition of a record together and compares it with its digest; returns what is wrong.
    ///
    /// # Errors
    /// Rows that cannot be read at all.
    pub(in crate::archive) fn check_renditions(
        &self,
        view: &dyn View,
        record: &Loaded,
        original: &[u8],
    ) -> Result<Vec<ArchiveError>, ArchiveError> {
        let rows = record.renditions(view)?;
        Ok(rows.iter().filter_map(|row| record.rendition(view, row, original).err()).collect())
    }
}
