//! Results that are edited in a spreadsheet and run again.

use crate::support::{SandboxService, TestDir, assert_paid_once};

/// The results of three tasks, done.
fn done(service: &SandboxService) -> (TestDir, String) {
    let dir = TestDir::with_csv("id,prompt,sku\na,a {{ sku }} mug,S-1\nb,a cup,S-2\nc,a jar,S-3\n");
    dir.run(&service.url()).expect_code(0);
    let results = String::from_utf8(dir.read("spring.results.csv")).unwrap();
    (dir, results)
}

/// The results with this in the column `action` of the task of this id.
fn with_action(results: &str, id: &str, action: &str) -> String {
    let mut reader = csv::Reader::from_reader(results.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = header.iter().position(|name| name == "action").unwrap();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let is_meant = &record[0] == id;
        let cell = |(n, text)| if is_meant && n == column { action } else { text };
        writer.write_record(record.iter().enumerate().map(cell)).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[test]
fn results_without_decisions_submit_nothing_and_keep_custom_columns() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    let ran = dir
        .mjbatch("run spring.results.csv --poll-min 20ms --poll-max 100ms")
        .with_service(&service.url())
        .expect_code(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert_eq!(service.submits(), 3);
    assert_eq!(String::from_utf8(dir.read("spring.results.csv")).unwrap(), before);
    // And the first manifest goes on as if nothing had been.
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_redo_in_a_row_submits_that_task_once_more() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    dir.write("spring.results.csv", with_action(&before, "b", "redo"));
    dir.mjbatch("run spring.results.csv --poll-min 20ms --poll-max 100ms")
        .with_service(&service.url())
        .expect_code(0);
    assert_eq!(service.submits(), 4);
    let after = dir.results();
    assert_eq!((after.column("attempts"), after.count("done")), (vec!["1", "2", "1"], 3));
    assert!(!before.contains(&after.rows[1]["task_id"]), "a new image");
    dir.mjbatch("run spring.results.csv --poll-min 20ms --poll-max 100ms")
        .with_service(&service.url())
        .expect_code(0);
    assert_eq!(service.submits(), 4);
}

#[test]
fn a_redo_left_in_a_manifest_is_not_repeated_by_every_run() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt,action\na,mug,\n");
    dir.run(&service.url()).expect_code(0);
    dir.write("spring.csv", "id,prompt,action\na,mug,redo\n");
    for _ in 0..3 {
        dir.run(&service.url()).expect_code(0);
    }
    dir.write("spring.csv", "id,prompt,action\na,mug,redo\nb,cup,\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3, "one, one redo, and the new row");
}

#[test]
fn skipped_tasks_are_not_submitted_and_are_reported() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt,action\na,mug,skip\nb,cup,\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!((service.submits(), dir.results().column("status")), (1, vec!["skipped", "done"]));
    dir.write("spring.csv", "id,prompt,action\na,mug,\nb,cup,skip\n");
    dir.run(&service.url()).expect_code(0);
    assert_eq!((service.submits(), dir.results().column("status")), (2, vec!["done", "done"]));
}

#[test]
fn results_saved_under_another_name_are_not_billed_again() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    dir.write("picks.csv", with_action(&before, "c", "redo"));
    dir.mjbatch("run picks.csv --poll-min 20ms --poll-max 100ms").with_service(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 4, "the one redo");
    let results = dir.results();
    assert_eq!((results.count("done"), results.column("sku")), (3, vec!["S-1", "S-2", "S-3"]));
    assert!(before.contains(&results.rows[0]["task_id"]), "the old images are there");
    assert!(before.contains(&results.rows[0]["image_4"]));
    assert!(!dir.path("picks.mjbatch").exists(), "it is the same batch");
}

#[test]
fn whatever_a_spreadsheet_did_to_the_status_submits_nothing() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    for status in ["running", "pending", "erledigt", ""] {
        dir.write("picks.csv", before.replace(",done,", &format!(",{status},")));
        dir.mjbatch("run picks.csv --poll-min 20ms --poll-max 100ms")
            .with_service(&service.url())
            .expect_code(0);
        assert_eq!((dir.results().count("done"), service.submits()), (3, 3), "{status}");
    }
    assert_paid_once(&[&service.ledger()]);
}

#[test]
fn decisions_about_a_sandbox_are_not_carried_out_by_a_real_service() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_csv("id,prompt\na,a mug\n");
    dir.mjbatch("run spring.csv --sandbox --speed 1000").expect_code(0);
    let results = String::from_utf8(dir.read("spring.sandbox.results.csv")).unwrap();
    for name in ["spring.sandbox.results.csv", "spring.results.csv", "picks.csv"] {
        dir.write(name, with_action(&results, "a", "redo"));
        let ran = dir.mjbatch(&format!("run {name}")).with_service(&service.url()).expect_code(2);
        assert!(ran.stderr.contains("belongs to the sandbox"), "{}", ran.stderr);
    }
    assert_eq!(service.submits(), 0);
    dir.mjbatch("run spring.sandbox.results.csv --sandbox --speed 1000").expect_code(0);
    assert!(!dir.path("picks.mjbatch").exists() && !dir.path("spring.mjbatch").exists());
}

#[test]
fn a_decision_is_not_carried_out_by_another_service() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    dir.write("picks.csv", with_action(&before, "a", "redo"));
    let ran = dir
        .mjbatch("run picks.csv --poll-min 20ms --poll-max 100ms")
        .with_service("https://api.example.invalid")
        .expect_code(2);
    assert!(ran.stderr.contains("spring.mjbatch belongs to"), "{}", ran.stderr);
    // Nothing was recorded: the right service has nothing to make.
    dir.run(&service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
}

#[test]
fn a_redo_of_a_running_task_waits_for_a_later_run_and_happens_once() {
    let service = SandboxService::with_job_time(1500.0..=1500.0, "");
    let dir = TestDir::with_csv("id,prompt,action\na,mug,\n");
    dir.run(&service.url()).args("--no-wait").expect_code(10);
    dir.write("spring.csv", "id,prompt,action\na,mug,redo\n");
    let mut submits = Vec::new();
    for _ in 0..3 {
        dir.run(&service.url()).expect_code(0);
        submits.push(service.submits());
    }
    assert_eq!(submits, [1, 2, 2], "it is followed first, then made once more, and no more than that");
}

#[test]
fn a_redo_in_results_happens_once_whatever_runs_in_between() {
    let service = SandboxService::with_faults("");
    let (dir, before) = done(&service);
    let run = |file: &str| {
        dir.mjbatch(&format!("run {file} --poll-min 20ms --poll-max 100ms"))
            .with_service(&service.url())
            .expect_code(0);
        service.submits()
    };
    let submits = service.submits();
    dir.write("spring.picks.csv", with_action(&before, "b", "redo"));
    assert_eq!(run("spring.picks.csv"), submits + 1);
    assert_eq!(run("spring.csv"), submits + 1, "which asks for nothing");
    assert_eq!(run("spring.picks.csv"), submits + 1, "an old file");
    // What was made since can be asked for again, by results that know of it.
    dir.write(
        "spring.picks.csv",
        with_action(&String::from_utf8(dir.read("spring.results.csv")).unwrap(), "b", "redo"),
    );
    assert_eq!(run("spring.picks.csv"), submits + 2);
}
