//! Nights in virtual time: batches under a deadline, played by the engine, beside the cheapest schedule that knew every
//! duration beforehand. What `examples/nights.rs` measures, and a test holds.
//!
//! **The model.** So many slots, ours alone. The n-th fast job takes the n-th fast duration of the night and the n-th relaxed
//! one the n-th relaxed duration: how long a job takes is the service's doing and not the prompt's. Fast takes 25 to 90
//! seconds, relaxed 60 to 600 and most of them short. What is expected at first is off by up to half, or by more than half as
//! much again. The deadline is from where all-fast may miss it to where all-relaxed is easy.
//!
//! **The cheapest schedule** sends as few as it can fast. What is reckoned with is a lower bound for it, so that the ratios err
//! against the engine: it needs at least so many that the durations of the others and of these can be laid into the slots by
//! what every schedule is bound by (no job longer than the night, the sum no more than the slot time, and of the longest
//! `h·slots + 1` jobs some slot has `h + 1`). It begins with no job, knows all durations, asks nothing, and needs no reserve.

use std::time::Duration;

use super::dice::Dice;
use super::{Figures, ObservedDurations, Policy, Trial};
use crate::task::{Mode, Prices, Quota, TaskMode};

/// A fast job costs twice a relaxed one.
const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };

/// One night: what the service will do, and what is asked of it.
#[derive(Debug, Clone)]
pub struct Night {
    /// How many jobs run at once.
    pub slots: usize,
    /// When all should have ended.
    pub deadline: Duration,
    /// How long the n-th fast job takes, for as many as there are tasks.
    fast: Vec<Duration>,
    relaxed: Vec<Duration>,
    /// How long jobs are expected to take at first.
    expected: [Duration; 2],
    /// What an earlier night taught, if there was one.
    learned: ObservedDurations,
}

impl Night {
    /// A night by its number, with 10 to 600 tasks in 4 to 12 slots.
    pub fn of(seed: u64) -> Night {
        let mut dice = Dice::new(seed, 77_777);
        let tasks = dice.between(10.0, 601.0) as usize;
        let slots = dice.between(4.0, 13.0) as usize;
        let seconds = Duration::from_secs_f64;
        let fast: Vec<Duration> = (0..tasks).map(|_| seconds(dice.between(25.0, 90.0))).collect();
        let relaxed: Vec<Duration> =
            (0..tasks).map(|_| seconds(60.0 + 540.0 * dice.between(0.0, 1.0).powi(2))).collect();
        let all = |takes: &[Duration]| takes.iter().sum::<Duration>().as_secs_f64() / slots as f64;
        let deadline = seconds(dice.between(0.9 * all(&fast) + 30.0, 1.3 * all(&relaxed) + 300.0));
        let expected = [57.5, 240.0].map(|mean| seconds(mean * dice.between(0.5, 1.7)));
        Night { slots, deadline, fast, relaxed, expected, learned: ObservedDurations::default() }
    }

    /// The same night after another one, which taught how long 50 jobs of each mode take.
    #[must_use]
    pub fn after_another(self, seed: u64) -> Night {
        let mut dice = Dice::new(!seed, 77_777);
        let fast = (0..50).map(|_| Duration::from_secs_f64(dice.between(25.0, 90.0))).collect();
        let relaxed =
            (0..50).map(|_| Duration::from_secs_f64(60.0 + 540.0 * dice.between(0.0, 1.0).powi(2))).collect();
        Night { learned: ObservedDurations { fast, relaxed, ..ObservedDurations::default() }, ..self }
    }

    /// How many tasks there are.
    pub fn tasks(&self) -> usize {
        self.fast.len()
    }

    /// Plays it, with every task of this mode.
    pub fn play(&self, mode: TaskMode) -> Figures {
        let [expect_fast, expect_relaxed] = self.expected;
        let policy = Policy {
            concurrency: self.slots,
            expect_fast,
            expect_relaxed,
            deadline: Some(self.deadline),
            prices: PRICES,
            ..Policy::default()
        };
        let trial = Trial {
            policy,
            tasks: vec![mode; self.tasks()],
            slots: self.slots,
            request: Duration::from_millis(180),
            durable: Duration::from_millis(10),
            frees_after: Duration::ZERO,
            calls_back_after: None,
            learned: self.learned.clone(),
        };
        let mut sent = [0, 0];
        trial.play(&mut |mode| {
            let n = sent[mode as usize];
            sent[mode as usize] += 1;
            match mode {
                Mode::Fast => self.fast[n],
                Mode::Relaxed => self.relaxed[n],
            }
        })
    }

    /// What so many fast jobs cost, and the rest relaxed, in quota.
    pub fn cost(&self, fast: usize) -> f64 {
        (4 * fast + 2 * (self.tasks() - fast)) as f64
    }

    /// The fewest fast jobs with which any schedule might be in time; `None` where none is.
    pub fn fewest_fast(&self) -> Option<usize> {
        (0..=self.tasks()).find(|fast| {
            let mut jobs = [&self.fast[..*fast], &self.relaxed[..self.tasks() - fast]].concat();
            jobs.sort_unstable_by(|a, b| b.cmp(a));
            self.might_fit(&jobs)
        })
    }

    /// Whether these jobs, the longest first, can be laid into the slots as far as simple bounds say.
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
