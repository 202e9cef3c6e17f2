//! Five-field cron expressions against dates worked out by hand.

use chrono_tz::{America, Asia, Europe};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The next occurrences after `from`, as clocks in `zone` show them.
fn occurrences(cron: &str, from: &str, zone: Tz, count: usize) -> Vec<String> {
    let cron: Cron = cron.parse().expect("a schedule");
    let mut after = at(from);
    (0..count)
        .map(|_| {
            after = cron.next(after, zone).expect("it fires");
            after.with_timezone(&zone).format("%a %Y-%m-%d %H:%M").to_string()
        })
        .collect()
}

#[test]
fn a_nightly_job_runs_by_the_clocks_of_the_archive() {
    let nights = occurrences("0 2 * * *", "2026-11-22T00:00:00Z", Asia::Tokyo, 2);
    assert_eq!(nights, ["Mon 2026-11-23 02:00", "Tue 2026-11-24 02:00"]);
}

#[test]
fn sunday_is_zero_and_seven_as_in_crontab() {
    for sunday in ["0", "7", "sun", "SUN"] {
        let found = occurrences(&format!("30 4 * * {sunday}"), "2026-11-22T00:00:00Z", Asia::Tokyo, 1);
        assert_eq!(found, ["Sun 2026-11-29 04:30"], "{sunday}");
    }
    let monday = occurrences("0 0 * * 1", "2026-11-22T00:00:00Z", Asia::Tokyo, 1);
    assert_eq!(monday, ["Mon 2026-11-23 00:00"]);
}

#[test]
fn ranges_of_weekdays_may_end_with_sunday() {
    let weekend = occurrences("0 9 * * 6-7", "2026-11-20T00:00:00Z", Asia::Tokyo, 3);
    assert_eq!(weekend, ["Sat 2026-11-21 09:00", "Sun 2026-11-22 09:00", "Sat 2026-11-28 09:00"]);
    let workdays = occurrences("0 9 * * 1-5", "2026-11-20T12:00:00Z", Asia::Tokyo, 2);
    assert_eq!(workdays, ["Mon 2026-11-23 09:00", "Tue 2026-11-24 09:00"]);
}

#[test]
fn day_of_month_and_day_of_week_are_alternatives_when_both_are_restricted() {
    let found = occurrences("0 0 1 * fri", "2026-11-22T00:00:00Z", Asia::Tokyo, 3);
    assert_eq!(found, ["Fri 2026-11-27 00:00", "Tue 2026-12-01 00:00", "Fri 2026-12-04 00:00"]);
}

#[test]
fn yearly_means_the_first_of_january() {
    let found = occurrences("0 3 1 1 *", "2026-11-22T00:00:00Z", Asia::Tokyo, 2);
    assert_eq!(found, ["Fri 2027-01-01 03:00", "Sat 2028-01-01 03:00"]);
}

#[test]
fn a_time_that_clocks_skip_comes_right_after_the_gap_and_no_day_is_lost() {
    // In 2026 clocks in Berlin go from 2:00 to 3:00 on 29 March.
    let found = occurrences("30 2 * * *", "2026-03-28T00:00:00Z", Europe::Berlin, 3);
    assert_eq!(found, ["Sat 2026-03-28 02:30", "Sun 2026-03-29 03:00", "Mon 2026-03-30 02:30"]);
}

#[test]
fn a_time_that_occurs_twice_fires_once() {
    // In 2026 clocks in New York show 1:30 twice on 1 November.
    let found = occurrences("30 1 * * *", "2026-10-31T12:00:00Z", America::New_York, 2);
    assert_eq!(found, ["Sun 2026-11-01 01:30", "Mon 2026-11-02 01:30"]);
}

#[test]
fn a_day_that_never_comes_is_refused() {
    assert_eq!("0 0 30 2 *".parse::<Cron>().unwrap_err(), CronError::Never("0 0 30 2 *".into()));
    assert!("0 0 29 2 *".parse::<Cron>().is_ok());
}

#[test]
fn what_is_no_cron_expression_is_refused() {
    for wrong in
        ["", "* * * *", "0 2 * * * *", "@daily", "60 * * * *", "0 25 * * *", "0 0 * * 8", "0 0 * * xyz"]
    {
        assert!(wrong.parse::<Cron>().is_err(), "{wrong:?}");
    }
}
