//! The pages of disposition: what may be destroyed, plans, the review of one, consent, performance, certificates.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono_tz::Tz;
use serde::Deserialize;

use super::display;
use super::page::Page;
use super::text::Text;
use crate::archive::{Action, PlanRequest, PlanState, PlanView, permit_second};
use crate::record::Digest;
use crate::retention::{Lang, class_label, sentence};
use crate::web::api::PathOf;
use crate::web::auth::Who;
use crate::web::{App, Problem};

#[derive(Template)]
#[template(path = "dispositions.html")]
struct ListTemplate {
    page: Page,
    plans: Vec<PlanRow>,
}

/// One plan in the list.
struct PlanRow {
    plan: String,
    state: &'static str,
    tone: &'static str,
    day: String,
    author: String,
    records: usize,
    transfer_to: Option<String>,
}

#[derive(Template)]
#[template(path = "disposition.html")]
struct PlanTemplate {
    page: Page,
    row: PlanRow,
    digest: String,
    items: Vec<ItemRow>,
    /// Who consented, and when.
    approval: Option<(String, String)>,
    /// By whom, when, by the time of which token, how many were destroyed.
    performed: Option<(String, String, String, u64)>,
    may_approve: bool,
    may_perform: bool,
    /// A transfer waits for the package or the receipt, which are handled at the command line.
    waits_for_transfer: bool,
}

struct ItemRow {
    id: String,
    class: String,
    entity: String,
    why: String,
    /// Why it was kept after all; absent when it was destroyed or nothing was done yet.
    kept: Option<String>,
    destroyed: bool,
}

/// `GET /dispositions`
pub async fn list(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    let asker = who.clone();
    let plans = app.run(move |archive| archive.disposition_list(&asker)).await?;
    let page = page.signed_in(&who);
    let plans = plans.iter().map(|plan| plan_row(plan, page.t, page.lang)).collect();
    super::render(StatusCode::OK, &ListTemplate { plans, page })
}

/// `GET /dispositions/{plan}`
pub async fn plan(
    State(app): State<App>,
    Who(who): Who,
    page: Page,
    PathOf(number): PathOf<String>,
) -> Result<Response, Problem> {
    let asker = who.clone();
    let plan = app.run(move |archive| archive.disposition_show(&asker, &number)).await?;
    let page = page.signed_in(&who);
    let zone = app.archive.config().archive.zone;
    // The author is not offered what the archive would refuse.
    let second = permit_second(&who, Action::DispositionApprove, &plan.author).is_ok();
    let mut template = plan_page(plan, page, zone);
    template.may_approve &= second;
    super::render(StatusCode::OK, &template)
}

fn plan_page(plan: PlanView, page: Page, zone: Tz) -> PlanTemplate {
    let at = |time| display::instant(time, zone, page.lang);
    let open = plan.performed.is_none();
    let ready = matches!(
        (&plan.transfer_to, plan.state),
        (None, PlanState::Approved) | (Some(_), PlanState::Confirmed)
    );
    let items = plan.items.iter().map(|item| {
        let kept = plan
            .performed
            .as_ref()
            .and_then(|performed| performed.kept.iter().find(|kept| kept.id == item.id));
        ItemRow {
            id: item.id.to_string(),
            class: class_label(&item.class, page.lang).to_owned(),
            entity: item.entity.clone(),
            why: sentence(&item.decision, page.lang),
            kept: kept.map(|kept| kept.why.clone()),
            destroyed: !open && kept.is_none(),
        }
    });
    PlanTemplate {
        items: items.collect(),
        row: plan_row(&plan, page.t, page.lang),
        digest: plan.digest.to_string(),
        approval: plan.approval.as_ref().map(|approval| (approval.by.clone(), at(approval.at))),
        performed: plan.performed.as_ref().map(|performed| {
            (performed.by.clone(), at(performed.at), at(performed.trusted.time), performed.destroyed)
        }),
        may_approve: plan.state == PlanState::Planned && page.may.approve,
        may_perform: ready && page.may.perform,
        waits_for_transfer: open && plan.transfer_to.is_some() && !ready && plan.approval.is_some(),
        page,
    }
}

fn plan_row(plan: &PlanView, t: &'static Text, lang: Lang) -> PlanRow {
    let (state, tone) = match plan.state {
        PlanState::Planned => (t.plan_planned, "bad"),
        PlanState::Approved => (t.plan_approved, ""),
        PlanState::Packaged => (t.plan_packaged, ""),
        PlanState::Confirmed => (t.plan_confirmed, ""),
        PlanState::Performed => (t.plan_performed, "good"),
    };
    PlanRow {
        plan: plan.plan.clone(),
        state,
        tone,
        day: display::day(plan.as_of, lang),
        author: plan.author.clone(),
        records: plan.items.len(),
        transfer_to: plan.transfer_to.clone(),
    }
}

/// A plan to be made.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlanForm {
    transfer_to: String,
}

/// `POST /dispositions`
pub async fn make(
    State(app): State<App>,
    Who(who): Who,
    Form(form): Form<PlanForm>,
) -> Result<Response, Problem> {
    let transfer_to = Some(form.transfer_to).filter(|name| !name.trim().is_empty());
    let request = PlanRequest { transfer_to, ..PlanRequest::default() };
    let plan = app.run(move |archive| archive.disposition_plan(&who, &request)).await?;
    Ok(Redirect::to(&format!("/dispositions/{}", plan.plan)).into_response())
}

/// What is consented to: the plan as it was on the page.
#[derive(Debug, Deserialize)]
pub struct ApproveForm {
    digest: String,
}

/// `POST /dispositions/{plan}/approval`
pub async fn approve(
    State(app): State<App>,
    Who(who): Who,
    PathOf(number): PathOf<String>,
    Form(form): Form<ApproveForm>,
) -> Result<Response, Problem> {
    let digest: Digest =
        form.digest.parse().map_err(|_| Problem::invalid("digest: it has 64 hexadecimal digits"))?;
    let plan = app.run(move |archive| archive.disposition_approve(&who, &number, Some(digest))).await?;
    Ok(Redirect::to(&format!("/dispositions/{}", plan.plan)).into_response())
}

/// `POST /dispositions/{plan}/performance`
pub async fn perform(
    State(app): State<App>,
    Who(who): Who,
    PathOf(number): PathOf<String>,
) -> Result<Response, Problem> {
    let plan = app.run(move |archive| archive.disposition_perform(&who, &number, &|_, _| {})).await?;
    Ok(Redirect::to(&format!("/dispositions/{}", plan.plan)).into_response())
}
