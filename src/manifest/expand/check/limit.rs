//! How many tasks a manifest may expand to.

/// Tasks out of a multiplication that need no `max_tasks`.
pub(super) const UNASKED: u64 = 1000;

/// How many tasks there may be.
#[derive(Clone, Copy)]
pub(super) struct TaskLimit {
    pub(super) max_tasks: Option<u64>,
    /// Those of the items that are done with.
    pub(super) tasks: u64,
    /// The same, of items that make more than one.
    pub(super) multiplied: u64,
}

impl TaskLimit {
    /// Whether an item may make so many.
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
