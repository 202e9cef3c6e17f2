//! The pages as a browser meets them: signing in, searching, looking, correcting, depositing.

#[path = "pages/site.rs"]
mod site;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use shosoin::archive::Principal;
use shosoin::journal::Act;
use site::{FORM, Site, encode};

/// A correction as the page sends it: everything it had shown, and what stands in the fields now.
fn correction<'a>(now: &[(&'a str, &'a str)], reason: &'a str) -> Vec<(&'a str, &'a str)> {
    let shown = [
        ("was_date", "2026-02-01"),
        ("was_counterparty", "㈱国税商事"),
        ("was_amount", "1,100,000"),
        ("was_currency", "JPY"),
        ("was_class", "contract"),
        ("was_title", "業務委託基本契約書"),
        ("based_on", "1"),
    ];
    let mut form = shown.to_vec();
    for (was, value) in shown {
        let Some(name) = was.strip_prefix("was_") else { continue };
        form.push((
            name,
            now.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| *value),
        ));
    }
    form.push(("reason", reason));
    form
}

#[tokio::test]
async fn pages_ask_for_a_sign_in_and_lead_back_afterwards() {
    let site = Site::new();
    for path in
        ["/", "/deposit", "/records/0198c0de-0000-7000-8000-000000000001", "/?counterparty=%E5%9B%BD&lang=en"]
    {
        let answer = site.get(path, None).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header(header::LOCATION).starts_with("/sign-in?next=%2F"), "{path}");
    }
    let door = site.get("/sign-in?next=%2Fdeposit", None).await;
    assert_eq!(door.status, StatusCode::OK);
    assert!(door.body.contains(r#"name="next" value="/deposit""#), "{}", door.body);
    let evil = site.post("/sign-in", "", &[("token", &site.token), ("next", "//evil.example/")]).await;
    assert_eq!(evil.header(header::LOCATION), "/");
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_journaled_and_a_right_one_gives_a_safe_cookie() {
    let site = Site::new();
    let refused = site.post("/sign-in", "", &[("token", "shosoin_guess")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.words().contains("アクセストークンが違います"), "{}", refused.body);
    assert!(refused.headers.get(header::SET_COOKIE).is_none());

    let answer = site.post("/sign-in", "", &[("token", &site.token), ("next", "/deposit")]).await;
    assert_eq!(answer.header(header::LOCATION), "/deposit");
    let cookie = answer.header(header::SET_COOKIE);
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(site.acts().ends_with(&[Act::SignInFailed, Act::SignIn]), "{:?}", site.acts());

    let session = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(site.get("/", Some(&session)).await.status, StatusCode::OK);
    assert_eq!(site.post("/sign-out", &session, &[]).await.header(header::LOCATION), "/sign-in");
    assert_eq!(site.get("/", Some(&session)).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn guessing_has_to_wait() {
    let site = Site::new();
    for _ in 0..20 {
        site.post("/sign-in", "", &[("token", "guess")]).await;
    }
    let answer = site.post("/sign-in", "", &[("token", &site.token)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header(header::RETRY_AFTER), "60");
}

#[tokio::test]
async fn what_people_stored_is_shown_and_never_run() {
    let site = Site::new();
    let evil = "<script>alert(1)</script>\" onload=\"x";
    let id = site.deposit(evil, None, b"not a pdf");
    let session = site.sign_in().await;
    let query = format!("/?{}", encode(&[("counterparty", "alert"), ("text", "\"><script>")]));
    for path in ["/", &query, &format!("/records/{id}")] {
        let answer = site.get(path, Some(&session)).await;
        assert!(
            !answer.body.contains("<script") && !answer.body.contains("\" onload=\""),
            "{path}: {}",
            answer.body
        );
    }
    let answer = site.get("/", Some(&session)).await;
    assert!(answer.body.contains("&#60;script&#62;alert(1)"), "{}", answer.body);
    assert!(answer.words().contains("（金額なし）"));
}

#[tokio::test]
async fn a_search_is_an_address_that_shows_hits_and_what_was_typed() {
    let site = Site::new();
    site.deposit("㈱国税商事", Some(1_100_000), b"one");
    site.deposit("株式会社髙﨑商店", None, b"two");
    let session = site.sign_in().await;
    let search = |pairs: &[(&str, &str)]| format!("/?{}", encode(pairs));
    let found = site
        .get(
            &search(&[("amount_from", "110万円"), ("counterparty", "株式会社国税商事"), ("sort", "-date")]),
            Some(&session),
        )
        .await;
    assert_eq!(found.status, StatusCode::OK);
    let words = found.words();
    assert!(
        words.contains("㈱国税商事") && words.contains("1,100,000円") && !words.contains("髙﨑"),
        "{words}"
    );
    assert!(found.body.contains("/api/v1/records.csv?amount=110"), "{}", found.body);
    assert!(found.body.contains(r#"name="amount_from" value="110万円""#));

    let nothing = site.get(&search(&[("amount_from", "9"), ("amount_to", "10")]), Some(&session)).await;
    assert!(nothing.words().contains("該当する文書はありません。"));
    assert!(nothing.words().contains("金額が空欄の文書も検索する"));
    let blank = site.get(&search(&[("no_amount", "true")]), Some(&session)).await;
    assert!(blank.words().contains("髙﨑") && !blank.words().contains("国税"));
}

#[tokio::test]
async fn a_mistake_is_said_beside_the_form_in_the_readers_language() {
    let site = Site::new();
    let session = site.sign_in().await;
    let path = format!("/?{}", encode(&[("date_from", "令和8年2月30日"), ("counterparty", "国税")]));
    let answer = site.get(&path, Some(&session)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.words().contains("暦にありません"), "{}", answer.words());
    assert!(answer.body.contains("令和8年2月30日") && answer.body.contains(r#"value="国税""#));
    let english = site.get(&format!("{path}&lang=en"), Some(&session)).await;
    assert!(english.words().contains("There is no day 2026-02-30"), "{}", english.words());
}

#[tokio::test]
async fn the_language_follows_the_browser_and_the_switch_is_remembered() {
    let site = Site::new();
    let ask = |language: &'static str| Request::get("/sign-in").header(header::ACCEPT_LANGUAGE, language);
    let english = site.send(ask("en-US,en;q=0.9,ja;q=0.5").body(Body::empty()).unwrap()).await;
    assert!(english.body.contains(r#"<html lang="en">"#) && english.words().contains("Access token"));
    assert!(english.headers.get(header::SET_COOKIE).is_none());

    let switched = site.get("/sign-in?next=%2Fdeposit&lang=ja", None).await;
    assert!(switched.body.contains(r#"<html lang="ja">"#));
    let cookie = switched.header(header::SET_COOKIE).split(';').next().unwrap().to_owned();
    assert_eq!(cookie, "shosoin_lang=ja");
    assert!(switched.body.contains("/sign-in?next=%2Fdeposit&#38;lang=en"), "{}", switched.body);
    let again = site.send(ask("en").header(header::COOKIE, cookie).body(Body::empty()).unwrap()).await;
    assert!(again.body.contains(r#"<html lang="ja">"#));

    let head = Request::builder().method(Method::HEAD).uri("/sign-in").body(Body::empty()).unwrap();
    let head = site.send(head).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_record_page_says_what_is_there_and_what_the_signatures_are_worth() {
    let site = Site::new();
    let signed = std::fs::read("samples/20260201_株式会社国税商事_1100000.pdf").unwrap();
    let id = site.deposit("株式会社国税商事", Some(1_100_000), &signed);
    let other = site.deposit("株式会社蔵王水産", Some(0), b"%PDF-1.7 broken");
    let session = site.sign_in().await;
    let japanese = site.get(&format!("/records/{id}"), Some(&session)).await;
    assert_eq!(japanese.status, StatusCode::OK);
    // The samples' root is not trusted here, so nothing may be called valid.
    assert!(
        japanese.words().contains("署名されていますが、有効かどうかを確認できない点があります"),
        "{}",
        japanese.words()
    );
    assert!(japanese.words().contains("2026年2月1日（令和8年）") && japanese.words().contains("JST"));
    assert!(japanese.body.contains(&format!(r##"<iframe src="/api/v1/records/{id}/original?inline=true#"##)));
    let english = site.get(&format!("/records/{id}?lang=en"), Some(&session)).await;
    assert!(
        english.words().contains("whether everything is valid could not be made certain"),
        "{}",
        english.words()
    );
    for (words, verdict) in
        [(japanese.words(), "すべての署名が有効"), (english.words(), "all signatures are valid")]
    {
        assert!(!words.contains(verdict), "{words}");
    }
    let broken = site.get(&format!("/records/{other}"), Some(&session)).await;
    assert!(
        broken.words().contains("判定できません") && !broken.body.contains("<iframe"),
        "{}",
        broken.words()
    );
    // Both looks are there, with who looked.
    assert!(japanese.words().contains("閲覧") && japanese.words().contains("admin"), "{}", japanese.words());
    assert_eq!(site.acts().iter().filter(|act| **act == Act::View).count(), 3);
}

#[tokio::test]
async fn a_correction_writes_a_second_version_and_keeps_the_first() {
    let site = Site::new();
    let id = site.deposit("㈱国税商事", Some(1_100_000), b"one");
    let session = site.sign_in().await;
    let path = format!("/records/{id}/corrections");

    let form = correction(&[("amount", "1,210,000円")], "");
    let refused = site.post(&path, &session, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.words().contains("理由を入力してください。") && refused.body.contains("1,210,000円"));
    let unchanged = site.post(&path, &session, &correction(&[], "理由")).await;
    assert!(unchanged.words().contains("変更された項目がありません"), "{}", unchanged.words());

    let form = correction(&[("amount", "1,210,000円")], "契約書の記載と異なるため");
    let done = site.post(&path, &session, &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(done.header(header::LOCATION), format!("/records/{id}?done=corrected"));
    // A double click is one correction; another one from the same old page is refused.
    assert_eq!(site.post(&path, &session, &form).await.status, StatusCode::SEE_OTHER);
    let stale = site.post(&path, &session, &correction(&[("title", "別件")], "古い画面")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.words().contains("内容が変更されました"), "{}", stale.words());

    let page = site.get(&format!("/records/{id}?done=corrected"), Some(&session)).await;
    let words = page.words();
    assert!(words.contains("訂正を保存しました。") && words.contains("契約書の記載と異なるため"), "{words}");
    assert!(page.body.contains("<del>1,100,000円</del> → <ins>1,210,000円</ins>"), "{}", page.body);
    let versions = site.archive.show(&Principal::built_in("tester"), id).unwrap().versions;
    assert_eq!(
        versions.iter().map(|version| version.metadata.amount.unwrap().minor).collect::<Vec<_>>(),
        [1_100_000, 1_210_000]
    );
    assert_eq!(versions[1].by, "admin");
}

#[tokio::test]
async fn a_withdrawn_record_is_hidden_until_asked_for_and_can_come_back() {
    let site = Site::new();
    let id = site.deposit("㈱国税商事", Some(1_100_000), b"one");
    let session = site.sign_in().await;
    let no_reason = site.post(&format!("/records/{id}/withdrawal"), &session, &[("reason", " ")]).await;
    assert_eq!(no_reason.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = site.post(&format!("/records/{id}/withdrawal"), &session, &[("reason", "二重に保存")]).await;
    assert_eq!(done.header(header::LOCATION), format!("/records/{id}?done=withdrawn"));
    assert!(site.get("/", Some(&session)).await.words().contains("該当する文書はありません。"));
    let with = site.get("/?withdrawn=include", Some(&session)).await;
    assert!(with.words().contains("取下げ済み") && with.words().contains("㈱国税商事"));
    let back = site.post(&format!("/records/{id}/reinstatement"), &session, &[("reason", "正しい")]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert!(site.get("/", Some(&session)).await.words().contains("㈱国税商事"));
}

#[tokio::test]
async fn other_sites_cannot_change_anything_with_somebodys_cookie() {
    let site = Site::new();
    let id = site.deposit("㈱国税商事", Some(1_100_000), b"one");
    let session = site.sign_in().await;
    for (path, form) in [
        (format!("/records/{id}/corrections"), correction(&[("title", "x")], "x")),
        (format!("/records/{id}/withdrawal"), vec![("reason", "x")]),
        ("/sign-out".to_owned(), vec![]),
        ("/sign-in".to_owned(), vec![("token", site.token.as_str())]),
    ] {
        for site_header in [None, Some("cross-site"), Some("same-site")] {
            let request =
                Request::post(&path).header(header::COOKIE, &session).header(header::CONTENT_TYPE, FORM);
            let request =
                site_header.iter().fold(request, |request, from| request.header("sec-fetch-site", *from));
            let answer = site.send(request.body(Body::from(encode(&form))).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {site_header:?}");
            assert!(answer.header(header::CONTENT_TYPE).starts_with("text/html"), "{path}");
        }
    }
    assert_eq!(site.archive.show(&Principal::built_in("tester"), id).unwrap().versions.len(), 1);
    assert_eq!(site.get("/", Some(&session)).await.status, StatusCode::OK);
}

/// A form with a file, as browsers send it.
fn multipart(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let (name, bytes) = file.unwrap_or_default();
    body.extend(
        format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").bytes(),
    );
    body.extend(bytes);
    body.extend(b"\r\n--x--\r\n");
    body
}

#[tokio::test]
async fn a_deposit_from_the_page_gives_a_receipt_and_nothing_is_stored_unconfirmed() {
    let site = Site::new();
    let session = site.sign_in().await;
    let send = async |fields: &[(&str, &str)], file: Option<(&str, &[u8])>| {
        let body = multipart(fields, file);
        let request = Request::post("/deposit")
            .header(header::COOKIE, &session)
            .header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_LENGTH, body.len());
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        site.send(request.body(Body::from(body)).unwrap()).await
    };
    let file: (&str, &[u8]) = ("20260201_株式会社国税商事_1100000.pdf", b"%PDF-1.7 x");
    let without_file = send(&[("date", "2026-02-01"), ("counterparty", "x"), ("amount", "1")], None).await;
    assert!(without_file.words().contains("ファイルを選んでください。"), "{}", without_file.words());

    let suggested = send(&[("date", ""), ("counterparty", ""), ("amount", "")], Some(file)).await;
    assert_eq!(suggested.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        suggested.body.contains(r#"value="株式会社国税商事""#)
            && suggested.body.contains(r#"value="1,100,000""#)
    );
    assert!(!site.acts().contains(&Act::Deposit));

    let fields = [
        ("date", "R8.2.1"),
        ("counterparty", "株式会社国税商事"),
        ("amount", "110万円"),
        ("class", "contract"),
    ];
    let receipt = send(&fields, Some(file)).await;
    assert_eq!(receipt.status, StatusCode::CREATED, "{}", receipt.words());
    assert!(receipt.words().contains("文書を保存しました。"));
    let again = send(&fields, Some(file)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.words().contains("すでに保存されています"));
    assert_eq!(site.acts().iter().filter(|act| **act == Act::Deposit).count(), 1);
}

#[tokio::test]
async fn what_goes_wrong_on_a_page_is_a_page_and_under_the_api_it_is_json() {
    let site = Site::new();
    let session = site.sign_in().await;
    let page = site.get("/records/0198c0de-0000-7000-8000-000000000001", Some(&session)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.words().contains("お探しのページまたは文書はありません"), "{}", page.body);
    assert_eq!(site.get("/records/nonsense", Some(&session)).await.status, StatusCode::NOT_FOUND);
    let api = site.get("/api/v1/records/0198c0de-0000-7000-8000-000000000001", Some(&session)).await;
    assert_eq!(api.header(header::CONTENT_TYPE), "application/problem+json");
}

#[tokio::test]
async fn the_look_of_the_pages_is_kept_by_browsers_and_nothing_runs_on_them() {
    let site = Site::new();
    let door = site.get("/sign-in", None).await;
    assert_eq!(door.header(header::CACHE_CONTROL), "no-store");
    assert!(door.header(header::CONTENT_SECURITY_POLICY).contains("default-src 'none'"));
    assert!(!door.body.contains("<script") && !door.body.contains("style=") && !door.body.contains("<style"));
    let style = door.body.split('"').find(|text| text.starts_with("/assets/style.")).unwrap();
    let answer = site.get(style, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header(header::CONTENT_TYPE).starts_with("text/css"));
    assert!(answer.header(header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(site.get("/assets/style.0000000000000000.css", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_page_of_timestamps_tells_last_days_in_both_languages() {
    let site = Site::new();
    site.deposit("株式会社国税商事", Some(1), b"%PDF-1.4 a contract");
    let cookie = site.sign_in().await;
    let page = site.get("/timestamps?lang=ja", Some(&cookie)).await;
    assert_eq!(page.status, StatusCode::OK);
    let words = page.words();
    assert!(
        words.contains("付与の期限") && words.contains("タイムスタンプの付いた文書はまだありません"),
        "{words}"
    );
    let page = site.get("/timestamps?lang=en", Some(&cookie)).await;
    assert!(page.words().contains("Last days for a timestamp"), "{}", page.words());
}
