//! The inspection of a file at deposit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use lopdf::{DecompressError, Document, Error, Object};

use super::guard::{self, Stopped};
use super::history::{History, Unreadable};
use super::inspection::{Damage, Format, Inspection, NotRead};
use super::limits::{self, MAX_INPUT_BYTES, PATIENCE};
use super::signatures::{self, Found};
use super::signed::{Dss, RawSignature};
use super::{dss, load, read_signed};

/// What is read beside the inspection when asked for.
#[derive(Default)]
pub(super) struct Detail {
    pub signatures: Vec<RawSignature>,
    pub dss: Dss,
}

/// Says what kind of file `bytes` is and which signatures it carries.
///
/// Total: any bytes give an answer, within [`MAX_INPUT_BYTES`], a memory budget and ten seconds. Reads
/// nothing but `bytes`, and judges no signature.
pub fn inspect(bytes: &[u8]) -> Inspection {
    look(bytes, false).0
}

/// The inspection and, if asked for and possible, the signatures in full.
pub(super) fn look(bytes: &[u8], in_full: bool) -> (Inspection, Option<Detail>) {
    look_within(PATIENCE, bytes, in_full)
}

/// As [`look`]; both ways to read a file together take at most `patience`.
fn look_within(patience: Duration, bytes: &[u8], in_full: bool) -> (Inspection, Option<Detail>) {
    let began = Instant::now();
    if bytes.is_empty() {
        return (Inspection::bare(Format::Empty), None);
    }
    let Some((offset, version)) = load::header(bytes) else {
        let damaged = Format::DamagedPdf { reason: Damage::Unreadable };
        let format = if load::lost_its_header(bytes) { damaged } else { Format::NotPdf };
        return (Inspection::bare(format), None);
    };
    let bare = || {
        Inspection::bare(if load::is_encrypted(bytes) {
            Format::EncryptedPdf
        } else {
            Format::Pdf { version: version.clone() }
        })
    };
    let unread = |why| (Inspection { not_read: Some(why), ..bare() }, None);
    if bytes.len() > MAX_INPUT_BYTES {
        return unread(NotRead::TooLarge);
    }
    if load::has_too_many_tokens(bytes) {
        return unread(NotRead::TooComplex);
    }
    if let Ok(Some((inspection, detail))) = guard::here(patience, || read_plain(bytes, in_full)) {
        return (placed(inspection, offset), detail);
    }
    let encrypted = load::is_encrypted(bytes);
    let left = patience.saturating_sub(began.elapsed());
    if left.is_zero() {
        return unread(NotRead::TookTooLong);
    }
    let damaged = |reason| (Inspection::bare(Format::DamagedPdf { reason }), None);
    let result = guard::run(bytes, left, move |bytes| {
        if encrypted { Ok(read_encrypted(bytes, in_full)) } else { read(bytes, in_full) }
    });
    let (inspection, detail) = match result {
        Ok(Ok(read)) => read,
        Ok(Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })))
        | Err(Stopped::TooComplex) => return unread(NotRead::TooComplex),
        Err(Stopped::TookTooLong) => return unread(NotRead::TookTooLong),
        Ok(Err(_)) | Err(Stopped::Panicked) if encrypted => return (bare(), None),
        Ok(Err(_)) | Err(Stopped::Panicked) => return damaged(Damage::Unreadable),
    };
    if encrypted { (inspection, detail) } else { (placed(inspection, offset), detail) }
}

/// A file whose header is not at its beginning is damaged; of a damaged one not everything counts.
fn placed(mut inspection: Inspection, offset: usize) -> Inspection {
    if offset > 0 {
        inspection.format = Format::DamagedPdf { reason: Damage::BytesBeforeHeader };
    }
    if inspection.is_damaged() {
        // What was found stays, as a hint; that it is all there was cannot be said.
        inspection.signatures_readable = false;
        inspection.revisions = None;
    }
    inspection
}

/// Reads a sound file that is not encrypted without lopdf's reader, and so without a thread of its own.
fn read_plain(bytes: &[u8], in_full: bool) -> Option<(Inspection, Option<Detail>)> {
    let history = History::read_plain(bytes);
    read_sound(history.as_ref().ok()?, bytes, in_full, &history)
}

/// Reads the facts: as the file was written if it is sound, else by lopdf, which repairs.
fn read(bytes: &[u8], in_full: bool) -> Result<(Inspection, Option<Detail>), Error> {
    let history = catch_unwind(AssertUnwindSafe(|| History::read(bytes))).unwrap_or(Err(Unreadable::TooMuch));
    limits::check_cancelled();
    if let Ok(sound) = &history
        && let Some(read) = read_sound(sound, bytes, in_full, &history)
    {
        return Ok(read);
    }
    let doc = load::document(bytes)?;
    let mut found = find(&doc, bytes, in_full, 0);
    let damage = if doc.xref_recovery.is_some() {
        Some(Damage::CrossReference)
    } else if found.broken || !has_page_tree(&doc) {
        Some(Damage::MissingObjects)
    } else {
        None
    };
    let format = match damage {
        Some(reason) => Format::DamagedPdf { reason },
        None => Format::Pdf { version: version(&doc) },
    };
    let revisions = u32::try_from(doc.revision_count()).ok();
    let detail = in_full.then(|| detail(&history, &doc, &mut found));
    Ok((facts(format, &doc, found, revisions), detail))
}

/// Reads a file in which everything is where the cross-reference sections say; `None` for any other.
fn read_sound(
    sound: &History,
    bytes: &[u8],
    in_full: bool,
    history: &Result<History, Unreadable>,
) -> Option<(Inspection, Option<Detail>)> {
    let mut doc = sound.document(false);
    doc.version = load::header(bytes)?.1;
    let mut found = find(&doc, bytes, in_full, 0);
    if found.broken
        || found.doubtful
        || sound.encrypted
        || !has_page_tree(&doc)
        || doc.page_iter().count() == 0
    {
        return None;
    }
    let revisions = u32::try_from(sound.revisions.len()).ok();
    let format = Format::Pdf { version: version(&doc) };
    let detail = in_full.then(|| detail(history, &doc, &mut found));
    Some((facts(format, &doc, found, revisions), detail))
}

/// Reads an encrypted file, if it opens without a password. Never by lopdf's own way, which has no budget.
fn read_encrypted(bytes: &[u8], in_full: bool) -> (Inspection, Option<Detail>) {
    let history = History::read(bytes);
    // The word /Encrypt may stand in a file that is not encrypted; then too, nothing is said.
    let readable = history.as_ref().ok().filter(|history| history.encrypted).and_then(|history| {
        let doc = history.document(false);
        has_page_tree(&doc).then_some((doc, history))
    });
    let Some((doc, read)) = readable else { return (Inspection::bare(Format::EncryptedPdf), None) };
    let revisions = read.revisions.len();
    // Each may carry an authentication code, which has a byte range, too (ISO/TS 32004).
    let codes = read.revisions.iter().filter(|revision| revision.trailer.has(b"AuthCode")).count();
    let mut found = find(&doc, bytes, in_full, codes);
    if found.doubtful {
        // Only a page may show it; to look there is not worth while for most files.
        found = find(&read.document(true), bytes, in_full, codes);
    }
    let detail = in_full.then(|| detail(&history, &doc, &mut found));
    found.doubtful |= found.broken;
    (facts(Format::EncryptedPdf, &doc, found, u32::try_from(revisions).ok()), detail)
}

fn find(doc: &Document, bytes: &[u8], in_full: bool, other_ranges: usize) -> Found {
    let mut found = signatures::find(doc, bytes, in_full);
    // A signature's range is patched into the file after it is written, so it is never in compressed data. One
    // that the form does not lead to belongs to a revision or a field that got lost.
    found.doubtful |= memchr::memmem::find_iter(bytes, b"/ByteRange").count()
        > found.signatures.len().saturating_add(found.usage_rights).saturating_add(other_ranges);
    found
}

fn detail(history: &Result<History, Unreadable>, doc: &Document, found: &mut Found) -> Detail {
    let (signatures, dss) = read_signed::judge(history, &found.signatures, std::mem::take(&mut found.parts));
    // Where the history cannot be read, what could be repaired is better than nothing.
    let dss = dss.unwrap_or_else(|| dss::read(doc, &doc.trailer));
    Detail { signatures, dss }
}

fn facts(format: Format, doc: &Document, found: Found, revisions: Option<u32>) -> Inspection {
    Inspection {
        format,
        pages: if has_page_tree(doc) { u32::try_from(doc.page_iter().count()).ok() } else { None },
        signatures: found.signatures,
        signatures_readable: !found.too_many && !found.doubtful,
        revisions,
        not_read: found.too_many.then_some(NotRead::TooComplex),
    }
}

fn has_page_tree(doc: &Document) -> bool {
    doc.catalog()
        .and_then(|catalog| catalog.get_deref(b"Pages", doc))
        .is_ok_and(|pages| pages.as_dict().is_ok())
}

/// The version of the header or, if later, the one that an update put into the catalog (ISO 32000-2, 7.5.2).
fn version(doc: &Document) -> String {
    let update =
        doc.catalog().and_then(|catalog| catalog.get_deref(b"Version", doc)).and_then(Object::as_name);
    let update = update.ok().filter(|name| is_version(name)).and_then(|name| std::str::from_utf8(name).ok());
    // One digit on either side of the point, so the order of the texts is the order of the versions.
    match update {
        Some(update) if update > doc.version.as_str() => update.to_owned(),
        _ => doc.version.clone(),
    }
}

fn is_version(name: &[u8]) -> bool {
    matches!(name, [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::attacks::made::Made;
    use super::*;

    #[test]
    fn a_file_that_has_to_be_repaired_gets_no_more_time_than_any_other() {
        let sound = Made::signed().bytes;
        let mut damaged = sound.clone();
        for at in memchr::memmem::find_iter(&sound, b"startxref") {
            damaged[at] = b'?';
        }
        let not_read = |bytes: &[u8], patience| look_within(patience, bytes, true).0.not_read;
        assert!(look_within(PATIENCE, &damaged, true).0.is_damaged());
        assert_eq!(not_read(&damaged, PATIENCE), None);
        assert_eq!(not_read(&damaged, Duration::ZERO), Some(NotRead::TookTooLong));
    }

    #[test]
    fn a_file_that_only_mentions_encryption_is_read_and_one_whose_older_trailer_says_so_is_not() {
        let mentions = Made::signed_with(&[(30, "(as in /Encrypt 5 0 R)")], "").bytes;
        let inspection = inspect(&mentions);
        assert!(matches!(inspection.format, Format::Pdf { .. }), "{:?}", inspection.format);
        assert_eq!(inspection.signatures.len(), 1);
        // In the first of two trailers, of which only the last has to name the catalog.
        let mut older = Made::signed().update(&[(30, "null")]).bytes;
        assert!(read_plain(&older, true).is_some());
        let said = b"/Size 99 /Root 1 0 R";
        let first = memchr::memmem::find(&older, said).expect("a trailer");
        older[first..first + said.len()].copy_from_slice(b"/Encrypt 5 0 R      ");
        assert!(read_plain(&older, true).is_none());
    }
}
