//! The kept fixtures: a small journal as written today, and a checkpoint signed by another implementation.
//!
//! `tests/fixtures/journal/` holds what format 1 looks like, for ever: these tests fail when a change of the
//! code would write other bytes or no longer read the old ones. `UPDATE_FIXTURES=1` writes missing files.

use std::path::PathBuf;

use chrono::{TimeDelta, TimeZone as _, Utc};
use uuid::Uuid;

use super::*;
use crate::record::RecordId;
use merkle::{Frontier, Hash, inclusion_proof, leaf_hash, node_hash, verify_inclusion};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/journal")).join(name)
}

fn matches_fixture(name: &str, written: &[u8]) {
    let path = path(name);
    if std::env::var_os("UPDATE_FIXTURES").is_some() && !path.exists() {
        std::fs::write(&path, written).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(kept == written, "{name} is no longer written as it was");
}

/// Seven entries, so that the tree's edge has three subtrees: 4 + 2 + 1.
fn entries() -> Vec<Entry> {
    let record: RecordId = "0198c0de-0000-7000-8000-00000000000a".parse().unwrap();
    let details = |byte: u8| Some((byte..byte + 40).collect::<Vec<u8>>());
    let acts = [
        ("system", Act::Init, None, details(0)),
        ("hanako@example.com", Act::SignIn, None, None),
        ("hanako@example.com", Act::Deposit, Some(record), details(64)),
        ("hanako@example.com", Act::Search, None, details(96)),
        ("経理 \"花子\" <hanako@example.com>", Act::View, Some(record), None),
        ("taro@example.com", Act::Correct, Some(record), details(128)),
        ("job:verify", Act::Verify, None, details(192)),
    ];
    let start = Utc.with_ymd_and_hms(2026, 11, 22, 0, 0, 0).unwrap();
    let mut entries = Vec::new();
    for (seq, (actor, act, record, details)) in (0..).zip(acts) {
        let at = start + TimeDelta::microseconds(1_234_567 * seq as i64);
        entries.push(Entry::new(seq, at, actor, act, record, details).unwrap());
    }
    entries
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed(&std::array::from_fn(|byte| byte as u8))
}

fn origin() -> Origin {
    Origin::local(Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0001))
}

fn tree() -> (std::collections::BTreeMap<(u8, u64), Hash>, Frontier) {
    let (mut nodes, mut frontier) = (std::collections::BTreeMap::new(), Frontier::new());
    for entry in entries() {
        let completed = frontier.append(leaf_hash(&entry.encode()));
        nodes.extend(completed.into_iter().map(|(level, index, hash)| ((level, index), hash)));
    }
    (nodes, frontier)
}

fn checkpoint() -> Checkpoint {
    let frontier = tree().1;
    Checkpoint { origin: origin(), size: frontier.size(), root: frontier.root() }
}

fn extract(lines: impl IntoIterator<Item = ExtractLine>) -> Vec<u8> {
    let mut out = Vec::new();
    lines.into_iter().for_each(|line| line.write(&mut out).unwrap());
    out
}

#[test]
fn the_kept_journal_is_written_as_ever() {
    let stored: Vec<_> = entries().iter().map(Entry::encode).collect();
    matches_fixture("complete.jsonl", &extract(stored.iter().map(|bytes| ExtractLine::complete(bytes))));

    let nodes = tree().0;
    let proven = |seq: usize| {
        let proof = inclusion_proof(&nodes, seq as u64, 7).unwrap();
        ExtractLine::proven(&stored[seq], &proof, 7)
    };
    matches_fixture("selection.jsonl", &extract([2, 4, 6].map(proven)));
    matches_fixture("checkpoint.txt", checkpoint::sign(&checkpoint(), &signing_key()).as_bytes());
    let vkey = format!("{}\n", signing_key().verifying_key(&origin()));
    matches_fixture("vkey.txt", vkey.as_bytes());
}

#[test]
fn the_kept_checkpoint_verifies_under_the_kept_key() {
    let read = |name| std::fs::read_to_string(path(name)).unwrap();
    let key = read("vkey.txt").trim_end().parse().unwrap();
    assert_eq!(checkpoint::verify(&read("checkpoint.txt"), &key), Ok(checkpoint()));
}

#[test]
fn a_checkpoint_signed_by_another_implementation_verifies() {
    let read = |name| std::fs::read_to_string(path(name)).unwrap();
    let key: VerifyingKey = read("python-vkey.txt").trim_end().parse().unwrap();
    let found = checkpoint::verify(&read("python-checkpoint.txt"), &key).unwrap();

    // make_python_checkpoint.py hashes the lines "entry 0" to "entry 12".
    let mut frontier = Frontier::new();
    (0..13).for_each(|number| drop(frontier.append(leaf_hash(format!("entry {number}").as_bytes()))));
    assert_eq!((found.size, found.root), (frontier.size(), frontier.root()));
    assert_eq!(found.origin.as_str(), "example.com/made-in-python");
}

#[test]
fn the_worked_example_of_the_format_page_is_right() {
    let page = include_str!("../../schema/journal.md");
    let hex = |hash: Hash| crate::record::Digest(hash).to_string();
    let leaves: Vec<_> = entries().iter().map(|entry| leaf_hash(&entry.encode())).collect();
    let left = node_hash(&node_hash(&leaves[0], &leaves[1]), &node_hash(&leaves[2], &leaves[3]));
    let right = node_hash(&node_hash(&leaves[4], &leaves[5]), &leaves[6]);
    assert_eq!(node_hash(&left, &right), checkpoint().root);

    let entry = |seq: usize| String::from_utf8(entries()[seq].encode()).unwrap();
    let mut expected = vec![entry(1), entry(4), hex(left), hex(right), hex(checkpoint().root)];
    expected.extend(leaves.iter().copied().map(hex));
    expected.push(checkpoint::sign(&checkpoint(), &signing_key()));
    expected.push(signing_key().verifying_key(&origin()).to_string());
    for text in expected {
        assert!(page.contains(&text), "schema/journal.md lacks: {text}");
    }
    let proof = [leaves[5], leaves[6], left];
    assert_eq!(inclusion_proof(&tree().0, 4, 7).unwrap(), proof);
    assert_eq!(verify_inclusion(&leaves[4], 4, 7, &proof, &checkpoint().root), Ok(()));
}
