//! Judging signatures: the roots this archive trusts, and the panel of a contract.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Archive;
use super::error::ArchiveError;
use super::permit::{Action, permit};
use super::principal::Principal;
use crate::config::{ConfigError, SignaturesConfig};
use crate::panel::{self, Panel};
use crate::pdf;
use crate::pki::fetch::{Fetcher, HttpFetcher, Limits, Remembering};
use crate::pki::revocation::Evidence;
use crate::pki::trust::TrustStore;

/// The roots that `[signatures]` names, read once when the archive is opened.
///
/// # Errors
/// [`ArchiveError::Config`] when a directory or list cannot be read, naming it.
pub(super) fn load_trust(data: &Path, config: &SignaturesConfig) -> Result<TrustStore, ArchiveError> {
    let mut trust = if config.system_roots { TrustStore::system() } else { TrustStore::default() };
    trust = trust.unwrapping(pdf::security_settings);
    for place in &config.trust {
        let place = data.join(place);
        trust.add_path(&place).map_err(|error| {
            let (path, message) = (data.join("shosoin.toml"), format!("[signatures] trust: {error}"));
            ArchiveError::Config(ConfigError::Invalid { path, message })
        })?;
    }
    Ok(trust)
}

/// Who asks the authorities, if `[signatures] fetch` says so. Nothing is sent yet.
pub(super) fn fetcher(config: &SignaturesConfig) -> Option<Arc<dyn Fetcher>> {
    let limits = Limits {
        timeout: Duration::from_secs(config.fetch_timeout_seconds),
        max_bytes: config.fetch_max_bytes,
        allow_private: config.fetch_private,
    };
    config.fetch.then(|| -> Arc<dyn Fetcher> { Arc::new(Remembering::new(HttpFetcher::for_system(limits))) })
}

impl Archive {
    /// The panel of a file that somebody has at hand. Nothing is stored.
    ///
    /// # Errors
    /// [`ArchiveError::Forbidden`]
    pub fn inspect(&self, who: &Principal, bytes: &[u8]) -> Result<Panel, ArchiveError> {
        permit(who, Action::Status)?;
        Ok(self.judge(bytes))
    }

    /// What the signatures of `file` prove, now and under the roots that this archive trusts. Total: a file that cannot be
    /// judged gets a panel that says so.
    pub fn judge<'a>(&self, file: impl Into<panel::File<'a>>) -> Panel {
        self.judge_at(file, self.now())
    }

    /// The same, as it is at another moment.
    pub fn judge_at<'a>(&self, file: impl Into<panel::File<'a>>, at: DateTime<Utc>) -> Panel {
        panel::examine_fetching(file, &self.trust, at, &Evidence::default(), self.fetcher.as_deref())
    }
}
