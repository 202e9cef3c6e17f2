//! Tests of disposition.
