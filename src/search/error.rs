//! What can go wrong with the index or a query, and what to do about it.

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system refused.
    #[error("the search index cannot be read or written: {0}; check the disk, then try again")]
    Io(#[source] std::io::Error),
    /// There is no index in this directory.
    #[error("there is no search index yet; run `shosoin index rebuild`")]
    Missing,
    /// A sealed file does not open: damaged, swapped, cut short, or sealed under another key.
    #[error("the search index is damaged ({0}); run `shosoin index rebuild`")]
    Damaged(String),
    /// Made by another version of the program.
    #[error("the search index was made by another version of Shosoin ({0}); run `shosoin index rebuild`")]
    Outdated(String),
    /// A document that the caller should not have sent.
    #[error("record {seq} cannot be indexed: {reason}")]
    Document { seq: u64, reason: String },
    /// tantivy itself failed in a way that a rebuild need not cure.
    #[error("the search index failed: {0}; if it stays so, run `shosoin index rebuild`")]
    Engine(String),
}

/// Why a query is refused.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error("{0} is not a number of results per page; give 1 to {max}", max = super::query::MAX_LIMIT)]
    Limit(usize),
    #[error("the cursor is damaged; start again from the first page")]
    MalformedCursor,
    #[error(
        "the cursor belongs to another search; start again from the first page or repeat the same conditions"
    )]
    ForeignCursor,
    #[error("the text to search for has no letters or digits; give at least one")]
    EmptyText,
    #[error("the text to search for is too long; give at most {max} characters", max = super::query::MAX_TEXT_QUERY_CHARS)]
    TextTooLong,
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl IndexError {
    /// Whether building the index again from the journal is the cure.
    pub fn needs_rebuild(&self) -> bool {
        matches!(self, Self::Missing | Self::Damaged(_) | Self::Outdated(_))
    }
}

impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // Both are how the sealed directory reports bytes that do not open.
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error),
        }
    }
}

impl From<tantivy::TantivyError> for IndexError {
    fn from(error: tantivy::TantivyError) -> Self {
        use tantivy::TantivyError as E;
        use tantivy::directory::error::OpenReadError;
        match error {
            E::OpenReadError(OpenReadError::FileDoesNotExist(path)) => {
                Self::Damaged(format!("{} is missing", path.display()))
            }
            E::OpenReadError(OpenReadError::IoError { io_error, .. }) | E::IoError(io_error) => {
                match io_error.kind() {
                    std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                        Self::Damaged(io_error.to_string())
                    }
                    kind => Self::Io(std::io::Error::new(kind, io_error.to_string())),
                }
            }
            E::DataCorruption(corruption) => Self::Damaged(format!("{corruption:?}")),
            E::IncompatibleIndex(what) => Self::Outdated(format!("{what:?}")),
            other => Self::Engine(other.to_string()),
        }
    }
}
