//! Who acts: every journal entry names one principal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody (or some job) that the archive knows by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// As it appears in the journal: `admin`, `os:tanaka`, `system`.
    pub name: String,
}

impl Principal {
    /// The archive's own jobs.
    pub fn system() -> Self {
        Self { name: "system".into() }
    }

    /// An operating-system user, through the socket or a command on the archive's own machine.
    pub fn os_user(name: &str) -> Self {
        Self { name: format!("os:{name}") }
    }
}
