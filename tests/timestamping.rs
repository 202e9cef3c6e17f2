//! Timestamps of an archive over thirty years, with authorities run by OpenSSL and a clock that the test moves.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use authority::{Authority, Server};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Datelike, Utc};
use shosoin::archive::{
    Archive, ArchiveError, Attested, Clock, Deposit, Options, Principal, TimestampStatus, create,
};
use shosoin::evidence::{ForeignReport, ForeignVerdict};
use shosoin::pki::revocation::Evidence;
use shosoin::pki::trust::TrustStore;
use shosoin::record::{Metadata, RecordId};
use tempfile::TempDir;

/// A clock that stands where it was put.
struct Stopped(Mutex<DateTime<Utc>>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// An archive that can be closed and opened again with other settings.
struct House {
    home: TempDir,
    clock: Arc<Stopped>,
    trust: TrustStore,
}

const NOTHING: Attested = Attested { records: 0, tokens: 0, requests: 0 };

impl House {
    fn new(moment: &str) -> Self {
        let home = TempDir::new().unwrap();
        create(&home.path().join("archive")).unwrap();
        let house = Self {
            home,
            clock: Arc::new(Stopped(Mutex::new(moment.parse().unwrap()))),
            trust: TrustStore::empty(),
        };
        fs::create_dir_all(house.data().join("trust")).unwrap();
        house
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    fn set_clock(&self, moment: &str) {
        *self.clock.0.lock().unwrap() = moment.parse().unwrap();
    }

    /// Believes an authority's root.
    fn trust(&mut self, name: &str, authority: &Authority) {
        let pem = fs::read(authority.root()).unwrap();
        fs::write(self.data().join("trust").join(format!("{name}.pem")), &pem).unwrap();
        self.trust.add_pem(&pem).unwrap();
    }

    /// Opens the archive with these settings in `[timestamps]` and these authorities.
    fn open(&self, settings: &str, servers: &[&Server]) -> Archive {
        let path = self.data().join("shosoin.toml");
        let template = shosoin::config::TEMPLATE;
        let mut text = template[..template.find("[timestamps]").unwrap()].to_owned();
        text = text.replace("trust = []", "trust = [\"trust\"]");
        text += &format!("[timestamps]\n{settings}\n");
        for (number, server) in servers.iter().enumerate() {
            text +=
                &format!("[[timestamps.authority]]\nname = \"tsa{number}\"\nurl = \"{}\"\n", server.url());
        }
        fs::write(path, text).unwrap();
        Archive::open(&self.data(), Options { clock: self.clock.clone(), ..Options::default() }).unwrap()
    }

    /// Takes a record's evidence out and has it verified, by us and by BouncyCastle; returns the number of chains.
    fn verified(&self, archive: &Archive, id: RecordId, bytes: &[u8]) -> usize {
        let files = archive.evidence_files(&me(), id).unwrap();
        let er = files.iter().find(|file| file.name.ends_with(".ers")).unwrap();
        let er = STANDARD.decode(&er.content).unwrap();
        let report = self.judge(&er, bytes);
        assert_eq!(report.verdict, ForeignVerdict::Valid, "{report:?}");
        assert_eq!(self.judge(&er, b"another contract").verdict, ForeignVerdict::Invalid);
        let (record, data) = (self.home.path().join("r.ers"), self.home.path().join("data"));
        fs::write(&record, &er).unwrap();
        fs::write(&data, bytes).unwrap();
        if let Some(jars) = authority::bouncy_castle() {
            let program =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/EvidenceCheck.java");
            let at = self.clock.now().to_rfc3339();
            let mut java = Command::new("java");
            let output =
                java.args(["-cp", &jars]).arg(program).args(["check", &at]).arg(&record).arg(&data).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        report.chains.len()
    }

    fn judge(&self, er: &[u8], bytes: &[u8]) -> ForeignReport {
        ForeignReport::of_record(er, &[bytes.to_vec()], &self.trust, &Evidence::new(), self.clock.now())
    }
}

fn me() -> Principal {
    Principal::built_in("admin")
}

fn deposit(archive: &Archive, number: usize) -> (RecordId, Vec<u8>) {
    let bytes = format!("%PDF-1.4 contract {number}").into_bytes();
    let metadata: Metadata = serde_json::from_value(serde_json::json!({
        "transaction_date": "2026-02-01", "counterparty": {"name": "株式会社国税商事"}, "entity": "本社", "class": "contract"
    }))
    .unwrap();
    let receipt = archive.deposit(&me(), Deposit { bytes: bytes.clone(), metadata }).unwrap();
    (receipt.id, bytes)
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
    assert_eq!(house.verified(&archive, *id, bytes), 1);
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
    drop(archive);

    house.set_clock("2037-06-01T00:00:10Z");
    let archive = house.open("", &[&second_server]);
    assert_eq!(status(&archive).due, 6);
    assert_eq!(renew(&archive).unwrap(), Attested { records: 6, tokens: 1, requests: 1 });
    assert_eq!(renew(&archive).unwrap(), NOTHING);
    assert_eq!(house.verified(&archive, *id, bytes), 1);
    assert_eq!(house.verified(&archive, late, &late_bytes), 1);
    assert_eq!(archive.show(&me(), late).unwrap().evidence.timestamps.timestamps, 2);
    drop(archive);

    // SHA-256 is given up: records are hashed anew under SHA-512, with all their evidence so far.
    house.set_clock("2046-04-01T00:00:10Z");
    let archive = house.open("algorithm = \"sha512\"\nretired_algorithms = [\"sha256\"]\n", &[&third_server]);
    assert_eq!(renew(&archive).unwrap(), Attested { records: 6, tokens: 1, requests: 1 });
    assert_eq!(renew(&archive).unwrap(), NOTHING);
    for (id, bytes) in kept.iter().chain([&(late, late_bytes)]) {
        assert_eq!(house.verified(&archive, *id, bytes), 2);
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
