//! Timestamp authorities by somebody else, good and bad ones: certomancer's, asked over HTTP where Python has it, and tokens of
//! theirs that were kept. Both are judged by the same table.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use shosoin::evidence::authority::{
    Credentials, HttpAuthority, HttpSettings, Order, Refusal, TimestampAuthority, obtain,
};
use shosoin::evidence::{PkiJudge, Standing, standing};
use shosoin::pki::DigestAlgorithm;
use shosoin::pki::fetch::{Fetcher, HttpFetcher, Limits, revocation_data};
use shosoin::pki::revocation::{Evidence, Provenance};
use shosoin::pki::token::TimestampToken;
use shosoin::pki::trust::TrustStore;
use tempfile::TempDir;

/// What each authority is worth: taken, or why not, by a word of the reason.
const TABLE: [(&str, Result<(), &str>); 14] = [
    ("rsa2048", Ok(())),
    ("rsa2048-sha512", Ok(())),
    ("rsa4096", Ok(())),
    ("p256", Ok(())),
    ("p384", Ok(())),
    ("ed25519", Ok(())),
    ("by-ocsp", Ok(())),
    ("sha1", Err("SHA-1")),
    ("no-purpose", Err("purpose")),
    ("two-purposes", Err("purpose")),
    ("uncritical", Err("purpose")),
    ("expired", Err("ended on")),
    ("revoked", Err("revoked")),
    ("stranger", Err("Stranger Root")),
];

fn imprint() -> Vec<u8> {
    DigestAlgorithm::Sha256.hash(b"the root of a tree")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certomancer")
}

/// Judges a token as the archive does; `fetcher` asks about its chain.
fn judge(
    token: &TimestampToken,
    trust: &TrustStore,
    kept: &Evidence,
    at: DateTime<Utc>,
    fetcher: Option<&dyn Fetcher>,
) -> Result<(), String> {
    let conclude = |revocation: &Evidence| PkiJudge { trust, revocation, at }.conclude(token, at);
    let mut known = kept.clone();
    if let (Some(fetcher), Some(path)) = (fetcher, conclude(kept).path) {
        let problems = revocation_data(&path, fetcher, &mut known);
        assert!(problems.is_empty(), "{problems:?}");
    }
    match standing(&conclude(&known)) {
        Standing::Good => Ok(()),
        Standing::Unknown(why) | Standing::Bad(why) => Err(why),
    }
}

fn assert_table(found: &BTreeMap<&str, Result<(), String>>) {
    for (name, expected) in TABLE {
        match (&found[name], expected) {
            (Ok(()), Ok(())) => {}
            (Err(why), Err(word)) => assert!(why.contains(word), "{name}: {why:?} says nothing of {word:?}"),
            (found, expected) => panic!("{name}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn kept_tokens_of_certomancers_authorities_are_judged_as_they_deserve() {
    let tokens = folder().join("tokens");
    let read = |name: &str| fs::read(tokens.join(name)).unwrap();
    let mut trust = TrustStore::empty();
    trust.add_pem(&read("root.pem")).unwrap();
    let mut kept = Evidence::new();
    for list in ["root.crl", "time-ca.crl"] {
        kept.add_crl(&read(list), Provenance::Supplied).unwrap();
    }
    let at = fs::read_to_string(tokens.join("moment.txt")).unwrap().trim().parse().unwrap();
    let judged = TABLE.map(|(name, _)| {
        let token = TimestampToken::parse(&read(&format!("{name}.tst"))).unwrap();
        assert!(
            token.covers(|algorithm| {
                assert_eq!(algorithm, DigestAlgorithm::Sha256);
                imprint()
            }),
            "{name}"
        );
        assert!(!token.covers(|algorithm| algorithm.hash(b"another tree")), "{name}");
        (name, judge(&token, &trust, &kept, at, None))
    });
    assert_table(&judged.into());
}

/// certomancer's server; ends with it.
struct Peer {
    child: Child,
    port: u16,
    home: TempDir,
}

impl Peer {
    /// `SHOSOIN_PYHANKO` names a Python that has certomancer, or the system's has it.
    fn start() -> Option<Self> {
        let python = std::env::var_os("SHOSOIN_PYHANKO").map_or_else(|| "python3".into(), PathBuf::from);
        let there = Command::new(&python).args(["-c", "import certomancer, werkzeug"]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!(
                "NOT ASKED OVER HTTP: no Python has certomancer, only kept tokens were judged; name one in SHOSOIN_PYHANKO \
                 (pip install certomancer[web-api])"
            );
            return None;
        }
        let home = TempDir::new().unwrap();
        let mut command = Command::new(python);
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(folder().join("make/pki.py"))
            .arg(home.path().join("pki"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("ready ").expect(&line).parse().unwrap();
        let peer = Self { child, port, home };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(peer)
    }

    fn authority(&self, name: &str) -> Box<dyn TimestampAuthority> {
        let settings = HttpSettings {
            name: name.into(),
            url: format!("http://127.0.0.1:{}/office/tsa/{name}", self.port),
            credentials: Credentials::None,
            policies: Vec::new(),
            timeout: Duration::from_secs(60),
            tls_roots: Vec::new(),
        };
        Box::new(HttpAuthority::new(settings).unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn certomancers_authorities_are_asked_over_http_and_the_bad_ones_passed_over() {
    let Some(peer) = Peer::start() else { return };
    let mut trust = TrustStore::empty();
    trust.add_pem(&fs::read(peer.home.path().join("pki/certs/root.pem")).unwrap()).unwrap();
    let fetcher = HttpFetcher::new(Limits { allow_private: true, ..Limits::default() }, &[]);
    let imprint = imprint();
    let order = Order {
        algorithm: DigestAlgorithm::Sha256,
        imprint: &imprint,
        now: &Utc::now,
        tolerance: chrono::Duration::minutes(5),
    };
    let mut nonce = || {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map(|()| bytes)
    };
    let accept = |token: &TimestampToken| judge(token, &trust, &Evidence::new(), Utc::now(), Some(&fetcher));
    let mut ask = |authorities: &[Box<dyn TimestampAuthority>]| {
        obtain(authorities, &order, &mut nonce, &mut |_| Ok(()), &accept).unwrap()
    };
    let found = TABLE.map(|(name, _)| {
        let answer = ask(&[peer.authority(name)]).map(drop);
        let why = |refused: Vec<(String, Refusal)>| refused[0].1.to_string();
        (name, answer.map_err(why))
    });
    assert_table(&found.into());

    // All in a row, the bad ones first: the first good one's token is taken, each other's reason is told.
    let bad: Vec<_> = TABLE.iter().filter(|(_, worth)| worth.is_err()).map(|(name, _)| *name).collect();
    let row: Vec<_> = bad.iter().chain(&["p384", "rsa2048"]).map(|name| peer.authority(name)).collect();
    let obtained = ask(&row).unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(obtained.authority, "p384");
    assert_eq!(obtained.refused.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), bad);
}
