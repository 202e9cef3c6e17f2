//! The thread that looks at the clock and runs what is due.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::runner::Runner;
use crate::archive::ArchiveError;

/// How often the clock is looked at. Short, because a clock may be set and a machine may sleep.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Runs due jobs until it is dropped.
pub struct Scheduler {
    runner: Arc<Runner>,
    stop: Option<Sender<()>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Scheduler {
    /// Starts the schedule. Runs that were missed are made up for at once.
    ///
    /// # Errors
    /// The store's, or no thread can be had.
    pub fn start(runner: Arc<Runner>) -> Result<Self, ArchiveError> {
        runner.begin()?;
        let (stop, stopped) = channel();
        let followed = Arc::clone(&runner);
        let thread = std::thread::Builder::new()
            .name("scheduler".into())
            .spawn(move || follow(&followed, &stopped))
            .map_err(ArchiveError::io("thread of the scheduler"))?;
        Ok(Self { runner, stop: Some(stop), thread: Mutex::new(Some(thread)) })
    }
}

fn follow(runner: &Runner, stopped: &Receiver<()>) {
    loop {
        match runner.run_next() {
            // There may be another one.
            Ok(true) if !runner.is_stopping() => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "the schedule could not be followed; trying again"),
        }
        if stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.runner.stop();
        drop(self.stop.take());
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its panics were caught where the jobs run; what is left is nothing to wait for.
            let _ = thread.join();
        }
    }
}
