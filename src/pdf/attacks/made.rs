//! Signed documents written byte by byte, revision by revision, so that every lie can be told.

use super::super::{RawSignature, SignedPdf, read_signed};

/// Room for a signature value, in hexadecimal digits.
const ROOM: usize = 64;
/// A signature value in shape only: nothing here is verified.
const VALUE: &str = "30820101";

/// A document in the making.
#[derive(Clone)]
pub struct Made {
    pub bytes: Vec<u8>,
    /// Entries of the revision in the making: number, offset or none for a free one.
    pub pending: Vec<(u32, Option<usize>)>,
    pub startxref: Option<usize>,
    /// More entries for the trailer.
    pub trailer: String,
}

/// Objects of the document that is signed: a page with text, a font, a signature field, a text field.
const BASE: [(u32, &str); 12] = [
    (1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>"),
    (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
    (3, "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources 6 0 R /Annots [8 0 R 9 0 R] >>"),
    (4, "<< /Fields [8 0 R 9 0 R] /SigFlags 3 >>"),
    (5, "<< /Length 16 >>\nstream\nBT (1000000) ET\n\nendstream"),
    (6, "<< /Font << /F 7 0 R >> >>"),
    (7, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"),
    (8, FIELD),
    (9, TEXT),
    (10, "<< /Length 8 >>\nstream\n(before)\nendstream"),
    (11, "<< /Producer (made) >>"),
    (12, "<< /Title (nobody refers to this) >>"),
];
pub const FIELD: &str = "<< /FT /Sig /T (Sig1) /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /P 3 0 R >>";
pub const TEXT: &str =
    "<< /FT /Tx /T (Amount) /V (1) /Subtype /Widget /Rect [0 0 9 9] /AP << /N 10 0 R >> >>";

impl Made {
    /// The unsigned document, with `objects` in place of or beside its own.
    pub fn with(objects: &[(u32, &str)]) -> Self {
        let mut made = Self {
            bytes: b"%PDF-1.7\n".to_vec(),
            pending: vec![(0, None)],
            startxref: None,
            trailer: "/Info 11 0 R".into(),
        };
        let replaced = |number: u32| objects.iter().any(|(other, _)| *other == number);
        for (number, body) in BASE.iter().filter(|(number, _)| !replaced(*number)).chain(objects) {
            made.put(*number, body);
        }
        made.close();
        made
    }

    /// The document, signed by `Sig1` with object 20; `extra` goes into the signature dictionary.
    pub fn signed_with(objects: &[(u32, &str)], extra: &str) -> Self {
        let mut made = Self::with(objects);
        made.fill(8, FIELD, 20);
        made.sign(20, "Sig", extra);
        made
    }

    pub fn signed() -> Self {
        Self::signed_with(&[], "")
    }

    /// Signed and certified, permitting changes up to `permission`.
    pub fn certified(permission: u8) -> Self {
        let reference = format!(
            "/Reference [<< /TransformMethod /DocMDP /TransformParams << /P {permission} /V /1.2 >> >>]"
        );
        Self::signed_with(&[], &reference)
    }

    pub fn put(&mut self, number: u32, body: &str) {
        self.pending.push((number, Some(self.bytes.len())));
        self.bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }

    /// Writes a field anew, with its value.
    pub fn fill(&mut self, number: u32, field: &str, value: u32) {
        self.put(number, &field.replacen("<<", &format!("<< /V {value} 0 R"), 1));
    }

    /// Ends the revision.
    pub fn close(&mut self) {
        let startxref = self.bytes.len();
        self.bytes.extend(b"xref\n");
        for (number, offset) in std::mem::take(&mut self.pending) {
            let row = match offset {
                Some(offset) => format!("{number} 1\n{offset:010} 00000 n \n"),
                None => format!("{number} 1\n0000000000 65535 f \n"),
            };
            self.bytes.extend(row.bytes());
        }
        let previous = self.startxref.map(|at| format!("/Prev {at}")).unwrap_or_default();
        let trailer = &self.trailer;
        let end = format!(
            "trailer\n<< /Size 99 /Root 1 0 R {trailer} {previous} >>\nstartxref\n{startxref}\n%%EOF\n"
        );
        self.bytes.extend(end.bytes());
        self.startxref = Some(startxref);
    }

    /// Writes a signature over everything up to the end of this revision, which it ends.
    pub fn sign(&mut self, number: u32, kind: &str, extra: &str) {
        let contents = format!("{VALUE}{}", "0".repeat(ROOM - VALUE.len()));
        let range = "[0000000000 0000000000 0000000000 0000000000]";
        self.put(
            number,
            &format!(
                "<< /Type /{kind} /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange {range} \
                 /Contents <{contents}> {extra} >>"
            ),
        );
        self.close();
        let at = self.find_last(&format!("<{contents}>"));
        let (after, end) = (at + ROOM + 2, self.bytes.len());
        let patched = format!("[{:010} {at:010} {after:010} {:010}]", 0, end - after);
        self.replace_last(range, &patched);
    }

    pub fn find_last(&self, text: &str) -> usize {
        memchr::memmem::rfind(&self.bytes, text.as_bytes()).expect("it is in the document")
    }

    /// Overwrites the last `old` with `new`, padded with blanks to the same length.
    pub fn replace_last(&mut self, old: &str, new: &str) {
        assert!(new.len() <= old.len(), "{new}");
        let at = self.find_last(old);
        self.bytes[at..at + old.len()].copy_from_slice(format!("{new:0$}", old.len()).as_bytes());
    }

    /// What the last signature says that it covers.
    pub fn range(&self) -> [usize; 4] {
        let at = self.find_last("/ByteRange [") + 12;
        let text = std::str::from_utf8(&self.bytes[at..at + 43]).expect("digits");
        let numbers: Vec<usize> = text.split(' ').map(|n| n.parse().expect("a number")).collect();
        numbers.try_into().expect("four")
    }

    /// One more revision with these objects.
    pub fn update(mut self, objects: &[(u32, &str)]) -> Self {
        for (number, body) in objects {
            self.put(*number, body);
        }
        self.close();
        self
    }

    pub fn read(&self) -> SignedPdf {
        read_signed(&self.bytes)
    }

    /// The signature of the field `Sig1`.
    pub fn first(&self) -> RawSignature {
        let read = self.read();
        let shown = format!("{:?}", read.inspection);
        read.signatures
            .into_iter()
            .find(|raw| raw.summary.field == "Sig1")
            .unwrap_or_else(|| panic!("{shown}"))
    }

    /// What came after `Sig1`, in the order of the revisions.
    pub fn changes(&self) -> Vec<super::super::Change> {
        self.first().later.into_iter().flat_map(|later| later.changes).collect()
    }
}
