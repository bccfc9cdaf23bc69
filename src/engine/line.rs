//! The tasks that wait for a slot, in their order, and how many of them there are of each mode.

use std::collections::VecDeque;

use super::message::Waiting;
use crate::task::ModeCounts;

/// The line: what is sent next is at its front.
#[derive(Debug, Default)]
pub(super) struct Line {
    tasks: VecDeque<Waiting>,
    counts: ModeCounts,
}

impl From<Vec<Waiting>> for Line {
    fn from(tasks: Vec<Waiting>) -> Self {
        let mut counts = ModeCounts::default();
        tasks.iter().for_each(|waiting| counts.add(waiting.mode));
        Line { tasks: tasks.into(), counts }
    }
}

impl Line {
    pub(super) fn front(&self) -> Option<&Waiting> {
        self.tasks.front()
    }

    pub(super) fn push_front(&mut self, waiting: Waiting) {
        self.counts.add(waiting.mode);
        self.tasks.push_front(waiting);
    }

    /// Only a deliberate fault of the tests does this.
    pub(super) fn push_back(&mut self, waiting: Waiting) {
        self.counts.add(waiting.mode);
        self.tasks.push_back(waiting);
    }

    pub(super) fn pop_front(&mut self) -> Option<Waiting> {
        let waiting = self.tasks.pop_front()?;
        self.counts.take(waiting.mode);
        Some(waiting)
    }

    /// From the front.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.tasks.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// How many of each mode are among the first so many.
    pub(super) fn counts(&self, first: Option<u64>) -> ModeCounts {
        match first.and_then(|first| usize::try_from(first).ok()).filter(|first| *first < self.tasks.len()) {
            None => self.counts,
            Some(first) => {
                let mut counts = ModeCounts::default();
                self.tasks.iter().take(first).for_each(|waiting| counts.add(waiting.mode));
                counts
            }
        }
    }
}
