//! Tables: cells broken by measured width, rows over page ends, the head repeated on each page.

use super::clean::{Missing, clean};
use super::face::Face;
use super::lines::wrap;
use super::sheet::{FLOOR, MARGIN, Role, Shape, Sheet, WIDTH, leading};

/// Type size of cells, in points.
const SIZE: f32 = 8.5;
/// Empty space left and right in a cell, and above and below, in points.
const PAD: (f32, f32) = (3.0, 2.0);
/// A head taller than this part of a page is not repeated.
const MAX_HEAD: f32 = 0.3;

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    share: f32,
    right: bool,
}

impl Column {
    /// A column with its heading and its share of the width, relative to the other columns' shares.
    pub fn new(title: impl Into<String>, share: f32) -> Self {
        // A share of nothing would be a column that nobody can read.
        Self {
            title: title.into(),
            share: if share.is_finite() { share.max(0.05) } else { 1.0 },
            right: false,
        }
    }

    /// Numbers: set at the right edge.
    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// A table being set.
pub struct Table<'a> {
    face: &'static Face,
    sheet: &'a mut Sheet,
    missing: &'a mut Missing,
    columns: Vec<Place>,
    head: Vec<Vec<String>>,
}

/// A column on the page, in points.
struct Place {
    x: f32,
    width: f32,
    right: bool,
}

/// What the cells of a row are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Head,
    /// All cells alike.
    Body,
    /// The first cell names the others.
    Fact,
}

impl<'a> Table<'a> {
    pub fn new(
        face: &'static Face,
        sheet: &'a mut Sheet,
        missing: &'a mut Missing,
        columns: &[Column],
    ) -> Self {
        let total: f32 = columns.iter().map(|column| column.share).sum();
        let mut x = MARGIN;
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let width = WIDTH * column.share / total;
            places.push(Place { x, width, right: column.right });
            x += width;
        }
        Self { face, sheet, missing, columns: places, head: Vec::new() }
    }

    /// A table with a head and rows under it.
    pub fn rows(mut self, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) {
        if columns.is_empty() {
            return;
        }
        let table = self.sheet.node(None, Role::Table);
        let head: Vec<_> = columns.iter().map(|column| self.broken(&column.title)).collect();
        let height = height(&head);
        // The head does not stay behind alone.
        self.sheet.want(height + leading(SIZE) + 2.0 * PAD.1);
        let part = self.sheet.node(Some(table), Role::TableHead);
        self.row(Some(part), &self.fitted(&head), Kind::Head);
        if height <= FLOOR * MAX_HEAD {
            self.head = self.fitted(&head);
        }
        let body = self.sheet.node(Some(table), Role::TableBody);
        for row in rows {
            let cells = self.cells(row);
            self.row(Some(body), &cells, Kind::Body);
        }
    }

    /// Labels and what they stand for.
    pub fn facts(mut self, facts: &[(&str, &str)]) {
        if facts.is_empty() {
            return;
        }
        let table = self.sheet.node(None, Role::Table);
        let body = self.sheet.node(Some(table), Role::TableBody);
        for (label, value) in facts {
            let cells = self.cells(vec![(*label).to_owned(), (*value).to_owned()]);
            self.row(Some(body), &cells, Kind::Fact);
        }
    }

    /// The cells of a row in lines. Cells too many go to the last column: nothing is left out.
    fn cells(&mut self, mut row: Vec<String>) -> Vec<Vec<String>> {
        let count = self.columns.len();
        if row.len() > count {
            let rest = row.split_off(count - 1).join(" / ");
            row.push(rest);
        }
        row.resize(count, String::new());
        let cleaned: Vec<_> = row.iter().map(|cell| vec![clean(self.face, cell, self.missing)]).collect();
        self.fitted(&cleaned)
    }

    fn broken(&mut self, title: &str) -> Vec<String> {
        vec![clean(self.face, title, self.missing)]
    }

    /// Cleaned cells, broken to the width of their columns.
    fn fitted(&self, cells: &[Vec<String>]) -> Vec<Vec<String>> {
        let widths = self.columns.iter().map(|place| (place.width - 2.0 * PAD.0) / SIZE);
        cells.iter().zip(widths).map(|(cell, width)| wrap(self.face, &cell.concat(), width)).collect()
    }

    /// Draws a row. One that does not fit goes to the next page; one taller than a page goes on there.
    fn row(&mut self, parent: Option<usize>, cells: &[Vec<String>], kind: Kind) {
        let node = self.sheet.node(parent, Role::Row);
        let nodes: Vec<_> =
            (0..cells.len()).map(|at| self.sheet.node(Some(node), role(kind, at == 0))).collect();
        let total = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut from = 0;
        while from < total {
            let left = total - from;
            let fits = self.lines_that_fit();
            if !self.sheet.fresh()
                && (fits == 0 || (from == 0 && left > fits && left <= self.lines_of_a_page()))
            {
                self.next_page();
                continue;
            }
            let to = from + left.min(fits.max(1));
            self.band(Some(&nodes), cells, from..to);
            from = to;
            if from < total {
                self.next_page();
            }
        }
        if kind == Kind::Head {
            self.rule();
        }
    }

    /// Lines `from..to` of every cell, side by side.
    fn band(&mut self, nodes: Option<&[usize]>, cells: &[Vec<String>], lines: std::ops::Range<usize>) {
        let top = self.sheet.y() + PAD.1;
        for (at, (cell, place)) in cells.iter().zip(&self.columns).enumerate() {
            let node = nodes.and_then(|nodes| nodes.get(at)).copied();
            for (n, text) in cell.iter().take(lines.end).skip(lines.start).enumerate() {
                let wide = self.face.width(text.trim_end_matches(' ')) * SIZE;
                let x = if place.right { place.x + place.width - PAD.0 - wide } else { place.x + PAD.0 };
                self.sheet.line(node, x, top + n as f32 * leading(SIZE), SIZE, text.clone());
            }
        }
        self.sheet.advance(lines.len() as f32 * leading(SIZE) + 2.0 * PAD.1);
        self.rule();
    }

    fn rule(&mut self) {
        let y = self.sheet.y();
        self.sheet.draw(None, Shape::Rule { x: MARGIN, y, width: WIDTH });
    }

    /// A fresh page with the head on it, as a repetition.
    fn next_page(&mut self) {
        self.sheet.break_page();
        let head = std::mem::take(&mut self.head);
        if !head.is_empty() {
            let lines = head.iter().map(Vec::len).max().unwrap_or(0);
            self.band(None, &head, 0..lines);
            self.rule();
        }
        self.head = head;
    }

    fn lines_that_fit(&self) -> usize {
        count((self.sheet.room() - 2.0 * PAD.1) / leading(SIZE))
    }

    fn lines_of_a_page(&self) -> usize {
        count((FLOOR - MARGIN - height(&self.head) - 2.0 * PAD.1) / leading(SIZE))
    }
}

fn role(kind: Kind, first: bool) -> Role {
    match kind {
        Kind::Head => Role::HeadCell { of_column: true },
        Kind::Fact if first => Role::HeadCell { of_column: false },
        Kind::Fact | Kind::Body => Role::Cell,
    }
}

/// Whole lines in a room; a little more than nothing still counts as nothing.
fn count(lines: f32) -> usize {
    // Saturates: negative room is none.
    (lines + 0.001).max(0.0) as usize
}

/// Points that a row takes.
fn height(cells: &[Vec<String>]) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
    if lines == 0 { 0.0 } else { lines as f32 * leading(SIZE) + 2.0 * PAD.1 }
}
