//! The manifest is edited between runs: what is new or changed is submitted, and nothing else.

use crate::support::{SandboxService, TestDir, assert_paid_once};

/// The prompts that were submitted since so many.
fn submitted_since(service: &SandboxService, before: usize) -> Vec<String> {
    let mut prompts: Vec<String> =
        service.ledger().jobs[before..].iter().map(|job| job.prompt.clone()).collect();
    prompts.sort();
    prompts
}

#[test]
fn after_adding_moving_and_editing_rows_only_new_prompts_are_submitted() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,mug\nb,cup\nc,jar\n");
    dir.run(&service.url()).expect_code(0);
    let before = dir.results();

    // A row is added in front, the order turned, one prompt edited.
    dir.write("spring.csv", "id,prompt\nnew,tray\nc,jar\nb,a blue cup\na,mug\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(submitted_since(&service, 3), ["a blue cup", "tray"]);
    let after = dir.results();
    assert_eq!(after.column("id"), ["new", "c", "b", "a"]);
    assert_eq!(after.count("done"), 4);
    assert_eq!(after.rows[3]["task_id"], before.rows[0]["task_id"], "an old result is kept");
    assert_eq!(after.rows[1]["image_4"], before.rows[2]["image_4"], "an old result is kept");
    assert_ne!(after.rows[2]["task_id"], before.rows[1]["task_id"]);

    // Rows are removed and the edit is undone: the image of that prompt exists already.
    dir.write("spring.csv", "id,prompt\nb,cup\nnew,tray\n");
    dir.run(&service.url()).expect_code(0);
    let last = dir.results();
    assert_eq!((last.column("id"), last.count("done")), (vec!["b", "new"], 2));
    assert_eq!(last.rows[0]["task_id"], before.rows[1]["task_id"]);
    assert_eq!(service.submits(), 5);
    assert_paid_once(&[&service.ledger()]);
}

#[test]
fn changing_a_mode_timeout_or_column_submits_nothing_again() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt,mode,timeout,note\na,mug,fast,300,x\nb,cup,fast,300,x\n");
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", "id,prompt,mode,timeout,shop\na,mug,relaxed,300,y\nb,cup,fast,1200,y\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 2);
    let results = dir.results();
    assert_eq!(results.column("mode"), ["fast", "fast"], "the mode it was sent in");
    assert_eq!((results.column("shop"), results.column("timeout")), (vec!["y", "y"], vec!["300", "1200"]));
}

#[test]
fn tasks_without_an_id_are_recognized_by_their_content() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("prompt\nmug\ncup\n");
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", "prompt\ntray\ncup\nmug\nmug\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(submitted_since(&service, 2), ["mug", "tray"], "a second take is a task of its own");
}

#[test]
fn an_invalid_manifest_changes_neither_state_nor_results() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,mug\nb,cup\n");
    dir.run(&service.url()).expect_code(0);
    let (state, results) = (dir.records(), dir.read("spring.results.csv"));
    dir.write("spring.csv", "id,prompt\na,mug\na,cup\nc,jar\n");
    dir.run(&service.url()).expect_code(2);
    assert_eq!((dir.records(), dir.read("spring.results.csv")), (state, results));
    assert_eq!(service.submits(), 2);
}

#[test]
fn a_row_removed_while_its_job_runs_has_its_images_when_it_returns() {
    let first = SandboxService::with_faults("status-html");
    let dir = TestDir::with_csv("id,prompt\na,mug\nb,cup\n");
    dir.run(&first.url()).args("--patience 300ms").expect_code(5);
    let second = SandboxService::with_faults("");
    dir.write("spring.csv", "id,prompt\nb,cup\n");
    dir.run(&second.url()).expect_code(0);
    dir.write("spring.csv", "id,prompt\na,mug\nb,cup\n");
    dir.run(&second.url()).expect_code(0);
    assert_eq!(dir.results().count("done"), 2);
    assert_eq!((first.jobs(), second.jobs()), (2, 0));
}
