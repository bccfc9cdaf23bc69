//! A problem that has no place yet, so that the same wording serves prompts and params.

use std::ops::Range;

use super::finding::{Finding, ParamFinding, ParamPart, Severity};

/// A problem in a value or a piece of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Issue {
    pub(super) severity: Severity,
    /// The bytes that are wrong, within the text that was checked.
    pub(super) piece: Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) notes: Vec<String>,
    pub(super) help: Option<String>,
}

impl Issue {
    pub(super) fn error(piece: Range<usize>, message: impl Into<String>) -> Issue {
        Issue::new(Severity::Error, piece, message.into())
    }

    pub(super) fn warning(piece: Range<usize>, message: impl Into<String>) -> Issue {
        Issue::new(Severity::Warning, piece, message.into())
    }

    fn new(severity: Severity, piece: Range<usize>, message: String) -> Issue {
        Issue { severity, piece, message, label: String::new(), notes: Vec::new(), help: None }
    }

    pub(super) fn label(self, text: impl Into<String>) -> Issue {
        Issue { label: text.into(), ..self }
    }

    pub(super) fn note(mut self, text: impl Into<String>) -> Issue {
        self.notes.push(text.into());
        self
    }

    pub(super) fn help(self, text: impl Into<String>) -> Issue {
        Issue { help: Some(text.into()), ..self }
    }

    /// Places the issue in a prompt in which the checked text starts at this byte.
    pub(super) fn at(self, start: usize) -> Finding {
        let Issue { severity, piece, message, label, notes, help } = self;
        Finding { severity, span: start + piece.start..start + piece.end, message, label, notes, help }
    }

    /// Places the issue in a part of a param.
    pub(super) fn on(self, part: ParamPart) -> ParamFinding {
        let Issue { severity, message, label, notes, help, .. } = self;
        ParamFinding { severity, part, message, label, notes, help }
    }
}

/// Where a flag is written, and so how messages spell it: in a prompt or as a param.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Context {
    Prompt,
    Param,
}

impl Context {
    /// Spells the flag without a value.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Context::Prompt => format!("--{name}"),
            Context::Param => name.to_owned(),
        }
    }

    /// Spells the flag with a value, ready to be pasted.
    pub(super) fn pair(self, name: &str, value: &str) -> String {
        match self {
            Context::Prompt => format!("--{name} {value}"),
            Context::Param if value.contains([':', '#', ',']) => format!("{name}: \"{value}\""),
            Context::Param => format!("{name}: {value}"),
        }
    }
}

/// Splits a text into words, each with the position of its first byte.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().map(move |word| (word.as_ptr() as usize - base, word))
}
