//! Which numbers are accepted, refused, or only pointed out.

use proptest::prelude::*;

use super::*;

const VERIFIED: [&str; 5] =
    ["7000012050002", "5010001067883", "1180301018771", "7010001008844", "2040001999902"];

#[test]
fn corporate_numbers_of_real_companies_pass() {
    for number in VERIFIED {
        assert_eq!(normalize_corporate_number(number).as_deref(), Ok(number));
        let party =
            Counterparty { corporate_number: Some(number.into()), ..Counterparty::named("国税庁") };
        assert_eq!(party.validate(), Ok(()));
    }
}

#[test]
fn one_wrong_digit_is_noticed() {
    for number in VERIFIED {
        for at in 0..number.len() {
            let mut bytes = number.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'9' { b'1' } else { bytes[at] + 1 };
            let wrong = String::from_utf8(bytes).unwrap();
            assert_eq!(
                normalize_corporate_number(&wrong),
                Err(NumberError::WrongCheckDigit(wrong.clone())),
                "{wrong}"
            );
        }
    }
    assert!(normalize_corporate_number("7000012050003").is_err());
    assert!(normalize_corporate_number("0000000000000").is_err());
}

#[test]
fn width_hyphens_and_spaces_do_not_matter_when_typed_but_do_when_stored() {
    for text in [
        "７０００012050002",
        "7-0000-1205-0002",
        " 7 0000 1205 0002 ",
        "７－００００－１２０５－０００２",
        "7‐0000−12050002",
    ] {
        assert_eq!(normalize_corporate_number(text).as_deref(), Ok("7000012050002"), "{text}");
        let party = Counterparty { corporate_number: Some(text.into()), ..Counterparty::named("A") };
        let write = "7000012050002".into();
        assert_eq!(party.validate(), Err(NumberError::NotNormalised { write }));
    }
}

#[test]
fn each_mistake_has_its_own_answer() {
    use NumberError::*;
    let refuse = |text: &str| normalize_corporate_number(text).unwrap_err();
    assert_eq!(refuse(" - "), Empty);
    assert_eq!(refuse("株式会社"), NotDigits("株式会社".into()));
    assert_eq!(refuse("70000120500021"), WrongLength(14));
    for text in ["1.23E+12", "7.00001E+12", "7e12", "7000012050002.0", "######", "１．２３Ｅ＋１２"] {
        assert_eq!(refuse(text), SpreadsheetDamage(text.into()));
    }
    assert_eq!(refuse("T7000012050002"), InvoiceNumberGiven("T7000012050002".into()));
    assert!(matches!(refuse(&"7".repeat(1_000_000)), NotDigits(_)));
    let invoice = |text: &str| normalize_invoice_number(text).unwrap_err();
    assert_eq!(invoice("7000012050002"), NoT);
    assert_eq!(invoice("T700001205000"), PersonalNumber);
    assert_eq!(invoice("T70000120500"), WrongLength(11));
    assert_eq!(invoice("TT7000012050002"), NotDigits("TT7000012050002".into()));
}

#[test]
fn a_personal_number_is_refused_in_every_field_and_never_repeated() {
    let number = "1234 5678 9018";
    for party in [
        Counterparty::named(number),
        Counterparty::named("１２３４－５６７８－９０１８"),
        Counterparty { corporate_number: Some(number.into()), ..Counterparty::named("A") },
        Counterparty { invoice_number: Some("123456789018".into()), ..Counterparty::named("A") },
        Counterparty { invoice_number: Some(format!("T{number}")), ..Counterparty::named("A") },
    ] {
        let error = party.validate().unwrap_err();
        assert_eq!(error, NumberError::PersonalNumber);
        assert!(!error.to_string().contains("5678"));
    }
    assert_eq!(Counterparty::named("123 Inc. 456789").validate(), Ok(()));
}

#[test]
fn a_wrong_check_digit_of_an_invoice_number_is_only_pointed_out() {
    let party = |corporate: Option<&str>, invoice: &str| Counterparty {
        name: "A".into(),
        corporate_number: corporate.map(Into::into),
        invoice_number: Some(invoice.into()),
    };
    for text in ["Ｔ７０００012050002", "t7000012050002", "T-7000-0120-50002", "T 7000012050002"] {
        assert_eq!(normalize_invoice_number(text).as_deref(), Ok("T7000012050002"), "{text}");
    }
    let proprietor = party(None, "T7000012050003");
    assert_eq!(proprietor.validate(), Ok(()));
    assert_eq!(proprietor.warnings(), [CounterpartyWarning::InvoiceCheckDigit]);
    assert_eq!(party(Some("7000012050002"), "T7000012050002").warnings(), []);
    let other = party(Some("7000012050002"), "T5010001067883");
    assert_eq!(other.warnings(), [CounterpartyWarning::InvoiceNumberOfAnother]);
    assert_eq!(Counterparty::named("A").warnings(), []);
}

#[test]
fn json_leaves_out_what_is_unknown_and_refuses_what_is_new() {
    assert_eq!(serde_json::to_string(&Counterparty::named("㈱髙﨑")).unwrap(), r#"{"name":"㈱髙﨑"}"#);
    assert!(serde_json::from_str::<Counterparty>(r#"{"name":"A","phone":"1"}"#).is_err());
}

proptest! {
    #[test]
    fn exactly_one_first_digit_fits_any_twelve_others(base in "[0-9]{12}") {
        let fitting = (0..10).filter(|check| normalize_corporate_number(&format!("{check}{base}")).is_ok());
        prop_assert_eq!(fitting.count(), 1);
    }

    #[test]
    fn arbitrary_text_never_panics_and_normal_forms_are_stable(text in ".*", digits in "[TＴ0-9０-９ -]{0,20}") {
        for text in [text, digits] {
            if let Ok(number) = normalize_corporate_number(&text) {
                prop_assert_eq!(normalize_corporate_number(&number), Ok(number));
            }
            if let Ok(number) = normalize_invoice_number(&text) {
                prop_assert_eq!(normalize_invoice_number(&number), Ok(number));
            }
        }
    }
}
