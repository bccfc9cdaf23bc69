//! Prices of jobs, by mode.

use serde::{Deserialize, Serialize};

use super::{Mode, Quota, TaskMode};

/// The price of one job in each mode, as the user configured it; the service publishes no price
/// list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prices {
    /// For one `fast` job.
    pub fast: Option<Quota>,
    /// For one `relaxed` job.
    pub relaxed: Option<Quota>,
}

impl Prices {
    /// The price of one job in this mode, if it was configured.
    pub fn of(&self, mode: Mode) -> Option<Quota> {
        match mode {
            Mode::Fast => self.fast,
            Mode::Relaxed => self.relaxed,
        }
    }

    /// The cheapest mode in which a task may be sent.
    pub fn cheapest(&self, mode: TaskMode) -> Mode {
        match mode {
            TaskMode::Fixed(mode) => mode,
            TaskMode::Auto => self.cheaper(),
        }
    }

    /// The cheaper mode; relaxed where that is not known.
    pub fn cheaper(&self) -> Mode {
        match self.fast.zip(self.relaxed) {
            Some((fast, relaxed)) if fast <= relaxed => Mode::Fast,
            _ => Mode::Relaxed,
        }
    }
}
