//! Pages and what is painted of them, from answers as the tools give them.

use serde_json::{Map, Value, json};

use super::*;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn scorecard(name: &str) -> Map<String, Value> {
    let rate = |rate: f64, count: u64, of: u64| json!({"rate": rate, "count": count, "of": of, "low": rate / 2.0, "high": (rate * 1.5).min(1.0)});
    map(json!({
        "companies": [{
            "company": "spectora_company1",
            "whole_company": {"volume": 146, "volume_before": 160, "quoted_revenue": "101165.50", "attach": rate(0.623, 91, 146)},
            "median_inspector": {"volume": 21},
            "inspectors": [
                {"inspector": name, "id": "60001", "volume": 28, "quoted_revenue": "19515.00", "attach": rate(0.5, 14, 28), "odd_new_field": 7},
                {"inspector": "Dee Whitlock", "id": "60036", "volume": 21, "quoted_revenue": "0.00", "attach": rate(0.619, 13, 21)},
            ],
        }],
        "basis": {"as_of": "2026-11-29T09:45:26Z", "source": "mirror", "complete": false, "missing": ["clients"],
            "period": {"from": "2026-10-01", "to": "2026-10-31", "timezone": "America/Denver"},
            "notes": ["short: more likely than not above busy_week"]},
    }))
}

fn page(name: &str) -> Page {
    Page::of("inspector_scorecard", &scorecard(name), &Beside::default())
}

#[test]
fn a_page_says_what_matters_and_leaves_nothing_out() {
    let page = page("Walt Brennan");
    let part = &page.parts[0];
    assert_eq!(
        part.headline.as_deref(),
        Some("146 inspections, down 9% from 160; 62% with an add-on. Most: Walt Brennan with 28.")
    );
    let labels: Vec<&str> = part.tables[0].columns.iter().map(|column| column.label.as_str()).collect();
    // What nobody described is called by its own words; ids are left to programs.
    assert_eq!(labels, ["Inspector", "Inspections", "Quoted revenue", "Add-on rate", "Odd new field"]);
    let cells = |row: usize| part.tables[0].rows[row].cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>();
    assert_eq!(cells(0), ["Walt Brennan", "28", "$19,515", "50% (14 of 28)", "7"]);
    assert_eq!(cells(2), ["Whole company", "146", "$101,165.50", "62% (91 of 146)", ""]);
    assert!(part.tables[0].rows[2].is_sum && !part.tables[0].rows[1].is_sum);
    assert_eq!(page.basis.periods, ["Period: Oct 1 to Oct 31 (America/Denver)"]);
    assert_eq!(page.basis.notes, ["short: more likely than not above “A busy week so far”"]);
    let Some(Drawing::Rates { dots, all, .. }) = &part.tables[0].picture else {
        panic!("{:?}", part.tables[0].picture)
    };
    assert_eq!(dots[0], Dot { label: "Walt Brennan".to_owned(), share: 0.5, range: Some((0.25, 0.75)) });
    assert_eq!(*all, Some(0.623));
}

#[test]
fn in_short_a_page_is_its_headline_and_a_few_rows() {
    let page = page("Walt Brennan").in_short("inspector_scorecard");
    let table = &page.parts[0].tables[0];
    assert_eq!(
        table.columns.iter().map(|column| column.field.as_str()).collect::<Vec<_>>(),
        ["inspector", "volume", "attach"]
    );
    let cells: Vec<&str> = table.rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.as_str()).collect();
    assert_eq!(cells, ["Walt Brennan", "28", "50% (14 of 28)", "Dee Whitlock", "21", "62% (13 of 21)"]);
    assert!(page.parts[0].headline.is_some() && page.parts[0].facts.is_empty() && table.picture.is_none());
    let letter = letter("The week in short", &[page]);
    assert!(letter.contains("Missing: clients") && letter.contains("Incomplete") && letter.contains("Walt Brennan"));
}

#[test]
fn what_is_incomplete_says_so_in_every_form() {
    let pages = [page("Walt Brennan")];
    let screen = Screen { width: 80, has_color: false };
    assert!(terminal(&pages, screen).contains("INCOMPLETE") && terminal(&pages, screen).contains("Missing: clients"));
    assert!(html("x", &pages).contains("Incomplete: not everything") && html("x", &pages).contains("Missing: clients"));
    assert!(markdown(&pages).contains("INCOMPLETE") && markdown(&pages).contains("Missing&#58; clients"));
}

#[test]
fn hostile_names_stay_text_in_every_form() {
    let long = "Longname ".repeat(40);
    for name in
        ["<script>alert(1)</script>", "=cmd|'/c calc'!A1", "a\u{202e}b\u{2066}c", "👩‍👩‍👧 日本語", "\u{1b}[31mred", &long]
    {
        let pages = [page(name)];
        let shown = html("Inspector scorecard", &pages);
        assert!(!shown.contains("<script") && !shown.contains('\u{202e}') && !shown.contains('\u{1b}'), "{name}");
        for width in [40, 80, 200] {
            let text = terminal(&pages, Screen { width, has_color: false });
            let widest = text.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width, "{name}: {widest} of {width}");
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{name}");
        }
        let text = csv(&pages).unwrap();
        assert!(
            !text.lines().skip(1).any(|line| line.split(',').any(|cell| cell.trim_matches('"').starts_with('='))),
            "{text}"
        );
        assert!(xlsx(&pages).unwrap().starts_with(b"PK"));
    }
}

#[test]
fn numbers_in_files_are_numbers() {
    let pages = [page("Walt Brennan")];
    let text = csv(&pages).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "Company,Inspector,Inspections,Quoted revenue,Add-on rate,Odd new field");
    assert_eq!(lines[1], "spectora_company1,Walt Brennan,28,19515.00,0.5,7");
    assert_eq!(lines.len(), 3, "sums are left to the spreadsheet");
}

#[test]
fn a_map_needs_places_and_becomes_bars_without() {
    let answer = |groups: Value| map(json!({"companies": [{"company": "one", "volume": 9, "groups": groups}]}));
    let by_zip = answer(json!([{"group": "80202", "volume": 6}, {"group": "80233", "volume": 3}]));
    let beside = Beside::of(&map(json!({"spectora/places": {"80202": [39.7, -105.0], "80233": [39.7, -105.0]}})));
    let drawn =
        |answer: &Map<String, Value>| Page::of("service_mix", answer, &beside).parts[0].tables[0].picture.clone();
    let map_of = vec![("80202".to_owned(), (39.7, -105.0), 6.0), ("80233".to_owned(), (39.7, -105.0), 3.0)];
    assert_eq!(drawn(&by_zip), Some(Drawing::Map { title: "Inspections".to_owned(), dots: map_of }));
    let by_month = answer(json!([{"group": "2026-09", "volume": 6}, {"group": "2026-10", "volume": 3}]));
    let bars = vec![("2026-09".to_owned(), 6.0, "6".to_owned()), ("2026-10".to_owned(), 3.0, "3".to_owned())];
    assert_eq!(drawn(&by_month), Some(Drawing::Bars { title: "Inspections".to_owned(), bars }));
}

#[test]
fn agents_are_drawn_with_the_days_on_which_they_sent_work_and_companies_have_their_names() {
    let answer = map(json!({"companies": [{"company": "one", "agents": [
        {"agent": "Ada Byron", "id": "7", "days_since": 100, "usual_gap_days": 12.5},
        {"agent": "Dee Whitlock", "id": "8", "quoted_revenue": "10.00"},
    ]}], "basis": {"period": {"companies": [{"company": "one", "from": "2026-01-01", "to": "2026-01-31"}]}}}));
    let beside = Beside::of(&map(json!({
        "spectora/referrals": {"one": {"7": [100, 112, 130], "8": [3]}, "two": {"7": [1]}},
        "spectora/companies": {"one": "Elm Street Inspections"},
    })));
    let page = Page::of("agent_analysis", &answer, &beside);
    assert_eq!(page.parts[0].company.as_deref(), Some("Elm Street Inspections"));
    assert!(page.basis.periods[0].starts_with("Period of Elm Street Inspections: Jan 1"), "{:?}", page.basis.periods);
    let rows = vec![
        Rhythm { label: "Ada Byron".to_owned(), referrals: vec![100.0, 112.0, 130.0], gap: Some(12.5), since: 100.0 },
        Rhythm { label: "Dee Whitlock".to_owned(), referrals: vec![3.0], gap: None, since: 3.0 },
    ];
    assert_eq!(page.parts[0].tables[0].picture, Some(Drawing::Rhythms { rows }));
    let shown = html("Agents", &[page]);
    for day in ["100", "112", "130", "3"] {
        assert_eq!(shown.matches(&format!("class=\"sent\" data-value=\"{day}\"")).count(), 1, "{day}");
    }
    // Without what comes along there is the silence alone, and an agent without a rhythm has none.
    let page = Page::of("agent_analysis", &answer, &Beside::default());
    let Some(Drawing::Rhythms { rows }) = &page.parts[0].tables[0].picture else { panic!("{page:?}") };
    assert!(rows.len() == 1 && rows[0].referrals.is_empty() && rows[0].since > 99.0, "{rows:?}");
}

#[test]
fn a_long_table_is_drawn_in_part_and_says_so() {
    let row = |number: usize| json!({"agent": format!("Agent {number}"), "quoted_revenue": "5.00"});
    let agents: Vec<Value> = (0..40).map(row).collect();
    let page = Page::of("agent_analysis", &map(json!({"companies": [{"agents": agents}]})), &Beside::default());
    let shown = html("Agents", std::slice::from_ref(&page));
    assert!(shown.contains("The first 25 of 40 are drawn.") && shown.matches("class=\"bar\"").count() == 25, "{shown}");
    assert_eq!(shown.matches("<tr>").count(), 41, "the table has all rows and its head");
    assert!(terminal(&[page], Screen { width: 80, has_color: false }).contains("The first 25 of 40 are drawn."));
}

#[test]
fn a_list_is_put_into_parts_by_company_and_counted() {
    let item = |company: &str, what: &str| json!({"company": company, "at": "2026-11-28T19:26:50-07:00", "what": what, "id": "1"});
    let items = [item("one", "booked"), item("two", "new_agent"), item("one", "booked"), item("one", "canceled")];
    let page = Page::of("whats_new", &map(json!({"items": items, "total": 4})), &Beside::default());
    let said: Vec<_> = page.parts.iter().map(|part| (part.company.as_deref(), part.headline.as_deref())).collect();
    assert_eq!(said, [(Some("one"), Some("2 booked, 1 canceled.")), (Some("two"), Some("1 new agent."))]);
    let columns: Vec<&str> = page.parts[0].tables[0].columns.iter().map(|column| column.label.as_str()).collect();
    assert_eq!(columns, ["When", "What"]);
    assert_eq!(page.parts[0].tables[0].rows.len(), 3);
    assert!(page.clone().in_short("whats_new").parts.iter().all(|part| part.tables.is_empty()));
    // One company alone is not named by its rows, and no news are news.
    let one = Beside::of(&map(json!({"spectora/companies": {"one": "Elm Street Inspections"}})));
    let alone = Page::of("whats_new", &map(json!({"items": [{"what": "booked"}]})), &one).in_short("whats_new");
    assert_eq!(alone.parts[0].headline.as_deref(), Some("1 booked."));
    assert_eq!(alone.parts[0].company.as_deref(), Some("Elm Street Inspections"));
    let none = Page::of("whats_new", &map(json!({"items": []})), &Beside::default());
    assert_eq!(none.parts[0].headline.as_deref(), Some("Nothing changed."));
}

#[test]
fn a_line_about_a_job_has_its_address() {
    let answer = map(
        json!({"companies": [{"company": "one", "jobs_booked": 1, "attention": ["09:30 55: unpaid", "ways are long"],
        "jobs": [{"time": "09:30", "id": "55", "inspectors": ["Ada Byron"], "address": "12 Elm St, Golden, CO 80401"}]}]}),
    );
    let page = Page::of("prep_briefing", &answer, &Beside::default());
    assert_eq!(page.parts[0].attention, ["9:30 AM, 12 Elm St: unpaid", "ways are long"]);
    assert_eq!(page.parts[0].headline.as_deref(), Some("1 job. 2 need attention."));
    let text = terminal(&[page], Screen { width: 60, has_color: true });
    assert!(text.contains("\u{1b}[36mAda Byron\u{1b}[0m"), "{text}");
}

#[test]
fn the_view_in_a_chat_goes_by_the_same_names() {
    let known: Value = serde_json::from_str(include_str!("../../../views/src/layouts.json")).unwrap();
    assert!(known == description(), "run: spectora-mcp generate layouts views/src/layouts.json && scripts/views");
}
