//! Revocation data that travels inside a signature: the `crls` field, Adobe's archive, CAdES values.

use der::asn1::ObjectIdentifier;

use super::super::ber::{BerError, CONTEXT_0, CONTEXT_1, Element, OCTET_STRING, OID, SEQUENCE, wrapped};

/// `id-ri-ocsp-response` (RFC 5940, 2.1).
const RI_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.16.2");
/// `id-pkix-ocsp-basic` (RFC 6960, 4.2.1).
const OCSP_BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const ENUMERATED: u8 = 0x0A;
/// Lists, and answers, that are kept of each signature; real ones bring fewer than 20.
const MAX_KEPT: usize = 1000;

/// DER of what was found.
#[derive(Debug, Default)]
pub struct Found {
    pub crls: Vec<Vec<u8>>,
    /// Each an OCSPResponse.
    pub ocsp: Vec<Vec<u8>>,
}

impl Found {
    /// `RevocationInfoChoices` (RFC 5652, 10.2.1). Formats that are not known are passed over.
    pub fn add_choices(&mut self, field: &Element<'_>) -> Result<(), BerError> {
        for choice in field.children() {
            let choice = choice?;
            match choice.tag {
                SEQUENCE => self.add_crl(choice.raw),
                CONTEXT_1 => {
                    let mut fields = choice.children();
                    let format = fields.expect_tag(OID)?;
                    let response = fields.take()?;
                    if format.content == RI_OCSP.as_bytes() {
                        self.add_ocsp(response.raw, <[u8]>::to_vec);
                    } else if format.content == OCSP_BASIC.as_bytes() {
                        self.add_ocsp(response.raw, response_of_basic);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adobe's `RevocationInfoArchival`: `[0]` CRLs, `[1]` OCSPResponses, each an explicit SEQUENCE OF.
    pub fn add_adobe(&mut self, value: &Element<'_>) -> Result<(), BerError> {
        self.add_pair(value, <[u8]>::to_vec)
    }

    /// `RevocationValues` of CAdES (ETSI EN 319 122-1, A.1.2.2): the same, but with BasicOCSPResponse.
    pub fn add_values(&mut self, value: &Element<'_>) -> Result<(), BerError> {
        self.add_pair(value, response_of_basic)
    }

    fn add_pair(&mut self, value: &Element<'_>, response: fn(&[u8]) -> Vec<u8>) -> Result<(), BerError> {
        for part in value.children() {
            let part = part?;
            if part.tag != CONTEXT_0 && part.tag != CONTEXT_1 {
                continue;
            }
            for entry in part.children().expect_tag(SEQUENCE)?.children() {
                let entry = entry?;
                if part.tag == CONTEXT_0 {
                    self.add_crl(entry.raw);
                } else {
                    self.add_ocsp(entry.raw, response);
                }
            }
        }
        Ok(())
    }

    fn add_crl(&mut self, crl: &[u8]) {
        if self.crls.len() < MAX_KEPT {
            self.crls.push(crl.to_vec());
        }
    }

    fn add_ocsp(&mut self, answer: &[u8], response: fn(&[u8]) -> Vec<u8>) {
        if self.ocsp.len() < MAX_KEPT {
            self.ocsp.push(response(answer));
        }
    }
}

/// The OCSPResponse around a BasicOCSPResponse: status successful (RFC 6960, 4.2.1).
fn response_of_basic(basic: &[u8]) -> Vec<u8> {
    let mut bytes = wrapped(OID, OCSP_BASIC.as_bytes());
    bytes.extend(wrapped(OCTET_STRING, basic));
    let mut response = wrapped(ENUMERATED, &[0]);
    response.extend(wrapped(CONTEXT_0, &wrapped(SEQUENCE, &bytes)));
    wrapped(SEQUENCE, &response)
}
