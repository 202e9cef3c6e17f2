//! The client of timestamp authorities against a real one (OpenSSL behind HTTP) and against bad ones of every kind.

#[path = "support/authority.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod authority;

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authority::{Authority, Server};
use chrono::Utc;
use shosoin::evidence::authority::{
    Credentials, HttpAuthority, HttpSettings, Obtained, Order, Refusal, TimestampAuthority, obtain,
};
use shosoin::evidence::{PkiJudge, Standing, standing};
use shosoin::pki::DigestAlgorithm;
use shosoin::pki::token::TimestampToken;
use shosoin::pki::{revocation::Evidence, trust::TrustStore};

fn settings(name: &str, url: String) -> HttpSettings {
    HttpSettings {
        name: name.into(),
        url,
        credentials: Credentials::None,
        policies: Vec::new(),
        timeout: Duration::from_secs(20),
        tls_roots: Vec::new(),
    }
}

fn client(settings: HttpSettings) -> Box<dyn TimestampAuthority> {
    Box::new(HttpAuthority::new(settings).unwrap())
}

fn at(name: &str, server: &Server) -> Box<dyn TimestampAuthority> {
    client(settings(name, server.url()))
}

/// Asks for a token over a root; `trusted` are the roots that are believed.
fn ask(
    authorities: &[Box<dyn TimestampAuthority>],
    trusted: &[&Authority],
) -> Result<Obtained<()>, Vec<(String, Refusal)>> {
    let imprint = DigestAlgorithm::Sha256.hash(b"the root of a tree");
    let mut trust = TrustStore::empty();
    for authority in trusted {
        trust.add_pem(&fs::read(authority.root()).unwrap()).unwrap();
    }
    let accept = |token: &TimestampToken| {
        let revocation = Evidence::default();
        let judge = PkiJudge { trust: &trust, revocation: &revocation, at: Utc::now() };
        match standing(&judge.conclude(token, judge.at)) {
            Standing::Good => Ok(()),
            Standing::Unknown(why) | Standing::Bad(why) => Err(why),
        }
    };
    let order = Order {
        algorithm: DigestAlgorithm::Sha256,
        imprint: &imprint,
        now: &Utc::now,
        tolerance: chrono::Duration::minutes(5),
    };
    let mut nonce = || {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map(|()| bytes)
    };
    obtain(authorities, &order, &mut nonce, &mut |_| Ok(()), &accept).unwrap()
}

#[test]
fn a_token_of_a_real_authority_is_taken_and_fits() {
    if !authority::available() {
        return;
    }
    let openssl = Arc::new(Authority::new("Good", None));
    let server = Server::of(openssl.clone());
    let obtained =
        ask(&[at("good", &server)], &[&openssl]).map_err(|refused| format!("{refused:?}")).unwrap();
    assert_eq!((obtained.authority.as_str(), server.asked()), ("good", 1));
    assert!(openssl.verifies(&obtained.token, &DigestAlgorithm::Sha256.hash(b"the root of a tree")));
}

/// Each bad authority is asked first and a good one second: the good one's token is taken, the reason is told.
#[test]
fn a_bad_authority_is_refused_with_its_reason_and_the_next_one_is_asked() {
    if !authority::available() {
        return;
    }
    let good = Arc::new(Authority::new("Good", None));
    let next = Server::of(good.clone());
    let unknown = Arc::new(Authority::new("Nobody knows", None));
    let early = Arc::new(Authority::new("Early", Some("2031-01-01 00:00:00")));
    let replayed = Mutex::new(Vec::new());
    let reply = "application/timestamp-reply";
    let page = |kind: &'static str| {
        Server::start(move |_| (200, kind, b"  <!DOCTYPE html><title>Please sign in</title>".to_vec()))
    };
    let servers: Vec<(&str, Server, &str)> = vec![
        ("web page", page("text/html; charset=utf-8"), "web page"),
        ("disguised page", page(reply), "web page"),
        ("ten megabytes", Server::start(move |_| (200, reply, vec![0x30; 10 << 20])), "more than"),
        ("status", Server::start(move |_| (503, reply, Vec::new())), "503"),
        ("nothing", Server::start(move |_| (200, reply, Vec::new())), "not what was asked for"),
        ("garbage", Server::start(move |query| (200, reply, query.to_vec())), "not what was asked for"),
        ("unknown root", Server::of(unknown.clone()), "does not hold"),
        ("future", Server::of(early.clone()), "one of the two clocks is wrong"),
        (
            "replay",
            Server::start({
                let good = good.clone();
                move |query| {
                    let mut first = replayed.lock().unwrap();
                    if first.is_empty() {
                        *first = good.answer(query);
                    }
                    (200, reply, first.clone())
                }
            }),
            "another request",
        ),
        (
            "other imprint",
            Server::start({
                let good = good.clone();
                move |query| {
                    let mut query = query.to_vec();
                    let imprint = DigestAlgorithm::Sha256.hash(b"the root of a tree");
                    let place = query.windows(32).position(|part| part == imprint).unwrap();
                    query[place] ^= 1;
                    (200, reply, good.answer(&query))
                }
            }),
            "something else",
        ),
        (
            "damaged signature",
            Server::start({
                let good = good.clone();
                move |query| {
                    let mut answer = good.answer(query);
                    let last = answer.len() - 1;
                    answer[last] ^= 1;
                    (200, reply, answer)
                }
            }),
            "does not hold",
        ),
    ];
    // The first answer of the replaying authority is a good one; only then does it repeat itself.
    let (_, replay, _) = servers.iter().find(|(name, ..)| *name == "replay").unwrap();
    assert!(ask(&[at("replay", replay)], &[&good]).is_ok());
    for (name, server, reason) in &servers {
        let obtained = ask(&[at(name, server), at("good", &next)], &[&good]);
        let obtained = obtained.map_err(|refused| format!("{refused:?}")).unwrap();
        assert_eq!(obtained.authority, "good", "{name}");
        let [(refused, why)] = &obtained.refused[..] else { panic!("{name}: {:?}", obtained.refused) };
        assert!(refused == name && why.to_string().contains(reason), "{name}: {why}");
        let alone = ask(&[at(name, server)], &[&good]).err().unwrap_or_default();
        assert_eq!(alone.len(), 1, "{name} alone gives no token");
    }
}

#[test]
fn one_that_is_down_or_slow_is_passed_over() {
    if !authority::available() {
        return;
    }
    let good = Arc::new(Authority::new("Good", None));
    let next = Server::of(good.clone());
    let down = client(settings("down", "http://127.0.0.1:9/".into()));
    let obtained = ask(&[down, at("good", &next)], &[&good]).ok().unwrap();
    assert!(matches!(obtained.refused[..], [(_, Refusal::Unreachable(_))]), "{:?}", obtained.refused);

    let slow = Server::start(|_| {
        std::thread::sleep(Duration::from_secs(60));
        (200, "application/timestamp-reply", Vec::new())
    });
    let impatient = HttpSettings { timeout: Duration::from_millis(300), ..settings("slow", slow.url()) };
    let obtained = ask(&[client(impatient), at("good", &next)], &[&good]).ok().unwrap();
    assert_eq!(obtained.refused, [("slow".to_owned(), Refusal::TooSlow)]);
}

#[test]
fn a_policy_that_is_not_on_the_list_is_refused_and_one_that_is_asked_for_is_given() {
    if !authority::available() {
        return;
    }
    let openssl = Arc::new(Authority::new("Good", None));
    let server = Server::of(openssl.clone());
    let with = |policies: &[&str]| {
        let policies = policies.iter().map(|policy| policy.parse().unwrap()).collect();
        client(HttpSettings { policies, ..settings("good", server.url()) })
    };
    assert!(ask(&[with(&["1.2.3.4.2"])], &[&openssl]).is_ok(), "asked for by name");
    assert!(ask(&[with(&["1.2.3.4.2", "1.2.3.4.1"])], &[&openssl]).is_ok());
    let refused = ask(&[with(&["1.2.3.4.8", "1.2.3.4.9"])], &[&openssl]).err().unwrap();
    assert_eq!(refused[0].1, Refusal::Policy("1.2.3.4.1".into()));
    let refused = ask(&[with(&["1.2.3.4.9"])], &[&openssl]).err().unwrap();
    assert!(refused[0].1.to_string().contains("policy"), "{}", refused[0].1);
}

#[test]
fn a_password_goes_to_the_authority_and_not_where_it_redirects() {
    if !authority::available() {
        return;
    }
    let elsewhere = Server::start(|_| (200, "application/timestamp-reply", Vec::new()));
    let redirecting = Server::start(|_| (302, "text/plain", Vec::new()));
    let credentials = Credentials::Basic { user: "shosoin".into(), password: "secret".into() };
    let asked = client(HttpSettings { credentials, ..settings("redirecting", redirecting.url()) });
    let refused = ask(&[asked], &[]).err().unwrap();
    assert_eq!((refused[0].1.clone(), elsewhere.asked()), (Refusal::Status(302), 0));
    let bad = Credentials::Certificate { chain: b"no PEM".to_vec(), key: Vec::new() };
    let settings = HttpSettings { credentials: bad, ..settings("x", "http://127.0.0.1/".into()) };
    assert!(HttpAuthority::new(settings).err().unwrap().contains("certificate"));
}
