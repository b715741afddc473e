//! What a role may not show is in no answer: every tool, resource, prompt and completion is asked as each role, and the
//! whole text of what comes is looked through for every value that is hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Caller, DaysSeen, FieldAccess, Fields, Permissions, Roles, Text};
use mcp::{SpectoraServer, ToolChoice};
use rmcp::model::{
    ArgumentInfo, CallToolRequestParams, CompleteRequestParams, GetPromptRequestParams, ReadResourceRequestParams,
    Reference,
};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt as _};
use sandbox::{CompanyTruth, Edit, InspectionRow, Truth};
use serde_json::{Value, json};
use sync::Scope;

use crate::support::{TestApp, civil_of, epoch_day, money, now};

/// Inspections of a company: few enough that all that is answered can be looked through for all that is known.
const ROWS: u64 = 300;
/// The inspector whose work alone is shown.
const OWN: &str = "Walt Brennan";
/// Where no reading of a mirror goes wrong, so many pages are never needed.
const PAGES_MAX: usize = 120;
/// Names of what is money, in answers.
const MONEY_KEYS: &[&str] = &[
    "quote",
    "paid",
    "quoted",
    "quoted_revenue",
    "revenue_per_inspection",
    "revenue_per_hour",
    "without_quote",
    "revenue_share",
    "at_stake_a_year",
    "revenue_share_of_top_1",
    "revenue_share_of_top_5",
    "revenue_share_of_top_10",
    "quoted_revenue_not_shown",
    "at_stake_a_year_not_shown",
    "total_revenue",
    "buying_revenue",
    "selling_revenue",
    "average_revenue",
];

async fn stage() -> TestApp {
    stage_of(ROWS).await
}

async fn stage_of(rows: u64) -> TestApp {
    let app = TestApp::build(|options| options.inspections = Some(rows), &[], true).await;
    app.sync(Scope::Auto).await;
    app
}

/// A client in conversation with a server, as somebody.
struct As {
    client: RunningService<RoleClient, ()>,
}

impl As {
    async fn new(server: &SpectoraServer, permissions: Permissions) -> Self {
        let caller = Caller { name: "somebody".to_owned(), permissions: Arc::new(permissions) };
        let server = server.clone().for_caller(Arc::new(caller));
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Self { client: ().serve(ours).await.unwrap() }
    }

    /// The whole answer, whatever it is; `None` where there is no such tool.
    async fn ask(&self, tool: &str, arguments: Value) -> Option<Value> {
        let arguments = arguments.as_object().unwrap().clone();
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let answer = self.client.call_tool(request).await;
        answer.ok().map(|answer| serde_json::to_value(answer).unwrap())
    }

    async fn answer(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask(tool, arguments.clone()).await.unwrap();
        assert_ne!(answer["isError"], true, "{tool} {arguments}: {answer}");
        answer["structuredContent"].clone()
    }

    async fn failure(&self, tool: &str, arguments: Value) -> String {
        let answer = self.ask(tool, arguments.clone()).await.unwrap();
        assert_eq!(answer["isError"], true, "{tool} {arguments}: {answer}");
        answer["content"][0]["text"].as_str().unwrap().to_owned()
    }

    async fn tools(&self) -> BTreeSet<String> {
        self.client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.to_string()).collect()
    }

    async fn complete(&self, prompt: &str, argument: &str, value: &str) -> Vec<String> {
        let argument = ArgumentInfo::new(argument, value);
        let request = CompleteRequestParams::new(Reference::for_prompt(prompt), argument);
        self.client.complete(request).await.unwrap().completion.values
    }

    /// Everything this one is told, in answer to everything there is to ask.
    async fn everything(&self, calls: &[(&'static str, Value)]) -> Told {
        let mut told = Told::default();
        for (tool, arguments) in calls {
            let mut arguments = arguments.clone();
            for page in 0.. {
                assert!(page < PAGES_MAX, "{tool} {arguments} has no end");
                let Some(answer) = self.ask(tool, arguments.clone()).await else { break };
                if answer["isError"] != true {
                    told.answered.insert((*tool).to_owned());
                }
                told.add(&answer);
                match answer["structuredContent"].get("next_cursor") {
                    Some(cursor) => arguments["cursor"] = cursor.clone(),
                    None => break,
                }
            }
        }
        told.add(&serde_json::to_value(self.client.list_all_tools().await.unwrap()).unwrap());
        for resource in self.client.list_all_resources().await.unwrap() {
            let read = self.client.read_resource(ReadResourceRequestParams::new(resource.uri.clone())).await.unwrap();
            // The definitions name what they define, whoever reads them.
            if resource.uri.ends_with("status") {
                told.add(&serde_json::to_value(read).unwrap());
            }
        }
        for prompt in self.client.list_all_prompts().await.unwrap() {
            let filled = self.client.get_prompt(GetPromptRequestParams::new(prompt.name.clone())).await.unwrap();
            told.add(&serde_json::to_value(filled).unwrap());
            for argument in prompt.arguments.iter().flatten() {
                for begin in ["", "a", "s", "(3", "555"] {
                    told.add(&json!(self.complete(&prompt.name, &argument.name, begin).await));
                }
            }
        }
        told
    }
}

/// Everything somebody was told.
#[derive(Default)]
struct Told {
    /// Every text and every name of a field, line by line and each once: the same is told many times.
    lines: BTreeSet<String>,
    /// All of that in one, each line in quotes.
    text: String,
    keys: BTreeSet<String>,
    /// The tools that answered.
    answered: BTreeSet<String>,
}

impl Told {
    fn add(&mut self, value: &Value) {
        self.add_lines(value);
        keys_of(&value["structuredContent"], &mut self.keys);
    }

    fn add_lines(&mut self, value: &Value) {
        let mut add = |text: &str| {
            for line in text.lines() {
                if self.lines.insert(line.to_owned()) {
                    self.text.push_str(&format!("\"{line}\"\n"));
                }
            }
        };
        match value {
            Value::String(text) => add(text),
            Value::Number(number) => add(&number.to_string()),
            Value::Array(list) => list.iter().for_each(|value| self.add_lines(value)),
            Value::Object(map) => {
                map.keys().for_each(|key| add(key));
                map.values().for_each(|value| self.add_lines(value));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn has(&self, value: &str) -> bool {
        memchr::memmem::find(self.text.as_bytes(), value.as_bytes()).is_some()
    }
}

fn keys_of(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                keys.insert(key.clone());
                keys_of(value, keys);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys_of(value, keys)),
        _ => {}
    }
}

/// Every tool, with all that it can show.
fn calls(truth: &Truth) -> Vec<(&'static str, Value)> {
    let mut calls = vec![
        ("list_companies", json!({})),
        ("list_agents", json!({"include": "contact", "detail": "full", "limit": 100})),
        ("list_agents", json!({"sort": "most_inspections", "limit": 100})),
        ("agent_stats", json!({"limit": 100})),
        ("agent_stats", json!({"sort": "most_revenue", "limit": 100})),
        ("list_inspections", json!({"detail": "full", "include": ["contact", "links"], "limit": 100})),
        ("list_inspections", json!({"sort": "quote_highest", "limit": 100})),
        ("list_inspections", json!({"status": ["deleted"], "detail": "full", "include": ["contact"], "limit": 100})),
        ("list_inspections", json!({"paid": false, "limit": 100})),
        ("list_clients", json!({"text": "a", "include": "contact", "limit": 100})),
        ("list_clients", json!({"text": "example", "include": "contact", "limit": 100})),
        ("list_clients", json!({"text": "303", "include": "contact", "limit": 100})),
        ("inspector_scorecard", json!({"period": "last_year", "detail": "full", "limit": 100})),
        ("inspector_scorecard", json!({"from": "2020-01-01", "to": "2026-12-31", "detail": "full"})),
        ("data_quality", json!({"from": "2020-01-01", "to": "2027-12-31"})),
        ("capacity_plan", json!({"weeks": 4})),
        ("whats_new", json!({"since": "2020-01-01", "limit": 100})),
        ("whats_new", json!({"since": "2020-01-01", "what": ["quote_changed"], "limit": 100})),
        ("refresh", json!({})),
        ("prep_briefing", json!({"day": "today", "to": "2026-11-29", "include": ["contact", "notes", "attachments"]})),
        ("prep_briefing", json!({"day": "2026-11-16", "to": "2026-11-22", "include": ["contact", "notes"]})),
    ];
    for mode in ["top", "dormant", "new", "rising", "fading"] {
        // What a page leaves out is summed. The rule is loose: these agents have few occasions.
        let few = if mode == "dormant" { 1 } else { 10 };
        for limit in [100, few] {
            let asked = json!({
                "mode": mode, "from": "2020-01-01", "to": "2026-12-31", "limit": limit, "min_days": 1, "gap_factor": 1,
            });
            calls.push(("agent_analysis", asked));
        }
    }
    for by in ["zip", "city", "month", "inspector", "agent", "agency"] {
        calls.push(("service_mix", json!({"by": by, "period": "last_year", "detail": "full", "limit": 100})));
    }
    for metric in ["booked", "quoted_revenue", "unpaid", "canceled", "referrals", "assists"] {
        let days = json!({"metric": metric, "from": "2020-01-01", "to": "2026-12-31", "limit": 100});
        calls.push(("explain", days));
    }
    for (by, measures) in [
        (json!(["inspector", "month"]), json!(["booked", "canceled", "hours"])),
        (json!(["any_inspector"]), json!(["performed", "quoted_revenue", "average_quote"])),
        (json!(["reason"]), json!(["canceled"])),
        (json!(["agent"]), json!(["booked", "quoted_revenue"])),
        (json!(["agency", "tag"]), json!(["booked"])),
        (json!(["zip", "city"]), json!(["median_quote"])),
        (json!(["paid"]), json!(["performed"])),
        (json!(["unpaid_age"]), json!(["unpaid", "unpaid_quoted"])),
    ] {
        let ever = json!({"from": "2020-01-01", "to": "2026-12-31", "limit": 100, "by": by, "measures": measures});
        calls.push(("breakdown", ever));
    }
    for word in ["303", "555", "example", "com", "street", "elm", "smith", "a", "realty"] {
        calls.push(("search", json!({"query": word})));
    }
    for company in &truth.companies {
        let name = company.name;
        calls.push(("list_clients", json!({"company": name, "include": "contact", "limit": 100})));
        for agent in &company.agents[..4] {
            let id = agent.connection_id.to_string();
            calls.push(("get_agent", json!({"agent": id, "company": name, "include": "contact"})));
            calls.push(("agent_stats", json!({"agent": id, "company": name})));
            calls.push(("agent_analysis", json!({"agent": id, "company": name, "mode": "one"})));
            calls.push(("fetch", json!({"id": format!("{name}/agent/{id}")})));
        }
        // Those of whom there are notes are among them.
        let noted = company.clients.iter().filter(|client| client.id % 23 == 4 || client.id % 9 == 4).take(24);
        for client in company.clients.iter().step_by(40).chain(noted) {
            let include = json!(["contact", "private_notes"]);
            calls.push(("get_client", json!({"id": client.id.to_string(), "company": name, "include": include})));
            calls.push(("fetch", json!({"id": format!("{name}/client/{}", client.id)})));
            calls.push(("search", json!({"query": client.email().unwrap_or_default()})));
            calls.push(("search", json!({"query": client.phone()})));
        }
        for (at, row) in company.inspections.iter().enumerate().step_by(30) {
            let id = row.id.to_string();
            calls.push(("get_inspection", json!({"inspection": id, "company": name, "include": "contact"})));
            calls.push(("list_attachments", json!({"inspection": id, "company": name})));
            calls.push(("portal_link", json!({"inspection": id, "company": name})));
            calls.push(("fetch", json!({"id": format!("{name}/inspection/{id}")})));
            calls.push(("search", json!({"query": company.full_address(row)})));
            let words = street_of(company, row);
            calls.push(("list_inspections", json!({"address": words, "company": name, "limit": 100})));
            assert!(at < company.inspections.len());
        }
    }
    calls
}

/// The number and street, with the unit.
fn street_of(company: &CompanyTruth, row: &InspectionRow) -> String {
    company.full_address(row).split(',').next().unwrap().to_owned()
}

/// What there is to hide, by the kind of field: as it stands in the records, and whether it is known from a row.
fn values_of(truth: &Truth) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut values: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut put = |kind, value: String| {
        values.entry(kind).or_default().insert(value);
    };
    for company in &truth.companies {
        for agent in &company.agents {
            agent.email.iter().for_each(|email| put("contact", email.clone()));
            put("contact", agent.phone.clone());
        }
        for client in &company.clients {
            client.email().into_iter().for_each(|email| put("contact", email));
            put("contact", client.phone());
            put("street", format!("{} Elm Street", 100 + client.id % 900));
        }
        for row in company.inspections.iter().filter(|row| !row.vanished) {
            put("street", street_of(company, row));
            if row.quote_cents % 10_000 != 0 {
                put("money", money(row.quote_cents.into()));
            }
            if let Some(note) = Text::block(row.note()) {
                put("notes", note.to_string());
            }
            // Short ones are words that may stand anywhere.
            row.cancel_reason().filter(|reason| 12 < reason.len()).into_iter().for_each(|reason| {
                put("notes", reason.to_owned());
            });
        }
    }
    for note in ["Prefers text messages.", "Paid late once.", "Likes a call before the report goes out."] {
        put("notes", note.to_owned());
    }
    put("notes", "/files/".to_owned());
    put("notes", "report-".to_owned());
    values
}

/// The name of a street, as a role sees it that hides numbers alone.
fn street_names(truth: &Truth) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for company in &truth.companies {
        for row in company.inspections.iter().filter(|row| !row.vanished) {
            let street = street_of(company, row);
            let (_, name) = street.split_once(' ').unwrap();
            names.insert(name.split(" #").next().unwrap().to_owned());
        }
    }
    names
}

fn only(change: impl FnOnce(&mut Fields)) -> Permissions {
    let mut permissions = Permissions::default();
    change(&mut permissions.fields);
    permissions
}

fn preset(role: &str, inspector: Option<&str>) -> Permissions {
    Roles::default().permissions(role, &[], inspector).unwrap()
}

#[tokio::test]
async fn no_answer_holds_what_a_role_does_not_show() {
    let app = stage().await;
    let before = app.sandbox.truth();
    let open = |row: &&InspectionRow| row.canceled_at.is_none() && row.deleted_at.is_none() && !row.vanished;
    for (company, rows) in before.companies.iter().map(|company| &company.inspections).enumerate() {
        let last = rows.iter().rev().find(open).unwrap();
        // Once more at the same time: one booking in two orders.
        app.sandbox.edit(&[
            Edit::Book { company, starts_at: last.starts_at },
            Edit::Requote { company, id: last.id, cents: 98_765 },
        ]);
    }
    app.sync(Scope::Auto).await;
    let truth = app.sandbox.truth();
    let (calls, mut values, names) = (calls(&truth), values_of(&truth), street_names(&truth));
    // What a quote was is told as news.
    values.entry("money").or_default().append(values_of(&before).entry("money").or_default());
    // One server for everybody: what is remembered for one must not be told to another.
    let server = app.parts.server_with(&ToolChoice::All);
    let owner = As::new(&server, preset("owner", None)).await;
    let all = owner.everything(&calls).await;
    assert_eq!(all.answered, owner.tools().await, "the owner can ask everything");
    for (kind, values) in &values {
        let shown = values.iter().filter(|value| all.has(value)).count();
        assert_eq!(shown, values.len(), "{kind}: {:?}", values.iter().find(|value| !all.has(value)));
    }
    assert!(names.iter().all(|name| all.has(name)));
    assert!(MONEY_KEYS.iter().all(|key| all.keys.contains(*key)), "{:?}", all.keys);

    let (masked, off) = (FieldAccess::Masked, FieldAccess::Off);
    // `marketing` has the other ways of these four.
    let whose = [
        ("office", preset("office", None)),
        ("inspector", preset("inspector", Some(OWN))),
        ("marketing", preset("marketing", None)),
        ("contact off", only(|fields| fields.contact = off)),
        ("street masked", only(|fields| fields.street = masked)),
        ("money masked", only(|fields| fields.money = masked)),
        ("money off", only(|fields| fields.money = off)),
        ("notes masked", only(|fields| fields.notes = masked)),
    ];
    for (who, permissions) in whose {
        let one = As::new(&server, permissions.clone()).await;
        let told = one.everything(&calls).await;
        let fields = permissions.fields;
        let accesses =
            [("contact", fields.contact), ("street", fields.street), ("money", fields.money), ("notes", fields.notes)];
        for (kind, access) in accesses {
            // What is hidden is looked for whole; of what is shown every seventh does.
            let step = if access == FieldAccess::Full { 7 } else { 1 };
            let looked: Vec<&String> = values[kind].iter().step_by(step).collect();
            let shown: Vec<&String> = looked.iter().copied().filter(|value| told.has(value)).collect();
            if access == FieldAccess::Full {
                // An inspector has some of it; where clients live is a contact detail too.
                let has_some = who == "inspector" || (kind == "street" && fields.contact != FieldAccess::Full);
                let expected = if has_some { 1 } else { looked.len() * 9 / 10 };
                assert!(expected <= shown.len(), "{who} sees {kind}: {} of {}", shown.len(), looked.len());
            } else {
                let at = shown.first().map(|value| told.text.find(value.as_str()).unwrap());
                let around = at.map(|at| told.text.get(at.saturating_sub(300)..at + 60).unwrap_or_default());
                assert!(shown.is_empty(), "{who} is told {kind}: {shown:?} in {around:?}");
            }
        }
        if fields.street == off {
            assert_eq!(names.iter().find(|name| told.has(name)), None, "{who}");
        }
        let money_keys = told.keys.iter().filter(|key| MONEY_KEYS.contains(&key.as_str()));
        match fields.money {
            FieldAccess::Full => assert!(money_keys.count() != 0 || who == "inspector", "{who}"),
            FieldAccess::Masked => {
                assert!(!told.keys.contains("paid") && told.keys.contains("quoted_revenue"), "{who}");
            }
            FieldAccess::Off => assert_eq!(money_keys.collect::<Vec<_>>(), Vec::<&String>::new(), "{who}"),
        }
        assert!(told.answered.is_subset(&one.tools().await));
    }
}

#[tokio::test]
async fn masked_money_adds_up_and_says_so() {
    let app = stage().await;
    let server = app.parts.server_with(&ToolChoice::All);
    let one = As::new(&server, only(|fields| fields.money = FieldAccess::Masked)).await;
    let days = json!({"from": "2020-01-01", "to": "2026-12-31", "company": "spectora_company1", "limit": 100});
    let card = one.answer("inspector_scorecard", days.clone()).await;
    let shown = card["companies"][0]["whole_company"]["quoted_revenue"].as_str().unwrap().to_owned();
    let mut explained = days;
    explained["metric"] = json!("quoted_revenue");
    let mut sum = 0;
    loop {
        let page = one.answer("explain", explained.clone()).await;
        for item in page["items"].as_array().unwrap() {
            let quote = item["quote"].as_str().unwrap();
            let cents: u64 = quote.replace('.', "").parse().unwrap();
            assert_eq!(cents % 10_000, 0, "{quote}");
            sum += cents;
        }
        match page.get("next_cursor") {
            Some(cursor) => explained["cursor"] = cursor.clone(),
            None => break,
        }
    }
    assert_eq!(shown, money(sum));
    let truth = app.sandbox.truth();
    let truly: u64 = truth.companies[0]
        .inspections
        .iter()
        .filter(|row| !row.vanished && row.deleted_at.is_none() && row.canceled_at.is_none())
        .filter(|row| row.starts_at < now().as_second())
        .map(|row| (u64::from(row.quote_cents) + 5_000) / 10_000 * 10_000)
        .sum();
    assert_eq!(sum, truly);
    assert!(card["basis"]["notes"].to_string().contains("rounded to the nearest hundred"), "{}", card["basis"]);
}

#[tokio::test]
async fn what_is_hidden_is_not_found_sorted_or_counted_by() {
    let app = stage().await;
    let server = app.parts.server_with(&ToolChoice::All);
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    for access in [FieldAccess::Masked, FieldAccess::Off] {
        let one = As::new(&server, only(|fields| fields.money = access)).await;
        for (arguments, part) in [
            (json!({"paid": true}), "paid"),
            (json!({"sort": "quote_highest"}), "sort"),
            (json!({"sort": "quote_lowest", "period": "this_month"}), "sort"),
        ] {
            let failure = one.failure("list_inspections", arguments).await;
            assert!(failure.contains("does not show money") && failure.contains(&format!("`{part}`")), "{failure}");
        }
        for (tool, arguments) in [
            ("explain", json!({"metric": "unpaid"})),
            ("explain", json!({"metric": "booked", "by": "paid", "cell": "paid"})),
            ("breakdown", json!({"measures": "unpaid"})),
            ("breakdown", json!({"by": "paid"})),
            ("breakdown", json!({"by": ["month", "unpaid_age"]})),
            ("breakdown", json!({"paid": false})),
        ] {
            let failure = one.failure(tool, arguments).await;
            assert!(failure.contains("does not show money"), "{tool}: {failure}");
        }
        if access == FieldAccess::Off {
            for (tool, arguments) in [
                ("explain", json!({"metric": "quoted_revenue"})),
                ("breakdown", json!({"measures": ["booked", "average_quote"]})),
                ("breakdown", json!({"measures": "upcoming_quoted"})),
                ("agent_stats", json!({"sort": "most_revenue"})),
                ("whats_new", json!({"what": "quote_changed"})),
            ] {
                let failure = one.failure(tool, arguments).await;
                assert!(failure.contains("does not show money"), "{tool}: {failure}");
            }
        }
        let one = As::new(&server, only(|fields| fields.street = access)).await;
        let failure = one.failure("list_inspections", json!({"address": "elm"})).await;
        assert!(failure.contains("does not show streets") && failure.contains("`address`"), "{failure}");
        let row = company.inspections.iter().find(|row| !row.vanished && row.deleted_at.is_none()).unwrap();
        let house = street_of(company, row);
        let found = one.answer("search", json!({"query": house})).await;
        assert_eq!(found["results"], json!([]), "{house}");
        let found = one.answer("search", json!({"query": company.place(row).city})).await;
        assert_ne!(found["results"], json!([]), "a city is shown");

        let one = As::new(&server, only(|fields| fields.contact = access)).await;
        let client = company.clients.iter().find(|client| client.email().is_some()).unwrap();
        for words in [client.email().unwrap(), client.phone(), "example".to_owned(), "555".to_owned()] {
            let found = one.answer("list_clients", json!({"text": words})).await;
            assert_eq!((&found["items"], &found["total"]), (&json!([]), &json!(0)), "{words}");
            assert!(found["basis"]["notes"].to_string().contains("does not search"), "{found}");
            let found = one.answer("search", json!({"query": words})).await;
            assert_eq!(found["results"], json!([]), "{words}");
        }
        let found = one.answer("list_clients", json!({"text": client.name(), "company": company.name})).await;
        assert!(found["items"].to_string().contains(&format!("\"{}\"", client.id)), "{found}");

        let one = As::new(&server, only(|fields| fields.notes = access)).await;
        for (tool, arguments) in [
            ("breakdown", json!({"measures": "canceled", "by": ["month", "reason"]})),
            ("explain", json!({"metric": "canceled", "by": "reason", "cell": "Weather"})),
        ] {
            let failure = one.failure(tool, arguments).await;
            assert!(failure.contains("does not show notes"), "{tool}: {failure}");
        }
        let file = company.attachments.iter().find(|file| {
            let row = &company.inspections[file.inspection as usize];
            row.deleted_at.is_none() && row.canceled_at.is_none() && !row.vanished
        });
        let id = company.inspections[file.unwrap().inspection as usize].id.to_string();
        let files = json!({"inspection": id, "company": company.name});
        if access == FieldAccess::Off {
            let failure = one.failure("list_attachments", files).await;
            assert!(failure.contains("does not show notes and files"), "{failure}");
        } else {
            let files = one.answer("list_attachments", files).await;
            assert_ne!(files["items"], json!([]));
            assert!(files["items"].as_array().unwrap().iter().all(|file| file.get("url").is_none()), "{files}");
        }
    }
}

/// Ids of one company as they would stand in an answer of another one's.
fn traces(company: &CompanyTruth, other: &CompanyTruth) -> BTreeSet<String> {
    let mut traces: BTreeSet<String> =
        [company.name, company.display_name, company.timezone].into_iter().map(str::to_owned).collect();
    traces.extend(company.inspections.iter().map(|row| format!("\"{}\"", row.id)));
    traces.extend(company.clients.iter().map(|client| format!("\"{}\"", client.id)));
    traces.extend(company.agents.iter().map(|agent| format!("\"{}\"", agent.connection_id)));
    traces.extend(company.inspectors.iter().map(|inspector| inspector.name.to_owned()));
    let known: BTreeSet<String> = other.agents.iter().map(sandbox::AgentRow::name).collect();
    // People are clients too: whole names of agents may be those of a client.
    let clients: BTreeSet<String> = other.clients.iter().map(sandbox::ClientRow::name).collect();
    let names = company.agents.iter().map(sandbox::AgentRow::name).filter(|name| name.contains(' '));
    traces.extend(names.filter(|name| !known.contains(name) && !clients.contains(name)));
    traces.extend(
        company
            .agents
            .iter()
            .filter_map(|agent| agent.email.clone())
            .filter(|email| !other.agents.iter().any(|agent| agent.email.as_ref() == Some(email))),
    );
    traces
}

#[tokio::test]
async fn another_company_does_not_exist() {
    let app = stage().await;
    let truth = app.sandbox.truth();
    let [own, other] = [&truth.companies[0], &truth.companies[1]];
    let server = app.parts.server_with(&ToolChoice::All);
    let mine = Permissions { companies: Some([own.name.parse().unwrap()].into()), ..Permissions::default() };
    let one = As::new(&server, mine.clone()).await;
    let owner = As::new(&server, Permissions::default()).await;
    // What is asked must not name the other one: errors repeat what was given.
    let foreign = |arguments: &Value| {
        let text = arguments.to_string();
        text.contains(other.name)
    };
    let calls = calls(&truth);
    let all = owner.everything(&calls).await;
    let asked: Vec<_> = calls
        .into_iter()
        .filter(|(_, arguments)| !foreign(arguments))
        // With one company there is nothing to choose.
        .map(|(tool, mut arguments)| {
            arguments.as_object_mut().unwrap().shift_remove("company");
            (tool, arguments)
        })
        .collect();
    let told = one.everything(&asked).await;
    assert_eq!(told.answered, one.tools().await);
    let traces = traces(other, own);
    assert!(traces.len() / 2 < traces.iter().filter(|trace| all.has(trace)).count());
    let found: Vec<_> = traces.iter().filter(|trace| told.has(trace)).collect();
    assert!(found.is_empty(), "{found:?}");

    // A company that is not served and one that may not be asked about are the same.
    let row = &other.inspections[0];
    for (tool, of) in [
        ("list_inspections", &(|name: &str| json!({"company": name})) as &dyn Fn(&str) -> Value),
        ("fetch", &|name: &str| json!({"id": format!("{name}/inspection/{}", row.id)})),
        ("list_clients", &|name: &str| json!({"company": [name], "text": "a"})),
    ] {
        let served = one.failure(tool, of(other.name)).await;
        let unknown = one.failure(tool, of("spectora_nowhere")).await;
        assert_eq!(served.replace(other.name, "?"), unknown.replace("spectora_nowhere", "?"), "{tool}");
    }
    for part in ["residential", "Spectora Residential"] {
        let failure = one.failure("list_inspections", json!({"company": part})).await;
        assert!(failure.contains("there is no company") && !failure.contains(other.name), "{failure}");
    }
    for (tool, arguments) in [
        ("get_inspection", json!({"inspection": row.id.to_string()})),
        ("get_inspection", json!({"inspection": other.slug(row)})),
        ("list_attachments", json!({"inspection": other.slug(row)})),
        ("portal_link", json!({"inspection": row.id.to_string()})),
        ("list_attachments", json!({"inspection": row.id.to_string()})),
        ("get_client", json!({"id": other.clients[0].id.to_string()})),
        ("get_agent", json!({"agent": other.agents[0].connection_id.to_string()})),
    ] {
        let failure = one.failure(tool, arguments).await;
        assert!(!failure.contains(other.name) && failure.contains("no "), "{tool}: {failure}");
    }
    // The owner's place in a list of both is nobody else's.
    for (tool, arguments) in [
        ("list_inspections", json!({"limit": 3})),
        ("list_agents", json!({"limit": 3})),
        ("list_clients", json!({"text": "a", "limit": 3})),
        ("inspector_scorecard", json!({"period": "last_year", "limit": 1})),
        ("explain", json!({"metric": "volume", "period": "last_year", "limit": 1})),
        ("whats_new", json!({"since": "2020-01-01", "limit": 1})),
    ] {
        let mut next = arguments.clone();
        next["cursor"] = owner.answer(tool, arguments).await["next_cursor"].clone();
        assert!(one.failure(tool, next).await.contains("cursor"), "{tool}");
    }
    // Nor is that of an owner of one company where the role is another.
    let alone = Permissions { fields: Fields { notes: FieldAccess::Off, ..Fields::default() }, ..mine };
    let alone = As::new(&server, alone).await;
    let cursor = one.answer("list_agents", json!({"limit": 3})).await["next_cursor"].clone();
    assert!(alone.failure("list_agents", json!({"limit": 3, "cursor": cursor})).await.contains("cursor"));
    assert!(one.complete("daily_prep", "company", "").await == [own.name]);

    let nowhere = Permissions { companies: Some(BTreeSet::new()), ..Permissions::default() };
    let nobody = As::new(&server, nowhere).await;
    for tool in ["list_companies", "list_inspections", "capacity_plan"] {
        let failure = nobody.failure(tool, json!({})).await;
        assert!(failure.contains("no company that you may ask about"), "{failure}");
    }
}

#[tokio::test]
async fn an_inspector_sees_their_own_work_alone() {
    // Enough that there is work of all kinds.
    let app = stage_of(260).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let own = company.inspectors.iter().position(|one| one.name == OWN).unwrap();
    let server = app.parts.server_with(&ToolChoice::All);
    let one = As::new(&server, Permissions { inspector: Some(OWN.to_owned()), ..Permissions::default() }).await;
    let rows = || company.inspections.iter().filter(|row| !row.vanished && row.deleted_at.is_none());
    let mine = || rows().filter(|row| row.inspectors().any(|at| at == own));
    let begun = |row: &&InspectionRow| row.starts_at < now().as_second();
    let performed = || mine().filter(begun).filter(|row| row.canceled_at.is_none());
    assert!(10 < mine().count() && mine().count() * 2 < rows().count());
    assert!(mine().any(|row| usize::from(row.primary) != own), "one that is assisted with");
    let all = json!({"from": "2015-01-01", "to": "2026-12-31", "limit": 100});
    let with = |more: Value| {
        let mut arguments = all.clone();
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };

    let listed = one.answer("list_inspections", json!({"limit": 100})).await;
    assert_eq!(listed["total"], mine().count());
    let ids: BTreeSet<String> = mine().map(|row| row.id.to_string()).collect();
    assert!(listed["items"].as_array().unwrap().iter().all(|row| ids.contains(row["id"].as_str().unwrap())));
    assert!(listed["basis"]["notes"].to_string().contains("shows the work of Walt Brennan alone"), "{listed}");

    let card = &one.answer("inspector_scorecard", with(json!({"detail": "full"}))).await["companies"][0];
    assert!(card.get("whole_company").is_none() && card.get("median_inspector").is_none(), "{card}");
    let [row] = card["inspectors"].as_array().unwrap().as_slice() else { panic!("{card}") };
    assert_eq!(row["inspector"], OWN);
    let led = || performed().filter(|row| usize::from(row.primary) == own);
    assert_eq!(row["volume"], led().count());
    assert_eq!(row["assists"], performed().count() - led().count());
    assert_eq!(row["quoted_revenue"], money(led().map(|row| u64::from(row.quote_cents)).sum()));

    let mix = &one.answer("service_mix", with(json!({"by": "zip"}))).await["companies"][0];
    assert_eq!(mix["volume"], performed().count());
    let explained = one.answer("explain", with(json!({"metric": "volume"}))).await;
    assert_eq!(explained["total"], performed().count());
    let referred = mine().filter(begun).filter(|row| row.buying_agent.is_some()).count();
    let agents = &one.answer("agent_analysis", with(json!({"mode": "top"}))).await["companies"][0];
    let referrals: u64 =
        agents["agents"].as_array().unwrap().iter().map(|one| one["referrals"].as_u64().unwrap()).sum();
    assert_eq!(referrals, referred as u64);
    let plan = &one.answer("capacity_plan", json!({})).await["companies"][0];
    let names: Vec<&Value> = plan["inspectors"].as_array().unwrap().iter().map(|one| &one["inspector"]).collect();
    assert!(names.iter().all(|name| **name == OWN), "{names:?}");

    let sides = |row: &InspectionRow| [row.buying_agent, row.selling_agent];
    let their_agents: BTreeSet<String> =
        mine().flat_map(sides).flatten().map(|at| company.agents[at as usize].connection_id.to_string()).collect();
    let ids_of = |answer: &Value| -> BTreeSet<String> {
        answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let listed = one.answer("list_agents", json!({"limit": 100, "detail": "full"})).await;
    assert_eq!(listed["total"], their_agents.len());
    assert!(ids_of(&listed).is_subset(&their_agents));
    assert!(listed["items"].as_array().unwrap().iter().all(|agent| agent.get("inspections").is_none()), "{listed}");
    let their_clients: BTreeSet<String> = mine()
        .flat_map(|row| [Some(row.client), row.client_2])
        .flatten()
        .map(|at| company.clients[at as usize].id.to_string())
        .collect();
    let listed = one.answer("list_clients", json!({"company": company.name, "limit": 100})).await;
    assert_eq!(listed["total"], their_clients.len());
    assert!(ids_of(&listed).is_subset(&their_clients));
    let news = one.answer("whats_new", json!({"since": "2015-01-01", "what": ["booked"], "limit": 100})).await;
    assert!(ids_of(&news).is_subset(&ids) && !ids_of(&news).is_empty());

    // Their own files are there.
    let file = company.attachments.iter().find(|file| {
        let row = &company.inspections[file.inspection as usize];
        ids.contains(&row.id.to_string()) && row.canceled_at.is_none()
    });
    let id = company.inspections[file.unwrap().inspection as usize].id.to_string();
    let files = one.answer("list_attachments", json!({"inspection": id})).await;
    assert!(files["items"][0]["url"].as_str().unwrap().contains("/files/"), "{files}");

    // What is others' is not there, by no way.
    let others = rows().find(|row| !row.inspectors().any(|at| at == own)).unwrap();
    for (tool, arguments) in [
        ("get_inspection", json!({"inspection": others.id.to_string()})),
        ("portal_link", json!({"inspection": others.id.to_string()})),
        ("list_attachments", json!({"inspection": others.id.to_string()})),
        ("fetch", json!({"id": format!("{}/inspection/{}", company.name, others.id)})),
    ] {
        let failure = one.failure(tool, arguments).await;
        assert!(failure.contains("there is no "), "{tool}: {failure}");
    }
    let stranger = company.clients.iter().find(|client| !their_clients.contains(&client.id.to_string())).unwrap();
    one.failure("get_client", json!({"id": stranger.id.to_string()})).await;
    let found = one.answer("search", json!({"query": stranger.email().unwrap_or_else(|| stranger.phone())})).await;
    assert!(!found.to_string().contains(&stranger.id.to_string()), "{found}");
    let stranger = company.agents.iter().find(|agent| !their_agents.contains(&agent.connection_id.to_string()));
    if let Some(stranger) = stranger {
        one.failure("get_agent", json!({"agent": stranger.connection_id.to_string()})).await;
        let failure = one.failure("get_agent", json!({"agent": stranger.name()})).await;
        assert!(!failure.contains(&stranger.connection_id.to_string()), "{failure}");
    }
    let failure = one.failure("agent_stats", json!({})).await;
    assert!(failure.contains("statistics"), "{failure}");
    one.failure("list_agents", json!({"sort": "most_inspections"})).await;
    let companies = one.answer("list_companies", json!({})).await;
    assert!(companies["items"][0].get("inspections").is_none(), "{companies}");
}

#[tokio::test]
async fn an_inspector_is_told_of_nobody_they_never_worked_with() {
    let app = stage().await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let own = company.inspectors.iter().position(|one| one.name == OWN).unwrap();
    let server = app.parts.server_with(&ToolChoice::All);
    let one = As::new(&server, Permissions { inspector: Some(OWN.to_owned()), ..Permissions::default() }).await;
    let rows = company.inspections.iter().filter(|row| !row.vanished && row.deleted_at.is_none());
    let mine = rows.filter(|row| row.inspectors().any(|at| at == own));
    let together: BTreeSet<usize> = mine.flat_map(InspectionRow::inspectors).collect();
    assert!(together.len() < company.inspectors.len(), "somebody is a stranger");
    let told = one.everything(&calls(&truth)).await;
    for (at, inspector) in company.inspectors.iter().enumerate() {
        assert_eq!(told.has(inspector.name), together.contains(&at), "{}", inspector.name);
    }
    for inspector in &truth.companies[1].inspectors {
        assert!(!told.has(inspector.name), "{}", inspector.name);
    }
}

#[tokio::test]
async fn nothing_is_shown_to_an_inspector_who_is_nobody_or_two() {
    let app = stage().await;
    let server = app.parts.server_with(&ToolChoice::All);
    let truth = app.sandbox.truth();
    // A part of a name is no name, and neither is one with a slip.
    for name in ["Nobody Here", "Brennan", "Walt Brenan", "walt", "", "1"] {
        let one = As::new(&server, Permissions { inspector: Some(name.to_owned()), ..Permissions::default() }).await;
        let told = one.everything(&calls(&truth)).await;
        for company in &truth.companies {
            for inspector in &company.inspectors {
                assert!(!told.has(inspector.name), "{name}: {}", inspector.name);
            }
            let shown = company.inspections.iter().find(|row| told.has(&company.slug(row)));
            assert!(shown.is_none(), "{name}: {shown:?}");
            assert!(!company.agents.iter().filter_map(|one| one.email.as_ref()).any(|email| told.has(email)), "{name}");
        }
        for tool in ["list_inspections", "list_agents", "inspector_scorecard", "capacity_plan"] {
            let failure = one.failure(tool, json!({})).await;
            assert!(failure.contains("nobody is called that"), "{tool}: {failure}");
        }
    }
    // By id, or by the whole name in another case, it is the same.
    let own = &truth.companies[0].inspectors[0];
    for name in [own.id.to_string(), own.name.to_uppercase()] {
        let one = As::new(&server, Permissions { inspector: Some(name), ..Permissions::default() }).await;
        assert_ne!(one.answer("list_inspections", json!({})).await["total"], 0);
    }
}

#[tokio::test]
async fn without_a_mirror_own_work_is_refused_and_fields_are_masked() {
    let app = TestApp::build(|options| options.inspections = Some(80), &["spectora_company1"], false).await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let server = app.parts.server_with(&ToolChoice::All);
    let own = As::new(&server, Permissions { inspector: Some(OWN.to_owned()), ..Permissions::default() }).await;
    let row = &company.inspections[3];
    for (tool, arguments) in [
        ("list_inspections", json!({})),
        ("get_inspection", json!({"inspection": row.id.to_string()})),
        ("list_agents", json!({})),
        ("get_agent", json!({"agent": company.agents[0].connection_id.to_string()})),
        ("list_clients", json!({})),
        ("get_client", json!({"id": company.clients[0].id.to_string()})),
        ("list_attachments", json!({"inspection": row.id.to_string()})),
    ] {
        let failure = own.failure(tool, arguments).await;
        assert!(failure.contains("mirror"), "{tool}: {failure}");
    }
    let hidden = only(|fields| {
        *fields = Fields {
            contact: FieldAccess::Off,
            street: FieldAccess::Off,
            money: FieldAccess::Off,
            notes: FieldAccess::Off,
        };
    });
    let days = DaysSeen { back: Some(60), ahead: Some(10) };
    let one = As::new(&server, Permissions { days, ..hidden }).await;
    let told = one.everything(&calls(&truth)).await;
    for (kind, values) in values_of(&truth) {
        let shown: Vec<&String> = values.iter().filter(|value| told.has(value)).collect();
        assert!(shown.is_empty(), "{kind}: {shown:?}");
    }
    let listed = one.answer("list_inspections", json!({"limit": 100})).await;
    let seen = days_seen(company, 60, 10).count();
    assert_eq!(listed["items"].as_array().unwrap().len(), seen);
    assert_ne!(seen, 0);
}

/// Inspections of the last `back` and the next `ahead` days.
fn days_seen(company: &CompanyTruth, back: i64, ahead: i64) -> impl Iterator<Item = &InspectionRow> {
    let day = |seconds: i64| epoch_day(civil_of(&company.zone, seconds).date());
    let today = day(now().as_second());
    company.inspections.iter().filter(move |row| {
        let of_row = day(row.starts_at);
        !row.vanished && row.deleted_at.is_none() && today - back <= of_row && of_row <= today + ahead
    })
}

#[tokio::test]
async fn days_that_are_not_shown_are_not_there() {
    let app = stage().await;
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let server = app.parts.server_with(&ToolChoice::All);
    let days = DaysSeen { back: Some(200), ahead: Some(5) };
    let one = As::new(&server, Permissions { days, ..Permissions::default() }).await;
    let seen: BTreeSet<u64> = days_seen(company, 200, 5).map(|row| row.id).collect();
    assert!(5 < seen.len() && seen.len() < company.inspections.len() / 2);
    for period in [json!({}), json!({"from": "2015-01-01", "to": "2030-01-01"}), json!({"from": "2026-01-01"})] {
        let mut arguments = period;
        arguments
            .as_object_mut()
            .unwrap()
            .extend(json!({"company": company.name, "limit": 100}).as_object().unwrap().clone());
        let listed = one.answer("list_inspections", arguments).await;
        assert_eq!(listed["total"], seen.len());
        assert!(listed["basis"]["notes"].to_string().contains("from 2026-05-08 to 2026-11-29 alone"), "{listed}");
    }
    let before = json!({"company": company.name, "from": "2015-01-01", "to": "2015-12-31"});
    assert_eq!(one.answer("list_inspections", before).await["total"], 0);
    let outside = company.inspections.iter().find(|row| !seen.contains(&row.id) && row.deleted_at.is_none()).unwrap();
    for (tool, arguments) in [
        ("get_inspection", json!({"inspection": outside.id.to_string()})),
        ("portal_link", json!({"inspection": outside.id.to_string()})),
        ("list_attachments", json!({"inspection": outside.id.to_string()})),
        ("fetch", json!({"id": format!("{}/inspection/{}", company.name, outside.id)})),
    ] {
        let failure = one.failure(tool, arguments).await;
        assert!(failure.contains("there is no "), "{tool}: {failure}");
    }
    let all = json!({"metric": "booked", "from": "2015-01-01", "to": "2030-01-01", "company": company.name});
    let begun = days_seen(company, 200, 5).filter(|row| row.starts_at < now().as_second());
    assert_eq!(one.answer("explain", all).await["total"], begun.count());
    let failure = one.failure("agent_stats", json!({})).await;
    assert!(failure.contains("statistics"), "{failure}");
    // None of the others by any way.
    let told = one.everything(&calls(&truth)).await;
    for company in &truth.companies {
        let seen: BTreeSet<u64> = days_seen(company, 200, 5).map(|row| row.id).collect();
        let hidden = company.inspections.iter().filter(|row| !seen.contains(&row.id) && row.deleted_at.is_none());
        let shown: Vec<u64> = hidden.filter(|row| told.has(&company.slug(row))).map(|row| row.id).collect();
        assert!(shown.is_empty(), "{shown:?}");
    }
}

#[tokio::test]
async fn a_role_has_the_tools_and_prompts_it_names() {
    let app = stage().await;
    let truth = app.sandbox.truth();
    let server = app.parts.server_with(&ToolChoice::All);
    let office = As::new(&server, preset("office", None)).await;
    let tools = office.tools().await;
    assert!(tools.contains("list_inspections") && !tools.contains("inspector_scorecard"), "{tools:?}");
    let call = |name: &str| office.client.call_tool(CallToolRequestParams::new(name.to_owned()));
    let hidden = call("inspector_scorecard").await.unwrap_err().to_string();
    assert!(hidden.contains("there is no such tool") && !hidden.contains("agent_analysis"), "{hidden}");
    let prompts = office.client.list_all_prompts().await.unwrap();
    let names: BTreeSet<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["daily_prep", "plan_ahead"]));
    assert!(office.client.get_prompt(GetPromptRequestParams::new("scorecards")).await.is_err());
    assert_eq!(office.complete("scorecards", "inspector", "").await, Vec::<String>::new());
    assert_ne!(office.complete("plan_ahead", "inspector", "").await, Vec::<String>::new());

    // What cannot be read is not found either.
    let tools = ["search", "fetch", "get_agent"].map(str::to_owned).into();
    let one = As::new(&server, Permissions { tools: Some(tools), ..Permissions::default() }).await;
    let found = one.answer("search", json!({"query": "a"})).await;
    let ids: Vec<&str> = found["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.contains("/agent/")), "{ids:?}");
    let row = &truth.companies[0].inspections[0];
    let id = format!("{}/inspection/{}", truth.companies[0].name, row.id);
    assert!(one.failure("fetch", json!({"id": id})).await.contains("there is no such record"));
}

#[tokio::test]
async fn over_http_each_request_says_who_asks() {
    use axum::extract::Request;
    use axum::middleware::{Next, from_fn};
    use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
    use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let app = stage().await;
    let server = app.parts.server_with(&ToolChoice::All).requiring_caller();
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(server.clone()), sessions, config);
    // Stands for a login: whoever names a role is believed.
    let who = async |mut request: Request, next: Next| {
        let role = request.headers().get("x-role").map(|role| role.to_str().unwrap().to_owned());
        if let Some(name) = role {
            let permissions = Arc::new(preset(&name, None));
            request.extensions_mut().insert(Arc::new(Caller { name, permissions }));
        }
        next.run(request).await
    };
    let router = axum::Router::new().nest_service("/mcp", service).layer(from_fn(who));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let ask = async |role: &str, body: Value| -> String {
        let body = body.to_string();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\n{role}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    };
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let office = ask("X-Role: office\r\n", list.clone()).await;
    assert!(office.contains("\"list_inspections\"") && !office.contains("\"agent_stats\""), "{office}");
    assert!(ask("X-Role: owner\r\n", list.clone()).await.contains("\"agent_stats\""));
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "list_inspections", "arguments": {"limit": 3, "include": "contact"}}});
    let marketing = ask("X-Role: marketing\r\n", call.clone()).await;
    assert!(marketing.contains("***") && !marketing.contains("555-01"), "{marketing}");
    assert!(ask("X-Role: owner\r\n", call.clone()).await.contains("555-01"));
    for body in [
        list,
        call,
        json!({"jsonrpc": "2.0", "id": 3, "method": "resources/read", "params": {"uri": "spectora://status"}}),
        json!({"jsonrpc": "2.0", "id": 4, "method": "prompts/list"}),
        json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "list_agents", "arguments": "{}"}}),
    ] {
        let nobody = ask("", body.clone()).await;
        assert!(nobody.contains("answers only whoever is logged in"), "{body}: {nobody}");
        assert!(!nobody.contains("spectora_company1"), "{body}: {nobody}");
    }
}
