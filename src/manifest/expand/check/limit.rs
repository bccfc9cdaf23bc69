//! The limit on how many tasks a manifest may expand to.

/// How many tasks entries may multiply into before `max_tasks` is required.
pub(super) const UNASKED: u64 = 1000;

/// The tasks counted so far, and the most that there may be.
#[derive(Clone, Copy)]
pub(super) struct TaskLimit {
    pub(super) max_tasks: Option<u64>,
    /// The tasks of all items so far.
    pub(super) tasks: u64,
    /// The tasks of those items that make more than one each.
    pub(super) multiplied: u64,
}

impl TaskLimit {
    /// Whether one more item may make this many tasks.
    pub(super) fn allows(&self, of_item: u64) -> bool {
        match self.max_tasks {
            Some(most) => self.tasks.saturating_add(of_item) <= most,
            None => of_item <= 1 || self.multiplied.saturating_add(of_item) <= UNASKED,
        }
    }

    pub(super) fn count(&mut self, of_item: u64) {
        self.tasks = self.tasks.saturating_add(of_item);
        if of_item > 1 {
            self.multiplied = self.multiplied.saturating_add(of_item);
        }
    }
}
