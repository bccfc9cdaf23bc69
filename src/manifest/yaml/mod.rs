//! Parses YAML text into nodes with places, and walks the nodes while gathering every error in
//! them.

mod comment;
mod explain;
mod limits;
mod node;
mod parse;
mod reader;

pub(super) use comment::judge as judge_comment;
pub(super) use node::{Node, NodeValue};
pub(super) use parse::parse;
pub(super) use reader::{KeyValue, KnownKeys, NodeReader};

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests;
