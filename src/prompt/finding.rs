//! The problems that are reported: in a prompt by its bytes, in a param by its parts.
//!
//! They have no place in a file. Whoever knows the file turns a span of the prompt, or a part of a
//! param, into one.

use std::ops::Range;

pub use crate::diagnostic::Severity;

/// A problem in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the prompt can be sent.
    pub severity: Severity,
    /// The bytes of the prompt that are wrong. `0..0` if the prompt is empty.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words to print under the span. May be empty.
    pub label: String,
    /// Further facts, such as the legal values.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// The part of a param that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamPart {
    /// The name.
    Name,
    /// The whole value.
    Value,
    /// One entry of the list, counted from 0.
    Item(usize),
}

/// A problem in a param, whatever the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamFinding {
    /// Whether the param can be sent.
    pub severity: Severity,
    /// The part that is wrong.
    pub part: ParamPart,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words to print under the span. May be empty.
    pub label: String,
    /// Further facts, such as the legal values.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}
