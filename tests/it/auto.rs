//! A mode that is left to the run: decided by the deadline, never bought again, by the service's books.

use mjbatch::task::Mode;

use crate::support::{SandboxService, TestDir, assert_paid_once};

const PRICES: &str = "--prices fast=4,relaxed=2";

fn manifest(deadline: &str) -> String {
    format!(
        "version: 1\n{deadline}defaults: {{ mode: auto }}\nprompts:\n  - {{ id: a, prompt: a mug }}\n  - {{ id: b, prompt: a cup }}\n  - {{ id: c, prompt: a jar, mode: fast }}\n  - a tray\n"
    )
}

fn test_dir(deadline: &str) -> TestDir {
    let dir = TestDir::empty();
    dir.write("spring.yaml", manifest(deadline));
    dir
}

fn run(dir: &TestDir, service: &SandboxService, more: &str) -> crate::support::CliCommand {
    dir.mjbatch("run spring.yaml --poll-min 20ms --poll-max 100ms")
        .with_service(&service.url())
        .args(PRICES)
        .args(more)
}

/// How many jobs were billed in each mode.
fn billed(service: &SandboxService) -> (usize, usize) {
    let ledger = service.ledger();
    let fast = ledger.jobs.iter().filter(|job| job.mode == Mode::Fast).count();
    (fast, ledger.jobs.len() - fast)
}

#[test]
fn the_deadline_selects_the_modes_and_the_results_show_them() {
    for (deadline, fast, relaxed) in [("--deadline 6h", 1, 3), ("--deadline 20s", 4, 0)] {
        let (service, dir) = (SandboxService::with_faults(""), test_dir(""));
        let ran = run(&dir, &service, deadline).expect_code(0);
        assert!(!ran.stderr.contains("deadline"), "{}", ran.stderr);
        assert_eq!(billed(&service), (fast, relaxed), "{deadline}");
        let results = dir.results();
        let modes = results.column("mode");
        assert_eq!(modes.iter().filter(|mode| **mode == "fast").count(), fast, "{modes:?}");
        assert_eq!(results.column("quota").iter().filter(|quota| **quota == "4").count(), fast);
        run(&dir, &service, deadline).expect_code(0);
        assert_eq!(service.jobs(), 4, "run again");
    }
}

#[test]
fn changing_the_mode_to_auto_or_back_submits_nothing_again() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir(""));
    run(&dir, &service, "--deadline 6h").expect_code(0);
    for mode in ["fast", "relaxed", "auto"] {
        dir.write("spring.yaml", manifest("").replace("auto", mode));
        run(&dir, &service, "--deadline 6h").expect_code(0);
        // `c` was never left open, and `a tray` has no name but its content.
        let named = service.ledger().jobs.iter().filter(|job| job.prompt != "a tray").count();
        assert_eq!(named, 3, "{mode}");
    }
    // The modes in the results are no reason either.
    dir.write("spring.yaml", manifest(""));
    run(&dir, &service, "--deadline 6h").expect_code(0);
    let jobs = service.jobs();
    dir.mjbatch("run spring.results.csv").with_service(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), jobs);
}

#[test]
fn without_a_deadline_auto_tasks_are_relaxed_and_a_warning_says_so() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir(""));
    let ran = run(&dir, &service, "").expect_code(0);
    let said = "warning: 3 tasks of mode `auto` and no deadline: they are sent relaxed";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(billed(&service), (1, 3));
}

#[test]
fn a_past_deadline_is_an_error_as_an_option_and_means_fast_in_a_manifest() {
    let (service, dir) =
        (SandboxService::with_faults(""), test_dir("batch: { deadline: \"2026-01-01T08:00\" }\n"));
    let ran = run(&dir, &service, "--deadline 2025-01-01T08:00").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: the deadline `2025-01-01T08:00` is in the past
     |
     = note: nothing was submitted
     = help: give one in the future, as in `--deadline 08:00` or `--deadline 6h`
    ");
    assert_eq!(service.submits(), 0);
    let ran = run(&dir, &service, "").expect_code(0);
    let said = "warning: the deadline 2026-01-01T08:00 is over: 3 tasks of mode `auto` are sent fast";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(billed(&service), (4, 0));
}

#[test]
fn a_budget_of_auto_tasks_needs_both_prices_and_outranks_the_deadline() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir(""));
    let ran = dir
        .mjbatch("run spring.yaml --budget 10quota --prices fast=4")
        .with_service(&service.url())
        .expect_code(2);
    assert!(ran.stderr.contains("mode `relaxed` has no price"), "{}", ran.stderr);
    run(&dir, &service, "--deadline 20s --budget 12quota").expect_code(0);
    assert_eq!((billed(&service), service.ledger().quota), ((2, 2), 12));
    assert_paid_once(&[&service.ledger()]);
}

#[test]
fn a_plan_shows_the_modes_the_cost_and_whether_the_deadline_is_met() {
    let dir = test_dir("batch: { prices: { fast: 4, relaxed: 2 } }\n");
    let ran = dir.mjbatch("plan spring.yaml --deadline 6h").expect_code(0);
    let shown: Vec<&str> = ran.stdout.lines().skip(1).take_while(|line| !line.starts_with("  new")).collect();
    let shown = shown.join("\n");
    let (before, after) = shown.split_once("deadline: ").unwrap();
    insta::assert_snapshot!(before, @"
    to submit: 4 tasks: 1 fast, 3 auto
    cost: 10 to 16 quota, at your prices
    time: about 6 min, in nine of ten cases under 10 min (estimated from usual job times; none of this batch was seen yet)
    modes: about 1 fast, 3 relaxed; 10 quota
    ");
    let expected = "(6h from now), met in nine of ten cases\nwrites: spring.mjbatch, spring.results.csv";
    assert!(after.ends_with(expected), "{after}");
    let ran = dir.mjbatch("plan spring.yaml --deadline 30s --json").expect_code(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(plan["to_submit"], serde_json::json!({ "fast": 1, "relaxed": 0, "auto": 3 }));
    assert_eq!((plan["least_quota"].as_f64(), plan["quota"].as_f64()), (Some(10.0), Some(16.0)));
    assert_eq!(plan["forecast"]["expected"]["fast"], 4);
    assert!(plan["forecast"]["deadline"]["late_half"].as_u64() > Some(2), "{plan}");
}

#[test]
fn tasks_that_will_miss_the_deadline_are_reported_before_and_after() {
    let (service, dir) = (SandboxService::with_job_time(600.0..=700.0, ""), TestDir::with_tasks(40));
    let words = "--poll-min 20ms --poll-max 100ms --deadline 1s --concurrency 10";
    let ran = dir.mjbatch("run spring.csv").with_service(&service.url()).args(words).expect_code(0);
    assert!(ran.stderr.contains("warning: about 40 tasks will not be done by"), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: the deadline has passed with "), "{}", ran.stderr);
}
