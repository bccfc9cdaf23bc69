//! `mjbatch status`: one object, at any time.

use serde_json::{Value, json};

use crate::support::{SandboxService, TestDir};

fn status(dir: &TestDir, words: &str) -> Value {
    let ran = dir.mjbatch("status spring.csv --json").args(words).expect_code(0);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"))
}

#[test]
fn after_a_run_the_status_has_the_batch_all_counts_and_the_state() {
    let (service, dir) = (SandboxService::with_faults("submit-moderated=number 1"), TestDir::with_tasks(5));
    dir.run(&service.url()).args("--limit 3 --prices fast=1.5").expect_code(10);
    assert_eq!(
        status(&dir, ""),
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
    insta::assert_snapshot!(dir.mjbatch("status spring.csv").expect_code(0).stdout, @"
    spring: 5 tasks
      2 done · 1 failed · 2 pending
      cost so far: 3 quota
      state: spring.mjbatch, of a service on this machine
      not running now
    ");
}

#[test]
fn during_a_run_the_status_has_the_process_and_its_progress() {
    let (service, dir) = (SandboxService::with_job_time(1000.0..=1000.0, ""), TestDir::with_tasks(4));
    let run = dir.run(&service.url()).args("--concurrency 2 --progress json").start();
    run.wait_for_stdout("\"event\":\"submitted\"");
    let meanwhile = status(&dir, "");
    assert_eq!(meanwhile["total"], 4);
    assert!(meanwhile["running_now"].as_str().unwrap().contains(&format!("process {}", run.id())));
    assert!(meanwhile["counts"]["running"].as_u64().unwrap() >= 1, "{meanwhile}");
    assert_eq!(meanwhile["counts"]["unknown"], 0);
    assert_eq!(run.wait().code, Some(0), "a look does not disturb it");
    assert_eq!(status(&dir, "")["counts"]["done"], 4);
}

#[test]
fn the_status_without_a_state_is_an_error_and_makes_none() {
    let dir = TestDir::with_tasks(1);
    let ran = dir.mjbatch("status spring.csv --json").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: there is no state at spring.mjbatch: this batch was never run
     |
     = help: name another state with `--state`, or that of a sandbox run with `--sandbox`
    ");
    assert_eq!((ran.stdout.as_str(), dir.files()), ("", vec!["spring.csv".to_owned()]));
}

#[test]
fn the_status_needs_neither_the_manifest_nor_a_key() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    dir.run(&service.url()).expect_code(0);
    std::fs::remove_file(dir.path("spring.csv")).unwrap();
    assert_eq!(status(&dir, "")["counts"]["done"], 2);
    std::fs::rename(dir.path("spring.mjbatch"), dir.path("moved")).unwrap();
    assert_eq!(status(&dir, "--state moved")["state"], "moved");
}

/// A line without its time and taskId, which are never the same.
fn without_time_and_task_id(line: &str) -> String {
    let line = if line.starts_with("20") { format!("…{}", &line[19..]) } else { line.to_owned() };
    let is_task_id = |word: &&str| word.starts_with("sb") && word.len() > 30;
    match line.split(' ').find(is_task_id) {
        Some(task_id) => line.replace(task_id, &format!("{:<1$}", "sb…", task_id.len())),
        None => line,
    }
}

#[test]
fn the_ledger_has_every_attempt_and_its_cost() {
    let (service, dir) =
        (SandboxService::with_faults("job-fail=only:1, accept-cut=only:3, slots=1"), TestDir::with_tasks(3));
    let run = || dir.run(&service.url()).args("--concurrency 1 --prices fast=1.5");
    run().args("--retries 1").expect_code(6);
    dir.mjbatch("resolve spring.csv --all --resend").expect_code(0);
    dir.write("spring.csv", "id,prompt\nt1,a cup\nt2,a mug number 2 on linen\n");
    run().output();
    let ledger = |words: &str| dir.mjbatch("status spring.csv --attempts").args(words).expect_code(0).stdout;
    let spent = service.ledger().jobs.len() as f64 * 1.5;

    let all: Value = serde_json::from_str(&ledger("--json")).unwrap();
    let attempts = all["attempts"].as_array().unwrap();
    assert_eq!((all["quota"].as_f64(), all["count"].as_u64()), (Some(spent), Some(attempts.len() as u64)));
    let names = |wanted: &str| -> Vec<(String, u64)> {
        let of = attempts.iter().filter(|attempt| attempt["outcome"] == wanted);
        of.map(|it| (it["id"].as_str().unwrap().to_owned(), it["attempt"].as_u64().unwrap())).collect()
    };
    assert_eq!(names("unknown").len(), 1);
    assert_eq!(names("failed").len(), 1);
    assert_eq!(all["totals"]["unknown"], json!({"attempts": 1, "quota": 1.5, "unpriced": 0}));
    let billed: Vec<String> =
        service.ledger().jobs.into_iter().filter(|job| job.reply_sent).map(|job| job.task_id).collect();
    let known: Vec<&str> = attempts.iter().filter_map(|attempt| attempt["task_id"].as_str()).collect();
    assert_eq!(known, billed, "in the order in which they were made, of tasks that are gone too");
    assert!(attempts.iter().any(|attempt| attempt["run"] == 2), "{attempts:?}");
    assert_eq!(status(&dir, "")["quota"].as_f64(), Some(spent), "the same sum");

    let text = ledger("");
    assert!(text.ends_with(&format!("spent: at most {spent} quota\n")), "{text}");
    let csv = ledger("--csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        rows.headers().unwrap(),
        ["id", "attempt", "submitted_at", "mode", "quota", "task_id", "outcome", "reason", "run"].as_slice()
    );
    assert_eq!(rows.records().map(Result::unwrap).count(), attempts.len());
}

#[test]
fn the_ledger_can_be_a_table() {
    let (service, dir) = (SandboxService::with_faults("submit-moderated=number 1"), TestDir::with_tasks(3));
    dir.run(&service.url()).args("--limit 2 --concurrency 1 --prices fast=1.5").expect_code(10);
    dir.run(&service.url()).args("--concurrency 1").expect_code(3);
    let ran = dir.mjbatch("status spring.csv --attempts").expect_code(0);
    let shown: Vec<String> = ran.stdout.lines().map(without_time_and_task_id).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    submitted (UTC)      run  mode     quota  outcome       taskId                              task #attempt: why
    …    1  fast       1.5  done          sb…                                 t0 #1
    …    1  fast         0  refused       -                                   t1 #1: banned prompt detected (code 1403)
    …    2  fast         -  done          sb…                                 t2 #1
    3 attempts
      2 done: 1.5 quota, and 1 without a price
      1 refused: 0 quota
    spent: 1.5 quota, and 1 without a price
    ");
    TestDir::with_tasks(1).mjbatch("status spring.csv --attempts").expect_code(2);
    dir.mjbatch("status spring.csv --csv").expect_code(2);
}

#[test]
fn counts_by_a_column_show_the_value_that_rejections_share() {
    let service = SandboxService::with_job_time(40.0..=40.0, "submit-moderated=beach");
    let dir = TestDir::with_csv(
        "id,prompt,scene\na,a mug on a beach,beach\nb,a cup on a beach,beach\nc,a mug on wood,wood\nd,a cup on wood,wood\n",
    );
    dir.run(&service.url()).args("--prices fast=1.5 --limit 3").expect_code(10);
    let by = status(&dir, "--by scene --by mode")["by"].take();
    let values_of = |name: &str| -> Vec<(String, u64, Value, u64, Value)> {
        let values = by[name]["values"].as_array().unwrap().iter();
        let figures = values.map(|it| {
            let [tasks, refused] = ["tasks", "refused"].map(|name| it[name].as_u64().unwrap());
            (
                it["value"].as_str().unwrap().to_owned(),
                tasks,
                it["success"].clone(),
                refused,
                it["quota"].clone(),
            )
        });
        figures.collect()
    };
    let (beach, wood) = ("beach".to_owned(), "wood".to_owned());
    assert_eq!(
        values_of("scene"),
        [(beach, 2, json!(0.0), 2, json!(0.0)), (wood, 2, json!(1.0), 0, json!(1.5))]
    );
    assert_eq!(values_of("mode"), [("fast".to_owned(), 4, json!(1.0 / 3.0), 2, json!(1.5))]);
    assert!(by["scene"]["values"][1]["wait_s"].as_f64().unwrap() > 0.0);
    assert_eq!(by["scene"]["more"], 0);

    let text = dir.mjbatch("status spring.csv --by scene").expect_code(0).stdout;
    let beach = text.lines().find(|line| line.starts_with("  beach")).unwrap();
    let cells: Vec<&str> = beach.split_whitespace().collect();
    assert_eq!(cells, ["beach", "2", "0", "0", "%", "2", "-", "0", "-"], "{text}");

    let ran = dir.mjbatch("status spring.csv --by scenes").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: the batch has no column `scenes`
     |
     = note: there are `scene`, `mode`
     = help: did you mean `scene`?
    ");
}
