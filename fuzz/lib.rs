//! The folders that read signed files and what is inside them, as the main package has them.

// What others use of them is not used here.
#![allow(dead_code, unused_imports)]

#[path = "../src/panel/mod.rs"]
pub mod panel;
#[path = "../src/pdf/mod.rs"]
pub mod pdf;
#[path = "../src/pki/mod.rs"]
pub mod pki;
#[path = "../src/record/mod.rs"]
pub mod record;
