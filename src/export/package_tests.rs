//! Tests of whole packages, against the layout's own checker.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::journal::merkle::{Frontier, Hash, inclusion_proof, leaf_hash};
use crate::journal::{Act, Checkpoint, Entry, ExtractLine, Origin, SigningKey, checkpoint};
use crate::record::{Counterparty, Currency, Digest, Metadata, Money, RecordId, TaxBasis, Version};

const ORIGIN: &str = "shosoin.local/0198c0de-0000-7000-8000-000000000001";

fn at() -> DateTime<Utc> {
    "2026-03-31T15:00:00Z".parse().unwrap()
}

pub(super) fn id(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

pub(super) fn metadata(counterparty: &str, yen: Option<i64>) -> Metadata {
    Metadata {
        entity: "株式会社当社".into(),
        transaction_date: NaiveDate::from_ymd_opt(2026, 2, 1).unwrap(),
        signed_on: None,
        effective_from: None,
        ends_on: None,
        notice_period: None,
        renews_every: None,
        received_on: None,
        counterparty: Counterparty::named(counterparty),
        amount: yen.map(|minor| Money { minor, currency: Currency::JPY, tax: TaxBasis::Included }),
        class: "contract".into(),
        title: Some("業務委託基本契約書".into()),
        number: None,
        file_name: None,
        custom: BTreeMap::new(),
    }
}

pub(super) fn version(number: u32, metadata: Metadata) -> Version {
    let reason = (number > 1).then(|| "誤記の訂正".to_owned());
    let (by, journal_seq) = ("佐藤".to_owned(), number.into());
    Version { version: number, at: at(), by, reason, withdrawn: false, journal_seq, metadata }
}

fn item(number: u8, metadata: Metadata) -> Item {
    let original = format!("%PDF-1.7 contract {number}").into_bytes();
    Item {
        id: id(number),
        sha256: Digest::of(&original),
        original,
        extension: "pdf".into(),
        versions: vec![version(1, metadata)],
        retain_until: NaiveDate::from_ymd_opt(2036, 5, 31),
        journal: Vec::new(),
        rendition: None,
        note: None,
    }
}

/// Puts one deposit entry for each item into a journal, proves them, and returns what describes the package.
fn attest(items: &mut [Item]) -> PackageInfo {
    let origin: Origin = ORIGIN.parse().unwrap();
    let key = SigningKey::from_seed(&[7; 32]);
    let entry = |(seq, item): (usize, &Item)| {
        Entry::new(seq as u64, at(), "佐藤", Act::Deposit, Some(item.id), None).unwrap().encode()
    };
    let entries: Vec<Vec<u8>> = items.iter().enumerate().map(entry).collect();
    let mut frontier = Frontier::new();
    let mut nodes: BTreeMap<(u8, u64), Hash> = BTreeMap::new();
    for entry in &entries {
        nodes.extend(
            frontier.append(leaf_hash(entry)).into_iter().map(|(level, index, hash)| ((level, index), hash)),
        );
    }
    for (seq, (item, entry)) in items.iter_mut().zip(&entries).enumerate() {
        let proof = inclusion_proof(&nodes, seq as u64, frontier.size()).unwrap();
        item.journal.push(ExtractLine::proven(entry, &proof, frontier.size()));
    }
    let head = Checkpoint { origin: origin.clone(), size: frontier.size(), root: frontier.root() };
    PackageInfo {
        origin: ORIGIN.into(),
        vkey: key.verifying_key(&origin).to_string(),
        checkpoint: checkpoint::sign(&head, &key),
        exported_by: "監査 花子".into(),
        exported_at: at(),
        zone: chrono_tz::Asia::Tokyo,
        organization: Some("株式会社当社".into()),
        selection: Some("date 2026-01-01..2026-12-31".into()),
    }
}

pub(super) fn info() -> PackageInfo {
    attest(&mut [item(1, metadata("株式会社国税商事", None))])
}

fn items() -> Vec<Item> {
    let mut corrected = item(3, metadata("髙﨑商店 100%", Some(-50_000)));
    corrected.versions.push(version(2, metadata("𠮷野家\u{e0100}", Some(1_100_000))));
    let mut withdrawn = version(3, metadata("𠮷野家\u{e0100}", Some(1_100_000)));
    withdrawn.withdrawn = true;
    corrected.versions.push(withdrawn);
    let mut dollars = item(6, metadata("100% LLC", None));
    dollars.versions[0].metadata.amount =
        Some(Money { minor: 358_160, currency: "USD".parse().unwrap(), tax: TaxBasis::Unknown });
    vec![
        item(1, metadata("株式会社国税商事", Some(1_100_000))),
        item(2, metadata("株式会社国税商事", Some(1_100_000))),
        corrected,
        item(4, metadata("=cmd()|'../../../etc/passwd", None)),
        item(5, metadata("\"カンマ, 改行\n商店\"", Some(0))),
        dollars,
    ]
}

fn write<S: Sink>(sink: S, items: &[Item], info: PackageInfo) -> io::Result<(Summary, S::Output)> {
    let mut package = Package::begin(sink, info)?;
    items.iter().try_for_each(|item| package.add(item))?;
    package.add_failure(id(99), "復号できません (cannot be unsealed)")?;
    package.finish()
}

struct Bag {
    _place: tempfile::TempDir,
    root: PathBuf,
}

fn bag() -> (Bag, Summary) {
    let mut items = items();
    let info = attest(&mut items);
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("bag");
    let (summary, _) = write(DirSink::create(&root).unwrap(), &items, info).unwrap();
    (Bag { _place: place, root }, summary)
}

fn zipped() -> Vec<u8> {
    let mut items = items();
    let info = attest(&mut items);
    let sink = ZipSink::new(Vec::new(), "bag", info.local_time()).unwrap();
    write(sink, &items, info).unwrap().1
}

fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Runs the checker that was written from the page alone: success and what it printed.
fn check(package: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/check_bag.py");
    let run = Command::new("python3").arg(script).arg(package).env("PYTHONIOENCODING", "utf-8").output();
    let run = run.expect("python3 runs the second implementations");
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    (run.status.success(), said)
}

#[test]
fn the_second_implementation_accepts_the_directory_and_the_zip() {
    let (bag, summary) = bag();
    let (good, said) = check(&bag.root);
    assert!(good, "{said}");
    assert!(said.contains("6 records, 1 problems told, 6 journal entries, 0 differences"), "{said}");
    assert_eq!((summary.records, summary.failures), (6, 1));
    let payload: usize = files(&bag.root)
        .iter()
        .filter(|(path, _)| path.starts_with("data/"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert_eq!(summary.bytes, payload as u64);
    let file = bag.root.with_extension("zip");
    fs::write(&file, zipped()).unwrap();
    let (good, said) = check(&file);
    assert!(good, "{said}");
}

#[test]
fn a_zip_and_a_directory_hold_the_same_files() {
    let (bag, _) = bag();
    let mut archive = zip::ZipArchive::new(Cursor::new(zipped())).unwrap();
    let mut unzipped = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        unzipped.insert(file.name().unwrap().strip_prefix("bag/").unwrap().to_owned(), bytes);
    }
    assert_eq!(unzipped, files(&bag.root));
}

#[test]
fn the_second_implementation_notices_one_flipped_byte_in_any_file() {
    let (bag, _) = bag();
    // One of each kind: every check is a process.
    let mut folders = BTreeSet::new();
    let kind = |name: &str| match name.rsplit_once('/') {
        Some((folder @ ("data/originals" | "data/history"), _)) => folder.to_owned(),
        _ => name.to_owned(),
    };
    for (name, bytes) in files(&bag.root).into_iter().filter(|(name, _)| folders.insert(kind(name))) {
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(bag.root.join(&name), changed).unwrap();
        let (good, said) = check(&bag.root);
        assert!(!good, "{name}: {said}");
        fs::write(bag.root.join(&name), bytes).unwrap();
    }
    assert!(check(&bag.root).0);
}

#[test]
fn the_second_implementation_notices_missing_added_and_renamed_files() {
    let (bag, _) = bag();
    let original = bag.root.join("data/originals/20260201_株式会社国税商事_1100000.pdf");
    let bytes = fs::read(&original).unwrap();
    fs::remove_file(&original).unwrap();
    assert!(!check(&bag.root).0);
    fs::write(original.with_file_name("other.pdf"), &bytes).unwrap();
    assert!(!check(&bag.root).0);
    fs::write(&original, &bytes).unwrap();
    assert!(!check(&bag.root).0);
    fs::remove_file(original.with_file_name("other.pdf")).unwrap();
    assert!(check(&bag.root).0);
}

/// Writes a payload file and makes every manifest fit it, as a forger would.
fn forge(root: &Path, path: &str, bytes: &[u8]) {
    let relist = |manifest: &str, path: &str| {
        let text = fs::read_to_string(root.join(manifest)).unwrap();
        let new = format!("{}  {path}", Digest::of(&fs::read(root.join(path)).unwrap()));
        let lines: Vec<&str> = text
            .lines()
            .map(|line| if line.ends_with(&format!("  {path}")) { new.as_str() } else { line })
            .collect();
        fs::write(root.join(manifest), lines.join("\n") + "\n").unwrap();
    };
    fs::write(root.join(path), bytes).unwrap();
    relist("manifest-sha256.txt", path);
    relist("tagmanifest-sha256.txt", "manifest-sha256.txt");
}

#[test]
fn the_second_implementation_notices_changes_that_the_manifests_were_made_to_fit() {
    let (bag, _) = bag();
    for (path, from, to) in [
        ("data/index.csv", ",1100000,", ",1100001,"),
        ("data/index.csv", ",取下げ,", ",,"),
        ("data/originals/20260201_株式会社国税商事_1100000.pdf", "contract 1", "contract 9"),
        ("data/journal/extract.jsonl", "\"proof\":[\"", "\"proof\":[\"f"),
        ("data/journal/checkpoint.txt", "\n6\n", "\n7\n"),
    ] {
        let bytes = fs::read(bag.root.join(path)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mut forged = text.replacen(from, to, 1);
        assert_ne!(forged, text, "{path}");
        if path.ends_with(".jsonl") {
            // One digit in, one digit out: the hash keeps its length.
            let at = forged.find("\"proof\":[\"").unwrap() + 11;
            forged.remove(at + 10);
        }
        forge(&bag.root, path, forged.as_bytes());
        let (good, said) = check(&bag.root);
        assert!(!good && !said.contains("manifest"), "{path}: {said}");
        forge(&bag.root, path, &bytes);
    }
    assert!(check(&bag.root).0);
}

#[test]
fn names_are_law_style_numbered_on_collision_and_never_leave_the_folder() {
    let (bag, _) = bag();
    let names: Vec<String> = files(&bag.root)
        .into_keys()
        .filter_map(|path| path.strip_prefix("data/originals/").map(str::to_owned))
        .collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"20260201_株式会社国税商事_1100000.pdf".to_owned()));
    assert!(names.contains(&"20260201_株式会社国税商事_1100000_2.pdf".to_owned()));
    assert!(names.contains(&"20260201_100％ LLC_3581.60USD.pdf".to_owned()));
    assert!(names.iter().all(|name| !name.contains(['/', '\\', '%'])), "{names:?}");
}

#[test]
fn the_index_book_of_a_package_is_read_by_our_own_import() {
    let (bag, _) = bag();
    let bytes = fs::read(bag.root.join("data/index.csv")).unwrap();
    let defaults = Defaults { entity: "他社".into(), currency: Currency::JPY, class: "x".into() };
    let rows: Vec<Row> = IndexBook::open(Cursor::new(bytes), Encoding::Auto, defaults)
        .unwrap()
        .map(|line| match line.unwrap() {
            IndexLine::Row(row) => *row,
            IndexLine::Reject(reject) => panic!("{reject:?}"),
        })
        .collect();
    let items = items();
    assert_eq!(rows.len(), items.len());
    for (row, item) in rows.into_iter().zip(items) {
        let mut expected = item.versions.last().unwrap().metadata.clone();
        assert_eq!(row.sha256, Some(item.sha256));
        assert_eq!(fs::read(bag.root.join("data/originals").join(&row.paths()[0])).unwrap(), item.original);
        expected.file_name = Some(row.file.clone());
        assert_eq!(row.metadata.custom["記録ID"], item.id.to_string());
        expected.custom = row.metadata.custom.clone();
        assert_eq!(row.metadata, expected);
    }
}

#[test]
fn a_damaged_record_is_told_and_does_not_stop_the_export() {
    let mut items = items();
    let info = attest(&mut items);
    items[1].original[0] ^= 1;
    items[2].versions.clear();
    let place = tempfile::tempdir().unwrap();
    let (summary, root) = write(DirSink::create(place.path()).unwrap(), &items, info).unwrap();
    assert_eq!((summary.records, summary.failures), (4, 3));
    let problems = fs::read_to_string(root.join("data/problems.csv")).unwrap();
    for number in [2, 3, 99] {
        assert!(problems.contains(&id(number).to_string()), "{problems}");
    }
    let (good, said) = check(&root);
    assert!(good, "{said}");
}

#[test]
fn a_record_handed_in_twice_is_exported_once_and_an_empty_package_is_a_package() {
    let mut one = vec![item(1, metadata("株式会社国税商事", None))];
    let info = attest(&mut one);
    one.push(one[0].clone());
    let place = tempfile::tempdir().unwrap();
    let (summary, root) = write(DirSink::create(place.path()).unwrap(), &one, info.clone()).unwrap();
    assert_eq!(summary.records, 1);
    assert!(check(&root).0);
    let empty = tempfile::tempdir().unwrap();
    let package = Package::begin(DirSink::create(empty.path()).unwrap(), info).unwrap();
    assert_eq!(package.finish().unwrap().0.records, 0);
    assert!(check(empty.path()).0);
}

#[test]
fn an_export_that_is_cut_short_is_no_package() {
    let mut items = items();
    let info = attest(&mut items);
    let place = tempfile::tempdir().unwrap();
    let mut package = Package::begin(DirSink::create(place.path()).unwrap(), info).unwrap();
    package.add(&items[0]).unwrap();
    drop(package);
    assert!(!check(place.path()).0);
}

#[test]
fn a_full_disk_is_an_error() {
    let mut items = items();
    let info = attest(&mut items);
    let mut space = [0_u8; 200];
    let sink = ZipSink::new(&mut space[..], "bag", info.local_time()).unwrap();
    assert!(write(sink, &items, info).is_err());
}

#[test]
fn the_package_is_named_and_dated_in_the_archives_zone() {
    assert_eq!(info().base_name(), "shosoin-export-20260401-000000");
    let (bag, _) = bag();
    let tags = fs::read_to_string(bag.root.join("bag-info.txt")).unwrap();
    assert!(tags.contains("Bagging-Date: 2026-04-01\n"), "{tags}");
    assert!(tags.contains("Shosoin-Exported-At: 2026-04-01T00:00:00+09:00\n"), "{tags}");
}
