//! Timestamps of an archive over thirty years, with authorities run by OpenSSL and a clock that the test moves.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;
#[path = "support/house.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod house;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authority::{Authority, Server};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Datelike, Duration, Utc};
use house::{House, deposit_bytes, me};
use shosoin::archive::{Archive, ArchiveError, Attested, Clock, StampState, TimestampStatus};
use shosoin::evidence::{ForeignReport, ForeignVerdict, RenewalState};
use shosoin::jobs::notices::Kind;
use shosoin::pki::fetch::{FetchError, Fetcher};
use shosoin::pki::revocation::Evidence;
use shosoin::record::RecordId;

const NOTHING: Attested = Attested { records: 0, tokens: 0, requests: 0 };

/// Takes a record's evidence out and has it verified, by us and by BouncyCastle; returns the number of chains.
fn verified(house: &House, archive: &Archive, id: RecordId, bytes: &[u8]) -> usize {
    let files = archive.evidence_files(&me(), id).unwrap();
    let er = files.iter().find(|file| file.name.ends_with(".ers")).unwrap();
    let er = STANDARD.decode(&er.content).unwrap();
    let report = judge(house, &er, bytes);
    assert_eq!(report.verdict, ForeignVerdict::Valid, "{report:?}");
    assert_eq!(judge(house, &er, b"another contract").verdict, ForeignVerdict::Invalid);
    let (record, data) = (house.home.path().join("r.ers"), house.home.path().join("data"));
    fs::write(&record, &er).unwrap();
    fs::write(&data, bytes).unwrap();
    if let Some(jars) = authority::bouncy_castle() {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/EvidenceCheck.java");
        let at = house.clock.now().to_rfc3339();
        let mut java = Command::new("java");
        let output =
            java.args(["-cp", &jars]).arg(program).args(["check", &at]).arg(&record).arg(&data).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    report.chains.len()
}

fn judge(house: &House, er: &[u8], bytes: &[u8]) -> ForeignReport {
    ForeignReport::of_record(er, &[bytes.to_vec()], &house.trust, &Evidence::new(), house.clock.now())
}

fn deposit(archive: &Archive, number: usize) -> (RecordId, Vec<u8>) {
    let bytes = format!("%PDF-1.4 contract {number}").into_bytes();
    (deposit_bytes(archive, bytes.clone()), bytes)
}

fn attest(archive: &Archive) -> Result<Attested, ArchiveError> {
    archive.timestamp_attest(&me(), &|_, _| {})
}

fn renew(archive: &Archive) -> Result<Attested, ArchiveError> {
    archive.timestamp_renew(&me(), None, &|_, _| {})
}

fn status(archive: &Archive) -> TimestampStatus {
    archive.timestamp_status(&me()).unwrap()
}

fn authority(house: &mut House, day: &str) -> (Arc<Authority>, Server) {
    let authority = Arc::new(Authority::new(&format!("Authority {day}"), Some(&format!("{day} 00:00:00"))));
    house.trust(day, &authority);
    let server = Server::of(authority.clone());
    (authority, server)
}

#[test]
fn records_are_stamped_renewed_and_rehashed_and_others_verify_them_at_each_step() {
    if !authority::available() {
        return;
    }
    let mut house = House::new("2026-04-01T00:00:10Z");
    let (first, first_server) = authority(&mut house, "2026-04-01");
    let (_, second_server) = authority(&mut house, "2037-06-01");
    let (_, third_server) = authority(&mut house, "2046-04-01");

    let archive = house.open("", &[&first_server]);
    let kept: Vec<_> = (0..5).map(|number| deposit(&archive, number)).collect();
    assert_eq!(status(&archive).waiting, 5);
    assert_eq!(attest(&archive).unwrap(), Attested { records: 5, tokens: 1, requests: 1 });
    assert_eq!(attest(&archive).unwrap(), NOTHING, "nothing is bought twice");
    let (id, bytes) = &kept[3];
    assert_eq!(verified(&house, &archive, *id, bytes), 1);
    let shown = archive.show(&me(), *id).unwrap().evidence.timestamps;
    assert_eq!((shown.timestamps, shown.proven_at.unwrap().year()), (1, 2026));
    assert_eq!(shown.protected_until.unwrap().year(), 2038, "the end of the certificate, not ten years");

    // A second batch a year later; the two are renewed together.
    house.set_clock("2027-04-01T00:00:10Z");
    first.set_clock("2027-04-01 00:00:00");
    let (late, late_bytes) = deposit(&archive, 5);
    assert_eq!(attest(&archive).unwrap(), Attested { records: 1, tokens: 1, requests: 1 });
    assert_eq!(renew(&archive).unwrap(), NOTHING, "nothing is due yet");
    let now = status(&archive);
    assert_eq!((now.protected, now.waiting, now.due, now.tokens), (6, 0, 0, 2));
    assert_eq!(now.proven_time.unwrap().year(), 2027);
    assert!(!now.clock_ahead && !now.clock_behind);
    for (clock, ahead, behind) in
        [("2027-08-01T00:00:00Z", true, false), ("2027-03-01T00:00:00Z", false, true)]
    {
        house.set_clock(clock);
        let told = status(&archive);
        assert_eq!((told.clock_ahead, told.clock_behind), (ahead, behind), "{clock}");
    }
    drop(archive);

    house.set_clock("2037-06-01T00:00:10Z");
    let archive = house.open("", &[&second_server]);
    assert_eq!(status(&archive).due, 6);
    assert_eq!(renew(&archive).unwrap(), Attested { records: 6, tokens: 1, requests: 1 });
    assert_eq!(renew(&archive).unwrap(), NOTHING);
    assert_eq!(verified(&house, &archive, *id, bytes), 1);
    assert_eq!(verified(&house, &archive, late, &late_bytes), 1);
    assert_eq!(archive.show(&me(), late).unwrap().evidence.timestamps.timestamps, 2);
    drop(archive);

    // SHA-256 is given up: records are hashed anew under SHA-512, with all their evidence so far.
    house.set_clock("2046-04-01T00:00:10Z");
    let archive = house.open("algorithm = \"sha512\"\nretired_algorithms = [\"sha256\"]\n", &[&third_server]);
    assert_eq!(renew(&archive).unwrap(), Attested { records: 6, tokens: 1, requests: 1 });
    assert_eq!(renew(&archive).unwrap(), NOTHING);
    for (id, bytes) in kept.iter().chain([&(late, late_bytes)]) {
        assert_eq!(verified(&house, &archive, *id, bytes), 2);
    }
    assert!(archive.fsck(&me(), &|_, _| {}).unwrap().sound);
    let journal = archive.journal_list(&me(), 0, 100, None).unwrap();
    assert!(journal.entries.iter().filter(|entry| entry.act.as_str() == "timestamp").count() >= 8);
}

#[test]
fn a_request_is_written_down_before_it_is_sent_and_an_interrupted_run_goes_on() {
    if !authority::available() {
        return;
    }
    let mut house = House::new("2026-04-01T00:00:10Z");
    let (openssl, good) = authority(&mut house, "2026-04-01");
    let down = Server::start(|_| (503, "text/plain", Vec::new()));
    let archive = house.open("daily_requests = 3\n", &[&down]);
    deposit(&archive, 1);
    let error = attest(&archive).unwrap_err();
    assert!(error.code() == "no-timestamp" && error.to_string().contains("503"), "{error}");
    let now = status(&archive);
    assert_eq!((now.protected, now.waiting, now.tokens), (0, 1, 0), "nothing counts as protected");
    assert_eq!((now.requests[0].outcome.as_str(), now.requests.len()), ("refused", 1));
    drop(archive);

    // The next run finds the tree that is there; the good authority is the second one asked.
    let archive = house.open("daily_requests = 3\n", &[&down, &good]);
    assert_eq!(attest(&archive).unwrap(), Attested { records: 1, tokens: 1, requests: 2 });
    deposit(&archive, 2);
    let error = attest(&archive).unwrap_err();
    assert!(error.to_string().contains("daily_requests"), "{error}");
    assert_eq!((down.asked(), good.asked()), (2, 1), "no request beyond the budget");
    house.set_clock("2026-04-02T00:00:11Z");
    openssl.set_clock("2026-04-02 00:00:00");
    assert_eq!(attest(&archive).unwrap().records, 1);
}

#[test]
fn without_an_authority_or_the_role_nothing_is_asked() {
    let house = House::new("2026-04-01T00:00:10Z");
    let archive = house.open("", &[]);
    assert_eq!(attest(&archive).unwrap(), NOTHING, "there is nothing to stamp");
    let (id, _) = deposit(&archive, 1);
    let error = attest(&archive).unwrap_err();
    assert!(error.to_string().contains("timestamps.authority"), "{error}");
    let error = archive.evidence_files(&me(), id).unwrap_err();
    assert!(error.code() == "not-found" && error.to_string().contains("attest"), "{error}");
}

#[test]
fn a_contract_without_a_timestamp_has_a_last_day_and_the_alarm_comes_before_it() {
    if !authority::available() {
        return;
    }
    // A Wednesday; seven working days later is Friday of the week after.
    let mut house = House::new("2026-04-01T00:00:10Z");
    let (openssl, server) = authority(&mut house, "2026-04-01");
    let archive = house.open("", &[&server]);
    let (id, _) = deposit(&archive, 1);
    let window = |archive: &Archive| archive.show(&me(), id).unwrap().evidence.timestamps.window.unwrap();
    assert_eq!(
        (window(&archive).state, window(&archive).last_day),
        (StampState::Waiting, "2026-04-10".parse().ok())
    );
    let items = |archive: &Archive| shosoin::jobs::notices::due(archive, &me()).unwrap();
    let alarms = |archive: &Archive| {
        items(archive).into_iter().filter(|item| item.kind == Kind::StampDeadline).count()
    };
    assert_eq!(alarms(&archive), 0, "there are days enough");
    house.set_clock("2026-04-06T00:00:10Z");
    assert_eq!(alarms(&archive), 1);
    house.set_clock("2026-04-13T00:00:10Z");
    openssl.set_clock("2026-04-13 00:00:00");
    let deadlines = status(&archive).deadlines;
    assert_eq!((deadlines.missed, deadlines.days.len(), window(&archive).state), (1, 1, StampState::Missed));
    assert!(items(&archive).iter().any(|item| item.text_en.contains("missed")));
    assert_eq!(attest(&archive).unwrap().records, 1);
    assert_eq!((window(&archive).state, alarms(&archive)), (StampState::Late, 0));
    drop(archive);
    let archive = house.open("window = \"2-months-and-7-business-days\"\n", &[&server]);
    assert_eq!(
        (window(&archive).state, window(&archive).last_day),
        (StampState::InTime, "2026-06-10".parse().ok())
    );
}

fn set_clocks(house: &House, authority: &Authority, night: DateTime<Utc>) {
    house.set_clock(&night.to_rfc3339());
    authority.set_clock(&night.format("%Y-%m-%d %H:%M:%S").to_string());
}

/// Two authorities' timestamps end half a year apart. Night by night: each is renewed in the first half of its window, although
/// the authority is down for ten nights, and never with more requests than there are days on which something ends.
#[test]
fn the_nightly_job_renews_each_group_on_its_day_and_tries_again_while_the_authority_is_down() {
    if !authority::available() {
        return;
    }
    let mut house = House::new("2026-04-01T00:00:10Z");
    let (_, first) = authority(&mut house, "2026-04-01");
    let (_, second) = authority(&mut house, "2026-10-01");
    let (third, _) = authority(&mut house, "2036-01-01");
    let refusals = Arc::new(AtomicUsize::new(10));
    let (answering, left) = (third.clone(), refusals.clone());
    let last = Server::start(move |query| {
        let down = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if down {
            (503, "text/plain", Vec::new())
        } else {
            (200, "application/timestamp-reply", answering.answer(query))
        }
    });
    for (number, (day, server)) in [("2026-04-01", &first), ("2026-10-01", &second)].into_iter().enumerate() {
        house.set_clock(&format!("{day}T00:00:10Z"));
        let archive = house.open("", &[server]);
        deposit(&archive, number);
        assert_eq!(attest(&archive).unwrap().requests, 1);
    }
    let archive = house.open("", &[&last]);
    let groups = status(&archive).renewals;
    assert_eq!(
        groups.iter().map(|group| (group.records, group.state)).collect::<Vec<_>>(),
        [(1, RenewalState::NotYet); 2]
    );
    let ends =
        |archive: &Archive| -> Vec<_> { status(archive).renewals.iter().map(|group| group.ends).collect() };
    let (mut night, mut renewed_on) = (groups[0].opens - Duration::days(2), Vec::new());
    while night < groups[1].ends {
        set_clocks(&house, &third, night);
        let due = groups.iter().any(|group| group.planned <= night && ends(&archive).contains(&group.ends));
        match archive.timestamp_renew_planned(&me(), &|_, _| {}) {
            Ok(done) if done != NOTHING => {
                assert!(due, "{night}: not before its day");
                renewed_on.push((night, done.records));
            }
            Ok(_) => assert!(!due, "{night}: what is due is tried every night"),
            Err(error) => assert!(error.to_string().contains("503"), "{error}"),
        }
        assert_eq!(status(&archive).lapsed, 0);
        night += Duration::days(1);
    }
    assert_eq!(refusals.load(Ordering::SeqCst), 0, "it was tried every night");
    assert_eq!(renewed_on.iter().map(|(_, records)| records).sum::<u64>(), 2, "{renewed_on:?}");
    assert!(last.asked() <= 12, "ten nights without an answer, and at most one request for each end");
    for (night, _) in &renewed_on {
        assert!(
            groups.iter().any(|group| *night >= group.planned && *night < group.planned + Duration::days(15))
        );
    }
}

/// Gives out an authority's revocation list, whichever it is now.
struct Issuer(Mutex<Vec<u8>>);

impl Fetcher for Issuer {
    fn get(&self, _: &str) -> Result<Vec<u8>, FetchError> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn ocsp(&self, url: &str, _: &[u8]) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Scheme(url.to_owned()))
    }
}

#[test]
fn what_a_revoked_authority_stamped_is_due_the_same_night() {
    if !authority::available() {
        return;
    }
    let mut house = House::new("2026-04-01T00:00:10Z");
    let listed =
        Arc::new(Authority::with_list_at("Listed", "http://time.example/list", Some("2026-04-01 00:00:00")));
    house.trust("listed", &listed);
    let (other, other_server) = authority(&mut house, "2026-04-02");
    let issuer = Arc::new(Issuer(Mutex::new(listed.list(false))));
    let server = Server::of(listed.clone());
    let archive = house.open_fetching("", &[&server], Some(issuer.clone()));
    deposit(&archive, 1);
    assert_eq!(attest(&archive).unwrap().requests, 1);
    drop(archive);

    let archive = house.open_fetching("", &[&server, &other_server], Some(issuer.clone()));
    let night = "2026-04-10T00:00:10Z".parse().unwrap();
    set_clocks(&house, &other, night);
    listed.set_clock("2026-04-10 00:00:00");
    *issuer.0.lock().unwrap() = listed.list(false);
    assert_eq!(archive.timestamp_renew_planned(&me(), &|_, _| {}).unwrap(), NOTHING, "twelve years are left");
    *issuer.0.lock().unwrap() = listed.list(true);
    // The revoked one is asked first and refused; the next one's token is taken.
    let done = archive.timestamp_renew_planned(&me(), &|_, _| {}).unwrap();
    assert_eq!(done, Attested { records: 1, tokens: 1, requests: 2 });
    let now = status(&archive);
    assert!(now.requests[1].reason.as_ref().unwrap().contains("revoked"), "{:?}", now.requests);
    assert_eq!(archive.timestamp_renew_planned(&me(), &|_, _| {}).unwrap(), NOTHING);
}
