//! What a file lacks, fetched from a server of our own: the addresses in the certificates are led to it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::*;
use crate::pdf;
use crate::pki::fetch::{FetchError, Fetcher, HttpFetcher, Limits};
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;

/// Signed and timestamped, with no revocation data inside.
const WITHOUT: &[u8] = include_bytes!("../../tests/fixtures/signed/cases/cades_t.pdf");
/// By the same authorities, with their lists inside.
const WITH: &[u8] = include_bytes!("../../tests/fixtures/signed/cases/crl_lt.pdf");
/// Where the certificates say that lists are.
const NAMED: &str = "http://crl.corpus.example/";

/// Hands out the lists of `WITH` by the name of their authority; notes what was asked.
fn serve() -> (String, Arc<Mutex<Vec<String>>>) {
    let lists = pdf::read_signed(WITH).dss.crls;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            lines.read_line(&mut first).unwrap();
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            noted.lock().unwrap().push(first.clone());
            let name = match first.split(' ').nth(1).unwrap_or_default() {
                "/root.crl" => "Corpus Root CA",
                "/sign-ca.crl" => "Corpus Signing CA",
                _ => "Corpus Time CA",
            };
            let list = lists
                .iter()
                .find(|list| list[..200].windows(name.len()).any(|window| window == name.as_bytes()));
            let body = list.cloned().unwrap_or_default();
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    (address, asked)
}

/// Asks the server instead of the address that a certificate names.
struct Led {
    to: String,
    http: HttpFetcher,
}

impl Led {
    fn to(address: &str) -> Self {
        let limits = Limits { allow_private: true, ..Limits::default() };
        Self { to: address.to_owned(), http: HttpFetcher::new(limits, &[]) }
    }
}

impl Fetcher for Led {
    fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        self.http.get(&url.replace(NAMED, &self.to))
    }

    fn ocsp(&self, url: &str, _: &[u8]) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Status { url: url.to_owned(), status: 503 })
    }
}

fn judged(fetcher: Option<&dyn Fetcher>) -> Panel {
    let mut trust = TrustStore::empty();
    let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signed/trust");
    trust.add_directory(std::path::Path::new(roots)).unwrap();
    let at: DateTime<Utc> = "2025-06-12T00:00:00Z".parse().unwrap();
    examine_fetching(WITHOUT, &trust, at, &Evidence::default(), fetcher)
}

fn says(panel: &Panel, words: &str) -> bool {
    panel.signatures[0].reasons.iter().any(|reason| reason.en.contains(words))
}

#[test]
fn lists_are_fetched_where_the_file_has_none_and_then_nothing_is_unknown() {
    let without = judged(None);
    assert!(says(&without, "Nobody says whether"), "{without:#?}");
    let (address, asked) = serve();
    let with = judged(Some(&Led::to(&address)));
    assert_eq!(with.verdict, Verdict::TotalPassed, "{with:#?}");
    assert!(!says(&with, "Nobody says whether") && !says(&with, "It is not known"), "{with:#?}");
    assert!(!with.signatures[0].ltv, "what was fetched is not inside the file");
    let asked = asked.lock().unwrap();
    assert!(asked.iter().any(|line| line.starts_with("GET /sign-ca.crl ")), "{asked:?}");
}

#[test]
fn what_cannot_be_had_stays_unknown_with_its_reason_in_both_languages() {
    // Nobody listens there any more.
    let address = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let panel = judged(Some(&Led::to(&address)));
    assert_eq!(panel.verdict, judged(None).verdict);
    assert!(says(&panel, "Nobody says whether"), "{panel:#?}");
    assert!(says(
        &panel,
        "could not be fetched: http://ocsp.corpus.example/sign-ca answered with status 503"
    ));
    assert!(says(&panel, "could not be reached"), "{panel:#?}");
    assert!(panel.signatures[0].reasons.iter().any(|reason| reason.ja.contains("取得できませんでした")));
}
