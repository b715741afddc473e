//! What things may be called instead, and what is lost without them.

use crate::query::Endpoint;

/// Where a listing may be instead.
pub(super) fn paths(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Inspections => {
            &["/v3/inspections", "/v1/inspections", "/api/v2/inspections", "/v2/jobs", "/v2/orders"]
        }
        Endpoint::Connections => {
            &["/v2/agents", "/v3/connections", "/v1/connections", "/v3/agents", "/v2/company_agents"]
        }
        Endpoint::ConnectionStats => {
            &["/v2/connection_statistics", "/v2/agent_stats", "/v3/connection_stats", "/v2/agent_statistics"]
        }
        Endpoint::Contacts => {
            &["/v2/clients", "/v2/people", "/v2/buyers", "/v2/customers", "/v3/contacts", "/v1/contacts"]
        }
        Endpoint::InspectionAttachments => {
            &["/v2/attachments", "/v2/inspection_files", "/v2/documents", "/v3/inspection_attachments"]
        }
    }
}

/// What answers lack without a listing.
pub(super) fn without(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Inspections => "nothing can be answered without it",
        Endpoint::Connections => "agents cannot be listed, and are known from inspections alone",
        Endpoint::ConnectionStats => {
            "Spectora's own statistics about agents are missing; all else is counted from inspections"
        }
        Endpoint::Contacts => "clients cannot be listed, and are known from inspections alone",
        Endpoint::InspectionAttachments => "files of inspections cannot be listed",
    }
}

/// Where the rows of a document may stand.
pub(super) const ROWS: &[&str] = &["results", "items", "records", "rows", "list", "collection", "content"];
/// Where it may stand how far a listing goes.
pub(super) const PAGINATIONS: &[&str] =
    &["meta.page", "meta", "pagination", "page", "paging", "meta.paging", "meta.pages", ""];
/// What the parts of that may be called.
pub(super) const CURRENT: &[&str] = &["current_page", "page", "page_number", "number", "currentPage"];
pub(super) const NEXT: &[&str] = &["next_page", "nextPage"];
pub(super) const LAST: &[&str] = &["last_page", "total_pages", "pages", "page_count", "totalPages", "pageCount"];
pub(super) const RECORDS: &[&str] =
    &["total", "total_count", "count", "total_records", "total_entries", "totalCount", "totalRecords"];
/// What the parameters of a page may be called.
pub(super) const PAGE_PARAMETERS: &[(&str, &str)] = &[
    ("page", "per_page"),
    ("page", "page_size"),
    ("page", "limit"),
    ("page_number", "page_size"),
    ("page[page]", "page[per_page]"),
];

/// Words that mean the same in names of attributes and filters.
const SAME: &[&[&str]] = &[
    &[
        "datetime",
        "starts_at",
        "start",
        "start_at",
        "start_time",
        "scheduled_at",
        "date_time",
        "begins_at",
        "inspection_date",
    ],
    &[
        "quote",
        "total",
        "price",
        "fee",
        "amount",
        "total_price",
        "total_fee",
        "quoted_price",
        "total_amount",
        "total_cents",
    ],
    &["duration", "length", "duration_hours", "duration_minutes", "hours", "minutes"],
    &["published_at", "report_published_at", "report_published", "publication_date", "released_at"],
    &["canceled_at", "cancelled_at", "cancelation_date", "cancellation_date"],
    &["cancel_reason", "cancellation_reason", "cancelled_reason", "canceled_reason"],
    &["deleted_at", "removed_at", "destroyed_at"],
    &["created_at", "inserted_at", "created", "created_on"],
    &["updated_at", "modified_at", "changed_at", "updated", "last_modified"],
    &["confirmed", "is_confirmed", "confirmed_by_client"],
    &["paid", "is_paid", "payment_received"],
    &["service_names", "services", "inspection_types"],
    &["service_add_on_names", "add_ons", "addons", "service_addons", "add_on_names"],
    &["inspector_name", "inspector", "inspector_names", "inspectors"],
    &["buyer_name", "client_name", "customer_name"],
    &["property_zip", "zip", "zip_code", "postal_code", "property_postal_code"],
    &["property_city", "city", "town"],
    &["property_state", "state", "region", "province"],
    &["full_address", "address", "property_full_address"],
    &["agency_name", "agency", "brokerage", "company_name", "office_name"],
    &["first_name", "given_name", "firstname"],
    &["last_name", "family_name", "surname", "lastname"],
    &["email", "email_address", "mail"],
    &["phone", "phone_number", "telephone"],
    &["tags", "labels"],
    &["slug", "uuid", "token"],
    &["company_id", "account_id", "organization_id"],
];

/// How alike names are that are listed as the same.
pub(super) const SAME_LIKENESS: f64 = 0.9;

/// How alike two names are, from 0 to 1: listed as the same, or made of the same words.
pub(super) fn likeness(expected: &str, came: &str) -> f64 {
    let listed = SAME.iter().any(|names| names.contains(&expected) && names.contains(&came));
    if listed {
        return SAME_LIKENESS;
    }
    let words = |name: &str| -> Vec<String> {
        name.split('_')
            .map(|word| word.trim_end_matches('s').to_owned())
            .filter(|word| word != "at" && word != "i")
            .collect()
    };
    let (one, other) = (words(expected), words(came));
    let shared = one.iter().filter(|word| other.contains(word)).count();
    if shared == 0 {
        return 0.0;
    }
    // Of the words of both, as many are shared.
    2.0 * shared as f64 / (one.len() + other.len()) as f64
}

/// What a filter may be called instead.
pub(super) fn filters(name: &str) -> &'static [&'static str] {
    match name {
        "datetime_greater_than" => &[
            "starts_after",
            "datetime_gte",
            "datetime_gt",
            "datetime_after",
            "datetime_from",
            "starts_at_greater_than",
            "from",
            "start_date",
            "date_from",
            "after",
        ],
        "datetime_less_than" => &[
            "starts_before",
            "datetime_lte",
            "datetime_lt",
            "datetime_before",
            "datetime_to",
            "starts_at_less_than",
            "to",
            "end_date",
            "date_to",
            "before",
        ],
        "zip" => &["zip_code", "postal_code", "property_zip"],
        "inspector_id" => &["inspector", "inspector_ids", "user_id"],
        "connection_id" => &["connection", "agent_connection_id", "agent"],
        "fulltext" => &["search", "query", "q", "text"],
        "id" => &["ids"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_names_are_like_each_other_and_others_are_not() {
        for (one, other) in [
            ("datetime", "starts_at"),
            ("published_at", "report_published_at"),
            ("inspector_name", "lead_inspector_name"),
        ] {
            assert!(0.6 <= likeness(one, other), "{one} {other}: {}", likeness(one, other));
        }
        for (one, other) in [("datetime", "tooltip"), ("quote", "slug"), ("created_at", "updated_at")] {
            assert!(likeness(one, other) < 0.5, "{one} {other}: {}", likeness(one, other));
        }
    }
}
