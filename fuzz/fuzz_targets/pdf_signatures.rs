//! A file as `inspect` reads it: there is always an answer, and nothing is trusted without roots.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use shosoin::panel::{Verdict, examine};
use shosoin::pki::revocation::Evidence;
use shosoin::pki::trust::TrustStore;

fuzz_target!(|file: &[u8]| {
    let panel = examine(file, &TrustStore::empty(), DateTime::UNIX_EPOCH, &Evidence::new());
    assert_ne!(panel.verdict, Verdict::TotalPassed, "passed without a trusted root");
});
