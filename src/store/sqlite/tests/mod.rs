//! The state over runs that end well, die, or find the manifest changed.

use std::path::{Path, PathBuf};

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::plan;
use crate::store::{BatchStore, Intent, IntentOutcome, ManifestRef, Outgoing};
use crate::task::{
    AttemptKey, Change, ChangeKind, Decision, Failure, FailureClass, Images, Mode, Prices, Quota, Record,
    RemoteTaskId, State, Status, Task, TaskRow,
};
use begun::{Begun, claimed};

pub(in crate::store) mod begun;
mod decisions;
mod deliveries;
mod earlier;
mod found;
mod long_life;
mod migrate;
mod resolve;
mod rules;

/// A folder with a state in it.
struct TestDir {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl TestDir {
    fn new() -> TestDir {
        let folder = tempfile::tempdir().unwrap();
        TestDir { path: folder.path().join("spring.mjbatch"), _folder: folder }
    }

    fn begin(&self, tasks: &[Task]) -> (Begun, BatchWriter) {
        let prices = Prices { fast: Some(Quota(4000)), relaxed: None };
        let mut store = open(&self.path).unwrap();
        let plan = plan_of(tasks, &store);
        let columns = ["sku".to_owned()];
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &columns, hash: [7; 32], file: Path::new("spring.csv") };
        store.sync_manifest(manifest_ref, tasks.iter().cloned(), &plan).unwrap();
        claimed(store.begin(prices).unwrap())
    }

    fn records(&self) -> Vec<Record> {
        BatchStore::at(&self.path).snapshot().unwrap().records().map(Result::unwrap).collect()
    }

    fn states(&self) -> Vec<(String, State)> {
        self.records().into_iter().map(|record| (record.task.id.0, record.state)).collect()
    }
}

/// The plan for these tasks. A new one with what an earlier run made of it is taken over.
fn plan_of(tasks: &[Task], store: &HeldStore) -> plan::Plan {
    let mut plan = plan::compare(tasks.iter().cloned(), &store.known_tasks().unwrap());
    for (step, task) in plan.steps.iter_mut().zip(tasks) {
        if let (plan::Step::New, Some(earlier)) = (*step, &task.earlier) {
            *step = plan::Step::Import(earlier.state);
        }
    }
    plan
}

fn open(path: &Path) -> Result<HeldStore, StoreError> {
    BatchStore::at(path).open("the sandbox", "a test")
}

fn task(id: &str, prompt: &str) -> Task {
    Task { timeout: Some(900), vars: vec![format!("sku-{id}")], ..Task::new(id, prompt, Mode::Fast) }
}

/// Intends to submit a task, which must become this attempt.
#[track_caller]
fn intend(writer: &BatchWriter, attempt: i64, task: TaskRow) -> Outgoing {
    let intent = Intent { task, mode: Mode::Fast, hook_token: Some(format!("token-{attempt}")) };
    match writer.intend(intent).blocking_recv().unwrap().unwrap() {
        IntentOutcome::Recorded(number, outgoing) => {
            assert_eq!(number, AttemptKey(attempt));
            outgoing
        }
        IntentOutcome::Refused(why) => panic!("{why:?}"),
    }
}

fn record(writer: &BatchWriter, change: Change) {
    writer.record(change).blocking_recv().unwrap().unwrap();
}

fn accepted(attempt: i64) -> Change {
    ChangeKind::Accepted(RemoteTaskId(format!("job-{attempt}"))).of(AttemptKey(attempt))
}

fn done(attempt: i64) -> Change {
    let images = (1..=4).map(|n| format!("https://pictures/{attempt}/{n}.png")).collect();
    ChangeKind::Done(Images { grid: Some("https://pictures/grid.png".into()), urls: images })
        .of(AttemptKey(attempt))
}

#[test]
fn a_task_goes_its_way_and_its_record_says_it() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    assert_eq!((snapshot.waiting.len(), snapshot.resumed.len()), (2, 0));
    let outgoing = intend(&writer, 1, snapshot.waiting[0].task);
    assert_eq!((outgoing.prompt.as_str(), outgoing.timeout), ("mug", Some(900)));
    record(&writer, accepted(1));
    record(&writer, done(1));
    let [a, b] = &dir.records()[..] else { panic!() };
    assert_eq!((a.state, a.attempts, a.quota), (State::Done, 1, Some(Quota(4000))));
    assert_eq!(a.task_id, Some(RemoteTaskId("job-1".into())));
    assert_eq!((a.images.urls.len(), a.task.vars.as_slice()), (4, &["sku-a".to_owned()][..]));
    assert!(a.finished_at >= a.submitted_at && a.submitted_at.is_some());
    assert_eq!((b.state, b.attempts, b.quota, b.submitted_at), (State::Pending, 0, None, None));
}

#[test]
fn a_submit_without_a_recorded_reply_is_unknown_to_the_next_run_and_costs() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    drop(writer);
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    assert_eq!(snapshot.interrupted, 1);
    assert_eq!(snapshot.waiting.len(), 1, "it is not submitted again");
    assert_eq!(dir.states(), [("a".into(), State::Unknown), ("b".into(), State::Pending)]);
    let reader = BatchStore::at(&dir.path).snapshot().unwrap();
    assert_eq!(reader.spent(None).unwrap(), Some(Quota(4000)));
    intend(&writer, 2, snapshot.waiting[0].task);
}

#[test]
fn what_runs_is_taken_up_by_the_next_run_under_its_taskid() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, accepted(1));
    drop(writer);
    let (snapshot, _writer) = dir.begin(&[task("a", "mug")]);
    let [resumed] = &snapshot.resumed[..] else { panic!("{snapshot:?}") };
    assert_eq!((resumed.task_id.0.as_str(), resumed.second_look), ("job-1", false));
    assert_eq!(resumed.waiting.timeout, Duration::from_secs(900));
    assert_eq!(snapshot.resumed_tasks[0].hook_token.as_deref(), Some("token-1"));
}

#[test]
fn what_was_given_up_is_offered_for_a_second_look_and_nothing_else() {
    let failed = |attempt, class| {
        let failure = Failure { class, reason: "no".into() };
        ChangeKind::Failed(failure).of(AttemptKey(attempt))
    };
    for (change, looked_at) in [
        (ChangeKind::Lost("gone".into()).of(AttemptKey(1)), true),
        (failed(1, FailureClass::Timeout), true),
        (failed(1, FailureClass::NoImages), true),
        (failed(1, FailureClass::Generation), false),
        (failed(1, FailureClass::Moderated), false),
        (done(1), false),
    ] {
        let dir = TestDir::new();
        let (snapshot, writer) = dir.begin(&[task("a", "mug")]);
        intend(&writer, 1, snapshot.waiting[0].task);
        record(&writer, accepted(1));
        record(&writer, change.clone());
        drop(writer);
        let (snapshot, _writer) = dir.begin(&[task("a", "mug")]);
        assert_eq!(snapshot.waiting, [], "{change:?}");
        assert_eq!(snapshot.resumed.iter().any(|resumed| resumed.second_look), looked_at, "{change:?}");
    }
}

#[test]
fn a_refusal_costs_nothing_and_counts_as_no_attempt() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, ChangeKind::Rejected("all slots were taken".into()).of(AttemptKey(1)));
    intend(&writer, 2, snapshot.waiting[1].task);
    let failure = Failure { class: FailureClass::Refused, reason: "banned (code 1403)".into() };
    record(&writer, ChangeKind::Refused(failure).of(AttemptKey(2)));
    let [a, b] = &dir.records()[..] else { panic!() };
    assert_eq!((a.state, a.attempts, a.quota), (State::Pending, 0, None));
    assert_eq!((b.state, b.attempts, b.quota), (State::Failed, 0, None));
    assert_eq!(b.reason.as_deref(), Some("banned (code 1403)"));
    let reader = BatchStore::at(&dir.path).snapshot().unwrap();
    assert_eq!(reader.spent(Some(writer.run())).unwrap(), None);
}

#[test]
fn a_callback_settles_what_was_unknown() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, ChangeKind::Unknown("cut".into()).of(AttemptKey(1)));
    assert_eq!(dir.states(), [("a".into(), State::Unknown)]);
    record(&writer, accepted(1));
    record(&writer, done(1));
    assert_eq!(dir.states(), [("a".into(), State::Done)]);
}

#[test]
fn an_edited_manifest_moves_nothing_that_it_did_not_touch() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup"), task("c", "jar")]);
    for n in 0..3 {
        intend(&writer, n + 1, snapshot.waiting[n as usize].task);
        record(&writer, accepted(n + 1));
        record(&writer, done(n + 1));
    }
    drop(writer);
    let edited = [task("new", "tray"), task("c", "jar"), task("a", "blue mug")];
    let (snapshot, writer) = dir.begin(&edited);
    assert_eq!(snapshot.waiting.len(), 2, "the new one and the changed one");
    let order: Vec<_> = dir.states();
    assert_eq!(
        order,
        [("new".into(), State::Pending), ("c".into(), State::Done), ("a".into(), State::Pending)]
    );
    drop(writer);
    // Changed back, and the removed one is there again: both have their old results.
    let (snapshot, _writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    assert_eq!(snapshot.waiting, []);
    assert_eq!(dir.records()[0].task_id, Some(RemoteTaskId("job-1".into())));
}

#[test]
fn a_redo_is_one_more_attempt_and_is_not_repeated_while_the_manifest_still_asks_for_it() {
    let dir = TestDir::new();
    let redo = || Task { decision: Some(Decision::Redo), ..task("a", "mug") };
    let (snapshot, writer) = dir.begin(&[task("a", "mug")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, accepted(1));
    record(&writer, done(1));
    drop(writer);
    let (snapshot, writer) = dir.begin(&[redo()]);
    assert_eq!(snapshot.waiting.len(), 1);
    assert_eq!(dir.records()[0].task_id, None, "the old pictures are history");
    intend(&writer, 2, snapshot.waiting[0].task);
    record(&writer, accepted(2));
    record(&writer, done(2));
    drop(writer);
    let (snapshot, writer) = dir.begin(&[redo()]);
    assert_eq!(snapshot.waiting, []);
    assert_eq!(dir.records()[0].attempts, 2);
    drop(writer);
    dir.begin(&[task("a", "mug")]);
    let (snapshot, _writer) = dir.begin(&[redo()]);
    assert_eq!(snapshot.waiting.len(), 1, "asked for anew");
}

#[test]
fn what_is_skipped_waits_until_the_manifest_takes_that_back() {
    let dir = TestDir::new();
    let skip = || Task { decision: Some(Decision::Skip), ..task("a", "mug") };
    for (task, state) in
        [(skip(), State::Skipped), (skip(), State::Skipped), (task("a", "mug"), State::Pending)]
    {
        dir.begin(&[task]);
        assert_eq!(dir.states(), [("a".into(), state)]);
    }
}

#[test]
fn a_job_whose_task_was_taken_out_of_the_manifest_is_followed_all_the_same() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, accepted(1));
    drop(writer);
    let (snapshot, _writer) = dir.begin(&[task("b", "cup")]);
    assert_eq!(snapshot.resumed.len(), 1);
    assert!(!snapshot.resumed_tasks[0].active);
    assert_eq!(snapshot.counts.total(), 1);
}

#[test]
fn a_state_knows_the_manifest_that_it_lists() {
    let dir = TestDir::new();
    assert!(!open(&dir.path).unwrap().is_current(&[7; 32]).unwrap());
    drop(dir.begin(&[task("a", "mug")]));
    let store = open(&dir.path).unwrap();
    assert!(store.is_current(&[7; 32]).unwrap());
    assert!(!store.is_current(&[8; 32]).unwrap());
}

#[test]
fn one_run_holds_a_state_and_a_reader_may_look() {
    let dir = TestDir::new();
    let (_, writer) = dir.begin(&[task("a", "mug")]);
    assert!(matches!(open(&dir.path), Err(StoreError::Held { .. })));
    let snapshot = BatchStore::at(&dir.path).snapshot().unwrap();
    assert_eq!((snapshot.holder(), snapshot.is_live()), (Some("a test"), true));
    assert_eq!(snapshot.counts().unwrap().of(Status::Pending), 1);
    drop(writer);
    let snapshot = BatchStore::at(&dir.path).snapshot().unwrap();
    assert_eq!((snapshot.holder(), snapshot.is_live()), (None, false));
    open(&dir.path).unwrap();
}

#[test]
fn whoever_looks_last_leaves_one_file() {
    let dir = TestDir::new();
    drop(dir.begin(&[task("a", "mug")]));
    dir.records();
    let files = std::fs::read_dir(dir.path.parent().unwrap()).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["spring.mjbatch"]);
}

#[test]
fn a_state_remembers_its_service() {
    let dir = TestDir::new();
    drop(open(&dir.path).unwrap());
    match BatchStore::at(&dir.path).open("https://api.midjourney-api.com", "a test") {
        Err(StoreError::OtherService { theirs, .. }) => assert_eq!(theirs, "the sandbox"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_no_state_is_left_as_it_is() {
    let dir = TestDir::new();
    for (bytes, what) in [
        (b"id,prompt\na,mug\n".to_vec(), "a CSV"),
        (b"SQLite format 3\0 but damaged after that".to_vec(), "a damaged file"),
    ] {
        std::fs::write(&dir.path, &bytes).unwrap();
        assert!(open(&dir.path).is_err(), "{what}");
        assert!(BatchStore::at(&dir.path).snapshot().is_err(), "{what}");
        assert_eq!(std::fs::read(&dir.path).unwrap(), bytes, "{what}");
    }
    std::fs::remove_file(&dir.path).unwrap();
    let other = Connection::open(&dir.path).unwrap();
    other.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);").unwrap();
    drop(other);
    assert!(matches!(open(&dir.path), Err(StoreError::NotAState(_))));
    let other = Connection::open(&dir.path).unwrap();
    assert_eq!(other.query_row("SELECT x FROM theirs", [], |row| row.get::<_, i64>(0)), Ok(1));
}

#[test]
fn a_state_of_an_older_program_is_brought_up_to_date_when_it_is_opened_or_read() {
    for read_first in [false, true] {
        let dir = TestDir::new();
        schema::tests::make_of_version(1, &dir.path);
        let db = Connection::open(&dir.path).unwrap();
        db.execute_batch(
            "INSERT INTO header (only_row, batch, service, columns, created_at)
                 VALUES (1, 'spring', 'the sandbox', '[]', 0);
             INSERT INTO task (key, id, fingerprint, prompt, mode) VALUES (1, 'a', zeroblob(32), 'mug', 'relaxed');
             INSERT INTO state (task, position, vars, state) VALUES (1, 0, '[]', 'running');
             INSERT INTO attempt (key, task, intended_at, task_id) VALUES (1, 1, 1000, 'job-1');",
        )
        .unwrap();
        drop(db);
        if read_first {
            let held = lock::Lock::take(&dir.path, "an older run").unwrap();
            assert!(matches!(BatchStore::at(&dir.path).snapshot(), Err(StoreError::Held { .. })));
            drop(held);
            assert_eq!(dir.states(), [("a".to_owned(), State::Running)]);
        }
        let (snapshot, _writer) = claimed(open(&dir.path).unwrap().begin(Prices::default()).unwrap());
        let [one] = &snapshot.resumed[..] else { panic!("{snapshot:?}") };
        assert_eq!((one.waiting.mode, one.task_id.0.as_str()), (Mode::Relaxed.into(), "job-1"));
    }
}

#[test]
fn a_clock_that_was_set_back_makes_a_job_young_and_one_set_forward_old() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    record(&writer, accepted(1));
    drop(writer);
    for (hours, oldest) in [(5, 0_u64), (-5, 5 * 3600 + 60)] {
        let db = Connection::open(&dir.path).unwrap();
        let then = Timestamp::now().as_millisecond() + hours * 3_600_000;
        db.execute("UPDATE attempt SET intended_at = ?1", [then]).unwrap();
        drop(db);
        let (snapshot, _writer) = dir.begin(&[task("a", "mug")]);
        let age = snapshot.resumed[0].age.as_secs();
        assert!((oldest.saturating_sub(60)..=oldest).contains(&age), "{hours} hours off: {age} s old");
        assert!(snapshot.waiting.is_empty(), "it is followed, and not sent again");
    }
}

#[test]
fn a_state_of_a_newer_program_is_left_as_it_is() {
    let dir = TestDir::new();
    drop(open(&dir.path).unwrap());
    let db = Connection::open(&dir.path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(open(&dir.path), Err(StoreError::Newer { version: 99, .. })));
    assert!(matches!(BatchStore::at(&dir.path).snapshot(), Err(StoreError::Newer { version: 99, .. })));
}

#[test]
fn an_empty_file_is_no_state_and_is_not_begun_anew() {
    let dir = TestDir::new();
    std::fs::write(&dir.path, b"").unwrap();
    assert!(matches!(BatchStore::at(&dir.path).snapshot(), Err(StoreError::Empty(_))));
    assert!(matches!(open(&dir.path), Err(StoreError::Empty(_))));
    assert_eq!(std::fs::read(&dir.path).unwrap(), b"");
}

#[test]
fn a_write_that_fails_is_said_and_takes_no_other_with_it() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.begin(&[task("a", "mug"), task("b", "cup")]);
    intend(&writer, 1, snapshot.waiting[0].task);
    let bad = writer.record(ChangeKind::Lost("there is no such attempt".into()).of(AttemptKey(99)));
    let good = writer.record(accepted(1));
    let next = writer.intend(Intent { task: snapshot.waiting[1].task, mode: Mode::Fast, hook_token: None });
    assert!(bad.blocking_recv().unwrap().is_err());
    assert!(good.blocking_recv().unwrap().is_ok());
    assert!(next.blocking_recv().unwrap().is_ok());
}

#[cfg(unix)]
#[test]
fn a_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TestDir::new();
    let _held = dir.begin(&[task("a", "mug")]);
    for ending in ["mjbatch", "mjbatch-wal"] {
        let mode = std::fs::metadata(dir.path.with_extension(ending)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{ending}");
    }
}
