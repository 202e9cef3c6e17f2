//! The page of one share: for people, for a keyboard, for a camera. Japanese first, then English.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use qrcode::render::unicode;
use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

use super::super::CliError;
use crate::report::Report;
use crate::retention::Lang;
use crate::seal::share::Share;
use crate::web::api::Status;

/// What the page says of the archive.
pub struct About {
    /// Names of its legal entities.
    name: String,
    id: String,
    place: String,
    at: DateTime<Utc>,
}

impl About {
    pub fn new(status: &Status, data: &Path, at: DateTime<Utc>) -> Self {
        let place = std::path::absolute(data).unwrap_or_else(|_| data.to_owned()).display().to_string();
        Self { name: status.entities.join("・"), id: status.archive_id.clone(), place, at }
    }
}

/// Longest text, in bytes; reserved at once so that growing leaves no unwiped copy behind.
const MAX_TEXT: usize = 32 << 10;
/// Side of the QR code with its border, in millimetres: read from paper at arm's length.
const QR_SIDE: f32 = 70.0;

/// A file's name and contents.
type Named = (String, Zeroizing<Vec<u8>>);

/// The files of a share: a page to print, and plain text.
///
/// # Errors
/// When the page cannot be written, which would be a defect.
pub fn render(share: &Share, about: &About) -> Result<[Named; 2], CliError> {
    let name = format!("share-{:02}", share.number);
    let failed =
        |error: &dyn std::fmt::Display| CliError::new("internal", format!("the page: {error}"), None);
    let code = QrCode::with_error_correction_level(share.qr_text().as_bytes(), EcLevel::Q)
        .map_err(|error| failed(&error))?;
    let page = page(share, about, &code).map_err(|error| failed(&error))?;
    let text = Zeroizing::new(text(share, about, &code).as_bytes().to_vec());
    Ok([(format!("{name}.pdf"), Zeroizing::new(page)), (format!("{name}.txt"), text)])
}

/// The facts on the page: Japanese name, English name, value.
fn facts(share: &Share, about: &About) -> [(&'static str, &'static str, String); 7] {
    let kit = &share.kit;
    [
        ("番号", "share", format!("{} / {}", share.number, kit.shares)),
        ("復元に必要な枚数", "shares needed", kit.threshold.to_string()),
        ("キット番号", "kit", kit.id.to_string()),
        ("鍵の番号", "key id", kit.key.to_string()),
        ("アーカイブ", "archive", format!("{} ({})", about.name, about.id)),
        ("場所", "place", about.place.clone()),
        ("作成日", "made on", about.at.format("%Y-%m-%d").to_string()),
    ]
}

const TITLE: &str = "正倉院 復旧キットの分割片 / Shosoin recovery kit, one share";

fn instructions(share: &Share) -> [String; 2] {
    let (shares, need, number) = (share.kit.shares, share.kit.threshold, share.number);
    [
        format!(
            "契約書の鍵を {shares} 枚に分けた、そのうちの {number} 枚目です。{need} 枚そろうと鍵を復元でき、{} 枚までなら何もわかりません。\
             一人で保管し、ほかの分割片と同じ場所に置かないでください。コピーも写真も取らないでください。\
             復元するときは shosoin key recover を実行し、このページの5行を打ち込むか、QRコードを読み取った文字を渡します。\
             各行の最後の4文字は検査用で、打ち間違いはその行で分かります（I・L・O・U は使いません）。\
             鍵を更新した後も、更新前の控え(バックアップ)がある間は捨てないでください。",
            need - 1
        ),
        format!(
            "The key of the contracts was split into {shares} shares; this is number {number}. Any {need} of them restore the \
             key, {} say nothing about it. One person keeps this page, apart from the others; no copies, no photographs. To \
             restore, run `shosoin key recover` and type the five lines of this page, or give the text that the QR code holds. The \
             last four characters of each line are a check, so a mistyped line is told at once (I, L, O and U are not used). \
             After a rotation of the key keep it as long as there are backups from before.",
            need - 1
        ),
    ]
}

fn text(share: &Share, about: &About, code: &QrCode) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(MAX_TEXT));
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{TITLE}\n");
    for (ja, en, value) in facts(share, about) {
        let _ = writeln!(page, "{ja} / {en}: {value}");
    }
    let _ = writeln!(page);
    for (number, line) in share.lines().iter().enumerate() {
        let _ = writeln!(page, "{}: {}", number + 1, **line);
    }
    let picture = Zeroizing::new(code.render::<unicode::Dense1x2>().build());
    let _ = writeln!(page, "\n{}\n", *picture);
    for paragraph in instructions(share) {
        let _ = writeln!(page, "{paragraph}\n");
    }
    page
}

fn page(share: &Share, about: &About, code: &QrCode) -> Result<Vec<u8>, crate::report::ReportError> {
    let footer = format!("kit {} - share {} / {}", share.kit.id, share.number, share.kit.shares);
    let mut page = Report::new(TITLE, Lang::Ja, about.at, &footer)?;
    let facts = facts(share, about).map(|(ja, en, value)| (format!("{ja} / {en}"), value));
    let facts: Vec<_> = facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    page.facts(&facts);
    for (number, line) in share.lines().iter().enumerate() {
        page.large(&Zeroizing::new(format!("{}: {}", number + 1, **line)));
    }
    let width = code.width();
    let dark: Vec<Vec<bool>> = code
        .to_colors()
        .chunks(width)
        .map(|row| row.iter().map(|color| *color == Color::Dark).collect())
        .collect();
    page.qr(&dark, QR_SIDE, "上の5行と同じ内容のQRコード / The same as the five lines above, as a QR code");
    instructions(share).iter().for_each(|paragraph| page.paragraph(paragraph));
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Kek;
    use crate::seal::share::split;

    #[test]
    fn the_text_reads_back_as_the_share_and_both_say_what_they_are() {
        let shares = split(&Kek::generate().unwrap(), 3, 2).unwrap();
        let at = "2026-11-22T00:00:00Z".parse().unwrap();
        let about = About { name: "A".into(), id: "7".into(), place: "/srv".into(), at };
        let [(pdf, page), (txt, text)] = render(&shares[1], &about).unwrap();
        assert_eq!((pdf.as_str(), txt.as_str()), ("share-02.pdf", "share-02.txt"));
        assert!(page.starts_with(b"%PDF-"));
        let text = str::from_utf8(&text).unwrap();
        let read = Share::parse(text).unwrap();
        assert_eq!((read.number, read.kit), (2, shares[1].kit));
        for needle in [
            "2 / 3",
            &shares[1].kit.id.to_string(),
            &shares[1].kit.key.to_string(),
            "key recover",
            "復元",
            "2026-11-22",
        ] {
            assert!(text.contains(needle), "the text lacks {needle}");
        }
        assert!(text.len() < MAX_TEXT / 2, "it never grew");
    }
}
