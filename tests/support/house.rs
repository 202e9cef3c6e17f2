//! An archive that a test closes, opens with other settings, and moves through time, with the roots that it believes.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use shosoin::archive::{Archive, Clock, Deposit, Options, Principal, create};
use shosoin::pki::fetch::Fetcher;
use shosoin::pki::trust::TrustStore;
use shosoin::record::{Metadata, RecordId};
use tempfile::TempDir;

use super::authority::{Authority, Server};

/// A clock that stands where it was put.
pub struct Stopped(pub Mutex<DateTime<Utc>>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// An archive that can be closed and opened again with other settings.
pub struct House {
    pub home: TempDir,
    pub clock: Arc<Stopped>,
    pub trust: TrustStore,
}

impl House {
    pub fn new(moment: &str) -> Self {
        let home = TempDir::new().unwrap();
        create(&home.path().join("archive")).unwrap();
        let house = Self {
            home,
            clock: Arc::new(Stopped(Mutex::new(moment.parse().unwrap()))),
            trust: TrustStore::empty(),
        };
        fs::create_dir_all(house.data().join("trust")).unwrap();
        house
    }

    pub fn data(&self) -> PathBuf {
        self.home.path().join("archive")
    }

    pub fn set_clock(&self, moment: &str) {
        *self.clock.0.lock().unwrap() = moment.parse().unwrap();
    }

    /// Believes an authority's root.
    pub fn trust(&mut self, name: &str, authority: &Authority) {
        self.trust_pem(name, &fs::read(authority.root()).unwrap());
    }

    pub fn trust_pem(&mut self, name: &str, pem: &[u8]) {
        fs::write(self.data().join("trust").join(format!("{name}.pem")), pem).unwrap();
        self.trust.add_pem(pem).unwrap();
    }

    /// Opens the archive with these settings in `[timestamps]` and these authorities.
    pub fn open(&self, settings: &str, servers: &[&Server]) -> Archive {
        self.open_fetching(settings, servers, None)
    }

    /// The same; certificate authorities are asked by `fetcher`.
    pub fn open_fetching(
        &self,
        settings: &str,
        servers: &[&Server],
        fetcher: Option<Arc<dyn Fetcher>>,
    ) -> Archive {
        let path = self.data().join("shosoin.toml");
        let template = shosoin::config::TEMPLATE;
        let mut text = template[..template.find("[timestamps]").unwrap()].to_owned();
        text = text.replace("trust = []", "trust = [\"trust\"]");
        text += &format!("[timestamps]\n{settings}\n");
        for (number, server) in servers.iter().enumerate() {
            text +=
                &format!("[[timestamps.authority]]\nname = \"tsa{number}\"\nurl = \"{}\"\n", server.url());
        }
        fs::write(path, text).unwrap();
        let options = Options { clock: self.clock.clone(), fetcher, ..Options::default() };
        Archive::open(&self.data(), options).unwrap()
    }
}

pub fn me() -> Principal {
    Principal::built_in("admin")
}

/// Deposits these bytes as a contract.
pub fn deposit_bytes(archive: &Archive, bytes: Vec<u8>) -> RecordId {
    let metadata: Metadata = serde_json::from_value(serde_json::json!({
        "transaction_date": "2026-02-01", "counterparty": {"name": "株式会社国税商事"}, "entity": "本社", "class": "contract"
    }))
    .unwrap();
    archive.deposit(&me(), Deposit { bytes, metadata }).unwrap().id
}
