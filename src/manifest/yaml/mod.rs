//! YAML text becomes nodes with places, and nodes are walked with all that is wrong gathered.

mod comment;
mod explain;
mod limits;
mod node;
mod parse;
mod reader;

pub(super) use comment::judge as judge_comment;
pub(super) use node::{Node, Value};
pub(super) use parse::parse;
pub(super) use reader::{Field, Fields, Reader};

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests;
