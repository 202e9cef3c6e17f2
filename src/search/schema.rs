//! The fields of the tantivy index and how a version becomes a tantivy document.
//!
//! Drawn in `schema/search-index.md`. Nothing is stored: hits are numbers that the archive turns into records.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{IndexSettings, IndexSortByField, Order, TantivyDocument};

use super::document::{MAX_SEQ, MAX_TEXT_BYTES, VersionDoc, cut, days};
use super::error::IndexError;
use super::fold::{NameKeys, fold_number};
use super::tokenizer::TOKENIZER;

/// Version of the fields below; an index of another version is refused and built again.
pub(super) const SCHEMA_VERSION: u32 = 1;
/// Stands between the parts of a party key; control characters cannot occur in them.
pub(super) const PART: char = '\u{1f}';
pub(super) const WITHDRAWN: u64 = 1;
pub(super) const SUPERSEDED: u64 = 2;

/// Bits of `order` that hold the record's number; the date sits above them.
const SEQ_BITS: u32 = 40;
/// Added to days since 1970 so that they are never negative; half of the 24 bits left.
const DAY_OFFSET: i64 = 1 << 23;

/// Handles of the fields.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    /// Date and record number in one: what segments are sorted by, so that rows come by date, then number.
    pub order: Field,
    pub seq: Field,
    pub version: Field,
    pub flags: Field,
    pub amount: Field,
    pub currency: Field,
    pub party: Field,
    pub entity: Field,
    pub class: Field,
    pub number: Field,
    pub text: Field,
}

/// The schema and its handles.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let positions = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(false);
    let fields = Fields {
        order: builder.add_u64_field("order", FAST),
        seq: builder.add_u64_field("seq", INDEXED),
        version: builder.add_u64_field("version", FAST),
        flags: builder.add_u64_field("flags", FAST),
        amount: builder.add_i64_field("amount", FAST),
        currency: builder.add_text_field("currency", FAST),
        party: builder.add_text_field("party", FAST),
        entity: builder.add_text_field("entity", FAST),
        class: builder.add_text_field("class", FAST),
        number: builder.add_text_field("number", STRING),
        text: builder.add_text_field("text", TextOptions::default().set_indexing_options(positions)),
    };
    (builder.build(), fields)
}

/// Rows of a segment are sorted by `order`; nothing is stored, so no thread is needed to compress it.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        sort_by_field: Some(IndexSortByField { field: "order".to_owned(), order: Order::Asc }),
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// Date and number of a record as one ascending key.
pub(super) fn order_key(day: i32, seq: u64) -> Option<u64> {
    let day = u64::try_from(i64::from(day) + DAY_OFFSET).ok().filter(|day| *day < 1 << (64 - SEQ_BITS))?;
    (seq <= MAX_SEQ).then_some(day << SEQ_BITS | seq)
}

/// What [`order_key`] joined.
pub(super) fn split_order_key(key: u64) -> (i32, u64) {
    (((key >> SEQ_BITS) as i64 - DAY_OFFSET) as i32, key & MAX_SEQ)
}

/// The key of a party: what search needs to know of a name, and nothing that only display needs.
pub(super) fn party_key(name: &str) -> String {
    let keys = NameKeys::of(name);
    format!("{}{PART}{}{PART}{:x}{PART}{:016x}", keys.stripped, keys.whole, keys.forms.0, keys.light_hash())
}

/// Builds the tantivy document of one version.
///
/// # Errors
/// The date or number lies outside of what the sort key holds.
pub(super) fn to_tantivy(fields: &Fields, seq: u64, doc: &VersionDoc) -> Result<TantivyDocument, IndexError> {
    let order = order_key(days(doc.date), seq).ok_or_else(|| IndexError::Document {
        seq,
        reason: format!("date {} or its number lies outside of what the index can order", doc.date),
    })?;
    let mut out = TantivyDocument::new();
    out.add_u64(fields.order, order);
    out.add_u64(fields.seq, seq);
    out.add_u64(fields.version, u64::from(doc.version));
    let flag = |on: bool, bit: u64| if on { bit } else { 0 };
    out.add_u64(fields.flags, flag(doc.withdrawn, WITHDRAWN) | flag(doc.superseded, SUPERSEDED));
    if let Some((minor, currency)) = doc.amount {
        out.add_i64(fields.amount, minor);
        out.add_text(fields.currency, currency.to_string());
    }
    out.add_text(fields.party, party_key(&doc.counterparty));
    out.add_text(fields.entity, &doc.entity);
    out.add_text(fields.class, &doc.class);
    let number = doc.number.as_deref().map(fold_number).filter(|number| !number.is_empty());
    if let Some(number) = number {
        out.add_text(fields.number, number);
    }
    let named = [Some(doc.counterparty.as_str()), doc.title.as_deref(), doc.number.as_deref()];
    for text in named.into_iter().flatten().chain(doc.custom.iter().map(String::as_str)) {
        out.add_text(fields.text, text);
    }
    if let Some(text) = &doc.text {
        out.add_text(fields.text, cut(text, MAX_TEXT_BYTES));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_keys_sort_by_date_then_number_and_come_apart_again() {
        let cases = [(-700_000, 5), (-1, 0), (-1, MAX_SEQ), (0, 0), (20_000, 7), (20_001, 1)];
        let keys: Vec<u64> = cases.iter().map(|(day, seq)| order_key(*day, *seq).unwrap()).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(keys.iter().zip(cases).all(|(key, case)| split_order_key(*key) == case));
        assert_eq!(order_key(0, MAX_SEQ + 1), None);
        assert_eq!(order_key(i32::MAX, 0), None);
    }
}
