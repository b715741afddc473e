//! Clients.

use std::cmp::Ordering;

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, Row, Rows};
use super::super::{Tool, ToolFailure, basis, declare, label, mark, schema};
use super::{Include, Limit, limit, parse, words};
use answers::{Companies, Company};
use domain::{Client, ClientId, CompanyName, id_order};
use records::{ClientsAfter, ClientsFrom};

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let client = schema::record(&["company", "id", "name", "city"], &["id"]);
    vec![
        Tool {
            declaration: declare(
                "list_clients",
                "List clients",
                "Use this to find clients (the people who order inspections) by name, e-mail, phone or city. For a client's \
                 jobs use list_inspections with `client`.",
                schema::input::<ListClients>(companies),
                schema::list_of(&client),
                true,
            ),
            run: |context, arguments| list(context, arguments).boxed(),
        },
        Tool {
            declaration: declare(
                "get_client",
                "Get one client",
                "Use this for all that is known of one client.",
                schema::input::<GetClient>(companies),
                schema::item_of(&client),
                true,
            ),
            run: |context, arguments| get(context, arguments).boxed(),
        },
    ]
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListClients {
    company: Option<Vec<String>>,
    /// Words to find.
    text: Option<String>,
    /// contact: e-mail, phones, address too.
    include: Option<Include>,
    limit: Option<Limit>,
    cursor: Option<String>,
}

/// A client's place in the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    /// What it is sorted by.
    sort: String,
    company: String,
    id: String,
    /// The service's page it stood on, where the service was asked page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
}

impl Place {
    fn order(&self) -> (&str, &str, String) {
        (&self.sort, &self.company, id_order(&self.id))
    }

    /// Where the list of one company goes on after this client, who may be another company's.
    fn within(&self, company: &CompanyName) -> ClientsAfter {
        let from = match self.company.as_str().cmp(company.as_str()) {
            Ordering::Equal => ClientsFrom::Client { sort: self.sort.clone(), id: self.id.clone() },
            Ordering::Less => ClientsFrom::Name(self.sort.clone()),
            Ordering::Greater => ClientsFrom::AfterName(self.sort.clone()),
        };
        ClientsAfter { from, page: self.page }
    }
}

async fn list(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "list_clients", &arguments);
    let wanted: ListClients = parse(arguments)?;
    let chosen = companies.chosen(wanted.company.as_deref());
    let text = words("text", wanted.text.as_deref())?;
    if text.is_none() && chosen.len() != 1 {
        let names: Vec<String> = chosen.iter().map(|company| company.name.to_string()).collect();
        return Err(ToolFailure::new(
            "all clients of several companies are no one list",
            format!("give `text` to search in all, or one `company`: {}", names.join(", ")),
        ));
    }
    let after = wanted.cursor.as_deref().map(|cursor| mark.read::<Place>(cursor)).transpose()?;
    let after = after.map(|(place, _)| place);
    let limit = limit(wanted.limit);
    let answered = companies.each(&chosen, |company| {
        let after = after.as_ref().map(|place| place.within(&company.name));
        let text = text.as_ref();
        async move {
            let list = company.records.clients(text, after.as_ref(), limit).await?;
            Ok(((list.rows, list.total, list.more), list.basis))
        }
    });
    let answered = answered.await?;
    let contact = wanted.include.is_some();
    let mut rows = Vec::new();
    let mut total = Some(0);
    let mut more = false;
    for (company, (found, one, goes_on)) in answered.parts {
        total = total.zip(one).map(|(sum, one)| sum + one);
        more |= goes_on;
        for listed in found {
            let place = Place {
                sort: listed.sort,
                company: company.name.to_string(),
                id: listed.client.id.to_string(),
                page: listed.page,
            };
            rows.push((place, client_row(companies, company, &listed.client, contact)));
        }
    }
    // One company's clients come in the order they are listed in, which by pages is the service's own.
    if 1 < chosen.len() {
        rows.sort_by_cached_key(|(place, _)| {
            let (sort, company, id) = place.order();
            (sort.to_owned(), company.to_owned(), id)
        });
    }
    more |= limit < rows.len();
    rows.truncate(limit);
    Ok(Answer::list(Rows { rows, total, more, resume: None }, &mark, basis::shown(&answered.basis)))
}

fn client_row(companies: &Companies, company: &Company, client: &Client, contact: bool) -> Map<String, Value> {
    let mut row = Row::default();
    row.put("company", label(companies, company))
        .put("id", Some(client.id.to_string()))
        .put("name", client.name())
        .show("city", client.city.as_ref())
        .show("state", client.state.as_ref())
        .show("zip", client.zip.as_ref())
        .list("tags", &client.tags);
    if contact {
        row.0.extend(contact_row(client).0);
    }
    row.0
}

/// The contact details, for answers that were asked for them.
pub(super) fn contact_row(client: &Client) -> Row {
    let mut row = Row::default();
    row.show("email", client.email.as_ref())
        .show("phone", client.phone.as_ref())
        .show("mobile_phone", client.mobile_phone.as_ref())
        .show("home_phone", client.home_phone.as_ref())
        .show("address", client.address.as_ref());
    row
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetClient {
    company: Option<Vec<String>>,
    /// The client's id.
    id: String,
    #[serde(default)]
    #[schemars(description = "contact: e-mail, phones, address too; private_notes: the company's own.")]
    include: Vec<ClientInclude>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ClientInclude {
    Contact,
    PrivateNotes,
}

async fn get(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: GetClient = parse(arguments)?;
    let id: ClientId = wanted
        .id
        .parse()
        .map_err(|error: domain::IdError| ToolFailure::new(error.to_string(), "find the id with list_clients"))?;
    let chosen = companies.chosen(wanted.company.as_deref());
    let (company, client, basis) =
        companies.find_one(&chosen, "client", id.as_str(), |company| company.records.client(&id)).await?;
    let asked = |what| wanted.include.contains(&what);
    let mut row = Row(known(companies, company, &client, asked(ClientInclude::Contact)));
    if asked(ClientInclude::PrivateNotes) {
        row.show("private_notes", client.private_notes.as_ref());
    }
    let row = row.0;
    Ok(Answer::item(row, &basis))
}

/// All that is known of a client, without contact details and private notes.
pub(super) fn full_row(companies: &Companies, company: &Company, client: &Client) -> Map<String, Value> {
    known(companies, company, client, false)
}

fn known(companies: &Companies, company: &Company, client: &Client, contact: bool) -> Map<String, Value> {
    let mut row = Row(client_row(companies, company, client, contact));
    row.put("created_at", client.created_at.map(answer::seconds))
        .put("updated_at", client.updated_at.map(answer::seconds))
        .show("notes", client.notes.as_ref());
    row.0
}
