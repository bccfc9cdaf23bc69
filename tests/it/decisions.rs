//! What a person decides in a table that the program wrote: it is carried out once, and nothing else with it, whatever copies,
//! orders and interleavings there are. The judge is the ledger of the service.

use crate::support::{SandboxService, TestDir, typed};

impl TestDir {
    /// The text of the results.
    fn table(&self) -> String {
        String::from_utf8(self.read("spring.results.csv")).unwrap()
    }

    /// Types a decision into the results.
    fn decide(&self, id: &str, action: &str) {
        self.write("spring.results.csv", typed(&self.table(), id, "action", action));
    }
}

const THREE: &str = "id,prompt,sku\na,a mug,S-1\nb,a cup,S-2\nc,a jar,S-3\n";

/// A batch of three tasks, done.
fn done(service: &SandboxService) -> TestDir {
    let dir = TestDir::with_csv(THREE);
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
    dir
}

/// How often each prompt was billed.
fn billed(service: &SandboxService, prompt: &str) -> usize {
    service.ledger().jobs.iter().filter(|job| job.prompt == prompt).count()
}

#[test]
fn a_skip_in_results_is_obeyed_by_every_later_run() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv(THREE);
    dir.run(&service.url()).args("--limit 2").expect_code(10);
    dir.decide("c", "skip");
    for file in ["spring.results.csv", "spring.results.csv", "spring.csv", "spring.results.csv", "spring.csv"]
    {
        dir.run_of(file, &service.url()).expect_code(0);
        assert_eq!(service.submits(), 2, "{file}");
    }
    assert_eq!(dir.results().column("status"), ["done", "done", "skipped"]);
    // Until a person says otherwise.
    dir.decide("c", "make");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert_eq!((service.submits(), billed(&service, "a jar")), (3, 1));
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_redo_in_the_manifest_is_paid_once_though_its_results_are_run_in_between() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.write("spring.csv", "id,prompt,sku,action\na,a mug,S-1,redo\nb,a cup,S-2,\nc,a jar,S-3,\n");
    for _ in 0..3 {
        dir.run(&service.url()).expect_code(0);
        dir.run_of("spring.results.csv", &service.url()).expect_code(0);
        assert_eq!((service.submits(), billed(&service, "a mug")), (4, 2));
    }
}

#[test]
fn a_redo_in_results_is_paid_once_whatever_copies_are_run_and_whatever_runs_in_between() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.decide("b", "redo");
    let copy = dir.table();
    for name in ["spring.results (1).csv", "copy.csv", "spring.picks.csv"] {
        dir.write(name, &copy);
    }
    let files =
        ["spring.results.csv", "spring.csv", "copy.csv", "spring.picks.csv", "spring.results (1).csv"];
    for file in files.into_iter().chain(files) {
        dir.run_arg(file, &service.url()).expect_code(0);
        assert_eq!((service.submits(), billed(&service, "a cup")), (4, 2), "{file}");
    }
    let first = copy.lines().nth(2).unwrap().to_owned();
    let results = dir.results();
    assert_eq!(results.column("attempts"), ["1", "2", "1"]);
    assert!(!first.contains(&results.rows[1]["task_id"]), "the results show the new images");
    // Results that know of the second attempt may ask for a third.
    dir.decide("b", "redo");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert_eq!(billed(&service, "a cup"), 3);
}

#[test]
fn picks_of_images_that_are_to_be_made_again_are_in_nobodys_way() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.write("spring.results.csv", typed(&dir.table(), "a", "pick", "2"));
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    dir.decide("a", "redo");
    // The budget leaves the redo for later, and the results have no image any more.
    let limits = "--prices fast=4,relaxed=2 --budget 12quota";
    dir.run_of("spring.results.csv", &service.url()).args(limits).expect_code(8);
    assert_eq!(dir.results().column("status"), ["pending", "done", "done"]);
    let ran = dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert_eq!((billed(&service, "a mug"), service.submits()), (2, 4), "{ran:?}");
    assert_eq!(dir.results().column("pick"), ["", "", ""], "they were of other images");
}

#[test]
fn a_redo_of_an_unknown_task_in_results_is_paid_once() {
    let service = SandboxService::with_faults("accept-cut=first:1");
    let dir = TestDir::with_csv("id,prompt\na,a mug\n");
    dir.run(&service.url()).expect_code(6);
    dir.decide("a", "redo");
    dir.write("copy.csv", dir.table());
    for file in
        ["spring.results.csv", "spring.csv", "copy.csv", "spring.results.csv", "copy.csv", "spring.csv"]
    {
        let ran = dir.run_of(file, &service.url()).expect_code(0);
        assert_eq!(service.submits(), 2, "{file}: {ran:?}");
    }
    assert_eq!(dir.results().column("attempts"), ["2"]);
}

#[test]
fn a_table_is_run_under_the_budget_of_its_manifest_and_what_is_left_is_due_in_the_next_run() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    dir.write(
        "spring.yaml",
        "version: 1\nbatch: { budget: 8quota, prices: { fast: 4 }, concurrency: 1, results: all.csv }\n\
         defaults: { mode: fast }\nprompts:\n  - { id: a, prompt: a mug }\n  - { id: b, prompt: a cup }\n",
    );
    dir.run_of("spring.yaml", &service.url()).expect_code(0);
    let results = || String::from_utf8(dir.read("all.csv")).unwrap();
    let table = typed(&typed(&results(), "a", "action", "redo"), "b", "action", "redo");
    for name in ["spring.results.csv", "spring.picks.csv"] {
        dir.write(name, &table);
        let ran = dir.run_of(name, &service.url()).expect_code(8);
        assert!(ran.stderr.contains("the budget of 8 quota"), "{ran:?}");
        assert_eq!(service.submits(), 2, "{name}");
        let _ = std::fs::remove_file(dir.path(name));
    }
    // Both are due in a run of the manifest, within its budget.
    dir.run_of("spring.yaml", &service.url()).args("--budget 12quota").expect_code(8);
    assert_eq!((service.submits(), service.ledger().most_in_flight), (3, 1));
    dir.run_of("spring.yaml", &service.url()).args("--budget 16quota").expect_code(0);
    dir.write("spring.picks.csv", &table);
    dir.run_of("spring.picks.csv", &service.url()).args("--budget 90quota").expect_code(0);
    assert_eq!(service.submits(), 4);
}

#[test]
fn after_a_pilot_one_redo_is_paid_and_none_of_the_others() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    dir.write(
        "spring.yaml",
        "version: 1\ndefaults: { mode: fast }\nprompts:\n  - id: hero\n    prompt: \"a {{ color }} mug\"\n    \
         matrix: { color: [red, blue, green, black] }\n",
    );
    dir.run_of("spring.yaml", &service.url()).args("--pilot").expect_code(10);
    assert_eq!(service.submits(), 1);
    let id = "hero/red";
    dir.write("spring.picks.csv", typed(&dir.table(), id, "action", "redo"));
    let ran = dir.run_of("spring.picks.csv", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 2, "{ran:?}");
    assert!(ran.stderr.contains("3 other tasks are pending"), "{ran:?}");
    assert!(ran.stderr.contains("next: mjbatch run spring.yaml"), "{ran:?}");
    // And what waits can be made one by one.
    dir.decide("hero/black", "make");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert_eq!((service.submits(), billed(&service, "a black mug")), (3, 1));
}

#[test]
fn a_retry_or_a_resend_of_an_auto_task_is_paid_once_where_results_and_manifest_alternate() {
    for (faults, code, again) in [
        ("job-fail=first:1", 3, "retry spring.csv"),
        ("accept-cut=first:1", 6, "resolve spring.csv --all --resend"),
    ] {
        let service = SandboxService::with_faults(faults);
        let dir = TestDir::with_csv("id,prompt,mode\na,a mug,auto\n");
        dir.run(&service.url()).expect_code(code);
        dir.mjbatch(again).expect_code(0);
        for file in ["spring.results.csv", "spring.csv", "spring.results.csv", "spring.csv"] {
            dir.run_of(file, &service.url()).output();
        }
        assert_eq!(service.submits(), 2, "{again}");
        let results = dir.results();
        assert_eq!((results.column("status"), results.rows[0].images().len()), (vec!["done"], 4), "{again}");
    }
}

#[test]
fn a_skip_in_results_and_its_undoing_is_no_retry() {
    let service = SandboxService::with_faults("job-moderated=mug");
    let dir = TestDir::with_csv(THREE);
    dir.run(&service.url()).expect_code(3);
    dir.decide("a", "skip");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    dir.mjbatch("retry spring.csv").expect_code(0);
    dir.run(&service.url()).expect_code(0);
    assert_eq!((service.submits(), dir.results().column("status")[0]), (3, "skipped"), "nor is it retried");
    dir.decide("a", "make");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    dir.run(&service.url()).expect_code(3);
    assert_eq!((service.submits(), dir.results().column("status")[0]), (3, "failed"));
}

#[test]
fn a_table_that_cannot_be_understood_decides_nothing() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let table = typed(&dir.table(), "a", "action", "redo");
    let other = TestDir::with_csv("id,prompt,sku\nz,a vase,S-9\n");
    other.run(&service.url()).expect_code(0);
    let foreign = other.table().lines().nth(1).unwrap().to_owned();
    let line = |n: usize| table.lines().nth(n).unwrap().to_owned();
    let submits = service.submits();
    for (what, text, says) in [
        ("ref gone in a row", typed(&table, "b", "ref", ""), "the row of `b` has no `ref`"),
        ("ref edited", typed(&table, "b", "ref", "12"), "`12` is not a ref"),
        ("rows of two batches", format!("{table}{foreign}\r\n"), "rows of two batches"),
        ("prompt edited", typed(&table, "b", "prompt", "a teacup"), "the prompt of `b`"),
        (
            "refs of two rows swapped",
            typed(&table, "b", "ref", line(3).rsplit(',').next().unwrap()),
            "the prompt of `b`",
        ),
        ("no action", typed(&table, "b", "action", "redoo"), "`redoo` is not an action"),
        (
            "two decisions",
            format!("{table}{}\r\n", line(1).replace(",redo,", ",skip,")),
            "decide differently about `a`",
        ),
        ("no such image", typed(&table, "b", "pick", "5"), "no image 5 of `b`"),
    ] {
        dir.write("table.csv", text);
        for command in ["run", "plan", "check"] {
            let call = dir.mjbatch(&format!("{command} table.csv")).with_service(&service.url());
            let ran = call.expect_code(2);
            assert!(ran.stderr.contains(says), "{what}, {command}: {ran:?}");
            assert!(ran.stderr.contains("--> table.csv:"), "{what}: {ran:?}");
        }
        dir.run(&service.url()).expect_code(0);
        assert_eq!(service.submits(), submits, "{what}: nothing was recorded either");
    }
    // All refs gone: it is not taken for a manifest.
    let without: String =
        table.lines().map(|line| format!("{}\r\n", line.rsplit_once(',').unwrap().0)).collect();
    dir.write("spring.results.csv", without);
    let ran = dir.run_of("spring.results.csv", &service.url()).expect_code(2);
    assert!(ran.stderr.contains("mjbatch results spring.csv"), "{ran:?}");
    assert_eq!(service.submits(), submits);
}

#[test]
fn a_table_without_its_state_or_its_manifest_decides_nothing() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    dir.decide("a", "redo");
    let away = TestDir::empty();
    away.write("spring.results.csv", dir.table());
    let ran = away.run_of("spring.results.csv", &service.url()).expect_code(2);
    assert!(ran.stderr.contains("no state in the folder"), "{ran:?}");
    assert_eq!(away.files(), ["spring.results.csv"]);
    std::fs::rename(dir.path("spring.csv"), dir.path("gone.csv")).unwrap();
    let ran = dir.run_of("spring.results.csv", &service.url()).expect_code(2);
    assert!(
        ran.stderr.contains("spring.mjbatch is not there") && ran.stderr.contains("it was at spring.csv"),
        "{ran:?}"
    );
    std::fs::rename(dir.path("gone.csv"), dir.path("spring.csv")).unwrap();
    assert_eq!(service.submits(), 3);
    // A copy of the state has the same batch: the one that the manifest's runs use is meant.
    dir.mjbatch("state backup spring.csv --to copy.mjbatch").expect_code(0);
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);
    let state = dir.path("spring.mjbatch").display().to_string();
    away.run_of("spring.results.csv", &service.url()).args("--state").arg(&state).expect_code(0);
    assert_eq!(service.submits(), 4, "carried out already");
}

#[test]
fn plan_and_check_of_a_table_say_what_a_run_does_and_do_nothing() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv(THREE);
    dir.run(&service.url()).args("--limit 2").expect_code(10);
    let table = typed(&typed(&dir.table(), "a", "action", "redo"), "b", "action", "make");
    dir.write("spring.results.csv", typed(&table, "c", "action", "skip"));
    let says = ["1 to make again: a", "1 skipped, until `make`: c", "`redo` makes it again: b"];
    for command in ["check", "plan", "check", "plan"] {
        let said = dir.mjbatch(&format!("{command} spring.results.csv")).expect_code(0);
        assert!(says.iter().all(|says| said.stdout.contains(says)), "{said:?}");
    }
    let plan = dir.mjbatch("plan spring.results.csv").expect_code(0);
    assert!(plan.stdout.contains("to submit: 1 task: 1 fast"), "{plan:?}");
    let with_state = dir.mjbatch("plan spring.results.csv --state spring.mjbatch").expect_code(0);
    assert!(with_state.stdout.contains("run spring.csv --state spring.mjbatch` runs all"), "{with_state:?}");
    let json = dir.mjbatch("plan spring.results.csv --json").expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["to_submit"], &json["decisions"][0]["action"]), (&1.into(), &"redo".into()));
    let ran = dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    assert!(says.iter().all(|says| ran.stderr.contains(says)), "{ran:?}");
    assert_eq!(service.submits(), 3);
}

#[test]
fn the_exit_code_of_a_table_is_that_of_its_decisions() {
    let service = SandboxService::with_faults("job-moderated=jar");
    let dir = TestDir::with_csv(THREE);
    dir.run(&service.url()).args("--limit 1").expect_code(10);
    dir.decide("b", "make");
    dir.run_of("spring.results.csv", &service.url()).expect_code(0);
    dir.decide("c", "make");
    dir.run_of("spring.results.csv", &service.url()).expect_code(3);
    dir.write("copy.csv", typed(&dir.table(), "a", "action", "redo"));
    dir.run_of("copy.csv", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 4);
}

#[test]
fn limit_and_only_narrow_what_a_table_carries_out() {
    let service = SandboxService::with_faults("");
    let dir = done(&service);
    let mut table = dir.table();
    for id in ["a", "b", "c"] {
        table = typed(&table, id, "action", "redo");
    }
    dir.write("table.csv", table);
    dir.run_of("table.csv", &service.url()).args("--only id=b").expect_code(10);
    assert_eq!((service.submits(), billed(&service, "a cup")), (4, 2));
    dir.run_of("table.csv", &service.url()).args("--limit 1").expect_code(10);
    assert_eq!(service.submits(), 5);
    dir.run_of("table.csv", &service.url()).expect_code(0);
    dir.run_of("table.csv", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 6);
}
