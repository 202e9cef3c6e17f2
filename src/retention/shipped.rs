//! The policies that ship with the archive: the files of `retention-policies/`, exactly as users get them.

use super::error::PolicyError;
use super::policy::{Policy, parse_all};

/// File name and text of every shipped policy; `init` writes them beside the archive's settings.
pub const SHIPPED: [(&str, &str); 3] = [
    ("jp-corporation-tax.toml", include_str!("../../retention-policies/jp-corporation-tax.toml")),
    ("jp-corporation-tax-loss.toml", include_str!("../../retention-policies/jp-corporation-tax-loss.toml")),
    ("jp-companies-act.toml", include_str!("../../retention-policies/jp-companies-act.toml")),
];

/// The shipped policies, read and checked.
///
/// # Errors
/// None as long as the tests of this crate pass.
pub fn shipped() -> Result<Vec<Policy>, PolicyError> {
    parse_all(SHIPPED)
}

#[cfg(test)]
#[path = "shipped_tests.rs"]
mod tests;
