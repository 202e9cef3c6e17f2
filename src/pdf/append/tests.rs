//! Appending to every signed file of the fixtures, and to files of other kinds.

use std::path::PathBuf;

use super::super::tests::{fixture, sample};
use super::super::{SignatureKind, SignedPdf, read_signed};
use super::*;

fn cases() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signed/cases");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Validation data in shape only.
fn data(read: &SignedPdf) -> Vec<SignatureData> {
    let of = |raw: &super::super::RawSignature| SignatureData {
        contents: raw.contents.clone(),
        certificates: vec![b"a certificate".to_vec(), b"another".to_vec()],
        crls: vec![b"a list".to_vec()],
        ocsps: Vec::new(),
    };
    read.signatures.iter().map(of).collect()
}

/// The file with a timestamp in shape only.
fn stamped(file: &[u8], data: Vec<SignatureData>) -> Result<Vec<u8>, NotAppendable> {
    let appended = append(file, Addition { data, timestamp: Some("Timestamp-1".into()) })?;
    let signed = appended.signed().unwrap();
    let tail = appended.fill(&[0x30, 0x03, 0x02, 0x01, 0x07])?;
    let whole = [file, &tail].concat();
    assert_eq!(whole[signed[0].end], b'<');
    assert_eq!(whole[signed[1].start - 1], b'>');
    assert_eq!(signed[1].end, whole.len());
    Ok(whole)
}

#[test]
fn every_sound_signed_file_takes_a_timestamp_and_its_signatures_stay_as_they_were() {
    let (mut taken, mut refused) = (0, Vec::new());
    for (name, file) in cases() {
        let before = read_signed(&file);
        let whole = match stamped(&file, data(&before)) {
            Ok(whole) => whole,
            Err(why) => {
                refused.push((name, why));
                continue;
            }
        };
        taken += 1;
        assert!(whole.starts_with(&file), "{name}");
        let after = read_signed(&whole);
        assert_eq!(after.signatures.len(), before.signatures.len() + 1, "{name}");
        let (new, old) = after.signatures.split_last().unwrap();
        assert_eq!(
            (new.summary.kind, new.summary.byte_range_sound),
            (SignatureKind::Timestamp, true),
            "{name}"
        );
        assert!(new.covers_whole_file && new.reasons.is_empty(), "{name}: {:?}", new.reasons);
        for (old, before) in old.iter().zip(&before.signatures) {
            assert_eq!(old.contents, before.contents, "{name}");
            assert_eq!(
                old.modified_after, before.modified_after,
                "{name}: {:?} {:?}",
                old.later, old.reasons
            );
        }
        for raw in before.signatures.iter().filter(|raw| !raw.contents.is_empty()) {
            let key: String = tail::digits(&<sha1::Sha1 as sha1::Digest>::digest(&raw.contents));
            assert!(after.dss.vri.contains_key(&key), "{name}");
        }
        // Once more on top of it, as a renewal does.
        let again = append(&whole, Addition { data: Vec::new(), timestamp: Some("Timestamp-2".into()) });
        let again = again.unwrap().fill(&[0x30, 0x00]).unwrap();
        let again = read_signed(&[whole.as_slice(), &again].concat());
        assert_eq!(again.signatures.len(), after.signatures.len() + 1, "{name}");
        assert!(again.signatures.iter().rev().take(2).all(|raw| raw.modified_after == Some(false)), "{name}");
    }
    assert!(taken >= 100, "{taken} taken; {refused:?}");
}

#[test]
fn what_is_known_is_not_stored_twice_and_nothing_new_is_nothing_to_write() {
    let file = cases().into_iter().find(|(name, _)| name == "cades_lta.pdf").unwrap().1;
    let before = read_signed(&file);
    let same: Vec<_> = data(&before)
        .into_iter()
        .map(|item| SignatureData { certificates: before.dss.certificates.clone(), crls: Vec::new(), ..item })
        .collect();
    let tail = append(&file, Addition { data: same.clone(), timestamp: None }).unwrap().tail;
    let whole = [file.as_slice(), &tail].concat();
    let after = read_signed(&whole);
    assert_eq!(after.dss.certificates, before.dss.certificates);
    assert_eq!(append(&whole, Addition { data: same, timestamp: None }).unwrap().tail, b"");
}

#[test]
fn files_that_readers_repair_each_in_their_own_way_are_refused_with_the_reason() {
    let file = cases().into_iter().find(|(name, _)| name == "cades_t.pdf").unwrap().1;
    let refused = |file: &[u8]| stamped(file, Vec::new()).unwrap_err();
    assert_eq!(refused(b"no PDF"), NotAppendable::NotPdf);
    assert_eq!(refused(&[b"junk", file.as_slice()].concat()), NotAppendable::BytesBeforeHeader);
    assert_eq!(refused(&[file.as_slice(), b"more"].concat()), NotAppendable::BytesAfterEnd);
    let at = memchr::memmem::rfind(&file, b"startxref").unwrap();
    let lost = [&file[..at], b"startxref\n1\n%%EOF\n"].concat();
    assert_eq!(refused(&lost), NotAppendable::CrossReference);
    assert_eq!(refused(&fixture("encrypted_user.pdf")), NotAppendable::Encrypted);
}

#[test]
fn a_contract_without_signatures_takes_a_timestamp_too() {
    let whole = stamped(&sample("20260121_株式会社蔵王水産_2233940.pdf"), Vec::new()).unwrap();
    let read = read_signed(&whole);
    assert_eq!(read.signatures.len(), 1);
    assert_eq!(read.signatures[0].modified_after, Some(false));
}

#[test]
fn a_token_that_does_not_fit_is_refused() {
    let file = sample("20260121_株式会社蔵王水産_2233940.pdf");
    let appended = append(&file, Addition { data: Vec::new(), timestamp: Some("T".into()) }).unwrap();
    assert_eq!(appended.fill(&vec![1; TOKEN_ROOM + 1]), Err(NotAppendable::TokenTooLong));
}
