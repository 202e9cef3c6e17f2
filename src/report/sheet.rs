//! Where things stand: pages of marks, filled from the top, and the tree that says what each mark is for.

use super::face::Face;

/// A4 in points (1/72 inch), ISO 216.
pub const PAGE: (f32, f32) = (595.28, 841.89);
/// Empty space at the left and right, and at the top, in points.
pub const MARGIN: f32 = 51.0;
/// Lowest point that text may reach; below stands the footer.
pub const FLOOR: f32 = PAGE.1 - 62.0;
/// Width of text, in points.
pub const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
/// Room of a line per point of its type size; Japanese needs more air than Latin.
const LEADING: f32 = 1.55;
/// Baseline below the top of a line, per point of type size.
const ASCENT: f32 = 1.15;

/// What a part of the document is, for readers that are told rather than shown (PDF tags).
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    Title(String),
    Heading(String),
    Paragraph,
    Table,
    TableHead,
    TableBody,
    Row,
    /// Names the cells below (true) or to the right of it.
    HeadCell {
        of_column: bool,
    },
    Cell,
    Figure(String),
}

/// One part of the document, with its parts and marks in reading order.
#[derive(Debug)]
pub struct Node {
    pub role: Role,
    pub children: Vec<Child>,
}

#[derive(Debug, Clone, Copy)]
pub enum Child {
    Node(usize),
    Mark(usize),
}

/// Something drawn. Positions in points from the top left corner of the page.
#[derive(Debug)]
pub enum Shape {
    /// A line of text; `y` is its baseline.
    Text { x: f32, y: f32, size: f32, text: String },
    /// A thin line across.
    Rule { x: f32, y: f32, width: f32 },
    /// Dark squares of a two-dimensional code.
    Squares { x: f32, y: f32, side: f32, rows: Vec<Vec<bool>> },
}

#[derive(Debug)]
pub struct Mark {
    pub page: usize,
    /// False: decoration or repetition, left out of the tree.
    pub tagged: bool,
    pub shape: Shape,
}

/// The document as far as it is laid out. A row of five short cells takes about 1 kB until it is written.
#[derive(Debug, Default)]
pub struct Sheet {
    pub marks: Vec<Mark>,
    pub nodes: Vec<Node>,
    /// Nodes that are in no other.
    pub top: Vec<usize>,
    /// Headings for the outline: text, page, top.
    pub outline: Vec<(String, usize, f32)>,
    /// The page being filled, from 0.
    pub page: usize,
    used: f32,
}

impl Sheet {
    /// Top of what comes next, in points from the upper edge.
    pub fn y(&self) -> f32 {
        MARGIN + self.used
    }

    /// Points left on this page.
    pub fn room(&self) -> f32 {
        (FLOOR - self.y()).max(0.0)
    }

    /// Whether nothing stands on this page yet.
    pub fn fresh(&self) -> bool {
        self.used == 0.0
    }

    pub fn skip(&mut self, points: f32) {
        if !self.fresh() {
            self.used += points;
        }
    }

    pub fn advance(&mut self, points: f32) {
        self.used += points;
    }

    pub fn break_page(&mut self) {
        if !self.fresh() {
            self.page += 1;
            self.used = 0.0;
        }
    }

    /// Starts a page unless this many points are left on this one.
    pub fn want(&mut self, points: f32) {
        if self.room() < points {
            self.break_page();
        }
    }

    /// A new part of the document, in another or at the top.
    pub fn node(&mut self, parent: Option<usize>, role: Role) -> usize {
        let id = self.nodes.len();
        self.nodes.push(Node { role, children: Vec::new() });
        match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(Child::Node(id)),
            None => self.top.push(id),
        }
        id
    }

    /// Draws on the page being filled. Without a node it is decoration.
    pub fn draw(&mut self, node: Option<usize>, shape: Shape) {
        let id = self.marks.len();
        let node = node.and_then(|node| self.nodes.get_mut(node));
        self.marks.push(Mark { page: self.page, tagged: node.is_some(), shape });
        if let Some(node) = node {
            node.children.push(Child::Mark(id));
        }
    }

    /// Draws one line of text with its top at `y`.
    pub fn line(&mut self, node: Option<usize>, x: f32, y: f32, size: f32, text: String) {
        if !text.is_empty() {
            self.draw(node, Shape::Text { x, y: y + ASCENT * size, size, text });
        }
    }

    /// Lines of one part over the full width, going on to further pages.
    pub fn flow(&mut self, face: &Face, node: usize, size: f32, text: &str) {
        for line in super::lines::wrap(face, text, WIDTH / size) {
            self.want(leading(size));
            let y = self.y();
            self.line(Some(node), MARGIN, y, size, line);
            self.advance(leading(size));
        }
    }
}

/// Room of one line of this type size, in points.
pub fn leading(size: f32) -> f32 {
    size * LEADING
}
