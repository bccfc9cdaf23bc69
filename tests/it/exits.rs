//! The exit codes, a public contract: what leads to each, and what it leaves behind.

use std::net::TcpListener;

use mjbatch::sandbox::Settings;
use mjbatch::task::State;

use crate::support::{Answer, Desk, Service, Wire, paid_once, quick, reply};

#[test]
fn code_0_all_is_done_and_the_next_run_has_nothing_to_do() {
    let (service, desk) = (Service::with(""), Desk::of(3));
    desk.run(&service.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 3);
    let ran = desk.run(&service.url()).ends_with(0);
    insta::assert_snapshot!(ran.stderr, @"
    spring: 3 tasks, nothing to do
      3 done
      results: spring.results.csv
    ");
    assert_eq!(service.submits(), 3);
}

#[test]
fn code_2_wrong_usage_is_said_before_anything_is_left_behind() {
    let service = Service::with("");
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
        let desk = Desk::of(2);
        let ran = desk.mjbatch(wrong).at(&service.url()).ends_with(2);
        assert!(ran.stderr.starts_with("error: ") && ran.stdout.is_empty(), "{wrong}: {ran:?}");
        assert_eq!(desk.files(), ["spring.csv"], "{wrong}");
    }
    assert_eq!(service.submits(), 0);
}

#[test]
fn code_2_a_wrong_manifest_leaves_nothing_behind() {
    let (service, desk) = (Service::with(""), Desk::with("id,prompt,mode\na,a mug,fast\nb,a cup,slow\n"));
    let ran = desk.run(&service.url()).ends_with(2);
    assert!(ran.stderr.contains("spring.csv:3:"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
    assert_eq!((desk.files(), service.submits()), (vec!["spring.csv".to_owned()], 0));
}

#[test]
fn code_2_a_missing_key_is_named_with_the_way_to_do_without() {
    let desk = Desk::of(1);
    let unset = desk.mjbatch("run spring.csv").ends_with(2).stderr;
    insta::assert_snapshot!(unset, @"
    error: no API key: the environment variable MIDJOURNEY_API_KEY is not set
     |
     = note: the key is on your account's page at midjourney-api.com
     = note: nothing was submitted
     = help: `export MIDJOURNEY_API_KEY=…`, or try it without one: add `--sandbox`
    ");
    for empty in ["", "  "] {
        let ran = desk.mjbatch("run spring.csv").env("MIDJOURNEY_API_KEY", empty).ends_with(2);
        assert_eq!(ran.stderr, unset);
    }
    assert_eq!(desk.files(), ["spring.csv"]);
}

#[test]
fn code_2_a_folder_for_the_results_that_is_not_there_is_found_before_anything_is_spent() {
    let (service, desk) = (Service::with(""), Desk::of(1));
    let ran = desk.run(&service.url()).and("--results no/such/out.csv").ends_with(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: results cannot be written to `no/such/out.csv`: the folder `no/such` does not exist; create it, or give another path with `--results`
     |
     = note: nothing was submitted
    ");
    assert_eq!((desk.files(), service.submits()), (vec!["spring.csv".to_owned()], 0));
}

#[test]
fn code_3_what_was_refused_and_what_failed_is_failed_for_good() {
    let service = Service::with("submit-moderated=blood, job-moderated=knife");
    let desk = Desk::with("id,prompt\na,a mug\nb,a blood orange\nc,a knife\nd,a cup\n");
    let ran = desk.run(&service.url()).ends_with(3);
    let results = desk.results();
    assert_eq!(results.column("status"), ["done", "failed", "failed", "done"]);
    assert_eq!(
        results.column("reason"),
        ["", "banned prompt detected (code 1403)", "Banned prompt detected", ""]
    );
    assert_eq!(results.rows[1].images(), [""; 0]);
    assert!(ran.stderr.contains("failed b: banned prompt detected (code 1403)"), "{}", ran.stderr);
    desk.run(&service.url()).ends_with(3);
    assert_eq!(service.submits(), 4, "neither is sent again");
}

#[test]
fn code_4_a_refused_key_costs_one_submit_and_marks_nothing_failed() {
    for fault in ["key-refused", "key-refused, key-http=403", "key-refused, key-http=200"] {
        let (service, desk) = (Service::with(fault), Desk::of(12));
        let ran = desk.run(&service.url()).ends_with(4);
        assert!(ran.stderr.contains("MIDJOURNEY_API_KEY"), "{}", ran.stderr);
        assert_eq!((service.submits(), service.jobs()), (1, 0), "{fault}");
        assert_eq!(desk.results().count("pending"), 12, "{fault}");

        let service = Service::with("");
        desk.run(&service.url()).ends_with(0);
        assert_eq!(desk.results().count("done"), 12);
    }
}

#[test]
fn code_4_a_key_that_is_refused_in_mid_run_marks_nothing_failed_and_the_jobs_are_followed_later() {
    let first = Service::taking(200.0..=400.0, "key-refused-after=6");
    let desk = Desk::of(12);
    desk.run(&first.url()).and("--concurrency 4").ends_with(4);
    let results = desk.results();
    assert_eq!(results.count("failed") + results.count("unknown") + results.count("lost"), 0);
    assert!(results.count("pending") > 0 && first.jobs() > 0, "{results:?}");

    let second = Service::with("");
    desk.run(&second.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 12);
    assert_eq!(paid_once(&[&first.ledger(), &second.ledger()]).len(), 12);
}

#[test]
fn code_5_nothing_listens_and_the_tasks_wait_for_another_run() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = Desk::of(3);
    let ran = desk.run(&format!("http://{closed}")).and("--patience 300ms").ends_with(5);
    assert!(ran.stderr.contains("the service cannot be reached"), "{}", ran.stderr);
    assert_eq!(desk.results().count("pending"), 3);

    let service = Service::of(Settings { listen: closed, ..quick("") });
    desk.run(&service.url()).ends_with(0);
    assert_eq!(paid_once(&[&service.ledger()]).len(), 3);
}

#[test]
fn code_5_no_such_api_lives_at_the_address() {
    let (service, desk) = (Service::with("api-404"), Desk::of(3));
    let ran = desk.run(&service.url()).ends_with(5);
    assert!(ran.stderr.contains("404"), "{}", ran.stderr);
    assert_eq!(service.submits(), 1);
    assert_eq!(desk.results().count("pending"), 3);
}

#[test]
fn code_5_the_service_breaks_while_jobs_run_and_they_are_followed_later() {
    let first = Service::with("status-html");
    let desk = Desk::of(3);
    desk.run(&first.url()).and("--patience 300ms").ends_with(5);
    assert_eq!(desk.results().count("running"), 3);

    let second = Service::with("");
    desk.run(&second.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 3);
    assert_eq!((first.jobs(), second.jobs()), (3, 0));
}

#[test]
fn code_6_a_service_that_is_broken_for_submits_is_tried_a_few_times_and_each_is_unknown() {
    for page in ["<html>down</html>", "", "{\"status\":500,\"error\":\"Internal Server Error\"}"] {
        let answer = reply("500 Internal Server Error", "", page);
        let (wire, desk) = (Wire::answering(move |_| Answer::Bytes(answer.clone())), Desk::of(12));
        desk.run(&wire.url()).and("--patience 100ms").ends_with(6);
        let results = desk.results();
        assert_eq!(results.count("unknown"), wire.submits(), "each request may have been taken");
        assert!((1..=5).contains(&wire.submits()), "{} may have been paid for", wire.submits());
        assert_eq!(results.count("pending"), 12 - wire.submits());
    }
}

#[test]
fn code_6_a_lost_reply_is_never_sent_again() {
    let (service, desk) = (Service::with("accept-cut=only:2"), Desk::of(4));
    let ran = desk.run(&service.url()).ends_with(6);
    let results = desk.results();
    assert_eq!((results.count("unknown"), results.count("done")), (1, 3));
    assert!(ran.stderr.contains("the job may exist and be billed"), "{}", ran.stderr);
    for _ in 0..2 {
        desk.run(&service.url()).ends_with(6);
        assert_eq!(desk.results().rows, results.rows);
    }
    assert_eq!((service.submits(), paid_once(&[&service.ledger()]).len()), (4, 4));
}

#[test]
fn code_7_the_quota_runs_out_in_mid_run_and_the_rest_goes_on_after_a_top_up() {
    let first = Service::with("quota=20"); // five fast jobs
    let desk = Desk::of(12);
    let ran = desk.run(&first.url()).ends_with(7);
    assert!(ran.stderr.contains("out of quota; top it up and run again"), "{}", ran.stderr);
    let results = desk.results();
    assert_eq!((results.count("done"), results.count("pending")), (5, 7), "what ran was followed");

    let second = Service::with("");
    desk.run(&second.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 12);
    assert_eq!((first.jobs(), second.jobs()), (5, 7));
    paid_once(&[&first.ledger(), &second.ledger()]);
}

#[test]
fn code_7_comes_before_code_6() {
    let (service, desk) = (Service::with("accept-cut=only:1, quota=8"), Desk::of(4));
    desk.run(&service.url()).ends_with(7);
    let [unknown, done, pending] = desk.count([State::Unknown, State::Done, State::Pending]);
    assert_eq!((unknown, done, pending), (1, 1, 2));
}

#[test]
fn code_10_a_limit_is_kept_and_run_after_run_the_rest_follows() {
    let (service, desk) = (Service::with(""), Desk::of(8));
    for (code, done) in [(10, 3), (10, 6), (0, 8)] {
        desk.run(&service.url()).and("--limit 3").ends_with(code);
        let results = desk.results();
        assert_eq!((results.count("done"), results.count("pending")), (done, 8 - done));
        assert_eq!(service.submits(), done as u64);
    }
    desk.run(&service.url()).and("--limit 0").ends_with(0);
}

#[test]
fn code_11_a_second_run_is_told_who_holds_the_state_and_the_first_is_not_disturbed() {
    let service = Service::taking(800.0..=800.0, "");
    let desk = Desk::of(4);
    let first = desk.run(&service.url()).and("--concurrency 2 --progress json").start();
    first.says("\"event\":\"submitted\"");
    let second = desk.run(&service.url()).ends_with(11);
    assert!(second.stderr.contains(&format!("process {}", first.id())), "{}", second.stderr);
    assert!(second.stderr.contains("mjbatch status"), "{}", second.stderr);
    assert_eq!(first.ended().code, Some(0));
    assert_eq!(paid_once(&[&service.ledger()]).len(), 4);
    assert_eq!(service.submits(), 4);
    assert_eq!(desk.files(), ["spring.csv", "spring.mjbatch", "spring.results.csv"], "no lock is left");
}
