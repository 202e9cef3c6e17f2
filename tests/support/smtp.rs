//! A mail server that keeps what it is sent: enough of RFC 5321 for one client, with STARTTLS (RFC 3207) and AUTH PLAIN.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A message as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// It came over TLS.
    pub encrypted: bool,
    /// What AUTH PLAIN said, base64.
    pub auth: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed.
    pub data: String,
}

/// What the server is like.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    pub starttls: bool,
    /// Refuses every receiver.
    pub refuses: bool,
}

pub struct MailServer {
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    /// Every command line, over all connections.
    said: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (received, said) = (Arc::new(Mutex::default()), Arc::new(Mutex::default()));
        let server = Self { port, received, said };
        let (received, said) = (server.received.clone(), server.said.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                // A client that goes away is not the server's trouble.
                let _ = converse(stream, manners, &received, &said);
            }
        });
        server
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn converse(
    stream: TcpStream,
    manners: Manners,
    received: &Mutex<Vec<Received>>,
    said: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut wire = BufReader::new(Box::new(stream.try_clone()?) as Box<dyn Wire>);
    let mut mail = Received::default();
    answer(&mut wire, "220 test ESMTP")?;
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        said.lock().unwrap().push(line.clone());
        let upper = line.to_ascii_uppercase();
        if upper.starts_with("EHLO") {
            answer(&mut wire, "250-test")?;
            if manners.starttls && !mail.encrypted {
                answer(&mut wire, "250-STARTTLS")?;
            }
            answer(&mut wire, "250 AUTH PLAIN")?;
        } else if upper == "STARTTLS" {
            answer(&mut wire, "220 go ahead")?;
            let tls = ServerConnection::new(server_config()).unwrap();
            wire = BufReader::new(Box::new(StreamOwned::new(tls, stream.try_clone()?)));
            mail.encrypted = true;
        } else if let Some(secret) = line.strip_prefix("AUTH PLAIN ") {
            mail.auth = Some(secret.to_owned());
            answer(&mut wire, "235 welcome")?;
        } else if upper.starts_with("MAIL FROM:") {
            mail.from = line[10..].to_owned();
            answer(&mut wire, "250 ok")?;
        } else if upper.starts_with("RCPT TO:") {
            mail.to.push(line[8..].to_owned());
            answer(&mut wire, if manners.refuses { "550 no such person" } else { "250 ok" })?;
        } else if upper == "DATA" {
            answer(&mut wire, "354 go on")?;
            mail.data = read_data(&mut wire)?;
            received.lock().unwrap().push(mail.clone());
            answer(&mut wire, "250 kept")?;
        } else if upper == "QUIT" {
            return answer(&mut wire, "221 bye");
        } else {
            answer(&mut wire, "250 ok")?;
        }
    }
}

fn read_data(wire: &mut impl BufRead) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn answer(wire: &mut BufReader<Box<dyn Wire>>, text: &str) -> std::io::Result<()> {
    wire.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
    wire.get_mut().flush()
}

/// Where the certificates of the tests are.
pub fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mail").join(name)
}

fn server_config() -> Arc<ServerConfig> {
    let chain =
        CertificateDer::pem_file_iter(fixture("localhost.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(fixture("localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
}
