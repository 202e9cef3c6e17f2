//! A timestamp authority for tests: OpenSSL's `ts` with a root of its own, at any date, and a small HTTP server before it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// An authority with a root certificate of thirty years and a timestamping certificate of twelve.
pub struct Authority {
    home: TempDir,
    /// The moment at which it lives, e.g. `2026-04-01 00:00:00`; `None`: now.
    clock: Mutex<Option<String>>,
    /// OpenSSL counts serial numbers in a file.
    one_at_a_time: Mutex<()>,
}

const CONFIG: &str = "
[req]
distinguished_name = name
prompt = no
[name]
O = Test timestamps
CN = NAME
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamp]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[plain]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
[tsa]
default_tsa = t
[t]
serial = serial
signer_cert = stamp.pem
signer_key = stamp.key
certs = root.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
ess_cert_id_alg = sha256
";

impl Authority {
    /// An authority made at `born`; the moment it lives at from then on.
    pub fn new(name: &str, born: Option<&str>) -> Self {
        Self::with_config(&CONFIG.replace("NAME", name), born, "stamp")
    }

    /// An authority made at `born` whose certificate names a place where its revocation list is.
    pub fn with_list_at(name: &str, url: &str, born: Option<&str>) -> Self {
        let points = format!("[stamp]\ncrlDistributionPoints = URI:{url}");
        Self::with_config(&CONFIG.replace("NAME", name).replace("[stamp]", &points), born, "stamp")
    }

    fn with_config(config: &str, born: Option<&str>, extensions: &str) -> Self {
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("conf"), config).unwrap();
        fs::write(home.path().join("serial"), "01\n").unwrap();
        let authority =
            Self { home, clock: Mutex::new(born.map(str::to_owned)), one_at_a_time: Mutex::default() };
        authority.openssl(
            "req -new -x509 -days 10950 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem \
             -config conf -extensions root",
        );
        authority.openssl(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout stamp.key -out stamp.csr -config conf",
        );
        authority.openssl(&format!(
            "x509 -req -in stamp.csr -CA root.pem -CAkey root.key -set_serial 2 -days 4400 -out stamp.pem \
             -extfile conf -extensions {extensions}"
        ));
        authority
    }

    pub fn root(&self) -> PathBuf {
        self.home.path().join("root.pem")
    }

    /// Moves it to another moment.
    pub fn set_clock(&self, moment: &str) {
        *self.clock.lock().unwrap() = Some(moment.to_owned());
    }

    /// Answers a `TimeStampReq` in DER as it is sent over HTTP.
    pub fn answer(&self, query: &[u8]) -> Vec<u8> {
        let _guard = self.one_at_a_time.lock().unwrap();
        fs::write(self.home.path().join("query"), query).unwrap();
        self.openssl("ts -reply -config conf -section t -queryfile query -out reply");
        fs::read(self.home.path().join("reply")).unwrap()
    }

    /// Its revocation list, in DER; `revoked`: with its own timestamp certificate on it.
    pub fn list(&self, revoked: bool) -> Vec<u8> {
        let _guard = self.one_at_a_time.lock().unwrap();
        let config =
            "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n";
        fs::write(self.home.path().join("ca"), config).unwrap();
        fs::write(self.home.path().join("index.txt"), "").unwrap();
        if revoked {
            self.openssl("ca -config ca -keyfile root.key -cert root.pem -revoke stamp.pem");
        }
        self.openssl("ca -config ca -keyfile root.key -cert root.pem -gencrl -out list.pem");
        self.openssl("crl -in list.pem -outform DER -out list");
        fs::read(self.home.path().join("list")).unwrap()
    }

    /// A token that says `info` (TSTInfo in DER), soundly signed by a certificate of this authority that is not one for
    /// timestamps. OpenSSL's `ts` refuses to do that, its `cms` does not.
    pub fn misused(&self, info: &[u8]) -> Vec<u8> {
        let _guard = self.one_at_a_time.lock().unwrap();
        fs::write(self.home.path().join("info"), info).unwrap();
        self.openssl(
            "x509 -req -in stamp.csr -CA root.pem -CAkey root.key -set_serial 3 -days 4400 -out plain.pem \
             -extfile conf -extensions plain",
        );
        self.openssl(
            "cms -sign -binary -nodetach -cades -econtent_type 1.2.840.113549.1.9.16.1.4 -in info -signer plain.pem \
             -inkey stamp.key -certfile root.pem -outform DER -out misused",
        );
        fs::read(self.home.path().join("misused")).unwrap()
    }

    /// A token over `imprint`.
    pub fn token(&self, digest: &str, imprint: &[u8]) -> Vec<u8> {
        let _guard = self.one_at_a_time.lock().unwrap();
        let hex: String = imprint.iter().map(|byte| format!("{byte:02x}")).collect();
        self.openssl(&format!("ts -query -digest {hex} -{digest} -cert -out query"));
        self.openssl("ts -reply -config conf -section t -queryfile query -token_out -out token");
        fs::read(self.home.path().join("token")).unwrap()
    }

    /// Has OpenSSL verify a token over `imprint`, as of the authority's moment.
    pub fn verifies(&self, token: &[u8], imprint: &[u8]) -> bool {
        let _guard = self.one_at_a_time.lock().unwrap();
        fs::write(self.home.path().join("check"), token).unwrap();
        let hex: String = imprint.iter().map(|byte| format!("{byte:02x}")).collect();
        let output =
            self.try_openssl(&format!("ts -verify -digest {hex} -in check -token_in -CAfile root.pem"));
        output.status.success()
    }

    fn openssl(&self, arguments: &str) {
        let output = self.try_openssl(arguments);
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn try_openssl(&self, arguments: &str) -> Output {
        let clock = self.clock.lock().unwrap().clone();
        let mut command = match &clock {
            None => Command::new("openssl"),
            Some(moment) => {
                let mut command = Command::new("faketime");
                command.args(["-f", &format!("@{moment}"), "openssl"]);
                command
            }
        };
        command.current_dir(self.home.path()).env("TZ", "UTC").args(arguments.split_whitespace());
        command
            .output()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; apt-get install openssl faketime"))
    }
}

/// What the HTTP server does with a request: the bytes of the query in, status, content type and body out.
pub type Behaviour = dyn Fn(&[u8]) -> (u16, &'static str, Vec<u8>) + Send + Sync;

/// A small HTTP server on this machine.
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(behaviour: impl Fn(&[u8]) -> (u16, &'static str, Vec<u8>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, behaviour) = (asked.clone(), Arc::new(behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let behaviour = behaviour.clone();
                std::thread::spawn(move || serve(stream, &*behaviour));
            }
        });
        Self { address, asked }
    }

    /// An authority behind HTTP, as it should be.
    pub fn of(authority: Arc<Authority>) -> Self {
        Self::start(move |query| (200, "application/timestamp-reply", authority.answer(query)))
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Requests that came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, behaviour: &Behaviour) {
    let Some((head, body)) = read_request(&mut stream) else { return };
    let (status, kind, answer) = behaviour(&body);
    let challenge = if head.is_empty() { "" } else { "Connection: close\r\n" };
    let head = format!(
        "HTTP/1.1 {status} .\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{challenge}\r\n",
        answer.len()
    );
    // The other side may have hung up by now, which is for it to report.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer));
}

/// Head and body of a request with a `Content-Length`.
fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let read = stream.read(&mut part).ok()?;
        bytes.extend_from_slice(&part[..read]);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Some(0), |length| length.trim().parse().ok())?;
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        if read == 0 {
            return None;
        }
    }
}

/// True when the tools of this file are there. Their absence is said loudly; `SHOSOIN_NO_OPENSSL=1` accepts it.
pub fn available() -> bool {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if Command::new("openssl").arg("version").output().is_ok() && there("faketime") {
        return true;
    }
    assert!(
        std::env::var_os("SHOSOIN_NO_OPENSSL").is_some(),
        "openssl and faketime are needed (apt-get install openssl faketime), or set SHOSOIN_NO_OPENSSL=1 to go without"
    );
    eprintln!("SHOSOIN_NO_OPENSSL is set: nothing was checked against OpenSSL");
    false
}

/// BouncyCastle's jars as Debian installs them, for `tests/second_implementation/EvidenceCheck.java`.
pub fn bouncy_castle() -> Option<String> {
    let jars = ["bcprov", "bcpkix", "bcutil"].map(|name| format!("/usr/share/java/{name}.jar"));
    let java = Command::new("java").arg("-version").output().is_ok();
    if java && jars.iter().all(|jar| Path::new(jar).exists()) {
        return Some(jars.join(":"));
    }
    eprintln!(
        "NOT CHECKED WITH BOUNCYCASTLE: there is no java with its jars; \
         apt-get install default-jdk-headless libbcprov-java libbcpkix-java libbcutil-java"
    );
    None
}
