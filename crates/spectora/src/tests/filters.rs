use super::*;
use crate::{
    Direction, Endpoint, FilterSupport, InspectionFilter, InspectionInclude, InspectionSort, Inspections, Query,
    SpectoraErrorKind,
};

fn query(filters: Vec<InspectionFilter>) -> Query<Inspections> {
    Query { filters, ..Query::default() }
}

fn zip(zip: &str) -> InspectionFilter {
    InspectionFilter::Zip(zip.to_owned())
}

#[tokio::test]
async fn a_filter_that_is_ignored_is_applied_here_and_not_sent_again() {
    let service = Service::start(|_, _| {
        ok(&json!({"data": [
            inspection(1, &json!({"property_zip": "80202"})),
            inspection(2, &json!({"property_zip": "33601"})),
            inspection(1, &json!({"property_zip": "80202"})),
        ]}))
    })
    .await;
    let client = service.client();
    let page = client.page(&query(vec![zip("80202")]), 1, 50).await.unwrap();
    assert_eq!((page.rows.len(), page.received, page.read_so_far), (1, 3, 2));
    assert!(page.filters.ignored.contains("zip"));
    client.page(&query(vec![zip("80202")]), 1, 50).await.unwrap();
    let sent: Vec<bool> = service.asked().iter().map(|asked| asked.parameter("filter[zip]").is_some()).collect();
    assert_eq!(sent, [true, false]);
}

#[tokio::test]
async fn the_second_by_which_a_bound_overlaps_proves_nothing() {
    let service = Service::start(|_, _| {
        ok(&json!({"data": [
            inspection(1, &json!({"datetime": "2026-11-24T06:59:59Z"})),
            inspection(2, &json!({"datetime": "2026-11-24T07:00:00Z"})),
        ]}))
    })
    .await;
    let client = service.client();
    let from = InspectionFilter::StartsAtOrAfter("2026-11-24T07:00:00Z".parse().unwrap());
    let page = client.page(&query(vec![from]), 1, 50).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert!(page.filters.unproven.contains("datetime_greater_than"));
    assert_eq!(service.asked()[0].parameter("filter[datetime_greater_than]").unwrap(), "2026-11-24T06:59:59Z");
}

#[tokio::test]
async fn what_the_service_names_in_its_refusal_is_left_out_from_then_on() {
    let service = Service::start(|asked, _| {
        if asked.parameter("filter[inspector_id]").is_some() {
            return refused("filter[inspector_id] is not allowed");
        }
        match asked.parameter("sort") {
            Some(sort) if sort.contains("quote") => refused("unknown sort key: quote"),
            _ => ok(&json!({"data": []})),
        }
    })
    .await;
    let client = service.client();
    let mut query = query(vec![InspectionFilter::Inspector("5".parse().unwrap()), zip("80202")]);
    query.sort = vec![(Direction::Descending, InspectionSort::Quote)];
    let page = client.page(&query, 1, 50).await.unwrap();
    assert!(!page.sorted);
    assert_eq!(page.filters.refused.iter().copied().collect::<Vec<_>>(), ["inspector_id"]);
    // Each refusal is heard twice before it is believed.
    assert_eq!(service.asked().len(), 5);
    assert_eq!(service.asked()[4].parameter("filter[zip]").unwrap(), "80202");
    client.page(&query, 1, 50).await.unwrap();
    assert_eq!(service.asked().len(), 6);
}

#[tokio::test]
async fn a_guess_that_was_wrong_is_not_learned() {
    // Only `buyer` is refused, and the service does not say so; `buyer_2` is left out before it.
    let service = Service::start(|asked, _| match asked.parameter("include") {
        Some(include) if include.split(',').any(|word| word == "buyer") => refused("no"),
        _ => ok(&json!({"data": []})),
    })
    .await;
    let client = service.client();
    let query = Query::<Inspections> {
        include: vec![InspectionInclude::Buyer, InspectionInclude::Buyer2, InspectionInclude::Assignments],
        ..Query::default()
    };
    client.page(&query, 1, 50).await.unwrap();
    client.page(&query, 1, 50).await.unwrap();
    assert_eq!(service.asked().last().unwrap().parameter("include").unwrap(), "buyer_2,assignments");
}

#[tokio::test]
async fn a_refusal_that_stays_teaches_nothing_and_is_passed_on_as_it_was_first() {
    let service = Service::start(|_, before| refused(&format!("reason {before}"))).await;
    let client = service.client();
    let error = client.page(&query(vec![InspectionFilter::IncludeCanceled, zip("80202")]), 1, 50).await.unwrap_err();
    match &error.kind {
        SpectoraErrorKind::RequestRefused { status: 422, detail } => assert_eq!(detail, "reason 0"),
        other => panic!("{other:?}"),
    }
    assert_eq!(error.attempts, 4);
    assert_eq!(client.filter_support(Endpoint::Inspections, "include_canceled"), FilterSupport::Unknown);
}

#[tokio::test]
async fn refusals_that_pass_leave_nothing_out() {
    // One to four refusals without a reason, then all is well again: no filter may be missing afterwards.
    for refusals in 1..=4 {
        let service = Service::start(move |asked, before| {
            if before < refusals {
                return refused("bad request");
            }
            let all = asked.parameter("filter[include_archived_by_inspector]").is_some()
                && asked.parameter("filter[include_deleted]").is_some();
            ok(&json!({"data": if all { vec![inspection(1, &json!({}))] } else { vec![] }}))
        })
        .await;
        let client = service.client();
        let filters = vec![
            InspectionFilter::IncludeCanceled,
            InspectionFilter::IncludeDeleted,
            InspectionFilter::IncludeArchived,
        ];
        let page = client.page(&query(filters), 1, 50).await.unwrap();
        assert_eq!((page.received, page.filters.refused.len(), page.omitted.as_str()), (1, 0, ""), "{refusals}");
        let last = service.asked().last().unwrap().clone();
        assert!(last.parameter("filter[include_archived_by_inspector]").is_some(), "{refusals}");
    }
}

#[tokio::test]
async fn a_page_of_something_in_between_is_no_refusal() {
    let html = "content-type: text/html\r\n";
    let service = Service::start(move |_, before| match before {
        0 => reply(400, html, "<html>Bad Request</html>"),
        1 => reply(422, html, ""),
        _ => ok(&json!({"data": []})),
    })
    .await;
    let client = service.client();
    let page = client.page(&query(vec![InspectionFilter::IncludeArchived]), 1, 50).await.unwrap();
    assert!(page.filters.refused.is_empty() && page.omitted.is_empty());
}

#[tokio::test]
async fn a_row_that_changed_for_another_s_sake_does_not_brand_the_filter() {
    use crate::ChangedSinceName;
    let service = Service::start(|_, _| {
        ok(&json!({"data": [
            inspection(1, &json!({"updated_at": "2026-11-20T00:00:00Z"})),
            inspection(2, &json!({"updated_at": "2025-01-01T00:00:00Z"})),
        ]}))
    })
    .await;
    let client = service.client();
    let name = ChangedSinceName::new("updated_after").unwrap();
    let filter = InspectionFilter::ChangedSince(name, "2026-11-01T00:00:00Z".parse().unwrap());
    let page = client.page(&query(vec![filter]), 1, 50).await.unwrap();
    assert_eq!(page.rows.len(), 2, "its content changed, or it would not have come");
    assert!(page.filters.ignored.is_empty());
}

#[tokio::test]
async fn a_filter_refused_half_way_begins_the_listing_anew() {
    use futures_util::TryStreamExt as _;
    let service = Service::start(|asked, before| {
        let all: Vec<u64> = if asked.parameter("filter[zip]").is_some() { vec![2, 4, 6] } else { (1..=6).collect() };
        if asked.parameter("filter[zip]").is_some() && 0 < before {
            return refused("filter[zip]");
        }
        let row =
            |id: u64| inspection(id, &json!({"property_zip": if id.is_multiple_of(2) { "80202" } else { "33601" }}));
        let rows = all.iter().copied().skip((asked.page() - 1) * 2).take(2).map(row).collect();
        ok(&page_of(rows, json!({"last": all.len().div_ceil(2), "records": all.len()})))
    })
    .await;
    let client = service.client();
    let pages: Vec<_> = client.pages(query(vec![zip("80202")]), 2, 9).try_collect().await.unwrap();
    let ids: Vec<_> = pages.iter().flat_map(|page| &page.rows).map(|row| row.id.to_string()).collect();
    assert_eq!(ids, ["2", "4", "6"]);
    assert_eq!(pages.last().unwrap().shortfall, Some(0));
}

#[track_caller]
fn check_probe(found: FilterSupport, expect: FilterSupport) {
    assert_eq!(found, expect);
}

#[tokio::test]
async fn probes_tell_what_a_filter_does() {
    // Ten inspections, four of them paid; `zip` is honoured, `address` ignored, `include_canceled` shows two more.
    let service = Service::start(|asked, _| {
        let count = match (asked.parameter("filter[paid]").as_deref(), asked.parameter("filter[zip]")) {
            (Some("true"), _) => 4,
            (Some("false"), _) => 6,
            (_, Some(zip)) if zip == "00000" => 0,
            _ if asked.parameter("filter[include_canceled]").is_some() => 12,
            _ => 10,
        };
        let paid = asked.parameter("filter[paid]").is_some_and(|paid| paid == "true");
        let rows = if count == 0 { vec![] } else { vec![inspection(1, &json!({"paid": paid}))] };
        ok(&page_of(rows, json!({"records": count})))
    })
    .await;
    let client = service.client();
    let probe = async |filter: InspectionFilter| client.probe::<Inspections>(&filter).await.unwrap();
    check_probe(probe(zip("80202")).await, FilterSupport::Honoured);
    check_probe(probe(InspectionFilter::Address("Main".to_owned())).await, FilterSupport::Ignored);
    check_probe(probe(InspectionFilter::Paid(true)).await, FilterSupport::Honoured);
    check_probe(probe(InspectionFilter::IncludeCanceled).await, FilterSupport::Honoured);
    check_probe(probe(InspectionFilter::IncludeDeleted).await, FilterSupport::Unknown);
    let asked = service.asked().len();
    check_probe(probe(zip("33601")).await, FilterSupport::Honoured);
    assert_eq!(service.asked().len(), asked);
}

#[tokio::test]
async fn an_empty_company_proves_nothing() {
    let service = Service::start(|_, _| ok(&page_of(vec![], json!({"records": 0})))).await;
    let client = service.client();
    check_probe(client.probe::<Inspections>(&zip("80202")).await.unwrap(), FilterSupport::Unknown);
    check_probe(client.probe::<Inspections>(&InspectionFilter::Paid(true)).await.unwrap(), FilterSupport::Unknown);
}
