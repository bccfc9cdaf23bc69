//! One thing that is wrong, before it has a place: the same words serve a prompt and a param.

use std::ops::Range;

use super::params::{ParamFinding, Part};
use super::{Finding, Severity};

/// What is wrong with a value or a piece of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) severity: Severity,
    /// The piece, in bytes of what was judged.
    pub(super) piece: Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) notes: Vec<String>,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn error(piece: Range<usize>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Error, piece, message.into())
    }

    pub(super) fn warning(piece: Range<usize>, message: impl Into<String>) -> Fault {
        Fault::new(Severity::Warning, piece, message.into())
    }

    fn new(severity: Severity, piece: Range<usize>, message: String) -> Fault {
        Fault { severity, piece, message, label: String::new(), notes: Vec::new(), help: None }
    }

    pub(super) fn label(self, text: impl Into<String>) -> Fault {
        Fault { label: text.into(), ..self }
    }

    pub(super) fn note(mut self, text: impl Into<String>) -> Fault {
        self.notes.push(text.into());
        self
    }

    pub(super) fn help(self, text: impl Into<String>) -> Fault {
        Fault { help: Some(text.into()), ..self }
    }

    /// The fault in a prompt where what was judged starts at this byte.
    pub(super) fn at(self, start: usize) -> Finding {
        let Fault { severity, piece, message, label, notes, help } = self;
        Finding { severity, span: start + piece.start..start + piece.end, message, label, notes, help }
    }

    /// The fault in a part of a param.
    pub(super) fn on(self, part: Part) -> ParamFinding {
        let Fault { severity, message, label, notes, help, .. } = self;
        ParamFinding { severity, part, message, label, notes, help }
    }
}

/// How a flag is spoken of: as it stands in a prompt, or as a param.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Voice {
    Prompt,
    Param,
}

impl Voice {
    /// The flag alone.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Voice::Prompt => format!("--{name}"),
            Voice::Param => name.to_owned(),
        }
    }

    /// The flag with a value, as it can be pasted.
    pub(super) fn pair(self, name: &str, value: &str) -> String {
        match self {
            Voice::Prompt => format!("--{name} {value}"),
            Voice::Param if value.contains([':', '#', ',']) => format!("{name}: \"{value}\""),
            Voice::Param => format!("{name}: {value}"),
        }
    }
}

/// The words of a text, each with its first byte.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().map(move |word| (word.as_ptr() as usize - base, word))
}
