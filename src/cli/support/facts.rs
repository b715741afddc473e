//! What a bundle holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::open::Opened;
use super::super::{Global, doctor, log, remedy};
use super::veil::{Veil, plain};
use crate::app::App;
use crate::config::{
    Company, Config, Environment, HttpConfig, KeyOrigin, http, is_open_to_others, key_origins, updates,
};
use domain::Naming;
use spectora::{Endpoint, SpectoraClient};

/// Questions to a server with a login that are shown, the latest.
const CALLS: usize = 200;
/// Said where the settings are right one by one and nothing can be made of them together.
const MISFIT: &str = "the parts do not fit together";

/// Every file with its facts. What cannot be had says so, without why in somebody's words.
pub(super) async fn all(
    global: &Global,
    opened: Result<&Opened, &anyhow::Error>,
    veil: &Veil,
) -> Vec<(&'static str, Value)> {
    let environment = Environment::capture();
    let mut files = vec![("about.json", about(&environment))];
    match opened {
        Ok(opened) => {
            files.push(("settings.json", settings(global, &environment, &opened.config, veil)));
            let (mirrors, requests) = match opened.app() {
                Ok(app) => (mirrors(&app, veil).await, requests(&app, veil).await),
                Err(_) => (json!(MISFIT), json!(MISFIT)),
            };
            files.extend([("mirror.json", mirrors), ("requests.json", requests)]);
        }
        Err(error) => files.push((
            "settings.json",
            json!({"cannot_be_used": veil.text(&format!("{error:#}")), "what_to_do": remedy::of(error)}),
        )),
    }
    let findings = doctor::findings(global).await;
    let findings = findings.iter().map(|one| {
        let next = one.next.as_deref().map(|next| veil.text(next));
        json!({"about": veil.text(&one.about), "fine": one.fine, "what": veil.text(&one.what), "next": next})
    });
    files.push(("doctor.json", findings.collect()));
    files.push(("calls.json", calls(global)));
    files
}

fn about(environment: &Environment) -> Value {
    let set: Vec<&str> = crate::config::VARIABLES
        .iter()
        .flat_map(|(names, _)| names.split(", "))
        .filter(|name| environment.get(name).is_some())
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"), "system": std::env::consts::OS, "processor": std::env::consts::ARCH,
        "variables_set": set, "proxy": environment.proxy().map(|(name, _)| name),
    })
}

fn settings(global: &Global, environment: &Environment, config: &Config, veil: &Veil) -> Value {
    let origins = key_origins(&global.overrides(), environment).unwrap_or_default();
    let origin = |company: &Company| {
        let known = origins.iter().find(|(name, _)| *name == company.name).map(|(_, origin)| origin);
        match known {
            None | Some(KeyOrigin::Missing) => "none",
            Some(KeyOrigin::Written) => "in the settings",
            Some(KeyOrigin::Variable(_)) => "variable",
            Some(KeyOrigin::File(path)) if is_open_to_others(path) => "file that others can read",
            Some(KeyOrigin::File(_)) => "file",
            Some(KeyOrigin::Command) => "command",
            Some(KeyOrigin::Keychain(_)) => "keychain",
        }
    };
    let company = |company: &Company| {
        json!({
            "company": veil.company(company.name.as_str()), "key": origin(company),
            "timezone": company.timezone.iana_name(), "requests_per_minute": company.requests_per_minute,
            "monthly_budget": company.monthly_budget, "week_starts": format!("{:?}", company.week_starts),
            "max_staleness_seconds": company.keeping.max_staleness.as_secs(),
            "sync_every_seconds": company.keeping.every.as_secs(), "history_seconds": company.keeping.history.as_secs(),
            "known_services": company.known_services.len(), "names_set": company.naming != Naming::default(),
            "display_name_set": company.display_name.is_some(),
        })
    };
    let way = http(&global.overrides(), environment).unwrap_or_else(|_| HttpConfig::default());
    json!({
        "companies": config.companies.iter().map(company).collect::<Vec<_>>(),
        "another_address": config.base_url.is_some(), "mirror": config.data_dir.is_some(),
        "paths_set": config.paths.keys().map(|name| plain(name)).collect::<Vec<_>>(),
        "changed_since_filter_set": config.changed_since_filter.is_some(),
        "updates_set": updates(&global.overrides(), environment).is_ok_and(|address| address.is_some()),
        "attributes_corrected": names_by_kind(&config.corrections.attributes),
        "filters_corrected": names_by_kind(&config.corrections.filters),
        "paging_corrected": config.corrections.paging != spectora::Paging::default(),
        "envelope_corrected": config.corrections.envelope != spectora::Envelope::default(),
        "warnings": config.warnings.iter().map(|warning| veil.text(warning)).collect::<Vec<_>>(),
        "http": {
            "way_in": format!("{:?}", way.way_in), "public_url_set": way.public_url.is_some(),
            "issuer_set": way.issuer.is_some(), "sessions": way.sessions, "trusted_proxies": way.trusted_proxies.len(),
        },
    })
}

fn names_by_kind<T>(corrected: &BTreeMap<Endpoint, BTreeMap<String, T>>) -> BTreeMap<&'static str, Vec<&str>> {
    corrected.iter().map(|(kind, names)| (kind.name(), names.keys().map(|name| plain(name)).collect())).collect()
}

async fn mirrors(app: &App, veil: &Veil) -> Value {
    let mut all = Vec::new();
    for (company, syncer) in app.mirrors() {
        let name = veil.company(company.as_str());
        let status = match syncer {
            Ok(Some(syncer)) => syncer.status().await,
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        all.push(match status {
            Ok(status) => json!({
                "company": name, "bytes": status.bytes, "calls_this_month": status.month.total,
                "calls": status.month.parts.iter()
                    .map(|(kind, outcome, n)| json!({"listing": plain(kind), "outcome": plain(outcome), "calls": n}))
                    .collect::<Vec<_>>(),
                "kinds": status.kinds.iter().map(|(kind, coverage, count)| json!({
                    "kind": kind.name(), "records": count, "read_whole": coverage.full_at.map(|at| at.to_string()),
                    "read": coverage.read_at().map(|at| at.to_string()),
                    "gaps": coverage.gaps().into_iter().map(|gap| mcp::mirror_gap_words(*kind, gap)).collect::<Vec<_>>(),
                })).collect::<Vec<_>>(),
                "failing": status.troubles.iter().map(|(kind, trouble)| json!({
                    "kind": kind.map(mirror::Kind::name), "times": trouble.failures, "why": veil.text(&trouble.reason),
                })).collect::<Vec<_>>(),
            }),
            Err(error) => json!({"company": name, "cannot_be_used": veil.text(&error.to_string())}),
        });
    }
    all.into()
}

async fn requests(app: &App, veil: &Veil) -> Value {
    let mut all = Vec::new();
    for client in app.clients() {
        all.push(json!({"company": veil.company(client.company().as_str()), "listings": shapes(client, veil).await}));
    }
    all.into()
}

async fn shapes(client: &SpectoraClient, veil: &Veil) -> Vec<Value> {
    let mut listings = Vec::new();
    for shape in client.shapes().await {
        let attributes: BTreeMap<&str, &str> =
            shape.attributes.iter().map(|(name, types)| (name.as_str(), types.as_str())).collect();
        listings.push(json!({
            "listing": shape.endpoint.name(), "as_expected": shape.is_usual_path, "parameters": shape.parameters,
            "rows": shape.rows, "failed": shape.failed.as_deref().map(|failed| veil.text(failed)),
            "parts_of_the_document": shape.parts, "parts_of_a_row": shape.row_parts, "attributes": attributes,
        }));
    }
    listings
}

/// The last questions, with people numbered in the order in which they come.
fn calls(global: &Global) -> Value {
    let mut people: Vec<String> = Vec::new();
    let calls = log::last_calls(global, CALLS).unwrap_or_default();
    let shown = calls.into_iter().map(|call| {
        let person = call.caller.map(|caller| {
            let place = people.iter().position(|known| *known == caller).unwrap_or_else(|| {
                people.push(caller);
                people.len() - 1
            });
            format!("person-{}", place + 1)
        });
        json!({
            "at": call.at.to_string(), "who": person, "tool": plain(&call.tool),
            "arguments": call.arguments.iter().map(|name| plain(name)).collect::<Vec<_>>(), "rows": call.rows,
            "failed": call.failed, "ms": call.ms, "requests": call.requests,
        })
    });
    shown.collect()
}
