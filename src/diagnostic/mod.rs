//! What is wrong with something a person wrote: the fact, its places, notes, and the mend.
//!
//! A [`Diagnostic`] is complete in itself: each [`Place`] carries the piece of the line it points
//! at, so no source text has to outlive it, and it can be serialized for editors and CI.
//! [`Problems`] gathers all of them, so that a person mends a file once and not once a message;
//! [`Renderer`] is the only way in which they become text.
//!
//! Messages are lowercase and without a final period; what a person wrote goes through [`quoted`]
//! into them.

mod place;
mod problems;
mod render;

pub use place::{Place, Position, Source};
pub use problems::Problems;
pub use render::Renderer;

use serde::Serialize;

/// Whether the work can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but this is probably not what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// Whether the work can go on.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where: the first is the piece itself, the others belong to it. Empty where it is about no
    /// text at all.
    pub labels: Vec<Label>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// What to do about it; may have several lines.
    pub help: Option<String>,
}

/// A piece of a file, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Label {
    /// The piece.
    pub place: Place,
    /// A few words under it; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// Something that keeps the work from going on.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// Something that is probably not what was meant.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Diagnostic { severity, message, labels: Vec::new(), notes: Vec::new(), help: None }
    }

    /// Points at a piece. The first call names the piece itself, the next ones what belongs to it.
    #[must_use]
    pub fn at(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into() });
        self
    }

    /// Adds something worth knowing.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do about it. The last call counts.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The piece itself, where it is about text.
    pub fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }
}

/// What a person wrote, in backticks, fit for a message: at most 60 characters of it, in one line.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String =
        text.chars().take(LONGEST).map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// The candidate that was probably meant by a word, if one is close.
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
    fn what_a_person_wrote_is_quoted_in_one_short_line() {
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
