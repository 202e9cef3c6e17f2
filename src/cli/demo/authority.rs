//! A timestamp authority for the demo alone: OpenSSL's `ts` behind HTTP on this machine, with keys made on the spot.
//!
//! Its timestamps prove nothing to anybody: whoever runs the demo holds its keys. It goes with the demo's process.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::cli::CliError;

/// What OpenSSL reads; the extensions are those that RFC 3161, 2.3 asks of an authority's certificate.
const CONFIG: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
O = Shosoin demo
CN = Demo timestamps, worth nothing
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamp]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[t]
serial = serial
signer_cert = stamp.pem
signer_key = stamp.key
certs = root.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
";

/// How the keys and certificates are made: a root for thirty years, and a certificate for timestamps for eleven.
const MAKING: [&str; 3] = [
    "req -new -x509 -days 10950 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem \
     -config conf -extensions root",
    "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout stamp.key -out stamp.csr -config conf",
    "x509 -req -in stamp.csr -CA root.pem -CAkey root.key -set_serial 2 -days 4015 -out stamp.pem -extfile conf \
     -extensions stamp",
];

/// The authority; it answers as long as the process lives.
pub struct Authority {
    address: SocketAddr,
    root: PathBuf,
}

/// The directory with keys and certificates; locked, because OpenSSL counts serial numbers in a file there.
type Home = Arc<Mutex<PathBuf>>;

impl Authority {
    /// Makes one in the new directory `home`; `None` when this machine has no OpenSSL.
    ///
    /// # Errors
    /// When the directory cannot be written, or OpenSSL fails.
    pub fn start(home: &Path) -> Result<Option<Self>, CliError> {
        if Command::new("openssl").arg("version").output().is_err() {
            return Ok(None);
        }
        let made = || -> io::Result<TcpListener> {
            fs::create_dir(home)?;
            fs::write(home.join("conf"), CONFIG)?;
            fs::write(home.join("serial"), "01\n")?;
            MAKING.iter().try_for_each(|arguments| openssl(home, arguments))?;
            let listener = TcpListener::bind("127.0.0.1:0")?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let failed = |error: io::Error| CliError::file(home, &error);
        let listener = made().map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let served = Arc::new(Mutex::new(home.to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        std::thread::spawn(move || runtime.block_on(serve(listener, served)));
        Ok(Some(Self { address, root: home.join("root.pem") }))
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The root certificate to believe, PEM.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// RFC 3161, 3.4: requests and answers over HTTP.
async fn serve(listener: TcpListener, home: Home) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    // It ends with the process; an error on the way shows as an authority that does not answer.
    let _ = axum::serve(listener, Router::new().route("/", post(answer)).with_state(home)).await;
}

async fn answer(State(home): State<Home>, query: Bytes) -> Response {
    let home = home.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = fs::write(home.join("query"), &query)
        .and_then(|()| openssl(&home, "ts -reply -config conf -section t -queryfile query -out reply"))
        .and_then(|()| fs::read(home.join("reply")));
    match answered {
        Ok(reply) => ([(header::CONTENT_TYPE, "application/timestamp-reply")], reply).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn openssl(home: &Path, arguments: &str) -> io::Result<()> {
    let done = Command::new("openssl").current_dir(home).args(arguments.split_whitespace()).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(io::Error::other(format!("openssl {arguments}: {}", said.trim())))
}
