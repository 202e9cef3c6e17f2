//! Encrypted files: read when they open without a password, never called unsigned otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use lopdf::encryption::crypt_filters::{Aes128CryptFilter, Aes256CryptFilter, CryptFilter};
use lopdf::{Document, EncryptionState, EncryptionVersion, Permissions};

use super::tests::{BT, fixture, sample, saved};
use super::{Format, inspect, read_signed};

#[test]
fn an_encrypted_file_that_opens_without_a_password_shows_its_signatures() {
    let bytes = fixture("encrypted_owner.pdf");
    let inspection = inspect(&bytes);
    assert_eq!(inspection.format, Format::EncryptedPdf);
    assert_eq!((inspection.is_signed(), inspection.pages), (Some(true), Some(1)));
    assert_eq!(inspection.signatures[0].signer.as_deref(), Some("Tachiai Sign Service"));
    let signed = read_signed(&bytes);
    assert_eq!(signed.inspection, inspection);
    assert_eq!(signed.signatures[0].contents[0], 0x30, "a signature value is never encrypted");
    let locked = read_signed(&fixture("encrypted_user.pdf"));
    assert!(locked.signatures.is_empty() && locked.inspection.is_signed().is_none());
}

#[test]
fn every_usual_encryption_opens_without_a_password_and_none_with_one() {
    let filters = |filter: Arc<dyn CryptFilter>| BTreeMap::from([(b"StdCF".to_vec(), filter)]);
    for (password, readable) in [("", Some(true)), ("secret", None)] {
        for kind in 0..4 {
            let mut doc = Document::load_mem(&sample(BT)).expect("the sample is sound");
            let (owner_password, user_password, permissions) = ("owner", password, Permissions::all());
            let name = || b"StdCF".to_vec();
            let document = &doc;
            let version = match kind {
                0 => EncryptionVersion::V1 { document, owner_password, user_password, permissions },
                1 => EncryptionVersion::V2 {
                    document,
                    owner_password,
                    user_password,
                    key_length: 128,
                    permissions,
                },
                2 => EncryptionVersion::V4 {
                    document,
                    encrypt_metadata: true,
                    crypt_filters: filters(Arc::new(Aes128CryptFilter)),
                    stream_filter: name(),
                    string_filter: name(),
                    owner_password,
                    user_password,
                    permissions,
                },
                _ => EncryptionVersion::V5 {
                    encrypt_metadata: true,
                    crypt_filters: filters(Arc::new(Aes256CryptFilter)),
                    file_encryption_key: &[7; 32],
                    stream_filter: name(),
                    string_filter: name(),
                    owner_password,
                    user_password,
                    permissions,
                },
            };
            let state = EncryptionState::try_from(version).expect("the key can be made");
            doc.encrypt(&state).expect("the document can be encrypted");
            let inspection = inspect(&saved(doc));
            assert_eq!(inspection.format, Format::EncryptedPdf, "{kind}");
            assert_eq!(inspection.is_signed(), readable, "{kind} {password}");
            let signer = inspection.signatures.first().and_then(|signature| signature.signer.as_deref());
            assert_eq!(signer, readable.map(|_| "Tachiai Sign Service"), "{kind}");
        }
    }
}
