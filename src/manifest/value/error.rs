//! The error of a single value: a diagnostic that lacks only its place.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::prompt::Finding;

/// An error or a warning about one value.
#[derive(Debug, Clone)]
pub(crate) struct ValueError {
    found: Box<Diagnostic>,
    label: String,
    excerpt: Option<TextPart>,
}

/// The part of the value's text that an error is about.
#[derive(Debug, Clone)]
struct TextPart {
    text: String,
    span: Range<usize>,
}

impl ValueError {
    pub(crate) fn new(message: impl Into<String>, label: impl Into<String>) -> Self {
        ValueError { found: Box::new(Diagnostic::error(message)), label: label.into(), excerpt: None }
    }

    /// Converts a finding of the prompt's checks.
    pub(crate) fn of_finding(finding: Finding, prompt: &str) -> Self {
        ValueError::from_parts(finding.severity, finding.message, finding.label, finding.notes, finding.help)
            .within(prompt, finding.span)
    }

    pub(crate) fn from_parts(
        severity: Severity,
        message: String,
        label: String,
        notes: Vec<String>,
        help: Option<String>,
    ) -> Self {
        let mut found = match severity {
            Severity::Error => Diagnostic::error(message),
            Severity::Warning => Diagnostic::warning(message),
        };
        found.notes = notes;
        found.help = help;
        ValueError { found: Box::new(found), label, excerpt: None }
    }

    pub(crate) fn note(mut self, text: &str) -> Self {
        self.found.notes.push(text.to_owned());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.found.help = Some(text.into());
        self
    }

    /// Points at this part of a text, if the file has the text, or at least the part, literally.
    pub(crate) fn within(self, text: &str, span: Range<usize>) -> Self {
        let is_part = text.get(span.clone()).is_some_and(|part| !part.is_empty());
        ValueError { excerpt: is_part.then(|| TextPart { text: text.to_owned(), span }), ..self }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.found.severity == Severity::Error
    }

    pub(crate) fn message(&self) -> &str {
        &self.found.message
    }

    /// Makes the diagnostic for the value at this span.
    pub(crate) fn at(self, source: &Source<'_>, span: Range<usize>) -> Diagnostic {
        let written = source.text().get(span.clone()).unwrap_or_default();
        let narrowed = self.excerpt.and_then(|excerpt| excerpt.find(written));
        let span = narrowed.map_or(span.clone(), |part| span.start + part.start..span.start + part.end);
        self.found.at(source.place(span), self.label)
    }
}

impl TextPart {
    fn find(&self, written: &str) -> Option<Range<usize>> {
        let part = &self.text[self.span.clone()];
        let start = match written.find(&self.text) {
            Some(whole) => whole + self.span.start,
            None => written.find(part).or_else(|| written.find(part.trim()))?,
        };
        let part = if written[start..].starts_with(part) { part } else { part.trim() };
        Some(start..start + part.len())
    }
}
