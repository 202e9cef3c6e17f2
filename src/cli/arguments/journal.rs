//! Options of `journal` and `index`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct JournalOptions {
    #[command(subcommand)]
    pub command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Entries in order
    #[command(after_help = "Example:\n  shosoin journal list --limit 20")]
    List {
        /// Number of the first entry; the newest ones by default
        #[arg(long)]
        from: Option<u64>,
        /// Entries, 1 to 1000
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Only entries about this record
        #[arg(long, value_name = "ID")]
        record: Option<String>,
    },
    /// The whole journal as an extract that strangers can verify
    #[command(after_help = "Example:\n  shosoin journal export -o journal-2026-11")]
    Export {
        /// A new directory for extract.jsonl, checkpoint.txt and vkey.txt
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Prove that one entry is in the journal
    #[command(after_help = "Example:\n  shosoin journal proof 3")]
    Proof {
        /// Number of the entry
        seq: u64,
    },
    /// Re-derive the whole journal and compare it with the signed head
    #[command(after_help = "Example:\n  shosoin journal verify")]
    Verify,
}

#[derive(Debug, Args)]
pub struct IndexOptions {
    #[command(subcommand)]
    pub command: IndexCommand,
}

#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Size and position
    #[command(after_help = "Example:\n  shosoin index status")]
    Status,
    /// Make it again from the store
    #[command(after_help = "Example:\n  shosoin index rebuild")]
    Rebuild,
}
