//! A small HTTP/1.1 client over a plain TCP stream, so that the tests decide every byte that is sent.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::server::Server;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer is a problem (RFC 9457) with this status; returns its `code`.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let kind = self.headers.get("content-type").map(String::as_str);
        assert_eq!(kind, Some("application/problem+json"), "{status} {}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail", "code"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        problem["code"].as_str().unwrap().to_owned()
    }
}

/// Sends bytes as they are and reads until the server closes.
pub fn raw(address: &str, request: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    // A server may answer and close before it has read everything.
    let sent = stream.write_all(request);
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    parse(&bytes).ok_or_else(|| {
        let detail = format!("no answer: sent {sent:?}, read {read:?}, {} bytes", bytes.len());
        std::io::Error::other(detail)
    })
}

/// One request with a body and its length; `headers` come as whole lines.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    headers.iter().for_each(|header| request.push_str(&format!("{header}\r\n")));
    if !body.is_empty() || method != "GET" {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    raw(address, &[request.as_bytes(), body].concat())
}

impl Server {
    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        send(&self.address, "GET", path, &[&self.bearer()], b"").unwrap()
    }

    pub fn post(&self, path: &str, body: &Value, headers: &[&str]) -> Answer {
        let bearer = self.bearer();
        let all = [&[bearer.as_str(), "Content-Type: application/json"], headers].concat();
        send(&self.address, "POST", path, &all, body.to_string().as_bytes()).unwrap()
    }

    /// Deposits a contract; fails only when the connection does.
    pub fn deposit(&self, metadata: &Value, name: &str, bytes: &[u8]) -> std::io::Result<Answer> {
        let headers = [&self.bearer(), FORM];
        send(&self.address, "POST", "/api/v1/records", &headers, &form(metadata, name, bytes))
    }
}

pub const FORM: &str = "Content-Type: multipart/form-data; boundary=frontier";

/// The body of a deposit (RFC 7578), boundary `frontier`.
pub fn form(metadata: &Value, name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--frontier--\r\n"].concat()
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers: HashMap<_, _> =
        pairs.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    let body = &bytes[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    let whole = headers.get("content-length").is_none_or(|length| length.parse() == Ok(body.len()));
    whole.then_some(Answer { status, headers, body })
}

/// `None` when the last chunk is missing: the answer was broken off.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?, 16).ok()?;
        rest = &rest[line + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}
