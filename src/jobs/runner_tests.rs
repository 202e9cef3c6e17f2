//! The schedule against an archive whose clock is ours.

use std::sync::Mutex;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::archive::{Clock, Options, create};

/// Shows what it was set to.
struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no test panics while it holds this")
    }
}

struct Scene {
    home: TempDir,
    clock: Arc<TestClock>,
    archive: Arc<Archive>,
    runner: Runner,
}

impl Scene {
    fn new() -> Self {
        let home = TempDir::new().expect("a directory");
        let data = home.path().join("archive");
        create(&data).expect("an archive");
        // A Monday, eleven in the morning in Tokyo.
        let clock = Arc::new(TestClock(Mutex::new("2027-02-01T02:00:00Z".parse().expect("a time"))));
        let archive =
            Archive::open(&data, Options { clock: clock.clone(), ..Options::default() }).expect("it opens");
        let archive = Arc::new(archive);
        let runner = Runner::new(archive.clone()).expect("the schedules are good");
        runner.begin().expect("jobs are remembered");
        Self { home, clock, archive, runner }
    }

    /// The program is started again.
    fn opened_again(self) -> Self {
        let Self { home, clock, archive, runner } = self;
        drop((archive, runner));
        let options = Options { clock: clock.clone(), ..Options::default() };
        let archive = Archive::open(&home.path().join("archive"), options).expect("it opens");
        let archive = Arc::new(archive);
        let runner = Runner::new(archive.clone()).expect("the schedules are good");
        runner.begin().expect("jobs are remembered");
        Self { home, clock, archive, runner }
    }

    fn pass(&self, time: TimeDelta) {
        *self.clock.0.lock().expect("no test panics while it holds this") += time;
    }

    fn runs(&self, job: &str) -> Vec<JobTrigger> {
        self.archive.job_runs(job).expect("history").into_iter().map(|run| run.why).collect()
    }
}

#[test]
fn nothing_runs_before_its_time_and_a_due_job_runs_once() {
    let scene = Scene::new();
    assert!(!scene.runner.run_next().expect("a look"));
    // Sunday 7 February, half past three in Tokyo, and a minute.
    scene.pass(TimeDelta::days(5) + TimeDelta::minutes(16 * 60 + 31));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("journal-verify"), [JobTrigger::Schedule]);
    assert!(!scene.runner.run_next().expect("a look"));
}

#[test]
fn weeks_without_a_server_are_made_up_for_with_one_run() {
    let scene = Scene::new();
    scene.pass(TimeDelta::days(27));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("journal-verify"), [JobTrigger::CatchUp]);
    assert_eq!(scene.runs("verify"), []);
}

#[test]
fn a_clock_that_jumps_over_three_scheduled_runs_causes_one_and_set_back_none() {
    let scene = Scene::new();
    scene.pass(TimeDelta::days(3));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("backup-daily"), [JobTrigger::CatchUp], "one backup holds what three would");
    scene.pass(TimeDelta::days(-3));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("backup-daily").len(), 1, "nothing happens twice");
    // Where the clock is right again, every night counts once more.
    scene.pass(TimeDelta::days(4));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("backup-daily").len(), 2);
}

#[test]
fn a_run_that_was_cut_off_is_closed_as_interrupted_and_tried_again_later() {
    let scene = Scene::new();
    scene.pass(TimeDelta::days(6));
    let who = Principal::system();
    let occurrence = Some(scene.archive.now());
    scene.archive.job_started(&who, "journal-verify", JobTrigger::Schedule, occurrence).expect("it begins");
    scene.runner.begin().expect("the program starts again");
    let run = &scene.archive.job_runs("journal-verify").expect("history")[0];
    assert_eq!(run.outcome, JobOutcome::Interrupted);
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("journal-verify").len(), 1, "not at once: it may have been the cause");
    scene.pass(TimeDelta::minutes(2));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("journal-verify"), [JobTrigger::Retry, JobTrigger::Schedule]);
}

#[test]
fn two_jobs_never_run_at_once() {
    let scene = Scene::new();
    let _busy = scene.runner.running.lock().expect("nobody else");
    let error = scene.runner.run(&Principal::system(), "verify").expect_err("somebody runs one");
    assert_eq!(error.code(), "conflict");
}

#[test]
fn history_keeps_a_hundred_runs() {
    let scene = Scene::new();
    for _ in 0..105 {
        scene.runner.run(&Principal::system(), "journal-verify").expect("it runs");
    }
    let runs = scene.archive.job_runs("journal-verify").expect("history");
    assert!((100..=101).contains(&runs.len()), "{}", runs.len());
    assert!(runs.windows(2).all(|pair| pair[0].number > pair[1].number));
}

#[test]
fn a_backup_that_is_told_to_stop_ends_before_its_end_and_is_tried_again() {
    let scene = Scene::new();
    let daily = scene.archive.layout().root().join("../daily");
    std::fs::create_dir(&daily).expect("a directory");
    let settings = scene.archive.layout().config();
    let text = std::fs::read_to_string(&settings).expect("settings");
    let text = text.replacen("[backup]\n", "[backup]\ndaily = \"../daily\"\n", 1);
    std::fs::write(&settings, text).expect("settings");
    let scene = scene.opened_again();
    scene.pass(TimeDelta::days(1));
    // The server ends while the backup begins.
    scene.runner.stop();
    assert!(scene.runner.run_next().expect("a look"));
    let run = &scene.archive.job_runs("backup-daily").expect("history")[0];
    assert_eq!(run.outcome, JobOutcome::Failed);
    assert!(run.message_en.contains("stopped before the end"), "{}", run.message_en);
    let scene = scene.opened_again();
    scene.pass(TimeDelta::minutes(2));
    while scene.runner.run_next().expect("a look") {}
    assert_eq!(scene.runs("backup-daily"), [JobTrigger::Retry, JobTrigger::Schedule]);
    let run = &scene.archive.job_runs("backup-daily").expect("history")[0];
    assert_eq!(run.outcome, JobOutcome::Done, "{}", run.message_en);
}
