//! Running a parser that is not ours on bytes that are not ours, and always getting an answer.
//!
//! Three nets, from the finest to the coarsest:
//! 1. budgets (`limits`) charged for every object the parser reads, which stop it from inside;
//! 2. `catch_unwind`, for a panic in the parser;
//! 3. a thread of its own, so that the caller can stop waiting. A thread cannot be killed: it is told to stop
//!    and, should it be stuck where it cannot hear that, left behind. At most [`MAX_STRAYS`] may be left
//!    behind at a time; while they are, no further file is read, and files are kept all the same.
//!
//! The bytes are copied for the thread: 20 microseconds for a contract, and the caller need not share them.
//! A thread that is done waits for the next file, which is cheaper than starting one for each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SendError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::limits::{self, Exhausted};

/// Threads that may be stuck at a time before reading is refused.
const MAX_STRAYS: usize = 4;
/// Room for the parser's recursion, in bytes; it nests at most 100 deep.
const STACK_BYTES: usize = 8 << 20;

/// Threads that wait for work at a time; more end when they are done.
const MAX_IDLE: usize = 4;

static STRAYS: AtomicUsize = AtomicUsize::new(0);
static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

/// Work for a thread, which is told how to reach itself, and says whether it waits for more.
struct Job(Box<Work>);
type Work = dyn FnOnce(&Sender<Job>) -> bool + Send;

/// Gives `job` to a waiting thread, or to a new one; `false` if the system has none left.
fn hand_over(job: Job) -> bool {
    let waiting = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    match waiting {
        Some(thread) => match thread.send(job) {
            Ok(()) => true,
            Err(SendError(job)) => start(job),
        },
        None => start(job),
    }
}

/// Starts a thread that does `job`, and what comes after it.
fn start(job: Job) -> bool {
    let (itself, jobs) = channel::<Job>();
    let work = move || {
        let mut next = Some(job);
        while let Some(Job(work)) = next.take() {
            if work(&itself) {
                next = jobs.recv().ok();
            }
        }
    };
    thread::Builder::new().name("pdf-reader".into()).stack_size(STACK_BYTES).spawn(work).is_ok()
}

/// Lets the thread be found again; `false` if enough are waiting.
fn offer(thread: &Sender<Job>) -> bool {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let room = idle.len() < MAX_IDLE;
    if room {
        idle.push(thread.clone());
    }
    room
}

/// Why the work gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// A budget ran out.
    TooComplex,
    /// The caller's patience ran out, or stuck threads leave no room for another.
    TookTooLong,
    /// The parser panicked.
    Panicked,
}

/// Runs `work` here and now, for at most `patience`: code of ours, which charges the budget wherever it loops, and so needs
/// no thread that can be left behind. A panic of a parser is caught as well.
pub(super) fn here<T>(patience: Duration, work: impl FnOnce() -> T) -> Result<T, Stopped> {
    limits::within(patience, || catch_unwind(AssertUnwindSafe(work)))
        .map_err(|payload| if payload.is::<Exhausted>() { Stopped::TooComplex } else { Stopped::Panicked })
}

/// Runs `work` on a copy of `bytes`, waiting at most `patience`.
pub(super) fn run<T, F>(bytes: &[u8], patience: Duration, work: F) -> Result<T, Stopped>
where
    T: Send + 'static,
    F: FnOnce(&[u8]) -> T + Send + 'static,
{
    if STRAYS.load(Ordering::SeqCst) >= MAX_STRAYS {
        return Err(Stopped::TookTooLong);
    }
    let bytes: Box<[u8]> = bytes.into();
    let cancelled = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&cancelled);
    let (sender, receiver) = sync_channel(1);
    let job = move |thread: &Sender<Job>| {
        limits::begin(Arc::clone(&told));
        let result = catch_unwind(AssertUnwindSafe(|| work(&bytes))).map_err(|payload| {
            if payload.is::<Exhausted>() { Stopped::TooComplex } else { Stopped::Panicked }
        });
        drop(bytes);
        // Before the caller hears of the result, so that its next file finds this thread waiting.
        let waits = offer(thread);
        // The receiver is gone if the caller stopped waiting; then nobody wants the result.
        let _ = sender.send(result);
        // A stray counts itself out again, whichever way it ends.
        if told.swap(true, Ordering::SeqCst) {
            STRAYS.fetch_sub(1, Ordering::SeqCst);
        }
        waits
    };
    if !hand_over(Job(Box::new(job))) {
        return Err(Stopped::TookTooLong);
    }
    match receiver.recv_timeout(patience) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => Err(Stopped::Panicked),
        Err(RecvTimeoutError::Timeout) => {
            // Counted before told, so that the thread cannot count out first.
            STRAYS.fetch_add(1, Ordering::SeqCst);
            if cancelled.swap(true, Ordering::SeqCst) {
                // It ended in this very moment and counted nothing.
                STRAYS.fetch_sub(1, Ordering::SeqCst);
            }
            Err(Stopped::TookTooLong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGES: Duration = Duration::from_secs(600);

    #[test]
    fn work_that_ends_gives_its_result() {
        assert_eq!(run(b"abc", AGES, |bytes| bytes.len()), Ok(3));
    }

    #[test]
    fn work_in_the_callers_own_thread_ends_with_its_budget_its_patience_or_its_result() {
        assert_eq!(here(AGES, || 3), Ok(3));
        let endless = || loop {
            limits::charge_scanned(1 << 20);
        };
        assert_eq!(here::<()>(AGES, endless), Err(Stopped::TooComplex));
        let idle = || loop {
            limits::check_cancelled();
        };
        assert_eq!(here::<()>(Duration::ZERO, idle), Err(Stopped::TooComplex));
        // Nothing is charged afterwards.
        limits::charge_scanned(usize::MAX);
    }

    #[test]
    fn a_thread_that_panicked_or_ran_out_of_budget_works_on() {
        for _ in 0..20 {
            let panicked: Result<(), _> = run(b"", AGES, |_| std::panic::resume_unwind(Box::new("again")));
            assert_eq!(panicked, Err(Stopped::Panicked));
            assert_eq!(run(b"abcd", AGES, |bytes| bytes.len()), Ok(4));
        }
    }

    #[test]
    fn a_panic_in_the_parser_is_an_answer() {
        let result: Result<(), _> =
            run(b"", AGES, |_| std::panic::resume_unwind(Box::new("as if by panic!")));
        assert_eq!(result, Err(Stopped::Panicked));
    }

    #[test]
    fn a_budget_that_runs_out_is_told_from_a_panic() {
        let endless = |_: &[u8]| loop {
            limits::charge_unpacked(1 << 20);
        };
        let result: Result<(), _> = run(b"", AGES, endless);
        assert_eq!(result, Err(Stopped::TooComplex));
    }

    #[test]
    fn a_caller_stops_waiting_and_the_thread_hears_of_it() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let endless = move |_: &[u8]| {
            let _told = sender; // dropped when the thread unwinds
            loop {
                limits::check_cancelled();
                thread::yield_now();
            }
        };
        let result: Result<(), _> = run(b"", Duration::from_millis(1), endless);
        assert_eq!(result, Err(Stopped::TookTooLong));
        // Ends only because the thread stopped and dropped its end.
        assert_eq!(receiver.recv(), Err::<(), _>(std::sync::mpsc::RecvError));
    }
}
