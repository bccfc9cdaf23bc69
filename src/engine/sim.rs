//! A service in virtual time, for tests: it accepts, runs, loses replies, refuses and recovers by a seed, and keeps its own
//! books, against which the engine's are checked at every step.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::*;
use crate::task::{Mode, Pictures, TaskId};

/// How bad the service is: rates from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) lost_reply: f64,
    pub(super) not_sent: f64,
    pub(super) too_fast: f64,
    pub(super) unreadable: f64,
    pub(super) omit: f64,
    pub(super) fail: f64,
    pub(super) refuse: f64,
}

/// What is under way.
#[derive(Debug)]
enum Later {
    Durable(AttemptKey),
    Submitted(AttemptKey, SubmitOutcome),
    Told(Vec<TaskId>, StatusOutcome),
}

/// The service's job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: TaskKey,
    ends: Duration,
    fails: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Done,
    Failed,
    Unknown,
    Lost,
}

/// An engine, a service and a clock.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Duration,
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) fates: HashMap<TaskKey, Fate>,
    pub(super) submits: u64,
    pub(super) asks: u64,
    pub(super) refusals: u64,
    pub(super) busy: Duration,
    attempts: HashMap<AttemptKey, TaskKey>,
    durable: HashSet<AttemptKey>,
    sent: HashSet<AttemptKey>,
    later: Vec<(Duration, u64, Later)>,
    slots: usize,
    faults: Faults,
    dice: u64,
    turns: u64,
}

impl World {
    pub(super) fn new(policy: Policy, tasks: i64, slots: usize, faults: Faults, seed: u64) -> World {
        let waiting: Vec<_> = (0..tasks)
            .map(|n| Waiting { task: TaskKey(n), mode: Mode::Fast, timeout: DEFAULT_TIMEOUT })
            .collect();
        let fates = waiting.iter().map(|waiting| (waiting.task, Fate::Open)).collect();
        World {
            engine: Engine::new(policy, waiting, Vec::new(), AttemptKey(1)),
            now: Duration::ZERO,
            jobs: BTreeMap::new(),
            fates,
            submits: 0,
            asks: 0,
            refusals: 0,
            busy: Duration::ZERO,
            attempts: HashMap::new(),
            durable: HashSet::new(),
            sent: HashSet::new(),
            later: Vec::new(),
            slots,
            faults,
            dice: seed | 1,
            turns: 0,
        }
    }

    /// Plays until the run is over.
    pub(super) fn play(&mut self) -> Ending {
        self.engine.handle(self.now, Event::Wake);
        loop {
            self.carry_out();
            if let Some(ending) = self.engine.over() {
                return ending.clone();
            }
            self.turns += 1;
            assert!(self.turns < 1_000_000, "it does not end: {:?}", self.engine);
            let next = self.later.iter().map(|(at, order, _)| (*at, *order)).min();
            let wake = self.engine.wake_at();
            match (next, wake) {
                (Some((at, order)), wake) if wake.is_none_or(|wake| at <= wake) => {
                    let index = self.later.iter().position(|later| later.1 == order).unwrap();
                    let (at, _, later) = self.later.swap_remove(index);
                    self.now = self.now.max(at);
                    self.happen(later);
                }
                (_, Some(wake)) => {
                    self.now = self.now.max(wake);
                    self.engine.handle(self.now, Event::Wake);
                }
                (_, None) => panic!("nothing will ever happen: {:?}", self.engine),
            }
        }
    }

    fn happen(&mut self, later: Later) {
        match later {
            Later::Durable(attempt) => {
                self.durable.insert(attempt);
                self.engine.handle(self.now, Event::IntentDurable(attempt));
            }
            Later::Submitted(attempt, outcome) => {
                self.engine.handle(self.now, Event::SubmitReply(attempt, outcome));
            }
            Later::Told(asked, outcome) => self.engine.handle(self.now, Event::StatusReply(asked, outcome)),
        }
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Intend(attempt, task) => {
                    assert!(
                        self.attempts.insert(attempt, task).is_none(),
                        "an attempt's number is used twice"
                    );
                    assert_eq!(self.fates[&task], Fate::Open, "a settled task is submitted again");
                    self.soon(2, Later::Durable(attempt));
                }
                Action::Submit(attempt, task) => self.submit(attempt, task),
                Action::Ask(ids) => self.tell(ids),
                Action::Record(change) => self.record(change),
                Action::Tell(_) => {}
            }
        }
    }

    fn submit(&mut self, attempt: AttemptKey, task: TaskKey) {
        assert!(self.durable.contains(&attempt), "sent before its intent was durable");
        assert!(self.sent.insert(attempt), "sent twice");
        let paid = self.jobs.values().any(|job| job.task == task);
        assert!(!paid, "task {task:?} is paid for twice");
        self.submits += 1;
        let faults = self.faults;
        let outcome = if self.roll(faults.not_sent) {
            SubmitOutcome::NotSent("connection refused".into())
        } else if self.roll(faults.too_fast) {
            SubmitOutcome::Refused(Refusal::TooFast(Some(Duration::from_secs(2))))
        } else if self.roll(faults.refuse) {
            SubmitOutcome::Refused(Refusal::Content("no".into()))
        } else if self.jobs.values().filter(|job| job.ends > self.now).count() >= self.slots {
            self.refusals += 1;
            SubmitOutcome::Refused(Refusal::Slots)
        } else {
            let id = format!("job-{}", attempt.0);
            let takes = Duration::from_millis(25_000 + self.random() % 65_000);
            let fails = self.roll(faults.fail);
            self.busy += takes;
            self.jobs.insert(id.clone(), Job { task, ends: self.now + takes, fails });
            match self.roll(faults.lost_reply) {
                true => SubmitOutcome::Unknown("cut".into()),
                false => SubmitOutcome::Accepted(TaskId(id)),
            }
        };
        self.soon(50, Later::Submitted(attempt, outcome));
    }

    fn tell(&mut self, ids: Vec<TaskId>) {
        assert!(!ids.is_empty(), "asked about nothing");
        self.asks += 1;
        let faults = self.faults;
        let outcome = if self.roll(faults.unreadable) {
            StatusOutcome::Unreadable("garbage".into())
        } else {
            let told: Vec<_> = ids.iter().filter(|_| !self.roll(faults.omit)).cloned().collect();
            StatusOutcome::Items(told.into_iter().map(|id| self.item(id)).collect())
        };
        self.soon(30, Later::Told(ids, outcome));
    }

    fn item(&self, task_id: TaskId) -> Item {
        let job = &self.jobs[&task_id.0];
        let failure = || Failure { class: FailureClass::Generation, reason: "bad luck".into() };
        let progress = match job.ends <= self.now {
            false => Progress::Running,
            true if job.fails => Progress::Failed(failure()),
            true => Progress::Done(Pictures { grid: None, images: vec![format!("{task_id}.png")] }),
        };
        Item { task_id, progress }
    }

    fn record(&mut self, change: Change) {
        let (attempt, fate) = match change {
            Change::Accepted(attempt, task_id) => {
                assert_eq!(self.jobs[&task_id.0].task, self.attempts[&attempt], "a taskId of another task");
                return;
            }
            Change::NotAccepted(attempt, _) | Change::FailedForNow(attempt, _) => (attempt, Fate::Open),
            Change::Refused(attempt, _) | Change::Failed(attempt, _) => (attempt, Fate::Failed),
            Change::Unknown(attempt, _) => (attempt, Fate::Unknown),
            Change::Done(attempt, _) => (attempt, Fate::Done),
            Change::Lost(attempt, _) => (attempt, Fate::Lost),
        };
        let task = self.attempts[&attempt];
        assert_eq!(self.fates[&task], Fate::Open, "{task:?} ends twice");
        self.fates.insert(task, fate);
    }

    /// How many tasks ended so.
    pub(super) fn count(&self, fate: Fate) -> usize {
        self.fates.values().filter(|f| **f == fate).count()
    }

    fn soon(&mut self, millis: u64, later: Later) {
        self.turns += 1;
        self.later.push((self.now + Duration::from_millis(millis), self.turns, later));
    }

    fn roll(&mut self, rate: f64) -> bool {
        rate > 0.0 && (self.random() % 1_000_000) < (rate * 1e6) as u64
    }

    fn random(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice >> 11
    }
}
