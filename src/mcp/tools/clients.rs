//! Clients.

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::answer::{self, Answer, QueryMark, Row, Rows};
use super::super::{Context, ServedCompany, Tool, ToolFailure, declare, schema};
use super::agents::keyed_list;
use super::{ask_each, find_one, limit, parse};
use crate::domain::{Client, ClientId, CompanyName, fold};

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    let client = schema::record(&["company", "id", "name", "city"], &["id"]);
    vec![
        Tool {
            declaration: declare(
                "list_clients",
                "List clients",
                "Use this to find clients (the people who order inspections) by name, e-mail, phone or city. For a client's \
                 jobs use list_inspections with `client`.",
                schema::Input::new(companies)
                    .text("text", "Words to find.")
                    .one_of("include", &["contact"], "contact: e-mail, phones, address too.")
                    .paged()
                    .build(),
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
                schema::Input::new(companies)
                    .required_text("id", "The client's id.")
                    .one_of("include", &["contact"], "contact: e-mail, phones, address too.")
                    .build(),
                schema::item_of(&client),
                true,
            ),
            run: |context, arguments| get(context, arguments).boxed(),
        },
    ]
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListClients {
    company: Option<String>,
    text: Option<String>,
    include: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

async fn list(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = QueryMark::new("list_clients", &arguments);
    let wanted: ListClients = parse(arguments)?;
    let companies = context.chosen(wanted.company.as_deref());
    let contact = wanted.include.is_some();
    if let Some(text) = &wanted.text {
        let after = wanted.cursor.as_deref().map(|cursor| mark.read(cursor)).transpose()?;
        let (answers, basis) = ask_each(&companies, |company| async move {
            let list = company.records.clients(Some(text), 1, schema::LIMIT_MAX).await?;
            Ok((list.rows, list.basis))
        })
        .await?;
        let rows = answers.iter().flat_map(|(company, clients)| {
            clients.iter().map(|client| {
                let name = |text: &Option<crate::domain::Text>| {
                    text.as_ref().map(|text| fold(text.as_str())).unwrap_or_default()
                };
                let key = format!("{} {}", name(&client.last_name), name(&client.first_name));
                let place = (key, format!("{} {:0>24}", company.name, client.id.as_str()));
                (place, client_row(context, company, client, contact))
            })
        });
        let basis = basis.map(|basis| answer::basis(&basis, None));
        return Ok(keyed_list(rows.collect(), after.map(|(place, _)| place), wanted.limit, &mark, basis));
    }
    let [company] = companies.as_slice() else {
        let names: Vec<String> = companies.iter().map(|company| company.name.to_string()).collect();
        return Err(ToolFailure::new(
            "all clients of several companies are no one list",
            format!("give `text` to search in all, or one `company`: {}", names.join(", ")),
        ));
    };
    let page = match wanted.cursor.as_deref().map(|cursor| mark.read::<(u32, usize)>(cursor)).transpose()? {
        Some(((page, size), _)) if size == limit(wanted.limit) => page,
        Some(((_, size), _)) => {
            return Err(ToolFailure::new(
                "`limit` changed in the middle of the list",
                format!("give limit={size} again"),
            ));
        }
        None => 1,
    };
    let size = limit(wanted.limit);
    let list = company.records.clients(None, page, u32::try_from(size).unwrap_or(schema::LIMIT_MAX)).await?;
    let rows = list.rows.iter().map(|client| ((page + 1, size), client_row(context, company, client, contact)));
    let rows = Rows { rows: rows.collect(), total: list.total, more: list.next_page.is_some(), resume: None };
    Ok(Answer::list(rows, &mark, answer::basis(&list.basis, None)))
}

fn client_row(context: &Context, company: &ServedCompany, client: &Client, contact: bool) -> Map<String, Value> {
    let mut row = Row::default();
    row.put("company", context.label(company))
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GetClient {
    company: Option<String>,
    id: String,
    include: Option<String>,
}

async fn get(context: &Context, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let wanted: GetClient = parse(arguments)?;
    let id: ClientId = wanted.id.parse().map_err(|error: crate::domain::IdError| {
        ToolFailure::new(error.to_string(), "find the id with list_clients")
    })?;
    let companies = context.chosen(wanted.company.as_deref());
    let (company, client, basis) =
        find_one(context, &companies, "client", id.as_str(), |company| company.records.client(&id)).await?;
    let row = known(context, company, &client, wanted.include.is_some());
    Ok(Answer::item(row, answer::basis(&basis, None)))
}

/// All that is known of a client, without contact details.
pub(super) fn full_row(context: &Context, company: &ServedCompany, client: &Client) -> Map<String, Value> {
    known(context, company, client, false)
}

fn known(context: &Context, company: &ServedCompany, client: &Client, contact: bool) -> Map<String, Value> {
    let mut row = Row(client_row(context, company, client, contact));
    row.put("created_at", client.created_at.map(answer::seconds))
        .put("updated_at", client.updated_at.map(answer::seconds))
        .show("notes", client.notes.as_ref())
        .show("private_notes", client.private_notes.as_ref());
    row.0
}
