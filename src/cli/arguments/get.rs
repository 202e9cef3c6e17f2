//! Options of `get`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct GetOptions {
    /// Id of the record
    pub id: String,
    /// File to write; standard output by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The rendition N, or the newest, instead of the original (`timestamp rendition` makes them)
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "0")]
    pub rendition: Option<u32>,
}
