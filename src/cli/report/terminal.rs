//! Tables and bars for a terminal.

use comfy_table::{Cell as Shown, CellAlignment, ContentArrangement, Table as Grid, presets};
use unicode_width::UnicodeWidthStr as _;

use super::model::{Chart, Report, Table};

/// The longest bar, in columns.
const BAR_COLUMNS: f64 = 40.0;
/// Eighths of a block, from none to seven.
const EIGHTHS: &[&str] = &["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The reports as text.
pub(super) fn text(reports: &[Report]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        lines.push(format!("{}\n{}", report.title, "=".repeat(report.title.width())));
        for part in &report.parts {
            lines.push(format!("\n{}\n{}", part.name, "-".repeat(part.name.width())));
            lines.extend(part.said.iter().map(|(name, value)| format!("{name}: {value}")));
            for table in &part.tables {
                lines.push(format!("\n{}", table.name));
                lines.push(grid(table));
                lines.extend(table.chart.map(|chart| bars(table, chart)));
            }
        }
        lines.push(String::new());
        lines.extend(report.basis.iter().cloned());
        lines.push(String::new());
    }
    lines.join("\n")
}

fn grid(table: &Table) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::UTF8_HORIZONTAL_ONLY);
    grid.set_content_arrangement(ContentArrangement::Dynamic);
    grid.set_header(table.columns.iter().map(Shown::new));
    for row in &table.rows {
        grid.add_row(row.iter().map(|cell| {
            let shown = Shown::new(&cell.text);
            if cell.number.is_some() { shown.set_alignment(CellAlignment::Right) } else { shown }
        }));
    }
    grid.to_string()
}

/// A bar for each row, in proportion to the largest.
fn bars(table: &Table, chart: Chart) -> String {
    let rows: Vec<(&str, f64)> = table
        .rows
        .iter()
        .filter_map(|row| Some((row.get(chart.label)?.text.as_str(), row.get(chart.number)?.number?)))
        .collect();
    let most = rows.iter().map(|(_, number)| *number).fold(0.0, f64::max);
    let wide = rows.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
    let name = table.columns.get(chart.number).map(String::as_str).unwrap_or_default();
    let mut lines = vec![format!("{name}:")];
    for (label, number) in rows {
        let space = " ".repeat(wide.saturating_sub(label.width()));
        lines.push(format!("  {label}{space} {} {number}", bar(if most > 0.0 { number / most } else { 0.0 })));
    }
    lines.join("\n")
}

/// A bar of this share of the longest.
fn bar(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 40 columns in eighths")]
    let eighths = (share.clamp(0.0, 1.0) * BAR_COLUMNS * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS.get(eighths % 8).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(super::bar(1.0), "█".repeat(40));
        assert_eq!(super::bar(0.5 / 40.0), "▌");
        assert_eq!(super::bar(0.0), "");
    }
}
