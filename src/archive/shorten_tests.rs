//! Tests of shortening: who may, what compliance mode refuses, and that nothing brings the longer period back or cuts more.

use std::fs;

use super::testing::{Place, approver, day, deposit, manager, owner};
use super::{Archive, Changes, Role, Scope, ShortenRequest};
use crate::archive::Principal;
use crate::archive::rows::RecordRow;
use crate::record::RecordId;
use crate::store::{Batch, Table};

/// An archive whose policies may be shortened by two people.
fn governed() -> Place {
    let place = Place::new();
    let folder = place.data().join("retention-policies");
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replacen("\nid = ", "\nmode = \"governance\"\nid = ", 1)).unwrap();
        }
    }
    place
}

fn correct(archive: &Archive, id: RecordId, class: &str) {
    let changes = Changes { class: Some(class.into()), ..Default::default() };
    archive.correct(&owner(), id, &changes, "wrong class", None).unwrap();
}

fn until(archive: &Archive, id: RecordId) -> String {
    archive.retention_explain(&owner(), id).unwrap().retain_until.unwrap().to_string()
}

fn request(id: RecordId) -> ShortenRequest {
    ShortenRequest { ids: vec![id], reason: "a receipt, not a contract".into() }
}

#[test]
fn two_people_shorten_what_was_classified_by_mistake_and_nothing_brings_it_back() {
    let place = governed();
    let archive = place.open();
    let id = deposit(&archive, "contract", "2026-05-01", "a receipt after all").id;
    assert_eq!(until(&archive, id), "2037-03-31");
    correct(&archive, id, "receipt");
    assert_eq!(until(&archive, id), "2037-03-31", "a correction alone never shortens");

    let proposed = archive.retention_shorten(&manager(), &request(id)).unwrap();
    assert_eq!(proposed.items[0].before, Some(day("2037-03-31")));
    assert_eq!(proposed.items[0].after, day("2034-05-31"));
    assert_eq!(until(&archive, id), "2037-03-31", "a proposal changes nothing");
    let refused = archive.retention_shorten_approve(&manager(), &proposed.number).unwrap_err();
    assert_eq!(refused.code(), "forbidden");
    let clerk = Principal::new("sato", [Role::Clerk], Scope::Everything);
    assert_eq!(archive.retention_shorten(&clerk, &request(id)).unwrap_err().code(), "forbidden");

    let agreed = archive.retention_shorten_approve(&approver(), &proposed.number).unwrap();
    assert_eq!(agreed.approval.unwrap().by, "abe");
    assert_eq!(until(&archive, id), "2034-05-31");
    let again = archive.retention_shorten_approve(&approver(), &proposed.number).unwrap_err();
    assert_eq!(again.code(), "conflict");
    archive.retention_reevaluate(&manager(), &|_, _| {}).unwrap();
    drop(archive);
    let archive = place.open();
    assert_eq!(until(&archive, id), "2034-05-31");
    assert!(archive.fsck(&owner(), &|_, _| {}).unwrap().sound);
    let entries = archive.journal_list(&owner(), 0, 200, None).unwrap().entries;
    let told = entries.iter().filter_map(|entry| entry.details.as_ref()).any(|details| {
        details["proposed_by"] == "mori" && details["approval"]["by"] == "abe" && details["reason"] != ""
    });
    assert!(told, "the journal names both and the reason");

    // Longer again goes at once, and shorter again takes two people again.
    correct(&archive, id, "contract");
    assert_eq!(until(&archive, id), "2037-03-31");
    correct(&archive, id, "receipt");
    assert_eq!(until(&archive, id), "2037-03-31");
}

#[test]
fn a_record_in_compliance_mode_is_refused_outright_also_when_the_mode_is_edited_later() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "contract", "2026-05-01", "a contract").id;
    correct(&archive, id, "receipt");
    let refused = archive.retention_shorten(&owner(), &request(id)).unwrap_err();
    assert_eq!(refused.code(), "retention");
    assert!(refused.to_string().contains("compliance"), "{refused}");
    drop(archive);
    let folder = place.data().join("retention-policies");
    for name in ["jp-companies-act.toml", "jp-corporation-tax.toml"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        fs::write(folder.join(name), text.replacen("\nid = ", "\nmode = \"governance\"\nid = ", 1)).unwrap();
    }
    let archive = place.open();
    assert_eq!(archive.retention_shorten(&owner(), &request(id)).unwrap_err().code(), "retention");
    assert_eq!(until(&archive, id), "2037-03-31");
}

#[test]
fn a_proposal_that_shortens_nothing_or_no_longer_fits_is_refused() {
    let place = governed();
    let archive = place.open();
    let id = deposit(&archive, "contract", "2026-05-01", "a contract").id;
    assert_eq!(archive.retention_shorten(&manager(), &request(id)).unwrap_err().code(), "invalid");
    let nobody = ShortenRequest { ids: vec![], reason: "x".into() };
    assert_eq!(archive.retention_shorten(&manager(), &nobody).unwrap_err().code(), "invalid");
    let no_reason = ShortenRequest { reason: " ".into(), ..request(id) };
    assert_eq!(archive.retention_shorten(&manager(), &no_reason).unwrap_err().code(), "invalid");
    correct(&archive, id, "receipt");
    let proposed = archive.retention_shorten(&manager(), &request(id)).unwrap();
    correct(&archive, id, "invoice");
    let changed = archive.retention_shorten_approve(&approver(), &proposed.number).unwrap_err();
    assert_eq!(changed.code(), "conflict");
    assert_eq!(archive.retention_shorten_approve(&approver(), "nonsense").unwrap_err().code(), "not-found");
    assert_eq!(archive.retention_shortenings(&manager()).unwrap().len(), 1);
}

#[test]
fn a_row_that_points_to_a_shortening_nobody_agreed_to_decides_nothing() {
    let place = governed();
    let archive = place.open();
    let id = deposit(&archive, "contract", "2026-05-01", "a contract").id;
    correct(&archive, id, "receipt");
    let proposed = archive.retention_shorten(&manager(), &request(id)).unwrap();
    let view = archive.store.view();
    let bytes = view.get(Table::Records, id.as_bytes()).unwrap().unwrap();
    let row: RecordRow = crate::archive::rows::decode("record row", &bytes).unwrap();
    for forged in [proposed.number.parse().unwrap(), uuid::Uuid::from_u128(9)] {
        let row = RecordRow { shortened: Some(forged), retain_until: Some(day("2020-01-01")), ..row.clone() };
        let mut batch = Batch::default();
        batch.put(Table::Records, *id.as_bytes(), crate::archive::rows::encode(&row));
        archive.store.commit(batch).unwrap();
        assert_eq!(archive.retention_explain(&owner(), id).unwrap_err().code(), "corrupt");
    }
}
