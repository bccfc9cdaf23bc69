//! The rules of money, time and order, one by one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::super::*;
use crate::task::{
    AttemptKey, Change, ChangeKind, Failure, FailureClass, Images, Mode, Prices, RemoteTaskId, TaskMode,
    TaskRow,
};

const SECOND: Duration = Duration::from_secs(1);
pub(super) const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };

fn task(n: i64, mode: Mode) -> Waiting {
    Waiting { task: TaskRow(n), mode: mode.into(), timeout: DEFAULT_TIMEOUT }
}

fn fast(tasks: i64) -> Vec<Waiting> {
    (0..tasks).map(|n| task(n, Mode::Fast)).collect()
}

pub(super) fn id(attempt: AttemptKey) -> RemoteTaskId {
    RemoteTaskId(format!("job-{}", attempt.0))
}

fn accepted(attempt: AttemptKey) -> Event {
    Event::SubmitReply(attempt, SubmitOutcome::Accepted(id(attempt)))
}

fn status_of(attempts: &[AttemptKey], progress: impl Fn(AttemptKey) -> Progress) -> Event {
    let item = |&attempt| Item { task_id: id(attempt), progress: progress(attempt) };
    let items = attempts.iter().map(item).collect();
    Event::StatusReply(attempts.iter().map(|&attempt| id(attempt)).collect(), StatusOutcome::Items(items))
}

pub(super) fn failed(class: FailureClass) -> Progress {
    Progress::Failed(Failure { class, reason: "no".into() })
}

pub(super) fn done() -> Progress {
    Progress::Done(Images { grid: None, urls: vec!["a.png".into()] })
}

/// An engine driven by hand, with a store that never fails.
struct RuleDriver {
    engine: Engine,
    now: Duration,
    /// The submits that have no reply yet.
    sent: Vec<(AttemptKey, TaskRow)>,
    polled: Vec<RemoteTaskId>,
    changes: Vec<Change>,
    /// The number that the store gave last.
    last: AttemptKey,
}

impl RuleDriver {
    fn of(policy: Policy, waiting: Vec<Waiting>, history: History) -> RuleDriver {
        RuleDriver::resumed(policy, waiting, Vec::new(), history)
    }

    fn resumed(policy: Policy, waiting: Vec<Waiting>, resumed: Vec<Resumed>, history: History) -> RuleDriver {
        let last = AttemptKey(resumed.len() as i64);
        let engine = Engine::with_claimed(policy, waiting, resumed).with_history(history);
        let (sent, polled, changes) = (Vec::new(), Vec::new(), Vec::new());
        let mut driver = RuleDriver { engine, now: Duration::ZERO, sent, polled, changes, last };
        driver.handle(Event::Wake);
        driver
    }

    fn handle(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(intent, ..) => {
                    self.last.0 += 1;
                    self.engine.handle(self.now, Event::IntentRecorded { intent, attempt: self.last })
                }
                Action::Submit(attempt, task) => self.sent.push((attempt, task)),
                Action::ClaimTasks(_) => panic!("all are claimed"),
                Action::PollStatus(ids) => self.polled = ids,
                Action::Record(change) => self.changes.push(change),
                Action::Notify(_) => {}
            }
        }
    }

    /// Accepts whatever is sent, and gives the attempts.
    fn accept_all(&mut self) -> Vec<AttemptKey> {
        let mut all = Vec::new();
        while let Some((attempt, _)) = self.sent.pop() {
            all.push(attempt);
            self.handle(accepted(attempt));
        }
        all
    }

    /// Moves the clock to the time that the engine waits for.
    fn wait(&mut self) {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.handle(Event::Wake);
    }

    fn wait_until(&mut self, holds: impl Fn(&RuleDriver) -> bool) {
        for _ in 0..1000 {
            if holds(self) {
                return;
            }
            self.wait();
            // Whatever is polled still runs.
            let running = |ids: &[RemoteTaskId]| {
                ids.iter().map(|id| Item { task_id: id.clone(), progress: Progress::Running }).collect()
            };
            let polled = std::mem::take(&mut self.polled);
            if !polled.is_empty() {
                let items = running(&polled);
                self.handle(Event::StatusReply(polled, StatusOutcome::Items(items)));
            }
        }
        panic!("it never does: {:?}", self.engine);
    }

    fn ending(&self) -> Option<&StopReason> {
        self.engine.over()
    }
}

pub(super) fn budget(quota: u64) -> Policy {
    Policy { budget: Some(Quota(quota)), prices: PRICES, ..Policy::default() }
}

#[test]
fn a_budget_ends_the_run_at_the_first_task_that_does_not_fit_and_no_cheaper_task_goes_first() {
    let tasks = vec![task(1, Mode::Fast), task(2, Mode::Fast), task(3, Mode::Relaxed)];
    let mut driver = RuleDriver::of(budget(6000), tasks, History::default());
    let attempts = driver.accept_all();
    assert_eq!((attempts.len(), driver.engine.waiting()), (1, 2));
    driver.handle(status_of(&attempts, |_| done()));
    assert_eq!(driver.ending(), Some(&StopReason::BudgetReached));
}

#[test]
fn spending_of_earlier_runs_counts_and_a_spent_budget_submits_nothing() {
    for (spent, sends) in [(0, 3), (8000, 1), (8001, 0), (20_000, 0), (u64::MAX, 0)] {
        let history = History { spent: Quota(spent), ..History::default() };
        let driver = RuleDriver { ..RuleDriver::of(budget(12_000), fast(5), history) };
        let mut driver = driver;
        assert_eq!(driver.accept_all().len(), sends, "{spent}");
        assert_eq!(driver.ending(), (sends == 0).then_some(&StopReason::BudgetReached), "{spent}");
    }
}

#[test]
fn a_mode_without_a_price_is_within_no_budget() {
    let policy = Policy { prices: Prices { fast: None, ..PRICES }, ..budget(1_000_000) };
    let driver = RuleDriver::of(policy, fast(1), History::default());
    assert_eq!((driver.sent.len(), driver.ending()), (0, Some(&StopReason::BudgetReached)));
}

#[test]
fn where_others_have_spent_of_the_budget_a_cheaper_mode_that_still_fits_is_sent() {
    // The deadline is over: a task that leaves its mode to the run goes out fast if it may.
    let policy = Policy { deadline: Some(Duration::ZERO), ..budget(100_000) };
    let auto = |n| Waiting { mode: TaskMode::Auto, ..task(n, Mode::Fast) };
    let mut engine = Engine::with_claimed(policy, vec![auto(0), auto(1)], Vec::new());
    let mut intents = |event| {
        engine.handle(SECOND, event);
        let actions: Vec<_> = std::iter::from_fn(|| engine.next_action()).collect();
        let intents = actions.iter().filter_map(|action| match action {
            Action::RecordIntent(intent, task, mode) => Some((*intent, task.0, *mode)),
            _ => None,
        });
        (intents.collect::<Vec<_>>(), engine.over().cloned())
    };
    assert_eq!(intents(Event::Wake), (vec![(IntentId(0), 0, Mode::Fast)], None));
    let refused = |n| Event::IntentRefused { intent: IntentId(n), why: IntentRefusal::OverBudget };
    assert_eq!(intents(refused(0)), (vec![(IntentId(1), 0, Mode::Relaxed)], None));
    assert_eq!(intents(refused(1)), (vec![], Some(StopReason::BudgetReached)));
}

#[test]
fn only_a_certain_refusal_releases_a_reservation() {
    let refused = |refusal| SubmitOutcome::Refused(refusal);
    for (outcome, sends_another) in [
        (SubmitOutcome::NotSent("refused".into()), true),
        (refused(Refusal::Slots), true),
        (refused(Refusal::TooFast(None)), true),
        (refused(Refusal::Content("no".into())), true),
        (SubmitOutcome::Unknown("cut".into()), false),
    ] {
        let mut driver = RuleDriver::of(budget(4000), fast(2), History::default());
        let (attempt, _) = driver.sent.pop().unwrap();
        driver.handle(Event::SubmitReply(attempt, outcome.clone()));
        if sends_another {
            driver.wait_until(|driver| !driver.sent.is_empty());
        } else {
            assert_eq!(driver.ending(), Some(&StopReason::BudgetReached), "{outcome:?}");
        }
    }
    for progress in [failed(FailureClass::Generation), failed(FailureClass::Moderated), done()] {
        let mut driver = RuleDriver::of(budget(4000), fast(2), History::default());
        let attempts = driver.accept_all();
        driver.handle(status_of(&attempts, |_| progress.clone()));
        assert_eq!(driver.ending(), Some(&StopReason::BudgetReached), "{progress:?}");
    }
}

#[test]
fn a_job_that_failed_is_retried_as_often_as_the_policy_says_and_later_each_time() {
    let policy = Policy { retries: 2, ..Policy::default() };
    let mut driver = RuleDriver::of(policy, fast(1), History::default());
    let mut waits = Vec::new();
    for round in 0..3 {
        let attempts = driver.accept_all();
        assert_eq!(attempts.len(), 1, "round {round}");
        let at = driver.now;
        driver.handle(status_of(&attempts, |_| failed(FailureClass::Generation)));
        if round < 2 {
            assert!(
                matches!(driver.changes.last(), Some(Change { kind: ChangeKind::FailedWillRetry(..), .. })),
                "round {round}"
            );
            assert_eq!(driver.ending(), None);
            driver.wait_until(|driver| !driver.sent.is_empty());
            waits.push(driver.now - at);
        }
    }
    assert!(matches!(driver.changes.last(), Some(Change { kind: ChangeKind::Failed(..), .. })));
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
    let near = |wait: Duration, whole: u32| wait >= whole * SECOND * 3 / 4 && wait <= whole * SECOND * 5 / 4;
    assert!(near(waits[0], 30) && near(waits[1], 60), "{waits:?}");
}

#[test]
fn no_other_failure_is_retried() {
    for class in [FailureClass::Moderated, FailureClass::Timeout, FailureClass::NoImages] {
        let mut driver =
            RuleDriver::of(Policy { retries: 9, ..Policy::default() }, fast(1), History::default());
        let attempts = driver.accept_all();
        driver.handle(status_of(&attempts, |_| failed(class)));
        assert!(
            matches!(driver.changes.last(), Some(Change { kind: ChangeKind::Failed(..), .. })),
            "{class:?}"
        );
        assert_eq!(driver.ending(), Some(&StopReason::Finished), "{class:?}");
    }
    let mut driver = RuleDriver::of(Policy { retries: 9, ..Policy::default() }, fast(1), History::default());
    let (attempt, _) = driver.sent.pop().unwrap();
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(driver.ending(), Some(&StopReason::Finished), "what is unknown is not");
}

#[test]
fn failures_of_earlier_runs_count_and_excluded_tasks_are_left_to_another_run() {
    let run = |failures: u32, excluded: bool| {
        let history = History {
            failures: HashMap::from([(TaskRow(0), failures)]),
            excluded: if excluded { HashSet::from([TaskRow(0)]) } else { HashSet::new() },
            ..History::default()
        };
        let old = Resumed {
            attempt: AttemptKey(1),
            waiting: fast(1)[0],
            mode: Mode::Fast,
            task_id: id(AttemptKey(1)),
            age: SECOND,
            second_look: false,
        };
        let policy = Policy { retries: 2, ..Policy::default() };
        let mut driver = RuleDriver::resumed(policy, Vec::new(), vec![old], history);
        driver.handle(status_of(&[AttemptKey(1)], |_| failed(FailureClass::Generation)));
        driver
    };
    let again = run(1, false);
    assert!(
        matches!(again.changes[..], [Change { kind: ChangeKind::FailedWillRetry(..), .. }])
            && again.ending().is_none()
    );
    let last = run(2, false);
    assert!(
        matches!(last.changes[..], [Change { kind: ChangeKind::Failed(..), .. }]) && last.ending().is_some()
    );
    let excluded = run(0, true);
    assert!(
        matches!(excluded.changes[..], [Change { kind: ChangeKind::FailedWillRetry(..), .. }]),
        "the next run decides"
    );
    assert_eq!(excluded.ending(), Some(&StopReason::Finished));
}

#[test]
fn a_retry_counts_for_the_limit_and_the_budget() {
    for (policy, ending) in [
        (Policy { limit: Some(1), retries: 2, ..Policy::default() }, StopReason::LimitReached),
        (Policy { retries: 2, ..budget(7999) }, StopReason::BudgetReached),
    ] {
        let mut driver = RuleDriver::of(policy, fast(1), History::default());
        let attempts = driver.accept_all();
        driver.handle(status_of(&attempts, |_| failed(FailureClass::Generation)));
        assert!(matches!(driver.changes.last(), Some(Change { kind: ChangeKind::FailedWillRetry(..), .. })));
        assert_eq!(driver.ending(), Some(&ending));
    }
}

#[test]
fn a_time_limit_ends_submitting_then_following_and_leaves_nothing_unknown() {
    let window =
        Policy { max_duration: Some(50 * SECOND), drain: 20 * SECOND, concurrency: 2, ..Policy::default() };
    let mut driver = RuleDriver::of(window, fast(5), History::default());
    let attempts = driver.accept_all();
    assert_eq!(attempts.len(), 2);
    driver.wait_until(|driver| driver.now >= 50 * SECOND);
    driver.handle(status_of(&attempts[..1], |_| done()));
    assert!(driver.sent.is_empty(), "nothing is submitted after its time");
    driver.wait_until(|driver| driver.ending().is_some());
    assert_eq!((driver.now, driver.ending()), (70 * SECOND, Some(&StopReason::TimeOver)));
    assert!(
        !driver.changes.iter().any(|change| matches!(change, Change { kind: ChangeKind::Unknown(..), .. }))
    );
}

#[test]
fn a_reply_that_is_under_way_when_the_time_is_over_is_awaited() {
    let window = Policy { max_duration: Some(SECOND), drain: SECOND, ..Policy::default() };
    let mut driver = RuleDriver::of(window, fast(1), History::default());
    let (attempt, _) = driver.sent.pop().unwrap();
    driver.now = 60 * SECOND;
    driver.handle(Event::Wake);
    assert_eq!(driver.ending(), None);
    driver.handle(accepted(attempt));
    assert!(matches!(driver.changes[..], [Change { kind: ChangeKind::Accepted(..), .. }]));
    assert_eq!(driver.ending(), Some(&StopReason::TimeOver));
}

#[test]
fn a_time_limit_that_everything_fits_into_changes_nothing() {
    let window = Policy { max_duration: Some(50 * SECOND), ..Policy::default() };
    let mut driver = RuleDriver::of(window, fast(2), History::default());
    let attempts = driver.accept_all();
    driver.now = 55 * SECOND;
    driver.handle(status_of(&attempts, |_| done()));
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn a_no_wait_run_fills_the_slots_and_ends() {
    let policy = Policy { no_wait: true, concurrency: 3, ..Policy::default() };
    let mut driver = RuleDriver::of(policy.clone(), fast(5), History::default());
    assert_eq!(driver.accept_all().len(), 3);
    assert_eq!((driver.engine.waiting(), driver.ending()), (2, Some(&StopReason::NotAwaited)));
    let mut driver = RuleDriver::of(policy.clone(), fast(2), History::default());
    assert_eq!(driver.accept_all().len(), 2);
    assert_eq!(driver.ending(), Some(&StopReason::NotAwaited), "they run");
    let driver = RuleDriver::of(policy, Vec::new(), History::default());
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}

#[test]
fn a_no_wait_run_first_polls_the_jobs_of_earlier_runs() {
    let policy = Policy { no_wait: true, concurrency: 1, ..Policy::default() };
    let old = Resumed {
        attempt: AttemptKey(1),
        waiting: fast(1)[0],
        mode: Mode::Fast,
        task_id: id(AttemptKey(1)),
        age: SECOND,
        second_look: false,
    };
    for (progress, sends) in [(Progress::Running, 0), (done(), 1)] {
        let tasks = vec![task(7, Mode::Fast)];
        let mut driver = RuleDriver::resumed(policy.clone(), tasks, vec![old.clone()], History::default());
        assert_eq!((driver.ending(), driver.sent.len()), (None, 0), "it has not looked yet");
        driver.handle(status_of(&[AttemptKey(1)], |_| progress.clone()));
        assert_eq!(driver.accept_all().len(), sends);
        assert_eq!(driver.ending(), Some(&StopReason::NotAwaited));
    }
}

#[test]
fn a_no_wait_run_ends_at_a_full_account() {
    let policy = Policy { no_wait: true, ..Policy::default() };
    let mut driver = RuleDriver::of(policy, fast(5), History::default());
    let (attempt, _) = driver.sent.pop().unwrap();
    driver.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
    assert_eq!((driver.sent.len(), driver.ending()), (0, Some(&StopReason::NotAwaited)));
}

#[test]
fn prompts_rejected_in_a_row_stop_the_run_unless_an_image_comes_between_them() {
    let policy = Policy { breaker: 3, concurrency: 1, ..Policy::default() };
    let mut driver = RuleDriver::of(policy.clone(), fast(9), History::default());
    let (first, _) = driver.sent.pop().unwrap();
    driver.handle(Event::SubmitReply(first, SubmitOutcome::Refused(Refusal::Content("banned".into()))));
    for _ in 0..2 {
        driver.wait_until(|driver| !driver.sent.is_empty());
        let attempts = driver.accept_all();
        driver.handle(status_of(&attempts, |_| failed(FailureClass::Moderated)));
    }
    assert_eq!(driver.ending(), Some(&StopReason::Breaker(vec![TaskRow(0), TaskRow(1), TaskRow(2)])));
    assert_eq!(driver.engine.waiting(), 6);

    let mut driver = RuleDriver::of(policy, fast(9), History::default());
    for n in 0..9 {
        let attempts = driver.accept_all();
        let good = n % 3 == 2;
        driver.handle(status_of(&attempts, |_| if good { done() } else { failed(FailureClass::Moderated) }));
    }
    assert_eq!(driver.ending(), Some(&StopReason::Finished));
}
