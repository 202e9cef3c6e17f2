//! Fetching from a server of our own, and what is refused before anything is sent.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use super::http::is_public;
use super::*;
use crate::pki::known::Known;
use crate::pki::path::{Purpose, build};
use crate::pki::revocation::OcspResponse;
use crate::pki::test_past::{certificate, noon, pool, read, trust};

/// Answers the next requests with these bodies and tells what was asked.
fn server(answers: Vec<(u16, Vec<u8>)>) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut buffer = [0; 4096];
            while !complete(&asked) {
                let count = stream.read(&mut buffer).unwrap();
                asked.extend_from_slice(&buffer[..count]);
            }
            let _ = sender.send(asked);
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    (address, receiver)
}

fn complete(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked).to_ascii_lowercase();
    let Some(end) = asked.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    asked.len() >= end + 4 + length.unwrap_or(0)
}

fn fetcher(max_bytes: u64, allow_private: bool) -> HttpFetcher {
    HttpFetcher::new(Limits { max_bytes, allow_private, ..Limits::default() }, &[])
}

#[test]
fn a_list_and_an_answer_are_fetched_as_they_are() {
    let list = read("2021.crl");
    let (address, asked) = server(vec![(200, list.clone()), (200, read("good_2021.ocsp")), (404, vec![])]);
    let fetcher = fetcher(1 << 20, true);
    assert_eq!(fetcher.get(&format!("{address}/ica.crl")).unwrap(), list);
    assert!(asked.recv().unwrap().starts_with(b"GET /ica.crl HTTP/1.1"));
    let question = ocsp_request(&certificate("signer"), &certificate("ica"));
    let answer = fetcher.ocsp(&address, &question).unwrap();
    assert!(OcspResponse::from_der(&answer, &Known::default()).is_ok());
    assert!(asked.recv().unwrap().ends_with(&question), "the question is the body");
    assert!(matches!(fetcher.get(&address), Err(FetchError::Status { status: 404, .. })));
}

#[test]
fn an_answer_that_is_too_long_is_cut_off() {
    let (address, _asked) = server(vec![(200, vec![0x30; 100_000])]);
    assert!(matches!(fetcher(1000, true).get(&address), Err(FetchError::TooLarge { limit: 1000, .. })));
}

#[test]
fn private_addresses_and_other_schemes_are_refused_before_anything_is_sent() {
    let (address, asked) = server(vec![(200, vec![])]);
    assert!(matches!(fetcher(1000, false).get(&address), Err(FetchError::Private(_))));
    let port = address.rsplit(':').next().unwrap();
    let by_name = format!("http://localhost:{port}/");
    assert!(matches!(fetcher(1000, false).get(&by_name), Err(FetchError::Private(_))));
    assert!(asked.try_recv().is_err(), "nothing arrived");
    for url in ["file:///etc/passwd", "ldap://ca.example/", "ftp://ca.example/a.crl"] {
        assert!(matches!(fetcher(1000, true).get(url), Err(FetchError::Scheme(_))), "{url}");
    }
}

#[test]
fn inside_and_outside_are_told_apart() {
    let public = |text: &str| is_public(text.parse::<IpAddr>().unwrap());
    for outside in ["8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
        assert!(public(outside), "{outside}");
    }
    for inside in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:a00:1::",
        "64:ff9b::a00:1",
    ] {
        assert!(!public(inside), "{inside}");
    }
}

#[test]
fn the_addresses_of_a_certificate_are_read_and_a_chain_is_completed() {
    let signer = certificate("signer");
    assert_eq!(addresses(&signer).crls, ["http://crl.example.invalid/ica.crl"]);
    struct Given;
    impl Fetcher for Given {
        fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
            assert_eq!(url, "http://crl.example.invalid/ica.crl");
            Ok(read("2021.crl"))
        }
        fn ocsp(&self, url: &str, _: &[u8]) -> Result<Vec<u8>, FetchError> {
            Err(FetchError::Scheme(url.to_owned()))
        }
    }
    let path = build(&signer, &pool(), &trust(), noon("2021-06-03"), Purpose::Signing).unwrap();
    let mut evidence = Evidence::new();
    assert_eq!(revocation_data(&path, &Given, &mut evidence), []);
    assert!(!evidence.is_empty());
}
