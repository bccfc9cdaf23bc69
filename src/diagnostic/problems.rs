//! All that is wrong at once, counted in full and kept within bounds.
//!
//! A broken file of a million rows may hold a million errors: all are counted, the first thousand
//! of each severity are kept. The same thing said of the same piece twice (an anchor used often) is
//! one problem.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::{Diagnostic, Severity};

/// How many of each severity are kept.
const KEPT: usize = 1000;

/// What is wrong, in the order in which it was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Problems {
    errors: usize,
    warnings: usize,
    #[serde(rename = "diagnostics")]
    kept: Vec<Diagnostic>,
    /// What follows from the errors, such as "nothing was submitted".
    #[serde(skip_serializing_if = "Option::is_none")]
    consequence: Option<String>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

impl Problems {
    /// None so far.
    pub fn new() -> Self {
        Problems::default()
    }

    /// Adds one, unless the very same is there already.
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

    /// Says what follows from the errors, as in "nothing was submitted". It is shown with them,
    /// once.
    pub fn set_consequence(&mut self, text: impl Into<String>) {
        self.consequence = Some(text.into());
    }

    /// What follows from the errors, if it was said.
    pub fn consequence(&self) -> Option<&str> {
        self.consequence.as_deref()
    }

    /// How many errors there are, kept or not.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many warnings there are, kept or not.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What was kept: at most a thousand of each severity.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// Puts them in the order of their places, file by file. What has no place comes first.
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
