//! Behaviours of scans: order, bounds, direction.

use super::{Subject, keys, put, row};
use crate::store::{Batch, Direction, Store, Table};

/// Keys that sort wrongly as text, as numbers, or by length.
const SORTED: [&[u8]; 6] = [b"\x00", b"\x00\x00", b"\x01\xff", b"\x02", b"\x80", b"\xff\xff"];

pub(super) fn filled(subject: &impl Subject) -> &dyn Store {
    let mut batch = Batch::new();
    for key in SORTED.iter().rev() {
        batch.put(Table::Records, *key, *b"v");
    }
    subject.store().commit(batch).unwrap();
    subject.store()
}

pub(super) fn a_scan_is_in_byte_order_and_half_open(subject: &impl Subject) {
    let view = filled(subject).view();
    assert_eq!(keys(&*view, b"", None, Direction::Forward), SORTED);
    assert_eq!(keys(&*view, b"\x00\x00", Some(b"\x80"), Direction::Forward), SORTED[1..4]);
    assert_eq!(keys(&*view, b"\x00\x01", Some(b"\x80\x00"), Direction::Forward), SORTED[2..5]);
    assert_eq!(keys(&*view, b"\xff\xff", None, Direction::Forward), SORTED[5..]);
}

pub(super) fn a_scan_can_go_backwards(subject: &impl Subject) {
    let view = filled(subject).view();
    let reversed = |range: std::ops::Range<usize>| SORTED[range].iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(keys(&*view, b"", None, Direction::Reverse), reversed(0..6));
    assert_eq!(keys(&*view, b"\x00\x00", Some(b"\x80"), Direction::Reverse), reversed(1..4));
    assert_eq!(keys(&*view, b"\x00\x01", Some(b"\x80\x00"), Direction::Reverse), reversed(2..5));
}

pub(super) fn an_empty_or_reversed_range_has_no_rows(subject: &impl Subject) {
    let view = filled(subject).view();
    for direction in [Direction::Forward, Direction::Reverse] {
        assert!(keys(&*view, b"\x02", Some(b"\x02"), direction).is_empty());
        assert!(keys(&*view, b"\x80", Some(b"\x02"), direction).is_empty());
        assert!(keys(&*view, b"", Some(b""), direction).is_empty());
        assert!(keys(&*view, b"\xff\xff\xff", None, direction).is_empty());
    }
}

pub(super) fn empty_keys_and_values_are_rows(subject: &impl Subject) {
    let store = subject.store();
    put(store, Table::Records, b"", b"");
    assert_eq!(row(store, Table::Records, b"").as_deref(), Some(&b""[..]));
    assert_eq!(keys(&*store.view(), b"", None, Direction::Reverse), [b""]);
}

pub(super) fn a_scan_may_be_left_half_way(subject: &impl Subject) {
    let store = filled(subject);
    let view = store.view();
    drop(view.scan(Table::Records, b"", None, Direction::Forward).next());
    drop(view);
    put(store, Table::Records, b"later", b"v");
    assert_eq!(keys(&*store.view(), b"later", None, Direction::Forward)[0], b"later");
}
