//! The result of a retry.

use crate::task::ModeCounts;

/// The failed tasks that a retry made pending again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryReport {
    /// The number of tasks, by mode.
    pub tasks: ModeCounts,
    /// The number of those that the service had rejected, by moderation or otherwise: it will most
    /// likely reject the same prompt again.
    pub turned_down: u64,
    /// The number of those that timed out, were lost or ended without images: they may have been
    /// made and billed.
    pub may_be_made: u64,
}
