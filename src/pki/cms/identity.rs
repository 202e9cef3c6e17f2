//! Whose signature it is: the certificate that a signer's part names (RFC 5652, 5.3).

use der::Decode;
use x509_cert::name::Name;

use super::super::certificate::Certificate;
use super::super::name;
use super::EssCertId;

/// Who signed, as the signature names the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// The issuer's name in DER, and the serial number's bytes without leading zeros.
    IssuerAndSerial {
        issuer: Vec<u8>,
        serial: Vec<u8>,
    },
    SubjectKeyId(Vec<u8>),
}

impl SignerIdentifier {
    /// Finds the certificate. Where several have the name, the one whose digest was signed is meant.
    pub fn find<'a>(
        &self,
        certificates: impl Iterator<Item = &'a Certificate> + Clone,
        protected: &[EssCertId],
    ) -> Option<&'a Certificate> {
        let named = || certificates.clone().filter(|certificate| self.names(certificate));
        let protected =
            |certificate: &&Certificate| protected.iter().all(|id| id.matches(certificate) == Some(true));
        named().find(protected).or_else(|| named().next()).or_else(|| {
            // The name may be written with other string types than in the certificate.
            certificates.clone().find(|certificate| self.names_loosely(certificate))
        })
    }

    fn names(&self, certificate: &Certificate) -> bool {
        match self {
            SignerIdentifier::IssuerAndSerial { issuer, serial } => {
                same_number(serial, certificate.serial_bytes()) && issuer == certificate.issuer_der()
            }
            SignerIdentifier::SubjectKeyId(id) => certificate.subject_key_id().is_some_and(|own| own == *id),
        }
    }

    fn names_loosely(&self, certificate: &Certificate) -> bool {
        let SignerIdentifier::IssuerAndSerial { issuer, serial } = self else { return false };
        same_number(serial, certificate.serial_bytes())
            && Name::from_der(issuer).is_ok_and(|issuer| {
                name::to_text(&issuer).to_lowercase() == certificate.issuer().to_lowercase()
            })
    }
}

/// Whether two INTEGERs have the same contents, apart from zeros before them.
pub fn same_number(one: &[u8], other: &[u8]) -> bool {
    without_zeros(one) == without_zeros(other)
}

/// Contents of an INTEGER without the zeros before it; a zero keeps one.
pub fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros.min(number.len().saturating_sub(1))..]
}
