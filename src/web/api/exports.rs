//! Exports: a BagIt package, streamed while it is made.

use std::io::{self, Write};

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Body;
use crate::archive::{ArchiveError, ExportPlan, ExportSelection};
use crate::export::ZipSink;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Pieces on their way to a slow client; beyond it the export waits.
const PIECES_WAITING: usize = 16;
/// Bytes gathered into one piece.
const PIECE_BYTES: usize = 64 << 10;

/// Export records as a BagIt package (RFC 8493) in a ZIP. The export is journaled before the first byte leaves.
#[utoipa::path(post, path = "/api/v1/exports", request_body = ExportSelection,
    responses((status = 200, content_type = "application/zip", body = Vec<u8>,
               headers(("x-shosoin-records" = u64, description = "records in the package"),
                       ("x-shosoin-bytes" = u64, description = "bytes of their originals"))),
              (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(app): State<App>,
    Who(who): Who,
    Body(selection): Body<ExportSelection>,
) -> Result<Response, Problem> {
    let plan = app.run(move |archive| archive.plan_export(&who, &selection)).await?;
    Ok(zip_response(&app, plan))
}

/// A planned package as a ZIP, written while it is sent.
pub(super) fn zip_response(app: &App, plan: ExportPlan) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("x-shosoin-records", HeaderValue::from(plan.records()));
    headers.insert("x-shosoin-bytes", HeaderValue::from(plan.bytes()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"shosoin-export.zip\""),
    );
    let (out, body) = channel();
    let archive = app.archive.clone();
    tokio::task::spawn_blocking(move || {
        let buffered = io::BufWriter::with_capacity(PIECE_BYTES, &out);
        let zip = ZipSink::new(buffered, &plan.info().base_name(), plan.info().local_time());
        let written = zip
            .map_err(ArchiveError::io("export package"))
            .and_then(|zip| archive.export(plan, zip, &|_, _| {}));
        if let Err(error) = written {
            out.fail(error);
        }
    });
    (headers, HttpBody::from_stream(body)).into_response()
}

/// A pipe from blocking code that writes to a response body, bounded.
pub(super) fn channel() -> (Pipe, ReceiverStream<Result<Bytes, io::Error>>) {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    (Pipe(sender), ReceiverStream::new(receiver))
}

/// The writing end. Writing fails once the client has gone.
pub(super) struct Pipe(mpsc::Sender<Result<Bytes, io::Error>>);

impl Pipe {
    /// Breaks the answer off, so that the client notices that it is incomplete.
    pub(super) fn fail(&self, error: ArchiveError) {
        tracing::error!(%error, "a download broke off");
        // The client may be gone already; then nobody has to be told.
        let _ = self.0.blocking_send(Err(io::Error::other(error.to_string())));
    }
}

impl Write for &Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client closed the connection");
        self.0.blocking_send(Ok(piece)).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
