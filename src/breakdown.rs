//! Statistics of the tasks by the values of a variable: how many succeeded, how long they took,
//! what they cost, and how many were rejected.
//!
//! The store feeds it every task and every attempt; `status --by` and the report show it. This
//! module depends on `task` only and does no I/O.

use std::collections::HashMap;
use std::time::Duration;

use crate::task::{Counts, Quota, Status};

/// The statistics of a variable, value by value, while tasks are added.
#[derive(Debug, Clone, Default)]
pub struct Breakdown {
    /// The name of the variable.
    pub variable: String,
    index: HashMap<String, usize>,
    values: Vec<ValueStats>,
}

/// The statistics of the tasks that have one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueStats {
    /// The value; empty for tasks that have none.
    pub value: String,
    /// The number of tasks by status.
    pub counts: Counts,
    /// The number of attempts that may have been billed.
    pub attempts: u64,
    /// The number of attempts that were rejected for their content, at the submit or later.
    pub rejected: u64,
    /// The cost of those attempts that have a price.
    pub quota: Quota,
    /// The number of those attempts that have no price.
    pub unpriced: u64,
    /// The duration of each job that succeeded, in milliseconds, in order of arrival.
    durations_ms: Vec<u32>,
}

/// The most frequent values of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopValues {
    /// The name of the variable.
    pub variable: String,
    /// The values with the most tasks, largest first; equal ones in the order in which they were
    /// added.
    pub values: Vec<ValueStats>,
    /// The number of values that were left out.
    pub omitted: usize,
}

impl Breakdown {
    /// Creates empty statistics of a variable.
    pub fn new(variable: &str) -> Breakdown {
        Breakdown { variable: variable.to_owned(), ..Breakdown::default() }
    }

    /// The index of a value, which is added where it is new.
    pub fn index_of(&mut self, value: &str) -> usize {
        if let Some(index) = self.index.get(value) {
            return *index;
        }
        self.values.push(ValueStats { value: value.to_owned(), ..ValueStats::default() });
        self.index.insert(value.to_owned(), self.values.len() - 1);
        self.values.len() - 1
    }

    /// The statistics of the value with this index.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut ValueStats> {
        self.values.get_mut(index)
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values with the most tasks, at most `max` of them.
    pub fn top(self, max: usize) -> TopValues {
        let Breakdown { variable, mut values, .. } = self;
        values.sort_by_key(|stats| std::cmp::Reverse(stats.counts.total()));
        let omitted = values.len().saturating_sub(max);
        values.truncate(max);
        TopValues { variable, values, omitted }
    }
}

impl ValueStats {
    /// Adds the duration of a job that succeeded.
    pub fn add_duration(&mut self, duration: Duration) {
        self.durations_ms.push(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX));
    }

    /// The share of done tasks among those that are done, failed or lost, from 0 to 1; `None` where
    /// there are none.
    pub fn success_rate(&self) -> Option<f64> {
        let done = self.counts.of(Status::Done);
        let ended = done + self.counts.of(Status::Failed) + self.counts.of(Status::Lost);
        (ended > 0).then(|| done as f64 / ended as f64)
    }

    /// The median duration of the jobs that succeeded; `None` where there are none.
    pub fn median_duration(&self) -> Option<Duration> {
        median(&self.durations_ms)
    }

    /// The cost of the attempts; `None` where some have no price.
    pub fn cost(&self) -> Option<Quota> {
        (self.unpriced == 0).then_some(self.quota)
    }
}

/// The (lower) median of these milliseconds.
fn median(durations_ms: &[u32]) -> Option<Duration> {
    let mut sorted = durations_ms.to_vec();
    let middle = sorted.len().checked_sub(1)? / 2;
    let (_, median, _) = sorted.select_nth_unstable(middle);
    Some(Duration::from_millis((*median).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_values_have_the_most_tasks_and_equal_ones_keep_their_order() {
        let mut breakdown = Breakdown::new("scene");
        for value in ["beach", "wood", "wall", "wood"] {
            let index = breakdown.index_of(value);
            breakdown.get_mut(index).unwrap().counts.add(Status::Done, 1);
        }
        assert_eq!(breakdown.len(), 3);
        let top = breakdown.top(2);
        let names: Vec<_> = top.values.iter().map(|stats| stats.value.as_str()).collect();
        assert_eq!((names, top.omitted), (vec!["wood", "beach"], 1));
    }

    #[test]
    fn a_running_task_is_no_failure_and_an_unpriced_attempt_leaves_no_cost() {
        let mut stats = ValueStats::default();
        assert_eq!(
            (stats.success_rate(), stats.median_duration(), stats.cost()),
            (None, None, Some(Quota(0)))
        );
        stats.counts.add(Status::Running, 5);
        stats.counts.add(Status::Done, 3);
        stats.counts.add(Status::Failed, 1);
        for seconds in [9, 1, 2, 30] {
            stats.add_duration(Duration::from_secs(seconds));
        }
        stats.unpriced = 1;
        assert_eq!(stats.success_rate(), Some(0.75));
        assert_eq!((stats.median_duration(), stats.cost()), (Some(Duration::from_secs(2)), None));
    }
}
