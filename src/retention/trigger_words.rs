//! Putting what starts a period into words, in both languages.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate};

use super::calendar::FiscalYear;
use super::decide::{DayKind, Finding};
use super::events::event_label;
use super::text::Lang;
use super::trigger::{Trigger, months_with_extension};

/// Room for the longest usual trigger, in bytes, so that it is written without growing.
const USUAL_TRIGGER_BYTES: usize = 320;

/// 「取引日2026年2月1日の属する事業年度（…）終了の日の翌日から2か月を経過した日から7年間」
pub(super) fn trigger_ja(finding: &Finding<'_>) -> String {
    let mut text = String::with_capacity(USUAL_TRIGGER_BYTES);
    let kind = match finding.day.kind {
        DayKind::Received => "受領日",
        DayKind::Signed => "締結日",
        DayKind::Transaction => "取引日",
        DayKind::Event => event_label(finding.policy.trigger.event().unwrap_or_default(), Lang::Ja),
    };
    let day = Ja(finding.day.date);
    // Writing to a String cannot fail.
    let _ = if finding.year_unknown {
        write!(text, "{kind}{day}を含む事業年度が登録されていないため、期限を計算できません")
    } else if finding.event_unknown {
        let event = event_label(finding.policy.trigger.event().unwrap_or_default(), Lang::Ja);
        write!(text, "{event}が登録されていないため、期間はまだ始まっていません")
    } else {
        match (&finding.policy.trigger, finding.day.year.as_ref()) {
            (Trigger::FiscalYearEndPlusMonths { months }, Some(year)) => {
                fiscal_year_ja(&mut text, kind, finding.day.date, year);
                let all = months_with_extension(*months, year);
                match year.filing_extension_months {
                    0 => write!(text, "終了の日の翌日から{all}か月を経過した日から"),
                    extra => write!(
                        text,
                        "終了の日の翌日から{all}か月（申告期限の延長{extra}か月を含む）を経過した日から"
                    ),
                }
            }
            (Trigger::FiscalYearEnd, Some(year)) => {
                fiscal_year_ja(&mut text, kind, finding.day.date, year);
                write!(text, "の終了（帳簿の閉鎖）から")
            }
            // Without a fiscal year these end above.
            (Trigger::FilingDeadline { .. }, Some(year)) => {
                fiscal_year_ja(&mut text, kind, finding.day.date, year);
                write!(text, "の申告期限（休日の場合は翌開庁日）の翌日から")
            }
            (trigger, None) if trigger.needs_fiscal_year() => Ok(()),
            (Trigger::CalendarYearEnd | Trigger::CalendarYearEndOf(_), _) => {
                write!(text, "{kind}{day}の属する年の末日から")
            }
            (Trigger::NextApril1 | Trigger::NextApril1After(_), _) => {
                write!(text, "{kind}{day}の後の最初の4月1日から")
            }
            (Trigger::NextMarch16, _) => write!(text, "{kind}{day}の属する年の翌年3月16日から"),
            (Trigger::DocumentDate | Trigger::Event(_), _) => write!(text, "{kind}{day}から"),
            (Trigger::Unbounded, _) => write!(text, "期限のない保存"),
            (_, None) => Ok(()),
        }
    };
    length(&mut text, finding, Lang::Ja);
    text
}

/// "7 years from the day on which 2 months have passed after the fiscal year ... of the transaction date ..."
pub(super) fn trigger_en(finding: &Finding<'_>) -> String {
    let mut text = String::with_capacity(USUAL_TRIGGER_BYTES);
    let kind = match finding.day.kind {
        DayKind::Received => "date of receipt",
        DayKind::Signed => "signing date",
        DayKind::Transaction => "transaction date",
        DayKind::Event => event_label(finding.policy.trigger.event().unwrap_or_default(), Lang::En),
    };
    let day = finding.day.date;
    if !finding.year_unknown && !finding.event_unknown {
        length(&mut text, finding, Lang::En);
    }
    let _ = if finding.year_unknown {
        write!(
            text,
            "no fiscal year containing the {kind} {day} is registered, so no expiry can be calculated"
        )
    } else if finding.event_unknown {
        let event = event_label(finding.policy.trigger.event().unwrap_or_default(), Lang::En);
        write!(text, "the period has not begun, since no day is registered for the {event}")
    } else {
        match (&finding.policy.trigger, finding.day.year.as_ref()) {
            (Trigger::FiscalYearEndPlusMonths { months }, Some(year)) => {
                let all = months_with_extension(*months, year);
                let _ = match year.filing_extension_months {
                    0 => write!(text, "the day on which {all} months have passed after the end of "),
                    extra => write!(
                        text,
                        "the day on which {all} months (filing extension of {extra} included) \
                         have passed after the end of "
                    ),
                };
                fiscal_year_en(&mut text, kind, finding.day.date, year)
            }
            (Trigger::FiscalYearEnd, Some(year)) => {
                text.push_str("the end (closing of the books) of ");
                fiscal_year_en(&mut text, kind, finding.day.date, year)
            }
            // Without a fiscal year these end above.
            (Trigger::FilingDeadline { .. }, Some(year)) => {
                text.push_str("the day after the filing deadline (moved by days of rest) of ");
                fiscal_year_en(&mut text, kind, finding.day.date, year)
            }
            (trigger, None) if trigger.needs_fiscal_year() => Ok(()),
            (Trigger::CalendarYearEnd | Trigger::CalendarYearEndOf(_), _) => {
                write!(text, "the end of the calendar year of the {kind} {day}")
            }
            (Trigger::NextApril1 | Trigger::NextApril1After(_), _) => {
                write!(text, "the first 1 April after the {kind} {day}")
            }
            (Trigger::NextMarch16, _) => write!(text, "16 March of the year after the {kind} {day}"),
            (Trigger::DocumentDate | Trigger::Event(_), _) => write!(text, "the {kind} {day}"),
            (Trigger::Unbounded, _) => write!(text, "to be kept without end"),
            (_, None) => Ok(()),
        }
    };
    if finding.days_differ {
        text.push_str("; its other dates give another period, and the longest counts");
    }
    text
}

/// The length of the period and, in Japanese, what follows it: the languages put it at opposite ends.
fn length(text: &mut String, finding: &Finding<'_>, lang: Lang) {
    let unknown = finding.year_unknown || finding.event_unknown;
    let period = finding.policy.period.as_ref().filter(|_| !unknown);
    if let Some(period) = period {
        let months = period.months_for(finding.day.year.as_ref());
        let (years, months) = (months / 12, months % 12);
        let _ = match (lang, years, months) {
            (Lang::Ja, years, 0) => write!(text, "{years}年間"),
            (Lang::Ja, 0, months) => write!(text, "{months}か月間"),
            (Lang::Ja, years, months) => write!(text, "{years}年{months}か月間"),
            (Lang::En, years, 0) => write!(text, "{years} {} from ", plural(years, "year", "years")),
            (Lang::En, 0, months) => write!(text, "{months} {} from ", plural(months, "month", "months")),
            (Lang::En, years, months) => write!(
                text,
                "{years} {} and {months} {} from ",
                plural(years, "year", "years"),
                plural(months, "month", "months")
            ),
        };
    }
    if lang == Lang::Ja && finding.days_differ {
        text.push_str("（他の日付では期間が異なるため、最も長いものを採用）");
    }
}

fn plural(count: u32, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

fn fiscal_year_ja(text: &mut String, kind: &str, date: NaiveDate, year: &FiscalYear) {
    let loss = if year.loss { "、欠損金あり" } else { "" };
    let (date, start, end) = (Ja(date), Ja(year.start), Ja(year.end));
    let _ = write!(text, "{kind}{date}の属する事業年度（{start}から{end}まで{loss}）");
}

fn fiscal_year_en(text: &mut String, kind: &str, date: NaiveDate, year: &FiscalYear) -> std::fmt::Result {
    let loss = if year.loss { ", a loss year" } else { "" };
    write!(text, "the fiscal year of the {kind} {date} ({} to {}{loss})", year.start, year.end)
}

/// A day as Japanese people write it: 2026年3月31日.
pub(super) struct Ja(pub(super) NaiveDate);

impl std::fmt::Display for Ja {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}年{}月{}日", self.0.year(), self.0.month(), self.0.day())
    }
}
