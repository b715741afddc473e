//! A table's picture: drawn where it has room, and over several sheets where it is many rows.

use present::{Figure, LETTERS, ROW, Shape, WIDTH, Words};

use crate::fonts::{Fonts, Weight, f64_to_f32};
use crate::report::{SMALL, Writer};
use crate::sheet::{Drawn, EDGE, INK, Id, ROOM, Role, SOFT, Sheets};
use crate::text::{Paragraph, Style};

/// The points of a unit of a picture.
const SCALE: f32 = ROOM / f64_to_f32_const(WIDTH);
/// The room around a picture, in points.
const AROUND: f32 = 6.0;
/// The fewest rows on a sheet before a picture goes on over the next one.
const ROWS_MIN: f64 = 4.0;

#[expect(clippy::cast_possible_truncation, reason = "a width of 720")]
const fn f64_to_f32_const(length: f64) -> f32 {
    length as f32
}

/// How tall a picture is on a sheet, in points.
pub(crate) fn height(figure: &Figure) -> f32 {
    f64_to_f32(figure.height) * SCALE
}

/// Draws a picture with what it is called below it.
pub(crate) fn figure(writer: &mut Writer<'_>, within: Id, figure: &Figure) {
    let caption = Paragraph::new(writer.fonts, SMALL, &figure.caption).lines(ROOM, 0.0);
    let below = SMALL.line() * crate::report::count(caption.len()) + AROUND;
    let height = height(figure);
    writer.sheets.skip(AROUND);
    let part = writer.sheets.part(within, Role::Figure(figure.said.clone()));
    if figure.is_rows && Sheets::full() < height + below {
        rows(writer, part, figure, below);
    } else {
        writer.sheets.need(height + below);
        paint(writer, part, &figure.shapes, 0.0);
        writer.sheets.down(height);
    }
    writer.text(within, &figure.caption, SMALL);
    writer.sheets.skip(AROUND);
}

/// As many rows as each sheet has room for.
fn rows(writer: &mut Writer<'_>, part: Id, figure: &Figure, below: f32) {
    let mut from = 0.0;
    while from < figure.height {
        let fit = (f64::from(writer.sheets.left() / SCALE) / ROW).floor();
        let is_last = figure.height - from <= f64::from((writer.sheets.left() - below) / SCALE);
        if !is_last && fit < ROWS_MIN {
            writer.sheets.turn();
            continue;
        }
        let to = if is_last { figure.height } else { (from + fit * ROW).min((figure.height / ROW).floor() * ROW) };
        if to <= from {
            writer.sheets.turn();
            continue;
        }
        let shapes: Vec<Shape> = figure.shapes.iter().filter_map(|shape| cut(shape, from, to)).collect();
        paint(writer, part, &shapes, from);
        writer.sheets.down(f64_to_f32(to - from) * SCALE);
        if !is_last {
            writer.sheets.turn();
        }
        from = to;
    }
}

/// What is left of a shape between two heights: lines are cut off, others are drawn where they begin.
fn cut(shape: &Shape, from: f64, to: f64) -> Option<Shape> {
    let is_in = |y: f64| from <= y && y < to;
    match shape {
        Shape::Line { ink, from: begin, to: end, value } => {
            let (top, bottom) = (begin.1.max(from), end.1.min(to));
            let is_seen = top < bottom || (is_in(begin.1) && is_in(end.1));
            is_seen.then_some(Shape::Line { ink: *ink, from: (begin.0, top), to: (end.0, bottom), value: *value })
        }
        Shape::Rect { at, .. } | Shape::Circle { at, .. } | Shape::Text { at, .. } => {
            is_in(at.1).then(|| shape.clone())
        }
        Shape::Points { points, .. } => points.iter().any(|(_, y)| is_in(*y)).then(|| shape.clone()),
    }
}

fn paint(writer: &mut Writer<'_>, part: Id, shapes: &[Shape], from: f64) {
    let top = writer.sheets.top() - f64_to_f32(from) * SCALE;
    let mut drawn = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Text { words, at, text } => drawn.extend(label(writer.fonts, *words, *at, text, top)),
            other => drawn.push(Drawn::Shapes { at: (EDGE, top), scale: SCALE, shapes: vec![other.clone()] }),
        }
    }
    writer.sheets.draw(part, drawn);
}

fn label(fonts: &Fonts, words: Words, at: (f64, f64), text: &str, top: f32) -> Option<Drawn> {
    let (weight, color) = match words {
        Words::Start | Words::End => (Weight::Plain, INK),
        Words::Axis => (Weight::Plain, SOFT),
        Words::Strong => (Weight::Heavy, INK),
    };
    let style = Style { weight, size: f64_to_f32(LETTERS) * SCALE, color };
    let line = Paragraph::new(fonts, style, text).lines(f32::MAX, 0.0).into_iter().next()?;
    let (x, y) = (EDGE + f64_to_f32(at.0) * SCALE, top + f64_to_f32(at.1) * SCALE);
    let left = match words {
        Words::Start => x,
        Words::End => x - line.width,
        Words::Axis | Words::Strong => x - line.width / 2.0,
    };
    Some(Drawn::Text { at: (left, y), line, style })
}
