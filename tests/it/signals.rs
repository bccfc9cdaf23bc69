//! Ctrl-C and SIGTERM: the first lets the run follow what it has at the service, the second makes it leave at once.

use mjbatch::sandbox::Outcome;
use mjbatch::task::State;
use rustix::process::Signal;

use crate::support::{Desk, Running, Service, paid_once, until};

/// A run of eight tasks in three slots, with its first jobs at the service.
fn under_way(desk: &Desk, service: &Service) -> Running {
    let run = desk.run(&service.url()).and("--concurrency 3 --progress json").start();
    until("three jobs run", || service.jobs() == 3);
    run
}

fn first_signal(signal: Signal, code: i32) {
    let service = Service::taking(400.0..=500.0, "");
    let desk = Desk::of(8);
    let run = under_way(&desk, &service);
    run.signal(signal);
    assert_eq!(run.ended().code, Some(code));
    let results = desk.results();
    let (done, pending) = (results.count("done"), results.count("pending"));
    assert_eq!((done, done + pending), (service.jobs(), 8), "what ran was followed to its end");
    assert!(pending > 0, "nothing more was submitted");

    desk.run(&service.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 8);
    assert_eq!((paid_once(&[&service.ledger()]).len(), service.submits()), (8, 8));
}

fn second_signal(signals: [Signal; 2], code: i32) {
    let service = Service::taking(1500.0..=1600.0, "");
    let desk = Desk::of(8);
    let run = under_way(&desk, &service);
    until("their taskIds are durable", || desk.count([State::Running]) == [3]);
    run.signal(signals[0]);
    run.says("\"notice\":\"stopping\"");
    run.signal(signals[1]);
    let ran = run.ended();
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(service.ledger().jobs.iter().any(|job| job.outcome == Outcome::Running));
    assert!(ran.stdout.contains("\"left_running\":3"), "{}", ran.stdout);
    let results = desk.results();
    assert_eq!((results.count("running"), results.count("pending")), (3, 5));

    desk.run(&service.url()).ends_with(0);
    assert_eq!(desk.results().count("done"), 8);
    assert_eq!((paid_once(&[&service.ledger()]).len(), service.submits()), (8, 8));
}

#[test]
fn code_130_one_ctrl_c_follows_what_runs() {
    first_signal(Signal::INT, 130);
}

#[test]
fn code_143_one_sigterm_follows_what_runs() {
    first_signal(Signal::TERM, 143);
}

#[test]
fn a_terminal_that_is_closed_follows_what_runs() {
    first_signal(Signal::HUP, 143);
}

#[test]
fn code_130_two_ctrl_c_leave_at_once_and_the_jobs_are_followed_by_the_next_run() {
    second_signal([Signal::INT, Signal::INT], 130);
}

#[test]
fn code_143_two_sigterm_leave_at_once_and_the_first_signal_names_the_code() {
    second_signal([Signal::TERM, Signal::INT], 143);
}

#[test]
fn a_signal_is_heard_from_the_first_moment_on() {
    let service = Service::taking(100.0..=200.0, "");
    for _ in 0..5 {
        let desk = Desk::of(30);
        let run = desk.run(&service.url()).and("--progress json").start();
        run.says("\"event\":\"started\"");
        run.signal(Signal::INT);
        let ran = run.ended();
        assert_eq!(ran.code, Some(130), "{ran:?}");
        assert!(ran.stdout.contains("\"event\":\"finished\""), "{ran:?}");
        assert_eq!(desk.results().rows.len(), 30);
    }
}

#[test]
fn a_stop_that_leaves_nothing_undone_is_a_success() {
    let service = Service::taking(300.0..=300.0, "");
    let desk = Desk::of(2);
    let run = desk.run(&service.url()).start();
    until("both jobs run", || service.jobs() == 2);
    run.signal(Signal::INT);
    assert_eq!(run.ended().code, Some(0));
    assert_eq!(desk.results().count("done"), 2);
}

#[test]
fn a_submit_whose_reply_does_not_come_is_unknown_when_the_run_has_to_leave() {
    for fault in ["accept-hang=only:2", "submit-hang=only:2"] {
        let service = Service::with(fault);
        let desk = Desk::of(3);
        let run = desk.run(&service.url()).and("--progress json").start();
        until("all submits have arrived", || service.submits() == 3);
        until("the others are done", || desk.count([State::Done]) == [2]);
        run.signal(Signal::INT);
        run.says("\"notice\":\"stopping\"");
        run.signal(Signal::INT);
        run.ended();
        assert_eq!(desk.results().count("unknown"), 1, "{fault}");
        desk.run(&service.url()).ends_with(6);
        assert_eq!(service.submits(), 3, "{fault}");
    }
}

#[test]
fn a_status_request_that_is_never_answered_does_not_keep_a_run_from_leaving() {
    let service = Service::with("status-hang=first:1");
    let desk = Desk::of(3);
    let run = desk.run(&service.url()).and("--progress json").start();
    until("it asks", || service.ledger().statuses == 1);
    run.signal(Signal::TERM);
    run.says("\"notice\":\"stopping\"");
    run.signal(Signal::TERM);
    assert_eq!(run.ended().code, Some(143));
    desk.run(&service.url()).ends_with(0);
    assert_eq!((paid_once(&[&service.ledger()]).len(), service.submits()), (3, 3));
}

#[test]
fn a_job_that_never_ends_does_not_keep_a_run_from_leaving_and_is_not_forgotten() {
    let service = Service::with("job-slow=only:1, job-expire=hang");
    let desk = Desk::of(3);
    for _ in 0..2 {
        let run = desk.run(&service.url()).and("--progress json").start();
        run.says("\"event\":\"started\"");
        until("the others are done", || desk.count([State::Running, State::Done]) == [1, 2]);
        run.signal(Signal::INT);
        run.says("\"notice\":\"stopping\"");
        run.signal(Signal::INT);
        assert_eq!(run.ended().code, Some(130));
        assert_eq!((desk.results().count("running"), desk.results().count("done")), (1, 2));
    }
    assert_eq!(service.submits(), 3);
}
