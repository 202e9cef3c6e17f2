//! Giving space back: files in which nothing lives are removed, and what lives in mostly dead ones moves out.

use rocksdb::WriteBatch;

use super::errors::store_error;
use super::objects::{Place, Usage};
use super::{Gate, OBJECT_FILES, OBJECTS, RocksStore, options};
use crate::store::{BlobId, CommitError, StoreError};

/// Bytes of objects moved while commits wait; then they get a turn.
const STEP: u64 = 8 << 20;

impl RocksStore {
    /// How a file is used, for a change.
    pub(super) fn usage(&self, file: u32) -> Result<Usage, StoreError> {
        let key = file.to_be_bytes();
        let family = self.family(OBJECT_FILES)?;
        let row = self.db.get_pinned_cf_opt(family, key, &options::reading(false)).map_err(store_error)?;
        row.map_or(Ok(Usage::default()), |row| Usage::decode(&row))
    }

    /// All files that rows know of, oldest first.
    fn files(&self) -> Result<Vec<(u32, Usage)>, StoreError> {
        let mut rows = self.db.raw_iterator_cf_opt(self.family(OBJECT_FILES)?, options::reading(true));
        let mut files = Vec::new();
        rows.seek_to_first();
        while let Some((key, value)) = rows.item() {
            files.push((file_number(key)?, Usage::decode(value)?));
            rows.next();
        }
        rows.status().map_err(store_error)?;
        Ok(files)
    }

    /// The newest file that rows know of.
    pub(super) fn newest_file(&self) -> Result<Option<(u32, Usage)>, CommitError> {
        let mut rows = self.db.raw_iterator_cf_opt(self.family(OBJECT_FILES)?, options::reading(false));
        rows.seek_to_last();
        let newest = rows.item().map(|(key, value)| Ok((file_number(key)?, Usage::decode(value)?)));
        rows.status().map_err(store_error)?;
        newest.transpose().map_err(CommitError::Store)
    }

    /// Removes the files that a process before this one left dead, all but the newest: its number must stay known.
    pub(super) fn remove_dead_files(&self) -> Result<(), StoreError> {
        let files = self.files()?;
        let Some((_, older)) = files.split_last() else { return Ok(()) };
        for (number, _) in older.iter().filter(|(_, usage)| usage.alive == 0) {
            if let Err(error) = self.remove_file(*number, &mut self.gate()) {
                tracing::warn!(target: "shosoin::store", %error, "space of deleted objects is not free yet");
            }
        }
        Ok(())
    }

    /// Frees what a deletion left behind in `file`, when that is worth it. What fails here costs space and nothing else, and
    /// is tried again with the next deletion.
    pub(super) fn reclaim(&self, file: u32) {
        let outcome = self.move_out(file).and_then(|()| {
            let mut gate = self.gate();
            match self.usage(file)?.alive == 0 && self.may_be_emptied(file, &gate)? {
                true => self.remove_file(file, &mut gate),
                false => Ok(()),
            }
        });
        if let Err(error) = outcome {
            tracing::warn!(target: "shosoin::store", %error, "space of deleted objects is not free yet");
        }
    }

    /// Moves the living objects of a mostly dead file to the newest one, a step at a time.
    fn move_out(&self, file: u32) -> Result<(), CommitError> {
        let mut offset = 0;
        loop {
            let mut gate = self.gate();
            let usage = self.usage(file)?;
            if offset >= usage.end
                || usage.alive == 0
                || !usage.is_mostly_dead()
                || !self.may_be_emptied(file, &gate)?
            {
                return Ok(());
            }
            offset = self.move_step((file, usage.end), offset, &mut gate)?;
        }
    }

    /// Moves what lives among the next [`STEP`] bytes; where the next step begins.
    fn move_step(&self, (file, end): (u32, u64), from: u64, gate: &mut Gate) -> Result<u64, CommitError> {
        let (mut offset, mut moved) = (from, Vec::new());
        while offset < end && offset - from < STEP {
            let header = self.objects.header(file, offset)?;
            let place = Place { file, offset, len: header.len };
            if self.place(&header.id)? == Some(place) {
                moved.push((header.id, self.objects.read(&header.id, &place)?));
            }
            let beyond = || StoreError::Corrupt { file: None, detail: "a frame without an end".to_owned() };
            offset = place.end().ok_or_else(beyond)?;
        }
        let mut write = WriteBatch::default();
        let objects: Vec<_> = moved.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect();
        let mut usages = self.add_objects(&mut write, &objects, gate)?;
        let old = usages.entry(file).or_insert(self.usage(file)?);
        objects
            .iter()
            .for_each(|(_, bytes)| old.give_up(&Place { file, offset: 0, len: bytes.len() as u64 }));
        self.put_usages(&mut write, &usages)?;
        self.write(write, gate)?;
        Ok(offset)
    }

    /// Nothing is moved out of the file that is being written, nor of the newest: its number must stay known.
    fn may_be_emptied(&self, file: u32, gate: &Gate) -> Result<bool, CommitError> {
        let newest = self.newest_file()?.map(|(number, _)| number);
        Ok(gate.writer.active() != Some(file) && newest != Some(file))
    }

    /// The file first: a row without its file is tried again, a file without its row would stay for ever.
    fn remove_file(&self, file: u32, gate: &mut Gate) -> Result<(), CommitError> {
        // In a store that is being filled the rows that say so are in memory only, and a crash would bring back older ones.
        if !self.logged {
            self.settle_filled(gate)?;
        }
        self.objects.remove(file)?;
        let mut write = WriteBatch::default();
        write.delete_cf(self.family(OBJECT_FILES)?, file.to_be_bytes());
        self.write(write, gate)
    }

    /// Where a blob lies in the object files; `None` also for one that is in BlobDB files.
    pub(super) fn place(&self, id: &BlobId) -> Result<Option<Place>, StoreError> {
        let family = self.family(OBJECTS)?;
        let row = self.db.get_pinned_cf_opt(family, id.as_bytes(), &options::reading(false));
        row.map_err(store_error)?.map(|row| Place::decode(&row)).transpose()
    }
}

fn file_number(key: &[u8]) -> Result<u32, StoreError> {
    let wrong = |_| StoreError::Corrupt {
        file: None,
        detail: "the table object_files has a key of the wrong length".to_owned(),
    };
    key.try_into().map(u32::from_be_bytes).map_err(wrong)
}
