//! Values of several words: URLs, style codes, profiles, and the list of what an image leaves out.

use super::super::issue::{Issue, words};
use super::super::table::ValueKind;
use super::number::number;
use super::{ValueCheck, Verdict};
use crate::diagnostic::quoted;

impl ValueCheck<'_> {
    /// Checks a value of several words, each of which must be legal. Words after them are text.
    pub(super) fn several(&self, value: &str, is_legal: fn(&str) -> bool) -> Verdict {
        for (index, (start, word)) in words(value).enumerate() {
            if let Some(bare) = word.strip_suffix(',').filter(|bare| is_legal(bare)) {
                let piece = start + bare.len()..start + word.len();
                let corrected: Vec<&str> = words(value).map(|(_, word)| word.trim_end_matches(',')).collect();
                let issue = self.punctuation(piece, &self.context.pair(self.name, bare));
                let all = corrected.iter().all(|word| is_legal(word));
                return Verdict::of(if all {
                    issue.help(self.suggestion(&corrected.join(" ")))
                } else {
                    issue
                });
            }
            if is_legal(word) {
                continue;
            }
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if index > 0 && !has_digit {
                return Verdict::surplus(start..value.len());
            }
            return Verdict::of(self.not_one_of_several(start, word));
        }
        Verdict::default()
    }

    /// The issue of a word that is not legal. Formats of style codes are not published, so that is
    /// only a warning.
    fn not_one_of_several(&self, start: usize, word: &str) -> Issue {
        let piece = start..start + word.len();
        let (issue, what): (fn(_, String) -> Issue, _) = match self.flag.kind {
            ValueKind::Images => (Issue::error, "a URL"),
            _ => (Issue::warning, "a URL or a style code"),
        };
        issue(piece, format!("{} is not {what}", self.quoted_pair(word)))
            .label(format!("not {what}"))
            .note(self.takes())
    }

    /// Checks codes of profiles. Their format is not published, so words that look like prose are
    /// only a warning.
    pub(super) fn profiles(&self, value: &str) -> Verdict {
        let is_code = |word: &str| word.len() == 7 || word.bytes().any(|byte| byte.is_ascii_digit());
        let Some((start, word)) = words(value).find(|(_, word)| !is_code(word)) else {
            return Verdict::default();
        };
        Verdict::of(
            Issue::warning(
                start..start + word.len(),
                format!("{} is probably not a profile code", quoted(word)),
            )
            .label("words after a flag are its value")
            .note(self.takes()),
        )
    }

    pub(super) fn exclusions(&self, value: &str) -> Vec<Issue> {
        let mut issues = Vec::new();
        let items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            return vec![self.missing()];
        }
        let commas = value.bytes().filter(|byte| *byte == b',').count();
        if commas >= items.len() {
            issues.push(
                Issue::warning(0..value.len(), format!("{} has an empty entry", self.quoted_pair(value)))
                    .label("an extra comma")
                    .help(self.suggestion(&items.join(", "))),
            );
        }
        let first = items[0];
        let negated = ["no ", "not ", "without "].iter().find_map(|word| {
            first
                .get(..word.len())
                .filter(|head| head.eq_ignore_ascii_case(word))
                .map(|_| &first[word.len()..])
        });
        if let Some(meant) = negated {
            let corrected: Vec<&str> =
                std::iter::once(meant.trim()).chain(items[1..].iter().copied()).collect();
            issues.push(
                Issue::warning(0..value.len(), format!("{} negates twice", self.quoted_pair(value)))
                    .label("the image leaves out whatever is listed here")
                    .help(self.suggestion(&corrected.join(", "))),
            );
        }
        issues
    }
}

pub(in crate::prompt) fn is_url(word: &str) -> bool {
    let host = ["http://", "https://"].iter().find_map(|scheme| {
        word.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .map(|_| &word[scheme.len()..])
    });
    host.is_some_and(|host| !host.is_empty()) && !word.ends_with(',')
}

/// Whether a word is a URL, a style code or `random`, optionally with a weight after `::`.
pub(super) fn is_style(word: &str) -> bool {
    if is_url(word) {
        return true;
    }
    let (code, weight) = word.split_once("::").unwrap_or((word, "1"));
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    (is_code || code.eq_ignore_ascii_case("random")) && number(weight).is_some()
}
