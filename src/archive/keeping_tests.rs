//! Tests of keeping: periods that only grow, holds, fiscal years, and policies that are edited or removed.

use std::collections::BTreeMap;
use std::fs;

use super::rows::meta;
use super::testing::{Place, approver, day, deposit, deposit_with, manager, owner};
use super::{
    Archive, CalendarApproval, Changes, FiscalYearsChange, HoldRequest, LossDeclaration, PlanRequest,
    Principal, SearchRequest,
};
use crate::record::RecordId;
use crate::retention::{CalendarSettings, FiscalYear, Outcome};
use crate::store::{Batch, Direction, Table};

fn until(archive: &Archive, id: RecordId) -> Option<String> {
    let decision = archive.retention_explain(&owner(), id).unwrap();
    decision.retain_until.map(|until| until.to_string())
}

fn stored(archive: &Archive, id: RecordId) -> Option<String> {
    archive.load(&*archive.store.view(), id).unwrap().row.retain_until.map(|until| until.to_string())
}

fn hold(name: &str, ids: Vec<RecordId>, search: Option<SearchRequest>) -> HoldRequest {
    HoldRequest { name: name.into(), reason: "a dispute".into(), custodian: None, ids, search }
}

fn loss(year: &str) -> LossDeclaration {
    LossDeclaration { entity: None, year: year.into(), reason: "the tax return".into() }
}

fn correct(archive: &Archive, id: RecordId, changes: Changes) {
    archive.correct(&owner(), id, &changes, "misread", None).unwrap();
}

#[test]
fn a_loss_declared_after_the_fact_lengthens_the_whole_year_and_two_people_take_it_back_for_what_comes_later()
{
    let place = Place::new();
    let archive = place.open();
    let receipt = deposit(&archive, "receipt", "2025-12-01", "a receipt").id;
    let other = deposit(&archive, "receipt", "2026-05-01", "of the next year").id;
    assert_eq!(until(&archive, receipt).unwrap(), "2033-05-31");
    let view = archive.declare_loss(&manager(), &loss("2026-03-31")).unwrap();
    assert!(view.stored && view.years.iter().any(|year| year.loss && year.end == day("2026-03-31")));
    assert_eq!(until(&archive, receipt).unwrap(), "2036-05-31");
    assert_eq!(until(&archive, other).unwrap(), "2034-05-31");
    assert_eq!(stored(&archive, receipt).unwrap(), "2033-05-31", "lists wait for the job");
    let done = archive.retention_reevaluate(&manager(), &|_, _| {}).unwrap();
    assert_eq!((done.done, done.records, done.changed, done.failures), (true, 2, 1, 0));
    assert_eq!(stored(&archive, receipt).unwrap(), "2036-05-31");

    let without = FiscalYearsChange {
        entity: None,
        calendar: CalendarSettings { fiscal_year_ends: Some("03-31".parse().unwrap()), ..Default::default() },
        reason: "a mistake".into(),
    };
    let waiting = archive.set_fiscal_years(&manager(), without).unwrap();
    assert_eq!(waiting.proposed.map(|proposed| proposed.reason).as_deref(), Some("a mistake"));
    let between = deposit(&archive, "receipt", "2025-12-02", "before anybody consented").id;
    assert_eq!(until(&archive, between).unwrap(), "2036-05-31", "nothing has changed yet");
    let consent = CalendarApproval::default();
    assert_eq!(archive.approve_fiscal_years(&manager(), &consent).unwrap_err().code(), "forbidden");
    assert!(archive.approve_fiscal_years(&approver(), &consent).unwrap().proposed.is_none());
    assert_eq!(archive.approve_fiscal_years(&approver(), &consent).unwrap_err().code(), "not-found");
    let later = deposit(&archive, "receipt", "2025-12-03", "afterwards").id;
    assert_eq!(until(&archive, later).unwrap(), "2033-05-31");
    for promised in [receipt, between] {
        assert_eq!(until(&archive, promised).unwrap(), "2036-05-31", "what was promised holds");
    }
    let entries = archive.journal_list(&owner(), 0, 100, None).unwrap().entries;
    assert!(entries.iter().any(|entry| entry.details.as_ref().is_some_and(|d| d["what"] == "fiscal years")));
    drop(archive);
    assert_eq!(until(&place.open(), receipt).unwrap(), "2036-05-31");
}

#[test]
fn overlapping_fiscal_years_and_losses_of_unknown_years_are_refused() {
    let place = Place::new();
    let archive = place.open();
    let year = |start: &str, end: &str| FiscalYear {
        start: day(start),
        end: day(end),
        filing_extension_months: 0,
        loss: false,
    };
    let set = |years: Vec<FiscalYear>, ends: Option<&str>| {
        let calendar = CalendarSettings {
            fiscal_year_ends: ends.map(|ends| ends.parse().unwrap()),
            filing_extension_months: 0,
            fiscal_years: years,
        };
        let change = FiscalYearsChange { entity: None, calendar, reason: "new year".into() };
        archive.set_fiscal_years(&manager(), change)
    };
    let overlap =
        set(vec![year("2026-04-01", "2027-03-31"), year("2027-03-31", "2027-12-31")], Some("12-31"));
    assert!(overlap.unwrap_err().to_string().contains("overlap"));
    set(vec![year("2025-04-01", "2026-03-31"), year("2026-04-01", "2026-12-31")], None).unwrap();
    assert_eq!(archive.declare_loss(&manager(), &loss("2031-03-31")).unwrap_err().code(), "invalid");
    let unknown = deposit(&archive, "receipt", "2031-01-01", "of a year nobody knows").id;
    assert_eq!(until(&archive, unknown), None);
    let approves = archive.declare_loss(&approver(), &loss("2026-03-31")).unwrap_err();
    assert_eq!(approves.code(), "forbidden");
}

#[test]
fn a_correction_lengthens_at_once_and_never_shortens() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "contract", "2026-05-01", "a contract").id;
    assert_eq!(until(&archive, id).unwrap(), "2037-03-31");
    correct(&archive, id, Changes { transaction_date: Some(day("2020-05-01")), ..Default::default() });
    let decision = archive.retention_explain(&owner(), id).unwrap();
    assert_eq!(
        (decision.retain_until, decision.promised),
        (Some(day("2037-03-31")), Some(day("2037-03-31")))
    );
    correct(&archive, id, Changes { class: Some("receipt".into()), ..Default::default() });
    assert_eq!(until(&archive, id).unwrap(), "2037-03-31");
    correct(&archive, id, Changes { transaction_date: Some(day("2030-05-01")), ..Default::default() });
    // As a receipt it would be 2038-05-31; it was a contract once, so the Companies Act goes on to hold.
    assert_eq!(until(&archive, id).unwrap(), "2041-03-31");
    let decision = archive.retention_explain(&owner(), id).unwrap();
    assert!(decision.reasons[0].former_class, "{:?}", decision.reasons[0]);
}

#[test]
fn a_policy_that_is_edited_shorter_or_removed_holds_for_what_was_deposited_before() {
    let place = Place::new();
    let archive = place.open();
    let old = deposit(&archive, "contract", "2026-05-01", "a contract").id;
    drop(archive);
    let folder = place.data().join("retention-policies");
    fs::remove_file(folder.join("jp-companies-act.toml")).unwrap();
    let tax = fs::read_to_string(folder.join("jp-corporation-tax.toml")).unwrap();
    let without_examples = tax.split("[[example]]").next().unwrap().replace("years = 7", "years = 1");
    let example = "[[example]]\ntransaction_date = 2026-02-01\nfiscal_year_end = 2026-03-31\nstart = 2026-06-01\nretain_until = 2027-05-31\n";
    fs::write(folder.join("jp-corporation-tax.toml"), without_examples + example).unwrap();

    let archive = place.open();
    let new = deposit(&archive, "contract", "2026-05-01", "a later contract").id;
    assert_eq!(until(&archive, new).unwrap(), "2028-05-31");
    assert_eq!(until(&archive, old).unwrap(), "2037-03-31");
    // Not because of a date in a row: a correction of the day is decided by the removed policy too.
    correct(&archive, old, Changes { transaction_date: Some(day("2028-05-01")), ..Default::default() });
    assert_eq!(until(&archive, old).unwrap(), "2039-03-31");
    let decision = archive.retention_explain(&owner(), old).unwrap();
    assert_eq!(decision.reasons[0].policy, "jp-companies-act");
    assert!(decision.reasons[0].former);
    let former: Vec<_> =
        archive.retention_schedule().former().iter().map(|former| former.policy.id.clone()).collect();
    assert_eq!(former, ["jp-companies-act", "jp-corporation-tax"]);
    let entries = archive.journal_list(&owner(), 0, 100, None).unwrap().entries;
    let changes = entries.iter().filter(|entry| {
        entry.details.as_ref().is_some_and(|details| details["what"] == "retention policies")
    });
    assert_eq!(changes.count(), 1, "one entry tells of the change");
}

#[test]
fn a_new_policy_is_taken_over_while_the_archive_is_open_and_a_bad_one_is_refused() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "invoice", "2026-05-01", "an invoice").id;
    assert_eq!(until(&archive, id).unwrap(), "2034-05-31");
    let folder = place.data().join("retention-policies");
    fs::copy(folder.join("available/fr-commerce.toml"), folder.join("fr-commerce.toml")).unwrap();
    let done = archive.retention_reevaluate(&manager(), &|_, _| {}).unwrap();
    assert_eq!((done.done, done.changed), (true, 1));
    assert_eq!(stored(&archive, id).unwrap(), "2037-03-31");
    fs::write(folder.join("bad.toml"), "id = 'bad'\nyears = 3\n").unwrap();
    let error = archive.retention_reevaluate(&manager(), &|_, _| {}).unwrap_err();
    assert!(error.to_string().contains("line 2, years"), "{error}");
    assert_eq!(until(&archive, id).unwrap(), "2037-03-31");
    let clerk = Principal::new("sato", [super::Role::Clerk], super::Scope::Everything);
    assert_eq!(archive.retention_reevaluate(&clerk, &|_, _| {}).unwrap_err().code(), "forbidden");
}

#[test]
fn an_interrupted_evaluation_goes_on_when_the_archive_opens_again() {
    let place = Place::new();
    let archive = place.open();
    let ids: Vec<_> = (0..3)
        .map(|number| deposit(&archive, "receipt", "2026-02-01", &format!("receipt {number}")).id)
        .collect();
    archive.declare_loss(&manager(), &loss("2026-03-31")).unwrap();
    drop(archive);
    let archive = place.open();
    assert!(!archive.retention_reevaluation(&owner()).unwrap().done);
    assert!(!archive.finish_reevaluation(&|| true).unwrap().done, "told to stop, it stops");
    assert!(archive.finish_reevaluation(&|| false).unwrap().done);
    assert!(ids.iter().all(|id| stored(&archive, *id).as_deref() == Some("2036-05-31")));
}

#[test]
fn a_period_waits_for_its_event_and_begins_when_the_day_is_told() {
    let place = Place::new();
    let folder = place.data().join("retention-policies");
    fs::copy(folder.join("available/jp-construction.toml"), folder.join("jp-construction.toml")).unwrap();
    let archive = place.open();
    let id = deposit(&archive, "construction_contract", "2010-05-01", "works").id;
    assert_eq!((until(&archive, id), stored(&archive, id)), (None, None));
    let asked = PlanRequest { ids: vec![id], ..Default::default() };
    assert_eq!(archive.disposition_plan(&manager(), &asked).unwrap_err().code(), "retention");
    let told = |value: &str| Changes {
        custom: BTreeMap::from([("引渡日".to_string(), Some(value.to_string()))]),
        ..Default::default()
    };
    correct(&archive, id, told("令和8年3月31日"));
    assert_eq!(until(&archive, id).unwrap(), "2031-03-31");
    correct(&archive, id, told("2020-01-01"));
    assert_eq!(until(&archive, id).unwrap(), "2031-03-31", "an earlier day does not shorten");
    let known = [("hand_over", "2012-01-01")];
    let known = deposit_with(&archive, "construction_contract", "2010-05-01", "other works", &known);
    // Five years from the hand-over; the Companies Act asks for ten from the end of the fiscal year.
    assert_eq!(until(&archive, known.id).unwrap(), "2021-03-31");
}

#[test]
fn a_hold_is_placed_by_one_person_and_released_by_another() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", "2015-06-01", "a receipt").id;
    let placed = archive.hold_place(&manager(), hold("matter", vec![id], None)).unwrap();
    assert_eq!((placed.hold.as_str(), placed.records), ("matter", 1));
    assert_eq!(
        archive.hold_place(&approver(), hold("matter", vec![id], None)).unwrap_err().code(),
        "conflict"
    );
    let shown = archive.show(&owner(), id).unwrap();
    assert_eq!(shown.holds, ["matter"]);
    assert_eq!(shown.retention.decision.decision, Outcome::Held);
    assert_eq!(archive.hold_release(&manager(), "matter", "over").unwrap_err().code(), "forbidden");
    assert_eq!(archive.hold_release(&approver(), "other", "over").unwrap_err().code(), "not-found");
    drop(archive);
    let archive = place.open();
    assert_eq!(archive.show(&owner(), id).unwrap().holds, ["matter"], "holds survive");
    let released = archive.hold_release(&approver(), "matter", "settled").unwrap();
    assert_eq!(released.released.unwrap().by, "abe");
    assert!(archive.show(&owner(), id).unwrap().holds.is_empty());
    let list = archive.hold_list(&owner()).unwrap();
    assert_eq!((list.len(), list[0].records), (1, 0));
    assert!(archive.hold_place(&manager(), hold("matter", vec![id], None)).is_ok(), "the name is free again");
}

#[test]
fn a_hold_on_conditions_catches_later_deposits_and_lets_no_correction_slip_out() {
    let place = Place::new();
    let archive = place.open();
    let before = deposit(&archive, "receipt", "2015-06-01", "one").id;
    let search =
        SearchRequest {
            counterparty: Some("国税".into()), date: Some("2015".into()), ..Default::default()
        };
    let placed = archive.hold_place(&manager(), hold("all of 2015", vec![], Some(search))).unwrap();
    assert_eq!(placed.records, 1);
    let after = deposit(&archive, "receipt", "2015-07-01", "two").id;
    let outside = deposit(&archive, "receipt", "2016-07-01", "three").id;
    let holds = |id| archive.show(&owner(), id).unwrap().holds;
    assert_eq!((holds(before).len(), holds(after).len(), holds(outside).len()), (1, 1, 0));
    correct(&archive, after, Changes { counterparty: Some("another name".into()), ..Default::default() });
    correct(&archive, after, Changes { transaction_date: Some(day("2017-01-01")), ..Default::default() });
    assert_eq!(holds(after), ["all of 2015"]);
    archive.withdraw(&owner(), before, "twice", None).unwrap();
    assert_eq!(holds(before), ["all of 2015"]);
    assert_eq!(archive.hold_list(&owner()).unwrap()[0].records, 2);
    let plan = archive.disposition_plan(&manager(), &PlanRequest::default()).unwrap();
    assert_eq!(plan.items.iter().map(|item| item.id).collect::<Vec<_>>(), [outside]);
    for nonsense in [hold("", vec![before], None), hold("x", vec![], None)] {
        assert_eq!(archive.hold_place(&manager(), nonsense).unwrap_err().code(), "invalid");
    }
}

#[test]
fn what_comes_due_is_listed_by_day_with_its_holds() {
    let place = Place::new();
    let archive = place.open();
    let over = deposit(&archive, "receipt", "2015-06-01", "one").id;
    let soon = deposit(&archive, "receipt", "2020-02-01", "two").id;
    deposit(&archive, "receipt", "2026-02-01", "three");
    archive.hold_place(&manager(), hold("matter", vec![over], None)).unwrap();
    let due = archive.retention_due(&owner(), None).unwrap();
    assert_eq!(due.records.iter().map(|record| record.id).collect::<Vec<_>>(), [over]);
    assert_eq!((due.records[0].decision, due.records[0].holds.len()), (Outcome::Held, 1));
    let due = archive.retention_due(&owner(), Some(day("2027-06-01"))).unwrap();
    let days: Vec<_> =
        due.records.iter().map(|record| (record.id, record.retain_until.to_string())).collect();
    assert_eq!(days, [(over, "2023-05-31".to_string()), (soon, "2027-05-31".to_string())]);
    assert_eq!(due.records[1].decision, Outcome::Retain);
}

#[test]
fn a_hold_or_an_old_policy_text_that_somebody_removed_from_the_store_is_missed() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", "2015-06-01", "a receipt").id;
    archive.hold_place(&manager(), hold("matter", vec![id], None)).unwrap();
    fs::remove_file(place.data().join("retention-policies/jp-companies-act.toml")).unwrap();
    archive.retention_reevaluate(&manager(), &|_, _| {}).unwrap();
    assert!(archive.fsck(&owner(), &|_, _| {}).unwrap().sound);
    for (prefix, word) in [(meta::HOLD_PREFIX, "matter"), (meta::POLICY_PREFIX, "jp-companies-act")] {
        let end = meta::end_of(prefix);
        let rows = archive.store.view().scan(Table::Meta, prefix, Some(&end), Direction::Forward).next();
        let (key, _) = rows.unwrap().unwrap();
        let mut batch = Batch::default();
        batch.delete(Table::Meta, key);
        archive.store.commit(batch).unwrap();
        let report = archive.fsck(&owner(), &|_, _| {}).unwrap();
        assert!(report.problems.iter().any(|problem| problem.what.contains(word)), "{:?}", report.problems);
    }
}
