//! Evidence records (RFC 4998): one timestamp proves any number of contracts, and one more renews all of them.
//!
//! The folder is pure: no files, no clock, no network but in `authority/`. Tokens are opaque here; whoever verifies a
//! record brings a [`TokenJudge`].
//!
//! # Where RFC 4998 can be read in two ways
//!
//! Decided once, here, as BouncyCastle (`org.bouncycastle.tsp.ers`), the EU's DSS and the BSI's ERVerifyTool agree:
//!
//! 1. *A list with a single hash value* (4.3) is not hashed again: the value itself goes up (RFC 6283, 3.2.1, says it).
//! 2. *Order.* The values of one list are sorted as unsigned bytes before they are concatenated; values that occur twice
//!    stay twice.
//! 3. *Object or group* (4.2, RFC 6283, 3.1.1). What is proven is one object, or one whole group: the values of a group are
//!    exactly the first list, or that list's hash is in the tree's place of an object.
//! 4. *Hash-tree renewal* (5.2, step 4): H(h(i) || ha(i)) in that order. Figure 4 sorts the two, against the text; nobody does.
//! 5. *ha(i)* hashes the ArchiveTimeStampSequence so far with its own SEQUENCE header, every byte as it was first written.
//! 6. *Timestamp renewal* (5.2): the new first list has the hash of *every* token of the chain. The RFC asks for the
//!    newest one, DSS looks for that one and ignores the others, BouncyCastle looks for all of them.
//! 7. *Trees we write are binary*, because BouncyCastle hashes a later list of two or more values before it joins what came
//!    from below; RFC and DSS put all into one list. With one value in each later list both give the same.
//! 8. *A token that is BER* is hashed as it stands; when that does not fit, its DER form is tried.

mod asn1;
pub mod authority;
mod build;
mod error;
mod exact;
mod foreign;
mod judge;
mod renewal;
mod report;
mod tree;
mod verify;

pub use asn1::{ArchiveTimeStamp, ArchiveTimeStampChain, EvidenceRecord, MAX_RECORD_BYTES};
pub use build::{first_stamp, renewal_first_list, renewed_object_hash, sequence_der};
pub use error::EvidenceError;
pub use foreign::{ForeignChain, ForeignReport, ForeignVerdict};
pub use judge::{PkiJudge, standing};
pub use renewal::{Pressure, RenewalState, RenewalWindow};
pub use report::{ChainReport, Flaw, StampReport, Verdict, Verification};
pub use tree::{HashTree, node_of};
pub use verify::{ObjectHash, Standing, TokenFacts, TokenJudge, verify};

#[cfg(test)]
mod verify_tests;
