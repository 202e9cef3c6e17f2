//! Reports on paper: A4 documents in PDF with title, headings, facts, tables and codes, in Japanese and English.
//!
//! Lines are broken by the measured width of the font inside (`face`), which every reader of the document gets. What the
//! font lacks is drawn as 〓 and told at the end. The bytes depend on nothing but what is put in. Documents are tagged and
//! written to the rules of PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1) as the library checks them.

mod clean;
mod face;
mod lines;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod write;

use chrono::{DateTime, Utc};

use crate::retention::Lang;
use clean::{Missing, clean};
use face::Face;
use sheet::{FLOOR, MARGIN, Role, Shape, Sheet, leading};
pub use table::Column;
use table::Table;

/// Type sizes in points: title, headings, what is to be typed off paper, text.
const SIZES: (f32, f32, f32, f32) = (15.0, 11.0, 12.0, 9.5);
/// Longest report, in pages; about 200,000 short rows. A longer table belongs into CSV.
pub const MAX_PAGES: usize = 5_000;
/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// Light border of a two-dimensional code, in modules (ISO/IEC 18004: four).
const QUIET: usize = 4;
/// Longest title in metadata, in characters; the format takes strings of 32,767 bytes.
const MAX_TITLE: usize = 500;
/// Share of the width that labels of facts take.
const LABELS: f32 = 0.28;

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the font of reports cannot be read: this program file is damaged; install it again")]
    Font,
    #[error("the report would have more than {MAX_PAGES} pages; ask for fewer records, or for CSV")]
    TooLong,
    #[error("the report could not be written as PDF: {0}")]
    Write(String),
}

/// A report being written, from top to bottom.
pub struct Report {
    face: &'static Face,
    sheet: Sheet,
    missing: Missing,
    title: String,
    footer: String,
    lang: Lang,
    made_at: DateTime<Utc>,
}

impl Report {
    /// Begins a report with its title. `footer` stands on every page, beside the page's number ("3 / 12").
    pub fn new(title: &str, lang: Lang, made_at: DateTime<Utc>, footer: &str) -> Result<Self, ReportError> {
        let face = Face::get().ok_or(ReportError::Font)?;
        let mut missing = Missing::default();
        let title = clean(face, title, &mut missing).replace('\n', " ");
        let title = if title.trim().is_empty() { "Shosoin".to_owned() } else { title };
        let footer = clean(face, footer, &mut missing).replace('\n', " ");
        let mut sheet = Sheet::default();
        let node = sheet.node(None, Role::Title(title.clone()));
        sheet.flow(face, node, SIZES.0, &title);
        let title = title.chars().take(MAX_TITLE).collect();
        Ok(Self { face, sheet, missing, title, footer, lang, made_at })
    }

    /// A heading, which stays with what follows it.
    pub fn heading(&mut self, text: &str) {
        if self.full() {
            return;
        }
        let text = self.clean(text);
        self.sheet.skip(10.0);
        self.sheet.want(leading(SIZES.1) + 4.0 * leading(SIZES.3));
        let named = named(&text);
        let node = self.sheet.node(None, Role::Heading(named.clone()));
        self.sheet.outline.push((named, self.sheet.page, self.sheet.y()));
        self.sheet.flow(self.face, node, SIZES.1, &text);
        self.sheet.skip(2.0);
    }

    /// A paragraph; line feeds in it break the line.
    pub fn paragraph(&mut self, text: &str) {
        self.block(text, SIZES.3);
    }

    /// Larger text, for what somebody reads or types off paper.
    pub fn large(&mut self, text: &str) {
        self.block(text, SIZES.2);
    }

    /// Labels and their values, in two columns.
    pub fn facts(&mut self, facts: &[(&str, &str)]) {
        self.sheet.skip(5.0);
        let columns = [Column::new("", LABELS), Column::new("", 1.0 - LABELS)];
        if !self.full() {
            Table::new(self.face, &mut self.sheet, &mut self.missing, &columns).facts(facts);
        }
    }

    /// A table. Rows are taken one by one; each waits in memory (about 1 kB for five short cells) for the end, because
    /// every page names the number of pages.
    pub fn table(&mut self, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) {
        self.sheet.skip(5.0);
        if !self.full() {
            // More than 42 rows never fit on a page: what is not taken is more than the report may have anyway.
            let bounded = rows.into_iter().take(MAX_PAGES * 50);
            Table::new(self.face, &mut self.sheet, &mut self.missing, columns).rows(columns, bounded);
        }
    }

    /// A QR code, `rows` true where it is dark, `side` millimetres wide with its light border. `says` tells those who
    /// cannot see it what it holds, and must not repeat a secret.
    pub fn qr(&mut self, rows: &[Vec<bool>], side: f32, says: &str) {
        let modules = rows.iter().map(Vec::len).max().unwrap_or(0).max(rows.len());
        if modules == 0 || self.full() {
            return;
        }
        let points = (side * MM).clamp(10.0, FLOOR - MARGIN - 40.0);
        let module = points / (modules + 2 * QUIET) as f32;
        let says = self.clean(says);
        self.sheet.skip(5.0);
        self.sheet.want(points + leading(SIZES.3));
        let border = QUIET as f32 * module;
        let (x, y) = (MARGIN + border, self.sheet.y() + border);
        let node = self.sheet.node(None, Role::Figure(named(&says)));
        self.sheet.draw(Some(node), Shape::Squares { x, y, side: module, rows: rows.to_vec() });
        self.sheet.advance(points);
    }

    /// Goes on at the top of a page.
    pub fn page_break(&mut self) {
        self.sheet.break_page();
    }

    /// The document. Characters that the font lacks are told before the end.
    ///
    /// # Errors
    /// More than [`MAX_PAGES`]; or the library refuses the document, which would be a defect here.
    pub fn finish(mut self) -> Result<Vec<u8>, ReportError> {
        self.tell_missing();
        if self.sheet.page >= MAX_PAGES {
            return Err(ReportError::TooLong);
        }
        let language = match self.lang {
            Lang::Ja => "ja",
            Lang::En => "en",
        };
        let frame =
            write::Frame { title: &self.title, language, made_at: self.made_at, footer: &self.footer };
        write::write(self.face, &self.sheet, &frame)
    }

    fn block(&mut self, text: &str, size: f32) {
        if self.full() {
            return;
        }
        let text = self.clean(text);
        self.sheet.skip(4.0);
        let node = self.sheet.node(None, Role::Paragraph);
        self.sheet.flow(self.face, node, size, &text);
    }

    fn clean(&mut self, text: &str) -> String {
        clean(self.face, text, &mut self.missing)
    }

    /// Nothing more is laid out once the report is too long to be written.
    fn full(&self) -> bool {
        self.sheet.page >= MAX_PAGES
    }

    fn tell_missing(&mut self) {
        if self.missing.seen.is_empty() {
            return;
        }
        let mut codes: Vec<_> =
            self.missing.seen.iter().map(|character| format!("U+{:04X}", u32::from(*character))).collect();
        if self.missing.more {
            codes.push("…".to_owned());
        }
        let (heading, text) = match self.lang {
            Lang::Ja => (
                "この文書の書体にない文字",
                "〓と表示した文字、または字形の選択（異体字セレクタ）を省いた文字の符号位置です。原文はアーカイブにそのまま残っています。",
            ),
            Lang::En => (
                "Characters that the font of this document lacks",
                "Code points drawn as 〓, or left out because they only choose a variant of the character before. The archive keeps them as they were given.",
            ),
        };
        self.heading(heading);
        self.paragraph(text);
        self.paragraph(&codes.join(", "));
    }
}

/// A name for the outline or a figure: on one line, and never nothing, which PDF/UA does not take.
fn named(text: &str) -> String {
    let text = text.replace('\n', " ");
    if text.trim().is_empty() { "–".to_owned() } else { text }
}
