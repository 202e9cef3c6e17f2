//! What a contract record is: its id, dates, money, counterparty, class, and the versions of its metadata.
//!
//! Everything here is data and pure functions: no files, no keys, no clock.

pub mod amount;
pub mod counterparty;
pub mod currency;
pub mod date;
pub mod digest;
pub mod entry;
pub mod file_name;
pub mod holidays;
pub mod id;
pub mod metadata;
pub mod span;
pub mod version;

pub use counterparty::Counterparty;
pub use currency::Currency;
pub use date::DateRange;
pub use digest::Digest;
pub use entry::{Entry, EntryError};
pub use id::RecordId;
pub use metadata::{Metadata, MetadataError, Money, TaxBasis};
pub use span::{Span, SpanError};
pub use version::Version;
