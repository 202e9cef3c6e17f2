//! Settings about notices: when to remind, in which language, by mail and by webhook.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::ConfigError;

/// Longest secret file, in bytes.
const MAX_SECRET_BYTES: u64 = 4_096;
/// Shortest secret of a webhook, in bytes: what is shorter can be guessed from one signed message.
pub const MIN_WEBHOOK_SECRET_BYTES: usize = 16;
/// Most reminders of one date.
const MAX_STAGES: usize = 20;

/// `[notices]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticesConfig {
    /// Days before a date on which it is told, each once.
    pub days_before: Vec<u32>,
    pub language: NoticeLanguage,
    /// Whether counterparties and titles may stand in messages, which leave the archive unsealed.
    pub names: bool,
    /// Address under which people reach the pages; empty: messages have no links.
    pub link: String,
    pub mail: MailConfig,
    pub webhook: WebhookConfig,
}

/// Language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeLanguage {
    Ja,
    En,
    #[default]
    Both,
}

/// `[notices.mail]`; without a host no mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// PEM of the certificate authority of the mail server, if the system does not know it; relative to the data
    /// directory.
    pub ca_file: PathBuf,
    /// Without a user nobody signs in.
    pub user: String,
    pub password_file: PathBuf,
    pub from: String,
    pub to: Vec<String>,
}

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Upgraded before anything is said (RFC 3207); a server that cannot is sent nothing.
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    None,
}

/// `[notices.webhook]`; without a URL nothing is called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    pub url: String,
    /// File with the secret that messages are signed with.
    pub secret_file: PathBuf,
}

impl Default for NoticesConfig {
    fn default() -> Self {
        Self {
            days_before: vec![90, 30, 7, 0],
            language: NoticeLanguage::default(),
            names: false,
            link: String::new(),
            mail: MailConfig::default(),
            webhook: WebhookConfig::default(),
        }
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: MailTls::default(),
            ca_file: PathBuf::new(),
            user: String::new(),
            password_file: PathBuf::new(),
            from: String::new(),
            to: Vec::new(),
        }
    }
}

impl NoticesConfig {
    /// Refuses settings that cannot work or would give something away.
    ///
    /// # Errors
    /// A message naming the setting.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.days_before.is_empty() || self.days_before.len() > MAX_STAGES {
            return Err(format!("[notices] days_before needs 1 to {MAX_STAGES} numbers of days"));
        }
        self.mail.check()?;
        let url = self.webhook.url.as_str();
        if url.is_empty() {
            return Ok(());
        }
        let local = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"];
        if !url.starts_with("https://") && !local.iter().any(|start| url.starts_with(start)) {
            return Err("[notices.webhook] url must begin with https:// (or be on this machine)".into());
        }
        if self.webhook.secret_file.as_os_str().is_empty() {
            return Err(
                "[notices.webhook] secret_file is missing: without it anybody could send such messages"
                    .into(),
            );
        }
        Ok(())
    }
}

impl MailConfig {
    fn check(&self) -> Result<(), String> {
        if self.host.is_empty() {
            return Ok(());
        }
        if self.from.is_empty() || self.to.is_empty() {
            return Err("[notices.mail] needs from and at least one address in to".into());
        }
        let signs_in = !self.user.is_empty();
        if signs_in && self.password_file.as_os_str().is_empty() {
            return Err("[notices.mail] user needs password_file".into());
        }
        let local = ["127.0.0.1", "::1", "localhost"].contains(&self.host.as_str());
        if signs_in && self.tls == MailTls::None && !local {
            return Err(
                "[notices.mail] would send the password in the clear; use tls = \"starttls\" or \"implicit\""
                    .into(),
            );
        }
        Ok(())
    }
}

/// Reads a secret from its file, without the line end that editors add. Relative paths are below `root`.
///
/// # Errors
/// The file cannot be read, is empty or far too long.
pub fn read_secret(root: &Path, file: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let path = root.join(file);
    let unreadable = |source| ConfigError::Unreadable { path: path.clone(), source };
    let invalid = |message: &str| ConfigError::Invalid { path: path.clone(), message: message.into() };
    if std::fs::metadata(&path).map_err(unreadable)?.len() > MAX_SECRET_BYTES {
        return Err(invalid("is too long for a secret"));
    }
    let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(unreadable)?);
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(invalid("holds no secret")) } else { Ok(Zeroizing::new(secret.to_owned())) }
}

/// Reads a file of certificates in PEM. Relative paths are below `root`.
///
/// # Errors
/// The file cannot be read.
pub fn read_certificates(root: &Path, file: &Path) -> Result<Vec<u8>, ConfigError> {
    let path = root.join(file);
    std::fs::read(&path).map_err(|source| ConfigError::Unreadable { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(), String> {
        let config: NoticesConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check()
    }

    #[test]
    fn settings_that_would_give_something_away_are_refused() {
        assert_eq!(parse(""), Ok(()));
        let mail = "[mail]\nhost = \"mail.example\"\nfrom = \"a@example\"\nto = [\"b@example\"]\n";
        assert_eq!(parse(mail), Ok(()));
        let clear = format!("{mail}user = \"u\"\npassword_file = \"p\"\ntls = \"none\"\n");
        assert!(parse(&clear).unwrap_err().contains("in the clear"));
        assert!(parse(&format!("{mail}user = \"u\"\n")).unwrap_err().contains("password_file"));
        assert!(
            parse("[webhook]\nurl = \"http://example.com/x\"\nsecret_file = \"s\"")
                .unwrap_err()
                .contains("https")
        );
        assert!(parse("[webhook]\nurl = \"https://example.com/x\"").unwrap_err().contains("secret_file"));
        assert!(parse("[mail]\nhost = \"x\"").unwrap_err().contains("from"));
        assert!(parse("days_before = []").unwrap_err().contains("days_before"));
    }

    #[test]
    fn a_secret_is_read_without_its_line_end() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("s"), "pass word\r\n").unwrap();
        assert_eq!(*read_secret(home.path(), Path::new("s")).unwrap(), "pass word");
        std::fs::write(home.path().join("s"), "\n").unwrap();
        assert!(read_secret(home.path(), Path::new("s")).is_err());
        assert!(read_secret(home.path(), Path::new("nothing")).is_err());
    }
}
