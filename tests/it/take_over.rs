//! Money was spent on a batch that has no state now: the state was deleted, the manifest renamed or reached by a symlink, a
//! `--state` given once and not the next time. Nothing is bought again before a person has said how to begin.

use mjbatch::sandbox::SandboxSettings;
use mjbatch::task::State;

use crate::support::{CommandOutput, SandboxService, TestDir, assert_paid_once, fast_sandbox, wait_until};

/// A batch of three tasks that are done.
fn done(service: &SandboxService) -> TestDir {
    let dir = TestDir::with_tasks(3);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 3);
    dir
}

fn remove(dir: &TestDir, name: &str) {
    std::fs::remove_file(dir.path(name)).unwrap();
}

fn rename(dir: &TestDir, from: &str, to: &str) {
    std::fs::rename(dir.path(from), dir.path(to)).unwrap();
}

/// Asserts that a run of this manifest is refused with these words, that it leaves every file as it was, and that nothing is
/// billed; and that a plan and a check say so.
#[track_caller]
fn refused(dir: &TestDir, service: &SandboxService, run: &str, words: &[&str]) -> CommandOutput {
    let (jobs, files) = (service.jobs(), dir.files());
    let (manifest, more) = run.split_once(' ').unwrap_or((run, ""));
    let ran = dir.run_of(manifest, &service.url()).args(more).expect_code(2);
    for words in words {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("nothing was submitted"), "{}", ran.stderr);
    assert_eq!((service.jobs(), dir.files()), (jobs, files));
    let state = more.split_once("--state ").map_or(String::new(), |(_, state)| format!("--state {state}"));
    let planned = dir.mjbatch(&format!("plan {manifest} {state}")).expect_code(0);
    assert!(planned.stderr.contains("a run would stop with exit code 2"), "{}", planned.stderr);
    if state.is_empty() {
        let checked = dir.mjbatch(&format!("check {manifest}")).expect_code(0);
        assert!(checked.stderr.contains("a run would stop with exit code 2"), "{}", checked.stderr);
    }
    ran
}

#[test]
fn a_state_that_was_deleted_is_missed_and_its_results_are_taken_over() {
    for (format, results) in
        [("csv", ""), ("tsv", "spring.tsv"), ("jsonl", "spring.jsonl"), ("xlsx", "spring.xlsx")]
    {
        let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(3));
        let said = if results.is_empty() { String::new() } else { format!("--results {results}") };
        let file = if results.is_empty() { "spring.results.csv" } else { results };
        dir.run(&service.url()).args(&said).expect_code(0);
        let made = dir.records();
        remove(&dir, "spring.mjbatch");
        let ran = dir.run(&service.url()).args(&said).expect_code(2);
        assert!(
            ran.stderr.contains(&format!("{file} has 3 tasks that were submitted")),
            "{format}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains("--take-over") && ran.stderr.contains("--fresh"), "{}", ran.stderr);
        assert!(!dir.path("spring.mjbatch").exists());

        let planned = dir.mjbatch("plan spring.csv --take-over").output();
        if results.is_empty() {
            assert!(planned.stdout.contains("to submit: nothing"), "{planned:?}");
        }
        dir.run(&service.url()).args(&said).args("--take-over").expect_code(0);
        assert_eq!(service.jobs(), 3, "{format}");
        for (before, after) in made.iter().zip(dir.records()) {
            assert_eq!((&before.task_id, &before.images), (&after.task_id, &after.images), "{format}");
            assert_eq!((after.state, after.attempts), (State::Done, 1));
        }
        dir.run(&service.url()).args(&said).expect_code(0);
        dir.run(&service.url()).args(&said).args("--take-over").expect_code(0);
        assert_eq!(service.jobs(), 3, "nor again by the same line, or one without it");
    }
}

#[test]
fn a_manifest_under_another_name_finds_the_state_of_the_first() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    rename(&dir, "spring.csv", "summer.csv");
    let words =
        ["spring.mjbatch is the state of a manifest with the same content", "add `--state spring.mjbatch`"];
    let ran = refused(&dir, &service, "summer.csv", &words);
    assert!(!ran.stderr.contains("--take-over"), "the state knows better than results: {}", ran.stderr);
    dir.write("summer.csv", crate::support::csv_rows(4));
    refused(
        &dir,
        &service,
        "summer.csv",
        &["is the state of `spring.csv`, which had the same prompts and is gone"],
    );
    dir.run_of("summer.csv", &service.url()).args("--state spring.mjbatch").expect_code(0);
    assert_eq!(service.jobs(), 4, "the new task alone");
    assert_paid_once(&[&service.ledger()]);
}

#[test]
fn another_manifest_in_the_folder_is_none_of_this() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.write("summer.csv", "id,prompt\nt0,a jar in the sun\n");
    dir.run_of("summer.csv", &service.url()).expect_code(0);
    dir.write("autumn.csv", "id,prompt\nt0,a mug number 0 on linen\nt1,a pumpkin\n");
    dir.run_of("autumn.csv", &service.url()).expect_code(0);
    assert_eq!(service.jobs(), 6, "what two manifests that are both there share is bought for each");
}

#[cfg(unix)]
#[test]
fn a_manifest_that_is_reached_by_a_symlink_finds_the_state_of_its_own_name() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    std::os::unix::fs::symlink("spring.csv", dir.path("link.csv")).unwrap();
    refused(&dir, &service, "link.csv", &["spring.mjbatch is the state of a manifest with the same content"]);
    dir.write("spring.csv", crate::support::csv_rows(4));
    refused(&dir, &service, "link.csv", &["spring.mjbatch is a state of this manifest"]);
    dir.run_of("link.csv", &service.url()).args("--state spring.mjbatch").expect_code(0);
    assert_eq!(service.jobs(), 4);
    // And the other way: it was the link that was run.
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    std::os::unix::fs::symlink("spring.csv", dir.path("link.csv")).unwrap();
    dir.run_of("link.csv", &service.url()).expect_code(0);
    dir.write("spring.csv", crate::support::csv_rows(3));
    refused(&dir, &service, "spring.csv", &["link.mjbatch is a state of this manifest"]);
}

#[test]
fn a_state_that_was_named_once_is_missed_the_next_time() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(3));
    std::fs::create_dir(dir.path("states")).unwrap();
    dir.run(&service.url()).args("--state states/one.mjbatch").expect_code(0);
    refused(&dir, &service, "spring.csv", &["spring.results.csv has 3 tasks that were submitted"]);
    // In the same folder the state itself is found, with results or without.
    rename(&dir, "states/one.mjbatch", "one.mjbatch");
    refused(&dir, &service, "spring.csv", &["one.mjbatch is the state of a manifest with the same content"]);
    remove(&dir, "spring.results.csv");
    refused(&dir, &service, "spring.csv", &["one.mjbatch is the state of a manifest with the same content"]);
    // And the other way: named now, and not before.
    rename(&dir, "one.mjbatch", "spring.mjbatch");
    dir.run(&service.url()).expect_code(0);
    refused(
        &dir,
        &service,
        "spring.csv --state other.mjbatch",
        &["spring.mjbatch is the state of a manifest"],
    );
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 3);
}

#[test]
fn jobs_that_ran_as_the_state_went_are_followed_and_unknown_ones_stay_so() {
    let settings = SandboxSettings { speed: 100.0, fast: 60.0..=60.0, ..fast_sandbox("") };
    let (service, dir) = (SandboxService::start(settings), TestDir::with_tasks(4));
    let mut run = dir.run(&service.url()).start();
    wait_until("it submits", || service.submits() >= 4 || run.has_ended());
    wait_until("the state knows them", || dir.count([State::Running]) == [4]);
    run.kill();
    dir.mjbatch("results spring.csv").expect_code(0);
    let results = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    // Of one of them the taskId was never known.
    let row = results.lines().find(|row| row.starts_with("t3,")).unwrap();
    let cells: Vec<&str> = row.split(',').collect();
    let nameless = row.replace(cells[1], "").replace("running", "unknown");
    dir.write("spring.results.csv", results.replace(row, &nameless));
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path(&format!("spring.mjbatch{ending}")));
    }
    refused(&dir, &service, "spring.csv", &["spring.results.csv has 4 tasks that were submitted"]);
    let ran = dir.run(&service.url()).args("--take-over").expect_code(6);
    assert!(ran.stderr.contains("4 tasks were taken over from spring.results.csv"), "{}", ran.stderr);
    assert_eq!(dir.count([State::Done, State::Unknown]), [3, 1]);
    assert_eq!(service.jobs(), 4);
    let listed = dir.mjbatch("resolve spring.csv").output();
    assert!(listed.stdout.contains("t3"), "{listed:?}");
}

#[test]
fn results_are_matched_by_prompt_where_ids_have_changed_and_the_others_are_said() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    dir.write(
        "spring.csv",
        "id,prompt\nA-1,a mug number  1 on linen\nt0,a mug number 0 on linen\nt2,a mug number 2 on oak\n",
    );
    let planned = dir.mjbatch("plan spring.csv --take-over").expect_code(0);
    assert!(planned.stdout.contains("to submit: 1 task"), "{}", planned.stdout);
    let ran = dir.run(&service.url()).args("--take-over").expect_code(0);
    assert!(ran.stderr.contains("2 tasks were taken over from spring.results.csv"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 task of it is not in the manifest: `t2`"), "{}", ran.stderr);
    assert_eq!(service.jobs(), 4);
    assert_paid_once(&[&service.ledger()]);
    // What the manifest did not have is known where its row is put back, and the results are the batch's own.
    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 3);
    dir.write("spring.csv", crate::support::csv_rows(3));
    dir.run(&service.url()).expect_code(0);
    assert_eq!((service.jobs(), dir.results().count("done")), (4, 3));
}

#[test]
fn a_skip_and_a_redo_of_the_manifest_buy_nothing_as_results_are_taken_over() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    let csv = "id,prompt,action\nt0,a mug number 0 on linen,redo\nt1,a mug number 1 on linen,skip\nt2,a mug number 2 on linen,\n";
    dir.write("spring.csv", csv);
    dir.run(&service.url()).args("--take-over").expect_code(0);
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", crate::support::csv_rows(3));
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 3);
    assert_eq!(dir.count([State::Done]), [3]);
}

#[test]
fn what_was_taken_over_counts_towards_the_budget() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(3));
    dir.run(&service.url()).args("--prices fast=4 --limit 2").expect_code(10);
    remove(&dir, "spring.mjbatch");
    dir.run(&service.url()).args("--take-over --prices fast=4 --budget 8quota").expect_code(8);
    assert_eq!(service.jobs(), 2);
}

#[test]
fn results_of_the_version_before_are_taken_over_too() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    dir.write(
        "spring.results.csv",
        "id,task_id,status,mode,prompt,reason,grid,image_1,image_2,image_3,image_4,attempts,quota,submitted_at,finished_at\r\n\
         t0,job-0,done,fast,a mug number 0 on linen,,g.png,1.png,2.png,3.png,4.png,1,4,2026-03-01T08:00:00Z,2026-03-01T08:01:00Z\r\n\
         t1,,pending,fast,a mug number 1 on linen,,,,,,,0,,,\r\n",
    );
    refused(&dir, &service, "spring.csv", &["spring.results.csv has 1 task that was submitted"]);
    dir.run(&service.url()).args("--take-over").expect_code(0);
    assert_eq!(service.jobs(), 1, "the pending one alone");
    let first = &dir.records()[0];
    assert_eq!((first.state, first.images.urls.len()), (State::Done, 4));
}

#[test]
fn fresh_puts_the_results_aside_and_pays_for_everything_once() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    let results = dir.read("spring.results.csv");
    let today = jiff::ZonedDateTime::now().date();
    let aside = format!("spring.results.{today}.csv");
    dir.write(&aside, "somebody's own");
    dir.run(&service.url()).args("--fresh").expect_code(0);
    assert_eq!(service.jobs(), 6);
    assert_eq!(dir.read(&aside), b"somebody's own", "no file is written over");
    assert_eq!(dir.read(&format!("spring.results.{today}-2.csv")), results);
    // The same line again, out of the shell's history, does not begin anew.
    let files = dir.files();
    let again = dir.run(&service.url()).args("--fresh").expect_code(2);
    assert!(again.stderr.contains("spring.mjbatch is the state of this batch"), "{}", again.stderr);
    assert_eq!((service.jobs(), dir.files()), (6, files));
    dir.run(&service.url()).args("--fresh --take-over").expect_code(2);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 6);
}

#[test]
fn there_is_nothing_to_take_over_where_results_are_missing_or_of_another_batch() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    let ran = dir.run(&service.url()).args("--take-over").expect_code(2);
    assert!(ran.stderr.contains("spring.results.csv has no task that was submitted"), "{}", ran.stderr);
    dir.run(&service.url()).expect_code(0);
    remove(&dir, "spring.mjbatch");
    dir.write("spring.csv", "id,prompt\nx,a jar\n");
    let ran = dir.run(&service.url()).args("--take-over").expect_code(2);
    assert!(ran.stderr.contains("the manifest has none of the 2 tasks"), "{}", ran.stderr);
    assert_eq!(service.jobs(), 2);
}

#[test]
fn a_sandbox_and_the_real_thing_never_take_each_other_over() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::with_tasks(2));
    dir.mjbatch("run spring.csv --sandbox --speed 1000").expect_code(0);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.jobs(), 2, "the state of a sandbox is none of this batch");
    remove(&dir, "spring.mjbatch");
    remove(&dir, "spring.results.csv");
    let real = dir.mjbatch("run spring.csv --take-over --results spring.sandbox.results.csv --patience 1s");
    // A service that is not of this machine, and cannot be reached.
    let ran = real.with_service("https://mjbatch.invalid").expect_code(2);
    assert!(ran.stderr.contains("is the result of a sandbox run"), "{}", ran.stderr);
    assert!(!dir.path("spring.mjbatch").exists());
}

#[test]
fn a_state_of_which_no_run_began_is_none() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    // A state that was made, and whose run was refused before it listed a task.
    let store = mjbatch::store::BatchStore::at(dir.path("spring.mjbatch"));
    drop(store.open("a service", "a test").unwrap());
    let ran = dir.run(&service.url()).expect_code(2);
    assert!(ran.stderr.contains("spring.results.csv has 3 tasks that were submitted"), "{}", ran.stderr);
    assert_eq!(service.jobs(), 3);
}

const EARLIER_STATE: &[u8] = include_bytes!("fixtures/state-0.1/spring.state");
const EARLIER_MANIFEST: &str = include_str!("fixtures/state-0.1/spring.yaml");

#[test]
fn a_state_of_the_version_before_is_found_under_another_name_and_left_as_it_is() {
    let (service, dir) = (SandboxService::with_faults(""), TestDir::empty());
    dir.write("spring.mjbatch", EARLIER_STATE);
    for (manifest, words) in [
        (EARLIER_MANIFEST.to_owned(), "spring.mjbatch is the state of a manifest with the same content"),
        (EARLIER_MANIFEST.replace("a bowl", "a blue bowl"), "which had the same prompts and is gone"),
    ] {
        dir.write("summer.yaml", manifest);
        let ran = dir.run_of("summer.yaml", &service.url()).expect_code(2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    assert_eq!(dir.read("spring.mjbatch"), EARLIER_STATE);
    assert_eq!(dir.files(), ["spring.mjbatch", "summer.yaml"]);
    dir.run_of("summer.yaml", &service.url()).args("--state spring.mjbatch").expect_code(6);
    assert_eq!(service.submits(), 2, "the edited task and the pending one");
}

#[test]
fn what_people_wrote_into_results_that_are_taken_over_is_kept() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    let results = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    let with_note = |(n, row): (usize, &str)| {
        let cell = ["note", "the best", "", "too dark"][n];
        format!("{row},{cell}\r\n")
    };
    dir.write("spring.results.csv", results.lines().enumerate().map(with_note).collect::<String>());
    dir.run(&service.url()).args("--take-over").expect_code(0);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(dir.results().column("note"), ["the best", "", "too dark"]);
    assert_eq!(service.jobs(), 3);
}

#[test]
fn prompts_that_were_edited_since_the_results_are_not_bought_again_at_scale() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    remove(&dir, "spring.mjbatch");
    dir.write(
        "spring.csv",
        crate::support::csv_rows(3).replace("linen", "oak") + "new,a mug number 0 on linen\n",
    );
    let ran = dir.run(&service.url()).args("--take-over --max-changed 1").expect_code(2);
    assert!(ran.stderr.contains("2 tasks were edited since they were made"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`t1` was: a mug number 1 on linen"), "{}", ran.stderr);
    let planned = dir.mjbatch("plan spring.csv --take-over --max-changed 1").expect_code(0);
    assert!(planned.stderr.contains("a run would stop with exit code 2"), "{}", planned.stderr);
    assert_eq!(service.jobs(), 3);
    dir.run(&service.url()).args("--take-over --max-changed 2").expect_code(0);
    assert_eq!(service.jobs(), 6, "two edited, and `t0`, whose prompt has another id now");
}
