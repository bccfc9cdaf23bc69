//! A state that version 0.1.0 wrote: it opens, resumes, and buys nothing again.
//!
//! `fixtures/state-0.1` has the manifest and the state of a batch whose tasks are each in another state: done (two fixed modes and
//! one `auto`), failed, running, unknown and pending.

use mjbatch::task::{State, Status};

use crate::support::{SandboxService, TestDir};

const STATE: &[u8] = include_bytes!("fixtures/state-0.1/spring.state");
const MANIFEST: &str = include_str!("fixtures/state-0.1/spring.yaml");

fn earlier() -> TestDir {
    let dir = TestDir::empty();
    dir.write("spring.yaml", MANIFEST);
    dir.write("spring.mjbatch", STATE);
    dir
}

fn states(dir: &TestDir) -> Vec<(String, State)> {
    dir.records().into_iter().map(|record| (record.task.id.0, record.state)).collect()
}

#[test]
fn a_state_of_0_1_resumes_and_submits_nothing_again() {
    let (service, dir) = (SandboxService::with_faults(""), earlier());
    let before = dir.mjbatch("status spring.yaml --json").expect_code(0);
    let before: serde_json::Value = serde_json::from_str(&before.stdout).unwrap();
    assert_eq!((before["total"].as_u64(), before["quota"].as_f64()), (Some(7), Some(20.0)));

    dir.run_of("spring.yaml", &service.url()).expect_code(6);
    assert_eq!(service.submits(), 1, "the pending task alone");
    use State::{Done, Failed, Unknown};
    let expected = [
        ("done", Done),
        ("failed", Failed),
        ("running", Done),
        ("unknown", Unknown),
        ("edited", Done),
        ("auto", Done),
        ("pending", Done),
    ];
    assert_eq!(states(&dir), expected.map(|(id, state)| (id.to_owned(), state)));
    let results = dir.results();
    assert_eq!(results.column("sku")[0], "A-1");
    assert!(results.rows.iter().filter(|row| &row["status"] == "done").all(|row| row.images().len() == 4));

    dir.run_of("spring.yaml", &service.url()).expect_code(6);
    assert_eq!(service.submits(), 1, "nor does the run after that");
}

#[test]
fn decisions_about_a_state_of_0_1_are_carried_out_once() {
    let (service, dir) = (SandboxService::with_faults(""), earlier());
    dir.mjbatch("resolve spring.yaml --task unknown --resend").expect_code(0);
    dir.mjbatch("retry spring.yaml").expect_code(0);
    dir.run_of("spring.yaml", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 3, "pending, unknown and failed");
    dir.run_of("spring.yaml", &service.url()).expect_code(0);
    assert_eq!(service.submits(), 3);
    let status = dir.mjbatch("status spring.yaml --json").expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["counts"][Status::Done.as_str()], 7);
}

#[test]
fn only_an_edited_prompt_is_new_to_a_state_of_0_1() {
    let (service, dir) = (SandboxService::with_faults(""), earlier());
    dir.write("spring.yaml", MANIFEST.replace("a bowl on linen", "a blue bowl on linen"));
    dir.run_of("spring.yaml", &service.url()).expect_code(6);
    assert_eq!(service.submits(), 2, "the edited task and the pending one");
}
