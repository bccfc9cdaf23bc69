//! Ctrl-C and SIGTERM: the first lets the run follow what it has at the service, the second makes it leave at once.

use mjbatch::sandbox::LedgerOutcome;
use mjbatch::task::State;
use rustix::process::Signal;

use crate::support::{RunningCommand, SandboxService, TestDir, assert_paid_once, wait_until};

/// A run of eight tasks in three slots, with its first jobs at the service.
fn start_and_wait_for_submit(dir: &TestDir, service: &SandboxService) -> RunningCommand {
    let run = dir.run(&service.url()).args("--concurrency 3 --progress json").start();
    wait_until("three jobs run", || service.jobs() == 3);
    run
}

fn first_signal(signal: Signal, code: i32) {
    let service = SandboxService::with_job_time(400.0..=500.0, "");
    let dir = TestDir::with_tasks(8);
    let run = start_and_wait_for_submit(&dir, &service);
    run.signal(signal);
    assert_eq!(run.wait().code, Some(code));
    let results = dir.results();
    let (done, pending) = (results.count("done"), results.count("pending"));
    assert_eq!((done, done + pending), (service.jobs(), 8), "what ran was followed to its end");
    assert!(pending > 0, "nothing more was submitted");

    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 8);
    assert_eq!((assert_paid_once(&[&service.ledger()]).len(), service.submits()), (8, 8));
}

fn second_signal(signals: [Signal; 2], code: i32) {
    let service = SandboxService::with_job_time(1500.0..=1600.0, "");
    let dir = TestDir::with_tasks(8);
    let run = start_and_wait_for_submit(&dir, &service);
    wait_until("their taskIds are durable", || dir.count([State::Running]) == [3]);
    run.signal(signals[0]);
    run.wait_for_stdout("\"notice\":\"stopping\"");
    run.signal(signals[1]);
    let ran = run.wait();
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(service.ledger().jobs.iter().any(|job| job.outcome == LedgerOutcome::Running));
    assert!(ran.stdout.contains("\"left_running\":3"), "{}", ran.stdout);
    let results = dir.results();
    assert_eq!((results.count("running"), results.count("pending")), (3, 5));

    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 8);
    assert_eq!((assert_paid_once(&[&service.ledger()]).len(), service.submits()), (8, 8));
}

#[test]
fn code_130_one_ctrl_c_waits_for_running_jobs() {
    first_signal(Signal::INT, 130);
}

#[test]
fn code_143_one_sigterm_waits_for_running_jobs() {
    first_signal(Signal::TERM, 143);
}

#[test]
fn a_closed_terminal_waits_for_running_jobs() {
    first_signal(Signal::HUP, 143);
}

#[test]
fn code_130_two_ctrl_c_exit_at_once_and_the_next_run_follows_the_jobs() {
    second_signal([Signal::INT, Signal::INT], 130);
}

#[test]
fn code_143_two_sigterm_exit_at_once_with_the_code_of_the_first() {
    second_signal([Signal::TERM, Signal::INT], 143);
}

#[test]
fn a_signal_is_handled_from_the_start() {
    let service = SandboxService::with_job_time(100.0..=200.0, "");
    for _ in 0..5 {
        let dir = TestDir::with_tasks(30);
        let run = dir.run(&service.url()).args("--progress json").start();
        run.wait_for_stdout("\"event\":\"started\"");
        run.signal(Signal::INT);
        let ran = run.wait();
        assert_eq!(ran.code, Some(130), "{ran:?}");
        assert!(ran.stdout.contains("\"event\":\"finished\""), "{ran:?}");
        assert_eq!(dir.results().rows.len(), 30);
    }
}

#[test]
fn a_stop_with_nothing_left_to_do_is_a_success() {
    let service = SandboxService::with_job_time(300.0..=300.0, "");
    let dir = TestDir::with_tasks(2);
    let run = dir.run(&service.url()).start();
    wait_until("both jobs run", || service.jobs() == 2);
    run.signal(Signal::INT);
    assert_eq!(run.wait().code, Some(0));
    assert_eq!(dir.results().count("done"), 2);
}

#[test]
fn a_submit_without_a_reply_is_unknown_when_the_run_exits() {
    for fault in ["accept-hang=only:2", "submit-hang=only:2"] {
        let service = SandboxService::with_faults(fault);
        let dir = TestDir::with_tasks(3);
        let run = dir.run(&service.url()).args("--progress json").start();
        wait_until("all submits have arrived", || service.submits() == 3);
        wait_until("the others are done", || dir.count([State::Done]) == [2]);
        run.signal(Signal::INT);
        run.wait_for_stdout("\"notice\":\"stopping\"");
        run.signal(Signal::INT);
        run.wait();
        assert_eq!(dir.results().count("unknown"), 1, "{fault}");
        dir.run(&service.url()).expect_code(6);
        assert_eq!(service.submits(), 3, "{fault}");
    }
}

#[test]
fn an_unanswered_status_request_does_not_block_the_exit() {
    let service = SandboxService::with_faults("status-hang=first:1");
    let dir = TestDir::with_tasks(3);
    let run = dir.run(&service.url()).args("--progress json").start();
    wait_until("it asks", || service.ledger().statuses == 1);
    run.signal(Signal::TERM);
    run.wait_for_stdout("\"notice\":\"stopping\"");
    run.signal(Signal::TERM);
    assert_eq!(run.wait().code, Some(143));
    dir.run(&service.url()).expect_code(0);
    assert_eq!((assert_paid_once(&[&service.ledger()]).len(), service.submits()), (3, 3));
}

#[test]
fn a_job_that_never_ends_does_not_block_the_exit_and_is_not_forgotten() {
    let service = SandboxService::with_faults("job-slow=only:1, job-expire=hang");
    let dir = TestDir::with_tasks(3);
    for _ in 0..2 {
        let run = dir.run(&service.url()).args("--progress json").start();
        run.wait_for_stdout("\"event\":\"started\"");
        wait_until("the others are done", || dir.count([State::Running, State::Done]) == [1, 2]);
        run.signal(Signal::INT);
        run.wait_for_stdout("\"notice\":\"stopping\"");
        run.signal(Signal::INT);
        assert_eq!(run.wait().code, Some(130));
        assert_eq!((dir.results().count("running"), dir.results().count("done")), (1, 2));
    }
    assert_eq!(service.submits(), 3);
}
