//! Search: a tantivy follower of the journal, Japanese folding, exact counts in milliseconds.
//!
//! tantivy keeps the columns and the text on disk (sealed, merged, deleted); [`Index`] keeps the columns that every
//! search touches in memory and walks them itself, because "newest 50 and the exact total" means looking at every
//! match, and tantivy looks at each through a virtual call. The index knows no bodies: a [`Hit`] is a number.
//!
//! Knows: fields of a record that can be asked for. Must never know: the store, keys of records, who asks.

mod amounts;
mod bits;
mod bulk;
mod chunk_cache;
mod columns;
mod count;
mod cursor;
mod document;
mod error;
mod fold;
mod fold_tables;
mod index;
mod legal_form;
mod load;
mod maintain;
mod names;
mod plan;
mod query;
mod schema;
mod sealed_directory;
mod sealed_file;
mod snapshot;
mod text;
mod tokenizer;
mod top;
mod writer;

pub use bulk::{Bulk, BulkOptions};
pub use cursor::Cursor;
pub use document::{CurrencyCode, InvalidCurrencyCode, MAX_SEQ, MAX_TEXT_BYTES, RecordDocs, VersionDoc};
pub use error::{IndexError, SearchError};
pub use fold::{FOLD_VERSION, NameKeys, fold_number};
pub use index::{Index, IndexOptions, IndexStatus};
pub use legal_form::Forms;
pub use query::{
    AmountFilter, DateSpan, Hit, MAX_LIMIT, MAX_TEXT_QUERY_CHARS, Query, Results, Sort, Versions, Withdrawn,
};
pub use sealed_file::IndexKey;
