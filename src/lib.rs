//! Shosoin (正倉院): keeps signed contracts sealed one by one, findable, and provably unaltered.
//!
//! `ARCHITECTURE.md` is the map. Folders are listed here in the order in which they may know each other:
//! each only those above it (`tests/tidy.rs` holds this).

pub mod record;
pub mod seal;
pub mod journal;
pub mod store;
pub mod pdf;
pub mod pki;
pub mod panel;
pub mod evidence;
pub mod retention;
pub mod search;
pub mod backup;
pub mod report;
pub mod export;
pub mod config;
pub mod archive;
pub mod jobs;
pub mod web;
pub mod cli;
pub mod telemetry;

/// For every program of this crate, its tests and benches too. With it signed contracts are judged in an eighth less processor
/// time than with the C library's allocator. It reserves no addresses ahead: an operator who
/// limits them (`ulimit -v`) meets no surprise.
///
/// It is built for pages as large as those of the machine that builds it: for an ARM machine with larger ones, build there or set
/// `JEMALLOC_SYS_WITH_LG_PAGE=16`.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
