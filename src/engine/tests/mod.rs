//! The engine driven by hand: before and after it trusts the service, at refusals and in outages.
//! The rules of money and time, the modes, callbacks, following, stops and submits in doubt have
//! files of their own; `budget_walk` plays the rules of money at random.

mod budget_walk;
mod callbacks;
mod earlier_attempts;
mod following;
mod in_doubt;
mod modes;
mod rules;
mod stops;

use std::time::Duration;

use super::*;
use crate::task::{AttemptKey, Change, ChangeKind, Images, Mode, RemoteTaskId, TaskRow};

const SECOND: Duration = Duration::from_secs(1);

fn waiting(tasks: i64) -> Vec<Waiting> {
    (0..tasks)
        .map(|n| Waiting { task: TaskRow(n), mode: Mode::Fast.into(), timeout: DEFAULT_TIMEOUT })
        .collect()
}

fn resumed(age: Duration, second_look: bool) -> Resumed {
    let task_id = RemoteTaskId("old".into());
    Resumed { attempt: AttemptKey(1), waiting: waiting(1)[0], mode: Mode::Fast, task_id, age, second_look }
}

/// An engine driven by driver.
struct EngineDriver {
    engine: Engine,
    now: Duration,
    /// The number that the store gave last.
    last: AttemptKey,
}

impl EngineDriver {
    fn new(policy: Policy, tasks: i64, resumed: Vec<Resumed>) -> EngineDriver {
        let last = AttemptKey(resumed.len() as i64);
        let engine = Engine::with_claimed(policy, waiting(tasks), resumed);
        let mut driver = EngineDriver { engine, now: Duration::ZERO, last };
        driver.engine.handle(driver.now, Event::Wake);
        driver
    }

    /// Takes the actions that are due now, without the notices.
    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.engine.next_action())
            .filter(|action| !matches!(action, Action::Notify(_)))
            .collect()
    }

    fn handle(&mut self, event: Event) -> Vec<Action> {
        self.engine.handle(self.now, event);
        self.actions()
    }

    /// Moves the clock to the time that the engine waits for.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.handle(Event::Wake)
    }

    /// Takes the first submit up to the moment it is sent, and gives its attempt.
    fn send_first(&mut self) -> AttemptKey {
        let Some(Action::RecordIntent(intent, task, _)) = self.actions().pop() else { panic!("no intent") };
        let (attempt, next) = self.record(intent);
        assert_eq!(next, [Action::Submit(attempt, task)]);
        attempt
    }

    /// The store records an intent. Gives the number of the attempt, and what the engine does then.
    fn record(&mut self, intent: IntentId) -> (AttemptKey, Vec<Action>) {
        self.last.0 += 1;
        (self.last, self.handle(Event::IntentRecorded { intent, attempt: self.last }))
    }

    fn ending(&self) -> Option<&StopReason> {
        self.engine.over()
    }
}

fn task_id(name: &str) -> RemoteTaskId {
    RemoteTaskId(name.into())
}

fn done(name: &str) -> Item {
    let images = Images { grid: None, urls: vec!["a.png".into()] };
    Item { task_id: task_id(name), progress: Progress::Done(images) }
}

fn running(name: &str) -> Item {
    Item { task_id: task_id(name), progress: Progress::Running }
}

#[test]
fn until_the_service_accepts_a_submit_only_one_is_under_way() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(next[0], Action::Record(ChangeKind::Accepted(task_id("t1")).of(first)));
    assert_eq!(next.len(), 5, "then the other four at once: {next:?}");
}

#[test]
fn a_first_reply_that_is_late_holds_the_others_for_seconds_and_not_for_a_minute() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    driver.send_first();
    let mut sent = 1;
    while driver.now < Duration::from_secs(12) {
        for action in driver.wait() {
            let Action::RecordIntent(intent, ..) = action else { panic!("{action:?}") };
            driver.record(intent);
            sent += 1;
        }
    }
    assert_eq!((sent, driver.now), (4, Duration::from_secs(15)));
}

#[test]
fn an_attempt_is_sent_only_when_its_intent_is_durable_and_only_once() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    assert_eq!(driver.handle(Event::IntentRecorded { intent: IntentId(0), attempt }), []);
    assert_eq!(driver.record(IntentId(0)).1, []);
    assert_eq!(driver.record(IntentId(99)).1, []);
}

#[test]
fn a_lost_reply_is_unknown_and_never_sent_again() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(next, [Action::Record(ChangeKind::Unknown("cut".into()).of(attempt))]);
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn after_a_lost_reply_submits_go_one_by_one_and_five_in_a_row_end_them() {
    let mut driver = EngineDriver::new(Policy::default(), 20, vec![]);
    let mut attempt = driver.send_first();
    for _ in 1..5 {
        let mut next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("HTTP 500".into())));
        if !next.iter().any(|action| matches!(action, Action::RecordIntent(..))) {
            next = driver.wait();
        }
        let intents: Vec<_> = next
            .iter()
            .filter_map(|action| match action {
                Action::RecordIntent(intent, ..) => Some(*intent),
                _ => None,
            })
            .collect();
        assert_eq!(intents.len(), 1, "{next:?}");
        attempt = driver.record(intents[0]).0;
    }
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("HTTP 500".into())));
    assert_eq!(driver.ending(), Some(&StopReason::Unreachable("HTTP 500".into())));
    assert_eq!(driver.engine.waiting(), 15);
}

#[test]
fn a_refused_key_costs_one_try_and_marks_nothing_failed() {
    let mut driver = EngineDriver::new(Policy::default(), 20, vec![]);
    let attempt = driver.send_first();
    let next =
        driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Key("HTTP 401".into()))));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]), "{next:?}");
    assert_eq!(driver.ending(), Some(&StopReason::KeyRefused("HTTP 401".into())));
    assert_eq!(driver.engine.waiting(), 20);
}

#[test]
fn an_account_out_of_quota_gets_no_more_submits_and_its_jobs_are_followed() {
    let mut driver = EngineDriver::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    let (second, _) = driver.record(second);
    let next = driver.handle(Event::SubmitReply(second, SubmitOutcome::Refused(Refusal::Quota)));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]), "{next:?}");
    assert_eq!(driver.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    driver.handle(Event::StatusReply(vec![task_id("t1")], StatusOutcome::Items(vec![done("t1")])));
    assert_eq!(driver.ending(), Some(&StopReason::QuotaGone));
    assert_eq!(driver.engine.waiting(), 4);
}

#[test]
fn a_full_account_is_no_failure_and_the_task_waits() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Rejected(..), .. })]), "{next:?}");
    assert!(matches!(driver.wait()[..], [Action::RecordIntent(..)]));
}

#[test]
fn a_service_that_never_answers_is_given_up_soon_and_no_task_is_marked() {
    let mut driver = EngineDriver::new(Policy::default(), 3, vec![]);
    let mut attempt = driver.send_first();
    for _ in 0..100 {
        driver.handle(Event::SubmitReply(attempt, SubmitOutcome::NotSent("connection refused".into())));
        match driver.wait()[..] {
            [Action::RecordIntent(next, ..)] => attempt = driver.record(next).0,
            _ => break,
        }
    }
    assert_eq!(driver.ending(), Some(&StopReason::Unreachable("connection refused".into())));
    assert!(driver.now <= Policy::default().first_patience + SECOND, "{:?}", driver.now);
    assert_eq!(driver.engine.waiting(), 3);
}

#[test]
fn a_service_that_only_asks_for_fewer_requests_is_given_up_after_patience_and_the_wait_it_asks_for() {
    for asked in [None, Some(Duration::from_secs(400))] {
        let mut driver = EngineDriver::new(Policy::default(), 3, vec![]);
        let mut attempt = driver.send_first();
        for _ in 0..1000 {
            driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::TooFast(asked))));
            match driver.wait()[..] {
                [Action::RecordIntent(next, ..)] => attempt = driver.record(next).0,
                _ => break,
            }
        }
        assert!(matches!(driver.ending(), Some(StopReason::Unreachable(_))), "{asked:?}");
        assert_eq!(driver.now, Policy::default().patience + asked.unwrap_or_default(), "{asked:?}");
        assert_eq!(driver.engine.waiting(), 3);
    }
}

#[test]
fn a_task_id_that_another_attempt_has_leaves_the_submit_unknown() {
    let mut driver = EngineDriver::new(Policy::default(), 2, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    let (second, _) = driver.record(second);
    let next = driver.handle(Event::SubmitReply(second, SubmitOutcome::Accepted(task_id("t1"))));
    assert!(matches!(next[..], [Action::Record(Change { kind: ChangeKind::Unknown(..), .. })]), "{next:?}");
}
