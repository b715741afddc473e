//! A table: columns as wide as they need to be, and a row of headings on every sheet.

use present::{COLUMNS_MAX, Row, Table};

use crate::fonts::{Fonts, Weight};
use crate::report::{HEADING, Look, Writer, count};
use crate::sheet::{Drawn, Id, ROOM, Role, Sheets, placed};
use crate::text::{Line, Paragraph, Style};

/// How much more of the room between columns text has where a number stands right before it.
const APART: f32 = 5.0 / 3.0;
/// The widest that a column asks for, in points.
const WIDEST: f32 = 2.0 * ROOM;
/// The widest that a column insists on, in points: longer words are broken.
const WORD_WIDEST: f32 = 96.0;
/// The first column says what a row is about: so much it gets if it has use for it, in points.
const FIRST: f32 = 84.0;
/// The fewest rows below a heading at the bottom of a sheet.
const ROWS_MIN: usize = 3;
/// How thick the line below a row is, and the one above a sum, in points.
const THIN: f32 = 0.5;
const THICK: f32 = 1.2;

/// A row that is ready to be drawn.
struct Ready {
    cells: Vec<Vec<Line>>,
    style: Style,
    height: f32,
    is_sum: bool,
}

struct Grid<'a> {
    table: &'a Table,
    look: &'static Look,
    widths: Vec<f32>,
    head: Ready,
}

/// Draws a table.
pub(crate) fn grid(writer: &mut Writer<'_>, within: Id, table: &Table) {
    let (fonts, look) = (writer.fonts, writer.look);
    let widths = widths(fonts, look, table, writer.room);
    let labels: Vec<&str> = table.columns.iter().take(COLUMNS_MAX).map(|column| column.label.as_str()).collect();
    let head = ready(fonts, look, &labels, &widths, look.cell_head, false);
    let grid = Grid { table, look, widths, head };
    let rows: Vec<Ready> = table.rows.iter().map(|row| row_of(fonts, look, row, &grid.widths)).collect();
    let first: f32 = rows.iter().take(ROWS_MIN).map(|row| row.height).sum();
    let first = first.min(Sheets::full() / 2.0);
    let caption = if look.has_captions { HEADING.line() + 2.0 } else { 0.0 };
    writer.sheets.skip(look.apart);
    writer.sheets.need(caption + grid.head.height + first + look.apart / 4.0);
    let part = writer.sheets.part(within, Role::Table((!look.has_captions).then(|| table.title.clone())));
    if look.has_captions {
        let caption = writer.sheets.part(part, Role::Caption);
        writer.lines(caption, &table.title, HEADING);
        writer.sheets.down(2.0);
    }
    let head = writer.sheets.part(part, Role::Head);
    let head = writer.sheets.part(head, Role::Row);
    grid.head(writer, Some(head));
    let body = writer.sheets.part(part, Role::Rows);
    for (place, row) in rows.iter().enumerate() {
        let rest = rows.get(place + 1..).unwrap_or_default();
        // The last row does not go on alone.
        let follows = if let [last] = rest { last.height } else { 0.0 };
        grid.row(writer, body, row, follows);
    }
    writer.sheets.down(look.apart / 2.0);
    if let Some(left) = table.left_to_workbooks() {
        writer.text(within, &left, look.small);
    }
}

impl Grid<'_> {
    /// Draws the headings; without a part of the document they are only for the eye.
    fn head(&self, writer: &mut Writer<'_>, part: Option<Id>) {
        let tallest = count(self.head.cells.iter().map(Vec::len).max().unwrap_or_default());
        let mut left = writer.left;
        let top = writer.sheets.top() + self.look.around;
        for (place, (lines, width)) in self.head.cells.iter().zip(&self.widths).enumerate() {
            // Headings stand at the bottom of their row.
            let above = (tallest - count(lines.len())) * self.look.cell_head.line();
            let drawn = self.cell(lines, self.look.cell_head, (left, top + above), *width, place);
            match part {
                Some(part) => {
                    let cell = writer.sheets.part(part, Role::ColumnHead);
                    writer.sheets.draw(cell, drawn);
                }
                None => writer.sheets.decorate(drawn),
            }
            left += width + between(self.look, self.table, place);
        }
        writer.sheets.down(self.head.height);
        rule(writer, THIN);
    }

    fn cell(&self, lines: &[Line], style: Style, at: (f32, f32), width: f32, place: usize) -> Vec<Drawn> {
        let is_number = self.table.columns.get(place).is_some_and(present::Column::is_number);
        let line = |(number, line): (usize, &Line)| {
            placed(line.clone(), style, at.0, at.1 + count(number) * style.line(), width, is_number)
        };
        lines.iter().enumerate().map(line).collect()
    }

    /// Draws a row, over several sheets if it is higher than one; what follows stays with it where it can.
    fn row(&self, writer: &mut Writer<'_>, body: Id, row: &Ready, follows: f32) {
        if writer.sheets.need(row.height + follows) || writer.sheets.need(row.height) {
            self.head(writer, None);
        }
        let part = writer.sheets.part(body, Role::Row);
        let role = |place: usize| if place == 0 { Role::RowHead } else { Role::Cell };
        let cells: Vec<Id> = (0..row.cells.len()).map(|place| writer.sheets.part(part, role(place))).collect();
        if row.is_sum {
            rule(writer, THICK);
        }
        let tallest = row.cells.iter().map(Vec::len).max().unwrap_or_default();
        let mut from = 0;
        loop {
            let room = writer.sheets.left() - 2.0 * self.look.around;
            let fit = (from + 1..=tallest).take_while(|to| count(to - from) * row.style.line() <= room).last();
            let to = fit.unwrap_or(from + 1);
            self.lines(writer, &cells, row, from..to);
            if tallest <= to {
                break;
            }
            from = to;
            writer.sheets.turn();
            self.head(writer, None);
        }
        rule(writer, THIN);
    }

    fn lines(&self, writer: &mut Writer<'_>, cells: &[Id], row: &Ready, range: std::ops::Range<usize>) {
        let mut left = writer.left;
        for (place, ((lines, width), cell)) in row.cells.iter().zip(&self.widths).zip(cells).enumerate() {
            let shown = lines.get(range.start..range.end.min(lines.len())).unwrap_or_default();
            // An empty cell is marked too, so that a row has all its cells for a reader aloud.
            if range.start == 0 || !shown.is_empty() {
                let drawn = self.cell(shown, row.style, (left, writer.sheets.top() + self.look.around), *width, place);
                writer.sheets.draw(*cell, drawn);
            }
            left += width + between(self.look, self.table, place);
        }
        writer.sheets.down(count(range.len()) * row.style.line() + 2.0 * self.look.around);
    }
}

fn rule(writer: &mut Writer<'_>, thick: f32) {
    let at = (writer.left, writer.sheets.top());
    writer.sheets.decorate(vec![Drawn::Rule { at, width: writer.room, thick }]);
}

fn row_of(fonts: &Fonts, look: &Look, row: &Row, widths: &[f32]) -> Ready {
    let cells: Vec<&str> = row.cells.iter().take(COLUMNS_MAX).map(|cell| cell.text.as_str()).collect();
    ready(fonts, look, &cells, widths, style_of(look, row), row.is_sum)
}

fn style_of(look: &Look, row: &Row) -> Style {
    Style { weight: if row.is_sum { Weight::Heavy } else { Weight::Plain }, ..look.cell }
}

fn ready(fonts: &Fonts, look: &Look, cells: &[&str], widths: &[f32], style: Style, is_sum: bool) -> Ready {
    let lines = |(cell, width): (&&str, &f32)| match cell.trim() {
        "" => Vec::new(),
        text => Paragraph::new(fonts, style, text).lines(*width, 0.0),
    };
    let cells: Vec<Vec<Line>> = cells.iter().zip(widths).map(lines).collect();
    let tallest = cells.iter().map(Vec::len).max().unwrap_or_default().max(1);
    Ready { cells, style, height: count(tallest) * style.line() + 2.0 * look.around, is_sum }
}

/// How wide each column is: all together they take the room. Words are whole where there is room for all of them; with more room
/// numbers stand on one line and the first column has its width, and then all get more.
fn widths(fonts: &Fonts, look: &Look, table: &Table, room: f32) -> Vec<f32> {
    let (mut words, mut least, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for (place, column) in table.columns.iter().take(COLUMNS_MAX).enumerate() {
        let label = Paragraph::new(fonts, look.cell_head, &column.label).widest_word();
        let (mut word, mut wide) = (label, label);
        for row in &table.rows {
            let Some(cell) = row.cells.get(place) else { continue };
            let cell = Paragraph::new(fonts, style_of(look, row), &cell.text);
            word = word.max(cell.widest_word());
            wide = wide.max(cell.width());
        }
        let floor = if place == 0 { FIRST } else { 0.0 };
        let narrow = if column.is_number() { wide } else { word };
        // A hair more than the text, so that rounding does not break it.
        let narrow = narrow.min(WORD_WIDEST).max(floor.min(wide)) + 0.1;
        words.push(word.min(WORD_WIDEST) + 0.1);
        least.push(narrow);
        most.push(wide.min(WIDEST).max(narrow) + 0.1);
    }
    let apart: f32 = (1..least.len()).map(|place| between(look, table, place - 1)).sum();
    let room = room - apart;
    if least.iter().sum::<f32>() <= room { shared(&least, &most, room) } else { shared(&words, &least, room) }
}

/// The room between a column and the next one.
fn between(look: &Look, table: &Table, place: usize) -> f32 {
    let is_number = |place: usize| table.columns.get(place).is_some_and(present::Column::is_number);
    if is_number(place) && !is_number(place + 1) { APART * look.between } else { look.between }
}

/// The room, shared among columns between the least and the most that each asks for.
fn shared(least: &[f32], most: &[f32], room: f32) -> Vec<f32> {
    let (needed, wished): (f32, f32) = (least.iter().sum(), most.iter().sum());
    if room <= needed {
        return least.iter().map(|width| width * room / needed).collect();
    }
    if wished <= room {
        let more = (room - wished) / count(most.len().max(1));
        return most.iter().map(|width| width + more).collect();
    }
    let part = (room - needed) / (wished - needed);
    least.iter().zip(most).map(|(least, most)| least + (most - least) * part).collect()
}
