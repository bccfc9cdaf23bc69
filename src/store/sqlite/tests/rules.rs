//! What the state remembers for the rules of a run: what was spent, what failed how often, and
//! which tasks are meant.

use std::path::{Path, PathBuf};

use crate::engine::IntentRefusal;
use crate::plan::{self, Filter, Filters, Selection};
use crate::store::sqlite::tests::begun::{Begun, claimed};
use crate::store::sqlite::{BatchWriter, HeldStore};
use crate::store::{BatchStore, Intent, IntentOutcome, ManifestRef, RetryReport, StoreError};
use crate::task::{
    AttemptKey, Change, ChangeKind, Decision, Failure, FailureClass, Images, Mode, ModeCounts, Prices, Quota,
    Record, RemoteTaskId, State, Task, TaskRow,
};

struct TestDir {
    _folder: tempfile::TempDir,
    path: PathBuf,
    prices: Prices,
}

impl TestDir {
    fn new() -> TestDir {
        let folder = tempfile::tempdir().unwrap();
        let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
        TestDir { path: folder.path().join("spring.mjbatch"), _folder: folder, prices }
    }

    fn listed(&self, tasks: &[Task]) -> HeldStore {
        let mut store = BatchStore::at(&self.path).open("the sandbox", "a test").unwrap();
        let plan = plan::compare(tasks.iter().cloned(), &store.known_tasks().unwrap());
        let columns = columns();
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &columns, hash: [7; 32], file: Path::new("spring.csv") };
        store.sync_manifest(manifest_ref, tasks.iter().cloned(), &plan).unwrap();
        store
    }

    fn begin(&self, tasks: &[Task], selection: &Selection) -> (Begun, BatchWriter) {
        claimed(self.listed(tasks).begin_with(self.prices, None, selection).unwrap())
    }

    fn all(&self, tasks: &[Task]) -> (Begun, BatchWriter) {
        self.begin(tasks, &Selection::default())
    }

    fn records(&self) -> Vec<Record> {
        BatchStore::at(&self.path).snapshot().unwrap().records().map(Result::unwrap).collect()
    }

    fn retry(&self, filters: &[&str], lost: bool) -> RetryReport {
        let mut store = BatchStore::at(&self.path).hold("a test").unwrap();
        store.retry(&parsed(filters), lost).unwrap()
    }
}

fn columns() -> Vec<String> {
    vec!["sku".to_owned(), "season".to_owned()]
}

fn parsed(filters: &[&str]) -> Filters {
    let filters: Vec<Filter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
    Filters::resolve(&filters, &columns()).unwrap()
}

fn task(id: &str) -> Task {
    Task {
        vars: vec![format!("sku-{id}"), "spring".into()],
        ..Task::new(id, format!("mug {id}"), Mode::Fast)
    }
}

fn tasks<const N: usize>(ids: [&str; N]) -> Vec<Task> {
    ids.into_iter().map(task).collect()
}

fn answer(writer: &BatchWriter, task: TaskRow, mode: Mode) -> IntentOutcome {
    writer.intend(Intent { task, mode, hook_token: None }).blocking_recv().unwrap().unwrap()
}

/// Intends to submit a task. Gives the number of the attempt.
#[track_caller]
fn intend_next(writer: &BatchWriter, task: TaskRow) -> i64 {
    match answer(writer, task, Mode::Fast) {
        IntentOutcome::Recorded(attempt, _) => attempt.0,
        IntentOutcome::Refused(why) => panic!("{why:?}"),
    }
}

/// Intends to submit a task, which must become this attempt.
#[track_caller]
fn intend(writer: &BatchWriter, attempt: i64, task: TaskRow) {
    assert_eq!(intend_next(writer, task), attempt);
}

fn record(writer: &BatchWriter, change: Change) {
    writer.record(change).blocking_recv().unwrap().unwrap();
}

/// Intends and accepts attempts 1, 2, … of what waits.
fn run_all(snapshot: &Begun, writer: &BatchWriter) {
    run_all_but(&[], snapshot, writer);
}

/// The submits of these attempts are not answered.
fn run_all_but(unanswered: &[i64], snapshot: &Begun, writer: &BatchWriter) {
    for waiting in &snapshot.waiting {
        let n = intend_next(writer, waiting.task);
        if unanswered.contains(&n) {
            continue;
        }
        record(writer, ChangeKind::Accepted(RemoteTaskId(format!("job-{n}"))).of(AttemptKey(n)));
    }
}

fn all_fast(tasks: u64) -> ModeCounts {
    let mut counts = ModeCounts::default();
    (0..tasks).for_each(|_| counts.add(Mode::Fast.into()));
    counts
}

fn failure(class: FailureClass) -> Failure {
    Failure { class, reason: "bad luck".into() }
}

fn failed_for_now(attempt: i64) -> Change {
    ChangeKind::FailedWillRetry(failure(FailureClass::Generation)).of(AttemptKey(attempt))
}

fn failed(attempt: i64, class: FailureClass) -> Change {
    ChangeKind::Failed(failure(class)).of(AttemptKey(attempt))
}

#[test]
fn what_failed_for_now_waits_with_its_reason_and_is_counted_over_runs() {
    let dir = TestDir::new();
    for run in 1..=3 {
        let (snapshot, writer) = dir.all(&tasks(["a"]));
        let [waiting] = snapshot.waiting[..] else { panic!("{snapshot:?}") };
        assert_eq!(snapshot.history.failures.get(&waiting.task).copied().unwrap_or_default(), run - 1);
        run_all(&snapshot, &writer);
        record(&writer, failed_for_now(i64::from(run)));
        let [a] = &dir.records()[..] else { panic!() };
        assert_eq!((a.state, a.attempts, a.reason.as_deref()), (State::Pending, run, Some("bad luck")));
        assert_eq!((a.quota, a.task_id.as_ref()), (Some(Quota(4000 * u64::from(run))), None));
    }
}

#[test]
fn a_submit_that_was_not_accepted_does_not_hide_why_the_task_waits() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a"]));
    run_all(&snapshot, &writer);
    record(&writer, failed_for_now(1));
    intend(&writer, 2, snapshot.waiting[0].task);
    record(&writer, ChangeKind::Rejected("all slots were taken".into()).of(AttemptKey(2)));
    let [a] = &dir.records()[..] else { panic!() };
    assert_eq!((a.state, a.attempts, a.reason.as_deref()), (State::Pending, 1, Some("bad luck")));
}

#[test]
fn a_run_that_died_between_a_failure_and_the_next_submit_sends_it_again_once() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a"]));
    run_all(&snapshot, &writer);
    record(&writer, failed_for_now(1));
    intend(&writer, 2, snapshot.waiting[0].task);
    drop(writer); // it died after the intent: whether it was sent cannot be known
    let (snapshot, _writer) = dir.all(&tasks(["a"]));
    assert_eq!((snapshot.waiting.len(), snapshot.interrupted), (0, 1));
    assert_eq!(snapshot.history.spent, Quota(8000));
}

#[test]
fn a_second_look_is_at_the_last_attempt_alone() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a"]));
    run_all(&snapshot, &writer);
    record(&writer, failed_for_now(1));
    intend(&writer, 2, snapshot.waiting[0].task);
    record(&writer, ChangeKind::Accepted(RemoteTaskId("job-2".into())).of(AttemptKey(2)));
    record(&writer, failed(2, FailureClass::Timeout));
    drop(writer);
    let (snapshot, _writer) = dir.all(&tasks(["a"]));
    let looked: Vec<_> = snapshot.resumed.iter().map(|resumed| resumed.task_id.0.as_str()).collect();
    assert_eq!(looked, ["job-2"]);
}

#[test]
fn all_that_may_be_billed_is_spent_at_its_price_or_at_todays() {
    let mut dir = TestDir::new();
    dir.prices = Prices::default();
    let (snapshot, writer) = dir.all(&tasks(["a", "b", "c", "d", "e"]));
    run_all_but(&[1, 4], &snapshot, &writer);
    record(&writer, ChangeKind::Unknown("cut".into()).of(AttemptKey(1)));
    record(&writer, ChangeKind::Lost("gone".into()).of(AttemptKey(2)));
    record(&writer, failed(3, FailureClass::Generation));
    record(&writer, ChangeKind::Rejected("no slot".into()).of(AttemptKey(4)));
    drop(writer);
    let store = dir.listed(&tasks(["a"]));
    assert_eq!(store.unpriced(&Prices::default()).unwrap(), [Mode::Fast]);
    drop(store);
    assert_eq!(dir.all(&tasks(["a"])).0.history.spent, Quota(u64::MAX), "it is unknown");
    dir.prices = Prices { fast: Some(Quota(3000)), relaxed: None };
    let store = dir.listed(&tasks(["a"]));
    assert_eq!(store.unpriced(&dir.prices).unwrap(), []);
    drop(store);
    let (snapshot, writer) = dir.all(&tasks(["a", "f"]));
    assert_eq!(snapshot.history.spent, Quota(12_000), "four may be billed, the running one too");
    run_all(&snapshot, &writer);
    drop(writer);
    dir.prices = Prices { fast: Some(Quota(5000)), relaxed: None };
    let (snapshot, _writer) = dir.all(&tasks(["a"]));
    assert_eq!(snapshot.history.spent, Quota(4 * 5000 + 3000), "what has a price keeps it");
}

#[test]
fn the_more_urgent_goes_first_and_equals_in_the_manifests_order() {
    let dir = TestDir::new();
    let of = |id: &str, priority| Task { priority, ..task(id) };
    let listed = [of("a", 0), of("b", -5), of("c", 10), of("d", 0), of("e", 10)];
    let (snapshot, _writer) = dir.all(&listed);
    let keys: Vec<_> = snapshot.waiting.iter().map(|waiting| waiting.task.0).collect();
    assert_eq!(keys, [3, 5, 1, 4, 2]);
    let order: Vec<_> = dir.records().into_iter().map(|record| record.task.id.0).collect();
    assert_eq!(order, ["a", "b", "c", "d", "e"], "results keep the manifest's");
}

#[test]
fn a_choice_holds_back_what_it_does_not_choose_and_bars_it_from_being_sent_again() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a", "b", "c", "d"]));
    for (n, waiting) in (1..).zip(&snapshot.waiting[..2]) {
        intend(&writer, n, waiting.task);
        record(&writer, ChangeKind::Accepted(RemoteTaskId(format!("job-{n}"))).of(AttemptKey(n)));
    }
    drop(writer);
    let selection = Selection { filters: parsed(&["sku=sku-a", "sku=sku-c"]), pilot: false, decided: false };
    let (snapshot, writer) = dir.begin(&tasks(["a", "b", "c", "d"]), &selection);
    assert_eq!((snapshot.waiting.len(), snapshot.not_selected, snapshot.resumed.len()), (1, 1, 2));
    assert_eq!(snapshot.history.excluded, [TaskRow(2)].into());
    drop(writer);
    let skipped = [Task { decision: Some(Decision::Skip), ..task("a") }, task("c")];
    let (snapshot, _writer) = dir.all(&skipped);
    assert_eq!(snapshot.history.excluded, [TaskRow(1), TaskRow(2)].into(), "skipped, and not listed");
}

#[test]
fn a_pilot_is_one_task_of_each_entry_and_is_not_flown_twice() {
    let dir = TestDir::new();
    let of = |id: &str, entry| Task { entry, ..task(id) };
    let listed = [of("a1", 0), of("a2", 0), of("b1", 1), of("b2", 1), of("c1", 2)];
    let pilot = Selection { pilot: true, ..Selection::default() };
    let (snapshot, writer) = dir.begin(&listed, &pilot);
    let keys: Vec<_> = snapshot.waiting.iter().map(|waiting| waiting.task.0).collect();
    assert_eq!((keys, snapshot.not_selected), (vec![1, 3, 5], 2));
    run_all(&snapshot, &writer);
    record(&writer, ChangeKind::Done(Images::default()).of(AttemptKey(1)));
    record(&writer, failed_for_now(2));
    record(&writer, failed(3, FailureClass::Moderated));
    drop(writer);
    let (snapshot, _writer) = dir.begin(&listed, &pilot);
    let keys: Vec<_> = snapshot.waiting.iter().map(|waiting| waiting.task.0).collect();
    assert_eq!((keys, snapshot.not_selected), (vec![3], 2), "the one that failed for now goes on");
}

#[test]
fn what_a_person_sends_again_starts_anew_and_its_history_stays() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a", "b", "c", "d", "e"]));
    run_all_but(&[5], &snapshot, &writer);
    record(&writer, failed(1, FailureClass::Generation));
    record(&writer, failed(2, FailureClass::Moderated));
    record(&writer, failed(3, FailureClass::Timeout));
    record(&writer, ChangeKind::Lost("gone".into()).of(AttemptKey(4)));
    record(&writer, ChangeKind::Unknown("cut".into()).of(AttemptKey(5)));
    assert!(matches!(BatchStore::at(&dir.path).hold("a test"), Err(StoreError::Held { .. })));
    drop(writer);
    assert_eq!(
        dir.retry(&["id=a"], false),
        RetryReport { tasks: all_fast(1), turned_down: 0, may_be_made: 0 }
    );
    assert_eq!(dir.retry(&[], false), RetryReport { tasks: all_fast(2), turned_down: 1, may_be_made: 1 });
    assert_eq!(
        dir.retry(&["status=lost"], true),
        RetryReport { tasks: all_fast(1), turned_down: 0, may_be_made: 1 }
    );
    assert_eq!(dir.retry(&[], true), RetryReport::default(), "what is unknown never is");
    let (snapshot, writer) = dir.all(&tasks(["a", "b", "c", "d", "e"]));
    assert_eq!((snapshot.waiting.len(), snapshot.resumed.len()), (4, 0));
    assert_eq!(snapshot.history.failures, [].into(), "counted anew");
    assert_eq!(snapshot.history.spent, Quota(20_000));
    assert_eq!(dir.records()[0].attempts, 1);
    drop(writer);
    assert!(matches!(
        BatchStore::at(dir.path.with_extension("none")).hold("a test"),
        Err(StoreError::Absent(_))
    ));
}

#[test]
fn a_redo_counts_failures_anew() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a"]));
    run_all(&snapshot, &writer);
    record(&writer, failed(1, FailureClass::Generation));
    drop(writer);
    let redo = [Task { decision: Some(Decision::Redo), ..task("a") }];
    let (snapshot, _writer) = dir.all(&redo);
    assert_eq!((snapshot.waiting.len(), snapshot.history.failures.len()), (1, 0));
}

#[test]
fn what_tasks_share_is_what_not_all_have_the_rarest_first() {
    let dir = TestDir::new();
    let of = |id: &str, sku: &str| Task { vars: vec![sku.to_owned(), "spring".to_owned()], ..task(id) };
    let (snapshot, _writer) = dir.all(&[of("a", "vape"), of("b", "vape"), of("c", "mug"), of("d", "")]);
    let keys: Vec<TaskRow> = snapshot.waiting.iter().map(|waiting| waiting.task).collect();
    let reader = BatchStore::at(&dir.path).snapshot().unwrap();
    let header = reader.header().unwrap();
    let shared = |keys: &[TaskRow]| reader.common_values(&header, keys).unwrap();
    assert_eq!(shared(&keys[..2]), [("sku".to_owned(), "vape".to_owned())]);
    assert_eq!(shared(&keys[1..3]), []);
    assert_eq!(shared(&keys[3..]), [], "an empty value is nothing to share");
}

#[test]
fn an_intent_over_the_budget_is_refused_in_its_transaction_and_nothing_of_it_stays() {
    let dir = TestDir::new();
    let store = dir.listed(&tasks(["a", "b", "c", "d"]));
    let (snapshot, writer) =
        claimed(store.begin_with(dir.prices, Some(Quota(10_000)), &Selection::default()).unwrap());
    let task = |n: usize| snapshot.waiting[n].task;
    // They arrive together, and may be written in one transaction.
    let modes = [Mode::Fast, Mode::Fast, Mode::Fast, Mode::Relaxed];
    let answers: Vec<_> = modes
        .into_iter()
        .enumerate()
        .map(|(n, mode)| writer.intend(Intent { task: task(n), mode, hook_token: None }))
        .collect();
    let answers: Vec<_> =
        answers.into_iter().map(|answer| answer.blocking_recv().unwrap().unwrap()).collect();
    let number = |outcome: &IntentOutcome| match outcome {
        IntentOutcome::Recorded(attempt, _) => Ok(attempt.0),
        IntentOutcome::Refused(why) => Err(*why),
    };
    let numbers: Vec<_> = answers.iter().map(number).collect();
    assert_eq!(numbers, [Ok(1), Ok(2), Err(IntentRefusal::OverBudget), Ok(3)]);
    let states: Vec<_> = dir.records().iter().map(|record| record.state).collect();
    assert_eq!(states, [State::Submitting, State::Submitting, State::Pending, State::Submitting]);
    // A certain no gives its reservation back.
    record(&writer, ChangeKind::Rejected("no slot".into()).of(AttemptKey(1)));
    assert_eq!(number(&answer(&writer, task(2), Mode::Fast)), Ok(4));
    assert_eq!(number(&answer(&writer, task(0), Mode::Fast)), Err(IntentRefusal::OverBudget));
    drop(writer);
    let store = BatchStore::at(&dir.path).hold("a test").unwrap();
    let (_, writer) =
        claimed(store.begin_with(dir.prices, Some(Quota(10_000)), &Selection::default()).unwrap());
    assert_eq!(number(&answer(&writer, task(0), Mode::Fast)), Err(IntentRefusal::OverBudget), "in every run");
}

#[test]
fn a_mode_without_a_price_is_within_no_budget() {
    let dir = TestDir { prices: Prices { fast: Some(Quota(1)), relaxed: None }, ..TestDir::new() };
    let store = dir.listed(&tasks(["a"]));
    let (snapshot, writer) =
        claimed(store.begin_with(dir.prices, Some(Quota(10_000)), &Selection::default()).unwrap());
    let outcome = answer(&writer, snapshot.waiting[0].task, Mode::Relaxed);
    assert_eq!(outcome, IntentOutcome::Refused(IntentRefusal::OverBudget));
}

#[test]
fn a_task_that_does_not_wait_is_not_submitted() {
    let dir = TestDir::new();
    let (snapshot, writer) = dir.all(&tasks(["a"]));
    let task = snapshot.waiting[0].task;
    intend(&writer, 1, task);
    for change in [
        None,
        Some(ChangeKind::Unknown("no reply".into())),
        Some(ChangeKind::Accepted(RemoteTaskId("T1".into()))),
        Some(ChangeKind::Lost("forgotten".into())),
    ] {
        if let Some(change) = change {
            record(&writer, change.of(AttemptKey(1)));
        }
        assert_eq!(answer(&writer, task, Mode::Fast), IntentOutcome::Refused(IntentRefusal::NotOurs));
    }
    assert_eq!(answer(&writer, TaskRow(99), Mode::Fast), IntentOutcome::Refused(IntentRefusal::NotOurs));
    assert_eq!(dir.records()[0].attempts, 1);
}

#[test]
fn a_task_that_waits_again_is_not_claimed_again() {
    let desk = TestDir::new();
    let (snapshot, writer) = desk.all(&tasks(["a", "b"]));
    intend(&writer, 1, snapshot.waiting[0].task);
    drop(writer);
    let store = desk.listed(&tasks(["a", "b", "c"]));
    let (start, writer) = store.begin_with(desk.prices, None, &Selection::default()).unwrap();
    assert_eq!((start.in_doubt.len(), start.backlog.tasks), (1, all_fast(2)));
    let claim = |count: usize| writer.claim(count).blocking_recv().unwrap().unwrap().claim.tasks;
    // `a` is in the hands of the run, and waits by its word.
    record(&writer, ChangeKind::Resend.of(AttemptKey(1)));
    let first = claim(1);
    assert_eq!(first, [snapshot.waiting[1]]);
    intend(&writer, 2, first[0].task);
    record(&writer, ChangeKind::Rejected("no slot".into()).of(AttemptKey(2)));
    let rest = claim(5);
    assert_eq!((rest.len(), claim(5)), (1, Vec::new()));
    assert!(!rest.contains(&first[0]) && !rest.contains(&snapshot.waiting[0]), "{rest:?}");
}
