//! Small JSON documents of others, fetched with little time, few bytes and no redirect.

use std::sync::Once;
use std::time::Duration;

use reqwest::ClientBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

/// What an address answered.
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    headers: HeaderMap,
    /// The body, as far as it was asked for.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's text; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn builder(address: &Url, time_max: Duration) -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that one is installed already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let builder = reqwest::Client::builder()
        .user_agent(concat!("spectora-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(time_max);
    // Nothing is encrypted on the way to this machine itself.
    if address.scheme() == "http" { builder.tls_certs_only([]).no_proxy() } else { builder }
}

/// The answer to a GET by somebody who calls themselves `agent`, whatever it is. `Err` says what the address did instead, as
/// an end of a sentence.
pub(super) async fn any(address: &Url, time_max: Duration, bytes_max: usize, agent: &str) -> Result<Answer, String> {
    let asked = builder(address, time_max).user_agent(agent);
    let (answer, is_whole) = get(asked, address, bytes_max).await?;
    if is_whole { Ok(answer) } else { Err("is too large".to_owned()) }
}

/// The document at this address; `with` says how the connection is made. `Err` says what it did instead, as an end of a
/// sentence.
pub(super) async fn json(
    address: &Url,
    time_max: Duration,
    bytes_max: usize,
    with: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Value, String> {
    let (answer, is_whole) = get(with(builder(address, time_max)), address, bytes_max).await?;
    if answer.status != 200 {
        return Err(format!("answers {}", answer.status));
    }
    if !is_whole {
        return Err("is too large".to_owned());
    }
    serde_json::from_slice(&answer.body).map_err(|_| "is no JSON".to_owned())
}

/// The answer, and whether its body is whole.
async fn get(builder: ClientBuilder, address: &Url, bytes_max: usize) -> Result<(Answer, bool), String> {
    let http = builder.build().map_err(|_| "needs an encrypted connection, which cannot be made".to_owned())?;
    let request = http.get(address.clone()).header("accept", "application/json");
    let mut response = request.send().await.map_err(|_| "cannot be fetched".to_owned())?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_| "breaks off".to_owned())? {
        body.extend_from_slice(&piece);
        if bytes_max < body.len() {
            return Ok((Answer { status, headers, body }, false));
        }
    }
    Ok((Answer { status, headers, body }, true))
}
