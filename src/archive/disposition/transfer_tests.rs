//! Tests of transfer to another archive, and of certificates on paper.

use crate::archive::testing::{Place, approver, deposit, manager, owner};
use crate::archive::{
    Archive, ArchiveError, PlanRequest, PlanState, PlanView, ReceivedRecord, RetrievePurpose, TransferReceipt,
};
use crate::record::{Digest, RecordId};
use crate::retention::Lang;

/// A receipt of 2015: seven years from 1 June 2016, over since 1 June 2023.
const OLD: &str = "2015-06-01";

fn transfer(archive: &Archive) -> PlanView {
    let request = PlanRequest { transfer_to: Some("国立公文書館".into()), ..Default::default() };
    let plan = archive.disposition_plan(&manager(), &request).unwrap();
    archive.disposition_approve(&approver(), &plan.plan, Some(plan.digest)).unwrap()
}

fn receipt(contents: &[&str]) -> TransferReceipt {
    let received = contents.iter().map(|content| ReceivedRecord {
        sha256: Digest::of(content.as_bytes()),
        id: Some("NA-17".into()),
        journal_seq: None,
    });
    TransferReceipt { archive: "archives.example/1".into(), received: received.collect() }
}

fn perform(archive: &Archive, plan: &PlanView) -> Result<PlanView, ArchiveError> {
    archive.disposition_perform(&manager(), &plan.plan, &|_, _| {})
}

fn is_there(archive: &Archive, id: RecordId) -> bool {
    archive.retrieve(&owner(), id, RetrievePurpose::Download).is_ok()
}

#[test]
fn a_transfer_destroys_only_what_the_receiving_archive_has_confirmed() {
    let place = Place::new();
    let archive = place.open();
    let (one, two) =
        (deposit(&archive, "receipt", OLD, "first").id, deposit(&archive, "receipt", OLD, "second").id);
    let plan = transfer(&archive);
    assert_eq!(perform(&archive, &plan).unwrap_err().code(), "retention", "nobody has confirmed");
    let early = archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["first"])).unwrap_err();
    assert_eq!(early.code(), "retention", "no package was made");

    let package = archive.disposition_package(&manager(), &plan.plan).unwrap();
    assert_eq!(package.records(), 2);
    assert!(is_there(&archive, one), "a package destroys nothing");
    let of_others = archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["third"])).unwrap_err();
    assert_eq!(of_others.code(), "invalid");
    let mut own = receipt(&["first"]);
    own.archive = archive.identity().origin.clone();
    assert_eq!(archive.disposition_confirm(&manager(), &plan.plan, &own).unwrap_err().code(), "invalid");

    let confirmed = archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["first"])).unwrap();
    assert_eq!(confirmed.state, PlanState::Confirmed);
    let done = perform(&archive, &plan).unwrap().performed.unwrap();
    assert_eq!((done.destroyed, done.kept.len()), (1, 1));
    assert_eq!(done.kept[0].id, two);
    assert!(done.kept[0].why.contains("国立公文書館"), "{}", done.kept[0].why);
    assert!(!is_there(&archive, one) && is_there(&archive, two));
    let went = archive.disposition_certificate(&manager(), one).unwrap().transfer.unwrap();
    assert_eq!((went.to.as_str(), went.archive.as_str()), ("国立公文書館", "archives.example/1"));
    assert_eq!(went.there.as_deref(), Some("NA-17"));
    let gone = archive.show(&owner(), one).unwrap_err().to_string();
    assert!(gone.contains("国立公文書館"), "{gone}");
    assert!(archive.fsck(&owner(), &|_, _| {}).unwrap().sound);
}

#[test]
fn steps_of_a_transfer_are_refused_out_of_order_and_to_the_wrong_people() {
    let place = Place::new();
    let archive = place.open();
    deposit(&archive, "receipt", OLD, "first");
    let destroying = archive.disposition_plan(&manager(), &PlanRequest::default()).unwrap();
    let no_transfer = archive.disposition_package(&manager(), &destroying.plan).err().unwrap();
    assert_eq!(no_transfer.code(), "invalid");
    let request = PlanRequest { transfer_to: Some("A\nB".into()), ..Default::default() };
    assert_eq!(archive.disposition_plan(&manager(), &request).unwrap_err().code(), "invalid");
    let request = PlanRequest { transfer_to: Some("A".into()), ..Default::default() };
    let plan = archive.disposition_plan(&manager(), &request).unwrap();
    assert_eq!(archive.disposition_package(&manager(), &plan.plan).err().unwrap().code(), "retention");
    assert_eq!(archive.disposition_package(&approver(), &plan.plan).err().unwrap().code(), "forbidden");
    assert_ne!(plan.digest, destroying.digest);
}

#[test]
fn a_second_receipt_completes_the_first() {
    let place = Place::new();
    let archive = place.open();
    deposit(&archive, "receipt", OLD, "first");
    deposit(&archive, "receipt", OLD, "second");
    let plan = transfer(&archive);
    drop(archive.disposition_package(&manager(), &plan.plan).unwrap());
    archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["first"])).unwrap();
    let both = archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["second"])).unwrap();
    assert_eq!(both.confirmed.unwrap().records.len(), 2);
    assert_eq!(perform(&archive, &plan).unwrap().performed.unwrap().destroyed, 2);
}

#[test]
fn the_certificate_names_the_day_on_which_the_last_copy_of_the_key_lapses() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, "first").id;
    let plan = archive.disposition_plan(&manager(), &PlanRequest::default()).unwrap();
    archive.disposition_approve(&approver(), &plan.plan, None).unwrap();
    perform(&archive, &plan).unwrap();
    let keys = archive.disposition_certificate(&manager(), id).unwrap().backup_keys.unwrap();
    // 22 November 2026; key sets are kept 35 days, and one of that day is older on the 36th.
    assert_eq!((keys.days, keys.on.to_string().as_str()), (35, "2026-12-28"));
    assert_eq!(keys.tiers, Vec::<String>::new(), "this archive has no repository");
}

#[test]
fn a_certificate_on_paper_says_what_the_certificate_says() {
    let place = Place::new();
    let archive = place.open();
    let id = deposit(&archive, "receipt", OLD, "first").id;
    let plan = transfer(&archive);
    drop(archive.disposition_package(&manager(), &plan.plan).unwrap());
    archive.disposition_confirm(&manager(), &plan.plan, &receipt(&["first"])).unwrap();
    perform(&archive, &plan).unwrap();
    for lang in [Lang::Ja, Lang::En] {
        let pdf = archive.disposition_certificate_pdf(&manager(), id, lang).unwrap();
        assert_eq!(pdf, archive.disposition_certificate_pdf(&manager(), id, lang).unwrap());
        let document = lopdf::Document::load_mem(&pdf).unwrap();
        let pages: Vec<_> = document.get_pages().into_keys().collect();
        let text: String = document.extract_text(&pages).unwrap().split_whitespace().collect();
        for said in [&id.to_string(), &plan.digest.to_string(), "mori", "abe", "国立公文書館", "NA-17"]
        {
            assert!(text.contains(&said.replace(' ', "")), "{said} is not in {text}");
        }
    }
    let none = archive.disposition_certificate_pdf(&manager(), RecordId::from_bytes([7; 16]), Lang::Ja);
    assert_eq!(none.unwrap_err().code(), "not-found");
}
