//! A page in a terminal: as wide as it is, in color where there is some.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use crate::page::{Column, Dot, Drawing, Page, Part, Rhythm, Table, Week};
use crate::words::trimmed;

/// A column of text is not wider than this unless there is room for all.
const TEXT_COLUMN_MAX: usize = 34;
/// Nor narrower, where it is cut.
const TEXT_COLUMN_MIN: usize = 14;
/// Between two columns.
const GAP: usize = 2;
/// A picture is not wider than this; farther apart, a dot and its name are hard to see together.
const PICTURE_MAX: usize = 60;
/// The longest name beside a picture.
const LABEL_MAX: usize = 24;
/// Eighths of a block, from none to seven.
const EIGHTHS: &[&str] = &["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Eighths of a block from below, from one to eight.
const SPARKS: &[char] = &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is painted on.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Whether it shows colors.
    pub has_color: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Strong,
    Faint,
    Accent,
    Warning,
}

impl Screen {
    fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Accent => "36",
            Ink::Warning => "33",
        };
        if self.has_color && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The pages as text.
pub fn terminal(pages: &[Page], screen: Screen) -> String {
    let mut out = String::new();
    for page in pages {
        line(&mut out, &screen.ink(Ink::Strong, &page.title));
        line(&mut out, &screen.ink(Ink::Faint, &"─".repeat(page.title.width())));
        for part in &page.parts {
            paint_part(&mut out, page, part, screen);
        }
        line(&mut out, "");
        paint_basis(&mut out, page, screen);
        line(&mut out, "");
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn paint_part(out: &mut String, page: &Page, part: &Part, screen: Screen) {
    line(out, "");
    if let Some(name) = page.name_of(part) {
        line(out, &screen.ink(Ink::Accent, name));
    }
    if let Some(headline) = &part.headline {
        inked(out, Ink::Strong, headline, screen);
    }
    let wide = part.facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(screen.width / 2);
    for (name, value) in &part.facts {
        hanging(out, &padded(name, wide), value, screen.width);
    }
    if !part.attention.is_empty() {
        line(out, "");
        line(out, &screen.ink(Ink::Warning, "Needs attention"));
        part.attention.iter().for_each(|one| hanging(out, "•", one, screen.width));
    }
    for table in &part.tables {
        line(out, "");
        line(out, &screen.ink(Ink::Strong, &table.title));
        match table.cards_by {
            Some(by) => cards(out, table, by, screen),
            None => grid(out, table, screen),
        }
        if let Some(picture) = &table.picture {
            line(out, "");
            draw(out, picture, screen);
            if let Some(part) = table.drawn_in_part() {
                faint(out, &part, screen);
            }
        }
    }
}

fn paint_basis(out: &mut String, page: &Page, screen: Screen) {
    let basis = &page.basis;
    if !basis.is_complete {
        inked(out, Ink::Warning, "INCOMPLETE: not everything that was asked for is in it", screen);
    }
    for missing in &basis.missing {
        inked(out, Ink::Warning, &format!("Missing: {missing}"), screen);
    }
    basis.periods.iter().for_each(|period| faint(out, period, screen));
    faint(out, &basis.source, screen);
    basis.notes.iter().for_each(|note| faint(out, &format!("Note: {note}"), screen));
}

fn inked(out: &mut String, ink: Ink, text: &str, screen: Screen) {
    for text in wrapped(text, screen.width) {
        line(out, &screen.ink(ink, &text));
    }
}

/// What is said beside the matter.
fn faint(out: &mut String, text: &str, screen: Screen) {
    inked(out, Ink::Faint, text, screen);
}

/// A name and a text that goes on under itself.
fn hanging(out: &mut String, name: &str, text: &str, width: usize) {
    let indent = name.width() + 1;
    let lines = wrapped(text, width.saturating_sub(indent).max(8));
    for (number, text) in lines.iter().enumerate() {
        let begin = if number == 0 { format!("{name} ") } else { " ".repeat(indent) };
        line(out, &format!("{begin}{text}"));
    }
}

/// Lines of at most so many columns, broken between words; a word that is longer is broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let wide = word.width();
        if used != 0 && width < used + 1 + wide {
            lines.push(String::new());
            used = 0;
        }
        if used != 0 {
            push(&mut lines, " ");
            used += 1;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if width < used + wide && used != 0 {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, letter.encode_utf8(&mut [0; 4]));
            used += wide;
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

/// A text of just so many columns, cut with an ellipsis where it is longer.
fn padded(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let space = " ".repeat(width.saturating_sub(cut.width()));
    format!("{cut}{space}")
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if width < used + wide + 1 {
            break;
        }
        short.push(letter);
        used += wide;
    }
    short.push('…');
    short
}

/// The widths of as many columns as there is room for, the ones that matter most first.
fn widths(table: &Table, screen: Screen) -> Vec<usize> {
    let natural = |place: usize, column: &Column| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(place)).map(|cell| cell.text.width());
        cells.chain([column.label.width()]).max().unwrap_or(0)
    };
    let natural: Vec<usize> = table.columns.iter().enumerate().map(|(place, column)| natural(place, column)).collect();
    let least = |place: usize, wide: usize| {
        let is_text = table.columns.get(place).is_some_and(|column| !column.is_number());
        if is_text { wide.min(TEXT_COLUMN_MAX) } else { wide }
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut used = 0;
    for (place, wide) in natural.iter().enumerate() {
        let gap = if place == 0 { 0 } else { GAP };
        let left = screen.width.saturating_sub(used + gap);
        let wanted = least(place, *wide);
        let is_text = table.columns.get(place).is_some_and(|column| !column.is_number());
        let fits = if is_text && left < wanted && TEXT_COLUMN_MIN <= left { left } else { wanted };
        if left < fits {
            break;
        }
        chosen.push(fits);
        used += gap + fits;
    }
    // What is left goes to texts that are cut.
    for (place, wide) in chosen.iter_mut().enumerate() {
        let more =
            natural.get(place).copied().unwrap_or(0).saturating_sub(*wide).min(screen.width.saturating_sub(used));
        *wide += more;
        used += more;
    }
    chosen
}

fn grid(out: &mut String, table: &Table, screen: Screen) {
    let widths = widths(table, screen);
    let cell = |text: &str, place: usize, wide: usize| {
        let text = cut(text, wide);
        let space = " ".repeat(wide.saturating_sub(text.width()));
        if table.columns.get(place).is_some_and(Column::is_number) {
            format!("{space}{text}")
        } else {
            format!("{text}{space}")
        }
    };
    let gap = " ".repeat(GAP);
    let joined = |texts: Vec<&str>| {
        let cells = widths.iter().zip(&texts).enumerate().map(|(place, (wide, text))| cell(text, place, *wide));
        cells.collect::<Vec<_>>().join(&gap)
    };
    line(out, &screen.ink(Ink::Faint, &joined(table.columns.iter().map(|column| column.label.as_str()).collect())));
    let mut had_rows = false;
    for row in &table.rows {
        if row.is_sum && had_rows {
            let wide = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            line(out, &screen.ink(Ink::Faint, &"─".repeat(wide)));
            had_rows = false;
        }
        had_rows |= !row.is_sum;
        line(out, &joined(row.cells.iter().map(|cell| cell.text.as_str()).collect()));
    }
    let left: Vec<&str> = table.columns.iter().skip(widths.len()).map(|column| column.label.as_str()).collect();
    if !left.is_empty() {
        let text = format!("There was no room for: {}. A wider window or a file shows them.", left.join(", "));
        faint(out, &text, screen);
    }
}

/// Rows of which a person reads one after the other, together under what they have in common.
fn cards(out: &mut String, table: &Table, by: usize, screen: Screen) {
    for (head, rows) in table.grouped(by) {
        line(out, "");
        inked(out, Ink::Accent, head, screen);
        for row in rows {
            let mut begin = format!("  {}", padded(row.text(0), 9));
            for (place, column) in table.columns.iter().enumerate().filter(|(place, _)| *place != 0 && *place != by) {
                let said = row.text(place);
                if said.is_empty() {
                    continue;
                }
                let said = if column.says_itself() { said.to_owned() } else { format!("{}: {said}", column.label) };
                hanging(out, &begin, &said, screen.width);
                begin = " ".repeat(begin.width());
            }
        }
    }
}

fn draw(out: &mut String, picture: &Drawing, screen: Screen) {
    match picture {
        Drawing::Bars { title, bars } => {
            let rows: Vec<(&str, f64, &str)> =
                bars.iter().map(|(label, value, text)| (label.as_str(), *value, text.as_str())).collect();
            draw_bars(out, title, &rows, screen);
        }
        Drawing::Map { title, dots } => {
            let texts: Vec<String> = dots.iter().map(|(.., value)| trimmed(*value, 1)).collect();
            let rows: Vec<(&str, f64, &str)> = dots
                .iter()
                .zip(&texts)
                .map(|((label, _, value), text)| (label.as_str(), *value, text.as_str()))
                .collect();
            draw_bars(out, title, &rows, screen);
        }
        Drawing::Rates { title, dots, all } => draw_rates(out, title, dots, *all, screen),
        Drawing::Forecast { weeks, busy } => draw_forecast(out, weeks, *busy, screen),
        Drawing::Rhythms { rows } => draw_rhythms(out, rows, screen),
    }
}

/// The width of names, and what is left for the picture.
fn split<'a>(labels: impl Iterator<Item = &'a str>, after: usize, screen: Screen) -> (usize, usize) {
    let names = labels.map(UnicodeWidthStr::width).max().unwrap_or(0).min(LABEL_MAX).min(screen.width / 3);
    (names, screen.width.saturating_sub(names + after + 4).clamp(4, PICTURE_MAX))
}

fn draw_bars(out: &mut String, title: &str, rows: &[(&str, f64, &str)], screen: Screen) {
    let after = rows.iter().map(|(.., text)| text.width()).max().unwrap_or(0);
    let (names, room) = split(rows.iter().map(|(label, ..)| *label), after, screen);
    let most = rows.iter().map(|(_, value, _)| *value).fold(0.0, f64::max);
    faint(out, title, screen);
    for (label, value, text) in rows {
        let bar = bar(if most > 0.0 { value / most } else { 0.0 }, room);
        line(out, &format!("{} {} {text}", padded(label, names), screen.ink(Ink::Accent, &bar)));
    }
}

/// A bar of this share of so many columns.
fn bar(share: f64, columns: usize) -> String {
    let eighths = place(share, columns * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS.get(eighths % 8).copied().unwrap_or_default())
}

/// Where a share is among so many places.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "columns of a screen"
)]
fn place(share: f64, places: usize) -> usize {
    (share.clamp(0.0, 1.0) * places as f64).round() as usize
}

/// A line of marks, from what lies at the back to what lies in front.
fn marks(room: usize, marks: &[(usize, usize, char)]) -> String {
    let mut cells = vec![' '; room + 1];
    for (from, to, mark) in marks {
        for cell in cells.iter_mut().take(to + 1).skip(*from) {
            *cell = *mark;
        }
    }
    cells.into_iter().collect()
}

fn draw_rates(out: &mut String, title: &str, dots: &[Dot], all: Option<f64>, screen: Screen) {
    let (names, room) = split(dots.iter().map(|dot| dot.label.as_str()), 5, screen);
    let scale = if dots.iter().all(|dot| dot.highest() <= 0.5) { 0.5 } else { 1.0 };
    let beside = if all.is_some() { " (│ the whole company; ─ how sure it is)" } else { "" };
    faint(out, &format!("{title}{beside}"), screen);
    for Dot { label, share, range } in dots {
        let at = place(share / scale, room);
        let mut shown = Vec::new();
        if let Some((low, high)) = range {
            shown.push((place(low / scale, room), place(high / scale, room), '─'));
        }
        shown.extend(all.map(|all| (place(all / scale, room), place(all / scale, room), '│')));
        shown.push((at, at, '●'));
        let text = format!("{}%", trimmed(share * 100.0, 0));
        line(out, &format!("{} {} {text:>4}", padded(label, names), screen.ink(Ink::Accent, &marks(room, &shown))));
    }
}

fn draw_forecast(out: &mut String, weeks: &[Week], busy: Option<f64>, screen: Screen) {
    let (names, room) = split(weeks.iter().map(|week| week.label.as_str()), 18, screen);
    let most = weeks.iter().map(|week| week.sure.1.max(week.booked)).chain(busy).fold(1.0, f64::max);
    let rule = if busy.is_some() { ", │ a busy week so far" } else { "" };
    faint(out, &format!("█ booked, ● forecast, ═ likely, ─ almost surely{rule}"), screen);
    for week in weeks {
        let at = |value: f64| place(value / most, room);
        let mut shown = vec![(at(week.sure.0), at(week.sure.1), '─'), (at(week.likely.0), at(week.likely.1), '═')];
        shown.extend(busy.map(|busy| (at(busy), at(busy), '│')));
        if week.booked > 0.0 {
            shown.push((0, at(week.booked).saturating_sub(1), '█'));
        }
        shown.push((at(week.forecast), at(week.forecast), '●'));
        let text =
            format!("{} of {}–{}", trimmed(week.booked, 0), trimmed(week.likely.0, 0), trimmed(week.likely.1, 0));
        line(out, &format!("{} {} {text}", padded(&week.label, names), screen.ink(Ink::Accent, &marks(room, &shown))));
    }
}

/// The days that a column of an agent's line stands for, where they all have room: weeks for few, months for many.
const COLUMN_DAYS: [(f64, &str); 4] = [(7.0, "a week"), (14.0, "two weeks"), (30.44, "a month"), (91.31, "a quarter")];

/// A line for each agent, from long ago to today: how much came when, and the silence beyond the usual gap.
fn draw_rhythms(out: &mut String, rows: &[Rhythm], screen: Screen) {
    let (names, room) = split(rows.iter().map(|row| row.label.as_str()), 10, screen);
    #[expect(clippy::cast_precision_loss, reason = "columns of a screen")]
    let columns = room as f64;
    let oldest = rows.iter().flat_map(|row| &row.referrals).copied().fold(0.0, f64::max);
    let oldest = rows.iter().map(|row| row.since).fold(oldest, f64::max);
    let (days, each) = COLUMN_DAYS
        .into_iter()
        .find(|(days, _)| oldest < days * columns)
        .unwrap_or(((oldest + 1.0) / columns, "as many days"));
    faint(
        out,
        &format!("Referrals over time, {each} a column, today at the right; ░ silence beyond the usual gap"),
        screen,
    );
    let room = room.min(floor(oldest / days) + 1);
    for row in rows {
        let mut counts = vec![0_usize; room];
        let column = |ago: f64| room.saturating_sub(1).saturating_sub(floor(ago / days));
        for ago in &row.referrals {
            if let Some(count) = counts.get_mut(column(*ago)) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        // With nothing known but the last one, that is drawn.
        let (last, due) = (column(row.since), column(row.overdue()));
        let mark = |(place, count): (usize, &usize)| match count {
            0 if row.referrals.is_empty() && place == last => '▂',
            0 if last < place && due <= place && 0.0 < row.overdue() => '░',
            0 => ' ',
            count => SPARKS.get((count * SPARKS.len()).div_ceil(most) - 1).copied().unwrap_or('█'),
        };
        let text: String = counts.iter().enumerate().map(mark).collect();
        let said = format!("{} days", trimmed(row.since, 0));
        line(out, &format!("{} {} {said}", padded(&row.label, names), screen.ink(Ink::Accent, &text)));
    }
}

/// Whole columns.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "columns of a screen")]
fn floor(columns: f64) -> usize {
    columns.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion_and_texts_are_cut_by_what_they_take() {
        assert_eq!(bar(1.0, 40), "█".repeat(40));
        assert_eq!(bar(0.5 / 40.0, 40), "▌");
        assert_eq!(bar(0.0, 40), "");
        assert_eq!(padded("Teresa Olguín", 8), "Teresa …");
        // Two columns each.
        assert_eq!(padded("日本語", 5), "日本…");
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
