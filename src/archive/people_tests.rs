//! Users and tokens against a real archive, with a clock of the test's own and with rows that somebody tampered with.

use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::rows::meta;
use super::{
    Archive, ArchiveError, Clock, NewUser, Options, Principal, Role, Scope, SystemClock, UserChanges, create,
};
use crate::store::{Batch, Table};

/// A clock that the test turns.
struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn new_archive() -> (TempDir, Archive, String, Arc<TestClock>) {
    let home = TempDir::new().unwrap();
    let data = home.path().join("archive");
    let token = create(&data).unwrap().admin_token;
    let clock = Arc::new(TestClock(Mutex::new(SystemClock.now())));
    let archive = Archive::open(&data, Options { clock: clock.clone(), ..Options::default() }).unwrap();
    (home, archive, token, clock)
}

fn owner() -> Principal {
    Principal::built_in("admin")
}

fn user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.into(), roles: vec![role], ..NewUser::default() }
}

fn name_behind(archive: &Archive, token: &str) -> Option<String> {
    archive.principal_of_token(token).unwrap().map(|(_, principal)| principal.name)
}

fn token_row(archive: &Archive, token: &str) -> (Vec<u8>, Vec<u8>) {
    let key = archive.keyring.token_key(token);
    let row = archive.store.view().get(Table::Meta, &key).unwrap().unwrap();
    (key, row)
}

fn put(archive: &Archive, key: Vec<u8>, value: impl Into<Vec<u8>>) {
    let mut batch = Batch::default();
    batch.put(Table::Meta, key, value);
    archive.store.commit(batch).unwrap();
}

#[test]
fn a_token_counts_until_its_last_day_is_over() {
    let (_home, archive, _, clock) = new_archive();
    archive.user_add(&owner(), user("tanaka", Role::Clerk)).unwrap();
    let today = archive.now().with_timezone(&archive.config.archive.zone).date_naive();
    let end = archive.end_of(today + TimeDelta::days(1)).unwrap();
    let made = archive.token_create(&owner(), "tanaka", None, Some(end)).unwrap();
    let (key, _) = archive.principal_of_token(&made.token).unwrap().unwrap();
    *clock.0.lock().unwrap() = end - TimeDelta::seconds(1);
    assert_eq!(name_behind(&archive, &made.token), Some("tanaka".into()));
    *clock.0.lock().unwrap() = end;
    assert_eq!(name_behind(&archive, &made.token), None);
    assert_eq!(archive.principal_behind(&key).unwrap(), None, "a session ends with its token");
    let refused = archive.token_create(&owner(), "tanaka", None, Some(end));
    assert!(matches!(refused, Err(ArchiveError::Invalid(_))));
}

#[test]
fn the_end_of_a_day_is_that_of_the_archives_zone() {
    let (_home, archive, _, _) = new_archive();
    let end = archive.end_of("2027-03-31".parse().unwrap()).unwrap();
    assert_eq!(end.to_rfc3339(), "2027-03-31T15:00:00+00:00", "midnight in Tokyo");
}

#[test]
fn revoking_ends_a_token_and_disabling_a_user_all_of_theirs() {
    let (_home, archive, admin, _) = new_archive();
    archive.user_add(&owner(), user("tanaka", Role::Clerk)).unwrap();
    let made = archive.token_create(&owner(), "TANAKA", Some("laptop".into()), None).unwrap();
    let other = archive.token_create(&owner(), "tanaka", None, None).unwrap();
    assert_eq!(made.about.user, "tanaka", "the stored name, whatever was typed");
    archive.token_revoke(&owner(), &made.about.id).unwrap();
    assert_eq!(name_behind(&archive, &made.token), None);
    assert_eq!(name_behind(&archive, &other.token), Some("tanaka".into()));
    let disabled = UserChanges { disabled: Some(true), ..UserChanges::default() };
    archive.user_change(&owner(), "tanaka", disabled).unwrap();
    assert_eq!(name_behind(&archive, &other.token), None);
    assert_eq!(name_behind(&archive, &admin), Some("admin".into()));
    assert!(archive.token_revoke(&owner(), &made.about.id).is_err(), "once is enough");
}

#[test]
fn nobody_gives_more_than_they_have_nor_anything_to_themselves() {
    let (_home, archive, _, _) = new_archive();
    let entity = archive.config.entities[0].name.clone();
    let boss = Principal::new("boss", [Role::Admin], Scope::Entities([entity.clone()].into()));
    archive.user_add(&owner(), user("boss", Role::Admin)).unwrap();
    let refused = archive.user_add(&boss, user("mori", Role::Clerk)).unwrap_err();
    assert_eq!(refused.code(), "forbidden", "no entity means all of them: {refused}");
    let within = NewUser { entities: vec![entity], ..user("mori", Role::Clerk) };
    archive.user_add(&boss, within).unwrap();
    let wider = UserChanges { entities: Some(vec![]), ..UserChanges::default() };
    assert_eq!(archive.user_change(&boss, "mori", wider).unwrap_err().code(), "forbidden");
    let roles = UserChanges { roles: Some(vec![Role::Manager]), ..UserChanges::default() };
    let admin = Principal::new("boss", [Role::Admin], Scope::Everything);
    assert_eq!(archive.user_change(&admin, "boss", roles).unwrap_err().code(), "forbidden");
    assert_eq!(archive.token_create(&admin, "admin", None, None).unwrap_err().code(), "forbidden");
    assert_eq!(archive.user_change(&boss, "admin", UserChanges::default()).unwrap_err().code(), "not-found");
    let given = NewUser { roles: vec![Role::Owner], ..user("x", Role::Clerk) };
    assert_eq!(archive.user_add(&owner(), given).unwrap_err().code(), "invalid");
}

#[test]
fn names_that_look_alike_are_one_name() {
    let (_home, archive, _, _) = new_archive();
    archive.user_add(&owner(), user("Tanaka", Role::Clerk)).unwrap();
    for same in ["tanaka", "ＴＡＮＡＫＡ"] {
        assert_eq!(archive.user_add(&owner(), user(same, Role::Clerk)).unwrap_err().code(), "conflict");
    }
}

#[test]
fn a_token_row_changed_without_the_key_opens_nothing() {
    let (_home, archive, admin, _) = new_archive();
    archive.user_add(&owner(), user("tanaka", Role::Clerk)).unwrap();
    let made = archive.token_create(&owner(), "tanaka", None, None).unwrap();
    let ((key, own), (_, of_admin)) = (token_row(&archive, &made.token), token_row(&archive, &admin));
    let plain = r#"{"v":1,"name":"admin","created_at":"2026-01-01T00:00:00Z"}"#;
    for forged in [plain.as_bytes().to_vec(), of_admin] {
        put(&archive, key.clone(), forged);
        assert!(archive.principal_of_token(&made.token).is_err());
    }
    put(&archive, key, own);
    assert_eq!(name_behind(&archive, &made.token), Some("tanaka".into()));
}

#[test]
fn rights_put_back_from_an_older_copy_are_noticed_by_fsck() {
    let (_home, archive, admin, _) = new_archive();
    let sound = |archive: &Archive| archive.fsck(&owner(), &|_, _| {}).unwrap().problems;
    archive.user_add(&owner(), user("tanaka", Role::Manager)).unwrap();
    let made = archive.token_create(&owner(), "tanaka", None, None).unwrap();
    let key = archive.keyring.user_key("tanaka");
    let before = archive.store.view().get(Table::Meta, &key).unwrap().unwrap();
    let (token_key, token_before) = token_row(&archive, &made.token);
    let (admin_key, admin_before) = token_row(&archive, &admin);
    let less = UserChanges { roles: Some(vec![Role::Clerk]), ..UserChanges::default() };
    archive.user_change(&owner(), "tanaka", less).unwrap();
    archive.token_revoke(&owner(), &made.about.id).unwrap();
    assert!(sound(&archive).is_empty(), "as the journal says");
    for token in archive.token_list(&owner()).unwrap().iter().filter(|token| token.user == "admin") {
        archive.token_revoke(&owner(), &token.id).unwrap();
    }
    assert!(sound(&archive).is_empty());
    put(&archive, key, before);
    put(&archive, token_key.clone(), token_before);
    put(&archive, admin_key, admin_before);
    let found = sound(&archive);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|problem| problem.what.starts_with("people: ")), "{found:?}");
    let mut batch = Batch::default();
    batch.delete(Table::Meta, token_key);
    archive.store.commit(batch).unwrap();
    assert!(sound(&archive).iter().any(|problem| problem.what.contains("no row any more")));
}

#[test]
fn no_row_about_people_can_be_read_without_the_key() {
    let (_home, archive, _, _) = new_archive();
    let new = NewUser { os_user: Some("os-marker".into()), ..user("name-marker", Role::Clerk) };
    archive.user_add(&owner(), new).unwrap();
    archive.token_create(&owner(), "name-marker", Some("label-marker".into()), None).unwrap();
    let view = archive.store.view();
    for prefix in [meta::USER_PREFIX, meta::TOKEN_PREFIX] {
        let (key, row) =
            view.scan(Table::Meta, prefix, None, crate::store::Direction::Forward).next().unwrap().unwrap();
        assert!(key.starts_with(prefix));
        assert!(!String::from_utf8_lossy(&row).contains("marker"));
    }
}

#[test]
fn the_plain_token_row_of_an_archive_of_0_1_0_still_has_all_rights() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/archive-v1");
    let home = TempDir::new().unwrap();
    let data = home.path().join("archive");
    copy(&fixture, &data);
    let archive = Archive::open(&data, Options::default()).unwrap();
    let plain = r#"{"v":1,"name":"admin","created_at":"2026-01-01T00:00:00Z"}"#;
    put(&archive, archive.keyring.token_key("shosoin_old"), plain);
    let (_, principal) = archive.principal_of_token("shosoin_old").unwrap().unwrap();
    assert_eq!(principal, owner());
    assert!(principal.has(Role::Owner) && principal.scope == Scope::Everything);
    let listed = archive.token_list(&principal).unwrap();
    assert_eq!(listed.len(), 2, "that of its init, and the one put there: {listed:?}");
    let revoked =
        listed.iter().find(|token| token.created_at.to_rfc3339().starts_with("2026-01-01")).unwrap();
    archive.token_revoke(&principal, &revoked.id).unwrap();
    assert_eq!(name_behind(&archive, "shosoin_old"), None);
}

fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}
