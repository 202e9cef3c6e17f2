//! `inspect --fetch` asks a real server for what a file lacks, and nobody inside the own network unless told to.

mod support;
#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "support/authority.rs"]
mod authority;

use std::path::Path;
use std::sync::{Arc, Mutex};

use authority::{Authority, Server};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shosoin::pdf::{Addition, append};
use support::{Archive, pdf, text};

/// A file with a document timestamp of the authority, and no word about its certificate.
fn stamped(authority: &Authority) -> Vec<u8> {
    let file = pdf::contract("to be stamped", 2_000);
    let addition = Addition { timestamp: Some("Stamp".into()), ..Addition::default() };
    let appended = append(&file, addition).unwrap();
    let whole = [&file[..], &appended.tail].concat();
    let mut digest = Sha256::new();
    appended.signed().unwrap().into_iter().for_each(|part| digest.update(&whole[part]));
    let token = authority.token("sha256", &digest.finalize());
    [file, appended.fill(&token).unwrap()].concat()
}

/// The one signature of the file, judged with these options.
fn inspect(archive: &Archive, file: &Path, root: &Path, options: &[&str]) -> Value {
    let always = ["inspect", file.to_str().unwrap(), "--trust", root.to_str().unwrap()];
    let panel = archive.run([&always, options].concat()).value();
    assert_eq!(panel["signatures"].as_array().unwrap().len(), 1, "{panel}");
    panel["signatures"][0].clone()
}

fn reasons(signature: &Value) -> String {
    let reasons = signature["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| text(&reason["en"]).to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_file_lacks_is_fetched_when_asked_for_and_not_from_the_own_network_unless_told() {
    let list = Arc::new(Mutex::new(Vec::new()));
    let shown = list.clone();
    let place = Server::start(move |_| (200, "application/pkix-crl", shown.lock().unwrap().clone()));
    let authority = Authority::with_list_at("Fetched", &format!("{}list.crl", place.url()), None);
    *list.lock().unwrap() = authority.list(false);
    let archive = Archive::new();
    let (file, root) = (archive.file("stamped.pdf", &stamped(&authority)), authority.root());

    let alone = inspect(&archive, &file, &root, &[]);
    assert!(reasons(&alone).contains("Nobody says whether"), "{alone}");
    let refused = inspect(&archive, &file, &root, &["--fetch"]);
    assert!(reasons(&refused).contains("could not be fetched"), "{refused}");
    assert_eq!(place.asked(), 0, "nobody inside the own network was asked");

    let private = ["--fetch", "--fetch-private"];
    let good = inspect(&archive, &file, &root, &private);
    assert_eq!((place.asked(), text(&good["chain"])), (1, "trusted"), "{good}");
    assert!(!reasons(&good).contains("Nobody says whether"), "{good}");
    *list.lock().unwrap() = authority.list(true);
    let revoked = inspect(&archive, &file, &root, &private);
    assert_eq!(text(&revoked["chain"]), "revoked", "{revoked}");
    *list.lock().unwrap() = b"no list".to_vec();
    let useless = inspect(&archive, &file, &root, &private);
    assert!(reasons(&useless).contains("Nobody says whether"), "{useless}");
    assert_eq!(archive.run(["inspect", file.to_str().unwrap(), "--fetch-private"]).code, 2);
}
