//! From the laid out sheet to bytes: PDF 1.7, tagged, with the used glyphs of the font inside.

use std::num::NonZeroU16;

use chrono::{DateTime as Time, Datelike, Timelike, Utc};
use krilla::color::luma;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node as Branch, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagKind, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::ReportError;
use super::face::Face;
use super::sheet::{Child, FLOOR, MARGIN, PAGE, Role, Shape, Sheet};

/// Type size of the footer, in points.
const FOOTER: f32 = 7.5;
/// Thickness of rules, in points.
const HAIR: f32 = 0.4;
/// Grey of rules, 0 being black.
const GREY: u8 = 150;

/// What stands around the pages.
pub struct Frame<'a> {
    pub title: &'a str,
    /// RFC 3066, for example `ja`.
    pub language: &'a str,
    pub made_at: Time<Utc>,
    pub footer: &'a str,
}

/// Writes the document. The same sheet and frame give the same bytes.
pub fn write(face: &Face, sheet: &Sheet, frame: &Frame) -> Result<Vec<u8>, ReportError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| ReportError::Write(format!("{error:?}")))?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    document.set_metadata(metadata(frame));
    let pages = sheet.page + 1;
    let mut identifiers: Vec<Option<Identifier>> = Vec::with_capacity(sheet.marks.len());
    let mut marks = sheet.marks.iter().peekable();
    for number in 0..pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(ReportError::Font)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        while let Some(mark) = marks.next_if(|mark| mark.page <= number) {
            identifiers.push(mark.tagged.then(|| tagged(&mut surface, face, &mark.shape)));
            if !mark.tagged {
                artifact(&mut surface, face, ArtifactType::Layout, &mark.shape);
            }
        }
        footer(&mut surface, face, frame.footer, &format!("{} / {pages}", number + 1));
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(sheet, frame.title));
    document.set_tag_tree(tree(sheet, &mut identifiers, frame.language));
    document.finish().map_err(|error| ReportError::Write(reason(&error)))
}

/// What the library has against the document; it lists rules by name, not the text that breaks them.
fn reason(error: &KrillaError) -> String {
    match error {
        KrillaError::Validation(broken) => {
            format!("{:?}", broken.iter().map(|(rule, _)| rule).collect::<Vec<_>>())
        }
        other => other.to_string(),
    }
}

fn metadata(frame: &Frame) -> Metadata {
    let at = frame.made_at;
    let made = DateTime::new(u16::try_from(at.year()).unwrap_or(0))
        .month(u8::try_from(at.month()).unwrap_or(1))
        .day(u8::try_from(at.day()).unwrap_or(1))
        .hour(u8::try_from(at.hour()).unwrap_or(0))
        .minute(u8::try_from(at.minute()).unwrap_or(0))
        .second(u8::try_from(at.second()).unwrap_or(0))
        .utc_offset_hour(0);
    Metadata::new()
        .title(frame.title.to_owned())
        .language(frame.language.to_owned())
        .creator("Shosoin".to_owned())
        .producer(concat!("Shosoin ", env!("CARGO_PKG_VERSION")).to_owned())
        .creation_date(made)
}

fn tagged(surface: &mut Surface, face: &Face, shape: &Shape) -> Identifier {
    let tag = match shape {
        Shape::Text { .. } => ContentTag::Span(SpanTag::empty()),
        Shape::Rule { .. } | Shape::Squares { .. } => ContentTag::Other,
    };
    let identifier = surface.start_tagged(tag);
    draw(surface, face, shape);
    surface.end_tagged();
    identifier
}

/// Not part of what is read: rules, repeated heads, page numbers.
fn artifact(surface: &mut Surface, face: &Face, kind: ArtifactType, shape: &Shape) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
    draw(surface, face, shape);
    surface.end_tagged();
}

fn footer(surface: &mut Surface, face: &Face, text: &str, number: &str) {
    let y = FLOOR + 28.0;
    let right = PAGE.0 - MARGIN - face.width(number) * FOOTER;
    let number = Shape::Text { x: right, y, size: FOOTER, text: number.to_owned() };
    artifact(surface, face, ArtifactType::PageNumber, &number);
    if !text.is_empty() {
        let text = Shape::Text { x: MARGIN, y, size: FOOTER, text: text.to_owned() };
        artifact(surface, face, ArtifactType::PaginationOther, &text);
    }
}

fn draw(surface: &mut Surface, face: &Face, shape: &Shape) {
    match shape {
        Shape::Text { x, y, size, text } => {
            fill(surface, 0);
            let glyphs = glyphs(face, text);
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, face.font(), text, *size, false);
        }
        Shape::Rule { x, y, width } => {
            fill(surface, GREY);
            rectangles(surface, Rect::from_xywh(*x, *y, *width, HAIR));
        }
        Shape::Squares { x, y, side, rows } => {
            fill(surface, 0);
            rectangles(surface, squares(*x, *y, *side, rows));
        }
    }
}

fn fill(surface: &mut Surface, lightness: u8) {
    let paint = luma::Color::new(lightness).into();
    surface.set_fill(Some(Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::NonZero }));
}

fn rectangles(surface: &mut Surface, all: impl IntoIterator<Item = Rect>) {
    let mut path = PathBuilder::new();
    for rectangle in all {
        path.push_rect(rectangle);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// Dark modules that stand side by side are one rectangle: viewers show hairs between neighbours.
fn squares(x: f32, y: f32, side: f32, rows: &[Vec<bool>]) -> Vec<Rect> {
    let mut found = Vec::new();
    for (down, row) in rows.iter().enumerate() {
        let mut at = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&true) {
                let (left, top) = (x + at as f32 * side, y + down as f32 * side);
                found.extend(Rect::from_xywh(left, top, run.len() as f32 * side, side));
            }
            at += run.len();
        }
    }
    found
}

fn glyphs(face: &Face, text: &str) -> Vec<KrillaGlyph> {
    let drawn =
        text.char_indices().filter_map(|(at, character)| Some((at, character, face.drawn(character)?)));
    drawn
        .map(|(at, character, drawn)| KrillaGlyph {
            glyph_id: GlyphId::new(u32::from(drawn.glyph)),
            text_range: at..at + character.len_utf8(),
            x_advance: drawn.width,
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        })
        .collect()
}

fn outline(sheet: &Sheet, title: &str) -> Outline {
    let mut outline = Outline::new();
    let at = |page, y| XyzDestination::new(page, Point::from_xy(MARGIN, y));
    let mut root = OutlineNode::new(title.to_owned(), at(0, MARGIN));
    for (text, page, y) in &sheet.outline {
        root.push_child(OutlineNode::new(text.clone(), at(*page, *y)));
    }
    outline.push_child(root);
    outline
}

fn tree(sheet: &Sheet, identifiers: &mut [Option<Identifier>], language: &str) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
    for node in &sheet.top {
        tree.push(group(sheet, *node, identifiers));
    }
    tree
}

/// One node with all below it. The layout nests five deep at most: table, body, row, cell, line.
fn group(sheet: &Sheet, node: usize, identifiers: &mut [Option<Identifier>]) -> Branch {
    let Some(node) = sheet.nodes.get(node) else { return TagGroup::new(Tag::Div).into() };
    let mut group = TagGroup::new(kind(&node.role));
    for child in &node.children {
        match child {
            Child::Node(child) => group.push(self::group(sheet, *child, identifiers)),
            Child::Mark(mark) => {
                if let Some(identifier) = identifiers.get_mut(*mark).and_then(Option::take) {
                    group.push(identifier);
                }
            }
        }
    }
    group.into()
}

fn kind(role: &Role) -> TagKind {
    let level = |level: u16, title: Option<String>| {
        Tag::Hn(NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN), title).into()
    };
    match role {
        Role::Title(text) => level(1, Some(text.clone())),
        Role::Heading(text) => level(2, Some(text.clone())),
        Role::Paragraph => Tag::P.into(),
        Role::Table => Tag::Table.into(),
        Role::TableHead => Tag::THead.into(),
        Role::TableBody => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::HeadCell { of_column: true } => Tag::TH(TableHeaderScope::Column).into(),
        Role::HeadCell { of_column: false } => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure(alt) => Tag::Figure(Some(alt.clone())).into(),
    }
}
