//! The retention policies in force, and the fiscal calendars they are applied to.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::Archive;
use super::clock::Clock;
use super::error::ArchiveError;
use super::permit::Action;
use super::principal::Principal;
use super::records::Loaded;
use super::show::later;
use crate::config::Config;
use crate::journal::Act;
use crate::record::{Metadata, RecordId};
use crate::retention::{Calendar, Decision, Facts, Policy, decide, parse_all};

/// Policies and calendars, read once when the archive is opened.
pub struct Policies {
    policies: Vec<Policy>,
    calendars: HashMap<String, Calendar>,
    zone: chrono_tz::Tz,
    clock: Arc<dyn Clock>,
}

impl Policies {
    /// Reads every `*.toml` of the directory.
    ///
    /// # Errors
    /// A policy or a fiscal year setting that cannot be used; nothing is guessed.
    pub fn load(directory: &Path, config: &Config, clock: Arc<dyn Clock>) -> Result<Self, ArchiveError> {
        let mut paths: Vec<_> = std::fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(ArchiveError::io(directory))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(ArchiveError::io(&path))?;
            files.push((path.display().to_string(), text));
        }
        let policies = parse_all(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
        let calendars =
            config.entities.iter().map(|entity| (entity.name.clone(), entity.calendar.clone())).collect();
        Ok(Self { policies, calendars, zone: config.archive.zone, clock })
    }

    pub fn list(&self) -> &[Policy] {
        &self.policies
    }

    /// Decides how long a record is kept, as of today in the archive's zone.
    ///
    /// # Errors
    /// When the record's entity is no longer in the settings: nothing is decided by guessing.
    pub fn decide(&self, metadata: &Metadata) -> Result<Decision, ArchiveError> {
        let calendar = self.calendars.get(&metadata.entity).ok_or_else(|| {
            ArchiveError::Invalid(format!("shosoin.toml names no entity {:?}; add it again", metadata.entity))
        })?;
        let facts = Facts::from(metadata);
        let today = self.clock.now().with_timezone(&self.zone).date_naive();
        Ok(decide(&facts, calendar, &self.policies, today))
    }
}

impl Archive {
    /// Why a record is kept how long.
    ///
    /// # Errors
    /// [`ArchiveError::NoSuchRecord`], or damage.
    pub fn retention_explain(&self, who: &Principal, id: RecordId) -> Result<Decision, ArchiveError> {
        let view = self.store.view();
        let record: Loaded = self.load_for(&*view, who, Action::Show, id)?;
        self.journal_look(who, Act::View, id)?;
        let mut decision = self.policies.decide(&record.latest(&*view)?.metadata)?;
        decision.retain_until = later(decision.retain_until, record.row.retain_until);
        Ok(decision)
    }

    /// The policies in force.
    pub fn retention_policies(&self) -> &[Policy] {
        self.policies.list()
    }
}
