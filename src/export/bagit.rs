//! The tag files of a bag (BagIt 1.0, RFC 8493).

use crate::record::Digest;

/// `bagit.txt` (section 2.1.1): exactly these two lines, no byte order mark.
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Paths with the digests of their files, in the order of writing.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    lines: String,
    files: u64,
    bytes: u64,
}

impl Manifest {
    /// Notes one file.
    pub fn add(&mut self, path: &str, digest: Digest, length_bytes: usize) {
        self.lines.push_str(&format!("{digest}  {}\n", encode_path(path)));
        self.files += 1;
        self.bytes += length_bytes as u64;
    }

    /// The manifest's text (section 2.1.3): digest, two spaces, path; `sha256sum -c` reads it as it is.
    pub fn text(&self) -> &str {
        &self.lines
    }

    /// Octets and files, for `Payload-Oxum` (section 2.2.2).
    pub fn oxum(&self) -> (u64, u64) {
        (self.bytes, self.files)
    }
}

/// Encodes the three characters that section 2.1.3 names, and no others.
fn encode_path(path: &str) -> String {
    path.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `bag-info.txt` (section 2.2.2): `Label: value` lines. Line breaks within a value become spaces, so nobody
/// can smuggle in a line.
pub fn info(pairs: &[(&str, &str)]) -> String {
    let one_line = |value: &str| {
        value
            .split(|c: char| c.is_control())
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    pairs.iter().map(|(label, value)| format!("{label}: {}\n", one_line(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_percent_and_line_breaks_are_encoded() {
        assert_eq!(encode_path("data/100%\r\n 株式会社 ~%41.pdf"), "data/100%25%0D%0A 株式会社 ~%2541.pdf");
    }

    #[test]
    fn a_manifest_line_is_what_sha256sum_prints() {
        let mut manifest = Manifest::default();
        manifest.add("data/a.txt", Digest::of(b"abc"), 3);
        manifest.add("data/b.txt", Digest::of(b""), 0);
        let first = manifest.text().lines().next().unwrap();
        assert_eq!(first, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  data/a.txt");
        assert_eq!(manifest.oxum(), (3, 2));
    }

    #[test]
    fn a_value_cannot_add_a_line() {
        assert_eq!(
            info(&[("Contact-Name", "佐藤\r\nPayload-Oxum: 0.0")]),
            "Contact-Name: 佐藤 Payload-Oxum: 0.0\n"
        );
    }
}
