//! What the archive does by itself, day by day: notices of what comes due.

pub mod notices;
