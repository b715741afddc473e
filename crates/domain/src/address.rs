//! Addresses on the web, as far as they are safe to use.

use url::{Host, Url};

/// Whether the host of an address is this machine, by name or by number.
pub fn is_this_machine(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether what goes to an address is encrypted on the way, or does not leave this machine: `https`, or `http` on loopback.
pub fn is_safe_address(address: &Url) -> bool {
    address.scheme() == "https" || (address.scheme() == "http" && is_this_machine(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_safe() {
        let safe = |text: &str| is_safe_address(&text.parse().unwrap());
        for good in ["https://example.com/x", "http://localhost:1/", "http://127.0.0.1/", "http://[::1]:9/"] {
            assert!(safe(good), "{good}");
        }
        for bad in
            ["http://example.com/", "http://localhost.example.com/", "ftp://localhost/", "http://10.0.0.1/", "data:x"]
        {
            assert!(!safe(bad), "{bad}");
        }
    }
}
