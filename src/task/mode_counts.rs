//! The number of tasks of each mode, and what they cost.

use std::fmt;

use super::{Outlay, Prices, Quota, TaskMode};

/// The number of tasks of each mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModeCounts([u64; TaskMode::ALL.len()]);

impl ModeCounts {
    /// The number of tasks of this mode.
    pub fn of(&self, mode: impl Into<TaskMode>) -> u64 {
        self.0[mode.into().index()]
    }

    /// Adds a task of this mode.
    pub fn add(&mut self, mode: TaskMode) {
        self.0[mode.index()] += 1;
    }

    /// Adds these tasks.
    pub fn merge(&mut self, others: ModeCounts) {
        self.0.iter_mut().zip(others.0).for_each(|(count, others)| *count += others);
    }

    /// Removes a task of this mode.
    pub fn take(&mut self, mode: TaskMode) {
        self.0[mode.index()] = self.0[mode.index()].saturating_sub(1);
    }

    /// The number of tasks of all modes.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The cost of the tasks at these prices; `None` where a mode that may be needed has no price.
    pub fn cost(&self, prices: &Prices) -> Option<Outlay> {
        let (mut least, mut most) = (0_u64, 0_u64);
        for mode in TaskMode::ALL {
            let count = self.of(mode);
            if count == 0 {
                continue;
            }
            let each: Option<Vec<u64>> =
                mode.may_be().iter().map(|mode| prices.of(*mode).map(|price| price.0)).collect();
            let each = each?;
            least = least.saturating_add(each.iter().min()?.saturating_mul(count));
            most = most.saturating_add(each.iter().max()?.saturating_mul(count));
        }
        Some(Outlay { least: Quota(least), most: Quota(most) })
    }
}

/// `24 fast, 3 auto`; empty where there are none.
impl fmt::Display for ModeCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = TaskMode::ALL.into_iter().filter(|mode| self.of(*mode) > 0);
        for (n, mode) in some.enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{} {mode}", self.of(mode))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    #[test]
    fn a_task_of_mode_auto_costs_from_the_lower_price_to_the_higher() {
        let counts = |modes: &[TaskMode]| {
            let mut counts = ModeCounts::default();
            modes.iter().for_each(|mode| counts.add(*mode));
            counts
        };
        let (fast, relaxed) = (Mode::Fast.into(), Mode::Relaxed.into());
        let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) };
        let cost = |modes: &[TaskMode], prices: &Prices| {
            counts(modes).cost(prices).map(|Outlay { least, most }| (least, most))
        };
        assert_eq!(cost(&[fast, fast, relaxed], &prices), Some((Quota(9500), Quota(9500))));
        assert_eq!(
            cost(&[fast, TaskMode::Auto, TaskMode::Auto], &prices),
            Some((Quota(7000), Quota(12_000)))
        );
        let one = Prices { relaxed: None, ..prices };
        assert_eq!(
            (cost(&[fast], &one), cost(&[TaskMode::Auto], &one)),
            (Some((Quota(4000), Quota(4000))), None)
        );
        assert_eq!(cost(&[], &Prices::default()), Some((Quota(0), Quota(0))));
        assert_eq!(counts(&[fast, TaskMode::Auto, fast]).to_string(), "2 fast, 1 auto");
    }
}
