//! Sheets of paper that fill from top to bottom, and what a reader aloud is told of what is on them.

use present::Shape;

use crate::text::{Line, Style};

/// The width of a sheet, in points: US Letter.
pub(crate) const WIDTH: f32 = 612.0;
/// The height of a sheet, in points.
pub(crate) const HEIGHT: f32 = 792.0;
/// The room at each edge, in points.
pub(crate) const EDGE: f32 = 43.2;
/// The width for text, in points.
pub(crate) const ROOM: f32 = WIDTH - 2.0 * EDGE;
/// Where the room for text ends, in points.
const BOTTOM: f32 = HEIGHT - EDGE - 8.0;

/// A color: red, green, blue.
pub(crate) type Color = (u8, u8, u8);

/// Text.
pub(crate) const INK: Color = (0x1c, 0x23, 0x21);
/// What matters less.
pub(crate) const SOFT: Color = (0x56, 0x61, 0x5d);
/// Lines between rows.
pub(crate) const RIM: Color = (0xc9, 0xd0, 0xcd);
/// Headings, bars and dots.
pub(crate) const MAIN: Color = (0x1d, 0x6f, 0x5c);
/// Ranges.
pub(crate) const PALE: Color = (0xb9, 0xd8, 0xcf);
/// Wide ranges.
pub(crate) const BAND: Color = (0xe4, 0xef, 0xeb);
/// What is to be seen first.
pub(crate) const ALARM: Color = (0xb4, 0x55, 0x2d);
/// The ground of cards.
pub(crate) const CARD: Color = (0xf6, 0xf8, 0xf7);

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) enum Drawn {
    /// A line of text whose left end is here, and whose letters stand on it.
    Text {
        /// The left end.
        at: (f32, f32),
        /// The line.
        line: Line,
        /// How it looks.
        style: Style,
    },
    /// A line across, from its left end.
    Rule {
        /// The left end.
        at: (f32, f32),
        /// How long it is.
        width: f32,
        /// How thick it is.
        thick: f32,
    },
    /// The ground of a card: left upper corner, width and height.
    Ground {
        /// The left upper corner.
        at: (f32, f32),
        /// The width and height.
        size: (f32, f32),
    },
    /// Shapes of a picture without its words, from its left upper corner, a unit so many points long.
    Shapes {
        /// The left upper corner.
        at: (f32, f32),
        /// The points of a unit.
        scale: f32,
        /// The shapes.
        shapes: Vec<Shape>,
    },
}

/// What something is to a reader aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The whole.
    Document,
    /// What belongs together.
    Section,
    /// A heading with its level.
    Heading(u16, String),
    /// Text.
    Paragraph,
    /// A list of points.
    List,
    /// One of them.
    Item,
    /// What an item says.
    Body,
    /// A table, with what it is called where no caption says it.
    Table(Option<String>),
    /// What it is called.
    Caption,
    /// Its row of headings.
    Head,
    /// Its other rows.
    Rows,
    /// A row.
    Row,
    /// The heading of a column.
    ColumnHead,
    /// The heading of a row.
    RowHead,
    /// A cell.
    Cell,
    /// A picture, with what it shows.
    Figure(String),
}

/// The place of a part of the document among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(usize);

/// What a part of the document has in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Child {
    /// A smaller part.
    Part(Id),
    /// What is drawn with this mark.
    Mark(usize),
}

/// A part of the document.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// What it is.
    pub(crate) role: Role,
    /// What it has in it, in the order of reading.
    pub(crate) children: Vec<Child>,
}

/// What is drawn together.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Its mark; `None` for what is only for the eye.
    pub(crate) mark: Option<usize>,
    /// What is drawn, the last one on top.
    pub(crate) drawn: Vec<Drawn>,
}

/// An entry in the list of contents.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What it says.
    pub(crate) text: String,
    /// How deep it is; 0 is the outermost.
    pub(crate) depth: usize,
    /// The number of its sheet, from 0.
    pub(crate) sheet: usize,
    /// Where on it, from above.
    pub(crate) top: f32,
}

/// The sheets so far.
#[derive(Clone)]
pub(crate) struct Sheets {
    /// What is on each of them.
    pub(crate) sheets: Vec<Vec<Piece>>,
    /// The parts of the document; the first one is the whole.
    pub(crate) parts: Vec<Part>,
    /// The list of contents.
    pub(crate) contents: Vec<Entry>,
    marks: usize,
    place: Place,
}

/// A place on the sheets; further on is more.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Place {
    /// The number of the sheet, from 0.
    pub(crate) sheet: usize,
    /// How far from above, in points.
    top: f32,
}

impl Sheets {
    /// An empty sheet.
    pub(crate) fn new() -> Self {
        let whole = Part { role: Role::Document, children: Vec::new() };
        Self {
            sheets: vec![Vec::new()],
            parts: vec![whole],
            contents: Vec::new(),
            marks: 0,
            place: Place { sheet: 0, top: EDGE },
        }
    }

    /// The whole document.
    pub(crate) fn whole() -> Id {
        Id(0)
    }

    /// Adds a part to another one.
    pub(crate) fn part(&mut self, within: Id, role: Role) -> Id {
        let id = Id(self.parts.len());
        self.parts.push(Part { role, children: Vec::new() });
        if let Some(part) = self.parts.get_mut(within.0) {
            part.children.push(Child::Part(id));
        }
        id
    }

    /// What a part is and has in it.
    pub(crate) fn at(&self, id: Id) -> Option<&Part> {
        self.parts.get(id.0)
    }

    /// Where the next thing is drawn.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Goes on at a place where it was before, on the sheets that are there.
    pub(crate) fn go(&mut self, place: Place) {
        self.place = place;
    }

    /// Where the next thing is drawn, in points from above.
    pub(crate) fn top(&self) -> f32 {
        self.place.top
    }

    /// Leaves room.
    pub(crate) fn skip(&mut self, height: f32) {
        // At the top of a sheet nothing is left free.
        if EDGE < self.place.top {
            self.place.top += height;
        }
    }

    /// Moves on below what was drawn.
    pub(crate) fn down(&mut self, height: f32) {
        self.place.top += height;
    }

    /// The room that is left on this sheet, in points.
    pub(crate) fn left(&self) -> f32 {
        BOTTOM - self.place.top
    }

    /// The room of an empty sheet, in points.
    pub(crate) fn full() -> f32 {
        BOTTOM - EDGE
    }

    /// Goes on at the top of the next sheet, which is new unless another column reached it before.
    pub(crate) fn turn(&mut self) {
        self.place = Place { sheet: self.place.sheet + 1, top: EDGE };
        if self.sheets.len() <= self.place.sheet {
            self.sheets.push(Vec::new());
        }
    }

    /// Goes on at the top of the next sheet if this much is not left on this one; `true` if it did. What is higher than a sheet begins where it is.
    pub(crate) fn need(&mut self, height: f32) -> bool {
        let is_short = self.left() < height && EDGE < self.place.top && height <= Self::full();
        if is_short {
            self.turn();
        }
        is_short
    }

    /// Draws a piece of a part.
    pub(crate) fn draw(&mut self, part: Id, drawn: Vec<Drawn>) {
        let mark = self.marks;
        self.marks += 1;
        if let Some(part) = self.parts.get_mut(part.0) {
            part.children.push(Child::Mark(mark));
        }
        self.put(self.place.sheet, Some(mark), drawn);
    }

    /// Draws what is only for the eye.
    pub(crate) fn decorate(&mut self, drawn: Vec<Drawn>) {
        self.put(self.place.sheet, None, drawn);
    }

    /// Draws what is only for the eye on a sheet by its number.
    pub(crate) fn decorate_on(&mut self, sheet: usize, drawn: Vec<Drawn>) {
        self.put(sheet, None, drawn);
    }

    fn put(&mut self, sheet: usize, mark: Option<usize>, drawn: Vec<Drawn>) {
        if let Some(sheet) = self.sheets.get_mut(sheet) {
            sheet.push(Piece { mark, drawn });
        }
    }

    /// Enters this place in the list of contents.
    pub(crate) fn enter(&mut self, depth: usize, text: &str) {
        let Place { sheet, top } = self.place;
        self.contents.push(Entry { text: text.to_owned(), depth, sheet, top });
    }
}

/// A line of text that ends where its script begins reading: at the left, or at the right of so much room.
pub(crate) fn placed(line: Line, style: Style, left: f32, top: f32, room: f32, is_number: bool) -> Drawn {
    let is_right = is_number || line.is_rtl;
    let x = if is_right { left + (room - line.width).max(0.0) } else { left };
    Drawn::Text { at: (x, top + style.stand()), line, style }
}
