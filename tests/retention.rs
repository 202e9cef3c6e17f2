//! Keeping and destroying as people do it: policies, fiscal years, holds and disposition at the command line.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{Archive, Ran, text};

/// Deposits a receipt of a day; returns its id.
fn receipt(archive: &Archive, date: &str, content: &str) -> String {
    let file = archive.file(&format!("{content}.txt"), content.as_bytes());
    let flags =
        ["--date", date, "--counterparty", "株式会社国税商事", "--amount", "1100", "--class", "receipt"];
    text(&archive.deposit(&file, &flags)["id"]).to_owned()
}

/// A user with a role, and a token of theirs.
fn hire(archive: &Archive, name: &str, role: &str) -> String {
    archive.json(["user", "add", name, "--role", role]);
    text(&archive.json(["token", "create", name, "--name", "test"])["token"]).to_owned()
}

/// Runs a command as somebody else.
fn run_as<S: AsRef<OsStr>>(archive: &Archive, token: &str, args: impl IntoIterator<Item = S>) -> Ran {
    Ran::of(archive.command(args).env("SHOSOIN_TOKEN", token))
}

fn until(archive: &Archive, id: &str) -> String {
    text(&archive.json(["retention", "explain", id])["retain_until"]).to_owned()
}

#[test]
fn every_shipped_policy_is_there_and_a_bad_one_is_refused_at_line_and_key() {
    let archive = Archive::new();
    let policies = archive.json(["retention", "policies"]);
    let ids: Vec<_> = policies.as_array().unwrap().iter().map(|policy| text(&policy["id"])).collect();
    assert_eq!(
        ids,
        ["jp-companies-act", "jp-consumption-tax", "jp-corporation-tax", "jp-corporation-tax-loss"]
    );
    let available = archive.data().join("retention-policies/available");
    let files: Vec<_> = fs::read_dir(&available).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut check = vec![OsStr::new("retention"), OsStr::new("check")];
    check.extend(files.iter().map(|file| file.as_os_str()));
    let checked = archive.json(check);
    assert!(files.len() > 50 && checked.as_array().unwrap().len() == files.len());
    let examples: u64 =
        checked.as_array().unwrap().iter().map(|policy| policy["examples"].as_u64().unwrap()).sum();
    assert!(examples > 120, "{examples}");

    let bad = archive.data().join("retention-policies").join("our-rule.toml");
    let companies =
        fs::read_to_string(archive.data().join("retention-policies/jp-companies-act.toml")).unwrap();
    fs::write(&bad, companies.replace("id = \"jp-companies-act\"", "id = \"our-rule\"\nyears = 10")).unwrap();
    let line = fs::read_to_string(&bad).unwrap().lines().position(|line| line == "years = 10").unwrap() + 1;
    for args in [vec!["retention", "check", bad.to_str().unwrap()], vec!["retention", "policies"]] {
        let failure = archive.run(args).failure(1);
        assert!(failure.message.contains(&format!("our-rule.toml, line {line}, years")), "{failure:?}");
        assert_eq!(failure.code, "config");
    }
}

#[test]
fn a_declared_loss_lengthens_a_year_and_a_calendar_that_shortens_takes_two_people() {
    let archive = Archive::new();
    let id = receipt(&archive, "2025-12-01", "a receipt");
    assert_eq!(until(&archive, &id), "2033-05-31");
    let years = ["retention", "fiscal-years"];
    let declare = ["declare-loss", "--year", "2026-03-31", "--reason", "the tax return"];
    let view = archive.json([&years[..], &declare].concat());
    assert_eq!(view["stored"], true);
    assert_eq!(until(&archive, &id), "2036-05-31");
    let without = ["set", "--year-ends", "03-31", "--reason", "a mistake"];
    let proposed = archive.json([&years[..], &without].concat());
    assert_eq!(proposed["proposed"]["reason"], "a mistake");
    assert_eq!(proposed["calendar"], view["calendar"], "nothing changes before somebody else consents");
    let (mori, abe) = (hire(&archive, "mori", "manager"), hire(&archive, "abe", "approver"));
    assert_eq!(archive.run([&years[..], &["approve"]].concat()).failure(1).code, "forbidden");
    let agreed = run_as(&archive, &abe, ["retention", "fiscal-years", "approve"]).success();
    assert!(agreed["proposed"].is_null() && agreed["calendar"] != view["calendar"], "{agreed}");
    let nothing = run_as(&archive, &mori, ["retention", "fiscal-years", "approve"]).failure(10);
    assert_eq!(nothing.code, "not-found");
    assert_eq!(until(&archive, &id), "2036-05-31", "what the record was promised holds all the same");
    archive.json([&years[..], &declare].concat());
    let longer = "2025-04-01..2026-03-31,extension=1,loss";
    archive.json(
        [&years[..], &["set", "--year-ends", "03-31", "--year", longer, "--reason", "extension"]].concat(),
    );
    assert_eq!(until(&archive, &id), "2036-06-30");
    let overlapping = ["--year", longer, "--year", "2026-03-31..2026-12-31"];
    let set = [&years[..], &["set", "--reason", "x"], &overlapping].concat();
    assert!(archive.run(set).failure(1).message.contains("overlap"));
    archive.run([&years[..], &["set", "--reason", "x", "--year", "2026"]].concat()).failure(2);
    let done = archive.json(["retention", "reevaluate"]);
    assert_eq!((&done["done"], &done["changed"]), (&Value::Bool(true), &1.into()));
    let due = archive.json(["retention", "due", "--before", "2036-07-01"]);
    assert_eq!((&due["total"], &due["records"][0]["id"]), (&1.into(), &Value::from(id)));
    assert_eq!(archive.json(years).as_array().unwrap().len(), 1);
}

#[test]
fn two_people_and_a_proof_of_time_stand_between_a_record_and_its_destruction() {
    let archive = Archive::new();
    let (mori, abe) = (hire(&archive, "mori", "manager"), hire(&archive, "abe", "approver"));
    let old = receipt(&archive, "2015-06-01", "an old receipt");
    let young = receipt(&archive, "2025-06-01", "a young receipt");

    let refused = run_as(&archive, &mori, ["disposition", "plan", &young]).failure(5);
    assert_eq!(refused.code, "retention");
    let held = run_as(&archive, &mori, ["hold", "place", "訴訟", "--reason", "x", "--counterparty", "国税"])
        .success();
    assert_eq!((&held["hold"], &held["records"]), (&"訴訟".into(), &2.into()));
    assert_eq!(archive.json(["show", &old])["holds"][0], "訴訟");
    assert_eq!(archive.json(["retention", "explain", &old])["decision"], "held");
    assert_eq!(run_as(&archive, &mori, ["disposition", "plan", &old]).failure(5).code, "hold");
    assert_eq!(
        run_as(&archive, &mori, ["hold", "release", "訴訟", "--reason", "x"]).failure(1).code,
        "forbidden"
    );
    run_as(&archive, &abe, ["hold", "release", "訴訟", "--reason", "settled"]).success();
    assert!(archive.json(["hold", "list"])[0]["released"].is_object());
    archive.run(["hold", "place", "nothing", "--reason", "x"]).failure(2);

    let plan = run_as(&archive, &mori, ["disposition", "plan"]).success();
    assert_eq!(plan["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&plan["items"][0]["id"], &plan["items"][0]["decision"]),
        (&Value::from(old.clone()), &"eligible".into())
    );
    let (number, digest) = (text(&plan["plan"]), text(&plan["digest"]));
    assert_eq!(run_as(&archive, &mori, ["disposition", "approve", number]).failure(1).code, "forbidden");
    assert_eq!(run_as(&archive, &mori, ["disposition", "perform", number]).failure(5).code, "retention");
    let other = "0".repeat(64);
    let wrong = run_as(&archive, &abe, ["disposition", "approve", number, "--digest", &other]);
    assert_eq!(wrong.failure(1).code, "conflict");
    let approved = run_as(&archive, &abe, ["disposition", "approve", number, "--digest", digest]).success();
    assert_eq!(approved["state"], "approved");
    // Nobody has obtained a timestamp: the machine's clock alone destroys nothing.
    let refused = run_as(&archive, &mori, ["disposition", "perform", number]).failure(5);
    assert!(refused.message.contains("timestamp"), "{refused:?}");
    assert_eq!(archive.json(["disposition", "list"]).as_array().unwrap().len(), 1);
    archive.run(["disposition", "certificate", &old]).failure(10);
    archive.run(["disposition", "approve", "nonsense"]).failure(2);
    archive.json(["show", &old]);
    archive.assert_sound();
}

#[test]
fn a_period_that_waits_for_an_event_begins_when_its_day_is_told() {
    let archive = Archive::new();
    let folder = archive.data().join("retention-policies");
    fs::copy(folder.join("available/jp-construction.toml"), folder.join("jp-construction.toml")).unwrap();
    let file = archive.file("a.txt", b"works");
    let flags =
        ["--date", "2010-02-01", "--counterparty", "甲", "--no-amount", "--class", "construction_contract"];
    let id = text(&archive.deposit(&file, &flags)["id"]).to_owned();
    let waiting = archive.json(["retention", "explain", &id]);
    assert_eq!((&waiting["retain_until"], &waiting["decision"]), (&Value::Null, &"retain".into()));
    let ja = archive.command(["retention", "explain", &id]).output().unwrap();
    assert!(String::from_utf8(ja.stdout).unwrap().contains("引渡日が登録されていない"));
    archive.json(["correct", &id, "--custom", "引渡日=R8.3.31", "--reason", "handed over"]);
    assert_eq!(until(&archive, &id), "2031-03-31");
    archive.run(["correct", &id, "--custom", "nonsense", "--reason", "x"]).failure(2);
}

#[test]
fn an_archive_whose_policy_was_removed_keeps_what_it_held_and_says_so() {
    let archive = Archive::new();
    let file = archive.file("a.txt", b"a contract");
    let flags = ["--date", "2026-02-01", "--counterparty", "甲", "--no-amount"];
    let id = text(&archive.deposit(&file, &flags)["id"]).to_owned();
    assert_eq!(until(&archive, &id), "2036-03-31");
    fs::remove_file(policy(&archive, "jp-companies-act.toml")).unwrap();
    assert_eq!(until(&archive, &id), "2036-03-31");
    let policies = archive.json(["retention", "policies"]);
    let former: Vec<_> =
        policies.as_array().unwrap().iter().filter(|policy| policy["former"] == true).collect();
    assert_eq!(former.len(), 1);
    let reason = &archive.json(["retention", "explain", &id])["reasons"][0];
    assert_eq!((&reason["policy"], &reason["former"]), (&"jp-companies-act".into(), &true.into()));
    archive.assert_sound();
}

fn policy(archive: &Archive, name: &str) -> impl AsRef<Path> {
    archive.data().join("retention-policies").join(name)
}
