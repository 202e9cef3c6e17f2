//! Writing a package as one ZIP file, to anything that takes bytes.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Datelike as _, NaiveDateTime, Timelike as _};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::sink::{Sink, check_path};

/// Files this large get ZIP64 sizes. Below 4 GiB, because compression can make a file a little larger.
const ZIP64_FROM_BYTES: usize = 0xfff0_0000;

/// The fastest: PDFs are compressed already. One level for all files, because a change of level makes the ZIP
/// writer allocate its compressor anew, which cost gigabytes of fragmented memory for 100,000 records (measured).
const LEVEL: i64 = 1;

/// Streams a ZIP file: no seeking, so the writer may be a network connection.
///
/// Every file is deflated. Storing PDFs would be quicker, but a stored file whose size follows it cannot be
/// read by programs that read ZIP files as a stream. File names carry the UTF-8 flag (APPNOTE 4.4.4, bit 11);
/// ZIP64 is used where sizes or counts need it.
pub struct ZipSink<W: Write> {
    /// Before `zip`, so that it is dropped first: see [`Gate`].
    shut: Shut,
    zip: ZipWriter<StreamWriter<Gate<W>>>,
    base: String,
    modified: DateTime,
}

impl<W: Write> ZipSink<W> {
    /// All files go below the directory `base` (RFC 8493, section 4.3); `modified` is the local time they
    /// carry. For output to a file, give a `BufWriter`.
    ///
    /// # Errors
    /// `InvalidInput` when `base` is not one plain name.
    pub fn new(out: W, base: &str, modified: NaiveDateTime) -> io::Result<Self> {
        check_path(base)?;
        if base.contains('/') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the package's name contains a /"));
        }
        let shut = Arc::new(AtomicBool::new(false));
        let gate = Gate { out, shut: Arc::clone(&shut) };
        let (zip, base) = (ZipWriter::new_stream(gate), base.to_owned());
        Ok(Self { shut: Shut(shut), zip, base, modified: dos_time(modified) })
    }

    fn options(&self, length: usize) -> SimpleFileOptions {
        SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(self.modified)
            .unix_permissions(0o600)
            .large_file(length >= ZIP64_FROM_BYTES)
    }
}

impl<W: Write> Sink for ZipSink<W> {
    type Output = W;

    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        check_path(path)?;
        self.shut.refuse()?;
        self.zip.start_file(format!("{}/{path}", self.base), self.options(bytes.len()))?;
        self.zip.write_all(bytes)?;
        self.shut.refuse()
    }

    /// Writes the directory of the ZIP file and flushes. Syncing to disk is for whoever owns the writer.
    fn finish(self) -> io::Result<W> {
        let Self { shut, zip, .. } = self;
        shut.refuse()?;
        let finished = zip.finish();
        shut.refuse()?;
        let mut out = finished?.into_inner().out;
        out.flush()?;
        Ok(out)
    }
}

/// What lies between the ZIP writer and its output.
///
/// The ZIP writer, when dropped half-way, writes a directory as if all were well. So once writing has failed or
/// the sink is dropped, this gate swallows whatever still comes: a broken ZIP file then looks broken.
struct Gate<W> {
    out: W,
    shut: Arc<AtomicBool>,
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shut.load(Ordering::Relaxed) {
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes);
        let failed = match &written {
            Ok(count) => *count == 0 && !bytes.is_empty(),
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        };
        if failed {
            self.shut.store(true, Ordering::Relaxed);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.shut.load(Ordering::Relaxed) { Ok(()) } else { self.out.flush() }
    }
}

/// The sink's end of the gate; shuts it when the sink is dropped.
struct Shut(Arc<AtomicBool>);

impl Shut {
    /// An error when something could not be written, now or earlier.
    fn refuse(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the ZIP file could not be written on"));
        }
        Ok(())
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// ZIP knows the years 1980 to 2107; outside them the earliest time is written.
fn dos_time(at: NaiveDateTime) -> DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    u16::try_from(at.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (small(at.month()), small(at.day()));
            let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
            DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use chrono::NaiveDate;

    use super::*;

    fn noon() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, 4, 1).unwrap().and_hms_opt(12, 0, 0).unwrap()
    }

    #[test]
    fn names_are_flagged_as_utf8_and_files_lie_below_the_base() {
        let mut sink = ZipSink::new(Vec::new(), "bag", noon()).unwrap();
        sink.file("data/originals/髙﨑_𠮷.pdf", b"%PDF").unwrap();
        let bytes = sink.finish().unwrap();
        // Bit 11 of the flags in the local header (APPNOTE 4.3.7: flags at offset 6).
        assert_eq!(bytes[7] & 0x08, 0x08);
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut file = archive.by_name("bag/data/originals/髙﨑_𠮷.pdf").unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"%PDF");
        assert_eq!(file.last_modified().map(|at| (at.year(), at.hour())), Some((2026, 12)));
    }

    #[test]
    fn hostile_paths_and_names_are_refused() {
        assert!(ZipSink::new(Vec::new(), "..", noon()).is_err());
        assert!(ZipSink::new(Vec::new(), "a/b", noon()).is_err());
        let mut sink = ZipSink::new(Vec::new(), "bag", noon()).unwrap();
        assert!(sink.file("../x", b"").is_err());
        sink.file("a", b"").unwrap();
        assert!(sink.file("a", b"").is_err());
    }

    /// A writer with room for `0` bytes that everybody can look into.
    #[derive(Clone)]
    struct Small(usize, Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.1.lock().unwrap();
            if kept.len() + bytes.len() > self.0 {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            kept.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_is_dropped_leaves_no_zip_directory_behind() {
        let out = Small(usize::MAX, Arc::default());
        let mut sink = ZipSink::new(out.clone(), "bag", noon()).unwrap();
        sink.file("a", b"a").unwrap();
        drop(sink);
        let kept = out.1.lock().unwrap().clone();
        assert!(!kept.is_empty() && zip::ZipArchive::new(Cursor::new(kept)).is_err());
    }

    #[test]
    fn after_a_failed_write_everything_is_refused() {
        let mut sink = ZipSink::new(Small(60, Arc::default()), "bag", noon()).unwrap();
        let noise: Vec<u8> =
            (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        assert!(sink.file("a", &noise).is_err());
        assert!(sink.file("b", b"").is_err());
        assert!(sink.finish().is_err());
    }
}
