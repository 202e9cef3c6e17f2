//! The page of timestamps: what is protected until when, what has to be done by which day, what failed and why.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::display;
use super::page::Page;
use super::text::Text;
use crate::archive::{DeadlineDay, ExpiryYear, PlannedRenewal, RequestView, TimestampStatus};
use crate::evidence::RenewalState;
use crate::retention::{Lang, StampWindow};
use crate::web::auth::Who;
use crate::web::{App, Problem};

/// Years and last days shown; the rest of the days is counted together.
const YEARS_SHOWN: usize = 30;
const DAYS_SHOWN: usize = 12;
/// Measures of the chart, in units of its own.
const BAR_WIDTH: usize = 44;
const BAR_STEP: usize = 64;
const CHART_HEIGHT: u64 = 150;

#[derive(Template)]
#[template(path = "timestamps.html")]
struct TimestampsTemplate {
    page: Page,
    status: TimestampStatus,
    bars: Vec<Bar>,
    chart_width: usize,
    window: &'static str,
    days: Vec<DayRow>,
    more_days: u64,
    proven: Option<String>,
    renewals: Vec<RenewalRow>,
    requests: Vec<RequestRow>,
}

/// One year of the chart.
struct Bar {
    year: i32,
    records: u64,
    x: usize,
    middle: usize,
    y: u64,
    height: u64,
    label_y: u64,
    tone: &'static str,
}

struct DayRow {
    day: String,
    records: u64,
    over: bool,
}

/// What ends on one day, and when it is renewed.
struct RenewalRow {
    ends: String,
    records: u64,
    opens: String,
    planned: String,
    state: &'static str,
    tone: &'static str,
}

struct RequestRow {
    at: String,
    authority: String,
    outcome: &'static str,
    tone: &'static str,
    reason: String,
}

/// `GET /timestamps`
pub async fn timestamps(State(app): State<App>, Who(who): Who, page: Page) -> Result<Response, Problem> {
    let asker = who.clone();
    let status = app.run(move |archive| archive.timestamp_status(&asker)).await?;
    let zone = app.archive.config().archive.zone;
    let (page, today) = (page.signed_in(&who), app.archive.today());
    let (t, lang) = (page.t, page.lang);
    let this_year = chrono::Datelike::year(&today);
    let bars = bars(&status.expires, this_year);
    let deadlines = &status.deadlines;
    let template = TimestampsTemplate {
        chart_width: (bars.len() * BAR_STEP).max(BAR_STEP) + 16,
        bars,
        window: match deadlines.window {
            StampWindow::SevenBusinessDays => t.stamp_window_seven,
            StampWindow::TwoMonthsAndSevenBusinessDays => t.stamp_window_cycle,
        },
        days: deadlines
            .days
            .iter()
            .take(DAYS_SHOWN)
            .map(|DeadlineDay { day, records }| DayRow {
                day: display::day(*day, lang),
                records: *records,
                over: *day < today,
            })
            .collect(),
        more_days: deadlines.days.iter().skip(DAYS_SHOWN).map(|day| day.records).sum::<u64>()
            + deadlines.not_looked_at,
        proven: status.proven_time.map(|time| display::instant(time, zone, lang)),
        renewals: status.renewals.iter().take(DAYS_SHOWN).map(|one| renewal_row(one, zone, lang)).collect(),
        requests: status.requests.iter().map(|one| request_row(one, zone, t, lang)).collect(),
        status,
        page,
    };
    super::render(StatusCode::OK, &template)
}

fn renewal_row(renewal: &PlannedRenewal, zone: Tz, lang: Lang) -> RenewalRow {
    let day = |at: DateTime<Utc>| display::day(at.with_timezone(&zone).date_naive(), lang);
    let (ja, en) = renewal.state.words();
    RenewalRow {
        ends: day(renewal.ends),
        records: renewal.records,
        opens: day(renewal.opens),
        planned: day(renewal.planned),
        state: if lang == Lang::Ja { ja } else { en },
        tone: match renewal.state {
            RenewalState::Lapsed | RenewalState::AuthorityRevoked | RenewalState::AlgorithmGivenUp => "bad",
            RenewalState::Due => "",
            RenewalState::Planned | RenewalState::NotYet => "good",
        },
    }
}

fn bars(years: &[ExpiryYear], this_year: i32) -> Vec<Bar> {
    let most = years.iter().map(|year| year.records).max().unwrap_or(0).max(1);
    let shown = years.iter().take(YEARS_SHOWN).enumerate();
    shown
        .map(|(place, year)| {
            // Something is always to be seen, also beside a year with a million.
            let height = (u128::from(year.records) * u128::from(CHART_HEIGHT) / u128::from(most)) as u64;
            let (height, x) = (height.max(2), place * BAR_STEP + 16);
            let y = CHART_HEIGHT + 24 - height;
            let tone = match year.year - this_year {
                ..=0 => "over",
                1 => "soon",
                _ => "",
            };
            Bar {
                year: year.year,
                records: year.records,
                x,
                middle: x + BAR_WIDTH / 2,
                y,
                height,
                label_y: y - 6,
                tone,
            }
        })
        .collect()
}

fn request_row(request: &RequestView, zone: chrono_tz::Tz, t: &'static Text, lang: Lang) -> RequestRow {
    let (outcome, tone) = match request.outcome.as_str() {
        "granted" => (t.stamp_granted, "good"),
        "refused" => (t.stamp_refused, "bad"),
        _ => (t.stamp_unanswered, "bad"),
    };
    RequestRow {
        at: display::instant(request.asked_at, zone, lang),
        authority: request.authority.clone(),
        outcome,
        tone,
        reason: request.reason.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_year_fills_the_chart_and_the_smallest_can_be_seen() {
        let years = [(2026, 5), (2027, 1_000_000), (2036, 1)];
        let years = years.map(|(year, records)| ExpiryYear { year, records });
        let bars = bars(&years, 2026);
        assert_eq!(bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [2, CHART_HEIGHT, 2]);
        assert_eq!(bars.iter().map(|bar| bar.tone).collect::<Vec<_>>(), ["over", "soon", ""]);
        assert!(super::bars(&[], 2026).is_empty());
    }
}
