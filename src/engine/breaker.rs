//! The breaker: where prompt after prompt is turned down, the account is at risk, and a person
//! should look first.

use super::Engine;
use super::message::StopReason;
use super::policy::Policy;
use crate::task::TaskRow;

/// Prompts turned down in a row, by moderation or by a refusal, without an image in between.
#[derive(Debug)]
pub(super) struct Breaker {
    /// How many are too many; 0 for never.
    most: usize,
    in_a_row: Vec<TaskRow>,
}

impl Breaker {
    pub(super) fn new(policy: &Policy) -> Self {
        Breaker { most: policy.breaker as usize, in_a_row: Vec::new() }
    }

    /// A prompt gave images.
    pub(super) fn passed(&mut self) {
        self.in_a_row.clear();
    }
}

impl Engine {
    /// The prompt of this task was turned down.
    pub(super) fn on_prompt_rejected(&mut self, task: TaskRow) {
        let Breaker { most, in_a_row } = &mut self.breaker;
        if *most == 0 {
            return;
        }
        in_a_row.push(task);
        if in_a_row.len() >= *most {
            let tasks = std::mem::take(in_a_row);
            self.drain(StopReason::Breaker(tasks));
        }
    }
}
