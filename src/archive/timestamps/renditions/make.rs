//! Making a rendition: validation data and a document timestamp behind the original, or behind its newest rendition.
//!
//! What was signed must stay as good as it was: the file is judged with the new field in it before a timestamp is asked for,
//! and as a whole before anything is stored.

use chrono::Duration;
use serde::Serialize;

use super::rows::{MAX_TAIL_BYTES, RenditionRow};
use super::sound::{check_untouched, check_whole, is_complete, newest_timestamp, notes};
use super::{RenditionBatch, RenditionRefused, RenditionView};
use crate::archive::committer::{Draft, Written};
use crate::archive::error::ArchiveError;
use crate::archive::keyring::seal_json;
use crate::archive::permit::{Action, permit};
use crate::archive::records::Loaded;
use crate::archive::retrieve::unseal_original;
use crate::archive::rows::{V1, encode};
use crate::archive::timestamps::ask::{Accepted, Asking};
use crate::archive::timestamps::rows::{self as evidence_rows, RequestRow};
use crate::archive::{Archive, ExportSelection, Principal, Progress};
use crate::evidence::authority::Obtained;
use crate::journal::Act;
use crate::panel::{self, Panel, RevocationData, Verdict, Words};
use crate::pdf::{self, Addition, Appended, SignatureData, TOKEN_ROOM};
use crate::pki::revocation::Evidence;
use crate::pki::{Certificate, DigestAlgorithm};
use crate::record::{Digest, RecordId};
use crate::seal::Purpose;
use crate::store::{Batch, Table, View};

/// Most renditions of one record: each holds the timestamps of those before it.
const MAX_RENDITIONS: u32 = 64;
/// What a request says came of it when its token is inside a rendition: tokens of their own are numbered from 1.
const INSIDE: u64 = 0;

/// What the journal says about a rendition, sealed under the record's key.
#[derive(Serialize)]
struct RenditionDetails<'a> {
    step: &'static str,
    rendition: u32,
    sha256: Digest,
    size: u64,
    authority: &'a str,
    request: u64,
}

/// What a rendition is made from.
pub(super) struct Ground {
    record: Loaded,
    original: Vec<u8>,
    /// The file that is appended to: the original or the newest rendition.
    pub(super) base: Vec<u8>,
    /// Judged as it is.
    pub(super) panel: Panel,
    number: u32,
}

impl Archive {
    /// Makes a rendition of one record with a fresh timestamp; one request.
    ///
    /// # Errors
    /// [`ArchiveError::NoRendition`] for files that cannot be appended to; [`ArchiveError::NoTimestamp`].
    pub fn make_rendition(&self, who: &Principal, id: RecordId) -> Result<RenditionView, ArchiveError> {
        permit(who, Action::Rendition)?;
        let _one_at_a_time = self.timestamping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let record = self.load_for(&*self.store.view(), who, Action::Rendition, id)?;
        self.render(who, record)
    }

    /// Makes renditions of a selection; a record whose newest one is protected beyond the renewal window keeps that.
    /// One request for each new one, as many as the daily budget allows: run again, it goes on.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], a search that cannot be read, damage. What keeps single files from having one is in
    /// the answer.
    pub fn make_renditions(
        &self,
        who: &Principal,
        selection: &ExportSelection,
        progress: Progress<'_>,
    ) -> Result<RenditionBatch, ArchiveError> {
        permit(who, Action::Rendition)?;
        let ids = self.selected(who, Action::Rendition, selection)?;
        let _one_at_a_time = self.timestamping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let enough = self.now() + Duration::days(self.config.timestamps.renew_within_days.into());
        let (mut batch, total) = (RenditionBatch::default(), ids.len() as u64);
        for (done, id) in (0u64..).zip(ids) {
            progress(done, Some(total));
            let view = self.store.view();
            let record = self.load_for(&*view, who, Action::Rendition, id)?;
            let newest = self.rendition_views(&*view, &record)?.pop();
            drop(view);
            if let Some(kept) = newest.filter(|newest| newest.protected_until > enough) {
                batch.kept.push(kept);
                continue;
            }
            match self.render(who, record) {
                Ok(made) => batch.made.push(made),
                Err(error @ ArchiveError::NoRendition { .. }) => {
                    batch.refused.push(RenditionRefused { id, reason: error.to_string() });
                }
                Err(ArchiveError::NoTimestamp(why)) => {
                    batch.stopped = Some(why);
                    batch.waiting = total - done;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(batch)
    }

    fn render(&self, who: &Principal, record: Loaded) -> Result<RenditionView, ArchiveError> {
        let at_hand = self.revocation_at_hand(&*self.store.view())?;
        let ground = self.ground(record, &at_hand)?;
        let refuse = |why: String| ArchiveError::NoRendition { id: ground.record.id, why };
        let asked = self.fetcher.as_deref();
        let collected = panel::validation_data(&ground.base, &self.trust, self.now(), &at_hand, asked);
        let timestamp = Some(field_name(&ground.panel, ground.number));
        let appended = pdf::append(&ground.base, Addition { data: collected.data, timestamp });
        let appended = appended.map_err(|why| refuse(why.to_string()))?;
        check_untouched(&ground, &appended).map_err(refuse)?;
        let algorithm = in_pdf(self.config.timestamps.algorithm);
        let imprint = imprint(&ground.base, &appended, algorithm).ok_or_else(|| refuse(NO_RANGE.into()))?;
        let asking = Asking { algorithm, imprint: &imprint, known_as: &[], trees: &[] };
        let (obtained, sent) = self.ask(who, &asking)?;
        let mut base = ground.base.clone();
        base.extend(appended.fill(&obtained.token).map_err(|why| refuse(why.to_string()))?);
        let whole = with_chain(base, &obtained, &at_hand).map_err(refuse)?;
        let panel = panel::examine(&whole, &self.trust, self.now(), &at_hand.evidence());
        check_whole(&ground.panel, &panel).map_err(refuse)?;
        // Others have the file alone.
        let panel = panel::examine(&whole, &self.trust, self.now(), &Evidence::default());
        let notes = notes(&panel, collected.problems);
        self.store_rendition(who, ground, whole, (&panel, notes), obtained, sent)
    }

    /// What the next rendition is made from: the newest one while its timestamp holds, so that it proves the earlier time.
    fn ground(&self, record: Loaded, at_hand: &RevocationData) -> Result<Ground, ArchiveError> {
        let view = self.store.view();
        let original = unseal_original(&*self.store, &record, &record.facts()?)?;
        let newest = record.renditions(&*view)?.pop();
        let number = newest.as_ref().map_or(1, |newest| newest.number.saturating_add(1));
        let refuse = |why: String| ArchiveError::NoRendition { id: record.id, why };
        if number > MAX_RENDITIONS {
            return Err(refuse(format!(
                "it has {MAX_RENDITIONS} renditions already; the newest one is enough"
            )));
        }
        let judge = |file: &[u8]| panel::examine(file, &self.trust, self.now(), &at_hand.evidence());
        if let Some(newest) = newest {
            let base = record.rendition(&*view, &newest, &original)?;
            let panel = judge(&base);
            if newest_timestamp(&panel).is_some_and(|stamp| stamp.verdict == Verdict::TotalPassed) {
                return Ok(Ground { record, original, base, panel, number });
            }
        }
        let panel = judge(&original);
        Ok(Ground { record, base: original.clone(), original, panel, number })
    }

    /// Revocation data that were kept with tokens.
    fn revocation_at_hand(&self, view: &dyn View) -> Result<RevocationData, ArchiveError> {
        let mut data = RevocationData::default();
        for token in evidence_rows::tokens(view)? {
            data.crls.extend(token.crls.into_iter().map(|crl| crl.0));
            data.ocsps.extend(token.ocsps.into_iter().map(|ocsp| ocsp.0));
        }
        for list in [&mut data.crls, &mut data.ocsps] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(data)
    }

    fn store_rendition(
        &self,
        who: &Principal,
        ground: Ground,
        whole: Vec<u8>,
        (panel, notes): (&Panel, Vec<Words>),
        obtained: Obtained<Accepted>,
        mut sent: Vec<RequestRow>,
    ) -> Result<RenditionView, ArchiveError> {
        let id = ground.record.id;
        let tail = whole.get(ground.original.len()..).unwrap_or_default();
        if tail.len() as u64 > MAX_TAIL_BYTES {
            let why = format!("what would be appended is longer than {MAX_TAIL_BYTES} bytes");
            return Err(ArchiveError::NoRendition { id, why });
        }
        let row = RenditionRow {
            v: V1,
            number: ground.number,
            made_at: self.now(),
            made_by: who.name.clone(),
            sha256: Digest::of(&whole),
            size: whole.len() as u64,
            authority: obtained.accepted.signer.clone(),
            gen_time: obtained.accepted.gen_time,
            protected_until: obtained.accepted.protected_until,
            verdict: panel.verdict,
            complete: is_complete(panel),
            notes,
        };
        let mut batch = Batch::default();
        ground.record.put_rendition(&mut batch, &row, tail)?;
        if let Some(last) = sent.last_mut() {
            last.token = Some(INSIDE);
        }
        for (request, (_, why)) in sent.iter_mut().zip(&obtained.refused) {
            request.refused = Some(why.to_string());
        }
        for request in &sent {
            batch.put(Table::Evidence, evidence_rows::request_key(request.id), encode(request));
        }
        let details = RenditionDetails {
            step: "rendition",
            rendition: row.number,
            sha256: row.sha256,
            size: row.size,
            authority: &obtained.authority,
            request: sent.last().map_or(0, |request| request.id),
        };
        let details = seal_json(&ground.record.dek, Purpose::JournalDetails, id.as_bytes(), &details)?;
        let blob_bytes = batch.bytes();
        let write = Box::new(move |_: &_| Ok(Written { details: Some(details), batch }));
        let draft = Draft { actor: who.clone(), act: Act::Timestamp, record: Some(id), blob_bytes, write };
        // Who destroys a record lists its renditions before: none may come in between.
        let _no_destruction = self.destruction_lock();
        self.committer.commit(draft)?;
        Ok(row.view(id))
    }
}

const NO_RANGE: &str = "its byte range cannot be told";

/// A digest algorithm that readers of PDF know (ISO 32000-2, table 260).
fn in_pdf(algorithm: DigestAlgorithm) -> DigestAlgorithm {
    match algorithm {
        DigestAlgorithm::Sha256 | DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => algorithm,
        _ => DigestAlgorithm::Sha512,
    }
}

/// A name that no field of the file has.
fn field_name(panel: &Panel, number: u32) -> String {
    let taken = |name: &String| panel.signatures.iter().any(|signature| signature.field == *name);
    let mut names = (0u32..).map(|again| match again {
        0 => format!("ArchiveTimestamp{number}"),
        _ => format!("ArchiveTimestamp{number}-{again}"),
    });
    names.find(|name| !taken(name)).unwrap_or_default()
}

fn imprint(base: &[u8], appended: &Appended, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
    let mut hasher = algorithm.hasher();
    for part in appended.signed()? {
        let (from, to) = (part.start, part.end);
        hasher.update(base.get(from..to.min(base.len())).unwrap_or_default());
        let start = base.len();
        hasher.update(appended.tail.get(from.saturating_sub(start)..to.saturating_sub(start))?);
    }
    Some(hasher.finish())
}

/// Adds what validates the new timestamp itself, as far as it is at hand: readers then need no network for it.
fn with_chain(
    mut file: Vec<u8>,
    obtained: &Obtained<Accepted>,
    at_hand: &RevocationData,
) -> Result<Vec<u8>, String> {
    let accepted = &obtained.accepted;
    let mut at_hand = at_hand.clone();
    at_hand.crls.extend(accepted.crls.iter().cloned());
    at_hand.ocsps.extend(accepted.ocsps.iter().cloned());
    let chain: Vec<_> = accepted.chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
    let mut contents = obtained.token.clone();
    contents.resize(TOKEN_ROOM, 0);
    let data: SignatureData = panel::data_about(&chain, contents, &at_hand, accepted.gen_time);
    if data.crls.is_empty() && data.ocsps.is_empty() {
        return Ok(file);
    }
    let appended = pdf::append(&file, Addition { data: vec![data], timestamp: None });
    file.extend(appended.map_err(|why| why.to_string())?.tail);
    Ok(file)
}
