//! A state that version 0.1.0 wrote: it opens, resumes, and buys nothing again.
//!
//! `fixtures/state-0.1` has the manifest and the state of a batch whose tasks are each in another state: done (two fixed modes and
//! one `auto`), failed, running, unknown and pending.

use mjbatch::task::{State, Status};

use crate::support::{Desk, Service};

const STATE: &[u8] = include_bytes!("fixtures/state-0.1/spring.state");
const MANIFEST: &str = include_str!("fixtures/state-0.1/spring.yaml");

fn earlier() -> Desk {
    let desk = Desk::bare();
    desk.write("spring.yaml", MANIFEST);
    desk.write("spring.mjbatch", STATE);
    desk
}

fn states(desk: &Desk) -> Vec<(String, State)> {
    desk.records().into_iter().map(|record| (record.task.id.0, record.state)).collect()
}

#[test]
fn a_state_of_0_1_resumes_and_buys_nothing_again() {
    let (service, desk) = (Service::with(""), earlier());
    let before = desk.mjbatch("status spring.yaml --json").ends_with(0);
    let before: serde_json::Value = serde_json::from_str(&before.stdout).unwrap();
    assert_eq!((before["total"].as_u64(), before["quota"].as_f64()), (Some(7), Some(20.0)));

    desk.run_of("spring.yaml", &service.url()).ends_with(6);
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
    assert_eq!(states(&desk), expected.map(|(id, state)| (id.to_owned(), state)));
    let results = desk.results();
    assert_eq!(results.column("sku")[0], "A-1");
    assert!(results.rows.iter().filter(|row| &row["status"] == "done").all(|row| row.images().len() == 4));

    desk.run_of("spring.yaml", &service.url()).ends_with(6);
    assert_eq!(service.submits(), 1, "nor does the run after that");
}

#[test]
fn decisions_about_a_state_of_0_1_are_carried_out_once() {
    let (service, desk) = (Service::with(""), earlier());
    desk.mjbatch("resolve spring.yaml --task unknown --resend").ends_with(0);
    desk.mjbatch("retry spring.yaml").ends_with(0);
    desk.run_of("spring.yaml", &service.url()).ends_with(0);
    assert_eq!(service.submits(), 3, "pending, unknown and failed");
    desk.run_of("spring.yaml", &service.url()).ends_with(0);
    assert_eq!(service.submits(), 3);
    let status = desk.mjbatch("status spring.yaml --json").ends_with(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["counts"][Status::Done.as_str()], 7);
}

#[test]
fn an_edited_prompt_alone_is_new_to_a_state_of_0_1() {
    let (service, desk) = (Service::with(""), earlier());
    desk.write("spring.yaml", MANIFEST.replace("a bowl on linen", "a blue bowl on linen"));
    desk.run_of("spring.yaml", &service.url()).ends_with(6);
    assert_eq!(service.submits(), 2, "the edited task and the pending one");
}
