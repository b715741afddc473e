use serde_json::Value;

use crate::support::TestApp;

/// The most tokens of the whole tool list.
const TOKENS_MAX: usize = 6_500;

#[tokio::test]
async fn the_tool_list_is_the_published_surface() {
    let app = TestApp::with(|_| {}, &[]).await;
    let tools = serde_json::to_value(app.client.list_all_tools().await.unwrap()).unwrap();
    insta::assert_json_snapshot!("tools", tools);
    // What is said to the client alone no model reads.
    let read: Vec<Value> = tools.as_array().unwrap().iter().map(without_meta).collect();
    let tools_read = Value::from(read);
    let tokens = tiktoken_rs::o200k_base().unwrap().encode_ordinary(&tools_read.to_string()).len();
    assert!(tokens < TOKENS_MAX, "{tokens} tokens");
    for tool in tools.as_array().unwrap() {
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            assert_eq!(schema["type"], "object", "{}", tool["name"]);
            walk(schema);
        }
    }
}

fn without_meta(tool: &Value) -> Value {
    let mut tool = tool.clone();
    tool.as_object_mut().unwrap().remove("_meta");
    tool
}

/// What some client chokes on.
fn walk(value: &Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                assert!(!["$ref", "$defs", "$schema", "anyOf", "oneOf", "allOf", "format"].contains(&name.as_str()));
                assert!(name != "type" || value.is_string(), "{value}");
                assert!(!value.is_null());
                walk(value);
            }
        }
        Value::Array(list) => list.iter().for_each(walk),
        _ => {}
    }
}

#[tokio::test]
async fn a_pinned_server_has_no_company_argument() {
    let app = TestApp::with(|_| {}, &["spectora_residential"]).await;
    let tools = serde_json::to_string(&app.client.list_all_tools().await.unwrap()).unwrap();
    assert!(!tools.contains("\"company\":{\"type\":\"string\",\"enum\""), "{tools}");
    let info = app.client.peer_info().unwrap();
    let info = serde_json::to_value(info.as_ref()).unwrap();
    assert_eq!(info["serverInfo"]["name"], "spectora-mcp");
    assert_eq!(info["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(info["instructions"].as_str().unwrap().len() <= 2_000);
}
