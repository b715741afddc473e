//! A letter: a section for each page, and in it the companies beside each other.

use present::{Page, Part};

use crate::fonts::{Fonts, Weight};
use crate::grid;
use crate::report::{Look, Writer};
use crate::sheet::{ALARM, EDGE, INK, Id, MAIN, ROOM, Role, SOFT, Sheets};
use crate::text::Style;

/// The most companies beside each other.
const BESIDE_MAX: usize = 3;
/// The room between companies beside each other, in points.
const BESIDE: f32 = 14.0;
/// The room above a section, in points.
const ABOVE: f32 = 6.0;
/// The room between the head of a section and its companies, in points.
const HEAD: f32 = 2.0;
/// The least room in which companies begin that are higher than a sheet, in points.
const BEGIN: f32 = 90.0;

const TITLE: Style = Style { weight: Weight::Heavy, size: 15.0, color: INK };
/// How a letter looks, the largest letters first.
const LOOKS: &[Look] = &[look(8.4), look(7.7), look(7.1), look(6.6)];
/// The first of them for as many companies beside each other as there may be: larger letters break too many words.
const LOOKS_NARROW: usize = 2;

/// With text of so many points.
const fn look(size: f32) -> Look {
    Look {
        text: Style { weight: Weight::Plain, size, color: INK },
        small: Style { weight: Weight::Plain, size: size - 0.6, color: SOFT },
        warning: Style { weight: Weight::Heavy, size, color: ALARM },
        cell: Style { weight: Weight::Plain, size: size - 0.2, color: INK },
        cell_head: Style { weight: Weight::Heavy, size: size - 0.6, color: SOFT },
        between: size - 1.0,
        around: 0.7,
        apart: 3.0,
        has_captions: false,
    }
}

const fn heading(size: f32) -> Style {
    Style { weight: Weight::Heavy, size, color: MAIN }
}

/// The sheets of a letter: the fewest, and on them the largest letters.
pub(crate) fn sheets(fonts: &Fonts, title: &str, pages: &[Page]) -> Sheets {
    let most = pages.iter().map(beside).max().unwrap_or_default();
    let looks = LOOKS.iter().skip(if most < BESIDE_MAX { 0 } else { LOOKS_NARROW });
    let mut best: Option<Sheets> = None;
    for look in looks {
        let letter = sheets_in(fonts, look, title, pages);
        if letter.sheets.len() == 1 {
            return letter;
        }
        if best.as_ref().is_none_or(|best| letter.sheets.len() < best.sheets.len()) {
            best = Some(letter);
        }
    }
    best.unwrap_or_else(Sheets::new)
}

fn sheets_in(fonts: &Fonts, look: &'static Look, title: &str, pages: &[Page]) -> Sheets {
    let mut writer = Writer::new(fonts, look);
    let whole = writer.begin(title, TITLE);
    for page in pages {
        let section = writer.sheets.part(whole, Role::Section);
        let beside = beside(page);
        let mut rows = page.parts.chunks(beside);
        let first = rows.next().unwrap_or_default();
        writer.sheets.skip(ABOVE);
        together(&mut writer, section, |writer, section| {
            head(writer, section, page);
            row(writer, section, page, first, beside);
        });
        for parts in rows {
            writer.sheets.skip(ABOVE);
            together(&mut writer, section, |writer, section| row(writer, section, page, parts, beside));
        }
    }
    let section = writer.sheets.part(whole, Role::Section);
    writer.sheets.skip(ABOVE);
    writer.sources(section, pages);
    writer.feet(title);
    writer.sheets
}

/// How many companies of a page stand beside each other: as many in each row as in the others, but for the last.
fn beside(page: &Page) -> usize {
    let rows = page.parts.len().div_ceil(BESIDE_MAX).max(1);
    page.parts.len().div_ceil(rows).max(1)
}

/// Writes on one sheet what is no higher than one: on the next one if this one has no room for it. What is higher than a sheet
/// begins on this one where that makes sense.
fn together(writer: &mut Writer<'_>, within: Id, write: impl Fn(&mut Writer<'_>, Id)) {
    let may_begin = BEGIN <= writer.sheets.left();
    let before = writer.sheets.clone();
    write(writer, within);
    if writer.sheets.place().sheet == before.place().sheet {
        return;
    }
    let broken = std::mem::replace(&mut writer.sheets, before);
    writer.sheets.turn();
    let begin = writer.sheets.place();
    write(writer, within);
    if may_begin && begin.sheet < writer.sheets.place().sheet {
        writer.sheets = broken;
    }
}

/// Its title, and what it stands on.
fn head(writer: &mut Writer<'_>, within: Id, page: &Page) {
    writer.sheets.enter(1, &page.title);
    writer.heading(within, 2, &page.title, heading(writer.look.text.size + 2.6), 0.0);
    writer.basis(within, page);
    writer.sheets.down(HEAD);
}

/// Companies beside each other, with room for so many. Each goes on in its column; what follows begins below the longest.
fn row(writer: &mut Writer<'_>, within: Id, page: &Page, parts: &[Part], beside: usize) {
    let begin = writer.sheets.place();
    let mut end = begin;
    let step = (ROOM + BESIDE) / crate::report::count(beside);
    writer.room = step - BESIDE;
    for part in parts {
        writer.sheets.go(begin);
        company(writer, within, page, part);
        if end < writer.sheets.place() {
            end = writer.sheets.place();
        }
        writer.left += step;
    }
    writer.sheets.go(end);
    (writer.left, writer.room) = (EDGE, ROOM);
}

fn company(writer: &mut Writer<'_>, within: Id, page: &Page, part: &Part) {
    let text = writer.look.text;
    let section = writer.sheets.part(within, Role::Section);
    if let Some(name) = page.name_of(part) {
        writer.heading(section, 3, name, heading(text.size + 0.6), 0.0);
    }
    if let Some(headline) = &part.headline {
        writer.text(section, headline, text);
    }
    if !part.attention.is_empty() {
        writer.list(section, &part.attention);
    }
    part.tables.iter().for_each(|table| grid::grid(writer, section, table));
}
