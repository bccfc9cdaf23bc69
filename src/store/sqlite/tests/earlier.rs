//! Earlier attempts of tasks that wait to be paid for again, and jobs that two attempts name.

use super::*;
use crate::plan::Filters;
use crate::task::Earlier;

fn failed(attempt: i64, class: FailureClass) -> Change {
    ChangeKind::Failed(Failure { class, reason: "no".into() }).of(AttemptKey(attempt))
}

/// Submits the one task that waits, as this attempt, which ends so.
#[track_caller]
fn submit(snapshot: &Begun, writer: &BatchWriter, attempt: i64, ends: Change) {
    let [waiting] = &snapshot.waiting[..] else { panic!("{:?}", snapshot.waiting) };
    intend(writer, attempt, waiting.task);
    record(writer, accepted(attempt));
    record(writer, ends);
}

impl TestDir {
    fn retry(&self) {
        let report = BatchStore::at(&self.path).hold("a test").unwrap().retry(&Filters::default(), true);
        assert_eq!(report.unwrap().tasks.total(), 1);
    }
}

/// The attempts to ask about, with the names of their jobs.
fn earlier(snapshot: &Begun) -> Vec<(i64, &str)> {
    snapshot.earlier.iter().map(|it| (it.attempt.0, it.task_id.0.as_str())).collect()
}

#[test]
fn attempts_that_may_have_images_are_claimed_with_their_task_and_no_others() {
    let (dir, tasks) = (TestDir::new(), [task("a", "mug")]);
    let (snapshot, writer) = dir.begin(&tasks);
    assert_eq!(earlier(&snapshot), []);
    submit(&snapshot, &writer, 1, failed(1, FailureClass::Timeout));
    drop(writer);
    for (attempt, ends, asked) in [
        (2, ChangeKind::Lost("gone".into()).of(AttemptKey(2)), vec![(1, "job-1")]),
        (3, failed(3, FailureClass::Generation), vec![(1, "job-1"), (2, "job-2")]),
        (4, failed(4, FailureClass::NoImages), vec![(1, "job-1"), (2, "job-2")]),
        (5, failed(5, FailureClass::Moderated), vec![(1, "job-1"), (2, "job-2"), (4, "job-4")]),
        (6, done(6), vec![(1, "job-1"), (2, "job-2"), (4, "job-4")]),
    ] {
        dir.retry();
        let (snapshot, writer) = dir.begin(&tasks);
        assert_eq!(earlier(&snapshot), asked, "before attempt {attempt}");
        submit(&snapshot, &writer, attempt, ends);
        drop(writer);
    }
    // Whoever has images and wants others does not mean those of before.
    let redo = [Task { decision: Some(Decision::Redo), ..task("a", "mug") }];
    let (snapshot, writer) = dir.begin(&redo);
    assert_eq!(earlier(&snapshot), []);
    submit(&snapshot, &writer, 7, failed(7, FailureClass::Timeout));
    drop(writer);
    dir.retry();
    assert_eq!(earlier(&dir.begin(&redo).0), [(7, "job-7")]);
}

#[test]
fn images_of_an_earlier_attempt_end_a_task_that_waits_and_nothing_is_paid() {
    let (dir, tasks) = (TestDir::new(), [task("a", "mug")]);
    let (snapshot, writer) = dir.begin(&tasks);
    submit(&snapshot, &writer, 1, failed(1, FailureClass::Timeout));
    drop(writer);
    dir.retry();
    let (snapshot, writer) = dir.begin(&tasks);
    submit(&snapshot, &writer, 2, failed(2, FailureClass::Generation));
    drop(writer);
    dir.retry();

    let (snapshot, writer) = dir.begin(&tasks);
    assert_eq!(dir.states(), [("a".into(), State::Pending)]);
    record(&writer, done(1));
    let refused =
        writer.intend(Intent { task: snapshot.waiting[0].task, mode: Mode::Fast, hook_token: None });
    assert!(matches!(refused.blocking_recv(), Ok(Ok(IntentOutcome::Refused(_)))), "it waits no more");
    drop(writer);
    let [a] = &dir.records()[..] else { panic!() };
    assert_eq!((a.state, a.attempts, a.quota), (State::Done, 2, Some(Quota(8000))));
    assert_eq!(a.task_id, Some(RemoteTaskId("job-1".into())), "the attempt that has the images");
    assert_eq!(a.images.urls[0], "https://pictures/1/1.png");
    let (snapshot, _writer) = dir.begin(&tasks);
    assert_eq!((snapshot.waiting.len(), snapshot.resumed.len()), (0, 0));
}

#[test]
fn two_rows_that_name_one_running_job_are_both_followed_and_both_end() {
    let dir = TestDir::new();
    let of = |id: &str| {
        let earlier = Earlier {
            state: State::Running,
            task_id: Some(RemoteTaskId("theirs".into())),
            reason: None,
            images: Images::default(),
            quota: None,
            submitted_at: None,
            finished_at: None,
        };
        Task { earlier: Some(Box::new(earlier)), ..task(id, &format!("a mug {id}")) }
    };
    let (snapshot, writer) = dir.begin(&[of("a"), of("b")]);
    let resumed: Vec<_> = snapshot.resumed.iter().map(|it| (it.attempt.0, it.task_id.0.as_str())).collect();
    assert_eq!(resumed, [(1, "theirs"), (2, "theirs")]);
    record(&writer, done(1));
    record(&writer, done(2));
    assert_eq!(dir.states(), [("a".into(), State::Done), ("b".into(), State::Done)]);
}
