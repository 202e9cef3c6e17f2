//! Continuous shipping: every few seconds the daily repository gets what the journal gained.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use crate::backup::{Position, Shipped, Tier};

/// Longest pause after steps that failed, in steps' intervals.
const MAX_PAUSE: u32 = 30;

/// How far the daily repository follows the journal; shown in the metrics.
#[derive(Clone, Debug, Default)]
pub struct ShipStatus {
    /// Entries below it survive the loss of this machine; `None` before the first step, and while steps fail.
    pub position: Option<Position>,
    /// When a step last left nothing behind.
    pub caught_up_at: Option<DateTime<Utc>>,
    /// Why the last step failed.
    pub failing: Option<String>,
    /// A server ships; false in a command of its own process.
    pub running: bool,
}

/// How far the daily backup follows the journal, for people.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShippingView {
    /// A server ships. Without one, or without a daily backup, nothing is shipped between runs.
    pub running: bool,
    /// Journal entries there are.
    pub entries: u64,
    /// Entries below it survive the loss of this machine; absent before the first step, and while steps fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<u64>,
    /// Seconds for which entries have been waiting; 0 when the backup has everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<u64>,
    /// Why the last step failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
}

impl ShipStatus {
    /// Seconds for which entries have been waiting; 0 when the repository has everything.
    pub fn lag_seconds(&self, journal_size: u64, now: DateTime<Utc>) -> Option<u64> {
        let waited = now.signed_duration_since(self.caught_up_at?);
        if self.position.is_some_and(|at| at.through >= journal_size) {
            return Some(0);
        }
        Some(u64::try_from(waited.num_seconds()).unwrap_or(0))
    }
}

/// The thread that ships; dropping this ends it.
pub struct Shipper {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Shipper {
    fn drop(&mut self) {
        *lock(&self.stop.0) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // What it was writing is whole or not there.
            let _ = thread.join();
        }
    }
}

impl Archive {
    /// Ships in the background as `[backup] ship_seconds` says; `None` when there is no daily repository, or it is 0.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn ship_in_background(self: &Arc<Self>) -> Result<Option<Shipper>, ArchiveError> {
        let backup = &self.config.backup;
        if backup.daily.is_none() || backup.ship_seconds == 0 {
            return Ok(None);
        }
        lock(&self.shipped).running = true;
        let interval = Duration::from_secs(backup.ship_seconds.into());
        let stop: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (archive, stopping) = (self.clone(), stop.clone());
        let thread = std::thread::Builder::new().name("shipper".into()).spawn(move || {
            let mut failures = 0_u32;
            while !wait(&stopping, interval * (failures + 1).min(MAX_PAUSE)) {
                failures = if archive.ship_once() { 0 } else { failures + 1 };
            }
        });
        let thread = thread.map_err(ArchiveError::io("shipper thread"))?;
        Ok(Some(Shipper { stop, thread: Some(thread) }))
    }

    /// How far the daily repository follows.
    pub fn ship_status(&self) -> ShipStatus {
        lock(&self.shipped).clone()
    }

    /// The same for people.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]
    pub fn shipping(&self, who: &Principal) -> Result<ShippingView, ArchiveError> {
        permit(who, Action::BackupList)?;
        let (status, entries) = (self.ship_status(), self.journal_size());
        Ok(ShippingView {
            running: status.running,
            entries,
            shipped: status.position.map(|at| at.through),
            lag_seconds: status.lag_seconds(entries, self.now()),
            failing: status.failing,
        })
    }

    /// One step; false when it failed. A run of a backup that is under way goes first.
    fn ship_once(&self) -> bool {
        let before = self.ship_status();
        if before.position.is_some_and(|at| at.through == self.journal_size()) {
            lock(&self.shipped).caught_up_at = Some(self.now());
            return true;
        }
        let Ok(_one_at_a_time) = self.begin_backup() else { return true };
        let now = self.now();
        let shipped = self.ship(before.position);
        let mut status = lock(&self.shipped);
        match shipped {
            Ok(shipped) => {
                status.failing = None;
                if let Some(shipped) = shipped {
                    shipped
                        .problems
                        .iter()
                        .for_each(|problem| tracing::warn!(%problem, "shipping the journal"));
                    status.position = Some(shipped.position);
                    status.caught_up_at = Some(now);
                }
                true
            }
            Err(error) => {
                // Said once, not every ten seconds.
                if status.failing.is_none() {
                    tracing::error!(%error, "the journal is not shipped to the daily backup");
                }
                status.failing = Some(error.to_string());
                status.position = None;
                false
            }
        }
    }

    fn ship(&self, at: Option<Position>) -> Result<Option<Shipped>, ArchiveError> {
        // Before the first generation there is nothing to follow, and no repository to be missed.
        if self.backup_row(Tier::Daily)?.is_none() {
            return Ok(None);
        }
        let lender = self.lender()?;
        Ok(self.source(&lender)?.ship(&self.repository(Tier::Daily)?, Tier::Daily, at)?)
    }
}

/// Waits; true when it is time to stop.
fn wait(stop: &(Mutex<bool>, Condvar), interval: Duration) -> bool {
    let waited = stop.1.wait_timeout_while(lock(&stop.0), interval, |stop| !*stop);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

// What the locks guard is replaced whole, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_time_since_nothing_was_left_behind() {
        let at = |second: u32| format!("2026-01-01T00:00:{second:02}Z").parse().unwrap();
        let position = Some(Position { generation: 1, through: 5 });
        let status = ShipStatus { position, caught_up_at: Some(at(10)), ..ShipStatus::default() };
        assert_eq!(status.lag_seconds(5, at(50)), Some(0));
        assert_eq!(status.lag_seconds(6, at(50)), Some(40));
        assert_eq!(status.lag_seconds(6, at(9)), Some(0), "a clock that was turned back");
        let failing = ShipStatus { position: None, ..status };
        assert_eq!(failing.lag_seconds(5, at(50)), Some(40));
        assert_eq!(ShipStatus::default().lag_seconds(6, at(9)), None);
    }
}
