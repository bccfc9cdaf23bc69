//! Where the state is: one file under one name, whole, held by one run, and missed when it is gone.

use std::path::{Path, PathBuf};

use mjbatch::sandbox::SandboxSettings;
use mjbatch::task::State;

use crate::support::{
    CommandOutput, RunningCommand, SandboxService, TestDir, assert_paid_once, fast_sandbox, wait_until,
};

/// Every command that looks at a state, with `--state` to come.
const COMMANDS: [&str; 8] = [
    "run spring.csv",
    "plan spring.csv",
    "status spring.csv",
    "results spring.csv",
    "report spring.csv",
    "retry spring.csv",
    "resolve spring.csv",
    "state backup spring.csv --to copy.mjbatch",
];

/// Asserts that every command refuses this state with code 2 and these words.
#[track_caller]
fn all_refuse(dir: &TestDir, service: &SandboxService, state: &str, words: &str) {
    let salvage = dir.mjbatch("salvage").arg(state).expect_code(2);
    assert!(salvage.stderr.contains(words), "salvage: {}", salvage.stderr);
    for command in COMMANDS {
        let ran = dir.mjbatch(command).with_service(&service.url()).args("--state").arg(state).output();
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert!(ran.stderr.contains(words), "{command}: {}", ran.stderr);
    }
}

/// A service whose jobs end long after the test.
fn slow_service() -> SandboxService {
    let settings = fast_sandbox("");
    SandboxService::start(SandboxSettings {
        speed: 1.0,
        fast: 300.0..=300.0,
        relaxed: 300.0..=300.0,
        ..settings
    })
}

/// A run that is killed once so many more submits have arrived.
fn killed(dir: &TestDir, service: &SandboxService, submits: u64) {
    let before = service.submits();
    let mut run = dir.run(&service.url()).start();
    wait_until("it submits", || service.submits() >= before + submits || run.has_ended());
    assert!(!run.has_ended(), "it was to be killed");
    run.kill();
}

/// A run that goes on, once so many submits have arrived.
fn started(dir: &TestDir, service: &SandboxService, submits: u64) -> RunningCommand {
    let mut run = dir.run(&service.url()).start();
    wait_until("it submits", || service.submits() >= submits || run.has_ended());
    assert!(!run.has_ended(), "it was to go on");
    run
}

#[test]
fn an_empty_file_or_a_folder_is_refused_by_every_command_and_left_as_it_is() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    dir.write("spring.mjbatch", "");
    all_refuse(&dir, &service, "spring.mjbatch", "is empty");
    assert_eq!(dir.read("spring.mjbatch"), b"");
    std::fs::create_dir(dir.path("folder")).unwrap();
    all_refuse(&dir, &service, "folder", "is a folder, and a state is a file");
    assert_eq!(service.submits(), 0);
    assert_eq!(dir.files(), ["folder", "spring.csv", "spring.mjbatch"], "nothing is made beside it");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_and_waits_for_nobody() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    std::fs::create_dir(dir.path("sub")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(dir.path("sub/pipe")).status().unwrap();
    assert!(made.success());
    all_refuse(&dir, &service, "sub/pipe", "is a pipe, and a state is a file");
    all_refuse(&dir, &service, "/dev/null", "is a device, and a state is a file");
    std::os::unix::fs::symlink("nowhere/at/all", dir.path("sub/link")).unwrap();
    all_refuse(&dir, &service, "sub/link", "is a symlink to a state that is not there");
    assert_eq!(service.submits(), 0);
}

#[cfg(unix)]
#[test]
fn two_runs_over_hard_links_of_a_state_never_pay_at_all() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(5));
    dir.run(&service.url()).args("--limit 2").expect_code(10);
    std::fs::create_dir(dir.path("copy")).unwrap();
    let linked = dir.path("copy/spring.mjbatch");
    std::fs::hard_link(dir.path("spring.mjbatch"), &linked).unwrap();
    for state in ["spring.mjbatch", "copy/spring.mjbatch"] {
        all_refuse(&dir, &service, state, "is one file with 2 names (hard links)");
    }
    assert_eq!(service.submits(), 2);
    std::fs::remove_file(linked).unwrap();
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 5);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_lock_or_the_reserve_is_never_followed() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    let link = |name: &str| {
        let _ = std::fs::remove_file(dir.path(name));
        std::os::unix::fs::symlink("theirs", dir.path(name)).unwrap();
    };
    for theirs in ["", "a letter\n", "process 7, long dead"] {
        dir.write("theirs", theirs);
        link("spring.mjbatch.lock");
        let refused = dir.run(&service.url()).expect_code(2);
        assert!(
            refused.stderr.contains("spring.mjbatch.lock is not a file of mjbatch"),
            "{}",
            refused.stderr
        );
        assert_eq!(dir.read("theirs"), theirs.as_bytes());
        assert!(dir.path("spring.mjbatch.lock").is_symlink(), "it is left as it is");
    }
    std::fs::remove_file(dir.path("spring.mjbatch.lock")).unwrap();
    // Nor is a file of that name which somebody else wrote.
    dir.write("spring.mjbatch.lock", "my notes about locks\n");
    dir.run(&service.url()).expect_code(2);
    assert_eq!(dir.read("spring.mjbatch.lock"), b"my notes about locks\n");
    std::fs::remove_file(dir.path("spring.mjbatch.lock")).unwrap();
    assert_eq!(service.submits(), 0);

    link("spring.mjbatch.reserve");
    dir.run(&service.url()).args("--limit 1").expect_code(10);
    assert_eq!(dir.read("theirs"), b"process 7, long dead");
    assert!(dir.path("spring.mjbatch.reserve").is_symlink(), "it is left as it is");
    std::fs::remove_file(dir.path("spring.mjbatch.reserve")).unwrap();
    dir.write("spring.mjbatch.reserve", "a table for two");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.read("spring.mjbatch.reserve"), b"a table for two");
}

#[cfg(unix)]
#[test]
fn a_state_has_one_lock_whatever_name_it_is_reached_by() {
    let service = slow_service();
    let dir = TestDir::with_tasks(3);
    std::fs::create_dir(dir.path("sub")).unwrap();
    std::os::unix::fs::symlink("../spring.mjbatch", dir.path("sub/link.mjbatch")).unwrap();
    std::os::unix::fs::symlink(".", dir.path("same")).unwrap();
    let run = started(&dir, &service, 3);
    let absolute = dir.path("spring.mjbatch").display().to_string();
    for state in ["sub/link.mjbatch", "./spring.mjbatch", "same/spring.mjbatch", &absolute] {
        let refused = dir.run(&service.url()).args("--state").arg(state).expect_code(11);
        assert!(refused.stderr.contains("another run holds"), "{state}: {}", refused.stderr);
        let status = dir.mjbatch("status spring.csv --json --state").arg(state).expect_code(0);
        assert!(status.stdout.contains("\"running_now\": \"process "), "{state}: {}", status.stdout);
        dir.mjbatch("resolve spring.csv --all --resend --state").arg(state).expect_code(11);
    }
    // Whoever clears away the lock file has not ended the run.
    if cfg!(target_os = "linux") {
        std::fs::remove_file(dir.path("spring.mjbatch.lock")).unwrap();
        dir.run(&service.url()).expect_code(11);
        dir.mjbatch("resolve spring.csv --all --resend").expect_code(11);
        let status = dir.mjbatch("status spring.csv --json").expect_code(0);
        assert!(status.stdout.contains("\"running\": 3"), "{}", status.stdout);
        assert!(!status.stdout.contains("\"running_now\": null"), "{}", status.stdout);
    }
    run.kill();
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_state_without_its_log_is_refused_after_a_run_that_did_not_end_and_at_no_other_time() {
    let service = SandboxService::with_job_time(20.0..=60.0, "latency=5ms");
    let dir = TestDir::with_tasks(200);
    dir.run(&service.url()).args("--limit 10").expect_code(10);
    assert!(!dir.path("spring.mjbatch-wal").exists(), "a run that ends leaves one file");
    killed(&dir, &service, 70);
    let (main, wal) = (dir.read("spring.mjbatch"), dir.read("spring.mjbatch-wal"));

    std::fs::remove_file(dir.path("spring.mjbatch-wal")).unwrap();
    let submits = service.submits();
    for log in [None, Some("")] {
        let _ = std::fs::remove_file(dir.path("spring.mjbatch-shm"));
        if let Some(log) = log {
            dir.write("spring.mjbatch-wal", log);
        }
        for command in COMMANDS {
            let ran = dir.mjbatch(command).with_service(&service.url()).output();
            assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
            assert!(ran.stderr.contains("spring.mjbatch-wal is missing"), "{command}: {}", ran.stderr);
            assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{command}: {}", ran.stderr);
        }
        assert_eq!(dir.read("spring.mjbatch"), main, "it is left as it is");
    }
    assert_eq!(service.submits(), submits, "nothing is paid for");
    let saved = dir.mjbatch("salvage spring.mjbatch").expect_code(0).stdout.lines().count() - 1;
    assert!(saved as u64 + 60 >= submits, "{saved} of {submits}: the main file is at most some fifty behind");

    // With the log it is whole, and to look at it takes nothing away.
    dir.write("spring.mjbatch-wal", wal);
    dir.mjbatch("status spring.csv").expect_code(0);
    assert!(dir.path("spring.mjbatch-wal").exists());
    dir.mjbatch("retry spring.csv").expect_code(0);
    assert!(!dir.path("spring.mjbatch-wal").exists(), "what was settled needs no log");
    dir.mjbatch("status spring.csv").expect_code(0);
    let ran = dir.run(&service.url()).output();
    assert!(matches!(ran.code, Some(0 | 6)), "{ran:?}");
    assert_paid_once(&[&service.ledger()]);
}

#[test]
fn a_copy_of_a_state_that_is_being_written_is_not_run_beside_it() {
    let service = slow_service();
    let dir = TestDir::with_tasks(4);
    let run = started(&dir, &service, 4);
    wait_until("all is recorded", || dir.count([State::Running]) == [4]);
    let copied = dir.mjbatch("state backup spring.csv --to backup.mjbatch").expect_code(0);
    assert!(copied.stdout.contains("4 running"), "{}", copied.stdout);
    for ending in ["", "-wal"] {
        dir.write(&format!("copy.mjbatch{ending}"), dir.read(&format!("spring.mjbatch{ending}")));
    }
    for copy in ["backup.mjbatch", "copy.mjbatch"] {
        dir.mjbatch("status spring.csv --state").arg(copy).expect_code(0);
        if cfg!(target_os = "linux") {
            let refused = dir.run(&service.url()).args("--state").arg(copy).expect_code(11);
            assert!(refused.stderr.contains("of which this is a copy"), "{}", refused.stderr);
            dir.mjbatch("resolve spring.csv --all --resend --state").arg(copy).expect_code(11);
        }
    }
    run.kill();
    for copy in ["backup.mjbatch", "copy.mjbatch"] {
        dir.run(&service.url()).args("--no-wait --state").arg(copy).expect_code(10);
    }
    assert_eq!(service.submits(), 4, "what runs is followed");
}

#[test]
fn a_backup_is_whole_resumes_and_is_never_written_over_anything() {
    let service = SandboxService::with_job_time(20.0..=60.0, "latency=2ms");
    let dir = TestDir::with_tasks(60);
    let mut run = started(&dir, &service, 20);
    dir.mjbatch("state backup spring.csv --to while.mjbatch").expect_code(0);
    wait_until("it ends", || run.has_ended());
    assert_eq!(run.wait().code, Some(0));
    let refused = dir.mjbatch("state backup spring.csv --to while.mjbatch").expect_code(2);
    assert!(refused.stderr.contains("is there already"), "{}", refused.stderr);
    let refused = dir.mjbatch("state backup spring.csv --to spring.csv").expect_code(2);
    assert!(refused.stderr.contains("is there already"), "{}", refused.stderr);
    dir.mjbatch("state backup other.csv --to x.mjbatch").expect_code(2);

    let copied = dir.mjbatch("state backup spring.csv --to after.mjbatch").expect_code(0);
    assert!(copied.stdout.contains("60 done"), "{}", copied.stdout);
    std::fs::rename(dir.path("after.mjbatch"), dir.path("spring.mjbatch")).unwrap();
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 60, "nothing is left to pay for");
    dir.mjbatch("status spring.csv --state while.mjbatch").expect_code(0);
    assert!(!dir.files().iter().any(|name| name.contains("-new")), "{:?}", dir.files());
}

/// Everything that was billed is in the file beside the state, and the first of it was said.
#[track_caller]
fn was_rescued(ran: &CommandOutput, folder: &Path, service: &SandboxService) {
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("deleted or replaced"), "{}", ran.stderr);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let rescued: Vec<PathBuf> =
        files.filter(|path| path.to_string_lossy().contains("spring.mjbatch.rescued-")).collect();
    let [file] = &rescued[..] else { panic!("{rescued:?} {ran:?}") };
    let saved = std::fs::read_to_string(file).unwrap();
    for job in &service.ledger().jobs {
        assert!(saved.contains(&job.task_id), "{} is lost: {saved}", job.task_id);
    }
    assert!(ran.stderr.contains(&service.ledger().jobs[0].task_id), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_state_that_is_deleted_in_mid_run_ends_it_and_its_taskids_are_saved() {
    let service = SandboxService::with_job_time(40.0..=80.0, "latency=10ms");
    let dir = TestDir::with_tasks(300);
    let run = started(&dir, &service, 10);
    for name in dir.files().iter().filter(|name| name.starts_with("spring.mjbatch")) {
        std::fs::remove_file(dir.path(name)).unwrap();
    }
    let ran = run.wait();
    assert!(service.jobs() < 300, "it stops");
    was_rescued(&ran, dir.folder(), &service);
    assert!(!dir.path("spring.mjbatch").exists(), "nothing is made in its place");
    assert_paid_once(&[&service.ledger()]);
}

#[cfg(unix)]
#[test]
fn a_state_that_is_replaced_in_mid_run_ends_it_and_the_other_is_left_as_it_is() {
    let service = SandboxService::with_job_time(40.0..=80.0, "latency=10ms");
    let dir = TestDir::with_tasks(300);
    dir.run(&service.url()).args("--limit 2").expect_code(10);
    let earlier = dir.read("spring.mjbatch");
    let run = started(&dir, &service, 20);
    dir.write("restored", &earlier);
    std::fs::rename(dir.path("restored"), dir.path("spring.mjbatch")).unwrap();
    let ran = run.wait();
    was_rescued(&ran, dir.folder(), &service);
    assert_eq!(dir.read("spring.mjbatch"), earlier);
}

#[cfg(unix)]
#[test]
fn a_state_that_is_deleted_when_all_was_submitted_is_missed_too() {
    let service = SandboxService::with_job_time(800.0..=900.0, "");
    let dir = TestDir::with_tasks(3);
    let run = started(&dir, &service, 3);
    wait_until("all is recorded", || dir.count([State::Running]) == [3]);
    std::fs::remove_file(dir.path("spring.mjbatch")).unwrap();
    was_rescued(&run.wait(), dir.folder(), &service);
}

#[test]
fn looking_at_a_run_takes_nothing_from_it() {
    let service = SandboxService::with_job_time(20.0..=40.0, "latency=2ms");
    let dir = TestDir::with_tasks(150);
    let mut run = started(&dir, &service, 1);
    // A run whose log is taken away finds that out, and ends with code 1.
    while !run.has_ended() {
        dir.mjbatch("status spring.csv").expect_code(0);
    }
    assert_eq!(run.wait().code, Some(0));
    assert_eq!(dir.count([State::Done]), [150]);
}

/// A disk in memory, which only root may make.
#[cfg(target_os = "linux")]
struct Disk(TestDir);

#[cfg(target_os = "linux")]
impl Disk {
    fn new() -> Option<Disk> {
        let dir = TestDir::empty();
        let mut mount = std::process::Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(dir.folder()).status();
        mounted.is_ok_and(|status| status.success()).then_some(Disk(dir))
    }

    fn remount(&self, how: &str) {
        let mut mount = std::process::Command::new("mount");
        assert!(
            mount.args(["-o", &format!("remount,{how}")]).arg(self.0.folder()).status().unwrap().success()
        );
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.folder()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_can_be_read_where_nothing_can_be_written() {
    let Some(disk) = Disk::new() else { return };
    let (dir, elsewhere) = (&disk.0, TestDir::empty());
    let service = SandboxService::with_job_time(20.0..=60.0, "latency=5ms");
    dir.write("spring.csv", crate::support::csv_rows(100));
    let out = |name: &str| elsewhere.path(name).display().to_string();
    for ended in [true, false] {
        if ended {
            dir.run(&service.url()).args("--limit 10").expect_code(10);
        } else {
            killed(dir, &service, 20);
            // As a copy from another disk has it.
            std::fs::remove_file(dir.path("spring.mjbatch-shm")).unwrap();
        }
        let [done, before] = [dir.count([State::Done])[0], dir.files().len()];
        disk.remount("ro");
        let status = dir.mjbatch("status spring.csv").expect_code(0);
        assert!(status.stdout.contains(&format!("{done} done")), "{}", status.stdout);
        dir.mjbatch("results spring.csv --results").arg(&out("r.csv")).expect_code(0);
        dir.mjbatch("report spring.csv --out").arg(&out("r.html")).expect_code(0);
        let listed = dir.mjbatch("resolve spring.csv").output();
        assert!(matches!(listed.code, Some(0 | 6)), "{listed:?}");
        dir.mjbatch("plan spring.csv").expect_code(0);
        dir.mjbatch("state backup spring.csv --to").arg(&out(&format!("{ended}.mjbatch"))).expect_code(0);
        let refused = dir.run(&service.url()).output();
        assert!(matches!(refused.code, Some(1 | 2)), "{refused:?}");
        disk.remount("rw");
        assert_eq!(dir.files().len(), before);
    }
}
