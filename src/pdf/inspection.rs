//! What inspection of a file found, in the shapes that are stored and served.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The facts about one file that its bytes alone can tell.
///
/// Read `signatures` together with `signatures_readable`: an empty list means *unsigned* only when the
/// form of the file could be read to its end. Otherwise it means *cannot tell*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Inspection {
    pub format: Format,
    /// Number of pages; `None` when it cannot be told.
    pub pages: Option<u32>,
    /// The signatures and document timestamps found, in the order of the form's fields.
    pub signatures: Vec<SignatureSummary>,
    /// Whether `signatures` is known to be complete.
    pub signatures_readable: bool,
    /// The original and its incremental updates, counted; `None` when it cannot be told.
    pub revisions: Option<u32>,
    /// Why an undamaged PDF was not read to its end, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_read: Option<NotRead>,
}

/// What kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Format {
    /// A PDF. `version` is that of the header or of a later update, e.g. `1.7`.
    Pdf { version: String },
    /// It starts like a PDF but cannot be relied on as one.
    DamagedPdf { reason: Damage },
    /// A PDF whose contents are encrypted, with or without a password to open it.
    EncryptedPdf,
    /// Some other kind of file.
    NotPdf,
    /// No bytes at all.
    Empty,
}

/// What is wrong with a damaged PDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// Other bytes come before `%PDF-`, so every offset in the file is off.
    BytesBeforeHeader,
    /// The cross-reference table is missing or wrong (cut off in transfer, edited); it was rebuilt by
    /// scanning to read what is left.
    CrossReference,
    /// No document could be read at all.
    Unreadable,
    /// The file refers to objects that are missing or malformed.
    MissingObjects,
}

/// Why a file was not read to its end although it may be sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotRead {
    /// Larger than this release reads.
    TooLarge,
    /// It unpacks to more than this release reads.
    TooComplex,
    /// Reading did not end in time; another attempt may succeed.
    TookTooLong,
}

/// One signature or document timestamp as the file describes itself. Nothing here has been verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct SignatureSummary {
    /// Fully qualified name of the form field, e.g. `Sig1`.
    pub field: String,
    /// `/SubFilter`: `ETSI.CAdES.detached`, `adbe.pkcs7.detached`, `ETSI.RFC3161`, ...; empty if absent.
    pub subfilter: String,
    pub kind: SignatureKind,
    /// `/ByteRange` (ISO 32000-2, 12.8.1): offset and length of the bytes before and after the signature
    /// value. `None` if it is not four non-negative integers.
    pub byte_range: Option<[u64; 4]>,
    /// The range starts at 0, has one gap, and the gap is exactly the signature value.
    pub byte_range_sound: bool,
    /// The range is sound and ends at the end of the file: nothing was appended after it.
    pub covers_whole_file: bool,
    /// `/Name`: who the file says signed.
    pub signer: Option<String>,
    /// `/Reason`.
    pub reason: Option<String>,
    /// `/Location`.
    pub location: Option<String>,
    /// `/M`: when the file says it was signed, by the signer's own clock.
    pub claimed_time: Option<DateTime<Utc>>,
}

/// A person's (or service's) signature, or a timestamp over the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    Signature,
    Timestamp,
}

impl Inspection {
    /// Whether the file is a PDF, sound or not.
    pub fn is_pdf(&self) -> bool {
        matches!(self.format, Format::Pdf { .. } | Format::DamagedPdf { .. } | Format::EncryptedPdf)
    }

    /// Whether its contents are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.format == Format::EncryptedPdf
    }

    /// Whether it is a PDF that cannot be relied on as one.
    pub fn is_damaged(&self) -> bool {
        matches!(self.format, Format::DamagedPdf { .. })
    }

    /// Whether it carries signatures: `None` when that cannot be told.
    pub fn is_signed(&self) -> Option<bool> {
        match (self.signatures.is_empty(), self.signatures_readable) {
            (false, _) => Some(true),
            (true, true) => Some(false),
            (true, false) => None,
        }
    }

    /// An inspection that found `format` and nothing more.
    pub(super) fn bare(format: Format) -> Self {
        // A file that is no PDF certainly carries no PDF signature.
        let signatures_readable = matches!(format, Format::NotPdf | Format::Empty);
        Self {
            format,
            pages: None,
            signatures: Vec::new(),
            signatures_readable,
            revisions: None,
            not_read: None,
        }
    }
}
