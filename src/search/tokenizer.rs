//! Tokens with real positions: Japanese in single characters and pairs, other scripts in words.
//!
//! tantivy's own n-gram tokenizer gives every token position 0, so that phrases cannot be matched. Here each
//! ideograph or kana takes one position and starts a pair with its neighbour; a word takes one position;
//! punctuation between takes one too, so that nothing matches across it. White space between Japanese
//! characters counts for nothing: text taken from a PDF breaks lines anywhere.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::fold::fold_text;
use super::fold_tables::is_dash;

/// The name under which the index knows this tokenizer.
pub(super) const TOKENIZER: &str = "shosoin1";
/// Characters of a word that count; the rest of a longer one is ignored.
const MAX_WORD_CHARS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One character is one unit: ideographs, kana, hangul and what else is written without spaces.
    Single,
    /// Part of a word.
    Letter,
    Space,
    /// Dashes and long-vowel marks vanish behind a single unit.
    Dash,
    Break,
}

fn kind(c: char) -> Kind {
    match c {
        _ if c.is_whitespace() => Kind::Space,
        _ if is_dash(c) => Kind::Dash,
        '\u{2e80}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
            if c.is_alphanumeric() =>
        {
            Kind::Single
        }
        _ if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Break,
    }
}

/// One unit of text: a word or a single character, at its position.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    position: usize,
    text: String,
    single: bool,
}

fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let (mut position, mut before) = (0, Kind::Break);
    for c in fold_text(text) {
        let mut kind = kind(c);
        match kind {
            Kind::Single => {
                units.push(Unit { position, text: c.to_string(), single: true });
                position += 1;
            }
            Kind::Letter if before == Kind::Letter => {
                if let Some(word) = units.last_mut()
                    && word.text.chars().nth(MAX_WORD_CHARS - 1).is_none()
                {
                    word.text.push(c);
                }
            }
            Kind::Letter => {
                units.push(Unit { position, text: c.to_string(), single: false });
                position += 1;
            }
            Kind::Dash if before == Kind::Single => kind = Kind::Single,
            Kind::Dash | Kind::Break if before != Kind::Break => {
                position += 1;
                kind = Kind::Break;
            }
            Kind::Dash => kind = Kind::Break,
            Kind::Space | Kind::Break => {}
        }
        before = kind;
    }
    units
}

/// All tokens of `text` for the index: `(position, token)`.
fn index_tokens(text: &str) -> Vec<(usize, String)> {
    let units = units(text);
    let mut tokens = Vec::with_capacity(units.len() * 2);
    for (i, unit) in units.iter().enumerate() {
        tokens.push((unit.position, unit.text.clone()));
        if let Some(next) = pair_of(unit, units.get(i + 1)) {
            tokens.push((unit.position, next));
        }
    }
    tokens
}

fn pair_of(unit: &Unit, next: Option<&Unit>) -> Option<String> {
    let next = next.filter(|next| unit.single && next.single && next.position == unit.position + 1)?;
    Some(format!("{}{}", unit.text, next.text))
}

/// The phrases of a query: one for each part between spaces, each a list of `(position, token)`.
///
/// Pairs are rarer than single characters, so a phrase uses pairs wherever it can.
pub(super) fn query_phrases(query: &str) -> Vec<Vec<(usize, String)>> {
    query.split_whitespace().map(phrase).filter(|phrase| !phrase.is_empty()).collect()
}

fn phrase(part: &str) -> Vec<(usize, String)> {
    let units = units(part);
    let mut tokens = Vec::new();
    let mut covered = false;
    for (i, unit) in units.iter().enumerate() {
        match pair_of(unit, units.get(i + 1)) {
            Some(pair) => {
                tokens.push((unit.position, pair));
                covered = true;
            }
            None if covered => covered = false,
            None => tokens.push((unit.position, unit.text.clone())),
        }
    }
    tokens
}

/// The tokenizer as tantivy wants it.
#[derive(Clone, Default)]
pub(super) struct CjkTokenizer;

pub(super) struct Stream {
    tokens: std::vec::IntoIter<(usize, String)>,
    token: Token,
}

impl Tokenizer for CjkTokenizer {
    type TokenStream<'a> = Stream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream {
        Stream { tokens: index_tokens(text).into_iter(), token: Token::default() }
    }
}

impl TokenStream for Stream {
    fn advance(&mut self) -> bool {
        let Some((position, text)) = self.tokens.next() else { return false };
        // Offsets would serve highlighting only, which needs the text that the index does not keep.
        self.token = Token { position, text, ..Token::default() };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(tokens: &[(usize, String)]) -> String {
        tokens.iter().map(|(p, t)| format!("{p}{t}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn japanese_gives_characters_and_pairs_and_other_scripts_words() {
        assert_eq!(
            joined(&index_tokens("契約書 ABC-12、別紙")),
            "0契 0契約 1約 1約書 2書 3abc 512 7別 7別紙 8紙"
        );
        assert_eq!(joined(&index_tokens("業務\n委託")), "0業 0業務 1務 1務委 2委 2委託 3託");
        assert_eq!(joined(&index_tokens("サーバー")), joined(&index_tokens("ｻｰﾊﾞ")));
    }

    #[test]
    fn a_phrase_uses_pairs_and_keeps_gaps() {
        let phrases = query_phrases("契約書 約 ABC社");
        assert_eq!(phrases.iter().map(|p| joined(p)).collect::<Vec<_>>(), ["0契約 1約書", "0約", "0abc 1社"]);
        assert!(query_phrases("、。 ー").is_empty());
    }
}
