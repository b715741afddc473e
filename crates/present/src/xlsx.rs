//! A workbook for bookkeepers: real numbers, dates and shares, a sheet for each table.

use rust_xlsxwriter::{ExcelDateTime, Format as Style, FormatAlign, Workbook, Worksheet};

use crate::PaintError;
use crate::page::{Page, Part, Table};
use crate::words::Exact;

/// The longest name of a sheet.
const NAME_CHARS_MAX: usize = 31;
/// A cell takes no longer text.
const CELL_CHARS_MAX: usize = 32_000;
/// The height of a line, in points.
const LINE: f64 = 15.0;
/// The characters of a line on the sheet about the others.
const ABOUT_CHARS: usize = 100;
/// Columns are not wider than this.
const WIDTH_MAX: f64 = 48.0;

/// The pages as a workbook. Text is written as text, so that nothing in it is taken for a formula.
///
/// # Errors
/// When there are more rows or columns than a sheet takes.
pub fn xlsx(pages: &[Page]) -> Result<Vec<u8>, PaintError> {
    let mut workbook = Workbook::new();
    let mut names: Vec<String> = Vec::new();
    for page in pages {
        for part in &page.parts {
            for table in &part.tables {
                let name = sheet_name(page, part, table, &names);
                let sheet = workbook.add_worksheet();
                sheet.set_name(&name)?;
                names.push(name);
                paint(sheet, table)?;
            }
        }
    }
    about(workbook.add_worksheet(), pages)?;
    Ok(workbook.save_to_buffer()?)
}

/// The company and the table; a number behind it where two would be called the same.
fn sheet_name(page: &Page, part: &Part, table: &Table, taken: &[String]) -> String {
    let company = part.company.as_deref().unwrap_or("All");
    let whole = if page.parts.len() > 1 { format!("{} {company}", table.title) } else { table.title.clone() };
    let plain: String =
        whole.chars().map(|c| if "[]:*?/\\'".contains(c) || c.is_control() { ' ' } else { c }).collect();
    let cut = |text: &str, most: usize| -> String { text.trim().chars().take(most).collect() };
    let first = cut(&plain, NAME_CHARS_MAX);
    let is_taken =
        |name: &str| taken.iter().any(|known| known.eq_ignore_ascii_case(name)) || name.eq_ignore_ascii_case("About");
    if !is_taken(&first) && !first.is_empty() {
        return first;
    }
    let numbered = (2..).map(|number| format!("{} {number}", cut(&plain, NAME_CHARS_MAX - 4)));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
}

fn paint(sheet: &mut Worksheet, table: &Table) -> Result<(), PaintError> {
    let (bold, money, share, date) = (
        Style::new().set_bold(),
        Style::new().set_num_format("$#,##0.00"),
        Style::new().set_num_format("0.0%"),
        Style::new().set_num_format("yyyy-mm-dd"),
    );
    // Ranges and the like are text, and stand below the numbers of their column.
    let (right, bold_right) = (Style::new().set_align(FormatAlign::Right), bold.clone().set_align(FormatAlign::Right));
    for (column, at) in table.columns.iter().zip(0_u16..) {
        sheet.write_string_with_format(0, at, &column.label, if column.is_number() { &bold_right } else { &bold })?;
        let longest =
            table.rows.iter().filter_map(|row| row.cells.get(usize::from(at))).map(|cell| cell.text.chars().count());
        #[expect(clippy::cast_precision_loss, reason = "characters of a column")]
        let width = longest.chain([column.label.chars().count()]).max().unwrap_or(8) as f64 + 2.0;
        sheet.set_column_width(at, width.min(WIDTH_MAX))?;
    }
    for (row, down) in table.rows.iter().zip(1_u32..) {
        for ((cell, column), at) in row.cells.iter().zip(&table.columns).zip(0_u16..) {
            match cell.exact {
                Some(Exact::Number(number)) => sheet.write_number(down, at, number)?,
                Some(Exact::Dollars(amount)) => sheet.write_number_with_format(down, at, amount, &money)?,
                Some(Exact::Share(part)) => sheet.write_number_with_format(down, at, part, &share)?,
                Some(Exact::Day(day)) => {
                    let (year, month, day) = (day.year(), day.month(), day.day());
                    let day = ExcelDateTime::from_ymd(
                        u16::try_from(year).unwrap_or(1900),
                        u8::try_from(month).unwrap_or(1),
                        u8::try_from(day).unwrap_or(1),
                    )?;
                    sheet.write_datetime_with_format(down, at, &day, &date)?
                }
                None if column.is_number() => sheet.write_string_with_format(down, at, cut(&cell.text), &right)?,
                None => sheet.write_string(down, at, cut(&cell.text))?,
            };
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    let last = u16::try_from(table.columns.len()).unwrap_or(u16::MAX).saturating_sub(1);
    let rows = table.rows.iter().take_while(|row| !row.is_sum).count();
    // Sums below it are not sorted among the others.
    sheet.autofilter(0, 0, u32::try_from(rows).unwrap_or(u32::MAX), last)?;
    printed(sheet);
    sheet.set_repeat_rows(0, 0)?;
    Ok(())
}

/// Text that a cell takes.
fn cut(text: &str) -> String {
    text.chars().take(CELL_CHARS_MAX).collect()
}

/// How many lines a text takes on the sheet about the others.
#[expect(clippy::cast_precision_loss, reason = "lines of a text")]
fn lines_of(text: &str) -> f64 {
    text.chars().count().div_ceil(ABOUT_CHARS).max(1) as f64
}

/// On US Letter, as wide as the paper.
fn printed(sheet: &mut Worksheet) {
    const LETTER: u8 = 1;
    sheet.set_paper_size(LETTER).set_landscape().set_print_fit_to_pages(1, 0);
}

/// What it stands on and what the columns mean.
fn about(sheet: &mut Worksheet, pages: &[Page]) -> Result<(), PaintError> {
    sheet.set_name("About")?;
    sheet.set_column_width(0, 30.0)?;
    sheet.set_column_width(1, 100.0)?;
    printed(sheet);
    let wrapped = Style::new().set_text_wrap();
    let mut lines: Vec<(String, String)> = Vec::new();
    for page in pages {
        let complete = if page.basis.is_complete { "complete" } else { "INCOMPLETE" };
        lines.push((page.title.clone(), format!("{}; {complete}", page.basis.source)));
        lines.extend(page.basis.periods.iter().map(|line| (String::new(), line.clone())));
        lines.extend(page.basis.missing.iter().map(|line| ("Missing".to_owned(), line.clone())));
        lines.extend(page.basis.notes.iter().map(|line| ("Note".to_owned(), line.clone())));
        lines.extend(page.definitions().into_iter().map(|(label, hint)| (label.to_owned(), hint.to_owned())));
    }
    for ((name, text), row) in lines.iter().zip(0_u32..) {
        sheet.write_string(row, 0, name)?;
        let text = cut(text);
        // Some programs do not make room for wrapped text by themselves.
        sheet.set_row_height(row, LINE * lines_of(&text))?;
        sheet.write_string_with_format(row, 1, text, &wrapped)?;
    }
    Ok(())
}
