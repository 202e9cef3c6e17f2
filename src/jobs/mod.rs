//! Scheduled jobs: one list, run by the server's clock or by hand, never two at a time, never skipped silently.

mod backups;
mod cron;
mod keeping;
mod keys;
mod list;
pub mod notices;
mod renditions;
mod runner;
mod schedule;
mod scheduler;
#[cfg(test)]
mod year_tests;

pub use cron::{Cron, CronError};
pub use list::{Context, Finding, JOBS, Job};
pub use runner::{JobView, Runner};
pub use scheduler::Scheduler;
