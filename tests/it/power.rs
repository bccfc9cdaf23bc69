//! A power cut at any moment of a run: only synced data is sure to survive, and that is enough.
//!
//! The program runs under `power/forgetful.c`, which logs in order what it writes, syncs, sends and prints. The test
//! builds disks as a power cut may leave them: everything synced, any part of the rest, writes torn between two sectors,
//! files with unsynced names present or not. Each state must open, and hold what was submitted and what was printed.
//! Without a C compiler the test does nothing. `MJBATCH_LONG=1` cuts after every single record, several times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mjbatch::engine::sim::SimRng;
use mjbatch::store::BatchStore;
use mjbatch::task::{Record, State};

use crate::support::{SandboxService, TestDir};

const TASKS: usize = 20;
const SECTOR: usize = 512;

/// A write, sync, send or output of the program.
struct Action {
    kind: char,
    path: PathBuf,
    offset: usize,
    bytes: Vec<u8>,
}

/// The actions of a run, in order. `None` where there is no C compiler.
fn actions_of_a_run() -> Option<(TestDir, Vec<Action>)> {
    let tools = tempfile::tempdir().unwrap();
    let (library, log) = (tools.path().join("forgetful.so"), tools.path().join("log"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/power/forgetful.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().ok()?;
    assert!(built.success(), "forgetful.c does not compile");
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(TASKS));
    let folder = dir.folder().canonicalize().unwrap();
    dir.run(&service.url())
        .args("--progress json")
        .env("LD_PRELOAD", library.to_str().unwrap())
        .env("FORGETFUL_LOG", log.to_str().unwrap())
        .env("FORGETFUL_DIR", folder.to_str().unwrap())
        .expect_code(0);
    Some((dir, read(&std::fs::read(log).unwrap())))
}

fn read(mut log: &[u8]) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some(end) = log.iter().position(|byte| *byte == b'\n') {
        let head = std::str::from_utf8(&log[..end]).unwrap();
        let [kind, path, offset, length] = head.split('\t').collect::<Vec<_>>()[..] else { panic!("{head}") };
        let length: usize = length.parse().unwrap();
        // The offset is -1 where the file has none, as stdout and sockets.
        let offset = offset.parse::<i64>().unwrap().try_into().unwrap_or(0);
        let bytes = log.get(end + 1..end + 1 + if kind == "T" { 0 } else { length }).unwrap().to_vec();
        log = &log[end + 1 + bytes.len()..];
        actions.push(Action { kind: kind.chars().next().unwrap(), path: path.into(), offset, bytes });
    }
    actions
}

/// A file as a disk has it.
#[derive(Default)]
struct File {
    synced: Vec<u8>,
    /// Written since: where and what; nothing where it was cut to that size.
    since: Vec<(usize, Option<Vec<u8>>)>,
    name_is_synced: bool,
    is_removed: bool,
}

impl File {
    fn apply(bytes: &mut Vec<u8>, offset: usize, written: Option<&[u8]>) {
        let Some(written) = written else { return bytes.resize(offset, 0) };
        bytes.resize(bytes.len().max(offset + written.len()), 0);
        bytes[offset..offset + written.len()].copy_from_slice(written);
    }

    fn sync(&mut self) {
        for (offset, written) in self.since.drain(..) {
            File::apply(&mut self.synced, offset, written.as_deref());
        }
    }

    /// As it may be found.
    fn found(&self, rng: &mut SimRng) -> Option<Vec<u8>> {
        if (!self.name_is_synced || self.is_removed) && rng.below(2) == 0 {
            return None;
        }
        let mut bytes = self.synced.clone();
        // Sometimes nothing of it is kept, sometimes everything, else any part.
        let kept = rng.below(4);
        for (offset, written) in &self.since {
            let written = written.as_deref();
            match (kept, rng.below(3)) {
                (0, _) | (2.., 0) => {}
                (2.., 1) => {
                    let torn = written.map(|all| {
                        let sectors = rng.below((all.len() / SECTOR + 1) as u64) as usize;
                        &all[..sectors * SECTOR]
                    });
                    File::apply(&mut bytes, *offset, torn);
                }
                _ => File::apply(&mut bytes, *offset, written),
            }
        }
        Some(bytes)
    }
}

/// What a disk holds, and what the program had sent and printed, after some of the actions.
#[derive(Default)]
struct Moment {
    files: BTreeMap<PathBuf, File>,
    /// The number of submits sent.
    submits: usize,
    /// What the program had printed: the taskId of each task that was accepted, and whether it was done.
    reported: BTreeMap<String, (String, bool)>,
}

impl Moment {
    fn follow(&mut self, action: &Action, folder: &Path, disk_lies: bool) {
        let file = || action.path.clone();
        match action.kind {
            'C' => drop(self.files.insert(file(), File::default())),
            'W' => {
                self.files.entry(file()).or_default().since.push((action.offset, Some(action.bytes.clone())))
            }
            'T' => self.files.entry(file()).or_default().since.push((action.offset, None)),
            'R' => {
                let moved = self.files.remove(&action.path).unwrap_or_default();
                self.files.insert(String::from_utf8(action.bytes.clone()).unwrap().into(), moved);
            }
            'U' => self.files.entry(file()).or_default().is_removed = true,
            'F' if action.path == folder => {
                self.files.retain(|_, file| !file.is_removed);
                self.files.values_mut().for_each(|file| file.name_is_synced = true);
            }
            'F' if !disk_lies => self.files.entry(file()).or_default().sync(),
            'S' if action.bytes.starts_with(b"POST /midjourney/v1/submit-jobs") => self.submits += 1,
            'O' => self.read_output(&action.bytes),
            _ => {}
        }
    }

    fn read_output(&mut self, said: &[u8]) {
        for line in said.split(|byte| *byte == b'\n') {
            let Ok(event) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
            if let (Some(id), Some(task_id)) = (event["id"].as_str(), event["task_id"].as_str()) {
                self.reported.insert(id.to_owned(), (task_id.to_owned(), event["status"] == "done"));
            }
        }
    }

    /// Whether a disk that was left like this holds all that it must.
    fn survives(&self, state: &Path, rng: &mut SimRng) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("spring.mjbatch");
        for ending in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
            if let Some(bytes) = self.files.get(&name(state)).and_then(|file| file.found(rng)) {
                std::fs::write(name(&at), bytes).unwrap();
            }
        }
        // Also before anything was sent: a run must not stand in the way of the next.
        let opened = BatchStore::at(&at).open("a service on this machine", "a test").map(drop);
        opened.map_err(|e| format!("it does not open: {e}"))?;
        if self.submits == 0 {
            return Ok(());
        }
        let snapshot = BatchStore::at(&at).snapshot().map_err(|e| e.to_string())?;
        let records: Vec<Record> = snapshot.records().collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        let begun = records.iter().filter(|record| record.state != State::Pending).count();
        if begun < self.submits {
            return Err(format!("{} submits had left, and {begun} are known", self.submits));
        }
        for (id, (task_id, done)) in &self.reported {
            let record = records.iter().find(|record| record.task.id.0 == *id).ok_or("a task is gone")?;
            let known = record.task_id.as_ref().is_some_and(|known| known.0 == *task_id);
            if !known || (*done && record.state != State::Done) {
                return Err(format!("{id} was said to be {task_id}, done: {done}, and is {record:?}"));
            }
        }
        Ok(())
    }
}

/// Cuts the power at many moments of a run. Gives at how many, and what was lost.
fn cut_power(disk_lies: bool) -> Option<(usize, Vec<String>)> {
    let (dir, actions) = actions_of_a_run()?;
    let folder = dir.folder().canonicalize().unwrap();
    let state = folder.join("spring.mjbatch");
    let (every, times) =
        if std::env::var_os("MJBATCH_LONG").is_some() { (1, 3) } else { ((actions.len() / 150).max(1), 1) };
    let mut rng = SimRng::new(7);
    let (mut moment, mut cuts, mut lost) = (Moment::default(), 0, Vec::new());
    for (n, action) in actions.iter().enumerate() {
        moment.follow(action, &folder, disk_lies);
        if n % every == 0 {
            for _ in 0..times {
                cuts += 1;
                lost.extend(moment.survives(&state, &mut rng).err().map(|why| format!("after {n}: {why}")));
            }
        }
    }
    assert_eq!((moment.submits, moment.reported.len()), (TASKS, TASKS), "the run was seen");
    Some((cuts, lost))
}

#[test]
fn after_a_power_cut_the_disk_has_everything_submitted_and_reported() {
    let Some((cuts, lost)) = cut_power(false) else { return eprintln!("no C compiler: not tried") };
    assert!(cuts >= 100, "{cuts} cuts");
    assert!(lost.is_empty(), "{} of {cuts}: {lost:#?}", lost.len());
}

/// That the test above can fail.
#[test]
fn a_disk_that_ignores_syncs_loses_paid_jobs() {
    let Some((_, lost)) = cut_power(true) else { return eprintln!("no C compiler: not tried") };
    assert!(!lost.is_empty());
}
