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
    List,
    /// Run one now; answers when it has ended
    Run {
        /// Name of the job
        name: String,
    },
    /// Past runs, newest first
    History {
        /// Name of the job; all by default
        name: Option<String>,
    },
    /// Leave a job out of the schedule until it is resumed
    Pause {
        /// Name of the job
        name: String,
    },
    /// Take a paused job back into the schedule
    Resume {
        /// Name of the job
        name: String,
    },
}
