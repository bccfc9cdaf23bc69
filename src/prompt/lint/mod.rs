//! Lints a final prompt before anything is paid for.
//!
//! Each rule reads the scanned prompt and adds its findings, whatever the others find. A finding in
//! what could be prose is at most a warning.

mod flags;
mod pairs;
#[cfg(test)]
mod tests;
mod text;

pub(super) use flags::errors_in;
pub(super) use text::has_image;

use super::finding::Finding;
use super::scan::Scan;
use crate::task::TaskMode;

/// Lints a final prompt (after templates, permutations and params). Findings are in the order of
/// the text.
///
/// ```
/// use mjbatch::prompt::{Severity, lint};
/// use mjbatch::task::Mode;
///
/// assert!(lint("a red mug --ar 16:9", Mode::Fast).is_empty());
///
/// let findings = lint("a red mug --ar 16x9 --arr 2:1", Mode::Fast);
/// assert_eq!(findings[0].span, 15..19);
/// assert_eq!(findings[0].help.as_deref(), Some("write `--ar 16:9`"));
/// assert_eq!(findings[1].severity, Severity::Warning);
/// ```
pub fn lint(prompt: &str, mode: impl Into<TaskMode>) -> Vec<Finding> {
    let scan = Scan::of(prompt);
    let mut findings = Vec::new();
    let is_text_swallowed = flags::check(prompt, &scan, &mut findings);
    text::check(prompt, &scan, &mut findings);
    if scan.text.trim().is_empty() && !is_text_swallowed {
        findings.push(text::missing_text(&scan));
    }
    pairs::check(&scan, mode.into(), &mut findings);
    findings.sort_by_key(|finding| (finding.span.start, finding.severity, finding.span.end));
    findings
}
