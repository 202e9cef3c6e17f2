//! The command line: every command, flag and example.

mod get;
mod import;
mod jobs;
mod journal;
mod metadata;
mod retention;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use get::GetOptions;
pub use import::{Encoding, ImportOptions};
pub use jobs::{JobsCommand, JobsOptions};
pub use journal::{IndexCommand, IndexOptions, JournalCommand, JournalOptions};
pub use metadata::MetadataFlags;
pub use retention::{
    DispositionCommand, DispositionOptions, FiscalYearsCommand, HoldCommand, HoldOptions, HoldPlaceOptions,
    RetentionCommand, RetentionOptions, ShortenCommand,
};
pub use verify::{InspectOptions, VerifyOptions};

use super::backup::BackupOptions;
use super::fixity::FixityOptions;
use super::key::KeyOptions;
use super::notices::NoticesOptions;
use super::output::Lang;
use super::restore::RestoreOptions;
pub use super::timestamp_arguments::{EvidenceOptions, TimestampOptions};
use super::token::TokenOptions;
use super::user::UserOptions;
use crate::archive::SearchRequest;

/// Shosoin (正倉院): keeps signed contracts sealed, findable and provably unaltered.
#[derive(Debug, Parser)]
#[command(name = "shosoin", version, disable_help_subcommand = true)]
pub struct Arguments {
    /// Directory of the archive
    #[arg(long, global = true, value_name = "DIR", env = "SHOSOIN_DATA", default_value = "./archive")]
    pub data: PathBuf,
    /// Print the result as JSON, errors too
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of messages; from the environment by default
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an archive: keys, settings, retention policies
    #[command(after_help = "Example:\n  shosoin --data /srv/shosoin init")]
    Init(InitOptions),
    /// Serve the web pages and the API, on this machine only
    #[command(after_help = "Example:\n  shosoin --data /srv/shosoin serve --listen 127.0.0.1:8750")]
    Serve(ServeOptions),
    /// Seal and store contracts
    #[command(
        after_help = "Example:\n  shosoin deposit contract.pdf --date 2026-02-01 --counterparty 株式会社国税商事 --amount 1,100,000円"
    )]
    Deposit(Box<DepositOptions>),
    /// Deposit all contracts that an index book (CSV) lists; may be repeated after an interruption
    #[command(after_help = "Example:\n  shosoin import index.csv --files ./contracts --rejects rejected.csv")]
    Import(ImportOptions),
    /// Find records by date, amount and counterparty
    #[command(
        after_help = "Examples:\n  shosoin search --date 2026-01-01..2026-03-31 --amount 100000.. --counterparty 国税\n  shosoin search --no-amount --csv > index.csv"
    )]
    Search(SearchOptions),
    /// Show everything about one record
    #[command(after_help = "Example:\n  shosoin show 0198c0de-0000-7000-8000-000000000001")]
    Show(IdOptions),
    /// Hand the original back, byte for byte
    #[command(after_help = "Example:\n  shosoin get 0198c0de-0000-7000-8000-000000000001 -o contract.pdf")]
    Get(GetOptions),
    /// Correct metadata: a new version with a reason; earlier versions stay
    #[command(
        after_help = "Example:\n  shosoin correct 0198c0de-0000-7000-8000-000000000001 --amount 1,210,000円 --reason \"the amount was misread\""
    )]
    Correct(Box<CorrectOptions>),
    /// Hide a record from searches; it stays kept and findable with --withdrawn
    #[command(
        after_help = "Example:\n  shosoin withdraw 0198c0de-0000-7000-8000-000000000001 --reason \"deposited twice as a scan\""
    )]
    Withdraw(ReasonOptions),
    /// Undo a withdrawal
    #[command(
        after_help = "Example:\n  shosoin reinstate 0198c0de-0000-7000-8000-000000000001 --reason \"it is the valid one\""
    )]
    Reinstate(ReasonOptions),
    /// Verify records: their bytes, their place in the journal, their signatures as of today (一括検証)
    #[command(
        after_help = "Examples:\n  shosoin verify --period 2025-04-01..2026-03-31 --report result.csv\n  shosoin verify --all --json"
    )]
    Verify(VerifyOptions),
    /// The signature panel of any PDF, in an archive or not: what its signatures prove
    #[command(
        after_help = "Examples:\n  shosoin inspect contract.pdf\n  shosoin inspect *.pdf --trust ./roots --at 2026-11-01T00:00:00Z --json"
    )]
    Inspect(InspectOptions),
    /// How long records are kept, and why
    #[command(after_help = "Example:\n  shosoin retention explain 0198c0de-0000-7000-8000-000000000001")]
    Retention(RetentionOptions),
    /// Legal holds: what is kept whatever the dates say
    #[command(
        after_help = "Example:\n  shosoin hold place 訴訟2026-1 --reason \"dispute over delivery\" --counterparty 国税商事"
    )]
    Hold(HoldOptions),
    /// Destroy what need not be kept any more, in steps that take two people
    #[command(
        after_help = "Examples:\n  shosoin disposition plan\n  shosoin disposition approve 0198c0de-0000-7000-8000-000000000001\n  shosoin disposition perform 0198c0de-0000-7000-8000-000000000001"
    )]
    Disposition(DispositionOptions),
    /// Export records as a BagIt package for an auditor
    #[command(after_help = "Example:\n  shosoin export -o tax-audit-2026.zip --date 2025-04-01..2026-03-31")]
    Export(ExportOptions),
    /// The journal: list, prove, verify, export
    #[command(
        after_help = "Examples:\n  shosoin journal list --limit 20\n  shosoin journal proof 3\n  shosoin journal verify"
    )]
    Journal(JournalOptions),
    /// Timestamps: give them, renew them, what ends when
    #[command(
        after_help = "Examples:\n  shosoin timestamp attest\n  shosoin timestamp renew --within 365d\n  shosoin timestamp status\n  shosoin timestamp verify --token token-1.tst --data contract.pdf"
    )]
    Timestamp(TimestampOptions),
    /// Evidence records (RFC 4998): take one out, verify anybody's
    #[command(
        after_help = "Examples:\n  shosoin evidence 0198c0de-0000-7000-8000-000000000001 -o evidence\n  shosoin evidence verify --er record.ers --data contract.pdf"
    )]
    Evidence(EvidenceOptions),
    /// Scheduled jobs: list, run, history, pause, resume
    #[command(after_help = "Examples:\n  shosoin jobs list\n  shosoin jobs run verify")]
    Jobs(JobsOptions),
    /// The search index: status, rebuild
    #[command(after_help = "Example:\n  shosoin index rebuild")]
    Index(IndexOptions),
    /// Re-derive and compare everything that is stored
    #[command(after_help = "Example:\n  shosoin fsck")]
    Fsck,
    /// Backups: make, list, verify, practise restoring
    #[command(after_help = "Examples:\n  shosoin backup run daily\n  shosoin backup verify daily-12")]
    Backup(BackupOptions),
    /// Read contracts again, compare, and mend damaged ones from a backup
    #[command(after_help = "Examples:\n  shosoin fixity status\n  shosoin fixity run")]
    Fixity(FixityOptions),
    /// Restore an archive from a backup into an empty directory
    #[command(
        after_help = "Example:\n  shosoin restore --from /mnt/backup/daily --to /srv/shosoin --key /media/usb/kek.key"
    )]
    Restore(RestoreOptions),
    /// The key: status, passphrase, recovery kit, recovery, rotation
    #[command(
        after_help = "Examples:\n  shosoin key status\n  shosoin key recovery-kit --shares 5 --threshold 3 -o kit\n  shosoin key rotate"
    )]
    Key(KeyOptions),
    /// People: roles, legal entities, who they are on this machine
    #[command(
        after_help = "Examples:\n  shosoin user add tanaka --role clerk --entity 本社\n  shosoin user add mori --role approver --os-user mori\n  shosoin user disable tanaka"
    )]
    User(UserOptions),
    /// Access tokens for the pages, the API and commands (SHOSOIN_TOKEN)
    #[command(
        after_help = "Examples:\n  shosoin token create tanaka --name laptop --expires 2027-03-31\n  shosoin token revoke 1f0c2d3e4a5b6c7d"
    )]
    Token(TokenOptions),
    /// What comes due; tell it by mail and webhook
    #[command(after_help = "Example:\n  shosoin notices send --dry-run")]
    Notices(NoticesOptions),
    /// The main job on the bundled sample contracts, narrated
    #[command(after_help = "Example:\n  shosoin --lang ja demo")]
    Demo(DemoOptions),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  shosoin completions bash > /etc/bash_completion.d/shosoin")]
    Completions(CompletionOptions),
}

#[derive(Debug, Args)]
pub struct InitOptions {
    /// Protect the key file by a passphrase: asked for twice, or read from the file that SHOSOIN_PASSPHRASE_FILE names
    #[arg(long)]
    pub passphrase: bool,
}

#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on; loopback only. Port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub struct DepositOptions {
    /// The contracts
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub metadata: MetadataFlags,
    /// Take metadata that is missing from the flags from file name and text, unseen
    #[arg(long)]
    pub accept_suggestions: bool,
}

#[derive(Debug, Args)]
pub struct SearchOptions {
    #[command(flatten)]
    pub conditions: SearchFlags,
    /// Order: date, amount, deposited, counterparty; - in front for descending
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// Hits on a page, 1 to 1000
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Continue after a page: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// All hits as an index book (CSV)
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    pub csv: bool,
}

/// Search conditions on the command line; all must hold.
#[derive(Debug, Args)]
pub struct SearchFlags {
    /// Transaction dates A..B, both included, either end open
    #[arg(long, visible_alias = "period", value_name = "A..B")]
    pub date: Option<String>,
    /// Amounts A..B, both included, either end open
    #[arg(long, value_name = "A..B", conflicts_with = "no_amount", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// Only records that state no amount (空欄)
    #[arg(long)]
    pub no_amount: bool,
    /// Currency of --amount
    #[arg(long)]
    pub currency: Option<String>,
    /// Part of the counterparty's name, in any way of writing it
    #[arg(long)]
    pub counterparty: Option<String>,
    /// Words in title, number, custom fields or the document's text
    #[arg(long)]
    pub text: Option<String>,
    /// Document class
    #[arg(long)]
    pub class: Option<String>,
    /// Management number
    #[arg(long)]
    pub number: Option<String>,
    /// Our own legal entity
    #[arg(long)]
    pub entity: Option<String>,
    /// Withdrawn records too, or only them
    #[arg(long, value_name = "include|only")]
    pub withdrawn: Option<String>,
    /// Superseded metadata versions too
    #[arg(long, value_name = "all")]
    pub versions: Option<String>,
}

impl SearchFlags {
    pub fn request(&self) -> SearchRequest {
        SearchRequest {
            date: self.date.clone(),
            amount: self.amount.clone(),
            no_amount: self.no_amount,
            currency: self.currency.clone(),
            counterparty: self.counterparty.clone(),
            text: self.text.clone(),
            class: self.class.clone(),
            number: self.number.clone(),
            entity: self.entity.clone(),
            withdrawn: self.withdrawn.clone(),
            versions: self.versions.clone(),
            ..SearchRequest::default()
        }
    }
}

#[derive(Debug, Args)]
pub struct IdOptions {
    /// Id of the record
    pub id: String,
}

#[derive(Debug, Args)]
pub struct CorrectOptions {
    /// Id of the record
    pub id: String,
    #[command(flatten)]
    pub metadata: MetadataFlags,
    /// Why (an inspector will read it)
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct ReasonOptions {
    /// Id of the record
    pub id: String,
    /// Why (an inspector will read it)
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct ExportOptions {
    /// A new directory, or a file ending in .zip
    #[arg(short, long, value_name = "DIR|F.zip")]
    pub output: PathBuf,
    /// Ids of the records; search conditions otherwise; everything if neither is given
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    #[command(flatten)]
    pub conditions: SearchFlags,
}

#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Keep the demo archive in this new directory instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompletionOptions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// Prints the completion script for a shell.
pub fn completions(options: &CompletionOptions) -> ExitCode {
    let mut command = Arguments::command();
    clap_complete::generate(options.shell, &mut command, "shosoin", &mut std::io::stdout());
    ExitCode::SUCCESS
}
