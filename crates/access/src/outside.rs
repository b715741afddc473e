//! A look at a server from outside, as a client on the web sees it: what `doctor --public` says.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::fetch::{self, Answer};
use super::login::SCOPE;

/// How long one answer may take.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The largest answer that is looked at, in bytes.
const BYTES_MAX: usize = 64 * 1024;
/// How the calls of hosted clients name themselves; rules in front of a server may treat them in their own way.
const CLIENT_AGENT: &str = "Claude-User";

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What.
    pub about: &'static str,
    /// What was found.
    pub what: String,
    /// What to do; `None` where it is right.
    pub next: Option<&'static str>,
}

fn right(about: &'static str, what: impl Into<String>) -> Seen {
    Seen { about, what: what.into(), next: None }
}

fn wrong(about: &'static str, what: impl Into<String>, next: &'static str) -> Seen {
    Seen { about, what: what.into(), next: Some(next) }
}

/// Looks at the server whose MCP address this is, such as `https://mcp.example.com/mcp`, by reading only. `Err` for what is
/// no address.
pub async fn look_from_outside(address: &str) -> Result<Vec<Seen>, String> {
    let address = address.trim();
    let mcp = Url::parse(address)
        .map_err(|_| format!("`{address}` is no address: give one such as https://mcp.example.com/mcp"))?;
    if !matches!(mcp.scheme(), "http" | "https") || mcp.host().is_none() {
        return Err(format!("`{address}` is no address of a server"));
    }
    let mut seen = Vec::new();
    if mcp.path() == "/mcp" {
        seen.push(right("address", address));
    } else {
        seen.push(wrong(
            "address",
            format!("{address} does not end with /mcp"),
            "give assistants the address with /mcp, without a slash after it",
        ));
    }
    let answer = match fetch::any(&mcp, TIME_MAX, BYTES_MAX, CLIENT_AGENT).await {
        Ok(answer) => answer,
        Err(why) => {
            let next = "check the name, the certificate, and that the proxy or tunnel leads to this server";
            seen.push(wrong("reached", format!("{address} {why}"), next));
            return Ok(seen);
        }
    };
    let Some(metadata) = challenge(&answer, &mut seen) else { return Ok(seen) };
    let Some(issuer) = resource(&metadata, address, &mut seen).await else { return Ok(seen) };
    authorization_server(&issuer, &mcp, &mut seen).await;
    if let Ok(unknown) = mcp.join("/.well-known/nothing-like-this") {
        match fetch::any(&unknown, TIME_MAX, BYTES_MAX, CLIENT_AGENT).await {
            Ok(answer) if answer.status == 404 => seen.push(right("unknown documents", "404")),
            Ok(answer) => {
                let what = format!("{} where nothing is", answer.status);
                seen.push(wrong(
                    "unknown documents",
                    what,
                    "let the proxy pass /.well-known/ on to this server unchanged",
                ));
            }
            Err(why) => seen.push(wrong("unknown documents", format!("the address {why}"), "look at the proxy")),
        }
    }
    Ok(seen)
}

/// The status with which this address answers a GET. `Err` says what it did instead, as an end of a sentence.
pub async fn status_from_outside(address: &str) -> Result<u16, String> {
    let address = Url::parse(address).map_err(|_| "is no address".to_owned())?;
    fetch::any(&address, TIME_MAX, BYTES_MAX, CLIENT_AGENT).await.map(|answer| answer.status)
}

/// The 401 of a request without a token; gives where it says the login is.
fn challenge(answer: &Answer, seen: &mut Vec<Seen>) -> Option<String> {
    const ABOUT: &str = "without a token";
    let (what, next) = match answer.status {
        401 => {
            let header = answer.header("www-authenticate");
            let metadata = header.split("resource_metadata=\"").nth(1).and_then(|rest| rest.split('"').next());
            if let Some(metadata) = metadata {
                seen.push(right(ABOUT, "401, and it says where to log in"));
                if !header.contains(SCOPE) {
                    seen.push(wrong(
                        ABOUT,
                        "the header names no scope",
                        "look whether the proxy changes www-authenticate",
                    ));
                }
                return Some(metadata.to_owned());
            }
            (
                "401, but it does not say where to log in",
                "start the server with --login; let the proxy pass www-authenticate on",
            )
        }
        200..=299 => ("whoever comes is let in", "start the server with --login"),
        300..=399 => {
            ("it leads elsewhere, where a token is not sent", "give assistants the address that answers itself")
        }
        403 => (
            "403: something refuses the call",
            "is this the address of --public-url? Else a rule in front refuses the agent Claude-User: allow it, and 160.79.104.0/21",
        ),
        404 => ("404", "let the proxy pass /mcp on to this server"),
        502..=504 => ("the proxy does not reach the server", "is the server running, at the address the proxy has?"),
        _ => ("an answer that is not expected", "look at the server's and the proxy's logs"),
    };
    seen.push(wrong(ABOUT, format!("{what} (status {})", answer.status), next));
    None
}

/// The resource's document; gives the issuer.
async fn resource(metadata: &str, address: &str, seen: &mut Vec<Seen>) -> Option<String> {
    const ABOUT: &str = "resource";
    let document = read(ABOUT, metadata, seen).await?;
    let named = document.get("resource").and_then(Value::as_str).unwrap_or_default();
    if named == address {
        seen.push(right(ABOUT, named));
    } else {
        let next = "give assistants exactly that address, or start the server with the --public-url that they use";
        seen.push(wrong(ABOUT, format!("the server calls itself {named}"), next));
    }
    let issuer = document.get("authorization_servers").and_then(|list| list.get(0)).and_then(Value::as_str);
    if issuer.is_none() {
        seen.push(wrong(ABOUT, "it names no authorization server", "start the server with --login"));
    }
    issuer.map(str::to_owned)
}

async fn authorization_server(issuer: &str, mcp: &Url, seen: &mut Vec<Seen>) {
    const ABOUT: &str = "login";
    let place = format!("{}/.well-known/oauth-authorization-server", issuer.trim_end_matches('/'));
    let Some(document) = read(ABOUT, &place, seen).await else { return };
    if document.get("issuer").and_then(Value::as_str) == Some(issuer) {
        seen.push(right(ABOUT, format!("issuer {issuer}")));
    } else {
        seen.push(wrong(
            ABOUT,
            "its document is of another issuer",
            "start the server with the --public-url that is used",
        ));
    }
    let holds = |name: &str, value: &str| {
        document.get(name).and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| one == value))
    };
    let is_set = |name: &str| document.get(name) == Some(&Value::Bool(true));
    let needs = [
        ("PKCE S256", holds("code_challenge_methods_supported", "S256")),
        ("clients without a secret", holds("token_endpoint_auth_methods_supported", "none")),
        ("clients by document", is_set("client_id_metadata_document_supported")),
        ("`iss` in the answer", is_set("authorization_response_iss_parameter_supported")),
        ("registration", document.get("registration_endpoint").is_some()),
    ];
    let missing: Vec<&str> = needs.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        seen.push(right(ABOUT, "it offers what ChatGPT and Claude ask for"));
    } else {
        seen.push(wrong(
            ABOUT,
            format!("it lacks {}", missing.join(", ")),
            "an identity provider of your own must offer these",
        ));
    }
    for name in ["authorization_endpoint", "token_endpoint"] {
        let endpoint = document.get(name).and_then(Value::as_str).and_then(|text| Url::parse(text).ok());
        let is_good = endpoint.is_some_and(|endpoint| endpoint.scheme() == mcp.scheme());
        if !is_good {
            seen.push(wrong(
                ABOUT,
                format!("{name} is missing or not encrypted"),
                "start the server with an https --public-url",
            ));
        }
    }
}

/// A document that clients read; a page in its place is said.
async fn read(about: &'static str, place: &str, seen: &mut Vec<Seen>) -> Option<Value> {
    let address = Url::parse(place).ok();
    let answer = match address {
        Some(address) => fetch::any(&address, TIME_MAX, BYTES_MAX, CLIENT_AGENT).await,
        None => Err("is no address".to_owned()),
    };
    let problem = match answer {
        Ok(answer) if answer.status == 200 => match serde_json::from_slice(&answer.body) {
            Ok(document) => return Some(document),
            Err(_) if answer.header("content-type").contains("html") => "is a web page in its place".to_owned(),
            Err(_) => "is no JSON".to_owned(),
        },
        Ok(answer) => format!("answers {}", answer.status),
        Err(why) => why,
    };
    let next = "let the proxy pass /.well-known/ on to this server unchanged, without checks for bots";
    seen.push(wrong(about, format!("{place} {problem}"), next));
    None
}
