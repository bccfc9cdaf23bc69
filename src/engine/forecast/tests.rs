//! Forecasts of batches whose end can be calculated.

use super::super::DEFAULT_TIMEOUT;
use super::*;
use crate::task::{AttemptKey, RemoteTaskId, TaskRow};

const SECOND: Duration = Duration::from_secs(1);

fn waiting(count: i64, mode: Mode) -> Vec<Waiting> {
    (0..count).map(|n| Waiting { task: TaskRow(n), mode: mode.into(), timeout: DEFAULT_TIMEOUT }).collect()
}

fn forecast_of(
    waiting: &[Waiting],
    resumed: &[Resumed],
    observed: &ObservedDurations,
    concurrency: usize,
) -> Forecast {
    let policy = Policy { concurrency, ..Policy::default() };
    let input =
        ForecastInput { policy: &policy, waiting, resumed, left: None, observed, speed: 1.0, seed: 1 };
    forecast(&input).unwrap()
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

fn is_about(expected: f64, forecast: f64, off: f64) {
    assert!((forecast / expected - 1.0).abs() < off, "{forecast} is not about {expected}");
}

#[test]
fn with_nothing_observed_the_published_durations_are_taken() {
    let forecast = forecast_of(&waiting(200, Mode::Fast), &[], &ObservedDurations::default(), 10);
    is_about(200.0 * 57.5 / 10.0 / 60.0, minutes(forecast.half), 0.15);
    assert!(forecast.nine_in_ten > forecast.half.mul_f64(1.05), "{forecast:?}");
    assert_eq!((forecast.learned_from, forecast.submits), (0, [200, 0]));
    let forecast = forecast_of(&waiting(200, Mode::Relaxed), &[], &ObservedDurations::default(), 10);
    is_about(200.0 * 240.0 / 10.0 / 60.0, minutes(forecast.half), 0.2);
}

#[test]
fn observed_durations_outweigh_published_ones_and_narrow_the_spread() {
    let took = (0..200).map(|n| SECOND * (150 + n % 60)).collect();
    let observed = ObservedDurations { fast: took, relaxed: vec![SECOND], ..ObservedDurations::default() };
    let forecast = forecast_of(&waiting(200, Mode::Fast), &[], &observed, 10);
    is_about(200.0 * 175.0 / 10.0 / 60.0, minutes(forecast.half), 0.08);
    assert!(forecast.nine_in_ten < forecast.half.mul_f64(1.08), "{forecast:?}");
    assert_eq!(forecast.learned_from, 200, "modes that are not needed do not count");
}

#[test]
fn twice_the_slots_take_half_the_time_and_twice_the_tasks_twice() {
    let tasks = waiting(400, Mode::Fast);
    let one = forecast_of(&tasks, &[], &ObservedDurations::default(), 10);
    is_about(
        0.5,
        forecast_of(&tasks, &[], &ObservedDurations::default(), 20).half.div_duration_f64(one.half),
        0.15,
    );
    let many = waiting(400_000, Mode::Fast);
    let large = forecast_of(&many, &[], &ObservedDurations::default(), 10);
    is_about(1000.0, large.half.div_duration_f64(one.half), 0.05);
    assert_eq!((large.submits[0], large.played), (400_000, 500));
    is_about(400_000.0 * one.requests as f64 / 400.0, large.requests as f64, 0.1);
}

#[test]
fn running_jobs_are_followed_for_the_rest_of_their_time() {
    let one = |age| Resumed {
        attempt: AttemptKey(7),
        waiting: waiting(1, Mode::Relaxed)[0],
        mode: Mode::Relaxed,
        task_id: RemoteTaskId("old".into()),
        age,
        second_look: false,
    };
    let left = |age| forecast_of(&[], &[one(age)], &ObservedDurations::default(), 10);
    let (young, old) = (left(Duration::ZERO), left(SECOND * 400));
    assert!(young.nine_in_ten > SECOND * 300, "{young:?}");
    assert!(old.nine_in_ten < SECOND * 245 && old.half > SECOND * 20, "{old:?}");
    assert_eq!(young.submits, [0, 0]);
}

#[test]
fn the_same_seed_gives_the_same_forecast_and_another_one_much_the_same() {
    let (policy, tasks, observed) =
        (Policy::default(), waiting(50, Mode::Relaxed), ObservedDurations::default());
    let by = |seed| {
        let (waiting, resumed) = (&tasks[..], &[][..]);
        forecast(&ForecastInput {
            policy: &policy,
            waiting,
            resumed,
            left: None,
            observed: &observed,
            speed: 1.0,
            seed,
        })
    };
    let (one, two) = (by(1).unwrap(), by(2).unwrap());
    assert_eq!(Some(one), by(1));
    assert_ne!(one, two);
    is_about(1.0, one.half.div_duration_f64(two.half), 0.1);
}

#[test]
fn the_cost_is_that_of_all_submits() {
    let mut both = waiting(3, Mode::Fast);
    both.extend((3..5).map(|n| Waiting { task: TaskRow(n), ..waiting(1, Mode::Relaxed)[0] }));
    let forecast = forecast_of(&both, &[], &ObservedDurations::default(), 10);
    let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(2000)) };
    assert_eq!(forecast.cost(&prices), Some(Quota(16_000)));
    assert_eq!(forecast.cost(&Prices { fast: None, ..prices }), None);
}

#[test]
fn jobs_fail_as_often_as_before_and_are_retried_as_often_as_the_policy_says() {
    let (tasks, observed) = (
        waiting(100, Mode::Fast),
        ObservedDurations { done: 80, failed: 20, ..ObservedDurations::default() },
    );
    let with = |retries| {
        let policy = Policy { retries, ..Policy::default() };
        let (waiting, resumed, observed) = (&tasks[..], &[][..], &observed);
        forecast(&ForecastInput {
            policy: &policy,
            waiting,
            resumed,
            left: None,
            observed,
            speed: 1.0,
            seed: 1,
        })
    };
    let (never, twice) = (with(0).unwrap(), with(2).unwrap());
    assert_eq!(never.submits, [100, 0]);
    is_about(twice.submits[0] as f64, 100.0 * (1.0 + 0.2 + 0.04), 0.03);
    assert!(twice.half > never.half, "{twice:?} {never:?}");
}

#[test]
fn nothing_to_do_has_no_forecast_and_callbacks_save_requests() {
    let tasks = waiting(100, Mode::Fast);
    let observed = ObservedDurations::default();
    let with = |callbacks, waiting| {
        let policy = Policy { callbacks, ..Policy::default() };
        forecast(&ForecastInput {
            policy: &policy,
            waiting,
            resumed: &[],
            left: None,
            observed: &observed,
            speed: 1.0,
            seed: 1,
        })
    };
    assert_eq!(with(false, &[]), None);
    let (polled, called) = (with(false, &tasks).unwrap(), with(true, &tasks).unwrap());
    assert!(called.requests < polled.requests && called.half < polled.half, "{polled:?} {called:?}");
}
