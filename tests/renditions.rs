//! PAdES-LTA renditions of the signed fixtures: judged by us, by pyHanko and by pdfsig; kept, restored, exported, destroyed.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;
#[path = "support/house.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod house;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use authority::{Authority, Server};
use house::{House, deposit_bytes, me};
use shosoin::archive::{Archive, ArchiveError, ExportSelection, RenditionSkipped, RenditionView};
use shosoin::panel::{PanelSignature, Verdict};
use shosoin::pdf::SignatureKind;

/// The moment for which the fixtures are made.
const MOMENT: &str = "2026-11-01T00:00:10Z";
const BUDGET: &str = "daily_requests = 100\n";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signed")
}

/// An archive that believes the roots of the fixtures and of a time authority.
fn office() -> (House, Server) {
    let mut house = House::new(MOMENT);
    for root in ["corpus-root", "generator-root"] {
        house.trust_pem(root, &fs::read(fixtures().join("trust").join(format!("{root}.pem"))).unwrap());
    }
    let authority = Arc::new(Authority::new("Rendition time", Some("2026-11-01 00:00:00")));
    house.trust("time", &authority);
    (house, Server::of(authority))
}

fn case(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("cases").join(name)).unwrap()
}

fn file(archive: &Archive, made: &RenditionView) -> Vec<u8> {
    archive.retrieve_rendition(&me(), made.id, Some(made.rendition)).unwrap().bytes
}

fn newest_stamp(signatures: &[PanelSignature]) -> &PanelSignature {
    signatures.iter().find(|one| one.field.starts_with("ArchiveTimestamp")).unwrap()
}

/// Every good file of `cases/`, as the fixtures say.
fn good_cases() -> Vec<String> {
    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(fixtures().join("expected.json")).unwrap()).unwrap();
    let files = expected["files"].as_object().unwrap();
    let good = files.iter().filter(|(path, facts)| {
        path.starts_with("cases/") && facts["verdict"] == "total-passed" && !path.contains("encrypted")
    });
    good.map(|(path, _)| path.trim_start_matches("cases/").to_owned()).collect()
}

/// A Python with pyHanko: `SHOSOIN_PYHANKO` names it, or the system's has it.
fn pyhanko() -> Option<PathBuf> {
    let python = std::env::var_os("SHOSOIN_PYHANKO").map_or_else(|| "python3".into(), PathBuf::from);
    let there = Command::new(&python).args(["-c", "import pyhanko.sign.validation, freezegun"]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!(
        "NOT CHECKED WITH PYHANKO: no Python has it; name one in SHOSOIN_PYHANKO (pip install pyhanko freezegun)"
    );
    None
}

#[test]
fn good_contracts_stay_good_with_a_timestamp_and_other_programs_say_so() {
    if !authority::available() {
        return;
    }
    let (house, server) = office();
    let archive = house.open(BUDGET, &[&server]);
    let folder = house.home.path().join("renditions");
    fs::create_dir(&folder).unwrap();
    let (mut made, mut refused) = (0, Vec::new());
    for name in good_cases() {
        let original = case(&name);
        let before = archive.judge(&original);
        let id = deposit_bytes(&archive, original.clone());
        let rendition = match archive.make_rendition(&me(), id) {
            Ok(rendition) => rendition,
            Err(error) => {
                refused.push(format!("{name}: {error}"));
                continue;
            }
        };
        made += 1;
        let whole = file(&archive, &rendition);
        assert!(whole.starts_with(&original), "{name}");
        assert_eq!(shosoin::record::Digest::of(&whole), rendition.sha256);
        let after = archive.judge(&whole);
        assert_eq!(after.verdict, Verdict::TotalPassed, "{name}: {:?}", after.signatures);
        let stamp = newest_stamp(&after.signatures);
        assert_eq!(
            (stamp.kind, stamp.intact, stamp.modified_after),
            (SignatureKind::Timestamp, Some(true), Some(false))
        );
        for (old, new) in before.signatures.iter().zip(&after.signatures) {
            assert_eq!((new.modified_after, new.verdict), (Some(false), old.verdict), "{name}");
        }
        assert_eq!(
            archive.retrieve(&me(), id, shosoin::archive::RetrievePurpose::Download).unwrap().bytes,
            original
        );
        fs::write(folder.join(&name), whole).unwrap();
    }
    assert!(made >= 60, "{made} made; {refused:#?}");
    let requests = archive.timestamp_status(&me()).unwrap().requests;
    assert!(requests.iter().all(|request| request.outcome == "granted"), "{requests:?}");
    ask_pyhanko(&house, &folder, made);
    ask_pdfsig(&folder);
    assert!(archive.fsck(&me(), &|_, _| {}).unwrap().sound);
}

fn ask_pyhanko(house: &House, folder: &Path, files: usize) {
    let Some(python) = pyhanko() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/lta_check.py");
    let output = Command::new(python)
        .arg(script)
        .arg(house.data().join("trust"))
        .arg("2026-11-01T00:00:30+00:00")
        .arg(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let trusted = said.lines().filter(|line| line.starts_with("trusted ")).count();
    assert_eq!(said.lines().count(), files, "{said}");
    assert!(trusted >= 40, "{said}");
}

/// pdfsig knows no certificates here, and its releases in use do not judge document timestamps: what counts is that it finds
/// the new one covering the file, and still finds the signatures before it valid.
fn ask_pdfsig(folder: &Path) {
    if Command::new("pdfsig").arg("-v").output().is_err() {
        eprintln!("NOT CHECKED WITH PDFSIG: apt-get install poppler-utils");
        return;
    }
    for name in
        ["cades_lta.pdf", "cades_t.pdf", "container_stream.pdf", "docmdp1_untouched.pdf", "dss_vri.pdf"]
    {
        let output = Command::new("pdfsig").arg("-nocert").arg(folder.join(name)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let stamp = said.find("ArchiveTimestamp1").unwrap_or_else(|| panic!("{name}: {said}"));
        assert!(said[stamp..].contains("Total document signed"), "{name}: {said}");
        assert!(said[..stamp].contains("Signature is Valid."), "{name}: {said}");
        assert!(!said.contains("Invalid") && !said.contains("Mismatch"), "{name}: {said}");
    }
}

#[test]
fn a_second_rendition_is_made_upon_the_first_and_a_batch_keeps_what_is_good() {
    if !authority::available() {
        return;
    }
    let (house, server) = office();
    let archive = house.open(BUDGET, &[&server]);
    let id = deposit_bytes(&archive, case("cades_t.pdf"));
    let other = deposit_bytes(&archive, b"%PDF-1.4 no real contract".to_vec());
    let first = archive.make_rendition(&me(), id).unwrap();
    let second = archive.make_rendition(&me(), id).unwrap();
    assert_eq!((first.rendition, second.rendition), (1, 2));
    let (first, second) = (file(&archive, &first), file(&archive, &second));
    assert!(second.starts_with(&first) && second.len() > first.len());
    let panel = archive.judge(&second);
    assert_eq!((panel.verdict, panel.signatures.len()), (Verdict::TotalPassed, 3));

    let all = ExportSelection { ids: vec![id, other], ..ExportSelection::default() };
    let asked = server.asked();
    let batch = archive.make_renditions(&me(), &all, &|_, _| {}).unwrap();
    assert_eq!((batch.made.len(), batch.kept.len(), batch.refused.len()), (0, 1, 1), "{batch:?}");
    assert!(batch.refused[0].reason.contains("cross-reference"), "{batch:?}");
    assert_eq!(server.asked(), asked, "nothing was bought");
    assert_eq!(archive.show(&me(), id).unwrap().evidence.renditions.len(), 2);
    let none = archive.retrieve_rendition(&me(), other, None).err().unwrap();
    assert_eq!(none.code(), "not-found");
    let acts = archive.journal_list(&me(), 0, 100, Some(id)).unwrap().entries;
    assert_eq!(acts.iter().filter(|entry| entry.act.as_str() == "timestamp").count(), 2);

    // It leaves with a package.
    let sink = shosoin::export::DirSink::create(&house.home.path().join("bag")).unwrap();
    let plan = archive.plan_export(&me(), &all).unwrap();
    archive.export(plan, sink, &|_, _| {}).unwrap();
    let exported = house.home.path().join(format!("bag/data/renditions/{id}-2.pdf"));
    assert_eq!(fs::read(exported).unwrap(), second);
}

#[test]
fn a_batch_stops_where_the_budget_ends_and_goes_on_the_next_day() {
    if !authority::available() {
        return;
    }
    let (house, server) = office();
    let archive = house.open("daily_requests = 2\n", &[&server]);
    let ids: Vec<_> =
        ["cades_t.pdf", "cades_b.pdf", "cades_lt.pdf"].map(|name| deposit_bytes(&archive, case(name))).into();
    let all = ExportSelection { ids, ..ExportSelection::default() };
    let batch = archive.make_renditions(&me(), &all, &|_, _| {}).unwrap();
    assert_eq!((batch.made.len(), batch.waiting), (2, 1), "{batch:?}");
    assert!(batch.stopped.unwrap().contains("daily_requests"));
    let error: ArchiveError = archive.make_rendition(&me(), all.ids[2]).unwrap_err();
    assert_eq!(error.code(), "no-timestamp");
}

#[test]
fn the_settings_make_what_is_due_once_and_say_what_was_left_alone_and_why() {
    if !authority::available() {
        return;
    }
    let (house, server) = office();
    let run = |archive: &Archive| archive.make_due_renditions(&me(), &|| false).unwrap();
    let always = "daily_requests = 8\n[renditions]\nwhen = \"always\"\nper_run = 2\n";
    let archive = house.open(always, &[&server]);
    let ids = ["cades_t.pdf", "cades_b.pdf", "cades_lt.pdf"].map(|name| deposit_bytes(&archive, case(name)));
    let unsigned = deposit_bytes(&archive, b"%PDF-1.4 no real contract".to_vec());
    let broken = deposit_bytes(&archive, case("digest_wrong.pdf"));
    let refused = deposit_bytes(&archive, case("encrypted_aes_256.pdf"));
    let nights: Vec<_> = (0..4).map(|_| run(&archive).unwrap()).collect();
    // Two a night; once a record has one, or none can be made of it, it is left alone, and each reason is counted.
    assert_eq!(nights.iter().map(|night| night.made).sum::<u64>(), 3, "{nights:#?}");
    assert!(nights.iter().all(|night| night.made <= 2 && night.looked_at == 6), "{nights:#?}");
    let told: Vec<_> = nights.iter().flat_map(|night| &night.refused).collect();
    assert!(
        matches!(told.as_slice(), [one] if one.id == refused && one.reason.contains("encrypted")),
        "{told:?}"
    );
    let last = nights.last().unwrap();
    assert_eq!((last.made, last.waiting, &last.stopped), (0, 0, &None));
    let expected = [
        (RenditionSkipped::Unsigned, 1),
        (RenditionSkipped::NotValid, 1),
        (RenditionSkipped::Protected, 3),
        (RenditionSkipped::RefusedBefore, 1),
    ];
    assert_eq!(last.skipped, expected.into());
    for id in ids {
        assert_eq!(archive.renditions(&me(), id).unwrap().len(), 1);
    }
    assert!([unsigned, broken, refused].iter().all(|id| archive.renditions(&me(), *id).unwrap().is_empty()));
    let acts = archive.journal_list(&me(), 0, 100, Some(refused)).unwrap().entries;
    assert!(
        acts.iter().any(|entry| entry.act.as_str() == "timestamp"),
        "why none was made is in its journal"
    );
    assert!(archive.fsck(&me(), &|_, _| {}).unwrap().sound);
    drop(archive);

    // What ends years later is not due yet where only that counts; a period and a counterparty narrow it down.
    let later = "daily_requests = 100\n[renditions]\nwhen = \"protection-ends\"\nperiod = \"2026-02-01..2026-02-28\"\n";
    let archive = house.open(later, &[&server]);
    deposit_bytes(&archive, case("cades_lta.pdf"));
    let night = run(&archive).unwrap();
    assert_eq!((night.looked_at, night.made), (7, 0), "{night:#?}");
    drop(archive);
    let nobody = format!("{later}counterparty = \"nobody of this name\"\n");
    assert_eq!(run(&house.open(&nobody, &[&server])).unwrap().looked_at, 0);
    assert_eq!(run(&house.open("", &[&server])), None, "nobody asked for any");
}

#[test]
fn the_budget_keeps_requests_for_new_deposits_and_renewal() {
    if !authority::available() {
        return;
    }
    let (house, server) = office();
    let archive = house.open("daily_requests = 5\n[renditions]\nwhen = \"always\"\n", &[&server]);
    for name in ["cades_t.pdf", "cades_b.pdf"] {
        deposit_bytes(&archive, case(name));
    }
    let night = archive.make_due_renditions(&me(), &|| false).unwrap().unwrap();
    assert_eq!((night.made, night.waiting), (1, 1), "{night:#?}");
    assert!(night.stopped.unwrap().contains("4 stay"));
    assert_eq!(archive.timestamp_attest(&me(), &|_, _| {}).unwrap().requests, 1, "attesting goes on");
}
