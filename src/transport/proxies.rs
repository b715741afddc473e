//! Where a request comes from: the other end of the connection, or the address that a trusted proxy says it had the request
//! from. Nothing else is taken from a forwarded header.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Once};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use access::Network;

/// The header in which each proxy adds, at the end, the address it had the request from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Settles for a request from which [`Network`] it comes.
pub(super) async fn settle(State(trusted): State<Arc<[IpNet]>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(address)| *address);
    let network = Network::of(caller(peer, request.headers(), &trusted));
    if network.is_shared() && request.headers().contains_key(FORWARDED_FOR) {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            tracing::warn!(
                "a proxy on this machine does not say in a way that is believed where requests come from, so that all \
                 callers look like one: give --trusted-proxy with its address"
            );
        });
    }
    request.extensions_mut().insert(network);
    next.run(request).await
}

/// The last address before the trusted proxies; where they name none that can be read, the farthest of them.
fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut nearest = peer.to_canonical();
    // What stands farther left may have been written by anybody.
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    while is_trusted(nearest) {
        let Some(address) = hops.next().and_then(address_of) else { break };
        nearest = address;
    }
    nearest
}

/// An address as proxies write it: some with a port, some in brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(peer: &str, lines: &[&str], expect: &str) {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8:aa::/48"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let found = caller(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(found, expect.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn a_trusted_proxy_says_where_a_request_comes_from() {
        check("127.0.0.1", &["192.0.2.7"], "192.0.2.7");
        check("::ffff:127.0.0.1", &["192.0.2.7"], "192.0.2.7");
        check("10.1.2.3", &["192.0.2.7, 10.9.9.9"], "192.0.2.7");
        check("10.1.2.3", &["192.0.2.7", "10.9.9.9,127.0.0.1"], "192.0.2.7");
        check("2001:db8:aa::1", &["2001:db8:bb::7"], "2001:db8:bb::7");
        for written in ["192.0.2.7:4711", "::ffff:192.0.2.7", " 192.0.2.7 "] {
            check("127.0.0.1", &[written], "192.0.2.7");
        }
        for written in ["[2001:db8:bb::7]:443", "[2001:db8:bb::7]"] {
            check("127.0.0.1", &[written], "2001:db8:bb::7");
        }
    }

    #[test]
    fn what_a_stranger_wrote_is_not_believed() {
        // From an address that is not a proxy's, nothing is.
        check("198.51.100.1", &["192.0.2.7"], "198.51.100.1");
        check("2001:db8:bb::1", &["127.0.0.1"], "2001:db8:bb::1");
        // A proxy adds at the end; what stands before may be made up, in a line of its own too.
        check("127.0.0.1", &["192.0.2.7, 198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["192.0.2.7", "127.0.0.1", "198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["192.0.2.7, 198.51.100.1, 10.0.0.1"], "198.51.100.1");
    }

    #[test]
    fn what_cannot_be_read_ends_at_the_proxy_that_wrote_it() {
        for lines in [
            &[][..],
            &[""],
            &["unknown"],
            &["192.0.2.7,"],
            &["192.0.2.7, x"],
            &["192.0.2"],
            &["é"],
            &["192.0.2.7", ","],
        ] {
            check("127.0.0.1", lines, "127.0.0.1");
        }
        check("127.0.0.1", &["192.0.2.7, secret, 10.0.0.9"], "10.0.0.9");
        check("127.0.0.1", &["10.0.0.8, 10.0.0.9"], "10.0.0.8");
    }
}
