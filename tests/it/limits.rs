use rmcp::model::{
    ArgumentInfo, CallToolRequestParams, ClientRequest, CompleteRequestParams, CustomRequest, Reference, ServerResult,
};
use serde_json::{Value, json};

use crate::support::{TestApp, text};

const COMPANY: &str = "spectora_company1";

/// A call whose arguments need not be an object.
async fn call_with(app: &TestApp, arguments: Value) -> Value {
    let params = json!({"name": "list_inspections", "arguments": arguments});
    let request = ClientRequest::CustomRequest(CustomRequest::new("tools/call", Some(params)));
    match app.client.send_request(request).await.unwrap() {
        ServerResult::CustomResult(result) => serde_json::to_value(result).unwrap(),
        other => serde_json::to_value(other).unwrap(),
    }
}

#[tokio::test]
async fn what_is_no_arguments_at_all_never_runs_a_tool() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[COMPANY]).await;
    for arguments in [json!([]), json!([{"limit": 1}]), json!(5), json!(true), json!("[1]"), json!("limit=1")] {
        app.sandbox.clear_log();
        let result = call_with(&app, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{arguments}: {result}");
        assert!(result["content"][0]["text"].as_str().unwrap().contains("not a JSON object"), "{result}");
        assert!(app.sandbox.log().is_empty(), "{arguments}: it ran");
    }
    for arguments in
        [json!({"limit": 1}), json!("{\"limit\": 1}"), json!({"limit": 1, "toolCallId": "7", "action": {}})]
    {
        let result = call_with(&app, arguments.clone()).await;
        assert_eq!(result["structuredContent"]["items"].as_array().map(Vec::len), Some(1), "{arguments}: {result}");
    }
    let misspelled = app.failure("list_inspections", json!({"limt": 1, "tool": "x"})).await;
    assert!(misspelled.contains("did you mean `limit`"), "{misspelled}");
}

#[tokio::test]
async fn long_arguments_are_refused_by_every_tool_and_hardly_repeated() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[]).await;
    let long = "x ".repeat(100_000);
    app.sandbox.clear_log();
    let mut tried = 0;
    for tool in app.client.list_all_tools().await.unwrap() {
        let names = tool.input_schema["properties"].as_object().unwrap().keys().cloned();
        for name in names.chain(["no_such_argument".to_owned(), long.clone()]) {
            let failure = app.failure(&tool.name, json!({name.as_str(): long})).await;
            assert!(failure.matches('x').count() < 90, "{} {name}: {failure}", tool.name);
            assert!(failure.contains("What to do"), "{failure}");
            tried += 1;
        }
    }
    assert!(100 < tried, "{tried}");
    assert!(app.sandbox.log().is_empty());
    let name = long.clone();
    let unknown = app.client.call_tool(CallToolRequestParams::new(name)).await.unwrap_err().to_string();
    assert!(unknown.contains("there is no such tool") && !unknown.contains("x x"), "{unknown}");
    let given = "Zyx".repeat(60);
    for failure in [
        app.failure("get_agent", json!({"agent": given})).await,
        app.failure("list_inspections", json!({"agent": given})).await,
    ] {
        assert!(failure.matches("Zyx").count() <= 80 / 3, "{failure}");
    }
}

#[tokio::test]
async fn a_time_with_an_offset_is_no_date() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[COMPANY]).await;
    for given in ["2026-11-25T23:30:00-11:00", "2026-11-25T23:30", "20261125", "2026-11-25Z", "2026-W48-3"] {
        for name in ["from", "to"] {
            let failure = app.failure("list_inspections", json!({name: given})).await;
            assert!(failure.contains("is not a date"), "{failure}");
        }
    }
    let long_ago: sandbox::Rewrite = std::sync::Arc::new(|path, document| {
        if path.ends_with("/inspections") {
            for row in document["data"].as_array_mut().unwrap() {
                row["attributes"]["datetime"] = "1880-05-01T12:00:00Z".into();
            }
        }
    });
    let change = |options: &mut sandbox::SandboxOptions| {
        options.inspections = Some(100);
        options.rewrite = Some(long_ago);
    };
    let app = TestApp::with(change, &[COMPANY]).await;
    let shown = app.answer("list_inspections", json!({"limit": 1})).await;
    // Denver stood 6 h 59 min 56 s behind Greenwich then.
    assert_eq!(shown["items"][0]["starts_at"], "1880-05-01T05:00:00-07:00");
}

#[tokio::test]
async fn completions_know_their_prompts() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[]).await;
    let ask = async |prompt: &str, argument: &str, value: &str| {
        let argument = ArgumentInfo::new(argument, value);
        let request = CompleteRequestParams::new(Reference::for_prompt(prompt), argument);
        app.client.complete(request).await.unwrap().completion.values
    };
    assert_eq!(ask("daily_prep", "company", "").await.len(), 2);
    assert_eq!(ask("no_such_prompt", "company", "").await, Vec::<String>::new());
    assert_eq!(ask("daily_prep", "period", "").await, Vec::<String>::new(), "it takes none");
    assert_eq!(ask("daily_prep", "company", &"s".repeat(100_000)).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_schema_says_what_some_models_cannot_take() {
    let app = TestApp::with(|options| options.inspections = Some(100), &[]).await;
    let tools = serde_json::to_string(&app.client.list_all_tools().await.unwrap()).unwrap();
    assert!(!tools.contains("additionalProperties"));
    let refused = app.call("list_companies", json!({"nonsense": 1})).await;
    assert!(text(&refused).contains("takes no arguments"), "{}", text(&refused));
}
