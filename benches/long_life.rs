//! What a long life costs: a state of very many tasks, and a batch that ran every night of a year.
//!
//! ```sh
//! cargo bench --bench long_life                # a million tasks, then a year
//! cargo bench --bench long_life -- 100000      # so many tasks
//! cargo bench --bench long_life -- 0           # the year alone
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod support;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mjbatch::engine::Waiting;
use mjbatch::manifest::{self, ManifestCache, ReadOptions};
use mjbatch::plan::{self, Selection};
use mjbatch::runner::{Flush, ResultsSource, write_results};
use mjbatch::store::{BatchStore, BatchWriter, HeldStore, Intent, IntentOutcome, ManifestRef};
use mjbatch::task::{ChangeKind, Images, Prices, Quota, RemoteTaskId};

const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
const OPTIONS: ReadOptions = ReadOptions { max_tasks: Some(10_000_000) };
/// How many changes wait for the disk at once.
const AT_ONCE: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let tasks = support::argument().map_or(Ok(1_000_000), |number| number.parse())?;
    if tasks > 0 {
        many(tasks)?;
    }
    year(2_000, 365, 200)
}

/// A state of so many tasks, taken up with none of them done, with half, and with all.
fn many(tasks: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("many.csv");
    let mut csv = "id,prompt,sku\n".to_owned();
    for n in 0..tasks {
        writeln!(csv, "t{n},a ceramic mug number {n} on grey linen in soft light --ar 1:1,SKU-{n:07}")?;
    }
    fs::write(&path, csv)?;
    println!("\n{tasks} tasks, a manifest of {} MB", fs::metadata(&path)?.len() >> 20);
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "done", "read", "open", "begin", "status", "results", "memory"
    );
    let state = folder.path().join("many.mjbatch");
    drop(take_up(&path, &state)?);
    for share in [0, 1, 1] {
        let begun = Instant::now();
        let text = BatchStore::at(state.clone()).cached_manifest().ok_or("no outline was kept")?;
        let outline = ManifestCache::load(&text, &path, OPTIONS).ok_or("it is not believed")?;
        let read = begun.elapsed();
        let begun = Instant::now();
        let store = open(&state)?;
        assert!(store.is_current(&outline.hash)?);
        let opened = begun.elapsed();
        let begun = Instant::now();
        let (snapshot, writer) = store.begin_with(PRICES, None, &Selection::default())?;
        let start = begun.elapsed();
        let memory = memory();
        let (status, done) = look(&state)?;
        make(&writer, tasks / 2 * share);
        drop((snapshot, writer));
        let begun = Instant::now();
        write_results(
            &ResultsSource::of(&BatchStore::at(&state)),
            &folder.path().join("out.csv").into(),
            None,
            Flush::Final,
        )?;
        let results = begun.elapsed();
        println!(
            "{done:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {memory:>6} MB",
            shown(read),
            shown(opened),
            shown(start),
            shown(status),
            shown(results)
        );
    }
    Ok(())
}

/// A batch of `tasks` that is edited and run every night; each night so many of them are others.
fn year(tasks: usize, nights: usize, changed: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("nightly.csv");
    let state = folder.path().join("nightly.mjbatch");
    let mut versions = vec![0; tasks];
    println!("\n{tasks} tasks, {changed} of them new every night, {nights} nights");
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "night", "attempts", "start", "status", "results", "state"
    );
    for night in 1..=nights {
        let mut csv = "id,prompt\n".to_owned();
        for (n, version) in versions.iter_mut().enumerate() {
            *version += usize::from((n + tasks - night * changed % tasks) % tasks < changed);
            writeln!(csv, "t{n},a mug number {n} of season {version}")?;
        }
        fs::write(&path, csv)?;
        let begun = Instant::now();
        let (snapshot, writer) = take_up(&path, &state)?.begin(PRICES)?;
        let start = begun.elapsed();
        make(&writer, usize::try_from(snapshot.backlog.tasks.total())?);
        drop((snapshot, writer));
        let attempts = BatchStore::at(&*state).snapshot()?.attempts().count();
        if night % (nights / 5).max(1) == 1 || night == nights {
            let (status, _) = look(&state)?;
            let begun = Instant::now();
            write_results(
                &ResultsSource::of(&BatchStore::at(&state)),
                &folder.path().join("out.csv").into(),
                None,
                Flush::Final,
            )?;
            let (results, megabytes) = (begun.elapsed(), fs::metadata(&state)?.len() >> 20);
            let (start, status, results) = (shown(start), shown(status), shown(results));
            println!("{night:>9} {attempts:>9} {start:>9} {status:>9} {results:>9} {megabytes:>6} MB");
        }
    }
    Ok(())
}

/// Reads the manifest and lists it, as the first run does, and each after an edit.
fn take_up(path: &Path, state: &Path) -> Result<HeldStore, Box<dyn Error>> {
    let manifest = manifest::read_with(path, OPTIONS)?;
    let mut store = open(state)?;
    let plan = plan::compare(manifest.tasks(), &store.known_tasks()?);
    let (batch, columns, hash) = (&manifest.name[..], &manifest.columns[..], manifest.hash);
    let manifest_ref = ManifestRef { batch, columns, hash, file: Path::new("spring.csv") };
    store.sync_manifest(manifest_ref, manifest.tasks(), &plan)?;
    if let Some(text) = manifest.cache().serialize() {
        store.cache_manifest(&text)?;
    }
    Ok(store)
}

fn open(state: &Path) -> Result<HeldStore, mjbatch::store::StoreError> {
    BatchStore::at(state).open("a benchmark", "a benchmark")
}

/// Submits so many of the tasks that wait, and has each done.
fn make(writer: &BatchWriter, tasks: usize) {
    let mut left = tasks;
    while left > 0 {
        let claimed = writer.claim(left.min(AT_ONCE)).blocking_recv();
        let Ok(Ok(part)) = claimed else { panic!("{claimed:?}") };
        if part.claim.tasks.is_empty() {
            return;
        }
        left -= part.claim.tasks.len();
        let intend = |waiting: &Waiting| {
            let mode = waiting.mode.may_be()[0];
            writer.intend(Intent { task: waiting.task, mode, hook_token: None })
        };
        let intended: Vec<_> = part.claim.tasks.iter().map(intend).collect();
        let mut written = Vec::new();
        for answer in intended {
            let answer = answer.blocking_recv();
            let Ok(Ok(IntentOutcome::Recorded(attempt, _))) = answer else { panic!("{answer:?}") };
            let images =
                (1..5).map(|n| format!("https://cdn.example/pictures/{}/{n}.png", attempt.0)).collect();
            drop(writer.record(ChangeKind::Accepted(RemoteTaskId(format!("job-{}", attempt.0))).of(attempt)));
            written.push(writer.record(ChangeKind::Done(Images { grid: None, urls: images }).of(attempt)));
        }
        for answer in written {
            let answered = answer.blocking_recv();
            assert!(matches!(answered, Ok(Ok(()))), "{answered:?}");
        }
    }
}

/// What `status` reads, and how many tasks are done.
fn look(state: &Path) -> Result<(Duration, u64), mjbatch::store::StoreError> {
    let begun = Instant::now();
    let snapshot = BatchStore::at(state).snapshot()?;
    snapshot.header()?;
    let (counts, _) = (snapshot.counts()?, snapshot.files()?);
    snapshot.spent(None)?;
    Ok((begun.elapsed(), counts.of(mjbatch::task::Status::Done)))
}

fn shown(took: Duration) -> String {
    format!("{:.3} s", took.as_secs_f64())
}

/// Megabytes that this process holds now, where the system tells.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) >> 10
}
