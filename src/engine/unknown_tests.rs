//! What is unknown, rule by rule: callbacks over runs, and sending again.

use std::time::Duration;

use super::*;
use crate::task::{Images, Mode, RemoteTaskId};

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

fn calls() -> Policy {
    Policy { callbacks: true, ..Policy::default() }
}

fn resends() -> Policy {
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

/// An engine driven by hand, and what it recorded and intended.
struct Desk {
    engine: Engine,
    now: Duration,
}

impl Desk {
    /// Tasks 1 to `tasks` wait; attempts are numbered from 101.
    fn new(
        policy: Policy,
        tasks: i64,
        in_doubt: Vec<Unacknowledged>,
        history: History,
    ) -> (Desk, Vec<String>) {
        let tasks = (1..=tasks).map(waiting).collect();
        let engine =
            Engine::new(policy, tasks, vec![], AttemptKey(101)).with_history(history).with_in_doubt(in_doubt);
        let mut desk = Desk { engine, now: Duration::ZERO };
        let said = desk.tell(Event::Wake);
        (desk, said)
    }

    /// Tells it, sends what it wants sent, and gives what was done, in short.
    fn tell(&mut self, event: Event) -> Vec<String> {
        self.engine.handle(self.now, event);
        let mut said = Vec::new();
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(attempt, task, _) => {
                    said.push(format!("intend {} {}", attempt.0, task.0));
                    self.engine.handle(self.now, Event::IntentDurable(attempt));
                }
                Action::Submit(attempt, _) => said.push(format!("submit {}", attempt.0)),
                Action::Record(Change::Accepted(attempt, id)) => {
                    said.push(format!("accepted {} {id}", attempt.0))
                }
                Action::Record(Change::Done(attempt, _)) => said.push(format!("done {}", attempt.0)),
                Action::Record(Change::Unknown(attempt, _)) => said.push(format!("unknown {}", attempt.0)),
                Action::Record(Change::Resend(attempt)) => said.push(format!("again {}", attempt.0)),
                Action::Record(other) => said.push(format!("{other:?}")),
                Action::PollStatus(_) | Action::Notify(_) => {}
            }
        }
        said
    }

    fn wait(&mut self) -> Vec<String> {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.tell(Event::Wake)
    }
}

#[test]
fn a_late_callback_ties_a_submit_of_an_earlier_run_to_its_task() {
    let (mut desk, said) =
        Desk::new(calls(), 0, vec![lost(1, 5 * MINUTE), lost(2, MINUTE)], History::default());
    assert_eq!((said.len(), desk.engine.slots_held(), desk.engine.over()), (0, 0, None), "they hold no slot");
    assert_eq!(desk.tell(done(2)), ["accepted 2 t2", "done 2"]);
    assert_eq!(desk.wait(), [""; 0]);
    assert_eq!(desk.engine.over(), Some(&Ending::Finished));
    assert_eq!(desk.now, LONGEST - 5 * MINUTE, "it waits by the age of the submit");
}

#[test]
fn what_is_too_old_to_be_waited_for_is_heard_while_the_run_goes_on() {
    let (mut desk, said) = Desk::new(calls(), 1, vec![lost(7, 60 * MINUTE)], History::default());
    assert_eq!(said, ["intend 101 1", "submit 101"]);
    assert_eq!(desk.tell(done(7)), ["accepted 7 t7", "done 7"]);
    assert_eq!(desk.tell(done(7)), [""; 0], "it comes twice");
    let (desk, _) = Desk::new(calls(), 0, vec![lost(7, 60 * MINUTE)], History::default());
    assert_eq!(desk.engine.over(), Some(&Ending::Finished), "nobody waits for it");
}

#[test]
fn a_callback_about_a_job_of_another_attempt_ties_nothing() {
    let (mut desk, _) = Desk::new(calls(), 0, vec![lost(1, MINUTE), lost(2, MINUTE)], History::default());
    let item = Item { task_id: RemoteTaskId("t1".into()), progress: Progress::Running };
    assert_eq!(desk.tell(Event::Callback(AttemptKey(1), item.clone())), ["accepted 1 t1"]);
    assert_eq!(desk.tell(Event::Callback(AttemptKey(2), item)), [""; 0]);
    assert_eq!(
        desk.tell(Event::Callback(
            AttemptKey(99),
            Item { task_id: RemoteTaskId("x".into()), progress: Progress::Running }
        )),
        [""; 0]
    );
}

#[test]
fn without_webhooks_or_without_an_address_of_ours_nothing_is_waited_for() {
    let (desk, _) = Desk::new(Policy::default(), 0, vec![lost(1, MINUTE)], History::default());
    assert_eq!(desk.engine.over(), Some(&Ending::Finished));
    let other = Unacknowledged { called_back: false, ..lost(1, MINUTE) };
    let (desk, _) = Desk::new(calls(), 0, vec![other], History::default());
    assert_eq!(desk.engine.over(), Some(&Ending::Finished));
}

#[test]
fn a_lost_reply_is_sent_again_once_in_a_run_where_the_policy_says_so() {
    let (mut desk, said) = Desk::new(resends(), 1, vec![], History::default());
    assert_eq!(said, ["intend 101 1", "submit 101"]);
    assert_eq!(desk.tell(cut(101)), ["unknown 101", "again 101"], "not at once");
    assert_eq!(desk.wait(), ["intend 102 1", "submit 102"]);
    assert!(desk.now >= MINUTE / 4, "{:?}", desk.now);
    assert_eq!(desk.tell(cut(102)), ["unknown 102"]);
    assert_eq!(desk.engine.over(), Some(&Ending::Finished));
}

#[test]
fn what_earlier_runs_left_unknown_is_sent_again_first_and_in_order() {
    let policy = Policy { concurrency: 1, ..resends() };
    let in_doubt = vec![lost(7, MINUTE), lost(8, 60 * MINUTE)];
    let (mut desk, said) = Desk::new(policy, 1, in_doubt, History::default());
    assert_eq!(said, ["again 8", "again 7", "intend 101 7", "submit 101"]);
    assert_eq!(desk.tell(cut(101))[0], "unknown 101", "and stays so in this run");
    let order: Vec<_> = desk.engine.waiting.iter().map(|waiting| waiting.task.0).collect();
    assert_eq!(order, [1], "8 is on its way");
}

#[test]
fn with_webhooks_it_is_sent_again_when_no_callback_can_come_any_more() {
    let policy = Policy { callbacks: true, ..resends() };
    let (mut desk, said) =
        Desk::new(policy, 0, vec![lost(1, 5 * MINUTE), lost(2, 5 * MINUTE)], History::default());
    assert_eq!(said, [""; 0]);
    assert_eq!(desk.tell(done(2)), ["accepted 2 t2", "done 2"]);
    assert_eq!(desk.wait(), ["again 1", "intend 101 1", "submit 101"]);
    assert_eq!(desk.now, LONGEST - 5 * MINUTE);
    assert_eq!(desk.tell(done(1)), [""; 0], "too late: it was sent again, and the new one counts");
}

#[test]
fn an_outage_costs_five_lost_replies_as_ever() {
    let (mut desk, mut said) = Desk::new(resends(), 20, vec![], History::default());
    let mut sent = 0;
    while desk.engine.over().is_none() {
        let submit = said.iter().find_map(|word| word.strip_prefix("submit ")?.parse().ok());
        said = match submit {
            Some(attempt) => {
                sent += 1;
                desk.tell(cut(attempt))
            }
            None => desk.wait(),
        };
    }
    assert_eq!(sent, 5);
    assert!(matches!(desk.engine.over(), Some(Ending::Unreachable(_))));
}

#[test]
fn what_this_run_may_not_send_stays_unknown_and_so_does_all_after_a_stop() {
    let history = History { barred: [TaskRow(7)].into(), ..History::default() };
    let (desk, said) = Desk::new(resends(), 0, vec![lost(7, MINUTE)], history);
    assert_eq!((said.len(), desk.engine.over()), (0, Some(&Ending::Finished)));
    let (mut desk, _) = Desk::new(resends(), 1, vec![], History::default());
    desk.tell(Event::Stop);
    assert_eq!(desk.tell(cut(101)), ["unknown 101"]);
    assert_eq!(desk.engine.over(), Some(&Ending::Interrupted));
}
