//! A store that is being filled: nothing is logged, so what reaches the disk when must be said by hand.

use super::{Gate, RocksStore};
use crate::store::CommitError;

/// Rows in memory, in bytes, above which they are written down without being asked. Half of what would make RocksDB do it
/// on its own ([`options::FILL_BUFFERS`](super::options)): rows must never be on the disk before the objects that they name.
const UNSETTLED: usize = 32 << 20;

impl RocksStore {
    /// Counts the rows of a write, and settles when too many wait.
    pub(super) fn count_unsettled(&self, bytes: usize, gate: &mut Gate) -> Result<(), CommitError> {
        if self.logged {
            return Ok(());
        }
        gate.unsettled = gate.unsettled.saturating_add(bytes);
        if gate.unsettled < UNSETTLED {
            return Ok(());
        }
        self.settle_filled(gate)
    }

    /// Objects first, then the rows that name them.
    pub(super) fn settle_filled(&self, gate: &mut Gate) -> Result<(), CommitError> {
        gate.writer.sync()?;
        self.flush()?;
        gate.unsettled = 0;
        Ok(())
    }
}
