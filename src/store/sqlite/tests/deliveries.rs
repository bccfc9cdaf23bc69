//! Deliveries in the state: queued with the change that causes them, and delivered at least once.

use std::path::{Path, PathBuf};

use crate::plan;
use crate::store::sqlite::{BatchWriter, HeldStore};
use crate::store::{
    BatchStore, Delivery, DeliveryCount, DeliveryKey, FailedDelivery, Intent, IntentOutcome, ManifestRef,
    NotifyOn, Payload,
};
use crate::task::{
    AttemptKey, Change, ChangeKind, Failure, FailureClass, Images, Mode, Prices, RemoteTaskId, Task, TaskId,
    TaskRow,
};

struct TestDir {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl TestDir {
    fn new() -> TestDir {
        let folder = tempfile::tempdir().unwrap();
        TestDir { path: folder.path().join("s.mjbatch"), _folder: folder }
    }

    fn store(&self) -> HeldStore {
        BatchStore::at(&self.path).open("the sandbox", "a test").unwrap()
    }

    /// A run over `a` and `b` that delivers these.
    fn begin(&self, notify_on: Option<NotifyOn>) -> BatchWriter {
        let mut store = self.store();
        let tasks = ["a", "b"].map(|id| Task::new(id, format!("a mug {id}"), Mode::Fast));
        let plan = plan::compare(tasks.iter().cloned(), &store.known_tasks().unwrap());
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: Path::new("m.yaml") };
        store.sync_manifest(manifest_ref, tasks.into_iter(), &plan).unwrap();
        store.set_notify_on(notify_on).unwrap();
        store.begin(Prices::default()).unwrap().1
    }

    /// A view of what is due: the task, its status, and the taskId that is delivered.
    fn due(&self) -> Vec<(String, &'static str, Option<String>)> {
        let reader = BatchStore::at(&self.path).snapshot().unwrap();
        let view = reader;
        let due = view
            .pending_deliveries()
            .unwrap()
            .into_iter()
            .map(|(key, _)| view.delivery(key).unwrap().unwrap());
        due.map(|due| match due.payload {
            Payload::Task { record, status, .. } => {
                (record.task.id.0, status.as_str(), record.task_id.map(|id| id.0))
            }
            Payload::Run(body) => (body, "", None),
        })
        .collect()
    }
}

fn submit(writer: &BatchWriter, attempt: i64, task: i64) {
    let intent = Intent { task: TaskRow(task), mode: Mode::Fast, hook_token: None };
    let intended = writer.intend(intent).blocking_recv().unwrap().unwrap();
    let numbered = matches!(intended, IntentOutcome::Recorded(number, _) if number == AttemptKey(attempt));
    assert!(numbered, "{intended:?}");
    record(writer, ChangeKind::Accepted(RemoteTaskId(format!("T{attempt}"))).of(AttemptKey(attempt)));
}

fn record(writer: &BatchWriter, change: Change) {
    writer.record(change).blocking_recv().unwrap().unwrap();
}

fn done(attempt: i64) -> Change {
    ChangeKind::Done(Images { grid: None, urls: vec!["http://h/1.png".into()] }).of(AttemptKey(attempt))
}

fn failed(attempt: i64) -> Change {
    ChangeKind::Failed(Failure { class: FailureClass::Generation, reason: "no".into() })
        .of(AttemptKey(attempt))
}

fn of(id: &str, status: &'static str, task_id: &str) -> (String, &'static str, Option<String>) {
    (id.to_owned(), status, Some(task_id.to_owned()))
}

#[test]
fn what_is_done_is_due_until_it_was_delivered_and_never_after() {
    let dir = TestDir::new();
    let writer = dir.begin(Some(NotifyOn::Done));
    submit(&writer, 1, 1);
    submit(&writer, 2, 2);
    record(&writer, done(1));
    record(&writer, failed(2));
    assert_eq!(dir.due(), [of("a", "done", "T1")]);
    let deliver = |error: Option<&str>| {
        let delivery = Delivery { key: DeliveryKey(1), tries: 2, error: error.map(str::to_owned) };
        writer.record_delivery(delivery).blocking_recv().unwrap().unwrap();
    };
    deliver(Some("HTTP 500"));
    let reader = BatchStore::at(&dir.path).snapshot().unwrap();
    let failed_deliveries =
        FailedDelivery { id: Some(TaskId("a".into())), tries: 2, error: Some("HTTP 500".into()) };
    assert_eq!(reader.failed_deliveries(9).unwrap(), [failed_deliveries]);
    deliver(None);
    record(&writer, done(1));
    assert_eq!(dir.due(), []);
    let count = DeliveryCount { delivered: 1, pending: 0 };
    assert_eq!(BatchStore::at(&dir.path).snapshot().unwrap().deliveries().unwrap(), count);
}

#[test]
fn a_failure_is_delivered_where_that_is_wanted_and_overtaken_by_what_came_after() {
    let dir = TestDir::new();
    let writer = dir.begin(Some(NotifyOn::Ended));
    submit(&writer, 1, 1);
    record(&writer, failed(1));
    assert_eq!(dir.due(), [of("a", "failed", "T1")]);
    record(&writer, done(1));
    assert_eq!(dir.due(), [of("a", "done", "T1")], "its pictures came after all");
    submit(&writer, 2, 2);
    record(&writer, ChangeKind::Lost("gone".into()).of(AttemptKey(2)));
    assert_eq!(dir.due()[1..], [of("b", "lost", "T2")]);
}

#[test]
fn what_was_done_before_is_reported_only_where_a_person_asks_for_it() {
    let dir = TestDir::new();
    let writer = dir.begin(None);
    submit(&writer, 1, 1);
    record(&writer, done(1));
    drop(writer);
    drop(dir.begin(Some(NotifyOn::Done)));
    assert_eq!(dir.due(), []);
    assert_eq!(dir.store().enqueue_all_done().unwrap(), 1);
    assert_eq!(dir.store().enqueue_all_done().unwrap(), 0);
    assert_eq!(dir.due(), [of("a", "done", "T1")]);
}

#[test]
fn an_attempt_is_delivered_as_it_was_also_after_its_task_was_made_again() {
    let dir = TestDir::new();
    let writer = dir.begin(Some(NotifyOn::Done));
    submit(&writer, 1, 1);
    record(&writer, done(1));
    let db = rusqlite::Connection::open(&dir.path).unwrap();
    db.execute("UPDATE state SET state = 'pending' WHERE task = 1", []).unwrap(); // as a redo does
    submit(&writer, 2, 1);
    assert_eq!(dir.due(), [of("a", "done", "T1")]);
}

#[test]
fn a_runs_summary_is_due_from_its_end_on_and_is_brought_up_to_date() {
    let dir = TestDir::new();
    let writer = dir.begin(None);
    writer.end("finished", Some("{}".into())).blocking_recv().unwrap().unwrap();
    writer.summarize("{\"n\":1}".into()).blocking_recv().unwrap().unwrap();
    assert_eq!(dir.due(), [("{\"n\":1}".to_owned(), "", None)]);
}
