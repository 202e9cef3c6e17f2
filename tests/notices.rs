//! Notices as their receivers get them: by mail from a real conversation with a mail server, and by signed webhook.

#[path = "support/smtp.rs"]
mod smtp;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{Days, NaiveDate, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use smtp::{MailServer, Manners, Received, fixture};
use support::{Archive, pdf, text};

/// Today in the zone of a new archive, and a day some days later.
fn in_days(days: u64) -> NaiveDate {
    Utc::now().with_timezone(&chrono_tz::Asia::Tokyo).date_naive() + Days::new(days)
}

/// An archive with a contract that ends in `days` days.
fn archive_with_an_end(days: u64) -> (Archive, String) {
    let archive = Archive::new();
    let id = deposit(&archive, "国税商事株式会社", &in_days(days).to_string());
    (archive, id)
}

fn deposit(archive: &Archive, counterparty: &str, ends_on: &str) -> String {
    let file =
        archive.file(&format!("{counterparty}.pdf"), &pdf::contract(&format!("ends {ends_on}"), 1_500));
    let flags = ["--date", "2026-02-01", "--counterparty", counterparty, "--no-amount", "--ends-on", ends_on];
    text(&archive.deposit(&file, &[&flags[..], &["--title", "業務委託契約書"]].concat())["id"]).to_owned()
}

/// Replaces the table of the settings that begins with `[name]`.
fn configure(archive: &Archive, name: &str, lines: &str) {
    let path = archive.data().join("shosoin.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = settings.split_once(&format!("[{name}]\n")).unwrap();
    let after = rest.find("\n[").map_or("", |at| &rest[at..]);
    std::fs::write(&path, format!("{before}[{name}]\n{lines}{after}")).unwrap();
}

fn mail_settings(archive: &Archive, server: &MailServer, more: &str) {
    let lines = format!(
        "host = \"localhost\"\nport = {}\nfrom = \"shosoin@example.co.jp\"\n\
         to = [\"keiri@example.co.jp\", \"経理 <b@example.co.jp>\"]\n{more}",
        server.port
    );
    configure(archive, "notices.mail", &lines);
}

/// The body of a mail, decoded.
fn body(mail: &Received) -> String {
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("charset=utf-8"), "{head}");
    let encoding = head.lines().find_map(|line| line.strip_prefix("Content-Transfer-Encoding: ")).unwrap();
    match encoding {
        "base64" => String::from_utf8(STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap(),
        "8bit" | "7bit" => body.to_owned(),
        other => panic!("{other}: {}", mail.data),
    }
}

fn outcome(sent: &Value) -> &str {
    text(&sent["deliveries"][0]["outcome"])
}

#[test]
fn the_end_of_a_contract_is_told_by_mail_once_and_not_again_today() {
    let (archive, id) = archive_with_an_end(20);
    deposit(&archive, "遠い未来株式会社", "2199-12-31");
    let server = MailServer::start(Manners::default());
    mail_settings(&archive, &server, "tls = \"none\"\n");
    let due = archive.json(["notices", "send", "--dry-run"]);
    assert_eq!(due["items"].as_array().unwrap().len(), 1, "{due}");
    assert_eq!(due["items"][0]["name"], "国税商事株式会社 業務委託契約書");
    assert!(server.said().is_empty(), "a dry run says nothing");
    assert_eq!(outcome(&archive.json(["notices", "send"])), "sent");
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["<keiri@example.co.jp>", "<b@example.co.jp>"]);
    assert!(mails[0].from.starts_with("<shosoin@example.co.jp>"));
    for header in ["Auto-Submitted: auto-generated", "Message-ID: <shosoin-", "From: shosoin@example.co.jp"] {
        assert!(mails[0].data.contains(header), "{header}: {}", mails[0].data);
    }
    let told = body(&mails[0]);
    for part in [&id, "契約の終了（1件）", "あと20日", "in 20 days", &in_days(20).to_string()] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("国税商事"), "names are not told unless the settings say so: {told}");
    assert_eq!(outcome(&archive.json(["notices", "send"])), "nothing");
    deposit(&archive, "新規株式会社", &in_days(5).to_string());
    assert_eq!(outcome(&archive.json(["notices", "send"])), "already_today");
    assert_eq!(server.received().len(), 1, "one message a day");
    let journal = archive.json(["journal", "list", "--from", "0", "--limit", "1000"]);
    let jobs: Vec<_> =
        journal["entries"].as_array().unwrap().iter().filter(|entry| entry["act"] == "job").collect();
    let states: Vec<_> = jobs.iter().map(|entry| text(&entry["details"]["state"])).collect();
    assert_eq!(states, ["sending", "sent"]);
    assert_eq!(jobs[0]["details"]["subjects"][0], id.as_str());
    archive.assert_sound();
}

#[test]
fn names_and_links_are_told_when_the_settings_say_so() {
    let (archive, id) = archive_with_an_end(3);
    let server = MailServer::start(Manners::default());
    mail_settings(&archive, &server, "tls = \"none\"\n");
    configure(&archive, "notices", "names = true\nlanguage = \"ja\"\nlink = \"https://archive.example\"\n");
    assert_eq!(outcome(&archive.json(["notices", "send"])), "sent");
    let told = body(&server.received()[0]);
    assert!(told.contains("国税商事株式会社 業務委託契約書"), "{told}");
    assert!(
        told.contains(&format!("https://archive.example/records/{id}")) && !told.contains("in 3 days"),
        "{told}"
    );
}

#[test]
fn the_way_to_the_mail_server_is_encrypted_and_the_password_goes_no_other() {
    let (archive, _) = archive_with_an_end(20);
    let server = MailServer::start(Manners { starttls: true, ..Manners::default() });
    std::fs::copy(fixture("ca.pem"), archive.data().join("ca.pem")).unwrap();
    std::fs::write(archive.data().join("keys/mail"), "pass word\n").unwrap();
    let secret = "user = \"keiri\"\npassword_file = \"keys/mail\"\n";
    mail_settings(&archive, &server, &format!("ca_file = \"ca.pem\"\n{secret}"));
    assert_eq!(outcome(&archive.json(["notices", "send"])), "sent");
    let mails = server.received();
    assert!(mails[0].encrypted);
    assert_eq!(mails[0].auth.as_deref(), Some(STANDARD.encode("\0keiri\0pass word").as_str()));
}

#[test]
fn a_server_that_cannot_encrypt_or_is_somebody_else_is_told_nothing() {
    let (archive, _) = archive_with_an_end(20);
    std::fs::write(archive.data().join("keys/mail"), "pass word\n").unwrap();
    let secret = "user = \"keiri\"\npassword_file = \"keys/mail\"\n";
    let (plain, stranger) = (
        MailServer::start(Manners::default()),
        MailServer::start(Manners { starttls: true, ..Manners::default() }),
    );
    // The second one encrypts, but with a certificate that nobody here trusts.
    for server in [&plain, &stranger] {
        mail_settings(&archive, server, secret);
        let ran = archive.run(["notices", "send"]);
        assert_eq!(ran.code, 1);
        let sent = ran.value();
        assert_eq!(outcome(&sent), "failed");
        assert!(text(&sent["deliveries"][0]["error"]).len() > 10, "{sent}");
        assert!(server.received().is_empty());
        let said = server.said().join("\n");
        assert!(!said.contains("AUTH") && !said.contains("MAIL"), "{said}");
    }
    mail_settings(&archive, &plain, &format!("tls = \"none\"\n{secret}"));
    let elsewhere = std::fs::read_to_string(archive.data().join("shosoin.toml")).unwrap();
    let elsewhere = elsewhere.replace("host = \"localhost\"", "host = \"mail.example\"");
    std::fs::write(archive.data().join("shosoin.toml"), elsewhere).unwrap();
    let refused = archive.run(["notices", "send"]).failure(1);
    assert!(refused.message.contains("in the clear"), "{refused:?}");
}

#[test]
fn a_message_that_did_not_go_out_is_sent_again() {
    let (archive, _) = archive_with_an_end(20);
    let refusing = MailServer::start(Manners { refuses: true, ..Manners::default() });
    mail_settings(&archive, &refusing, "tls = \"none\"\n");
    let ran = archive.run(["notices", "send"]);
    assert_eq!((ran.code, outcome(&ran.value())), (1, "failed"));
    assert!(text(&ran.value()["deliveries"][0]["error"]).contains("no such person"), "{:?}", ran.value());
    let server = MailServer::start(Manners::default());
    mail_settings(&archive, &server, "tls = \"none\"\n");
    assert_eq!(outcome(&archive.json(["notices", "send"])), "sent");
    mail_settings(&archive, &server, "tls = \"none\"\nhosts = \"x\"\n");
    assert_eq!(archive.run(["notices", "send"]).failure(1).code, "config", "a typing error is noticed");
}

#[test]
fn the_daily_job_tells_as_the_archive_itself() {
    let (archive, id) = archive_with_an_end(20);
    let server = MailServer::start(Manners::default());
    mail_settings(&archive, &server, "tls = \"none\"\n");
    assert_eq!(archive.json(["jobs", "run", "notices"])["outcome"], "done");
    assert!(body(&server.received()[0]).contains(&id));
    let journal = archive.json(["journal", "list", "--from", "0", "--limit", "1000"]);
    let sent =
        journal["entries"].as_array().unwrap().iter().find(|entry| entry["details"]["state"] == "sent");
    assert_eq!(text(&sent.unwrap()["actor"]), "system");
}

#[test]
fn without_a_way_to_tell_the_settings_are_named() {
    let (archive, _) = archive_with_an_end(20);
    let refused = archive.run(["notices", "send"]).failure(1);
    assert!(refused.code == "invalid" && refused.message.contains("[notices.mail]"), "{refused:?}");
}

/// Receives one request and answers with `status`.
fn receiver(status: u16) -> (u16, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line == "\r\n" || line.is_empty() {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line.to_lowercase());
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let location = "Location: http://127.0.0.1:1/elsewhere\r\n";
            let answer =
                format!("HTTP/1.1 {status} x\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            sender.send((head, String::from_utf8(body).unwrap())).unwrap();
        }
    });
    (port, requests)
}

#[test]
fn a_webhook_gets_a_signed_message_and_must_say_that_it_took_it() {
    let (archive, id) = archive_with_an_end(7);
    std::fs::write(archive.data().join("keys/hook"), "a secret of sixteen\n").unwrap();
    for refusal in [500, 302, 404] {
        let (port, requests) = receiver(refusal);
        configure(&archive, "notices.webhook", &hook(port));
        let ran = archive.run(["notices", "send"]);
        assert_eq!((ran.code, outcome(&ran.value())), (1, "failed"), "{refusal}");
        requests.recv().unwrap();
    }
    let (port, requests) = receiver(204);
    configure(&archive, "notices.webhook", &hook(port));
    assert_eq!(outcome(&archive.json(["notices", "send"])), "sent");
    let (head, body) = requests.recv().unwrap();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name}: {head}")).trim().to_owned()
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret of sixteen").unwrap();
    mac.update(format!("{}.{body}", header("x-shosoin-timestamp")).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("x-shosoin-signature"), format!("v1={expected}"));
    let said: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&said["v"], &said["total"], text(&said["items"][0]["subject"])),
        (&1.into(), &1.into(), id.as_str())
    );
    assert_eq!(said["items"][0]["name"], Value::Null, "names are not told unless the settings say so");
    assert!(text(&said["id"]).starts_with("shosoin-") && header("x-shosoin-delivery") == text(&said["id"]));
}

fn hook(port: u16) -> String {
    format!("url = \"http://127.0.0.1:{port}/hook\"\nsecret_file = \"keys/hook\"\n")
}

#[test]
fn one_way_that_fails_does_not_keep_the_other_from_telling() {
    let (archive, _) = archive_with_an_end(7);
    std::fs::write(archive.data().join("keys/hook"), "a secret of sixteen\n").unwrap();
    let server = MailServer::start(Manners::default());
    mail_settings(&archive, &server, "tls = \"none\"\n");
    let (broken, _requests) = receiver(500);
    configure(&archive, "notices.webhook", &hook(broken));
    let ran = archive.run(["notices", "send"]);
    assert_eq!(ran.code, 3, "partly done: {:?}", ran.value());
    assert_eq!(server.received().len(), 1);
    let (working, requests) = receiver(200);
    configure(&archive, "notices.webhook", &hook(working));
    let sent = archive.json(["notices", "send"]);
    assert_eq!(text(&sent["deliveries"][0]["outcome"]), "nothing");
    assert_eq!(text(&sent["deliveries"][1]["outcome"]), "sent");
    requests.recv().unwrap();
    assert_eq!(server.received().len(), 1, "mail was not repeated");
}

#[test]
fn the_last_day_to_refuse_a_renewal_is_told_and_shown_and_what_renews_itself_does_not_end() {
    let archive = Archive::new();
    let id = deposit(&archive, "国税商事株式会社", "2026-01-31");
    let renews = ["--notice-period", "1か月前", "--renews-every", "1か月", "--reason", "第12条"];
    archive.json([&["correct", &id][..], &renews].concat());
    let record = archive.json(["show", &id]);
    let term = &record["term"];
    assert_eq!(term["renews"], true);
    let (ends_on, refuse_by) = (text(&term["ends_on"]), text(&term["refuse_by"]));
    assert!(ends_on >= in_days(0).to_string().as_str() && refuse_by < ends_on, "{term}");
    assert!(text(&term["sentence_ja"]).contains(refuse_by), "{term}");
    let due = archive.json(["notices", "send", "--dry-run"]);
    let items = due["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|item| item["kind"] == "renewal_notice"), "{due}");
    assert!(text(&items[0]["text_ja"]).contains("1か月"), "{due}");
    let metadata = &record["versions"][1]["metadata"];
    assert_eq!((&metadata["notice_period"], &metadata["renews_every"]), (&"1m".into(), &"1m".into()));
    let wrong = archive.run(["correct", &id, "--notice-period", "bald", "--reason", "x"]).failure(1);
    assert!(wrong.message.contains("notice_period"), "{wrong:?}");
    let books = archive.json(["correct", &id, "--renews-every", "", "--reason", "解約した"]);
    assert_eq!(books["version"], 3);
    assert_eq!(archive.json(["show", &id])["term"]["renews"], false);
    archive.assert_sound();
}
