//! Hands out the committer's answers, on a thread of its own.
//!
//! Whoever is woken takes the processor from whoever woke it. With two processors the committer stood still while everybody it had
//! answered worked on their next deposit, until they all waited for it again: work and waiting for the disk took turns
//! (`benches/deposit.rs`).

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::committer::Stamp;
use super::error::ArchiveError;

/// What became of one entry.
pub(super) type Outcome = Result<Stamp, ArchiveError>;

/// An outcome and who waits for it.
pub(super) type Answer = (Sender<Outcome>, Outcome);

/// Handle to the thread; dropping it finishes what waits, then stops.
pub(super) struct Answers {
    queue: Option<Sender<Vec<Answer>>>,
    thread: Option<JoinHandle<()>>,
}

impl Answers {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(super) fn start() -> Result<Self, ArchiveError> {
        let (queue, answers) = channel();
        let thread = std::thread::Builder::new()
            .name("answers".into())
            .spawn(move || run(&answers))
            .map_err(ArchiveError::io("thread for answers"))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Answers, soon, in this order, after all that was handed in before. Everybody in `answers` waits, which bounds the queue.
    pub(super) fn hand_out(&self, answers: Vec<Answer>) {
        if answers.is_empty() {
            return;
        }
        let queued = self.queue.as_ref().map(|queue| queue.send(answers));
        if let Some(Err(unsent)) = queued {
            answer(unsent.0);
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(queue: &Receiver<Vec<Answer>>) {
    queue.iter().for_each(answer);
}

fn answer(answers: Vec<Answer>) {
    // A caller may have gone away; its entry stands all the same.
    answers.into_iter().for_each(|(reply, outcome)| drop(reply.send(outcome)));
}
