//! Inspections, their attachments and their portal links.

pub(super) mod row;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, Dated, Row, Rows};
use super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema, zone_name};
use super::people::People;
use super::{Detail, ask_each, find_one, limit, parse, period};
use domain::{AttachmentId, CompanyName, IdError, InspectionId, Slug, Status};
use records::{AgentRole, InspectionOrder, InspectionSelection, InspectorWanted, Position, RecordsError};
use row::{Shown, inspection_row, portal_link};

const INSPECTION_TEXTS: &[&str] = &[
    "company",
    "id",
    "starts_at",
    "status",
    "address",
    "zip",
    "buying_agent",
    "selling_agent",
    "quote",
    "portal_link",
];

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
    let inspection = schema::record(INSPECTION_TEXTS, &["id", "status"]);
    let attachment =
        schema::record(&["company", "id", "name", "kind", "file_name", "content_type", "url", "created_at"], &["id"]);
    let link = schema::record(&["company", "slug", "portal_link"], &["slug", "portal_link"]);
    vec![
        Tool {
            declaration: declare(
                "list_inspections",
                "List inspections",
                "Use this for inspections (jobs) by date, status, inspector, agent, client, service, ZIP or address, booked and \
                 past; `total` counts them. Canceled ones are shown unless `status` says otherwise; deleted ones only on \
                 request.",
                schema::Input::new(companies)
                    .period()
                    .several_of("status", &statuses, "One or several. Performed: past, report not published yet.")
                    .text("inspector", "Id, or words of the name.")
                    .text("agent", "Connection id, or name; either side.")
                    .one_of("agent_role", &["buying", "selling"], "Narrows `agent` to one side.")
                    .text("client", "Words of a client's name.")
                    .text("service", "Words of a service or add-on.")
                    .with("zip", serde_json::json!({"type": "string"}))
                    .text("address", "Words of the address.")
                    .with("paid", serde_json::json!({"type": "boolean"}))
                    .with("confirmed", serde_json::json!({"type": "boolean"}))
                    .one_of(
                        "sort",
                        &["newest", "oldest", "quote_highest", "quote_lowest"],
                        "Default newest start first.",
                    )
                    .several_of("include", &["contact"], "contact: e-mail and phone too.")
                    .detail()
                    .paged()
                    .build(),
                schema::list_of(&inspection),
                true,
            ),
            run: |context, arguments| list(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "get_inspection",
                "Get one inspection",
                "Use this for all that is known of one inspection, notes included.",
                schema::Input::new(companies)
                    .required_text("id", "The inspection's id.")
                    .several_of("include", &["contact"], "contact: e-mail and phone too.")
                    .build(),
                schema::item_of(&inspection),
                true,
            ),
            run: |context, arguments| get(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "list_attachments",
                "List attachments",
                "Use this for the files of one inspection (reports and added documents) with direct links. A link opens the \
                 file for whoever has it.",
                schema::Input::new(companies)
                    .required_text("inspection_id", "The inspection's id.")
                    .one_of("kind", &["report", "document"], "Only reports, or only added documents.")
                    .paged()
                    .build(),
                schema::list_of(&attachment),
                true,
            ),
            run: |context, arguments| attachments(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "portal_link",
                "Portal link",
                "Use this for the link to an inspection in the Spectora portal, from its slug (no API call) or its id.",
                schema::Input::new(companies).required_text("inspection", "Slug, or inspection id.").build(),
                schema::item_of(&link),
                true,
            ),
            run: |context, arguments| link_to(context, arguments).boxed(),
        },
    ]
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Newest,
    Oldest,
    QuoteHighest,
    QuoteLowest,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Buying,
    Selling,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListInspections {
    company: Option<String>,
    from: Option<String>,
    to: Option<String>,
    period: Option<String>,
    #[serde(default)]
    status: Vec<String>,
    inspector: Option<String>,
    agent: Option<String>,
    agent_role: Option<Role>,
    client: Option<String>,
    service: Option<String>,
    zip: Option<String>,
    address: Option<String>,
    paid: Option<bool>,
    confirmed: Option<bool>,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    detail: Detail,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl ListInspections {
    fn selection(&self) -> InspectionSelection {
        InspectionSelection {
            period: None,
            statuses: self.status.iter().filter_map(|name| Status::by_name(name)).collect(),
            inspector: None,
            agent: None,
            agent_role: self.agent_role.map(|role| match role {
                Role::Buying => AgentRole::Buying,
                Role::Selling => AgentRole::Selling,
            }),
            client: self.client.clone(),
            service: self.service.clone(),
            zip: self.zip.clone(),
            address: self.address.clone(),
            paid: self.paid,
            confirmed: self.confirmed,
        }
    }

    fn order(&self) -> InspectionOrder {
        match self.sort {
            Sort::Newest => InspectionOrder::Newest,
            Sort::Oldest => InspectionOrder::Oldest,
            Sort::QuoteHighest => InspectionOrder::QuoteHighest,
            Sort::QuoteLowest => InspectionOrder::QuoteLowest,
        }
    }
}

/// A row's place in the list: in one company, then among rows of several that begin together.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    company: String,
    position: Position,
}

impl Place {
    /// Where the list of one company goes on after this row, which may be another company's.
    fn within(&self, company: &CompanyName) -> Position {
        Position { inclusive: self.company.as_str() < company.as_str(), ..self.position.clone() }
    }
}

/// The days asked about, in each company's own zone.
fn days_of(wanted: &ListInspections, companies: &[&ServedCompany], now: Timestamp) -> Result<Vec<Dated>, ToolFailure> {
    let mut dated = Vec::new();
    for company in companies {
        let zone = company.records.timezone();
        let range = period(
            wanted.from.as_deref(),
            wanted.to.as_deref(),
            wanted.period.as_deref(),
            zone.to_datetime(now).date(),
            company.records.week_starts(),
        )?;
        let name = company.name.clone();
        dated.extend(range.map(|days| Dated { company: name, days, compared: None, timezone: zone_name(zone) }));
    }
    Ok(dated)
}

async fn list(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = context.mark("list_inspections", &arguments);
    let wanted: ListInspections = parse(arguments)?;
    if wanted.agent_role.is_some() && wanted.agent.is_none() {
        return Err(ToolFailure::new("`agent_role` narrows `agent`, which is not given", "give `agent` too"));
    }
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let (after, carried_total) = after.map_or((None, None), |(place, total)| (Some(place), total));
    let is_going_on = after.is_some();
    let chosen = context.chosen(wanted.company.as_deref());
    let people = People::find(&chosen, wanted.inspector.as_deref(), wanted.agent.as_deref()).await?;
    let companies = people.companies();
    let now = context.clock.now();
    let order = wanted.order();
    let limit = limit(wanted.limit);
    let mut dated = days_of(&wanted, &companies, now)?;
    let (answers, basis) = ask_each(&companies, |company| {
        let period = dated.iter().find(|dated| dated.company == company.name).map(|dated| dated.days);
        let (wanted, people) = (&wanted, &people);
        let after = after.as_ref().map(|place| place.within(&company.name));
        async move {
            let after = after.as_ref();
            let mut selection = InspectionSelection { period, ..wanted.selection() };
            selection.agent = people.agent(company).map(|agent| agent.id);
            // Where no names are known, the words are looked for as they are.
            let as_given = || wanted.inspector.clone().map(InspectorWanted::given);
            selection.inspector = people.inspector(company).map(InspectorWanted::meant).or_else(as_given);
            let mut taken = Vec::new();
            if let Some(service) = selection.service.take() {
                let (service, note) = company.records.resolve_service(&service).await?;
                selection.service = Some(service);
                taken.extend(note);
            }
            let mut list = company.records.inspections(&selection, order, after, limit).await?;
            list.basis.notes.extend(taken);
            if list.rows.is_empty() && after.is_none() && wanted.inspector.is_some() {
                list.basis
                    .notes
                    .push(format!("no inspection in {} fits; is the inspector's name right?", company.name));
            }
            let basis = list.basis.clone();
            let shared = company.records.shared_inspector_names().await?;
            Ok::<_, RecordsError>(((list, shared), basis))
        }
    })
    .await?;
    let shown = Shown { contact: !wanted.include.is_empty(), detail: wanted.detail };
    let mut rows = Vec::new();
    let mut total = Some(0);
    let mut more = false;
    let mut resume: Option<Position> = None;
    for (company, (list, shared)) in &answers {
        more |= list.more;
        total = total.zip(list.total).map(|(sum, one)| sum + one);
        if let Some(searched) = &list.searched_to {
            // Going on from the earliest stop of all companies repeats nothing and leaves nothing out.
            let earlier = resume.take().filter(|other| order.compare(other, searched).is_lt());
            resume = earlier.or_else(|| Some(searched.clone()));
        }
        for inspection in &list.rows {
            if let Some(position) = order.position(inspection) {
                let place = Place { company: company.name.to_string(), position };
                let mut row = inspection_row(context, company, inspection, now, shown);
                if let Some(names) = row.get_mut("inspectors").filter(|_| !shared.is_empty()) {
                    *names = row::tell_apart(&inspection.inspectors, shared).into();
                }
                rows.push((place, row));
            }
        }
    }
    rows.sort_by(|(left, _), (right, _)| {
        order.compare(&left.position, &right.position).then_with(|| left.company.cmp(&right.company))
    });
    if let Some(stop) = &resume {
        rows.retain(|(place, _)| order.compare(&place.position, stop).is_le());
    }
    // No company's name is after this: what stands at the stop itself was searched in every company.
    let mut resume = resume.map(|position| Place { company: char::MAX.to_string(), position });
    if limit < rows.len() {
        rows.truncate(limit);
        more = true;
        resume = None;
    }
    let total = if is_going_on { carried_total } else { total };
    let rows = Rows { rows, total, more, resume };
    let basis = people.say(basis);
    dated.retain(|days| answers.iter().any(|(company, _)| company.name == days.company));
    let basis = basis.map(|basis| answer::dated_basis(&basis, &dated)).unwrap_or_default();
    Ok(Answer::list(rows, &mark, basis))
}

fn inspection_id(given: &str) -> Result<InspectionId, ToolFailure> {
    given.parse().map_err(|error: IdError| ToolFailure::new(error.to_string(), "find the id with list_inspections"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GetInspection {
    company: Option<String>,
    id: String,
    #[serde(default)]
    include: Vec<String>,
}

async fn get(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: GetInspection = parse(arguments)?;
    let id = inspection_id(&wanted.id)?;
    let companies = context.chosen(wanted.company.as_deref());
    let (company, inspection, basis) =
        find_one(context, &companies, "inspection", id.as_str(), |company| company.records.inspection(&id)).await?;
    let shown = Shown { contact: !wanted.include.is_empty(), detail: Detail::Full };
    let row = inspection_row(context, company, &inspection, context.clock.now(), shown);
    Ok(Answer::item(row, answer::basis(&basis)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Report,
    Document,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListAttachments {
    company: Option<String>,
    inspection_id: String,
    kind: Option<Kind>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A file's place: the list goes from the highest to the lowest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct FilePlace {
    /// When it was added, in milliseconds.
    at: Option<i64>,
    id: AttachmentId,
}

async fn attachments(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = context.mark("list_attachments", &arguments);
    let wanted: ListAttachments = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<FilePlace>(cursor)).transpose()?;
    let id = inspection_id(&wanted.inspection_id)?;
    let companies = context.chosen(wanted.company.as_deref());
    // An inspection without files and one that does not exist look alike in a list of files: the inspection is read
    // where nothing came.
    let (company, files, basis) = find_one(context, &companies, "inspection", id.as_str(), |company| async {
        let (files, basis) = company.records.attachments(&id).await?;
        if files.is_empty() && company.records.inspection(&id).await?.is_none() {
            return Ok(None);
        }
        Ok(Some((files, basis)))
    })
    .await?;
    let zone = company.records.timezone();
    let of_kind = files.iter().filter(|file| match wanted.kind {
        None => true,
        Some(Kind::Report) => file.report == Some(true),
        Some(Kind::Document) => file.report == Some(false),
    });
    let mut rows: Vec<_> = of_kind
        .map(|file| {
            let place = FilePlace { at: file.created_at.map(Timestamp::as_millisecond), id: file.id.clone() };
            let mut row = Row::default();
            row.put("company", context.label(company))
                .put("id", Some(file.id.to_string()))
                .show("name", file.name.as_ref())
                .put("report", file.report)
                .put("internal_only", file.internal_only)
                .show("kind", file.kind.as_ref())
                .show("file_name", file.file_name.as_ref())
                .show("content_type", file.content_type.as_ref())
                .put("file_bytes", file.file_bytes)
                .put("url", file.url.as_ref().map(|url| url.expose().to_owned()))
                .put("created_at", file.created_at.map(|at| row::local(at, zone)))
                .show("description", file.description.as_ref());
            (place, row.0)
        })
        .collect();
    let total = basis.missing.is_empty().then_some(rows.len() as u64);
    // The latest first.
    rows.sort_by(|(left, _), (right, _)| right.cmp(left));
    rows.retain(|(place, _)| after.as_ref().is_none_or(|(after, _)| place < after));
    let more = limit(wanted.limit) < rows.len();
    rows.truncate(limit(wanted.limit));
    Ok(Answer::list(Rows { rows, total, more, resume: None }, &mark, answer::basis(&basis)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PortalLink {
    company: Option<String>,
    inspection: String,
}

async fn link_to(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: PortalLink = parse(arguments)?;
    let given = wanted.inspection.trim();
    let mut row = Row::default();
    // A link pasted whole is as good as its slug.
    let given =
        given.strip_prefix(row::PORTAL).map_or(given, |rest| rest.split(['?', '#', '/']).next().unwrap_or(rest));
    if let Ok(slug) = given.parse::<Slug>() {
        row.put("slug", Some(slug.to_string())).put("portal_link", Some(portal_link(&slug)));
        let mut basis = answer::basis(&records::Basis::computed_at(context.clock.now()));
        if let Some(basis) = basis.as_object_mut() {
            basis.insert("source".to_owned(), "computed".into());
        }
        return Ok(Answer::item(row.0, basis));
    }
    let id: InspectionId =
        given.parse().ok().filter(|_| given.bytes().all(|b| b.is_ascii_digit())).ok_or_else(|| {
            ToolFailure::new(
                "`inspection` is neither a slug nor an id",
                "give an inspection's slug (such as 0f8fad5b-d9cb-469f-a165-70867728950e) or its id (digits)",
            )
        })?;
    let companies = context.chosen(wanted.company.as_deref());
    let (company, inspection, basis) =
        find_one(context, &companies, "inspection", id.as_str(), |company| company.records.inspection(&id)).await?;
    let Some(slug) = inspection.slug else {
        return Err(ToolFailure::new(format!("inspection {id} has no slug"), "open it from the Spectora calendar"));
    };
    row.put("company", context.label(company))
        .put("id", Some(id.to_string()))
        .put("slug", Some(slug.to_string()))
        .put("portal_link", Some(portal_link(&slug)));
    Ok(Answer::item(row.0, answer::basis(&basis)))
}
