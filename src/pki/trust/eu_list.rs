//! A trusted list of an EU member state (ETSI TS 119 612, 5.5): services with the history of their status.
//!
//! The list's own signature is not checked here: whoever imports it vouches for where it came from.

use chrono::{DateTime, Utc};
use roxmltree::{Document, Node};

use super::{Anchor, Origin, Roles, xml};
use crate::pki::Certificate;

/// Most entries in the history of one service that are read.
const MAX_HISTORY: usize = 64;

/// Ends of the status URIs under which a service counts: since eIDAS "granted", before it the three others (5.5.4).
const GOOD: [&str; 4] = [
    "Svcstatus/granted",
    "Svcstatus/undersupervision",
    "Svcstatus/supervisionincessation",
    "Svcstatus/accredited",
];

/// One state of a service: what it is, whether it counts, since when.
struct State {
    roles: Option<Roles>,
    good: bool,
    since: DateTime<Utc>,
}

/// Anchors of all services that issue qualified certificates or timestamps, one for each time in which they counted; and
/// how many certificates could not be read.
pub fn anchors(document: &Document<'_>) -> (Vec<Anchor>, usize) {
    let (mut anchors, mut unreadable) = (Vec::new(), 0);
    let services =
        document.descendants().filter(|node| node.is_element() && node.tag_name().name() == "TSPService");
    for service in services {
        let Some(information) = xml::child(service, "ServiceInformation") else { continue };
        let mut states: Vec<State> = state(information).into_iter().collect();
        if let Some(history) = xml::child(service, "ServiceHistory") {
            let instances = xml::children(history, "ServiceHistoryInstance");
            states.extend(instances.take(MAX_HISTORY).filter_map(state));
        }
        states.sort_by_key(|state| state.since);
        if states.iter().all(|state| !state.good || state.roles.is_none()) {
            continue;
        }
        for certificate in identities(information, &mut unreadable) {
            anchors.extend(windows(&states, &certificate));
        }
    }
    (anchors, unreadable)
}

fn state(node: Node<'_, '_>) -> Option<State> {
    let kind = xml::text(node, "ServiceTypeIdentifier")?;
    let roles = match kind {
        kind if kind.ends_with("Svctype/CA/QC") => Some(Roles::Signing),
        kind if kind.ends_with("Svctype/TSA/QTST") => Some(Roles::Timestamping),
        _ => None,
    };
    let status = xml::text(node, "ServiceStatus")?;
    let since = DateTime::parse_from_rfc3339(xml::text(node, "StatusStartingTime")?).ok()?.to_utc();
    Some(State { roles, good: GOOD.iter().any(|good| status.ends_with(good)), since })
}

fn identities(information: Node<'_, '_>, unreadable: &mut usize) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    let Some(identity) = xml::child(information, "ServiceDigitalIdentity") else { return certificates };
    for id in xml::children(identity, "DigitalId") {
        match xml::text(id, "X509Certificate").map(xml::certificate) {
            Some(Some(certificate)) => certificates.push(certificate),
            Some(None) => *unreadable += 1,
            None => {}
        }
    }
    certificates
}

/// States in order of time become stretches in which the service counted; neighbours with one role are joined.
fn windows(states: &[State], certificate: &Certificate) -> Vec<Anchor> {
    let mut windows: Vec<Anchor> = Vec::new();
    for (index, state) in states.iter().enumerate() {
        let until = states.get(index + 1).map(|next| next.since);
        let (Some(roles), true) = (state.roles, state.good) else { continue };
        match windows.last_mut() {
            Some(last) if last.roles == roles && last.until == Some(state.since) => last.until = until,
            _ => windows.push(Anchor {
                certificate: certificate.clone(),
                roles,
                from: Some(state.since),
                until,
                origin: Origin::EuList,
            }),
        }
    }
    windows
}
