//! Making and renewing archive timestamps (RFC 4998, sections 4.2 and 5.2).

use super::asn1::{ArchiveTimeStamp, ArchiveTimeStampChain, PartialHashtree, identifier};
use super::exact::{Exact, tlv};
use crate::pki::DigestAlgorithm;

/// An archive timestamp: `first` are the hash values that are proven together, `path` the neighbours from there to the root
/// ([`HashTree::path`](super::HashTree::path)), `token` the timestamp over the root.
pub fn first_stamp(
    algorithm: DigestAlgorithm,
    mut first: Vec<Vec<u8>>,
    path: &[Vec<u8>],
    token: &[u8],
) -> ArchiveTimeStamp {
    let mut path = path.iter().cloned();
    // Section 4.2: "all hash values which have the same father": a lone object shares its list with its neighbour.
    if first.len() == 1 {
        first.extend(path.next());
    }
    first.sort_unstable();
    let lists: Vec<PartialHashtree> =
        std::iter::once(first).chain(path.map(|neighbour| vec![neighbour])).map(PartialHashtree).collect();
    let alone = matches!(lists.as_slice(), [PartialHashtree(values)] if values.len() == 1);
    ArchiveTimeStamp {
        digest_algorithm: Some(identifier(algorithm)),
        attributes: None,
        reduced_hashtree: (!alone).then_some(lists),
        time_stamp: Exact::new(token.to_vec()),
    }
}

/// Timestamp renewal (section 5.2): the first list of the stamp that renews a chain with these `tokens`, oldest first.
/// Nothing but the tokens is read; see point 6 of the module for why all of them are in it.
pub fn renewal_first_list<T: AsRef<[u8]>>(algorithm: DigestAlgorithm, tokens: &[T]) -> Vec<Vec<u8>> {
    tokens.iter().map(|token| algorithm.hash(token.as_ref())).collect()
}

/// Hash-tree renewal (section 5.2, steps 2 to 4): h(i)' = H(h(i) || H(atsc(i))).
///
/// `object` is the hash of the object under the new algorithm, `sequence` the whole sequence so far ([`sequence_der`]).
pub fn renewed_object_hash(algorithm: DigestAlgorithm, object: &[u8], sequence: &[u8]) -> Vec<u8> {
    let mut hasher = algorithm.hasher();
    hasher.update(object);
    hasher.update(&algorithm.hash(sequence));
    hasher.finish()
}

/// The `ArchiveTimeStampSequence` of these chains in DER.
pub fn sequence_der(chains: &[ArchiveTimeStampChain]) -> Vec<u8> {
    let chains: Vec<&[u8]> = chains.iter().map(|chain| chain.exact.bytes()).collect();
    tlv(0x30, &chains.concat())
}
