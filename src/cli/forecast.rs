//! The forecast of `mjbatch plan`, in words and as JSON: when the batch would end, and what more
//! slots would change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::batch::{DueTime, ForecastReport};
use crate::engine::Forecast;

/// What is said of the cost where a job has no price.
pub(super) const COST_UNKNOWN: &str =
    "cost: unknown; set the price of a job with `--prices fast=4,relaxed=2`";
/// From this many observed jobs on, their durations outweigh the published ones.
const FEW: usize = 20;

/// A forecast to show.
pub(super) struct ForecastView<'a>(pub(super) &'a ForecastReport);

impl ForecastView<'_> {
    /// The forecast in words, one line or two.
    pub(super) fn text(&self) -> String {
        let Forecast { half, nine_in_ten, learned_from, .. } = self.0.expected;
        let source = match learned_from {
            0 => "estimated from usual job times; none of this batch was seen yet".to_owned(),
            1 => "estimated from usual job times and 1 job of this batch".to_owned(),
            jobs @ 2..FEW => format!("estimated from usual job times and {jobs} jobs of this batch"),
            jobs => format!("estimated; learned from {jobs} jobs of this batch"),
        };
        let time = format!("time: about {}, in nine of ten cases under {}", about(half), under(nine_in_ten));
        let with_more = self.0.with_more.half;
        if about(with_more) == about(half) {
            return format!("{time} ({source}){}", self.of_modes()); // more slots would change nothing
        }
        let slots = format!("with {} slots instead of {}", self.0.more_slots, self.0.slots);
        format!("{time} ({source})\n      {slots}: about {}{}", about(with_more), self.of_modes())
    }

    /// The modes that are expected, and whether the deadline is met.
    fn of_modes(&self) -> String {
        let mut text = String::new();
        if self.0.retries > 0 {
            let s = if self.0.retries == 1 { "" } else { "s" };
            let words = format!("\nretries: about {} job{s}, if as many fail as so far", self.0.retries);
            text.push_str(&words);
        }
        if self.0.auto > 0 {
            let [fast, relaxed] = self.0.expected.submits;
            text.push_str(&format!("\nmodes: about {fast} fast, {relaxed} relaxed"));
            if let Some(cost) = self.0.cost {
                text.push_str(&format!("; {cost} quota"));
            }
        }
        if let Some(DueTime { words: due, .. }) = &self.0.deadline {
            text.push_str(&match self.0.expected.late {
                [0, 0] => format!("\ndeadline: {due}, met in nine of ten cases"),
                [0, n] => format!(
                    "\ndeadline: {due}, met in half of the cases; in one of ten {n} tasks or more are late"
                ),
                [n, _] => format!("\ndeadline: {due}, about {n} tasks would be late"),
            });
        }
        text
    }

    /// The forecast as JSON.
    pub(super) fn json(&self) -> Value {
        let seconds = |time: Duration| (time.as_secs_f64() * 10.0).round() / 10.0;
        json!({
            "slots": self.0.slots,
            "half_s": seconds(self.0.expected.half),
            "nine_in_ten_s": seconds(self.0.expected.nine_in_ten),
            "requests": self.0.expected.requests,
            "expected": { "fast": self.0.expected.submits[0], "relaxed": self.0.expected.submits[1],
                "again": self.0.retries,
                "quota": self.0.cost.map(|cost| cost.0 as f64 / 1000.0) },
            "deadline": self.0.deadline.as_ref().map(|due| json!({
                "text": due.words, "late_half": self.0.expected.late[0], "late_nine_in_ten": self.0.expected.late[1],
            })),
            "learned_from": self.0.expected.learned_from,
            "played": self.0.expected.played,
            "more_slots": {
                "slots": self.0.more_slots,
                "half_s": seconds(self.0.with_more.half),
                "nine_in_ten_s": seconds(self.0.with_more.nine_in_ten),
            },
        })
    }
}

/// The step in seconds to which a time is rounded: the longer the time, the coarser.
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

/// The time, rounded to the nearest step.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let grain = grain(seconds);
    words(((seconds / grain as f64).round() as u64).max(1) * grain)
}

/// The time, rounded up to the next step.
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
