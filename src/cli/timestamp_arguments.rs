//! The command line of `timestamp` and `evidence`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::arguments::SearchFlags;

#[derive(Debug, Args)]
pub struct TimestampOptions {
    #[command(subcommand)]
    pub command: TimestampCommand,
}

#[derive(Debug, Subcommand)]
pub enum TimestampCommand {
    /// Timestamp every record that has no timestamp yet, with one request
    #[command(after_help = "Example:\n  shosoin timestamp attest")]
    Attest,
    /// Renew what ends soon, with one request
    #[command(after_help = "Example:\n  shosoin timestamp renew --within 365d")]
    Renew {
        /// Renew what ends within so many days, e.g. 365d; from shosoin.toml by default
        #[arg(long, value_name = "DAYS", value_parser = days)]
        within: Option<u32>,
    },
    /// What is protected until when, what is due, what became of the requests
    #[command(after_help = "Example:\n  shosoin timestamp status")]
    Status,
    /// Copies of contracts with validation data and a document timestamp inside (PAdES-LTA), kept beside the originals
    #[command(
        after_help = "Examples:\n  shosoin timestamp rendition 0197… -o lta.pdf\n  shosoin timestamp rendition --counterparty 国税 --date 2025-04-01..2026-03-31 -o for-court"
    )]
    Rendition(Box<RenditionFlags>),
    /// Verify anybody's timestamp token (RFC 3161) over a file
    #[command(after_help = "Example:\n  shosoin timestamp verify --token token-1.tst --data contract.pdf")]
    Verify {
        /// The token, or the whole answer of an authority without its status
        #[arg(long, value_name = "FILE")]
        token: PathBuf,
        /// The file that it is about
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        #[command(flatten)]
        trust: TrustFlags,
    },
}

#[derive(Debug, Args)]
pub struct RenditionFlags {
    /// Ids of the records; one alone gets a fresh timestamp even when an earlier rendition is still good
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Also write the file here; with several records, a directory
    #[arg(short, long, value_name = "F.pdf|DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub conditions: SearchFlags,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct EvidenceOptions {
    #[command(subcommand)]
    pub command: Option<EvidenceCommand>,
    /// The record
    #[arg(required = true, value_name = "ID")]
    pub id: Option<String>,
    /// Directory for the evidence record, tokens, certificates and a note on checking them
    #[arg(short, long, required = true, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Verify anybody's evidence record over one file, or over a group of files
    #[command(
        after_help = "Example:\n  shosoin evidence verify --er record.ers --data contract.pdf --trust ./roots"
    )]
    Verify {
        /// The evidence record
        #[arg(long, value_name = "FILE")]
        er: PathBuf,
        /// The file, or all files of the group
        #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
        data: Vec<PathBuf>,
        #[command(flatten)]
        trust: TrustFlags,
    },
}

/// Whom to believe, and when.
#[derive(Debug, Args)]
pub struct TrustFlags {
    /// Root certificates to believe instead of the system's: files or directories, PEM, DER, AATL, EU lists
    #[arg(long, value_name = "PATH")]
    pub trust: Vec<PathBuf>,
    /// The moment that is asked about, RFC 3339; now by default
    #[arg(long, value_name = "TIME")]
    pub at: Option<DateTime<Utc>>,
}

/// Days as people write them: 365d, 365.
fn days(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('d').unwrap_or(text);
    number.parse().map_err(|_| format!("{text:?} is not a number of days such as 365d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_with_and_without_their_letter() {
        assert_eq!((days("365d"), days("30")), (Ok(365), Ok(30)));
        assert!(days("1y").is_err() && days("-1d").is_err());
    }
}
