//! What stands in the file, of pages as answers make them.

use present::{Basis, Column, Dot, Drawing, Part, Row, Shown, Table};

use super::*;

fn shown(text: &str) -> Shown {
    Shown { text: text.to_owned(), exact: None }
}

fn page(names: &[&str]) -> Page {
    let column = |label: &str| Column { field: "x".to_owned(), label: label.to_owned(), format: None, hint: "" };
    let rows = names.iter().map(|name| Row { cells: vec![shown(name), shown("1")], is_sum: false }).collect();
    let dots =
        names.iter().map(|name| Dot { label: (*name).to_owned(), share: 0.5, range: Some((0.2, 0.8)) }).collect();
    let picture = Some(Drawing::Rates { title: "Add-on rate".to_owned(), dots, all: Some(0.4) });
    let columns = vec![column("Inspector"), column("Jobs")];
    let table = Table { title: "Inspectors".to_owned(), columns, rows, picture, cards_by: None };
    let cards = Table { picture: None, cards_by: Some(0), ..table.clone() };
    let part = Part {
        company: Some(names.concat()),
        headline: Some(names.concat()),
        facts: vec![("Jobs".to_owned(), names.concat())],
        attention: names.iter().map(|name| (*name).to_owned()).collect(),
        tables: vec![table, cards],
    };
    Page { title: "Scorecard".to_owned(), parts: vec![part], basis: Basis::default() }
}

/// What a stranger may have typed.
const STRANGE: &[&str] = &[
    "Łukasz Žižka-Brontë",
    "😀👍🏽 👨‍👩‍👧 🇺🇸 ❤️",
    "שלום 12 (Realty)",
    "محمد بن سلمان",
    "<b>&amp;</b> #let x = 1",
    "東京",
    "e\u{301}\u{302}\u{0}\u{feff}\u{202e}\t\n\u{2028}",
    "",
    " ",
    "\u{200d}\u{fe0f}",
];

#[test]
fn the_same_pages_make_the_same_bytes() {
    let pages = [page(STRANGE)];
    let file = pdf("Strange", &pages).unwrap();
    assert!(file.starts_with(b"%PDF-1.7") && file == pdf("Strange", &pages).unwrap());
}

#[test]
fn nothing_that_a_stranger_typed_breaks_it() {
    let long = "x".repeat(1_000);
    let words = "long words ".repeat(300);
    for text in STRANGE.iter().copied().chain([long.as_str(), words.as_str()]) {
        assert!(pdf(text, &[page(&[text])]).is_ok(), "{text:.40}");
    }
    assert!(pdf("Nothing", &[]).is_ok() && pdf("None", &[page(&[])]).is_ok());
}

#[test]
fn every_line_has_room_and_every_sheet_has_an_end() {
    let fonts = fonts::Fonts::new().unwrap();
    let names: Vec<String> =
        (0..60).map(|number| format!("Inspector {number} {}", "of the north ".repeat(number % 9))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sheets = report::sheets(&fonts, "Many", &[page(&names)]);
    assert!(4 < sheets.sheets.len());
    for drawn in sheets.sheets.iter().flatten().flat_map(|piece| &piece.drawn) {
        if let sheet::Drawn::Text { at: (left, y), line, .. } = drawn {
            assert!(sheet::EDGE - 0.5 <= *left && left + line.width <= sheet::WIDTH - sheet::EDGE + 0.5, "{line:?}");
            assert!(sheet::EDGE <= *y && *y <= sheet::HEIGHT - 30.0);
        }
    }
    let heads = sheets.parts.iter().filter(|part| part.role == sheet::Role::Head).count();
    assert_eq!(heads, 1, "headings on further sheets are only for the eye");
}

/// All that is written on the sheets, without spaces.
fn written(sheets: &sheet::Sheets) -> String {
    let mut all = String::new();
    for drawn in sheets.sheets.iter().flatten().flat_map(|piece| &piece.drawn) {
        if let sheet::Drawn::Text { line, .. } = drawn {
            let text = line.runs.iter().map(|run| run.text.as_str()).collect::<String>();
            all.extend(text.chars().filter(|c| !c.is_whitespace()));
        }
    }
    all
}

#[test]
fn all_that_the_answer_says_is_written() {
    let names: Vec<String> =
        (0..60).map(|number| format!("Inspector {number} {}", "of the north ".repeat(number % 9))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut page = page(&names);
    page.basis.is_complete = false;
    page.basis.missing = vec!["clients of March".to_owned()];
    let sheets = report::sheets(&fonts::Fonts::new().unwrap(), "Many", std::slice::from_ref(&page));
    let all = written(&sheets);
    for table in page.parts.iter().flat_map(|part| &part.tables) {
        for cell in table.rows.iter().flat_map(|row| &row.cells) {
            let text: String = cell.text.chars().filter(|c| !c.is_whitespace()).collect();
            assert!(all.contains(&text), "{text}");
        }
    }
    for said in ["Incomplete", "Missing:clientsofMarch", "Thefirst25of60aredrawn.", "Page1of"] {
        assert!(all.contains(said), "{said}");
    }
    // In the company's name, the headline, the fact, the list, the table, the picture, and on the card.
    assert_eq!(all.matches("Inspector3ofthenorth").count(), 7);
}

#[test]
fn it_is_fit_for_readers_aloud() {
    let fonts = fonts::Fonts::new().unwrap();
    let sheets = report::sheets(&fonts, "Strange", &[page(STRANGE)]);
    let checks = krilla::configure::ConfigurationBuilder::new()
        .with_accessibility_validator(krilla::configure::Accessibility::UA1)
        .finish()
        .unwrap();
    write::checked(&fonts, "Strange", sheets, checks).unwrap();
}
