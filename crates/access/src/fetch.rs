//! Small JSON documents of others, fetched with little time, few bytes and no redirect.

use std::sync::Once;
use std::time::Duration;

use reqwest::ClientBuilder;
use serde_json::Value;
use url::Url;

/// The document at this address; `with` says how the connection is made. `Err` says what it did instead, as an end of a
/// sentence.
pub(super) async fn json(
    address: &Url,
    time_max: Duration,
    bytes_max: usize,
    with: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Value, String> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that one is installed already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("spectora-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(time_max);
    if address.scheme() == "http" {
        // Nothing is encrypted on the way to this machine itself.
        builder = builder.tls_certs_only([]).no_proxy();
    }
    let http = with(builder).build().map_err(|_| "needs an encrypted connection, which cannot be made".to_owned())?;
    let request = http.get(address.clone()).header("accept", "application/json");
    let mut response = request.send().await.map_err(|_| "cannot be fetched".to_owned())?;
    if response.status() != 200 {
        return Err(format!("answers {}", response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| "breaks off".to_owned())? {
        body.extend_from_slice(&piece);
        if bytes_max < body.len() {
            return Err("is too large".to_owned());
        }
    }
    serde_json::from_slice(&body).map_err(|_| "is no JSON".to_owned())
}
