//! A timestamp token, and bare TSTInfo.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shosoin::pki::{TimestampToken, TstInfo};

fuzz_target!(|bytes: &[u8]| {
    let _ = TstInfo::parse(bytes);
    if let Ok(token) = TimestampToken::parse(bytes) {
        token.check();
        token.covers(|algorithm| algorithm.hash(b""));
    }
});
