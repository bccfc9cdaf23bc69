//! What single values must be, whatever file they stand in: the prompt, the id, the mode, the
//! timeout and their like.
//!
//! A check takes text and gives the value, or a [`ValueError`]: a diagnostic that only lacks its
//! place.

mod error;
mod fields;
mod text;

pub(super) use error::ValueError;
pub(super) use fields::{
    MOST_TASKS, decision, hook_url, max_tasks, mode, number, priority, repeat, switch, timeout,
};
pub(super) use text::{batch_name, id, path, prompt, unnamed_column, variable};

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests;
