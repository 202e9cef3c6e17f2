//! Dates as PDF writes them (ISO 32000-2, 7.9.4): `D:YYYYMMDDHHmmSSOHH'mm'`.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};

/// Reads a PDF date. Parts from the month on may be missing; without an offset the time is UTC, as the
/// standard says. `None` for anything else.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let rest = text.strip_prefix("D:").unwrap_or(text);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (moment, offset) = rest.split_at_checked(digits)?;
    if !(4..=14).contains(&moment.len()) || moment.len() % 2 != 0 {
        return None;
    }
    let part = |from: usize, to: usize, missing: u32| match moment.get(from..to) {
        Some(digits) => digits.parse().ok(),
        None => Some(missing),
    };
    let day = NaiveDate::from_ymd_opt(moment.get(..4)?.parse().ok()?, part(4, 6, 1)?, part(6, 8, 1)?)?;
    let local = day.and_hms_opt(part(8, 10, 0)?, part(10, 12, 0)?, part(12, 14, 0)?)?;
    let utc = local.and_local_timezone(parse_offset(offset)?).single()?;
    Some(utc.to_utc())
}

/// `Z`, nothing, `+09'00'`, `+09'00` or `-05`; some producers write `Z00'00'`.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    let mut chars = text.chars();
    let sign = match chars.next() {
        None | Some('Z') => return FixedOffset::east_opt(0),
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    let digits: String = chars.filter(|&c| c != '\'').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..).filter(|m| !m.is_empty()).map_or(Ok(0), str::parse).ok()?;
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse(text).map(|time| time.to_rfc3339())
    }

    #[test]
    fn the_usual_forms_are_read() {
        assert_eq!(shown("D:20260201135715+09'00'").as_deref(), Some("2026-02-01T04:57:15+00:00"));
        assert_eq!(shown("D:20260201135715+09'00").as_deref(), Some("2026-02-01T04:57:15+00:00"));
        assert_eq!(shown("D:20260201135715Z").as_deref(), Some("2026-02-01T13:57:15+00:00"));
        assert_eq!(shown("D:20260201135715-0530").as_deref(), Some("2026-02-01T19:27:15+00:00"));
        assert_eq!(shown("D:2026").as_deref(), Some("2026-01-01T00:00:00+00:00"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            ["", "D:", "D:202", "D:20261301", "D:20260230", "D:20260201256161", "D:2026+99'99'", "令和8年"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
