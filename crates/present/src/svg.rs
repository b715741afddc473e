//! Pictures as SVG, drawn with the page's own colors so that they follow light and dark.

use std::fmt::Write as _;

use crate::page::{Dot, Drawing, Rhythm, Week};
use crate::words::trimmed;

/// The width of a picture in its own units; it grows and shrinks with the page.
const WIDTH: f64 = 720.0;
/// The height of a row with its space.
const ROW: f64 = 26.0;
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
/// Names are written at the largest dots of a map, and at so many of them at most.
const MAP_NAMES: usize = 24;

/// The picture, with a sentence for whoever cannot see it.
pub(crate) fn svg(drawing: &Drawing) -> String {
    match drawing {
        Drawing::Bars { title, bars } => draw_bars(title, bars),
        Drawing::Rates { title, dots, all } => rates(title, dots, *all),
        Drawing::Forecast { weeks, busy } => forecast(weeks, *busy),
        Drawing::Map { title, dots } => map(title, dots),
        Drawing::Rhythms { rows } => rhythms(rows),
    }
}

/// Text as it stands in HTML, in attributes too.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn framed(title: &str, said: &str, height: f64, shapes: &str) -> String {
    format!(
        "<figure><svg role=\"img\" viewBox=\"0 0 {WIDTH} {height:.0}\" aria-label=\"{}\">{shapes}</svg><figcaption>{}</figcaption>\
         </figure>\n",
        escaped(said),
        escaped(title)
    )
}

fn text(x: f64, y: f64, class: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(text))
}

fn name_at(x: f64, y: f64, label: &str) -> String {
    let mut short: String = label.chars().take(NAME_CHARS_MAX).collect();
    if label.chars().count() > NAME_CHARS_MAX {
        short.push('…');
    }
    text(x, y, "end", &short)
}

#[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
fn row_at(number: usize) -> f64 {
    number as f64 * ROW
}

fn draw_bars(title: &str, bars: &[(String, f64, String)]) -> String {
    let most = bars.iter().map(|(_, value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let room = WIDTH - NAMES - NUMBERS;
    let mut shapes = String::new();
    for (number, (label, value, said)) in bars.iter().enumerate() {
        let (top, wide) = (row_at(number), room * value.max(0.0) / most);
        shapes.push_str(&name_at(NAMES - 8.0, top + 17.0, label));
        write!(
            shapes,
            "<rect class=\"bar\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"18\" rx=\"3\" data-value=\"{value}\"/>",
            top + 4.0
        )
        .ok();
        shapes.push_str(&text(NAMES + wide + 6.0, top + 17.0, "", said));
    }
    let first = bars.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let said = first.map(|(label, _, said)| format!("{title}. Most: {label}, {said}.")).unwrap_or_default();
    framed(title, &said, row_at(bars.len()) + 6.0, &shapes)
}

fn rates(title: &str, dots: &[Dot], all: Option<f64>) -> String {
    let room = WIDTH - NAMES - NUMBERS;
    let highest = dots.iter().map(Dot::highest).fold(0.0, f64::max);
    let scale = if highest <= 0.5 { 0.5 } else { 1.0 };
    let at = |share: f64| NAMES + room * (share / scale).clamp(0.0, 1.0);
    let bottom = row_at(dots.len());
    let mut shapes = String::new();
    for step in 0..=4_u8 {
        let share = scale * f64::from(step) / 4.0;
        write!(shapes, "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{bottom:.1}\"/>", at(share))
            .ok();
        shapes.push_str(&text(at(share), bottom + 16.0, "axis", &format!("{}%", trimmed(share * 100.0, 1))));
    }
    if let Some(all) = all {
        write!(shapes, "<line class=\"rule\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"0\" y2=\"{bottom:.1}\"/>", at(all)).ok();
    }
    for (number, Dot { label, share, range }) in dots.iter().enumerate() {
        let middle = row_at(number) + ROW / 2.0;
        shapes.push_str(&name_at(NAMES - 8.0, middle + 4.5, label));
        if let Some((low, high)) = range {
            write!(
                shapes,
                "<line class=\"range\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>",
                at(*low),
                at(*high)
            )
            .ok();
        }
        write!(
            shapes,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"5.5\" data-value=\"{share}\"/>",
            at(*share)
        )
        .ok();
        shapes.push_str(&text(WIDTH - NUMBERS + 12.0, middle + 4.5, "", &format!("{}%", trimmed(share * 100.0, 0))));
    }
    let whole =
        all.map(|all| format!(" The line is the whole company: {}%.", trimmed(all * 100.0, 0))).unwrap_or_default();
    let chance =
        if dots.iter().any(|dot| dot.range.is_some()) { "; the bar through a dot is what may be chance" } else { "" };
    let said = format!("{title} of {}: dots with the range each may truly have.{whole}", dots.len());
    framed(&format!("{title}{chance}.{whole}"), &said, bottom + 24.0, &shapes)
}

fn forecast(weeks: &[Week], busy: Option<f64>) -> String {
    let (left, right, top, bottom) = (40.0, WIDTH - 10.0, 10.0, FORECAST_HEIGHT - 28.0);
    let most = weeks.iter().map(|week| week.sure.1.max(week.booked)).chain(busy).fold(1.0, f64::max) * 1.08;
    #[expect(clippy::cast_precision_loss, reason = "weeks of a picture")]
    let step = (right - left) / weeks.len().max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "weeks of a picture")]
    let x = |number: usize| left + step * (number as f64 + 0.5);
    let y = |value: f64| bottom - (bottom - top) * value / most;
    let mut shapes = String::new();
    for number in 0..=4_u8 {
        let value = most * f64::from(number) / 4.0;
        write!(shapes, "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>", y(value))
            .ok();
        shapes.push_str(&text(left - 6.0, y(value) + 4.0, "end", &trimmed(value, 0)));
    }
    for (class, ends) in [("sure", |week: &Week| week.sure), ("likely", |week: &Week| week.likely)]
        as [(&str, fn(&Week) -> (f64, f64)); 2]
    {
        let upper = weeks.iter().enumerate().map(|(number, week)| format!("{:.1},{:.1}", x(number), y(ends(week).1)));
        let lower =
            weeks.iter().enumerate().rev().map(|(number, week)| format!("{:.1},{:.1}", x(number), y(ends(week).0)));
        let points: Vec<String> = upper.chain(lower).collect();
        write!(shapes, "<polygon class=\"{class}\" points=\"{}\"/>", points.join(" ")).ok();
    }
    for (number, week) in weeks.iter().enumerate() {
        write!(
            shapes,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" data-value=\"{}\"/>",
            x(number) - step * 0.2,
            y(week.booked),
            step * 0.4,
            bottom - y(week.booked),
            week.booked
        )
        .ok();
        shapes.push_str(&text(x(number), bottom + 18.0, "axis", &week.label));
    }
    let points: Vec<String> =
        weeks.iter().enumerate().map(|(number, week)| format!("{:.1},{:.1}", x(number), y(week.forecast))).collect();
    write!(shapes, "<polyline class=\"line\" points=\"{}\"/>", points.join(" ")).ok();
    for (number, week) in weeks.iter().enumerate() {
        write!(
            shapes,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4.5\" data-value=\"{}\"/>",
            x(number),
            y(week.forecast),
            week.forecast
        )
        .ok();
    }
    if let Some(busy) = busy {
        write!(shapes, "<line class=\"rule\" x1=\"{left}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>", y(busy)).ok();
        shapes.push_str(&text(right - 4.0, y(busy) - 5.0, "end", "a busy week so far"));
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
    let title = "Bars: booked so far. Line: forecast, with its likely range (inner band) and the one it almost surely is in (outer).";
    framed(title, &said, FORECAST_HEIGHT, &shapes)
}

fn map(title: &str, dots: &[(String, (f64, f64), f64)]) -> String {
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
    let mut shapes = String::new();
    for (label, at, value) in &sorted {
        let (x, y) = place(*at);
        // As large in area as in number.
        let radius = RADIUS_MAX * (value.max(0.0) / most).sqrt();
        write!(
            shapes,
            "<circle class=\"spot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" data-value=\"{value}\"><title>{}</title></circle>",
            escaped(&format!("{label}: {}", trimmed(*value, 1)))
        )
        .ok();
    }
    // The larger one has its name; one that would lie on another's is left out.
    let mut named: Vec<(f64, f64)> = Vec::new();
    for (label, at, _) in &sorted {
        let (x, y) = place(*at);
        let is_free = named.iter().all(|(left, top)| 44.0 < (x - left).abs() || 15.0 < (y - top).abs());
        if is_free && named.len() < MAP_NAMES {
            named.push((x, y));
            shapes.push_str(&text(x, y + 4.0, "axis strong", label));
        }
    }
    let said = sorted.iter().take(3).map(|(label, _, value)| format!("{label}, {}", trimmed(*value, 1)));
    let said = format!("{title} by ZIP code on a map. Most: {}.", said.collect::<Vec<_>>().join("; "));
    framed(&format!("{title} by ZIP code: the larger the dot, the more. North is up."), &said, MAP_HEIGHT, &shapes)
}

/// Ends of a time axis, in days before today: half a year and so on.
const SPANS: [f64; 6] = [182.0, 365.0, 730.0, 1095.0, 1826.0, 3652.0];

/// A line for each agent that ends today: a stroke for each referral, the usual gap after the last one, the silence beyond.
fn rhythms(rows: &[Rhythm]) -> String {
    let room = WIDTH - NAMES - NUMBERS;
    let oldest = rows.iter().flat_map(|row| &row.referrals).copied().fold(0.0, f64::max);
    let oldest = rows.iter().map(|row| row.since).fold(oldest, f64::max);
    let span = SPANS.into_iter().find(|span| oldest <= *span).unwrap_or(oldest);
    let at = |ago: f64| NAMES + room * (1.0 - (ago / span).clamp(0.0, 1.0));
    let bottom = row_at(rows.len());
    let mut shapes = String::new();
    for (quarter, name) in [(0.0, "today"), (0.25, ""), (0.5, ""), (0.75, ""), (1.0, "")] {
        let x = at(span * quarter);
        write!(shapes, "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{bottom:.1}\"/>").ok();
        let name = if name.is_empty() { months(span * quarter) } else { name.to_owned() };
        shapes.push_str(&text(x, bottom + 16.0, "axis", &name));
    }
    for (number, row) in rows.iter().enumerate() {
        let (top, middle) = (row_at(number), row_at(number) + ROW / 2.0);
        shapes.push_str(&name_at(NAMES - 8.0, middle + 4.5, &row.label));
        if let Some(gap) = row.gap {
            let (last, due) = (at(row.since), at(row.overdue()));
            write!(
                shapes,
                "<rect class=\"pale\" x=\"{due:.1}\" y=\"{0:.1}\" width=\"{1:.1}\" height=\"8\" rx=\"2\" data-value=\"{since}\"/>\
                 <rect class=\"bar\" x=\"{last:.1}\" y=\"{0:.1}\" width=\"{2:.1}\" height=\"8\" rx=\"2\" data-value=\"{gap}\"/>",
                middle - 4.0,
                at(0.0) - due,
                due - last,
                since = row.since,
            )
            .ok();
        }
        for ago in &row.referrals {
            let x = at(*ago);
            write!(
                shapes,
                "<line class=\"sent\" data-value=\"{ago}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
                top + 5.0,
                top + ROW - 5.0
            )
            .ok();
        }
        let said = format!("{} days", trimmed(row.since, 0));
        shapes.push_str(&text(WIDTH - NUMBERS + 12.0, middle + 4.5, "", &said));
    }
    let first = rows.iter().max_by(|one, other| one.since.total_cmp(&other.since));
    let said = first.map(|row| {
        let usual = row.gap.map(|gap| format!("; the usual gap is {}", trimmed(gap, 0))).unwrap_or_default();
        format!("The longest silence: {}, {} days{usual}.", row.label, trimmed(row.since, 0))
    });
    let title = if rows.iter().any(|row| row.gap.is_some()) {
        "Each stroke is a referral; the days since the last one stand at the right. Dark: as long as the agent's usual gap; light: \
         the silence beyond it."
    } else {
        "Each stroke is a referral; the days since the last one stand at the right."
    };
    framed(
        title,
        &format!("Referrals of {} agents over time. {}", rows.len(), said.unwrap_or_default()),
        bottom + 24.0,
        &shapes,
    )
}

/// So many days ago, in words for an axis.
fn months(days: f64) -> String {
    let months = days / 30.44;
    if months < 23.5 {
        format!("{} months ago", trimmed(months, 0))
    } else {
        format!("{} years ago", trimmed(days / 365.25, 1))
    }
}
