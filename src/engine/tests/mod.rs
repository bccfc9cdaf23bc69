//! The engine driven by hand: its rules one by one. `rules`, `modes` and `in_doubt` have those of
//! money and time, of the choice of a mode, and of submits whose outcome is unknown; `budget_walk`
//! plays the rules of money at random.

mod budget_walk;
mod in_doubt;
mod modes;
mod rules;

use std::time::Duration;

use super::*;
use crate::task::{Images, Mode, RemoteTaskId};

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
}

impl EngineDriver {
    fn new(policy: Policy, tasks: i64, resumed: Vec<Resumed>) -> EngineDriver {
        let next = AttemptKey(resumed.len() as i64 + 1);
        let mut driver =
            EngineDriver { engine: Engine::new(policy, waiting(tasks), resumed, next), now: Duration::ZERO };
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
        let Some(Action::RecordIntent(attempt, task, _)) = self.actions().pop() else { panic!("no intent") };
        assert_eq!(self.handle(Event::IntentDurable(attempt)), [Action::Submit(attempt, task)]);
        attempt
    }

    fn ending(&self) -> Option<&Ending> {
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
    assert_eq!(next[0], Action::Record(Change::Accepted(first, task_id("t1"))));
    assert_eq!(next.len(), 5, "then the other four at once: {next:?}");
}

#[test]
fn a_first_reply_that_is_late_holds_the_others_for_seconds_and_not_for_a_minute() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    driver.send_first();
    let mut sent = 1;
    while driver.now < Duration::from_secs(12) {
        for action in driver.wait() {
            let Action::RecordIntent(attempt, ..) = action else { panic!("{action:?}") };
            driver.handle(Event::IntentDurable(attempt));
            sent += 1;
        }
    }
    assert_eq!((sent, driver.now), (4, Duration::from_secs(15)));
}

#[test]
fn an_attempt_is_sent_only_when_its_intent_is_durable_and_only_once() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    assert_eq!(driver.handle(Event::IntentDurable(attempt)), []);
    assert_eq!(driver.handle(Event::IntentDurable(AttemptKey(99))), []);
}

#[test]
fn a_lost_reply_is_unknown_and_never_sent_again() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(next, [Action::Record(Change::Unknown(attempt, "cut".into()))]);
    assert_eq!(driver.ending(), Some(&Ending::Finished));
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
                Action::RecordIntent(attempt, ..) => Some(*attempt),
                _ => None,
            })
            .collect();
        assert_eq!(intents.len(), 1, "{next:?}");
        attempt = intents[0];
        driver.handle(Event::IntentDurable(attempt));
    }
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("HTTP 500".into())));
    assert_eq!(driver.ending(), Some(&Ending::Unreachable("HTTP 500".into())));
    assert_eq!(driver.engine.waiting(), 15);
}

#[test]
fn a_refused_key_costs_one_try_and_marks_nothing_failed() {
    let mut driver = EngineDriver::new(Policy::default(), 20, vec![]);
    let attempt = driver.send_first();
    let next =
        driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Key("HTTP 401".into()))));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert_eq!(driver.ending(), Some(&Ending::KeyRefused("HTTP 401".into())));
    assert_eq!(driver.engine.waiting(), 20);
}

#[test]
fn an_account_out_of_quota_gets_no_more_submits_and_its_jobs_are_followed() {
    let mut driver = EngineDriver::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    driver.handle(Event::IntentDurable(second));
    let next = driver.handle(Event::SubmitReply(second, SubmitOutcome::Refused(Refusal::Quota)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert_eq!(driver.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    driver.handle(Event::StatusReply(vec![task_id("t1")], StatusOutcome::Items(vec![done("t1")])));
    assert_eq!(driver.ending(), Some(&Ending::QuotaGone));
    assert_eq!(driver.engine.waiting(), 4);
}

#[test]
fn a_full_account_is_no_failure_and_the_task_waits() {
    let mut driver = EngineDriver::new(Policy::default(), 1, vec![]);
    let attempt = driver.send_first();
    let next = driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert!(matches!(driver.wait()[..], [Action::RecordIntent(..)]));
}

#[test]
fn a_service_that_never_answers_is_given_up_soon_and_no_task_is_marked() {
    let mut driver = EngineDriver::new(Policy::default(), 3, vec![]);
    let mut attempt = driver.send_first();
    for _ in 0..100 {
        driver.handle(Event::SubmitReply(attempt, SubmitOutcome::NotSent("connection refused".into())));
        match driver.wait()[..] {
            [Action::RecordIntent(next, ..)] => attempt = next,
            _ => break,
        }
        driver.handle(Event::IntentDurable(attempt));
    }
    assert_eq!(driver.ending(), Some(&Ending::Unreachable("connection refused".into())));
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
                [Action::RecordIntent(next, ..)] => attempt = next,
                _ => break,
            }
            driver.handle(Event::IntentDurable(attempt));
        }
        assert!(matches!(driver.ending(), Some(Ending::Unreachable(_))), "{asked:?}");
        assert_eq!(driver.now, Policy::default().patience + asked.unwrap_or_default(), "{asked:?}");
        assert_eq!(driver.engine.waiting(), 3);
    }
}

#[test]
fn a_job_past_its_timeout_is_polled_before_it_is_given_up() {
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), false)]);
    assert_eq!(driver.actions(), [Action::PollStatus(vec![task_id("old")])]);
    let next =
        driver.handle(Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![running("old")])));
    assert!(
        matches!(&next[..], [Action::Record(Change::Failed(_, failure))] if failure.class == FailureClass::Timeout),
        "{next:?}"
    );
}

#[test]
fn a_job_that_an_earlier_run_gave_up_is_polled_once_more_and_only_images_change_it() {
    let look = || EngineDriver::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), true)]);
    let mut driver = look();
    let reply = Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![done("old")]));
    driver.actions();
    assert!(matches!(driver.handle(reply)[..], [Action::Record(Change::Done(..))]));
    for outcome in [
        StatusOutcome::Items(vec![running("old")]),
        StatusOutcome::Items(vec![]),
        StatusOutcome::Unreadable("HTTP 500".into()),
    ] {
        let mut driver = look();
        driver.actions();
        assert_eq!(driver.handle(Event::StatusReply(vec![task_id("old")], outcome)), []);
        assert_eq!(driver.ending(), Some(&Ending::Finished));
    }
}

#[test]
fn an_id_that_stays_missing_is_lost_and_one_that_comes_back_is_not() {
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    driver.actions();
    let ids = || vec![task_id("old")];
    driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    driver.now += Duration::from_secs(60);
    driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![running("old")])));
    for _ in 0..3 {
        driver.now += Duration::from_secs(59);
        let next = driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
        assert!(!next.iter().any(|action| matches!(action, Action::Record(_))), "{next:?}");
    }
    driver.now += Duration::from_secs(59);
    let next = driver.handle(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    assert!(matches!(next[..], [Action::Record(Change::Lost(..))]), "{next:?}");
}

#[test]
fn a_job_done_without_images_is_polled_a_few_times_more() {
    let empty = Item { task_id: task_id("old"), progress: Progress::Done(Images::default()) };
    let mut driver = EngineDriver::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    driver.actions();
    let mut polls = 1;
    let change = loop {
        let reply = StatusOutcome::Items(vec![empty.clone()]);
        match &driver.handle(Event::StatusReply(vec![task_id("old")], reply))[..] {
            [Action::Record(change)] => break change.clone(),
            _ => assert!(matches!(driver.wait()[..], [Action::PollStatus(_)])),
        }
        polls += 1;
    };
    assert_eq!(polls, 6);
    assert!(matches!(change, Change::Failed(_, failure) if failure.class == FailureClass::NoImages));
}

#[test]
fn a_list_that_is_refused_is_halved() {
    let policy = Policy { concurrency: 8, ..Policy::default() };
    let old: Vec<_> = (1..=8)
        .map(|n| Resumed {
            attempt: AttemptKey(n),
            task_id: task_id(&n.to_string()),
            ..resumed(SECOND, false)
        })
        .collect();
    let mut driver = EngineDriver::new(policy, 0, old);
    let [Action::PollStatus(all)] = &driver.actions()[..] else { panic!("one request for all") };
    assert_eq!(all.len(), 8);
    let next = driver.handle(Event::StatusReply(
        all.clone(),
        StatusOutcome::Refused(Refusal::Content("too many ids".into())),
    ));
    assert!(
        matches!(&next[..], [Action::PollStatus(a), Action::PollStatus(b)] if a.len() == 4 && b.len() == 4),
        "{next:?}"
    );
}

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
        matches!(&next[..], [Action::Record(Change::Accepted(_, id)), Action::Record(Change::Done(..))] if *id == task_id("t1")),
        "{next:?}"
    );
    assert_eq!(driver.handle(Event::Callback(attempt, done("t1"))), []);
    assert_eq!(driver.ending(), Some(&Ending::Finished));
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
            matches!(next[..], [Action::Record(Change::Accepted(..)), Action::Record(Change::Done(..))]),
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
        matches!(next[..], [Action::Record(Change::Accepted(..)), Action::Record(Change::Done(..))]),
        "{next:?}"
    );
    assert_eq!(driver.ending(), Some(&Ending::Finished));
}

#[test]
fn five_lost_replies_that_callbacks_resolve_stop_a_run_only_where_tasks_remain() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    for (tasks, ending) in [(5, Ending::Finished), (6, Ending::Unreachable("cut".into()))] {
        let mut driver = EngineDriver::new(policy.clone(), tasks, vec![]);
        let mut attempts = vec![driver.send_first()];
        while attempts.len() < 5 {
            let last = *attempts.last().unwrap();
            driver.handle(Event::SubmitReply(last, SubmitOutcome::Unknown("cut".into())));
            while driver.engine.slots_held() == 0 {
                driver.wait();
            }
            attempts.push(AttemptKey(last.0 + 1));
            driver.handle(Event::IntentDurable(*attempts.last().unwrap()));
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
    assert_eq!(driver.ending(), Some(&Ending::Finished));
    assert_eq!(driver.now, DEFAULT_TIMEOUT + Policy::default().grace);
}

#[test]
fn a_task_id_that_another_attempt_has_leaves_the_submit_unknown() {
    let mut driver = EngineDriver::new(Policy::default(), 2, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    driver.handle(Event::IntentDurable(second));
    let next = driver.handle(Event::SubmitReply(second, SubmitOutcome::Accepted(task_id("t1"))));
    assert!(matches!(next[..], [Action::Record(Change::Unknown(..))]), "{next:?}");
}

#[test]
fn a_stop_follows_running_jobs_and_a_second_one_leaves_them_resumable() {
    let mut driver = EngineDriver::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = driver.send_first();
    let next = driver.handle(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    assert_eq!(driver.handle(Event::Stop), []);
    let next = driver.handle(Event::IntentDurable(second));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "not sent after the stop: {next:?}");
    assert_eq!(driver.ending(), None);
    assert_eq!(driver.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    assert_eq!(driver.handle(Event::Abort), []);
    assert_eq!(driver.ending(), Some(&Ending::Interrupted));
}

#[test]
fn an_abort_makes_submits_without_a_reply_unknown() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let attempt = driver.send_first();
    driver.handle(Event::Stop);
    let next = driver.handle(Event::Abort);
    assert!(
        matches!(&next[..], [Action::Record(Change::Unknown(which, _))] if *which == attempt),
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
    assert_eq!(next, [Action::Record(Change::Accepted(attempt, task_id("t1")))]);
    assert_eq!(driver.ending(), Some(&Ending::StoreFailed));
}

#[test]
fn an_intent_that_cannot_be_written_is_not_sent_and_ends_the_run() {
    let mut driver = EngineDriver::new(Policy::default(), 5, vec![]);
    let Some(Action::RecordIntent(attempt, ..)) = driver.actions().pop() else { panic!("no intent") };
    assert_eq!(driver.handle(Event::IntentFailed(attempt)), []);
    assert_eq!(driver.ending(), Some(&Ending::StoreFailed));
    assert_eq!(driver.engine.waiting(), 5);
}

#[test]
fn a_limit_counts_submits_that_may_be_billed() {
    let mut driver = EngineDriver::new(Policy { limit: Some(2), ..Policy::default() }, 10, vec![]);
    let refused = driver.send_first();
    let next = driver.handle(Event::SubmitReply(refused, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    let mut sent = 0;
    while driver.ending().is_none() {
        for action in driver.wait() {
            match action {
                Action::RecordIntent(attempt, ..) => {
                    sent += 1;
                    driver.handle(Event::IntentDurable(attempt));
                    let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                    let next = driver.handle(Event::SubmitReply(attempt, accepted));
                    assert_eq!(next.len(), 1, "one slot was left to try: {next:?}");
                }
                Action::PollStatus(ids) => {
                    let items = ids.iter().map(|id| done(&id.0)).collect();
                    for action in driver.handle(Event::StatusReply(ids, StatusOutcome::Items(items))) {
                        if let Action::RecordIntent(attempt, ..) = action {
                            sent += 1;
                            driver.handle(Event::IntentDurable(attempt));
                            let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                            driver.handle(Event::SubmitReply(attempt, accepted));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!((driver.ending(), sent, driver.engine.waiting()), (Some(&Ending::Limit), 2, 8));
}
