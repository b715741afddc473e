//! One HTML file without scripts or anything from elsewhere.

use super::model::{Chart, Report, Table};
use crate::transport::escaped;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
<title>spectora-mcp report</title><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0 1rem}caption{text-align:left;font-weight:600}\
th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\
td.n{text-align:right;font-variant-numeric:tabular-nums}rect{fill:#1d6f5c}footer{color:#555;font-size:.9rem}\
@media print{body{margin:0;font-size:11px}.wide{overflow:visible}}</style></head><body>\n";

/// The height of a bar with its space, in pixels.
const BAR_HEIGHT: usize = 22;
/// The longest bar, in pixels.
const BAR_WIDTH: f64 = 360.0;

/// The reports as one page.
pub(super) fn text(reports: &[Report]) -> String {
    let mut page = HEAD.to_owned();
    for report in reports {
        page.push_str(&format!("<h1>{}</h1>\n", escaped(report.title)));
        for part in &report.parts {
            page.push_str(&format!("<section><h2>{}</h2>\n", escaped(&part.name)));
            if !part.said.is_empty() {
                page.push_str("<ul>");
                for (name, value) in &part.said {
                    page.push_str(&format!("<li>{}: {}</li>", escaped(name), escaped(value)));
                }
                page.push_str("</ul>\n");
            }
            for table in &part.tables {
                page.push_str(&rows(table));
                if let Some(chart) = table.chart {
                    page.push_str(&bars(table, chart));
                }
            }
            page.push_str("</section>\n");
        }
        let basis: Vec<String> = report.basis.iter().map(|line| escaped(line)).collect();
        page.push_str(&format!("<footer>{}</footer>\n", basis.join("<br>")));
    }
    page.push_str("</body></html>\n");
    page
}

fn rows(table: &Table) -> String {
    let mut head = String::new();
    for name in &table.columns {
        head.push_str(&format!("<th scope=\"col\">{}</th>", escaped(name)));
    }
    let mut body = String::new();
    for row in &table.rows {
        body.push_str("<tr>");
        for cell in row {
            let class = if cell.number.is_some() { " class=\"n\"" } else { "" };
            body.push_str(&format!("<td{class}>{}</td>", escaped(&cell.text)));
        }
        body.push_str("</tr>\n");
    }
    let caption = escaped(&table.name);
    format!(
        "<div class=\"wide\"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )
}

fn bars(table: &Table, chart: Chart) -> String {
    let rows: Vec<(&str, f64)> = table
        .rows
        .iter()
        .filter_map(|row| Some((row.get(chart.label)?.text.as_str(), row.get(chart.number)?.number?)))
        .collect();
    let most = rows.iter().map(|(_, number)| *number).fold(f64::MIN_POSITIVE, f64::max);
    let name = escaped(table.columns.get(chart.number).map(String::as_str).unwrap_or_default());
    let mut shapes = String::new();
    for (index, (label, number)) in rows.iter().enumerate() {
        let (top, width) = (index * BAR_HEIGHT, BAR_WIDTH * number.max(0.0) / most);
        shapes.push_str(&format!(
            "<text x=\"0\" y=\"{}\" font-size=\"13\">{}</text><rect x=\"180\" y=\"{top}\" width=\"{width:.1}\" height=\"16\"/>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"13\">{number}</text>",
            top + 13,
            escaped(&label.chars().take(26).collect::<String>()),
            186.0 + width,
            top + 13
        ));
    }
    let height = rows.len() * BAR_HEIGHT;
    format!(
        "<svg role=\"img\" aria-label=\"{name}\" width=\"640\" height=\"{height}\" viewBox=\"0 0 640 {height}\">{shapes}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_typed_becomes_an_element_or_ends_an_attribute() {
        assert_eq!(super::escaped("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
    }
}
