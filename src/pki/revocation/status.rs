//! The status of one certificate at one time, from all the data at hand.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::crl::{Crl, Entry};
use super::ocsp::{AnswerStatus, OcspResponse, needs_no_check};
use super::{Evidence, Provenance, RevocationReason, RevocationStatus, SourceKind, Unusable};
use crate::pki::certificate::Certificate;
use crate::pki::path;

/// What one verified piece of data says about the certificate.
#[derive(Debug, Clone, Copy)]
struct Statement {
    /// `None`: not revoked when it was issued.
    entry: Option<Entry>,
    this_update: DateTime<Utc>,
    next_update: Option<DateTime<Utc>>,
    /// Its silence proves that the certificate was good, even if it was issued after `certificate` ended.
    complete: bool,
    lists_expired: bool,
    source: SourceKind,
    provenance: Provenance,
}

/// Whether `certificate` was revoked at `at`. `pool`: certificates among which an OCSP responder's may be.
///
/// - Any verified statement of a revocation counts, however old or new it is; what matters is the date it names.
/// - "Good" needs a statement that was current at `at`, or a later one from before the certificate ended (an authority may drop
///   ended certificates from its lists, RFC 5280, 3.3).
/// - A hold counts from its date until a later statement lifts it (RFC 5280, 5.3.1).
pub fn status(
    certificate: &Certificate,
    issuer: &Certificate,
    evidence: &Evidence,
    pool: &[Certificate],
    at: DateTime<Utc>,
) -> RevocationStatus {
    let mut why = BTreeSet::new();
    let mut statements = Vec::new();
    for (response, provenance) in &evidence.ocsps {
        match from_ocsp(certificate, issuer, response, *provenance, evidence, pool) {
            Ok(statement) => statements.extend(statement),
            Err(unusable) => {
                why.insert(unusable);
            }
        }
    }
    for (crl, provenance) in &evidence.crls {
        let statement = match crl.is_of(issuer) {
            true => from_crl(certificate, issuer, crl, *provenance),
            false if crl.is_delegated_by(certificate) => {
                from_indirect(certificate, issuer, crl, *provenance, evidence, pool)
            }
            false => continue,
        };
        match statement {
            Ok(statement) => statements.push(statement),
            Err(unusable) => {
                why.insert(unusable);
            }
        }
    }
    decide(certificate, &statements, at, why)
}

fn decide(
    certificate: &Certificate,
    statements: &[Statement],
    at: DateTime<Utc>,
    mut why: BTreeSet<Unusable>,
) -> RevocationStatus {
    if let Some(revoked) = revocation(statements, |entry| entry.at <= at) {
        return revoked;
    }
    let mut good: Option<&Statement> = None;
    for statement in statements {
        match proves_good(certificate, statement, at) {
            Ok(()) if good.is_none_or(|known| better(statement, known)) => good = Some(statement),
            Ok(()) => {}
            Err(unusable) => {
                why.insert(unusable);
            }
        }
    }
    if let Some(hold) = hold(statements, at) {
        return hold;
    }
    match good {
        Some(good) => RevocationStatus::Good {
            source: good.source,
            this_update: good.this_update,
            provenance: good.provenance,
            revoked_later: statements.iter().filter_map(final_entry).map(|entry| entry.at).min(),
        },
        None => RevocationStatus::Unknown { why: why.into_iter().collect() },
    }
}

/// What the document holds itself comes first, then what was issued first.
fn better(statement: &Statement, known: &Statement) -> bool {
    (statement.provenance, statement.this_update) < (known.provenance, known.this_update)
}

/// An entry that is not a hold and not the end of one.
fn final_entry(statement: &Statement) -> Option<Entry> {
    let passing = [RevocationReason::CertificateHold, RevocationReason::RemoveFromCrl];
    statement.entry.filter(|entry| !passing.contains(&entry.reason))
}

/// The earliest revocation for which `counts` holds.
fn revocation(statements: &[Statement], counts: impl Fn(&Entry) -> bool) -> Option<RevocationStatus> {
    let entries = statements.iter().filter_map(|statement| Some((final_entry(statement)?, statement.source)));
    let (entry, source) = entries.filter(|(entry, _)| counts(entry)).min_by_key(|(entry, _)| entry.at)?;
    Some(RevocationStatus::Revoked { at: entry.at, reason: entry.reason, source })
}

/// A hold in force at `at`: begun before, and no statement issued between then and `at` says otherwise.
fn hold(statements: &[Statement], at: DateTime<Utc>) -> Option<RevocationStatus> {
    let held = |statement: &&Statement| {
        statement
            .entry
            .is_some_and(|entry| entry.reason == RevocationReason::CertificateHold && entry.at <= at)
    };
    let newest = statements.iter().filter(held).max_by_key(|statement| statement.this_update)?;
    let lifted = statements.iter().any(|other| {
        let lifts = match other.entry {
            None => other.complete,
            Some(entry) => entry.reason == RevocationReason::RemoveFromCrl,
        };
        lifts && newest.this_update < other.this_update && other.this_update <= at
    });
    let since = newest.entry?.at;
    (!lifted).then_some(RevocationStatus::OnHold { since, source: newest.source })
}

fn proves_good(certificate: &Certificate, statement: &Statement, at: DateTime<Utc>) -> Result<(), Unusable> {
    if let Some(entry) = statement.entry {
        // Revoked after `at`: so it was not revoked then.
        return if entry.at > at { Ok(()) } else { Err(Unusable::Partial) };
    }
    if !statement.complete {
        return Err(Unusable::Partial);
    }
    if statement.this_update <= at {
        let current = statement.next_update.is_some_and(|next| at <= next);
        return if current { Ok(()) } else { Err(Unusable::Stale) };
    }
    if statement.this_update <= certificate.not_after() || statement.lists_expired {
        Ok(())
    } else {
        Err(Unusable::AfterExpiry)
    }
}

fn from_crl(
    certificate: &Certificate,
    issuer: &Certificate,
    crl: &Crl,
    provenance: Provenance,
) -> Result<Statement, Unusable> {
    crl.covers(certificate)?;
    if !crl.is_signed_by(issuer) {
        return Err(Unusable::Signature);
    }
    Ok(Statement {
        entry: crl.entry(certificate),
        this_update: crl.this_update,
        next_update: crl.next_update,
        complete: crl.is_complete(),
        lists_expired: crl.still_lists(certificate.not_after()),
        source: SourceKind::Crl,
        provenance,
    })
}

/// A list of another authority, which the certificate names as the one that lists it (RFC 5280, 6.3.3 b 1 and f). The issuer
/// itself must have issued that authority's certificate; others under the same root are not followed up.
fn from_indirect(
    certificate: &Certificate,
    issuer: &Certificate,
    crl: &Crl,
    provenance: Provenance,
    evidence: &Evidence,
    pool: &[Certificate],
) -> Result<Statement, Unusable> {
    let authority = pool.iter().find(|authority| {
        crl.is_of(authority)
            && authority.is_valid_at(crl.this_update)
            && path::signed_by(authority, issuer)
            && !is_revoked_helper(authority, issuer, evidence, crl.this_update)
    });
    match authority {
        Some(authority) if crl.is_indirect() => from_crl(certificate, authority, crl, provenance),
        _ => Err(Unusable::Indirect),
    }
}

/// `Ok(None)`: the response is about other certificates.
fn from_ocsp(
    certificate: &Certificate,
    issuer: &Certificate,
    response: &OcspResponse,
    provenance: Provenance,
    evidence: &Evidence,
    pool: &[Certificate],
) -> Result<Option<Statement>, Unusable> {
    let Some(answer) = response.answer(certificate, issuer) else { return Ok(None) };
    let signer = response.signer(issuer, pool).ok_or(Unusable::Signature)?;
    if signer != issuer && is_revoked_responder(signer, issuer, evidence, answer.this_update) {
        return Err(Unusable::Signature);
    }
    let entry = match answer.status {
        AnswerStatus::Good => None,
        AnswerStatus::Revoked(entry) => Some(entry),
        AnswerStatus::Unknown => return Err(Unusable::ResponderUnknown),
    };
    Ok(Some(Statement {
        entry,
        this_update: answer.this_update,
        next_update: Some(answer.next_update),
        complete: true,
        lists_expired: answer.archive_cutoff.is_some_and(|cutoff| cutoff <= certificate.not_after()),
        source: SourceKind::Ocsp,
        provenance,
    }))
}

/// A responder with id-pkix-ocsp-nocheck is not looked up.
fn is_revoked_responder(
    responder: &Certificate,
    issuer: &Certificate,
    evidence: &Evidence,
    at: DateTime<Utc>,
) -> bool {
    !needs_no_check(responder) && is_revoked_helper(responder, issuer, evidence, at)
}

/// Those whom the issuer lets speak for it are refused only where a list of its own says that they were revoked: its signature on
/// their certificate is what entitles them.
fn is_revoked_helper(
    responder: &Certificate,
    issuer: &Certificate,
    evidence: &Evidence,
    at: DateTime<Utc>,
) -> bool {
    let lists = evidence.crls.iter().filter(|(crl, _)| crl.is_of(issuer));
    let statements: Vec<Statement> =
        lists.filter_map(|(crl, provenance)| from_crl(responder, issuer, crl, *provenance).ok()).collect();
    revocation(&statements, |entry| entry.at <= at).is_some()
}
