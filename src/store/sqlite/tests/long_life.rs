//! Tests that a start and a glance cost the same however long the batch has lived: what is read are
//! sums that were kept and rows that are open, never all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use tempfile::TempDir;

use crate::plan::Selection;
use crate::store::sqlite::tests::begun::claimed;
use crate::store::sqlite::{HeldStore, Snapshot, schema};
use crate::store::{BatchStore, Intent, IntentOutcome, ManifestRef};
use crate::task::{
    ChangeKind, Decision, Earlier, Failure, FailureClass, Images, Mode, Prices, Quota, RemoteTaskId, State,
    Status, Task,
};

const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: None };

fn state() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spring.mjbatch");
    (folder, path)
}

fn open(path: &Path) -> HeldStore {
    BatchStore::at(path).open("the sandbox", "a test").unwrap()
}

fn list(store: &mut HeldStore, tasks: &[Task]) {
    let plan = super::plan_of(tasks, store);
    let manifest_ref =
        ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: Path::new("spring.csv") };
    store.sync_manifest(manifest_ref, tasks.iter().cloned(), &plan).unwrap();
}

fn task(n: usize, version: usize) -> Task {
    let mode = if n.is_multiple_of(3) { Mode::Relaxed } else { Mode::Fast };
    Task::new(format!("t{n}"), format!("a mug {n}.{version}"), mode)
}

/// A batch in which everything has happened: every end of an attempt, edits, tasks that were taken
/// out, sent again, taken over.
fn lived(path: &Path) {
    for version in 0..3 {
        let mut tasks: Vec<Task> = (version * 4..30).map(|n| task(n, version * (n % 2))).collect();
        let earlier = Earlier {
            state: State::Done,
            task_id: Some(RemoteTaskId(format!("theirs-{version}"))),
            reason: None,
            quota: Some(Quota(2500)),
            images: Images::default(),
            submitted_at: None,
            finished_at: None,
        };
        tasks.push(Task { earlier: Some(Box::new(earlier)), ..task(100 + version, 0) });
        tasks.push(Task { decision: Some(Decision::Skip), ..task(200, 0) });
        let mut store = open(path);
        list(&mut store, &tasks);
        let prices = if version == 1 { Prices::default() } else { PRICES };
        let (snapshot, writer) = claimed(store.begin(prices).unwrap());
        for (n, waiting) in snapshot.waiting.iter().take(20).enumerate() {
            let mode = waiting.mode.may_be()[0];
            let intended = writer.intend(Intent { task: waiting.task, mode, hook_token: None });
            let Ok(Ok(IntentOutcome::Recorded(attempt, _))) = intended.blocking_recv() else { panic!("{n}") };
            let failure = |class| Failure { class, reason: "no".to_owned() };
            let accepted = ChangeKind::Accepted(RemoteTaskId(format!("job-{}", attempt.0))).of(attempt);
            let changes = match n % 10 {
                0 => vec![ChangeKind::Rejected("full".to_owned()).of(attempt)],
                1 => vec![ChangeKind::Refused(failure(FailureClass::Refused)).of(attempt)],
                2 => vec![ChangeKind::Unknown("no reply".to_owned()).of(attempt)],
                3 => vec![accepted],
                4 => vec![accepted, ChangeKind::Failed(failure(FailureClass::Timeout)).of(attempt)],
                5 => {
                    vec![accepted, ChangeKind::FailedWillRetry(failure(FailureClass::Generation)).of(attempt)]
                }
                6 => vec![accepted, ChangeKind::Lost("forgotten".to_owned()).of(attempt)],
                7 => vec![ChangeKind::Unknown("no reply".to_owned()).of(attempt), accepted],
                8 => vec![], // the run dies
                _ => vec![accepted, ChangeKind::Done(Images::default()).of(attempt)],
            };
            changes.into_iter().for_each(|change| drop(writer.record(change)));
        }
    }
}

/// What a run cost, or all of them.
type Cost = (Option<i64>, Option<i64>);

/// Counts and costs as they were taken before they were kept.
fn taken(db: &Connection) -> (BTreeMap<String, i64>, Vec<Cost>) {
    let mut query = db
        .prepare(
            "SELECT state, count(position) + count(*) FILTER (WHERE position IS NULL AND state = 'unknown')
             FROM state GROUP BY state",
        )
        .unwrap();
    let counts = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let counts = counts.map(Result::unwrap).collect();
    let mut query = db
        .prepare(
            "SELECT run, sum(quota) FROM attempt
             WHERE outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused' AND run IS NOT NULL GROUP BY run
             UNION ALL SELECT NULL, sum(quota) FROM attempt
             WHERE outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused'",
        )
        .unwrap();
    let spent = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    (counts, spent.map(Result::unwrap).collect())
}

#[track_caller]
fn what_is_kept_is_what_is_there(path: &Path) {
    let snapshot = Snapshot::take(&path.into(), None, true).unwrap();
    let (counts, spent) = taken(&Connection::open(path).unwrap());
    let kept = snapshot.counts().unwrap();
    for status in Status::ALL {
        let there = counts.iter().filter(|(word, _)| State::from_word(word).unwrap().shown(true) == status);
        assert_eq!(kept.of(status), there.map(|(_, n)| *n as u64).sum::<u64>(), "{status:?}: {counts:?}");
    }
    for (run, sum) in spent {
        let sum = sum.map(|sum| Quota(sum as u64));
        assert_eq!(snapshot.spent(run).unwrap(), sum, "run {run:?}");
    }
    let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(7)) };
    let all: i64 = Connection::open(path)
        .unwrap()
        .query_row(
            "SELECT sum(coalesce(quota, CASE mode WHEN 'fast' THEN 4000 ELSE 7 END)) FROM attempt
             WHERE outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(snapshot.reserved(&prices).unwrap(), Some(Quota(all as u64)));
    assert_eq!(snapshot.reserved(&PRICES).unwrap(), None, "relaxed attempts have no price");
}

#[test]
fn counts_and_costs_that_are_kept_are_those_that_would_be_taken() {
    let (_folder, path) = state();
    lived(&path);
    what_is_kept_is_what_is_there(&path);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; DELETE FROM attempt WHERE key % 3 = 0; DELETE FROM state WHERE task % 3 = 0;
         UPDATE attempt SET quota = quota + 1, run = 2 WHERE key % 2 = 0; UPDATE state SET state = 'lost', position = NULL
         WHERE task % 5 = 0;",
    )
    .unwrap();
    drop(db);
    what_is_kept_is_what_is_there(&path);
}

#[test]
fn a_state_of_any_earlier_version_has_its_counts_and_costs_kept_once_it_is_opened() {
    let (_folder, lived_path) = state();
    lived(&lived_path);
    for version in 1..schema::tests::newest() {
        let (_folder, path) = state();
        schema::tests::make_of_version(version, &path);
        let db = Connection::open(&path).unwrap();
        db.execute("ATTACH ?1 AS lived", [lived_path.to_str().unwrap()]).unwrap();
        for table in ["header", "task", "run", "state", "attempt"] {
            let mut columns = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
            let columns = columns.query_map([], |row| row.get::<_, String>(0)).unwrap();
            let columns = columns.map(Result::unwrap).collect::<Vec<_>>().join(", ");
            db.execute(
                &format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM lived.{table}"),
                [],
            )
            .unwrap();
        }
        drop(db);
        drop(open(&path));
        what_is_kept_is_what_is_there(&path);
        let begin = |path: &Path| claimed(open(path).begin(PRICES).unwrap()).0;
        let (theirs, ours) = (begin(&path), begin(&lived_path));
        assert_eq!((&theirs.waiting, &theirs.history), (&ours.waiting, &ours.history), "version {version}");
    }
}

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on, what this thread asks of the database is seen.
fn listen(db: &mut Connection) {
    fn hear(event: TraceEvent<'_>) {
        if let TraceEvent::Stmt(statement, _) = event
            && let Some(sql) = statement.expanded_sql()
        {
            SEEN.with(|seen| seen.borrow_mut().push(sql));
        }
    }
    db.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear)).unwrap();
}

/// Reads all there is of a table, or of an index: fine where they hold sums or what is open, and
/// nothing else.
fn reads_all(db: &Connection, sql: &str) -> Vec<String> {
    const FINE: [&str; 8] = [
        "SCAN spent",
        "SCAN listed",
        "SCAN header",
        "SCAN CONSTANT ROW",
        "SCAN (subquery",
        "SCAN state USING INDEX state_waiting",
        "SCAN state USING COVERING INDEX state_waiting",
        "SCAN attempt USING COVERING INDEX attempt_failed",
    ];
    let words = ["SELECT", "UPDATE", "INSERT", "DELETE", "WITH"];
    if !words.iter().any(|word| sql.trim_start().starts_with(word)) {
        return Vec::new();
    }
    let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = plan.query_map([], |row| row.get::<_, String>("detail")).unwrap();
    let steps = steps.map(Result::unwrap);
    steps.filter(|step| step.starts_with("SCAN") && !FINE.iter().any(|fine| step.starts_with(fine))).collect()
}

#[test]
fn a_start_reads_what_is_open_and_never_all_that_there_is() {
    let (_folder, path) = state();
    lived(&path);
    let plans = Connection::open(&path).unwrap();
    let mut store = open(&path);
    listen(&mut store.db);
    assert!(store.is_current(&[7; 32]).unwrap());
    store.manifest_file().unwrap();
    store.unpriced(&PRICES).unwrap();
    let _begun = store.begin_with(PRICES, None, &Selection::default()).unwrap();
    let seen = SEEN.with(RefCell::take);
    assert!(seen.len() > 10, "{seen:#?}");
    for sql in &seen {
        assert_eq!(reads_all(&plans, sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn a_glance_reads_sums_that_were_kept() {
    let (_folder, path) = state();
    lived(&path);
    let plans = Connection::open(&path).unwrap();
    let mut snapshot = BatchStore::at(&path).snapshot().unwrap();
    listen(&mut snapshot.db);
    snapshot.header().unwrap();
    snapshot.created_at().unwrap();
    snapshot.counts().unwrap();
    snapshot.spent(None).unwrap();
    snapshot.spent(Some(1)).unwrap();
    snapshot.reserved(&PRICES).unwrap();
    let seen = SEEN.with(RefCell::take);
    assert!(seen.len() > 5, "{seen:#?}");
    for sql in &seen {
        assert_eq!(reads_all(&plans, sql), Vec::<String>::new(), "{sql}");
    }
    assert_ne!(reads_all(&plans, "SELECT sum(quota) FROM attempt"), Vec::<String>::new());
    assert_eq!(BatchStore::at(&path).cached_manifest(), None);
}
