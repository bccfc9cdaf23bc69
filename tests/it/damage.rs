//! A state that a disk has damaged: left as it is, and read for all that it still holds.

use crate::support::{Desk, Service};

#[test]
fn a_damaged_state_is_not_run_and_salvage_lists_the_taskids_it_holds() {
    let service = Service::with("");
    let desk = Desk::of(120);
    desk.run(&service.url()).ends_with(0);
    let mut bytes = desk.read("spring.mjbatch");
    // A page of rows, which come after the pages that describe the tables.
    let page = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[page..page + 4096].fill(0xA5);
    desk.write("spring.mjbatch", &bytes);

    let ran = desk.run(&service.url()).ends_with(1);
    assert!(ran.stderr.contains("is damaged"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{}", ran.stderr);
    assert_eq!(service.submits(), 120, "nothing is paid for again");
    assert_eq!(desk.read("spring.mjbatch"), bytes, "it is left as it is");

    let saved = saved(&desk);
    let known: Vec<String> = service.ledger().jobs.iter().map(|job| job.task_id.clone()).collect();
    assert!(saved.len() > 60, "only {} of 120", saved.len());
    assert!(saved.iter().all(|row| known.contains(&row[1])), "{saved:?}");
}

#[test]
fn every_taskid_is_saved_where_the_first_page_or_all_that_describes_the_tables_is_damaged() {
    let service = Service::with("");
    let desk = Desk::of(120);
    desk.run(&service.url()).ends_with(0);
    let whole = desk.read("spring.mjbatch");
    let mut known: Vec<Vec<String>> = (desk.records().into_iter())
        .map(|record| vec![record.task.id.0, record.task_id.unwrap().0])
        .collect();
    known.sort();
    for (damage, exit, told) in
        [(16..4096, 1, "is damaged"), (16..16384, 1, "is damaged"), (0..4096, 2, "is not a state file")]
    {
        let mut bytes = whole.clone();
        bytes[damage.clone()].fill(0xA5);
        desk.write("spring.mjbatch", &bytes);
        let ran = desk.run(&service.url()).ends_with(exit);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{}", ran.stderr);
        let mut saved = saved(&desk);
        saved.sort();
        assert_eq!(saved, known, "{damage:?}");
        assert_eq!(desk.read("spring.mjbatch"), bytes, "it is left as it is");
    }
    assert_eq!(service.submits(), 120, "nothing is paid for again");
}

/// What `salvage` lists: ids and taskIds.
fn saved(desk: &Desk) -> Vec<Vec<String>> {
    let listed = desk.mjbatch("salvage spring.mjbatch").ends_with(0).stdout;
    let rows = listed.lines().skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn salvage_of_something_else_says_so() {
    let desk = Desk::of(1);
    let refused = desk.mjbatch("salvage spring.csv").ends_with(2);
    assert!(refused.stderr.contains("spring.csv is not a state file of mjbatch"), "{}", refused.stderr);
    desk.mjbatch("salvage nowhere.mjbatch").ends_with(2);
    // It begins like one, and there is nothing in it.
    for rest in [0, 5000] {
        let bytes = [b"SQLite format 3\0".as_slice(), &vec![0xA5; rest]].concat();
        desk.write("spring.mjbatch", &bytes);
        let refused = desk.mjbatch("salvage spring.mjbatch").ends_with(1);
        assert!(refused.stderr.contains("no taskId could be read"), "{}", refused.stderr);
        let refused = desk.mjbatch("status spring.csv").ends_with(1);
        assert!(refused.stderr.contains("is damaged"), "{}", refused.stderr);
        assert_eq!(desk.read("spring.mjbatch"), bytes, "it is left as it is");
        assert_eq!(desk.files(), ["spring.csv", "spring.mjbatch"], "nothing is left beside it");
    }
}
