//! What a model sends at its first attempt: other spellings, other words, other shapes. Each is answered as the right call
//! is, or refused with the right way.

use sandbox::SandboxOptions;
use serde_json::{Map, Value, json};
use sync::Scope;

use crate::support::{TestApp, text};

const OTHER: &str = "spectora_residential";
const DISPLAY: &str = "Quartz Home, Inc.";

/// Last month in other words, whatever else is asked.
fn last_month() -> Vec<Value> {
    vec![
        json!({"period": "Last Month"}),
        json!({"period": "last-month"}),
        json!({"period": "2026-10"}),
        json!({"period": "October 2026"}),
        json!({"period": "october"}),
        json!({"timePeriod": "previous_month"}),
        json!({"month": "10/2026"}),
        json!({"date_range": "2026-10-01 to 2026-10-31"}),
        json!({"from": "10/1/2026", "to": "10/31/2026"}),
        json!({"startDate": "Oct 1 2026", "endDate": "31 Oct 2026"}),
        json!({"start_date": "October 1, 2026", "until": "2026-10-31", "period": null}),
    ]
}

/// The second company in other words.
fn other_company() -> Vec<Value> {
    vec![
        json!({"company": "Spectora Residential"}),
        json!({"company": [OTHER]}),
        json!({"companyName": "residential"}),
        json!({"companies": DISPLAY.to_uppercase()}),
    ]
}

/// The most rows in other words.
fn most() -> Vec<Value> {
    vec![json!({"limit": "all"}), json!({"limit": 1_000}), json!({"pageSize": "100"}), json!({"max_results": 100.0})]
}

fn no_days() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"period": "lately"}), "last_30_days"),
        (json!({"from": "13/10/2026"}), "10/1/2026 (month first)"),
        (json!({"period": "2026-10", "from": "2026-10-01"}), "give one of them"),
        (json!({"from": "2026-10-31", "to": "2026-10-01"}), "before it begins"),
    ]
}

struct Cases {
    tool: &'static str,
    /// A right call, with the same in other words.
    same: Vec<(Value, Vec<Value>)>,
    /// What is refused, with words of the way out.
    refused: Vec<(Value, &'static str)>,
}

fn with(one: &Value, other: &Value) -> Value {
    let mut both = one.as_object().unwrap().clone();
    both.extend(other.as_object().unwrap().clone());
    both.into()
}

impl Cases {
    fn of(tool: &'static str) -> Self {
        let nothing =
            vec![(json!({"colour": "red"}), "no argument `colour`"), (json!({"page": 2}), "no argument `page`")];
        Self { tool, same: Vec::new(), refused: nothing }
    }

    fn same(mut self, right: Value, others: Vec<Value>) -> Self {
        self.same.push((right, others));
        self
    }

    fn refused(mut self, given: Value, expect: &'static str) -> Self {
        self.refused.push((given, expect));
        self
    }

    /// The same as `base` with each of these.
    fn shared(self, base: &Value, right: &Value, others: &[Value]) -> Self {
        self.same(with(base, right), others.iter().map(|other| with(base, other)).collect())
    }

    fn days(mut self, base: &Value) -> Self {
        self.refused.extend(no_days().into_iter().map(|(given, expect)| (with(base, &given), expect)));
        self.shared(base, &json!({"period": "last_month"}), &last_month())
    }

    fn company(self, base: &Value) -> Self {
        let all = with(base, &json!({"company": "all"}));
        self.shared(base, &json!({"company": OTHER}), &other_company())
            .same(base.clone(), vec![all])
            .refused(with(base, &json!({"company": "lakeside"})), "valid: spectora_company1, spectora_residential")
            .refused(with(base, &json!({"company": "spectora"})), "may be more than one company")
    }

    fn limit(self, base: &Value) -> Self {
        self.shared(base, &json!({"limit": 100}), &most())
            .refused(with(base, &json!({"limit": "few"})), "from 1 to 100")
    }
}

/// Lists and records.
fn lists(app: &TestApp) -> Vec<Cases> {
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let row = &company.inspections[company.attachments[0].inspection as usize];
    let (id, slug) = (row.id.to_string(), company.slug(row));
    let agent = company.agents[0].connection_id;
    let client = company.clients[0].id;
    let one = json!({"company": company.name});
    let of_inspection = || {
        vec![
            json!({"id": id}),
            json!({"inspectionId": row.id}),
            json!({"inspection_id": [id]}),
            json!({"slug": slug}),
            json!({"inspection": format!("https://portal.spectora.com/inspection/{slug}")}),
            json!({"inspection": id, "include": null}),
        ]
    };
    let inspection = |tool: &'static str| {
        let others: Vec<Value> = of_inspection().iter().map(|other| with(&one, other)).collect();
        let others = if tool == "portal_link" { others[..3].to_vec() } else { others };
        Cases::of(tool)
            .same(with(&one, &json!({"inspection": id})), others)
            .refused(json!({}), "give `inspection`")
            .refused(json!({"inspection": "the last one"}), "What to do")
            .refused(json!({"inspection": id, "inspection_id": id}), "given twice")
    };
    vec![
        Cases::of("list_companies").same(json!({}), vec![json!({"sessionId": "x"})]),
        Cases::of("list_agents")
            .same(json!({"text": "a"}), vec![json!({"query": "a"}), json!({"q": "a"}), json!({"search": ["a"]})])
            .same(
                json!({"sort": "most_inspections"}),
                vec![json!({"sortBy": "Most Inspections"}), json!({"order_by": "most-inspections"})],
            )
            .same(json!({"include": "contact"}), vec![json!({"include": ["contacts"]}), json!({"includes": "Contact"})])
            .same(json!({}), vec![json!({"text": "none"}), json!({"text": "", "tag": "N/A", "team": null})])
            .refused(json!({"sort": "revenue"}), "most_inspections")
            .company(&json!({}))
            .limit(&json!({})),
        Cases::of("get_agent")
            .same(
                with(&one, &json!({"agent": agent.to_string()})),
                [
                    json!({"id": agent}),
                    json!({"connectionId": agent}),
                    json!({"agent_name": agent}),
                    json!({"name": agent}),
                ]
                .iter()
                .map(|other| with(&one, other))
                .collect(),
            )
            .refused(json!({}), "give `agent`")
            .refused(json!({"agent_id": "5"}), "did you mean `agent`"),
        Cases::of("agent_stats")
            .same(
                json!({"sort": "last_inspection"}),
                vec![json!({"sort": "lastInspection"}), json!({"sort_by": "Last Inspections"})],
            )
            .company(&json!({}))
            .limit(&json!({})),
        Cases::of("list_clients")
            .same(json!({"text": "a"}), vec![json!({"query": "a"}), json!({"keyword": "a"})])
            .company(&json!({"text": "a"}))
            .limit(&json!({"text": "a"})),
        Cases::of("get_client")
            .same(
                with(&one, &json!({"id": client.to_string()})),
                [
                    json!({"client_id": client}),
                    json!({"clientId": client}),
                    json!({"client": client}),
                    json!({"id": [client]}),
                ]
                .iter()
                .map(|other| with(&one, other))
                .collect(),
            )
            .refused(json!({}), "give `id`"),
        inspection("get_inspection"),
        inspection("list_attachments"),
        inspection("portal_link"),
        inspections(),
        news(),
    ]
}

fn news() -> Cases {
    Cases::of("whats_new")
        .same(
            json!({"since": "2026-11-20", "to": "2026-11-24"}),
            vec![
                json!({"from": "11/20/2026", "to": "today"}),
                json!({"startDate": "Nov 20, 2026", "endDate": "24 Nov 2026"}),
            ],
        )
        .same(
            json!({"since": "2026-11-01", "what": ["booked", "canceled"]}),
            vec![
                json!({"since": "2026-11-1", "what": "booked, canceled"}),
                json!({"since": "2026/11/01", "types": ["Booked", "CANCELED"]}),
            ],
        )
        .same(json!({}), vec![json!({"what": "none"}), json!({"since": ""})])
        .refused(json!({"since": "last week"}), "today, yesterday, tomorrow")
        .refused(json!({"since": "2026-11-20", "to": "2026-11-01"}), "before it begins")
        .company(&json!({}))
        .limit(&json!({}))
}

fn inspections() -> Cases {
    let status = |word: &str| json!({"period": "last_quarter", "status": word});
    Cases::of("list_inspections")
        .same(
            status("performed"),
            ["completed", "Complete", "done", "PERFORMED", "unpublished,published"]
                .map(status)
                .into_iter()
                .chain([json!({"period": "2026-Q3", "statuses": ["performed"]})])
                .collect(),
        )
        .same(
            status("canceled"),
            vec![status("cancelled"), status("Cancelled"), json!({"period": "Q3", "state": "canceled"})],
        )
        .same(
            json!({"status": "upcoming"}),
            vec![json!({"status": "scheduled"}), json!({"status": ["requested", "confirmed"]})],
        )
        .same(
            json!({"period": "last_14_days"}),
            vec![json!({"period": "past 14 days"}), json!({"period": "Last 14 Days"})],
        )
        .same(
            json!({"period": "ytd"}),
            vec![json!({"period": "Year to date"}), json!({"from": "2026-01-01", "to": "today"})],
        )
        .same(json!({"from": "2026-11-01"}), vec![json!({"since": "2026-11-01"}), json!({"period": "since 11/1/2026"})])
        .same(
            json!({"period": "tomorrow"}),
            vec![json!({"date": "2026-11-25"}), json!({"from": "tomorrow", "to": "tomorrow"})],
        )
        .same(
            json!({"zip": "80202"}),
            vec![json!({"zipCode": 80_202}), json!({"zip_code": "80202-1234"}), json!({"postalCode": "80202"})],
        )
        .same(json!({"paid": false}), vec![json!({"paid": "no"}), json!({"paid": 0}), json!({"paid": "False"})])
        .same(
            json!({"sort": "quote_highest"}),
            vec![json!({"sort": "quoteHighest"}), json!({"orderBy": "Quote highest"})],
        )
        .same(
            json!({"add_on": "radon test"}),
            vec![json!({"addOn": "Radon Test"}), json!({"add_ons": "radon test"}), json!({"addons": ["radon test"]})],
        )
        .same(json!({"city": "denver"}), vec![json!({"cities": "Denver"}), json!({"city": ["DENVER"]})])
        .same(json!({"period": "last_month", "agent": "none"}), vec![json!({"period": "last_month", "agent": null})])
        .refused(json!({"status": "booked"}), "leave `status` out")
        .refused(json!({"status": "open"}), "valid: requested")
        .refused(json!({"zip": "downtown"}), "for a city give `city`; for an agency give `agency`")
        .refused(json!({"agent_role": "buying"}), "give `agent` too")
        .refused(json!({"day": "2026-11-25", "period": "today"}), "given twice")
        .days(&json!({}))
        .company(&json!({"period": "last_month"}))
        .limit(&json!({}))
}

/// Worked-out answers.
fn insights() -> Vec<Cases> {
    let month = json!({"period": "last_month"});
    vec![
        Cases::of("inspector_scorecard")
            .same(
                json!({"period": "last_quarter", "compare": "last_year"}),
                vec![
                    json!({"period": "2026-Q3", "compareTo": "Last Year"}),
                    json!({"quarter": "Q3 2026", "comparison": "last-year"}),
                ],
            )
            .same(with(&month, &json!({"detail": "full"})), vec![with(&month, &json!({"details": "FULL"}))])
            .days(&json!({}))
            .company(&month)
            .limit(&month),
        Cases::of("agent_analysis")
            .same(json!({"mode": "rising"}), vec![json!({"mode": "Rising"}), json!({"type": "rising"})])
            .same(json!({"min_referrals": 4}), vec![json!({"minReferrals": "4"}), json!({"min_referrals": 4.0})])
            .refused(json!({"mode": "best"}), "top, dormant")
            .refused(json!({"agency": "Nobody & Nobody"}), "agency")
            .days(&json!({}))
            .company(&month)
            .limit(&month),
        Cases::of("service_mix")
            .same(
                with(&month, &json!({"by": "inspector"})),
                vec![with(&month, &json!({"groupBy": "inspectors"})), with(&month, &json!({"by": ["Inspector"]}))],
            )
            .refused(json!({"by": "weekday"}), "zip, city")
            .days(&json!({}))
            .company(&month)
            .limit(&month),
        Cases::of("prep_briefing")
            .same(
                json!({"day": "2026-11-25"}),
                vec![
                    json!({"date": "11/25/2026"}),
                    json!({"day": "Nov 25, 2026"}),
                    json!({"day": "Tomorrow"}),
                    json!({"day": "25 Nov 2026", "include": []}),
                    json!({"on": "tomorrow", "to": "11/25/2026"}),
                ],
            )
            .same(json!({"day": "2026-11-23"}), vec![json!({"day": "yesterday"}), json!({"day": "11/23/2026"})])
            .refused(json!({"day": "monday"}), "2026-10-01")
            .company(&json!({"day": "tomorrow"})),
        Cases::of("capacity_plan")
            .same(json!({"weeks": 2}), vec![json!({"weeksAhead": "2"}), json!({"horizon": 2.0})])
            .refused(json!({"weeks": 60}), "from 1 to 13")
            .refused(json!({"company": "lakeside"}), "there is no company"),
        Cases::of("data_quality").days(&json!({})).company(&month),
        Cases::of("breakdown")
            .same(
                with(&month, &json!({"by": ["inspector", "status"]})),
                vec![
                    with(&month, &json!({"by": "inspector, status"})),
                    with(&month, &json!({"group_by": "[\"inspectors\",\"Status\"]"})),
                    with(&month, &json!({"dimensions": ["inspector", "status"]})),
                ],
            )
            .same(
                with(&month, &json!({"measures": ["performed"]})),
                vec![with(&month, &json!({"metric": "performed"})), with(&month, &json!({"measure": ["Performed"]}))],
            )
            .same(
                with(&month, &json!({"status": ["performed"]})),
                vec![with(&month, &json!({"status": "completed"})), with(&month, &json!({"state": "done"}))],
            )
            .refused(json!({"by": "colour"}), "valid: inspector")
            .refused(json!({"measures": "profit"}), "quoted_revenue")
            .days(&json!({}))
            .company(&month)
            .limit(&month),
        Cases::of("explain")
            .same(
                with(&month, &json!({"metric": "volume"})),
                vec![
                    with(&month, &json!({"measure": "volume"})),
                    with(&month, &json!({"metrics": ["volume"], "by": []})),
                ],
            )
            .same(
                with(&month, &json!({"metric": "booked", "status": "performed"})),
                vec![with(&month, &json!({"metric": "booked", "status": "completed"}))],
            )
            .refused(json!({}), "give `metric`")
            .days(&json!({"metric": "volume"}))
            .company(&json!({"metric": "volume"}))
            .limit(&json!({"metric": "volume"})),
    ]
}

/// What an answer says, without what is said of how it was asked.
fn essence(mut answer: Value) -> Value {
    let basis: &mut Map<String, Value> = answer["basis"].as_object_mut().unwrap();
    basis.shift_remove("notes");
    basis.shift_remove("as_of");
    answer.as_object_mut().unwrap().shift_remove("next_cursor");
    answer
}

/// Checks them all, and tells of each that is not as it should be.
async fn check(app: &TestApp, all: Vec<Cases>) {
    let mut wrong = Vec::new();
    for Cases { tool, same, refused } in all {
        for (right, others) in same {
            let result = app.call(tool, right.clone()).await;
            let Some(expected) = result.structured_content.clone().map(essence) else {
                wrong.push(format!("{tool} {right}: {}", text(&result)));
                continue;
            };
            for other in others {
                let result = app.call(tool, other.clone()).await;
                match result.structured_content.clone().map(essence) {
                    Some(answer) if answer == expected => {}
                    Some(answer) => wrong.push(format!("{tool} {other} is not {right}: {:.300}", answer.to_string())),
                    None => wrong.push(format!("{tool} {other}: {}", text(&result))),
                }
            }
        }
        for (given, expect) in refused {
            let said = text(&app.call(tool, given.clone()).await);
            if !said.contains(expect) || !said.contains("What to do") {
                wrong.push(format!("{tool} {given} does not say \"{expect}\": {said:.300}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn app(companies: &[&str]) -> TestApp {
    let change = |options: &mut SandboxOptions| options.inspections = Some(300);
    let app = TestApp::configured(change, companies, true, |config| {
        for company in config.companies.iter_mut().filter(|company| company.name.as_str() == OTHER) {
            company.display_name = Some(DISPLAY.to_owned());
        }
    })
    .await;
    app.sync(Scope::Auto).await;
    app
}

#[tokio::test]
async fn first_attempts_are_answered_or_told_the_right_way() {
    let app = app(&[]).await;
    check(&app, lists(&app).into_iter().chain(insights()).collect()).await;
    let notes = |answer: Value| answer["basis"]["notes"].to_string();
    for (given, expect) in [
        (json!({"from": "10/1/2026"}), "10/1/2026 was read as October 1, 2026"),
        (json!({"status": "completed"}), "`completed` was taken for `performed`"),
        (json!({"company": "residential"}), "`residential` was taken for spectora_residential"),
        (json!({"limit": "all"}), "`limit` is 100, the most there is"),
    ] {
        let said = notes(app.answer("list_inspections", given.clone()).await);
        assert!(said.contains(expect), "{given}: {said}");
    }
    let truth = app.sandbox.truth();
    let company = &truth.companies[0];
    let agent = company.agents.iter().find(|agent| agent.agency.is_some()).unwrap();
    let (person, agency) = (agent.name(), company.agencies[agent.agency.unwrap()].name.trim());
    for tool in ["list_inspections", "breakdown"] {
        let refused = app.failure(tool, json!({"company": company.name, "agency": person})).await;
        assert!(refused.contains("give it as `agent`"), "{tool}: {refused}");
        let refused = app.failure(tool, json!({"company": company.name, "agent": agency})).await;
        assert!(refused.contains("give it as `agency`"), "{tool}: {refused}");
    }
    let names = json!({"period": "last_quarter", "status": "performed", "city": "denver", "limit": 1});
    let listed = app.answer("list_inspections", names.clone()).await;
    let counted = app.answer("breakdown", json!({"period": "last_quarter", "city": "denver", "by": "status"})).await;
    let performed: u64 = counted["rows"].as_array().unwrap().iter().filter_map(|row| row["performed"].as_u64()).sum();
    assert_eq!(listed["total"].as_u64(), Some(performed), "{listed} {counted}");
}

#[tokio::test]
async fn one_company_alone_may_be_named() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[OTHER]).await;
    let right = essence(app.answer("list_inspections", json!({"period": "last_month"})).await);
    for named in [json!({"company": OTHER}), json!({"companyName": "Residential"}), json!({"company": null})] {
        let answer = app.answer("list_inspections", with(&json!({"period": "last_month"}), &named)).await;
        assert_eq!(essence(answer), right, "{named}");
    }
    let refused = app.failure("list_inspections", json!({"company": "spectora_company1"})).await;
    assert!(refused.contains("there is no company `spectora_company1`"), "{refused}");
    for given in [json!({"city": "denver"}), json!({"agency": "a"}), json!({"add_on": "radon"})] {
        let refused = app.failure("list_inspections", given).await;
        assert!(refused.contains("local mirror") && refused.contains("`zip`"), "{refused}");
    }
    let by_slug = app.failure("get_inspection", json!({"slug": "0f8fad5b-d9cb-469f-a165-70867728950e"})).await;
    assert!(by_slug.contains("give the inspection's id"), "{by_slug}");
}
