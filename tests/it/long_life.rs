//! A large batch that was not edited is taken up from its state alone; whatever is in doubt is read anew.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::support::{Call, Desk, Service, paid_once};

/// A task more than there must be for the state to keep what the manifest says.
const MANY: usize = 2_001;
/// What a run says that did not read the manifest again.
const NOT_READ: &str = "was not edited since it was read with 1 warning";

/// A batch with a warning about its first prompt.
fn rows(first: &str) -> String {
    let mut csv = format!("id,prompt\nt0,{first}\n");
    for n in 1..MANY {
        writeln!(csv, "t{n},a mug number {n} on linen").unwrap();
    }
    csv
}

fn desk() -> Desk {
    Desk::with(&rows("a mug --v 99"))
}

fn run(desk: &Desk, service: &Service) -> Call {
    desk.run(&service.url()).and("--max-tasks 9000 --limit 4")
}

#[test]
fn a_batch_that_was_not_edited_goes_on_without_its_manifest_being_read_again() {
    let (service, desk) = (Service::with(""), desk());
    let first = run(&desk, &service).ends_with(10);
    assert!(first.stderr.contains("spring.csv:2") && !first.stderr.contains(NOT_READ), "{first:?}");
    for _ in 0..2 {
        let next = run(&desk, &service).ends_with(10);
        assert!(next.stderr.contains(NOT_READ) && !next.stderr.contains("spring.csv:2"), "{next:?}");
        assert!(next.stderr.contains("`mjbatch check spring.csv` shows them again"), "{next:?}");
    }
    assert_eq!(paid_once(&[&service.ledger()]).len(), 12);
    let results = desk.results();
    assert_eq!((results.rows.len(), results.count("done")), (MANY, 12));
}

#[test]
fn what_is_in_doubt_is_read_anew() {
    let (service, desk) = (Service::with(""), desk());
    run(&desk, &service).ends_with(10);
    let is_read = |call: Call| {
        let ran = call.go();
        assert!(ran.code == Some(10) && !ran.stderr.contains(NOT_READ), "{ran:?}");
        run(&desk, &service).and("--limit 0").go();
    };
    is_read(run(&desk, &service).and("--only id=t9*"));
    is_read(run(&desk, &service).and("--pilot"));
    is_read(run(&desk, &service).and("--download pictures"));
    is_read(
        desk.mjbatch("run ./spring.csv --limit 4 --poll-max 100ms --poll-min 20ms --max-tasks 9000")
            .at(&service.url()),
    );
    is_read(desk.run(&service.url()).and("--limit 4 --max-tasks 9001"));
    desk.write("spring.csv", rows("a cup --v 99"));
    is_read(run(&desk, &service));
    paid_once(&[&service.ledger()]);
    assert!(run(&desk, &service).go().stderr.contains(NOT_READ), "and kept again");
}

#[test]
fn an_edit_that_is_as_long_as_what_was_there_is_submitted_and_a_row_that_is_taken_out_is_not() {
    let (service, desk) = (Service::with(""), desk());
    run(&desk, &service).ends_with(10);
    run(&desk, &service).ends_with(10);
    let edited = rows("a cup --v 99").replace("t8,a mug number 8 on linen\n", "");
    desk.write("spring.csv", &edited);
    run(&desk, &service).and("--limit 2").go();
    let sent: HashSet<String> = service.ledger().jobs.into_iter().map(|job| job.prompt).collect();
    assert!(sent.iter().any(|prompt| prompt.starts_with("a cup")), "{sent:?}");
    assert!(!sent.contains("a mug number 8 on linen"), "{sent:?}");
}

#[test]
fn what_the_manifest_says_of_its_batch_holds_where_it_is_not_read_again() {
    let service = Service::with("");
    let desk = Desk::bare();
    let yaml = format!(
        "version: 1\nname: Spring\nbatch:\n  prices: {{ fast: 4 }}\n  budget: 20quota\n  max_tasks: 9000\n  \
         results: out.jsonl\nprompts:\n  - prompt: a mug {{{}}}\n    vars: {{ size: large }}\n",
        (0..MANY).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    );
    desk.write("spring.yaml", yaml);
    let run = |limit: &str| {
        desk.mjbatch("run spring.yaml --poll-min 20ms --poll-max 100ms").and(limit).at(&service.url()).go()
    };
    assert_eq!(run("--limit 2").code, Some(10));
    std::fs::remove_file(desk.path("out.jsonl")).unwrap();
    let second = run("");
    assert_eq!((second.code, service.jobs()), (Some(8), 5), "{second:?}");
    assert!(desk.read("out.jsonl").starts_with(b"{"));
    assert_eq!(run("").code, Some(8));
    assert_eq!(service.jobs(), 5, "a budget holds");
}
