//! Tests of the sealed directory: nothing readable on disk, nothing accepted that was changed.

use std::fs;

use super::*;

const MARKER: &[u8] = b"SECRET-MARKER-7f3a";

fn key(byte: u8) -> IndexKey {
    IndexKey::new([byte; 32])
}

fn open(folder: &Path) -> SealedDirectory {
    SealedDirectory::open(folder, key(1), 1 << 20).unwrap()
}

fn write(directory: &SealedDirectory, name: &str, content: &[u8]) {
    let mut out = directory.open_write(Path::new(name)).unwrap();
    out.write_all(content).unwrap();
    out.terminate().unwrap();
    directory.sync_directory().unwrap();
}

fn read(directory: &SealedDirectory, name: &str) -> io::Result<Vec<u8>> {
    let file = directory.open_read(Path::new(name)).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(file.read_bytes()?.to_vec())
}

fn content(length: usize) -> Vec<u8> {
    MARKER.iter().copied().cycle().take(length).collect()
}

#[test]
fn files_of_every_size_around_a_chunk_come_back_whole_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    for length in [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 7 * CHUNK + 3] {
        let name = format!("f{length}");
        write(&directory, &name, &content(length));
        assert_eq!(read(&directory, &name).unwrap(), content(length), "{length}");
        let file = directory.get_file_handle(Path::new(&name)).unwrap();
        for (from, to) in
            [(0, 0), (0, 1), (length / 2, length), (length.saturating_sub(1), length), (length, length)]
        {
            if from <= to && to <= length {
                assert_eq!(
                    *file.read_bytes(from..to).unwrap(),
                    content(length)[from..to],
                    "{length} {from}..{to}"
                );
            }
        }
        assert!(file.read_bytes(0..length + 1).is_err());
    }
}

#[test]
fn no_plaintext_reaches_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    write(&directory, "a.idx", &content(3 * CHUNK));
    directory.atomic_write(Path::new("meta.json"), &content(500)).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(8).any(|window| MARKER.starts_with(window)));
    }
}

#[test]
fn a_flipped_bit_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    write(&directory, "a.idx", &content(CHUNK + 50));
    let path = folder.path().join("a.idx");
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(997).chain(good.len() - 70..good.len()).chain(0..41) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(read(&directory, "a.idx").is_err(), "byte {at}");
    }
    for length in [0, 39, 40, 55, 56, 1000, good.len() - CHUNK, good.len() - 66, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        assert!(read(&directory, "a.idx").is_err(), "cut to {length}");
    }
    let mut longer = good.clone();
    longer.extend([0; 30]);
    fs::write(&path, longer).unwrap();
    assert!(read(&directory, "a.idx").is_err());
}

#[test]
fn files_cannot_take_each_others_place_nor_open_under_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    write(&directory, "a.idx", b"a");
    write(&directory, "b.idx", b"b");
    fs::rename(folder.path().join("a.idx"), folder.path().join("c")).unwrap();
    fs::rename(folder.path().join("b.idx"), folder.path().join("a.idx")).unwrap();
    fs::rename(folder.path().join("c"), folder.path().join("b.idx")).unwrap();
    let error = directory.get_file_handle(Path::new("a.idx")).unwrap_err().to_string();
    assert!(error.contains("shosoin index rebuild"), "{error}");
    assert!(read(&directory, "b.idx").is_err());
    write(&directory, "d.idx", b"d");
    let stranger = SealedDirectory::open(folder.path(), key(2), 1 << 20).unwrap();
    assert!(read(&stranger, "d.idx").is_err());
}

#[test]
fn an_atomic_file_is_replaced_whole_and_half_written_ones_are_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    let meta = Path::new("meta.json");
    assert!(matches!(directory.atomic_read(meta), Err(OpenReadError::FileDoesNotExist(_))));
    directory.atomic_write(meta, b"one").unwrap();
    directory.atomic_write(meta, b"two").unwrap();
    fs::write(folder.path().join("meta.json.tmp"), b"half").unwrap();
    let directory = open(folder.path());
    assert_eq!(directory.atomic_read(meta).unwrap(), b"two");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let managed = directory.atomic_read(Path::new(MANAGED)).unwrap();
    assert_eq!(managed, b"[\"meta.json\"]");
}

#[test]
fn a_lock_is_held_until_it_is_dropped_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    let wanted = Lock { filepath: PathBuf::from(".lock"), is_blocking: false };
    let held = directory.acquire_lock(&wanted).unwrap();
    assert!(directory.acquire_lock(&wanted).is_err());
    drop(held);
    assert!(directory.acquire_lock(&wanted).is_ok());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_deleted_file_stays_readable_to_those_who_have_it_open() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    write(&directory, "a.idx", &content(10 * CHUNK));
    let file = directory.get_file_handle(Path::new("a.idx")).unwrap();
    directory.delete(Path::new("a.idx")).unwrap();
    assert_eq!(file.read_bytes(0..10 * CHUNK).unwrap().len(), 10 * CHUNK);
    assert!(matches!(directory.delete(Path::new("a.idx")), Err(DeleteError::FileDoesNotExist(_))));
}
