//! From one archive to another at the command line: plan, consent, package, import, receipt, destruction, certificates. With
//! a real timestamp authority (OpenSSL), since nothing is destroyed without a verified token.

#[allow(dead_code, reason = "a support file of several tests")]
#[path = "support/authority.rs"]
mod authority;
mod support;

use std::fs;
use std::sync::Arc;

use authority::{Authority, Server};
use serde_json::Value;
use support::{Archive, Ran, text};

fn hire(archive: &Archive, name: &str, role: &str) -> String {
    archive.json(["user", "add", name, "--role", role]);
    text(&archive.json(["token", "create", name, "--name", "test"])["token"]).to_owned()
}

fn run_as<const N: usize>(archive: &Archive, token: &str, args: [&str; N]) -> Ran {
    Ran::of(archive.command(args).env("SHOSOIN_TOKEN", token))
}

/// Lets an archive ask an authority, and believe it.
fn timestamps(archive: &Archive, authority: &Authority, server: &Server) {
    let trust = archive.data().join("trust");
    fs::create_dir_all(&trust).unwrap();
    fs::copy(authority.root(), trust.join("root.pem")).unwrap();
    let path = archive.data().join("shosoin.toml");
    let text = fs::read_to_string(&path).unwrap().replace("trust = []", "trust = [\"trust\"]");
    let authority = format!("\n[[timestamps.authority]]\nname = \"test\"\nurl = \"{}\"\n", server.url());
    fs::write(path, text + &authority).unwrap();
}

#[test]
fn a_record_goes_to_another_archive_and_is_destroyed_here_only_after_its_receipt() {
    if !authority::available() {
        return;
    }
    let (here, there) = (Archive::new(), Archive::new());
    let (mori, abe) = (hire(&here, "mori", "manager"), hire(&here, "abe", "approver"));
    let file = here.file("old.txt", "2015年の領収書".as_bytes());
    let flags = ["--date", "2015-06-01", "--counterparty", "株式会社国税商事", "--amount", "1100"];
    let old = here.deposit(&file, &[&flags[..], &["--class", "receipt"]].concat());
    let (old, sha256) = (text(&old["id"]).to_owned(), text(&old["sha256"]).to_owned());

    let plan = run_as(&here, &mori, ["disposition", "plan", "--transfer-to", "国立公文書館"]).success();
    assert_eq!(plan["transfer_to"], "国立公文書館");
    let number = text(&plan["plan"]);
    let zip = here.path("transfer");
    let early = run_as(&here, &mori, ["disposition", "package", number, "-o", zip.to_str().unwrap()]);
    assert_eq!(early.failure(5).code, "retention");
    run_as(&here, &abe, ["disposition", "approve", number]).success();
    let zip = here.path("transfer.zip");
    run_as(&here, &mori, ["disposition", "package", number, "-o", zip.to_str().unwrap()]).success();
    let refused = run_as(&here, &mori, ["disposition", "perform", number]).failure(5);
    assert!(refused.message.contains("国立公文書館"), "{refused:?}");

    // The other archive unpacks, imports by the index book, and hands back what it has.
    let unpacked = there.path("unpacked");
    zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap().extract(&unpacked).unwrap();
    let files = support::files(&unpacked);
    let named = |word: &str| {
        files.iter().find(|path| path.to_string_lossy().ends_with(word)).expect("a file of the package")
    };
    let (book, originals) =
        (named("index.csv").to_str().unwrap(), named(".bin").parent().unwrap().to_str().unwrap());
    let receipts = there.path("receipts.jsonl");
    let receipts = receipts.to_str().unwrap();
    let imported = there.json(["import", book, "--files", originals, "--receipts", receipts]);
    assert_eq!(imported["deposited"], 1, "{imported}");

    let unnamed = run_as(&here, &mori, ["disposition", "confirm", number, receipts]).failure(2);
    assert!(unnamed.message.contains("--archive"), "{unnamed:?}");
    let confirm = ["disposition", "confirm", number, receipts, "--archive", "archives.example"];
    let confirmed = run_as(&here, &mori, confirm).success();
    assert_eq!(
        (&confirmed["state"], &confirmed["confirmed"]["records"][0]["id"]),
        (&"confirmed".into(), &Value::from(old.clone()))
    );
    let no_token = run_as(&here, &mori, ["disposition", "perform", number]).failure(5);
    assert!(no_token.message.contains("timestamp"), "{no_token:?}");

    let authority = Arc::new(Authority::new("transfer", None));
    let server = Server::of(authority.clone());
    timestamps(&here, &authority, &server);
    assert_eq!(here.json(["timestamp", "attest"])["tokens"], 1);
    let done = run_as(&here, &mori, ["disposition", "perform", number]).success();
    assert_eq!((&done["state"], &done["performed"]["destroyed"]), (&"performed".into(), &1.into()));
    let gone = here.run(["show", &old]).failure(10);
    assert!(gone.message.contains("国立公文書館"), "{gone:?}");

    let (pdf, json) = (here.path("certificate.pdf"), here.path("certificate.json"));
    here.json(["disposition", "certificate", &old, "-o", pdf.to_str().unwrap()]);
    here.json(["disposition", "certificate", &old, "-o", json.to_str().unwrap()]);
    here.run(["disposition", "certificate", &old, "-o", pdf.to_str().unwrap()]).failure(2);
    if let Some(keep) = std::env::var_os("SHOSOIN_KEEP_CERTIFICATE") {
        fs::copy(&pdf, keep).unwrap();
    }
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-1.7"));
    let certificate: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let went = &certificate["transfer"];
    assert_eq!((&went["to"], &went["archive"]), (&"国立公文書館".into(), &"archives.example".into()));
    let kept_there = text(&there.json(["search"])["hits"][0]["id"]).to_owned();
    assert_eq!(went["there"], kept_there.as_str());
    assert_eq!(there.json(["show", &kept_there])["sha256"], sha256.as_str());
    assert_eq!(certificate["backup_keys"]["days"], 35);
    here.assert_sound();
}
