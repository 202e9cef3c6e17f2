//! What leaves the archive for a stranger to check: entries with their proofs, one JSON object a line.

use std::io::{self, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::Serialize;

use super::merkle::Hash;
use crate::record::Digest;

/// One line of a journal extract (`schema/journal.md`, "Journal extract").
///
/// The entry goes as base64 of its stored bytes, not as nested JSON, because those bytes are what is hashed
/// and no JSON library promises to keep them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExtractLine {
    /// The stored bytes of the entry, base64.
    entry: String,
    /// Inclusion proof: hashes from the leaf upwards, 64 hex digits each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    proof: Option<Vec<Digest>>,
    /// Size of the tree the proof leads into, which is that of the checkpoint beside the extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_size: Option<u64>,
}

impl ExtractLine {
    /// A line of a complete extract: all entries below the checkpoint's size prove each other.
    pub fn complete(stored: &[u8]) -> Self {
        Self { entry: STANDARD.encode(stored), proof: None, tree_size: None }
    }

    /// A line that stands alone: `proof` leads from the entry to the root at `tree_size`
    /// ([`inclusion_proof`](super::merkle::inclusion_proof)).
    pub fn proven(stored: &[u8], proof: &[Hash], tree_size: u64) -> Self {
        let proof = proof.iter().copied().map(Digest).collect();
        Self { entry: STANDARD.encode(stored), proof: Some(proof), tree_size: Some(tree_size) }
    }

    /// Writes the line with its newline. `out` should be buffered; it is not flushed here.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &ExtractLine) -> String {
        let mut out = Vec::new();
        line.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_one_compact_json_object() {
        assert_eq!(written(&ExtractLine::complete(b"\x00\xff")), "{\"entry\":\"AP8=\"}\n");
        let line = ExtractLine::proven(b"{}", &[[0xab; 32]], 2);
        let hex = "ab".repeat(32);
        assert_eq!(written(&line), format!("{{\"entry\":\"e30=\",\"proof\":[\"{hex}\"],\"tree_size\":2}}\n"));
    }

    #[test]
    fn a_proof_in_a_tree_of_one_is_present_and_empty() {
        assert_eq!(
            written(&ExtractLine::proven(b"{}", &[], 1)),
            "{\"entry\":\"e30=\",\"proof\":[],\"tree_size\":1}\n"
        );
    }

    #[test]
    fn a_full_disk_is_reported() {
        let mut space = [0_u8; 10];
        let error = ExtractLine::complete(b"something longer").write(&mut &mut space[..]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }
}
