//! Every bound on reading a PDF, and the budget that enforces those which span objects.
//!
//! Bounds count work, not seconds, wherever possible, so that the same file always gets the same answer.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lopdf::{Dictionary, Object};

/// Largest file that is read beyond its header, in bytes. Signing services send contracts of at most
/// some tens of megabytes.
pub const MAX_INPUT_BYTES: usize = 48 << 20;
/// Most tokens a file may hold outside compressed data. The parser makes 120 bytes of the two bytes `0 `, so
/// this, not the size, bounds its memory. Compressed data looks like one token in sixteen bytes.
pub(super) const MAX_TOKENS: usize = 4 << 20;
/// Most text kept of one document, in characters.
pub const MAX_TEXT_CHARS: usize = 64 << 10;
/// Most a single object stream or cross-reference stream may unpack to, in bytes. Real ones stay far
/// below 1 MiB.
pub(super) const MAX_UNPACKED_BYTES: usize = 16 << 20;
/// Most that all object streams of a file may unpack to together, in bytes.
const MAX_TOTAL_UNPACKED_BYTES: usize = 64 << 20;
/// Most the content of one page may unpack to, in bytes; pages of text stay below 200 KiB.
pub(super) const MAX_PAGE_CONTENT_BYTES: usize = 2 << 20;
/// Pages looked at for text.
pub(super) const MAX_TEXT_PAGES: usize = 500;
/// Nodes of the form visited in search of signatures.
pub(super) const MAX_FIELDS: usize = 20_000;
/// Signatures reported of one file.
pub(super) const MAX_SIGNATURES: usize = 256;
/// Cross-reference sections followed back through the history of a file. Every signature adds one to three.
pub(super) const MAX_REVISIONS: usize = 512;
/// Entries of all cross-reference sections of a file together.
pub(super) const MAX_XREF_ENTRIES: usize = 1 << 20;
/// Objects looked at, counted each time, in judging what later revisions did.
pub(super) const MAX_STEPS: usize = 8 << 20;
/// Characters kept of a name, reason or location.
pub(super) const MAX_LABEL_CHARS: usize = 512;
/// Memory that the parsed objects of one file may take, in bytes, as [`footprint`] estimates it.
const MAX_OBJECT_BYTES: usize = 384 << 20;
/// Most bytes of a file that are parsed or searched, counted each time. A file has no more than
/// [`MAX_INPUT_BYTES`], and nothing in it need be read twice.
const MAX_SCANNED_BYTES: usize = 256 << 20;
/// A stream kept in memory may be this large; larger ones (scans, fonts) are never looked at.
pub(super) const MAX_STREAM_BYTES: usize = 4 << 20;
/// Validation data collected from one file, in bytes, each piece and all together: with the copy that is unpacked at most the
/// file's size and twice this. The largest national revocation lists have some 20 MB.
pub(super) const MAX_EVIDENCE_BYTES: usize = 32 << 20;
/// How long a caller waits for one file. Real contracts take about a millisecond.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What is left of the bounds while one file is being read on this thread.
struct Budget {
    object_bytes: usize,
    unpacked_bytes: usize,
    scanned_bytes: usize,
    until: Until,
}

/// When the caller stops waiting.
enum Until {
    /// As soon as it says so from its own thread.
    Cancelled(Arc<AtomicBool>),
    /// At this time, looked at whenever the count of charges reaches [`LOOK_EVERY`].
    Deadline(Instant, u32),
}

/// Charges between two looks at the clock; each is the work of some microseconds at most.
const LOOK_EVERY: u32 = 64;

impl Until {
    fn is_over(&mut self) -> bool {
        match self {
            Self::Cancelled(cancelled) => cancelled.load(Ordering::Relaxed),
            Self::Deadline(deadline, count) => {
                *count += 1;
                *count % LOOK_EVERY == 0 && Instant::now() >= *deadline
            }
        }
    }
}

/// Unwound (without a panic message) through the parser to stop it; caught in `guard`.
pub(super) struct Exhausted;

thread_local! {
    static BUDGET: RefCell<Option<Budget>> = const { RefCell::new(None) };
}

/// Gives the current thread a full budget, which ends early when `cancelled` is set.
pub(super) fn begin(cancelled: Arc<AtomicBool>) {
    begin_until(Until::Cancelled(cancelled));
}

/// Runs `work` with a full budget that ends early after `patience`; then nothing is charged any more.
pub(super) fn within<T>(patience: Duration, work: impl FnOnce() -> T) -> T {
    begin_until(Until::Deadline(Instant::now() + patience, 0));
    let result = work();
    BUDGET.set(None);
    result
}

fn begin_until(until: Until) {
    let budget = Budget {
        object_bytes: MAX_OBJECT_BYTES,
        unpacked_bytes: MAX_TOTAL_UNPACKED_BYTES,
        scanned_bytes: MAX_SCANNED_BYTES,
        until,
    };
    BUDGET.set(Some(budget));
}

/// Charges `object` to the budget; stops the parser when nothing is left.
pub(super) fn charge_object(object: &Object) {
    let cost = footprint(object);
    spend(|budget| &mut budget.object_bytes, cost);
}

/// Charges `bytes` of unpacked stream data to the budget; stops the parser when nothing is left.
pub(super) fn charge_unpacked(bytes: usize) {
    spend(|budget| &mut budget.unpacked_bytes, bytes);
}

/// Charges `bytes` of the file that were gone through; stops when nothing is left.
pub(super) fn charge_scanned(bytes: usize) {
    spend(|budget| &mut budget.scanned_bytes, bytes);
}

/// Stops the parser if the caller has given up waiting.
pub(super) fn check_cancelled() {
    spend(|budget| &mut budget.object_bytes, 0);
}

fn spend(purse: impl FnOnce(&mut Budget) -> &mut usize, cost: usize) {
    let stop = BUDGET.with_borrow_mut(|slot| {
        let Some(budget) = slot.as_mut() else { return false };
        if budget.until.is_over() {
            return true;
        }
        let purse = purse(budget);
        let short = *purse < cost;
        *purse = purse.saturating_sub(cost);
        short
    });
    if stop {
        std::panic::resume_unwind(Box::new(Exhausted));
    }
}

/// Bytes of memory that `object` takes, roughly. Recursion ends because the parser nests at most 100 deep.
fn footprint(object: &Object) -> usize {
    let of_dictionary = |dictionary: &Dictionary| -> usize {
        dictionary.iter().map(|(key, value)| 64 + key.len() + footprint(value)).sum()
    };
    size_of::<Object>()
        + match object {
            Object::Name(bytes) | Object::String(bytes, _) => bytes.len(),
            Object::Array(items) => items.iter().map(footprint).sum(),
            Object::Dictionary(dictionary) => of_dictionary(dictionary),
            Object::Stream(stream) => stream.content.len() + of_dictionary(&stream.dict),
            _ => 0,
        }
}
