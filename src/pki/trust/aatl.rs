//! Adobe's Approved Trust List: `SecuritySettings.xml`, the attachment of Adobe's `.acrobatsecuritysettings` files.
//!
//! The file's own signature is not checked here: whoever imports it vouches for where it came from.

use roxmltree::Document;

use super::{Anchor, Origin, Roles, xml};

/// `ImportAction` of an identity that is to be removed.
const REMOVE: &str = "3";

/// The list's roots, and how many could not be read. Identities that are to be removed, or are not trusted as roots, are
/// left out.
pub fn anchors(document: &Document<'_>) -> (Vec<Anchor>, usize) {
    let (mut anchors, mut unreadable) = (Vec::new(), 0);
    let identities = xml::children(document.root_element(), "TrustedIdentities");
    for identity in identities.flat_map(|list| xml::children(list, "Identity").collect::<Vec<_>>()) {
        let removed = xml::text(identity, "ImportAction") == Some(REMOVE);
        let root = xml::child(identity, "Trust").and_then(|trust| xml::text(trust, "Root")) == Some("1");
        if removed || !root {
            continue;
        }
        match xml::text(identity, "Certificate").and_then(xml::certificate) {
            Some(certificate) => {
                let (from, until) = (None, None);
                anchors.push(Anchor { certificate, roles: Roles::Both, from, until, origin: Origin::Aatl });
            }
            None => unreadable += 1,
        }
    }
    (anchors, unreadable)
}
