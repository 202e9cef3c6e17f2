//! Cryptographic constraints (EN 319 102-1, 5.2.8): was every algorithm still acceptable at the proven time?

use chrono::{DateTime, Utc};

use super::{Reason, SubIndication};
use crate::pki::certificate::Certificate;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::path::Path;
use crate::pki::sunset::{self, Algorithm};

/// The first algorithm that had ended at `at`: of the signature, or of a certificate's signature below the anchor. `proven`
/// tells whether `at` is a proven time or only the time of judging.
pub fn ended(
    path: &Path,
    digests: &[DigestAlgorithm],
    at: DateTime<Utc>,
    proven: bool,
) -> Option<(SubIndication, Reason)> {
    let own = digests.iter().map(|digest| Algorithm::Digest(*digest));
    // The anchor's key signs; its own signature is not looked at.
    let keys = path.certificates.iter().filter_map(Algorithm::of_key);
    let signed = path.issued().filter_map(|(certificate, _)| of_signature(certificate));
    let mut all = own.chain(keys).chain(signed);
    let algorithm = all.find(|algorithm| !algorithm.is_acceptable_at(at))?;
    let sub_indication = match proven {
        true => SubIndication::CryptoConstraintsFailure,
        false => SubIndication::CryptoConstraintsFailureNoPoe,
    };
    let ended = algorithm.sunset()?.ends();
    Some((sub_indication, Reason::AlgorithmEnded { algorithm: algorithm.name(), ended, proven }))
}

fn of_signature(certificate: &Certificate) -> Option<Algorithm> {
    sunset::digest_of_signature(certificate).map(Algorithm::Digest)
}
