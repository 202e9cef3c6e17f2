//! The list of authorities inside Adobe's `.acrobatsecuritysettings` files: a PDF with one attachment.

use lopdf::{Dictionary, Document, Object};

use super::guard;
use super::limits::{MAX_INPUT_BYTES, MAX_UNPACKED_BYTES, PATIENCE};
use super::load;

/// The name of the attachment (Adobe Digital Signatures Guide, "Trust lists").
const NAME: &[u8] = b"SecuritySettings.xml";

/// The attachment `SecuritySettings.xml` of a PDF, unpacked; `None` if there is none that can be read.
///
/// Within the bounds of reading any PDF; the attachment may unpack to 16 MiB (Adobe's has 3).
pub fn security_settings(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > MAX_INPUT_BYTES || load::has_too_many_tokens(bytes) || load::is_encrypted(bytes) {
        return None;
    }
    guard::run(bytes, PATIENCE, |bytes| attached(&load::document(bytes).ok()?)).ok().flatten()
}

/// A file specification of that name (ISO 32000-2, 7.11.3), wherever the document lists it; else the only embedded file.
fn attached(doc: &Document) -> Option<Vec<u8>> {
    let dictionaries = || doc.objects.values().filter_map(|object| object.as_dict().ok());
    let named = dictionaries().find_map(|specification| {
        let files = doc.dereference(specification.get(b"EF").ok()?).ok()?.1.as_dict().ok()?;
        let is_named = [b"F".as_slice(), b"UF"].into_iter().any(|key| is_called(specification, key));
        let file = files.get(b"F").or_else(|_| files.get(b"UF")).ok()?;
        is_named.then(|| unpacked(doc.dereference(file).ok()?.1)).flatten()
    });
    named.or_else(|| {
        let mut embedded = doc.objects.values().filter(|object| is_embedded(object));
        let only = embedded.next()?;
        embedded.next().is_none().then(|| unpacked(only)).flatten()
    })
}

fn is_called(specification: &Dictionary, key: &[u8]) -> bool {
    let name = specification.get(key).and_then(lopdf::decode_text_string);
    name.is_ok_and(|name| name.as_bytes().eq_ignore_ascii_case(NAME))
}

fn is_embedded(object: &Object) -> bool {
    object.as_stream().is_ok_and(|stream| stream.dict.has_type(b"EmbeddedFile"))
}

fn unpacked(object: &Object) -> Option<Vec<u8>> {
    object.as_stream().ok()?.get_plain_content_with_limit(MAX_UNPACKED_BYTES).ok()
}

#[cfg(test)]
mod tests {
    use lopdf::{Dictionary, Stream, dictionary};

    use super::*;

    const LIST: &[u8] = b"<SecuritySettings/>";

    fn wrapped(name: &str, files: usize) -> Vec<u8> {
        let mut doc = Document::with_version("1.7");
        for index in 0..files {
            let mut stream = Stream::new(dictionary! { "Type" => "EmbeddedFile" }, LIST.repeat(index + 1));
            stream.compress().unwrap();
            let file = doc.add_object(stream);
            let name = Object::string_literal(name);
            doc.add_object(
                dictionary! { "Type" => "Filespec", "F" => name, "EF" => dictionary! { "F" => file } },
            );
        }
        let pages =
            doc.add_object(dictionary! { "Type" => "Pages", "Kids" => Object::Array(vec![]), "Count" => 0 });
        let root = doc.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
        doc.trailer = Dictionary::new();
        doc.trailer.set("Root", root);
        let mut bytes = Vec::new();
        doc.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_list_is_found_by_its_name_or_as_the_only_attachment() {
        assert_eq!(security_settings(&wrapped("SecuritySettings.xml", 1)).as_deref(), Some(LIST));
        assert_eq!(security_settings(&wrapped("SecuritySettings.xml", 2)).as_deref(), Some(LIST));
        assert_eq!(security_settings(&wrapped("other.xml", 1)).as_deref(), Some(LIST));
        assert_eq!(security_settings(&wrapped("other.xml", 2)), None);
        assert_eq!(security_settings(&wrapped("other.xml", 0)), None);
        assert_eq!(security_settings(b"%PDF-1.7"), None);
    }
}
