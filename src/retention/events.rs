//! Events that start a period: hand-over, end of the contract, leaving a job. Where their days stand in a record.

use super::text::Lang;

/// Events that ship with a name in both languages: id, the column that index books call it, English. Any other name may
/// be used in a policy; its day stands in the custom field of that name.
pub const KNOWN_EVENTS: [(&str, &str, &str); 9] = [
    (CONTRACT_END, "契約終了日", "end of the contract"),
    ("hand_over", "引渡日", "hand-over of the work"),
    ("employment_end", "退職日", "end of the employment"),
    ("completion", "完結日", "completion of the matter"),
    ("delivery", "納入日", "delivery"),
    ("account_closed", "口座閉鎖日", "closing of the account"),
    ("filed", "申告日", "filing of the tax return"),
    ("use_ended", "使用終了日", "end of use"),
    ("settlement", "決算確定日", "closing of the annual accounts"),
];

/// The event whose day is the record's own end date (契約終了日).
pub const CONTRACT_END: &str = "contract_end";

/// What people call an event; one that is not known is shown as it is written.
#[must_use]
pub fn event_label(event: &str, lang: Lang) -> &str {
    let known = KNOWN_EVENTS.iter().find(|(id, _, _)| *id == event);
    known.map_or(event, |(_, ja, en)| match lang {
        Lang::Ja => ja,
        Lang::En => en,
    })
}
