//! A run that fails at any failpoint between planning and results, and is run again, bills nothing twice and loses no paid
//! job.
//!
//! `MJBATCH_LONG=1` fails the first few times that a failpoint is reached, not only once.

use std::collections::BTreeSet;

use mjbatch::failpoint::Point;
use mjbatch::task::State;

use crate::support::{CliCommand, CommandOutput, HookReceiver, SandboxService, TestDir, typed};

const TASKS: usize = 8;
const SLOTS: usize = 3;

/// A batch at the service, whose runs will fail.
struct Batch {
    service: SandboxService,
    dir: TestDir,
    listens: bool,
    /// The number of failed jobs that the retry command resubmits.
    sent_again: usize,
    /// The receiver of `on_done`, where the batch has one.
    receiver: Option<HookReceiver>,
}

impl Batch {
    fn new(faults: &str) -> Batch {
        let (service, dir) = (SandboxService::with_faults(faults), TestDir::with_tasks(TASKS));
        Batch { service, dir, listens: false, sent_again: 0, receiver: None }
    }

    /// A batch with an `on_done` hook.
    fn with_hook() -> Batch {
        let (batch, receiver) = (Batch::new(""), HookReceiver::accepting());
        let rows = "prompts: [{ data: spring.csv, prompt: \"{{ prompt }}\" }]";
        let text = format!("version: 1\nbatch: {{ on_done: '{}' }}\n{rows}\n", receiver.url());
        batch.dir.write("spring.yaml", text);
        Batch { receiver: Some(receiver), ..batch }
    }

    fn run(&self) -> CliCommand {
        let call = match self.receiver {
            Some(_) => self.dir.run_of("spring.yaml", &self.service.url()),
            None => self.dir.run(&self.service.url()),
        };
        let call = call.args("--concurrency 3 --patience 500ms");
        if self.listens { call.args("--webhook-listen 127.0.0.1:0") } else { call }
    }

    fn run_table(&self) -> CliCommand {
        self.dir.run_of("table.csv", &self.service.url()).args("--concurrency 3 --patience 500ms")
    }

    fn retry(&self) -> CliCommand {
        self.dir.mjbatch("retry spring.csv")
    }

    /// Runs the batch until nothing changes any more, and asserts the outcome. It does not listen for callbacks: a lost one
    /// never arrives.
    fn run_until_settled(&mut self, story: &str) {
        let mut code = None;
        self.listens = false;
        for _ in 0..4 {
            code = self.run().output().code;
            if matches!(code, Some(0 | 6)) {
                break;
            }
        }
        let unknown = self.assert_consistent(story);
        assert_eq!(code, Some(if unknown > 0 { 6 } else { 0 }), "{story}");
        let results = self.dir.results();
        assert_eq!((results.rows.len(), results.count("done")), (TASKS, TASKS - unknown), "{story}");
        if let Some(receiver) = &self.receiver {
            let delivered: BTreeSet<_> = receiver.done_tasks().into_iter().collect();
            let done = results.rows.iter().filter(|row| &row["status"] == "done");
            let done: BTreeSet<_> = done.map(|row| row["id"].to_owned()).collect();
            assert_eq!(delivered, done, "{story}: at least once");
        }
    }

    /// Asserts that the state agrees with the ledger of the service. Returns the number of unknown tasks.
    fn assert_consistent(&self, story: &str) -> usize {
        let ledger = self.service.ledger();
        let records = self.dir.records();
        assert_eq!(records.len(), TASKS, "{story}");
        let [done, unknown] = self.dir.count([State::Done, State::Unknown]);
        assert_eq!(done + unknown, TASKS, "{story}: {records:#?}");
        assert!(unknown <= SLOTS, "{story}: {unknown} are unknown");
        let prompts: BTreeSet<_> = ledger.jobs.iter().map(|job| &job.prompt).collect();
        assert_eq!(ledger.jobs.len(), prompts.len() + self.sent_again, "{story}: billed twice");
        for job in &ledger.jobs {
            let record = records.iter().find(|record| record.task.prompt == job.prompt).unwrap();
            let known = record.task_id.as_ref().is_some_and(|id| id.0 == job.task_id);
            let covered = known || record.state == State::Unknown;
            assert!(covered || self.sent_again > 0, "{story}: {} is lost", job.task_id);
        }
        for record in records.iter().filter(|record| record.state == State::Done) {
            let id = record.task_id.as_ref().unwrap();
            assert!(ledger.jobs.iter().any(|job| job.task_id == id.0), "{story}: {id} was never billed");
        }
        unknown
    }
}

/// Runs a batch that fails the `nth` time it reaches this failpoint, then runs it again until it is settled.
fn fails(point: Point, what: &str, nth: u32) {
    let fail = format!("{}={what}@{nth}", point.as_str());
    let failing = |call: CliCommand| {
        let ran = call.env("MJBATCH_FAIL", &fail).output();
        was_reached(&ran, point, what, &fail);
        if what == "abort" {
            assert_eq!(ran.code, None, "{fail}: {ran:?}");
        }
    };
    match point {
        Point::RequeuingFailed => {
            let mut batch = Batch { sent_again: 2, ..Batch::new("job-fail=first:2") };
            batch.run().expect_code(3);
            failing(batch.retry());
            batch.retry().expect_code(0);
            batch.run_until_settled(&fail);
        }
        Point::RecordingDecisions => {
            let mut batch = Batch { sent_again: 2, ..Batch::new("") };
            batch.run().expect_code(0);
            let results = String::from_utf8(batch.dir.read("spring.results.csv")).unwrap();
            let table = typed(&typed(&results, "t0", "action", "redo"), "t1", "action", "redo");
            batch.dir.write("table.csv", table);
            failing(batch.run_table());
            batch.run_table().expect_code(0);
            batch.run_table().expect_code(0);
            batch.run_until_settled(&fail);
        }
        Point::Settling => {
            let mut batch = Batch::new("");
            assert_eq!(batch.run().env("MJBATCH_FAIL", "submit-answered=abort@3").output().code, None);
            failing(batch.run());
            batch.run_until_settled(&fail);
        }
        Point::CalledBack => {
            let mut batch = Batch { listens: true, ..Batch::new("") };
            failing(batch.run());
            batch.run_until_settled(&fail);
        }
        Point::DeliveryLeaves | Point::DeliveryAnswered | Point::DeliveryRecording => {
            let mut batch = Batch::with_hook();
            failing(batch.run());
            batch.run_until_settled(&fail);
        }
        _ => {
            let mut batch = Batch::new("");
            failing(batch.run());
            batch.run_until_settled(&fail);
        }
    }
}

fn was_reached(ran: &CommandOutput, point: Point, what: &str, story: &str) {
    let said = format!("failpoint {}: {what}", point.as_str());
    assert!(ran.stderr.contains(&said), "{story} was never reached: {ran:?}");
}

/// The occurrences of a failpoint at which to fail; a batch of eight tasks reaches it at least that often.
fn times(point: Point) -> &'static [u32] {
    let long = std::env::var_os("MJBATCH_LONG").is_some();
    match point {
        Point::Intending
        | Point::Intended
        | Point::SubmitLeaves
        | Point::SubmitAnswered
        | Point::Recording
        | Point::Recorded
        | Point::DeliveryLeaves
        | Point::DeliveryAnswered
        | Point::DeliveryRecording
        | Point::CalledBack => {
            if long {
                &[1, 2, 3, 4, 5]
            } else {
                &[3]
            }
        }
        Point::StatusLeaves if long => &[1, 2],
        _ => &[1],
    }
}

fn run_all_points(what: &str) {
    for point in Point::ALL {
        for nth in times(point) {
            fails(point, what, *nth);
        }
    }
}

#[test]
fn a_crash_at_any_failpoint_bills_nothing_twice_and_loses_no_paid_job() {
    run_all_points("abort");
}

#[test]
fn an_error_at_any_failpoint_bills_nothing_twice_and_loses_no_paid_job() {
    run_all_points("error");
}

#[test]
fn errors_from_any_failpoint_on_bill_nothing_twice_and_lose_no_paid_job() {
    run_all_points("errors");
}

#[test]
fn a_delay_at_any_failpoint_bills_nothing_twice_and_loses_no_paid_job() {
    run_all_points("delay");
}
