//! Scheduled jobs as an administrator meets them: listed, run by hand, paused, remembered.

mod support;

use std::fs;

use serde_json::Value;
use support::Archive;
use support::server::Server;

fn job<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|job| job["name"] == name).expect("the job is listed")
}

#[test]
fn a_job_is_listed_run_by_hand_and_remembered() {
    let archive = Archive::new();
    let before = archive.json(["jobs", "list"]);
    assert_eq!(job(&before, "journal-verify")["schedule"], "30 3 * * 0");
    assert_eq!(job(&before, "journal-verify")["last"], Value::Null);

    let run = archive.json(["jobs", "run", "journal-verify"]);
    assert_eq!((&run["outcome"], &run["why"]), (&"done".into(), &"manual".into()), "{run}");
    assert!(run["ended_at"].is_string() && !run["message_ja"].as_str().unwrap().is_empty());

    let history = archive.json(["jobs", "history", "journal-verify"]);
    assert_eq!(history.as_array().unwrap().as_slice(), std::slice::from_ref(&run));
    assert_eq!(job(&archive.json(["jobs", "list"]), "journal-verify")["last"], run);
    archive.assert_sound();
}

#[test]
fn a_paused_job_has_no_next_run_until_it_is_resumed() {
    let archive = Archive::new();
    let paused = archive.json(["jobs", "pause", "verify"]);
    assert_eq!((&paused["paused"], &paused["next"]), (&true.into(), &Value::Null));
    assert_eq!(job(&archive.json(["jobs", "list"]), "verify")["paused"], true);
    assert!(archive.json(["jobs", "resume", "verify"])["next"].is_string());
}

#[test]
fn what_is_no_job_or_no_schedule_is_refused_by_name() {
    let archive = Archive::new();
    let failure = archive.run(["jobs", "run", "tea"]).failure(10);
    assert!(failure.message.contains("journal-verify"), "{failure:?}");
    let settings = archive.data().join("shosoin.toml");
    let template = fs::read_to_string(&settings).unwrap();
    for (wrong, named) in [("tea = \"0 4 * * *\"", "tea"), ("verify = \"0 0 30 2 *\"", "never fire")] {
        fs::write(&settings, template.replace("[jobs]", &format!("[jobs]\n{wrong}"))).unwrap();
        let failure = archive.run(["jobs", "list"]).failure(1);
        assert!(failure.message.contains(named), "{failure:?}");
    }
    fs::write(&settings, template.replace("[jobs]", "[jobs]\nverify = \"off\"")).unwrap();
    assert_eq!(job(&archive.json(["jobs", "list"]), "verify")["schedule"], Value::Null);
}

#[test]
fn a_server_runs_jobs_for_those_who_ask_and_shows_them() {
    let archive = Archive::new();
    let server = Server::start(&archive);
    assert_eq!(archive.json(["jobs", "run", "verify"])["outcome"], "done");
    server.stop();
    assert_eq!(archive.json(["jobs", "history"]).as_array().unwrap().len(), 1);
}
