//! Attacks on PDF signatures that were published, each made here and each noticed.
//!
//! Universal forgery, incremental saving, signature wrapping (Mladenov and others, CCS 2019); shadow
//! attacks (NDSS 2021); attacks on certified documents (IEEE S&P 2021).

mod allowed;
mod certification;
mod forgery;
pub(super) mod made;
mod shadow;
