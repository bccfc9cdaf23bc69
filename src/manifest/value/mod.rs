//! Checks single values, whatever file they are in: the prompt, the id, the mode, the timeout and
//! the like.
//!
//! A check takes text and returns the value, or a [`ValueError`]: a diagnostic that lacks only its
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
