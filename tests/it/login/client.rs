//! The login as rmcp's own OAuth client goes through it; a test plays the person at the browser.

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use super::*;

#[expect(clippy::disallowed_methods, reason = "it asks a server of this test, as rmcp itself would")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rmcp_s_own_client_logs_in_asks_and_renews() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--sessions", "--access-token-seconds", "2"]);
    let url = format!("{}/mcp", server.url());
    let mut state = OAuthState::new(&url, None).await.unwrap();
    let request = AuthorizationRequest::new("http://127.0.0.1:8976/callback").with_client_name("rmcp");
    state.start_authorization(request).await.unwrap();
    let asked = state.get_authorization_url().await.unwrap();
    let path = asked.strip_prefix(&server.url()).unwrap().to_owned();
    let (agreed, page) = server.agree(server.get(&path), "allow");
    assert!(page.contains("rmcp"), "{page}");
    state.handle_callback_url(agreed.header("location")).await.unwrap();
    let manager = state.into_authorization_manager().unwrap();
    let http = AuthClient::new(reqwest::Client::new(), manager);
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let client = ().serve(StreamableHttpClientTransport::with_client(http.clone(), config)).await.unwrap();
    let first = http.get_access_token().await.unwrap();
    let ask = async || client.call_tool(CallToolRequestParams::new("list_companies")).await;
    assert_eq!(ask().await.unwrap().structured_content.unwrap()["total"], 2);
    // When its time is over it is renewed.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(ask().await.unwrap().structured_content.unwrap()["total"], 2);
    assert_ne!(http.get_access_token().await.unwrap(), first);
    // A person who is no longer here is out, with what was renewed.
    access(&file, &["revoke", "ann"]);
    assert!(ask().await.is_err());
}
