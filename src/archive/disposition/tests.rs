//! Tests of destruction: who may, when, what is left, and what a crash between the steps leaves.

use crate::archive::testing::{Place, approver, deposit, manager, noon, owner};
use crate::archive::{
    Archive, ArchiveError, HoldRequest, PlanRequest, PlanState, PlanView, RetrievePurpose, SearchRequest,
};
use crate::record::RecordId;
use crate::store::Table;

/// A receipt of 2015: seven years from 1 June 2016, over since 1 June 2023.
const OLD: &str = "2015-06-01";
const MARKER: &str = "the marker text 4d1c9b of a receipt";

fn planned(archive: &Archive) -> PlanView {
    archive.disposition_plan(&manager(), &PlanRequest::default()).unwrap()
}

fn approved(archive: &Archive) -> PlanView {
    let plan = planned(archive);
    archive.disposition_approve(&approver(), &plan.plan, Some(plan.digest)).unwrap()
}

fn perform(archive: &Archive, plan: &PlanView) -> Result<PlanView, ArchiveError> {
    archive.disposition_perform(&manager(), &plan.plan, &|_, _| {})
}

fn kept(archive: &Archive, plan: &PlanView) -> String {
    let performed = perform(archive, plan).unwrap().performed.unwrap();
    assert_eq!(performed.destroyed, 0);
    performed.kept.into_iter().map(|kept| kept.why).collect()
}

fn is_there(archive: &Archive, id: RecordId) -> bool {
    match archive.retrieve(&owner(), id, RetrievePurpose::Download) {
        Ok(_) => true,
        Err(ArchiveError::Destroyed { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

fn assert_sound(archive: &Archive) {
    let report = archive.fsck(&owner(), &|_, _| {}).unwrap();
    assert!(report.sound, "{:?}", report.problems);
}

#[test]
fn what_is_destroyed_is_in_no_file_any_more_and_the_journal_still_verifies() {
    let place = Place::new();
    let archive = place.open();
    let old = deposit(&archive, "receipt", OLD, MARKER).id;
    let young = deposit(&archive, "receipt", "2026-06-01", "another receipt").id;
    archive.search(&owner(), &SearchRequest { text: Some("marker".into()), ..Default::default() }).unwrap();
    let view = archive.store.view();
    let wrapped = view.get(Table::Keys, old.as_bytes()).unwrap().unwrap();
    let version = view.get(Table::Versions, &crate::archive::rows::version_key(old, 1)).unwrap().unwrap();
    let dek = archive.load(&*view, old).unwrap().dek.bytes_for_tests();
    drop(view);
    assert!(
        place.holds(&wrapped) && place.holds(&version),
        "the test must be able to find what it looks for"
    );

    let [rendition, refusal] =
        crate::archive::timestamps::put_rendition_for_tests(&archive, old, b"what is behind it");
    assert!(place.holds(&rendition) && place.holds(&refusal));
    assert_sound(&archive);

    let plan = approved(&archive);
    assert_eq!(plan.items.iter().map(|item| item.id).collect::<Vec<_>>(), [old]);
    let done = perform(&archive, &plan).unwrap();
    assert_eq!(done.state, PlanState::Performed);
    let performed = done.performed.unwrap();
    assert_eq!((performed.destroyed, performed.kept.len()), (1, 0));

    for bytes in [&wrapped[..], &version, &dek, &rendition, &refusal, MARKER.as_bytes()] {
        assert!(!place.holds(bytes));
    }
    assert!(!is_there(&archive, old) && is_there(&archive, young));
    assert!(matches!(archive.show(&owner(), old), Err(ArchiveError::Destroyed { .. })));
    let found = archive.search(&owner(), &SearchRequest::default()).unwrap();
    assert_eq!(found.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [young]);
    assert!(archive.journal_verify(&|_, _| {}).unwrap().verified);
    assert_sound(&archive);

    let certificate = archive.disposition_certificate(&manager(), old).unwrap();
    assert_eq!((certificate.record, certificate.plan_digest), (old, plan.digest));
    assert_eq!(certificate.trusted.time, noon("2026-11-22"));
    assert_eq!((certificate.planned_by.as_str(), certificate.approval.by.as_str()), ("mori", "abe"));
    assert_eq!(certificate.retain_until.to_string(), "2023-05-31");
    let entries = archive.journal_list(&owner(), 0, 100, None).unwrap().entries;
    let dispose = entries.iter().find(|entry| entry.seq == certificate.journal_seq).unwrap();
    assert_eq!(dispose.details.as_ref().unwrap()["record"], old.to_string());
    let before = entries.iter().find(|entry| entry.record == Some(old)).unwrap();
    assert_eq!(before.details, None, "what was sealed under its key is gone");
    assert!(matches!(archive.disposition_certificate(&manager(), young), Err(ArchiveError::NotFound(_))));

    drop(archive);
    let archive = place.open();
    assert!(!is_there(&archive, old));
    archive.index_rebuild(&owner(), &|_, _| {}).unwrap();
    assert_eq!(archive.search(&owner(), &SearchRequest::default()).unwrap().total, 1);
    assert_sound(&archive);
}

#[test]
fn content_that_was_destroyed_is_recognised_when_it_comes_again() {
    let place = Place::new();
    let archive = place.open();
    let old = deposit(&archive, "receipt", OLD, MARKER).id;
    perform(&archive, &approved(&archive)).unwrap();
    let metadata = serde_json::from_value(serde_json::json!({
        "entity": archive.config().entities[0].name, "class": "receipt", "transaction_date": OLD,
        "counterparty": { "name": "x" },
    }));
    let again = crate::archive::Deposit { bytes: MARKER.as_bytes().to_vec(), metadata: metadata.unwrap() };
    let error = archive.deposit(&owner(), again).unwrap_err();
    assert_eq!(error.code(), "destroyed");
    assert!(error.to_string().contains(&old.to_string()), "{error}");
}

#[test]
fn the_author_of_a_plan_cannot_approve_it_and_without_approval_nothing_is_performed() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, MARKER).id;
    let plan = archive.disposition_plan(&owner(), &PlanRequest::default()).unwrap();
    let other_name = crate::archive::Principal::os_user("root");
    for same in [owner(), other_name] {
        let refused = archive.disposition_approve(&same, &plan.plan, None).unwrap_err();
        assert_eq!(refused.code(), "forbidden", "{refused}");
    }
    let refused = archive.disposition_approve(&manager(), &plan.plan, None).unwrap_err();
    assert_eq!(refused.code(), "forbidden", "a manager is no approver");
    assert_eq!(perform(&archive, &plan).unwrap_err().code(), "retention");
    let other_digest = Some(crate::record::Digest::of(b"another plan"));
    let refused = archive.disposition_approve(&approver(), &plan.plan, other_digest).unwrap_err();
    assert_eq!(refused.code(), "conflict");
    archive.disposition_approve(&approver(), &plan.plan, None).unwrap();
    let again = archive.disposition_approve(&approver(), &plan.plan, None).unwrap_err();
    assert_eq!(again.code(), "conflict");
    assert!(is_there(&archive, id));
}

#[test]
fn a_hold_placed_between_plan_and_perform_wins() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, MARKER).id;
    let plan = approved(&archive);
    let hold = HoldRequest {
        name: "訴訟2026-1".into(),
        reason: "a dispute".into(),
        ids: vec![id],
        ..Default::default()
    };
    archive.hold_place(&manager(), hold).unwrap();
    assert!(kept(&archive, &plan).contains("訴訟2026-1"));
    assert!(is_there(&archive, id));
    let asked = PlanRequest { ids: vec![id], ..Default::default() };
    assert_eq!(archive.disposition_plan(&manager(), &asked).unwrap_err().code(), "hold");
    assert!(planned(&archive).items.is_empty());

    archive.hold_release(&approver(), "訴訟2026-1", "settled").unwrap();
    perform(&archive, &approved(&archive)).unwrap();
    assert!(!is_there(&archive, id));
}

#[test]
fn a_clock_set_to_2099_destroys_nothing_and_neither_does_one_without_a_token() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", "2026-06-01", MARKER).id;
    let asked = PlanRequest { ids: vec![id], ..Default::default() };
    assert_eq!(archive.disposition_plan(&manager(), &asked).unwrap_err().code(), "retention");
    place.set("2099-01-01", Some("2026-11-22"));
    let plan = approved(&archive);
    assert!(kept(&archive, &plan).contains("2034-05-31"));
    place.set("2099-01-01", None);
    let plan = approved(&archive);
    assert_eq!(perform(&archive, &plan).unwrap_err().code(), "retention");
    // A token of the future is of no use as long as the machine's clock says otherwise.
    place.set("2026-11-22", Some("2099-01-01"));
    assert!(kept(&archive, &plan).contains("2034-05-31"));
    assert!(is_there(&archive, id));
    place.set("2034-06-01", Some("2034-06-01"));
    perform(&archive, &approved(&archive)).unwrap();
    assert!(!is_there(&archive, id));
}

#[test]
fn a_crash_between_the_key_and_the_rest_is_finished_by_performing_again() {
    let place = Place::new();
    let archive = place.open();
    let (one, two) =
        (deposit(&archive, "receipt", OLD, MARKER).id, deposit(&archive, "receipt", OLD, "second").id);
    let plan = approved(&archive);
    let (row, _) = archive.plan_row(&*archive.store.view(), &plan.plan).unwrap();
    let approval = row.approval.clone().unwrap();
    let trusted = archive.trusted_time().unwrap();
    // The process dies after the first key is gone: sealed object, index and traces are still there.
    assert_eq!(
        archive.destroy(&manager(), &row, &approval, one, &trusted).unwrap(),
        super::perform::Fate::Destroyed
    );
    drop(archive);

    let archive = place.open();
    assert!(!is_there(&archive, one) && is_there(&archive, two));
    let report = archive.fsck(&owner(), &|_, _| {}).unwrap();
    assert!(report.problems.iter().any(|problem| problem.what.contains("perform")), "{:?}", report.problems);
    let done = perform(&archive, &plan).unwrap().performed.unwrap();
    assert_eq!((done.destroyed, done.kept.len()), (2, 0));
    assert!(!is_there(&archive, one) && !is_there(&archive, two));
    assert_sound(&archive);
    let again = perform(&archive, &plan).unwrap().performed.unwrap();
    assert_eq!(again, done, "a performed plan stays as it is");
}

#[test]
fn a_record_that_became_longer_after_the_plan_is_kept() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, MARKER).id;
    let plan = approved(&archive);
    let declaration = crate::archive::LossDeclaration {
        entity: None,
        year: "2016-03-31".into(),
        reason: "corrected tax return".into(),
    };
    archive.declare_loss(&manager(), &declaration).unwrap();
    // Nine years from 1 June 2016 are over; ten would not be: the year began before April 2018.
    perform(&archive, &plan).unwrap();
    assert!(!is_there(&archive, id), "nine years ended on 31 May 2025");

    let id = deposit(&archive, "receipt", "2019-02-01", "of the year to March 2019").id;
    let plan = approved(&archive);
    let declaration = crate::archive::LossDeclaration { year: "2019-03-31".into(), ..declaration };
    archive.declare_loss(&manager(), &declaration).unwrap();
    assert!(kept(&archive, &plan).contains("2029-05-31"));
    assert!(is_there(&archive, id));
}

#[test]
fn the_certificate_is_sealed_under_a_key_that_outlives_the_record() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, MARKER).id;
    perform(&archive, &approved(&archive)).unwrap();
    let tombstone = archive.tombstone(&*archive.store.view(), id).unwrap().unwrap();
    let (_, entry) = archive.entry(&*archive.store.view(), tombstone.certificate.journal_seq).unwrap();
    let details = archive.keyring.unseal_archive_details(&entry.details.unwrap()).unwrap();
    assert_eq!(details, serde_json::to_value(&tombstone.certificate).unwrap());
}

#[test]
fn the_monthly_job_plans_once_and_people_approve_and_perform() {
    let place = Place::new();
    let archive = place.open();
    let system = crate::archive::Principal::system();
    assert!(archive.disposition_plan_if_due(&system).unwrap().is_none());
    let id = deposit(&archive, "receipt", OLD, MARKER).id;
    let plan = archive.disposition_plan_if_due(&system).unwrap().unwrap();
    assert!(archive.disposition_plan_if_due(&system).unwrap().is_none(), "a plan waits already");
    archive.disposition_approve(&approver(), &plan.plan, Some(plan.digest)).unwrap();
    perform(&archive, &plan).unwrap();
    assert!(!is_there(&archive, id));
}
