//! The main table of each company as CSV.

use super::model::Report;

/// One table: the main one of every company, with a column that says whose a row is. Cells that a spreadsheet would take
/// for a formula begin with an apostrophe.
pub(super) fn text(reports: &[Report]) -> anyhow::Result<String> {
    let parts = || reports.iter().flat_map(|report| &report.parts).filter(|part| part.name != "together");
    let mut columns: Vec<&str> = Vec::new();
    for name in parts().filter_map(|part| part.tables.first()).flat_map(|table| &table.columns) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    // Without this mark Excel takes the text for another encoding and garbles accents.
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(std::iter::once("company").chain(columns.iter().copied()))?;
    for part in parts() {
        if let Some(table) = part.tables.first() {
            for row in &table.rows {
                let of = |column: &&str| {
                    let at = table.columns.iter().position(|name| name == column);
                    at.and_then(|at| row.get(at)).map(|cell| safe(&cell.text)).unwrap_or_default()
                };
                writer.write_record(std::iter::once(safe(&part.name)).chain(columns.iter().map(of)))?;
            }
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A cell no spreadsheet takes for a formula; numbers stay as they are.
fn safe(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_formula_is_text_and_a_number_stays_one() {
        assert_eq!(super::safe("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(super::safe("-5.20"), "-5.20");
        assert_eq!(super::safe("@here"), "'@here");
    }
}
