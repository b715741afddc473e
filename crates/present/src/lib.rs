//! How answers look to people. What each field is called and how it is written stands in `fields`, what an answer shows and with
//! which picture in `layouts`; `page` makes a page of an answer by them, and the painters draw it: `terminal`, `html`,
//! `markdown`, `csv`, `xlsx`. The view in a chat is drawn from the same two tables, see [`description`].
//!
//! It knows nothing of where answers come from: a page is made of a tool's result alone (the structured answer, and what comes
//! along with it for pictures, see [`Beside`]), so that it cannot show a number that the result does not have.

mod beside;
mod csv_file;
mod fields;
mod figure;
mod headline;
mod html;
mod layouts;
mod markdown;
mod page;
mod pages;
mod svg;
mod terminal;
mod words;
mod xlsx;

pub use beside::Beside;
pub use csv_file::csv;
pub use fields::{FIELDS, Field, Format};
pub use figure::{Figure, Ink, LETTERS, ROW, Shape, WIDTH, Words, figure};
pub use html::{html, letter};
pub use layouts::{LAYOUTS, Layout, Picture, TableLayout, layout_of};
pub use markdown::markdown;
pub use page::{
    Basis, COLUMNS_MAX, Column, Dot, Drawing, INCOMPLETE, Page, Part, Rhythm, Row, Table, Week, of_few_cases, sources,
};
pub use pages::append;
pub use svg::escaped;
pub use terminal::{Screen, terminal};
pub use words::{Exact, Shown};
pub use xlsx::xlsx;

/// All fields and layouts as one JSON document, for the page that is shown in a chat.
pub fn description() -> serde_json::Value {
    use serde_json::{Map, Value, json};
    let fields = FIELDS.iter().map(|field| (field.name.to_owned(), json!(field)));
    let table = |table: &TableLayout| {
        let mut shown =
            Map::from_iter([("title".to_owned(), json!(table.title)), ("columns".to_owned(), json!(table.columns))]);
        if let Some(picture) = table.picture {
            shown.insert("chart".to_owned(), json!(picture.value()));
        }
        (table.field.to_owned(), Value::Object(shown))
    };
    let layouts = LAYOUTS.iter().map(|layout| {
        let tables: Map<String, Value> = layout.tables.iter().chain(layout.in_chat).map(table).collect();
        (layout.tool.to_owned(), json!({"title": layout.title, "tables": tables}))
    });
    json!({"fields": fields.collect::<Map<_, _>>(), "layouts": layouts.collect::<Map<_, _>>()})
}

/// A file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PaintError {
    /// CSV.
    #[error("the CSV could not be written: {0}")]
    Csv(#[from] ::csv::Error),
    /// A workbook.
    #[error("the workbook could not be written: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

impl PaintError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Csv(_) => "choose another format, such as --format html",
            Self::Workbook(_) => "ask for fewer rows (limit=100), or choose another format, such as --format csv",
        }
    }
}

#[cfg(test)]
mod tests;
