//! What the tasks that share a value of a variable have in common: how many succeeded, how long they took, what they cost,
//! and how many were turned down.
//!
//! Whoever knows the tasks tells of each, and of each of its attempts; the figures are for people and files. This module
//! knows only the nouns and does no I/O.

use std::collections::HashMap;
use std::time::Duration;

use crate::task::{Counts, Quota, Status};

/// The figures of a variable, value by value.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// The variable's name.
    pub variable: String,
    index: HashMap<String, usize>,
    values: Vec<Figure>,
}

/// What the tasks with one value have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figure {
    /// The value; empty where the tasks have none.
    pub value: String,
    /// The tasks by status.
    pub counts: Counts,
    /// How many of their submits may have been billed.
    pub attempts: u64,
    /// How many of their submits were turned down for their content, at once or later.
    pub refused: u64,
    /// What those attempts cost together, as far as they have a price.
    pub quota: Quota,
    /// How many of them have none.
    pub unpriced: u64,
    /// How long each job took that ended well, in milliseconds, as they came.
    waits: Vec<u32>,
}

/// The values of a variable that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// The variable's name.
    pub variable: String,
    /// Those with the most tasks; of equals, those that came first.
    pub values: Vec<Figure>,
    /// How many more there are.
    pub more: usize,
}

impl Figures {
    /// Figures of a variable with nothing in them.
    pub fn of(variable: &str) -> Figures {
        Figures { variable: variable.to_owned(), ..Figures::default() }
    }

    /// The number of a value, by which its figure is found again.
    pub fn number(&mut self, value: &str) -> usize {
        if let Some(number) = self.index.get(value) {
            return *number;
        }
        self.values.push(Figure { value: value.to_owned(), ..Figure::default() });
        self.index.insert(value.to_owned(), self.values.len() - 1);
        self.values.len() - 1
    }

    /// The figure of the value that has this number.
    pub fn at(&mut self, number: usize) -> Option<&mut Figure> {
        self.values.get_mut(number)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// At most so many values.
    pub fn most(self, most: usize) -> Shown {
        let Figures { variable, mut values, .. } = self;
        values.sort_by_key(|figure| std::cmp::Reverse(figure.counts.total()));
        let more = values.len().saturating_sub(most);
        values.truncate(most);
        Shown { variable, values, more }
    }
}

impl Figure {
    /// Takes in how long a job took that ended well.
    pub fn add_wait(&mut self, wait: Duration) {
        self.waits.push(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX));
    }

    /// Which part of the tasks that have ended is done, 0 to 1.
    pub fn success(&self) -> Option<f64> {
        let done = self.counts.of(Status::Done);
        let ended = done + self.counts.of(Status::Failed) + self.counts.of(Status::Lost);
        (ended > 0).then(|| done as f64 / ended as f64)
    }

    /// How long a job takes: half of those that ended well took no longer.
    pub fn wait(&self) -> Option<Duration> {
        median(&self.waits)
    }

    /// What its attempts cost, where all have a price.
    pub fn cost(&self) -> Option<Quota> {
        (self.unpriced == 0).then_some(self.quota)
    }
}

/// The middle one of these milliseconds.
fn median(waits: &[u32]) -> Option<Duration> {
    let mut waits = waits.to_vec();
    let middle = waits.len().checked_sub(1)? / 2;
    let (_, median, _) = waits.select_nth_unstable(middle);
    Some(Duration::from_millis((*median).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_with_the_most_tasks_are_shown_and_equals_in_their_order() {
        let mut figures = Figures::of("scene");
        for value in ["beach", "wood", "wall", "wood"] {
            let number = figures.number(value);
            figures.at(number).unwrap().counts.add(Status::Done, 1);
        }
        assert_eq!(figures.len(), 3);
        let shown = figures.most(2);
        let names: Vec<_> = shown.values.iter().map(|figure| figure.value.as_str()).collect();
        assert_eq!((names, shown.more), (vec!["wood", "beach"], 1));
    }

    #[test]
    fn what_has_not_ended_is_no_failure_and_what_has_no_price_no_cost() {
        let mut figure = Figure::default();
        assert_eq!((figure.success(), figure.wait(), figure.cost()), (None, None, Some(Quota(0))));
        figure.counts.add(Status::Running, 5);
        figure.counts.add(Status::Done, 3);
        figure.counts.add(Status::Failed, 1);
        for seconds in [9, 1, 2, 30] {
            figure.add_wait(Duration::from_secs(seconds));
        }
        figure.unpriced = 1;
        assert_eq!(figure.success(), Some(0.75));
        assert_eq!((figure.wait(), figure.cost()), (Some(Duration::from_secs(2)), None));
    }
}
