//! One certificate revocation list (RFC 5280, section 5), kept as its bytes: entries are looked up, never unpacked.

use std::sync::{Mutex, OnceLock};

use chrono::{DateTime, Utc};
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::{DistributionPoint, IssuingDistributionPoint};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, GeneralNames};
use x509_cert::ext::pkix::{CrlDistributionPoints, KeyUsages};
use x509_cert::name::Name;

use super::{RevocationError, RevocationReason, Unusable, der_time};
use crate::pki::ber::{CONTEXT_0, Elements, INTEGER, SEQUENCE};
use crate::pki::certificate::Certificate;
use crate::pki::known;
use crate::pki::signature::{self, Message};

const GENERALIZED_TIME: u8 = 0x18;
const UTC_TIME: u8 = 0x17;

const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const EXPIRED_CERTS_ON_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");
/// id-ce-certificateIssuer (RFC 5280, 5.3.3).
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");
const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

/// Certificates remembered that did not issue a list.
const MAX_OTHERS: usize = 16;
/// Most extensions read of a list or of one entry.
const MAX_EXTENSIONS: usize = 32;

/// A revocation list. Memory: its bytes, and a few hundred more.
#[derive(Debug)]
pub struct Crl {
    tbs: Vec<u8>,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
    issuer: Name,
    issuer_der: Vec<u8>,
    pub this_update: DateTime<Utc>,
    pub next_update: Option<DateTime<Utc>>,
    /// Contents of `revokedCertificates`.
    entries: Vec<u8>,
    distribution_point: Option<IssuingDistributionPoint>,
    is_delta: bool,
    unknown_critical: bool,
    expired_since: Option<DateTime<Utc>>,
    digest: [u8; 32],
    /// The key it was last verified with, and whether it held.
    verified: OnceLock<(Vec<u8>, bool)>,
    /// Certificates that are not its issuer's: the same are asked about in each file.
    others: Mutex<Vec<[u8; 32]>>,
}

/// An entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub reason: RevocationReason,
}

impl Crl {
    /// Reads the frame of a list; its entries only as far as their frame is sound.
    pub fn from_der(der: &[u8]) -> Result<Crl, RevocationError> {
        let ber = |error: crate::pki::ber::BerError| RevocationError::Crl(error.to_string());
        let asn1 = |error: der::Error| RevocationError::Crl(error.to_string());
        let missing = |what: &str| RevocationError::Crl(format!("{what} is missing or out of range"));
        let mut outer = Elements::new(der).expect_tag(SEQUENCE).map_err(ber)?.children();
        let tbs = outer.expect_tag(SEQUENCE).map_err(ber)?;
        let algorithm = outer.expect_tag(SEQUENCE).map_err(ber)?;
        let bits = Elements::take(&mut outer).map_err(ber)?;
        let mut fields = tbs.children();
        fields.optional(INTEGER).map_err(ber)?;
        fields.expect_tag(SEQUENCE).map_err(ber)?;
        let issuer_der = fields.expect_tag(SEQUENCE).map_err(ber)?.raw;
        let issuer = Name::from_der(issuer_der).map_err(asn1)?;
        let this_update = der_time::time(Elements::take(&mut fields).map_err(ber)?.raw)
            .ok_or_else(|| missing("thisUpdate"))?;
        let next_update = match fields.peek() {
            Some(UTC_TIME | GENERALIZED_TIME) => {
                der_time::time(Elements::take(&mut fields).map_err(ber)?.raw)
            }
            _ => None,
        };
        let entries = fields.optional(SEQUENCE).map_err(ber)?.map(|list| list.content.to_vec());
        let mut crl = Crl {
            tbs: tbs.raw.to_vec(),
            algorithm: AlgorithmIdentifierOwned::from_der(algorithm.raw).map_err(asn1)?,
            signature: der::asn1::BitString::from_der(bits.raw).map_err(asn1)?.raw_bytes().to_vec(),
            issuer,
            issuer_der: issuer_der.to_vec(),
            this_update,
            next_update,
            entries: entries.unwrap_or_default(),
            distribution_point: None,
            is_delta: false,
            unknown_critical: false,
            expired_since: None,
            digest: known::digest(der),
            verified: OnceLock::new(),
            others: Mutex::default(),
        };
        if let Some(extensions) = fields.optional(CONTEXT_0).map_err(ber)? {
            crl.read_extensions(extensions.children().expect_tag(SEQUENCE).map_err(ber)?.children())?;
        }
        Ok(crl)
    }

    fn read_extensions(&mut self, extensions: Elements<'_>) -> Result<(), RevocationError> {
        for extension in read(extensions)? {
            let value = extension.extn_value.as_bytes();
            match extension.extn_id {
                DELTA_CRL_INDICATOR => self.is_delta = true,
                ISSUING_DISTRIBUTION_POINT => match IssuingDistributionPoint::from_der(value) {
                    Ok(point) => self.distribution_point = Some(point),
                    Err(_) => self.unknown_critical = true,
                },
                EXPIRED_CERTS_ON_CRL => self.expired_since = der_time::time(value),
                _ => self.unknown_critical |= extension.critical,
            }
        }
        Ok(())
    }

    /// SHA-256 of the whole list.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether the names say that this list is of the authority that issued the certificate.
    pub fn is_of(&self, issuer: &Certificate) -> bool {
        self.issuer_der == issuer.subject_der() || self.is_named_as(issuer)
    }

    /// Whether the names compare alike though they are written differently (RFC 5280, 7.1).
    fn is_named_as(&self, issuer: &Certificate) -> bool {
        let compare = || certval::compare_names(&self.issuer, issuer.inner().tbs_certificate().subject());
        let Ok(mut others) = self.others.lock() else { return compare() };
        if others.contains(&issuer.fingerprint()) {
            return false;
        }
        let alike = compare();
        if !alike && others.len() < MAX_OTHERS {
            others.push(issuer.fingerprint());
        }
        alike
    }

    /// The signature under the issuer's key, and whether that key may sign lists (RFC 5280, 6.3.3 f and g).
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let verify = || {
            let allowed = issuer.key_usage().is_none_or(|usage| usage.0.contains(KeyUsages::CRLSign));
            let message = Message::Bytes(&self.tbs);
            allowed && signature::verify_by(issuer, &self.algorithm, None, message, &self.signature).is_ok()
        };
        let (key, held) = self.verified.get_or_init(|| (issuer.spki_der().to_vec(), verify()));
        if key == issuer.spki_der() { *held } else { verify() }
    }

    /// Whether the list speaks about this certificate at all (RFC 5280, 6.3.3 b).
    pub fn covers(&self, certificate: &Certificate) -> Result<(), Unusable> {
        if self.unknown_critical {
            return Err(Unusable::CriticalExtension);
        }
        let Some(point) = &self.distribution_point else { return Ok(()) };
        let wrong_kind = point.only_contains_attribute_certs
            || (point.only_contains_user_certs && certificate.is_ca())
            || (point.only_contains_ca_certs && !certificate.is_ca());
        let elsewhere = point.distribution_point.as_ref().is_some_and(|name| !is_named(name, certificate));
        if wrong_kind || elsewhere { Err(Unusable::Scope) } else { Ok(()) }
    }

    /// Whether it lists certificates of several authorities (RFC 5280, 5.2.5).
    pub fn is_indirect(&self) -> bool {
        self.distribution_point.as_ref().is_some_and(|point| point.indirect_crl)
    }

    /// Whether the certificate names the issuer of this list as one that its own issuer leaves the lists to (RFC 5280, 4.2.1.13).
    pub fn is_delegated_by(&self, certificate: &Certificate) -> bool {
        let named = points(certificate).into_iter().filter_map(|point| point.crl_issuer);
        named.into_iter().any(|names| self.is_among(&names, &self.issuer))
    }

    fn is_among(&self, names: &[GeneralName], wanted: &Name) -> bool {
        let directory = names.iter().filter_map(|name| match name {
            GeneralName::DirectoryName(name) => Some(name),
            _ => None,
        });
        directory.into_iter().any(|name| certval::compare_names(name, wanted))
    }

    /// Whether the absence of an entry says that a certificate is good.
    pub fn is_complete(&self) -> bool {
        let some_reasons =
            self.distribution_point.as_ref().is_some_and(|point| point.only_some_reasons.is_some());
        !self.is_delta && !some_reasons
    }

    /// Whether a certificate that ended at `not_after` would still be on the list.
    pub fn still_lists(&self, not_after: DateTime<Utc>) -> bool {
        self.this_update <= not_after || self.expired_since.is_some_and(|since| since <= not_after)
    }

    /// The entry of a certificate. Of two entries the first counts.
    ///
    /// In an indirect list an entry may name the issuer whose certificate it is about, which then holds for those after it, too;
    /// before the first such entry it is the list's own issuer (RFC 5280, 5.3.3).
    ///
    /// The date is that of the entry, not the invalidity date an authority may add (RFC 5280, 5.3.2): EN 319 102-1 and others'
    /// validators count from the revocation.
    pub fn entry(&self, certificate: &Certificate) -> Option<Entry> {
        let (serial, indirect) = (significant(certificate.serial_bytes()), self.is_indirect());
        let issuer = certificate.inner().tbs_certificate().issuer();
        let mut of_issuer = !indirect || certval::compare_names(&self.issuer, issuer);
        let mut entries = Elements::new(&self.entries);
        while !entries.is_empty() {
            let mut fields = Elements::take(&mut entries).ok()?.children();
            let same = significant(fields.expect_tag(INTEGER).ok()?.content) == serial;
            if !same && !indirect {
                continue;
            }
            let time = Elements::take(&mut fields).ok()?.raw;
            let extensions = fields.optional(SEQUENCE).ok().flatten();
            let extensions = extensions.and_then(|list| read(list.children()).ok()).unwrap_or_default();
            let other =
                extensions.iter().find(|extension| indirect && extension.extn_id == CERTIFICATE_ISSUER);
            if let Some(other) = other {
                let names = GeneralNames::from_der(other.extn_value.as_bytes());
                of_issuer = names.is_ok_and(|names| self.is_among(&names, issuer));
            }
            if same && of_issuer {
                return Some(entry(der_time::time(time)?, &extensions));
            }
        }
        None
    }
}

/// A number without leading zeros: some authorities write one where none is needed.
pub fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn entry(at: DateTime<Utc>, extensions: &[Extension]) -> Entry {
    let find = |oid| extensions.iter().find(|extension| extension.extn_id == oid);
    let code = find(REASON_CODE).and_then(|reason| reason.extn_value.as_bytes().last().copied());
    let reason = code.map_or(RevocationReason::Unspecified, RevocationReason::from_code);
    Entry { at, reason }
}

fn read(mut extensions: Elements<'_>) -> Result<Vec<Extension>, RevocationError> {
    let mut read = Vec::new();
    while !extensions.is_empty() {
        let element =
            Elements::take(&mut extensions).map_err(|error| RevocationError::Crl(error.to_string()))?;
        read.push(Extension::from_der(element.raw).map_err(|error| RevocationError::Crl(error.to_string()))?);
        if read.len() > MAX_EXTENSIONS {
            return Err(RevocationError::Crl("it has too many extensions".into()));
        }
    }
    Ok(read)
}

/// Whether one of the certificate's distribution points has the name of the list's, or in its place the name of the list's
/// issuer (RFC 5280, 6.3.3 b 2 i).
fn is_named(name: &DistributionPointName, certificate: &Certificate) -> bool {
    let wanted = encoded(name);
    points(certificate).into_iter().any(|point| {
        let names = match (point.distribution_point, point.crl_issuer) {
            (Some(name), _) => encoded(&name),
            (None, Some(issuer)) => encoded(&DistributionPointName::FullName(issuer)),
            (None, None) => Vec::new(),
        };
        wanted.iter().any(|wanted| names.contains(wanted))
    })
}

/// Where the certificate says that lists about it are.
fn points(certificate: &Certificate) -> Vec<DistributionPoint> {
    let points = certificate.inner().tbs_certificate().get_extension::<CrlDistributionPoints>();
    points.ok().flatten().map(|(_, points)| points.0).unwrap_or_default()
}

fn encoded(name: &DistributionPointName) -> Vec<Vec<u8>> {
    match name {
        DistributionPointName::FullName(names) => {
            names.iter().filter_map(|name| name.to_der().ok()).collect()
        }
        DistributionPointName::NameRelativeToCRLIssuer(name) => name.to_der().into_iter().collect(),
    }
}
