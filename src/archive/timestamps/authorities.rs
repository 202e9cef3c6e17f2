//! The authorities of the configuration, the roots that are believed, and what time a token says it is.

use std::path::Path;
use std::time::Duration;

use super::rows;
use super::trees::hex;
use crate::archive::Archive;
use crate::archive::disposition::TrustedTime;
use crate::archive::error::ArchiveError;
use crate::config::AuthorityConfig;
use crate::evidence::authority::{Credentials, HttpAuthority, HttpSettings, TimestampAuthority};
use crate::evidence::{PkiJudge, Standing, standing};
use crate::pki::revocation::{Evidence, Provenance};
use crate::pki::token::TimestampToken;
use crate::store::View;

/// Longest file with a password, certificate or key, in bytes.
const MAX_CREDENTIAL_FILE: u64 = 1 << 20;

impl Archive {
    /// The authorities that `shosoin.toml` names, in their order.
    ///
    /// # Errors
    /// [`ArchiveError::NoTimestamp`] when there are none, or a file with credentials cannot be used.
    pub(super) fn authorities(&self) -> Result<Vec<Box<dyn TimestampAuthority>>, ArchiveError> {
        let settings = &self.config.timestamps;
        if settings.authorities.is_empty() {
            return Err(ArchiveError::NoTimestamp(
                "shosoin.toml names no timestamp authority; add one under [[timestamps.authority]]".into(),
            ));
        }
        let roots = rustls_native_certs::load_native_certs().certs;
        let tls_roots: Vec<Vec<u8>> = roots.iter().map(|root| root.as_ref().to_vec()).collect();
        let timeout = Duration::from_secs(settings.timeout_seconds.into());
        settings.authorities.iter().map(|one| self.authority(one, timeout, &tls_roots)).collect()
    }

    fn authority(
        &self,
        config: &AuthorityConfig,
        timeout: Duration,
        tls_roots: &[Vec<u8>],
    ) -> Result<Box<dyn TimestampAuthority>, ArchiveError> {
        let unusable = |why: String| ArchiveError::NoTimestamp(format!("authority {:?}: {why}", config.name));
        let file = |path: &Path| read_small(&self.layout.root().join(path));
        let credentials =
            match (&config.user, &config.password_file, &config.certificate_file, &config.key_file) {
                (Some(user), Some(password), None, None) => {
                    let password = String::from_utf8(file(password)?)
                        .map_err(|_| unusable("its password file is not text in UTF-8".into()))?;
                    Credentials::Basic { user: user.clone(), password: password.trim_end().to_owned() }
                }
                (None, None, Some(chain), Some(key)) => {
                    Credentials::Certificate { chain: file(chain)?, key: file(key)? }
                }
                _ => Credentials::None,
            };
        let policies = config.policies().map_err(unusable)?;
        let settings = HttpSettings {
            name: config.name.clone(),
            url: config.url.clone(),
            credentials,
            policies,
            timeout,
            tls_roots: tls_roots.to_vec(),
        };
        Ok(Box::new(HttpAuthority::new(settings).map_err(unusable)?))
    }

    /// Revocation data that was kept with the tokens.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn kept_revocation(&self, view: &dyn View) -> Result<Evidence, ArchiveError> {
        let mut evidence = Evidence::new();
        for token in rows::tokens(view)? {
            // What cannot be read proves nothing and harms nothing.
            let crls = token.crls.iter().map(|crl| evidence.add_crl(&crl.0, Provenance::Supplied));
            let unreadable = crls.filter(Result::is_err).count();
            let ocsps = token.ocsps.iter().map(|ocsp| evidence.add_ocsp(&ocsp.0, Provenance::Supplied));
            let unreadable = unreadable + ocsps.filter(Result::is_err).count();
            if unreadable > 0 {
                tracing::warn!(
                    token = token.id,
                    unreadable,
                    "revocation data kept with a timestamp is unreadable"
                );
            }
        }
        Ok(evidence)
    }

    /// The time that the newest of our tokens proves to have come; no clock of ours and no row is believed for it: the token
    /// is verified again, and the time is the one its authority signed.
    pub(in crate::archive) fn proven_time(&self) -> Option<TrustedTime> {
        let view = self.store.view();
        let tokens = rows::tokens(&*view).ok()?;
        let newest = tokens.iter().max_by_key(|token| token.gen_time)?;
        let token = TimestampToken::parse(&newest.token).ok()?;
        let revocation = self.kept_revocation(&*view).ok()?;
        let judge = PkiJudge { trust: &self.trust, revocation: &revocation, at: self.now() };
        if standing(&judge.conclude(&token, judge.at)) != Standing::Good {
            return None;
        }
        let proof = format!("{}, token {}", newest.signer, hex(&token.info().serial));
        Some(TrustedTime { time: token.info().gen_time, proof })
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    let length = std::fs::metadata(path).map_err(ArchiveError::io(path))?.len();
    if length > MAX_CREDENTIAL_FILE {
        return Err(ArchiveError::Invalid(format!(
            "{} is too large for what it should hold",
            path.display()
        )));
    }
    std::fs::read(path).map_err(ArchiveError::io(path))
}
