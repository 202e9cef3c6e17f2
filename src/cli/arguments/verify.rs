//! Options of `inspect` and `verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct InspectOptions {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Trust the roots in this directory or list (PEM, DER, Adobe AATL, EU); may be given several times. The operating
    /// system's by default
    #[arg(long, value_name = "DIR")]
    pub trust: Vec<PathBuf>,
    /// Judge as at this moment, RFC 3339; now by default
    #[arg(long, value_name = "TIME")]
    pub at: Option<chrono::DateTime<chrono::Utc>>,
    /// Ask the authorities that the certificates name for revocation data and issuers that the file does not hold
    #[arg(long)]
    pub fetch: bool,
    /// Ask addresses inside the own network, too
    #[arg(long, requires = "fetch")]
    pub fetch_private: bool,
}

#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// Ids of the records
    #[arg(value_name = "ID", conflicts_with_all = ["period", "all"])]
    pub ids: Vec<String>,
    /// All records with a transaction date in A..B, withdrawn ones too
    #[arg(long, value_name = "A..B", conflicts_with = "all")]
    pub period: Option<String>,
    /// Every record there is
    #[arg(long)]
    pub all: bool,
    /// Write the result list to this new file: CSV, or a PDF to print
    #[arg(long, value_name = "F.csv|F.pdf")]
    pub report: Option<PathBuf>,
}
