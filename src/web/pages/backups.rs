//! The page of backups and keys: what there is of each tier, how checks of them went, what protects the key. Read only.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::display;
use super::jobs::{RunRow, run_row};
use super::page::Page;
use super::text::Text;
use crate::archive::{GenerationView, KeyStatus};
use crate::retention::Lang;
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Newest generations shown of each tier; `backup list` shows all.
const SHOWN: usize = 5;
/// Jobs that prove backups and look after keys.
const CHECKS: [&str; 4] = ["backup-verify", "restore-drill", "fixity", "keys"];

#[derive(Template)]
#[template(path = "backups.html")]
struct BackupsTemplate {
    page: Page,
    tiers: Vec<TierRows>,
    checks: Vec<(String, Option<RunRow>)>,
    key: KeyView,
}

struct TierRows {
    name: String,
    rows: Vec<GenerationRow>,
    /// Generations that are not shown.
    more: usize,
}

struct GenerationRow {
    generation: String,
    at: String,
    records: u64,
    bytes: String,
    /// Until when it may be neither changed nor removed.
    protected: Option<String>,
    problem: Option<String>,
}

struct KeyView {
    id: String,
    since: String,
    protection: &'static str,
    kit: &'static str,
    kit_tone: &'static str,
    kit_number: Option<String>,
    rotation: String,
    rotation_tone: &'static str,
    /// Keys that had their time, with the day until which they stay in the file.
    former: Vec<(String, String)>,
}

/// `GET /backups`
pub async fn backups(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    let (jobs, asker) = (app.jobs.clone(), who.clone());
    let work = move |archive: &crate::archive::Archive| {
        Ok((archive.backup_list(&asker)?, archive.key_status(&asker)?, jobs.list(&asker)?))
    };
    let (generations, key, jobs) = app.run(work).await?;
    let zone = app.archive.config().archive.zone;
    let page = page.signed_in(&who);
    let (t, lang) = (page.t, page.lang);
    let jobs = jobs.into_iter().filter(|job| CHECKS.contains(&job.name.as_str()));
    let checks = jobs.map(|job| {
        let title = match lang {
            Lang::Ja => job.title_ja,
            Lang::En => job.title_en,
        };
        (title, job.last.map(|run| run_row(run, zone, t, lang)))
    });
    let template = BackupsTemplate {
        checks: checks.collect(),
        tiers: tiers(generations, zone, t, lang),
        key: key_view(key, zone, t, lang),
        page,
    };
    super::render(StatusCode::OK, &template)
}

/// Generations by tier, in the order in which they come: the newest of each first.
fn tiers(
    generations: Vec<GenerationView>,
    zone: chrono_tz::Tz,
    t: &'static Text,
    lang: Lang,
) -> Vec<TierRows> {
    let mut tiers: Vec<TierRows> = Vec::new();
    for view in generations {
        let name = match view.tier.as_str() {
            "daily" => t.backup_daily.to_owned(),
            "monthly" => t.backup_monthly.to_owned(),
            "yearly" => t.backup_yearly.to_owned(),
            other => other.to_owned(),
        };
        if tiers.last().is_none_or(|tier| tier.name != name) {
            tiers.push(TierRows { name, rows: Vec::new(), more: 0 });
        }
        let Some(tier) = tiers.last_mut() else { continue };
        if tier.rows.len() == SHOWN && view.problem.is_none() {
            tier.more += 1;
            continue;
        }
        tier.rows.push(GenerationRow {
            generation: view.generation.unwrap_or_default(),
            at: view.at.map(|at| display::instant(at, zone, lang)).unwrap_or_default(),
            records: view.records,
            bytes: display::grouped(view.bytes),
            protected: view.protected_until.map(|until| display::instant(until, zone, lang)),
            problem: view.problem,
        });
    }
    tiers
}

fn key_view(status: KeyStatus, zone: chrono_tz::Tz, t: &'static Text, lang: Lang) -> KeyView {
    let instant = |at| display::instant(at, zone, lang);
    let (kit, kit_tone) = match status.kit.state.as_str() {
        "made" => (t.kit_made, "good"),
        "declined" => (t.kit_declined, ""),
        "stale" => (t.kit_stale, "bad"),
        _ => (t.kit_missing, "bad"),
    };
    let (rotation, rotation_tone) = match status.rotation {
        None => (t.rotation_never.to_owned(), ""),
        Some(rotation) => match rotation.finished_at {
            Some(at) => (instant(at), "good"),
            None => (t.rotation_unfinished.to_owned(), "bad"),
        },
    };
    let until = |until: Option<_>| until.map(instant).unwrap_or_default();
    KeyView {
        id: status.key_id,
        since: instant(status.since),
        protection: if status.kind == "passphrase" { t.key_passphrase } else { t.key_file_only },
        kit,
        kit_tone,
        kit_number: status.kit.kit,
        rotation,
        rotation_tone,
        former: status.former.into_iter().map(|former| (former.key_id, until(former.until))).collect(),
    }
}
