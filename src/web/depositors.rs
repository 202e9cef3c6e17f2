//! Threads for deposits, apart from those that answer everybody else: they stand back.

use std::sync::mpsc::channel;

use tokio::runtime::{Builder, Runtime};

use crate::archive::{ArchiveError, stand_back};

/// Runs deposits. Dropping it waits for those that run.
pub struct Depositors {
    /// Only its threads for work that blocks are used. `None` while it is being dropped.
    runtime: Option<Runtime>,
}

impl Depositors {
    /// # Errors
    /// When the operating system gives no threads.
    pub fn new() -> Result<Self, ArchiveError> {
        let runtime =
            Builder::new_current_thread().thread_name("depositor").on_thread_start(stand_back).build();
        Ok(Self { runtime: Some(runtime.map_err(ArchiveError::io("threads for deposits"))?) })
    }

    /// Starts `work` on one of the threads; `None` when this is being dropped.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        self.runtime.as_ref().map(|runtime| runtime.spawn_blocking(work))
    }
}

impl Drop for Depositors {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // tokio lets no runtime be dropped on a thread of another, because that waits. Here waiting is meant.
        let (hand_over, handed_over) = channel::<Runtime>();
        match std::thread::Builder::new().spawn(move || drop(handed_over.recv())) {
            Ok(waiting) => {
                let _ = hand_over.send(runtime);
                let _ = waiting.join();
            }
            Err(_) => runtime.shutdown_background(),
        }
    }
}
