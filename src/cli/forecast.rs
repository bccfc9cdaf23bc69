//! The forecast of `mjbatch plan`: when the batch would end, and what more slots would change, in words and as JSON.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::PlanArgs;
use super::rules::Due;
use super::settings::{REHEARSAL_SPEED, RETRIES};
use crate::engine::{
    DEFAULT_TIMEOUT, Forecast, ForecastInput, ObservedDurations, Policy, TaskRow, Waiting, forecast,
};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::store::{Snapshot, StoreError};
use crate::task::{Prices, Quota, State, TaskMode};

/// The forecast is the same for the same batch: it is not to waver between two looks.
const SEED: u64 = 1;
/// How many jobs an account runs at once, as published.
const ACCOUNT: usize = 10;

/// From so many jobs on they outweigh what is usual.
const FEW: usize = 20;

/// What a forecast goes by, besides the tasks.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    pub(super) prices: Prices,
    /// What may still be spent; none where there is no bound.
    pub(super) left: Option<Quota>,
    pub(super) due: Option<&'a Due>,
}

/// What is to be expected of a batch, and of the same with another account's slots.
#[derive(Debug)]
pub(super) struct Outlook {
    slots: usize,
    expected: Forecast,
    more_slots: usize,
    with_more: Forecast,
    /// The deadline, in words.
    due: Option<String>,
    /// How many tasks leave their mode to the run, and what all cost that are sent by the forecast.
    auto: u64,
    /// How many jobs fail and are sent again.
    again: u64,
    cost: Option<Quota>,
}

impl Outlook {
    /// Plays what the plan would submit and what runs already. `None` where there is neither.
    pub(super) fn of(
        args: &PlanArgs,
        manifest: &Manifest,
        plan: &Plan,
        snapshot: Option<&Snapshot>,
        terms: &Terms<'_>,
    ) -> Result<Option<Outlook>, StoreError> {
        let observed = snapshot.map(Snapshot::durations).transpose()?.unwrap_or_default();
        let resumed =
            snapshot.map(|snapshot| snapshot.running(Timestamp::now())).transpose()?.unwrap_or_default();
        let steps = manifest.tasks().zip(&plan.steps).zip(1..);
        let pending = steps.filter(|((_, step), _)| step.state() == State::Pending);
        let chosen = pending.filter(|(_, row)| plan.submits(*row as usize - 1));
        let mut waiting: Vec<(i16, Waiting)> = chosen
            .map(|((task, _), row)| {
                let timeout =
                    task.timeout.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.into()));
                (task.priority, Waiting { task: TaskRow(row), mode: task.mode, timeout })
            })
            .collect();
        waiting.sort_by_key(|(priority, _)| Reverse(*priority));
        let waiting: Vec<Waiting> = waiting.into_iter().map(|(_, waiting)| waiting).collect();
        let policy = policy(args, manifest, terms);
        let by = |concurrency, observed: &ObservedDurations| {
            let policy = Policy { concurrency, ..policy.clone() };
            let speed = speed(args);
            let (waiting, resumed) = (&waiting[..], &resumed[..]);
            let left = terms.left;
            forecast(&ForecastInput { policy: &policy, waiting, resumed, left, observed, speed, seed: SEED })
        };
        let (slots, more_slots) = (policy.concurrency, policy.concurrency + ACCOUNT);
        Ok(by(slots, &observed).zip(by(more_slots, &observed)).map(|(expected, with_more)| Outlook {
            slots,
            expected,
            more_slots,
            with_more,
            due: terms.due.map(|due| due.words.clone()),
            auto: plan.to_submit.of(TaskMode::Auto),
            again: match observed.failed {
                0 => 0,
                _ => expected.submits.iter().sum::<u64>().saturating_sub(plan.to_submit.total()),
            },
            cost: expected.cost(&terms.prices),
        }))
    }

    /// In words, one line or two.
    pub(super) fn text(&self) -> String {
        let Forecast { half, nine_in_ten, learned_from, .. } = self.expected;
        let source = match learned_from {
            0 => "estimated from usual job times; none of this batch was seen yet".to_owned(),
            1 => "estimated from usual job times and 1 job of this batch".to_owned(),
            jobs @ 2..FEW => format!("estimated from usual job times and {jobs} jobs of this batch"),
            jobs => format!("estimated; learned from {jobs} jobs of this batch"),
        };
        let time = format!("time: about {}, in nine of ten cases under {}", about(half), under(nine_in_ten));
        let with_more = self.with_more.half;
        if about(with_more) == about(half) {
            return format!("{time} ({source}){}", self.of_modes()); // more slots would change nothing
        }
        let slots = format!("with {} slots instead of {}", self.more_slots, self.slots);
        format!("{time} ({source})\n      {slots}: about {}{}", about(with_more), self.of_modes())
    }

    /// Which modes are to be expected, and whether the deadline is kept.
    fn of_modes(&self) -> String {
        let mut text = String::new();
        if self.again > 0 {
            let s = if self.again == 1 { "" } else { "s" };
            let words = format!("\nsent again: about {} job{s}, if as many fail as did so far", self.again);
            text.push_str(&words);
        }
        if self.auto > 0 {
            let [fast, relaxed] = self.expected.submits;
            text.push_str(&format!("\nmodes: about {fast} fast, {relaxed} relaxed"));
            if let Some(cost) = self.cost {
                text.push_str(&format!("; {cost} quota"));
            }
        }
        if let Some(due) = &self.due {
            text.push_str(&match self.expected.late {
                [0, 0] => format!("\ndeadline: {due}, kept in nine of ten cases"),
                [0, n] => format!(
                    "\ndeadline: {due}, kept in half of the cases; in one of ten {n} tasks or more are late"
                ),
                [n, _] => format!("\ndeadline: {due}, about {n} tasks would be late"),
            });
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let seconds = |time: Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
        json!({
            "slots": self.slots,
            "half_s": seconds(self.expected.half),
            "nine_in_ten_s": seconds(self.expected.nine_in_ten),
            "requests": self.expected.requests,
            "expected": { "fast": self.expected.submits[0], "relaxed": self.expected.submits[1],
                "again": self.again,
                "quota": self.cost.map(|cost| cost.0 as f64 / 1000.0) },
            "deadline": self.due.as_ref().map(|due| json!({
                "text": due, "late_half": self.expected.late[0], "late_nine_in_ten": self.expected.late[1],
            })),
            "learned_from": self.expected.learned_from,
            "played": self.expected.played,
            "more_slots": {
                "slots": self.more_slots,
                "half_s": seconds(self.with_more.half),
                "nine_in_ten_s": seconds(self.with_more.nine_in_ten),
            },
        })
    }
}

fn speed(args: &PlanArgs) -> f64 {
    if args.place.sandbox { REHEARSAL_SPEED } else { 1.0 }
}

/// As a run of the same manifest would behave.
fn policy(args: &PlanArgs, manifest: &Manifest, terms: &Terms<'_>) -> Policy {
    let default = Policy::default();
    let scaled = |time: Duration| time.div_f64(speed(args));
    let poll_min = manifest.batch.poll_min.unwrap_or_else(|| scaled(default.poll_min));
    Policy {
        concurrency: args.concurrency.or(manifest.batch.concurrency).map_or(default.concurrency, usize::from),
        poll_min,
        poll_max: manifest.batch.poll_max.unwrap_or_else(|| scaled(default.poll_max)).max(poll_min),
        expect_fast: scaled(default.expect_fast),
        expect_relaxed: scaled(default.expect_relaxed),
        retries: manifest.batch.retries.map_or(RETRIES, u32::from),
        retry_after: scaled(default.retry_after),
        prices: terms.prices,
        deadline: terms.due.map(|due| scaled(due.left)),
        ..default
    }
}

/// The grain of a time that is told: as coarse as it is uncertain, in seconds.
fn grain(seconds: f64) -> u64 {
    match seconds as u64 {
        0..60 => 5,
        60..300 => 30,
        300..5400 => 60,
        5400..36_000 => 300,
        36_000..172_800 => 1800,
        _ => 3600,
    }
}

/// The nearest one that is told.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let grain = grain(seconds);
    words(((seconds / grain as f64).round() as u64).max(1) * grain)
}

/// The next one that is told and is not less.
fn under(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let grain = grain(seconds);
    words(((seconds / grain as f64).ceil() as u64).max(1) * grain)
}

/// `45 s`, `2 min 30 s`, `41 min`, `1 h 20 min`, `2 d 4 h`.
fn words(seconds: u64) -> String {
    let pair = |big: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{big} {unit}"),
        _ => format!("{big} {unit} {small} {part}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3600..172_800 => pair(seconds / 3600, "h", seconds / 60 % 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_coarse_as_they_are_uncertain() {
        let said = |seconds: f64| {
            let time = Duration::from_secs_f64(seconds);
            (about(time), under(time))
        };
        for (seconds, near, over) in [
            (0.2, "5 s", "5 s"),
            (42.0, "40 s", "45 s"),
            (58.0, "1 min", "1 min"),
            (140.0, "2 min 30 s", "2 min 30 s"),
            (161.0, "2 min 30 s", "3 min"),
            (2_475.0, "41 min", "42 min"),
            (4_810.0, "1 h 20 min", "1 h 21 min"),
            (9_200.0, "2 h 35 min", "2 h 35 min"),
            (90_100.0, "25 h", "25 h 30 min"),
            (187_000.0, "2 d 4 h", "2 d 4 h"),
        ] {
            assert_eq!(said(seconds), (near.to_owned(), over.to_owned()), "{seconds}");
        }
    }
}
