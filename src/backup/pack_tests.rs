//! Packs: round trips, and every way in which one can be wrong.

use super::*;

fn key() -> Dek {
    Dek::from_bytes(Zeroizing::new([5; 32]))
}

fn item<'a>(what: What, name: &'a str, key: &'a [u8], value: &'a [u8]) -> Item<'a> {
    Item { what, name, key, value }
}

fn sample() -> (PackRef, Vec<u8>) {
    let mut builder = Builder::new(Kind::Rows);
    builder.add(item(What::Row, "records", &[1; 16], b"value")).unwrap();
    builder.add(item(What::Gone, "keys", &[2; 16], b"")).unwrap();
    builder.add(item(What::File, "", b"shosoin.toml", "設定".as_bytes())).unwrap();
    let (id, items) = (PackId([9; 16]), builder.items());
    let sealed = seal_pack(&key(), id, Kind::Rows, &builder.plain()).unwrap();
    (PackRef { kind: Kind::Rows, id, len: sealed.len() as u64, items }, sealed)
}

#[test]
fn items_come_back_in_their_order() {
    let (expected, sealed) = sample();
    let pack = Pack::open(&key(), &expected, &sealed, Vec::new()).unwrap();
    let items: Vec<_> = pack.items().collect();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0], item(What::Row, "records", &[1; 16], b"value"));
    assert_eq!(items[1], item(What::Gone, "keys", &[2; 16], b""));
    assert_eq!(items[2].value, "設定".as_bytes());
}

#[test]
fn an_empty_pack_is_a_pack() {
    let plain = Builder::new(Kind::Missing).plain();
    assert_eq!(Pack::parse(plain, Kind::Missing).unwrap().items().count(), 0);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (expected, sealed) = sample();
    for bit in 0..sealed.len() * 8 {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(Pack::open(&key(), &expected, &altered, Vec::new()).is_err(), "bit {bit}");
    }
}

#[test]
fn a_pack_under_another_name_key_kind_or_length_does_not_open() {
    let (expected, sealed) = sample();
    let other_name = PackRef { id: PackId([8; 16]), ..expected.clone() };
    let other_kind = PackRef { kind: Kind::Base, ..expected.clone() };
    let other_count = PackRef { items: 2, ..expected.clone() };
    for wrong in [other_name, other_kind, other_count] {
        assert!(Pack::open(&key(), &wrong, &sealed, Vec::new()).is_err(), "{wrong:?}");
    }
    let other_key = Dek::from_bytes(Zeroizing::new([6; 32]));
    assert!(Pack::open(&other_key, &expected, &sealed, Vec::new()).is_err());
    for len in 0..sealed.len() {
        assert!(Pack::open(&key(), &expected, &sealed[..len], Vec::new()).is_err(), "{len} bytes");
    }
}

#[test]
fn a_plaintext_that_lies_about_its_lengths_is_refused() {
    let mut builder = Builder::new(Kind::Rows);
    builder.add(item(What::Row, "records", &[1; 16], b"value")).unwrap();
    let plain = builder.plain();
    assert!(Pack::parse(plain.clone(), Kind::Rows).is_ok());
    for at in 0..HEADER_LEN + INDEX_LEN {
        for value in [0, 1, 7, 0x7f, 0xff] {
            let mut altered = plain.clone();
            if altered[at] == value || at == HEADER_LEN {
                continue; // `what` may be any known number; the item is then judged by its reader.
            }
            altered[at] = value;
            let sum_unchanged = Pack::parse(altered, Kind::Rows).is_ok();
            assert!(!sum_unchanged, "byte {at} = {value}");
        }
    }
    for len in 0..plain.len() {
        assert!(Pack::parse(plain[..len].to_vec(), Kind::Rows).is_err(), "{len} bytes");
    }
}

#[test]
fn keys_and_objects_are_not_compressed_and_rows_are() {
    let zeros = vec![0; 100_000];
    let len = |kind| {
        let mut builder = Builder::new(kind);
        builder.add(item(What::Object, "", &[1; 16], &zeros)).unwrap();
        seal_pack(&key(), PackId([1; 16]), kind, &builder.plain()).unwrap().len()
    };
    assert!(len(Kind::Objects) > 100_000 && len(Kind::Keys) > 100_000);
    assert!(len(Kind::Rows) < 10_000);
}
