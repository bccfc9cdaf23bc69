//! The rules of money at random: a budget, retries and resends against a service that loses
//! replies, while the program is killed at any action.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::super::sim::{Agenda, SimRng, Surroundings, VirtualRun};
use super::super::*;
use super::rules::{PRICES, budget, done, failed, id};
use crate::task::{
    AttemptKey, AttemptOutcome, Change, ChangeKind, FailureClass, Mode, RemoteTaskId, State, TaskMode,
    TaskRow, transition,
};

/// The outcome of an attempt after which its task may be sent again.
const GENERATION_FAILED: (AttemptOutcome, Option<FailureClass>) =
    (AttemptOutcome::Failed, Some(FailureClass::Generation));

/// An attempt as it was written.
struct WalkedAttempt {
    task: TaskRow,
    mode: Mode,
    task_id: Option<RemoteTaskId>,
    /// How it ended, and how it failed where it did.
    outcome: Option<(AttemptOutcome, Option<FailureClass>)>,
}

/// A task's mode, and where it stands.
struct WalkedTask {
    mode: TaskMode,
    state: State,
}

/// A job that was billed.
struct WalkedJob {
    task: TaskRow,
    ends_at: Duration,
    end: Progress,
}

/// A service and a state that outlive the program.
struct BudgetWalk {
    policy: Policy,
    attempts: BTreeMap<AttemptKey, WalkedAttempt>,
    tasks: BTreeMap<TaskRow, WalkedTask>,
    jobs: HashMap<RemoteTaskId, WalkedJob>,
    /// The tasks that this run has not claimed yet.
    unclaimed: VecDeque<Waiting>,
    billed: u64,
    rng: SimRng,
    /// How many actions the program still carries out before it is killed.
    actions_left: u64,
    killed: bool,
}

impl BudgetWalk {
    fn new(policy: Policy, tasks: i64, seed: u64) -> BudgetWalk {
        let mode = |n| match n % 4 {
            1 => TaskMode::Auto,
            2 => Mode::Relaxed.into(),
            _ => Mode::Fast.into(),
        };
        let task = |n| (TaskRow(n), WalkedTask { mode: mode(n), state: State::Pending });
        BudgetWalk {
            policy,
            attempts: BTreeMap::new(),
            tasks: (0..tasks).map(task).collect(),
            jobs: HashMap::new(),
            unclaimed: VecDeque::new(),
            billed: 0,
            rng: SimRng::of_stream(seed, 1),
            actions_left: 0,
            killed: false,
        }
    }

    /// Runs until the run is over, or is killed after so many actions.
    fn run(&mut self, actions: u64, agenda: &mut Agenda<Event>) -> Option<StopReason> {
        (self.actions_left, self.killed) = (actions, false);
        agenda.forget_pending();
        let engine = self.begin();
        let mut run = VirtualRun::start(engine, self, agenda);
        loop {
            if run.surroundings.killed {
                return None;
            }
            if let Some(ending) = run.engine.over() {
                return Some(ending.clone());
            }
            let step = run.next_step().expect("it waits for something");
            run.take(step);
        }
    }

    /// The engine of a program that starts from what was written alone.
    fn begin(&mut self) -> Engine {
        let mut history = History::default();
        for row in self.attempts.values_mut() {
            if row.outcome.is_none() && row.task_id.is_none() {
                row.outcome = Some((AttemptOutcome::Unknown, None));
                self.tasks.get_mut(&row.task).unwrap().state = State::Unknown;
            }
            if row.outcome.is_none_or(|(outcome, _)| outcome.is_spent()) {
                history.spent.0 += PRICES.of(row.mode).unwrap().0;
            }
            if row.outcome == Some(GENERATION_FAILED) {
                *history.failures.entry(row.task).or_default() += 1;
            }
        }
        let of_state = |state: State| self.tasks.iter().filter(move |(_, task)| task.state == state);
        let unclaimed: VecDeque<_> = of_state(State::Pending).map(|(row, _)| self.waiting(*row)).collect();
        let running = |(attempt, row): (&AttemptKey, &WalkedAttempt)| {
            let task_id = row.task_id.clone().filter(|_| row.outcome.is_none())?;
            let waiting = self.waiting(row.task);
            let (mode, age, second_look) = (row.mode, Duration::ZERO, false);
            Some(Resumed { attempt: *attempt, waiting, mode, task_id, age, second_look })
        };
        let mut resumed: Vec<_> = self.attempts.iter().filter_map(running).collect();
        resumed.sort_by_key(|resumed| resumed.waiting.task);
        let last: BTreeMap<_, _> = self.attempts.iter().map(|(attempt, row)| (row.task, *attempt)).collect();
        let in_doubt = of_state(State::Unknown).map(|(row, _)| Unacknowledged {
            attempt: last[row],
            waiting: self.waiting(*row),
            mode: self.attempts[&last[row]].mode,
            age: Duration::ZERO,
            called_back: false,
        });
        let in_doubt = in_doubt.collect();
        self.unclaimed = unclaimed;
        Engine::new(self.policy.clone(), Backlog::of(&self.unclaimed), resumed)
            .with_history(history)
            .with_in_doubt(in_doubt)
    }

    fn waiting(&self, task: TaskRow) -> Waiting {
        Waiting { task, mode: self.tasks[&task].mode, timeout: DEFAULT_TIMEOUT }
    }

    /// Records an intent as the store does, which numbers the attempt and checks the budget once
    /// more.
    fn intend(&mut self, row: TaskRow, mode: Mode) -> AttemptKey {
        let is_spent = |row: &&WalkedAttempt| row.outcome.is_none_or(|(outcome, _)| outcome.is_spent());
        let price = |mode| PRICES.of(mode).unwrap().0;
        let spent: u64 = self.attempts.values().filter(is_spent).map(|row| price(row.mode)).sum();
        let cap = self.policy.budget.unwrap().0;
        assert!(spent + price(mode) <= cap, "the engine intends what the store would refuse");
        let attempt = AttemptKey(self.attempts.keys().next_back().map_or(1, |last| last.0 + 1));
        let task = self.tasks.get_mut(&row).unwrap();
        assert_eq!(task.state, State::Pending, "{row:?} is intended again");
        assert!(task.mode.may_be().contains(&mode), "{row:?} is sent {mode}");
        task.state = State::Submitting;
        self.attempts.insert(attempt, WalkedAttempt { task: row, mode, task_id: None, outcome: None });
        attempt
    }

    fn submit(&mut self, now: Duration, attempt: AttemptKey, task: TaskRow) -> SubmitOutcome {
        let not_failed = |job: &WalkedJob| job.task == task && !matches!(job.end, Progress::Failed(_));
        let may = !self.jobs.values().any(not_failed) || self.policy.resend_unknown;
        assert!(may, "{task:?} is paid for again, and its job did not fail");
        let running = self.jobs.values().filter(|job| job.ends_at > now).count();
        match self.rng.below(100) {
            0..5 => return SubmitOutcome::NotSent("refused".into()),
            5..8 => return SubmitOutcome::Refused(Refusal::Content("no".into())),
            8..11 => return SubmitOutcome::Refused(Refusal::TooFast(Some(Duration::from_secs(1)))),
            11..13 => return SubmitOutcome::Unknown("lost on the way there".into()),
            _ if running >= 10 => return SubmitOutcome::Refused(Refusal::Slots),
            _ => {}
        }
        let end = match self.rng.below(10) {
            0..3 => failed(FailureClass::Generation),
            3 => failed(FailureClass::Moderated),
            _ => done(),
        };
        let ends_at = now + Duration::from_secs(20 + self.rng.below(60));
        self.jobs.insert(id(attempt), WalkedJob { task, ends_at, end });
        self.billed += PRICES.of(self.attempts[&attempt].mode).unwrap().0;
        let cap = self.policy.budget.unwrap().0;
        assert!(self.billed <= cap, "{} of {cap} are billed", self.billed);
        match self.rng.below(100) {
            0..5 => SubmitOutcome::Unknown("lost on the way back".into()),
            _ => SubmitOutcome::Accepted(id(attempt)),
        }
    }

    fn item(&self, now: Duration, task_id: &RemoteTaskId) -> Item {
        let job = &self.jobs[task_id];
        let progress = if job.ends_at <= now { job.end.clone() } else { Progress::Running };
        Item { task_id: task_id.clone(), progress }
    }

    fn record(&mut self, change: Change) {
        let attempt = self.attempts.get_mut(&change.attempt).unwrap();
        let state = &mut self.tasks.get_mut(&attempt.task).unwrap().state;
        let Some(next) = transition(*state, &change.kind).unwrap() else { return };
        *state = next.state;
        match change.kind {
            ChangeKind::Accepted(task_id) => attempt.task_id = Some(task_id),
            _ => attempt.outcome = Some((next.outcome, next.class)),
        }
    }
}

impl Surroundings for BudgetWalk {
    type Scheduled = Event;

    fn execute(&mut self, action: Action, agenda: &mut Agenda<Event>) {
        self.killed |= self.actions_left == 0;
        if self.killed {
            return;
        }
        self.actions_left -= 1;
        let milliseconds = Duration::from_millis;
        match action {
            Action::RecordIntent(intent, task, mode) => {
                let attempt = self.intend(task, mode);
                agenda.schedule(milliseconds(1), Event::IntentRecorded { intent, attempt });
            }
            Action::ClaimTasks(count) => {
                let count = count.min(self.unclaimed.len());
                let tasks: Vec<_> = self.unclaimed.drain(..count).collect();
                agenda.schedule(milliseconds(3), Event::TasksClaimed(tasks.into()));
            }
            Action::Submit(attempt, task) => {
                let outcome = self.submit(agenda.now(), attempt, task);
                agenda.schedule(milliseconds(40), Event::SubmitReply(attempt, outcome));
            }
            Action::PollStatus(ids) => {
                let items = ids.iter().map(|id| self.item(agenda.now(), id)).collect();
                let outcome = StatusOutcome::Items(items);
                agenda.schedule(milliseconds(20), Event::StatusReply(ids, outcome));
            }
            Action::Record(change) => self.record(change),
            Action::Notify(_) => {}
        }
    }

    fn occur(&mut self, due: Event, _: &mut Agenda<Event>) -> Option<Event> {
        Some(due)
    }
}

#[test]
fn whatever_is_lost_and_whenever_it_is_killed_the_budget_holds_and_nothing_is_paid_for_twice() {
    let seeds = std::env::var("MJBATCH_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let mut endings = HashSet::new();
    for seed in 0..seeds {
        let retries = (seed % 4) as u32;
        let policy = Policy {
            retries,
            resend_unknown: seed % 5 == 4,
            portion: [None, Some(1), Some(3)][(seed / 7 % 3) as usize],
            seed,
            patience: Duration::from_secs(3600),
            deadline: (seed % 3 > 0).then(|| Duration::from_secs(seed % 23 * 60)),
            ..budget(20_000 + seed % 7 * 15_000)
        };
        let (mut walk, mut agenda) = (BudgetWalk::new(policy, 20, seed), Agenda::new());
        for _ in 0..walk.rng.below(6) {
            let actions = walk.rng.below(150);
            walk.run(actions, &mut agenda);
        }
        let ending = (0..200).find_map(|_| {
            let ending = walk.run(u64::MAX, &mut agenda)?;
            (!matches!(ending, StopReason::Unreachable(_))).then_some(ending)
        });
        let ending = ending.unwrap_or_else(|| panic!("seed {seed} does not end"));
        let left = walk.tasks.values().filter(|task| task.state == State::Pending).count();
        assert_eq!(ending == StopReason::BudgetReached, left > 0, "seed {seed}: {ending:?} with {left} left");
        for (row, task) in &walk.tasks {
            let of_task = walk.attempts.values().filter(|attempt| attempt.task == *row);
            let failures = of_task.filter(|attempt| attempt.outcome == Some(GENERATION_FAILED)).count();
            assert!(failures <= 1 + retries as usize, "seed {seed}: {row:?} failed {failures} times");
            let settled = !matches!(task.state, State::Running | State::Submitting);
            assert!(settled, "seed {seed}: {row:?} is {:?}", task.state);
        }
        endings.insert(ending == StopReason::BudgetReached);
    }
    assert_eq!(endings.len(), 2, "the budget was sometimes enough");
}
