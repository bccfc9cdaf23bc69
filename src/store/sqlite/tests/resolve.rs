//! What a person decides about what is unknown, in the state: each once, and nothing else with it.

use std::path::{Path, PathBuf};

use crate::plan::{self, Filters};
use crate::store::sqlite::tests::begun::{Begun, claimed};
use crate::store::sqlite::{BatchWriter, HeldStore, Snapshot};
use crate::store::{BatchStore, Intent, LinkOutcome, ManifestRef, Resolution, StoreError};
use crate::task::{
    AttemptKey, ChangeKind, Decision, Mode, Prices, Quota, Record, RemoteTaskId, State, Status, Task, TaskId,
    TaskRow,
};

struct TestDir {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl TestDir {
    /// Four tasks: `a` and `b` are unknown, the reply to `c` was never recorded, `d` is done.
    fn new() -> TestDir {
        let folder = tempfile::tempdir().unwrap();
        let dir = TestDir { path: folder.path().join("spring.mjbatch"), _folder: folder };
        let (snapshot, writer) = dir.begin(&tasks());
        for (n, waiting) in (1..).zip(&snapshot.waiting) {
            let intent = Intent { task: waiting.task, mode: Mode::Fast, hook_token: Some(format!("t{n}")) };
            writer.intend(intent).blocking_recv().unwrap().unwrap();
        }
        for change in [
            ChangeKind::Unknown("cut".into()).of(AttemptKey(1)),
            ChangeKind::Unknown("cut".into()).of(AttemptKey(2)),
            ChangeKind::Accepted(RemoteTaskId("T4".into())).of(AttemptKey(4)),
            ChangeKind::Done(crate::task::Images::default()).of(AttemptKey(4)),
        ] {
            writer.record(change).blocking_recv().unwrap().unwrap();
        }
        dir
    }

    fn begin(&self, tasks: &[Task]) -> (Begun, BatchWriter) {
        let mut store = BatchStore::at(&self.path).open("the sandbox", "a test").unwrap();
        let plan = plan::compare(tasks.iter().cloned(), &store.known_tasks().unwrap());
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: Path::new("spring.csv") };
        store.sync_manifest(manifest_ref, tasks.iter().cloned(), &plan).unwrap();
        claimed(store.begin(Prices { fast: Some(Quota(4000)), relaxed: None }).unwrap())
    }

    fn store(&self) -> HeldStore {
        BatchStore::at(&self.path).hold("a test").unwrap()
    }

    fn resolve(&self, ids: &[&str], how: Resolution) -> (u64, u64, u64) {
        let resolved = self.store().resolve(|task| ids.contains(&task.id.0.as_str()), how).unwrap();
        (resolved.tasks, resolved.skipped, resolved.counts.of(Status::Unknown))
    }

    fn link_job(&self, id: &str, task_id: &str) -> LinkOutcome {
        self.store().link_job(&TaskId(id.into()), &RemoteTaskId(task_id.into())).unwrap()
    }

    fn records(&self) -> Vec<Record> {
        BatchStore::at(&self.path).snapshot().unwrap().records().map(Result::unwrap).collect()
    }

    fn states(&self) -> Vec<State> {
        self.records().iter().map(|record| record.state).collect()
    }
}

fn tasks() -> Vec<Task> {
    ["a", "b", "c", "d"].map(|id| Task::new(id, format!("mug {id}"), Mode::Fast)).into()
}

#[test]
fn what_is_unknown_is_listed_with_its_submit_and_a_submit_of_a_dead_run_with_it() {
    let dir = TestDir::new();
    let snapshot = |is_live| Snapshot::take(&(&dir.path).into(), None, is_live).unwrap();
    let listed = |is_live| snapshot(is_live).in_doubt().map(|doubt| doubt.unwrap().id.0).collect::<Vec<_>>();
    assert_eq!(
        (listed(true), listed(false)),
        (vec!["a".into(), "b".into()], vec!["a".into(), "b".into(), "c".into()])
    );
    let first = snapshot(true).in_doubt().next().unwrap().unwrap();
    assert_eq!((first.prompt.as_str(), first.mode, first.quota), ("mug a", Mode::Fast, Some(Quota(4000))));
    assert_eq!(
        (first.reason.as_deref(), first.run, first.submitted_at.is_some()),
        (Some("cut"), Some(1), true)
    );
}

#[test]
fn sent_again_is_sent_once_and_the_old_attempt_stays_unknown_and_spent() {
    let dir = TestDir::new();
    assert_eq!(dir.resolve(&["a", "c", "d"], Resolution::Resend), (2, 0, 1));
    assert_eq!(dir.resolve(&["a", "c", "d"], Resolution::Resend), (0, 0, 1), "twice is once");
    use State::{Done, Pending, Unknown};
    assert_eq!(dir.states(), [Pending, Unknown, Pending, Done]);
    let (snapshot, writer) = dir.begin(&tasks());
    assert_eq!((snapshot.waiting.len(), snapshot.history.spent), (2, Quota(16_000)));
    drop(writer);
    assert_eq!(dir.records()[0].attempts, 1, "the history is kept");
}

#[test]
fn what_the_manifest_skips_is_not_sent_again() {
    let dir = TestDir::new();
    let mut listed = tasks();
    listed[0].decision = Some(Decision::Skip);
    drop(dir.begin(&listed));
    assert_eq!(dir.resolve(&["a", "b"], Resolution::Resend), (1, 1, 2));
    assert_eq!(dir.states()[..2], [State::Unknown, State::Pending]);
}

#[test]
fn given_up_is_lost_for_good_and_counts_as_spent() {
    let dir = TestDir::new();
    assert_eq!(dir.resolve(&["a", "b", "c"], Resolution::GiveUp), (3, 0, 0));
    assert_eq!(dir.resolve(&["a", "b", "c"], Resolution::GiveUp), (0, 0, 0), "twice is once");
    let a = &dir.records()[0];
    assert_eq!((a.state, a.reason.as_deref()), (State::Lost, Some("given up by a person; cut")));
    let (snapshot, writer) = dir.begin(&tasks());
    assert_eq!((snapshot.waiting.len(), snapshot.resumed.len()), (0, 0));
    assert_eq!(snapshot.history.spent, Quota(16_000));
    drop(writer);
    let report = dir.store().retry(&Filters::default(), false).unwrap();
    assert_eq!(report.tasks.total(), 0, "a retry does not take it for a failure");
}

#[test]
fn what_was_found_is_followed_under_its_taskid_and_so_is_what_was_given_up_too_early() {
    let dir = TestDir::new();
    assert_eq!(dir.link_job("a", "T1"), LinkOutcome::Linked);
    assert_eq!(dir.link_job("a", "T1"), LinkOutcome::AlreadyLinked(Status::Running), "twice is once");
    assert_eq!(dir.link_job("a", "T9"), LinkOutcome::NotInDoubt(Status::Running));
    dir.resolve(&["b"], Resolution::GiveUp);
    dir.resolve(&["c"], Resolution::Resend);
    assert_eq!(
        (dir.link_job("b", "T2"), dir.link_job("c", "T3")),
        (LinkOutcome::Linked, LinkOutcome::Linked)
    );
    let (snapshot, _writer) = dir.begin(&tasks());
    let followed: Vec<_> = snapshot.resumed.iter().map(|it| (it.attempt.0, it.task_id.0.as_str())).collect();
    assert_eq!(followed, [(1, "T1"), (2, "T2"), (3, "T3")]);
    assert_eq!((snapshot.waiting.len(), snapshot.history.spent), (0, Quota(16_000)));
}

#[test]
fn one_job_is_never_two_tasks() {
    let dir = TestDir::new();
    let before = dir.records();
    assert_eq!(dir.link_job("a", "T4"), LinkOutcome::TakenBy(TaskId("d".into())));
    assert_eq!(dir.link_job("d", "T4"), LinkOutcome::AlreadyLinked(Status::Done));
    assert_eq!(dir.link_job("d", "T5"), LinkOutcome::NotInDoubt(Status::Done));
    assert_eq!(dir.link_job("e", "T5"), LinkOutcome::NoTask);
    assert_eq!(dir.records(), before);
}

#[test]
fn a_run_begins_with_what_may_still_be_called_back_and_what_it_may_send_again() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&tasks()[1..]);
    let lost: Vec<_> = snapshot.in_doubt.iter().map(|lost| (lost.attempt.0, lost.called_back)).collect();
    assert_eq!(lost, [(1, true), (2, true), (3, true)], "the one that was cut off too");
    let whose: Vec<_> = snapshot
        .in_doubt_tasks
        .iter()
        .map(|task| (task.id.0.as_str(), task.active, task.hook_token.as_deref()))
        .collect();
    assert_eq!(whose, [("a", false, Some("t1")), ("b", true, Some("t2")), ("c", true, Some("t3"))]);
    assert_eq!(snapshot.history.excluded, [TaskRow(1)].into(), "it is not in the manifest any more");
    for change in [
        ChangeKind::Accepted(RemoteTaskId("T2".into())).of(AttemptKey(2)),
        ChangeKind::Resend.of(AttemptKey(3)),
        ChangeKind::Resend.of(AttemptKey(2)),
        ChangeKind::Resend.of(AttemptKey(4)),
    ] {
        writer.record(change).blocking_recv().unwrap().unwrap();
    }
    drop(writer);
    use State::{Done, Pending, Running};
    assert_eq!(dir.states(), [Running, Pending, Done], "only what is unknown waits again");
    let (snapshot, _writer) = dir.begin(&tasks()[1..]);
    assert_eq!((snapshot.waiting.len(), snapshot.resumed.len(), snapshot.in_doubt.len()), (1, 1, 1));
    assert_eq!(snapshot.history.spent, Quota(16_000));
}

#[test]
fn of_a_task_that_was_sent_again_only_the_last_attempt_is_awaited() {
    let dir = TestDir::new();
    dir.resolve(&["a"], Resolution::Resend);
    let (snapshot, writer) = dir.begin(&tasks());
    let intent = Intent { task: snapshot.waiting[0].task, mode: Mode::Fast, hook_token: Some("t5".into()) };
    writer.intend(intent).blocking_recv().unwrap().unwrap();
    drop(writer);
    let (snapshot, _writer) = dir.begin(&tasks());
    let lost: Vec<_> = snapshot.in_doubt.iter().map(|lost| lost.attempt.0).collect();
    assert_eq!(lost, [2, 3, 5]);
}

#[test]
fn nothing_is_settled_while_a_run_holds_the_state() {
    let dir = TestDir::new();
    let (_snapshot, _writer) = dir.begin(&tasks());
    assert!(matches!(BatchStore::at(&dir.path).hold("a test"), Err(StoreError::Held { .. })));
}

#[test]
fn every_attempt_is_listed_once_and_in_order_over_its_pages() {
    let dir = TestDir::new();
    dir.resolve(&["a"], Resolution::Resend);
    let (snapshot, writer) = dir.begin(&tasks()[..1]);
    for n in 5..1400 {
        let task = snapshot.waiting[0].task;
        drop(writer.intend(Intent { task, mode: Mode::Fast, hook_token: None }));
        drop(writer.record(ChangeKind::Rejected("no slot".into()).of(AttemptKey(n))));
    }
    drop(writer);
    let reader = BatchStore::at(&dir.path).snapshot().unwrap();
    let all: Vec<_> = reader.attempts().map(Result::unwrap).collect();
    assert_eq!(all.len(), 1399, "of tasks that the manifest has no longer too");
    let outcomes: Vec<_> = all[..5].iter().map(|it| (it.id.0.as_str(), it.number, it.outcome)).collect();
    use crate::task::AttemptOutcome::{Done, Rejected, Unknown};
    let first = [("a", 1, Unknown), ("b", 1, Unknown), ("c", 1, Unknown), ("d", 1, Done), ("a", 2, Rejected)];
    assert_eq!(outcomes, first);
    assert_eq!((all[1398].number, all[1398].quota, all[1398].run), (1396, Some(Quota(0)), Some(2)));
}
