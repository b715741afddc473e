//! Markdown in which what strangers typed stays text.

use super::model::{Report, Table};

/// The reports as Markdown.
pub(super) fn text(reports: &[Report]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        lines.push(format!("# {}\n", report.title));
        for part in &report.parts {
            lines.push(format!("## {}\n", escaped(&part.name)));
            lines.extend(part.said.iter().map(|(name, value)| format!("- {}: {}", escaped(name), escaped(value))));
            lines.push(String::new());
            for table in &part.tables {
                lines.push(format!("### {}\n", escaped(&table.name)));
                lines.extend(rows(table));
                lines.push(String::new());
            }
        }
        lines.extend(report.basis.iter().map(|line| format!("> {}  ", escaped(line))));
        lines.push(String::new());
    }
    lines.join("\n")
}

fn rows(table: &Table) -> Vec<String> {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let is_number = |column: usize| {
        let mut cells =
            table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.text.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.number.is_some())
    };
    let mut lines = vec![line(table.columns.iter().map(|name| escaped(name)).collect())];
    let rules = (0..table.columns.len()).map(|column| if is_number(column) { "---:" } else { "---" }.to_owned());
    lines.push(line(rules.collect()));
    lines.extend(table.rows.iter().map(|row| line(row.iter().map(|cell| escaped(&cell.text)).collect())));
    lines
}

/// Every character that could begin a link, an image, HTML, code, emphasis or a column is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '|' | '[' | ']' | '(' | ')' | '`' | '*' | '_' | '!' | '#' | '~' => {
                out.push('\\');
                out.push(character);
            }
            // A bare address would become a link.
            ':' => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_typed_becomes_markup() {
        let shown = super::escaped("[x](javascript:alert(1)) | <img src=x> `a` https://example.com");
        assert_eq!(
            shown,
            "\\[x\\]\\(javascript&#58;alert\\(1\\)\\) \\| &lt;img src=x&gt; \\`a\\` https&#58;//example.com"
        );
    }
}
