//! A state that a disk has damaged: left as it is, and read for all that it still holds.

use crate::support::{Desk, Service};

#[test]
fn a_damaged_state_is_not_run_and_salvage_lists_the_taskids_it_holds() {
    let service = Service::with("");
    let desk = Desk::of(120);
    desk.run(&service.url()).ends_with(0);
    let mut bytes = desk.read("spring.mjbatch");
    // A page of rows. Those that describe the tables come before them: without one of those nothing can be read.
    let page = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[page..page + 4096].fill(0xA5);
    desk.write("spring.mjbatch", &bytes);

    let ran = desk.run(&service.url()).ends_with(1);
    assert!(ran.stderr.contains("is damaged"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`mjbatch salvage spring.mjbatch`"), "{}", ran.stderr);
    assert_eq!(service.submits(), 120, "nothing is paid for again");
    assert_eq!(desk.read("spring.mjbatch"), bytes, "it is left as it is");

    let saved = desk.mjbatch("salvage spring.mjbatch").ends_with(0).stdout;
    let known: Vec<String> = service.ledger().jobs.iter().map(|job| job.task_id.clone()).collect();
    let listed: Vec<&str> = saved.lines().skip(1).filter_map(|line| line.rsplit(',').next()).collect();
    assert!(listed.len() > 60, "only {} of 120", listed.len());
    assert!(listed.iter().all(|task_id| known.iter().any(|known| known == task_id)), "{saved}");
}

#[test]
fn salvage_of_something_else_says_so() {
    let desk = Desk::of(1);
    desk.mjbatch("salvage spring.csv").ends_with(2);
    desk.mjbatch("salvage nowhere.mjbatch").ends_with(2);
}
