use futures_util::TryStreamExt as _;

use super::*;
use crate::{Inspections, Page, Query};

async fn read(client: &SpectoraClient, size: u32, pages_max: u32) -> Vec<Page<domain::Inspection>> {
    client.pages(Query::<Inspections>::default(), size, pages_max).try_collect().await.unwrap()
}

fn ids(pages: &[Page<domain::Inspection>]) -> Vec<String> {
    pages.iter().flat_map(|page| &page.rows).map(|row| row.id.to_string()).collect()
}

fn rows(ids: impl IntoIterator<Item = u64>) -> Vec<Value> {
    ids.into_iter().map(|id| inspection(id, &json!({}))).collect()
}

#[tokio::test]
async fn an_empty_page_before_the_last_ends_nothing() {
    let service = Service::start(|asked, _| {
        let (rows, told) = match asked.page() {
            1 => (rows(1..=2), json!({"current": 1, "next": 2, "last": 3, "records": 4})),
            2 => (rows([]), json!({"current": 2, "next": 3, "last": 3, "records": 4})),
            _ => (rows(3..=4), json!({"current": "3", "next": null, "last": 3, "records": "4"})),
        };
        ok(&page_of(rows, told))
    })
    .await;
    let pages = read(&service.client(), 2, 9).await;
    assert_eq!(ids(&pages), ["1", "2", "3", "4"]);
    assert_eq!(pages.last().unwrap().shortfall, Some(0));
    assert_eq!(service.asked().len(), 3);
}

#[tokio::test]
async fn without_any_meta_a_short_page_is_the_last() {
    let service = Service::start(|asked, _| {
        let first = asked.page() as u64 * 2 - 1;
        let last = (first + 1).min(5);
        ok(&json!({"data": rows(first..=last)}))
    })
    .await;
    let pages = read(&service.client(), 2, 9).await;
    assert_eq!(ids(&pages), ["1", "2", "3", "4", "5"]);
    assert_eq!(pages.last().unwrap().shortfall, None);
}

#[tokio::test]
async fn pages_shorter_than_asked_for_are_read_to_the_count() {
    let service = Service::start(|asked, _| {
        let first = asked.page() as u64 * 2 - 1;
        ok(&page_of(rows(first..=first + 1), json!({"records": 6})))
    })
    .await;
    assert_eq!(ids(&read(&service.client(), 200, 9).await), ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_record_that_slips_to_a_page_already_read_is_found() {
    // Record 1 disappears after the first page was read, so that 3 moves to page 1.
    let service = Service::start(|asked, before| {
        let all: Vec<u64> = if before == 0 { vec![1, 2, 3, 4, 5] } else { vec![2, 3, 4, 5] };
        let page = asked.page();
        let rows = rows(all.iter().copied().skip((page - 1) * 2).take(2));
        let last = all.len().div_ceil(2);
        ok(&page_of(rows, json!({"current": page, "last": last, "records": all.len()})))
    })
    .await;
    let pages = read(&service.client(), 2, 9).await;
    let mut ids = ids(&pages);
    ids.sort_unstable();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(pages.iter().filter(|page| page.last).count(), 1);
    assert_eq!(pages.last().unwrap().shortfall, Some(0));
}

#[tokio::test]
async fn what_cannot_be_found_is_counted() {
    let service = Service::start(|asked, _| {
        let rows = if asked.page() == 1 { rows([1, 2]) } else { rows([2, 3]) };
        ok(&page_of(rows, json!({"last": 2, "records": 4})))
    })
    .await;
    let pages = read(&service.client(), 2, 9).await;
    assert_eq!(ids(&pages), ["1", "2", "3"]);
    assert_eq!(pages.last().unwrap().shortfall, Some(1));
}

#[tokio::test]
async fn a_listing_that_never_ends_ends_at_the_limit() {
    let service = Service::start(|asked, _| {
        let page = asked.page() as u64;
        ok(&page_of(rows([page]), json!({"next": page + 1})))
    })
    .await;
    let pages = read(&service.client(), 1, 5).await;
    assert_eq!(ids(&pages), ["1", "2", "3", "4", "5"]);
    assert!(pages.iter().all(|page| !page.last));
}

#[tokio::test]
async fn odd_rows_are_read_and_the_links_are_not_followed() {
    let document = json!({
        "data": [{
            "id": 77,
            "type": "inspection",
            "attributes": {
                "quote": 450.0, "paid": "true", "duration": "3", "datetime": "2026-03-08T23:30:00.000-06:00",
                "buyer_names": ["Ana Example", "Bo Example"], "inspector_name": "Kim Sample & Lee Sample",
                "buying_agent_id": 12, "buying_agent_name": "Pat Agent", "notes": {"odd": true},
                "property_address_2": "Denver, CO 80202", "service_names": "Radon Test, Sewer Scope", "brand_new": 1
            },
            "relationships": {"assignments": {"data": [
                {"id": 2, "type": "assignment"}, {"id": "1", "type": "assignment"}]}}
        }],
        "included": [
            {"id": "1", "type": "assignment", "attributes": {"inspector_id": 501, "primary": true}},
            {"id": "2", "type": "assignment", "attributes": {"inspector_id": "502", "primary": false}},
            {"type": "assignment", "attributes": []}, 7
        ],
        "links": {"next": "https://api.example.com/v2/inspections?page[number]=2", "records": "https://api.example.com/"}
    });
    let service = Service::start(move |_, _| ok(&document)).await;
    let pages = read(&service.client(), 200, 9).await;
    let row = &pages[0].rows[0];
    assert_eq!(row.id.as_str(), "77");
    assert_eq!(row.quote.unwrap().to_string(), "450.00");
    assert_eq!((row.paid, row.duration_hours), (Some(true), Some(3.0)));
    assert_eq!(row.starts_at.unwrap().to_string(), "2026-03-09T05:30:00Z");
    assert_eq!(row.client_names.len(), 2);
    assert_eq!(row.address.zip.as_ref().unwrap().as_str(), "80202");
    assert_eq!(row.buying_agent.as_ref().unwrap().id.as_ref().unwrap().as_str(), "12");
    assert_eq!(row.services.len(), 2);
    assert!(row.notes.is_none());
    assert_eq!(row.other["brand_new"], 1);
    let inspectors: Vec<_> = row
        .inspectors
        .iter()
        .map(|one| (one.id.as_ref().unwrap().as_str(), one.name.as_ref().unwrap().as_str(), one.primary))
        .collect();
    assert_eq!(inspectors, [("501", "Kim Sample", true), ("502", "Lee Sample", false)]);
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn a_row_without_an_id_is_not_understood_at_its_place() {
    let service = Service::start(|_, _| ok(&json!({"data": [{"id": "1"}, {"id": null, "type": "inspection"}]}))).await;
    let error = service.client().page(&Query::<Inspections>::default(), 1, 5).await.unwrap_err();
    assert!(error.to_string().contains("`data[1].id`"), "{error}");
}
