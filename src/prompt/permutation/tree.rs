//! The tree of a text with groups, and the error of a text that has none.

use std::ops::Range;

/// A text with groups, parsed by [`parse`](super::parse).
///
/// Its [`Display`](std::fmt::Display) writes a text that parses to an equal tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub(super) root: Sequence,
}

/// Texts and groups, one after another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sequence {
    pub(super) nodes: Vec<TreeNode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TreeNode {
    /// A text that is not empty and not next to another text.
    Text(String),
    Group(OptionGroup),
}

/// A group: one or more options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OptionGroup {
    pub(super) options: Vec<Sequence>,
    /// The number of texts that the group expands to, nested groups included.
    pub(super) count: u128,
}

/// The error of braces that do not match, or are nested too deeply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PermutationError {
    /// The bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words to print under the span. May be empty.
    pub label: String,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}
