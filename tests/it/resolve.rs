//! What a person decides about what is unknown, held against what the service has billed.

use std::collections::HashMap;

use mjbatch::task::State;
use serde_json::Value;

use crate::support::{SandboxService, TestDir, assert_paid_once, wait_until};

/// Three tasks, of which the reply to the second was lost.
fn one_lost() -> (SandboxService, TestDir) {
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:2"), TestDir::with_tasks(3));
    let ran = dir.run(&service.url()).args("--prices fast=4 --concurrency 1").expect_code(6);
    assert!(ran.stderr.contains("    to resolve: mjbatch resolve spring.csv\n"), "{}", ran.stderr);
    (service, dir)
}

/// How often each prompt was billed.
fn billed(service: &SandboxService) -> HashMap<String, usize> {
    let mut billed = HashMap::new();
    for job in service.ledger().jobs {
        *billed.entry(job.prompt).or_default() += 1;
    }
    billed
}

/// A text without its times, which are never the same.
fn without_submit_time(text: &str) -> String {
    let line = |line: &str| match (line.find("submitted 2"), line.find(" UTC")) {
        (Some(from), Some(to)) => format!("{}submitted …{}", &line[..from], &line[to..]),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn unknown_tasks_are_listed_with_the_commands_that_resolve_them() {
    let (service, dir) = one_lost();
    let ran = dir.mjbatch("resolve spring.csv").expect_code(6);
    insta::assert_snapshot!(without_submit_time(&ran.stdout), @"
    spring: 1 of 3 tasks unknown
      t1  submitted … UTC, fast, 4 quota
        a mug number 1 on linen
        the reply was lost: connection closed before message completed
    The reply to each of these submits was lost: the job may exist and be billed, and counts as spent.
    It is never submitted again by itself. Look for it in your account, by its time and its prompt.
      If it is there: the next run follows it, and nothing is paid again.
        mjbatch resolve spring.csv --task t1 --found TASKID
      If it is not there, or you would rather risk paying twice: the next run makes a new paid attempt.
        mjbatch resolve spring.csv --task t1 --resend
      If you no longer want it: it is never submitted again, and still counts as spent.
        mjbatch resolve spring.csv --task t1 --give-up
    For some tasks use `--only NAME=VALUE`, as in `--only id=hero/*`, for all of them `--all`.
    ");
    assert_eq!(ran.stderr, "");
    let ran = dir.mjbatch("resolve spring.csv --json").expect_code(6);
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&listed["unknown"], &listed["total"], &listed["running_now"]),
        (&1.into(), &3.into(), &Value::Null)
    );
    let task = &listed["tasks"][0];
    assert_eq!((&task["id"], &task["mode"], &task["quota"]), (&"t1".into(), &"fast".into(), &4.0.into()));
    assert_eq!((&task["prompt"], &task["run"]), (&"a mug number 1 on linen".into(), &1.into()));
    let status = dir.mjbatch("status spring.csv").expect_code(0);
    assert!(
        status.stdout.contains("  resolve unknown tasks: mjbatch resolve spring.csv\n"),
        "{}",
        status.stdout
    );
    let plan = dir.mjbatch("plan spring.csv").expect_code(0);
    let said = "unknown: 1 task, not sent again by itself: mjbatch resolve spring.csv\nto submit: nothing\n";
    assert!(plan.stdout.contains(said), "{}", plan.stdout);
    assert_eq!(service.submits(), 3, "looking costs nothing");
}

#[test]
fn a_resent_task_is_billed_once_more_however_often_it_is_resolved_or_killed() {
    let (service, dir) = one_lost();
    let ran = dir.mjbatch("resolve spring.csv --task t1 --resend").expect_code(0);
    insta::assert_snapshot!(ran.stdout, @"
    1 task to submit again, each paid for again; what was submitted before still counts as spent
    next: mjbatch run spring.csv
    ");
    let ran = dir.mjbatch("resolve spring.csv --all --resend").expect_code(0);
    insta::assert_snapshot!(ran.stdout, @"
    nothing to resolve: no selected task is unknown
    next: mjbatch run spring.csv
    ");
    assert_eq!(service.submits(), 3, "nothing is sent by resolve");
    // Killed between the decision and its submit, and once more when that has left.
    dir.run(&service.url()).start().kill();
    dir.run(&service.url()).args("--patience 300ms").output();
    dir.run(&service.url()).output();
    let twice: Vec<_> = billed(&service).into_iter().filter(|(_, times)| *times > 1).collect();
    match dir.count([State::Done, State::Unknown]) {
        // The kill came before the submit, or after its reply.
        [3, 0] => assert_eq!(twice, [("a mug number 1 on linen".to_owned(), 2)]),
        // Or between: then it is for a person again.
        [2, 1] => assert!(twice.len() <= 1, "{twice:?}"),
        other => panic!("{other:?}"),
    }
    assert!(service.jobs() <= 4);
}

#[test]
fn a_resent_task_is_done_and_both_attempts_are_counted() {
    let (service, dir) = one_lost();
    dir.mjbatch("resolve spring.csv --only id=t1 --resend").expect_code(0);
    let ran = dir.run(&service.url()).args("--prices fast=4").expect_code(0);
    assert!(ran.stderr.contains("cost: 4 quota in this run, 16 quota in all"), "{}", ran.stderr);
    assert_eq!(service.jobs(), 4);
    let results = dir.results();
    assert_eq!(
        (results.column("attempts"), results.column("quota")),
        (vec!["1", "2", "1"], vec!["4", "8", "4"])
    );
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);
}

#[test]
fn a_found_job_is_followed_and_nothing_is_billed_again() {
    let (service, dir) = one_lost();
    let ledger = service.ledger();
    let job = ledger.jobs.iter().find(|job| !job.reply_sent).unwrap();
    let found = format!("resolve spring.csv --task t1 --found {}", job.task_id);
    let ran = dir.mjbatch(&found).expect_code(0);
    let said = format!(
        "`t1` is followed as {} by the next run; nothing is paid again\nnext: mjbatch run spring.csv\n",
        job.task_id
    );
    assert_eq!(ran.stdout, said);
    dir.mjbatch(&found).expect_code(0);
    dir.run(&service.url()).expect_code(0);
    dir.mjbatch(&found).expect_code(0);
    let results = dir.results();
    assert_eq!((results.count("done"), &results.rows[1]["task_id"]), (3, job.task_id.as_str()));
    assert_eq!((service.submits(), assert_paid_once(&[&service.ledger()]).len()), (3, 3));
}

#[test]
fn a_task_id_of_another_task_or_of_no_job_is_never_billed_twice() {
    let (service, dir) = one_lost();
    let other = dir.results().rows[0]["task_id"].to_owned();
    let ran = dir.mjbatch("resolve spring.csv --task t1 --found").args(&other).expect_code(2);
    let said = format!("error: {other} already belongs to task `t0`");
    assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
    dir.mjbatch("resolve spring.csv --task t0 --found T9").expect_code(2);
    dir.mjbatch("resolve spring.csv --task t1 --found TASKID").expect_code(2);
    dir.mjbatch("resolve spring.csv --found T9").expect_code(2);
    dir.mjbatch("resolve spring.csv --all --found T9").expect_code(2);
    assert_eq!(dir.count([State::Unknown]), [1]);
    // A slip of the pen: the service does not know it, and the task is lost, not sent again.
    dir.mjbatch("resolve spring.csv --only id=t1 --found T9").expect_code(0);
    dir.run(&service.url()).expect_code(3);
    assert_eq!((dir.count([State::Lost, State::Done]), service.submits()), ([1, 2], 3));
}

#[test]
fn an_abandoned_task_is_never_resent_and_counts_as_spent() {
    let (service, dir) = one_lost();
    let ran = dir.mjbatch("resolve spring.csv --task t1 --give-up").expect_code(0);
    insta::assert_snapshot!(ran.stdout, @"
    1 task given up; what was submitted still counts as spent
    next: mjbatch results spring.csv
    ");
    dir.mjbatch("resolve spring.csv --all --give-up").expect_code(0);
    dir.mjbatch("retry spring.csv").expect_code(0);
    for _ in 0..2 {
        let ran = dir.run(&service.url()).args("--prices fast=4").expect_code(3);
        assert!(ran.stderr.contains("given up by a person; "), "{}", ran.stderr);
        assert!(ran.stderr.contains("12 quota"), "{}", ran.stderr);
    }
    assert_eq!((service.submits(), assert_paid_once(&[&service.ledger()]).len()), (3, 3));
    assert_eq!(dir.results().column("status"), ["done", "lost", "done"]);
}

#[test]
fn ambiguous_decisions_are_errors_and_do_not_disturb_a_run() {
    let (_, dir) = one_lost();
    for (words, said) in [
        ("--resend", "no tasks selected"),
        ("--task t7 --resend", "the batch has no task `t7`"),
        ("--only colour=red --resend", "no task has a variable `colour`"),
        ("--all", "required"),
        ("--all --resend --give-up", "cannot be used with"),
        ("--all --resend --json", "cannot be used with"),
    ] {
        let ran = dir.mjbatch("resolve spring.csv").args(words).expect_code(2);
        assert!(ran.stderr.contains(said), "{words}: {}", ran.stderr);
    }
    assert_eq!(dir.count([State::Unknown]), [1]);
    TestDir::with_tasks(1).mjbatch("resolve spring.csv").expect_code(2);

    let service = SandboxService::with_faults("job-slow, job-expire=hang");
    dir.write("spring.csv", crate::support::csv_rows(4));
    let running = dir.run(&service.url()).start();
    wait_until("it runs", || service.jobs() == 1);
    for way in ["--resend", "--give-up"] {
        dir.mjbatch("resolve spring.csv --all").args(way).expect_code(11);
    }
    dir.mjbatch("resolve spring.csv --task t1 --found T9").expect_code(11);
    let listed = dir.mjbatch("resolve spring.csv").expect_code(6);
    assert!(listed.stdout.contains("resolve them when it has ended"), "{}", listed.stdout);
    running.kill();
    // The submit whose run was killed has its reply, so it runs; the other is still the person's.
    assert_eq!(dir.count([State::Unknown, State::Running]), [1, 1]);
}

#[test]
fn resolve_needs_neither_manifest_nor_service_and_the_sandbox_has_its_own_state() {
    let (_, dir) = one_lost();
    std::fs::remove_file(dir.path("spring.csv")).unwrap();
    std::fs::rename(dir.path("spring.mjbatch"), dir.path("it's moved")).unwrap();
    let ran = dir.mjbatch("resolve spring.csv --state").arg("it's moved").expect_code(6);
    let command = r"mjbatch resolve spring.csv --state 'it'\''s moved' --task t1 --resend";
    assert!(ran.stdout.contains(command), "{}", ran.stdout);

    dir.write("spring.csv", "id,prompt\nt0,a mug\n");
    dir.mjbatch("run spring.csv --sandbox --speed 600 --fault accept-cut=first:1").expect_code(6);
    let ran = dir.mjbatch("resolve spring.csv --sandbox --all --resend").expect_code(0);
    assert!(ran.stdout.ends_with("next: mjbatch run spring.csv --sandbox\n"), "{}", ran.stdout);
    dir.mjbatch("run spring.csv --sandbox --speed 600").expect_code(0);
    let ran = dir.mjbatch("resolve spring.csv --sandbox").expect_code(0);
    assert_eq!(ran.stdout, "spring: nothing is unknown\n");
}

/// Three tasks in YAML, whose batch says this.
fn with_batch_settings(batch: &str) -> TestDir {
    let dir = TestDir::empty();
    let prompts = "prompts: [{ id: a, prompt: mug }, { id: b, prompt: cup }, { id: c, prompt: jar }]";
    dir.write("spring.yaml", format!("version: 1\nbatch: {{ retries: 0, {batch} }}\n{prompts}\n"));
    dir
}

#[test]
fn on_unknown_resend_resends_an_unknown_task_once() {
    let quick = "run spring.yaml --poll-min 20ms --poll-max 100ms --retry-after 20ms --concurrency 1";
    let (service, dir) =
        (SandboxService::with_faults("accept-cut=only:2"), with_batch_settings("on_unknown: resend"));
    let ran = dir.mjbatch(quick).with_service(&service.url()).args("--prices fast=4").expect_code(0);
    assert!(ran.stderr.contains("16 quota"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`on_unknown` is `resend`"), "{}", ran.stderr);
    let twice: Vec<_> = billed(&service).into_iter().filter(|(_, times)| *times > 1).collect();
    assert_eq!((twice, service.jobs()), (vec![("cup".to_owned(), 2)], 4));
    dir.mjbatch(quick).with_service(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);

    // The flag goes before the manifest; what it left unknown is sent again by a run that wants it.
    let (service, dir) =
        (SandboxService::with_faults("accept-cut=only:2"), with_batch_settings("on_unknown: resend"));
    dir.mjbatch(quick).with_service(&service.url()).args("--on-unknown keep").expect_code(6);
    assert_eq!((service.jobs(), assert_paid_once(&[&service.ledger()]).len()), (3, 3));
    dir.mjbatch(quick).with_service(&service.url()).expect_code(0);
    assert_eq!((service.jobs(), billed(&service)["cup"]), (4, 2));
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:2"), with_batch_settings(""));
    dir.mjbatch(quick).with_service(&service.url()).expect_code(6);
    dir.mjbatch(quick).with_service(&service.url()).expect_code(6);
    assert_eq!(service.jobs(), 3, "unless it is said, nobody pays twice");
}

#[test]
fn with_on_unknown_resend_a_task_is_resent_at_most_once_per_run() {
    let (service, dir) = (SandboxService::with_faults("accept-cut"), TestDir::with_tasks(1));
    for (run, jobs) in [(1, 2), (2, 3), (3, 4)] {
        dir.run(&service.url()).args("--on-unknown resend").expect_code(6);
        assert_eq!(service.jobs(), jobs, "run {run}");
    }
    let (service, dir) = (SandboxService::with_faults("accept-cut"), TestDir::with_tasks(12));
    dir.run(&service.url()).args("--on-unknown resend --patience 5s").output();
    assert!(service.jobs() <= 5, "{} were lost in a row", service.jobs());
}

#[test]
fn the_budget_also_limits_resends() {
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:1"), TestDir::with_tasks(3));
    let run = |budget: &str| {
        let words = format!("--on-unknown resend --concurrency 1 --prices fast=4 --budget {budget}");
        dir.run(&service.url()).args(&words).output().code
    };
    assert_eq!((run("12quota"), service.jobs()), (Some(8), 3));
    assert_eq!((run("16quota"), service.jobs()), (Some(0), 4));
}
