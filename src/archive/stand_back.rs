//! Stand back: lets a thread that deposits yield to whoever everybody waits for.

/// How far, as `nice(2)` counts: a tenth of a processor where somebody else wants all of it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lowers the priority of the calling thread, for good. To be called by threads that do nothing but deposit.
///
/// Judging and sealing a contract is work that one person waits for; everybody waits for the committer, and a search is
/// over in a millisecond. With more deposits at once than processors, the committer stood in line for a processor each time
/// the disk had answered it, for up to half of the time between two commits (`benches/deposit.rs`).
/// Standing back needs no rights, unlike going first. Where priority is not a matter of the thread, nobody stands back.
pub fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread that deposits could not stand back");
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn only_the_calling_thread_stands_back() {
        use super::{NICE, stand_back};
        let before = rustix::process::getpriority_process(None).unwrap();
        let other = std::thread::spawn(|| {
            stand_back();
            rustix::process::getpriority_process(None).unwrap()
        });
        // Nobody stands back further than 19.
        assert_eq!(other.join().unwrap(), (before + NICE).min(19));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}
