//! Tests of the index as a follower: cursor, replacement, purge, damage, versions.

use chrono::NaiveDate;

use super::*;
use crate::search::{AmountFilter, CurrencyCode, Hit, SearchError, Sort, VersionDoc, Versions, Withdrawn};

const MARKER: &str = "機密標識株式会社";

fn doc(name: &str, day: u32) -> VersionDoc {
    VersionDoc {
        version: 1,
        superseded: false,
        withdrawn: false,
        date: NaiveDate::from_ymd_opt(2026, 2, day).unwrap(),
        amount: Some((1_100_000, CurrencyCode::JPY)),
        counterparty: name.to_owned(),
        entity: "当社".to_owned(),
        class: "contract".to_owned(),
        number: Some(format!("Ｋ－{day}")),
        title: Some("業務委託契約書".to_owned()),
        custom: vec!["営業部 田中".to_owned()],
        text: Some("第一条 甲は乙に\n業務を委託する。".to_owned()),
    }
}

fn record(seq: u64, versions: Vec<VersionDoc>) -> RecordDocs {
    RecordDocs { seq, versions }
}

fn key() -> IndexKey {
    IndexKey::new([7; 32])
}

fn new_index(folder: &Path) -> Index {
    Index::create(folder, key(), IndexOptions::default()).unwrap()
}

fn by_name(name: &str) -> Query {
    Query { counterparty: Some(name.to_owned()), ..Query::default() }
}

fn seqs(index: &Index, query: &Query) -> Vec<u64> {
    let results = index.search(query).unwrap();
    assert_eq!(results.total, results.hits.len() as u64);
    results.hits.iter().map(|hit| hit.seq).collect()
}

#[test]
fn what_is_applied_is_found_at_once_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (0, vec![]));
    index.apply(&[record(3, vec![doc("㈱髙島屋", 1)]), record(5, vec![doc("国税商事", 2)])], 6).unwrap();
    assert_eq!(seqs(&index, &by_name("高島")), [3]);
    drop(index);
    let index = Index::open(folder.path(), key(), IndexOptions::default()).unwrap();
    assert_eq!(index.cursor(), 6);
    assert_eq!(seqs(&index, &Query::default()), [5, 3]);
    let results = index.search(&Query { limit: 1, ..Query::default() }).unwrap();
    assert_eq!((results.total, results.indexed_through, results.next.is_some()), (2, 6, true));
}

#[test]
fn applying_again_replaces_and_an_empty_record_is_purged_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    index.apply(&[record(1, vec![doc("旧名称", 1)]), record(2, vec![doc("二号", 1)])], 3).unwrap();
    for _ in 0..2 {
        let old = VersionDoc { superseded: true, ..doc("旧名称", 1) };
        let new = VersionDoc { version: 2, ..doc("新名称", 3) };
        index.apply(&[record(1, vec![old, new])], 4).unwrap();
    }
    assert_eq!(seqs(&index, &by_name("名称")), [1]);
    let all = Query { versions: Versions::All, ..by_name("名称") };
    let hits = index.search(&all).unwrap().hits;
    assert_eq!(hits, [Hit { seq: 1, version: 2 }, Hit { seq: 1, version: 1 }]);
    index.apply(&[record(1, vec![])], 5).unwrap();
    assert_eq!(seqs(&index, &Query::default()), [2]);
    index.purge().unwrap();
    assert_eq!(seqs(&index, &Query::default()), [2]);
    assert_eq!(index.status().unwrap().documents, 1);
    assert!(
        index.current().segments.iter().all(|segment| segment.alive.is_none()),
        "no deleted document is left"
    );
    index.clear().unwrap();
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (0, vec![]));
    index.apply(&[record(1, vec![doc("再構築", 1)])], 2).unwrap();
    assert_eq!(seqs(&index, &by_name("再構築")), [1]);
}

#[test]
fn text_number_class_and_withdrawal_narrow_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let withdrawn = VersionDoc { withdrawn: true, ..doc("取下げ", 2) };
    let other = VersionDoc {
        class: "invoice".to_owned(),
        amount: None,
        text: None,
        title: None,
        entity: "子会社".to_owned(),
        ..doc("別の会社", 3)
    };
    index
        .apply(&[record(1, vec![doc("甲社", 1)]), record(2, vec![withdrawn]), record(3, vec![other])], 4)
        .unwrap();
    let text = |text: &str| Query { text: Some(text.to_owned()), ..Query::default() };
    assert_eq!(seqs(&index, &text("業務を委託")), [1], "a line break in the PDF does not matter");
    assert_eq!(seqs(&index, &text("委託契約")), [1]);
    assert_eq!(seqs(&index, &text("約")), [1]);
    assert_eq!(seqs(&index, &text("契約 田中")), [1]);
    assert_eq!(seqs(&index, &text("託契約業")), [] as [u64; 0], "pairs that do not stand together");
    assert_eq!(seqs(&index, &text("別の")), [3]);
    assert!(matches!(index.search(&text("、。")), Err(SearchError::EmptyText)));
    assert!(matches!(index.search(&text(&"長".repeat(201))), Err(SearchError::TextTooLong)));
    let query = Query { number: Some("k-3".to_owned()), ..Query::default() };
    assert_eq!(seqs(&index, &query), [3]);
    let query = Query { class: Some("invoice".to_owned()), ..Query::default() };
    assert_eq!(seqs(&index, &query), [3]);
    let of = |names: &[&str]| Query {
        entities: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Query::default()
    };
    assert_eq!(seqs(&index, &of(&["子会社"])), [3]);
    assert_eq!(seqs(&index, &of(&["他人"])), [] as [u64; 0]);
    assert_eq!(seqs(&index, &of(&[])), [] as [u64; 0], "no entity at all is not any entity");
    assert_eq!(seqs(&index, &of(&["子会社", "他人"])), [3]);
    assert_eq!(seqs(&index, &of(&["子会社", "当社"])), [3, 1]);
    let query = Query { amount: AmountFilter::Blank, ..Query::default() };
    assert_eq!(seqs(&index, &query), [3]);
    assert_eq!(seqs(&index, &Query { withdrawn: Withdrawn::Only, ..Query::default() }), [2]);
    assert_eq!(seqs(&index, &Query { withdrawn: Withdrawn::Include, ..Query::default() }), [3, 2, 1]);
    assert_eq!(seqs(&index, &Query { withdrawn: Withdrawn::Include, ..text("業務") }), [2, 1]);
}

#[test]
fn exact_hits_come_first_whatever_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let names = ["高島屋", "㈱髙島屋", "髙島屋建設", "高島屋建設", "(株)高島屋"];
    let records: Vec<RecordDocs> =
        names.iter().zip(1..).map(|(name, seq)| record(seq, vec![doc(name, seq as u32)])).collect();
    index.apply(&records, 9).unwrap();
    assert_eq!(seqs(&index, &by_name("高島屋株式会社")), [5, 1, 4, 3, 2]);
    assert_eq!(seqs(&index, &Query { sort: Sort::DateAsc, ..by_name("髙島屋") }), [2, 1, 3, 4, 5]);
}

#[test]
fn limits_and_cursors_of_other_searches_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    index.apply(&[record(1, vec![doc("甲", 1)]), record(2, vec![doc("乙", 1)])], 3).unwrap();
    for limit in [0, 1001, usize::MAX] {
        assert!(matches!(index.search(&Query { limit, ..Query::default() }), Err(SearchError::Limit(_))));
    }
    let next = index.search(&Query { limit: 1, ..Query::default() }).unwrap().next;
    let foreign = Query { after: next, sort: Sort::DateAsc, ..Query::default() };
    assert!(matches!(index.search(&foreign), Err(SearchError::ForeignCursor)));
}

#[test]
fn damage_and_other_versions_ask_for_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Index::open(folder.path(), key(), IndexOptions::default()),
        Err(error @ IndexError::Missing) if error.needs_rebuild()
    ));
    let index = new_index(folder.path());
    index.apply(&[record(1, vec![doc(MARKER, 1)])], 2).unwrap();
    index.check().unwrap();
    drop(index);
    let opened = |key| Index::open(folder.path(), key, IndexOptions::default());
    assert!(opened(IndexKey::new([8; 32])).err().unwrap().needs_rebuild(), "another key");
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let good = fs::read(&path).unwrap();
        assert!(!good.windows(9).any(|window| MARKER.as_bytes().starts_with(window)), "{path:?} is readable");
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 0x40;
        fs::write(&path, bad).unwrap();
        // Some files are not read before they are needed; checking reads them all.
        let error = opened(key()).and_then(|index| index.check()).unwrap_err();
        assert!(
            error.needs_rebuild() && error.to_string().contains("shosoin index rebuild"),
            "{path:?}: {error}"
        );
        fs::write(&path, good).unwrap();
    }
    opened(key()).unwrap().check().unwrap();
    for payload in ["", "shosoin schema=1 fold=0 cursor=5", "shosoin schema=1 fold=1 cursor=-5"] {
        assert!(read_payload(payload).unwrap_err().needs_rebuild());
    }
}

#[test]
fn what_a_crash_left_behind_is_swept_away_when_the_index_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    index.apply(&[record(1, vec![doc("甲", 1)])], 2).unwrap();
    drop(index);
    let orphan = folder.path().join("0123456789abcdef0123456789abcdef.idx");
    fs::write(&orphan, b"half a file").unwrap();
    let index = Index::open(folder.path(), key(), IndexOptions::default()).unwrap();
    assert!(!orphan.exists());
    index.check().unwrap();
    assert_eq!(seqs(&index, &Query::default()), [1]);
}

#[test]
fn a_refused_record_leaves_the_index_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    index.apply(&[record(1, vec![doc("甲", 1)])], 2).unwrap();
    let bad = record(crate::search::MAX_SEQ + 1, vec![doc("乙", 1)]);
    assert!(matches!(
        index.apply(&[record(2, vec![doc("丙", 1)]), bad], 4),
        Err(IndexError::Document { .. })
    ));
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (2, vec![1]));
    index.apply(&[record(2, vec![doc("丙", 1)])], 3).unwrap();
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (3, vec![2, 1]));
}

#[test]
fn a_bulk_load_dropped_halfway_leaves_the_last_commit() {
    let folder = tempfile::tempdir().unwrap();
    let index = new_index(folder.path());
    let mut bulk = index.bulk(crate::search::BulkOptions { threads: 2, writer_bytes: 15 << 20 }).unwrap();
    bulk.add(&record(1, vec![doc("甲", 1)])).unwrap();
    bulk.commit(2).unwrap();
    bulk.add(&record(2, vec![doc("乙", 1)])).unwrap();
    drop(bulk);
    drop(index);
    let index = Index::open(folder.path(), key(), IndexOptions::default()).unwrap();
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (2, vec![1]));
    let mut bulk = index.bulk(crate::search::BulkOptions::default()).unwrap();
    bulk.add(&record(2, vec![doc("乙", 1)])).unwrap();
    bulk.finish(3).unwrap();
    assert_eq!((index.cursor(), seqs(&index, &Query::default())), (3, vec![2, 1]));
}
