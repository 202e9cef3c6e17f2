//! Whether a job is due: a pure rule over what happened last, the schedule and the time.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::cron::Cron;

/// Attempts at one occurrence before it is given up until the next.
pub const MAX_ATTEMPTS: u32 = 4;
/// Missed occurrences counted; beyond it the number stands for "many".
const MAX_MISSED: u32 = 1_000;

/// What is remembered of a job between runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Since when the job is scheduled at all: nothing before it was missed.
    pub since: DateTime<Utc>,
    /// The newest occurrence that has been run, or given up.
    pub last_due: Option<DateTime<Utc>>,
    /// Failures of that occurrence so far; 0 when it succeeded.
    pub failures: u32,
    /// When the last attempt ended.
    pub last_end: Option<DateTime<Utc>>,
    pub paused: bool,
}

/// What is to be done about a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Run it for this occurrence. `missed` earlier ones passed while nothing ran; one run serves them all.
    Now { occurrence: DateTime<Utc>, missed: u32 },
    /// It failed for this occurrence; try again.
    Retry { occurrence: DateTime<Utc>, attempt: u32 },
    /// Nothing before this moment.
    Later(DateTime<Utc>),
    /// Nothing until somebody resumes it.
    Paused,
}

/// Decides. Total: whatever the clock does, an occurrence is run at most once, and a missed one is made up for.
pub fn due(past: &Past, cron: &Cron, now: DateTime<Utc>, zone: Tz) -> Due {
    if past.paused {
        return Due::Paused;
    }
    // A clock that was set back must not keep a job waiting for a time that it has already seen.
    let from = past.last_due.unwrap_or(past.since).min(now);
    let Some(next) = cron.next(from, zone) else { return Due::Paused };
    if next <= now {
        let (occurrence, missed) = newest(cron, next, now, zone);
        return Due::Now { occurrence, missed };
    }
    match (past.last_due, past.last_end) {
        (Some(occurrence), Some(end)) if (1..MAX_ATTEMPTS).contains(&past.failures) => {
            let again = end.min(now) + pause_after(past.failures);
            if again <= now {
                Due::Retry { occurrence, attempt: past.failures + 1 }
            } else {
                Due::Later(again.min(next))
            }
        }
        _ => Due::Later(next),
    }
}

/// How long to wait after so many failures: 1, 5, 25 minutes.
fn pause_after(failures: u32) -> TimeDelta {
    TimeDelta::minutes(5_i64.pow(failures.saturating_sub(1).min(3)))
}

/// The newest occurrence up to `now`, and how many there were before it.
fn newest(cron: &Cron, first: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> (DateTime<Utc>, u32) {
    let (mut occurrence, mut missed) = (first, 0);
    while missed < MAX_MISSED
        && let Some(next) = cron.next(occurrence, zone).filter(|next| *next <= now)
    {
        occurrence = next;
        missed += 1;
    }
    // After more than that the rest is skipped: what matters is that the next search begins at the present.
    if missed == MAX_MISSED { (now, missed) } else { (occurrence, missed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Tokyo;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}+09:00").parse::<DateTime<chrono::FixedOffset>>().expect("a time").with_timezone(&Utc)
    }

    fn nightly() -> Cron {
        "0 2 * * *".parse().expect("a schedule")
    }

    fn past() -> Past {
        Past { since: at("2026-11-01T12:00:00"), last_due: None, failures: 0, last_end: None, paused: false }
    }

    #[test]
    fn nothing_is_due_before_the_first_occurrence() {
        let due = due(&past(), &nightly(), at("2026-11-01T13:00:00"), ZONE);
        assert_eq!(due, Due::Later(at("2026-11-02T02:00:00")));
    }

    #[test]
    fn an_occurrence_is_run_once() {
        let now = at("2026-11-02T02:00:30");
        let occurrence = at("2026-11-02T02:00:00");
        assert_eq!(due(&past(), &nightly(), now, ZONE), Due::Now { occurrence, missed: 0 });
        let done = Past { last_due: Some(occurrence), last_end: Some(now), ..past() };
        assert_eq!(due(&done, &nightly(), now, ZONE), Due::Later(at("2026-11-03T02:00:00")));
    }

    #[test]
    fn after_downtime_one_run_makes_up_for_all_that_were_missed() {
        let due = due(&past(), &nightly(), at("2026-11-05T09:00:00"), ZONE);
        assert_eq!(due, Due::Now { occurrence: at("2026-11-05T02:00:00"), missed: 3 });
    }

    #[test]
    fn a_failure_is_tried_again_with_growing_pauses_and_then_left_until_the_next_night() {
        let occurrence = at("2026-11-02T02:00:00");
        let failed = |failures, end: &str| Past {
            last_due: Some(occurrence),
            failures,
            last_end: Some(at(end)),
            ..past()
        };
        let first = failed(1, "2026-11-02T02:10:00");
        assert_eq!(
            due(&first, &nightly(), at("2026-11-02T02:10:30"), ZONE),
            Due::Later(at("2026-11-02T02:11:00"))
        );
        let again = due(&first, &nightly(), at("2026-11-02T02:11:00"), ZONE);
        assert_eq!(again, Due::Retry { occurrence, attempt: 2 });
        let third = failed(3, "2026-11-02T03:00:00");
        assert_eq!(
            due(&third, &nightly(), at("2026-11-02T03:20:00"), ZONE),
            Due::Later(at("2026-11-02T03:25:00"))
        );
        let given_up = failed(MAX_ATTEMPTS, "2026-11-02T04:00:00");
        assert_eq!(
            due(&given_up, &nightly(), at("2026-11-02T23:00:00"), ZONE),
            Due::Later(at("2026-11-03T02:00:00"))
        );
    }

    #[test]
    fn a_clock_set_back_neither_repeats_nor_blocks_a_job() {
        let ran = Past { last_due: Some(at("2026-11-10T02:00:00")), last_end: None, ..past() };
        let now = at("2026-11-03T12:00:00");
        assert_eq!(due(&ran, &nightly(), now, ZONE), Due::Later(at("2026-11-04T02:00:00")));
    }

    #[test]
    fn a_clock_that_jumps_over_three_runs_causes_one() {
        let ran = Past { last_due: Some(at("2026-11-02T02:00:00")), ..past() };
        let due = due(&ran, &nightly(), at("2026-11-05T02:00:01"), ZONE);
        assert_eq!(due, Due::Now { occurrence: at("2026-11-05T02:00:00"), missed: 2 });
    }

    #[test]
    fn a_paused_job_waits_for_people() {
        let paused = Past { paused: true, ..past() };
        assert_eq!(due(&paused, &nightly(), at("2030-01-01T00:00:00"), ZONE), Due::Paused);
    }

    #[test]
    fn centuries_of_downtime_are_counted_only_so_far() {
        let minutely: Cron = "* * * * *".parse().expect("a schedule");
        let now = at("2126-11-01T12:00:00");
        assert_eq!(due(&past(), &minutely, now, ZONE), Due::Now { occurrence: now, missed: MAX_MISSED });
    }
}
