//! Style sheet and pictures, part of the program. Their names hold a digest, so browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::record::Digest;

/// One file, as it was when the program was built.
struct Asset {
    /// `style.0123456789abcdef.css`
    file: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, content: &'static str) -> Self {
        let digest = Digest::of(content.as_bytes()).to_string();
        let short: String = digest.chars().take(16).collect();
        Self { file: format!("{stem}.{short}.{extension}"), kind, content }
    }

    fn path(&self) -> String {
        format!("/assets/{}", self.file)
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));
static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark", "svg", "image/svg+xml", include_str!("assets/mark.svg")));

/// Where the style sheet is.
pub fn style() -> String {
    STYLE.path()
}

/// Where the storehouse is, drawn.
pub fn mark() -> String {
    MARK.path()
}

/// Serves one asset. Anything else under `/assets/` does not exist, also an older version of a file.
pub async fn asset(Path(file): Path<String>) -> Response {
    let Some(asset) = [&*STYLE, &*MARK].into_iter().find(|asset| asset.file == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_asset_changes_with_its_content() {
        let (one, other) = (Asset::new("style", "css", "", "a{}"), Asset::new("style", "css", "", "b{}"));
        assert_ne!(one.file, other.file);
        assert!(one.path().starts_with("/assets/style.") && one.path().ends_with(".css"));
    }
}
