//! The panel in the shape that is stored, served and shown.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Verdict, headline};
use crate::pdf::{Format, Inspection, NotRead, SignatureKind, SignatureSummary};
use crate::pki::validate::Reason;

/// Everything the signatures of one file prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Panel {
    pub format: Format,
    /// Number of pages; `None` when it cannot be told.
    pub pages: Option<u32>,
    /// The original and its incremental updates, counted; `None` when it cannot be told.
    pub revisions: Option<u32>,
    /// Whether `signatures` is known to be complete.
    pub signatures_readable: bool,
    /// Why an undamaged PDF was not read to its end, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_read: Option<NotRead>,
    /// In the order of the form's fields.
    pub signatures: Vec<PanelSignature>,
    pub verdict: Verdict,
    /// The verdict in a sentence.
    pub headline: Words,
    /// The moment for which this was judged; absent when signatures were listed but not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_at: Option<DateTime<Utc>>,
    /// When the newest protection of all signatures ends: until then the file proves itself, without help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<DateTime<Utc>>,
}

/// One signature or document timestamp, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct PanelSignature {
    /// Fully qualified name of the form field, e.g. `Sig1`.
    pub field: String,
    /// `/SubFilter`; empty if absent.
    pub subfilter: String,
    pub kind: SignatureKind,
    pub byte_range: Option<[u64; 4]>,
    /// The range starts at 0, has one gap, and the gap is exactly the signature value.
    pub byte_range_sound: bool,
    /// Nothing was appended after it.
    pub covers_whole_file: bool,
    /// Who signed, by the certificate; by `/Name` where the certificate cannot be read.
    pub signer: Option<String>,
    /// Distinguished name of the certificate's subject, RFC 4514.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Distinguished name of its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `/Reason` and `/Location`, as the signer typed them.
    pub reason: Option<String>,
    pub location: Option<String>,
    /// When it was signed: by a trustworthy timestamp if there is one, else as claimed.
    #[serde(default)]
    pub time: Option<DateTime<Utc>>,
    /// By the signer's own clock.
    pub claimed_time: Option<DateTime<Utc>>,
    /// By the timestamp in the signature, or by the document timestamp itself, if it is sound.
    #[serde(default)]
    pub timestamp_time: Option<DateTime<Utc>>,
    /// Since when a timestamp that is trusted proves that it existed: its own, or a document timestamp over it. Absent: nothing
    /// but the signer's word says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_time: Option<DateTime<Utc>>,
    /// Who made that timestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_authority: Option<Authority>,
    /// The signed bytes are those that were signed, and the signature is the certificate's.
    pub intact: Option<bool>,
    /// The document was changed after this signature in a way that is not allowed; `None`: cannot be told.
    pub modified_after: Option<bool>,
    /// What was added after it.
    #[serde(default)]
    pub later: Vec<Later>,
    /// `trusted`, `untrusted`, `expired`, `revoked` or `unknown`: the chain at the proven time.
    pub chain: Chain,
    /// Everything needed to judge it after its certificate's end is in the file.
    pub ltv: bool,
    /// Whether it certifies the document, and what it allows after it (ISO 32000-2, 12.8.2.2): 1, 2 or 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certification: Option<u8>,
    /// Digest and signature algorithm, e.g. `SHA-256, RSA 2048`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    pub verdict: Verdict,
    /// ETSI EN 319 102-1, table 6, e.g. `NO_CERTIFICATE_CHAIN_FOUND`; absent when passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<String>,
    /// Every reason for the verdict.
    #[serde(default)]
    pub reasons: Vec<Words>,
    /// When the certificate that protects it ends: the newest timestamp's, else the signer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_until: Option<DateTime<Utc>>,
}

/// A timestamp authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Authority {
    pub name: String,
    /// Whether it was on the list of authorities accredited by Japan's Minister at the time of the timestamp; `None`
    /// when the shipped list cannot tell.
    pub accredited: Option<bool>,
    /// What else the list says, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Words>,
}

/// One later revision of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Later {
    /// 1 is the original.
    pub revision: u32,
    pub changes: Vec<Words>,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
pub struct Words {
    pub ja: String,
    pub en: String,
}

impl Words {
    pub fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// What the certificate chain was worth at the proven time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Chain {
    Trusted,
    Untrusted,
    Expired,
    Revoked,
    Unknown,
}

impl Panel {
    /// The signatures of a file as it lists them itself, none of them judged.
    pub fn listed(inspection: &Inspection) -> Self {
        let signatures: Vec<_> = inspection.signatures.iter().map(PanelSignature::listed).collect();
        let verdict = match inspection.is_signed() {
            Some(false) => Verdict::Unsigned,
            Some(true) | None => Verdict::CannotTell,
        };
        Self {
            format: inspection.format.clone(),
            pages: inspection.pages,
            revisions: inspection.revisions,
            signatures_readable: inspection.signatures_readable,
            not_read: inspection.not_read,
            headline: headline(verdict, &signatures),
            signatures,
            verdict,
            judged_at: None,
            protected_until: None,
        }
    }

    /// Whether the file is a PDF, sound or not.
    pub fn is_pdf(&self) -> bool {
        matches!(self.format, Format::Pdf { .. } | Format::DamagedPdf { .. } | Format::EncryptedPdf)
    }
}

impl PanelSignature {
    /// Whether a trusted timestamp proves when it was there; of a document timestamp, whether it is trusted itself.
    pub fn time_is_proven(&self) -> bool {
        match self.kind {
            SignatureKind::Timestamp => self.verdict == Verdict::TotalPassed,
            SignatureKind::Signature => self.proven_time.is_some() || self.was_proven(),
        }
    }

    /// Panels that were kept before `proven_time` was told have it in their reasons only.
    fn was_proven(&self) -> bool {
        let unproven = Reason::NoTimestamp.en();
        self.verdict == Verdict::TotalPassed
            && self.timestamp_time.is_some()
            && self.reasons.iter().all(|reason| reason.en != unproven)
    }

    /// What the file says about a signature, with nothing judged yet.
    pub(super) fn listed(summary: &SignatureSummary) -> Self {
        Self {
            field: summary.field.clone(),
            subfilter: summary.subfilter.clone(),
            kind: summary.kind,
            byte_range: summary.byte_range,
            byte_range_sound: summary.byte_range_sound,
            covers_whole_file: summary.covers_whole_file,
            signer: summary.signer.clone(),
            subject: None,
            issuer: None,
            reason: summary.reason.clone(),
            location: summary.location.clone(),
            time: summary.claimed_time,
            claimed_time: summary.claimed_time,
            timestamp_time: None,
            proven_time: None,
            timestamp_authority: None,
            intact: None,
            modified_after: None,
            later: Vec::new(),
            chain: Chain::Unknown,
            ltv: false,
            certification: None,
            algorithm: None,
            verdict: Verdict::CannotTell,
            sub_indication: None,
            reasons: Vec::new(),
            protected_until: None,
        }
    }
}
