//! The other party of a contract.

use unicode_normalization::UnicodeNormalization;

use super::tail;

/// The roles that contracts give, in the order in which the other party is looked for: the drafter is
/// more often 甲, so 乙 comes first.
const ROLES: [char; 3] = ['乙', '甲', '丙'];
/// Longest name suggested, in characters.
const LONGEST: usize = 60;
/// What can stand between two parties.
const JOINTS: [&str; 3] = ["と", "及び", "並びに"];
/// Capacities written before a name.
const CAPACITIES: [&str; 12] = [
    "委託者",
    "受託者",
    "注文者",
    "請負者",
    "発注者",
    "受注者",
    "買主",
    "売主",
    "貸主",
    "借主",
    "貸付人",
    "借受人",
];
/// Words that only names of organisations contain.
const LEGAL_FORMS: [&str; 12] =
    ["会社", "㈱", "㈲", "(株)", "（株）", "(有)", "（有）", "法人", "組合", "LLC", "Inc", "Ltd"];

/// Legal forms in brackets.
const SHORT_FORMS: [&str; 6] = ["(株)", "（株）", "(有)", "（有）", "(同)", "（同）"];

/// The first party that is not `ourselves`.
pub(super) fn suggest(text: &str, ourselves: &str) -> Option<String> {
    let ours = fold(ourselves);
    let other = |name: &String| fold(name) != ours;
    let introduced = ROLES.iter().filter_map(|&role| introduced_as(text, role)).find(other);
    introduced.or_else(|| ROLES.iter().filter_map(|&role| signed_as(text, role)).find(other))
}

/// The name in `…株式会社国税商事（以下「乙」という。）`.
fn introduced_as(text: &str, role: char) -> Option<String> {
    let phrases = ["「", "『", "、「", "、『", ""].map(|mark| format!("以下{mark}{role}"));
    let (before, _) = phrases.iter().find_map(|phrase| text.split_once(phrase.as_str()))?;
    let before = before.trim_end().strip_suffix(['（', '('])?;
    let name = last_name(before);
    let broken_above = before.get(..before.len() - name.len())?.strip_suffix('\n');
    // The line may have been broken inside the name; then the last line ends with と and its beginning.
    let above = broken_above.and_then(|above| tail(above, |c| c != '\n').rsplit_once(['）', ')']));
    let whole = above.map_or_else(|| name.to_owned(), |(_, start)| format!("{start}{name}"));
    // At the beginning of a line と belongs to the name: とらや.
    let joined = above.is_some() || before.strip_suffix(name)?.ends_with(['）', ')', '、']);
    let whole = whole.trim_start();
    let after_joint = JOINTS.iter().find_map(|joint| whole.strip_prefix(joint)).filter(|_| joined);
    clean(after_joint.unwrap_or(whole))
}

/// The end of `text` up to the bracket, stop or line break before it; `(株)` and the like belong to the name.
fn last_name(text: &str) -> &str {
    let (mut rest, mut found_short) = (text, true);
    while found_short {
        rest = rest.trim_end_matches(|c| !"（）()、。「」；;\n".contains(c));
        let shorter = SHORT_FORMS.iter().find_map(|form| rest.strip_suffix(form));
        found_short = shorter.is_some();
        rest = shorter.unwrap_or(rest);
    }
    text.get(rest.len()..).unwrap_or_default()
}

/// The name in a line `乙　東京都…　株式会社国税商事　代表取締役　…`.
fn signed_as(text: &str, role: char) -> Option<String> {
    let mut lines = text.lines().rev().filter_map(|line| line.trim_start().strip_prefix(role));
    let mut parts =
        lines.find(|line| line.starts_with([' ', '　', ':', '：', ')', '）']))?.split([' ', '　', ':', '：']);
    clean(parts.find(|part| LEGAL_FORMS.iter().any(|form| part.contains(form)))?)
}

/// Takes a capacity off the front; `None` if nothing that can be a name is left.
fn clean(name: &str) -> Option<String> {
    let name = name.trim();
    let named = CAPACITIES.iter().find_map(|front| name.strip_prefix(front));
    let name = named.map_or(name, |rest| rest.trim_start_matches([' ', '　', '、', '，', ':', '：']));
    let length = name.chars().count();
    let is_name = (2..=LONGEST).contains(&length) && name.chars().any(char::is_alphabetic);
    is_name.then(|| name.to_owned())
}

/// For comparing names only.
fn fold(name: &str) -> String {
    name.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_introduced_by_role_are_found() {
        let text =
            "委託者　株式会社髙﨑商店（以下「甲」という。）及び受託者 (株)若竹（以下、「乙」という。）は、";
        assert_eq!(introduced_as(text, '甲').as_deref(), Some("株式会社髙﨑商店"));
        assert_eq!(introduced_as(text, '乙').as_deref(), Some("(株)若竹"));
        assert_eq!(introduced_as(text, '丙'), None);
        assert_eq!(introduced_as("若竹（株）（以下「丙」という）", '丙').as_deref(), Some("若竹（株）"));
    }

    #[test]
    fn a_name_broken_over_two_lines_is_put_together() {
        let text = "甲斐株式会社（以下「甲」という。）とKuon Trading \nLLC（以下「乙」という。）とは、";
        assert_eq!(introduced_as(text, '乙').as_deref(), Some("Kuon Trading LLC"));
    }

    #[test]
    fn a_name_that_begins_like_a_joint_keeps_its_beginning() {
        let text = "とらや株式会社（以下「甲」という。）ととらや商事株式会社（以下「乙」という。）とは、";
        assert_eq!(introduced_as(text, '甲').as_deref(), Some("とらや株式会社"));
        assert_eq!(introduced_as(text, '乙').as_deref(), Some("とらや商事株式会社"));
    }

    #[test]
    fn the_line_above_is_left_alone_where_a_paragraph_begins() {
        let text = "契約金額　金1円\n甲斐株式会社（以下「甲」という。）と";
        assert_eq!(introduced_as(text, '甲').as_deref(), Some("甲斐株式会社"));
    }

    #[test]
    fn the_signature_block_is_the_second_choice() {
        let text = "甲　東京都千代田区1番　甲斐株式会社　代表取締役　佐藤\n乙　呉市2番　㈱国税商事　代表取締役　吉川";
        assert_eq!(suggest(text, "甲斐株式会社").as_deref(), Some("㈱国税商事"));
    }
}
