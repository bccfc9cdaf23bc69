//! Batches under a deadline in virtual time, played by the engine, beside the cheapest schedule
//! that knew every duration beforehand. The bench `nights` measures it, and an integration test
//! holds it.
//!
//! **The model.** A batch has so many slots for itself alone. The n-th fast job takes the n-th fast
//! duration of the night and the n-th relaxed one the n-th relaxed duration: how long a job takes
//! is the service's doing and not the prompt's. Both are drawn as published. What the engine
//! expects at first is off by up to half, or by more than half as much again. The deadline is from
//! where all-fast may miss it to where all-relaxed is easy.
//!
//! **The cheapest schedule** sends as few tasks fast as it can. The benchmark uses a lower bound
//! for that number, so that the ratios err against the engine: the durations of all jobs must fit
//! into the slots by what binds every schedule (no job is longer than the night, their sum is no
//! more than the slot time, and of the longest `h·slots + 1` jobs some slot has `h + 1`). It begins
//! with no job, knows all durations, polls for nothing, and needs no reserve.

use std::time::Duration;

use mjbatch::engine::sim::{SimJob, SimRng, SimStats, Simulation};
use mjbatch::engine::{DEFAULT_TIMEOUT, ObservedDurations, Policy, Waiting, published_duration};
use mjbatch::task::{Mode, Prices, Quota, TaskMode, TaskRow};

/// A fast job costs twice a relaxed one.
const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
/// The stream of random numbers that nights are drawn from.
const STREAM: u64 = 77_777;

/// One night: what the service will do, and what is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct DeadlineBenchmark {
    /// How many jobs run at once.
    pub(crate) slots: usize,
    /// When all jobs should have ended, counted from the start.
    pub(crate) deadline: Duration,
    /// How long the n-th fast job takes, for as many as there are tasks.
    fast: Vec<Duration>,
    /// How long the n-th relaxed job takes, for as many as there are tasks.
    relaxed: Vec<Duration>,
    /// How long jobs are expected to take at first, by mode.
    expected: [Duration; 2],
    /// What an earlier night taught, if there was one.
    observed: ObservedDurations,
}

impl DeadlineBenchmark {
    /// The night of this number, with 10 to 600 tasks in 4 to 12 slots.
    pub(crate) fn of_night(seed: u64) -> DeadlineBenchmark {
        let mut rng = SimRng::of_stream(seed, STREAM);
        let tasks = rng.uniform(10.0, 601.0) as usize;
        let slots = rng.uniform(4.0, 13.0) as usize;
        let [fast, relaxed] = [Mode::Fast, Mode::Relaxed].map(|mode| durations(mode, tasks, &mut rng));
        let all = |takes: &[Duration]| takes.iter().sum::<Duration>().as_secs_f64() / slots as f64;
        let seconds = Duration::from_secs_f64;
        let deadline = seconds(rng.uniform(0.9 * all(&fast) + 30.0, 1.3 * all(&relaxed) + 300.0));
        let expected = [57.5, 240.0].map(|mean| seconds(mean * rng.uniform(0.5, 1.7)));
        DeadlineBenchmark { slots, deadline, fast, relaxed, expected, observed: ObservedDurations::default() }
    }

    /// The same night after another one, which taught how long 50 jobs of each mode take.
    #[must_use]
    pub(crate) fn after_another(self, seed: u64) -> DeadlineBenchmark {
        let mut rng = SimRng::of_stream(!seed, STREAM);
        let [fast, relaxed] = [Mode::Fast, Mode::Relaxed].map(|mode| durations(mode, 50, &mut rng));
        let observed = ObservedDurations { fast, relaxed, ..ObservedDurations::default() };
        DeadlineBenchmark { observed, ..self }
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> usize {
        self.fast.len()
    }

    /// Runs the batch with every task in this mode.
    pub(crate) fn run(&self, mode: TaskMode) -> SimStats {
        let [expect_fast, expect_relaxed] = self.expected;
        let policy = Policy {
            concurrency: self.slots,
            expect_fast,
            expect_relaxed,
            deadline: Some(self.deadline),
            prices: PRICES,
            ..Policy::default()
        };
        let waiting = |row| Waiting { task: TaskRow(row), mode, timeout: DEFAULT_TIMEOUT * 2 };
        let simulation = Simulation {
            policy,
            waiting: (0..self.tasks() as i64).map(waiting).collect(),
            resumed: Vec::new(),
            observed: self.observed.clone(),
            slots: self.slots,
            round_trip: Duration::from_millis(180),
            intent_write: Duration::from_millis(10),
            slot_freed_after: Duration::ZERO,
            callback_after: None,
        };
        let mut accepted = [0, 0];
        simulation.run(&mut |mode| {
            let n = accepted[mode as usize];
            accepted[mode as usize] += 1;
            SimJob::done_after(match mode {
                Mode::Fast => self.fast[n],
                Mode::Relaxed => self.relaxed[n],
            })
        })
    }

    /// The cost of so many fast jobs, the rest being relaxed, in quota.
    pub(crate) fn cost(&self, fast: usize) -> f64 {
        (4 * fast + 2 * (self.tasks() - fast)) as f64
    }

    /// The fewest fast jobs with which any schedule might be in time; `None` where none is.
    pub(crate) fn fewest_fast(&self) -> Option<usize> {
        (0..=self.tasks()).find(|fast| {
            let mut jobs = [&self.fast[..*fast], &self.relaxed[..self.tasks() - fast]].concat();
            jobs.sort_unstable_by(|a, b| b.cmp(a));
            self.might_fit(&jobs)
        })
    }

    /// Whether these jobs, the longest first, fit into the slots as far as simple bounds say.
    fn might_fit(&self, jobs: &[Duration]) -> bool {
        let crowd = |h: usize| {
            jobs.get(h * self.slots - h..=h * self.slots).map(|jobs| jobs.iter().sum::<Duration>())
        };
        let crowded = (1..).map_while(crowd).any(|sum| sum > self.deadline);
        let longest = jobs.first().copied().unwrap_or_default();
        let sum = jobs.iter().sum::<Duration>();
        longest <= self.deadline && sum <= self.deadline * self.slots as u32 && !crowded
    }
}

fn durations(mode: Mode, count: usize, rng: &mut SimRng) -> Vec<Duration> {
    (0..count).map(|_| published_duration(mode, rng.next_f64())).collect()
}
