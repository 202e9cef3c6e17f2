//! An archive with its pages, driven without a listener: what the tests of the pages stand on.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use shosoin::archive::{self, Archive, Deposit, Options, Principal};
use shosoin::journal::Act;
use shosoin::record::{Counterparty, Currency, Metadata, Money, RecordId, TaxBasis};
use shosoin::web::{App, router};
use tower::ServiceExt as _;

/// An archive in a directory of its own, and its pages.
pub struct Site {
    _place: tempfile::TempDir,
    pub archive: Arc<Archive>,
    pub pages: Router,
    pub token: String,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What a person reads: the text between the tags.
    pub fn words(&self) -> String {
        self.body
            .split('<')
            .filter_map(|piece| piece.split_once('>'))
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Site {
    pub fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("archive");
        let token = archive::create(&data).unwrap().admin_token;
        let archive = Arc::new(Archive::open(&data, Options::default()).unwrap());
        let pages = router(App::new(archive.clone()).unwrap());
        Self { _place: place, archive, pages, token }
    }

    pub fn deposit(&self, counterparty: &str, amount: Option<i64>, bytes: &[u8]) -> RecordId {
        let metadata = Metadata {
            entity: self.archive.config().entities[0].name.clone(),
            transaction_date: "2026-02-01".parse().unwrap(),
            signed_on: None,
            effective_from: None,
            ends_on: None,
            notice_period: None,
            renews_every: None,
            received_on: None,
            counterparty: Counterparty::named(counterparty),
            amount: amount.map(|minor| Money { minor, currency: Currency::JPY, tax: TaxBasis::Unknown }),
            class: "contract".into(),
            title: Some("業務委託基本契約書".into()),
            number: None,
            file_name: None,
            custom: Default::default(),
        };
        let who = Principal::built_in("tester");
        self.archive.deposit(&who, Deposit { bytes: bytes.to_vec(), metadata }).unwrap().id
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub async fn get(&self, path: &str, session: Option<&str>) -> Answer {
        let request = Request::get(path).header(header::ACCEPT, "text/html");
        let request =
            session.iter().fold(request, |request, session| request.header(header::COOKIE, *session));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, session: &str, form: &[(&str, &str)]) -> Answer {
        let request =
            Request::post(path).header("sec-fetch-site", "same-origin").header(header::COOKIE, session);
        self.send(request.header(header::CONTENT_TYPE, FORM).body(Body::from(encode(form))).unwrap()).await
    }

    /// Signs in and returns the cookie to send.
    pub async fn sign_in(&self) -> String {
        let answer = self.post("/sign-in", "", &[("token", &self.token), ("next", "/")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.header(header::SET_COOKIE).split(';').next().unwrap().to_owned()
    }

    /// What the journal says was done. Asking is a look as well, which is left out.
    pub fn acts(&self) -> Vec<Act> {
        let reader = Principal::built_in("reader of the journal");
        let page = self.archive.journal_list(&reader, 0, 1_000, None).unwrap();
        page.entries.iter().filter(|entry| entry.actor != reader.name).map(|entry| entry.act).collect()
    }
}

pub const FORM: &str = "application/x-www-form-urlencoded";

pub fn encode(form: &[(&str, &str)]) -> String {
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    form.iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
        .collect::<Vec<_>>()
        .join("&")
}
