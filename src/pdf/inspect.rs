//! The inspection of a file at deposit.

use lopdf::{DecompressError, Document, Error, Object};

use super::guard::{self, Stopped};
use super::inspection::{Damage, Format, Inspection, NotRead};
use super::limits::{MAX_INPUT_BYTES, PATIENCE};
use super::{load, signatures};

/// Says what kind of file `bytes` is and which signatures it carries.
///
/// Total: any bytes give an answer, within [`MAX_INPUT_BYTES`], a memory budget and ten seconds. Reads
/// nothing but `bytes`, and judges no signature.
pub fn inspect(bytes: &[u8]) -> Inspection {
    if bytes.is_empty() {
        return Inspection::bare(Format::Empty);
    }
    let Some((offset, version)) = load::header(bytes) else {
        return Inspection::bare(Format::NotPdf);
    };
    if load::is_encrypted(bytes) {
        return Inspection::bare(Format::EncryptedPdf);
    }
    let unread = |why| Inspection {
        not_read: Some(why),
        ..Inspection::bare(Format::Pdf { version: version.clone() })
    };
    if bytes.len() > MAX_INPUT_BYTES {
        return unread(NotRead::TooLarge);
    }
    if load::has_too_many_tokens(bytes) {
        return unread(NotRead::TooComplex);
    }
    let damaged = |reason| Inspection::bare(Format::DamagedPdf { reason });
    let mut inspection = match guard::run(bytes, PATIENCE, read) {
        Ok(Ok(inspection)) => inspection,
        Ok(Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })))
        | Err(Stopped::TooComplex) => {
            return unread(NotRead::TooComplex);
        }
        Err(Stopped::TookTooLong) => return unread(NotRead::TookTooLong),
        Ok(Err(_)) | Err(Stopped::Panicked) => damaged(Damage::Unreadable),
    };
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

/// Reads the facts from the objects of the file.
fn read(bytes: &[u8]) -> Result<Inspection, Error> {
    let doc = load::document(bytes)?;
    let mut found = signatures::find(&doc, bytes);
    // A signature's range is patched into the file after it is written, so it is never in compressed data. One
    // that the form does not lead to belongs to a revision or a field that got lost.
    found.doubtful |= memchr::memmem::find_iter(bytes, b"/ByteRange").count() > found.signatures.len();
    let damage = if doc.xref_recovery.is_some() {
        Some(Damage::CrossReference)
    } else if found.broken || !has_page_tree(&doc) {
        Some(Damage::MissingObjects)
    } else {
        None
    };
    let pages = if has_page_tree(&doc) { u32::try_from(doc.page_iter().count()).ok() } else { None };
    Ok(Inspection {
        format: match damage {
            Some(reason) => Format::DamagedPdf { reason },
            None => Format::Pdf { version: version(&doc) },
        },
        pages,
        signatures: found.signatures,
        signatures_readable: !found.too_many && !found.doubtful,
        revisions: u32::try_from(doc.revision_count()).ok(),
        not_read: found.too_many.then_some(NotRead::TooComplex),
    })
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
