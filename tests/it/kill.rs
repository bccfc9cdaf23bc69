//! Killed at any moment and run again: only time is lost.
//!
//! `MJBATCH_LONG=1` kills hundreds of times, in larger batches.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mjbatch::engine::sim::SimRng;
use mjbatch::store::BatchStore;
use mjbatch::task::State;

use crate::support::{RawReply, RawServer, SandboxService, TestDir, assert_paid_once, reply, wait_until};

#[test]
fn a_batch_killed_many_times_pays_for_nothing_twice_and_loses_no_paid_job() {
    match std::env::var_os("MJBATCH_LONG") {
        Some(_) => (11..18).for_each(|seed| kill_many_times(300, 40, seed)),
        None => kill_many_times(60, 25, 11),
    }
}

fn kill_many_times(tasks: usize, kills: usize, seed: u64) {
    let service = SandboxService::with_job_time(20.0..=120.0, "latency=2ms");
    let dir = TestDir::with_tasks(tasks);
    let mut rng = SimRng::new(seed);
    let mut killed = 0;
    while killed < kills {
        let mut run = dir.run(&service.url()).start();
        let before = service.submits();
        if rng.below(3) == 0 {
            // Any moment, those before the first submit and those of resuming included.
            std::thread::sleep(Duration::from_millis(rng.below(120)));
        } else {
            // A moment round a submit.
            let more = 1 + rng.below(tasks as u64 / 15);
            wait_until("more is submitted", || service.submits() >= before + more || run.has_ended());
            std::thread::sleep(Duration::from_micros(rng.below(4000)));
        }
        if run.has_ended() {
            break;
        }
        run.kill();
        killed += 1;
        assert_paid_once(&[&service.ledger()]);
    }
    assert!(killed >= 10, "killed only {killed} times: the batch is too small");

    let code = dir.run(&service.url()).output().code;
    assert_eq!(dir.run(&service.url()).output().code, code, "a run after the last changes nothing");
    let ledger = service.ledger();
    let paid = assert_paid_once(&[&ledger]);
    let records = dir.records();
    let [done, unknown] = dir.count([State::Done, State::Unknown]);
    assert_eq!((records.len(), done + unknown), (tasks, tasks));
    assert_eq!(code, Some(if unknown > 0 { 6 } else { 0 }));
    assert!(unknown <= killed * 10, "{unknown} unknown after {killed} kills");
    for record in &records {
        let billed = paid.get(&record.task.prompt);
        match record.state {
            State::Done => assert_eq!(record.task_id.as_ref().map(|id| &id.0), billed, "{record:?}"),
            _ => assert_eq!(record.task_id, None, "{record:?}"),
        }
    }
    assert_eq!(paid.len(), ledger.jobs.len());
    assert_eq!((dir.results().rows.len(), dir.results().count("done")), (tasks, done));
}

#[test]
fn a_batch_can_be_moved_to_another_folder_and_resumed() {
    let service = SandboxService::with_job_time(20.0..=60.0, "");
    let dir = TestDir::with_tasks(12);
    let mut run = dir.run(&service.url()).start();
    wait_until("half of it is submitted", || service.submits() >= 6 || run.has_ended());
    run.kill();
    let elsewhere = TestDir::empty();
    for name in dir.files() {
        elsewhere.write(&name, dir.read(&name));
    }
    let code = elsewhere.run(&service.url()).output().code;
    let [done, unknown] = elsewhere.count([State::Done, State::Unknown]);
    assert_eq!((done + unknown, code), (12, Some(if unknown > 0 { 6 } else { 0 })));
    assert_eq!(assert_paid_once(&[&service.ledger()]).len(), service.jobs());
}

#[test]
fn an_intent_is_in_the_state_before_its_request_is_sent() {
    let dir = TestDir::with_tasks(20);
    let state = dir.path("spring.mjbatch");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let wire = RawServer::with_reply(move |n| {
        let snapshot = BatchStore::at(&state).snapshot().unwrap();
        let pending =
            snapshot.records().filter(|record| record.as_ref().unwrap().state == State::Pending).count();
        into.lock().unwrap().push((n + 1, 20 - pending));
        let body = format!("{{\"status\":0,\"data\":{{\"taskId\":\"T{n}\"}}}}");
        RawReply::Bytes(reply("200 OK", "", &body))
    });
    dir.run(&wire.url()).expect_code(0);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 20);
    for (arrived, intended) in seen.iter() {
        assert!(intended >= arrived, "{arrived} submits had arrived, {intended} intents were in the state");
    }
}

#[test]
fn existing_results_are_intact_after_a_kill() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_tasks(20);
    dir.run(&service.url()).args("--limit 5").expect_code(10);
    for _ in 0..3 {
        let run = dir.run(&service.url()).args("--limit 4").start();
        let before = service.submits();
        wait_until("it submits", || service.submits() > before);
        run.kill();
        assert_eq!(dir.results().rows.len(), 20);
    }
}

#[test]
fn a_killed_run_leaves_no_lock_and_its_status_shows_unknown_submits() {
    let service = SandboxService::with_faults("accept-hang=only:2");
    let dir = TestDir::with_tasks(3);
    let run = dir.run(&service.url()).start();
    wait_until("a submit hangs and the others are done", || {
        service.submits() == 3 && dir.count([State::Done]) == [2]
    });
    run.kill();
    let status = dir.mjbatch("status spring.csv --json").expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((&status["counts"]["unknown"], &status["running_now"]), (&1.into(), &serde_json::Value::Null));
    let ran = dir.run(&service.url()).expect_code(6);
    assert!(ran.stderr.contains("an earlier run ended before it recorded the reply to 1 submit"), "{ran:?}");
    assert_eq!(service.submits(), 3);
}
