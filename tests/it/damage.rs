//! A state that a disk has damaged: left as it is, and read for all that it still holds.

use crate::support::{SandboxService, TestDir};

#[test]
fn a_damaged_state_is_not_run_and_salvage_lists_its_task_ids() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_tasks(120);
    dir.run(&service.url()).expect_code(0);
    let mut bytes = dir.read("spring.mjbatch");
    // A page of rows, which come after the pages that describe the tables.
    let page = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[page..page + 4096].fill(0xA5);
    dir.write("spring.mjbatch", &bytes);

    let ran = dir.run(&service.url()).expect_code(1);
    assert!(ran.stderr.contains("is damaged"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{}", ran.stderr);
    assert_eq!(service.submits(), 120, "nothing is paid for again");
    assert_eq!(dir.read("spring.mjbatch"), bytes, "it is left as it is");

    let saved = saved(&dir);
    let known: Vec<String> = service.ledger().jobs.iter().map(|job| job.task_id.clone()).collect();
    assert!(saved.len() > 60, "only {} of 120", saved.len());
    assert!(saved.iter().all(|row| known.contains(&row[1])), "{saved:?}");
}

#[test]
fn every_task_id_is_salvaged_when_the_first_page_or_the_schema_is_damaged() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::with_tasks(120);
    dir.run(&service.url()).expect_code(0);
    let whole = dir.read("spring.mjbatch");
    let mut known: Vec<Vec<String>> =
        (dir.records().into_iter()).map(|record| vec![record.task.id.0, record.task_id.unwrap().0]).collect();
    known.sort();
    for (damage, exit, expected) in
        [(16..4096, 1, "is damaged"), (16..16384, 1, "is damaged"), (0..4096, 2, "is not a state file")]
    {
        let mut bytes = whole.clone();
        bytes[damage.clone()].fill(0xA5);
        dir.write("spring.mjbatch", &bytes);
        let ran = dir.run(&service.url()).expect_code(exit);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{}", ran.stderr);
        let mut saved = saved(&dir);
        saved.sort();
        assert_eq!(saved, known, "{damage:?}");
        assert_eq!(dir.read("spring.mjbatch"), bytes, "it is left as it is");
    }
    assert_eq!(service.submits(), 120, "nothing is paid for again");
}

/// What `salvage` lists: ids and taskIds.
fn saved(dir: &TestDir) -> Vec<Vec<String>> {
    let listed = dir.mjbatch("salvage spring.mjbatch").expect_code(0).stdout;
    let rows = listed.lines().skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn salvage_of_another_kind_of_file_is_an_error() {
    let dir = TestDir::with_tasks(1);
    let refused = dir.mjbatch("salvage spring.csv").expect_code(2);
    assert!(refused.stderr.contains("spring.csv is not a state file of mjbatch"), "{}", refused.stderr);
    dir.mjbatch("salvage nowhere.mjbatch").expect_code(2);
    // It begins like one, and there is nothing in it.
    for rest in [0, 5000] {
        let bytes = [b"SQLite format 3\0".as_slice(), &vec![0xA5; rest]].concat();
        dir.write("spring.mjbatch", &bytes);
        let refused = dir.mjbatch("salvage spring.mjbatch").expect_code(1);
        assert!(refused.stderr.contains("no taskId could be read"), "{}", refused.stderr);
        let refused = dir.mjbatch("status spring.csv").expect_code(1);
        assert!(refused.stderr.contains("is damaged"), "{}", refused.stderr);
        assert_eq!(dir.read("spring.mjbatch"), bytes, "it is left as it is");
        assert_eq!(dir.files(), ["spring.csv", "spring.mjbatch"], "nothing is left beside it");
    }
}
