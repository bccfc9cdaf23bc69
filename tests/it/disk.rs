//! A disk that is full, or may only be read, at any moment: nothing is lost, and when there is room the batch goes on.
//!
//! The disk is a small one in memory. Where this user may not mount one, there is nothing to try this with.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use mjbatch::task::State;

use crate::support::{CommandOutput, SandboxService, TestDir, assert_paid_once, wait_until};

/// What a batch needs, beside the space that is kept for what is paid for.
const ROOM: usize = 10 << 20;
const RESERVE: usize = 16 << 20;
const TASKS: usize = 400;

/// A disk of so many bytes, as the folder of a dir.
struct Disk {
    dir: TestDir,
}

impl Disk {
    fn of(bytes: usize) -> Option<Disk> {
        let dir = TestDir::empty();
        let size = format!("size={bytes}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.folder()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            return None;
        }
        dir.write("spring.csv", crate::support::csv_rows(TASKS));
        Some(Disk { dir })
    }

    fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        assert!(Command::new("mount").args(["-o", &how]).arg(self.dir.folder()).status().unwrap().success());
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let path = self.dir.path("filler");
        let mut filler = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.folder()).status();
    }
}

/// Runs until so many submits have arrived, has the disk full from then on, and gives what the run said.
fn run_on_full_disk(disk: &Disk, service: &SandboxService, submits: u64) -> CommandOutput {
    let before = service.submits();
    let mut run = disk.dir.run(&service.url()).start();
    wait_until("it submits", || service.submits() >= before + submits || run.has_ended());
    let filler = disk.fill();
    let ran = run.wait();
    std::fs::remove_file(filler).unwrap();
    ran
}

/// What the service has billed is in the state, or is covered by a task that is unknown; but for what the run could only say.
fn assert_all_submits_are_known(dir: &TestDir, service: &SandboxService, said: &str) {
    let records = dir.records();
    let billed = assert_paid_once(&[&service.ledger()]);
    for (prompt, task_id) in &billed {
        let record = records.iter().find(|record| record.task.prompt == *prompt).unwrap();
        let known = record.task_id.as_ref().is_some_and(|known| known.0 == *task_id);
        let covered = matches!(record.state, State::Unknown | State::Submitting);
        assert!(known || covered || said.contains(task_id.as_str()), "{task_id} is lost: {record:?}\n{said}");
    }
}

fn assert_next_run_completes(dir: &TestDir, service: &SandboxService) -> usize {
    let ran = dir.run(&service.url()).output();
    let [done, unknown] = dir.count([State::Done, State::Unknown]);
    assert_eq!((done + unknown, ran.code), (TASKS, Some(if unknown > 0 { 6 } else { 0 })), "{ran:?}");
    assert_paid_once(&[&service.ledger()]);
    assert_eq!(dir.results().count("done"), done);
    unknown
}

#[test]
fn a_disk_that_fills_up_during_a_run_loses_nothing_and_is_reported() {
    let Some(disk) = Disk::of(RESERVE + ROOM) else { return };
    let service = SandboxService::with_job_time(20.0..=60.0, "");
    let rounds = if std::env::var_os("MJBATCH_LONG").is_some() { 30 } else { 3 };
    let mut full = 0;
    for round in 1..=rounds {
        let ran = run_on_full_disk(&disk, &service, 3 + 7 * round % 60);
        if ran.code == Some(0) {
            break;
        }
        full += 1;
        assert!(ran.stderr.contains("the state"), "{ran:?}");
        assert_all_submits_are_known(&disk.dir, &service, "");
        let held = disk.dir.count([State::Unknown, State::Submitting]);
        assert_eq!(held, [0, 0], "space was kept for what is paid for: {ran:?}");
    }
    assert!(full >= 3, "it was full {full} times");
    assert_eq!(assert_next_run_completes(&disk.dir, &service), 0);
    assert_eq!(service.jobs(), TASKS);
}

#[test]
fn a_disk_with_hardly_any_space_loses_nothing() {
    let Some(disk) = Disk::of(ROOM) else { return };
    let service = SandboxService::with_job_time(20.0..=60.0, "");
    let mut said = String::new();
    for round in 0..2 {
        let ran = run_on_full_disk(&disk, &service, 10 + 5 * round);
        assert_ne!(ran.code, Some(0), "it was full: {ran:?}");
        said += &ran.stderr;
        assert_all_submits_are_known(&disk.dir, &service, &said);
    }
    assert_next_run_completes(&disk.dir, &service);
}

#[test]
fn a_read_only_state_is_an_error_before_anything_is_submitted() {
    let Some(disk) = Disk::of(RESERVE + ROOM) else { return };
    let service = SandboxService::with_faults("");
    disk.dir.run(&service.url()).args("--limit 5").expect_code(10);
    disk.remount("ro");
    let ran = disk.dir.run(&service.url()).output();
    assert!(matches!(ran.code, Some(1 | 2)) && ran.stderr.contains("nothing was submitted"), "{ran:?}");
    assert_eq!(service.submits(), 5);
    disk.remount("rw");
    assert_eq!(assert_next_run_completes(&disk.dir, &service), 0);
}
