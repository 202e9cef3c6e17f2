//! Reading contracts again, in parts and as a whole, as a user asks for it.

mod support;

use serde_json::json;
use support::{Archive, Ran, pdf};

fn archive_of(count: usize) -> Archive {
    let archive = Archive::new();
    for number in 0..count {
        let file = archive.file(&format!("{number}.pdf"), &pdf::contract(&format!("number {number}"), 1_500));
        archive
            .deposit(&file, &["--date", "2026-02-01", "--counterparty", "株式会社国税商事", "--no-amount"]);
    }
    archive
}

#[test]
fn a_round_goes_on_where_the_last_run_ended_and_tells_how_far_it_is() {
    let archive = archive_of(5);
    let status = || archive.json(["fixity", "status"]);
    let fresh = status();
    assert_eq!((&fresh["days"], &fresh["contracts"], &fresh["read"]), (&json!(90), &json!(5), &json!(0)));
    assert!(fresh.get("last_run").is_none() && fresh.get("completed_at").is_none());
    for (read, complete) in [(2, false), (4, false), (5, true)] {
        let report = archive.json(["fixity", "run", "--parts", "3"]);
        assert_eq!((&report["round_complete"], &report["sound"]), (&json!(complete), &json!(true)));
        let now = status();
        assert_eq!(now["read"], json!(read));
        assert_eq!(now.get("completed_at").is_some(), complete);
    }
    assert_eq!(archive.json(["fixity", "run"])["read"], json!(5), "a new round reads everything again");
    assert_eq!(status()["read"], json!(5));
    archive.run(["fixity", "run", "--parts", "0"]).failure(2);
    archive.assert_sound();
}

#[test]
fn the_cycle_is_a_setting_and_a_senseless_one_is_refused() {
    let archive = archive_of(1);
    let path = archive.data().join("shosoin.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, settings.replace("days = 90", "days = 7")).unwrap();
    assert_eq!(archive.json(["fixity", "status"])["days"], json!(7));
    std::fs::write(&path, settings.replace("days = 90", "days = 0")).unwrap();
    let refused = archive.run(["fixity", "status"]).failure(1);
    assert!(refused.message.contains("[fixity] days is at least 1"), "{}", refused.message);
    std::fs::write(&path, settings).unwrap();
    let people = Ran::of(&mut archive.command(["--lang", "ja", "fixity", "status"]));
    people.success();
}
