//! How answers look to people. What each field is called and how it is written stands in `fields`, what an answer shows and with
//! which picture in `layouts`; `page` makes a page of an answer by them, and the painters draw it: `terminal`, `html`,
//! `markdown`, `csv`, `xlsx`. The view in a chat is drawn from the same two tables, see [`description`].
//!
//! It knows nothing of where answers come from: a page is made of a tool's structured answer alone, so that it cannot show a
//! number that the answer does not have.

mod csv_file;
mod fields;
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

pub use csv_file::csv;
pub use fields::{FIELDS, Field, Format};
pub use html::html;
pub use layouts::{LAYOUTS, Layout, Picture, TableLayout, layout_of};
pub use markdown::markdown;
pub use page::{Basis, Column, Dot, Drawing, Page, Part, Places, Row, Table, Week};
pub use pages::append;
pub use terminal::{Screen, terminal};
pub use words::{Exact, Shown};
pub use xlsx::xlsx;

/// All fields and layouts as one JSON document, for painters that are not of this crate.
pub fn description() -> serde_json::Value {
    let by_name = |name: &str, value: serde_json::Value| (name.to_owned(), value);
    let fields = FIELDS.iter().map(|field| by_name(field.name, serde_json::json!(field)));
    let layouts = LAYOUTS.iter().map(|layout| by_name(layout.tool, serde_json::json!(layout)));
    serde_json::json!({
        "fields": fields.collect::<serde_json::Map<_, _>>(), "layouts": layouts.collect::<serde_json::Map<_, _>>(),
    })
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
