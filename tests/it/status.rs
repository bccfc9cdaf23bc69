//! `mjbatch status`: one object, at any time.

use serde_json::{Value, json};

use crate::support::{Desk, Service};

fn status(desk: &Desk, words: &str) -> Value {
    let ran = desk.mjbatch("status spring.csv --json").and(words).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
}

#[test]
fn after_a_run_it_has_the_batch_a_count_for_every_status_and_the_state() {
    let (service, desk) = (Service::with("submit-moderated=number 1"), Desk::of(5));
    desk.run(&service.url()).and("--limit 3 --prices fast=1.5").ends_with(10);
    assert_eq!(
        status(&desk, ""),
        json!({
            "batch": "spring",
            "state": "spring.mjbatch",
            "service": "a service on this machine",
            "running_now": null,
            "total": 5,
            "counts": {"pending": 2, "running": 0, "done": 2, "failed": 1, "unknown": 0, "lost": 0, "skipped": 0},
            "quota": 3.0,
            "resolve": null,
        })
    );
    insta::assert_snapshot!(desk.mjbatch("status spring.csv").ends_with(0).stdout, @"
    spring: 5 tasks
      2 done · 1 failed · 2 pending
      cost so far: 3 quota
      state: spring.mjbatch, of a service on this machine
      not running now
    ");
}

#[test]
fn while_a_run_goes_on_it_says_who_runs_and_where_it_stands() {
    let (service, desk) = (Service::taking(1000.0..=1000.0, ""), Desk::of(4));
    let run = desk.run(&service.url()).and("--concurrency 2 --progress json").start();
    run.says("\"event\":\"submitted\"");
    let meanwhile = status(&desk, "");
    assert_eq!(meanwhile["total"], 4);
    assert!(meanwhile["running_now"].as_str().unwrap().contains(&format!("process {}", run.id())));
    assert!(meanwhile["counts"]["running"].as_u64().unwrap() >= 1, "{meanwhile}");
    assert_eq!(meanwhile["counts"]["unknown"], 0);
    assert_eq!(run.ended().code, Some(0), "a look does not disturb it");
    assert_eq!(status(&desk, "")["counts"]["done"], 4);
}

#[test]
fn without_a_state_it_says_so_and_makes_none() {
    let desk = Desk::of(1);
    let ran = desk.mjbatch("status spring.csv --json").ends_with(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: there is no state at spring.mjbatch: this batch was never run
     |
     = help: name another state with `--state`, or a rehearsal's with `--sandbox`
    ");
    assert_eq!((ran.stdout.as_str(), desk.files()), ("", vec!["spring.csv".to_owned()]));
}

#[test]
fn it_needs_neither_the_manifest_nor_a_key() {
    let (service, desk) = (Service::with(""), Desk::of(2));
    desk.run(&service.url()).ends_with(0);
    std::fs::remove_file(desk.path("spring.csv")).unwrap();
    assert_eq!(status(&desk, "")["counts"]["done"], 2);
    std::fs::rename(desk.path("spring.mjbatch"), desk.path("moved")).unwrap();
    assert_eq!(status(&desk, "--state moved")["state"], "moved");
}
