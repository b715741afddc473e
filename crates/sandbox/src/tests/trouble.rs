//! Limits, faults and the end.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use domain::{Clock, HandClock};

#[tokio::test]
async fn limits_go_by_the_clock_and_say_when_to_come_back() {
    let clock = Arc::new(HandClock::new(now()));
    let advance = |seconds: i64| clock.forward(SignedDuration::from_secs(seconds));
    let limits = |per_minute, monthly, retry_after| Limits { per_minute, monthly, retry_after };
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let sandbox = Sandbox::start(SandboxOptions {
        clock: shared,
        limits: limits(Some(2), None, RetryAfter::Seconds),
        ..options()
    })
    .await
    .unwrap();
    assert_eq!(get(&sandbox, "/v2/connections").await.status, 200);
    advance(10);
    assert_eq!(get(&sandbox, "/v2/nothing").await.status, 404);
    let refused = get(&sandbox, "/v2/connections").await;
    assert_eq!((refused.status, header(&refused.head, "retry-after").as_deref()), (429, Some("50")));
    assert_eq!(header(&refused.head, "date").as_deref(), Some("Sat, 14 Mar 2026 18:00:10 GMT"));
    let other = format!("Bearer {}", sandbox.companies()[1].api_key);
    assert_eq!(send(&sandbox, "GET", "/v2/connections", Some(&other)).await.unwrap().status, 200);
    advance(49);
    assert_eq!(get(&sandbox, "/v2/connections").await.status, 429);
    advance(1);
    assert_eq!(get(&sandbox, "/v2/connections").await.status, 200);
    assert_eq!(get(&sandbox, "/v2/connections").await.status, 429);

    sandbox.set_limits(limits(None, Some(2), RetryAfter::Date));
    assert_eq!(get(&sandbox, "/v2/nothing").await.status, 404);
    assert_eq!(get(&sandbox, "/v2/connections").await.status, 200);
    let refused = get(&sandbox, "/v2/connections").await;
    assert_eq!(header(&refused.head, "retry-after").as_deref(), Some("Wed, 01 Apr 2026 00:00:00 GMT"));
    sandbox.set_limits(limits(Some(0), None, RetryAfter::Absent));
    let refused = get(&sandbox, "/v2/connections").await;
    assert_eq!((refused.status, header(&refused.head, "retry-after")), (429, None));
}

#[tokio::test]
async fn scripted_faults_come_when_they_should_and_only_then() {
    let sandbox = start().await;
    let set = |rule: &str| sandbox.set_faults(Faults::parse([rule]).unwrap());
    set("inspections:3=503");
    assert_eq!(get(&sandbox, "/v2/contacts").await.status, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&sandbox, "/v2/inspections?page[size]=1").await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200]);
    set("*:1=502-html");
    let html = get(&sandbox, "/v2/contacts").await;
    assert!(html.status == 502 && html.body.starts_with("<!DOCTYPE") && html.head.contains("text/html"));
    set("contacts:1-2=429:7");
    assert_eq!(header(&get(&sandbox, "/v2/contacts").await.head, "retry-after").as_deref(), Some("7"));
    set("contacts:1=429-bare");
    assert_eq!(header(&get(&sandbox, "/v2/contacts").await.head, "retry-after"), None);
    set("contacts:1=cut");
    let cut = get(&sandbox, "/v2/contacts").await;
    assert!(cut.status == 200 && cut.whole && serde_json::from_str::<Value>(&cut.body).is_err());
    set("contacts:1=broken");
    let broken = get(&sandbox, "/v2/contacts").await;
    assert!(broken.status == 200 && !broken.whole && !broken.body.is_empty());
    set("contacts:1=drop");
    assert!(send(&sandbox, "GET", "/v2/contacts", Some(&format!("Bearer {KEY}"))).await.is_none());
    assert_eq!(sandbox.log().last().unwrap().status, 0);
    set("contacts:1=type");
    assert!(get(&sandbox, "/v2/contacts").await.head.contains("text/plain"));
    set("contacts:1=redirect:http://127.0.0.1:9/");
    let moved = get(&sandbox, "/v2/contacts?page[size]=3").await;
    assert_eq!(moved.status, 302);
    assert_eq!(header(&moved.head, "location").as_deref(), Some("http://127.0.0.1:9/v2/contacts?page[size]=3"));
    set("contacts:1=slow:120");
    let began = Instant::now();
    assert_eq!(get(&sandbox, "/v2/contacts").await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(120));
    set("contacts:1=endless");
    let endless = tokio::time::timeout(Duration::from_millis(300), get(&sandbox, "/v2/contacts")).await;
    assert!(endless.is_err(), "it ended");
    set("*:20%=any");
    let mut failed = 0;
    for _ in 0..200 {
        let answer = send(&sandbox, "GET", "/v2/connections?page[size]=1", Some(&format!("Bearer {KEY}"))).await;
        let right =
            answer.is_some_and(|a| a.status == 200 && a.whole && serde_json::from_str::<Value>(&a.body).is_ok());
        failed += u32::from(!right);
    }
    assert!((15..55).contains(&failed), "{failed} of 200");
    sandbox.set_faults(Faults::none());
    assert_eq!(get(&sandbox, "/v2/contacts").await.status, 200);
}

#[tokio::test]
async fn rows_move_between_pages() {
    let sandbox = start().await;
    let page = async |number: usize| {
        ids(&get(&sandbox, &format!("/v2/connections?page[size]=50&page[number]={number}")).await.json())
    };
    let (first, second) = (page(1).await, page(2).await);
    sandbox.set_faults(Faults::parse(["connections:2=shuffle:7"]).unwrap());
    let early = page(1).await;
    assert_eq!(early[..43], first[7..], "seven rows are held back");
    let late = page(2).await;
    assert_eq!(late, second);
    assert_eq!(early.iter().filter(|id| late.contains(id)).count(), 7, "the border moved, so rows come twice");
    sandbox.set_faults(Faults::parse(["connections:2=vanish:7"]).unwrap());
    assert_eq!(page(1).await, first);
    assert_eq!(page(2).await[..43], second[7..], "seven rows slipped past the border");
}

#[test]
fn faults_are_read_or_refused_with_the_reason() {
    for good in ["inspections:3=503", "*:20%=any", "contacts:2+=slow:10", "connections:1-3=500-html", "*:1=redirect"] {
        assert!(good.parse::<FaultRule>().is_ok(), "{good}");
    }
    for (bad, named) in
        [("reports:1=503", "reports"), ("*:0=503", "'0'"), ("*:1=504", "504"), ("503", "TARGET:WHEN=KIND")]
    {
        assert!(bad.parse::<FaultRule>().unwrap_err().contains(named), "{bad}");
    }
}

#[tokio::test]
async fn it_stops_with_an_endless_reply_open_and_tells_what_it_is() {
    let sandbox = start().await;
    let text = summary(&sandbox);
    assert!(text.contains(&sandbox.base_url()) && text.contains(KEY) && text.contains("America/New_York"));
    sandbox.set_faults(Faults::parse(["*:1=endless"]).unwrap());
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream
        .write_all(format!("GET /v2/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut some = [0; 64];
    assert!(stream.read(&mut some).await.unwrap() > 0);
    let address = sandbox.address();
    let began = Instant::now();
    sandbox.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn zones_are_known() {
    for company in &generate::generate(1, now(), Some(0), None).companies {
        assert_eq!(TimeZone::get(company.timezone).unwrap(), company.zone);
        assert!(company.inspections.is_empty());
    }
}
