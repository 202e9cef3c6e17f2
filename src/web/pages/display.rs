//! Values as people read them: days with their era, money, times in the archive's zone, sizes.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use super::text::{Text, text};
use crate::record::amount::format_minor;
use crate::record::{Currency, Money, TaxBasis};
use crate::retention::Lang;

/// Eras and their first days, the newest first (元号法; 明治 to 昭和 by imperial edict).
const ERAS: [(&str, i32, u32, u32); 5] = [
    ("令和", 2019, 5, 1),
    ("平成", 1989, 1, 8),
    ("昭和", 1926, 12, 25),
    ("大正", 1912, 7, 30),
    ("明治", 1868, 1, 25),
];

/// A day in a table: digits that line up.
pub fn short_day(day: NaiveDate, lang: Lang) -> String {
    match lang {
        Lang::Ja => day.format("%Y/%m/%d").to_string(),
        Lang::En => day.format("%Y-%m-%d").to_string(),
    }
}

/// A day in full; in Japanese with the year of its era.
pub fn day(day: NaiveDate, lang: Lang) -> String {
    match lang {
        Lang::En => day.format("%Y-%m-%d").to_string(),
        Lang::Ja => {
            let era = era_year(day).map(|year| format!("（{year}）")).unwrap_or_default();
            format!("{}年{}月{}日{era}", day.year(), day.month(), day.day())
        }
    }
}

/// `令和8年`; the first year of an era is 元年.
fn era_year(day: NaiveDate) -> Option<String> {
    let begun = |&&(_, y, m, d): &&(&str, i32, u32, u32)| (day.year(), day.month(), day.day()) >= (y, m, d);
    let (name, first, _, _) = ERAS.iter().find(begun)?;
    match day.year() - first + 1 {
        1 => Some(format!("{name}元年")),
        year => Some(format!("{name}{year}年")),
    }
}

/// An amount with its currency; no amount is said in words, so that nobody takes it for zero.
pub fn money(minor: Option<i64>, currency: Currency, lang: Lang) -> String {
    let Some(minor) = minor else { return text(lang).no_amount_shown.to_owned() };
    let number = format_minor(minor, currency);
    match lang {
        Lang::Ja if currency == Currency::JPY => format!("{number}円"),
        _ => format!("{number} {currency}"),
    }
}

/// An amount with its tax basis, where that is known.
pub fn money_in_full(money: Option<Money>, lang: Lang) -> String {
    let Some(Money { minor, currency, tax }) = money else { return text(lang).no_amount_shown.to_owned() };
    let amount = self::money(Some(minor), currency, lang);
    match tax {
        TaxBasis::Unknown => amount,
        tax => format!("{amount} ({})", tax_label(tax, text(lang))),
    }
}

pub fn tax_label(tax: TaxBasis, t: &'static Text) -> &'static str {
    match tax {
        TaxBasis::Included => t.tax_included,
        TaxBasis::Excluded => t.tax_excluded,
        TaxBasis::None => t.tax_none,
        TaxBasis::Unknown => t.tax_unknown,
    }
}

/// A moment in the archive's zone, to the second, with the zone's name.
pub fn instant(at: DateTime<Utc>, zone: Tz, lang: Lang) -> String {
    let local = at.with_timezone(&zone);
    match lang {
        Lang::Ja => local.format("%Y/%m/%d %H:%M:%S %Z").to_string(),
        Lang::En => local.format("%Y-%m-%d %H:%M:%S %Z").to_string(),
    }
}

/// A number of bytes, grouped.
pub fn bytes(count: u64, t: &'static Text) -> String {
    format!("{} {}", grouped(count), t.bytes)
}

/// A count with its thousands separated.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a day")
    }

    #[test]
    fn days_carry_the_era_that_they_fall_in() {
        assert_eq!(day(ymd(2026, 2, 1), Lang::Ja), "2026年2月1日（令和8年）");
        assert_eq!(day(ymd(2019, 5, 1), Lang::Ja), "2019年5月1日（令和元年）");
        assert_eq!(day(ymd(2019, 4, 30), Lang::Ja), "2019年4月30日（平成31年）");
        assert_eq!(day(ymd(1850, 1, 1), Lang::Ja), "1850年1月1日");
    }

    #[test]
    fn no_amount_is_not_zero() {
        assert_eq!(money(None, Currency::JPY, Lang::Ja), "（金額なし）");
        assert_eq!(money(Some(0), Currency::JPY, Lang::Ja), "0円");
        assert_eq!(money(Some(1_100_000), Currency::JPY, Lang::Ja), "1,100,000円");
        assert_eq!(money(Some(358_160), "USD".parse().expect("a currency"), Lang::Ja), "3,581.60 USD");
    }

    #[test]
    fn moments_are_shown_in_the_zone_of_the_archive() {
        let at = DateTime::from_timestamp(1_774_969_199, 0).expect("a moment");
        assert_eq!(instant(at, chrono_tz::Asia::Tokyo, Lang::Ja), "2026/03/31 23:59:59 JST");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1_000), grouped(12_345_678)],
            ["0", "999", "1,000", "12,345,678"]
        );
    }
}
