//! An office: an archive of two legal entities, a contract in each, a running server, and people who come with tokens.

use std::fs;

use serde_json::{Value, json};

use crate::support::http::{self, Answer, FORM, form};
use crate::support::server::Server;
use crate::support::{Archive, Ran, pdf, text};

/// The entity that people of limited scope have to do with, and the one that they have not.
pub const OURS: &str = "本社";
pub const THEIRS: &str = "秘密子会社";
/// Counterparty of the contract that belongs to [`THEIRS`].
pub const SECRET: &str = "極秘商事株式会社";

pub struct Office {
    pub archive: Archive,
    pub server: Server,
    /// Ids of the two contracts.
    pub ours: String,
    pub theirs: String,
}

/// Adds the second entity to the settings of an archive.
pub fn two_entities(archive: &Archive) {
    let path = archive.data().join("shosoin.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let second =
        format!("[[entity]]\nname = \"{THEIRS}\"\n[entity.calendar]\nfiscal_year_ends = \"12-31\"\n");
    fs::write(&path, format!("{settings}\n{second}")).unwrap();
}

/// Replaces a line of the settings.
pub fn set(archive: &Archive, key: &str, value: &str) {
    let path = archive.data().join("shosoin.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let line = settings.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
    fs::write(&path, settings.replace(&line, &format!("{key} = {value}"))).unwrap();
}

impl Office {
    pub fn open() -> Self {
        let archive = Archive::new();
        two_entities(&archive);
        let server = Server::start(&archive);
        let mut office = Self { archive, server, ours: String::new(), theirs: String::new() };
        let admin = office.server.token.clone();
        let ours = office.deposit(&admin, &metadata(OURS, "株式会社国税商事"), &pdf::contract("ours", 1_500));
        let theirs = office.deposit(&admin, &metadata(THEIRS, SECRET), &pdf::contract("theirs", 1_500));
        office.ours = text(&ours.json()["id"]).to_owned();
        office.theirs = text(&theirs.json()["id"]).to_owned();
        office
    }

    /// Adds a user by command, through the socket, and returns a token of theirs.
    pub fn hire(&self, name: &str, roles: &[&str], entities: &[&str]) -> String {
        let mut add = vec!["user", "add", name];
        roles.iter().for_each(|role| add.extend(["--role", role]));
        entities.iter().for_each(|entity| add.extend(["--entity", entity]));
        self.archive.json(add);
        let made = self.archive.json(["token", "create", name, "--name", "test"]);
        text(&made["token"]).to_owned()
    }

    /// One request with a token and a JSON body.
    pub fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let headers = [bearer.as_str(), "Content-Type: application/json"];
        http::send(&self.server.address, method, path, &headers, body.as_bytes()).unwrap()
    }

    pub fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, "GET", path, &Value::Null)
    }

    pub fn deposit(&self, token: &str, metadata: &Value, bytes: &[u8]) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        let body = form(metadata, "a.pdf", bytes);
        http::send(&self.server.address, "POST", "/api/v1/records", &[&bearer, FORM], &body).unwrap()
    }

    /// A command that acts with a token.
    pub fn command(&self, token: &str, args: &[&str]) -> Ran {
        Ran::of(self.archive.command(args).env("SHOSOIN_TOKEN", token))
    }

    /// Signs in on the page and returns the header with the cookie.
    pub fn sign_in(&self, token: &str) -> String {
        let own = ["Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"];
        let form = format!("token={token}");
        let answer = http::send(&self.server.address, "POST", "/sign-in", &own, form.as_bytes()).unwrap();
        let cookie = answer.headers.get("set-cookie").unwrap_or_else(|| panic!("{}", answer.text()));
        format!("Cookie: {}", cookie.split(';').next().unwrap())
    }

    /// A page as a signed-in browser gets it.
    pub fn page(&self, cookie: &str, path: &str) -> Answer {
        http::send(&self.server.address, "GET", path, &[cookie], b"").unwrap()
    }

    /// A form as a signed-in browser sends it from our own page.
    pub fn submit(&self, cookie: &str, path: &str, form: &str) -> Answer {
        let own = [cookie, "Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"];
        http::send(&self.server.address, "POST", path, &own, form.as_bytes()).unwrap()
    }
}

pub fn metadata(entity: &str, counterparty: &str) -> Value {
    json!({"entity": entity, "date": "2026-02-01", "counterparty": counterparty, "amount": "1100000"})
}
