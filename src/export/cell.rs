//! Spreadsheet cells that must not become formulas, and the way back.

/// First characters that make a spreadsheet compute a cell instead of showing it; the full-width ones do so in
/// Japanese spreadsheets (OWASP, "CSV Injection").
const STARTS_A_FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The guard: spreadsheets show what follows it as text.
const GUARD: char = '\'';

/// `text` as it is written to a cell: a leading apostrophe where a spreadsheet would see a formula.
///
/// Text that already looks guarded gets one more, so that [`recall`] gives back exactly what was defused.
pub fn defuse(text: &str) -> String {
    if is_dangerous(text) { format!("{GUARD}{text}") } else { text.to_owned() }
}

/// What [`defuse`] was given; cells that it could not have written are left alone.
pub fn recall(cell: &str) -> &str {
    match cell.strip_prefix(GUARD) {
        Some(rest) if is_dangerous(rest) => rest,
        _ => cell,
    }
}

fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches(GUARD).starts_with(STARTS_A_FORMULA)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_defused() {
        for formula in ["=cmd()", "+1", "-5", "@x", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠a"] {
            assert_eq!(defuse(formula), format!("'{formula}"));
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["", "株式会社国税商事", "'90s", "a=b", " =1", "''"] {
            assert_eq!(defuse(text), text);
            assert_eq!(recall(text), text);
        }
    }

    #[test]
    fn text_that_looks_guarded_comes_back_with_its_apostrophe() {
        assert_eq!(defuse("'=x"), "''=x");
        assert_eq!(recall("''=x"), "'=x");
    }

    proptest! {
        #[test]
        fn whatever_is_defused_comes_back(text in "['=+@\\-＝a]{0,6}|\\PC{0,12}") {
            let cell = defuse(&text);
            prop_assert_eq!(recall(&cell), text);
            prop_assert!(!cell.starts_with(STARTS_A_FORMULA));
        }
    }
}
