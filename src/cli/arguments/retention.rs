//! The command line of `retention`, `hold` and `disposition`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{IdOptions, SearchFlags};

#[derive(Debug, Args)]
pub struct RetentionOptions {
    #[command(subcommand)]
    pub command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// How long one record is kept, and why
    #[command(after_help = "Example:\n  shosoin retention explain 0198c0de-0000-7000-8000-000000000001")]
    Explain(IdOptions),
    /// Records whose period ends before a day
    #[command(after_help = "Example:\n  shosoin retention due --before 2036-04-01")]
    Due {
        /// The day; today by default: what is over
        #[arg(long, value_name = "DATE")]
        before: Option<String>,
    },
    /// The policies in force, and those that still hold for earlier deposits
    #[command(after_help = "Example:\n  shosoin retention policies")]
    Policies,
    /// Check policy files without an archive: every key, every worked example
    #[command(after_help = "Example:\n  shosoin retention check retention-policies/jp-companies-act.toml")]
    Check {
        /// The policy files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// The fiscal years of our own legal entities
    #[command(after_help = "Example:\n  shosoin retention fiscal-years")]
    FiscalYears {
        #[command(subcommand)]
        command: Option<FiscalYearsCommand>,
    },
    /// Keep records for a shorter time than was decided once: proposed by one person, approved by another
    #[command(after_help = "Example:\n  shosoin retention shorten list")]
    Shorten {
        #[command(subcommand)]
        command: ShortenCommand,
    },
    /// Take over changed policy files and decide about every record again
    #[command(after_help = "Example:\n  shosoin retention reevaluate")]
    Reevaluate,
}

#[derive(Debug, Subcommand)]
pub enum ShortenCommand {
    /// Propose that records be kept only as long as their present class, policies and facts ask
    #[command(
        after_help = "Records of a policy in compliance mode (the default) are refused.\nExample:\n  shosoin retention shorten propose 0197e2c4-… --reason \"classified as a contract by mistake\""
    )]
    Propose {
        /// Ids of records
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Why (an inspector will read it)
        #[arg(long)]
        reason: String,
    },
    /// Consent to a proposal; takes somebody other than its author
    #[command(after_help = "Example:\n  shosoin retention shorten approve 1")]
    Approve {
        /// Number of the proposal
        number: String,
    },
    /// All proposals
    #[command(after_help = "Example:\n  shosoin retention shorten list")]
    List,
}

#[derive(Debug, Subcommand)]
pub enum FiscalYearsCommand {
    /// List them (what `fiscal-years` alone does)
    #[command(after_help = "Example:\n  shosoin retention fiscal-years list")]
    List,
    /// Write another calendar; one that shortens the periods of a year that is over waits for a second person
    #[command(
        after_help = "Example:\n  shosoin retention fiscal-years set --year-ends 12-31 --year 2026-04-01..2026-12-31 --reason \"change of the fiscal year\""
    )]
    Set {
        /// Our own legal entity; the archive's only one by default
        #[arg(long)]
        entity: Option<String>,
        /// When the years end that are not listed: 03-31, 12-20, 02-end
        #[arg(long, value_name = "MM-DD")]
        year_ends: Option<String>,
        /// Months by which filing is extended in the years that are not listed
        #[arg(long, value_name = "MONTHS", default_value_t = 0)]
        extension: u8,
        /// A year that differs: FROM..TO, then ,extension=MONTHS and ,loss where they apply; may be repeated
        #[arg(long = "year", value_name = "FROM..TO[,extension=N][,loss]")]
        years: Vec<String>,
        /// Why (an inspector will read it)
        #[arg(long)]
        reason: String,
    },
    /// Consent to the calendar that somebody else proposed
    #[command(after_help = "Example:\n  shosoin retention fiscal-years approve")]
    Approve {
        /// Our own legal entity; the archive's only one by default
        #[arg(long)]
        entity: Option<String>,
    },
    /// Mark a year as one with a loss: all its documents are kept longer
    #[command(
        after_help = "Example:\n  shosoin retention fiscal-years declare-loss --year 2026-03-31 --reason \"tax return of 2026\""
    )]
    DeclareLoss {
        /// Our own legal entity; the archive's only one by default
        #[arg(long)]
        entity: Option<String>,
        /// A day of the fiscal year
        #[arg(long, value_name = "DATE")]
        year: String,
        /// Why (an inspector will read it)
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct HoldOptions {
    #[command(subcommand)]
    pub command: HoldCommand,
}

#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Keep records whatever the dates say: by id, or by conditions that later deposits can meet too
    #[command(
        after_help = "Example:\n  shosoin hold place 訴訟2026-1 --reason \"dispute over delivery\" --counterparty 国税商事"
    )]
    Place(Box<HoldPlaceOptions>),
    /// Release a hold; takes a second person
    #[command(after_help = "Example:\n  shosoin hold release 訴訟2026-1 --reason \"the dispute is settled\"")]
    Release {
        /// Name of the hold
        name: String,
        /// Why (an inspector will read it)
        #[arg(long)]
        reason: String,
    },
    /// All holds
    #[command(after_help = "Example:\n  shosoin hold list")]
    List,
}

#[derive(Debug, Args)]
pub struct HoldPlaceOptions {
    /// Name of the matter
    pub name: String,
    /// Why (an inspector will read it)
    #[arg(long)]
    pub reason: String,
    /// Who knows about the matter
    #[arg(long)]
    pub custodian: Option<String>,
    /// Ids of records
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub conditions: SearchFlags,
}

#[derive(Debug, Args)]
pub struct DispositionOptions {
    #[command(subcommand)]
    pub command: DispositionCommand,
}

#[derive(Debug, Subcommand)]
pub enum DispositionCommand {
    /// List what may be destroyed, with reasons, for somebody else to approve
    #[command(after_help = "Example:\n  shosoin disposition plan")]
    Plan {
        /// These records only; everything eligible by default
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        /// Transfer to this archive, and destroy here only after it has confirmed
        #[arg(long, value_name = "ARCHIVE")]
        transfer_to: Option<String>,
    },
    /// Consent to a plan; takes somebody other than its author
    #[command(after_help = "Example:\n  shosoin disposition approve 0198c0de-0000-7000-8000-000000000001")]
    Approve {
        /// Number of the plan
        plan: String,
        /// Digest of the plan that was reviewed
        #[arg(long)]
        digest: Option<String>,
    },
    /// The package of an approved transfer, for the receiving archive
    #[command(after_help = "Example:\n  shosoin disposition package 0197e2c4-… -o transfer.zip")]
    Package {
        /// Number of the plan
        plan: String,
        /// A new file ending in .zip
        #[arg(short, long, value_name = "F.zip")]
        output: PathBuf,
    },
    /// Hand in the receiving archive's receipt: the lines of its `import --receipts`, or JSON with archive and received
    #[command(
        after_help = "Example:\n  shosoin disposition confirm 0197e2c4-… receipts.jsonl --archive 国立公文書館"
    )]
    Confirm {
        /// Number of the plan
        plan: String,
        /// The receipt
        receipt: PathBuf,
        /// Who took the records, when the receipt does not say
        #[arg(long, value_name = "ARCHIVE")]
        archive: Option<String>,
    },
    /// Destroy what an approved plan names and is still eligible; may be repeated after an interruption
    #[command(after_help = "Example:\n  shosoin disposition perform 0198c0de-0000-7000-8000-000000000001")]
    Perform {
        /// Number of the plan
        plan: String,
    },
    /// All plans
    #[command(after_help = "Example:\n  shosoin disposition list")]
    List,
    /// The certificate of a destroyed record
    #[command(after_help = "Example:\n  shosoin disposition certificate 0197e2c4-… -o certificate.pdf")]
    Certificate {
        /// Id of the record
        id: String,
        /// Write it here: PDF, or JSON where the name ends in .json
        #[arg(short, long, value_name = "F.pdf")]
        output: Option<PathBuf>,
    },
}

/// Reads `NAME=VALUE`; an empty value removes the field on a correction.
pub(super) fn named_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}
