//! Callbacks: what they resolve, what they end, and which are not believed.

use super::*;
use crate::task::{AttemptKey, Change, ChangeKind};

#[test]
fn a_callback_before_the_reply_ends_the_attempt_when_the_reply_comes_and_forgeries_do_nothing() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut driver = EngineDriver::new(policy, 1, vec![]);
    let attempt = driver.send_first();
    assert_eq!(driver.handle(Event::Callback(AttemptKey(77), done("t1"))), []);
    assert_eq!(driver.handle(Event::Callback(attempt, done("foreign"))), []);
    assert_eq!(driver.handle(Event::Callback(attempt, done("t1"))), []);
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert!(
        matches!(&next[..], [Action::Record(Change { kind: ChangeKind::Accepted(id), .. }), Action::Record(Change { kind: ChangeKind::Done(..), .. })] if *id == task_id("t1")),
        "{next:?}"
    );
    assert_eq!(driver.handle(Event::Callback(attempt, done("t1"))), []);
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn a_callback_that_came_before_the_reply_was_lost_resolves_the_submit() {
    for lost in [Event::SubmitReply(AttemptKey(1), SubmitOutcome::Unknown("cut".into())), Event::Abort] {
        let policy = Policy { callbacks: true, ..Policy::default() };
        let mut driver = EngineDriver::new(policy, 1, vec![]);
        let attempt = driver.send_first();
        assert_eq!(attempt, AttemptKey(1));
        assert_eq!(driver.handle(Event::Callback(attempt, done("t1"))), []);
        let next = driver.handle(lost);
        assert!(
            matches!(
                next[..],
                [
                    Action::Record(Change { kind: ChangeKind::Accepted(..), .. }),
                    Action::Record(Change { kind: ChangeKind::Done(..), .. })
                ]
            ),
            "{next:?}"
        );
        assert!(driver.ending().is_some());
    }
}

#[test]
fn a_callback_of_another_job_does_not_end_this_one() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut driver = EngineDriver::new(policy, 1, vec![]);
    let attempt = driver.send_first();
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(driver.handle(Event::Callback(attempt, done("t2"))), []);
}

#[test]
fn a_callback_resolves_a_submit_whose_reply_was_lost() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut driver = EngineDriver::new(policy, 1, vec![]);
    let attempt = driver.send_first();
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(driver.ending(), None, "it waits for the callback");
    let next = driver.handle(Event::Callback(attempt, done("t1")));
    assert!(
        matches!(
            next[..],
            [
                Action::Record(Change { kind: ChangeKind::Accepted(..), .. }),
                Action::Record(Change { kind: ChangeKind::Done(..), .. })
            ]
        ),
        "{next:?}"
    );
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn five_lost_replies_that_callbacks_resolve_stop_a_run_only_where_tasks_remain() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    for (tasks, ending) in [(5, StopReason::Finished), (6, StopReason::Unreachable("cut".into()))] {
        let mut driver = EngineDriver::new(policy.clone(), tasks, vec![]);
        let mut attempts = vec![driver.send_first()];
        while attempts.len() < 5 {
            let last = *attempts.last().unwrap();
            driver.handle(Event::SubmitReply(last, SubmitOutcome::Unknown("cut".into())));
            while driver.engine.slots_held() == 0 {
                driver.wait();
            }
            attempts.push(driver.record(IntentId(last.0 as u64)).0);
        }
        driver.handle(Event::SubmitReply(attempts[4], SubmitOutcome::Unknown("cut".into())));
        for attempt in attempts {
            driver.handle(Event::Callback(attempt, done(&format!("job-{}", attempt.0))));
        }
        assert_eq!(driver.ending(), Some(&ending));
    }
}

#[test]
fn a_callback_that_never_comes_is_not_awaited_for_ever() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut driver = EngineDriver::new(policy, 1, vec![]);
    let attempt = driver.send_first();
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(driver.wait(), []);
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
    assert_eq!(driver.now, DEFAULT_TIMEOUT + Policy::default().grace);
}
