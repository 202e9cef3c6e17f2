//! Reading lists of anchors as XML: no entities from outside, a bound on nodes, certificates in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};

use super::TrustError;
use crate::pki::Certificate;

/// Most XML nodes of a list. The largest European list has about 150,000; a node takes about 100 bytes.
const MAX_NODES: u32 = 2_000_000;

/// Parses a list. A DTD is refused, so that entities cannot grow without bound.
pub fn parse(bytes: &[u8]) -> Result<Document<'_>, TrustError> {
    let text = std::str::from_utf8(bytes).map_err(|error| TrustError::Xml(error.to_string()))?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text.trim_start_matches('\u{feff}').trim_start(), options)
        .map_err(|error| TrustError::Xml(error.to_string()))
}

/// Children with that name, whatever their namespace prefix.
pub fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The first child with that name.
pub fn child<'a, 'input>(node: Node<'a, 'input>, name: &'a str) -> Option<Node<'a, 'input>> {
    children(node, name).next()
}

/// The trimmed text of the first child with that name.
pub fn text<'a>(node: Node<'a, '_>, name: &'a str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

/// A certificate in base64, line breaks allowed.
pub fn certificate(base64: &str) -> Option<Certificate> {
    let compact: String = base64.split_whitespace().collect();
    Certificate::from_der(&STANDARD.decode(compact).ok()?).ok()
}
