//! What stands on the sheets, in the order in which it is read.

use std::collections::BTreeMap;

use present::{Page, Part};

use crate::fonts::{Fonts, Weight};
use crate::sheet::{ALARM, Drawn, EDGE, HEIGHT, INK, Id, MAIN, ROOM, Role, SOFT, Sheets, placed};
use crate::text::{Line, Paragraph, Style};
use crate::{cards, grid, picture};

const TITLE: Style = Style { weight: Weight::Heavy, size: 18.0, color: INK };
const SECTION: Style = Style { weight: Weight::Heavy, size: 13.0, color: MAIN };
const LEAD: Style = Style { weight: Weight::Plain, size: 11.5, color: INK };
/// The headings of tables.
pub(crate) const HEADING: Style = Style { weight: Weight::Heavy, size: 10.5, color: INK };
/// Text.
pub(crate) const TEXT: Style = Style { weight: Weight::Plain, size: 9.5, color: INK };
/// Values.
pub(crate) const TEXT_HEAVY: Style = Style { weight: Weight::Heavy, size: 9.5, color: INK };
/// What matters less.
pub(crate) const SMALL: Style = Style { weight: Weight::Plain, size: 8.2, color: SOFT };
const SMALL_HEAVY: Style = Style { weight: Weight::Heavy, size: 8.2, color: SOFT };
/// The names on cards.
pub(crate) const CARD_HEAD: Style = Style { weight: Weight::Heavy, size: 10.5, color: INK };
/// What values on cards are.
pub(crate) const CARD_SOFT: Style = Style { weight: Weight::Plain, size: 9.5, color: SOFT };
/// How a report looks.
const LOOK: Look = Look {
    text: TEXT,
    small: SMALL,
    warning: Style { weight: Weight::Heavy, size: 9.5, color: ALARM },
    cell: Style { weight: Weight::Plain, size: 8.6, color: INK },
    cell_head: Style { weight: Weight::Heavy, size: 7.8, color: SOFT },
    between: 9.0,
    around: 2.2,
    apart: 8.0,
    has_captions: true,
};

/// The room between facts, in points.
const FACTS: f32 = 22.0;
/// The least width of a fact, in points.
const FACT_WIDTH: f32 = 76.0;
/// The width for what is defined, in points.
const DEFINED: f32 = 140.0;
/// The height of what is said of a company before its first picture, in points.
const COMPANY: f32 = 110.0;
/// How far the lines of a list stand to the right, in points.
const INDENT: f32 = 11.0;
/// Where the lowest line of a sheet stands, in points from its lower end.
const FOOT: f32 = 34.0;

/// A number of lines as a length.
#[expect(clippy::cast_precision_loss, reason = "lines on a sheet")]
pub(crate) fn count(number: usize) -> f32 {
    number as f32
}

/// The looks of what reports and letters both have.
pub(crate) struct Look {
    /// Lists.
    pub(crate) text: Style,
    /// What matters less.
    pub(crate) small: Style,
    /// What is missing.
    pub(crate) warning: Style,
    /// Cells of tables.
    pub(crate) cell: Style,
    /// Headings of columns.
    pub(crate) cell_head: Style,
    /// The room between columns of a table, in points.
    pub(crate) between: f32,
    /// The room above and below what stands in a row of a table, in points.
    pub(crate) around: f32,
    /// The room above a table, in points; half of it is below.
    pub(crate) apart: f32,
    /// Whether tables have captions.
    pub(crate) has_captions: bool,
}

/// Writes on sheets.
pub(crate) struct Writer<'a> {
    /// With these fonts.
    pub(crate) fonts: &'a Fonts,
    /// On these sheets.
    pub(crate) sheets: Sheets,
    /// With these looks.
    pub(crate) look: &'static Look,
    /// From here to the right, in points from the left end of a sheet.
    pub(crate) left: f32,
    /// So wide, in points.
    pub(crate) room: f32,
}

/// The sheets of a report.
pub(crate) fn sheets(fonts: &Fonts, title: &str, pages: &[Page]) -> Sheets {
    let mut writer = Writer::new(fonts, &LOOK);
    let whole = writer.begin(title, TITLE);
    for page in pages {
        writer.page(whole, title, page);
    }
    writer.end(whole, pages);
    writer.feet(title);
    writer.sheets
}

impl<'a> Writer<'a> {
    /// Writes on sheets of its own, as wide as they are.
    pub(crate) fn new(fonts: &'a Fonts, look: &'static Look) -> Self {
        Self { fonts, sheets: Sheets::new(), look, left: EDGE, room: ROOM }
    }

    /// Writes the title; what follows goes into what this gives.
    pub(crate) fn begin(&mut self, title: &str, style: Style) -> Id {
        let whole = self.sheets.part(Sheets::whole(), Role::Section);
        self.sheets.enter(0, title);
        self.heading(whole, 1, title, style, 0.0);
        whole
    }

    /// Writes text.
    pub(crate) fn text(&mut self, within: Id, text: &str, style: Style) {
        let part = self.sheets.part(within, Role::Paragraph);
        self.lines(part, text, style);
    }

    /// Writes the lines of a part.
    pub(crate) fn lines(&mut self, part: Id, text: &str, style: Style) {
        self.lines_at(part, text, style, 0.0);
    }

    fn lines_at(&mut self, part: Id, text: &str, style: Style, indent: f32) {
        for line in Paragraph::new(self.fonts, style, text).lines(self.room - indent, 0.0) {
            self.sheets.need(style.line());
            let line = placed(line, style, self.left + indent, self.sheets.top(), self.room - indent, false);
            self.sheets.draw(part, vec![line]);
            self.sheets.down(style.line());
        }
    }

    /// Writes a heading on the same sheet as what follows, if that is no higher than this; none where it would say nothing.
    pub(crate) fn heading(&mut self, within: Id, level: u16, text: &str, style: Style, follows: f32) {
        if text.trim().is_empty() {
            return;
        }
        self.sheets.need(style.line() + follows);
        let part = self.sheets.part(within, Role::Heading(level, text.to_owned()));
        self.lines(part, text, style);
        self.sheets.down(2.0);
    }

    fn page(&mut self, within: Id, title: &str, page: &Page) {
        let section = self.sheets.part(within, Role::Section);
        let has_heading = page.title != title;
        if has_heading {
            self.sheets.skip(14.0);
            self.sheets.enter(1, &page.title);
            self.heading(section, 2, &page.title, Style { size: 15.0, ..SECTION }, 90.0);
        }
        self.basis(section, page);
        for part in &page.parts {
            self.company(section, page, part, if has_heading { 3 } else { 2 });
        }
    }

    /// What is missing, and the days it is about.
    pub(crate) fn basis(&mut self, within: Id, page: &Page) {
        if !page.basis.is_complete {
            self.text(within, present::INCOMPLETE, self.look.warning);
        }
        for missing in &page.basis.missing {
            self.text(within, &format!("Missing: {missing}"), self.look.warning);
        }
        if !page.basis.periods.is_empty() {
            self.text(within, &page.basis.periods.join(". "), self.look.small);
        }
    }

    fn company(&mut self, within: Id, page: &Page, part: &Part, level: u16) {
        let section = self.sheets.part(within, Role::Section);
        if let Some(name) = page.name_of(part) {
            self.sheets.skip(14.0);
            self.sheets.need(COMPANY + first_picture(part));
            self.sheets.enter(1, name);
            self.heading(section, level, name, SECTION, 0.0);
        }
        if let Some(headline) = &part.headline {
            self.text(section, headline, LEAD);
            self.sheets.down(4.0);
        }
        self.facts(section, &part.facts);
        if !part.attention.is_empty() {
            self.sheets.skip(6.0);
            self.heading(section, level + 1, "Needs attention", HEADING, 40.0);
            self.list(section, &part.attention);
        }
        for table in &part.tables {
            if let Some(drawing) = &table.picture {
                picture::figure(self, section, &present::figure(drawing));
                if let Some(part) = table.drawn_in_part() {
                    self.text(section, &part, SMALL);
                }
            }
            match table.cards_by {
                Some(by) => {
                    self.sheets.skip(8.0);
                    cards::cards(self, section, table, by);
                }
                None => grid::grid(self, section, table),
            }
        }
    }

    /// Writes points below each other.
    pub(crate) fn list(&mut self, within: Id, points: &[String]) {
        let style = self.look.text;
        let list = self.sheets.part(within, Role::List);
        for point in points {
            let item = self.sheets.part(list, Role::Item);
            let body = self.sheets.part(item, Role::Body);
            self.sheets.need(style.line());
            let dot = self.line("•", style);
            let at = (self.left + 2.0, self.sheets.top() + style.stand());
            self.sheets.decorate(vec![Drawn::Text { at, line: dot, style }]);
            self.lines_at(body, point, style, INDENT);
        }
    }

    fn line(&self, text: &str, style: Style) -> Line {
        let lines = Paragraph::new(self.fonts, style, text).lines(f32::MAX, 0.0);
        lines.into_iter().next().unwrap_or_default()
    }

    /// What is said once: names above values, beside each other while there is room.
    fn facts(&mut self, within: Id, facts: &[(String, String)]) {
        let mut line: Vec<(f32, Fact)> = Vec::new();
        let mut left = 0.0;
        for (name, value) in facts {
            let fact = Fact::new(self.fonts, name, value);
            if Sheets::full() / 2.0 < fact.height() {
                self.fact_line(within, std::mem::take(&mut line));
                left = 0.0;
                self.text(within, name, SMALL);
                self.text(within, value, TEXT_HEAVY);
                continue;
            }
            if !line.is_empty() && ROOM < left + fact.width {
                self.fact_line(within, std::mem::take(&mut line));
                left = 0.0;
            }
            let width = fact.width;
            line.push((left, fact));
            left += width + FACTS;
        }
        self.fact_line(within, line);
    }

    fn fact_line(&mut self, within: Id, line: Vec<(f32, Fact)>) {
        let height = line.iter().map(|(_, fact)| fact.height()).fold(0.0, f32::max);
        self.sheets.need(height);
        for (left, fact) in line {
            let part = self.sheets.part(within, Role::Paragraph);
            let mut top = self.sheets.top();
            for (lines, style) in [(fact.name, SMALL), (fact.value, TEXT_HEAVY)] {
                for line in lines {
                    let line = placed(line, style, EDGE + left, top, fact.width, false);
                    self.sheets.draw(part, vec![line]);
                    top += style.line();
                }
            }
        }
        self.sheets.down(height);
    }

    /// What the report stands on.
    pub(crate) fn sources(&mut self, within: Id, pages: &[Page]) {
        let style = self.look.small;
        self.sheets.need(5.0 + style.line());
        self.sheets.decorate(vec![Drawn::Rule { at: (EDGE, self.sheets.top()), width: ROOM, thick: 0.6 }]);
        self.sheets.down(5.0);
        for line in present::sources(pages) {
            self.text(within, line, style);
            self.sheets.down(2.0);
        }
    }

    /// What the report stands on, and what its columns mean.
    fn end(&mut self, within: Id, pages: &[Page]) {
        let section = self.sheets.part(within, Role::Section);
        self.sheets.skip(14.0);
        self.sheets.need(3.0 * SMALL.line());
        self.sources(section, pages);
        let definitions: BTreeMap<&str, &str> = pages.iter().flat_map(Page::definitions).collect();
        if !definitions.is_empty() {
            self.sheets.skip(8.0);
            self.heading(section, 2, "What the columns mean", HEADING, 40.0);
            for (label, hint) in definitions {
                self.definition(section, label, hint);
            }
        }
        if let Some(said) = present::of_few_cases(pages) {
            self.sheets.down(4.0);
            self.text(section, said, SMALL);
        }
    }

    fn definition(&mut self, within: Id, label: &str, hint: &str) {
        let part = self.sheets.part(within, Role::Paragraph);
        let label = Paragraph::new(self.fonts, SMALL_HEAVY, label).lines(DEFINED - 10.0, 0.0);
        let hint = Paragraph::new(self.fonts, SMALL, hint).lines(ROOM - DEFINED, 0.0);
        let height = count(label.len().max(hint.len())) * SMALL.line() + 2.0;
        self.sheets.need(height);
        for (lines, style, left, room) in
            [(label, SMALL_HEAVY, EDGE, DEFINED - 10.0), (hint, SMALL, EDGE + DEFINED, ROOM - DEFINED)]
        {
            for (number, line) in lines.into_iter().enumerate() {
                let top = self.sheets.top() + count(number) * SMALL.line();
                let line = placed(line, style, left, top, room, false);
                self.sheets.draw(part, vec![line]);
            }
        }
        self.sheets.down(height);
    }

    /// The title and the number of the sheet at the foot of each.
    pub(crate) fn feet(&mut self, title: &str) {
        let style = self.look.small;
        let all = self.sheets.sheets.len();
        let name = Paragraph::new(self.fonts, style, title).lines(ROOM * 0.7, 0.0).into_iter().next();
        for number in 0..all {
            let line = self.line(&format!("Page {} of {all}", number + 1), style);
            let right = (EDGE + ROOM - line.width, HEIGHT - FOOT);
            let mut drawn = vec![Drawn::Text { at: right, line, style }];
            let name = name.clone().map(|line| Drawn::Text { at: (EDGE, HEIGHT - FOOT), line, style });
            drawn.extend(name);
            self.sheets.decorate_on(number, drawn);
        }
    }
}

/// How tall the picture of the first table is, in points; 0 where there is none or it is tall: then what is said of
/// the company stands well without it.
fn first_picture(part: &Part) -> f32 {
    let drawing = part.tables.first().and_then(|table| table.picture.as_ref());
    let height = drawing.map_or(0.0, |drawing| picture::height(&present::figure(drawing)));
    if height < Sheets::full() / 4.0 { height } else { 0.0 }
}

/// A name and its value, ready to be drawn.
struct Fact {
    name: Vec<Line>,
    value: Vec<Line>,
    width: f32,
}

impl Fact {
    fn new(fonts: &Fonts, name: &str, value: &str) -> Self {
        let name = Paragraph::new(fonts, SMALL, name);
        let value = Paragraph::new(fonts, TEXT_HEAVY, value);
        let width = (name.width().max(value.width()) + 0.1).clamp(FACT_WIDTH, ROOM);
        Self { name: name.lines(width, 0.0), value: value.lines(width, 0.0), width }
    }

    fn height(&self) -> f32 {
        count(self.name.len()) * SMALL.line() + count(self.value.len()) * TEXT_HEAVY.line() + 5.0
    }
}
