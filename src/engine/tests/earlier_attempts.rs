//! Earlier attempts of a task that is to be paid for again: asked about first, and what came is
//! taken.

use super::*;
use crate::task::{Change, ChangeKind, Failure, FailureClass};

/// Tasks 0 to 2, of which the first has an earlier attempt, `old`, made so long ago.
fn claimed(policy: Policy, age: Duration) -> EngineDriver {
    claimed_of(3, policy, age)
}

fn claimed_of(tasks: i64, policy: Policy, age: Duration) -> EngineDriver {
    let tasks = waiting(tasks);
    let mut engine = Engine::new(policy, Backlog::of(&tasks), Vec::new());
    engine.handle(Duration::ZERO, Event::Wake);
    let mut driver = EngineDriver { engine, now: Duration::ZERO, last: AttemptKey(1) };
    assert!(matches!(driver.actions()[..], [Action::ClaimTasks(_)]));
    let old = EarlierAttempt {
        attempt: AttemptKey(1),
        waiting: tasks[0],
        mode: Mode::Fast,
        task_id: task_id("old"),
        age,
    };
    let next = driver.handle(Event::TasksClaimed(Claim { tasks, earlier: vec![old] }));
    assert_eq!(next, [Action::PollStatus(vec![task_id("old")])], "it is asked, and nothing is submitted");
    driver
}

fn answer(outcome: StatusOutcome) -> Event {
    Event::StatusReply(vec![task_id("old")], outcome)
}

/// The tasks that are intended to be submitted.
fn intended(actions: &[Action]) -> Vec<i64> {
    let task = |action: &Action| match action {
        Action::RecordIntent(_, task, _) => Some(task.0),
        _ => None,
    };
    actions.iter().filter_map(task).collect()
}

const LONG_AGO: Duration = Duration::from_secs(3600);

#[test]
fn images_that_came_are_taken_and_the_task_is_not_submitted() {
    let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, LONG_AGO);
    driver.engine.handle(driver.now, answer(StatusOutcome::Items(vec![done("old")])));
    let next: Vec<_> = std::iter::from_fn(|| driver.engine.next_action()).collect();
    assert!(
        matches!(
            &next[..2],
            [
                Action::Record(Change { attempt: AttemptKey(1), kind: ChangeKind::Done(_) }),
                Action::Notify(EngineNotice::LateImages(AttemptKey(1))),
            ]
        ),
        "{next:?}"
    );
    assert_eq!((intended(&next), driver.engine.waiting()), (vec![1], 1));
}

#[test]
fn any_other_answer_lets_the_task_be_paid_for_in_its_turn() {
    let failure = Failure { class: FailureClass::Generation, reason: "no".into() };
    let item = |progress| StatusOutcome::Items(vec![Item { task_id: task_id("old"), progress }]);
    for outcome in [
        StatusOutcome::Items(vec![]),
        StatusOutcome::Refused(Refusal::Content("no such id".into())),
        item(Progress::Done(Images::default())),
        item(Progress::Failed(failure)),
        item(Progress::Running),
    ] {
        let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, LONG_AGO);
        let next = driver.handle(answer(outcome.clone()));
        assert_eq!((next.len(), intended(&next)), (1, vec![0]), "{outcome:?}: {next:?}");
    }
}

#[test]
fn images_that_a_callback_brings_later_are_taken_while_the_task_waits() {
    let called_back = |item| Event::Callback(AttemptKey(1), item);
    let answered_without = || {
        // Another task has the only slot.
        let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, LONG_AGO);
        let next = driver.handle(answer(StatusOutcome::Unreadable("HTTP 502".into())));
        assert_eq!(intended(&next), [1]);
        let mut next = driver.wait();
        while next.is_empty() {
            next = driver.wait();
        }
        assert_eq!(driver.handle(answer(StatusOutcome::Items(vec![]))), []);
        driver
    };
    let mut driver = answered_without();
    for nothing in [running("old"), done("other")] {
        assert_eq!(driver.handle(called_back(nothing)), [], "it brings nothing of the attempt");
    }
    let next = driver.handle(called_back(done("old")));
    let [Action::Record(Change { attempt: AttemptKey(1), kind: ChangeKind::Done(_) }), ..] = &next[..] else {
        panic!("{next:?}")
    };
    assert_eq!(driver.engine.waiting(), 1, "the third task alone");
    assert_eq!(driver.handle(called_back(done("old"))), [], "once");
}

#[test]
fn images_that_come_while_a_submit_is_under_way_are_taken_before_another_one() {
    let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, LONG_AGO);
    assert_eq!(intended(&driver.handle(answer(StatusOutcome::Items(vec![])))), [0]);
    driver.handle(Event::IntentRecorded { intent: IntentId(0), attempt: AttemptKey(2) });
    assert_eq!(driver.handle(Event::Callback(AttemptKey(1), done("old"))), []);
    let refused = SubmitOutcome::Refused(Refusal::TooFast(None));
    driver.engine.handle(driver.now, Event::SubmitReply(AttemptKey(2), refused));
    let mut next = driver.actions();
    while intended(&next).is_empty() {
        next = driver.wait();
    }
    assert_eq!(intended(&next), [1], "the next task");
    let taken =
        |action: &&Action| matches!(action, Action::Record(change) if change.attempt == AttemptKey(1));
    assert_eq!(next.iter().filter(taken).count(), 1, "{next:?}");
    assert_eq!(driver.engine.waiting(), 1);
}

#[test]
fn where_no_answer_comes_others_are_submitted_and_it_is_asked_again() {
    for outcome in [
        StatusOutcome::Unreadable("HTTP 502".into()),
        StatusOutcome::Refused(Refusal::TooFast(None)),
        StatusOutcome::Refused(Refusal::Slots),
    ] {
        let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, LONG_AGO);
        let next = driver.handle(answer(outcome.clone()));
        assert_eq!(intended(&next), [1], "{outcome:?}");
        assert_eq!(driver.engine.waiting(), 2);
        let mut next = driver.wait();
        while next.is_empty() {
            next = driver.wait();
        }
        assert_eq!(next, [Action::PollStatus(vec![task_id("old")])], "{outcome:?}");
        driver.handle(answer(StatusOutcome::Items(vec![done("old")])));
        assert_eq!(driver.engine.waiting(), 1, "{outcome:?}");
    }
}

#[test]
fn a_service_that_never_answers_about_it_is_given_up_and_nothing_is_paid_for_blindly() {
    let mut driver = claimed_of(1, Policy::default(), LONG_AGO);
    let mut actions = driver.handle(answer(StatusOutcome::Unreadable("HTTP 502".into())));
    while driver.ending().is_none() {
        assert_eq!(intended(&actions), Vec::<i64>::new());
        actions = driver.wait();
        if actions.iter().any(|action| matches!(action, Action::PollStatus(_))) {
            actions = driver.handle(answer(StatusOutcome::Unreadable("HTTP 502".into())));
        }
    }
    assert_eq!(driver.ending(), Some(&StopReason::Unreachable("HTTP 502".into())));
    assert_eq!(driver.engine.waiting(), 1);
}

#[test]
fn a_job_that_runs_after_all_is_waited_for_within_its_time() {
    let mut driver = claimed(Policy { concurrency: 1, ..Policy::default() }, Duration::from_secs(300));
    let running = || answer(StatusOutcome::Items(vec![running("old")]));
    let mut next = driver.handle(running());
    while next.is_empty() {
        next = driver.wait();
        if next == [Action::PollStatus(vec![task_id("old")])] {
            next = driver.handle(running());
        }
    }
    assert_eq!(intended(&next), [0]);
    let policy = Policy::default();
    assert!(driver.now + Duration::from_secs(300) >= DEFAULT_TIMEOUT + policy.grace, "{:?}", driver.now);
    assert!(driver.now <= DEFAULT_TIMEOUT, "{:?}", driver.now);
}

#[test]
fn a_stop_does_not_wait_for_the_answer() {
    let mut driver = claimed(Policy::default(), LONG_AGO);
    assert_eq!(driver.handle(Event::Stop), []);
    assert_eq!((driver.ending(), driver.engine.waiting()), (Some(&StopReason::Interrupted), 3));
}
