//! People: roles and actions on every address, legal entities that stay apart, tokens, operating-system users.

#[path = "people/office.rs"]
mod office;
mod support;

use axum::http::Method;
use office::{OURS, Office, SECRET, THEIRS, metadata, set};
use serde_json::{Value, json};
use shosoin::archive::permit::About;
use shosoin::archive::{Principal, Role, Scope, permit};
use shosoin::web::{Door, door};
use support::routes::operations;
use support::{Archive, Ran, files, pdf, text};

const ROLES: [(&str, Role); 5] = [
    ("clerk", Role::Clerk),
    ("manager", Role::Manager),
    ("approver", Role::Approver),
    ("auditor", Role::Auditor),
    ("admin", Role::Admin),
];

#[test]
fn every_address_lets_in_exactly_who_the_table_says() {
    let office = Office::open();
    for (word, role) in ROLES {
        let token = office.hire(&format!("{word}-1"), &[word], &[]);
        let who = Principal::new("x", [role], Scope::Everything);
        for operation in operations() {
            let method: Method = operation.method.parse().unwrap();
            let expected = match door(&method, &operation.template) {
                Door::Needs(action) => permit(&who, action).is_ok(),
                Door::AnybodyKnown => true,
                Door::OwnerOnly => panic!("{operation:?} has no action; give it one in src/web/doors.rs"),
            };
            let answer = office.send(&token, &operation.method, &operation.path(&office.ours), &json!({}));
            assert_ne!(answer.status, 401, "{word} {operation:?}");
            assert_eq!(answer.status != 403, expected, "{word} {operation:?}: {}", answer.text());
            if !expected {
                assert_eq!(answer.problem(403), "forbidden");
                assert!(answer.text().contains(word), "the reason names the role: {}", answer.text());
            }
        }
    }
}

#[test]
fn commands_act_as_whoever_the_token_says_and_are_refused_alike() {
    let office = Office::open();
    let clerk = office.hire("tanaka", &["clerk"], &[]);
    let admin = office.hire("root-of-it", &["admin"], &[]);
    let auditor = office.hire("kansa", &["auditor"], &[]);
    assert_eq!(office.command(&clerk, &["search"]).success()["total"], 2);
    let target = office.archive.path("out.zip");
    let target = target.to_str().unwrap();
    let refused = office.command(&clerk, &["export", "-o", target]).failure(1);
    assert_eq!(refused.code, "forbidden");
    assert!(refused.message.contains("manager or auditor") && !refused.hint.is_empty(), "{refused:?}");
    assert!(!std::path::Path::new(target).exists());
    office.command(&auditor, &["export", "-o", target]).success();
    assert_eq!(office.command(&auditor, &["journal", "verify"]).success()["verified"], true);
    for hidden in
        [vec!["search"], vec!["show", &office.ours], vec!["get", &office.ours], vec!["journal", "list"]]
    {
        assert_eq!(office.command(&admin, &hidden).failure(1).code, "forbidden", "{hidden:?}");
    }
    assert_eq!(office.command(&admin, &["fsck"]).success()["sound"], true);
    let me = office.command(&clerk, &["user", "me"]).success();
    assert_eq!(
        (text(&me["name"]), &me["roles"], &me["entities"]),
        ("tanaka", &json!(["clerk"]), &Value::Null)
    );
    assert_eq!(office.command("shosoin_wrong", &["search"]).failure(1).code, "unauthorized");
    office.command(&clerk, &["show", &office.ours]).success();
    let trail = office.archive.json(["journal", "list", "--record", &office.ours]);
    let actors: Vec<_> =
        trail["entries"].as_array().unwrap().iter().map(|entry| text(&entry["actor"])).collect();
    assert!(actors.contains(&"tanaka"), "{actors:?}");
    office.archive.assert_sound();
}

#[test]
fn what_belongs_to_another_entity_does_not_exist() {
    let office = Office::open();
    let token = office.hire("jimu", &["clerk", "manager", "approver", "auditor"], &[OURS]);
    let missing = "01a20000-0000-7000-8000-000000000000";
    let mut about_records = 0;
    for operation in operations().into_iter().filter(|operation| operation.template.contains("/records/{id}"))
    {
        let body = if operation.template.ends_with("corrections") {
            json!({"changes": {"title": "x"}, "reason": "r"})
        } else {
            json!({"reason": "r"})
        };
        let send = |id: &str| office.send(&token, &operation.method, &operation.path(id), &body);
        let (theirs, nowhere) = (send(&office.theirs), send(missing));
        // What concerns the archive as a whole is refused to them, whatever record it is about.
        let Door::Needs(action) = door(&operation.method.parse().unwrap(), &operation.template) else {
            panic!("{operation:?} has no action");
        };
        let expected = if action.about() == About::Archive { 403 } else { 404 };
        theirs.problem(expected);
        let (theirs, nowhere) =
            (theirs.text().replace(&office.theirs, "ID"), nowhere.text().replace(missing, "ID"));
        assert_eq!(theirs, nowhere, "{operation:?}");
        about_records += 1;
    }
    assert!(about_records >= 7);
    let entries = office.archive.json(["journal", "list", "--record", &office.theirs]);
    let actors: Vec<_> =
        entries["entries"].as_array().unwrap().iter().map(|entry| text(&entry["actor"])).collect();
    assert!(
        !actors.contains(&"jimu"),
        "nothing was journaled about a record that does not exist: {actors:?}"
    );
}

#[test]
fn no_answer_speaks_of_another_entity() {
    let office = Office::open();
    office.hire("sono-hito", &["clerk"], &[THEIRS]);
    let everything: Vec<&str> = ROLES.iter().map(|(word, _)| *word).collect();
    let token = office.hire("jimu", &everything, &[OURS]);
    let elsewhere = office.archive.json(["search", "--counterparty", "極秘"]);
    assert_eq!(elsewhere["total"], 1, "the owner finds it, and the journal says so");
    for operation in operations() {
        for (id, body) in [(&office.ours, json!({})), (&office.theirs, json!({"ids": [office.theirs]}))] {
            let mut path = operation.path(id);
            if operation.method == "GET" && operation.template.starts_with("/api/v1/journal") {
                path.push_str("?limit=1000");
            }
            let answer = office.send(&token, &operation.method, &path, &body);
            // A rendition needs a timestamp authority, and this office has none.
            let no_authority = answer.status == 503 && answer.problem(503) == "no-timestamp";
            assert!(answer.status < 500 || no_authority, "{operation:?}: {}", answer.text());
            let asked_for = path.contains(&office.theirs) || body.to_string().contains(&office.theirs);
            for secret in [SECRET, THEIRS, "sono-hito", office.theirs.as_str()] {
                let echo = asked_for && secret == office.theirs;
                assert!(
                    echo || !answer.text().contains(secret),
                    "{operation:?} speaks of {secret}: {}",
                    answer.text()
                );
            }
        }
    }
    let found = office.command(&token, &["search"]).success();
    assert_eq!((&found["total"], text(&found["hits"][0]["id"])), (&json!(1), office.ours.as_str()));
    for conditions in [["--entity", THEIRS], ["--counterparty", "極秘"], ["--text", "theirs"]] {
        let args = [&["search"][..], &conditions[..]].concat();
        assert_eq!(office.command(&token, &args).success()["total"], 0, "{conditions:?}");
    }
    let listed = office.command(&token, &["journal", "list", "--from", "0", "--limit", "1000"]).success();
    let entries = listed["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["record"] == office.ours.as_str()), "{entries:?}");
    let foreign = entries.iter().find(|entry| entry["record"].is_null() && entry["actor"] != "jimu");
    assert_eq!(foreign, None, "searches and exports of others may tell of their contracts");
    let proof = |entry: &Value| office.get(&token, &format!("/api/v1/journal/{}/proof", entry["seq"])).status;
    assert!(entries.iter().all(|entry| proof(entry) == 200));
    let whole = office.archive.json(["journal", "list", "--record", &office.theirs]);
    assert_eq!(proof(&whole["entries"][0]), 404);
}

#[test]
fn nobody_deposits_for_another_entity_or_learns_that_it_has_the_same_document() {
    let office = Office::open();
    let token = office.hire("jimu", &["clerk"], &[OURS]);
    let new = pdf::contract("new", 1_500);
    assert_eq!(office.deposit(&token, &metadata(THEIRS, "x"), &new).problem(422), "invalid");
    let mut unsaid = metadata("", "株式会社新規");
    unsaid.as_object_mut().unwrap().remove("entity");
    let receipt = office.deposit(&token, &unsaid, &new);
    assert_eq!(receipt.status, 201, "the only entity of theirs goes without saying: {}", receipt.text());
    let again = office.deposit(&token, &metadata(OURS, "y"), &pdf::contract("theirs", 1_500));
    assert_eq!(again.problem(403), "forbidden");
    assert!(!again.text().contains(&office.theirs) && !again.text().contains(SECRET), "{}", again.text());
    assert_eq!(office.archive.json(["search"])["total"], 3);
}

#[test]
fn an_export_takes_along_only_what_its_maker_may_see() {
    let office = Office::open();
    let token = office.hire("bucho", &["manager"], &[OURS]);
    let zip = office.archive.path("all.zip");
    let made = office.command(&token, &["export", "-o", zip.to_str().unwrap()]).success();
    assert_eq!(made["records"], 1);
    let named = office.archive.path("named.zip");
    let args = ["export", "-o", named.to_str().unwrap(), office.ours.as_str(), office.theirs.as_str()];
    assert_eq!(office.command(&token, &args).failure(10).code, "not-found");
    let book = office.command(&token, &["search", "--csv"]);
    let book = String::from_utf8(book.stdout).unwrap();
    assert!(book.contains("国税商事") && !book.contains("極秘"), "{book}");
}

#[test]
fn pages_offer_what_is_permitted_and_refuse_what_they_do_not_offer() {
    let office = Office::open();
    let clerk = office.sign_in(&office.hire("tanaka", &["clerk"], &[OURS]));
    let record = office.page(&clerk, &format!("/records/{}?lang=ja", office.ours)).text();
    assert!(record.contains("tanaka") && record.contains("/corrections") && record.contains("/original"));
    assert!(!record.contains("/withdrawal"), "a clerk is not offered to withdraw");
    let front = office.page(&clerk, "/").text();
    assert!(front.contains("国税商事") && !front.contains("極秘") && !front.contains(THEIRS));
    assert!(!front.contains("records.csv"), "no index book for a clerk");
    let forced = office.submit(&clerk, &format!("/records/{}/withdrawal", office.ours), "reason=x");
    assert_eq!(forced.status, 403, "{}", forced.text());
    assert_eq!(office.page(&clerk, &format!("/records/{}", office.theirs)).status, 404);
    let auditor = office.sign_in(&office.hire("kansa", &["auditor"], &[]));
    let record = office.page(&auditor, &format!("/records/{}", office.ours)).text();
    assert!(record.contains("/original") && !record.contains("/corrections") && !record.contains("/deposit"));
    assert_eq!(office.page(&auditor, "/deposit").status, 403);
    let admin = office.sign_in(&office.hire("kanri", &["admin"], &[]));
    let front = office.page(&admin, "/?lang=ja");
    assert_eq!(front.status, 403);
    assert!(
        front.text().contains("許可されていません") && front.text().contains("/sign-out"),
        "{}",
        front.text()
    );
}

#[test]
fn a_token_is_nowhere_in_the_archive_and_ends_when_it_is_revoked() {
    let office = Office::open();
    let token = office.hire("tanaka", &["clerk"], &[]);
    let cookie = office.sign_in(&token);
    assert_eq!(office.page(&cookie, "/").status, 200);
    let secret = token.strip_prefix("shosoin_").unwrap().as_bytes();
    for file in files(&office.archive.data()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{} holds it", file.display());
    }
    let listed = office.archive.json(["token", "list"]);
    let entry = listed.as_array().unwrap().iter().find(|entry| entry["user"] == "tanaka").unwrap();
    assert!(!listed.to_string().contains(&token));
    let other = office.hire("suzuki", &["clerk"], &[]);
    let own = office.command(&other, &["token", "list"]).success();
    assert_eq!(own.as_array().unwrap().len(), 1, "one's own only: {own}");
    assert_eq!(office.command(&other, &["token", "revoke", text(&entry["id"])]).failure(1).code, "forbidden");
    office.command(&token, &["token", "revoke", text(&entry["id"])]).success();
    assert_eq!(office.get(&token, "/api/v1/records").problem(401), "unauthorized");
    assert_eq!(office.page(&cookie, "/").status, 303, "the session that began with it is over");
    assert_eq!(office.archive.run(["token", "revoke", "0123456789abcdef"]).failure(10).code, "not-found");
    let past = office.archive.run(["token", "create", "suzuki", "--expires", "2020-01-01"]).failure(1);
    assert_eq!(past.code, "invalid");
}

#[test]
fn a_change_of_rights_counts_with_the_next_request_and_is_in_the_journal() {
    let office = Office::open();
    let token = office.hire("tanaka", &["clerk"], &[OURS]);
    let cookie = office.sign_in(&token);
    let export = |office: &Office| office.send(&token, "POST", "/api/v1/exports", &json!({})).status;
    assert_eq!(export(&office), 403);
    office.archive.json(["user", "change", "tanaka", "--role", "manager", "--all-entities"]);
    assert_eq!(export(&office), 200);
    assert_eq!(office.get(&token, "/api/v1/records").json()["total"], 2);
    office.archive.json(["user", "disable", "tanaka"]);
    assert_eq!(office.get(&token, "/api/v1/records").status, 401);
    assert_eq!(office.page(&cookie, "/").status, 303);
    office.archive.json(["user", "enable", "tanaka"]);
    assert_eq!(office.get(&token, "/api/v1/records").status, 200);
    let journal = office.archive.json(["journal", "list", "--from", "0", "--limit", "1000"]);
    let changes: Vec<_> =
        journal["entries"].as_array().unwrap().iter().filter(|entry| entry["act"] == "config").collect();
    assert_eq!(changes.len(), 5, "{changes:?}");
    let change = &changes[2]["details"];
    assert_eq!(change["what"], "user changed");
    assert_eq!(
        (&change["before"]["roles"], &change["after"]["roles"]),
        (&json!(["clerk"]), &json!(["manager"]))
    );
    for (args, code) in [
        (vec!["user", "add", "tanaka", "--role", "clerk"], "conflict"),
        (vec!["user", "add", "admin", "--role", "clerk"], "invalid"),
        (vec!["user", "add", "x", "--role", "clerk", "--entity", "nowhere"], "invalid"),
        (vec!["user", "change", "nobody", "--role", "clerk"], "not-found"),
    ] {
        let ran = office.archive.run(&args);
        assert_eq!(text(&ran.value()["error"]["code"]), code, "{args:?}");
    }
    office.archive.run(["user", "add", "x", "--role", "owner"]).failure(2);
    office.archive.run(["user", "add", "x", "--role", "king"]).failure(2);
}

/// The name of the user who runs the tests.
fn own_name() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_operating_system_user_is_whom_the_archive_says_with_a_server_and_without() {
    let archive = Archive::new();
    archive.json(["user", "add", "tanaka", "--role", "clerk", "--os-user", &own_name()]);
    assert!(
        text(&archive.json(["user", "me"])["name"]).starts_with("os:"),
        "the owner is not who they are mapped to"
    );
    set(&archive, "directory_owner", "\"nobody\"");
    let check = |archive: &Archive| {
        let me = archive.json(["user", "me"]);
        assert_eq!((text(&me["name"]), &me["roles"]), ("tanaka", &json!(["clerk"])));
        assert_eq!(archive.run(["user", "list"]).failure(1).code, "forbidden");
        archive.json(["search"]);
    };
    check(&archive);
    let server = support::server::Server::start(&archive);
    check(&archive);
    assert_eq!(server.get("/api/v1/users").status, 200, "the token of init is the way back");
    let journal = server.get("/api/v1/journal?limit=1000").text();
    assert!(journal.contains(r#""actor":"tanaka","act":"search""#), "{journal}");
}

#[test]
fn somebody_nobody_knows_is_told_how_to_become_known() {
    let archive = Archive::new();
    set(&archive, "directory_owner", "\"nobody\"");
    let refused = archive.run(["search"]).failure(1);
    assert_eq!(refused.code, "forbidden");
    assert!(refused.hint.contains("--os-user"), "{refused:?}");
    let with_token = Ran::of(archive.command(["search"]).env("SHOSOIN_TOKEN", &archive.admin_token));
    assert_eq!(with_token.success()["total"], 0);
    set(&archive, "directory_owner", "\"admin\"");
    archive.json(["user", "list"]);
    assert_eq!(archive.run(["search"]).failure(1).code, "forbidden");
    set(&archive, "directory_owner", "\"everything\"");
    archive.json(["search"]);
}

/// Only the superuser can become another user, so elsewhere this test has nothing to do.
#[test]
fn another_user_of_the_machine_acts_through_the_socket_as_whom_they_are_mapped_to() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    if own_name() != "root" {
        return;
    }
    let archive = Archive::new();
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let program = archive.path("shosoin");
    std::fs::copy(env!("CARGO_BIN_EXE_shosoin"), &program).unwrap();
    open(&program, 0o755);
    let as_nobody = |args: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.env_clear().env("LC_ALL", "C.UTF-8").uid(NOBODY).gid(NOBODY).current_dir("/");
        Ran::of(command.arg("--data").arg(archive.data()).arg("--json").args(args))
    };
    set(&archive, "socket", "\"everyone\"");
    open(program.parent().unwrap(), 0o755);
    let server = support::server::Server::start(&archive);
    assert_eq!(as_nobody(&["search"]).failure(1).code, "io", "the directory lets nobody through");
    open(&archive.data(), 0o711);
    let stranger = as_nobody(&["search"]).failure(1);
    assert!(stranger.code == "forbidden" && stranger.hint.contains("--os-user nobody"), "{stranger:?}");
    archive.json(["user", "add", "gast", "--role", "auditor", "--os-user", "nobody"]);
    assert_eq!(as_nobody(&["search"]).success()["total"], 0);
    assert_eq!(text(&as_nobody(&["user", "me"]).success()["name"]), "gast");
    assert_eq!(as_nobody(&["user", "disable", "gast"]).failure(1).code, "forbidden");
    assert!(server.get("/api/v1/journal?limit=1000").text().contains(r#""actor":"gast","act":"search""#));
    archive.json(["user", "disable", "gast"]);
    assert_eq!(as_nobody(&["search"]).failure(1).code, "forbidden");
}
