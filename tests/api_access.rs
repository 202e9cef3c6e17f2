//! Who may come in: the API and the pages as a stranger, a forged page and a broken client meet them.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::http;
use support::routes::operations;
use support::server::served;
use support::text;

#[test]
fn no_operation_answers_a_stranger() {
    let (_archive, server, id) = served();
    let wrong = format!("Authorization: Bearer shosoin_{}", "A".repeat(43));
    let right = format!("Authorization: Basic {}", server.token);
    let attempts: [&[&str]; 5] = [
        &[],
        &[&wrong],
        &[&right],
        &["Authorization: Bearer"],
        &["Cookie: shosoin_session=0123456789", "Sec-Fetch-Site: same-origin"],
    ];
    let size = || server.get("/api/v1/status").json()["journal_size"].as_u64().unwrap();
    let before = size();
    for operation in operations() {
        let (method, path) = (operation.method.clone(), operation.path(&id));
        for headers in attempts {
            let answer = http::send(&server.address, &method, &path, headers, b"").unwrap();
            assert_eq!(answer.problem(401), "unauthorized", "{method} {path} {headers:?}");
            assert!(answer.headers["www-authenticate"].starts_with("Bearer"), "{method} {path}");
        }
    }
    assert_eq!(size(), before, "strangers left journal entries");
}

#[test]
fn pages_show_a_stranger_only_the_way_to_sign_in() {
    let (_archive, server, id) = served();
    for path in ["/", "/deposit", &format!("/records/{id}"), "/?counterparty=x"] {
        let answer = http::send(&server.address, "GET", path, &[], b"").unwrap();
        assert!([302, 303, 307, 401].contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("国税商事"), "{path}");
    }
}

#[test]
fn a_cookie_counts_only_on_requests_from_our_own_pages() {
    let (_archive, server, id) = served();
    let form = format!("token={}", server.token);
    let own = ["Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"];
    let signed_in = http::send(&server.address, "POST", "/sign-in", &own, form.as_bytes()).unwrap();
    let cookie =
        signed_in.headers.get("set-cookie").unwrap_or_else(|| panic!("{}", signed_in.text())).clone();
    for attribute in ["HttpOnly", "SameSite=", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    let path = format!("/api/v1/records/{id}/withdrawal");
    let withdraw = |headers: &[&str]| {
        let all = [&[cookie.as_str(), "Content-Type: application/json"], headers].concat();
        http::send(&server.address, "POST", &path, &all, b"{\"reason\":\"forged\"}").unwrap()
    };
    for foreign in [
        &[][..],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
        &["Origin: https://evil.example"],
        &["Origin: null"],
    ] {
        assert_eq!(withdraw(foreign).problem(403), "forbidden", "{foreign:?}");
    }
    let read = http::send(&server.address, "GET", "/api/v1/status", &[&cookie], b"").unwrap();
    assert_eq!(read.status, 200);
    assert_eq!(withdraw(&["Sec-Fetch-Site: same-origin"]).status, 200);
}

#[test]
fn signing_in_from_a_foreign_page_is_refused() {
    let (_archive, server, _) = served();
    let form = format!("token={}", server.token);
    let headers = ["Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: cross-site"];
    let answer = http::send(&server.address, "POST", "/sign-in", &headers, form.as_bytes()).unwrap();
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn paths_do_not_lead_to_files() {
    let (_archive, server, _) = served();
    for path in [
        "/assets/../shosoin.toml",
        "/assets/..%2fshosoin.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/../keys/kek.key",
        "/api/v1/records/..%2f..%2fkeys%2fkek.key/original",
        "/api/v1/records/%00/original",
    ] {
        let answer = server.get(path);
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("SHOSOIN-KEK"), "{path}");
    }
}

#[test]
fn every_look_is_in_the_journal_with_its_actor() {
    let (_archive, server, id) = served();
    server.get(&format!("/api/v1/records/{id}"));
    server.get(&format!("/api/v1/records/{id}/original"));
    let entries = server.get(&format!("/api/v1/records/{id}/journal")).json();
    let acts: Vec<_> =
        entries["entries"].as_array().unwrap().iter().map(|entry| text(&entry["act"])).collect();
    // Its journal tells what the contract says, so asking for it is a look as well.
    assert_eq!(acts, ["deposit", "view", "download", "view"]);
    assert!(entries["entries"].as_array().unwrap().iter().all(|entry| !text(&entry["actor"]).is_empty()));
}

#[test]
fn health_is_open_and_says_nothing_about_contracts() {
    let (_archive, server, id) = served();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = http::send(&server.address, "GET", path, &[], b"").unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(&id) && !answer.text().contains("国税商事"), "{path}");
    }
}

#[test]
fn bytes_that_are_not_http_end_only_their_own_connection() {
    let (_archive, server, _) = served();
    for junk in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &[0xff; 4096]]
    {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream.write_all(junk).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read(&mut [0; 1024]);
    }
    assert_eq!(server.get("/api/v1/status").status, 200);
    assert!(!server.stop().contains("panicked"));
}
