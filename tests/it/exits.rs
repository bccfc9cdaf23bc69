//! The exit codes, a public contract: what leads to each, and what it leaves behind.

use std::net::TcpListener;

use mjbatch::sandbox::SandboxSettings;
use mjbatch::task::State;

use crate::support::{RawReply, RawServer, SandboxService, TestDir, assert_paid_once, fast_sandbox, reply};

#[test]
fn code_0_all_tasks_are_done_and_the_next_run_has_nothing_to_do() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(3));
    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 3);
    let ran = dir.run(&service.url()).expect_code(0);
    insta::assert_snapshot!(ran.stderr, @"
    spring: 3 tasks, nothing to do
      3 done
      results: spring.results.csv
    ");
    assert_eq!(service.submits(), 3);
}

#[test]
fn code_2_wrong_usage_leaves_no_files() {
    let service = SandboxService::with_faults("");
    for wrong in [
        "run",
        "walk spring.csv",
        "run spring.csv --conurrency 3",
        "run spring.csv --concurrency 0",
        "run spring.csv --poll-min 2",
        "run spring.csv --poll-min 2s --poll-max 1s",
        "run spring.csv --base-url ftp://service",
        "run spring.csv --sandbox --base-url http://127.0.0.1:9",
        "run spring.csv --fault submit-429",
        "run spring.csv --sandbox --fault submit-492",
        "run spring.csv --sandbox --speed 0",
        "run spring.csv --prices fast",
        "run spring.csv --webhook-url https://hooks.example",
        "run spring.csv --state nowhere/spring.mjbatch",
        "run spring.csv --results nowhere/out.csv",
        "run spring.csv --results .",
        "status spring.csv",
        "sandbox --listen nowhere",
    ] {
        let dir = TestDir::with_tasks(2);
        let ran = dir.mjbatch(wrong).with_service(&service.url()).expect_code(2);
        assert!(ran.stderr.starts_with("error: ") && ran.stdout.is_empty(), "{wrong}: {ran:?}");
        assert_eq!(dir.files(), ["spring.csv"], "{wrong}");
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn code_2_an_invalid_manifest_leaves_no_files() {
    let (service, dir) =
        (SandboxService::with_faults(""), TestDir::with_csv("id,prompt,mode\na,a mug,fast\nb,a cup,slow\n"));
    let ran = dir.run(&service.url()).expect_code(2);
    assert!(ran.stderr.contains("spring.csv:3:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
    assert_eq!((dir.files(), service.submits()), (vec!["spring.csv".to_owned()], 0));
}

#[test]
fn code_2_a_missing_key_is_an_error_that_suggests_the_sandbox() {
    let dir = TestDir::with_tasks(1);
    let unset = dir.mjbatch("run spring.csv").expect_code(2).stderr;
    insta::assert_snapshot!(unset, @"
    error: no API key: the environment variable MIDJOURNEY_API_KEY is not set
     |
     = note: the key is on your account's page at midjourney-api.com
     = note: nothing was submitted
     = help: `export MIDJOURNEY_API_KEY=…`, or try it without one: add `--sandbox`
    ");
    for empty in ["", "  "] {
        let ran = dir.mjbatch("run spring.csv").env("MIDJOURNEY_API_KEY", empty).expect_code(2);
        assert_eq!(ran.stderr, unset);
    }
    assert_eq!(dir.files(), ["spring.csv"]);
}

#[test]
fn code_2_a_missing_results_folder_is_an_error_before_anything_is_submitted() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(1));
    let ran = dir.run(&service.url()).args("--results no/such/out.csv").expect_code(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: results cannot be written to `no/such/out.csv`: the folder `no/such` does not exist; create it, or give another path with `--results`
     |
     = note: nothing was submitted
    ");
    assert_eq!((dir.files(), service.submits()), (vec!["spring.csv".to_owned()], 0));
}

#[test]
fn code_3_rejected_prompts_and_failed_jobs_are_not_resubmitted() {
    let service = SandboxService::with_faults("submit-moderated=blood, job-moderated=knife");
    let dir = TestDir::with_csv("id,prompt\na,a mug\nb,a blood orange\nc,a knife\nd,a cup\n");
    let ran = dir.run(&service.url()).expect_code(3);
    let results = dir.results();
    assert_eq!(results.column("status"), ["done", "failed", "failed", "done"]);
    assert_eq!(
        results.column("reason"),
        ["", "banned prompt detected (code 1403)", "Banned prompt detected", ""]
    );
    assert_eq!(results.rows[1].images(), [""; 0]);
    assert!(ran.stderr.contains("failed b: banned prompt detected (code 1403)"), "{}", ran.stderr);
    dir.run(&service.url()).expect_code(3);
    assert_eq!(service.submits(), 4, "neither is sent again");
}

#[test]
fn code_4_a_rejected_key_costs_one_submit_and_fails_no_task() {
    for fault in ["key-refused", "key-refused, key-http=403", "key-refused, key-http=200"] {
        let (service, dir) = (SandboxService::with_faults(fault), TestDir::with_tasks(12));
        let ran = dir.run(&service.url()).expect_code(4);
        assert!(ran.stderr.contains("MIDJOURNEY_API_KEY"), "{}", ran.stderr);
        assert_eq!((service.submits(), service.jobs()), (1, 0), "{fault}");
        assert_eq!(dir.results().count("pending"), 12, "{fault}");

        let service = SandboxService::with_faults("");
        dir.run(&service.url()).expect_code(0);
        assert_eq!(dir.results().count("done"), 12);
    }
}

#[test]
fn code_4_a_key_rejected_during_a_run_fails_no_task_and_the_next_run_follows_the_jobs() {
    let first = SandboxService::with_job_time(200.0..=400.0, "key-refused-after=6");
    let dir = TestDir::with_tasks(12);
    dir.run(&first.url()).args("--concurrency 4").expect_code(4);
    let results = dir.results();
    assert_eq!(results.count("failed") + results.count("unknown") + results.count("lost"), 0);
    assert!(results.count("pending") > 0 && first.jobs() > 0, "{results:?}");

    let second = SandboxService::with_faults("");
    dir.run(&second.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 12);
    assert_eq!(assert_paid_once(&[&first.ledger(), &second.ledger()]).len(), 12);
}

#[test]
fn code_5_an_unreachable_service_leaves_the_tasks_pending() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = TestDir::with_tasks(3);
    let ran = dir.run(&format!("http://{closed}")).args("--patience 300ms").expect_code(5);
    assert!(ran.stderr.contains("the service cannot be reached"), "{}", ran.stderr);
    assert_eq!(dir.results().count("pending"), 3);

    let service = SandboxService::start(SandboxSettings { listen: closed, ..fast_sandbox("") });
    dir.run(&service.url()).expect_code(0);
    assert_eq!(assert_paid_once(&[&service.ledger()]).len(), 3);
}

#[test]
fn code_5_the_url_has_no_such_api() {
    let (service, dir) = (SandboxService::with_faults("api-404"), TestDir::with_tasks(3));
    let ran = dir.run(&service.url()).expect_code(5);
    assert!(ran.stderr.contains("404"), "{}", ran.stderr);
    assert_eq!(service.submits(), 1);
    assert_eq!(dir.results().count("pending"), 3);
}

#[test]
fn code_5_the_service_breaks_while_jobs_run_and_the_next_run_follows_them() {
    let first = SandboxService::with_faults("status-html");
    let dir = TestDir::with_tasks(3);
    dir.run(&first.url()).args("--patience 300ms").expect_code(5);
    assert_eq!(dir.results().count("running"), 3);

    let second = SandboxService::with_faults("");
    dir.run(&second.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 3);
    assert_eq!((first.jobs(), second.jobs()), (3, 0));
}

#[test]
fn code_6_a_service_with_broken_submits_gets_a_few_and_each_is_unknown() {
    for page in ["<html>down</html>", "", "{\"status\":500,\"error\":\"Internal Server Error\"}"] {
        let answer = reply("500 Internal Server Error", "", page);
        let (wire, dir) =
            (RawServer::with_reply(move |_| RawReply::Bytes(answer.clone())), TestDir::with_tasks(12));
        dir.run(&wire.url()).args("--patience 100ms").expect_code(6);
        let results = dir.results();
        assert_eq!(results.count("unknown"), wire.submits(), "each request may have been taken");
        assert!((1..=5).contains(&wire.submits()), "{} may have been paid for", wire.submits());
        assert_eq!(results.count("pending"), 12 - wire.submits());
    }
}

#[test]
fn code_6_a_submit_with_a_lost_reply_is_never_resent() {
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:2"), TestDir::with_tasks(4));
    let ran = dir.run(&service.url()).expect_code(6);
    let results = dir.results();
    assert_eq!((results.count("unknown"), results.count("done")), (1, 3));
    assert!(ran.stderr.contains("the job may exist and be billed"), "{}", ran.stderr);
    for _ in 0..2 {
        dir.run(&service.url()).expect_code(6);
        assert_eq!(dir.results().rows, results.rows);
    }
    assert_eq!((service.submits(), assert_paid_once(&[&service.ledger()]).len()), (4, 4));
}

#[test]
fn code_7_the_quota_runs_out_and_the_rest_is_submitted_after_a_top_up() {
    let first = SandboxService::with_faults("quota=20"); // five fast jobs
    let dir = TestDir::with_tasks(12);
    let ran = dir.run(&first.url()).expect_code(7);
    assert!(ran.stderr.contains("out of quota; top it up and run again"), "{}", ran.stderr);
    let results = dir.results();
    assert_eq!((results.count("done"), results.count("pending")), (5, 7), "what ran was followed");

    let second = SandboxService::with_faults("");
    dir.run(&second.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 12);
    assert_eq!((first.jobs(), second.jobs()), (5, 7));
    assert_paid_once(&[&first.ledger(), &second.ledger()]);
}

#[test]
fn code_7_comes_before_code_6() {
    let (service, dir) = (SandboxService::with_faults("accept-cut=only:1, quota=8"), TestDir::with_tasks(4));
    dir.run(&service.url()).expect_code(7);
    let [unknown, done, pending] = dir.count([State::Unknown, State::Done, State::Pending]);
    assert_eq!((unknown, done, pending), (1, 1, 2));
}

#[test]
fn code_10_each_run_submits_up_to_the_limit_until_all_is_done() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(8));
    for (code, done) in [(10, 3), (10, 6), (0, 8)] {
        dir.run(&service.url()).args("--limit 3").expect_code(code);
        let results = dir.results();
        assert_eq!((results.count("done"), results.count("pending")), (done, 8 - done));
        assert_eq!(service.submits(), done as u64);
    }
    dir.run(&service.url()).args("--limit 0").expect_code(0);
}

#[test]
fn code_11_a_second_run_names_the_holder_of_the_state_and_does_not_disturb_it() {
    let service = SandboxService::with_job_time(800.0..=800.0, "");
    let dir = TestDir::with_tasks(4);
    let first = dir.run(&service.url()).args("--concurrency 2 --progress json").start();
    first.wait_for_stdout("\"event\":\"submitted\"");
    let second = dir.run(&service.url()).expect_code(11);
    assert!(second.stderr.contains(&format!("process {}", first.id())), "{}", second.stderr);
    assert!(second.stderr.contains("mjbatch status"), "{}", second.stderr);
    assert_eq!(first.wait().code, Some(0));
    assert_eq!(assert_paid_once(&[&service.ledger()]).len(), 4);
    assert_eq!(service.submits(), 4);
    assert_eq!(dir.files(), ["spring.csv", "spring.mjbatch", "spring.results.csv"], "no lock is left");
}
