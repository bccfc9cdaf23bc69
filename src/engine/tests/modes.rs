//! The mode that a run chooses for a task, and when.

use std::time::Duration;

use super::super::*;
use crate::task::{AttemptKey, Mode, Prices, RemoteTaskId, TaskMode, TaskRow};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };

fn auto(tasks: i64) -> Vec<Waiting> {
    let (mode, timeout) = (TaskMode::Auto, DEFAULT_TIMEOUT);
    (0..tasks).map(|n| Waiting { task: TaskRow(n), mode, timeout }).collect()
}

fn policy(deadline: impl Into<Option<Duration>>) -> Policy {
    Policy { deadline: deadline.into(), prices: PRICES, ..Policy::default() }
}

/// An engine whose intents are durable at once.
struct ModeDriver {
    engine: Engine,
    now: Duration,
    /// The modes in which attempts were to be sent, in order.
    modes: Vec<Mode>,
    sent: Vec<AttemptKey>,
    notices: Vec<EngineNotice>,
    polled_at: Vec<Duration>,
    /// The number that the store gave last.
    last: AttemptKey,
}

impl ModeDriver {
    fn of(policy: Policy, tasks: Vec<Waiting>) -> ModeDriver {
        ModeDriver::after(policy, tasks, History::default())
    }

    fn after(policy: Policy, tasks: Vec<Waiting>, history: History) -> ModeDriver {
        let engine = Engine::with_claimed(policy, tasks, Vec::new()).with_history(history);
        let now = Duration::ZERO;
        let mut driver = ModeDriver {
            engine,
            now,
            modes: Vec::new(),
            sent: Vec::new(),
            notices: Vec::new(),
            polled_at: Vec::new(),
            last: AttemptKey(0),
        };
        driver.handle(Event::Wake);
        driver
    }

    fn handle(&mut self, event: Event) {
        self.engine.handle(self.now, event);
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::RecordIntent(intent, _, mode) => {
                    self.modes.push(mode);
                    self.last.0 += 1;
                    self.engine.handle(self.now, Event::IntentRecorded { intent, attempt: self.last });
                }
                Action::Submit(attempt, _) => self.sent.push(attempt),
                Action::PollStatus(_) => self.polled_at.push(self.now),
                Action::Notify(notice) => self.notices.push(notice),
                Action::ClaimTasks(_) => panic!("all are claimed"),
                Action::Record(_) => {}
            }
        }
    }

    /// Accepts whatever is sent until the slots are full.
    fn accept_all(&mut self) {
        while let Some(attempt) = self.sent.pop() {
            let task_id = RemoteTaskId(format!("job-{}", attempt.0));
            self.handle(Event::SubmitReply(attempt, SubmitOutcome::Accepted(task_id)));
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        let attempt = self.sent.pop().expect("one was sent");
        self.handle(Event::SubmitReply(attempt, SubmitOutcome::Refused(refusal)));
    }

    /// Lets time go by until then, in which nothing is answered.
    fn wait_until(&mut self, then: Duration) {
        while let Some(wake) = self.engine.wake_at().filter(|wake| *wake <= then) {
            self.now = self.now.max(wake);
            self.handle(Event::Wake);
        }
        self.now = then;
    }
}

/// The modes of all that is sent at once.
fn modes(policy: Policy, tasks: i64) -> (usize, usize) {
    let mut driver = ModeDriver::of(policy, auto(tasks));
    driver.accept_all();
    let fast = driver.modes.iter().filter(|mode| **mode == Mode::Fast).count();
    (fast, driver.modes.len() - fast)
}

#[test]
fn auto_tasks_go_by_the_deadline_and_without_one_by_the_price() {
    assert_eq!(modes(policy(8 * HOUR), 20), (0, 10));
    assert_eq!(modes(policy(5 * MINUTE), 20), (10, 0));
    assert_eq!(modes(policy(None), 20), (0, 10));
    let same = Prices { fast: Some(Quota(2000)), ..PRICES };
    assert_eq!(
        modes(Policy { prices: same, ..policy(None) }, 20),
        (10, 0),
        "who pays the same waits for nothing"
    );
    assert_eq!(modes(Policy { prices: Prices::default(), ..policy(None) }, 20), (0, 10));
}

#[test]
fn a_task_with_a_fixed_mode_keeps_it() {
    let fixed = [Mode::Fast, Mode::Relaxed, Mode::Relaxed, Mode::Fast];
    let tasks = auto(4).into_iter().zip(fixed).map(|(task, mode)| Waiting { mode: mode.into(), ..task });
    for deadline in [None, Some(MINUTE), Some(8 * HOUR)] {
        let mut driver = ModeDriver::of(policy(deadline), tasks.clone().collect());
        driver.accept_all();
        assert_eq!(driver.modes, fixed);
    }
}

#[test]
fn only_tasks_that_this_run_may_submit_count() {
    let tight = policy(12 * MINUTE);
    assert_eq!(modes(tight.clone(), 300), (10, 0));
    assert_eq!(modes(Policy { limit: Some(5), ..tight }, 300), (0, 5));
}

#[test]
fn the_budget_pays_for_every_task_before_it_pays_for_speed_and_a_refusal_releases_its_reservation() {
    let short = |quota: u64| Policy { budget: Some(Quota(quota)), ..policy(5 * MINUTE) };
    assert_eq!(modes(short(7999), 4), (0, 3), "not enough for all: what there is buys images");
    assert_eq!(modes(short(8000), 4), (0, 4));
    assert_eq!(modes(short(11_000), 4), (1, 3));
    assert_eq!(modes(short(16_000), 4), (4, 0));
    let mut driver = ModeDriver::of(short(6000), auto(2));
    for _ in 0..3 {
        driver.refuse(Refusal::TooFast(None));
        while driver.sent.is_empty() {
            driver.wait_until(driver.engine.wake_at().expect("it sends again"));
        }
    }
    driver.accept_all();
    assert_eq!(driver.modes, [Mode::Fast, Mode::Fast, Mode::Fast, Mode::Fast, Mode::Relaxed]);
}

#[test]
fn observed_durations_count_from_the_first_submit_on() {
    let observed = |fast: u64, relaxed: u64| History {
        observed: ObservedDurations {
            fast: vec![Duration::from_secs(fast); 60],
            relaxed: vec![Duration::from_secs(relaxed); 60],
            ..ObservedDurations::default()
        },
        ..History::default()
    };
    let first = |history: History| ModeDriver::after(policy(4 * MINUTE), auto(1), history).modes[0];
    assert_eq!(first(History::default()), Mode::Fast);
    assert_eq!(first(observed(30, 100)), Mode::Relaxed);
    assert_eq!(first(observed(30, 300)), Mode::Fast);
}

#[test]
fn late_tasks_and_the_end_of_the_deadline_are_announced_once_each() {
    let mut driver = ModeDriver::of(policy(125 * Duration::from_secs(1)), auto(100));
    assert_eq!(driver.notices, [EngineNotice::WillBeLate(80)], "two rounds of a minute in ten slots");
    driver.accept_all();
    driver.wait_until(MINUTE);
    assert_eq!(driver.notices.len(), 1);
    driver.wait_until(125 * Duration::from_secs(1));
    driver.wait_until(10 * MINUTE);
    assert_eq!(driver.notices[1..2], [EngineNotice::DeadlineOver(100)]);
    let of_deadline = |notice: &&EngineNotice| {
        matches!(notice, EngineNotice::DeadlineOver(_) | EngineNotice::WillBeLate(_))
    };
    assert_eq!(driver.notices.iter().filter(of_deadline).count(), 2);
    assert!(driver.modes.iter().all(|mode| *mode == Mode::Fast));
}

#[test]
fn jobs_are_polled_shortly_before_the_deadline() {
    let mut driver = ModeDriver::of(policy(20 * MINUTE), auto(1));
    driver.accept_all();
    driver.wait_until(20 * MINUTE);
    let before = 20 * MINUTE - *driver.polled_at.last().unwrap();
    assert!(before <= Duration::from_secs(2), "{before:?} before it");
}
