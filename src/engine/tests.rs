//! The engine against a service in virtual time, and the money rules one by one.

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

/// An engine driven by hand.
struct Desk {
    engine: Engine,
    now: Duration,
}

impl Desk {
    fn new(policy: Policy, tasks: i64, resumed: Vec<Resumed>) -> Desk {
        let next = AttemptKey(resumed.len() as i64 + 1);
        let mut desk =
            Desk { engine: Engine::new(policy, waiting(tasks), resumed, next), now: Duration::ZERO };
        desk.engine.handle(desk.now, Event::Wake);
        desk
    }

    /// What it wants done now, besides telling people.
    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.engine.next_action())
            .filter(|action| !matches!(action, Action::Notify(_)))
            .collect()
    }

    fn tell(&mut self, event: Event) -> Vec<Action> {
        self.engine.handle(self.now, event);
        self.actions()
    }

    /// Lets the time come that the engine waits for.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.tell(Event::Wake)
    }

    /// The first submit, up to the moment it is sent.
    fn send_first(&mut self) -> AttemptKey {
        let Some(Action::RecordIntent(attempt, task, _)) = self.actions().pop() else { panic!("no intent") };
        assert_eq!(self.tell(Event::IntentDurable(attempt)), [Action::Submit(attempt, task)]);
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
fn until_the_service_accepts_one_only_one_is_under_way() {
    let mut desk = Desk::new(Policy::default(), 5, vec![]);
    let first = desk.send_first();
    let next = desk.tell(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(next[0], Action::Record(Change::Accepted(first, task_id("t1"))));
    assert_eq!(next.len(), 5, "then the other four at once: {next:?}");
}

#[test]
fn a_first_reply_that_is_late_holds_the_others_for_seconds_and_not_for_a_minute() {
    let mut desk = Desk::new(Policy::default(), 5, vec![]);
    desk.send_first();
    let mut sent = 1;
    while desk.now < Duration::from_secs(12) {
        for action in desk.wait() {
            let Action::RecordIntent(attempt, ..) = action else { panic!("{action:?}") };
            desk.tell(Event::IntentDurable(attempt));
            sent += 1;
        }
    }
    assert_eq!((sent, desk.now), (4, Duration::from_secs(15)));
}

#[test]
fn an_attempt_is_sent_only_when_its_intent_is_durable_and_only_once() {
    let mut desk = Desk::new(Policy::default(), 1, vec![]);
    let attempt = desk.send_first();
    assert_eq!(desk.tell(Event::IntentDurable(attempt)), []);
    assert_eq!(desk.tell(Event::IntentDurable(AttemptKey(99))), []);
}

#[test]
fn a_lost_reply_is_unknown_and_never_sent_again() {
    let mut desk = Desk::new(Policy::default(), 1, vec![]);
    let attempt = desk.send_first();
    let next = desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(next, [Action::Record(Change::Unknown(attempt, "cut".into()))]);
    assert_eq!(desk.ending(), Some(&Ending::Finished));
}

#[test]
fn after_a_lost_reply_submits_go_one_by_one_and_five_in_a_row_end_them() {
    let mut desk = Desk::new(Policy::default(), 20, vec![]);
    let mut attempt = desk.send_first();
    for _ in 1..5 {
        let mut next = desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("HTTP 500".into())));
        if !next.iter().any(|action| matches!(action, Action::RecordIntent(..))) {
            next = desk.wait();
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
        desk.tell(Event::IntentDurable(attempt));
    }
    desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("HTTP 500".into())));
    assert_eq!(desk.ending(), Some(&Ending::Unreachable("HTTP 500".into())));
    assert_eq!(desk.engine.waiting(), 15);
}

#[test]
fn a_refused_key_costs_one_try_and_marks_nothing_failed() {
    let mut desk = Desk::new(Policy::default(), 20, vec![]);
    let attempt = desk.send_first();
    let next =
        desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Key("HTTP 401".into()))));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert_eq!(desk.ending(), Some(&Ending::KeyRefused("HTTP 401".into())));
    assert_eq!(desk.engine.waiting(), 20);
}

#[test]
fn out_of_quota_submits_no_more_and_follows_what_runs() {
    let mut desk = Desk::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = desk.send_first();
    let next = desk.tell(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    desk.tell(Event::IntentDurable(second));
    let next = desk.tell(Event::SubmitReply(second, SubmitOutcome::Refused(Refusal::Quota)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert_eq!(desk.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    desk.tell(Event::StatusReply(vec![task_id("t1")], StatusOutcome::Items(vec![done("t1")])));
    assert_eq!(desk.ending(), Some(&Ending::QuotaGone));
    assert_eq!(desk.engine.waiting(), 4);
}

#[test]
fn a_full_account_is_waited_for_and_is_no_failure() {
    let mut desk = Desk::new(Policy::default(), 1, vec![]);
    let attempt = desk.send_first();
    let next = desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    assert!(matches!(desk.wait()[..], [Action::RecordIntent(..)]));
}

#[test]
fn an_outage_is_borne_shortly_before_the_first_answer_and_nothing_is_marked() {
    let mut desk = Desk::new(Policy::default(), 3, vec![]);
    let mut attempt = desk.send_first();
    for _ in 0..100 {
        desk.tell(Event::SubmitReply(attempt, SubmitOutcome::NotSent("connection refused".into())));
        match desk.wait()[..] {
            [Action::RecordIntent(next, ..)] => attempt = next,
            _ => break,
        }
        desk.tell(Event::IntentDurable(attempt));
    }
    assert_eq!(desk.ending(), Some(&Ending::Unreachable("connection refused".into())));
    assert!(desk.now <= Policy::default().first_patience + SECOND, "{:?}", desk.now);
    assert_eq!(desk.engine.waiting(), 3);
}

#[test]
fn a_service_that_only_ever_asks_for_fewer_requests_is_borne_for_patience_and_what_it_asks() {
    for asked in [None, Some(Duration::from_secs(400))] {
        let mut desk = Desk::new(Policy::default(), 3, vec![]);
        let mut attempt = desk.send_first();
        for _ in 0..1000 {
            desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::TooFast(asked))));
            match desk.wait()[..] {
                [Action::RecordIntent(next, ..)] => attempt = next,
                _ => break,
            }
            desk.tell(Event::IntentDurable(attempt));
        }
        assert!(matches!(desk.ending(), Some(Ending::Unreachable(_))), "{asked:?}");
        assert_eq!(desk.now, Policy::default().patience + asked.unwrap_or_default(), "{asked:?}");
        assert_eq!(desk.engine.waiting(), 3);
    }
}

#[test]
fn a_job_past_its_timeout_is_asked_about_before_it_is_given_up() {
    let mut desk = Desk::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), false)]);
    assert_eq!(desk.actions(), [Action::PollStatus(vec![task_id("old")])]);
    let next =
        desk.tell(Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![running("old")])));
    assert!(
        matches!(&next[..], [Action::Record(Change::Failed(_, failure))] if failure.class == FailureClass::Timeout),
        "{next:?}"
    );
}

#[test]
fn what_was_given_up_is_looked_at_once_more_and_only_images_are_news() {
    let look = || Desk::new(Policy::default(), 0, vec![resumed(Duration::from_secs(3600), true)]);
    let mut desk = look();
    let reply = Event::StatusReply(vec![task_id("old")], StatusOutcome::Items(vec![done("old")]));
    desk.actions();
    assert!(matches!(desk.tell(reply)[..], [Action::Record(Change::Done(..))]));
    for outcome in [
        StatusOutcome::Items(vec![running("old")]),
        StatusOutcome::Items(vec![]),
        StatusOutcome::Unreadable("HTTP 500".into()),
    ] {
        let mut desk = look();
        desk.actions();
        assert_eq!(desk.tell(Event::StatusReply(vec![task_id("old")], outcome)), []);
        assert_eq!(desk.ending(), Some(&Ending::Finished));
    }
}

#[test]
fn an_id_that_stays_missing_is_lost_and_one_that_comes_back_is_not() {
    let mut desk = Desk::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    desk.actions();
    let ids = || vec![task_id("old")];
    desk.tell(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    desk.now += Duration::from_secs(60);
    desk.tell(Event::StatusReply(ids(), StatusOutcome::Items(vec![running("old")])));
    for _ in 0..3 {
        desk.now += Duration::from_secs(59);
        let next = desk.tell(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
        assert!(!next.iter().any(|action| matches!(action, Action::Record(_))), "{next:?}");
    }
    desk.now += Duration::from_secs(59);
    let next = desk.tell(Event::StatusReply(ids(), StatusOutcome::Items(vec![])));
    assert!(matches!(next[..], [Action::Record(Change::Lost(..))]), "{next:?}");
}

#[test]
fn done_without_images_is_asked_again_a_few_times() {
    let empty = Item { task_id: task_id("old"), progress: Progress::Done(Images::default()) };
    let mut desk = Desk::new(Policy::default(), 0, vec![resumed(SECOND, false)]);
    desk.actions();
    let mut asks = 1;
    let change = loop {
        let reply = StatusOutcome::Items(vec![empty.clone()]);
        match &desk.tell(Event::StatusReply(vec![task_id("old")], reply))[..] {
            [Action::Record(change)] => break change.clone(),
            _ => assert!(matches!(desk.wait()[..], [Action::PollStatus(_)])),
        }
        asks += 1;
    };
    assert_eq!(asks, 6);
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
    let mut desk = Desk::new(policy, 0, old);
    let [Action::PollStatus(all)] = &desk.actions()[..] else { panic!("one request for all") };
    assert_eq!(all.len(), 8);
    let next = desk.tell(Event::StatusReply(
        all.clone(),
        StatusOutcome::Refused(Refusal::Content("too many ids".into())),
    ));
    assert!(
        matches!(&next[..], [Action::PollStatus(a), Action::PollStatus(b)] if a.len() == 4 && b.len() == 4),
        "{next:?}"
    );
}

#[test]
fn a_callback_that_is_faster_than_the_reply_ends_the_attempt_with_it_and_forgeries_do_nothing() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut desk = Desk::new(policy, 1, vec![]);
    let attempt = desk.send_first();
    assert_eq!(desk.tell(Event::Callback(AttemptKey(77), done("t1"))), []);
    assert_eq!(desk.tell(Event::Callback(attempt, done("foreign"))), []);
    assert_eq!(desk.tell(Event::Callback(attempt, done("t1"))), []);
    let next = desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert!(
        matches!(&next[..], [Action::Record(Change::Accepted(_, id)), Action::Record(Change::Done(..))] if *id == task_id("t1")),
        "{next:?}"
    );
    assert_eq!(desk.tell(Event::Callback(attempt, done("t1"))), []);
    assert_eq!(desk.ending(), Some(&Ending::Finished));
}

#[test]
fn a_callback_that_came_before_the_reply_was_lost_ties_it_to_its_task() {
    for lost in [Event::SubmitReply(AttemptKey(1), SubmitOutcome::Unknown("cut".into())), Event::Abort] {
        let policy = Policy { callbacks: true, ..Policy::default() };
        let mut desk = Desk::new(policy, 1, vec![]);
        let attempt = desk.send_first();
        assert_eq!(attempt, AttemptKey(1));
        assert_eq!(desk.tell(Event::Callback(attempt, done("t1"))), []);
        let next = desk.tell(lost);
        assert!(
            matches!(next[..], [Action::Record(Change::Accepted(..)), Action::Record(Change::Done(..))]),
            "{next:?}"
        );
        assert!(desk.ending().is_some());
    }
}

#[test]
fn a_callback_of_another_job_does_not_end_this_one() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut desk = Desk::new(policy, 1, vec![]);
    let attempt = desk.send_first();
    desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(desk.tell(Event::Callback(attempt, done("t2"))), []);
}

#[test]
fn a_callback_ties_a_lost_reply_to_its_task() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut desk = Desk::new(policy, 1, vec![]);
    let attempt = desk.send_first();
    desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(desk.ending(), None, "it waits for the callback");
    let next = desk.tell(Event::Callback(attempt, done("t1")));
    assert!(
        matches!(next[..], [Action::Record(Change::Accepted(..)), Action::Record(Change::Done(..))]),
        "{next:?}"
    );
    assert_eq!(desk.ending(), Some(&Ending::Finished));
}

#[test]
fn five_lost_replies_that_callbacks_tie_up_leave_nothing_broken_where_nothing_is_left() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    for (tasks, ending) in [(5, Ending::Finished), (6, Ending::Unreachable("cut".into()))] {
        let mut desk = Desk::new(policy.clone(), tasks, vec![]);
        let mut attempts = vec![desk.send_first()];
        while attempts.len() < 5 {
            let last = *attempts.last().unwrap();
            desk.tell(Event::SubmitReply(last, SubmitOutcome::Unknown("cut".into())));
            while desk.engine.slots_held() == 0 {
                desk.wait();
            }
            attempts.push(AttemptKey(last.0 + 1));
            desk.tell(Event::IntentDurable(*attempts.last().unwrap()));
        }
        desk.tell(Event::SubmitReply(attempts[4], SubmitOutcome::Unknown("cut".into())));
        for attempt in attempts {
            desk.tell(Event::Callback(attempt, done(&format!("job-{}", attempt.0))));
        }
        assert_eq!(desk.ending(), Some(&ending));
    }
}

#[test]
fn a_callback_that_never_comes_is_not_awaited_for_ever() {
    let policy = Policy { callbacks: true, ..Policy::default() };
    let mut desk = Desk::new(policy, 1, vec![]);
    let attempt = desk.send_first();
    desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(desk.wait(), []);
    assert_eq!(desk.ending(), Some(&Ending::Finished));
    assert_eq!(desk.now, DEFAULT_TIMEOUT + Policy::default().grace);
}

#[test]
fn a_taskid_that_another_attempt_has_is_not_believed() {
    let mut desk = Desk::new(Policy::default(), 2, vec![]);
    let first = desk.send_first();
    let next = desk.tell(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    desk.tell(Event::IntentDurable(second));
    let next = desk.tell(Event::SubmitReply(second, SubmitOutcome::Accepted(task_id("t1"))));
    assert!(matches!(next[..], [Action::Record(Change::Unknown(..))]), "{next:?}");
}

#[test]
fn a_stop_follows_what_runs_and_a_second_one_leaves_it_resumable() {
    let mut desk = Desk::new(Policy { concurrency: 2, ..Policy::default() }, 5, vec![]);
    let first = desk.send_first();
    let next = desk.tell(Event::SubmitReply(first, SubmitOutcome::Accepted(task_id("t1"))));
    let Action::RecordIntent(second, ..) = next[1] else { panic!("{next:?}") };
    assert_eq!(desk.tell(Event::Stop), []);
    let next = desk.tell(Event::IntentDurable(second));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "not sent after the stop: {next:?}");
    assert_eq!(desk.ending(), None);
    assert_eq!(desk.wait(), [Action::PollStatus(vec![task_id("t1")])]);
    assert_eq!(desk.tell(Event::Abort), []);
    assert_eq!(desk.ending(), Some(&Ending::Interrupted));
}

#[test]
fn leaving_makes_submits_without_a_reply_unknown() {
    let mut desk = Desk::new(Policy::default(), 5, vec![]);
    let attempt = desk.send_first();
    desk.tell(Event::Stop);
    let next = desk.tell(Event::Abort);
    assert!(
        matches!(&next[..], [Action::Record(Change::Unknown(which, _))] if *which == attempt),
        "{next:?}"
    );
}

#[test]
fn a_state_that_cannot_be_written_ends_submitting_but_not_the_wait_for_replies() {
    let mut desk = Desk::new(Policy::default(), 5, vec![]);
    let attempt = desk.send_first();
    assert_eq!(desk.tell(Event::StoreFailed), []);
    assert_eq!(desk.ending(), None);
    let next = desk.tell(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id("t1"))));
    assert_eq!(next, [Action::Record(Change::Accepted(attempt, task_id("t1")))]);
    assert_eq!(desk.ending(), Some(&Ending::StoreFailed));
}

#[test]
fn an_intent_that_cannot_be_written_is_not_sent_and_ends_the_run() {
    let mut desk = Desk::new(Policy::default(), 5, vec![]);
    let Some(Action::RecordIntent(attempt, ..)) = desk.actions().pop() else { panic!("no intent") };
    assert_eq!(desk.tell(Event::IntentFailed(attempt)), []);
    assert_eq!(desk.ending(), Some(&Ending::StoreFailed));
    assert_eq!(desk.engine.waiting(), 5);
}

#[test]
fn a_limit_counts_what_may_be_paid_for() {
    let mut desk = Desk::new(Policy { limit: Some(2), ..Policy::default() }, 10, vec![]);
    let refused = desk.send_first();
    let next = desk.tell(Event::SubmitReply(refused, SubmitOutcome::Refused(Refusal::Slots)));
    assert!(matches!(next[..], [Action::Record(Change::Rejected(..))]), "{next:?}");
    let mut sent = 0;
    while desk.ending().is_none() {
        for action in desk.wait() {
            match action {
                Action::RecordIntent(attempt, ..) => {
                    sent += 1;
                    desk.tell(Event::IntentDurable(attempt));
                    let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                    let next = desk.tell(Event::SubmitReply(attempt, accepted));
                    assert_eq!(next.len(), 1, "one slot was left to try: {next:?}");
                }
                Action::PollStatus(ids) => {
                    let items = ids.iter().map(|id| done(&id.0)).collect();
                    for action in desk.tell(Event::StatusReply(ids, StatusOutcome::Items(items))) {
                        if let Action::RecordIntent(attempt, ..) = action {
                            sent += 1;
                            desk.tell(Event::IntentDurable(attempt));
                            let accepted = SubmitOutcome::Accepted(task_id(&sent.to_string()));
                            desk.tell(Event::SubmitReply(attempt, accepted));
                        }
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!((desk.ending(), sent, desk.engine.waiting()), (Some(&Ending::Limit), 2, 8));
}
