//! Nights in virtual time: batches under a deadline, beside the cheapest schedule that knew every duration beforehand.
//!
//! **The model.** So many slots, a free one is filled at once. The n-th fast job takes the n-th fast duration of the night and
//! the n-th relaxed one the n-th relaxed duration: how long a job takes is the service's doing and not the prompt's. Fast
//! takes 25 to 90 seconds, relaxed 60 to 600 and most of them short.
//!
//! **The cheapest schedule** sends as few as it can fast. A lower bound for it, so that the ratios err against us: it needs at
//! least so many that the durations of the others and of these can be laid into the slots by what every schedule is bound by
//! (no job longer than the night, the sum no more than the slot time, and of the longest `h·slots + 1` jobs some slot has
//! `h + 1`). It begins with no job, knows all durations, and needs no reserve.

use std::time::Duration;

use super::*;
use crate::task::Quota;

const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
const LIMIT: Duration = Duration::from_secs(600);

struct Dice(u64);

impl Dice {
    fn luck(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.luck()
    }
}

#[derive(Debug)]
struct Night {
    slots: usize,
    deadline: f64,
    fast: Vec<f64>,
    relaxed: Vec<f64>,
    beliefs: Beliefs,
}

#[derive(Debug)]
struct Played {
    fast: usize,
    sent: usize,
    ended: f64,
    spent: u64,
}

impl Night {
    /// A night by its number; what is believed of it at first is off by up to half, or more than half as much again.
    fn of(seed: u64) -> Night {
        let mut dice = Dice(seed.wrapping_mul(77_777));
        let tasks = dice.between(10.0, 601.0) as usize;
        let slots = dice.between(4.0, 13.0) as usize;
        let fast: Vec<f64> = (0..tasks).map(|_| dice.between(25.0, 90.0)).collect();
        let relaxed: Vec<f64> = (0..tasks).map(|_| 60.0 + 540.0 * dice.luck().powi(2)).collect();
        let all = |takes: &[f64]| takes.iter().sum::<f64>() / slots as f64;
        // From where all-fast may miss it to where all-relaxed is easy.
        let deadline = dice.between(0.9 * all(&fast) + 30.0, 1.3 * all(&relaxed) + 300.0);
        let mut belief = |mean: f64, longest: f64| {
            let wrong = dice.between(0.5, 1.7);
            let [mean, longest] = [mean, longest].map(|time| Duration::from_secs_f64(time * wrong));
            Belief::new(mean, longest, LIMIT)
        };
        let beliefs = Beliefs { fast: belief(57.5, 90.0), relaxed: belief(240.0, 600.0) };
        Night { slots, deadline, fast, relaxed, beliefs }
    }

    fn tasks(&self) -> usize {
        self.fast.len()
    }

    /// Plays it with what `choose` says for each task; stops where it says nothing.
    fn play(
        &self,
        budget: Option<u64>,
        mut choose: impl FnMut(&Situation<'_>, &Beliefs) -> Option<Mode>,
    ) -> Played {
        let mut beliefs = self.beliefs.clone();
        let mut running: Vec<(f64, f64, Mode)> = Vec::new(); // end, begin, mode
        let (mut now, mut sent, mut played) =
            (0.0_f64, [0, 0], Played { fast: 0, sent: 0, ended: 0.0, spent: 0 });
        while sent[0] + sent[1] < self.tasks() {
            if running.len() == self.slots {
                let first =
                    (0..running.len()).min_by(|a, b| running[*a].0.total_cmp(&running[*b].0)).unwrap();
                let (end, begin, mode) = running.swap_remove(first);
                now = now.max(end);
                beliefs.learn(mode, Duration::from_secs_f64(end - begin));
            }
            let in_flight: Vec<_> = running
                .iter()
                .map(|(_, begin, mode)| (*mode, Duration::from_secs_f64(now - begin)))
                .collect();
            let situation = Situation {
                left: Duration::from_secs_f64((self.deadline - now).max(0.0)),
                waiting: self.tasks() - sent[0] - sent[1],
                others: [0, 0],
                in_flight: &in_flight,
                slots: self.slots,
                prices: PRICES,
                budget: budget.map(|budget| Quota(budget - played.spent)),
            };
            let Some(mode) = choose(&situation, &beliefs) else { break };
            let takes = [&self.fast, &self.relaxed][mode as usize][sent[mode as usize]];
            sent[mode as usize] += 1;
            played.spent += PRICES.of(mode).unwrap().0;
            played.ended = played.ended.max(now + takes);
            running.push((now + takes, now, mode));
        }
        (played.fast, played.sent) = (sent[0], sent[0] + sent[1]);
        played
    }

    /// The fewest fast jobs with which any schedule might be in time; `None` where none is.
    fn fewest_fast(&self) -> Option<usize> {
        (0..=self.tasks()).find(|fast| {
            let mut jobs = [&self.fast[..*fast], &self.relaxed[..self.tasks() - fast]].concat();
            jobs.sort_by(|a, b| b.total_cmp(a));
            self.might_fit(&jobs)
        })
    }

    /// The same where each prompt has its own duration in relaxed mode, known beforehand, so that the longest are sent fast.
    fn fewest_fast_of_known_prompts(&self) -> Option<usize> {
        let mut relaxed = self.relaxed.clone();
        relaxed.sort_by(f64::total_cmp);
        (0..=self.tasks()).find(|fast| {
            let mut jobs = [&self.fast[..*fast], &relaxed[..self.tasks() - fast]].concat();
            jobs.sort_by(|a, b| b.total_cmp(a));
            self.might_fit(&jobs)
        })
    }

    /// Whether these jobs, the longest first, can be laid into the slots as far as simple bounds say.
    fn might_fit(&self, jobs: &[f64]) -> bool {
        let crowd =
            |h: usize| jobs.get(h * self.slots - h..=h * self.slots).map(|jobs| jobs.iter().sum::<f64>());
        let crowded = (1..).map_while(crowd).any(|sum| sum > self.deadline);
        jobs[0] <= self.deadline && jobs.iter().sum::<f64>() <= self.slots as f64 * self.deadline && !crowded
    }

    /// In quota: 4 for a fast job, 2 for a relaxed one.
    fn cost(&self, fast: usize) -> f64 {
        (4 * fast + 2 * (self.tasks() - fast)) as f64
    }
}

/// What a night cost, beside the least that it might have cost.
struct Ratio {
    tasks: usize,
    cost: f64,
    cost_of_known_prompts: f64,
}

/// The mean and the largest.
fn mean_and_worst(ratios: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (ratios.clone().sum::<f64>() / ratios.clone().count() as f64, ratios.fold(0.0, f64::max))
}

/// `MJBATCH_NIGHTS=3000 cargo test --lib auto -- --nocapture` plays more of them and tells the figures.
#[test]
fn no_night_is_late_that_all_fast_would_not_make_late_and_the_cost_is_near_the_least() {
    let nights = std::env::var("MJBATCH_NIGHTS").ok().and_then(|nights| nights.parse().ok()).unwrap_or(300);
    let mut ratios = Vec::new();
    for seed in 0..nights {
        let night = Night::of(seed);
        if night.play(None, |_, _| Some(Mode::Fast)).ended > night.deadline {
            continue; // late whatever is done
        }
        let auto = night.play(None, decide);
        assert!(auto.ended <= night.deadline, "night {seed} is late by {}", auto.ended - night.deadline);
        let over = |fewest: Option<usize>| night.cost(auto.fast) / night.cost(fewest.unwrap());
        ratios.push(Ratio {
            tasks: night.tasks(),
            cost: over(night.fewest_fast()),
            cost_of_known_prompts: over(night.fewest_fast_of_known_prompts()),
        });
    }
    let all = mean_and_worst(ratios.iter().map(|ratio| ratio.cost));
    let large = mean_and_worst(ratios.iter().filter(|ratio| ratio.tasks >= 200).map(|ratio| ratio.cost));
    let known = mean_and_worst(ratios.iter().map(|ratio| ratio.cost_of_known_prompts));
    println!("{} nights, none late; cost over the least, mean and worst: all {all:.3?}", ratios.len());
    println!("200 tasks and more {large:.3?}, all if the longest prompts were known {known:.3?}");
    assert!(ratios.len() > nights as usize * 9 / 10, "most nights can be kept");
    assert!(all.0 < 1.06 && large.0 < 1.02 && large.1 < 1.11, "all {all:?} large {large:?}");
    assert!(ratios.iter().all(|ratio| ratio.cost >= 1.0), "cheaper than the least: the bound is wrong");
}

#[test]
fn the_budget_is_never_passed_and_buys_every_task_before_it_buys_speed() {
    for seed in 0..20 {
        let night = Night::of(seed);
        let relaxed = 2000 * night.tasks() as u64;
        for budget in [relaxed / 3, relaxed, relaxed + 2000 * night.tasks() as u64 / 4] {
            let played = night.play(Some(budget), decide);
            assert!(played.spent <= budget, "night {seed}: {} of {budget}", played.spent);
            if budget >= relaxed {
                assert_eq!(played.sent, night.tasks(), "night {seed}");
            }
        }
    }
}

fn situation(left: u64, waiting: usize) -> Situation<'static> {
    let left = Duration::from_secs(left);
    Situation { left, waiting, others: [0, 0], in_flight: &[], slots: 10, prices: PRICES, budget: None }
}

fn mode(situation: Situation<'_>) -> Option<Mode> {
    decide(&situation, &Beliefs::usual(LIMIT))
}

#[test]
fn with_time_enough_all_is_relaxed_and_with_too_little_or_none_all_is_fast() {
    assert_eq!(mode(situation(8 * 3600, 100)), Some(Mode::Relaxed));
    assert_eq!(mode(situation(600, 1)), Some(Mode::Relaxed));
    assert_eq!(mode(situation(599, 1)), Some(Mode::Fast), "it may take ten minutes");
    assert_eq!(mode(situation(600, 100)), Some(Mode::Fast));
    assert_eq!(mode(situation(0, 100)), Some(Mode::Fast), "late, but as soon as can be");
}

#[test]
fn tasks_of_a_mode_of_their_own_need_their_time_too() {
    let hour = situation(3600, 10);
    assert_eq!(mode(hour), Some(Mode::Relaxed));
    assert_eq!(mode(Situation { others: [0, 100], ..hour }), Some(Mode::Fast));
    assert_eq!(mode(Situation { others: [300, 0], ..hour }), Some(Mode::Fast));
}

#[test]
fn a_budget_without_prices_buys_nothing_and_no_budget_needs_none() {
    let unpriced = Situation { prices: Prices::default(), ..situation(8 * 3600, 10) };
    assert_eq!(mode(unpriced), Some(Mode::Relaxed));
    assert_eq!(mode(Situation { budget: Some(Quota(1_000_000)), ..unpriced }), None);
    let with = |budget| mode(Situation { budget: Some(Quota(budget)), ..situation(60, 3) });
    assert_eq!(
        [with(1999), with(2000), with(7999), with(8000)],
        [None, Some(Mode::Relaxed), Some(Mode::Relaxed), Some(Mode::Fast)]
    );
}

#[test]
fn where_fast_is_no_dearer_it_is_always_fast() {
    let prices = Prices { fast: Some(Quota(2000)), relaxed: Some(Quota(2000)) };
    assert_eq!(mode(Situation { prices, ..situation(8 * 3600, 10) }), Some(Mode::Fast));
}

#[test]
fn quick_jobs_that_end_first_do_not_make_the_others_look_quick() {
    let mut beliefs = Beliefs::usual(LIMIT);
    (60..70).for_each(|took| beliefs.learn(Mode::Relaxed, Duration::from_secs(took)));
    let running: Vec<_> = (0..10).map(|_| (Mode::Relaxed, Duration::from_secs(70))).collect();
    (0..100).for_each(|n| beliefs.learn(Mode::Fast, Duration::from_secs(40 + n % 40)));
    let calm = Situation { slots: 11, ..situation(650, 50) };
    assert_eq!(decide(&calm, &beliefs), Some(Mode::Relaxed));
    let quick: Vec<_> = running.iter().map(|(mode, _)| (*mode, Duration::from_secs(5))).collect();
    assert_eq!(decide(&Situation { in_flight: &quick, ..calm }, &beliefs), Some(Mode::Relaxed));
    assert_eq!(decide(&Situation { in_flight: &running, ..calm }, &beliefs), Some(Mode::Fast));
}

#[test]
fn what_misses_the_deadline_even_if_all_is_fast_is_counted() {
    let beliefs = Beliefs::usual(LIMIT);
    let risk = |situation| at_risk(&situation, &beliefs);
    assert_eq!(risk(situation(3600, 100)), 0);
    assert_eq!(risk(situation(125, 100)), 80, "two rounds of a minute in ten slots");
    assert_eq!(risk(situation(0, 7)), 7);
    let running = [(Mode::Relaxed, Duration::ZERO), (Mode::Fast, Duration::from_secs(50))];
    assert_eq!(risk(Situation { in_flight: &running, slots: 2, ..situation(130, 0) }), 1);
}
