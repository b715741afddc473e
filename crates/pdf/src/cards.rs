//! A table as cards: one for whoever does the work, with each of the jobs.

use present::{Row, Table};

use crate::report::{CARD_HEAD, CARD_SOFT, HEADING, TEXT, TEXT_HEAVY, Writer};
use crate::sheet::{Drawn, EDGE, Id, ROOM, Role, Sheets, placed};
use crate::text::{Line, Paragraph, Style};

/// The room between the edge of a card and what is in it, in points.
const AROUND: f32 = 8.0;
/// The room between cards, in points.
const BETWEEN: f32 = 7.0;
/// The room between jobs on a card, in points.
const JOBS: f32 = 5.0;
/// The width for times, in points.
const TIMES: f32 = 62.0;

/// Lines that stay together on a sheet.
struct Strip {
    height: f32,
    texts: Vec<Text>,
    /// Whether a job begins with it.
    is_first: bool,
}

/// A line of a strip.
struct Text {
    part: Id,
    left: f32,
    room: f32,
    line: Line,
    style: Style,
}

/// Draws a table as cards.
pub(crate) fn cards(writer: &mut Writer<'_>, within: Id, table: &Table, by: usize) {
    writer.heading(within, 3, &table.title, HEADING, 80.0);
    for (head, rows) in table.grouped(by) {
        let part = writer.sheets.part(within, Role::Section);
        let mut strips = headed(writer, part, head);
        for row in rows {
            strips.extend(job(writer, part, table, by, row));
        }
        card(writer, &strips);
        writer.sheets.skip(BETWEEN);
    }
}

fn headed(writer: &mut Writer<'_>, part: Id, name: &str) -> Vec<Strip> {
    let head = writer.sheets.part(part, Role::Heading(4, name.to_owned()));
    let room = ROOM - 2.0 * AROUND;
    let lines = Paragraph::new(writer.fonts, CARD_HEAD, name).lines(room, 0.0).into_iter().enumerate();
    let strip = |(number, line)| {
        let text = Text { part: head, left: EDGE + AROUND, room, line, style: CARD_HEAD };
        Strip { height: CARD_HEAD.line(), texts: vec![text], is_first: number == 0 }
    };
    lines.map(strip).collect()
}

/// A job: its time at the left, and a line or more for each of its other columns.
fn job(writer: &mut Writer<'_>, part: Id, table: &Table, by: usize, row: &Row) -> Vec<Strip> {
    let fonts = writer.fonts;
    let (left, room) = (EDGE + AROUND + TIMES, ROOM - 2.0 * AROUND - TIMES);
    let mut strips: Vec<Strip> = Vec::new();
    let time_part = writer.sheets.part(part, Role::Paragraph);
    let time = Paragraph::new(fonts, TEXT_HEAVY, row.text(0)).lines(TIMES - 6.0, 0.0);
    let text = |line| Text { part: time_part, left: EDGE + AROUND, room: TIMES - 6.0, line, style: TEXT_HEAVY };
    let mut times = time.into_iter().map(text);
    for (place, (column, cell)) in table.columns.iter().zip(&row.cells).enumerate() {
        if place == 0 || place == by || cell.text.is_empty() {
            continue;
        }
        let paragraph = writer.sheets.part(part, Role::Paragraph);
        let label = format!("{}:", column.label);
        let label = Paragraph::new(fonts, CARD_SOFT, if column.says_itself() { "" } else { &label });
        let indent = if column.says_itself() { 0.0 } else { label.width() + 4.0 };
        for (number, line) in Paragraph::new(fonts, TEXT, &cell.text).lines(room, indent).into_iter().enumerate() {
            let indent = if number == 0 { indent } else { 0.0 };
            let mut texts: Vec<Text> = times.next().into_iter().collect();
            if 0.0 < indent {
                let lines = label.lines(room, 0.0).into_iter();
                texts.extend(lines.map(|line| Text { part: paragraph, left, room, line, style: CARD_SOFT }));
            }
            texts.push(Text { part: paragraph, left: left + indent, room: room - indent, line, style: TEXT });
            strips.push(Strip { height: TEXT.line(), texts, is_first: strips.is_empty() });
        }
    }
    for text in times {
        strips.push(Strip { height: TEXT.line(), texts: vec![text], is_first: strips.is_empty() });
    }
    strips
}

fn height(strips: &[Strip]) -> f32 {
    let strip = |(place, strip): (usize, &Strip)| strip.height + if strip.is_first && 0 < place { JOBS } else { 0.0 };
    strips.iter().enumerate().map(strip).sum::<f32>() + 2.0 * AROUND
}

/// Draws a card, in one piece where a sheet has room for it, else broken between jobs.
fn card(writer: &mut Writer<'_>, strips: &[Strip]) {
    writer.sheets.need(height(strips));
    let mut rest = strips;
    while !rest.is_empty() {
        let fits = |end: &usize| height(rest.get(..*end).unwrap_or_default()) <= writer.sheets.left();
        let most = (1..=rest.len()).take_while(fits).last();
        if most.is_none() && writer.sheets.left() < Sheets::full() {
            writer.sheets.turn();
            continue;
        }
        let most = most.unwrap_or(1);
        let is_end = |end: &usize| rest.get(*end).is_none_or(|strip| strip.is_first);
        // The name alone is not left at the bottom of a sheet.
        let end = (2..=most).rev().find(is_end).unwrap_or(most);
        let (now, later) = rest.split_at(end);
        strips_at(writer, now);
        rest = later;
        if !rest.is_empty() {
            writer.sheets.turn();
        }
    }
}

fn strips_at(writer: &mut Writer<'_>, strips: &[Strip]) {
    let top = writer.sheets.top();
    let size = (ROOM, height(strips));
    writer.sheets.decorate(vec![Drawn::Ground { at: (EDGE, top), size }]);
    let mut y = top + AROUND - 1.0;
    for (place, strip) in strips.iter().enumerate() {
        if strip.is_first && 0 < place {
            y += JOBS;
            let at = (EDGE + AROUND, y - JOBS / 2.0 + 1.0);
            writer.sheets.decorate(vec![Drawn::Rule { at, width: ROOM - 2.0 * AROUND, thick: 0.5 }]);
        }
        for text in &strip.texts {
            let line = placed(text.line.clone(), text.style, text.left, y, text.room, false);
            writer.sheets.draw(text.part, vec![line]);
        }
        y += strip.height;
    }
    writer.sheets.down(height(strips));
}
