//! The rules of money, time and order, one by one, and all of them against a service that loses replies while the program is
//! killed at any step.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::*;
use crate::task::{Images, Mode, Prices, RemoteTaskId, TaskMode};

const SECOND: Duration = Duration::from_secs(1);
const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };

fn task(n: i64, mode: Mode) -> Waiting {
    Waiting { task: TaskRow(n), mode: mode.into(), timeout: DEFAULT_TIMEOUT }
}

fn fast(tasks: i64) -> Vec<Waiting> {
    (0..tasks).map(|n| task(n, Mode::Fast)).collect()
}

fn id(attempt: AttemptKey) -> RemoteTaskId {
    RemoteTaskId(format!("job-{}", attempt.0))
}

fn accepted(attempt: AttemptKey) -> Event {
    Event::SubmitReply(attempt, SubmitOutcome::Accepted(id(attempt)))
}

fn said(attempts: &[AttemptKey], progress: impl Fn(AttemptKey) -> Progress) -> Event {
    let item = |&attempt| Item { task_id: id(attempt), progress: progress(attempt) };
    let items = attempts.iter().map(item).collect();
    Event::StatusReply(attempts.iter().map(|&attempt| id(attempt)).collect(), StatusOutcome::Items(items))
}

fn failed(class: FailureClass) -> Progress {
    Progress::Failed(Failure { class, reason: "no".into() })
}

fn done() -> Progress {
    Progress::Done(Images { grid: None, urls: vec!["a.png".into()] })
}

/// An engine driven by hand, with a store that never fails.
struct Hand {
    engine: Engine,
    now: Duration,
    /// What was sent and not answered yet.
    sent: Vec<(AttemptKey, TaskRow)>,
    asked: Vec<RemoteTaskId>,
    changes: Vec<Change>,
}

impl Hand {
    fn of(policy: Policy, waiting: Vec<Waiting>, history: History) -> Hand {
        Hand::resumed(policy, waiting, Vec::new(), history)
    }

    fn resumed(policy: Policy, waiting: Vec<Waiting>, resumed: Vec<Resumed>, history: History) -> Hand {
        let next = AttemptKey(resumed.len() as i64 + 1);
        let engine = Engine::new(policy, waiting, resumed, next).with_history(history);
        let (sent, asked, changes) = (Vec::new(), Vec::new(), Vec::new());
        let mut hand = Hand { engine, now: Duration::ZERO, sent, asked, changes };
        hand.tell(Event::Wake);
        hand
    }

    fn tell(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(attempt, ..) => {
                    self.engine.handle(self.now, Event::IntentDurable(attempt))
                }
                Action::Submit(attempt, task) => self.sent.push((attempt, task)),
                Action::PollStatus(ids) => self.asked = ids,
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
            self.tell(accepted(attempt));
        }
        all
    }

    /// Lets the time come that the engine waits for.
    fn wait(&mut self) {
        self.now = self.now.max(self.engine.wake_at().expect("it waits for something"));
        self.tell(Event::Wake);
    }

    fn wait_until(&mut self, holds: impl Fn(&Hand) -> bool) {
        for _ in 0..1000 {
            if holds(self) {
                return;
            }
            self.wait();
            // Asked or not, nothing is news.
            let running = |ids: &[RemoteTaskId]| {
                ids.iter().map(|id| Item { task_id: id.clone(), progress: Progress::Running }).collect()
            };
            let asked = std::mem::take(&mut self.asked);
            if !asked.is_empty() {
                let items = running(&asked);
                self.tell(Event::StatusReply(asked, StatusOutcome::Items(items)));
            }
        }
        panic!("it never does: {:?}", self.engine);
    }

    fn ending(&self) -> Option<&Ending> {
        self.engine.over()
    }
}

fn budget(quota: u64) -> Policy {
    Policy { budget: Some(Quota(quota)), prices: PRICES, ..Policy::default() }
}

#[test]
fn a_budget_ends_the_run_at_the_first_task_that_does_not_fit_and_nothing_cheaper_jumps_the_line() {
    let tasks = vec![task(1, Mode::Fast), task(2, Mode::Fast), task(3, Mode::Relaxed)];
    let mut hand = Hand::of(budget(6000), tasks, History::default());
    let attempts = hand.accept_all();
    assert_eq!((attempts.len(), hand.engine.waiting()), (1, 2));
    hand.tell(said(&attempts, |_| done()));
    assert_eq!(hand.ending(), Some(&Ending::Budget));
}

#[test]
fn what_was_spent_before_counts_and_a_full_budget_sends_nothing() {
    for (spent, sends) in [(0, 3), (8000, 1), (8001, 0), (20_000, 0), (u64::MAX, 0)] {
        let history = History { spent: Quota(spent), ..History::default() };
        let hand = Hand { ..Hand::of(budget(12_000), fast(5), history) };
        let mut hand = hand;
        assert_eq!(hand.accept_all().len(), sends, "{spent}");
        assert_eq!(hand.ending(), (sends == 0).then_some(&Ending::Budget), "{spent}");
    }
}

#[test]
fn a_mode_without_a_price_is_within_no_budget() {
    let policy = Policy { prices: Prices { fast: None, ..PRICES }, ..budget(1_000_000) };
    let hand = Hand::of(policy, fast(1), History::default());
    assert_eq!((hand.sent.len(), hand.ending()), (0, Some(&Ending::Budget)));
}

#[test]
fn only_a_certain_no_gives_a_reservation_back() {
    let refused = |refusal| SubmitOutcome::Refused(refusal);
    for (outcome, sends_another) in [
        (SubmitOutcome::NotSent("refused".into()), true),
        (refused(Refusal::Slots), true),
        (refused(Refusal::TooFast(None)), true),
        (refused(Refusal::Content("no".into())), true),
        (SubmitOutcome::Unknown("cut".into()), false),
    ] {
        let mut hand = Hand::of(budget(4000), fast(2), History::default());
        let (attempt, _) = hand.sent.pop().unwrap();
        hand.tell(Event::SubmitReply(attempt, outcome.clone()));
        if sends_another {
            hand.wait_until(|hand| !hand.sent.is_empty());
        } else {
            assert_eq!(hand.ending(), Some(&Ending::Budget), "{outcome:?}");
        }
    }
    for progress in [failed(FailureClass::Generation), failed(FailureClass::Moderated), done()] {
        let mut hand = Hand::of(budget(4000), fast(2), History::default());
        let attempts = hand.accept_all();
        hand.tell(said(&attempts, |_| progress.clone()));
        assert_eq!(hand.ending(), Some(&Ending::Budget), "{progress:?}");
    }
}

#[test]
fn a_job_that_failed_at_the_service_is_sent_again_as_often_as_was_said_and_later_each_time() {
    let policy = Policy { retries: 2, ..Policy::default() };
    let mut hand = Hand::of(policy, fast(1), History::default());
    let mut waits = Vec::new();
    for round in 0..3 {
        let attempts = hand.accept_all();
        assert_eq!(attempts.len(), 1, "round {round}");
        let at = hand.now;
        hand.tell(said(&attempts, |_| failed(FailureClass::Generation)));
        if round < 2 {
            assert!(matches!(hand.changes.last(), Some(Change::FailedWillRetry(..))), "round {round}");
            assert_eq!(hand.ending(), None);
            hand.wait_until(|hand| !hand.sent.is_empty());
            waits.push(hand.now - at);
        }
    }
    assert!(matches!(hand.changes.last(), Some(Change::Failed(..))));
    assert_eq!(hand.ending(), Some(&Ending::Finished));
    let near = |wait: Duration, whole: u32| wait >= whole * SECOND * 3 / 4 && wait <= whole * SECOND * 5 / 4;
    assert!(near(waits[0], 30) && near(waits[1], 60), "{waits:?}");
}

#[test]
fn no_other_failure_is_sent_again() {
    for class in [FailureClass::Moderated, FailureClass::Timeout, FailureClass::NoImages] {
        let mut hand = Hand::of(Policy { retries: 9, ..Policy::default() }, fast(1), History::default());
        let attempts = hand.accept_all();
        hand.tell(said(&attempts, |_| failed(class)));
        assert!(matches!(hand.changes.last(), Some(Change::Failed(..))), "{class:?}");
        assert_eq!(hand.ending(), Some(&Ending::Finished), "{class:?}");
    }
    let mut hand = Hand::of(Policy { retries: 9, ..Policy::default() }, fast(1), History::default());
    let (attempt, _) = hand.sent.pop().unwrap();
    hand.tell(Event::SubmitReply(attempt, SubmitOutcome::Unknown("cut".into())));
    assert_eq!(hand.ending(), Some(&Ending::Finished), "what is unknown is not");
}

#[test]
fn failures_of_earlier_runs_count_and_what_is_barred_is_left_to_another_run() {
    let run = |failures: u32, barred: bool| {
        let history = History {
            failures: HashMap::from([(TaskRow(0), failures)]),
            barred: if barred { HashSet::from([TaskRow(0)]) } else { HashSet::new() },
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
        let mut hand = Hand::resumed(policy, Vec::new(), vec![old], history);
        hand.tell(said(&[AttemptKey(1)], |_| failed(FailureClass::Generation)));
        hand
    };
    let again = run(1, false);
    assert!(matches!(again.changes[..], [Change::FailedWillRetry(..)]) && again.ending().is_none());
    let last = run(2, false);
    assert!(matches!(last.changes[..], [Change::Failed(..)]) && last.ending().is_some());
    let barred = run(0, true);
    assert!(matches!(barred.changes[..], [Change::FailedWillRetry(..)]), "the next run decides");
    assert_eq!(barred.ending(), Some(&Ending::Finished));
}

#[test]
fn a_task_that_is_sent_again_counts_for_the_limit_and_the_budget() {
    for (policy, ending) in [
        (Policy { limit: Some(1), retries: 2, ..Policy::default() }, Ending::Limit),
        (Policy { retries: 2, ..budget(7999) }, Ending::Budget),
    ] {
        let mut hand = Hand::of(policy, fast(1), History::default());
        let attempts = hand.accept_all();
        hand.tell(said(&attempts, |_| failed(FailureClass::Generation)));
        assert!(matches!(hand.changes.last(), Some(Change::FailedWillRetry(..))));
        assert_eq!(hand.ending(), Some(&ending));
    }
}

#[test]
fn a_window_ends_submitting_then_following_and_leaves_nothing_unknown() {
    let window =
        Policy { max_duration: Some(50 * SECOND), drain: 20 * SECOND, concurrency: 2, ..Policy::default() };
    let mut hand = Hand::of(window, fast(5), History::default());
    let attempts = hand.accept_all();
    assert_eq!(attempts.len(), 2);
    hand.wait_until(|hand| hand.now >= 50 * SECOND);
    hand.tell(said(&attempts[..1], |_| done()));
    assert!(hand.sent.is_empty(), "nothing is submitted after its time");
    hand.wait_until(|hand| hand.ending().is_some());
    assert_eq!((hand.now, hand.ending()), (70 * SECOND, Some(&Ending::TimeOver)));
    assert!(!hand.changes.iter().any(|change| matches!(change, Change::Unknown(..))));
}

#[test]
fn a_reply_that_is_under_way_when_the_time_is_over_is_awaited() {
    let window = Policy { max_duration: Some(SECOND), drain: SECOND, ..Policy::default() };
    let mut hand = Hand::of(window, fast(1), History::default());
    let (attempt, _) = hand.sent.pop().unwrap();
    hand.now = 60 * SECOND;
    hand.tell(Event::Wake);
    assert_eq!(hand.ending(), None);
    hand.tell(accepted(attempt));
    assert!(matches!(hand.changes[..], [Change::Accepted(..)]));
    assert_eq!(hand.ending(), Some(&Ending::TimeOver));
}

#[test]
fn a_window_that_all_fits_into_is_not_noticed() {
    let window = Policy { max_duration: Some(50 * SECOND), ..Policy::default() };
    let mut hand = Hand::of(window, fast(2), History::default());
    let attempts = hand.accept_all();
    hand.now = 55 * SECOND;
    hand.tell(said(&attempts, |_| done()));
    assert_eq!(hand.ending(), Some(&Ending::Finished));
}

#[test]
fn a_run_that_does_not_wait_fills_the_slots_and_leaves() {
    let policy = Policy { no_wait: true, concurrency: 3, ..Policy::default() };
    let mut hand = Hand::of(policy.clone(), fast(5), History::default());
    assert_eq!(hand.accept_all().len(), 3);
    assert_eq!((hand.engine.waiting(), hand.ending()), (2, Some(&Ending::NotAwaited)));
    let mut hand = Hand::of(policy.clone(), fast(2), History::default());
    assert_eq!(hand.accept_all().len(), 2);
    assert_eq!(hand.ending(), Some(&Ending::NotAwaited), "they run");
    let hand = Hand::of(policy, Vec::new(), History::default());
    assert_eq!(hand.ending(), Some(&Ending::Finished));
}

#[test]
fn a_run_that_does_not_wait_looks_first_at_what_an_earlier_one_left() {
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
        let mut hand = Hand::resumed(policy.clone(), tasks, vec![old.clone()], History::default());
        assert_eq!((hand.ending(), hand.sent.len()), (None, 0), "it has not looked yet");
        hand.tell(said(&[AttemptKey(1)], |_| progress.clone()));
        assert_eq!(hand.accept_all().len(), sends);
        assert_eq!(hand.ending(), Some(&Ending::NotAwaited));
    }
}

#[test]
fn a_run_that_does_not_wait_takes_a_full_account_for_an_answer() {
    let policy = Policy { no_wait: true, ..Policy::default() };
    let mut hand = Hand::of(policy, fast(5), History::default());
    let (attempt, _) = hand.sent.pop().unwrap();
    hand.tell(Event::SubmitReply(attempt, SubmitOutcome::Refused(Refusal::Slots)));
    assert_eq!((hand.sent.len(), hand.ending()), (0, Some(&Ending::NotAwaited)));
}

#[test]
fn prompts_turned_down_in_a_row_break_the_run_and_a_image_in_between_does_not() {
    let policy = Policy { breaker: 3, concurrency: 1, ..Policy::default() };
    let mut hand = Hand::of(policy.clone(), fast(9), History::default());
    let (first, _) = hand.sent.pop().unwrap();
    hand.tell(Event::SubmitReply(first, SubmitOutcome::Refused(Refusal::Content("banned".into()))));
    for _ in 0..2 {
        hand.wait_until(|hand| !hand.sent.is_empty());
        let attempts = hand.accept_all();
        hand.tell(said(&attempts, |_| failed(FailureClass::Moderated)));
    }
    assert_eq!(hand.ending(), Some(&Ending::Breaker(vec![TaskRow(0), TaskRow(1), TaskRow(2)])));
    assert_eq!(hand.engine.waiting(), 6);

    let mut hand = Hand::of(policy, fast(9), History::default());
    for n in 0..9 {
        let attempts = hand.accept_all();
        let good = n % 3 == 2;
        hand.tell(said(&attempts, |_| if good { done() } else { failed(FailureClass::Moderated) }));
    }
    assert_eq!(hand.ending(), Some(&Ending::Finished));
}

/// The row of an attempt: the task, how it ended, the job's name and its mode.
type Row = (TaskRow, Option<&'static str>, Option<RemoteTaskId>, Mode);

/// A service and a state that outlive the program.
struct Town {
    policy: Policy,
    /// Only what was written is here.
    attempts: BTreeMap<AttemptKey, Row>,
    tasks: BTreeMap<TaskRow, (TaskMode, &'static str)>,
    /// Jobs that were billed: the task, when it ends and how.
    jobs: HashMap<RemoteTaskId, (TaskRow, Duration, Progress)>,
    billed: u64,
    now: Duration,
    dice: u64,
}

impl Town {
    fn new(policy: Policy, tasks: i64, seed: u64) -> Town {
        let mode = |n| match n % 4 {
            1 => TaskMode::Auto,
            2 => Mode::Relaxed.into(),
            _ => Mode::Fast.into(),
        };
        Town {
            policy,
            attempts: BTreeMap::new(),
            tasks: (0..tasks).map(|n| (TaskRow(n), (mode(n), "pending"))).collect(),
            jobs: HashMap::new(),
            billed: 0,
            now: Duration::ZERO,
            dice: seed.wrapping_mul(2) | 1,
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) % below
    }

    /// The program starts, from what was written alone.
    fn begin(&mut self) -> Engine {
        let (mut waiting, mut resumed, mut history) = (Vec::new(), Vec::new(), History::default());
        for (task, outcome, task_id, mode) in self.attempts.values_mut() {
            if outcome.is_none() && task_id.is_none() {
                *outcome = Some("unknown");
                self.tasks.get_mut(task).unwrap().1 = "unknown";
            }
            if !matches!(outcome, Some("not_accepted" | "refused")) {
                history.spent.0 += PRICES.of(*mode).unwrap().0;
            }
            if *outcome == Some("failed") {
                *history.failures.entry(*task).or_default() += 1;
            }
        }
        for (key, (mode, state)) in &self.tasks {
            let of = Waiting { task: *key, mode: *mode, timeout: DEFAULT_TIMEOUT };
            if *state == "pending" {
                waiting.push(of);
            }
            for (attempt, (task, outcome, task_id, mode)) in &self.attempts {
                if let (true, None, Some(task_id)) = (task == key, outcome, task_id) {
                    let task_id = task_id.clone();
                    let age = Duration::ZERO;
                    resumed.push(Resumed {
                        attempt: *attempt,
                        waiting: of,
                        mode: *mode,
                        task_id,
                        age,
                        second_look: false,
                    });
                }
            }
        }
        let next = AttemptKey(self.attempts.keys().map(|key| key.0).max().unwrap_or(0) + 1);
        let last: BTreeMap<_, _> = self.attempts.iter().map(|(attempt, row)| (row.0, *attempt)).collect();
        let unknown = self.tasks.iter().filter(|(_, (_, state))| *state == "unknown");
        let in_doubt = unknown.map(|(key, (mode, _))| Unacknowledged {
            attempt: last[key],
            waiting: Waiting { task: *key, mode: *mode, timeout: DEFAULT_TIMEOUT },
            mode: self.attempts[&last[key]].3,
            age: Duration::ZERO,
            called_back: false,
        });
        let in_doubt = in_doubt.collect();
        Engine::new(self.policy.clone(), waiting, resumed, next).with_history(history).with_in_doubt(in_doubt)
    }

    /// Runs until the run is over, or dies after so many steps.
    fn live(&mut self, mut steps: u64) -> Option<Ending> {
        let begun = self.now;
        let mut engine = self.begin();
        let mut later: BTreeMap<(Duration, u64), Event> = BTreeMap::new();
        let mut number = 0;
        engine.handle(Duration::ZERO, Event::Wake);
        loop {
            while let Some(action) = engine.next_action() {
                if steps == 0 {
                    return None;
                }
                steps -= 1;
                number += 1;
                let soon = |ms: u64| (self.now + Duration::from_millis(ms), number);
                match action {
                    Action::RecordIntent(attempt, task, mode) => {
                        assert_eq!(self.tasks[&task].1, "pending", "{task:?} is intended again");
                        assert!(self.tasks[&task].0.may_be().contains(&mode), "{task:?} is sent {mode}");
                        self.attempts.insert(attempt, (task, None, None, mode));
                        self.tasks.get_mut(&task).unwrap().1 = "submitting";
                        later.insert(soon(1), Event::IntentDurable(attempt));
                    }
                    Action::Submit(attempt, task) => {
                        let at = soon(40);
                        let outcome = self.submit(attempt, task);
                        later.insert(at, Event::SubmitReply(attempt, outcome));
                    }
                    Action::PollStatus(ids) => {
                        let item =
                            |id: &RemoteTaskId| Item { task_id: id.clone(), progress: self.progress(id) };
                        let items = ids.iter().map(item).collect();
                        later.insert(soon(20), Event::StatusReply(ids, StatusOutcome::Items(items)));
                    }
                    Action::Record(change) => self.write(change),
                    Action::Notify(_) => {}
                }
            }
            if let Some(ending) = engine.over() {
                return Some(ending.clone());
            }
            let next = later.keys().next().copied();
            let wake = engine.wake_at().map(|at| at + begun);
            match next {
                Some(key) if wake.is_none_or(|wake| key.0 <= wake) => {
                    self.now = self.now.max(key.0);
                    let event = later.remove(&key).unwrap();
                    engine.handle(self.now - begun, event);
                }
                _ => {
                    self.now = self.now.max(wake.expect("it waits for something"));
                    engine.handle(self.now - begun, Event::Wake);
                }
            }
        }
    }

    fn submit(&mut self, attempt: AttemptKey, task: TaskRow) -> SubmitOutcome {
        let open = self.jobs.values().any(|(of, _, end)| *of == task && !matches!(end, Progress::Failed(_)));
        let may = !open || self.policy.resend_unknown;
        assert!(may, "{task:?} is paid for again, and its job did not fail");
        let running = self.jobs.values().filter(|(_, ends, _)| *ends > self.now).count();
        match self.random(100) {
            0..5 => return SubmitOutcome::NotSent("refused".into()),
            5..8 => return SubmitOutcome::Refused(Refusal::Content("no".into())),
            8..11 => return SubmitOutcome::Refused(Refusal::TooFast(Some(SECOND))),
            11..13 => return SubmitOutcome::Unknown("lost on the way there".into()),
            _ if running >= 10 => return SubmitOutcome::Refused(Refusal::Slots),
            _ => {}
        }
        let end = match self.random(10) {
            0..3 => failed(FailureClass::Generation),
            3 => failed(FailureClass::Moderated),
            _ => done(),
        };
        let ends = self.now + Duration::from_secs(20 + self.random(60));
        self.jobs.insert(id(attempt), (task, ends, end));
        self.billed += PRICES.of(self.attempts[&attempt].3).unwrap().0;
        let cap = self.policy.budget.unwrap().0;
        assert!(self.billed <= cap, "{} of {cap} are billed", self.billed);
        match self.random(100) {
            0..5 => SubmitOutcome::Unknown("lost on the way back".into()),
            _ => SubmitOutcome::Accepted(id(attempt)),
        }
    }

    fn progress(&self, task_id: &RemoteTaskId) -> Progress {
        let (_, ends, end) = &self.jobs[task_id];
        if *ends <= self.now { end.clone() } else { Progress::Running }
    }

    fn write(&mut self, change: Change) {
        let (attempt, outcome, state) = match change {
            Change::Accepted(attempt, task_id) => {
                let row = self.attempts.get_mut(&attempt).unwrap();
                row.2 = Some(task_id);
                self.tasks.get_mut(&row.0).unwrap().1 = "running";
                return;
            }
            Change::Rejected(attempt, _) => (attempt, "not_accepted", "pending"),
            Change::Refused(attempt, _) => (attempt, "refused", "failed"),
            Change::Unknown(attempt, _) => (attempt, "unknown", "unknown"),
            Change::Done(attempt, _) => (attempt, "done", "done"),
            Change::Failed(attempt, failure) => match failure.class {
                FailureClass::Generation => (attempt, "failed", "failed"),
                _ => (attempt, "moderated", "failed"),
            },
            Change::FailedWillRetry(attempt, _) => (attempt, "failed", "pending"),
            Change::Lost(attempt, _) => (attempt, "lost", "lost"),
            Change::Resend(attempt) => (attempt, "unknown", "pending"),
        };
        let row = self.attempts.get_mut(&attempt).unwrap();
        row.1 = Some(outcome);
        self.tasks.get_mut(&row.0).unwrap().1 = state;
    }
}

#[test]
fn whatever_is_lost_and_whenever_it_is_killed_the_budget_is_never_passed_and_nothing_is_paid_twice() {
    let seeds = std::env::var("MJBATCH_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let mut endings = HashSet::new();
    for seed in 0..seeds {
        let retries = (seed % 4) as u32;
        let policy = Policy {
            retries,
            resend_unknown: seed % 5 == 4,
            seed,
            patience: Duration::from_secs(3600),
            deadline: (seed % 3 > 0).then(|| Duration::from_secs(seed % 23 * 60)),
            ..budget(20_000 + seed % 7 * 15_000)
        };
        let mut town = Town::new(policy, 20, seed + 1);
        for _ in 0..town.random(6) {
            let steps = town.random(150);
            town.live(steps);
        }
        let ending = (0..200).find_map(|_| {
            let ending = town.live(u64::MAX)?;
            (!matches!(ending, Ending::Unreachable(_))).then_some(ending)
        });
        let ending = ending.unwrap_or_else(|| panic!("seed {seed} does not end"));
        let left = town.tasks.values().filter(|(_, state)| *state == "pending").count();
        assert_eq!(ending == Ending::Budget, left > 0, "seed {seed}: {ending:?} with {left} left");
        for (task, (_, state)) in &town.tasks {
            let of_task = town.attempts.values().filter(|row| row.0 == *task);
            let failures = of_task.filter(|row| row.1 == Some("failed")).count();
            assert!(failures <= 1 + retries as usize, "seed {seed}: {task:?} failed {failures} times");
            assert!(!matches!(*state, "running" | "submitting"), "seed {seed}: {task:?} is {state}");
        }
        endings.insert(ending == Ending::Budget);
    }
    assert_eq!(endings.len(), 2, "the budget was sometimes enough");
}
