//! The library used as a program uses it: a batch opened, run and looked at from Rust goes by the rules that its manifest states.

use mjbatch::api::Endpoint;
use mjbatch::batch::{Batch, BatchError, Options, Run, Service as Account};
use mjbatch::engine::StopReason;
use mjbatch::runner::Signal;
use mjbatch::task::Status;

use crate::support::{SandboxService, TestDir, block_on};

const MANIFEST: &str = "version: 1
batch: { prices: { fast: 4 }, budget: 8quota, poll_min: 20ms, poll_max: 100ms }
defaults: { mode: fast }
prompts: [a mug, a cup, a jar]
";

fn account(service: &SandboxService) -> Account {
    Account::new(&Endpoint::parse(&service.url()).unwrap(), &"any key".into()).unwrap()
}

async fn submitted(mut run: Run) -> (usize, StopReason) {
    let mut submitted = 0;
    while let Some((event, _)) = run.next().await {
        submitted += usize::from(matches!(event, Some(mjbatch::progress::RunEvent::Submitted { .. })));
    }
    (submitted, run.outcome().await.unwrap().stop_reason)
}

#[test]
fn the_budget_of_the_manifest_holds_in_every_run() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::empty());
    dir.write("m.yaml", MANIFEST);
    for expected in [2, 0] {
        let mut batch = Batch::open(dir.path("m.yaml"), Options::default()).unwrap();
        let account = account(&service);
        let ended = block_on(async { submitted(batch.run(account).await.unwrap()).await });
        assert_eq!(ended, (expected, StopReason::BudgetReached));
    }
    assert_eq!(service.submits(), 2);
    let status = Batch::at(dir.path("m.yaml"), Options::default()).status(&[], 10).unwrap();
    assert_eq!((status.counts.of(Status::Done), status.counts.of(Status::Pending)), (2, 1));
}

#[test]
fn a_plan_and_a_run_have_the_same_policy() {
    let dir = TestDir::empty();
    dir.write("m.yaml", MANIFEST);
    let mut batch = Batch::open(dir.path("m.yaml"), Options::default()).unwrap();
    let planned = batch.plan().unwrap();
    assert_eq!(planned.policy.budget.as_ref().unwrap().words, "8 quota");
    assert_eq!(planned.policy.engine.poll_min, std::time::Duration::from_millis(20));
    assert_eq!(planned.left(), Some(mjbatch::task::Quota(8000)));
}

#[test]
fn a_run_can_be_stopped_by_its_handle_and_resumed() {
    let (service, dir) = (SandboxService::with_job_time(20_000.0..=20_000.0, ""), TestDir::empty());
    dir.write("m.yaml", MANIFEST);
    let mut batch = Batch::open(dir.path("m.yaml"), Options::default()).unwrap();
    let account = account(&service);
    let outcome = block_on(async {
        let mut run = batch.run(account).await.unwrap();
        let stop = run.stop_handle();
        while let Some((event, _)) = run.next().await {
            if matches!(event, Some(mjbatch::progress::RunEvent::Submitted { .. })) {
                stop.stop(Signal::Interrupt);
                stop.stop(Signal::Interrupt);
            }
        }
        run.outcome().await.unwrap()
    });
    assert_eq!(outcome.stop_reason, StopReason::Interrupted);
    assert!(outcome.counts.of(Status::Running) >= 1, "{outcome:?}");
}

#[test]
fn errors_have_typed_fields() {
    let dir = TestDir::empty();
    let missing = Batch::at(dir.path("m.yaml"), Options::default()).status(&[], 10);
    assert!(matches!(missing, Err(BatchError::NeverRun(_))), "{missing:?}");
    dir.write("m.yaml", MANIFEST.replace("prices: { fast: 4 }, ", ""));
    let account = Account::new(&Endpoint::parse("http://127.0.0.1:1").unwrap(), &"any key".into()).unwrap();
    let mut batch = Batch::open(dir.path("m.yaml"), Options::default()).unwrap();
    let unpriced = block_on(async { batch.run(account).await.map(drop) });
    assert!(matches!(unpriced, Err(BatchError::NoPrice(_))), "{unpriced:?}");
    assert!(!dir.path("m.mjbatch").exists(), "found before a state is made");
}
