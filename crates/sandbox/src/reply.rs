//! Documents: records, listings with their paging, and errors in the service's shapes.

use serde_json::{Map, Value, json};

use super::inspections::visible_by_id;
use super::options::ChangedSince;
use super::query::{Page, Query, Refusal};
use super::service::{Caller, Shared};
use super::world::{Included, Scene, World};
use super::{attachments, connections, contacts, inspection_json, inspections};

/// The content type of every document.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// The content type of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";
/// The origin in `links`: not ours, so that a client who follows it gives itself away.
const LINKS_ORIGIN: &str = "https://api.example.com";
/// What a file consists of.
const FILE_BODY: &[u8] = b"%PDF-1.4\n% an invented file of the sandbox\n%%EOF\n";

/// A reply before it leaves.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) retry_after: Option<String>,
    pub(super) location: Option<String>,
}

impl Reply {
    fn document(status: u16, document: &Value) -> Self {
        let body = document.to_string().into_bytes();
        Self { status, content_type: JSON, body, retry_after: None, location: None }
    }

    /// A JSON:API error. Its `status` is text for 404 and a number for all others, since both are seen.
    pub(super) fn error(status: u16, title: &str, detail: &str) -> Self {
        let shown = if status == 404 { json!(status.to_string()) } else { json!(status) };
        Self::document(status, &json!({"errors": [{"title": title, "status": shown, "detail": detail}]}))
    }

    /// An error of the gateway in front of the service.
    pub(super) fn gateway(status: u16, code: &str, message: &str) -> Self {
        Self::document(status, &json!({"code": code, "message": message}))
    }
}

/// The kinds of record, each with its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Inspections,
    Connections,
    ConnectionStats,
    Contacts,
    InspectionAttachments,
}

impl Endpoint {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "inspections" => Self::Inspections,
            "connections" => Self::Connections,
            "connection_stats" => Self::ConnectionStats,
            "contacts" => Self::Contacts,
            "inspection_attachments" => Self::InspectionAttachments,
            _ => return None,
        })
    }

    fn select(self, scene: Scene<'_>, query: &Query) -> Result<Vec<u32>, Refusal> {
        match self {
            Self::Inspections => inspections::select(scene, query),
            Self::Connections => connections::select(scene, query),
            Self::ConnectionStats => Ok(connections::select_stats(scene, query)),
            Self::Contacts => contacts::select(scene, query),
            Self::InspectionAttachments => attachments::select(scene, query),
        }
    }

    fn render(self, scene: Scene<'_>, at: u32, query: &Query, included: &mut Included) -> Value {
        let include = query.words("include");
        match self {
            Self::Inspections => inspection_json::render(scene, at, &include, &query.words("fields"), included),
            Self::Connections => connections::render(scene, at, &include, included),
            Self::ConnectionStats => connections::render_stats(scene, at),
            Self::Contacts => contacts::render(scene, at),
            Self::InspectionAttachments => attachments::render(scene, at),
        }
    }

    /// The index of the record with this id, where the service has a path for single records.
    fn find(self, scene: Scene<'_>, id: u64) -> Option<u32> {
        let company = scene.company;
        let place = match self {
            Self::Inspections => {
                let at = company.inspection_index(id)?;
                let row = company.inspections.get(usize::try_from(at).ok()?)?;
                return visible_by_id(scene, row).then_some(at);
            }
            Self::Connections => company.agents.iter().position(|agent| agent.connection_id == id),
            Self::Contacts => company.clients.binary_search_by_key(&id, |client| client.id).ok(),
            Self::ConnectionStats | Self::InspectionAttachments => None,
        };
        place.and_then(|at| u32::try_from(at).ok())
    }
}

/// Answers a GET below `/v2/`, the first `hidden` rows of any listing left out.
pub(super) fn answer(shared: &Shared, caller: Caller, path: &str, query: &str, hidden: usize) -> Reply {
    let at = match caller {
        Caller::Missing => return Reply::gateway(401, "UNAUTHORIZED", "no bearer key was sent"),
        Caller::Malformed => return Reply::gateway(400, "INVALID_CREDENTIALS", "the credentials are not a bearer key"),
        Caller::Unknown => return Reply::gateway(401, "UNAUTHORIZED", "the key is not known"),
        Caller::Expired(_) => return Reply::gateway(401, "UNAUTHORIZED", "the key has expired"),
        Caller::Powerless(_) => return Reply::gateway(403, "FORBIDDEN", "the key's user may not read this"),
        Caller::Company(at) | Caller::OwnJobs(at) => at,
    };
    let own_jobs = matches!(caller, Caller::OwnJobs(_));
    let world = shared.snapshot();
    let changed_since = shared.running().changed_since;
    let (Some(company), Some(index)) = (world.truth.companies.get(at), world.indices.get(at)) else {
        return Reply::gateway(403, "FORBIDDEN", "the company is gone");
    };
    let scene = Scene {
        world: &world,
        company,
        index,
        profile: shared.profile,
        changed_since,
        own_jobs,
        base_url: &shared.base_url,
    };
    let asked = shared.differences.inward(path, query);
    let document = asked.and_then(|(path, query)| Ok((route(scene, &path, &Query::parse(&query), hidden)?, path)));
    document.map_or_else(
        |refusal| Reply::error(refusal.status, refusal.title, &refusal.detail),
        |(mut document, path)| {
            if let Some(rewrite) = &shared.rewrite {
                rewrite(&path, &mut document);
            }
            shared.differences.outward(&path, &mut document);
            Reply::document(200, &document)
        },
    )
}

fn route(scene: Scene<'_>, path: &str, query: &Query, hidden: usize) -> Result<Value, Refusal> {
    let unknown = || Refusal::not_found(&format!("the path {path}"));
    let parts: Vec<&str> = path.strip_prefix("/v2/").ok_or_else(unknown)?.split('/').collect();
    match parts.as_slice() {
        [name] => listing(scene, Endpoint::of(name).ok_or_else(unknown)?, path, query, hidden),
        [name, id] => {
            let endpoint = Endpoint::of(name).ok_or_else(unknown)?;
            let missing = || Refusal::not_found(&format!("the record {id} of {name}"));
            let at = id.parse().ok().and_then(|id| endpoint.find(scene, id)).ok_or_else(missing)?;
            let mut included = Included::default();
            let data = endpoint.render(scene, at, query, &mut included);
            Ok(with_included(json!({"data": data}), included))
        }
        _ => Err(unknown()),
    }
}

fn listing(scene: Scene<'_>, endpoint: Endpoint, path: &str, query: &Query, hidden: usize) -> Result<Value, Refusal> {
    let page = query.page()?;
    let asks_for_changes = query.filters().any(|(name, _)| name == inspections::CHANGED_SINCE);
    let mut rows = match scene.changed_since {
        ChangedSince::Refused if asks_for_changes => {
            return Err(Refusal::invalid(&format!("filter[{}]", inspections::CHANGED_SINCE), "is not supported"));
        }
        ChangedSince::FindsNothing if asks_for_changes => Vec::new(),
        _ => endpoint.select(scene, query)?,
    };
    rows.drain(..hidden.min(rows.len()));
    let mut included = Included::default();
    let on_page = rows.iter().skip((page.number - 1).saturating_mul(page.size)).take(page.size);
    let data: Vec<Value> = on_page.map(|at| endpoint.render(scene, *at, query, &mut included)).collect();
    let pagination = pagination(page, rows.len());
    let links = links(&pagination, path, query);
    Ok(with_included(json!({"data": data, "meta": {"pagination": pagination}, "links": links}), included))
}

/// Where a page stands. `first` and `prev` come from the second page on, `next` and `last` before the last one.
fn pagination(page: Page, records: usize) -> Map<String, Value> {
    let last = records.div_ceil(page.size).max(1);
    let mut pagination = Map::new();
    let mut put = |name: &str, value: usize| pagination.insert(name.to_owned(), json!(value));
    put("current", page.number);
    if page.number > 1 {
        put("first", 1);
        put("prev", page.number - 1);
    }
    if page.number < last {
        put("next", page.number + 1);
        put("last", last);
    }
    put("records", records);
    pagination
}

/// The same names as URLs on a host that is not ours; `records` among them is no page.
fn links(pagination: &Map<String, Value>, path: &str, query: &Query) -> Value {
    let rest = query.without_page_number();
    let link = |number: &Value| json!(format!("{LINKS_ORIGIN}{path}?{rest}page%5Bnumber%5D={number}"));
    let mut links = Map::new();
    if let Some(current) = pagination.get("current") {
        links.insert("self".to_owned(), link(current));
    }
    links.extend(pagination.iter().map(|(name, number)| (name.clone(), link(number))));
    Value::Object(links)
}

fn with_included(mut document: Value, included: Included) -> Value {
    if let (Value::Object(map), false) = (&mut document, included.records.is_empty()) {
        map.insert("included".to_owned(), Value::Array(included.records));
    }
    document
}

/// Answers a file's URL, which is its own key.
pub(super) fn file(world: &World, token: &str) -> Reply {
    let id: Option<u64> = token.split('-').next().and_then(|id| id.parse().ok());
    let known = id.is_some_and(|id| {
        world.truth.companies.iter().any(|company| {
            let exists = company.attachments.binary_search_by_key(&id, |file| file.id).is_ok();
            exists && inspection_json::file_token(company.salt, id) == token
        })
    });
    if known {
        let body = FILE_BODY.to_vec();
        return Reply { status: 200, content_type: "application/pdf", body, retry_after: None, location: None };
    }
    Reply::error(404, "Not Found", "there is no such file")
}
