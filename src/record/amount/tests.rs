//! What amounts are read as, and what is refused.

use proptest::prelude::*;

use super::*;

fn usd() -> Currency {
    "USD".parse().unwrap()
}

#[test]
fn yen_is_read_however_it_is_written() {
    for text in [
        "1100000",
        "1,100,000",
        "1,100,000円",
        "￥1,100,000-",
        "¥1,100,000",
        "￥1,100,000ー",
        "￥１，１００，０００－",
        "１１０万円",
        "110万円",
        "1.1百万円",
        "1,100千円",
        "金1,100,000円也",
        "金　1,100,000　円也",
        "金￥1,100,000-也",
        "金壱百拾万円也",
        "金壱佰拾萬圓也",
        "壹陌拾萬円",
        "百十万円",
        "一一〇万円",
        "一、一〇〇、〇〇〇円",
        "一，一〇〇，〇〇〇円",
        "JPY 1,100,000",
        "1100000JPY",
        " 1,100,000 円 ",
        "+1,100,000",
        "¥1,100,000.-",
        "⾦⼀⼀〇万円",
    ] {
        assert_eq!(parse_minor(text, Currency::JPY), Ok(1_100_000), "{text}");
    }
}

#[test]
fn other_values_units_and_signs_are_read() {
    for (text, minor) in [
        ("金1,000,000円也", 1_000_000),
        ("3億2千万円", 320_000_000),
        ("1億2,345万6,789円", 123_456_789),
        ("壱億弐参肆伍萬陸漆捌玖円", 123_456_789),
        ("1,100百万円", 1_100_000_000),
        ("12百万円", 12_000_000),
        ("1.5億", 150_000_000),
        ("十億円", 1_000_000_000),
        ("廿五万円", 250_000),
        ("二千", 2_000),
        ("千円", 1_000),
        ("玖佰捌拾漆", 987),
        ("-50,000", -50_000),
        ("△50,000", -50_000),
        ("▲50,000円", -50_000),
        ("−50000", -50_000),
        ("¥-50,000", -50_000),
        ("-￥50,000-", -50_000),
        ("金50,000-", 50_000),
        ("50,000円-", 50_000),
        ("0", 0),
        ("零円", 0),
        ("無償", 0),
        ("無料", 0),
        ("-9223372036854775808", i64::MIN),
        ("9,223,372,036,854,775,807", i64::MAX),
    ] {
        assert_eq!(parse_minor(text, Currency::JPY), Ok(minor), "{text}");
    }
}

#[test]
fn decimals_follow_the_currency() {
    for text in
        ["12.50", "USD 12.50", "usd12.50", "$12.50", "US$12.5", "12.50USD", "12.50ドル", "１２．５０米ドル"]
    {
        assert_eq!(parse_minor(text, usd()), Ok(1_250), "{text}");
    }
    assert_eq!(parse_minor("1.5万ドル", usd()), Ok(1_500_000));
    assert_eq!(parse_minor("1.250", "KWD".parse().unwrap()), Ok(1_250));
    for (text, currency) in [("12.5", Currency::JPY), ("1.000", Currency::JPY), ("12.505", usd())] {
        let error = parse_minor(text, currency).unwrap_err();
        assert!(matches!(error, AmountError::TooManyDecimals { .. }), "{text}: {error}");
    }
    assert!(matches!(parse_minor("1.12345万円", Currency::JPY), Err(AmountError::TooManyDecimals { .. })));
}

#[test]
fn what_is_no_single_amount_is_refused() {
    for text in [
        "-",
        "¥",
        "金円也",
        "NaN",
        "inf",
        "abc",
        "1.2.3",
        "12.",
        ".5",
        "1 100",
        "--5",
        "金〇〇〇円",
        "○○円",
        "万円",
        "2万3億",
        "3億2億",
        "十百",
        "卅阡円",
        "五五十",
        "12十円",
        "五五百円",
        "1.5十億",
        "1〇0",
        "110²",
        "①",
        "1/2",
        "0x10",
        "1_000",
        "(50,000)",
        "千.五",
        "1..2",
        "百0",
        "壱万零",
        "1.5億2千万",
        "1.1.1万",
        "50,000円(税込)",
        "円円",
        "￥￥5",
        "金額なし",
    ] {
        let error = parse_minor(text, Currency::JPY).unwrap_err();
        assert!(matches!(error, AmountError::NotAnAmount(_)), "{text}: {error:?}");
    }
    assert!(matches!(parse_minor(&"1".repeat(101), Currency::JPY), Err(AmountError::NotAnAmount(_))));
}

#[test]
fn each_other_mistake_has_its_own_answer() {
    let jpy = |text: &str| parse_minor(text, Currency::JPY).unwrap_err();
    assert_eq!(jpy(""), AmountError::Empty);
    assert_eq!(jpy("　 "), AmountError::Empty);
    for text in ["1e9", "1.1E+06", "１Ｅ９"] {
        assert!(matches!(jpy(text), AmountError::Scientific(_)), "{text}");
    }
    for text in
        ["1,10,000", "1,1000,0000", "12,50", ",100", "1,", "1,100,", "1000,000", "1,,000", "一、一〇万円"]
    {
        assert!(matches!(jpy(text), AmountError::MisplacedComma(_)), "{text}: {:?}", jpy(text));
    }
    for text in ["$5", "USD 5", "5ユーロ", "€5", "5EUR", "CNY5"] {
        assert!(matches!(jpy(text), AmountError::OtherCurrency { .. }), "{text}");
    }
    assert!(matches!(parse_minor("¥5", usd()), Err(AmountError::OtherCurrency { .. })));
    assert!(matches!(parse_minor("5円", usd()), Err(AmountError::OtherCurrency { .. })));
    for text in ["9223372036854775808", "-9223372036854775809", "1000京円", "9999999999999999兆"] {
        assert!(matches!(jpy(text), AmountError::TooLarge(_)), "{text}");
    }
    assert!(matches!(jpy(&"9".repeat(100)), AmountError::TooLarge(_)));
    assert!(matches!(jpy("50,000-"), AmountError::TrailingMinus(_)));
    assert!(jpy("1,10,000").to_string().contains("write 1,100,000"));
}

#[test]
fn amounts_are_written_with_separators_and_decimals() {
    for (minor, text) in
        [(0, "0"), (999, "999"), (1_000, "1,000"), (1_100_000, "1,100,000"), (-50_000, "-50,000")]
    {
        assert_eq!(format_minor(minor, Currency::JPY), text);
    }
    assert_eq!(format_minor(i64::MIN, Currency::JPY), "-9,223,372,036,854,775,808");
    for (minor, text) in
        [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (1_250, "12.50"), (123_456_789, "1,234,567.89")]
    {
        assert_eq!(format_minor(minor, usd()), text);
    }
    assert_eq!(format_minor(i64::MIN, usd()), "-92,233,720,368,547,758.08");
}

#[test]
fn ranges_are_open_at_either_end_and_inclusive() {
    let range = |text| parse_range(text, Currency::JPY);
    let of = |from, to| Ok(AmountRange { from, to });
    assert_eq!(range("100000..2,000,000"), of(Some(100_000), Some(2_000_000)));
    assert_eq!(range("..5万円"), of(None, Some(50_000)));
    assert_eq!(range("1000000.."), of(Some(1_000_000), None));
    assert_eq!(range("１０万円．．２０万円"), of(Some(100_000), Some(200_000)));
    assert_eq!(range("-50000 .. -1"), of(Some(-50_000), Some(-1)));
    assert_eq!(range("0"), of(Some(0), Some(0)));
    assert_eq!(range(".."), Err(AmountError::EmptyRange));
    assert!(matches!(range("2..1"), Err(AmountError::Reversed { .. })));
    assert!(matches!(range("1..x"), Err(AmountError::NotAnAmount(_))));
    let range = range("10..20").unwrap();
    assert_eq!([9, 10, 20, 21].map(|minor| range.contains(minor)), [false, true, true, false]);
}

/// Writes a number in kanji, the counterpart of the reader under test.
fn in_kanji(number: u64, digits: [&str; 10], units: [&str; 4], big: [&str; 5], say_one: bool) -> String {
    if number == 0 {
        return digits[0].to_owned();
    }
    let mut text = String::new();
    for (at, unit) in big.iter().enumerate().rev() {
        let section = number / 10_000u64.pow(at as u32) % 10_000;
        for place in (0..4usize).rev() {
            let digit = (section / 10u64.pow(place as u32) % 10) as usize;
            if digit > 1 || (digit == 1 && (place == 0 || say_one)) {
                text.push_str(digits[digit]);
            }
            if digit > 0 {
                text.push_str(units[place]);
            }
        }
        if section > 0 {
            text.push_str(unit);
        }
    }
    text
}

const PLAIN: [&str; 10] = ["〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const FORMAL: [&str; 10] = ["零", "壱", "弐", "参", "肆", "伍", "陸", "漆", "捌", "玖"];

proptest! {
    #[test]
    fn every_amount_reads_back_as_written(minor: i64, at in 0usize..160) {
        let currency = Currency::all().nth(at).unwrap_or_default();
        let written = format_minor(minor, currency);
        prop_assert_eq!(parse_minor(&written, currency), Ok(minor));
        prop_assert_eq!(parse_minor(&format!("{written} {currency}"), currency), Ok(minor));
        prop_assert_eq!(parse_minor(&written.replace(',', ""), currency), Ok(minor));
    }

    #[test]
    fn every_number_reads_back_from_kanji(number in prop_oneof![0..=i64::MAX as u64, 0..100_000u64]) {
        let minor = Ok(number as i64);
        let plain = in_kanji(number, PLAIN, ["", "十", "百", "千"], ["", "万", "億", "兆", "京"], false);
        prop_assert_eq!(parse_minor(&format!("{plain}円"), Currency::JPY), minor.clone());
        let formal = in_kanji(number, FORMAL, ["", "拾", "佰", "阡"], ["", "萬", "億", "兆", "京"], true);
        prop_assert_eq!(parse_minor(&format!("金{formal}円也"), Currency::JPY), minor.clone());
        let mixed = in_kanji(number, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            ["", "十", "百", "千"], ["", "万", "億", "兆", "京"], true);
        prop_assert_eq!(parse_minor(&mixed, Currency::JPY), minor.clone());
        let by_position: String =
            number.to_string().bytes().map(|b| PLAIN[usize::from(b - b'0')]).collect();
        prop_assert_eq!(parse_minor(&by_position, Currency::JPY), minor);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".*", amountish in "[-−△金¥￥$0-9０-９,、.〇一二十百千万億兆京廿円也eE ]{0,30}") {
        for text in [text, amountish] {
            let _ = parse_minor(&text, Currency::JPY);
            let _ = parse_range(&text, usd());
        }
    }
}
