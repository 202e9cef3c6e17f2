//! The page of one share: for people, for a keyboard, for a camera. Japanese first, then English.

use std::fmt::Write as _;
use std::path::Path;

use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};
use zeroize::Zeroizing;

use super::super::CliError;
use crate::seal::share::Share;
use crate::web::api::Status;

/// What the page says of the archive.
pub struct About {
    /// Names of its legal entities.
    name: String,
    id: String,
    place: String,
}

impl About {
    pub fn new(status: &Status, data: &Path) -> Self {
        let place = std::path::absolute(data).unwrap_or_else(|_| data.to_owned()).display().to_string();
        Self { name: status.entities.join("・"), id: status.archive_id.clone(), place }
    }
}

/// Longest page, in bytes; reserved at once so that growing leaves no unwiped copy behind.
const MAX_PAGE: usize = 128 << 10;

/// The files of a share: a page to print from a browser, and plain text.
///
/// # Errors
/// When no QR code holds it, which cannot be: all shares have one length.
pub fn render(share: &Share, about: &About) -> Result<[(String, Zeroizing<String>); 2], CliError> {
    let name = format!("share-{:02}", share.number);
    let code = QrCode::with_error_correction_level(share.qr_text().as_bytes(), EcLevel::Q)
        .map_err(|error| CliError::new("internal", format!("the QR code: {error}"), None))?;
    Ok([
        (format!("{name}.html"), html(share, about, &code)),
        (format!("{name}.txt"), text(share, about, &code)),
    ])
}

/// The facts on the page: Japanese name, English name, value.
fn facts(share: &Share, about: &About) -> [(&'static str, &'static str, String); 6] {
    let kit = &share.kit;
    [
        ("番号", "share", format!("{} / {}", share.number, kit.shares)),
        ("復元に必要な枚数", "shares needed", kit.threshold.to_string()),
        ("キット番号", "kit", kit.id.to_string()),
        ("鍵の番号", "key id", kit.key.to_string()),
        ("アーカイブ", "archive", format!("{} ({})", about.name, about.id)),
        ("場所", "place", about.place.clone()),
    ]
}

const TITLE: &str = "正倉院 復旧キットの分割片 / Shosoin recovery kit, one share";

fn instructions(share: &Share) -> [String; 2] {
    let (shares, need, number) = (share.kit.shares, share.kit.threshold, share.number);
    [
        format!(
            "契約書の鍵を {shares} 枚に分けた、そのうちの {number} 枚目です。{need} 枚そろうと鍵を復元でき、{} 枚までなら何もわかりません。\
             一人で保管し、ほかの分割片と同じ場所に置かないでください。コピーも写真も取らないでください。\
             復元するときは shosoin key recover を実行し、下の5行を打ち込むか、QRコードを読み取った文字を渡します。\
             各行の最後の4文字は検査用で、打ち間違いはその行で分かります（I・L・O・U は使いません）。\
             鍵を更新した後も、更新前の控え(バックアップ)がある間は捨てないでください。",
            need - 1
        ),
        format!(
            "The key of the contracts was split into {shares} shares; this is number {number}. Any {need} of them restore the \
             key, {} say nothing about it. One person keeps this page, apart from the others; no copies, no photographs. To \
             restore, run `shosoin key recover` and type the five lines below, or give the text that the QR code holds. The \
             last four characters of each line are a check, so a mistyped line is told at once (I, L, O and U are not used). \
             After a rotation of the key keep it as long as there are backups from before.",
            need - 1
        ),
    ]
}

fn text(share: &Share, about: &About, code: &QrCode) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(MAX_PAGE));
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

const STYLE: &str = "@page{size:A4;margin:20mm}body{font-family:sans-serif;line-height:1.6;max-width:170mm;margin:auto}\
h1{font-size:14pt}table{border-collapse:collapse;font-size:10pt}td{padding:1mm 4mm 1mm 0;vertical-align:top}\
pre{font:bold 15pt/1.7 monospace;border:1px solid;padding:5mm;letter-spacing:.5pt}svg{width:60mm;height:60mm}p{font-size:9.5pt}";

fn html(share: &Share, about: &About, code: &QrCode) -> Zeroizing<String> {
    let mut page = Zeroizing::new(String::with_capacity(MAX_PAGE));
    let _ = write!(
        page,
        "<!doctype html><!-- One share of a recovery kit, to be printed. --><html lang=\"ja\"><meta charset=\"utf-8\">\
         <title>{TITLE}</title><style>{STYLE}</style><h1>{TITLE}</h1><table>"
    );
    for (ja, en, value) in facts(share, about) {
        let _ = write!(page, "<tr><td>{ja} / {en}<td>{}", escape(&value));
    }
    page.push_str("</table><pre>");
    for (number, line) in share.lines().iter().enumerate() {
        let _ = writeln!(page, "{}: {}", number + 1, **line);
    }
    page.push_str("</pre>");
    let picture = Zeroizing::new(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build());
    page.push_str(picture.strip_prefix("<?xml version=\"1.0\" standalone=\"yes\"?>").unwrap_or(&picture));
    for paragraph in instructions(share) {
        let _ = write!(page, "<p>{}</p>", escape(&paragraph));
    }
    page.push_str("</html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Kek;
    use crate::seal::share::split;

    #[test]
    fn both_pages_read_back_as_the_share_and_say_what_they_are() {
        let shares = split(&Kek::generate().unwrap(), 3, 2).unwrap();
        let about = About { name: "A & <B>".into(), id: "7".into(), place: "/srv".into() };
        for (name, page) in render(&shares[1], &about).unwrap() {
            assert!(name.starts_with("share-02."), "{name}");
            let read = Share::parse(&page.replace("<pre>", "\n")).unwrap();
            assert_eq!((read.number, read.kit), (2, shares[1].kit));
            for needle in [
                "2 / 3",
                &shares[1].kit.id.to_string(),
                &shares[1].kit.key.to_string(),
                "key recover",
                "復元",
            ] {
                assert!(page.contains(needle), "{name} lacks {needle}");
            }
            assert!(!name.ends_with("html") || page.contains("A &amp; &lt;B&gt;"));
            assert!(page.capacity() == MAX_PAGE, "it never grew");
        }
    }
}
