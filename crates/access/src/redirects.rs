//! Where a browser may be sent back to: the known clients, this machine, and what the owner adds.

use domain::is_this_machine;
use url::Url;

/// Redirects of hosted clients and editors, exact (seen in their documents and in public reports of what they send).
const KNOWN: &[&str] = &[
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://chatgpt.com/connector_platform_oauth_redirect",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
];
/// ChatGPT's redirects end with one segment that names the connector.
const CHATGPT: &str = "https://chatgpt.com/connector/oauth/";
/// The longest redirect, in bytes.
const BYTES_MAX: usize = 2_000;

/// Which redirects are taken.
#[derive(Clone, Debug, Default)]
pub struct RedirectRules {
    /// Beside the known ones, exact.
    pub more: Vec<String>,
}

impl RedirectRules {
    /// Why nobody may ever name this redirect; `None` where that depends on who is known.
    pub(super) fn refuses(&self, redirect: &str) -> Option<String> {
        let refuse = |why: &str| Some(format!("the redirect {why}"));
        if BYTES_MAX < redirect.len() || redirect.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("is too long, or holds blanks");
        }
        let Ok(address) = Url::parse(redirect) else { return refuse("is no absolute address") };
        if address.fragment().is_some() || !address.username().is_empty() || address.password().is_some() {
            return refuse("holds a fragment or a user");
        }
        let is_known = self.more.iter().any(|more| more == redirect);
        if !is_known && matches!(address.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about") {
            return refuse("leads nowhere a browser should go");
        }
        None
    }

    /// Whether a client may name this redirect; `Err` says why not.
    pub fn check(&self, redirect: &str) -> Result<(), String> {
        if let Some(why) = self.refuses(redirect) {
            return Err(why);
        }
        let Ok(address) = Url::parse(redirect) else { return Err("the redirect is no absolute address".to_owned()) };
        let is_known = KNOWN.contains(&redirect) || self.more.iter().any(|more| more == redirect);
        let of_chatgpt = redirect.strip_prefix(CHATGPT).is_some_and(is_segment);
        if is_known || of_chatgpt || loopback(&address) {
            return Ok(());
        }
        Err(format!(
            "the redirect to {} is none this server knows: known are those of Claude, ChatGPT, Cursor and VS Code, and \
             addresses of this machine; the owner can add one under `redirects` in [http]",
            host_of(redirect)
        ))
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether it leads to the machine of whoever is asked to sign in.
fn loopback(address: &Url) -> bool {
    address.scheme() == "http" && is_this_machine(address)
}

/// Whether a redirect asked for is one that was registered: the same text, or on loopback the same path and query,
/// whatever the port and the name of this machine.
pub(super) fn is_registered(asked: &str, registered: &[String]) -> bool {
    let parse = |text: &str| Url::parse(text).ok().filter(loopback);
    let local = parse(asked);
    registered.iter().any(|known| {
        known == asked
            || local.as_ref().zip(parse(known)).is_some_and(|(asked, known)| {
                asked.path() == known.path() && asked.query() == known.query() && asked.fragment().is_none()
            })
    })
}

/// The host of an address, for people.
pub(super) fn host_of(address: &str) -> String {
    match Url::parse(address) {
        Ok(address) if loopback(&address) => "this computer".to_owned(),
        Ok(address) => address.host_str().map_or_else(|| format!("the program {}", address.scheme()), str::to_owned),
        Err(_) => "an unknown place".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_redirects_and_loopback_are_taken() {
        let rules = RedirectRules { more: vec!["https://app.example.com/back".to_owned()] };
        for good in KNOWN.iter().copied().chain([
            "https://chatgpt.com/connector/oauth/abc-DEF_1",
            "http://localhost:1234/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:9/callback",
            "https://app.example.com/back",
        ]) {
            assert_eq!(rules.check(good), Ok(()), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://claude.ai/api/mcp/auth_callback#x",
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai@evil.example.com/api/mcp/auth_callback",
            "https://me@claude.ai/api/mcp/auth_callback",
            "https://chatgpt.com/connector/oauth/a/b",
            "https://chatgpt.com/connector/oauth/",
            "https://chatgpt.com/connector/oauth/../x",
            "https://chatgpt.com.evil.example.com/connector/oauth/a",
            "http://claude.ai/api/mcp/auth_callback",
            "https://localhost.evil.example.com/callback",
            "http://localhost.evil.example.com/callback",
            "https://app.example.com/back?x=1",
            "/callback",
            "http://127.0.0.1/call back",
        ] {
            assert!(rules.check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_port_of_loopback_does_not_matter_and_all_else_does() {
        let registered =
            ["http://localhost:8000/callback".to_owned(), "https://claude.ai/api/mcp/auth_callback".to_owned()];
        for good in ["http://localhost:9/callback", "http://127.0.0.1:77/callback", "http://[::1]/callback"] {
            assert!(is_registered(good, &registered), "{good}");
        }
        for bad in [
            "http://localhost:8000/callback/x",
            "http://localhost:8000/callback?x=1",
            "https://localhost:8000/callback",
            "https://claude.ai:444/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
        ] {
            assert!(!is_registered(bad, &registered), "{bad}");
        }
    }
}
