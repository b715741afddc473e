//! Behind a proxy: who is believed when it says where a request comes from, and what is bounded by that.

use super::*;

/// One guess at a sign-in page that `forwarded` says it comes from.
fn guess(server: &Server, client: &str, forwarded: &str, name: &str, passphrase: &str) -> Reply {
    let asked = server.authorize(client, &[]);
    assert_eq!(asked.status, 200, "{asked:?}");
    let form = asked.form();
    let headers = format!("\r\nCookie: {}{forwarded}", asked.header("set-cookie").split(';').next().unwrap());
    let pairs = [
        ("request", form["request"].as_str()),
        ("csrf", form["csrf"].as_str()),
        ("name", name),
        ("passphrase", passphrase),
    ];
    server.form("/authorize/sign-in", &headers, &pairs)
}

fn forwarded(addresses: &str) -> String {
    format!("\r\nX-Forwarded-For: {addresses}")
}

#[test]
fn behind_a_trusted_proxy_a_stranger_locks_nobody_out() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"]);
    let client = server.client();
    let stranger = [
        "198.51.100.7",
        // What stands before was made up: the owner's address, another proxy, nothing that is an address.
        "192.0.2.1, 198.51.100.7",
        "192.0.2.1\r\nX-Forwarded-For: 198.51.100.7, 10.0.0.4",
        "drop table, 198.51.100.7:4711",
        "192.0.2.1, ::ffff:198.51.100.7",
    ];
    for from in stranger {
        assert_eq!(guess(&server, &client, &forwarded(from), "ann", "wrong wrong wrong").status, 401, "{from}");
    }
    assert_eq!(guess(&server, &client, &forwarded("192.0.2.9, 198.51.100.7"), "ann", PASSPHRASE).status, 429);
    assert_eq!(guess(&server, &client, &forwarded("192.0.2.1"), "ann", PASSPHRASE).status, 200);
    // A subscriber's IPv6 addresses are one place.
    for host in 1..=5 {
        let from = forwarded(&format!("2001:db8:1:1::{host}"));
        assert_eq!(guess(&server, &client, &from, "ann", "wrong wrong wrong").status, 401);
    }
    assert_eq!(guess(&server, &client, &forwarded("[2001:db8:1:1:9::]:443"), "ann", PASSPHRASE).status, 429);
    assert_eq!(guess(&server, &client, &forwarded("2001:db8:1:2::1"), "ann", PASSPHRASE).status, 200);
    // Host and scheme are never taken from a proxy.
    let headers = "\r\nX-Forwarded-Host: evil.example.com\r\nX-Forwarded-Proto: https\r\nForwarded: \
                   for=192.0.2.1;host=evil.example.com;proto=https\r\nX-Forwarded-Prefix: /x";
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp"] {
        let reply = server.ask("GET", path, headers, "");
        assert!(reply.body.contains(&server.url()) && !reply.body.contains("evil"), "{reply:?}");
    }
    let reply = server.ask("POST", "/mcp", headers, LIST_COMPANIES);
    assert!(reply.header("www-authenticate").contains(&server.url()), "{reply:?}");
    let log = server.log.lock().unwrap();
    assert!(log.contains("a wrong passphrase") && !log.contains("198.51.100") && !log.contains("2001:db8"), "{log}");
}

#[test]
fn the_header_of_whoever_is_no_trusted_proxy_is_ignored() {
    let (_folder, file) = people();
    for (name, trusted) in [("olga", &["--login"][..]), ("mia", &["--login", "--trusted-proxy", "192.0.2.0/24"])] {
        let server = Server::start(&file, trusted);
        let client = server.client();
        for from in 1..=5 {
            let from = forwarded(&format!("198.51.100.{from}"));
            assert_eq!(guess(&server, &client, &from, name, "wrong wrong wrong").status, 401, "{trusted:?}");
        }
        assert_eq!(guess(&server, &client, &forwarded("198.51.100.6"), name, PASSPHRASE).status, 429, "{trusted:?}");
        // Whoever runs it hears of it, once.
        assert_eq!(server.log.lock().unwrap().matches("give --trusted-proxy").count(), 1);
    }
}

#[test]
fn each_network_may_ask_so_much_without_a_token() {
    let (_folder, file) = people();
    let server = Server::start(&file, &["--login", "--trusted-proxy", "127.0.0.1"]);
    let token = access(&file, &["add-token", "program", "--role", "owner"]);
    let from = |address: &str, more: &str| {
        server.ask("POST", "/mcp", &format!("{}{more}", forwarded(address)), LIST_COMPANIES)
    };
    let mut refused = 0;
    let reply = loop {
        let reply = from("198.51.100.7", "\r\nAuthorization: Bearer wrong");
        if reply.status != 401 {
            break reply;
        }
        refused += 1;
        assert!(refused < 500);
    };
    assert!(120 <= refused && reply.status == 429 && reply.header("retry-after") == "10", "{refused} {reply:?}");
    assert_eq!(reply.json()["error"], "slow_down");
    // Others are not held up, and whoever has a good token at the same address is not either.
    assert_eq!(from("198.51.100.8", "").status, 401);
    let good = format!("\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}");
    assert_eq!(from("198.51.100.7", &good).status, 200);
    let register = |address: &str| {
        let headers = format!("\r\nContent-Type: application/json{}", forwarded(address));
        server.ask("POST", "/register", &headers, &json!({"redirect_uris": [REDIRECT]}).to_string())
    };
    for turn in 0..20 {
        assert_eq!(register("198.51.100.7").status, 201, "{turn}");
    }
    let reply = register("198.51.100.7");
    assert_eq!((reply.status, reply.header("retry-after")), (429, "10"));
    assert_eq!(reply.json()["error"], "slow_down");
    assert_eq!(register("198.51.100.8").status, 201);
    let mut pages = 0;
    while server.ask("GET", "/authorize", &forwarded("198.51.100.7"), "").status != 429 {
        pages += 1;
        assert!(pages < 500);
    }
    assert_eq!(server.ask("GET", "/authorize", &forwarded("198.51.100.8"), "").status, 400);
}

#[test]
fn a_proxy_that_is_no_address_is_named() {
    let (folder, file) = people();
    let start = |more: &[&str]| {
        let mut command = program();
        command.args(["serve", "--http", "127.0.0.1:0", "--login", "--access-file"]).arg(&file).args(more);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let said = start(&["--demo", "--trusted-proxy", "caddy"]);
    assert!(said.contains("caddy") && said.contains("no address of a proxy"), "{said}");
    let config = folder.path().join("spectora.toml");
    std::fs::write(&config, "[http]\ntrusted_proxies = [\"10.0.0.0/33\"]\n").unwrap();
    let said = start(&["--config", config.to_str().unwrap()]);
    assert!(said.contains("10.0.0.0/33") && said.contains("172.30.0.0/24"), "{said}");
}
