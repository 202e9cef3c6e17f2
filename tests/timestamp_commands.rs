//! The commands `timestamp *` and `evidence *` as users run them, and `kill -9` at any moment of attest and renew.

mod support;
#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authority::{Authority, Server};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shosoin::pki::SignedData;
use shosoin::pki::token::{TimeStampReq, TimeStampResp};
use support::{Archive, Numbers, pdf, text};

/// Rounds of attest and renew, each killed at least once.
const ROUNDS: u64 = 8;
const REPLY: &str = "application/timestamp-reply";
/// The authorities of these tests live years apart.
const CLOCKS: &str = "clock_tolerance_seconds = 400000000\ndaily_requests = 100000\n";

/// Points an archive at these authorities and believes their roots.
fn settings(archive: &Archive, more: &str, authorities: &[(&Authority, &str)]) {
    let path = archive.data().join("shosoin.toml");
    let template = shosoin::config::TEMPLATE;
    let (before, after) = template.split_at(template.find("[timestamps]").unwrap());
    let jobs = &after[after.find("\n[jobs]").unwrap()..];
    let mut text = before.replace("trust = []", "trust = [\"trust\"]");
    text += &format!("[timestamps]\n{more}");
    fs::create_dir_all(archive.data().join("trust")).unwrap();
    for (number, (authority, url)) in authorities.iter().enumerate() {
        text += &format!("[[timestamps.authority]]\nname = \"tsa{number}\"\nurl = \"{url}\"\n");
        let root = fs::read(authority.root()).unwrap();
        let name = format!("{}.pem", root.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        fs::write(archive.data().join("trust").join(name), root).unwrap();
    }
    fs::write(path, text + jobs).unwrap();
}

fn deposit(archive: &Archive, number: u64) -> (String, std::path::PathBuf) {
    let file = archive.file(&format!("{number}.pdf"), &pdf::contract(&format!("contract {number}"), 2_000));
    let flags = ["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"];
    (text(&archive.deposit(&file, &flags)["id"]).to_owned(), file)
}

/// An authority over HTTP that counts how often each value was asked for.
fn counting(authority: Arc<Authority>, asked: Arc<Mutex<BTreeMap<Vec<u8>, u64>>>) -> Server {
    Server::start(move |query| {
        let imprint = TimeStampReq::parse(query).unwrap().imprint;
        *asked.lock().unwrap().entry(imprint).or_default() += 1;
        (200, REPLY, authority.answer(query))
    })
}

/// Starts a command and kills it: some time after its start, or some time after its request arrived.
fn kill(archive: &Archive, args: &[&str], server: &Server, numbers: &mut Numbers) {
    let mut child = archive.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let before = server.asked();
    if numbers.below(2) == 0 {
        std::thread::sleep(Duration::from_millis(numbers.below(700)));
    } else {
        while server.asked() == before && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(numbers.below(60)));
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_moment_and_run_again_nothing_is_bought_twice_and_nothing_stays_unprotected() {
    if !authority::available() {
        return;
    }
    // The first lives five years ago, so that its certificate ends five years before the second's.
    let first = Arc::new(Authority::new("First", Some("2021-11-01 00:00:00")));
    let second = Arc::new(Authority::new("Second", Some("2026-11-01 00:00:00")));
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let (one, two) = (counting(first.clone(), asked.clone()), counting(second.clone(), asked.clone()));
    let archive = Archive::new();
    let mut numbers = Numbers(7);
    let attest = ["timestamp", "attest"];
    // 2033 is within, 2038 is not.
    let renew = ["timestamp", "renew", "--within", "3285d"];
    let mut kills = 0;
    for round in 0..ROUNDS {
        settings(&archive, CLOCKS, &[(&first, &one.url())]);
        deposit(&archive, round);
        for (args, server, authority, url) in
            [(&attest[..], &one, &first, one.url()), (&renew[..], &two, &second, two.url())]
        {
            settings(&archive, CLOCKS, &[(authority, &url)]);
            for _ in 0..=numbers.below(2) {
                kill(&archive, args, server, &mut numbers);
                kills += 1;
            }
            // Run again, it ends what was begun; run once more, there is nothing to do and nothing is asked.
            archive.json(args.to_vec());
            let quiet = server.asked();
            let idle = archive.json(args.to_vec());
            assert_eq!((idle["records"].as_u64(), server.asked()), (Some(0), quiet), "{idle}");
        }
        let status = archive.json(["timestamp", "status"]);
        assert_eq!((status["waiting"].as_u64(), status["lapsed"].as_u64()), (Some(0), Some(0)), "{status}");
    }
    // One token for each attested and each renewed tree: a value is asked for again only when a kill lost its answer.
    let asked = asked.lock().unwrap();
    let requests: u64 = asked.values().sum();
    assert_eq!(asked.len() as u64, 2 * ROUNDS, "each tree has one value to be stamped and one to be renewed");
    assert!(requests <= 2 * ROUNDS + kills, "{requests} requests for {} values, {kills} kills", asked.len());
    let status = archive.json(["timestamp", "status"]);
    assert_eq!(status["tokens"].as_u64(), Some(2 * ROUNDS), "{status}");
    let verified = archive.json(["verify", "--all"]);
    assert_eq!(verified["passed"].as_u64(), Some(ROUNDS), "{verified}");
    let evidence = |result: &Value| {
        let checks = result["checks"].as_array().unwrap();
        checks.iter().any(|check| check["check"] == "evidence" && check["verdict"] == "total-passed")
    };
    assert!(verified["results"].as_array().unwrap().iter().all(evidence), "{verified}");
    archive.assert_sound();
}

#[test]
fn every_command_about_timestamps_does_what_it_says() {
    if !authority::available() {
        return;
    }
    let archive = Archive::new();
    let (id, file) = deposit(&archive, 1);
    // Nobody is asked, nothing is there, and each command says so with its code.
    let failure = archive.run(["timestamp", "attest"]).failure(1);
    assert_eq!(failure.code, "no-timestamp");
    assert_eq!(archive.run(["evidence", &id, "-o", "nowhere"]).failure(10).code, "not-found");
    archive.run(["timestamp", "renew", "--within", "soon"]).failure(2);
    archive.run(["timestamp", "rendition"]).failure(2);
    archive.run(["get", &id, "--rendition"]).failure(10);
    assert_eq!(archive.json(["timestamp", "status"])["waiting"], 1);

    let authority = Arc::new(Authority::new("Commands", None));
    let server = Server::of(authority.clone());
    settings(&archive, "", &[(&authority, &server.url())]);
    let done = archive.json(["timestamp", "attest"]);
    assert_eq!((&done["records"], &done["tokens"], &done["requests"]), (&1.into(), &1.into(), &1.into()));
    let status = archive.json(["timestamp", "status"]);
    assert_eq!((&status["protected"], &status["waiting"]), (&1.into(), &0.into()), "{status}");
    assert_eq!(status["expires"].as_array().unwrap().len(), 1);
    assert_eq!(archive.json(["timestamp", "renew"])["records"], 0);
    assert_eq!(archive.json(["timestamp", "renew", "--within", "4500d"])["records"], 1);
    evidence_commands(&archive, &id, &file, &authority);
    token_commands(&archive, &file, &authority);

    let rendition = archive.path("lta.pdf");
    let made = archive.json(["timestamp", "rendition", &id, "-o", rendition.to_str().unwrap()]);
    assert_eq!((text(&made["id"]), &made["rendition"]), (id.as_str(), &1.into()));
    let bytes = fs::read(&rendition).unwrap();
    assert!(bytes.starts_with(&fs::read(&file).unwrap()));
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text(&made["sha256"]), digest);
    let again = archive.path("again.pdf");
    archive.json(["get", &id, "--rendition", "1", "-o", again.to_str().unwrap()]);
    assert_eq!(fs::read(again).unwrap(), bytes);
    let kept = archive.json(["timestamp", "rendition", "--counterparty", "国税"]);
    assert_eq!((kept["kept"].as_array().unwrap().len(), kept["made"].as_array().unwrap().len()), (1, 0));
    let report = archive.path("report.pdf");
    archive.json(["verify", "--all", "--report", report.to_str().unwrap()]);
    let paper = fs::read(&report).unwrap();
    assert!(paper.starts_with(b"%PDF-") && shosoin::pdf::inspect(&paper).pages == Some(1));
    assert_eq!(archive.run(["verify", "--all", "--report", "report.txt"]).failure(2).code, "usage");
    assert_eq!(archive.json(["show", &id])["evidence"]["renditions"].as_array().unwrap().len(), 1);
    archive.assert_sound();
}

/// `evidence ID -o DIR`, and the verification of what it wrote, by us and by OpenSSL.
fn evidence_commands(archive: &Archive, id: &str, file: &std::path::Path, authority: &Authority) {
    let folder = archive.path("evidence");
    let written = archive.json(["evidence", id, "-o", folder.to_str().unwrap()]);
    let names: Vec<_> = written["files"].as_array().unwrap().iter().map(text).collect();
    for wanted in [".ers", "token-1.tst", "token-2.tst", "certificate-0.cer", "README.txt"] {
        assert!(names.iter().any(|name| name.ends_with(wanted)), "{wanted}: {names:?}");
    }
    let (er, root) = (folder.join(format!("{id}.ers")), authority.root());
    let verify = |er: &std::path::Path, data: &std::path::Path, root: &std::path::Path| {
        let parts = [er, data, root].map(|path| path.to_str().unwrap().to_owned());
        archive.run(["evidence", "verify", "--er", &parts[0], "--data", &parts[1], "--trust", &parts[2]])
    };
    assert_eq!(verify(&er, file, &root).success()["verdict"], "valid");
    let other = archive.file("other", b"another contract");
    let wrong = verify(&er, &other, &root);
    assert_eq!((wrong.code, &wrong.value()["verdict"]), (4, &"invalid".into()));
    assert!(text(&wrong.value()["reason"]).contains("not what the timestamp covers"), "{wrong:?}");
    let malformed = verify(&other, file, &root);
    assert_eq!((malformed.code, &malformed.value()["verdict"]), (4, &"malformed".into()));
    let stranger = Authority::new("Stranger", None);
    assert_eq!(verify(&er, file, &stranger.root()).code, 4);
}

/// `timestamp verify` over anybody's token: good, over other bytes, no token, a certificate that is not for timestamps.
fn token_commands(archive: &Archive, file: &std::path::Path, authority: &Authority) {
    let imprint = Sha256::digest(fs::read(file).unwrap());
    let root = authority.root();
    let verify = |token: &[u8], data: &std::path::Path| {
        let token = archive.file("token.tst", token);
        let parts = [&token, &data.to_owned(), &root].map(|path| path.to_str().unwrap().to_owned());
        let ran = archive.run([
            "timestamp",
            "verify",
            "--token",
            &parts[0],
            "--data",
            &parts[1],
            "--trust",
            &parts[2],
        ]);
        let value = ran.value();
        (ran.code, text(&value["verdict"]).to_owned(), value["reasons"].to_string())
    };
    let token = authority.token("sha256", &imprint);
    assert_eq!(verify(&token, file).0, 0);
    let other = archive.file("other", b"another contract");
    assert_eq!((verify(&token, &other).0, verify(&token, &other).1.as_str()), (4, "invalid"));
    assert_eq!(verify(b"no token", file).1, "malformed");
}

#[test]
fn an_authority_that_may_not_stamp_or_was_revoked_gives_nothing_that_counts() {
    if !authority::available() {
        return;
    }
    let archive = Archive::new();
    let (id, file) = deposit(&archive, 1);
    // A certificate of the right authority, but not one for timestamps (RFC 3161, 2.3).
    let good = Arc::new(Authority::new("Good", None));
    let signer = good.clone();
    let misusing = Server::start(move |query| {
        let answer = TimeStampResp::parse(&signer.answer(query)).unwrap();
        let info = SignedData::parse(&answer.token.clone().unwrap()).unwrap().content().unwrap().to_vec();
        (200, REPLY, TimeStampResp { token: Some(signer.misused(&info)), ..answer }.encode())
    });
    settings(&archive, "", &[(&good, &misusing.url())]);
    let failure = archive.run(["timestamp", "attest"]).failure(1);
    assert!(failure.code == "no-timestamp" && failure.message.contains("does not hold"), "{failure:?}");
    assert_eq!(archive.json(["timestamp", "status"])["requests"][0]["outcome"], "refused");
    let imprint = Sha256::digest(fs::read(&file).unwrap());
    let token = good.token("sha256", &imprint);
    let info = SignedData::parse(&token).unwrap().content().unwrap().to_vec();
    let token = archive.file("misused.tst", &good.misused(&info));
    let verify = [token.to_str().unwrap(), file.to_str().unwrap()];
    let root = good.root();
    let ran = archive.run([
        "timestamp",
        "verify",
        "--token",
        verify[0],
        "--data",
        verify[1],
        "--trust",
        root.to_str().unwrap(),
    ]);
    assert_eq!(ran.code, 4, "{}", ran.value());

    // One whose issuer says that it was revoked: asked when the token comes. A good answer is kept with the token.
    let list = Arc::new(Mutex::new(Vec::new()));
    let shown = list.clone();
    let place = Server::start(move |_| (200, "application/pkix-crl", shown.lock().unwrap().clone()));
    let listed = Arc::new(Authority::with_list_at("Listed", &format!("{}list.crl", place.url()), None));
    let server = Server::of(listed.clone());
    settings(&archive, "", &[(&listed, &server.url())]);
    let path = archive.data().join("shosoin.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text
        .replace("\nfetch = false", "\nfetch = true")
        .replace("\nfetch_private = false", "\nfetch_private = true");
    fs::write(path, text).unwrap();
    *list.lock().unwrap() = listed.list(true);
    let failure = archive.run(["timestamp", "attest"]).failure(1);
    assert!(failure.message.contains("revoked"), "{failure:?}");
    assert_eq!(archive.json(["timestamp", "status"])["waiting"], 1);
    *list.lock().unwrap() = listed.list(false);
    assert_eq!(archive.json(["timestamp", "attest"])["records"], 1);
    let folder = archive.path("listed");
    archive.json(["evidence", &id, "-o", folder.to_str().unwrap()]);
    assert_eq!(fs::read(folder.join("token-1-revocation-1.crl")).unwrap(), *list.lock().unwrap());
}
