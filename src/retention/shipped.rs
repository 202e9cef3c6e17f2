//! The policies that ship with the archive: the files of `retention-policies/`, exactly as users get them.

use super::error::PolicyError;
use super::policy::{Policy, parse_all};

/// File name and text of every shipped policy; `init` writes them beside the archive's settings.
pub const SHIPPED: [(&str, &str); 4] = [
    ("jp-corporation-tax.toml", include_str!("../../retention-policies/jp-corporation-tax.toml")),
    ("jp-corporation-tax-loss.toml", include_str!("../../retention-policies/jp-corporation-tax-loss.toml")),
    ("jp-companies-act.toml", include_str!("../../retention-policies/jp-companies-act.toml")),
    ("jp-consumption-tax.toml", include_str!("../../retention-policies/jp-consumption-tax.toml")),
];

/// Policies for other businesses and countries: `init` puts them into `available/`, where they wait to be chosen.
pub const AVAILABLE: [(&str, &str); 70] = [
    ("at-bao.toml", include_str!("../../retention-policies/available/at-bao.toml")),
    ("at-real-estate.toml", include_str!("../../retention-policies/available/at-real-estate.toml")),
    ("de-ao-books.toml", include_str!("../../retention-policies/available/de-ao-books.toml")),
    ("de-ao-letters.toml", include_str!("../../retention-policies/available/de-ao-letters.toml")),
    (
        "de-ao-running-contracts.toml",
        include_str!("../../retention-policies/available/de-ao-running-contracts.toml"),
    ),
    ("de-ao-vouchers.toml", include_str!("../../retention-policies/available/de-ao-vouchers.toml")),
    ("eu-oss.toml", include_str!("../../retention-policies/available/eu-oss.toml")),
    ("eu-vat-at.toml", include_str!("../../retention-policies/available/eu-vat-at.toml")),
    ("eu-vat-be.toml", include_str!("../../retention-policies/available/eu-vat-be.toml")),
    ("eu-vat-bg.toml", include_str!("../../retention-policies/available/eu-vat-bg.toml")),
    ("eu-vat-cy.toml", include_str!("../../retention-policies/available/eu-vat-cy.toml")),
    ("eu-vat-cz.toml", include_str!("../../retention-policies/available/eu-vat-cz.toml")),
    ("eu-vat-de.toml", include_str!("../../retention-policies/available/eu-vat-de.toml")),
    ("eu-vat-dk.toml", include_str!("../../retention-policies/available/eu-vat-dk.toml")),
    ("eu-vat-ee.toml", include_str!("../../retention-policies/available/eu-vat-ee.toml")),
    ("eu-vat-es.toml", include_str!("../../retention-policies/available/eu-vat-es.toml")),
    ("eu-vat-fi.toml", include_str!("../../retention-policies/available/eu-vat-fi.toml")),
    ("eu-vat-fr.toml", include_str!("../../retention-policies/available/eu-vat-fr.toml")),
    ("eu-vat-gr.toml", include_str!("../../retention-policies/available/eu-vat-gr.toml")),
    ("eu-vat-hr.toml", include_str!("../../retention-policies/available/eu-vat-hr.toml")),
    ("eu-vat-hu.toml", include_str!("../../retention-policies/available/eu-vat-hu.toml")),
    ("eu-vat-ie.toml", include_str!("../../retention-policies/available/eu-vat-ie.toml")),
    ("eu-vat-it.toml", include_str!("../../retention-policies/available/eu-vat-it.toml")),
    ("eu-vat-lt.toml", include_str!("../../retention-policies/available/eu-vat-lt.toml")),
    ("eu-vat-lu.toml", include_str!("../../retention-policies/available/eu-vat-lu.toml")),
    ("eu-vat-lv.toml", include_str!("../../retention-policies/available/eu-vat-lv.toml")),
    ("eu-vat-mt.toml", include_str!("../../retention-policies/available/eu-vat-mt.toml")),
    ("eu-vat-nl.toml", include_str!("../../retention-policies/available/eu-vat-nl.toml")),
    ("eu-vat-pl.toml", include_str!("../../retention-policies/available/eu-vat-pl.toml")),
    ("eu-vat-pt.toml", include_str!("../../retention-policies/available/eu-vat-pt.toml")),
    ("eu-vat-ro.toml", include_str!("../../retention-policies/available/eu-vat-ro.toml")),
    ("eu-vat-se.toml", include_str!("../../retention-policies/available/eu-vat-se.toml")),
    ("eu-vat-si.toml", include_str!("../../retention-policies/available/eu-vat-si.toml")),
    ("eu-vat-sk.toml", include_str!("../../retention-policies/available/eu-vat-sk.toml")),
    ("fr-commerce.toml", include_str!("../../retention-policies/available/fr-commerce.toml")),
    (
        "fr-consumer-contracts.toml",
        include_str!("../../retention-policies/available/fr-consumer-contracts.toml"),
    ),
    ("fr-tax.toml", include_str!("../../retention-policies/available/fr-tax.toml")),
    ("jp-civil-limitation.toml", include_str!("../../retention-policies/available/jp-civil-limitation.toml")),
    (
        "jp-construction-drawings.toml",
        include_str!("../../retention-policies/available/jp-construction-drawings.toml"),
    ),
    (
        "jp-construction-housing.toml",
        include_str!("../../retention-policies/available/jp-construction-housing.toml"),
    ),
    ("jp-construction.toml", include_str!("../../retention-policies/available/jp-construction.toml")),
    (
        "jp-corporation-tax-deadline.toml",
        include_str!("../../retention-policies/available/jp-corporation-tax-deadline.toml"),
    ),
    (
        "jp-individual-blue-books.toml",
        include_str!("../../retention-policies/available/jp-individual-blue-books.toml"),
    ),
    (
        "jp-individual-blue-documents.toml",
        include_str!("../../retention-policies/available/jp-individual-blue-documents.toml"),
    ),
    (
        "jp-individual-white-books.toml",
        include_str!("../../retention-policies/available/jp-individual-white-books.toml"),
    ),
    (
        "jp-individual-white-documents.toml",
        include_str!("../../retention-policies/available/jp-individual-white-documents.toml"),
    ),
    ("jp-labor-records.toml", include_str!("../../retention-policies/available/jp-labor-records.toml")),
    ("jp-labor-standards.toml", include_str!("../../retention-policies/available/jp-labor-standards.toml")),
    ("jp-municipal-1.toml", include_str!("../../retention-policies/available/jp-municipal-1.toml")),
    ("jp-municipal-10.toml", include_str!("../../retention-policies/available/jp-municipal-10.toml")),
    ("jp-municipal-3.toml", include_str!("../../retention-policies/available/jp-municipal-3.toml")),
    ("jp-municipal-30.toml", include_str!("../../retention-policies/available/jp-municipal-30.toml")),
    ("jp-municipal-5.toml", include_str!("../../retention-policies/available/jp-municipal-5.toml")),
    (
        "jp-municipal-permanent.toml",
        include_str!("../../retention-policies/available/jp-municipal-permanent.toml"),
    ),
    ("jp-public-records.toml", include_str!("../../retention-policies/available/jp-public-records.toml")),
    (
        "kr-commercial-vouchers.toml",
        include_str!("../../retention-policies/available/kr-commercial-vouchers.toml"),
    ),
    ("kr-commercial.toml", include_str!("../../retention-policies/available/kr-commercial.toml")),
    ("kr-tax-offshore.toml", include_str!("../../retention-policies/available/kr-tax-offshore.toml")),
    ("kr-tax.toml", include_str!("../../retention-policies/available/kr-tax.toml")),
    ("tw-books.toml", include_str!("../../retention-policies/available/tw-books.toml")),
    ("tw-vouchers.toml", include_str!("../../retention-policies/available/tw-vouchers.toml")),
    (
        "uk-companies-act-private.toml",
        include_str!("../../retention-policies/available/uk-companies-act-private.toml"),
    ),
    (
        "uk-companies-act-public.toml",
        include_str!("../../retention-policies/available/uk-companies-act-public.toml"),
    ),
    ("uk-company-tax.toml", include_str!("../../retention-policies/available/uk-company-tax.toml")),
    ("uk-vat.toml", include_str!("../../retention-policies/available/uk-vat.toml")),
    ("us-irs.toml", include_str!("../../retention-policies/available/us-irs.toml")),
    ("us-sec-17a4-3.toml", include_str!("../../retention-policies/available/us-sec-17a4-3.toml")),
    ("us-sec-17a4-6.toml", include_str!("../../retention-policies/available/us-sec-17a4-6.toml")),
    (
        "us-sec-17a4-accounts.toml",
        include_str!("../../retention-policies/available/us-sec-17a4-accounts.toml"),
    ),
    (
        "us-sec-17a4-communications.toml",
        include_str!("../../retention-policies/available/us-sec-17a4-communications.toml"),
    ),
];

/// The shipped policies, read and checked.
///
/// # Errors
/// None as long as the tests of this crate pass.
pub fn shipped() -> Result<Vec<Policy>, PolicyError> {
    parse_all(SHIPPED)
}

/// The policies to choose from, read and checked.
///
/// # Errors
/// None as long as the tests of this crate pass.
pub fn available() -> Result<Vec<Policy>, PolicyError> {
    parse_all(AVAILABLE)
}

#[cfg(test)]
#[path = "shipped_tests.rs"]
mod tests;
