//! Submits whose outcome is unknown, rule by rule: callbacks after the run that sent them, and
//! resending.

use std::time::Duration;

use super::super::*;
use crate::task::{AttemptKey, Change, ChangeKind, Images, Mode, RemoteTaskId, TaskRow};

const MINUTE: Duration = Duration::from_secs(60);
/// Timeout and grace of a job.
const LONGEST: Duration = Duration::from_secs(660);

fn waiting(n: i64) -> Waiting {
    Waiting { task: TaskRow(n), mode: Mode::Fast.into(), timeout: DEFAULT_TIMEOUT }
}

/// A submit of an earlier run: attempt `n` of task `n`.
fn lost(n: i64, age: Duration) -> Unacknowledged {
    Unacknowledged { attempt: AttemptKey(n), waiting: waiting(n), mode: Mode::Fast, age, called_back: true }
}

fn with_callbacks() -> Policy {
    Policy { callbacks: true, ..Policy::default() }
}

fn with_resends() -> Policy {
    Policy { resend_unknown: true, ..Policy::default() }
}

fn done(n: i64) -> Event {
    let images = Images { grid: None, urls: vec!["a.png".into()] };
    let item = Item { task_id: RemoteTaskId(format!("t{n}")), progress: Progress::Done(images) };
    Event::Callback(AttemptKey(n), item)
}

fn cut(attempt: i64) -> Event {
    Event::SubmitReply(AttemptKey(attempt), SubmitOutcome::Unknown("cut".into()))
}

/// An engine driven by driver, and what it recorded and intended.
struct InDoubtDriver {
    engine: Engine,
    now: Duration,
    /// The number that the store gave last.
    last: AttemptKey,
}

impl InDoubtDriver {
    /// Tasks 1 to `tasks` wait; attempts are numbered from 101.
    fn new(
        policy: Policy,
        tasks: i64,
        in_doubt: Vec<Unacknowledged>,
        history: History,
    ) -> (InDoubtDriver, Vec<String>) {
        let tasks = (1..=tasks).map(waiting).collect();
        let engine =
            Engine::with_claimed(policy, tasks, vec![]).with_history(history).with_in_doubt(in_doubt);
        let mut driver = InDoubtDriver { engine, now: Duration::ZERO, last: AttemptKey(100) };
        let actions = driver.handle(Event::Wake);
        (driver, actions)
    }

    /// Hands it an event, makes its intents durable, and gives its actions in short.
    fn handle(&mut self, event: Event) -> Vec<String> {
        self.engine.handle(self.now, event);
        let mut actions = Vec::new();
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(intent, task, _) => {
                    self.last.0 += 1;
                    actions.push(format!("intend {} {}", self.last.0, task.0));
                    self.engine.handle(self.now, Event::IntentRecorded { intent, attempt: self.last });
                }
                Action::Submit(attempt, _) => actions.push(format!("submit {}", attempt.0)),
                Action::Record(Change { attempt, kind: ChangeKind::Accepted(id) }) => {
                    actions.push(format!("accepted {} {id}", attempt.0))
                }
                Action::Record(Change { attempt, kind: ChangeKind::Done(_) }) => {
                    actions.push(format!("done {}", attempt.0))
                }
                Action::Record(Change { attempt, kind: ChangeKind::Unknown(_) }) => {
                    actions.push(format!("unknown {}", attempt.0))
                }
                Action::Record(Change { attempt, kind: ChangeKind::Resend }) => {
                    actions.push(format!("again {}", attempt.0))
                }
                Action::Record(other) => actions.push(format!("{other:?}")),
                Action::ClaimTasks(_) => panic!("all are claimed"),
                Action::PollStatus(_) | Action::Notify(_) => {}
            }
        }
        actions
    }

    fn wait(&mut self) -> Vec<String> {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.handle(Event::Wake)
    }
}

#[test]
fn a_late_callback_resolves_a_submit_of_an_earlier_run() {
    let (mut driver, actions) = InDoubtDriver::new(
        with_callbacks(),
        0,
        vec![lost(1, 5 * MINUTE), lost(2, MINUTE)],
        History::default(),
    );
    assert_eq!(
        (actions.len(), driver.engine.slots_held(), driver.engine.over()),
        (0, 0, None),
        "they hold no slot"
    );
    assert_eq!(driver.handle(done(2)), ["accepted 2 t2", "done 2"]);
    assert_eq!(driver.wait(), [""; 0]);
    assert_eq!(driver.engine.over(), Some(&StopReason::Finished));
    assert_eq!(driver.now, LONGEST - 5 * MINUTE, "it waits by the age of the submit");
}

#[test]
fn a_callback_of_an_old_submit_is_not_awaited_and_counts_while_the_run_goes_on() {
    let (mut driver, actions) =
        InDoubtDriver::new(with_callbacks(), 1, vec![lost(7, 60 * MINUTE)], History::default());
    assert_eq!(actions, ["intend 101 1", "submit 101"]);
    assert_eq!(driver.handle(done(7)), ["accepted 7 t7", "done 7"]);
    assert_eq!(driver.handle(done(7)), [""; 0], "it comes twice");
    let (driver, _) = InDoubtDriver::new(with_callbacks(), 0, vec![lost(7, 60 * MINUTE)], History::default());
    assert_eq!(driver.engine.over(), Some(&StopReason::Finished), "nobody waits for it");
}

#[test]
fn a_callback_about_a_job_of_another_attempt_resolves_nothing() {
    let (mut driver, _) =
        InDoubtDriver::new(with_callbacks(), 0, vec![lost(1, MINUTE), lost(2, MINUTE)], History::default());
    let item = Item { task_id: RemoteTaskId("t1".into()), progress: Progress::Running };
    assert_eq!(driver.handle(Event::Callback(AttemptKey(1), item.clone())), ["accepted 1 t1"]);
    assert_eq!(driver.handle(Event::Callback(AttemptKey(2), item)), [""; 0]);
    assert_eq!(
        driver.handle(Event::Callback(
            AttemptKey(99),
            Item { task_id: RemoteTaskId("x".into()), progress: Progress::Running }
        )),
        [""; 0]
    );
}

#[test]
fn without_a_webhook_or_a_callback_url_no_callback_is_awaited() {
    let (driver, _) = InDoubtDriver::new(Policy::default(), 0, vec![lost(1, MINUTE)], History::default());
    assert_eq!(driver.engine.over(), Some(&StopReason::Finished));
    let other = Unacknowledged { called_back: false, ..lost(1, MINUTE) };
    let (driver, _) = InDoubtDriver::new(with_callbacks(), 0, vec![other], History::default());
    assert_eq!(driver.engine.over(), Some(&StopReason::Finished));
}

#[test]
fn a_task_whose_reply_was_lost_is_resent_once_per_run_where_the_policy_says_so() {
    let (mut driver, actions) = InDoubtDriver::new(with_resends(), 1, vec![], History::default());
    assert_eq!(actions, ["intend 101 1", "submit 101"]);
    assert_eq!(driver.handle(cut(101)), ["unknown 101", "again 101"], "not at once");
    assert_eq!(driver.wait(), ["intend 102 1", "submit 102"]);
    assert!(driver.now >= MINUTE / 4, "{:?}", driver.now);
    assert_eq!(driver.handle(cut(102)), ["unknown 102"]);
    assert_eq!(driver.engine.over(), Some(&StopReason::Finished));
}

#[test]
fn tasks_that_earlier_runs_left_unknown_are_resent_first_and_in_order() {
    let policy = Policy { concurrency: 1, ..with_resends() };
    let in_doubt = vec![lost(7, MINUTE), lost(8, 60 * MINUTE)];
    let (mut driver, actions) = InDoubtDriver::new(policy, 1, in_doubt, History::default());
    assert_eq!(actions, ["again 8", "again 7", "intend 101 7", "submit 101"]);
    assert_eq!(driver.handle(cut(101))[0], "unknown 101", "and stays so in this run");
    let order: Vec<_> = driver.engine.waiting.iter().map(|waiting| waiting.task.0).collect();
    assert_eq!(order, [1], "8 is on its way");
}

#[test]
fn with_a_webhook_a_task_is_resent_when_no_callback_can_come_any_more() {
    let policy = Policy { callbacks: true, ..with_resends() };
    let (mut driver, actions) =
        InDoubtDriver::new(policy, 0, vec![lost(1, 5 * MINUTE), lost(2, 5 * MINUTE)], History::default());
    assert_eq!(actions, [""; 0]);
    assert_eq!(driver.handle(done(2)), ["accepted 2 t2", "done 2"]);
    assert_eq!(driver.wait(), ["again 1", "intend 101 1", "submit 101"]);
    assert_eq!(driver.now, LONGEST - 5 * MINUTE);
    assert_eq!(driver.handle(done(1)), [""; 0], "too late: it was sent again, and the new one counts");
}

#[test]
fn an_outage_costs_five_lost_replies_with_resends_too() {
    let (mut driver, mut actions) = InDoubtDriver::new(with_resends(), 20, vec![], History::default());
    let mut sent = 0;
    while driver.engine.over().is_none() {
        let submit = actions.iter().find_map(|word| word.strip_prefix("submit ")?.parse().ok());
        actions = match submit {
            Some(attempt) => {
                sent += 1;
                driver.handle(cut(attempt))
            }
            None => driver.wait(),
        };
    }
    assert_eq!(sent, 5);
    assert!(matches!(driver.engine.over(), Some(StopReason::Unreachable(_))));
}

#[test]
fn tasks_that_this_run_may_not_resend_stay_unknown_and_so_do_all_after_a_stop() {
    let history = History { excluded: [TaskRow(7)].into(), ..History::default() };
    let (driver, actions) = InDoubtDriver::new(with_resends(), 0, vec![lost(7, MINUTE)], history);
    assert_eq!((actions.len(), driver.engine.over()), (0, Some(&StopReason::Finished)));
    let (mut driver, _) = InDoubtDriver::new(with_resends(), 1, vec![], History::default());
    driver.handle(Event::Stop);
    assert_eq!(driver.handle(cut(101)), ["unknown 101"]);
    assert_eq!(driver.engine.over(), Some(&StopReason::Interrupted));
}
