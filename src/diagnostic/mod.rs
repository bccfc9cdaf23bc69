//! Errors and warnings about text that a person wrote: the fact, its places, notes, and advice.
//!
//! A [`Diagnostic`] is complete in itself: each [`Place`] carries the part of the line that it
//! points at, so no source text has to outlive it, and it can be serialized for editors and CI.
//! [`Problems`] gathers all of them, so that a person corrects a file once and not once per
//! message; only a [`Renderer`] makes text of them.
//!
//! Messages are lowercase and without a final period; text that a person wrote is inserted by
//! [`quoted`].

mod place;
mod problems;
mod render;

pub use place::{Place, Position, Source};
pub use problems::Problems;
pub use render::Renderer;

use serde::Serialize;

/// Whether a problem stops the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The work stops.
    Error,
    /// The work goes on, but this was probably not meant.
    Warning,
}

/// One problem, with its places and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// Whether it stops the work.
    pub severity: Severity,
    /// The fact, in one line.
    pub message: String,
    /// The places: the first is that of the problem itself, the others belong to it. Empty for a
    /// problem that is not about text.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// Advice; may have several lines.
    pub help: Option<String>,
}

/// A place, and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Label {
    /// The place.
    pub place: Place,
    /// The words to print under the place; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// A problem that stops the work.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A problem that does not stop the work.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Diagnostic { severity, message, labels: Vec::new(), notes: Vec::new(), help: None }
    }

    /// Adds a place. The first call adds that of the problem itself, further calls add places that
    /// belong to it.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into() });
        self
    }

    /// Adds a further fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Sets the advice. The last call counts.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The place of the problem itself, if it is about text.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }
}

/// Text of a person in backticks, fit for a message: at most 60 characters of it, on one line.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String =
        text.chars().take(LONGEST).map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// The candidate that was probably meant by a word, if one is similar enough.
pub fn close_name<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const CLOSE: f64 = 0.8;
    const LONGEST: usize = 200; // the measure takes quadratic time
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let mut best = None;
    for candidate in candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST) {
        let likeness = strsim::jaro(&word, &candidate.to_lowercase());
        if likeness >= best.map_or(CLOSE, |(most, _)| most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_proposed_and_a_far_one_is_not() {
        assert_eq!(close_name("promt", ["prompts", "prompt", "mode"]), Some("prompt"));
        assert_eq!(close_name("TIME OUT", ["timeout", "mode"]), Some("timeout"));
        assert_eq!(close_name("colour", ["prompt", "mode"]), None);
        assert_eq!(close_name(&"x".repeat(1000), ["prompt"]), None);
    }

    #[test]
    fn text_of_a_person_is_quoted_on_one_short_line() {
        assert_eq!(quoted("a\nb\tc"), "`a b c`");
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}...`", "é".repeat(60)));
    }

    #[test]
    fn a_diagnostic_is_serialized_with_its_places_for_editors() {
        let source = Source::new("a.yaml", "name: x\nmode: no\n");
        let wrong =
            Diagnostic::error("`no` is not a mode").at(source.place(14..16), "here").help("write `fast`");
        let json = serde_json::to_string(&wrong).unwrap();
        insta::assert_snapshot!(json, @r#"{"severity":"error","message":"`no` is not a mode","labels":[{"place":{"file":"a.yaml","start":{"byte":14,"line":2,"column":7},"end":{"byte":16,"line":2,"column":9}},"text":"here"}],"notes":[],"help":"write `fast`"}"#);
    }
}
