use std::io::Write;
use std::time::Instant;

use super::*;
use crate::{ConnectionStats, Contacts, Inspections, Query, SpectoraErrorKind};

async fn page(client: &SpectoraClient) -> Result<usize, crate::SpectoraError> {
    client.page(&Query::<Inspections>::default(), 1, 5).await.map(|page| page.received)
}

fn empty() -> Answer {
    ok(&json!({"data": []}))
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let honest_but_cut = |_: &Asked, before: usize| match before {
        0 => reply(503, "content-type: text/html\r\n", "<html>down</html>"),
        1 => Answer::Bytes(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"data\":[".to_vec(),
        ),
        2 => reply(200, "content-type: application/json\r\n", "{\"data\":[{\"id\":"),
        _ => empty(),
    };
    let service = Service::start(honest_but_cut).await;
    let client = service.client();
    assert_eq!(page(&client).await.unwrap(), 0);
    assert_eq!(client.calls_sent(), 4);
    assert!(
        service.asked().iter().all(|asked| asked.line.starts_with("GET /v2/inspections?page[number]=1&page[size]=5"))
    );
}

#[tokio::test]
async fn attempts_are_bounded() {
    let service = Service::start(|_, _| Answer::Bytes(Vec::new())).await;
    let error = page(&service.client()).await.unwrap_err();
    assert!(matches!(error.kind, SpectoraErrorKind::Unavailable { .. }), "{error}");
    assert_eq!((error.attempts, service.asked().len()), (4, 4));
}

#[track_caller]
fn check_kind(error: &crate::SpectoraError, expect: &str) {
    assert!(error.to_string().contains(expect), "{error}");
    assert_eq!(error.attempts, 1);
}

#[tokio::test]
async fn final_failures_are_told_apart() {
    let json = "content-type: application/json\r\n";
    let cases = [
        (401, json, r#"{"code":"UNAUTHORIZED","message":"no"}"#, "refused the API key"),
        (400, json, r#"{"code":"INVALID_CREDENTIALS","message":"no"}"#, "refused the API key"),
        (403, json, r#"{"code":"FORBIDDEN","message":"no"}"#, "no right"),
        (404, json, "{}", "not found"),
        (409, json, r#"{"errors":[{"title":"Odd","status":409}]}"#, "(409): \"Odd\""),
        (200, "content-type: text/html\r\n", "<html>", "not JSON"),
        (200, json, r#"{"data":{"id":"1"}}"#, "not understood at `data`"),
    ];
    for (status, headers, body, expect) in cases {
        let service = Service::start(move |_, _| reply(status, headers, body)).await;
        check_kind(&page(&service.client()).await.unwrap_err(), expect);
        assert_eq!(service.asked().len(), 1, "{expect}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_goes_nowhere_else() {
    let other = Service::start(|_, _| empty()).await;
    let port = other.port;
    let service = Service::start(move |_, _| reply(302, &format!("location: http://127.0.0.1:{port}/x\r\n"), "")).await;
    check_kind(&page(&service.client()).await.unwrap_err(), "redirected");
    assert!(other.asked().is_empty());
    let head = service.asked()[0].head.to_ascii_lowercase();
    assert!(head.contains(&format!("authorization: bearer {KEY}")));
    assert!(head.contains("accept: application/json"));
    assert!(head.contains(&format!("user-agent: spectora-mcp/{}", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn after_a_429_no_request_of_any_caller_leaves_before_its_time() {
    let service = Service::start(|_, before| match before {
        0 => reply(429, "retry-after: 1\r\ncontent-type: application/json\r\n", "{}"),
        _ => empty(),
    })
    .await;
    let client = service.client();
    let start = Instant::now();
    let first = tokio::spawn({
        let client = client.clone();
        async move { page(&client).await.map(|_| start.elapsed()) }
    });
    while service.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = page(&client).await.map(|_| start.elapsed());
    for elapsed in [first.await.unwrap().unwrap(), second.unwrap()] {
        assert!(Duration::from_secs(1) <= elapsed, "{elapsed:?}");
    }
    assert_eq!(service.asked().len(), 3);
}

#[tokio::test]
async fn a_pause_beyond_the_time_of_a_call_is_told_at_once() {
    // The date is two minutes after the service's own time, whatever this machine's clock shows.
    let service = Service::start(|_, _| {
        reply(429, "date: Tue, 24 Nov 2026 10:00:00 GMT\r\nretry-after: Tue, 24 Nov 2026 10:02:00 GMT\r\n", "")
    })
    .await;
    let client = service.client();
    let start = Instant::now();
    let asked_at = jiff::Timestamp::try_from(std::time::UNIX_EPOCH).unwrap();
    for attempts in [1, 0] {
        let error = page(&client).await.unwrap_err();
        let SpectoraErrorKind::RateLimited { retry_at: Some(at) } = error.kind else { panic!("{error}") };
        let now = domain::Clock::now(&SystemClock);
        let wait = at.duration_since(now).as_secs();
        assert!((115..=125).contains(&wait), "{wait} s");
        assert!(asked_at < at);
        assert_eq!(error.attempts, attempts);
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn a_reply_that_is_too_large_or_never_ends_is_given_up() {
    let limits = ClientLimits {
        body_bytes_max: 1_000,
        request_time_max: Duration::from_millis(200),
        call_time_max: Duration::from_millis(500),
        ..ClientLimits::default()
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let long = format!("{head}7d0\r\n{}\r\n", " ".repeat(2_000));
    let service = Service::start(move |_, _| Answer::Hang(long.clone().into_bytes())).await;
    check_kind(&page(&service.client_with(limits.clone())).await.unwrap_err(), "larger than 1000 bytes");
    let service = Service::start(move |_, _| Answer::Hang(head.as_bytes().to_vec())).await;
    let start = Instant::now();
    let error = page(&service.client_with(limits)).await.unwrap_err();
    assert!(matches!(error.kind, SpectoraErrorKind::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_missing_record_at_an_assumed_path_is_told_from_a_wrong_path() {
    let missing = |asked: &Asked, _: usize| if asked.line.contains("/9") { reply(404, "", "") } else { empty() };
    let id = "9".parse().unwrap();
    let service = Service::start(missing).await;
    let error = service.client().one::<Contacts>(&id, &[]).await.unwrap_err();
    assert!(matches!(error.kind, SpectoraErrorKind::NotFound { assumed_path: None, .. }), "{error}");
    let service = Service::start(|_, _| reply(404, "", "")).await;
    let error = service.client().one::<Contacts>(&id, &[]).await.unwrap_err();
    assert!(matches!(error.kind, SpectoraErrorKind::NotFound { assumed_path: Some("contacts"), .. }), "{error}");
}

#[tokio::test]
async fn a_quota_told_under_another_status_is_a_limit() {
    let json = "content-type: application/json\r\n";
    for (status, headers, body) in [
        (403, json, r#"{"code":"RATE_LIMITED","message":"monthly quota"}"#),
        (403, "content-type: application/json\r\nretry-after: 3600\r\n", r#"{"code":"FORBIDDEN","message":"no"}"#),
        (400, json, r#"{"errors":[{"code":"quota_exceeded","title":"Quota"}]}"#),
    ] {
        let service = Service::start(move |_, _| reply(status, headers, body)).await;
        let limits = ClientLimits { attempts_max: 1, ..ClientLimits::default() };
        let error = page(&service.client_with(limits)).await.unwrap_err();
        assert!(matches!(error.kind, SpectoraErrorKind::RateLimited { .. }), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn right_json_is_read_under_any_content_type() {
    for headers in ["content-type: text/html\r\n", "content-type: text/plain\r\n", ""] {
        let service = Service::start(move |_, _| reply(200, headers, r#"{"data":[{"id":"7"}]}"#)).await;
        assert_eq!(page(&service.client()).await.unwrap(), 1, "{headers:?}");
    }
}

#[tokio::test]
async fn a_reply_with_a_record_of_another_company_is_refused_whole() {
    let row = |id: u64, company: Value| json!({"id": id, "attributes": {"company_id": company}});
    let service = Service::start(move |asked, before| match (asked.page(), before) {
        (1, 0) => ok(&json!({"data": [row(1, json!(4101)), row(2, json!("4101"))]})),
        (1, _) => ok(&json!({"data": [row(1, json!(4101)), row(3, json!(4102))]})),
        _ => ok(&json!({"data": row(3, json!("4102"))})),
    })
    .await;
    let client = service.client();
    assert_eq!(page(&client).await.unwrap(), 2);
    assert_eq!(client.company_id().as_deref(), Some("4101"));
    let error = page(&client).await.unwrap_err();
    assert!(error.to_string().contains("4102") && error.remedy().contains("mirror rebuild"), "{error}");
    let other = service.client();
    other.hold_to("4109");
    assert!(matches!(page(&other).await.unwrap_err().kind, SpectoraErrorKind::OtherCompany { .. }));
    // A record that names no company is taken as it is.
    let silent = Service::start(|_, _| ok(&json!({"data": [{"id": "1"}]}))).await;
    let client = silent.client();
    client.hold_to("4101");
    assert_eq!(page(&client).await.unwrap(), 1);
}

#[tokio::test]
async fn an_id_with_leading_zeros_keeps_its_record_as_it_came() {
    let service = Service::start(|_, _| ok(&json!({"data": [{"id": "0042"}, {"id": "A-7"}]}))).await;
    let page = service.client().page_with_raw(&Query::<Inspections>::default(), 1, 5, 0).await.unwrap();
    for row in &page.rows {
        assert!(page.raws.contains_key(row.id.as_str()), "{}", row.id);
    }
}

#[tokio::test]
async fn a_mark_of_a_key_tells_it_again_and_nothing_else() {
    let service = Service::start(|_, _| empty()).await;
    let client = service.client();
    assert_eq!(client.key_mark("salt"), service.client().key_mark("salt"));
    assert_ne!(client.key_mark("salt"), client.key_mark("another"));
    assert!(!client.key_mark("salt").contains(KEY));
}

#[tokio::test]
async fn statistics_are_asked_for_by_filter() {
    let service = Service::start(|_, _| ok(&json!({"data": [{"id": "3"}, {"id": "4"}]}))).await;
    let found = service.client().one::<ConnectionStats>(&"4".parse().unwrap(), &[]).await.unwrap();
    assert_eq!(found.id.as_str(), "4");
    assert_eq!(service.asked()[0].parameter("filter[id]").unwrap(), "4");
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_the_key_nor_what_a_person_typed_is_logged() {
    use crate::InspectionFilter;
    let ask = || async {
        let service = Service::start(|_, before| match before {
            0 => reply(500, "", KEY),
            1 | 2 => refused("cannot search for Quimby"),
            _ => empty(),
        })
        .await;
        let client = service.client();
        let filters = vec![InspectionFilter::FullText("Quimby".to_owned())];
        let query = Query::<Inspections> { filters, ..Query::default() };
        let error = client.page(&query, 1, 5).await.unwrap_err();
        client.page(&query, 1, 5).await.unwrap();
        error
    };
    // Every place that logs is known before the log is listened to: one that another test reaches for the first time just then
    // would take for granted that nobody listens.
    ask().await;
    let written = Written::default();
    let sink = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || sink.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let error = ask().await;
    drop(guard);
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("company=\"acme\""), "{log}");
    assert!(!log.contains(KEY) && !log.contains("Quimby"), "{log}");
    assert!(!format!("{error} {error:?}").contains(KEY));
}

#[tokio::test]
async fn at_most_four_requests_are_under_way() {
    let service = Service::start(|_, _| Answer::Hang(Vec::new())).await;
    let client = service.client();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { page(&client).await })
        })
        .collect();
    while service.asked().len() < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // None of the four is answered, so no other may leave.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(service.asked().len(), 4);
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn compressed_answers_are_asked_for_and_read() {
    // `{"data":[]}` as gzip writes it.
    const BODY: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x49\x2c\x49\x54\xb2\x8a\x8e\xad\x05\x00\x94\x64\xb2\x5e\x0b\x00\x00\x00";
    let compressed = |_: &Asked, _: usize| {
        let head =
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n";
        Answer::Bytes([format!("{head}content-length: {}\r\n\r\n", BODY.len()).as_bytes(), BODY].concat())
    };
    let service = Service::start(compressed).await;
    assert_eq!(page(&service.client()).await.unwrap(), 0);
    let asked = service.asked();
    let accepts = asked[0].head.lines().find(|line| line.to_lowercase().starts_with("accept-encoding:")).unwrap();
    assert!(accepts.contains("gzip"), "{accepts}");
}
