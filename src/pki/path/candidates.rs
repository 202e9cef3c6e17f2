//! Chains that may lead from a certificate to an anchor: followed by issuer name, bounded, shortest first.

use std::collections::VecDeque;

use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use super::{MAX_CANDIDATES, MAX_LENGTH, Path, Purpose};
use crate::pki::certificate::Certificate;
use crate::pki::trust::{Anchor, TrustStore};

/// Partial chains looked at for one target. A hostile pool may hold many certificates of one name.
const MAX_STEPS: usize = 512;

pub struct Found<'a> {
    /// Complete chains with their anchors, shortest first.
    pub paths: Vec<(Path, &'a Anchor)>,
    /// The certificate whose issuer was looked for last and not found.
    pub missing: Certificate,
}

/// Breadth first from the target: an anchor of the issuer's name ends a chain, other certificates of that name go on.
/// Authorities whose key identifier fits are tried first; identifiers are hints, not proof (RFC 5280, 4.2.1.1).
pub fn collect<'a>(
    target: &Certificate,
    pool: &[Certificate],
    trust: &'a TrustStore,
    purpose: Purpose,
) -> Found<'a> {
    let mut found = Found { paths: Vec::new(), missing: target.clone() };
    let mut waiting = VecDeque::from([vec![target.clone()]]);
    let mut steps = 0;
    while let Some(chain) = waiting.pop_front() {
        steps += 1;
        let Some(last) = chain.last() else { continue };
        if steps > MAX_STEPS || found.paths.len() >= MAX_CANDIDATES {
            break;
        }
        if is_anchor(&chain, last, trust, purpose, &mut found) || chain.len() >= MAX_LENGTH {
            continue;
        }
        let key = last.issuer_key().to_owned();
        for anchor in trust.anchors_named(&key).filter(|anchor| purpose.allowed_by(anchor.roles)) {
            if anchor.certificate != *last {
                let certificates = extended(&chain, &anchor.certificate);
                found.paths.push((Path { certificates, origin: anchor.origin }, anchor));
            }
        }
        let mut issuers = named(pool, last, &key, !found.paths.is_empty());
        issuers.extend(trust.intermediates_named(&key));
        issuers.retain(|issuer| chain.iter().all(|known| !same_key_and_name(known, issuer)));
        issuers.dedup();
        issuers.sort_by_key(|issuer| !identifiers_fit(last, issuer));
        if issuers.is_empty() && found.paths.is_empty() {
            found.missing = last.clone();
        }
        waiting.extend(issuers.into_iter().map(|issuer| extended(&chain, issuer)));
    }
    found
}

/// Authorities of the pool with the issuer's name: byte for byte, else (unless a chain is found) as names compare.
fn named<'p>(
    pool: &'p [Certificate],
    last: &Certificate,
    key: &str,
    found_one: bool,
) -> Vec<&'p Certificate> {
    let exact = pool.iter().filter(|certificate| certificate.subject_der() == last.issuer_der());
    let mut found: Vec<&Certificate> = exact.filter(|certificate| certificate.is_ca()).collect();
    if found.is_empty() && !found_one {
        let alike = pool.iter().filter(|certificate| certificate.subject_key() == key);
        found.extend(alike.filter(|certificate| certificate.is_ca()));
    }
    found
}

/// A certificate that is itself an anchor ends the chain: lists of the EU name the units of authorities themselves.
fn is_anchor<'a>(
    chain: &[Certificate],
    last: &Certificate,
    trust: &'a TrustStore,
    purpose: Purpose,
    found: &mut Found<'a>,
) -> bool {
    let own = trust.anchors_named(last.subject_key());
    let own = own.filter(|anchor| anchor.certificate == *last && purpose.allowed_by(anchor.roles));
    let before = found.paths.len();
    for anchor in own {
        found.paths.push((Path { certificates: chain.to_vec(), origin: anchor.origin }, anchor));
    }
    found.paths.len() > before
}

fn extended(chain: &[Certificate], issuer: &Certificate) -> Vec<Certificate> {
    let mut longer = Vec::with_capacity(chain.len() + 1);
    longer.extend_from_slice(chain);
    longer.push(issuer.clone());
    longer
}

/// Going through one key of one name twice adds nothing (RFC 4158, 2.4.2).
fn same_key_and_name(a: &Certificate, b: &Certificate) -> bool {
    a.subject_der() == b.subject_der() && a.spki_der() == b.spki_der()
}

fn identifiers_fit(certificate: &Certificate, issuer: &Certificate) -> bool {
    let wanted =
        certificate.inner().tbs_certificate().get_extension::<AuthorityKeyIdentifier>().ok().flatten();
    let Some(wanted) = wanted.and_then(|(_, id)| id.key_identifier) else { return true };
    issuer.subject_key_id().is_none_or(|id| id == wanted.as_bytes())
}
