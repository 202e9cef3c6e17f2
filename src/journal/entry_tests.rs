//! Tests of the stored form of an entry.

use chrono::TimeZone as _;
use proptest::prelude::*;

use super::*;

fn deposit() -> Entry {
    let at =
        Utc.with_ymd_and_hms(2026, 11, 22, 1, 2, 3).unwrap() + chrono::TimeDelta::nanoseconds(45_678_999);
    let record = "0198c0de-0000-7000-8000-00000000000a".parse().unwrap();
    Entry::new(2, at, "経理 花子 <hanako@example.com>", Act::Deposit, Some(record), Some(vec![0, 255, 16]))
        .unwrap()
}

const DEPOSIT: &str = r#"{"v":1,"seq":2,"at":"2026-11-22T01:02:03.045678Z","actor":"経理 花子 <hanako@example.com>","act":"deposit","record":"0198c0de-0000-7000-8000-00000000000a","details":"AP8Q"}"#;

#[test]
fn an_entry_is_stored_as_exactly_these_bytes() {
    assert_eq!(String::from_utf8(deposit().encode()).unwrap(), DEPOSIT);
    let bare = Entry::new(0, Utc.timestamp_opt(0, 0).unwrap(), "system", Act::Init, None, None).unwrap();
    let text = String::from_utf8(bare.encode()).unwrap();
    assert_eq!(text, r#"{"v":1,"seq":0,"at":"1970-01-01T00:00:00.000000Z","actor":"system","act":"init"}"#);
}

#[test]
fn a_stored_entry_reads_back_as_itself() {
    assert_eq!(Entry::decode(DEPOSIT.as_bytes()).unwrap(), deposit());
}

#[test]
fn any_other_spelling_of_the_same_entry_is_refused() {
    let spellings = [
        DEPOSIT.replace("\"v\":1,", "\"v\": 1,"),
        DEPOSIT.replace("\"v\":1,\"seq\":2", "\"seq\":2,\"v\":1"),
        DEPOSIT.replace(".045678Z", ".045678+00:00"),
        DEPOSIT.replace(".045678Z", ".0456780Z"),
        DEPOSIT.replace("T01:02:03", "t01:02:03"),
        DEPOSIT.replace("T01:02:03.045678Z", "T10:02:03.045678+09:00"),
        DEPOSIT.replace("hanako", "h\\u0061nako"),
        DEPOSIT.replace("00000000000a", "00000000000A"),
        DEPOSIT.replace(",\"details\":\"AP8Q\"", ",\"details\":null"),
        format!("{DEPOSIT}\n"),
        format!(" {DEPOSIT}"),
    ];
    for spelling in spellings {
        assert_ne!(spelling, DEPOSIT);
        let error = Entry::decode(spelling.as_bytes()).unwrap_err();
        assert!(matches!(error, EntryError::NotCanonical), "{spelling}: {error}");
    }
}

#[test]
fn what_is_not_an_entry_is_refused() {
    let malformed = [
        DEPOSIT.replace("\"details\"", "\"detail\""),
        DEPOSIT.replace("{\"v\":1,", "{\"v\":1,\"v\":1,"),
        DEPOSIT.replace("{\"v\":1,", "{"),
        DEPOSIT.replace("\"deposit\"", "\"Deposit\""),
        DEPOSIT.replace("\"seq\":2", "\"seq\":-2"),
        DEPOSIT.replace("\"seq\":2", "\"seq\":18446744073709551616"),
        DEPOSIT.replace("AP8Q", "AP8"),
        DEPOSIT.replace("AP8Q", "AP8R="),
        DEPOSIT.replace("2026-11-22", "2026-02-30"),
        String::new(),
        "null".into(),
        "[".repeat(100_000),
    ];
    for bytes in malformed {
        assert!(matches!(Entry::decode(bytes.as_bytes()), Err(EntryError::Malformed(_))), "{bytes}");
    }
    assert!(matches!(Entry::decode(b"\xff\xfe"), Err(EntryError::Malformed(_))));
}

#[test]
fn an_entry_of_a_later_format_is_called_so_even_with_fields_we_do_not_know() {
    let later = DEPOSIT.replace("\"v\":1", "\"v\":2,\"new\":true");
    assert!(matches!(Entry::decode(later.as_bytes()), Err(EntryError::Version(2))));
    let later = DEPOSIT.replace("\"v\":1", "\"v\":70000");
    assert!(matches!(Entry::decode(later.as_bytes()), Err(EntryError::Version(70000))));
    let earlier = DEPOSIT.replace("\"v\":1", "\"v\":0");
    assert!(matches!(Entry::decode(earlier.as_bytes()), Err(EntryError::Version(0))));
}

#[test]
fn entries_out_of_bounds_are_neither_made_nor_read() {
    let make = |actor: &str, details: usize, at| {
        Entry::new(0, at, actor, Act::Job, None, Some(vec![0; details])).map(|entry| entry.encode())
    };
    let now = Utc.timestamp_opt(1_800_000_000, 0).unwrap();
    assert!(matches!(make("", 0, now), Err(EntryError::NoActor)));
    assert!(matches!(make("a\nb", 0, now), Err(EntryError::ControlCharacter)));
    assert!(matches!(make(&"a".repeat(MAX_ACTOR_BYTES + 1), 0, now), Err(EntryError::ActorTooLong(_))));
    assert!(matches!(make("a", MAX_DETAILS_BYTES + 1, now), Err(EntryError::DetailsTooLong(_))));
    assert!(matches!(make("a", 0, DateTime::<Utc>::MAX_UTC), Err(EntryError::YearOutOfRange)));

    let largest = make(&"\"".repeat(MAX_ACTOR_BYTES), MAX_DETAILS_BYTES, now).unwrap();
    assert!(Entry::decode(&largest).is_ok());

    let bad = DEPOSIT.replace("経理", "\\n");
    assert!(matches!(Entry::decode(bad.as_bytes()), Err(EntryError::ControlCharacter)));
    let long = vec![b' '; MAX_ENTRY_BYTES + 1];
    assert!(matches!(Entry::decode(&long), Err(EntryError::TooLong(_))));
}

#[test]
fn the_json_schema_asks_for_what_decode_asks_for() {
    let schema = serde_json::to_value(schemars::schema_for!(Entry)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], serde_json::json!(["v", "seq", "at", "actor", "act"]));
    assert_eq!(schema["properties"]["v"]["maximum"], 1);
    assert_eq!(schema["properties"]["at"]["format"], "date-time");
}

fn entries() -> impl Strategy<Value = Entry> {
    let at = (-62_167_219_200_i64..253_402_300_800, 0..1_000_000_u32)
        .prop_map(|(seconds, micros)| Utc.timestamp_opt(seconds, micros * 1000).unwrap());
    let record = proptest::option::of(any::<[u8; 16]>().prop_map(RecordId::from_bytes));
    let details = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
    (any::<u64>(), at, "\\PC{1,60}", proptest::sample::select(&Act::ALL[..]), record, details).prop_map(
        |(seq, at, actor, act, record, details)| Entry::new(seq, at, actor, act, record, details).unwrap(),
    )
}

proptest! {
    #[test]
    fn every_entry_survives_the_round_trip_in_both_directions(entry in entries()) {
        let bytes = entry.encode();
        let back = Entry::decode(&bytes).unwrap();
        prop_assert_eq!(back.encode(), bytes);
        prop_assert_eq!(back, entry);
    }

    #[test]
    fn decode_is_total_and_accepts_only_what_encodes_to_the_same_bytes(
        position in 0..DEPOSIT.len(), byte in any::<u8>(), cut in 0..DEPOSIT.len(),
    ) {
        let mut bytes = DEPOSIT.as_bytes().to_vec();
        bytes[position] = byte;
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(entry) = Entry::decode(bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }
    }
}
