//! Distinguished names as text (RFC 4514), whatever string type their values come in.

use der::Tagged;
use der::asn1::ObjectIdentifier;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// Short names: RFC 4514, section 3, and those that signers' certificates often carry.
const SHORT: [(ObjectIdentifier, &str); 16] = [
    (COMMON_NAME, "CN"),
    (ORGANISATION, "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "STREET"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), "DC"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"), "UID"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "GN"),
    (ObjectIdentifier::new_unwrap("2.5.4.12"), "title"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.97"), "organizationIdentifier"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"), "emailAddress"),
    (ObjectIdentifier::new_unwrap("2.5.4.17"), "postalCode"),
];

/// The whole name, most specific part first: `CN=…,O=…,C=JP`.
pub fn to_text(name: &Name) -> String {
    let mut text = String::new();
    let mut parts: Vec<_> = name.iter_rdn().collect();
    parts.reverse();
    for (index, part) in parts.into_iter().enumerate() {
        for (within, attribute) in part.iter().enumerate() {
            if index > 0 || within > 0 {
                text.push(if within > 0 { '+' } else { ',' });
            }
            push_attribute(&mut text, attribute);
        }
    }
    text
}

/// A name as it is looked up: RFC 4514 text without regard to case and repeated spaces (RFC 5280, 7.1). Only finds
/// candidates; whether names chain is decided by certval.
pub fn key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

pub fn common_name(name: &Name) -> Option<String> {
    last(name, &COMMON_NAME)
}

pub fn organisation(name: &Name) -> Option<String> {
    last(name, &ORGANISATION)
}

/// The most specific value of an attribute: the last one written.
fn last(name: &Name, oid: &ObjectIdentifier) -> Option<String> {
    let value = name.iter().filter(|attribute| attribute.oid == *oid).last().and_then(string)?;
    let shown: String = value.trim().chars().map(|c| if misleads(c) { ' ' } else { c }).collect();
    if shown.trim().is_empty() { None } else { Some(shown) }
}

fn push_attribute(text: &mut String, attribute: &AttributeTypeAndValue) {
    match SHORT.iter().find(|(oid, _)| *oid == attribute.oid) {
        Some((_, short)) => text.push_str(short),
        None => text.push_str(&attribute.oid.to_string()),
    }
    text.push('=');
    match string(attribute) {
        Some(value) => push_escaped(text, &value),
        None => {
            text.push('#');
            text.push_str(&hex(attribute.value.value()));
        }
    }
}

/// Escapes as RFC 4514, section 2.4; besides, characters that would make a name look like another.
fn push_escaped(text: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let special = matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\')
            || (index == 0 && matches!(c, ' ' | '#'))
            || (index == last && c == ' ');
        if special {
            text.push('\\');
            text.push(c);
        } else if misleads(c) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                text.push_str(&format!("\\{byte:02X}"));
            }
        } else {
            text.push(c);
        }
    }
}

/// Controls, and characters that turn the direction of the text around them.
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The text of a value: UTF8, Printable, IA5, Numeric, Teletex (read as Latin-1, as everybody does), BMP (X.690, 8.23).
fn string(attribute: &AttributeTypeAndValue) -> Option<String> {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        der::Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        der::Tag::PrintableString | der::Tag::Ia5String | der::Tag::NumericString => {
            // Careless writers put UTF-8 into these.
            String::from_utf8(bytes.to_vec()).ok()
        }
        der::Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        der::Tag::BmpString => {
            let (units, odd) = bytes.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            if odd.is_empty() { String::from_utf16(&units).ok() } else { None }
        }
        _ => None,
    }
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::asn1::Any;
    use std::str::FromStr;

    fn name_of(tag: der::Tag, value: &[u8]) -> Name {
        let mut name = Name::from_str("C=JP,O=Shosoin").unwrap();
        let attribute = AttributeTypeAndValue { oid: COMMON_NAME, value: Any::new(tag, value).unwrap() };
        let part = x509_cert::name::RelativeDistinguishedName::try_from(vec![attribute]).unwrap();
        let mut parts: x509_cert::name::RdnSequence = name.as_ref().clone();
        parts.push(part);
        name = Name::hazmat_from_rdn_sequence(parts);
        name
    }

    #[test]
    fn names_are_read_in_every_string_type() {
        let bmp: Vec<u8> = "契約".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (tag, value, expected) in [
            (der::Tag::Utf8String, "契約 太郎".as_bytes(), "契約 太郎"),
            (der::Tag::BmpString, &bmp, "契約"),
            (der::Tag::TeletexString, b"Jos\xe9", "José"),
            (der::Tag::PrintableString, b"TSA", "TSA"),
        ] {
            assert_eq!(common_name(&name_of(tag, value)).as_deref(), Some(expected));
        }
        assert_eq!(common_name(&name_of(der::Tag::BmpString, b"odd")), None);
        assert!(to_text(&name_of(der::Tag::BmpString, b"odd")).contains("CN=#6f6464"));
    }

    #[test]
    fn special_and_misleading_characters_are_escaped() {
        let name = name_of(der::Tag::Utf8String, "#a,b\u{202E}c\n ".as_bytes());
        let text = to_text(&name);
        assert!(text.contains("CN=\\#a\\,b\\E2\\80\\AEc\\0A\\ "), "{text}");
        assert_eq!(common_name(&name).as_deref(), Some("#a,b c"));
    }
}
