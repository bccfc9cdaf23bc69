//! Values that are numbers: whole and decimal ones in a range, one of a few, and versions.

use super::super::issue::Issue;
use super::ValueCheck;

impl ValueCheck<'_> {
    pub(super) fn whole(&self, word: &str, least: u64, most: u64) -> Option<Issue> {
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(self.not_a_number(word, "a whole number"));
        }
        let value = digits.parse().unwrap_or(u64::MAX);
        let negative = word.starts_with('-') && value > 0;
        if negative || value < least {
            return Some(self.out_of_range(word, &least.to_string()));
        }
        (value > most).then(|| self.out_of_range(word, &most.to_string()))
    }

    pub(super) fn decimal(&self, word: &str, most: f64) -> Option<Issue> {
        match number(word) {
            None => Some(self.not_a_number(word, "a number")),
            Some(value) if value < 0.0 => Some(self.out_of_range(word, "0")),
            Some(value) => (value > most).then(|| self.out_of_range(word, &most.to_string())),
        }
    }

    pub(super) fn one_of(&self, word: &str, values: &[&str]) -> Option<Issue> {
        let Some(value) = number(word) else { return Some(self.not_a_number(word, "a number")) };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Issue::error(0..word.len(), format!("{} is not a legal value", self.quoted_pair(word)))
                .label("not one of the values")
                .note(self.takes())
        })
    }

    /// Checks a version. An unknown number is only a warning: it may be newer than the table.
    pub(super) fn version(&self, word: &str, values: &[&str]) -> Option<Issue> {
        let Some(value) = number(word) else {
            let bare = word.trim_start_matches(['v', 'V']);
            let issue = Issue::error(0..word.len(), format!("{} is not a version", self.quoted_pair(word)))
                .label("not a number")
                .note(self.takes());
            return Some(if number(bare).is_some() { issue.help(self.suggestion(bare)) } else { issue });
        };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Issue::warning(0..word.len(), format!("{} is a version not known here", self.quoted_pair(word)))
                .label("unknown version")
                .note(format!("known are {}; it is sent as it is", values.join(", ")))
        })
    }

    fn not_a_number(&self, word: &str, what: &str) -> Issue {
        let issue = Issue::error(0..word.len(), format!("{} is not {what}", self.quoted_pair(word)))
            .label(format!("not {what}"))
            .note(self.takes());
        let corrected: String = word.chars().filter(|c| !matches!(c, ',' | '_' | '%' | '=' | ':')).collect();
        let legal = || self.word(&corrected).is_none();
        if corrected != word && !corrected.is_empty() && legal() {
            issue.help(self.suggestion(&corrected))
        } else {
            issue
        }
    }

    fn out_of_range(&self, word: &str, nearest: &str) -> Issue {
        Issue::error(0..word.len(), format!("{} is out of range", self.quoted_pair(word)))
            .label("out of range")
            .note(self.takes())
            .help(self.suggestion(nearest))
    }
}

/// Parses a plain decimal number: `.5`, `2`, `6.1`, `-1`.
pub(in crate::prompt) fn number(word: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !digits.bytes().all(plain) || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    word.parse().ok()
}
