//! Conditions that only tantivy's inverted index answers: full text and management number.

use tantivy::query::{
    BooleanQuery, EnableScoring, Occur, PhraseQuery, Query as TantivyQuery, TermQuery, Weight,
};
use tantivy::schema::{IndexRecordOption, Schema, Term};
use tantivy::{DocId, SegmentReader};

use super::bits::Bits;
use super::error::{IndexError, SearchError};
use super::fold::fold_number;
use super::query::{MAX_TEXT_QUERY_CHARS, Query};
use super::schema::Fields;
use super::tokenizer::query_phrases;

/// The tantivy side of a query, ready to be asked of each segment.
///
/// # Errors
/// The text has nothing to look for, or is too long.
pub(super) fn weight(
    query: &Query,
    fields: &Fields,
    schema: &Schema,
) -> Result<Option<Box<dyn Weight>>, SearchError> {
    let mut conditions: Vec<(Occur, Box<dyn TantivyQuery>)> = Vec::new();
    if let Some(number) = query.number.as_deref().filter(|number| !number.trim().is_empty()) {
        let term = Term::from_field_text(fields.number, &fold_number(number));
        conditions.push((Occur::Must, Box::new(TermQuery::new(term, IndexRecordOption::Basic))));
    }
    if let Some(text) = query.text.as_deref().filter(|text| !text.trim().is_empty()) {
        if text.chars().nth(MAX_TEXT_QUERY_CHARS).is_some() {
            return Err(SearchError::TextTooLong);
        }
        let phrases = query_phrases(text);
        if phrases.is_empty() {
            return Err(SearchError::EmptyText);
        }
        conditions.extend(phrases.into_iter().map(|phrase| (Occur::Must, phrase_query(phrase, fields))));
    }
    if conditions.is_empty() {
        return Ok(None);
    }
    let all = BooleanQuery::new(conditions);
    let weight = all.weight(EnableScoring::disabled_from_schema(schema)).map_err(IndexError::from)?;
    Ok(Some(weight))
}

fn phrase_query(phrase: Vec<(usize, String)>, fields: &Fields) -> Box<dyn TantivyQuery> {
    let mut terms: Vec<(usize, Term)> =
        phrase.into_iter().map(|(at, token)| (at, Term::from_field_text(fields.text, &token))).collect();
    match terms.pop() {
        Some((_, only)) if terms.is_empty() => Box::new(TermQuery::new(only, IndexRecordOption::Basic)),
        last => {
            terms.extend(last);
            Box::new(PhraseQuery::new_with_offset(terms))
        }
    }
}

/// The rows of one segment that meet `weight`, deleted ones perhaps among them.
pub(super) fn rows(weight: &dyn Weight, segment: &SegmentReader) -> Result<Bits, IndexError> {
    let mut bits = Bits::empty(segment.max_doc());
    weight.for_each_no_score(segment, &mut |docs: &[DocId]| docs.iter().for_each(|doc| bits.set(*doc)))?;
    Ok(bits)
}
