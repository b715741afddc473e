//! Reports as PDF, on sheets of US Letter: what `present::html` shows, for whoever prints it or sends it on.
//!
//! `fonts` and `text` turn text of any script into glyphs on lines; `sheet` places them on pages and keeps what a reader aloud
//! needs to know of them; `report`, `grid`, `cards` and `picture` lay out a page, `letter` short ones with the companies beside each
//! other; `write` makes the file. Text is only ever
//! drawn, so that nothing in it is taken for markup. The same pages make the same bytes: no time and no random number is in them.

mod cards;
mod fonts;
mod grid;
mod letter;
mod picture;
mod report;
mod sheet;
mod text;
mod write;

use present::Page;

/// A PDF could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// A font of this program cannot be read.
    #[error("the font {0} cannot be read")]
    Font(&'static str),
    /// The file could not be put together.
    #[error("the PDF could not be written: {0}")]
    Write(String),
}

impl PdfError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        "choose another format, such as --format html, and print it to a file"
    }
}

/// The pages as one PDF; `title` is that of the document.
pub fn pdf(title: &str, pages: &[Page]) -> Result<Vec<u8>, PdfError> {
    let fonts = fonts::Fonts::new()?;
    let sheets = report::sheets(&fonts, title, pages);
    write::file(&fonts, title, sheets)
}

/// A letter as one PDF: a section for each page, the companies beside each other; on one sheet where they have room. For pages in
/// short: of each company its headline, what is to be looked at, and its tables.
pub fn letter(title: &str, pages: &[Page]) -> Result<Vec<u8>, PdfError> {
    let fonts = fonts::Fonts::new()?;
    let sheets = letter::sheets(&fonts, title, pages);
    write::file(&fonts, title, sheets)
}

#[cfg(test)]
mod tests;
