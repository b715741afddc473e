//! Inspections, their attachments and their portal links.

pub(super) mod row;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::{Answer, Row, Rows};
use super::super::{Tool, ToolFailure, basis, declare, label, mark, schema};
use super::{Detail, Include, Limit, limit, parse, words};
use answers::{AnswerError, Companies, Company, Days, InspectionsAsked, Place};
use domain::{
    AgentSide, AttachmentId, CompanyName, IdError, InspectionId, InspectionOrder, InspectionQuery, SharedNames, Slug,
    StatusWanted,
};
use records::{NarrowedBy, RecordsError};
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
                schema::input::<ListInspections>(companies),
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
                schema::input::<GetInspection>(companies),
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
                schema::input::<ListAttachments>(companies),
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
                schema::input::<PortalLink>(companies),
                schema::item_of(&link),
                true,
            ),
            run: |context, arguments| link_to(context, arguments).boxed(),
        },
    ]
}

/// What a list shows besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ListInclude {
    Contact,
    Links,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ListInspections {
    company: Option<Vec<String>>,
    #[serde(flatten)]
    days: Days,
    /// Performed: past, published or not. Unpublished: those without a report.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "enum": schema::names(StatusWanted::ALL, StatusWanted::name)}))]
    status: Vec<String>,
    /// Id, or words of the name.
    inspector: Option<String>,
    /// Connection id, or name; either side.
    agent: Option<String>,
    /// Narrows `agent` to one side.
    #[schemars(extend("enum" = schema::names(AgentSide::ALL, AgentSide::name)))]
    agent_role: Option<String>,
    /// Words of a client's name.
    client: Option<String>,
    /// The buying agent's.
    agency: Option<String>,
    /// Words of a service or add-on.
    service: Option<String>,
    add_on: Option<String>,
    zip: Option<String>,
    city: Option<String>,
    /// Words of the address.
    address: Option<String>,
    paid: Option<bool>,
    confirmed: Option<bool>,
    /// Default newest start first.
    #[schemars(extend("enum" = schema::names(InspectionOrder::ALL, InspectionOrder::name)))]
    sort: Option<String>,
    /// contact: e-mail and phone too. links: to the portal.
    #[serde(default)]
    include: Vec<ListInclude>,
    #[serde(default)]
    detail: Detail,
    limit: Option<Limit>,
    cursor: Option<String>,
}

impl ListInspections {
    fn asked(&self) -> Result<InspectionsAsked, ToolFailure> {
        words("inspector", self.inspector.as_deref())?;
        words("service", self.service.as_deref())?;
        Ok(InspectionsAsked {
            companies: self.company.clone(),
            days: self.days.clone(),
            inspector: self.inspector.clone(),
            agent: self.agent.clone(),
            side: self.agent_role.as_deref().and_then(AgentSide::by_name),
            service: self.service.clone(),
            named: self.named(),
            query: InspectionQuery {
                statuses: self.status.iter().filter_map(|name| StatusWanted::by_name(name)).collect(),
                client: words("client", self.client.as_deref())?,
                zip: self.zip.clone(),
                address: words("address", self.address.as_deref())?,
                paid: self.paid,
                confirmed: self.confirmed,
                ..InspectionQuery::default()
            },
        })
    }

    /// The names that a mirror alone knows.
    fn named(&self) -> Vec<(NarrowedBy, String)> {
        let given =
            [(NarrowedBy::Agency, &self.agency), (NarrowedBy::AddOn, &self.add_on), (NarrowedBy::City, &self.city)];
        given.into_iter().filter_map(|(by, given)| Some((by, given.clone()?))).collect()
    }

    fn order(&self) -> InspectionOrder {
        let named = |name: &str| InspectionOrder::ALL.iter().copied().find(|order| order.name() == name);
        self.sort.as_deref().and_then(named).unwrap_or_default()
    }
}

async fn list(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "list_inspections", &arguments);
    let wanted: ListInspections = parse(arguments)?;
    if wanted.agent_role.is_some() && wanted.agent.is_none() {
        return Err(ToolFailure::new("`agent_role` narrows `agent`, which is not given", "give `agent` too"));
    }
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let (after, carried_total) = after.map_or((None, None), |(place, total)| (Some(place), total));
    let limit = limit(wanted.limit);
    let asked = wanted.asked()?;
    let found = companies.inspections(&asked, wanted.order(), after.as_ref(), limit).await;
    let found = found.map_err(|error| match error {
        AnswerError::Records(RecordsError::NoMirror) if !asked.named.is_empty() => ToolFailure::new(
            "`agency`, `add_on` and `city` go by names that only the local mirror knows, and there is none",
            "use `agent`, `service`, `zip` or `address`; the mirror is switched on by leaving out --no-mirror",
        ),
        other => other.into(),
    })?;
    let includes = |part| wanted.include.contains(&part);
    let shown = Shown {
        contact: includes(ListInclude::Contact),
        links: includes(ListInclude::Links),
        agents: wanted.agent.is_some(),
        detail: wanted.detail,
    };
    let now = companies.now();
    let rows = found.rows.into_iter().map(|(place, one)| {
        (place, inspection_row(companies, one.company, &one.inspection, &one.shared_names, now, shown))
    });
    let rows = rows.collect();
    let total = if after.is_some() { carried_total } else { found.total };
    let rows = Rows { rows, total, more: found.more, resume: found.resume };
    Ok(Answer::list(rows, &mark, basis::shown(&found.basis)))
}

/// An inspection as it is named in arguments.
enum InspectionGiven {
    Id(InspectionId),
    Slug(Slug),
}

impl InspectionGiven {
    /// A slug, the portal's address with it, or an id.
    fn read(given: &str) -> Result<Self, ToolFailure> {
        let given = given.trim();
        let given =
            given.strip_prefix(row::PORTAL).map_or(given, |rest| rest.split(['?', '#', '/']).next().unwrap_or(rest));
        if let Ok(slug) = given.parse() {
            return Ok(Self::Slug(slug));
        }
        let id = given.parse().map(Self::Id);
        id.map_err(|error: IdError| ToolFailure::new(error.to_string(), "find the id with list_inspections"))
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Slug(slug) => slug.as_str(),
        }
    }

    /// The id in this company; `None` where it has no such inspection.
    async fn id_in(&self, company: &Company) -> Result<Option<InspectionId>, RecordsError> {
        match self {
            Self::Id(id) => Ok(Some(id.clone())),
            // An id may look like a slug.
            Self::Slug(slug) => Ok(company.records.id_of_slug(slug).await?.or_else(|| slug.as_str().parse().ok())),
        }
    }

    /// What went wrong where a slug was looked for without a mirror.
    fn failure(&self, error: AnswerError) -> ToolFailure {
        match (self, error) {
            (Self::Slug(_), AnswerError::Records(RecordsError::NoMirror)) => ToolFailure::new(
                "an inspection is found by its slug only in the local mirror, and there is none",
                "give the inspection's id (list_inspections shows it)",
            ),
            (_, error) => error.into(),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetInspection {
    company: Option<Vec<String>>,
    /// Id, or slug.
    inspection: String,
    /// contact: e-mail and phone too.
    #[serde(default)]
    include: Vec<Include>,
}

async fn get(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: GetInspection = parse(arguments)?;
    let given = InspectionGiven::read(&wanted.inspection)?;
    let chosen = companies.chosen(wanted.company.as_deref());
    let found = companies.find_one(&chosen, "inspection", given.as_str(), |company| async {
        match given.id_in(company).await? {
            Some(id) => company.records.inspection(&id).await,
            None => Ok(None),
        }
    });
    let (company, inspection, basis) = found.await.map_err(|error| given.failure(error))?;
    let contact = !wanted.include.is_empty();
    let shown = Shown { contact, links: true, agents: true, detail: Detail::Full };
    let row = inspection_row(companies, company, &inspection, &SharedNames::default(), companies.now(), shown);
    Ok(Answer::item(row, &basis))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Report,
    Document,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListAttachments {
    company: Option<Vec<String>>,
    /// Id, or slug.
    inspection: String,
    /// Only reports, or only added documents.
    kind: Option<Kind>,
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// A file's place: the list goes from the highest to the lowest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct FilePlace {
    /// When it was added, in milliseconds.
    at: Option<i64>,
    id: AttachmentId,
}

async fn attachments(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "list_attachments", &arguments);
    let wanted: ListAttachments = parse(arguments)?;
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<FilePlace>(cursor)).transpose()?;
    let given = InspectionGiven::read(&wanted.inspection)?;
    let chosen = companies.chosen(wanted.company.as_deref());
    // An inspection without files and one that does not exist look alike in a list of files: the inspection is read
    // where nothing came.
    let (company, files, basis) = companies
        .find_one(&chosen, "inspection", given.as_str(), |company| async {
            let Some(id) = given.id_in(company).await? else { return Ok(None) };
            let (files, basis) = company.records.attachments(&id).await?;
            if files.is_empty() && company.records.inspection(&id).await?.is_none() {
                return Ok(None);
            }
            Ok(Some((files, basis)))
        })
        .await
        .map_err(|error| given.failure(error))?;
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
            row.put("company", label(companies, company))
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
    let total = basis.is_complete().then_some(rows.len() as u64);
    // The latest first.
    rows.sort_by(|(left, _), (right, _)| right.cmp(left));
    rows.retain(|(place, _)| after.as_ref().is_none_or(|(after, _)| place < after));
    let more = limit(wanted.limit) < rows.len();
    rows.truncate(limit(wanted.limit));
    Ok(Answer::list(Rows { rows, total, more, resume: None }, &mark, basis::shown(&basis)))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PortalLink {
    company: Option<Vec<String>>,
    /// Id, or slug.
    inspection: String,
}

async fn link_to(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: PortalLink = parse(arguments)?;
    let mut row = Row::default();
    let id = match InspectionGiven::read(&wanted.inspection)? {
        InspectionGiven::Slug(slug) => {
            row.put("slug", Some(slug.to_string())).put("portal_link", Some(portal_link(&slug)));
            let mut basis = basis::shown(&records::Basis::computed_at(companies.now()));
            basis.source("computed");
            return Ok(Answer::item_with(row.0, basis));
        }
        InspectionGiven::Id(id) if id.as_str().bytes().all(|b| b.is_ascii_digit()) => id,
        InspectionGiven::Id(_) => {
            return Err(ToolFailure::new(
                "`inspection` is neither a slug nor an id",
                "give an inspection's slug (such as 0f8fad5b-d9cb-469f-a165-70867728950e) or its id (digits)",
            ));
        }
    };
    let chosen = companies.chosen(wanted.company.as_deref());
    let (company, inspection, basis) =
        companies.find_one(&chosen, "inspection", id.as_str(), |company| company.records.inspection(&id)).await?;
    let Some(slug) = inspection.slug else {
        return Err(ToolFailure::new(format!("inspection {id} has no slug"), "open it from the Spectora calendar"));
    };
    row.put("company", label(companies, company))
        .put("id", Some(id.to_string()))
        .put("slug", Some(slug.to_string()))
        .put("portal_link", Some(portal_link(&slug)));
    Ok(Answer::item(row.0, &basis))
}
