//! Filters, records, refusals and profiles.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;

use super::*;

/// What a filter stands for, in plain words of the truth.
type Plain<'a> = Box<dyn Fn(&CompanyTruth, &InspectionRow) -> bool + 'a>;

#[tokio::test]
async fn every_filter_on_inspections_agrees_with_a_plain_loop() {
    let sandbox = start().await;
    let truth = sandbox.truth();
    let (company, row) = sample(&truth);
    let agent = row.buying_agent.unwrap();
    let seller = row.selling_agent.unwrap();
    let helper = usize::from(row.helper.unwrap());
    let (from, to) = (row.starts_at - 30 * 86_400, row.starts_at + 40 * 86_400);
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    let service = row.services().next().unwrap();
    let add_on = row.add_ons().next().unwrap();
    let place = company.place(row);
    let has_agent = |r: &InspectionRow, wanted: u32| r.buying_agent == Some(wanted) || r.selling_agent == Some(wanted);
    let word = company.clients[row.client as usize].last_name().to_lowercase();
    let text = |c: &CompanyTruth, r: &InspectionRow| {
        let mut parts = vec![c.full_address(r), r.note().to_owned()];
        parts.extend(c.clients_of(r).map(ClientRow::name));
        parts.extend(r.buying_agent.iter().chain(&r.selling_agent).map(|a| c.agents[*a as usize].name()));
        parts.extend(r.inspectors().map(|i| c.inspectors[i].name.to_owned()));
        parts.join(" ").to_lowercase()
    };
    let cases: Vec<(String, Plain<'_>)> = vec![
        (format!("filter[id]={}", row.id), Box::new(|_, r| shown(r) && r.id == row.id)),
        (
            format!("filter[datetime_greater_than]={}&filter[datetime_less_than]={}", at(from), at(to)),
            Box::new(|_, r| shown(r) && r.starts_at > from && r.starts_at < to),
        ),
        (
            format!("filter[datetime_between][]={}&filter[datetime_between][]={}", at(row.starts_at), at(to)),
            Box::new(|_, r| shown(r) && r.starts_at >= row.starts_at && r.starts_at <= to),
        ),
        (
            format!("filter[connection_id]={}", company.agents[seller as usize].connection_id),
            Box::new(|_, r| shown(r) && has_agent(r, seller)),
        ),
        (
            format!("filter%5Bagent_id%5D={}", company.agents[agent as usize].agent_id),
            Box::new(|_, r| shown(r) && has_agent(r, agent)),
        ),
        (
            format!("filter[inspector_id]={}", company.inspectors[helper].id),
            Box::new(|_, r| shown(r) && r.inspectors().any(|i| i == helper)),
        ),
        (
            format!("filter[service_id]={}", service.id),
            Box::new(|_, r| shown(r) && r.services().any(|s| s.id == service.id)),
        ),
        (
            "filter[service_category_id]=3".to_owned(),
            Box::new(|_, r| shown(r) && r.services().any(|s| s.category_id == 3)),
        ),
        (
            format!("filter[service_add_on_id]={}", add_on.id),
            Box::new(|_, r| shown(r) && r.add_ons().any(|a| a.id == add_on.id)),
        ),
        ("filter[paid]=false".to_owned(), Box::new(|_, r| shown(r) && !r.paid)),
        ("filter[confirmed]=false".to_owned(), Box::new(|_, r| shown(r) && !r.confirmed)),
        ("filter[published]=true".to_owned(), Box::new(|_, r| shown(r) && r.published_at.is_some())),
        ("filter[agreements_signed]=false".to_owned(), Box::new(|_, r| shown(r) && !r.agreements_signed)),
        (
            "filter[canceled]=true".to_owned(),
            Box::new(|_, r| r.canceled_at.is_some() && r.deleted_at.is_none() && !r.archived),
        ),
        ("filter[include_canceled]=true".to_owned(), Box::new(|_, r| r.deleted_at.is_none() && !r.archived)),
        (
            "filter[deleted]=true".to_owned(),
            Box::new(|_, r| r.deleted_at.is_some() && r.canceled_at.is_none() && !r.archived),
        ),
        (
            "filter[archived_by_inspector]=true".to_owned(),
            Box::new(|_, r| r.archived && r.canceled_at.is_none() && r.deleted_at.is_none()),
        ),
        (
            "filter[address]=elm+STREET".to_owned(),
            Box::new(|c, r| shown(r) && c.full_address(r).to_lowercase().contains("elm street")),
        ),
        (format!("filter[zip]={}", place.code), Box::new(|c, r| shown(r) && c.zip(r) == Some(place.code))),
        (format!("filter[unit]={}", row.unit.unwrap()), Box::new(|_, r| shown(r) && r.unit == row.unit)),
        (
            format!("filter[fulltext]=olgu%C3%ADn+{}", place.city.split(' ').next().unwrap().to_uppercase()),
            Box::new(|c, r| {
                let city = place.city.split(' ').next().unwrap().to_lowercase();
                shown(r) && text(c, r).contains("olguín") && text(c, r).contains(&city)
            }),
        ),
        (format!("filter[fulltext]={}+{}", word.replace('\'', "%27"), row.number), {
            let word = word.clone();
            Box::new(move |c, r| shown(r) && text(c, r).contains(&word) && text(c, r).contains(&row.number.to_string()))
        }),
    ];
    for (query, plain) in &cases {
        let (found, records) = all(&sandbox, "inspections", query).await;
        let wanted = expected(&truth, plain);
        assert!(!wanted.is_empty(), "{query} would prove nothing");
        assert_eq!(sorted(found), wanted, "{query}");
        assert_eq!(records, wanted.len() as u64, "{query}");
    }
    let document = get(&sandbox, &format!("/v2/inspections/{}?include=property", row.id)).await.json();
    let lat = &document["included"][0]["attributes"]["lat"];
    assert!(all(&sandbox, "inspections", &format!("filter[lat]={lat}")).await.0.contains(&row.id));
}

#[tokio::test]
async fn a_record_says_what_the_truth_says() {
    let sandbox = start().await;
    let truth = sandbox.truth();
    let (company, row) = sample(&truth);
    let include =
        "buying_agent,selling_agent,company,assignments,inspection_attachments,buyer,buyer_2,custom_fields,property";
    let bare = get(&sandbox, &format!("/v2/inspections/{}", row.id)).await.json();
    assert!(bare["data"]["relationships"]["assignments"].get("data").is_none(), "data only when included");
    assert!(bare.get("included").is_none());
    let full = get(&sandbox, &format!("/v2/inspections/{}?include={include}", row.id)).await.json();
    let attributes = &full["data"]["attributes"];
    assert_eq!(attributes["full_address"], company.full_address(row));
    let starts: Timestamp = attributes["datetime"].as_str().unwrap().parse().unwrap();
    assert_eq!(starts.as_second(), row.starts_at);
    assert!(attributes["datetime"].as_str().unwrap().contains(".000-0"), "the company's offset");
    assert!(attributes["updated_at"].as_str().unwrap().ends_with('Z'));
    let quote = attributes["quote"].as_str().unwrap();
    assert!((quote.parse::<f64>().unwrap() * 100.0 - f64::from(row.quote_cents)).abs() < 0.001, "{quote}");
    let kinds: HashSet<&str> =
        full["included"].as_array().unwrap().iter().map(|r| r["type"].as_str().unwrap()).collect();
    for kind in ["connection", "company", "assignment", "inspection_attachment", "buyer", "custom_field", "property"] {
        assert!(kinds.contains(kind) || (kind == "inspection_attachment" && row.published_at.is_none()), "{kind}");
    }
    assert_eq!(full["data"]["relationships"]["assignments"]["data"].as_array().unwrap().len(), 2);
    assert_eq!(world::money(45_000), "450.0");
    assert_eq!(world::money(45_025), "450.25");
    // Lists and text, numbers and text, both occur on one page.
    let page = get(&sandbox, "/v2/inspections").await.json();
    let every =
        |name: &str| page["data"].as_array().unwrap().iter().map(|r| r["attributes"][name].clone()).collect::<Vec<_>>();
    assert!(every("buyer_names").iter().any(Value::is_array) && every("buyer_names").iter().any(Value::is_string));
    assert!(every("company_id").iter().any(Value::is_u64) && every("company_id").iter().any(Value::is_string));
    let files =
        get(&sandbox, &format!("/v2/inspection_attachments?filter[inspection_id]={}&sort=-created_at", row.id)).await;
    let index = company.inspection_index(row.id).unwrap();
    assert_eq!(ids(&files.json()).len(), company.attachments_of(index).len());
    let url = files.json()["data"][0]["attributes"]["file_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&sandbox.base_url()).unwrap().to_owned();
    assert!(send(&sandbox, "GET", &path, None).await.unwrap().body.starts_with("%PDF"));
    assert_eq!(send(&sandbox, "GET", "/files/100000001-guess", None).await.unwrap().status, 404);
}

#[tokio::test]
async fn agents_clients_and_statistics_agree_with_a_plain_loop() {
    let sandbox = start().await;
    let truth = sandbox.truth();
    let (company, row) = sample(&truth);
    let at = row.buying_agent.unwrap();
    let agent = &company.agents[at as usize];
    let id = agent.connection_id;
    let counted = company.inspections.iter().filter(|r| r.deleted_at.is_none());
    let buying = counted.clone().filter(|r| r.buying_agent == Some(at)).count();
    let selling = counted.filter(|r| r.selling_agent == Some(at)).count();
    let document = get(&sandbox, &format!("/v2/connection_stats?filter[id]={id}")).await.json();
    let stats = &document["data"][0]["attributes"];
    let extra = usize::from(company.stats_off_by_one.contains(&id));
    assert_eq!(stats["total_inspections_count"], buying + selling + extra);
    assert_eq!(stats["selling_inspections_count"], selling);
    assert!(stats["overall_inspections_count"].as_u64() >= stats["total_inspections_count"].as_u64());
    let record = get(&sandbox, &format!("/v2/connections/{id}?include=agent,agent_team")).await.json();
    assert_eq!(record["data"]["attributes"]["buying_agent_inspections"], buying);
    assert_eq!(record["included"][0]["attributes"]["uuid"], agent.uuid);
    for tag in &names::TAGS[..2] {
        let (found, _) = all(&sandbox, "connections", &format!("filter[tag][]={tag}")).await;
        let wanted: Vec<u64> =
            company.agents.iter().filter(|a| a.tags.contains(tag)).map(|a| a.connection_id).collect();
        assert_eq!(sorted(found), wanted);
        assert!(!wanted.is_empty());
    }
    let agency = agent.agency.map_or(3100, |at| company.agencies[at].id);
    let (found, _) = all(&sandbox, "connections", &format!("filter[agency_id]={agency}&sort=-agent_inspections")).await;
    let of_agency = |a: &&AgentRow| a.agency.is_some_and(|at| company.agencies[at].id == agency);
    assert_eq!(sorted(found), company.agents.iter().filter(of_agency).map(|a| a.connection_id).collect::<Vec<_>>());
    let client = company.clients[row.client as usize];
    let client_id = client.id.to_string();
    let found =
        get(&sandbox, &format!("/v2/contacts?filter[fulltext]={}", client.email().unwrap_or_default())).await.json();
    assert_eq!(
        found["data"].as_array().unwrap().iter().filter(|r| r["id"].as_str() == Some(client_id.as_str())).count(),
        1
    );
    assert_eq!(get(&sandbox, &format!("/v2/contacts/{}", client.id)).await.json()["data"]["type"], "contact");
}

#[tokio::test]
async fn keys_methods_paths_and_values_are_refused_in_the_documented_shapes() {
    let sandbox = start().await;
    let truth = sandbox.truth();
    let foreign = truth.companies[1].inspections[0].id;
    let company = sandbox.companies()[0].clone();
    let ask = async |key: Option<String>| send(&sandbox, "GET", "/v2/inspections", key.as_deref()).await.unwrap();
    for (key, status, code) in [
        (None, 401, "UNAUTHORIZED"),
        (Some("Bearer nobody".to_owned()), 401, "UNAUTHORIZED"),
        (Some("Basic abc".to_owned()), 400, "INVALID_CREDENTIALS"),
        (Some(format!("Bearer {}", company.expired_key)), 401, "UNAUTHORIZED"),
        (Some(format!("Bearer {}", company.powerless_key)), 403, "FORBIDDEN"),
    ] {
        let answer = ask(key).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
    }
    let bearer = format!("Bearer {KEY}");
    for method in ["POST", "DELETE", "PATCH", "HEAD"] {
        assert_eq!(send(&sandbox, method, "/v2/inspections", Some(&bearer)).await.unwrap().status, 405, "{method}");
    }
    let posted = sandbox.log().iter().filter(|entry| entry.method == "POST").count();
    assert_eq!(posted, 1);
    for target in [format!("/v2/inspections/{foreign}"), "/v2/inspections/abc".into(), "/v2/reports".into(), "/".into()]
    {
        let answer = get(&sandbox, &target).await;
        assert_eq!(
            (answer.status, answer.json()["errors"][0]["status"].clone()),
            (404, Value::from("404")),
            "{target}"
        );
    }
    for (query, named) in [
        ("page[number]=0", "page[number]"),
        ("page[size]=x", "page[size]"),
        ("filter[paid]=maybe", "filter[paid]"),
        ("filter[datetime_less_than]=2026-01-01", "filter[datetime_less_than]"),
        ("filter[datetime_greater_than]=2026-01-01T00:00:00+02:00", "filter[datetime_greater_than]"),
    ] {
        let answer = get(&sandbox, &format!("/v2/inspections?{query}")).await;
        let error = answer.json()["errors"][0].clone();
        assert_eq!((answer.status, error["status"].clone()), (422, Value::from(422)), "{query}");
        assert!(error["detail"].as_str().unwrap().contains(named), "{query}: {error}");
    }
    let entry = sandbox.log().last().unwrap().clone();
    assert_eq!(
        (entry.company.as_deref(), entry.status, entry.host.as_str()),
        (Some("spectora_company1"), 422, "sandbox.test")
    );
    sandbox.clear_log();
    assert!(sandbox.log().is_empty());
}

#[tokio::test]
async fn profiles_honour_ignore_refuse_and_hide_as_they_say() {
    let with = async |profile| Sandbox::start(SandboxOptions { profile, ..options() }).await.unwrap();
    let (minimal, strict, blind) =
        (with(Profile::Minimal).await, with(Profile::Strict).await, with(Profile::Blind).await);
    let truth = minimal.truth();
    let kept = expected(&truth, |_, row| row.deleted_at.is_none());
    for query in
        ["", "filter[zip]=80202&filter[id]=1&filter[canceled]=false", "filter[include_deleted]=true&sort=nothing"]
    {
        assert_eq!(sorted(all(&minimal, "inspections", query).await.0), kept, "{query}");
    }
    let unpaid = expected(&truth, |_, row| row.deleted_at.is_none() && !row.paid);
    assert_eq!(sorted(all(&minimal, "inspections", "filter[paid]=false").await.0), unpaid);
    assert_eq!(sorted(all(&strict, "inspections", "filter[paid]=false").await.0), unpaid);
    for (query, named) in [("filter[zip]=80202", "zip"), ("sort=nothing", "nothing"), ("include=nothing", "nothing")] {
        let answer = get(&strict, &format!("/v2/inspections?{query}")).await;
        assert_eq!(answer.status, 422);
        assert!(answer.json()["errors"][0]["detail"].as_str().unwrap().contains(named));
    }
    let canceled = truth.companies[0].inspections.iter().find(|row| row.canceled_at.is_some()).unwrap().id;
    assert!(all(&blind, "inspections", "filter[canceled]=true").await.0.is_empty());
    let standing = expected(&truth, |_, row| row.canceled_at.is_none());
    assert_eq!(sorted(all(&blind, "inspections", EVERYTHING).await.0), standing);
    assert_eq!(get(&blind, &format!("/v2/inspections/{canceled}")).await.status, 404);
    assert_eq!(get(&minimal, &format!("/v2/inspections/{canceled}")).await.status, 200);
    for name in ["full", "minimal", "strict", "blind"] {
        assert_eq!(name.parse::<Profile>().unwrap().to_string(), name);
    }
}

#[tokio::test]
async fn changed_since_is_honoured_only_when_told_so() {
    let truth = start().await.truth();
    let mut changes: Vec<i64> = truth.companies[0].inspections.iter().map(|row| row.updated_at).collect();
    changes.sort_unstable();
    let since = changes[changes.len() - 40];
    let query = format!("filter[updated_at_greater_than]={}", Timestamp::from_second(since).unwrap());
    for profile in [Profile::Full, Profile::Strict] {
        let told = Sandbox::start(SandboxOptions { changed_since: true, profile, ..options() }).await.unwrap();
        let seen = |row: &InspectionRow| if profile == Profile::Full { shown(row) } else { row.deleted_at.is_none() };
        let wanted = expected(&truth, |_, row| seen(row) && row.updated_at > since);
        assert_eq!(sorted(all(&told, "inspections", &query).await.0), wanted);
        let agents = truth.companies[0].agents.iter().filter(|agent| agent.updated_at > since).count();
        assert_eq!(all(&told, "connections", &query).await.0.len(), agents);
    }
    let untold = start().await;
    assert_eq!(all(&untold, "inspections", &query).await.0.len(), expected(&truth, |_, row| shown(row)).len());
}
