//! A running server in a process group of its own, ended with its test.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Archive, pdf, text};

/// A server that answers.
pub struct Server {
    child: Child,
    pub address: String,
    pub token: String,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts `serve` on a free port and waits until it listens.
    pub fn start(archive: &Archive) -> Self {
        Self::start_with(archive, &mut archive.command(["serve", "--listen", "127.0.0.1:0"]))
    }

    pub fn start_with(archive: &Archive, command: &mut Command) -> Self {
        let mut child =
            command.stderr(Stdio::piped()).stdout(Stdio::null()).process_group(0).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (addresses, reader) = follow(child.stderr.take().unwrap(), said.clone());
        let found = addresses.recv_timeout(Duration::from_secs(60));
        let address = found.unwrap_or_else(|_| panic!("the server does not start: {}", said.lock().unwrap()));
        Self { child, address, token: archive.admin_token.clone(), said, reader: Some(reader) }
    }

    /// What it wrote to stderr so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Sends a signal to its whole process group.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// `kill -9`, unless that happened already, and waits for its end.
    pub fn kill(mut self) -> String {
        // Fails only for a process that is gone, which is what is wanted.
        let _ = self.child.kill();
        self.wait()
    }

    /// `SIGTERM`, after which it must end well.
    pub fn stop(mut self) -> String {
        signal(&self.child, "TERM");
        let said = self.wait();
        assert!(!said.contains("panicked at"), "{said}");
        said
    }

    fn wait(&mut self) -> String {
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.said()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already in most tests; one that failed must not leave it behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to the process group that `child` leads.
pub fn signal(child: &Child, name: &str) {
    let group = format!("-{}", child.id());
    let sent = Command::new("kill").args([&format!("-{name}"), "--", &group]).status().unwrap();
    assert!(sent.success(), "kill -{name} -- {group}");
}

/// Reads what the server says; the address comes as soon as it is said.
fn follow(
    stderr: impl Read + Send + 'static,
    said: Arc<Mutex<String>>,
) -> (Receiver<String>, JoinHandle<()>) {
    let (sender, receiver) = channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if let Some((_, rest)) = line.split_once("listening on http://") {
                let _ = sender.send(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
    (receiver, reader)
}

/// Metadata that a deposit accepts.
pub fn metadata() -> Value {
    json!({"date": "2026-02-01", "counterparty": "株式会社国税商事", "amount": "1100000"})
}

/// A server with one contract, and the contract's id.
pub fn served() -> (Archive, Server, String) {
    let archive = Archive::new();
    let server = Server::start(&archive);
    let answer = server.deposit(&metadata(), "a.pdf", &pdf::contract("one", 1_500)).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = text(&answer.json()["id"]).to_owned();
    (archive, server, id)
}
