//! The pages of holds, disposition and people as a browser meets them: who is offered what, and that forms do what they say.

#[allow(dead_code, reason = "a support file of several tests")]
#[path = "pages/site.rs"]
mod site;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use site::{Answer, FORM, Site, encode};

/// Adds a user with a role by the page, makes a token by the page, and signs in with it.
async fn hire(site: &Site, admin: &str, name: &str, role: &str) -> String {
    let added = site.post("/users", admin, &[("name", name), ("role", role)]).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);
    let made =
        site.post(&format!("/users/{name}/tokens"), admin, &[("label", "browser"), ("expires", "")]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(made.header(header::CACHE_CONTROL), "no-store");
    let token = shown_token(&made);
    let answer = site.post("/sign-in", "", &[("token", &token), ("next", "/")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.header(header::SET_COOKIE).split(';').next().unwrap().to_owned()
}

fn shown_token(answer: &Answer) -> String {
    let begin = answer.body.find("shosoin_").expect("a token is shown");
    answer.body[begin..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
}

#[tokio::test]
async fn an_administrator_adds_people_and_their_token_is_shown_once() {
    let site = Site::new();
    let admin = site.sign_in().await;
    let manager = hire(&site, &admin, "mori", "manager").await;
    let page = site.get("/users", Some(&admin)).await;
    assert!(page.words().contains("mori") && page.words().contains("管理者"), "{}", page.body);
    assert!(!page.body.contains("shosoin_"), "a token is shown once only");
    let refused = site.get("/users", Some(&manager)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let nobody = site.post("/users", &admin, &[("name", "x"), ("role", "emperor")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stopped = site.post("/users/mori/changes", &admin, &[("disabled", "true")]).await;
    assert_eq!(stopped.status, StatusCode::SEE_OTHER, "{}", stopped.body);
    let gone = site.get("/holds", Some(&manager)).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "a disabled user is led to the door");
}

#[tokio::test]
async fn a_hold_is_placed_by_one_and_released_by_another() {
    let site = Site::new();
    let admin = site.sign_in().await;
    let (manager, approver) =
        (hire(&site, &admin, "mori", "manager").await, hire(&site, &admin, "abe", "approver").await);
    let id = site.deposit("㈱国税商事", None, b"a contract").to_string();
    let form = [("name", "訴訟<b>"), ("reason", "紛争"), ("ids", id.as_str())];
    assert_eq!(site.post("/holds", &manager, &form).await.status, StatusCode::SEE_OTHER);
    let page = site.get("/holds", Some(&manager)).await;
    assert!(page.body.contains("訴訟&#60;b&#62;") && page.words().contains("保全中"), "{}", page.body);
    let release = [("name", "訴訟<b>"), ("reason", "和解")];
    let refused = site.post("/holds/releases", &manager, &release).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "the first person cannot release");
    assert_eq!(site.post("/holds/releases", &approver, &release).await.status, StatusCode::SEE_OTHER);
    let english = site.get("/holds?lang=en", Some(&approver)).await;
    assert!(english.words().contains("released"), "{}", english.body);
    let wrong = site.post("/holds", &manager, &[("name", "x"), ("reason", "y"), ("ids", "nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_plan_is_reviewed_and_approved_on_pages_and_needs_a_timestamp_to_be_performed() {
    let site = Site::new();
    let admin = site.sign_in().await;
    let (manager, approver) =
        (hire(&site, &admin, "mori", "manager").await, hire(&site, &admin, "abe", "approver").await);
    let made = site.post("/dispositions", &manager, &[("transfer_to", "")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let path = made.header(header::LOCATION).to_owned();
    let review = site.get(&path, Some(&manager)).await;
    assert!(review.words().contains("承認待ち") && !review.body.contains("/approval"), "{}", review.body);
    let offered = site.get(&path, Some(&approver)).await;
    assert!(offered.body.contains(&format!("{path}/approval")), "{}", offered.body);
    let digest = offered.body.split("name=\"digest\" value=\"").nth(1).unwrap()[..64].to_owned();
    let old = [("digest", "0".repeat(64))];
    let old = old.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
    let conflict = site.post(&format!("{path}/approval"), &approver, &old).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT, "another plan than the one that was looked at");
    let approved = site.post(&format!("{path}/approval"), &approver, &[("digest", &digest)]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.body);
    let refused = site.post(&format!("{path}/performance"), &manager, &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "no timestamp proves what day it is");
    let list = site.get("/dispositions", Some(&manager)).await;
    assert!(list.words().contains("承認済み"), "{}", list.body);
    let missing = site.get("/dispositions/0198c0de-0000-7000-8000-000000000001", Some(&manager)).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn forms_of_other_sites_and_of_people_without_the_role_do_nothing() {
    let site = Site::new();
    let admin = site.sign_in().await;
    let clerk = hire(&site, &admin, "sato", "clerk").await;
    for (path, form) in [
        ("/holds", [("name", "x"), ("reason", "y")]),
        ("/dispositions", [("transfer_to", ""), ("x", "")]),
        ("/users", [("name", "x"), ("role", "admin")]),
    ] {
        let request =
            Request::post(path).header("sec-fetch-site", "cross-site").header(header::COOKIE, &admin);
        let request = request.header(header::CONTENT_TYPE, FORM).body(Body::from(encode(&form))).unwrap();
        assert_eq!(site.send(request).await.status, StatusCode::FORBIDDEN, "{path} from elsewhere");
        assert_eq!(site.post(path, &clerk, &form).await.status, StatusCode::FORBIDDEN, "{path} as a clerk");
    }
    let page = site.get("/dispositions", Some(&clerk)).await;
    assert!(
        page.status == StatusCode::OK && !page.body.contains("action=\"/dispositions\""),
        "{}",
        page.body
    );
}
