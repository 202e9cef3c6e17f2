//! The content of `/Contents`: refused, or every signer of it checked.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shosoin::pki::{SignedData, TimestampToken};

fuzz_target!(|contents: &[u8]| {
    let Ok(signed) = SignedData::parse(contents) else { return };
    for signer in &signed.signers {
        signer.verify(&signed, |algorithm| algorithm.hash(b""));
        for token in &signer.timestamp_tokens {
            let _ = TimestampToken::parse(token);
        }
    }
});
