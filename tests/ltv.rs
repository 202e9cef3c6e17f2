//! Renditions with everything that validates them years later inside: made anew from recorded answers of certomancer's
//! authorities and a timestamp of OpenSSL's, and judged with every authority gone, by us and by pyHanko.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;
#[path = "support/house.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod house;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use authority::{Authority, Server};
use house::{House, deposit_bytes, me};
use shosoin::archive::{Archive, RenditionView};
use shosoin::panel::{Panel, Verdict};
use shosoin::pki::fetch::{FetchError, Fetcher};

/// Where the rendition's timestamp authority says that its revocation list is.
const LIST: &str = "http://time.example/list.crl";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certomancer/ltv").join(name)
}

/// When certomancer's authorities gave their answers.
fn moment() -> String {
    fs::read_to_string(fixture("moment.txt")).unwrap().trim().to_owned()
}

/// The recorded answers, and which addresses were asked.
struct Replay {
    answers: BTreeMap<String, Vec<u8>>,
    asked: Mutex<Vec<String>>,
}

impl Replay {
    fn new(with: &[(&str, Vec<u8>)]) -> Arc<Self> {
        let names: BTreeMap<String, String> =
            serde_json::from_slice(&fs::read(fixture("answers.json")).unwrap()).unwrap();
        let read = |name: String| fs::read(fixture("answers").join(name)).unwrap();
        let mut answers: BTreeMap<_, _> = names.into_iter().map(|(url, name)| (url, read(name))).collect();
        answers.extend(with.iter().map(|(url, der)| ((*url).to_owned(), der.clone())));
        Arc::new(Self { answers, asked: Mutex::default() })
    }
}

impl Fetcher for Replay {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        self.asked.lock().unwrap().push(url.to_owned());
        let gone = || FetchError::Unreachable { url: url.to_owned(), why: "it is gone".into() };
        self.answers.get(url).cloned().ok_or_else(gone)
    }

    fn ocsp(&self, url: &str, _: &[u8]) -> Result<Vec<u8>, FetchError> {
        self.get(url)
    }
}

/// An archive at the moment of the recording, with an authority by OpenSSL that has a revocation list.
struct Office {
    house: House,
    authority: Arc<Authority>,
    server: Server,
}

impl Office {
    fn new() -> Self {
        let mut house = House::new(&moment());
        house.trust_pem("root", &fs::read(fixture("root.pem")).unwrap());
        let born = moment().replace(['T', 'Z'], " ").trim().to_owned();
        let authority = Arc::new(Authority::with_list_at("Rendition time", LIST, Some(&born)));
        house.trust("time", &authority);
        let server = Server::of(authority.clone());
        Self { house, authority, server }
    }

    fn open(&self, fetcher: Option<Arc<dyn Fetcher>>) -> Archive {
        self.house.open_fetching("daily_requests = 100\n", &[&self.server], fetcher)
    }
}

fn rendition(archive: &Archive) -> (RenditionView, Vec<u8>) {
    let id = deposit_bytes(archive, fs::read(fixture("contract.pdf")).unwrap());
    let made = archive.make_rendition(&me(), id).unwrap();
    let file = archive.retrieve_rendition(&me(), id, None).unwrap().bytes;
    (made, file)
}

fn assert_complete(panel: &Panel, layers: usize) {
    assert_eq!((panel.verdict, panel.signatures.len()), (Verdict::TotalPassed, layers), "{panel:#?}");
    for signature in &panel.signatures {
        assert!(signature.ltv && signature.modified_after == Some(false), "{signature:#?}");
    }
}

#[test]
fn a_rendition_holds_what_the_authorities_said_and_needs_them_no_more() {
    if !authority::available() {
        return;
    }
    let office = Office::new();
    let replay = Replay::new(&[(LIST, office.authority.list(false))]);
    let archive = office.open(Some(replay.clone()));
    let (made, file) = rendition(&archive);
    assert!(made.complete && made.notes.is_empty(), "{made:?}");
    let asked = replay.asked.lock().unwrap().clone();
    for wanted in ["/ocsp/sign-ca", "/crls/root/", "/crls/time-ca/", "/list.crl"] {
        assert!(asked.iter().any(|url| url.contains(wanted)), "{wanted}: {asked:?}");
    }
    drop(archive);

    // Nobody answers any more: the file alone is enough, for us and for pyHanko, which demands word on every certificate.
    let archive = office.open(None);
    assert_complete(&archive.judge(&file), 2);
    let dss = shosoin::pdf::read_signed(&file).dss;
    assert!(
        dss.certificates.len() >= 5 && dss.crls.len() >= 3 && !dss.ocsps.is_empty(),
        "{:?}",
        dss.vri.keys()
    );
    assert_eq!(dss.vri.len(), 2, "one entry for each signature");
    fs::write(office.house.home.path().join("rendition.pdf"), &file).unwrap();
    ask_pyhanko(&office.house, "rendition.pdf");

    // A second one upon it brings newer word about the first one's authority, and changes no entry of the store.
    let replay = Replay::new(&[(LIST, office.authority.list(false))]);
    let archive = {
        drop(archive);
        office.open(Some(replay))
    };
    let again = archive.make_rendition(&me(), made.id).unwrap();
    let file = archive.retrieve_rendition(&me(), made.id, None).unwrap().bytes;
    assert_eq!((again.rendition, again.complete), (2, true), "{again:?}");
    assert_complete(&archive.judge(&file), 3);
    let second = shosoin::pdf::read_signed(&file).dss;
    assert!(
        dss.vri.iter().all(|(name, entry)| second.vri.get(name) == Some(entry)),
        "entries stay as they were"
    );
    assert!(second.vri.len() == 3 && second.crls.len() > dss.crls.len(), "newer word is in the lists of all");
    fs::write(office.house.home.path().join("second.pdf"), &file).unwrap();
    ask_pyhanko(&office.house, "second.pdf");
}

#[test]
fn of_what_an_archive_gathers_about_an_authority_one_piece_goes_into_a_file() {
    if !authority::available() {
        return;
    }
    let office = Office::new();
    let mut newest = Vec::new();
    for number in 0..3 {
        newest = office.authority.list(false);
        let archive = office.open(Some(Replay::new(&[(LIST, newest.clone())])));
        deposit_bytes(&archive, format!("%PDF-1.4 contract {number}").into_bytes());
        assert_eq!(archive.timestamp_attest(&me(), &|_, _| {}).unwrap().tokens, 1);
    }
    let (made, file) = rendition(&office.open(Some(Replay::new(&[(LIST, newest)]))));
    assert!(made.complete, "{made:?}");
    let dss = shosoin::pdf::read_signed(&file).dss;
    assert_eq!((dss.crls.len(), dss.ocsps.len()), (3, 1), "one word on each certificate");
}

#[test]
fn what_could_not_be_had_is_said_and_the_rendition_is_made_all_the_same() {
    if !authority::available() {
        return;
    }
    let office = Office::new();
    let nobody = Arc::new(Replay { answers: BTreeMap::new(), asked: Mutex::default() });
    let (made, _) = rendition(&office.open(Some(nobody)));
    assert!(!made.complete);
    let said: String = made.notes.iter().map(|note| format!("{} / {}\n", note.ja, note.en)).collect();
    assert!(
        said.contains("Sig1") && said.contains("not complete") && said.contains("そろっていない"),
        "{said}"
    );
    assert!(said.contains("it is gone"), "why: {said}");
}

/// The file that the program made by asking certomancer over HTTP, and what the others said: `said.txt`.
#[test]
fn the_recorded_rendition_was_accepted_by_the_others_and_is_by_us() {
    let file = fs::read(fixture("rendition.pdf")).unwrap();
    assert!(file.starts_with(&fs::read(fixture("contract.pdf")).unwrap()));
    let mut house = House::new(&moment());
    house.trust_pem("root", &fs::read(fixture("root.pem")).unwrap());
    assert_complete(&house.open_fetching("", &[], None).judge(&file), 2);
    let said = fs::read_to_string(fixture("said.txt")).unwrap();
    assert!(said.contains("--ltv-profile pades-lta") && said.contains("adesverify"), "{said}");
    assert_eq!((said.matches("exit code 0").count(), said.matches("PASSED Sig1").count()), (4, 1), "{said}");
    fs::write(house.home.path().join("recorded.pdf"), &file).unwrap();
    ask_pyhanko(&house, "recorded.pdf");
}

/// pyHanko's LTA validation without a network, revocation data demanded.
fn ask_pyhanko(house: &House, file: &str) {
    let python = std::env::var_os("SHOSOIN_PYHANKO").map_or_else(|| "python3".into(), PathBuf::from);
    let there = Command::new(&python).args(["-c", "import pyhanko.sign.validation.ades, freezegun"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "NOT CHECKED WITH PYHANKO: no Python has it; name one in SHOSOIN_PYHANKO (pip install pyhanko freezegun)"
        );
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_implementation/ltv_check.py");
    let output = Command::new(python)
        .arg(script)
        .arg(house.data().join("trust"))
        .arg(moment())
        .arg(house.home.path().join(file))
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("PASSED Sig1"), "{file}: {said}");
}
