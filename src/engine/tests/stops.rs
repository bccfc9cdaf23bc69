//! How a run ends before its tasks do: stops, aborts, a limit, and a state that cannot be written.

use super::*;
use crate::task::{Change, ChangeKind};

#[test]
fn a_stop_follows_running_jobs_and_a_second_one_leaves_them_resumable() {
    let mut driver = EngineDriver::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    assert_eq!(driver.handle(Event::Stop), []);
    let (_, next) = driver.record(second);
    assert!(
        matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]),
        "not sent after the stop: {next:?}"
    );
    assert_eq!(driver.ending(), None);
    assert_eq!(driver.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    assert_eq!(driver.handle(Event::Abort), []);
    assert_eq!(driver.ending(), Some(&StopReason::Interrupted));
}

#[test]
fn an_abort_makes_submits_without_a_reply_unknown() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let attempt = driver.send_first();
    driver.handle(Event::Stop);
    let next = driver.handle(Event::Abort);
    assert!(
        matches!(&next[..], [Action::Record(Change { attempt: which, kind: ChangeKind::Unknown(_) })] if *which == attempt),
        "{next:?}"
    );
}

#[test]
fn a_state_that_cannot_be_written_ends_submitting_but_not_the_wait_for_replies() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let attempt = driver.send_first();
    assert_eq!(driver.handle(Event::StoreFailed), []);
    assert_eq!(driver.ending(), None);
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(next, [Action::Record(ChangeKind::Accepted(task_id("t1")).of(attempt))]);
    assert_eq!(driver.ending(), Some(&StopReason::StoreFailed));
}

#[test]
fn an_intent_that_cannot_be_written_is_not_sent_and_ends_the_run() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let Some(Action::RecordIntent(intent, ..)) = driver.actions().pop() else { panic!("no intent") };
    assert_eq!(driver.handle(Event::IntentFailed(intent)), []);
    assert_eq!(driver.ending(), Some(&StopReason::StoreFailed));
    assert_eq!(driver.engine.waiting(), 5);
}

#[test]
fn an_intent_over_a_budget_that_others_spend_of_is_not_sent_and_ends_submitting() {
    let mut driver = EngineDriver::new(Policy { concurrency: 3, ..Policy::default() }, 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let [_, Action::RecordIntent(second, ..), Action::RecordIntent(third, ..)] = next[..] else {
        panic!("{next:?}")
    };
    let why = IntentRefusal::OverBudget;
    assert_eq!(driver.handle(Event::IntentRefused { intent: second, why }), []);
    assert_eq!(driver.handle(Event::IntentRefused { intent: second, why }), [], "it was answered");
    assert_eq!((driver.ending(), driver.engine.waiting()), (None, 3));
    let (_, next) = driver.record(third);
    let rejected = matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]);
    assert!(rejected, "what is later in the order is not sent in its place: {next:?}");
    assert_eq!(driver.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    driver.handle(Event::StatusReply(vec![task_id("t1")], StatusOutcome::Items(vec![done("t1")])));
    assert_eq!((driver.ending(), driver.engine.waiting()), (Some(&StopReason::BudgetReached), 4));
}

#[test]
fn a_task_that_another_run_has_is_left_to_it() {
    let mut driver = EngineDriver::new(Policy::default(), 2, vec![]);
    let Some(Action::RecordIntent(intent, ..)) = driver.actions().pop() else { panic!("no intent") };
    let next = driver.handle(Event::IntentRefused { intent, why: IntentRefusal::NotOurs });
    let [Action::RecordIntent(intent, task, _)] = next[..] else { panic!("{next:?}") };
    assert_eq!((task, driver.engine.remaining()), (TaskRow(1), 1));
    assert_eq!(driver.handle(Event::IntentRefused { intent, why: IntentRefusal::NotOurs }), []);
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn two_attempts_of_one_number_are_not_both_sent() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(intent, ..) = next[1] else { panic!("{next:?}") };
    assert_eq!(driver.handle(Event::IntentRecorded { intent, attempt: first }), []);
}

#[test]
fn an_abort_waits_for_the_store_and_records_that_an_intent_was_not_sent() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let Some(Action::RecordIntent(intent, ..)) = driver.actions().pop() else { panic!("no intent") };
    driver.handle(Event::Stop);
    assert_eq!(driver.handle(Event::Abort), []);
    assert_eq!((driver.ending(), driver.engine.wake_at()), (None, None));
    let (attempt, next) = driver.record(intent);
    let [Action::Record(change)] = &next[..] else { panic!("{next:?}") };
    assert!(change.attempt == attempt && matches!(change.kind, ChangeKind::Rejected(_)), "{change:?}");
    assert_eq!((driver.ending(), driver.engine.waiting()), (Some(&StopReason::Interrupted), 5));
}

#[test]
fn a_limit_counts_submits_that_may_be_billed() {
    let mut driver = EngineDriver::new(Policy { limit: Some(2), ..Policy::default() }, 10, vec![]);
    let refused = driver.send_first();
    let next = driver.handle(Event::SubmitReply(refused, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]), "{next:?}");
    let mut sent = 0;
    while driver.ending().is_none() {
        for action in driver.wait() {
            match action {
                Action::RecordIntent(intent, ..) => {
                    sent += 1;
                    let (attempt, _) = driver.record(intent);
                    let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                    let next = driver.handle(Event::SubmitReply(attempt, accepted));
                    assert_eq!(next.len(), 1, "one slot was left to try: {next:?}");
                }
                Action::PollStatus(ids) => {
                    let items = ids.iter().map(|id| done(&id.0)).collect();
                    for action in driver.handle(Event::StatusReply(ids, StatusOutcome::Items(items))) {
                        if let Action::RecordIntent(intent, ..) = action {
                            sent += 1;
                            let (attempt, _) = driver.record(intent);
                            let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                            driver.handle(Event::SubmitReply(attempt, accepted));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!((driver.ending(), sent, driver.engine.waiting()), (Some(&StopReason::LimitReached), 2, 8));
}
