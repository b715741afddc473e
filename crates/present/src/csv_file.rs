//! The main table of each company as CSV, with numbers and days as a spreadsheet takes them.

use crate::PaintError;
use crate::page::Page;
use crate::words::{Exact, Shown};

/// One table: the main one of every company, with a column that says whose a row is; sums are left to the spreadsheet. Cells that
/// a spreadsheet would take for a formula begin with an apostrophe.
///
/// # Errors
/// When the library refuses.
pub fn csv(pages: &[Page]) -> Result<String, PaintError> {
    let parts = || pages.iter().flat_map(|page| &page.parts).filter(|part| part.company.is_some());
    let mut columns: Vec<(&str, &str)> = Vec::new();
    for column in parts().filter_map(|part| part.tables.first()).flat_map(|table| &table.columns) {
        if !columns.iter().any(|(field, _)| *field == column.field) {
            columns.push((&column.field, &column.label));
        }
    }
    // Without this mark Excel takes the text for another encoding and garbles accents.
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(std::iter::once("Company").chain(columns.iter().map(|(_, label)| *label)))?;
    for part in parts() {
        let Some(table) = part.tables.first() else { continue };
        for row in table.rows.iter().filter(|row| !row.is_sum) {
            let of = |field: &str| {
                let at = table.columns.iter().position(|column| column.field == field);
                at.and_then(|at| row.cells.get(at)).map(cell).unwrap_or_default()
            };
            let company = safe(part.company.as_deref().unwrap_or_default());
            writer.write_record(std::iter::once(company).chain(columns.iter().map(|(field, _)| of(field))))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cell(cell: &Shown) -> String {
    match cell.exact {
        Some(Exact::Dollars(amount)) => format!("{amount:.2}"),
        Some(Exact::Number(number) | Exact::Share(number)) => number.to_string(),
        Some(Exact::Day(date)) => date.to_string(),
        None => safe(&cell.text),
    }
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
