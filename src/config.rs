//! `shosoin.toml`: every setting with its default and its reason; unknown keys are refused.

mod notices;
mod people;
mod renditions;
mod timestamps;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use serde::Deserialize;

pub use notices::{
    MIN_WEBHOOK_SECRET_BYTES, MailConfig, MailTls, NoticeLanguage, NoticesConfig, WebhookConfig,
    read_certificates, read_secret,
};
pub use people::{DirectoryOwner, PeopleConfig, SocketReach};
pub use renditions::{RenditionsConfig, RenditionsWhen};
pub use timestamps::{AuthorityConfig, TimestampsConfig};

use crate::backup::Tier;
use crate::record::Currency;
use crate::retention::Calendar;

/// The file written by `init`, and the description of every setting.
pub const TEMPLATE: &str = include_str!("config.template.toml");

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: {message}")]
    Invalid { path: PathBuf, message: String },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub archive: ArchiveConfig,
    #[serde(default, rename = "entity")]
    pub entities: Vec<EntityConfig>,
    #[serde(default)]
    pub key: KeyConfig,
    #[serde(default)]
    pub server: ServerConfig,
    #[serde(default)]
    pub deposit: DepositConfig,
    #[serde(default)]
    pub search: SearchConfig,
    #[serde(default)]
    pub backup: BackupConfig,
    #[serde(default)]
    pub fixity: FixityConfig,
    #[serde(default)]
    pub signatures: SignaturesConfig,
    #[serde(default)]
    pub people: PeopleConfig,
    #[serde(default)]
    pub notices: NoticesConfig,
    #[serde(default)]
    pub timestamps: TimestampsConfig,
    #[serde(default)]
    pub renditions: RenditionsConfig,
    /// Schedules of jobs by name, `off` to switch one off; checked by `jobs`.
    #[serde(default)]
    pub jobs: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveConfig {
    pub zone: Tz,
    pub currency: Currency,
}

/// One of our own legal entities and its fiscal years.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityConfig {
    pub name: String,
    /// Without a calendar no end of retention is ever computed for this entity.
    #[serde(default)]
    pub calendar: Calendar,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyConfig {
    /// Relative to the data directory unless absolute.
    pub file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    pub listen: std::net::SocketAddr,
    pub session_hours: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepositConfig {
    pub max_bytes: u64,
    pub max_bytes_in_flight: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    pub writer_memory_bytes: usize,
    pub cache_bytes: usize,
}

/// Longest write-once protection, in days: what nobody can take back must not be a slip of the finger.
const MAX_WRITE_ONCE_DAYS: u32 = 30 * 366;

/// Where backups go and how long they stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// Directories of the repositories, relative to the data directory unless absolute; none: no such backups.
    pub daily: Option<PathBuf>,
    pub monthly: Option<PathBuf>,
    pub yearly: Option<PathBuf>,
    /// Generations kept in each.
    pub keep_daily: u32,
    pub keep_monthly: u32,
    pub keep_yearly: u32,
    /// Days for which generations of each may be neither changed nor removed once they are made; 0: no such protection.
    pub write_once_daily: u32,
    pub write_once_monthly: u32,
    pub write_once_yearly: u32,
    /// Days that wrapped keys are kept.
    pub key_set_days: u32,
    /// Seconds between the steps in which a server ships the journal to the daily repository; 0: never.
    pub ship_seconds: u32,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            daily: None,
            monthly: None,
            yearly: None,
            keep_daily: 35,
            keep_monthly: 24,
            keep_yearly: 12,
            write_once_daily: 0,
            write_once_monthly: 0,
            write_once_yearly: 0,
            key_set_days: 35,
            ship_seconds: 10,
        }
    }
}

impl BackupConfig {
    /// The repository of a tier, and how many generations it keeps.
    pub fn tier(&self, tier: Tier) -> (Option<&Path>, u32) {
        let (directory, keep) = match tier {
            Tier::Daily => (&self.daily, self.keep_daily),
            Tier::Monthly => (&self.monthly, self.keep_monthly),
            Tier::Yearly => (&self.yearly, self.keep_yearly),
        };
        (directory.as_deref(), keep)
    }

    /// Days for which generations of a tier are protected.
    pub fn write_once(&self, tier: Tier) -> u32 {
        match tier {
            Tier::Daily => self.write_once_daily,
            Tier::Monthly => self.write_once_monthly,
            Tier::Yearly => self.write_once_yearly,
        }
    }

    fn check(&self) -> Result<(), String> {
        if Tier::ALL.into_iter().any(|tier| self.write_once(tier) > MAX_WRITE_ONCE_DAYS) {
            return Err(format!(
                "[backup] write_once_daily, write_once_monthly and write_once_yearly are at most {MAX_WRITE_ONCE_DAYS} \
                 days (thirty years): nobody can take them back"
            ));
        }
        if [self.keep_daily, self.keep_monthly, self.keep_yearly].contains(&0) {
            return Err("[backup] keep_daily, keep_monthly and keep_yearly are at least 1".into());
        }
        let directories: Vec<_> = Tier::ALL.into_iter().filter_map(|tier| self.tier(tier).0).collect();
        if (1..directories.len()).any(|i| directories[..i].contains(&directories[i])) {
            return Err("[backup] daily, monthly and yearly need a directory each".into());
        }
        Ok(())
    }
}

/// How often every contract is read again.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FixityConfig {
    /// Nights in which all contracts are read once.
    pub days: u32,
    /// Bytes a second that the nightly reading takes at most, so that searches stay fast.
    pub bytes_per_second: u64,
}

impl Default for FixityConfig {
    fn default() -> Self {
        Self { days: 90, bytes_per_second: 50 << 20 }
    }
}

impl FixityConfig {
    fn check(&self) -> Result<(), String> {
        match self.days > 0 && self.bytes_per_second >= 1 << 20 {
            true => Ok(()),
            false => Err("[fixity] days is at least 1, bytes_per_second at least 1048576 (1 MiB)".into()),
        }
    }
}

/// Whose certificates are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignaturesConfig {
    /// The certificate authorities of the operating system.
    pub system_roots: bool,
    /// Files and directories with further roots, relative to the data directory unless absolute.
    pub trust: Vec<PathBuf>,
    /// Ask authorities for what a file does not hold: at deposits and in `verify`.
    pub fetch: bool,
    /// What one question may take, in seconds.
    pub fetch_timeout_seconds: u64,
    /// Longest answer, in bytes.
    pub fetch_max_bytes: u64,
    /// Allow addresses inside the company's own network.
    pub fetch_private: bool,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self { zone: chrono_tz::Asia::Tokyo, currency: Currency::JPY }
    }
}

impl Default for KeyConfig {
    fn default() -> Self {
        Self { file: "keys/kek.key".into() }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 8750).into(), session_hours: 12 }
    }
}

impl Default for DepositConfig {
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_bytes_in_flight: 512 << 20 }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self { writer_memory_bytes: 50_000_000, cache_bytes: 32 << 20 }
    }
}

impl Default for SignaturesConfig {
    fn default() -> Self {
        Self {
            system_roots: true,
            trust: Vec::new(),
            fetch: false,
            fetch_timeout_seconds: 5,
            fetch_max_bytes: 32 << 20,
            fetch_private: false,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key, or a value that makes no sense.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|message| ConfigError::Invalid { path: path.to_owned(), message })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.entities.is_empty() {
            return Err("there is no [[entity]]; name at least one of your own legal entities".into());
        }
        for (i, entity) in self.entities.iter().enumerate() {
            if entity.name.trim().is_empty() {
                return Err(format!("[[entity]] number {} has no name", i + 1));
            }
            if self.entities[..i].iter().any(|other| other.name == entity.name) {
                return Err(format!("two entities are named {:?}", entity.name));
            }
        }
        if self.deposit.max_bytes == 0 || self.deposit.max_bytes_in_flight < self.deposit.max_bytes {
            return Err("[deposit] max_bytes must be above zero and at most max_bytes_in_flight".into());
        }
        self.backup.check()?;
        self.fixity.check()?;
        self.notices.check()?;
        self.timestamps.check()?;
        self.renditions.check()?;
        if !self.server.listen.ip().is_loopback() {
            return Err(format!(
                "[server] listen is {}; this release speaks HTTP without TLS and listens on this machine only. \
                 Use 127.0.0.1 and put a TLS proxy in front",
                self.server.listen
            ));
        }
        Ok(())
    }

    /// The entity a record belongs to: the one named, or the only one there is.
    ///
    /// # Errors
    /// A message naming the entities to choose from.
    pub fn entity(&self, name: Option<&str>) -> Result<&EntityConfig, String> {
        self.entity_among(name, |_| true)
    }

    /// The entity a record belongs to, among those that somebody has to do with; the others are not spoken of.
    ///
    /// # Errors
    /// A message naming the entities to choose from.
    pub fn entity_among(
        &self,
        name: Option<&str>,
        within: impl Fn(&str) -> bool,
    ) -> Result<&EntityConfig, String> {
        let choice: Vec<_> = self.entities.iter().filter(|entity| within(&entity.name)).collect();
        let names = || choice.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
        match (name, choice.as_slice()) {
            (Some(name), _) => (choice.iter().find(|entity| entity.name == name).copied())
                .ok_or_else(|| format!("there is no entity {name:?}; choose one of: {}", names())),
            (None, [only]) => Ok(only),
            (None, _) => {
                Err(format!("this archive has several entities; choose one with --entity: {}", names()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_valid_configuration_that_says_the_defaults() {
        let config = Config::parse(TEMPLATE).expect("template");
        assert_eq!(config.deposit.max_bytes, DepositConfig::default().max_bytes);
        assert_eq!(config.deposit.max_bytes_in_flight, DepositConfig::default().max_bytes_in_flight);
        assert_eq!(config.server.listen, ServerConfig::default().listen);
        assert_eq!(config.server.session_hours, ServerConfig::default().session_hours);
        assert_eq!(config.archive.zone, ArchiveConfig::default().zone);
        assert_eq!(config.archive.currency, ArchiveConfig::default().currency);
        assert_eq!(config.key.file, KeyConfig::default().file);
        assert_eq!(config.search.cache_bytes, SearchConfig::default().cache_bytes);
        assert_eq!(config.signatures.system_roots, SignaturesConfig::default().system_roots);
        assert_eq!(config.signatures.trust, SignaturesConfig::default().trust);
        assert_eq!(config.signatures.fetch_max_bytes, SignaturesConfig::default().fetch_max_bytes);
        assert!(!config.signatures.fetch && !config.signatures.fetch_private);
        assert_eq!(config.notices.days_before, NoticesConfig::default().days_before);
        assert_eq!(config.notices.language, NoticesConfig::default().language);
        assert_eq!(config.notices.names, NoticesConfig::default().names);
        assert_eq!(config.notices.mail.port, MailConfig::default().port);
        assert_eq!(config.notices.mail.tls, MailConfig::default().tls);
        assert_eq!(config.people.directory_owner, DirectoryOwner::default());
        assert_eq!(config.people.socket, SocketReach::default());
        assert_eq!(config.timestamps, TimestampsConfig::default());
        assert_eq!(config.search.writer_memory_bytes, SearchConfig::default().writer_memory_bytes);
        let kept = |backup: &BackupConfig| Tier::ALL.map(|tier| backup.tier(tier).1);
        assert_eq!(kept(&config.backup), kept(&BackupConfig::default()));
        assert_eq!(Tier::ALL.map(|tier| config.backup.write_once(tier)), [0; 3]);
        assert_eq!(config.backup.key_set_days, BackupConfig::default().key_set_days);
        assert_eq!(config.backup.ship_seconds, BackupConfig::default().ship_seconds);
        assert_eq!(config.backup.daily, None);
        assert_eq!(config.fixity.days, FixityConfig::default().days);
        assert_eq!(config.fixity.bytes_per_second, FixityConfig::default().bytes_per_second);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = Config::parse(&format!("{TEMPLATE}\n[deposit2]\nx = 1\n")).unwrap_err();
        assert!(error.contains("deposit2"), "{error}");
    }

    #[test]
    fn an_address_that_the_network_reaches_is_refused() {
        let error = Config::parse(&TEMPLATE.replace("127.0.0.1:8750", "0.0.0.0:8750")).unwrap_err();
        assert!(error.contains("TLS"), "{error}");
    }

    #[test]
    fn backup_directories_are_apart_and_something_is_always_kept() {
        let with =
            |lines: &str| Config::parse(&TEMPLATE.replace("[backup]\n", &format!("[backup]\n{lines}")));
        let config = with("daily = \"/mnt/daily\"\n").unwrap();
        assert_eq!(config.backup.tier(Tier::Daily), (Some(Path::new("/mnt/daily")), 35));
        let same = with("daily = \"/mnt/x\"\nyearly = \"/mnt/x\"\n").unwrap_err();
        assert!(same.contains("a directory each"), "{same}");
        let none = Config::parse(&TEMPLATE.replace("keep_daily = 35", "keep_daily = 0")).unwrap_err();
        assert!(none.contains("at least 1"), "{none}");
        let protecting =
            |days: &str| TEMPLATE.replace("write_once_yearly = 0", &format!("write_once_yearly = {days}"));
        assert_eq!(Config::parse(&protecting("90")).unwrap().backup.write_once(Tier::Yearly), 90);
        let centuries = Config::parse(&protecting("100000")).unwrap_err();
        assert!(centuries.contains("write_once_yearly"), "{centuries}");
    }

    #[test]
    fn two_entities_of_one_name_are_refused() {
        let twice = "[[entity]]\nname = \"A\"\n".repeat(2);
        assert!(Config::parse(&twice).unwrap_err().contains("two entities"));
    }
}
