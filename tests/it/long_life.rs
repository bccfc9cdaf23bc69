//! A large batch that was not edited is taken up from its state alone; whatever is in doubt is read anew.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::support::{CliCommand, SandboxService, TestDir, assert_paid_once};

/// A task more than there must be for the state to keep what the manifest says.
const MANY: usize = 2_001;
/// What a run says that did not read the manifest again.
const NOT_READ: &str = "was not edited since it was read with 1 warning";

/// A batch with a warning about its first prompt.
fn csv_rows(first: &str) -> String {
    let mut csv = format!("id,prompt\nt0,{first}\n");
    for n in 1..MANY {
        writeln!(csv, "t{n},a mug number {n} on linen").unwrap();
    }
    csv
}

fn test_dir() -> TestDir {
    TestDir::with_csv(&csv_rows("a mug --v 99"))
}

fn run(dir: &TestDir, service: &SandboxService) -> CliCommand {
    dir.run(&service.url()).args("--max-tasks 9000 --limit 4")
}

#[test]
fn an_unedited_batch_resumes_without_reading_its_manifest() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir());
    let first = run(&dir, &service).expect_code(10);
    assert!(first.stderr.contains("spring.csv:2") && !first.stderr.contains(NOT_READ), "{first:?}");
    for _ in 0..2 {
        let next = run(&dir, &service).expect_code(10);
        assert!(next.stderr.contains(NOT_READ) && !next.stderr.contains("spring.csv:2"), "{next:?}");
        assert!(next.stderr.contains("`mjbatch check spring.csv` shows them again"), "{next:?}");
    }
    assert_eq!(assert_paid_once(&[&service.ledger()]).len(), 12);
    let results = dir.results();
    assert_eq!((results.rows.len(), results.count("done")), (MANY, 12));
}

#[test]
fn a_doubtful_cache_is_not_used() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir());
    run(&dir, &service).expect_code(10);
    let is_read = |call: CliCommand| {
        let ran = call.output();
        assert!(ran.code == Some(10) && !ran.stderr.contains(NOT_READ), "{ran:?}");
        run(&dir, &service).args("--limit 0").output();
    };
    is_read(run(&dir, &service).args("--only id=t9*"));
    is_read(run(&dir, &service).args("--pilot"));
    is_read(run(&dir, &service).args("--download images"));
    is_read(
        dir.mjbatch("run ./spring.csv --limit 4 --poll-max 100ms --poll-min 20ms --max-tasks 9000")
            .with_service(&service.url()),
    );
    is_read(dir.run(&service.url()).args("--limit 4 --max-tasks 9001"));
    dir.write("spring.csv", csv_rows("a cup --v 99"));
    is_read(run(&dir, &service));
    assert_paid_once(&[&service.ledger()]);
    assert!(run(&dir, &service).output().stderr.contains(NOT_READ), "and kept again");
}

#[test]
fn an_edit_of_equal_length_is_submitted_and_a_removed_row_is_not() {
    let (service, dir) = (SandboxService::with_faults(""), test_dir());
    run(&dir, &service).expect_code(10);
    run(&dir, &service).expect_code(10);
    let edited = csv_rows("a cup --v 99").replace("t8,a mug number 8 on linen\n", "");
    dir.write("spring.csv", &edited);
    run(&dir, &service).args("--limit 2").output();
    let sent: HashSet<String> = service.ledger().jobs.into_iter().map(|job| job.prompt).collect();
    assert!(sent.iter().any(|prompt| prompt.starts_with("a cup")), "{sent:?}");
    assert!(!sent.contains("a mug number 8 on linen"), "{sent:?}");
}

#[test]
fn the_manifests_settings_apply_where_it_is_not_read_again() {
    let service = SandboxService::with_faults("");
    let dir = TestDir::empty();
    let yaml = format!(
        "version: 1\nname: Spring\nbatch:\n  prices: {{ fast: 4 }}\n  budget: 20quota\n  max_tasks: 9000\n  \
         results: out.jsonl\nprompts:\n  - prompt: a mug {{{}}}\n    vars: {{ size: large }}\n",
        (0..MANY).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    );
    dir.write("spring.yaml", yaml);
    let run = |limit: &str| {
        dir.mjbatch("run spring.yaml --poll-min 20ms --poll-max 100ms")
            .args(limit)
            .with_service(&service.url())
            .output()
    };
    assert_eq!(run("--limit 2").code, Some(10));
    std::fs::remove_file(dir.path("out.jsonl")).unwrap();
    let second = run("");
    assert_eq!((second.code, service.jobs()), (Some(8), 5), "{second:?}");
    assert!(dir.read("out.jsonl").starts_with(b"{"));
    assert_eq!(run("").code, Some(8));
    assert_eq!(service.jobs(), 5, "a budget holds");
}
