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

/// What a line says, without spaces; nothing for what is no line.
fn text_of(drawn: &sheet::Drawn) -> String {
    let sheet::Drawn::Text { line, .. } = drawn else { return String::new() };
    line.runs.iter().flat_map(|run| run.text.chars()).filter(|c| !c.is_whitespace()).collect()
}

/// All that is written on the sheets, without spaces.
fn written(sheets: &sheet::Sheets) -> String {
    sheets.sheets.iter().flatten().flat_map(|piece| &piece.drawn).map(text_of).collect()
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

/// A letter of so many companies with as much in it as is usual, and their names.
fn letter_of(companies: usize, name: &str) -> Vec<Page> {
    use present::Format::{Count, Money, Rate, Text};
    let section = |title: &str, heads: &[(&str, present::Format)], cells: &[&str], headline: &str, points: &[&str]| {
        let column = |(label, format): &(&str, present::Format)| Column {
            field: "x".to_owned(),
            label: (*label).to_owned(),
            format: Some(*format),
            hint: "",
        };
        let columns: Vec<Column> = heads.iter().map(column).collect();
        let row = Row { cells: cells.iter().map(|cell| shown(cell)).collect(), is_sum: false };
        let table = Table { title: "Rows".to_owned(), columns, rows: vec![row; 6], picture: None, cards_by: None };
        let part = |number: usize| Part {
            company: Some(format!("{name} {number}")),
            headline: Some(headline.to_owned()),
            facts: Vec::new(),
            attention: points.iter().map(|point| (*point).to_owned()).collect(),
            tables: vec![table.clone()],
        };
        let basis = Basis {
            source: "From the local copy, as of Nov 29".to_owned(),
            periods: vec!["Period: Nov 22 to Nov 28".to_owned(), "Compared with: Nov 15 to Nov 21".to_owned()],
            is_complete: true,
            ..Basis::default()
        };
        Page { title: title.to_owned(), parts: (1..=companies).map(part).collect(), basis }
    };
    let points = ["9:30 AM, 8947 Oak Street: unconfirmed, agreement unsigned, unpaid"; 4];
    vec![
        section(
            "Last week",
            &[("Inspector", Text), ("Inspections", Count), ("Add-on rate", Rate)],
            &["Gail Thibodeaux", "7", "71% (5 of 7, few)"],
            "28 inspections, as many as before (28); 79% with an add-on. Most: Teresa Olguín with 7.",
            &[],
        ),
        section(
            "Whom to call",
            &[("Agent", Text), ("At stake a year", Money), ("Days since", Count)],
            &["Deborah Sanders", "$15,931.50", "492"],
            "48 agents have gone quiet. First to call: Andre Weber, silent for 199 days, worth $20,049 a year.",
            &[],
        ),
        section(
            "The weeks ahead",
            &[("Week of", Text), ("Booked", Count), ("Likely", Count)],
            &["Jan 10, 2027", "16", "32–38"],
            "The week of Dec 6: 16 booked so far, likely 32–38 (a busy week so far: 47).",
            &[],
        ),
        section(
            "Today",
            &[("Time", Text), ("Inspectors", Text), ("Address", Text)],
            &["9:30 AM", "Gail Thibodeaux", "8849 Quail Run #40, Lakewood, CO 80226"],
            "5 jobs, 17.25 hours. 4 need attention.",
            &points,
        ),
    ]
}

/// Seven companies that say more than a sheet holds.
fn long_letter() -> Vec<Page> {
    let mut pages = letter_of(7, "Inspections of the north and the south and all that is between");
    for (number, page) in pages.iter_mut().enumerate() {
        page.basis.is_complete = number != 0;
        page.basis.missing = vec!["clients of March, ".repeat(20)];
        for (place, part) in page.parts.iter_mut().enumerate() {
            // The longest one is not the last one of its row.
            let long = place * 5 % 7;
            part.headline = Some("a headline that goes on ".repeat(9 * long * number));
            part.attention.push("w".repeat(100 * long));
            let cell = |row: &mut Row| row.cells[place % 3] = shown(&"cell and ".repeat(4 * long));
            part.tables[0].rows.iter_mut().for_each(cell);
        }
    }
    pages
}

/// What is read aloud, without spaces.
fn read(sheets: &sheet::Sheets) -> String {
    fn walk(sheets: &sheet::Sheets, part: sheet::Id, all: &mut String) {
        for child in &sheets.at(part).unwrap().children {
            match child {
                sheet::Child::Part(part) => walk(sheets, *part, all),
                sheet::Child::Mark(mark) => {
                    let pieces = sheets.sheets.iter().flatten().filter(|piece| piece.mark == Some(*mark));
                    pieces.flat_map(|piece| &piece.drawn).for_each(|drawn| all.push_str(&text_of(drawn)));
                }
            }
        }
    }
    let mut all = String::new();
    walk(sheets, sheet::Sheets::whole(), &mut all);
    all
}

/// What a letter is to say, in the order in which it is read, without spaces.
fn said(title: &str, pages: &[Page]) -> String {
    let mut all = vec![title.to_owned()];
    for page in pages {
        all.push(page.title.clone());
        if !page.basis.is_complete {
            all.push("Incomplete: not everything that was asked for is in it.".to_owned());
        }
        all.extend(page.basis.missing.iter().map(|missing| format!("Missing: {missing}")));
        all.push(page.basis.periods.join(". "));
        for part in &page.parts {
            all.extend(part.company.iter().chain(&part.headline).chain(&part.attention).cloned());
            for table in &part.tables {
                all.extend(table.columns.iter().map(|column| column.label.clone()));
                all.extend(table.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.clone()));
            }
        }
    }
    all.extend(pages.first().map(|page| page.basis.source.clone()));
    all.concat().chars().filter(|c| !c.is_whitespace()).collect()
}

/// Every line is between the edges of its sheet, and none is where another one is.
fn is_tidy(sheets: &sheet::Sheets) {
    for sheet in &sheets.sheets {
        let mut boxes: Vec<(f32, f32, f32, f32)> = Vec::new();
        for drawn in sheet.iter().flat_map(|piece| &piece.drawn) {
            let sheet::Drawn::Text { at: (left, y), line, style } = drawn else { continue };
            let (right, top, bottom) = (left + line.width, y - style.stand(), y - style.stand() + style.line());
            assert!(sheet::EDGE - 0.1 <= *left && right <= sheet::WIDTH - sheet::EDGE + 0.1, "{line:?}");
            assert!(sheet::EDGE - 0.1 <= top && bottom <= sheet::HEIGHT - 30.0, "{line:?}");
            let is_over = |other: &(f32, f32, f32, f32)| {
                *left < other.1 - 0.1 && other.0 < right - 0.1 && top < other.3 - 0.1 && other.2 < bottom - 0.1
            };
            assert!(!boxes.iter().any(is_over), "{line:?}");
            boxes.push((*left, right, top, bottom));
        }
    }
}

#[test]
fn a_letter_of_few_companies_is_one_sheet() {
    let fonts = fonts::Fonts::new().unwrap();
    for companies in 0..=3 {
        let pages = letter_of(companies, "Summit Ridge Home Inspections");
        let sheets = letter::sheets(&fonts, "The week", &pages);
        assert_eq!(sheets.sheets.len(), 1, "{companies}");
        is_tidy(&sheets);
        assert_eq!(read(&sheets), said("The week", &pages));
    }
}

#[test]
fn a_letter_of_many_companies_goes_on_over_sheets() {
    let fonts = fonts::Fonts::new().unwrap();
    for (pages, least) in [(letter_of(7, "Company"), 2), (long_letter(), 8)] {
        let sheets = letter::sheets(&fonts, "The week", &pages);
        assert!(least <= sheets.sheets.len(), "{}", sheets.sheets.len());
        is_tidy(&sheets);
        assert_eq!(read(&sheets), said("The week", &pages));
    }
    let pages = letter_of(7, "Company");
    assert!(letter("The week", &pages).unwrap() == letter("The week", &pages).unwrap());
}

#[test]
fn companies_that_have_room_on_a_sheet_are_not_broken() {
    let fonts = fonts::Fonts::new().unwrap();
    let sheets = letter::sheets(&fonts, "The week", &letter_of(7, "Company"));
    let heads = |sheet: &Vec<sheet::Piece>| {
        let of_columns = |drawn: &&sheet::Drawn| ["Inspector", "Agent", "Weekof", "Time"].contains(&&*text_of(drawn));
        sheet.iter().flat_map(|piece| &piece.drawn).filter(of_columns).count()
    };
    assert_eq!(sheets.sheets.iter().map(heads).sum::<usize>(), 4 * 7, "no table goes on over another sheet");
}

#[test]
fn a_letter_stands_what_a_stranger_typed_and_is_fit_for_readers_aloud() {
    let fonts = fonts::Fonts::new().unwrap();
    let mut pages = long_letter();
    for (part, text) in pages.iter_mut().flat_map(|page| &mut page.parts).zip(STRANGE.iter().cycle()) {
        part.company = Some((*text).to_owned());
        part.attention.push(text.repeat(30));
        part.tables[0].rows[0].cells = vec![shown(text), shown(&text.repeat(9)), shown(text)];
    }
    pages.push(page(STRANGE));
    let sheets = letter::sheets(&fonts, "Strange", &pages);
    is_tidy(&sheets);
    write::checked(&fonts, "Strange", sheets, for_readers_aloud()).unwrap();
    assert!(letter("Nothing", &[]).is_ok() && letter("None", &[page(&[])]).is_ok());
}

fn for_readers_aloud() -> krilla::configure::Configuration {
    krilla::configure::ConfigurationBuilder::new()
        .with_accessibility_validator(krilla::configure::Accessibility::UA1)
        .finish()
        .unwrap()
}

#[test]
fn it_is_fit_for_readers_aloud() {
    let fonts = fonts::Fonts::new().unwrap();
    let sheets = report::sheets(&fonts, "Strange", &[page(STRANGE)]);
    write::checked(&fonts, "Strange", sheets, for_readers_aloud()).unwrap();
}
