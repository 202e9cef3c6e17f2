//! Where in a policy file something stands: the line, and the key with its tables.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Line of a byte offset, counted from 1.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Line of the value at `path` (keys, and indices of arrays as numbers), or of the nearest table around it that exists.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let mut table = Some(root.get_ref());
    let mut array: Option<&[Spanned<DeValue<'_>>]> = None;
    let mut offset = 0;
    for step in path {
        let found = match (table, array) {
            (Some(table), _) => table.get_key_value(*step).map(|(key, value)| (key.span().start, value)),
            (None, Some(values)) => {
                let value = step.parse::<usize>().ok().and_then(|index| values.get(index));
                value.map(|value| (value.span().start, value))
            }
            (None, None) => None,
        };
        let Some((start, value)) = found else { break };
        offset = start;
        table = value.get_ref().as_table();
        array = value.get_ref().as_array().map(|values| values.as_ref());
    }
    line_at(text, offset)
}

/// The key, with the table it stands in, that a parser's offset falls on; `(file)` on a line without one.
pub(super) fn key_at(text: &str, offset: usize) -> String {
    let mut table = "";
    let wanted = line_at(text, offset);
    for (index, line) in text.lines().enumerate().take(wanted) {
        let line = line.trim();
        let last = index + 1 == wanted;
        if let Some(header) = line.strip_prefix('[').filter(|_| !line.contains('=')) {
            let header = header.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
            if last {
                return header.to_string();
            }
            table = header;
        } else if let Some((key, _)) = line.split_once('=').filter(|_| last) {
            let key = key.trim();
            return if table.is_empty() { key.to_string() } else { format!("{table}.{key}") };
        }
    }
    "(file)".to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id = 'a'\nclasses = [\n  'x',\n  'y',\n]\n\n[period]\nyears = 7\n\n[[example]]\nloss = true\n[[example]]\nloss = 1\n";

    #[test]
    fn a_path_leads_to_its_line() {
        assert_eq!(line_of(TEXT, &["id"]), 1);
        assert_eq!(line_of(TEXT, &["classes", "1"]), 4);
        assert_eq!(line_of(TEXT, &["period", "years"]), 8);
        assert_eq!(line_of(TEXT, &["example", "1", "loss"]), 13);
    }

    #[test]
    fn a_path_that_does_not_exist_leads_to_what_is_around_it() {
        assert_eq!(line_of(TEXT, &["period", "months"]), 7);
        assert_eq!(line_of(TEXT, &["nothing"]), 1);
        assert_eq!(line_of(TEXT, &["example", "9"]), 10);
        assert_eq!(line_of("= not toml", &["id"]), 1);
    }

    #[test]
    fn an_offset_names_the_key_and_its_table() {
        let at = |needle: &str| key_at(TEXT, TEXT.rfind(needle).unwrap());
        assert_eq!(at("'a'"), "id");
        assert_eq!(at("7"), "period.years");
        assert_eq!(at("1"), "example.loss");
        assert_eq!(at("[period]"), "period");
        assert_eq!(key_at("", 99), "(file)");
    }
}
