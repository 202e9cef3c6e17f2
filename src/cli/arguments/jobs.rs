//! Options of `jobs`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct JobsOptions {
    #[command(subcommand)]
    pub command: JobsCommand,
}

#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Every job: when it runs next, how it went last
    #[command(after_help = "Example:\n  shosoin jobs list")]
    List,
    /// Run one now; answers when it has ended
    #[command(after_help = "Example:\n  shosoin jobs run verify")]
    Run {
        /// Name of the job
        name: String,
    },
    /// Past runs, newest first
    #[command(after_help = "Example:\n  shosoin jobs history verify")]
    History {
        /// Name of the job; all by default
        name: Option<String>,
    },
    /// Leave a job out of the schedule until it is resumed
    #[command(after_help = "Example:\n  shosoin jobs pause restore-drill")]
    Pause {
        /// Name of the job
        name: String,
    },
    /// Take a paused job back into the schedule
    #[command(after_help = "Example:\n  shosoin jobs resume restore-drill")]
    Resume {
        /// Name of the job
        name: String,
    },
}
