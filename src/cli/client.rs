//! The API as the commands use it: typed requests, answers or errors.

use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CliError;
use super::runtime::Runtime;
use super::transport::Transport;
use crate::archive::Options;
use crate::web::Problem;
use crate::web::api::input::MetadataInput;

/// Longest JSON answer read into memory, in bytes; larger ones are streamed by their commands.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// A connection to the archive, and the threads that serve it.
pub struct Client {
    runtime: Runtime,
    transport: Transport,
}

impl Client {
    /// Reaches the archive in `data`, whoever has it open.
    ///
    /// # Errors
    /// See [`Transport::open`].
    pub fn open(data: &Path) -> Result<Self, CliError> {
        Self::open_with(data, super::passphrase::options())
    }

    /// The same for who has the key open already.
    ///
    /// # Errors
    /// See [`Transport::open`].
    pub fn open_with(data: &Path, options: Options) -> Result<Self, CliError> {
        let runtime = Runtime::start()?;
        let transport = runtime.block_on(Transport::open(data, options))?;
        Ok(Self { runtime, transport })
    }

    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Runs `work`; Ctrl-C ends it with exit code 130.
    pub fn run<T>(&self, work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
        self.runtime.block_on(work)
    }

    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CliError> {
        self.run(json(&self.transport, Method::GET, path, Body::empty()))
    }

    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CliError> {
        self.send(Method::POST, path, body)
    }

    /// Sends a JSON body.
    pub fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CliError> {
        let body = serde_json::to_vec(body).map_err(|error| {
            CliError::new("internal", format!("the request cannot be written: {error}"), None)
        })?;
        self.run(json(&self.transport, method, path, Body::from(body)))
    }

    /// Streams an answer to `sink`; returns the headers.
    pub fn download(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        mut sink: impl FnMut(&axum::http::HeaderMap, &[u8]) -> Result<(), CliError>,
    ) -> Result<axum::http::HeaderMap, CliError> {
        self.run(async {
            let response =
                succeed(self.transport.send(request(method, path, Body::from(body))?).await?).await?;
            let (parts, mut body) = response.into_parts();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| broken(&error))?;
                if let Some(bytes) = frame.data_ref() {
                    sink(&parts.headers, bytes)?;
                }
            }
            Ok(parts.headers)
        })
    }
}

/// Sends a deposit form.
///
/// # Errors
/// The problem that the server answered with, or a lost connection.
pub async fn deposit<T: DeserializeOwned>(
    transport: &Transport,
    path: &str,
    metadata: &MetadataInput,
    file_name: &str,
    bytes: Vec<u8>,
) -> Result<(u16, T), CliError> {
    let (content_type, form) = form(metadata, file_name, bytes)?;
    let length = form.len();
    let mut request = request(Method::POST, path, Body::from(form))?;
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_str(&content_type).map_err(|error| broken(&error))?,
    );
    headers.insert(header::CONTENT_LENGTH, header::HeaderValue::from(length));
    let response = succeed(transport.send(request).await?).await?;
    Ok((response.status().as_u16(), read_json(response).await?))
}

/// A `multipart/form-data` body (RFC 7578) with the two parts of a deposit.
fn form(metadata: &MetadataInput, file_name: &str, bytes: Vec<u8>) -> Result<(String, Bytes), CliError> {
    let boundary = format!("shosoin-{}", uuid::Uuid::new_v4().simple());
    let metadata = serde_json::to_string(metadata).map_err(|error| {
        CliError::new("internal", format!("the request cannot be written: {error}"), None)
    })?;
    // RFC 7578 section 4.2: names in UTF-8, with quotes and line ends percent-encoded as browsers do.
    let name = file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let mut form = Vec::with_capacity(head.len() + bytes.len() + tail.len());
    form.extend_from_slice(head.as_bytes());
    form.extend_from_slice(&bytes);
    form.extend_from_slice(tail.as_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), form.into()))
}

/// Sends a request and reads the JSON of its answer.
///
/// # Errors
/// The problem that the server answered with, or a lost connection.
pub async fn json<T: DeserializeOwned>(
    transport: &Transport,
    method: Method,
    path: &str,
    body: Body,
) -> Result<T, CliError> {
    let response = succeed(transport.send(request(method, path, body)?).await?).await?;
    read_json(response).await
}

fn request(method: Method, path: &str, body: Body) -> Result<Request<Body>, CliError> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(|error| CliError::usage(format!("{path}: {error}")))
}

/// Passes a good answer on and turns any other into an error.
async fn succeed(response: Response<Body>) -> Result<Response<Body>, CliError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    match read_json::<Problem>(response).await {
        Ok(problem) => Err(problem.into()),
        Err(_) => {
            Err(CliError::new("internal", format!("the server answered {status} without saying why"), None))
        }
    }
}

async fn read_json<T: DeserializeOwned>(response: Response<Body>) -> Result<T, CliError> {
    let bytes =
        axum::body::to_bytes(response.into_body(), MAX_ANSWER_BYTES).await.map_err(|error| broken(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(&error))
}

fn broken(error: &dyn std::fmt::Display) -> CliError {
    CliError::new(
        "unreachable",
        format!("the answer broke off: {error}"),
        Some("look into the server's log, then repeat"),
    )
}

/// `path?a=1&b=2` from a serialisable set of parameters.
///
/// # Errors
/// When a parameter is not a plain value.
pub fn with_query(path: &str, parameters: &impl Serialize) -> Result<String, CliError> {
    let value = serde_json::to_value(parameters).map_err(|error| CliError::usage(error.to_string()))?;
    let pairs = value.as_object().into_iter().flatten().filter_map(|(key, value)| {
        let text = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(format!("{key}={}", percent_encode(&text)))
    });
    Ok(format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::SearchRequest;

    #[test]
    fn parameters_travel_encoded_and_blank_ones_stay_at_home() {
        let request =
            SearchRequest { counterparty: Some("株 & Co".into()), limit: Some(3), ..Default::default() };
        let path = with_query("/api/v1/records", &request).expect("a path");
        assert_eq!(path, "/api/v1/records?counterparty=%E6%A0%AA%20%26%20Co&limit=3");
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_part() {
        let (_, form) = form(&MetadataInput::default(), "a\"\r\nX: y.pdf", Vec::new()).expect("a form");
        let text = String::from_utf8(form.to_vec()).expect("text");
        assert!(text.contains("filename=\"a%22%0D%0AX: y.pdf\""), "{text}");
    }
}
