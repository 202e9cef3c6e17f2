//! One sealed file of the index: AES-256-GCM in chunks, readable at any place, written as a stream.
//!
//! ```text
//! magic "SHOSIDX1" (8) | salt (32) | chunk 0 | chunk 1 | ... | last chunk
//! chunk = ciphertext of CHUNK plain bytes (the last: 0 to CHUNK) | tag (16)
//! key   = HKDF-SHA-256(index key, salt, "shosoin search index file v1")
//! nonce = chunk number, 96 bits big-endian;  AAD = chunk number (8) | last (1) | file name
//! ```
//! The salt is fresh for every file, so no key ever sees a nonce twice. The file's name, the chunk's number and
//! the last mark are authenticated: bytes cannot move between places or files, and a file cannot be cut short.
//! What is *not* prevented is putting back a whole older state of the index; it is never trusted for more
//! than finding records, and can be built again from the journal.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Plain bytes per chunk. 64 KiB costs 20 us to open and 0.02 % in tags.
pub(super) const CHUNK: usize = 64 * 1024;
const MAGIC: &[u8; 8] = b"SHOSIDX1";
const SALT: usize = 32;
const HEADER: usize = MAGIC.len() + SALT;
const TAG: usize = 16;

/// The key that all files of one index are sealed under; wiped when dropped, never printed.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub struct IndexKey([u8; 32]);

impl IndexKey {
    /// Takes the 32 bytes of a key derived for this purpose alone.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn cipher(&self, salt: &[u8]) -> io::Result<Aes256Gcm> {
        let mut key = Zeroizing::new([0u8; 32]);
        Hkdf::<Sha256>::new(Some(salt), &self.0)
            .expand(b"shosoin search index file v1", &mut *key)
            .map_err(|_| io::Error::other("HKDF refused 32 bytes"))?;
        Aes256Gcm::new_from_slice(&*key).map_err(|_| io::Error::other("AES refused 32 bytes"))
    }
}

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

fn nonce(chunk: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&chunk.to_be_bytes());
    nonce
}

fn aad(name: &str, chunk: u64, last: bool) -> Vec<u8> {
    let mut aad = Vec::with_capacity(9 + name.len());
    aad.extend_from_slice(&chunk.to_be_bytes());
    aad.push(u8::from(last));
    aad.extend_from_slice(name.as_bytes());
    aad
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{name} of the search index does not open; run `shosoin index rebuild`"),
    )
}

/// Seals a stream of bytes into `out`; holds one chunk in memory.
pub(super) struct SealingWriter<W: Write> {
    out: W,
    cipher: Aes256Gcm,
    name: String,
    chunk: u64,
    buffer: Vec<u8>,
}

impl<W: Write> SealingWriter<W> {
    /// Writes the header and makes ready for the content of the file called `name`.
    pub(super) fn new(mut out: W, key: &IndexKey, name: &str) -> io::Result<Self> {
        let mut salt = [0u8; SALT];
        getrandom::fill(&mut salt).map_err(|error| io::Error::other(error.to_string()))?;
        out.write_all(MAGIC)?;
        out.write_all(&salt)?;
        let cipher = key.cipher(&salt)?;
        Ok(Self { out, cipher, name: name.to_owned(), chunk: 0, buffer: Vec::new() })
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        let aad = aad(&self.name, self.chunk, last);
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::from(nonce(self.chunk)), &aad, self.buffer.as_mut_slice().into())
            .map_err(|_| io::Error::other("AES-GCM refused a chunk"))?;
        self.out.write_all(&self.buffer)?;
        self.out.write_all(&tag)?;
        self.buffer.clear();
        self.chunk += 1;
        Ok(())
    }

    /// Seals what is left with the last mark and gives the file back, not yet synced.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.seal_chunk(true)?;
        self.out.flush()
    }

    pub(super) fn get_ref(&self) -> &W {
        &self.out
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the byte after it: only then is it known not to be the last.
        if self.buffer.len() == CHUNK && !bytes.is_empty() {
            self.seal_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Sealing early would break the fixed chunk size; nothing reads a file before it is finished.
        Ok(())
    }
}

/// A sealed file opened for reading.
pub(super) struct SealedFile {
    file: File,
    cipher: Aes256Gcm,
    name: String,
    chunks: u64,
    plain_len: u64,
}

impl SealedFile {
    /// Opens and checks the ends: header and last chunk.
    ///
    /// # Errors
    /// `InvalidData` when anything does not authenticate.
    pub(super) fn open(file: File, key: &IndexKey, name: &str) -> io::Result<Self> {
        let sealed = file.metadata()?.len().checked_sub(HEADER as u64).ok_or_else(|| damaged(name))?;
        let mut header = [0u8; HEADER];
        file.read_exact_at(&mut header, 0)?;
        let (magic, salt) = header.split_at(MAGIC.len());
        let chunks = sealed.div_ceil((CHUNK + TAG) as u64);
        let plain_len = sealed.checked_sub(chunks * TAG as u64);
        let (Some(plain_len), true) = (plain_len, magic == MAGIC && chunks > 0) else {
            return Err(damaged(name));
        };
        let opened = Self { file, cipher: key.cipher(salt)?, name: name.to_owned(), chunks, plain_len };
        opened.read_chunk(chunks - 1)?;
        Ok(opened)
    }

    /// Length of the content in bytes.
    pub(super) fn len(&self) -> u64 {
        self.plain_len
    }

    /// Opens chunk number `chunk`.
    pub(super) fn read_chunk(&self, chunk: u64) -> io::Result<Vec<u8>> {
        let from = chunk.checked_mul(CHUNK as u64).filter(|from| *from <= self.plain_len);
        let Some(from) = from.filter(|_| chunk < self.chunks) else { return Err(damaged(&self.name)) };
        let length = (self.plain_len - from).min(CHUNK as u64) as usize;
        let mut bytes = vec![0; length + TAG];
        self.file.read_exact_at(&mut bytes, HEADER as u64 + chunk * (CHUNK + TAG) as u64)?;
        let mut tag = [0; TAG];
        tag.copy_from_slice(&bytes[length..]);
        bytes.truncate(length);
        let aad = aad(&self.name, chunk, chunk + 1 == self.chunks);
        self.cipher
            .decrypt_inout_detached(
                &Nonce::from(nonce(chunk)),
                &aad,
                bytes.as_mut_slice().into(),
                &Tag::from(tag),
            )
            .map_err(|_| damaged(&self.name))?;
        Ok(bytes)
    }
}
