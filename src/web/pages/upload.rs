//! An uploaded form: a file and the fields beside it, received within the memory that there is.

use axum::body::Bytes;
use axum::extract::Multipart;

use super::metadata_form::MetadataForm;
use crate::web::Problem;

/// Longest field beside the file, in bytes.
const MAX_FIELD_BYTES: usize = 16 << 10;
/// Most parts of a form that are looked at.
const MAX_PARTS: usize = 64;

/// What was sent.
#[derive(Default)]
pub struct Upload {
    pub form: MetadataForm,
    pub file_name: Option<String>,
    /// `None` when no file was chosen; an empty file is a file.
    pub bytes: Option<Bytes>,
}

/// Reads the parts. The body limit of the router bounds them all together.
///
/// # Errors
/// A form that breaks off, or a field that no person typed.
pub async fn read(mut parts: Multipart) -> Result<Upload, Problem> {
    let mut upload = Upload::default();
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(bad_form)? {
        count += 1;
        if count > MAX_PARTS {
            return Err(Problem::invalid("the form has too many parts"));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file_name = part.file_name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(bad_form)?;
            // Browsers send a nameless empty part when no file was chosen.
            if !file_name.is_empty() {
                (upload.file_name, upload.bytes) = (Some(file_name), Some(bytes));
            }
            continue;
        }
        let bytes = part.bytes().await.map_err(bad_form)?;
        if bytes.len() > MAX_FIELD_BYTES {
            return Err(Problem::invalid(format!("a field is longer than {MAX_FIELD_BYTES} bytes")));
        }
        upload.form.set(&name, String::from_utf8_lossy(&bytes));
    }
    Ok(upload)
}

fn bad_form(error: axum::extract::multipart::MultipartError) -> Problem {
    Problem::new(error.status(), "invalid", error.body_text(), None)
}
