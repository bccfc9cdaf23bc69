//! Failed, unknown and lost tasks, grouped by status and reason.

use std::collections::HashMap;

use super::wording::REASON;
use crate::task::{Status, TaskId};
use crate::text::sanitize_line;

/// Failed, unknown and lost tasks, grouped by status and reason, in bounded memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailureGroups {
    groups: HashMap<(Status, String), OpenGroup>,
    /// The number of tasks that got no group because there were too many reasons.
    ungrouped: u64,
    /// The number of tasks added so far.
    added: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct OpenGroup {
    count: u64,
    example: TaskId,
    /// The ordinal of the task that opened the group, starting at 1; groups of equal size are
    /// listed in this order.
    ordinal: u64,
}

/// Tasks that ended with the same status for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// `failed`, `unknown` or `lost`.
    pub status: Status,
    /// The reason, safe for a terminal and cropped; empty where none was given.
    pub reason: String,
    /// The number of tasks.
    pub count: u64,
    /// The first of them.
    pub example: TaskId,
}

impl FailureGroups {
    const MAX_GROUPS: usize = 500;

    /// Adds a task. Tasks with another status than failed, unknown or lost are ignored.
    pub fn add(&mut self, id: &TaskId, status: Status, reason: Option<&str>) {
        if !matches!(status, Status::Failed | Status::Unknown | Status::Lost) {
            return;
        }
        self.added += 1;
        let key = (status, sanitize_line(reason.unwrap_or_default(), REASON));
        if let Some(group) = self.groups.get_mut(&key) {
            group.count += 1;
        } else if self.groups.len() < Self::MAX_GROUPS {
            self.groups.insert(key, OpenGroup { count: 1, example: id.clone(), ordinal: self.added });
        } else {
            self.ungrouped += 1;
        }
    }

    /// The groups of a status, the largest first.
    pub fn of(&self, status: Status) -> Vec<FailureGroup> {
        let mut groups: Vec<_> = self.groups.iter().filter(|((of, _), _)| *of == status).collect();
        groups.sort_by_key(|(_, group)| (std::cmp::Reverse(group.count), group.ordinal));
        groups
            .into_iter()
            .map(|((status, reason), group)| FailureGroup {
                status: *status,
                reason: reason.clone(),
                count: group.count,
                example: group.example.clone(),
            })
            .collect()
    }

    /// The number of tasks that are in none of the groups, because there were too many reasons.
    pub fn ungrouped(&self) -> u64 {
        self.ungrouped
    }
}
