//! What a certificate is needed for, and whether its key usages allow that.

use der::asn1::ObjectIdentifier;
use der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

use super::Rule;
use crate::pki::certificate::Certificate;
use crate::pki::trust::Roles;

/// id-kp-timeStamping (RFC 3161, 2.3).
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// id-kp-OCSPSigning (RFC 6960, 4.2.2.2).
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// What the target of a path is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Sign documents.
    Signing,
    /// Sign timestamps.
    Timestamping,
    /// Sign OCSP responses for its issuer.
    OcspSigning,
    /// Sign revocation lists.
    CrlSigning,
}

impl Purpose {
    /// Whether an anchor with these roles may vouch for it.
    pub fn allowed_by(self, roles: Roles) -> bool {
        match (self, roles) {
            (_, Roles::Both) | (Purpose::OcspSigning | Purpose::CrlSigning, _) => true,
            (Purpose::Signing, roles) => roles == Roles::Signing,
            (Purpose::Timestamping, roles) => roles == Roles::Timestamping,
        }
    }

    /// Key usage and extended key usage of the target.
    ///
    /// Timestamps: the extended usage is there, critical, and timeStamping alone (RFC 3161, 2.3). Signatures: digitalSignature
    /// or nonRepudiation where a key usage is given; the extended usage is not asked, as EN 319 102-1 leaves it to a policy
    /// and national cards differ.
    pub fn check(self, certificate: &Certificate) -> Result<(), Rule> {
        match self {
            Purpose::Signing => signs(certificate),
            Purpose::Timestamping => {
                let usages = certificate.extended_key_usage().ok_or(Rule::ExtendedKeyUsage)?;
                if !usages.critical || usages.oids != [TIME_STAMPING] {
                    return Err(Rule::ExtendedKeyUsage);
                }
                signs(certificate)
            }
            Purpose::OcspSigning => {
                let usages = certificate.extended_key_usage().ok_or(Rule::ExtendedKeyUsage)?;
                if usages.oids.contains(&OCSP_SIGNING) {
                    signs(certificate)
                } else {
                    Err(Rule::ExtendedKeyUsage)
                }
            }
            Purpose::CrlSigning => allows(certificate, KeyUsages::CRLSign.into()),
        }
    }
}

fn signs(certificate: &Certificate) -> Result<(), Rule> {
    allows(certificate, KeyUsages::DigitalSignature | KeyUsages::NonRepudiation)
}

/// A certificate without key usage is unrestricted (RFC 5280, 4.2.1.3).
fn allows(certificate: &Certificate, any_of: FlagSet<KeyUsages>) -> Result<(), Rule> {
    match certificate.key_usage() {
        Some(usage) if (usage.0 & any_of).is_empty() => Err(Rule::KeyUsage),
        _ => Ok(()),
    }
}
