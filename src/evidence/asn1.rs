//! The ASN.1 types of RFC 4998, appendix B, with every byte that a later timestamp may hash kept as it was.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{
    Decode, DecodeValue, Encode, EncodeValue, EncodingRules, FixedTag, Header, Length, Reader, SliceReader,
    Tag, TagMode, TagNumber, Writer,
};
use spki::AlgorithmIdentifierOwned;

use super::build::sequence_der;
use super::error::EvidenceError;
use super::exact::{Exact, optional, tlv};
use crate::pki::DigestAlgorithm;

/// Largest record that is read, in bytes: tokens may carry revocation lists of some megabytes.
pub const MAX_RECORD_BYTES: usize = 32 << 20;
/// Shortest and longest hash value, in bytes: SHA-1 (old records) and SHA-512. The lower bound also bounds how much more
/// memory a record takes than its bytes.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 20..=64;

const SEQUENCE: u8 = 0x30;
const REDUCED_HASHTREE: TagNumber = TagNumber(2);
const DIGEST_ALGORITHM: TagNumber = TagNumber(0);

/// `EvidenceRecord` (section 3.1). `cryptoInfos` and `encryptionInfo` are kept, not interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// Every algorithm used in the record, in order of first use.
    pub digest_algorithms: Vec<AlgorithmIdentifierOwned>,
    pub crypto_infos: Option<Exact>,
    pub encryption_info: Option<Exact>,
    /// `ArchiveTimeStampSequence` (section 5.1), oldest chain first.
    pub chains: Vec<ArchiveTimeStampChain>,
}

/// `ArchiveTimeStampChain` (section 5.1): timestamps under one digest algorithm, each renewing the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveTimeStampChain {
    /// The chain as it stands in the record; what the next chain's hash-tree renewal covers.
    pub exact: Exact,
    pub stamps: Vec<ArchiveTimeStamp>,
}

/// `ArchiveTimeStamp` (section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveTimeStamp {
    /// Algorithm of the hash tree; absent: that of the timestamp.
    pub digest_algorithm: Option<AlgorithmIdentifierOwned>,
    pub attributes: Option<Exact>,
    /// The lists of hash values from the object up, without the nodes that follow from them.
    pub reduced_hashtree: Option<Vec<PartialHashtree>>,
    /// The timestamp, a CMS `ContentInfo`, as the authority wrote it.
    pub time_stamp: Exact,
}

/// `PartialHashtree` (section 4.1): hash values under one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialHashtree(pub Vec<Vec<u8>>);

/// The `AlgorithmIdentifier` of a digest, parameters absent (RFC 5754, section 2).
pub fn identifier(algorithm: DigestAlgorithm) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: algorithm.oid(), parameters: None }
}

/// The algorithm that an identifier names.
///
/// # Errors
/// [`EvidenceError::UnknownDigest`]
pub fn algorithm(oid: &ObjectIdentifier) -> Result<DigestAlgorithm, EvidenceError> {
    DigestAlgorithm::from_oid(oid).ok_or_else(|| EvidenceError::UnknownDigest(oid.to_string()))
}

impl EvidenceRecord {
    /// Joins chains into a record, oldest chain first.
    pub fn new(chains: Vec<ArchiveTimeStampChain>) -> Self {
        let mut digest_algorithms: Vec<AlgorithmIdentifierOwned> = Vec::new();
        let used = chains.iter().flat_map(|chain| &chain.stamps).filter_map(|s| s.digest_algorithm.as_ref());
        for identifier in used {
            if !digest_algorithms.contains(identifier) {
                digest_algorithms.push(identifier.clone());
            }
        }
        Self { digest_algorithms, crypto_infos: None, encryption_info: None, chains }
    }

    /// Reads a record, DER or BER.
    ///
    /// # Errors
    /// [`EvidenceError`] says what is wrong. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(EvidenceError::TooLarge(bytes.len()));
        }
        let mut reader = SliceReader::new_with_encoding_rules(bytes, EncodingRules::Ber)?;
        let (version, record) = reader.sequence(|fields| {
            let version = i64::decode(fields)?;
            let record = Self {
                digest_algorithms: Vec::decode(fields)?,
                crypto_infos: optional(fields, 0)?,
                encryption_info: optional(fields, 1)?,
                chains: Vec::decode(fields)?,
            };
            Ok::<_, der::Error>((version, record))
        })?;
        reader.finish()?;
        if version != 1 {
            return Err(EvidenceError::Version(version));
        }
        if record.chains.is_empty() || record.chains.iter().any(|chain| chain.stamps.is_empty()) {
            return Err(EvidenceError::Malformed("it holds no timestamp".into()));
        }
        Ok(record)
    }

    /// The record in DER, ready for a file `.ers`.
    ///
    /// # Errors
    /// When an algorithm identifier cannot be written, which none that was read or made here does.
    pub fn to_der(&self) -> Result<Vec<u8>, EvidenceError> {
        let optional = |part: &Option<Exact>| part.as_ref().map(|e| e.bytes().to_vec()).unwrap_or_default();
        let content = [
            1i64.to_der()?,
            self.digest_algorithms.to_der()?,
            optional(&self.crypto_infos),
            optional(&self.encryption_info),
            sequence_der(&self.chains),
        ];
        Ok(tlv(SEQUENCE, &content.concat()))
    }
}

impl ArchiveTimeStampChain {
    /// A chain of stamps, oldest first.
    ///
    /// # Errors
    /// As [`EvidenceRecord::to_der`].
    pub fn new(stamps: Vec<ArchiveTimeStamp>) -> Result<Self, EvidenceError> {
        Ok(Self { exact: Exact::new(stamps.to_der()?), stamps })
    }
}

impl<'a> Decode<'a> for ArchiveTimeStampChain {
    type Error = der::Error;

    fn decode<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let rules = reader.encoding_rules();
        let bytes = reader.tlv_bytes()?;
        let mut inner = SliceReader::new_with_encoding_rules(bytes, rules)?;
        let stamps = Vec::decode(&mut inner)?;
        inner.finish()?;
        Ok(Self { exact: Exact::new(bytes.to_vec()), stamps })
    }
}

impl FixedTag for ArchiveTimeStamp {
    const TAG: Tag = Tag::Sequence;
}

impl<'a> DecodeValue<'a> for ArchiveTimeStamp {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _header: Header) -> der::Result<Self> {
        Ok(Self {
            digest_algorithm: reader.context_specific(DIGEST_ALGORITHM, TagMode::Implicit)?,
            attributes: optional(reader, 1)?,
            reduced_hashtree: reader.context_specific(REDUCED_HASHTREE, TagMode::Implicit)?,
            time_stamp: Exact::decode(reader)?,
        })
    }
}

impl ArchiveTimeStamp {
    fn parts(&self) -> der::Result<Vec<Vec<u8>>> {
        let tagged = |number: u8, der: Vec<u8>| retag(0xA0 | number, der);
        let algorithm = self.digest_algorithm.as_ref().map(Encode::to_der).transpose()?;
        let tree = self.reduced_hashtree.as_ref().map(Encode::to_der).transpose()?;
        Ok([
            algorithm.map(|der| tagged(0, der)),
            self.attributes.as_ref().map(|attributes| attributes.bytes().to_vec()),
            tree.map(|der| tagged(2, der)),
            Some(self.time_stamp.bytes().to_vec()),
        ]
        .into_iter()
        .flatten()
        .collect())
    }
}

/// IMPLICIT tagging (X.690, 8.14): the same content under another tag.
fn retag(tag: u8, mut der: Vec<u8>) -> Vec<u8> {
    if let Some(first) = der.first_mut() {
        *first = tag;
    }
    der
}

impl EncodeValue for ArchiveTimeStamp {
    fn value_len(&self) -> der::Result<Length> {
        self.parts()?.iter().map(Vec::len).sum::<usize>().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.parts()?.iter().try_for_each(|part| writer.write(part))
    }
}

impl FixedTag for PartialHashtree {
    const TAG: Tag = Tag::Sequence;
}

impl<'a> DecodeValue<'a> for PartialHashtree {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _header: Header) -> der::Result<Self> {
        let mut values = Vec::new();
        while !reader.is_finished() {
            let value = <&OctetStringRef>::decode(reader)?.as_bytes();
            if !HASH_BYTES.contains(&value.len()) {
                return Err(Tag::OctetString.length_error().into());
            }
            values.push(value.to_vec());
        }
        Ok(Self(values))
    }
}

impl EncodeValue for PartialHashtree {
    fn value_len(&self) -> der::Result<Length> {
        self.0.iter().try_fold(Length::ZERO, |sum, value| sum + OctetStringRef::new(value)?.encoded_len()?)
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.0.iter().try_for_each(|value| OctetStringRef::new(value)?.encode(writer))
    }
}
