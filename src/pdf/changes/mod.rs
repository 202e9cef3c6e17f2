//! What the updates after a signature did to the document, and whether they were allowed to.
//!
//! The signed revision is held against each later one. Everything that an update wrote over what the signed
//! revision knew must be explained by a rule: the long-term validation data, a document timestamp, a further
//! signature, form filling, metadata. What no rule explains is a modification. The rules are those of
//! ISO 32000-2, 12.8.2.2 (DocMDP) and 12.8.2.4 (FieldMDP), read as pyHanko reads them.

mod catalog;
mod compare;
mod describe;
mod fields;
mod form;
mod judge;
mod pages;
mod security_store;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use form::Forms;
pub(super) use judge::Judge;

/// How far an update went. Each level includes those before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeLevel {
    /// Upkeep of signatures: validation data, document timestamps, metadata. Allowed after any signature.
    Upkeep,
    /// Further signatures and form filling. Allowed unless a certification says P = 1.
    FormFilling,
    /// Comments. Allowed only where a certification says P = 3.
    Annotations,
    /// The document itself was changed.
    Modification,
}

/// One thing that a later update did. `object` is an object number of the file.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, utoipa::ToSchema,
)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// Certificates, revocation lists and responses were added or pruned (`/DSS`).
    SecurityStore,
    /// A document timestamp was added.
    Timestamp {
        field: String,
    },
    /// An invisible, still empty signature field was added.
    EmptySignatureField {
        field: String,
    },
    /// Document information or XMP metadata.
    Metadata,
    /// Extensions, marks and other entries without a say in what is shown.
    Declarations,
    /// A further signature, with its field.
    Signature {
        field: String,
    },
    /// A visible signature field was added.
    VisibleSignatureField {
        field: String,
    },
    /// A form field was filled in.
    FormField {
        field: String,
    },
    /// Fonts and the like for filling in the form.
    FormResources,
    /// A comment was put on a page.
    Annotation {
        object: u32,
    },

    /// What a page shows was replaced.
    PageContent {
        object: u32,
    },
    /// A page was changed.
    Page {
        object: u32,
    },
    /// Pages were added, removed or rearranged.
    PageTree {
        object: u32,
    },
    /// A font was replaced.
    Font {
        object: u32,
    },
    /// Images, forms or other resources were replaced.
    Resources {
        object: u32,
    },
    /// How an existing field or comment looks was replaced.
    Appearance {
        object: u32,
    },
    /// An annotation was put on a page without permission.
    AnnotationAdded {
        object: u32,
    },
    AnnotationChanged {
        object: u32,
    },
    AnnotationRemoved {
        object: u32,
    },
    /// An entry of the catalog, such as `OpenAction`, was added, changed or removed.
    Catalog {
        entry: String,
    },
    /// The form as a whole was changed.
    Form {
        entry: String,
    },
    /// A field that is no signature field was added.
    FieldAdded {
        field: String,
    },
    FieldRemoved {
        field: String,
    },
    FieldChanged {
        field: String,
    },
    /// Two fields have the same name.
    FieldTwice {
        field: String,
    },
    /// A field was filled in that a signature had locked.
    FieldLocked {
        field: String,
    },
    /// A visible signature field was added to a certified document.
    FieldAfterCertification {
        field: String,
    },
    /// The value of a signature was overwritten, or an old object was made one.
    SignatureReplaced {
        object: u32,
    },
    /// A field lost its signature.
    SignatureRemoved {
        field: String,
    },
    /// `/DSS` holds something else than validation data.
    SecurityStoreMalformed,
    /// The metadata are no longer XMP.
    MetadataMalformed,
    /// An object was allowed to change in one place but is used in another, too.
    UsedElsewhere {
        object: u32,
    },
    /// Some other object was replaced.
    ObjectReplaced {
        object: u32,
    },
    /// An object that did not exist, though it was referred to, was added.
    ObjectSuppliedLater {
        object: u32,
    },
    ObjectRemoved {
        object: u32,
    },
    /// The encryption was changed.
    Encryption,
    /// Bytes stand after the last revision.
    TrailingBytes,
}

impl Change {
    /// How far this change goes.
    pub fn level(&self) -> ChangeLevel {
        match self {
            Self::SecurityStore
            | Self::Timestamp { .. }
            | Self::EmptySignatureField { .. }
            | Self::Metadata
            | Self::Declarations => ChangeLevel::Upkeep,
            Self::Signature { .. }
            | Self::VisibleSignatureField { .. }
            | Self::FormField { .. }
            | Self::FormResources => ChangeLevel::FormFilling,
            Self::Annotation { .. } => ChangeLevel::Annotations,
            _ => ChangeLevel::Modification,
        }
    }
}
