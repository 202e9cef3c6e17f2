//! From `/Contents` to signed data (RFC 5652, 3 and 5).
//!
//! Read by spans and not by the `cms` crate's types: those sort sets and write them anew, and what is hashed must be the bytes
//! that came.

use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::AlgorithmIdentifierOwned;

use super::super::ber::{
    self, CONTEXT_0, CONTEXT_0_PRIMITIVE, CONTEXT_1, Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE,
    SET,
};
use super::super::certificate::Certificate;
use super::super::digest::DigestAlgorithm;
use super::super::known::Known;
use super::super::signature::own_digest;
use super::attributes::{self, AlgorithmProtection, Attributes, EssCertId};
use super::identity::without_zeros;
use super::revocation::Found;
use super::{CmsError, CmsProblem, SignedAttributes, SignedData, Signer, SignerIdentifier};

/// `id-signedData` (RFC 5652, 5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// Certificates that are tried; real signatures bring fewer than 20.
const MAX_CERTIFICATES: usize = 1000;
/// Timestamps of a signer that are kept; real ones have one or two.
const MAX_TIMESTAMPS: usize = 64;
/// Signers that are kept; PDF allows one.
const MAX_SIGNERS: usize = 16;
const CONSTRUCTED: u8 = 0x20;

pub fn signed_data(contents: &[u8], known: &Known) -> Result<SignedData, CmsError> {
    if contents.iter().all(|byte| *byte == 0) {
        return Err(CmsError::Empty);
    }
    let (structure, rest) = ber::definite(contents)?;
    let mut problems = Vec::new();
    // In blocks, which the compiler looks at many bytes at a time: some files have more padding than signature.
    if rest.chunks(128).any(|block| block.iter().fold(0, |all, byte| all | byte) != 0) {
        problems.push(CmsProblem::TrailingData);
    }
    let mut outer = Elements::new(&structure).expect_tag(SEQUENCE)?.children();
    let kind = oid(&mut outer, "the type")?;
    if kind != SIGNED_DATA {
        return Err(CmsError::NotSignedData(kind.to_string()));
    }
    let inner = outer.expect_tag(CONTEXT_0)?.children().expect_tag(SEQUENCE)?;

    let mut fields = inner.children();
    fields.expect_tag(INTEGER)?;
    fields.expect_tag(SET)?;
    let (content_type, content) = encapsulated(&fields.expect_tag(SEQUENCE)?)?;
    let mut certificates = Vec::new();
    if let Some(field) = fields.optional(CONTEXT_0)? {
        add_certificates(&field, known, &mut certificates, &mut problems)?;
    }
    let mut found = Found::default();
    if let Some(field) = fields.optional(CONTEXT_1)? {
        found.add_choices(&field)?;
    }
    let mut signers = Vec::new();
    let all = fields.expect_tag(SET)?.children();
    for one in all.into_iter().take(MAX_SIGNERS) {
        signers.push(signer(&one?, known, &mut certificates, &mut found, &mut problems)?);
    }
    // Of several the one with the strongest digest speaks for all.
    signers.sort_by_key(|signer| signer.digest_algorithm.is_none_or(DigestAlgorithm::is_weak));
    match all.into_iter().count() {
        0 => problems.push(CmsProblem::NoSigner),
        1 => {}
        count => problems.push(CmsProblem::SeveralSigners { count }),
    }
    Ok(SignedData {
        content_type,
        content,
        certificates,
        crls: found.crls,
        ocsp: found.ocsp,
        signers,
        problems,
        indefinite_lengths: matches!(structure, std::borrow::Cow::Owned(_)),
        padding: rest.len(),
    })
}

/// `EncapsulatedContentInfo` (RFC 5652, 5.2). What PKCS#7 wrapped was not always a string: then its contents were hashed.
fn encapsulated(info: &Element<'_>) -> Result<(ObjectIdentifier, Option<Vec<u8>>), CmsError> {
    let mut fields = info.children();
    let content_type = oid(&mut fields, "the content type")?;
    let Some(wrapper) = fields.optional(CONTEXT_0)? else { return Ok((content_type, None)) };
    let content = wrapper.children().take()?;
    let octets = match content.tag {
        tag if tag & !CONSTRUCTED == OCTET_STRING => content.octets()?.into_owned(),
        _ => content.content.to_vec(),
    };
    Ok((content_type, Some(octets)))
}

/// Adds what can be read. Attribute certificates and other formats are passed over (RFC 5652, 10.2.2).
fn add_certificates(
    field: &Element<'_>,
    known: &Known,
    certificates: &mut Vec<Certificate>,
    problems: &mut Vec<CmsProblem>,
) -> Result<(), CmsError> {
    for (index, choice) in field.children().into_iter().enumerate() {
        let choice = choice?;
        if index >= MAX_CERTIFICATES {
            problems.push(CmsProblem::TooManyCertificates { read: MAX_CERTIFICATES });
            break;
        }
        if choice.tag != SEQUENCE {
            continue;
        }
        match known.certificate(choice.raw) {
            Ok(certificate) => certificates.push(certificate),
            // One report is enough, however many there are.
            Err(error)
                if !problems
                    .iter()
                    .any(|known| matches!(known, CmsProblem::UnreadableCertificate { .. })) =>
            {
                problems.push(CmsProblem::UnreadableCertificate { why: error.to_string() });
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// `SignerInfo` (RFC 5652, 5.3). Revocation data and certificates among its attributes are added to the others.
fn signer(
    info: &Element<'_>,
    known: &Known,
    certificates: &mut Vec<Certificate>,
    found: &mut Found,
    outer_problems: &mut Vec<CmsProblem>,
) -> Result<Signer, CmsError> {
    let mut fields = info.children();
    fields.expect_tag(INTEGER)?;
    let identifier = identifier(&fields.take()?)?;
    let digest_identifier = algorithm(&mut fields, "the digest algorithm")?;
    let signed_field = fields.optional(CONTEXT_0)?;
    let signature_algorithm = algorithm(&mut fields, "the signature algorithm")?;
    let value = fields.take()?;
    if value.tag & !CONSTRUCTED != OCTET_STRING {
        return Err(CmsError::Field { field: "the signature value", why: "it is no octet string".into() });
    }
    let signature_value = value.octets()?.into_owned();
    let unsigned_field = fields.optional(CONTEXT_1)?;

    let mut signer = Signer {
        identifier,
        // Some signers name the signature algorithm here, as in sha1WithRSAEncryption; its digest is meant.
        digest_algorithm: DigestAlgorithm::from_oid(&digest_identifier.oid)
            .or_else(|| own_digest(&digest_identifier)),
        digest_identifier,
        signature_algorithm,
        signature_value,
        signing_time: None,
        timestamp_tokens: Vec::new(),
        signing_certificates: Vec::new(),
        signed: None,
        problems: Vec::new(),
    };
    if let Some(field) = signed_field {
        let attributes = Attributes::of(field.content)?;
        read_signed(&mut signer, attributes, field.content);
        add_revocation(attributes, found, &mut signer.problems);
    }
    if let Some(field) = unsigned_field {
        let attributes = Attributes::of(field.content)?;
        let tokens = attributes.values(&attributes::SIGNATURE_TIMESTAMP);
        signer.timestamp_tokens = tokens.take(MAX_TIMESTAMPS).map(|token| token.raw.to_vec()).collect();
        add_revocation(attributes, found, &mut signer.problems);
        for values in attributes.values(&attributes::CERTIFICATE_VALUES) {
            add_certificates(&values, known, certificates, outer_problems)?;
        }
    }
    Ok(signer)
}

fn read_signed(signer: &mut Signer, attributes: Attributes<'_>, content: &[u8]) {
    let problems = &mut signer.problems;
    let message_digest = attributes.read(&attributes::MESSAGE_DIGEST, problems, attributes::octet_string);
    let content_type = attributes.read(&attributes::CONTENT_TYPE, problems, attributes::object_identifier);
    let protection = attributes.read(&attributes::ALGORITHM_PROTECTION, problems, AlgorithmProtection::of);
    signer.signing_time = attributes.read(&attributes::SIGNING_TIME, problems, attributes::time);
    let first = attributes.read(&attributes::SIGNING_CERTIFICATE, problems, EssCertId::first_v1);
    let second = attributes.read(&attributes::SIGNING_CERTIFICATE_V2, problems, EssCertId::first_v2);
    signer.signing_certificates = first.into_iter().chain(second).collect();
    let bytes = ber::wrapped(SET, content);
    signer.signed = Some(SignedAttributes { bytes, message_digest, content_type, protection });
}

fn add_revocation(attributes: Attributes<'_>, found: &mut Found, problems: &mut Vec<CmsProblem>) {
    let mut note = |kind: &attributes::Known, read: Result<(), ber::BerError>| {
        if read.is_err() {
            problems.push(CmsProblem::UnreadableRevocation { name: kind.name.to_owned() });
        }
    };
    for value in attributes.values(&attributes::ADBE_REVOCATION) {
        note(&attributes::ADBE_REVOCATION, found.add_adobe(&value));
    }
    for value in attributes.values(&attributes::REVOCATION_VALUES) {
        note(&attributes::REVOCATION_VALUES, found.add_values(&value));
    }
}

fn identifier(sid: &Element<'_>) -> Result<SignerIdentifier, CmsError> {
    match sid.tag {
        SEQUENCE => {
            let mut fields = sid.children();
            let issuer = fields.expect_tag(SEQUENCE)?.raw.to_vec();
            let serial = without_zeros(fields.expect_tag(INTEGER)?.content).to_vec();
            Ok(SignerIdentifier::IssuerAndSerial { issuer, serial })
        }
        CONTEXT_0_PRIMITIVE | CONTEXT_0 => Ok(SignerIdentifier::SubjectKeyId(sid.octets()?.into_owned())),
        _ => Err(CmsError::Field { field: "the signer's name", why: "it is of an unknown kind".into() }),
    }
}

fn oid(fields: &mut Elements<'_>, field: &'static str) -> Result<ObjectIdentifier, CmsError> {
    let element = fields.expect_tag(OID)?;
    ObjectIdentifier::from_der(element.raw).map_err(|error| CmsError::Field { field, why: error.to_string() })
}

fn algorithm(fields: &mut Elements<'_>, field: &'static str) -> Result<AlgorithmIdentifierOwned, CmsError> {
    let element = fields.expect_tag(SEQUENCE)?;
    AlgorithmIdentifierOwned::from_der(element.raw)
        .map_err(|error| CmsError::Field { field, why: error.to_string() })
}
