//! Inspection over the sample contracts, damaged files, and files made to do harm.

use std::path::PathBuf;

use lopdf::{Document, Object, Stream, dictionary};
use proptest::prelude::*;

use super::*;
use crate::record::amount;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(root().join("samples").join(name)).expect("the sample is part of the repository")
}

pub(super) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/fixtures/pdf").join(name))
        .expect("the fixture is part of the repository")
}

const LTA: &str = "20260201_株式会社国税商事_1100000.pdf";
pub(super) const BT: &str = "20260331_㈱国税商事_330000.pdf";
const UNSIGNED: &str = "20260121_株式会社蔵王水産_2233940.pdf";

/// A document with `fields` in its form and one empty page, as bytes.
fn with_fields(mut doc: Document, fields: Vec<Object>, flags: i64) -> Vec<u8> {
    let pages = doc.new_object_id();
    let page = doc.add_object(dictionary! { "Type" => "Page", "Parent" => pages });
    let tree = dictionary! { "Type" => "Pages", "Kids" => vec![Object::Reference(page)], "Count" => 1 };
    doc.objects.insert(pages, tree.into());
    let form = dictionary! { "Fields" => fields, "SigFlags" => flags };
    let catalog = doc.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages, "AcroForm" => form });
    doc.trailer.set("Root", catalog);
    saved(doc)
}

pub(super) fn saved(mut doc: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    doc.save_to(&mut bytes).expect("writing to memory does not fail");
    bytes
}

fn signature(subfilter: &str) -> lopdf::Dictionary {
    dictionary! { "Type" => "Sig", "SubFilter" => subfilter }
}

#[test]
fn a_contract_with_two_signatures_and_a_timestamp_shows_all_three() {
    let inspection = inspect(&sample(LTA));
    assert_eq!(inspection.format, Format::Pdf { version: "1.7".into() });
    assert_eq!((inspection.pages, inspection.revisions), (Some(2), Some(6)));
    assert!(inspection.signatures_readable);
    let shown: Vec<_> = inspection.signatures.iter().map(|s| (s.subfilter.as_str(), s.kind)).collect();
    assert_eq!(
        shown,
        [
            ("ETSI.CAdES.detached", SignatureKind::Signature),
            ("ETSI.CAdES.detached", SignatureKind::Signature),
            ("ETSI.RFC3161", SignatureKind::Timestamp),
        ]
    );
    assert!(inspection.signatures.iter().all(|s| s.byte_range_sound));
    let first = &inspection.signatures[0];
    assert_eq!((first.field.as_str(), first.signer.as_deref()), ("Sig1", Some("Tachiai Sign Service")));
    assert_eq!(first.reason.as_deref(), Some("合意締結"));
    assert_eq!(first.location.as_deref(), Some("電子契約サービス（立会人型）"));
    assert_eq!(first.claimed_time.map(|t| t.to_rfc3339()).as_deref(), Some("2026-02-01T04:57:15+00:00"));
    assert!(!first.covers_whole_file, "later signatures were appended");
}

#[test]
fn a_single_signature_covers_the_whole_file_until_something_is_appended() {
    let mut bytes = sample(BT);
    let alone = inspect(&bytes);
    assert_eq!(alone.signatures.len(), 1);
    assert!(alone.signatures[0].byte_range_sound && alone.signatures[0].covers_whole_file);
    bytes.extend_from_slice(b"\n% appended\n");
    let appended = inspect(&bytes);
    assert!(appended.signatures[0].byte_range_sound && !appended.signatures[0].covers_whole_file);
}

#[test]
fn signatures_are_found_in_files_with_object_streams_and_in_linearized_ones() {
    for (name, revisions) in [("object_streams.pdf", 2), ("linearized.pdf", 2)] {
        let bytes = fixture(name);
        let inspection = inspect(&bytes);
        assert!(matches!(inspection.format, Format::Pdf { .. }) && inspection.signatures_readable, "{name}");
        assert_eq!((inspection.pages, inspection.revisions), (Some(1), Some(revisions)), "{name}");
        assert!(inspection.signatures.len() == 1 && inspection.signatures[0].covers_whole_file, "{name}");
        assert!(text(&bytes).is_some_and(|text| text.contains("株式会社若竹印刷")), "{name}");
    }
}

#[test]
fn an_unsigned_contract_is_known_to_be_unsigned() {
    let inspection = inspect(&sample(UNSIGNED));
    assert_eq!(inspection.is_signed(), Some(false));
    assert_eq!(inspection.pages, Some(1));
}

#[test]
fn files_that_are_no_pdf_are_said_to_be_none() {
    assert_eq!(inspect(&fixture("empty.pdf")).format, Format::Empty);
    assert_eq!(inspect(&fixture("not_a_pdf.txt")).format, Format::NotPdf);
    assert!(!inspect(&fixture("not_a_pdf.txt")).is_pdf());
    assert_eq!(text(&fixture("not_a_pdf.txt")), None);
}

#[test]
fn encrypted_and_damaged_files_are_never_called_unsigned() {
    for (name, expected) in [
        ("encrypted_user.pdf", Format::EncryptedPdf),
        ("truncated.pdf", Format::DamagedPdf { reason: Damage::CrossReference }),
        ("damaged_xref.pdf", Format::DamagedPdf { reason: Damage::CrossReference }),
        ("junk_prefixed.pdf", Format::DamagedPdf { reason: Damage::BytesBeforeHeader }),
    ] {
        let inspection = inspect(&fixture(name));
        assert_eq!(inspection.format, expected, "{name}");
        assert!(!inspection.signatures_readable, "{name}");
        assert_ne!(inspection.is_signed(), Some(false), "{name}");
    }
    // Its beginning is lost, its signatures are still in it.
    let headless = sample(UNSIGNED).split_off(200);
    assert_eq!(inspect(&headless).format, Format::DamagedPdf { reason: Damage::Unreadable });
    assert_eq!(inspect(&headless).is_signed(), None);
    let header_only = inspect(b"%PDF-1.7\n");
    assert_eq!(header_only.format, Format::DamagedPdf { reason: Damage::Unreadable });
    assert_eq!(header_only.is_signed(), None);
}

#[test]
fn a_file_beyond_the_limit_is_known_by_its_header_only() {
    let mut bytes = sample(UNSIGNED);
    bytes.resize(MAX_INPUT_BYTES + 1, b' ');
    let inspection = inspect(&bytes);
    assert!(inspection.is_pdf() && inspection.is_signed().is_none());
    assert_eq!(inspection.not_read, Some(NotRead::TooLarge));
    assert_eq!(text(&bytes), None);
}

#[test]
fn fields_inherit_their_type_and_value_and_nothing_counts_twice() {
    let mut doc = Document::with_version("1.7");
    let value = doc.add_object(signature("adbe.pkcs7.detached"));
    let widgets: Vec<_> = (0..2).map(|_| Object::Reference(doc.add_object(dictionary! {}))).collect();
    let named = doc.add_object(dictionary! { "T" => Object::string_literal("child"), "V" => value });
    let parent = doc.add_object(dictionary! {
        "FT" => "Sig", "T" => Object::string_literal("parent"), "Kids" => vec![Object::Reference(named)]
    });
    let other = dictionary! { "FT" => "Sig", "T" => Object::string_literal("other"),
    "V" => signature("ETSI.RFC3161"), "Kids" => widgets };
    let text_field = dictionary! { "FT" => "Tx", "V" => Object::string_literal("no signature") };
    let inspection = inspect(&with_fields(doc, vec![parent.into(), other.into(), text_field.into()], 3));
    let shown: Vec<_> = inspection.signatures.iter().map(|s| (s.field.as_str(), s.kind)).collect();
    assert_eq!(shown, [("parent.child", SignatureKind::Signature), ("other", SignatureKind::Timestamp)]);
    assert!(inspection.signatures_readable);
    assert!(inspection.signatures.iter().all(|s| !s.byte_range_sound && s.byte_range.is_none()));
}

#[test]
fn a_promise_of_signatures_without_a_field_is_not_called_unsigned() {
    let inspection = inspect(&with_fields(Document::with_version("1.7"), Vec::new(), 3));
    assert_eq!(inspection.is_signed(), None);
    let unsigned = inspect(&with_fields(Document::with_version("1.7"), Vec::new(), 0));
    assert_eq!(unsigned.is_signed(), Some(false));
}

#[test]
fn usage_rights_are_no_signature() {
    let mut doc =
        Document::load_mem(&with_fields(Document::with_version("1.6"), Vec::new(), 0)).expect("it is a file");
    let range = vec![0.into(), 9.into(), 19.into(), 9.into()];
    let mut value = signature("adbe.pkcs7.detached");
    value.set("ByteRange", Object::Array(range));
    let rights = doc.add_object(value);
    let catalog = doc.catalog_mut().expect("it has one");
    catalog.set("Perms", dictionary! { "UR3" => rights });
    assert_eq!(inspect(&saved(doc.clone())).is_signed(), Some(false));
    doc.catalog_mut().expect("it has one").set("Perms", dictionary! { "DocMDP" => rights });
    assert_eq!(inspect(&saved(doc)).is_signed(), Some(true));
}

#[test]
fn cyclic_fields_end() {
    let mut doc = Document::with_version("1.7");
    let (a, b) = (doc.new_object_id(), doc.new_object_id());
    let value = doc.add_object(signature("adbe.pkcs7.detached"));
    let kids = |id| vec![Object::Reference(id), Object::Reference(a)];
    doc.objects.insert(a, dictionary! { "FT" => "Sig", "Kids" => kids(b) }.into());
    doc.objects.insert(b, dictionary! { "V" => value, "Kids" => kids(a) }.into());
    assert_eq!(inspect(&with_fields(doc, vec![a.into(), b.into()], 3)).signatures.len(), 1);
}

#[test]
fn ten_thousand_nested_fields_are_followed_to_the_signature() {
    let mut doc = Document::with_version("1.7");
    let value = doc.add_object(signature("adbe.pkcs7.detached"));
    let mut field = doc.add_object(dictionary! { "V" => value });
    for _ in 0..10_000 {
        let name = Object::string_literal("deep");
        field = doc.add_object(dictionary! { "T" => name, "Kids" => vec![Object::Reference(field)] });
    }
    let top = dictionary! { "FT" => "Sig", "Kids" => vec![Object::Reference(field)] };
    let inspection = inspect(&with_fields(doc, vec![top.into()], 3));
    assert_eq!(inspection.is_signed(), Some(true));
    assert!(inspection.signatures[0].field.chars().count() <= 512);
}

#[test]
fn more_fields_than_are_looked_at_is_cannot_tell() {
    let mut doc = Document::with_version("1.7");
    let fields =
        (0..30_000).map(|_| Object::Reference(doc.add_object(dictionary! { "FT" => "Tx" }))).collect();
    let inspection = inspect(&with_fields(doc, fields, 0));
    assert_eq!((inspection.is_signed(), inspection.not_read), (None, Some(NotRead::TooComplex)));
}

#[test]
fn a_file_of_countless_tiny_objects_is_cannot_tell() {
    let mut bytes = b"%PDF-1.7\n1 0 obj [".to_vec();
    bytes.extend(b"0 ".repeat(5 << 20));
    bytes.extend_from_slice(b"] endobj");
    let inspection = inspect(&bytes);
    assert_eq!((inspection.is_signed(), inspection.not_read), (None, Some(NotRead::TooComplex)));
    assert_eq!(text(&bytes), None);
}

#[test]
fn a_signature_that_the_form_no_longer_leads_to_is_not_called_absent() {
    let mut bytes = sample(BT);
    let form = memchr::memmem::rfind(&bytes, b"/AcroForm").expect("the sample has a form");
    bytes[form + 1..form + 9].copy_from_slice(b"XcroForm");
    assert_eq!(inspect(&bytes).is_signed(), Some(true), "its page still shows it");
    let page = memchr::memmem::rfind(&bytes, b"/Annots").expect("and a page that shows the field");
    bytes[page + 1..page + 7].copy_from_slice(b"Xnnots");
    let inspection = inspect(&bytes);
    assert!(inspection.signatures.is_empty());
    assert_eq!(inspection.is_signed(), None);
}

#[test]
fn a_missing_field_object_is_damage_not_absence() {
    let mut bytes = sample(BT);
    // The object of the signature field loses its keyword, as by one flipped byte; offsets stay.
    let field = memchr::memmem::rfind(&bytes, b"/FT /Sig").expect("the sample has a signature field");
    let object = memchr::memmem::rfind(&bytes[..field], b" obj").expect("it is in an object");
    bytes[object + 1] = b'x';
    let inspection = inspect(&bytes);
    assert!(inspection.is_damaged() && inspection.is_signed() != Some(false), "{inspection:?}");
}

/// A document whose one page shows `content`, compressed.
fn with_page_content(content: Vec<u8>) -> Vec<u8> {
    let mut doc = Document::with_version("1.7");
    let mut stream = Stream::new(dictionary! {}, content);
    stream.compress().expect("compressing in memory does not fail");
    let contents = doc.add_object(stream);
    let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" };
    let resources = dictionary! { "Font" => dictionary! { "F" => font } };
    let pages = doc.new_object_id();
    let page = doc.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => contents, "Resources" => resources
    });
    let tree = dictionary! { "Type" => "Pages", "Kids" => vec![Object::Reference(page)], "Count" => 1 };
    doc.objects.insert(pages, tree.into());
    let catalog = doc.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    doc.trailer.set("Root", catalog);
    saved(doc)
}

#[test]
fn a_page_that_unpacks_without_end_has_no_text_and_is_still_inspected() {
    let small = with_page_content(b"BT /F 9 Tf (contract) Tj ET".to_vec());
    assert_eq!(text(&small).as_deref().map(str::trim), Some("contract"));
    let mut bomb = b"BT /F 9 Tf (contract) Tj ET ".to_vec();
    bomb.resize(256 << 20, b' ');
    let bomb = with_page_content(bomb);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(text(&bomb), None);
    assert_eq!(inspect(&bomb).is_signed(), Some(false));
}

#[test]
fn an_object_stream_that_unpacks_without_end_is_left_out() {
    let mut doc = Document::load_mem(&sample(UNSIGNED)).expect("the sample is sound");
    let mut bomb =
        Stream::new(dictionary! { "Type" => "ObjStm", "N" => 1, "First" => 4 }, vec![b' '; 64 << 20]);
    bomb.compress().expect("compressing in memory does not fail");
    doc.add_object(bomb);
    let inspection = inspect(&saved(doc));
    // The stream is left out; nothing of the document was in it.
    assert_eq!(inspection.is_signed(), Some(false));
}

#[test]
fn the_text_of_the_samples_is_japanese_and_suggests_what_the_index_book_says() {
    let mut book = csv::Reader::from_path(root().join("samples/index.csv")).expect("the index book is there");
    let mut rows = 0;
    for row in book.records() {
        let row = row.expect("the index book is sound");
        let text = text(&sample(&row[0])).expect("the samples have text");
        assert!(text.contains(&row[6]) && text.contains(&row[7]), "{row:?}\n{text}");
        let suggestion = suggest_for(&text, "甲斐電子契約株式会社");
        assert_eq!(suggestion, suggest(&text));
        assert_eq!(suggestion.date.map(|day| day.to_string()).as_deref(), Some(&row[1]));
        assert_eq!(suggestion.counterparty.as_deref(), Some(&row[2]));
        let stated = row[4].parse().ok().and_then(|currency| {
            let minor = amount::parse_minor(&row[3], currency).ok()?;
            Some((minor, currency))
        });
        assert_eq!(suggestion.amount.map(|money| (money.minor, money.currency)), stated, "{row:?}");
        rows += 1;
    }
    assert_eq!(rows, 7);
}

#[test]
fn the_json_uses_the_words_of_the_interface() {
    let json = serde_json::to_value(inspect(&sample(BT))).expect("an inspection is JSON");
    assert_eq!(json["format"], serde_json::json!({ "kind": "pdf", "version": "1.7" }));
    let signature = &json["signatures"][0];
    assert_eq!(signature["kind"], "signature");
    assert_eq!(signature["byte_range"].as_array().map(Vec::len), Some(4));
    assert_eq!(signature["covers_whole_file"], true);
    assert!(!json.to_string().contains("valid"), "an inspection is no verdict");
}

/// A file with some of its bytes overwritten, some removed, and its end cut off.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..40);
    (prop::sample::select(vec![BT, UNSIGNED]), edits, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(name, edits, end, cut)| {
            let mut bytes = sample(name);
            for (at, byte, kind) in edits {
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, byte),
                }
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        },
    )
}

/// Words of the format in any order: far likelier to reach the depths of a parser than random bytes.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let words = vec![
        "1 0 obj",
        "2 0 obj",
        "endobj",
        "<<",
        ">>",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "stream\n",
        "\nendstream",
        "/Type",
        "/ObjStm",
        "/XRef",
        "/Root 1 0 R",
        "/AcroForm",
        "/Fields",
        "/Kids",
        "/Length 9",
        "1 0 R",
        "2 0 R",
        "xref\n0 3\n",
        "0000000000 65535 f \n",
        "0000000009 00000 n \n",
        "trailer",
        "startxref\n",
        "%%EOF",
        "9",
        "-1",
        "99999999999",
        "/W [1 2 1]",
        "/Index [0 3]",
        "/Size 3",
        "/Prev 9",
        "/N 3",
        "/First 9",
        "/FT /Sig",
        "/V",
        "\n",
    ];
    prop::collection::vec(prop::sample::select(words), 0..200)
        .prop_map(|words| format!("%PDF-1.7\n{}", words.join(" ")).into_bytes())
}

fn look_at_everything(bytes: &[u8]) {
    let inspection = inspect(bytes);
    assert_ne!(inspection.not_read, Some(NotRead::TookTooLong));
    let signed = read_signed(bytes);
    assert_eq!(signed.inspection, inspection);
    assert!(signed.signatures.len() <= inspection.signatures.len());
    let text = text(bytes).unwrap_or_default();
    assert!(text.chars().count() <= MAX_TEXT_CHARS);
    suggest(&text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        look_at_everything(&[b"%PDF-1.7\n".as_slice(), &bytes].concat());
        look_at_everything(&bytes);
    }

    #[test]
    fn a_damaged_contract_gives_an_answer(bytes in mutated()) {
        look_at_everything(&bytes);
    }

    #[test]
    fn words_of_the_format_in_any_order_give_an_answer(bytes in soup()) {
        look_at_everything(&bytes);
    }

    #[test]
    fn any_text_suggests_something_or_nothing(text in ".*", contract in "[（以下「甲乙」\n年月日円金0-9契約金額締結日 　と万]{0,80}") {
        suggest(&text);
        suggest(&contract);
        join_lines(&text);
    }
}
