//! Where a line ends: Unicode line breaking (UAX 14, which keeps 、 and 」 off the start of a line), by measured width.

use unicode_linebreak::{BreakOpportunity, linebreaks};

use super::face::Face;

/// Breaks a cleaned text into lines no wider than `width` ems. Spaces at an end may hang over; a word wider than the line
/// is broken anywhere. There is always at least one line.
pub fn wrap(face: &Face, text: &str, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut from = 0;
    for (to, kind) in linebreaks(text) {
        let piece = &text[from..to];
        from = to;
        let (visible, ends) = match piece.strip_suffix('\n') {
            Some(rest) => (rest, true),
            None => (piece, kind == BreakOpportunity::Mandatory && to == text.len()),
        };
        line.add(face, visible, width, &mut lines);
        if ends {
            lines.push(std::mem::take(&mut line).text);
        }
    }
    if !line.text.is_empty() || lines.is_empty() {
        lines.push(line.text);
    }
    lines
}

#[derive(Default)]
struct Line {
    text: String,
    width: f32,
}

impl Line {
    /// Adds a piece that may not be broken, or breaks it where nothing else helps.
    fn add(&mut self, face: &Face, piece: &str, width: f32, lines: &mut Vec<String>) {
        let (full, visible) = (face.width(piece), face.width(piece.trim_end_matches(' ')));
        if self.width + visible > width && !self.text.is_empty() {
            lines.push(std::mem::take(self).text);
        }
        if visible <= width {
            self.text.push_str(piece);
            self.width += full;
            return;
        }
        for character in piece.chars() {
            let own = face.drawn(character).map_or(0.0, |drawn| drawn.width);
            if self.width + own > width && !self.text.is_empty() && character != ' ' {
                lines.push(std::mem::take(self).text);
            }
            self.text.push(character);
            self.width += own;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: f32) -> Vec<String> {
        wrap(Face::get().expect("the font is part of the program"), text, width)
    }

    #[test]
    fn japanese_breaks_anywhere_but_not_before_a_full_stop_or_after_a_bracket() {
        assert_eq!(wrapped("業務委託契約", 4.0), ["業務委託", "契約"]);
        assert_eq!(wrapped("保存期間。満了", 4.0), ["保存期", "間。満了"]);
        assert_eq!(wrapped("甲乙丙「丁」", 4.0), ["甲乙丙", "「丁」"]);
        assert_eq!(wrapped("データーベース", 3.0), ["デー", "ター", "ベース"]);
        assert_eq!(wrapped("ちょっと", 1.5), ["ち", "ょ", "っ", "と"], "nothing else helps");
    }

    #[test]
    fn latin_words_stay_whole_and_spaces_hang() {
        assert_eq!(wrapped("retention period", 5.0), ["retention ", "period"]);
        assert_eq!(wrapped("a b", 100.0), ["a b"]);
        assert_eq!(wrapped("1,100,000円の契約", 5.5)[0], "1,100,000円");
    }

    #[test]
    fn a_digest_wider_than_the_line_is_broken_where_the_line_ends() {
        let digest = "0123456789abcdef".repeat(4);
        let lines = wrapped(&digest, 10.0);
        assert!(lines.len() > 3, "{lines:?}");
        assert_eq!(lines.concat(), digest);
    }

    #[test]
    fn line_feeds_break_and_nothing_is_lost() {
        assert_eq!(wrapped("一\n\n二", 9.0), ["一", "", "二"]);
        assert_eq!(wrapped("", 9.0), [""]);
        assert_eq!(wrapped("末尾\n", 9.0), ["末尾"]);
    }

    #[test]
    fn no_line_is_wider_than_told_unless_one_character_is() {
        let face = Face::get().expect("the font is part of the program");
        let text =
            "第3条（保存）　本契約の原本は、record 0197e2c4-1111 のとおり、税務署長の求めに応じて提示する。";
        for width in [1.0, 2.5, 7.0, 12.3, 30.0] {
            let lines = wrapped(text, width);
            assert_eq!(lines.concat(), text);
            for line in lines {
                assert!(
                    face.width(line.trim_end_matches(' ')) <= width || line.chars().count() == 1,
                    "{line} {width}"
                );
            }
        }
    }
}
