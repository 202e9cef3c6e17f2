//! Whom we believe: the anchors a chain may end in, what each may vouch for, and since when.

mod aatl;
mod directory;
mod eu_list;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certval::{DefaultSignatureVerificationCache, PkiEnvironment};
use chrono::{DateTime, Utc};

use super::certificate::{Certificate, PkiError};
use super::known::Known;
use super::path;

/// Longest file with anchors, in bytes. The largest European list has 5 MB.
pub const MAX_TRUST_FILE: usize = 64 << 20;
/// Signatures of authorities remembered as verified, so that a batch does not verify them once per file.
const REMEMBERED_SIGNATURES: usize = 4096;
/// Chains remembered as holding, 32 bytes each.
const REMEMBERED_CHAINS: usize = 16_384;

/// What an anchor may vouch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roles {
    Signing,
    Timestamping,
    Both,
}

/// Where an anchor comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The operating system's store.
    System,
    /// A certificate somebody put into a file.
    File,
    /// Adobe Approved Trust List.
    Aatl,
    /// A trusted list of a member state (ETSI TS 119 612).
    EuList,
}

/// A certificate that is believed without further proof.
#[derive(Debug, Clone)]
pub struct Anchor {
    pub certificate: Certificate,
    pub roles: Roles,
    /// Believed from this moment on; `None`: always.
    pub from: Option<DateTime<Utc>>,
    /// Believed up to this moment; `None`: still.
    pub until: Option<DateTime<Utc>>,
    pub origin: Origin,
}

impl Anchor {
    /// Whether it counts at `at`. Its own validity period is not asked: being on the list is what counts (RFC 5280, 6.1.1 d).
    pub fn counts_at(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// Why a source of anchors could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("{0} cannot be read: {1}. Check that the file exists and may be read by this program")]
    Read(PathBuf, std::io::Error),
    #[error("a file with anchors has {0} bytes; at most 64 MiB are read. Split it")]
    TooLarge(usize),
    #[error(
        "the file holds neither certificates (PEM or DER) nor a list that is known (AATL, ETSI TS 119 612)"
    )]
    Unknown,
    #[error(
        "this PDF holds no list that can be read. If it is Adobe's, save its attachment SecuritySettings.xml and import that"
    )]
    WrappedList,
    #[error("the list is not well-formed XML: {0}")]
    Xml(String),
    #[error(transparent)]
    Certificate(#[from] PkiError),
}

/// How many anchors a source brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Anchors that were not there before.
    pub anchors: usize,
    /// Certificates that could not be read and were left out.
    pub unreadable: usize,
}

/// The anchors, and helpful certificates that need no trust. Cheap to clone; the memory of verified signatures is shared.
#[derive(Clone, Default)]
pub struct TrustStore {
    anchors: Vec<Anchor>,
    intermediates: Vec<Certificate>,
    anchors_by_name: HashMap<String, Vec<usize>>,
    intermediates_by_name: HashMap<String, Vec<usize>>,
    environment: Environment,
    unwrap: Option<Unwrap>,
}

/// Gives the list that a PDF wraps; `None` if it wraps none.
pub type Unwrap = fn(&[u8]) -> Option<Vec<u8>>;

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustStore({} anchors, {} intermediates)", self.anchors.len(), self.intermediates.len())
    }
}

/// What does not change from file to file: certval's callbacks (our signature verification, a bounded memory of what it
/// verified), and chains that were found to hold.
#[derive(Clone)]
struct Environment {
    certval: Arc<PkiEnvironment>,
    /// SHA-256 over the fingerprints of a chain.
    chains: Arc<Mutex<HashSet<[u8; 32]>>>,
    known: Arc<Known>,
}

impl Default for Environment {
    fn default() -> Environment {
        let mut environment = PkiEnvironment::new();
        environment.add_verify_signature_message_callback(path::verify_for_certval);
        environment.add_signature_cache(Box::new(DefaultSignatureVerificationCache::with_capacity(
            REMEMBERED_SIGNATURES,
        )));
        Environment { certval: Arc::new(environment), chains: Arc::default(), known: Arc::default() }
    }
}

impl TrustStore {
    /// A store that believes nobody.
    pub fn empty() -> TrustStore {
        TrustStore::default()
    }

    /// The operating system's anchors, for signatures and timestamps alike.
    pub fn system() -> TrustStore {
        let mut store = TrustStore::empty();
        store.add_system();
        store
    }

    /// Lets files be read that wrap Adobe's list in a PDF, which this folder knows nothing of.
    pub fn unwrapping(mut self, unwrap: Unwrap) -> TrustStore {
        self.unwrap = Some(unwrap);
        self
    }

    /// Adds the operating system's anchors. Certificates that cannot be read are counted, not fatal.
    pub fn add_system(&mut self) -> Imported {
        let found = rustls_native_certs::load_native_certs();
        let mut imported = Imported { anchors: 0, unreadable: found.errors.len() };
        for der in found.certs {
            match Certificate::from_der(der.as_ref()) {
                Ok(certificate) => {
                    imported.anchors += usize::from(self.add(certificate, Roles::Both, Origin::System))
                }
                Err(_) => imported.unreadable += 1,
            }
        }
        imported
    }

    /// Adds a file's anchors, whatever it is: PEM, DER, Adobe's list, a European list.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<Imported, TrustError> {
        if bytes.len() > MAX_TRUST_FILE {
            return Err(TrustError::TooLarge(bytes.len()));
        }
        let head = String::from_utf8_lossy(bytes.get(..2048).unwrap_or(bytes)).into_owned();
        if head.starts_with("%PDF-") {
            let list = self.unwrap.and_then(|unwrap| unwrap(bytes)).ok_or(TrustError::WrappedList)?;
            return self.add_list(&list);
        }
        if head.contains("-----BEGIN CERTIFICATE-----") || find(bytes, b"-----BEGIN CERTIFICATE-----") {
            return self.add_pem(bytes);
        }
        if head.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
            return self.add_list(bytes);
        }
        if bytes.first() == Some(&0x30) {
            return self.add_der(bytes);
        }
        Err(TrustError::Unknown)
    }

    /// Adds one certificate in DER as an anchor for everything.
    pub fn add_der(&mut self, der: &[u8]) -> Result<Imported, TrustError> {
        let added = self.add(Certificate::from_der(der)?, Roles::Both, Origin::File);
        Ok(Imported { anchors: usize::from(added), unreadable: 0 })
    }

    /// Adds every certificate of a PEM file as an anchor for everything.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<Imported, TrustError> {
        let (certificates, unreadable) = certificates_in_pem(pem);
        if certificates.is_empty() && unreadable == 0 {
            return Err(TrustError::Unknown);
        }
        let mut imported = Imported { anchors: 0, unreadable };
        for certificate in certificates {
            imported.anchors += usize::from(self.add(certificate, Roles::Both, Origin::File));
        }
        Ok(imported)
    }

    fn add_list(&mut self, bytes: &[u8]) -> Result<Imported, TrustError> {
        let document = xml::parse(bytes)?;
        let (anchors, unreadable) = match document.root_element().tag_name().name() {
            "SecuritySettings" => aatl::anchors(&document),
            "TrustServiceStatusList" => eu_list::anchors(&document),
            _ => return Err(TrustError::Unknown),
        };
        let mut imported = Imported { anchors: 0, unreadable };
        for anchor in anchors {
            imported.anchors += usize::from(self.add_anchor(anchor));
        }
        Ok(imported)
    }

    /// Adds an anchor without limits in time. `false`: it was there already.
    pub fn add(&mut self, certificate: Certificate, roles: Roles, origin: Origin) -> bool {
        self.add_anchor(Anchor { certificate, roles, from: None, until: None, origin })
    }

    /// Adds an anchor. `false`: the same certificate with the same role and times was there already.
    pub fn add_anchor(&mut self, anchor: Anchor) -> bool {
        let name = anchor.certificate.subject_key().to_owned();
        let known = self.anchors_by_name.entry(name).or_default();
        let same = |other: &Anchor| {
            other.certificate == anchor.certificate
                && other.roles == anchor.roles
                && (other.from, other.until) == (anchor.from, anchor.until)
        };
        if known.iter().filter_map(|index| self.anchors.get(*index)).any(same) {
            return false;
        }
        known.push(self.anchors.len());
        self.anchors.push(anchor);
        true
    }

    /// Adds a certificate that may help to build a chain, and proves nothing by itself.
    pub fn add_intermediate(&mut self, certificate: Certificate) {
        let known = self.intermediates_by_name.entry(certificate.subject_key().to_owned()).or_default();
        if known.iter().filter_map(|index| self.intermediates.get(*index)).all(|other| *other != certificate)
        {
            known.push(self.intermediates.len());
            self.intermediates.push(certificate);
        }
    }

    /// Adds every certificate of a PEM or DER file as a helper for building chains.
    pub fn add_intermediates(&mut self, bytes: &[u8]) -> Result<usize, TrustError> {
        let certificates = match find(bytes, b"-----BEGIN CERTIFICATE-----") {
            true => certificates_in_pem(bytes).0,
            false => vec![Certificate::from_der(bytes)?],
        };
        let count = certificates.len();
        certificates.into_iter().for_each(|certificate| self.add_intermediate(certificate));
        Ok(count)
    }

    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    pub(super) fn anchors_named(&self, key: &str) -> impl Iterator<Item = &Anchor> + use<'_> {
        self.anchors_by_name.get(key).into_iter().flatten().filter_map(|index| self.anchors.get(*index))
    }

    pub(super) fn intermediates_named(&self, key: &str) -> impl Iterator<Item = &Certificate> + use<'_> {
        self.intermediates_by_name
            .get(key)
            .into_iter()
            .flatten()
            .filter_map(|index| self.intermediates.get(*index))
    }

    pub(super) fn environment(&self) -> &PkiEnvironment {
        &self.environment.certval
    }

    /// Certificates and revocation lists that were read before.
    pub fn known(&self) -> &Known {
        &self.environment.known
    }

    /// Whether this very chain was found to hold before. Neither time nor revocation is part of that.
    pub(super) fn remembers(&self, chain: &[u8; 32]) -> bool {
        self.environment.chains.lock().is_ok_and(|chains| chains.contains(chain))
    }

    /// Remembers a chain that holds; when there are too many, all are forgotten.
    pub(super) fn remember(&self, chain: [u8; 32]) {
        if let Ok(mut chains) = self.environment.chains.lock() {
            if chains.len() >= REMEMBERED_CHAINS {
                chains.clear();
            }
            chains.insert(chain);
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Certificates of a PEM file, and how many blocks could not be read. Other blocks are passed over.
fn certificates_in_pem(pem: &[u8]) -> (Vec<Certificate>, usize) {
    let text = String::from_utf8_lossy(pem);
    let (mut certificates, mut unreadable) = (Vec::new(), 0);
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let body: String = block.split("-----END").next().unwrap_or("").split_whitespace().collect();
        match STANDARD.decode(body).ok().and_then(|der| Certificate::from_der(&der).ok()) {
            Some(certificate) => certificates.push(certificate),
            None => unreadable += 1,
        }
    }
    (certificates, unreadable)
}
