//! Options of `retention`.

use clap::{Args, Subcommand};

use super::IdOptions;

#[derive(Debug, Args)]
pub struct RetentionOptions {
    #[command(subcommand)]
    pub command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// How long one record is kept, and why
    Explain(IdOptions),
    /// The policies in force
    Policies,
}
