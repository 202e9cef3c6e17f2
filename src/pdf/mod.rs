//! What a deposit needs to know about a PDF: is it one, is it signed, what does it say; and what is appended to one.
//!
//! Nothing here verifies a signature. Whether one is *there*, what it covers, and what was changed after it are
//! facts of the file; whether it is *good* needs certificates, revocation and time, and is told elsewhere.
//!
//! Every function is total: hostile bytes give an answer ("cannot tell" if need be), never a panic, and
//! never unbounded work. [`guard`] says how.

mod append;
mod attachment;
mod byte_range;
mod changes;
mod dss;
mod guard;
mod history;
mod inspect;
mod inspection;
mod limits;
mod load;
mod parts;
mod pdf_date;
mod read_signed;
mod signatures;
mod signed;
mod suggest;
mod text;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod encrypted_tests;
#[cfg(test)]
mod tests;

pub use append::{Addition, Appended, NotAppendable, SignatureData, TOKEN_ROOM, append};
pub use attachment::security_settings;
pub use changes::{Change, ChangeLevel};
pub use inspect::inspect;
pub use inspection::{Damage, Format, Inspection, NotRead, SignatureKind, SignatureSummary};
pub use limits::{MAX_INPUT_BYTES, MAX_TEXT_CHARS};
pub use read_signed::read_signed;
pub use signed::{Dss, FieldLock, Flaw, LaterRevision, RawSignature, SignedPdf, Vri};
pub use suggest::{Suggestion, suggest, suggest_for};
pub use text::{join_lines, text};
