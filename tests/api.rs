//! The HTTP API as a stranger meets it: who may come in, what is refused, and how it is said.

mod support;

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};
use support::http::{self, FORM};
use support::server::{metadata, served};
use support::{pdf, text};

#[test]
fn what_does_not_exist_is_not_found() {
    let (_archive, server, _) = served();
    let missing = "01a20000-0000-7000-8000-000000000000";
    for path in [
        format!("/api/v1/records/{missing}"),
        format!("/api/v1/records/{missing}/original"),
        format!("/api/v1/records/{missing}/retention"),
        format!("/api/v1/records/{missing}/journal"),
        "/api/v1/records/not-an-id".into(),
        "/api/v1/records/not-an-id/original".into(),
        "/api/v1/journal/99999999/proof".into(),
        "/api/v1/journal/-1/proof".into(),
        "/api/v1/nothing".into(),
    ] {
        assert_eq!(server.get(&path).problem(404), "not-found", "{path}");
    }
    let reason = json!({"reason": "r"});
    for verb in ["withdrawal", "reinstatement"] {
        server.post(&format!("/api/v1/records/{missing}/{verb}"), &reason, &[]).problem(404);
    }
    let selection = json!({"ids": [missing]});
    server.post("/api/v1/exports", &selection, &[]).problem(404);
}

#[test]
fn metadata_that_cannot_be_read_is_refused_by_field() {
    let (_archive, server, _) = served();
    let bytes = pdf::contract("two", 1_500);
    let with = |field: &str, value: Value| {
        let mut metadata = metadata();
        metadata[field] = value;
        server.deposit(&metadata, "b.pdf", &bytes).unwrap()
    };
    for (field, value) in [
        ("date", json!("2026-02-30")),
        ("date", json!("令和0年1月1日")),
        ("date", json!("")),
        ("amount", json!("-")),
        ("amount", json!("1e9")),
        ("amount", json!("99999999999999999999999")),
        ("currency", json!("YEN")),
        ("counterparty", json!("  ")),
        ("counterparty", json!("a\u{0}b")),
        ("counterparty", json!("あ".repeat(1_001))),
        ("corporate_number", json!("1234567890123")),
        ("invoice_number", json!("T123")),
        ("entity", json!("よその会社")),
        ("class", json!("")),
    ] {
        let answer = with(field, value.clone());
        assert_eq!(answer.problem(422), "invalid", "{field}: {value}");
        assert!(answer.text().contains(field), "{field}: {}", answer.text());
    }
    for (field, value) in [("unknown", json!("x")), ("amount", json!(1_100_000)), ("custom", json!(["a"]))] {
        let answer = with(field, value);
        assert!([400, 422].contains(&answer.status), "{field}: {}", answer.text());
        answer.problem(answer.status);
    }
    let both = json!({"date": "2026-02-01", "counterparty": "x", "amount": "1", "no_amount": true});
    server.deposit(&both, "b.pdf", &bytes).unwrap().problem(422);
    assert_eq!(server.get("/api/v1/records").json()["total"], 1, "nothing of it was stored");
}

#[test]
fn forms_that_are_not_deposits_are_refused() {
    let (_archive, server, _) = served();
    let bearer = format!("Authorization: Bearer {}", server.token);
    let post = |headers: &[&str], body: &[u8]| {
        let all = [&[bearer.as_str()], headers].concat();
        http::send(&server.address, "POST", "/api/v1/records", &all, body).unwrap()
    };
    let file_only = "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--frontier--\r\n";
    let metadata_only =
        "--frontier\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n--frontier--\r\n";
    let whole = http::form(&metadata(), "a.pdf", b"%PDF-1.7 cut");
    for (headers, body) in [
        (&[FORM][..], &b""[..]),
        (&[FORM], b"--frontier"),
        (&[FORM], file_only.as_bytes()),
        (&[FORM], metadata_only.as_bytes()),
        (&[FORM], &whole[..whole.len() - 20]),
        (&["Content-Type: multipart/form-data"], &whole),
        (&["Content-Type: application/json"], b"{}"),
        (&[], &whole),
    ] {
        let answer = post(headers, body);
        assert!([400, 415, 422].contains(&answer.status), "{headers:?}: {} {}", answer.status, answer.text());
        answer.problem(answer.status);
    }
    assert_eq!(server.get("/api/v1/records").json()["total"], 1);
}

#[test]
fn a_deposit_must_say_how_long_it_is() {
    let (_archive, server, _) = served();
    let request = format!(
        "POST /api/v1/records HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{FORM}\r\n\
         Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        server.token
    );
    let answer = http::raw(&server.address, request.as_bytes()).unwrap();
    assert_eq!(answer.problem(411), "length-required");
}

#[test]
fn a_contract_over_the_limit_is_refused_before_it_is_sent() {
    let (_archive, server, _) = served();
    let request = format!(
        "POST /api/v1/records HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n{FORM}\r\n\
         Content-Length: 2147483648\r\n\r\n--frontier\r\n",
        server.token
    );
    let answer = http::raw(&server.address, request.as_bytes()).unwrap();
    assert_eq!(answer.problem(413), "too-large");
}

#[test]
fn a_client_that_breaks_off_leaves_nothing() {
    let (archive, server, _) = served();
    let body = http::form(&metadata(), "b.pdf", &pdf::contract("two", 3_000));
    for sent in [10, 200, body.len() / 2, body.len() - 3] {
        let head = format!(
            "POST /api/v1/records HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{FORM}\r\n\
             Content-Length: {}\r\n\r\n",
            server.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body[..sent]).unwrap();
        drop(stream);
    }
    assert_eq!(server.get("/api/v1/records").json()["total"], 1);
    server.stop();
    archive.assert_sound();
}

#[test]
fn searches_with_conditions_that_cannot_be_read_are_refused() {
    let (_archive, server, _) = served();
    for query in [
        "date=2026-02-30",
        "date=2026-03-01..2026-02-01",
        "amount=abc",
        "amount=..1e9",
        "amount=500..100",
        "amount=1&no_amount=true",
        "currency=YEN&amount=1",
        "sort=size",
        "withdrawn=perhaps",
        "versions=some",
        "limit=0",
        "limit=1001",
        "after=nonsense",
    ] {
        for path in ["/api/v1/records", "/api/v1/records.csv"] {
            // Paging has no meaning for the index book, which has all hits.
            if path.ends_with("csv") && (query.starts_with("limit") || query.starts_with("after")) {
                continue;
            }
            let answer = server.get(&format!("{path}?{query}"));
            assert_eq!(answer.problem(422), "invalid", "{path}?{query}");
        }
    }
    for query in ["nonsense=1", "limit=-1", "limit=ten", "no_amount=perhaps"] {
        let answer = server.get(&format!("/api/v1/records?{query}"));
        assert!([400, 422].contains(&answer.status), "{query}: {}", answer.status);
        answer.problem(answer.status);
    }
}

#[test]
fn an_idempotency_key_makes_a_repeated_correction_the_same_one() {
    let (_archive, server, id) = served();
    let path = format!("/api/v1/records/{id}/corrections");
    let key = ["Idempotency-Key: 7b1c"];
    let request = json!({"changes": {"amount": "1210000"}, "reason": "misread"});
    let first = server.post(&path, &request, &key).json();
    assert_eq!(first["version"], 2, "{first}");
    assert_eq!(server.post(&path, &request, &key).json(), first);
    let other = json!({"changes": {"amount": "1"}, "reason": "misread"});
    assert_eq!(server.post(&path, &other, &key).problem(409), "conflict");
    let versions = server.get(&format!("/api/v1/records/{id}")).json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    // Without the key the same request changes nothing any more.
    server.post(&path, &request, &[]).problem(422);
    for bad in [format!("Idempotency-Key: {}", "k".repeat(256)), "Idempotency-Key: ".into()] {
        server.post(&path, &request, &[&bad]).problem(422);
    }
}

#[test]
fn a_repeated_correction_has_the_first_answer_even_after_a_later_one() {
    let (_archive, server, id) = served();
    let path = format!("/api/v1/records/{id}/corrections");
    let tax = json!({"changes": {"tax": "included"}, "reason": "the invoice says so"});
    let first = server.post(&path, &tax, &["Idempotency-Key: tax"]).json();
    assert_eq!(first["version"], 2, "{first}");
    let later = json!({"changes": {"amount": "2200000"}, "reason": "misread"});
    assert_eq!(server.post(&path, &later, &[]).json()["version"], 3);
    assert_eq!(server.post(&path, &tax, &["Idempotency-Key: tax"]).json(), first);
}

#[test]
fn an_idempotency_key_is_honoured_on_every_change_of_a_record() {
    let (_archive, server, id) = served();
    for (verb, version) in [("withdrawal", 2), ("reinstatement", 3)] {
        let path = format!("/api/v1/records/{id}/{verb}");
        let key = [format!("Idempotency-Key: {verb}")];
        let key: Vec<_> = key.iter().map(String::as_str).collect();
        let first = server.post(&path, &json!({"reason": "r"}), &key).json();
        assert_eq!(first["version"], version, "{first}");
        assert_eq!(server.post(&path, &json!({"reason": "r"}), &key).json(), first, "{verb}");
    }
}

#[test]
fn corrections_at_the_same_time_never_overwrite_each_other() {
    let (_archive, server, id) = served();
    let path = format!("/api/v1/records/{id}/corrections");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (server, path) = (&server, &path);
                let request = json!({"changes": {"title": format!("title {number}")}, "reason": "r"});
                scope.spawn(move || server.post(path, &request, &[]).status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let won = statuses.iter().filter(|status| **status == 200).count();
    assert!(won >= 1 && statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    let record = server.get(&format!("/api/v1/records/{id}")).json();
    assert_eq!(record["versions"].as_array().unwrap().len(), 1 + won);
}

#[test]
fn the_same_bytes_at_the_same_time_become_one_record() {
    let (_archive, server, _) = served();
    // Often enough that some of them meet in one commit.
    for round in 0..12 {
        let bytes = pdf::contract(&format!("deposited by eight at once, round {round}"), 2_000);
        let ids: Vec<(u16, String)> = std::thread::scope(|scope| {
            let deposit = || {
                let answer = server.deposit(&metadata(), "b.pdf", &bytes).unwrap();
                (answer.status, answer.json()["id"].as_str().map_or_else(|| answer.text(), str::to_owned))
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(deposit)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|(_, id)| *id == ids[0].1), "{ids:?}");
        assert_eq!(ids.iter().filter(|(status, _)| *status == 201).count(), 1, "{ids:?}");
    }
    assert_eq!(server.get("/api/v1/records").json()["total"], 13);
}

#[test]
fn a_download_is_byte_for_byte_and_nothing_that_a_browser_runs() {
    let (_archive, server, _) = served();
    let page = b"<html><script>alert(1)</script></html>";
    let id = server.deposit(&metadata(), "\u{202e}fdp.html", page).unwrap().json();
    for query in ["", "?inline=true"] {
        let answer = server.get(&format!("/api/v1/records/{}/original{query}", text(&id["id"])));
        assert_eq!(answer.body, page);
        assert_eq!(answer.headers["content-type"], "application/octet-stream");
        assert!(answer.headers["content-disposition"].starts_with("attachment"));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_refused_as_a_problem() {
    let (_archive, server, id) = served();
    let bearer = format!("Authorization: Bearer {}", server.token);
    for method in ["DELETE", "PUT", "PATCH"] {
        let path = format!("/api/v1/records/{id}");
        let answer = http::send(&server.address, method, &path, &[&bearer], b"").unwrap();
        answer.problem(405);
    }
}
