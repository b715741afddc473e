//! Pictures as shapes, whatever they are painted with: lines, bars, dots and words, placed in a picture's own units.

use crate::page::{Dot, Drawing, Rhythm, Week};
use crate::words::trimmed;

/// The width of a picture in its own units; it grows and shrinks with the page.
pub const WIDTH: f64 = 720.0;
/// The height of a row with its space.
pub const ROW: f64 = 26.0;
/// The height of letters.
pub const LETTERS: f64 = 13.0;
/// The room for names at the left.
const NAMES: f64 = 196.0;
/// The room for numbers at the right.
const NUMBERS: f64 = 90.0;
/// The longest name in a picture, in characters.
const NAME_CHARS_MAX: usize = 26;
/// The height of a forecast's picture.
const FORECAST_HEIGHT: f64 = 300.0;
/// The height of a map.
const MAP_HEIGHT: f64 = 420.0;
/// A degree of latitude, in miles.
const MILES_PER_DEGREE: f64 = 69.05;
/// How long the line beside a map may be, in miles.
const SCALE_MILES: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
/// Names are written at the largest dots of a map, and at so many of them at most.
const MAP_NAMES: usize = 24;

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What stands below it.
    pub caption: String,
    /// A sentence for whoever cannot see it.
    pub said: String,
    /// How tall it is; it is [`WIDTH`] wide.
    pub height: f64,
    /// What is drawn, the last one on top.
    pub shapes: Vec<Shape>,
    /// Whether it is rows of [`ROW`], one below the other, and may go on over pages between them.
    pub is_rows: bool,
}

/// What a shape stands for; colors and widths follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A number as a bar.
    Bar,
    /// What goes beyond the usual.
    Pale,
    /// A number as a dot.
    Dot,
    /// A place on a map.
    Spot,
    /// Lines to read values by.
    Grid,
    /// Where a share may truly be.
    Range,
    /// What others are compared with.
    Rule,
    /// Where a number almost surely is.
    Sure,
    /// Where a number likely is.
    Likely,
    /// The forecast.
    Line,
    /// A day on which something came.
    Sent,
}

/// How words stand at their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// They begin there.
    Start,
    /// They end there.
    End,
    /// Their middle is there, and they matter less than the picture.
    Axis,
    /// Their middle is there.
    Strong,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle with round corners.
    Rect {
        /// What it stands for.
        ink: Ink,
        /// Its left upper corner.
        at: (f64, f64),
        /// Its width and height.
        size: (f64, f64),
        /// The radius of its corners.
        round: f64,
        /// The number that it shows.
        value: f64,
    },
    /// A straight line.
    Line {
        /// What it stands for.
        ink: Ink,
        /// Where it begins.
        from: (f64, f64),
        /// Where it ends.
        to: (f64, f64),
        /// The number that it shows, where it shows one.
        value: Option<f64>,
    },
    /// A circle.
    Circle {
        /// What it stands for.
        ink: Ink,
        /// Its middle.
        at: (f64, f64),
        /// Its radius.
        radius: f64,
        /// The number that it shows.
        value: f64,
        /// What is told of it where a reader points at it; empty where there is nothing.
        told: String,
    },
    /// A line through points; an area where it is closed.
    Points {
        /// What it stands for.
        ink: Ink,
        /// The points.
        points: Vec<(f64, f64)>,
        /// Whether it is an area.
        is_area: bool,
    },
    /// Words on one line.
    Text {
        /// How they stand at their place.
        words: Words,
        /// Their place; they stand on it.
        at: (f64, f64),
        /// The words.
        text: String,
    },
}

/// The picture of numbers.
pub fn figure(drawing: &Drawing) -> Figure {
    match drawing {
        Drawing::Bars { title, bars } => draw_bars(title, bars),
        Drawing::Rates { title, dots, all } => rates(title, dots, *all),
        Drawing::Forecast { weeks, busy } => forecast(weeks, *busy),
        Drawing::Map { title, dots } => map(title, dots),
        Drawing::Rhythms { rows } => rhythms(rows),
    }
}

fn text(x: f64, y: f64, words: Words, text: &str) -> Shape {
    Shape::Text { words, at: (x, y), text: text.to_owned() }
}

fn line(ink: Ink, from: (f64, f64), to: (f64, f64)) -> Shape {
    Shape::Line { ink, from, to, value: None }
}

fn dot(at: (f64, f64), radius: f64, value: f64) -> Shape {
    Shape::Circle { ink: Ink::Dot, at, radius, value, told: String::new() }
}

fn name_at(x: f64, y: f64, label: &str) -> Shape {
    let mut short: String = label.chars().take(NAME_CHARS_MAX).collect();
    if label.chars().count() > NAME_CHARS_MAX {
        short.push('…');
    }
    text(x, y, Words::End, &short)
}

#[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
fn row_at(number: usize) -> f64 {
    number as f64 * ROW
}

fn draw_bars(title: &str, bars: &[(String, f64, String)]) -> Figure {
    let most = bars.iter().map(|(_, value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let room = WIDTH - NAMES - NUMBERS;
    let mut shapes = Vec::new();
    for (number, (label, value, said)) in bars.iter().enumerate() {
        let (top, wide) = (row_at(number), room * value.max(0.0) / most);
        shapes.push(name_at(NAMES - 8.0, top + 17.0, label));
        shapes.push(Shape::Rect {
            ink: Ink::Bar,
            at: (NAMES, top + 4.0),
            size: (wide, 18.0),
            round: 3.0,
            value: *value,
        });
        shapes.push(text(NAMES + wide + 6.0, top + 17.0, Words::Start, said));
    }
    let first = bars.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let said = first.map(|(label, _, said)| format!("{title}. Most: {label}, {said}.")).unwrap_or_default();
    Figure { caption: title.to_owned(), said, height: row_at(bars.len()) + 6.0, shapes, is_rows: true }
}

fn rates(title: &str, dots: &[Dot], all: Option<f64>) -> Figure {
    let room = WIDTH - NAMES - NUMBERS;
    let highest = dots.iter().map(Dot::highest).fold(0.0, f64::max);
    let scale = if highest <= 0.5 { 0.5 } else { 1.0 };
    let at = |share: f64| NAMES + room * (share / scale).clamp(0.0, 1.0);
    let bottom = row_at(dots.len());
    let mut shapes = Vec::new();
    for step in 0..=4_u8 {
        let share = scale * f64::from(step) / 4.0;
        shapes.push(line(Ink::Grid, (at(share), 0.0), (at(share), bottom)));
        shapes.push(text(at(share), bottom + 16.0, Words::Axis, &format!("{}%", trimmed(share * 100.0, 1))));
    }
    if let Some(all) = all {
        shapes.push(line(Ink::Rule, (at(all), 0.0), (at(all), bottom)));
    }
    for (number, Dot { label, share, range }) in dots.iter().enumerate() {
        let middle = row_at(number) + ROW / 2.0;
        shapes.push(name_at(NAMES - 8.0, middle + 4.5, label));
        if let Some((low, high)) = range {
            shapes.push(line(Ink::Range, (at(*low), middle), (at(*high), middle)));
        }
        shapes.push(dot((at(*share), middle), 5.5, *share));
        let said = format!("{}%", trimmed(share * 100.0, 0));
        shapes.push(text(WIDTH - NUMBERS + 12.0, middle + 4.5, Words::Start, &said));
    }
    let whole =
        all.map(|all| format!(" The line is the whole company: {}%.", trimmed(all * 100.0, 0))).unwrap_or_default();
    let chance =
        if dots.iter().any(|dot| dot.range.is_some()) { "; the bar through a dot is what may be chance" } else { "" };
    let said = format!("{title} of {}: dots with the range each may truly have.{whole}", dots.len());
    Figure { caption: format!("{title}{chance}.{whole}"), said, height: bottom + 24.0, shapes, is_rows: true }
}

fn forecast(weeks: &[Week], busy: Option<f64>) -> Figure {
    let (left, right, top, bottom) = (40.0, WIDTH - 10.0, 10.0, FORECAST_HEIGHT - 28.0);
    let most = weeks.iter().map(|week| week.sure.1.max(week.booked)).chain(busy).fold(1.0, f64::max) * 1.08;
    #[expect(clippy::cast_precision_loss, reason = "weeks of a picture")]
    let step = (right - left) / weeks.len().max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "weeks of a picture")]
    let x = |number: usize| left + step * (number as f64 + 0.5);
    let y = |value: f64| bottom - (bottom - top) * value / most;
    let mut shapes = Vec::new();
    for number in 0..=4_u8 {
        let value = most * f64::from(number) / 4.0;
        shapes.push(line(Ink::Grid, (left, y(value)), (right, y(value))));
        shapes.push(text(left - 6.0, y(value) + 4.0, Words::End, &trimmed(value, 0)));
    }
    for (ink, ends) in [(Ink::Sure, |week: &Week| week.sure), (Ink::Likely, |week: &Week| week.likely)]
        as [(Ink, fn(&Week) -> (f64, f64)); 2]
    {
        let upper = weeks.iter().enumerate().map(|(number, week)| (x(number), y(ends(week).1)));
        let lower = weeks.iter().enumerate().rev().map(|(number, week)| (x(number), y(ends(week).0)));
        shapes.push(Shape::Points { ink, points: upper.chain(lower).collect(), is_area: true });
    }
    for (number, week) in weeks.iter().enumerate() {
        shapes.push(Shape::Rect {
            ink: Ink::Bar,
            at: (x(number) - step * 0.2, y(week.booked)),
            size: (step * 0.4, bottom - y(week.booked)),
            round: 2.0,
            value: week.booked,
        });
        shapes.push(text(x(number), bottom + 18.0, Words::Axis, &week.label));
    }
    let points = weeks.iter().enumerate().map(|(number, week)| (x(number), y(week.forecast))).collect();
    shapes.push(Shape::Points { ink: Ink::Line, points, is_area: false });
    for (number, week) in weeks.iter().enumerate() {
        shapes.push(dot((x(number), y(week.forecast)), 4.5, week.forecast));
    }
    if let Some(busy) = busy {
        shapes.push(line(Ink::Rule, (left, y(busy)), (right, y(busy))));
        shapes.push(text(right - 4.0, y(busy) - 5.0, Words::End, "a busy week so far"));
    }
    let said = weeks.iter().map(|week| {
        format!(
            "{}: {} booked, likely {} to {}",
            week.label,
            trimmed(week.booked, 0),
            trimmed(week.likely.0, 0),
            trimmed(week.likely.1, 0)
        )
    });
    let said = format!("Forecast by week. {}.", said.collect::<Vec<_>>().join("; "));
    let caption = "Bars: booked so far. Line: forecast, with its likely range (inner band) and the one it almost surely is in (outer).";
    Figure { caption: caption.to_owned(), said, height: FORECAST_HEIGHT, shapes, is_rows: false }
}

fn map(title: &str, dots: &[(String, (f64, f64), f64)]) -> Figure {
    const EDGE: f64 = 40.0;
    const RADIUS_MAX: f64 = 22.0;
    let ends = |values: Vec<f64>| {
        let (low, high) =
            values.iter().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        (low, (high - low).max(0.02), f64::midpoint(low, high))
    };
    let (_, tall, latitude) = ends(dots.iter().map(|(_, at, _)| at.0).collect());
    let (_, wide, longitude) = ends(dots.iter().map(|(_, at, _)| at.1).collect());
    // A degree of longitude is shorter the farther north it is.
    let narrow = latitude.to_radians().cos();
    let scale = ((WIDTH - 2.0 * EDGE) / (wide * narrow)).min((MAP_HEIGHT - 2.0 * EDGE) / tall);
    let place = |at: (f64, f64)| {
        (WIDTH / 2.0 + (at.1 - longitude) * narrow * scale, MAP_HEIGHT / 2.0 - (at.0 - latitude) * scale)
    };
    let most = dots.iter().map(|(.., value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut sorted: Vec<_> = dots.iter().collect();
    sorted.sort_by(|one, other| other.2.total_cmp(&one.2));
    let mut shapes = Vec::new();
    for (label, at, value) in &sorted {
        // As large in area as in number.
        let radius = RADIUS_MAX * (value.max(0.0) / most).sqrt();
        let told = format!("{label}: {}", trimmed(*value, 1));
        shapes.push(Shape::Circle { ink: Ink::Spot, at: place(*at), radius, value: *value, told });
    }
    // A line as long as some miles, so that distances can be told.
    let mile = scale / MILES_PER_DEGREE;
    let miles = SCALE_MILES.into_iter().rfind(|miles| miles * mile <= WIDTH / 6.0).unwrap_or(1.0);
    let corner = (EDGE / 2.0, MAP_HEIGHT - 14.0);
    shapes.push(line(Ink::Line, corner, (corner.0 + miles * mile, corner.1)));
    shapes.push(text(
        corner.0 + miles * mile + 8.0,
        corner.1 + 4.5,
        Words::Start,
        &format!("{} miles", trimmed(miles, 0)),
    ));
    // The larger one has its name; one that would lie on another's is left out.
    let mut named: Vec<(f64, f64)> = Vec::new();
    for (label, at, _) in &sorted {
        let (x, y) = place(*at);
        let is_free = named.iter().all(|(left, top)| 44.0 < (x - left).abs() || 15.0 < (y - top).abs());
        if is_free && named.len() < MAP_NAMES {
            named.push((x, y));
            shapes.push(text(x, y + 4.0, Words::Strong, label));
        }
    }
    let said = sorted.iter().take(3).map(|(label, _, value)| format!("{label}, {}", trimmed(*value, 1)));
    let said = format!("{title} by ZIP code on a map. Most: {}.", said.collect::<Vec<_>>().join("; "));
    let caption = format!("{title} by ZIP code: the larger the dot, the more. North is up.");
    Figure { caption, said, height: MAP_HEIGHT, shapes, is_rows: false }
}

/// Ends of a time axis, in days before today: half a year and so on.
const SPANS: [f64; 6] = [182.0, 365.0, 730.0, 1095.0, 1826.0, 3652.0];

/// A line for each agent that ends today: a stroke for each referral, the usual gap after the last one, the silence beyond.
fn rhythms(rows: &[Rhythm]) -> Figure {
    let room = WIDTH - NAMES - NUMBERS;
    let oldest = rows.iter().flat_map(|row| &row.referrals).copied().fold(0.0, f64::max);
    let oldest = rows.iter().map(|row| row.since).fold(oldest, f64::max);
    let span = SPANS.into_iter().find(|span| oldest <= *span).unwrap_or(oldest);
    let at = |ago: f64| NAMES + room * (1.0 - (ago / span).clamp(0.0, 1.0));
    let bottom = row_at(rows.len());
    let mut shapes = Vec::new();
    for step in 0..=4_u8 {
        let ago = span * f64::from(step) / 4.0;
        shapes.push(line(Ink::Grid, (at(ago), 0.0), (at(ago), bottom)));
        let name = if step == 0 { "today".to_owned() } else { so_long_ago(ago) };
        shapes.push(text(at(ago), bottom + 16.0, Words::Axis, &name));
    }
    for (number, row) in rows.iter().enumerate() {
        let middle = row_at(number) + ROW / 2.0;
        shapes.push(name_at(NAMES - 8.0, middle + 4.5, &row.label));
        if let Some(gap) = row.gap {
            let (last, due) = (at(row.since), at(row.overdue()));
            let bar = |ink: Ink, from: f64, to: f64, value: f64| Shape::Rect {
                ink,
                at: (from, middle - 4.0),
                size: (to - from, 8.0),
                round: 2.0,
                value,
            };
            shapes.push(bar(Ink::Pale, due, at(0.0), row.since));
            shapes.push(bar(Ink::Bar, last, due, gap));
        }
        let stroke = |ago: &f64| Shape::Line {
            ink: Ink::Sent,
            from: (at(*ago), middle - 8.0),
            to: (at(*ago), middle + 8.0),
            value: Some(*ago),
        };
        shapes.extend(row.referrals.iter().map(stroke));
        let said = format!("{} days", trimmed(row.since, 0));
        shapes.push(text(WIDTH - NUMBERS + 12.0, middle + 4.5, Words::Start, &said));
    }
    let first = rows.iter().max_by(|one, other| one.since.total_cmp(&other.since));
    let said = first.map(|row| {
        let usual = row.gap.map(|gap| format!("; the usual gap is {}", trimmed(gap, 0))).unwrap_or_default();
        format!("The longest silence: {}, {} days{usual}.", row.label, trimmed(row.since, 0))
    });
    let caption = if rows.iter().any(|row| row.gap.is_some()) {
        "Each stroke is a referral; the days since the last one stand at the right. Dark: as long as the agent's usual gap; light: \
         the silence beyond it."
    } else {
        "Each stroke is a referral; the days since the last one stand at the right."
    };
    Figure {
        caption: caption.to_owned(),
        said: format!("Referrals of {} agents over time. {}", rows.len(), said.unwrap_or_default()),
        height: bottom + 24.0,
        shapes,
        is_rows: true,
    }
}

/// So many days ago, in words for an axis.
fn so_long_ago(days: f64) -> String {
    let months = days / 30.44;
    if months < 23.5 {
        format!("{} months ago", trimmed(months, 0))
    } else {
        format!("{} years ago", trimmed(days / 365.25, 1))
    }
}
