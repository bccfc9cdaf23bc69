//! What a disk may do to a state, and what is saved of it: all that does not lie in the very page
//! that is gone.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;

use rusqlite::Connection;

use super::{pages, rows};
use crate::plan;
use crate::store::sqlite::schema;
use crate::store::sqlite::tests::begun::claimed;
use crate::store::*;
use crate::task::{
    AttemptKey, Change, ChangeKind, Failure, FailureClass, Images, Mode, Prices, Quota, RemoteTaskId, Task,
};

const PAGE: usize = 4096;
const TASKS: i64 = 400;

/// A state in which each of 400 tasks has an attempt with a taskId.
struct Made {
    /// The file once its run is over.
    bytes: Vec<u8>,
    /// The file and its WAL, as a kill leaves them.
    killed: (Vec<u8>, Vec<u8>),
    pages: Vec<Page>,
}

/// Which table a page belongs to, what it is to it, and how many rows begin there.
struct Page {
    number: usize,
    table: String,
    kind: String,
    rows: usize,
}

impl Page {
    fn is_leaf(&self) -> bool {
        self.kind == "leaf"
    }
}

fn task_id(key: i64) -> String {
    format!("MtAd7mCuc4YqK_{key}")
}

/// Every tenth has a prompt, and every eleventh has addresses, longer than a page; the ids of some
/// are long.
fn tasks() -> Vec<Task> {
    let prompt = |n| format!("a mug number {n} on linen").repeat(if n % 10 == 0 { 300 } else { 1 });
    let id = |n| format!("t{n}{}", "-杯".repeat(if n % 70 == 0 { 190 } else { 0 }));
    (1..=TASKS).map(|n| Task::new(id(n), prompt(n), Mode::Fast)).collect()
}

fn becomes(key: i64) -> Option<Change> {
    let attempt = AttemptKey(key);
    let reason = "the service's own words ".repeat(if key % 30 == 0 { 300 } else { 1 });
    let address =
        |n| format!("https://pictures/{key}/{n}.png?{}", "x".repeat(if key % 11 == 0 { 1500 } else { 9 }));
    match key % 5 {
        0 => Some(ChangeKind::Failed(Failure { class: FailureClass::Generation, reason }).of(attempt)),
        1 => Some(ChangeKind::Lost(reason).of(attempt)),
        2 => None,
        _ => Some(
            ChangeKind::Done(Images { grid: Some(address(0)), urls: (1..=4).map(address).collect() })
                .of(attempt),
        ),
    }
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.mjbatch");
        let mut store = BatchStore::at(&path).open("the sandbox", "a test").unwrap();
        let plan = plan::compare(tasks().into_iter(), &store.known_tasks().unwrap());
        let manifest_ref =
            ManifestRef { batch: "spring", columns: &[], hash: [7; 32], file: Path::new("spring.csv") };
        store.sync_manifest(manifest_ref, tasks().into_iter(), &plan).unwrap();
        store.set_notify_on(Some(NotifyOn::Ended)).unwrap();
        let (snapshot, writer) =
            claimed(store.begin(Prices { fast: Some(Quota(4000)), relaxed: None }).unwrap());
        let mut answers = Vec::new();
        for (key, waiting) in (1..).zip(&snapshot.waiting) {
            let hook_token = (key % 2 == 0).then(|| format!("token-{key}"));
            let intent = Intent { task: waiting.task, mode: Mode::Fast, hook_token };
            writer.intend(intent).blocking_recv().unwrap().unwrap();
            answers.push(writer.record(ChangeKind::Accepted(RemoteTaskId(task_id(key))).of(AttemptKey(key))));
            answers.extend(becomes(key).map(|change| writer.record(change)));
        }
        for answer in answers {
            answer.blocking_recv().unwrap().unwrap();
        }
        let read = |ending: &str| std::fs::read(format!("{}{ending}", path.display())).unwrap();
        let killed = (read(""), read("-wal"));
        drop(writer);
        let db = Connection::open(&path).unwrap();
        let mut query = db.prepare("SELECT pageno, name, pagetype, ncell FROM dbstat").unwrap();
        let pages = query.query_map([], |row| {
            let count = |column| row.get::<_, u32>(column).map(|count| count as usize);
            Ok(Page { number: count(0)?, table: row.get(1)?, kind: row.get(2)?, rows: count(3)? })
        });
        let pages = pages.unwrap().map(Result::unwrap).collect();
        Made { bytes: read(""), killed, pages }
    })
}

impl Made {
    fn pages_of(&self, table: &str) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(move |page| page.table == table)
    }

    fn damaged(&self, pages: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        pages.into_iter().for_each(|number| bytes[(number - 1) * PAGE..number * PAGE].fill(0xA5));
        // The file still begins like one.
        bytes[..16].copy_from_slice(&self.bytes[..16]);
        bytes
    }
}

/// What is saved of these files, which are left as they are, by it and by a run.
fn saved(bytes: &[u8], wal: Option<&[u8]>) -> Vec<(Option<String>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spring.mjbatch");
    std::fs::write(&path, bytes).unwrap();
    let wal_path = folder.path().join("spring.mjbatch-wal");
    if let Some(wal) = wal {
        std::fs::write(&wal_path, wal).unwrap();
    }
    let saved = BatchStore::at(&path).salvage().unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    if let Some(wal) = wal {
        assert!(std::fs::read(&wal_path).unwrap() == wal);
    }
    saved.into_iter().map(|(id, task_id)| (id.map(|id| id.0), task_id.0)).collect()
}

fn all() -> Vec<(Option<String>, String)> {
    tasks().into_iter().zip(1..).map(|(task, key)| (Some(task.id.0), task_id(key))).collect()
}

#[test]
fn nothing_but_the_attempts_and_the_tasks_of_a_sound_state_is_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spring.mjbatch");
    std::fs::write(&path, &made().bytes).unwrap();
    let pages::Found { attempts, ids } = pages::carve(&path).unwrap();
    let known: BTreeSet<(i64, i64, String)> = (1..=TASKS).map(|key| (key, key, task_id(key))).collect();
    assert_eq!(attempts, known);
    assert_eq!(ids, (1..).zip(tasks()).map(|(key, task)| (key, task.id.0)).collect());
}

#[test]
fn all_is_saved_where_the_description_of_the_tables_is_damaged() {
    let made = made();
    let root = made.pages_of("attempt").find(|page| !page.is_leaf()).unwrap().number;
    let schema: Vec<usize> = made.pages_of("sqlite_schema").map(|page| page.number).collect();
    assert!(schema.len() > 2, "{schema:?}");
    let inner = made.pages.iter().filter(|page| !page.is_leaf() && page.rows > 0).map(|page| page.number);
    let inner: Vec<usize> = inner.collect();
    for pages in [vec![1], schema, vec![root], [vec![1], inner].concat()] {
        let bytes = made.damaged(pages.clone());
        assert_eq!(saved(&bytes, None), all(), "{pages:?}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.mjbatch");
        std::fs::write(&path, &bytes).unwrap();
        let opened = BatchStore::at(&path).open("the sandbox", "a test");
        assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{pages:?}: {opened:?}");
    }
}

#[test]
fn all_is_saved_where_every_page_has_lost_its_own_description() {
    let mut bytes = made().bytes.clone();
    for page in &made().pages {
        let start = (page.number - 1) * PAGE;
        // Its header and the list of its cells, in the first page after the header of the file.
        let length = if page.number == 1 { 108 } else { 8 } + 2 * page.rows;
        if page.kind != "overflow" {
            bytes[start..start + length].fill(0);
        }
    }
    assert_eq!(saved(&bytes, None), all());
}

#[test]
fn all_is_saved_where_the_first_page_is_gone() {
    for byte in [0, 0xA5] {
        let mut bytes = made().bytes.clone();
        bytes[..PAGE].fill(byte);
        assert_eq!(saved(&bytes, None), all());
    }
}

#[test]
fn all_that_is_in_other_pages_is_saved_whichever_page_is_damaged() {
    let made = made();
    let all: BTreeSet<_> = all().into_iter().collect();
    let task_ids: BTreeSet<_> = all.iter().map(|(_, task_id)| task_id).collect();
    let mut damaged = 0;
    for page in
        made.pages.iter().filter(|page| page.is_leaf() && ["attempt", "task"].contains(&page.table.as_str()))
    {
        let saved = saved(&made.damaged([page.number]), None);
        let gone = |table| if page.table == table { page.rows } else { 0 };
        assert!(saved.iter().all(|(_, task_id)| task_ids.contains(task_id)));
        assert!(saved.iter().all(|row| row.0.is_none() || all.contains(row)));
        assert!(saved.len() >= all.len() - gone("attempt"), "page {}: {}", page.number, saved.len());
        let named = saved.iter().filter(|(id, _)| id.is_some()).count();
        assert!(named >= saved.len() - gone("task"), "page {}: {named}", page.number);
        damaged += page.rows;
    }
    assert_eq!(damaged, 2 * all.len());
}

#[test]
fn what_lies_before_the_cut_is_saved_of_a_truncated_file() {
    let made = made();
    for end in [3 * PAGE + 5, made.bytes.len() / 4, made.bytes.len() / 2 + 100, made.bytes.len() - 1] {
        let whole = |page: &&Page| page.is_leaf() && page.number * PAGE <= end;
        let before: usize = made.pages_of("attempt").filter(whole).map(|page| page.rows).sum();
        let saved = saved(&made.bytes[..end], None);
        assert!(saved.len() >= before, "{end}: {} of {before}", saved.len());
    }
}

#[test]
fn what_is_only_in_the_wal_is_saved_too() {
    let (main, wal) = &made().killed;
    assert!(wal.len() > PAGE);
    let schema: Vec<usize> = made().pages_of("sqlite_schema").map(|page| page.number).collect();
    let hit = |bytes: &[u8], from: usize, to: usize| {
        let mut bytes = bytes.to_vec();
        bytes[from..to].fill(0xA5);
        bytes
    };
    assert_eq!(saved(main, Some(wal)), all());
    assert_eq!(saved(&hit(main, 16, PAGE), Some(wal)), all());
    // The header of the WAL, its salts: SQLite takes it for empty.
    assert_eq!(saved(&hit(main, 16, PAGE), Some(&hit(wal, 0, 32))), all());
    let pages =
        schema.iter().fold(main.clone(), |bytes, page| hit(&bytes, (page - 1) * PAGE + 16, page * PAGE));
    assert_eq!(saved(&pages, Some(&hit(wal, 8, 24))), all());
    // Nothing was written into the file yet.
    let fresh = &main[..PAGE];
    assert!(!saved(fresh, Some(wal)).is_empty());
}

#[test]
fn a_run_leaves_the_wal_of_a_damaged_state_as_it_is() {
    let (main, wal) = &made().killed;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spring.mjbatch");
    let leaf = made().pages_of("task").find(|page| page.is_leaf()).unwrap().number;
    let mut bytes = main.clone();
    bytes[(leaf - 1) * PAGE..leaf * PAGE].fill(0xA5);
    let wal_path = folder.path().join("spring.mjbatch-wal");
    std::fs::write(&path, &bytes).unwrap();
    std::fs::write(&wal_path, wal).unwrap();
    let opened = BatchStore::at(&path).open("the sandbox", "a test");
    assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{opened:?}");
    assert!(std::fs::read(&path).unwrap() == bytes);
    assert!(std::fs::read(&wal_path).unwrap() == *wal);
}

#[test]
fn the_states_of_every_version_are_saved() {
    for version in 1..=schema::tests::newest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.mjbatch");
        schema::tests::make_of_version(1, &path);
        let db = Connection::open(&path).unwrap();
        db.execute_batch(
            "INSERT INTO run (key, started_at) VALUES (1, 0);
             INSERT INTO task (key, id, fingerprint, prompt, mode) VALUES (1, 'a', zeroblob(32), 'mug', 'relaxed');
             INSERT INTO task (key, id, fingerprint, prompt, mode) VALUES (300, 'b', zeroblob(16), '', 'auto');
             INSERT INTO attempt (key, task, intended_at, task_id) VALUES (1, 1, 1000, 'job-1');
             INSERT INTO attempt (key, task, intended_at) VALUES (2, 300, 1000);
             INSERT INTO attempt (key, task, run, intended_at, task_id, outcome) VALUES (7, 300, 1, -1, '7', 'done');",
        )
        .unwrap();
        schema::tests::bring_to_version(version, &path);
        db.execute_batch("INSERT INTO attempt (key, task, intended_at, task_id) VALUES (8, 1, 0, 'job-8')")
            .unwrap();
        drop(db);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[16..PAGE].fill(0);
        let named = |id: &str, task_id: &str| (Some(id.to_owned()), task_id.to_owned());
        assert_eq!(
            saved(&bytes, None),
            [named("a", "job-1"), named("b", "7"), named("a", "job-8")],
            "version {version}"
        );
    }
}

#[test]
fn a_column_that_is_added_to_the_attempts_is_known_here() {
    let folder = tempfile::tempdir().unwrap();
    let db = schema::open_for_writing(&folder.path().join("spring.mjbatch")).unwrap();
    for (table, columns) in [("attempt", *rows::ATTEMPT_COLUMNS.end()), ("task", 5)] {
        let query = "SELECT count(*) FROM pragma_table_info(?1)";
        assert_eq!(db.query_row(query, [table], |row| row.get(0)), Ok(columns as u32), "{table}");
    }
}

/// Bytes, each at a place of its own, that are written over a state.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, Vec<u8>)>> {
    let bytes = prop::collection::vec(any::<u8>(), 1..40);
    prop::collection::vec((any::<prop::sample::Index>(), bytes), 1..30)
}

fn strike(bytes: &mut [u8], damage: &[(prop::sample::Index, Vec<u8>)]) {
    for (at, with) in damage {
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + with.len());
        bytes[at..end].copy_from_slice(&with[..end - at]);
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_for_a_page(
        garbage in prop::collection::vec(prop_oneof![any::<u8>(), 0..32_u8], 0..600),
        page in any::<prop::sample::Index>(),
        damage in damage(),
        power in 9..=16_u32,
        chain in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        rows::rows(&garbage, 1 << power, |_, _| chain.clone(), |_| ());
        let pages = &made().bytes;
        let start = page.index(pages.len() / PAGE) * PAGE;
        let mut page = pages[start..start + PAGE].to_vec();
        strike(&mut page, &damage);
        rows::rows(&page, 1 << power, |_, _| chain.clone(), |_| ());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn no_state_is_too_damaged_to_be_read(main in damage(), wal in damage(), cut in any::<prop::sample::Index>()) {
        let (mut bytes, mut log) = made().killed.clone();
        strike(&mut bytes[16..], &main);
        strike(&mut log, &wal);
        saved(&bytes, Some(&log));
        saved(&bytes[..16 + cut.index(bytes.len() - 16)], Some(&log[..cut.index(log.len())]));
    }
}
