//! Aspect ratios, and what `16x9`, `16/9` or `1.5:1` was meant to be.

use super::super::issue::Issue;
use super::{PUNCTUATION, ValueCheck};

impl ValueCheck<'_> {
    pub(super) fn ratio(&self, word: &str) -> Option<Issue> {
        if is_ratio(word) {
            return None;
        }
        let issue = self.not_a_ratio(word);
        Some(match corrected_ratio(word) {
            Some(corrected) => issue.help(self.suggestion(&corrected)),
            None => issue,
        })
    }

    pub(super) fn not_a_ratio(&self, value: &str) -> Issue {
        Issue::error(0..value.len(), format!("{} is not an aspect ratio", self.quoted_pair(value)))
            .label("not `width:height`")
            .note(self.takes())
    }
}

pub(super) fn is_ratio(word: &str) -> bool {
    let side = |text: &str| {
        text.len() <= 9
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|n: u32| n > 0)
    };
    word.split_once(':').is_some_and(|(width, height)| side(width) && side(height))
}

/// Corrects a ratio such as `16x9`, `16 : 9`, `16/9` or `1.5:1`. `None` also if it is right
/// already.
pub(super) fn corrected_ratio(value: &str) -> Option<String> {
    let bare = value.trim_start_matches(['=', ':']).trim_end_matches(PUNCTUATION);
    let (width, height) = bare.split_once([':', '：', '∶', 'x', 'X', '×', '*', '/', '-'])?;
    let (width, height) = (thousandths(width.trim())?, thousandths(height.trim())?);
    let whole = width % 1000 == 0 && height % 1000 == 0;
    let divisor = if whole { 1000 } else { common_divisor(width, height) };
    let corrected = format!("{}:{}", width / divisor, height / divisor);
    (corrected != value.trim_end_matches(PUNCTUATION)).then_some(corrected)
}

fn thousandths(side: &str) -> Option<u64> {
    let (whole, part) = side.split_once('.').unwrap_or((side, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) || whole.is_empty() {
        return None;
    }
    let value: u64 = format!("{whole}{part:0<3}").parse().ok()?;
    (value > 0).then_some(value)
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
