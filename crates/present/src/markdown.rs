//! Markdown in which what strangers typed stays text.

use crate::page::{Column, Page, Table};

/// The pages as Markdown.
pub fn markdown(pages: &[Page]) -> String {
    let mut lines = Vec::new();
    for page in pages {
        lines.push(format!("# {}\n", page.title));
        for part in &page.parts {
            lines.push(format!("## {}\n", escaped(part.company.as_deref().unwrap_or("All companies together"))));
            lines.extend(part.headline.iter().map(|headline| format!("{}\n", escaped(headline))));
            lines.extend(part.facts.iter().map(|(name, value)| format!("- {}: {}", escaped(name), escaped(value))));
            lines.extend(part.attention.iter().map(|one| format!("- Needs attention: {}", escaped(one))));
            lines.push(String::new());
            for table in &part.tables {
                lines.push(format!("### {}\n", escaped(&table.title)));
                lines.extend(rows(table));
                lines.push(String::new());
            }
        }
        let basis = &page.basis;
        let complete = if basis.is_complete { "complete" } else { "INCOMPLETE" };
        lines.push(format!("> {}; {complete}  ", escaped(&basis.source)));
        let said = basis.periods.iter().cloned();
        let said = said.chain(basis.missing.iter().map(|one| format!("Missing: {one}")));
        let said = said.chain(basis.notes.iter().map(|one| format!("Note: {one}")));
        lines.extend(said.map(|line| format!("> {}  ", escaped(&line))));
        lines.push(String::new());
    }
    lines.join("\n")
}

fn rows(table: &Table) -> Vec<String> {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let rule = |column: &Column| if column.is_number() { "---:" } else { "---" }.to_owned();
    let mut lines = vec![line(table.columns.iter().map(|column| escaped(&column.label)).collect())];
    lines.push(line(table.columns.iter().map(rule).collect()));
    lines.extend(table.rows.iter().map(|row| line(row.cells.iter().map(|cell| escaped(&cell.text)).collect())));
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
