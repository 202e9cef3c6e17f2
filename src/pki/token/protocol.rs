//! What one asks of a timestamp authority, and its answer (RFC 3161, 2.4). The network is somebody else's.

use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use super::super::ber::{self, Elements, SEQUENCE};
use super::super::cms::CmsError;
use super::super::digest::DigestAlgorithm;
use super::TimestampToken;
use super::info::{MessageImprint, number};

/// A request for a timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampReq {
    pub digest_algorithm: DigestAlgorithm,
    /// Digest of what is to be stamped.
    pub imprint: Vec<u8>,
    pub policy: Option<ObjectIdentifier>,
    /// A number that the answer repeats, big-endian without leading zeros: nobody can answer with an older token.
    pub nonce: Option<Vec<u8>>,
    /// Whether the token shall bring the authority's certificate.
    pub certificate: bool,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct TimeStampResp {
    /// 0 granted, 1 granted with changes, 2 rejected, 3 waiting, 4 and 5 revocation (RFC 3161, 2.4.2).
    pub status: u8,
    /// What the authority says about it, and the bits of its failure as their numbers.
    pub text: Vec<String>,
    pub failures: Vec<u8>,
    /// DER of the token; there where the status is 0 or 1.
    pub token: Option<Vec<u8>>,
}

#[derive(Sequence)]
struct RequestEncoding {
    version: u8,
    imprint: MessageImprint,
    #[asn1(optional = "true")]
    policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    certificate: bool,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Vec<Any>>,
}

/// Failures by their bits (RFC 3161, 2.4.2).
const FAILURES: [(u8, &str); 8] = [
    (0, "it does not know the digest algorithm"),
    (2, "it does not allow or support this request"),
    (5, "it could not read the request"),
    (14, "its clock is not available"),
    (15, "it does not support the policy"),
    (16, "it does not support an extension"),
    (17, "it cannot give what was asked for besides"),
    (25, "it has a fault of its own"),
];

fn unreadable(field: &'static str, why: impl ToString) -> CmsError {
    CmsError::Field { field, why: why.to_string() }
}

impl TimeStampReq {
    /// Asks for a token over a digest, with the certificate and under any policy.
    pub fn new(digest_algorithm: DigestAlgorithm, imprint: Vec<u8>, nonce: Option<Vec<u8>>) -> TimeStampReq {
        TimeStampReq { digest_algorithm, imprint, policy: None, nonce, certificate: true }
    }

    /// DER. Fails only for what is too long to be written.
    pub fn encode(&self) -> Result<Vec<u8>, CmsError> {
        let field = "the timestamp request";
        let algorithm =
            AlgorithmIdentifierOwned { oid: self.digest_algorithm.oid(), parameters: Some(Any::null()) };
        let digest = OctetString::new(self.imprint.as_slice()).map_err(|error| unreadable(field, error))?;
        // A zero before it keeps the number positive.
        let nonce = self.nonce.as_ref().map(|nonce| [&[0], nonce.as_slice()].concat());
        let nonce = nonce.map(|nonce| Int::new(significant(&nonce))).transpose();
        let written = RequestEncoding {
            version: 1,
            imprint: MessageImprint { algorithm, digest },
            policy: self.policy,
            nonce: nonce.map_err(|error| unreadable(field, error))?,
            certificate: self.certificate,
            extensions: None,
        };
        written.to_der().map_err(|error| unreadable(field, error))
    }

    /// Reads a request.
    pub fn parse(bytes: &[u8]) -> Result<TimeStampReq, CmsError> {
        let field = "the timestamp request";
        let written = RequestEncoding::from_der(bytes).map_err(|error| unreadable(field, error))?;
        let oid = written.imprint.algorithm.oid;
        let digest_algorithm = DigestAlgorithm::from_oid(&oid)
            .ok_or_else(|| unreadable(field, format!("unknown digest {oid}")))?;
        Ok(TimeStampReq {
            digest_algorithm,
            imprint: written.imprint.digest.as_bytes().to_vec(),
            policy: written.policy,
            nonce: written.nonce.as_ref().map(number),
            certificate: written.certificate,
        })
    }
}

/// Leaves of the zeros before a positive number the one it needs, if any (X.690, 8.3.2).
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let needs_zero = number.get(zeros).is_none_or(|byte| *byte >= 0x80);
    &number[zeros.saturating_sub(usize::from(needs_zero))..]
}

impl TimeStampResp {
    /// Reads an answer, BER included.
    pub fn parse(bytes: &[u8]) -> Result<TimeStampResp, CmsError> {
        let (structure, _) = ber::definite(bytes)?;
        let mut fields = Elements::new(&structure).expect_tag(SEQUENCE)?.children();
        let mut info = fields.expect_tag(SEQUENCE)?.children();
        let status =
            u8::from_der(info.take()?.raw).map_err(|error| unreadable("the authority's status", error))?;
        let (mut text, mut failures) = (Vec::new(), Vec::new());
        for part in info {
            let part = part?;
            match part.tag {
                SEQUENCE => {
                    let lines = part.children().into_iter().filter_map(Result::ok);
                    text.extend(lines.map(|line| String::from_utf8_lossy(line.content).into_owned()));
                }
                BIT_STRING => failures = bits(part.content),
                _ => {}
            }
        }
        let token = fields.optional(SEQUENCE)?.map(|token| token.raw.to_vec());
        Ok(TimeStampResp { status, text, failures, token })
    }

    /// DER, for those who play an authority.
    pub fn encode(&self) -> Vec<u8> {
        let mut info = ber::wrapped(ber::INTEGER, &[self.status]);
        if !self.text.is_empty() {
            let lines: Vec<u8> =
                self.text.iter().flat_map(|line| ber::wrapped(UTF8, line.as_bytes())).collect();
            info.extend(ber::wrapped(SEQUENCE, &lines));
        }
        if let Some(last) = self.failures.iter().max() {
            let mut content = vec![0; usize::from(last / 8) + 2];
            content[0] = 7 - last % 8;
            for bit in &self.failures {
                content[usize::from(bit / 8) + 1] |= 0x80 >> (bit % 8);
            }
            info.extend(ber::wrapped(BIT_STRING, &content));
        }
        let mut whole = ber::wrapped(SEQUENCE, &info);
        whole.extend(self.token.iter().flatten());
        ber::wrapped(SEQUENCE, &whole)
    }

    /// The token, if it was granted and answers this request: same digest, nonce and policy.
    pub fn granted(&self, request: &TimeStampReq) -> Result<TimestampToken, CmsError> {
        let token = match &self.token {
            Some(token) if self.status <= 1 => TimestampToken::parse(token)?,
            _ => return Err(CmsError::Refused(self.reason())),
        };
        let info = token.info();
        let same = info.digest_algorithm == request.digest_algorithm && info.imprint == request.imprint;
        let nonce = request.nonce.is_none() || request.nonce == info.nonce;
        let policy = request.policy.is_none_or(|policy| policy == info.policy);
        match (same, nonce, policy) {
            (false, ..) => Err(CmsError::Answer("it is about something else")),
            (_, false, _) => Err(CmsError::Answer("it answers another request (its nonce differs)")),
            (.., false) => Err(CmsError::Answer("it was made under another policy")),
            _ => Ok(token),
        }
    }

    fn reason(&self) -> String {
        let named = self.failures.iter().map(|bit| {
            let known = FAILURES.iter().find(|(known, _)| known == bit);
            known.map_or_else(|| format!("failure {bit}"), |(_, words)| (*words).to_owned())
        });
        let reasons: Vec<String> = named.chain(self.text.iter().cloned()).collect();
        if reasons.is_empty() { format!("status {}", self.status) } else { reasons.join("; ") }
    }
}

const BIT_STRING: u8 = 0x03;
const UTF8: u8 = 0x0C;

/// Numbers of the bits that are set, of a BIT STRING's contents; of at most 32.
fn bits(content: &[u8]) -> Vec<u8> {
    let octets = content.iter().skip(1).take(4).zip(0u8..);
    octets
        .flat_map(|(octet, at)| {
            (0..8).filter(move |bit| octet & (0x80 >> bit) != 0).map(move |bit| at * 8 + bit)
        })
        .collect()
}
