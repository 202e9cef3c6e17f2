//! The clock seam: what time the machine says it is. Tests bring their own.

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time. Not proof of anything: destruction never relies on it.
pub trait Clock: Send + Sync {
    /// Now, in UTC, to the microsecond (the precision that journal entries keep).
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
