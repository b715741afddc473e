//! Client-id metadata documents: a client's id is an https address, and what stands there says what it is.
//!
//! A stranger chooses the address, so it is fetched with care: public addresses only, looked up once and then held to; no
//! redirect, little time, few bytes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::clients::{Client, ClientKind, checked_redirects, shown_name};
use super::error::PageError;
use super::fetch;
use super::redirects::RedirectRules;
use domain::is_this_machine;

/// The largest document, in bytes.
const BYTES_MAX: usize = 5 * 1024;
/// How long fetching one may take.
const TIME_MAX: Duration = Duration::from_secs(5);
/// How long one is good; what could not be had is asked for again.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// How many are remembered.
const REMEMBERED_MAX: usize = 100;
/// How many are fetched at once.
const FETCHES_MAX: usize = 4;

/// Fetches documents, and remembers them for a while.
pub(super) struct Documents {
    known: Mutex<HashMap<String, (Instant, Client)>>,
    fetches: Semaphore,
    /// For tests: documents on this machine, without encryption.
    allow_loopback: bool,
}

impl Documents {
    pub(super) fn new(allow_loopback: bool) -> Self {
        Self { known: Mutex::default(), fetches: Semaphore::new(FETCHES_MAX), allow_loopback }
    }

    /// The client whose document is at this address.
    pub(super) async fn client(&self, id: &str, rules: &RedirectRules) -> Result<Client, PageError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, client)) = known().get(id)
            && at.elapsed() < GOOD_FOR
        {
            return Ok(client.clone());
        }
        let _turn = self.fetches.acquire().await.map_err(|_| PageError::Unavailable)?;
        let fetched = tokio::time::timeout(TIME_MAX, self.fetch(id, rules)).await;
        let client = fetched
            .unwrap_or_else(|_| Err("its document did not come in time".to_owned()))
            .map_err(PageError::Client)?;
        let mut known = known();
        if REMEMBERED_MAX <= known.len() {
            known.retain(|_, (at, _)| at.elapsed() < GOOD_FOR);
            if REMEMBERED_MAX <= known.len() {
                known.clear();
            }
        }
        known.insert(id.to_owned(), (Instant::now(), client.clone()));
        Ok(client)
    }

    async fn fetch(&self, id: &str, rules: &RedirectRules) -> Result<Client, String> {
        let address = checked_address(id, self.allow_loopback)?;
        let body = self.body_of(&address).await?;
        read(id, &body, rules)
    }

    async fn body_of(&self, address: &Url) -> Result<Value, String> {
        let host = address.host_str().unwrap_or_default();
        let port = address.port_or_known_default().unwrap_or(443);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port)).await.map_err(|_| "its host is not known".to_owned())?;
        let found: Vec<SocketAddr> = found.collect();
        let is_open = |ip: IpAddr| is_public(ip) || (self.allow_loopback && ip.is_loopback());
        // One private address among public ones is a trick.
        if found.is_empty() || !found.iter().all(|one| is_open(one.ip())) {
            return Err("its document is not at a public address".to_owned());
        }
        // A proxy would look the name up again.
        let pinned = |builder: reqwest::ClientBuilder| builder.no_proxy().resolve_to_addrs(bare, &found);
        fetch::json(address, TIME_MAX, BYTES_MAX, pinned).await.map_err(|why| format!("its document {why}"))
    }
}

/// The address, if a document may be there.
fn checked_address(id: &str, allow_loopback: bool) -> Result<Url, String> {
    let refuse = |why: &str| Err(format!("its id {why}"));
    let Ok(address) = Url::parse(id) else { return refuse("is no address") };
    let is_local = allow_loopback && address.scheme() == "http" && is_this_machine(&address);
    if address.scheme() != "https" && !is_local {
        return refuse("is no https address");
    }
    // The parser takes dot segments out, so what differs from what was sent had some, or another trick.
    if address.as_str() != id {
        return refuse("is not written plainly");
    }
    if address.path() == "/"
        || address.fragment().is_some()
        || !address.username().is_empty()
        || address.password().is_some()
    {
        return refuse("has no path, or holds a fragment or a user");
    }
    Ok(address)
}

/// Whether an address is on the open net: not this machine, not a network of somebody's own, not reserved.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_reserved = matches!(first, 0 | 10 | 127 | 224..)
        || (first, second) == (169, 254)
        || (first, second) == (192, 168)
        || (first == 172 && (16..32).contains(&second))
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || matches!((first, second, third), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99));
    !is_reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Only what is handed out as public (2000::/3), without the parts in which IPv4 addresses hide or examples are.
    let is_global = (0x2000..0x4000).contains(&first);
    is_global && !matches!((first, second), (0x2002, _) | (0x2001, 0..0x0200 | 0x0db8)) && first != 0x3fff
}

/// The client a document describes.
fn read(id: &str, document: &Value, rules: &RedirectRules) -> Result<Client, String> {
    if document.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err("its document is that of another client".to_owned());
    }
    let methods =
        ["token_endpoint_auth_method", "token_endpoint_auth_methods_supported"].map(|name| document.get(name));
    let is_none = |value: &Value| match value {
        Value::String(one) => one == "none",
        Value::Array(many) => many.iter().any(|one| one == "none"),
        _ => false,
    };
    // Some prefer a signed proof and take `none` too; it may stand in either field.
    if methods.iter().any(Option::is_some) && !methods.iter().flatten().any(|value| is_none(value)) {
        return Err("its document does not take `none` as the way to prove itself".to_owned());
    }
    let name = shown_name(document.get("client_name").and_then(Value::as_str));
    // A document may list redirects this server does not know; those are not taken.
    let listed = document.get("redirect_uris").and_then(Value::as_array).cloned().unwrap_or_default();
    let taken: Vec<Value> =
        listed.into_iter().filter(|one| one.as_str().is_some_and(|one| rules.check(one).is_ok())).take(10).collect();
    let redirects = checked_redirects(Some(&taken.into()), rules)
        .map_err(|_| "its document names no redirect that this server knows".to_owned())?;
    Ok(Client { id: id.to_owned(), name, kind: ClientKind::Document, redirects })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_addresses_of_the_open_net_are_public() {
        for open in
            ["8.8.8.8", "160.79.104.10", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1", "::ffff:8.8.8.8"]
        {
            assert!(is_public(open.parse().unwrap()), "{open}");
        }
        for closed in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::127.0.0.1",
            "2001::1",
        ] {
            assert!(!is_public(closed.parse().unwrap()), "{closed}");
        }
    }

    #[test]
    fn an_id_is_a_plain_https_address() {
        assert!(checked_address("https://claude.ai/oauth/mcp-oauth-client-metadata", false).is_ok());
        for bad in [
            "http://claude.ai/oauth/x",
            "https://claude.ai",
            "https://claude.ai/",
            "https://claude.ai/a/../b",
            "https://claude.ai/a#b",
            "https://me@claude.ai/a",
            "https://claude.ai:443/a",
            "https://CLAUDE.ai/a",
            "ftp://claude.ai/a",
            "http://127.0.0.1/a",
            "https://claude.ai/./a",
            "https://claude.ai/a/%2e%2e/b",
        ] {
            assert!(checked_address(bad, false).is_err(), "{bad}");
        }
        assert!(checked_address("http://127.0.0.1:9/client.json", true).is_ok());
        assert!(checked_address("http://example.com/client.json", true).is_err());
    }

    #[test]
    fn documents_as_the_known_clients_have_them_are_read() {
        let rules = RedirectRules::default();
        let id = "https://chatgpt.com/oauth/abc/client.json";
        let redirect = "https://chatgpt.com/connector/oauth/abc";
        let of = |more: Value| {
            let mut document = json!({"client_id": id, "client_name": "ChatGPT", "redirect_uris": [redirect]});
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            read(id, &document, &rules)
        };
        assert_eq!(of(json!({})).unwrap().redirects, [redirect]);
        let prefers = json!({"token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"]});
        assert_eq!(of(prefers).unwrap().kind, ClientKind::Document);
        assert!(of(json!({"token_endpoint_auth_method": "private_key_jwt"})).is_err());
        assert!(of(json!({"client_id": "https://chatgpt.com/oauth/other/client.json"})).is_err());
        assert!(of(json!({"redirect_uris": ["https://evil.example.com/"]})).is_err());
        let some = of(json!({"redirect_uris": ["https://evil.example.com/", redirect]})).unwrap();
        assert_eq!(some.redirects, [redirect]);
    }

    #[tokio::test]
    async fn private_addresses_are_not_asked() {
        let documents = Documents::new(false);
        for id in ["https://127.0.0.1/a", "https://localhost/a", "https://10.0.0.1/a", "https://[::1]/a"] {
            let refused = documents.client(id, &RedirectRules::default()).await.unwrap_err().to_string();
            assert!(refused.contains("public address") || refused.contains("not known"), "{id}: {refused}");
        }
    }
}
