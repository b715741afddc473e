//! Pictures as SVG, drawn with the page's own colors so that they follow light and dark.

use crate::figure::{Figure, Ink, Shape, WIDTH, Words, figure};
use crate::page::Drawing;

/// The picture, with a sentence for whoever cannot see it.
pub(crate) fn svg(drawing: &Drawing) -> String {
    let Figure { caption, said, height, shapes, .. } = figure(drawing);
    let shapes: Vec<String> = shapes.iter().map(shape).collect();
    format!(
        "<figure><svg role=\"img\" viewBox=\"0 0 {WIDTH} {height:.0}\" aria-label=\"{}\">{}</svg><figcaption>{}</figcaption>\
         </figure>\n",
        escaped(&said),
        shapes.concat(),
        escaped(&caption)
    )
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

/// The class of the page's style sheet.
fn class(ink: Ink) -> &'static str {
    match ink {
        Ink::Bar => "bar",
        Ink::Pale => "pale",
        Ink::Dot => "dot",
        Ink::Spot => "spot",
        Ink::Grid => "grid",
        Ink::Range => "range",
        Ink::Rule => "rule",
        Ink::Sure => "sure",
        Ink::Likely => "likely",
        Ink::Line => "line",
        Ink::Sent => "sent",
    }
}

fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Rect { ink, at: (x, y), size: (wide, tall), round, value } => format!(
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\" rx=\"{round}\" \
             data-value=\"{value}\"/>",
            class(*ink)
        ),
        Shape::Line { ink, from, to, value } => format!(
            "<line class=\"{}\"{} x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            class(*ink),
            value.map(|value| format!(" data-value=\"{value}\"")).unwrap_or_default(),
            from.0,
            to.0,
            from.1,
            to.1
        ),
        Shape::Circle { ink, at: (x, y), radius, value, told } => {
            let circle = format!(
                "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" data-value=\"{value}\"",
                class(*ink)
            );
            if told.is_empty() {
                format!("{circle}/>")
            } else {
                format!("{circle}><title>{}</title></circle>", escaped(told))
            }
        }
        Shape::Points { ink, points, is_area } => {
            let name = if *is_area { "polygon" } else { "polyline" };
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            format!("<{name} class=\"{}\" points=\"{}\"/>", class(*ink), points.join(" "))
        }
        Shape::Text { words, at: (x, y), text } => {
            let class = match words {
                Words::Start => "",
                Words::End => "end",
                Words::Axis => "axis",
                Words::Strong => "axis strong",
            };
            format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escaped(text))
        }
    }
}
