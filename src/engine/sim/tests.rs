//! How busy the engine keeps the slots of a service that behaves, and at how many requests.

use std::time::Duration;

use super::super::{DEFAULT_TIMEOUT, ObservedDurations, Policy, Waiting, published_duration};
use super::*;
use crate::task::{Mode, TaskRow};

const JOBS: i64 = 150;

/// The sums of five runs of 150 jobs in these modes, in turns; the share of busy slots is the mean.
fn five_runs(modes: &[Mode], change: impl Fn(&mut Simulation)) -> SimStats {
    let modes = modes.iter().cycle();
    let waiting = (0..JOBS).zip(modes).map(|(row, mode)| Waiting {
        task: TaskRow(row),
        mode: (*mode).into(),
        timeout: DEFAULT_TIMEOUT * 2,
    });
    let mut simulation = Simulation {
        policy: Policy::default(),
        waiting: waiting.collect(),
        resumed: Vec::new(),
        observed: ObservedDurations::default(),
        slots: 10,
        round_trip: Duration::from_millis(180),
        intent_write: Duration::from_millis(60),
        slot_freed_after: Duration::ZERO,
        callback_after: None,
    };
    change(&mut simulation);
    let mut sum = SimStats::default();
    for seed in 1..=5 {
        let mut rng = SimRng::of_stream(seed, 0);
        let stats = simulation.run(&mut |mode| {
            SimJob::done_after(match mode {
                Mode::Fast => published_duration(mode, rng.next_f64()),
                Mode::Relaxed => Duration::from_secs_f64(rng.uniform(60.0, 600.0)),
            })
        });
        assert_eq!(stats.accepted(), JOBS as u64, "all are done");
        sum.slots_busy += stats.slots_busy / 5.0;
        sum.jobs[0] += stats.accepted();
        sum.submits += stats.submits;
        sum.polls += stats.polls;
        sum.slot_refusals += stats.slot_refusals;
    }
    sum
}

#[track_caller]
fn holds(stats: &SimStats, busy: f64, requests: f64) {
    assert!(stats.slots_busy >= busy, "slots are busy {:.4} of the time", stats.slots_busy);
    assert!(stats.requests_a_job() <= requests, "{:.3} requests a job", stats.requests_a_job());
}

#[test]
fn slots_are_busy_at_few_requests() {
    let often = |simulation: &mut Simulation| simulation.policy.poll_max = Duration::from_secs(15);
    holds(&five_runs(&[Mode::Fast], |_| {}), 0.97, 3.2);
    holds(&five_runs(&[Mode::Fast, Mode::Relaxed], |_| {}), 0.97, 3.1);
    holds(&five_runs(&[Mode::Relaxed], |_| {}), 0.97, 3.25);
    // With jobs of five minutes, ten slots and a request every 15 s at least there are two and a
    // half for each job.
    holds(&five_runs(&[Mode::Relaxed], often), 0.975, 3.6);
}

#[test]
fn callbacks_leave_little_to_poll() {
    let called_back = |simulation: &mut Simulation| {
        simulation.policy.callbacks = true;
        simulation.callback_after = Some(Duration::from_millis(100));
    };
    holds(&five_runs(&[Mode::Fast], called_back), 0.985, 1.3);
    holds(&five_runs(&[Mode::Fast, Mode::Relaxed], called_back), 0.985, 1.3);
}

#[test]
fn callbacks_that_never_come_cost_little() {
    let promised = |simulation: &mut Simulation| simulation.policy.callbacks = true;
    holds(&five_runs(&[Mode::Fast], promised), 0.96, 3.2);
}

#[test]
fn a_concurrency_above_the_slots_of_the_account_costs_few_refusals_and_no_time() {
    let stats = five_runs(&[Mode::Fast], |simulation| simulation.policy.concurrency = 40);
    holds(&stats, 0.965, 3.3);
    assert!(stats.refusals_a_job() < 0.15, "{:.3} refusals a job", stats.refusals_a_job());
}

#[test]
fn all_slots_of_a_larger_account_are_used() {
    let more = |simulation: &mut Simulation| {
        (simulation.policy.concurrency, simulation.slots) = (40, 40);
    };
    let stats = five_runs(&[Mode::Relaxed], more);
    assert_eq!(stats.slot_refusals, 0);
    holds(&stats, 0.95, 3.0);
}

#[test]
fn slots_that_are_freed_late_cost_few_refusals_and_are_all_used() {
    for late in [1, 3, 10] {
        let stats = five_runs(&[Mode::Fast], |simulation| {
            simulation.slot_freed_after = Duration::from_secs(late);
        });
        assert!(stats.refusals_a_job() < 0.25, "{:.3} at {late} s", stats.refusals_a_job());
        let used = stats.slots_busy * (57.5 + late as f64) / 57.5;
        assert!(used > 0.94, "slots are used {used:.3} of the time they are ours, at {late} s");
    }
}
