//! The power goes at any moment of a run: only what was synced is sure to survive, and that is enough.
//!
//! The program runs under `power/forgetful.c`, which tells in order what it writes, syncs, sends and says. From that, disks
//! are made as they may look after the power went: all that was synced, any part of the rest, writes torn between two
//! sectors, files whose names were not synced there or not. Each must open, and hold what was sent and what was said.
//! Without a C compiler there is nothing to try this with. `MJBATCH_LONG=1` cuts after every single record, several times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mjbatch::engine::sim::SimRng;
use mjbatch::store::BatchStore;
use mjbatch::task::{Record, State};

use crate::support::{SandboxService, TestDir};

const TASKS: usize = 20;
const SECTOR: usize = 512;

/// Something the program did.
struct Deed {
    kind: char,
    path: PathBuf,
    offset: usize,
    bytes: Vec<u8>,
}

/// What the program did, in order. `None` where there is no C compiler.
fn deeds_of_a_run() -> Option<(TestDir, Vec<Deed>)> {
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

fn read(mut log: &[u8]) -> Vec<Deed> {
    let mut deeds = Vec::new();
    while let Some(end) = log.iter().position(|byte| *byte == b'\n') {
        let head = std::str::from_utf8(&log[..end]).unwrap();
        let [kind, path, offset, length] = head.split('\t').collect::<Vec<_>>()[..] else { panic!("{head}") };
        let length: usize = length.parse().unwrap();
        // The end of a file that is written from where it stands is told as -1 where it cannot be.
        let offset = offset.parse::<i64>().unwrap().try_into().unwrap_or(0);
        let bytes = log.get(end + 1..end + 1 + if kind == "T" { 0 } else { length }).unwrap().to_vec();
        log = &log[end + 1 + bytes.len()..];
        deeds.push(Deed { kind: kind.chars().next().unwrap(), path: path.into(), offset, bytes });
    }
    deeds
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
        // Sometimes all arrived, sometimes nothing, else any part.
        let mood = rng.below(4);
        for (offset, written) in &self.since {
            let written = written.as_deref();
            match (mood, rng.below(3)) {
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

/// What a disk holds, and what the world was told, after some of the deeds.
#[derive(Default)]
struct Moment {
    files: BTreeMap<PathBuf, File>,
    /// How many submits had left.
    submits: usize,
    /// What a person was told: the taskId of each task that was accepted, and whether it was done.
    told: BTreeMap<String, (String, bool)>,
}

impl Moment {
    fn follow(&mut self, deed: &Deed, folder: &Path, disk_lies: bool) {
        let file = || deed.path.clone();
        match deed.kind {
            'C' => drop(self.files.insert(file(), File::default())),
            'W' => self.files.entry(file()).or_default().since.push((deed.offset, Some(deed.bytes.clone()))),
            'T' => self.files.entry(file()).or_default().since.push((deed.offset, None)),
            'R' => {
                let moved = self.files.remove(&deed.path).unwrap_or_default();
                self.files.insert(String::from_utf8(deed.bytes.clone()).unwrap().into(), moved);
            }
            'U' => self.files.entry(file()).or_default().is_removed = true,
            'F' if deed.path == folder => {
                self.files.retain(|_, file| !file.is_removed);
                self.files.values_mut().for_each(|file| file.name_is_synced = true);
            }
            'F' if !disk_lies => self.files.entry(file()).or_default().sync(),
            'S' if deed.bytes.starts_with(b"POST /midjourney/v1/submit-jobs") => self.submits += 1,
            'O' => self.hear(&deed.bytes),
            _ => {}
        }
    }

    fn hear(&mut self, said: &[u8]) {
        for line in said.split(|byte| *byte == b'\n') {
            let Ok(event) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
            if let (Some(id), Some(task_id)) = (event["id"].as_str(), event["task_id"].as_str()) {
                self.told.insert(id.to_owned(), (task_id.to_owned(), event["status"] == "done"));
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
        for (id, (task_id, done)) in &self.told {
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
    let (dir, deeds) = deeds_of_a_run()?;
    let folder = dir.folder().canonicalize().unwrap();
    let state = folder.join("spring.mjbatch");
    let (every, times) =
        if std::env::var_os("MJBATCH_LONG").is_some() { (1, 3) } else { ((deeds.len() / 150).max(1), 1) };
    let mut rng = SimRng::new(7);
    let (mut moment, mut cuts, mut lost) = (Moment::default(), 0, Vec::new());
    for (n, deed) in deeds.iter().enumerate() {
        moment.follow(deed, &folder, disk_lies);
        if n % every == 0 {
            for _ in 0..times {
                cuts += 1;
                lost.extend(moment.survives(&state, &mut rng).err().map(|why| format!("after {n}: {why}")));
            }
        }
    }
    assert_eq!((moment.submits, moment.told.len()), (TASKS, TASKS), "the run was seen");
    Some((cuts, lost))
}

#[test]
fn whenever_the_power_goes_what_was_sent_and_what_was_said_is_on_the_disk() {
    let Some((cuts, lost)) = cut_power(false) else { return eprintln!("no C compiler: not tried") };
    assert!(cuts >= 100, "{cuts} cuts");
    assert!(lost.is_empty(), "{} of {cuts}: {lost:#?}", lost.len());
}

/// That the test above can fail.
#[test]
fn a_disk_that_lies_about_its_syncs_loses_what_was_paid_for() {
    let Some((_, lost)) = cut_power(true) else { return eprintln!("no C compiler: not tried") };
    assert!(!lost.is_empty());
}
