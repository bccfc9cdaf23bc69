//! Gathers all problems of a file: counts every one and keeps a bounded number.
//!
//! A broken file of a million rows may have a million errors: all are counted, the first thousand
//! of each severity are kept. The same problem at the same place (an anchor that is used often)
//! counts once.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::{Diagnostic, Severity};

/// How many problems of each severity are kept.
const KEPT: usize = 1000;

/// The problems of a file, in the order in which they were found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Problems {
    errors: usize,
    warnings: usize,
    #[serde(rename = "diagnostics")]
    kept: Vec<Diagnostic>,
    /// The consequence of the errors, such as "nothing was submitted".
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<String>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

impl Problems {
    /// No problems.
    pub fn new() -> Self {
        Problems::default()
    }

    /// Adds a problem, unless the same one is there already.
    pub fn push(&mut self, found: Diagnostic) {
        let count = match found.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *count >= KEPT {
            *count += 1;
            return;
        }
        let mut hasher = DefaultHasher::new();
        found.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            *count += 1;
            self.kept.push(found);
        }
    }

    /// Sets the consequence of the errors, as in "nothing was submitted". It is shown once, after
    /// them.
    pub fn set_consequence(&mut self, text: impl Into<String>) {
        self.consequence = Some(text.into());
    }

    /// The consequence of the errors, if one was set.
    pub fn consequence(&self) -> Option<&str> {
        self.consequence.as_deref()
    }

    /// The number of errors, kept or not.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// The number of warnings, kept or not.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The kept problems: at most a thousand of each severity.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// Sorts by place, file by file. Problems without a place come first.
    pub fn sort(&mut self) {
        fn key(found: &Diagnostic) -> Option<(&str, super::Position)> {
            found.place().map(|place| (place.file.as_str(), place.start))
        }
        self.kept.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl From<Diagnostic> for Problems {
    fn from(found: Diagnostic) -> Self {
        let mut problems = Problems::new();
        problems.push(found);
        problems
    }
}

impl PartialEq for Problems {
    fn eq(&self, other: &Self) -> bool {
        (self.errors, self.warnings, &self.kept) == (other.errors, other.warnings, &other.kept)
    }
}

impl Eq for Problems {}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_a_thousand_are_kept_and_the_same_is_said_once() {
        let mut problems = Problems::new();
        for i in 0..1500 {
            problems.push(Diagnostic::error(format!("error {i}")));
            problems.push(Diagnostic::warning("the same"));
        }
        assert_eq!((problems.errors(), problems.warnings(), problems.iter().count()), (1500, 1, 1001));
    }
}
