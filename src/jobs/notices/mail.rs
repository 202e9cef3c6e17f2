//! A digest by mail: one plain-text message over SMTP (RFC 5321), encrypted unless the settings say otherwise.

use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message as Mail, SmtpTransport, Transport};

use super::SendError;
use super::text::Message;
use crate::config::{MailConfig, MailTls, NoticesConfig, read_certificates, read_secret};

/// From connecting to each answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Tells other programs not to answer (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// Sends `message` to every receiver of the settings. `id` makes a repetition recognisable.
///
/// # Errors
/// What the settings or the mail server are lacking, in words. Nothing is sent without the encryption asked for.
pub fn send(
    config: &NoticesConfig,
    root: &std::path::Path,
    message: &Message,
    id: &str,
    at: DateTime<Utc>,
) -> Result<(), SendError> {
    let mail = build(&config.mail, message, id, at)?;
    let transport = transport(&config.mail, root)?;
    transport.send(&mail).map(drop).map_err(|error| SendError::Refused(explain(&error)))
}

fn build(config: &MailConfig, message: &Message, id: &str, at: DateTime<Utc>) -> Result<Mail, SendError> {
    let from = mailbox(&config.from)?;
    let domain = from.email.domain().to_owned();
    let mut mail: MessageBuilder = Mail::builder()
        .from(from)
        .subject(&message.subject)
        .date(at.into())
        .message_id(Some(format!("<{id}@{domain}>")))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for to in &config.to {
        mail = mail.to(mailbox(to)?);
    }
    mail.body(message.body.clone()).map_err(|error| SendError::Settings(error.to_string()))
}

fn mailbox(text: &str) -> Result<Mailbox, SendError> {
    text.parse()
        .map_err(|error| SendError::Settings(format!("[notices.mail] {text:?} is no mail address: {error}")))
}

fn transport(config: &MailConfig, root: &std::path::Path) -> Result<SmtpTransport, SendError> {
    let tls = || {
        let mut parameters = TlsParameters::builder(config.host.clone());
        if !config.ca_file.as_os_str().is_empty() {
            let pem = read_certificates(root, &config.ca_file).map_err(settings)?;
            parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(settings)?);
        }
        parameters.build().map_err(settings)
    };
    let tls = match config.tls {
        MailTls::Starttls => Tls::Required(tls()?),
        MailTls::Implicit => Tls::Wrapper(tls()?),
        MailTls::None => Tls::None,
    };
    // "Dangerous" is lettre's word for a builder without encryption; the line after it decides that.
    let mut transport =
        SmtpTransport::builder_dangerous(&config.host).port(config.port).tls(tls).timeout(Some(TIMEOUT));
    if !config.user.is_empty() {
        let password = read_secret(root, &config.password_file).map_err(settings)?;
        transport = transport.credentials(Credentials::new(config.user.clone(), password.to_string()));
    }
    Ok(transport.build())
}

fn settings(error: impl std::fmt::Display) -> SendError {
    SendError::Settings(format!("[notices.mail] {error}"))
}

/// lettre's error with what lies behind it: "Connection error" alone helps nobody.
fn explain(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
