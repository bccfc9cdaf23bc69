//! The decision, at single moments. Whole batches are in the bench `nights`.

use std::time::Duration;

use super::*;
use crate::task::Quota;

const PRICES: Prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
const LIMIT: Duration = Duration::from_secs(600);

fn situation(left: u64, waiting: usize) -> Situation<'static> {
    let left = Duration::from_secs(left);
    Situation { left, waiting, others: [0, 0], in_flight: &[], slots: 10, prices: PRICES, budget: None }
}

fn mode(situation: Situation<'_>) -> Option<Mode> {
    decide(&situation, &DurationEstimates::published(LIMIT))
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
    let mut estimates = DurationEstimates::published(LIMIT);
    (60..70).for_each(|took| estimates.add(Mode::Relaxed, Duration::from_secs(took)));
    let running: Vec<_> = (0..10).map(|_| (Mode::Relaxed, Duration::from_secs(70))).collect();
    (0..100).for_each(|n| estimates.add(Mode::Fast, Duration::from_secs(40 + n % 40)));
    let calm = Situation { slots: 11, ..situation(650, 50) };
    assert_eq!(decide(&calm, &estimates), Some(Mode::Relaxed));
    let quick: Vec<_> = running.iter().map(|(mode, _)| (*mode, Duration::from_secs(5))).collect();
    assert_eq!(decide(&Situation { in_flight: &quick, ..calm }, &estimates), Some(Mode::Relaxed));
    assert_eq!(decide(&Situation { in_flight: &running, ..calm }, &estimates), Some(Mode::Fast));
}

#[test]
fn tasks_that_miss_the_deadline_even_if_all_is_fast_are_counted() {
    let estimates = DurationEstimates::published(LIMIT);
    let risk = |situation| at_risk(&situation, &estimates);
    assert_eq!(risk(situation(3600, 100)), 0);
    assert_eq!(risk(situation(125, 100)), 80, "two rounds of a minute in ten slots");
    assert_eq!(risk(situation(0, 7)), 7);
    let running = [(Mode::Relaxed, Duration::ZERO), (Mode::Fast, Duration::from_secs(50))];
    assert_eq!(risk(Situation { in_flight: &running, slots: 2, ..situation(130, 0) }), 1);
}
