//! The canonical form of a prompt: two prompts with one canonical form mean the same image.
//!
//! Spreadsheets, editors and people change how a prompt is written without changing what it says:
//! they compose characters, put no-break spaces for blanks, add or lose characters that nobody
//! sees, move flags about, or make a time of a ratio. A task is known again by the canonical form.
//! What is sent is always the prompt as it was written.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::scan::{Scan, WrittenFlag};
use super::table::{self, ValueKind};

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// Returns the canonical form of a prompt.
///
/// - Characters are composed (NFC); blanks of every kind and number are one space, none at the
///   ends.
/// - Characters that nobody sees are left out, but for the joiner within an emoji.
/// - Flags stand in the order of their names, under their full names; of several with one name, in
///   the order in which they were written. Numbers have one spelling, and the ratio `04:05` is
///   `4:5`.
///
/// ```
/// use mjbatch::prompt::canonical_prompt;
///
/// let canonical = canonical_prompt("a  mug\u{a0}on linen --s 0250 --aspect 04:05");
/// assert_eq!(canonical, "a mug on linen --ar 4:5 --stylize 250");
/// assert_eq!(canonical, canonical_prompt("a mug on linen --ar 4:5 --stylize 250"));
/// ```
pub fn canonical_prompt(prompt: &str) -> String {
    let visible = visible(prompt);
    let scan = Scan::of(&visible);
    if scan.flags.is_empty() {
        return visible.into_owned();
    }
    let mut flags: Vec<(String, String)> = scan.flags.iter().map(canonical_flag).collect();
    flags.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut canonical = scan.text.trim_end().to_owned();
    for (name, value) in flags {
        for part in [" --", &name, if value.is_empty() { "" } else { " " }, &value] {
            canonical.push_str(part);
        }
    }
    canonical.trim_start().to_owned()
}

/// The text without what cannot be seen, composed, with single spaces.
fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = text.is_ascii()
        && !text.contains("  ")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.bytes().any(|byte| byte.is_ascii_control());
    if is_plain {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ZERO_WIDTH_JOINER => {
                let joins = kept.chars().next_back().is_some_and(may_be_emoji)
                    && chars.peek().copied().is_some_and(may_be_emoji);
                if joins {
                    kept.push(c);
                }
            }
            c if is_blank(c) => kept.push(' '),
            c if is_invisible(c) => {}
            c => kept.push(c),
        }
    }
    let composed = if is_nfc(&kept) { kept } else { kept.nfc().collect() };
    Cow::Owned(composed.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Whether the character is a blank of some kind, or separates lines.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}')
}

/// Whether the character has no glyph of its own (Unicode's default ignorable characters, as far as
/// text has them).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the character may be part of an emoji that is joined of several.
fn may_be_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// A flag's full name, and its value in one spelling.
fn canonical_flag(written: &WrittenFlag<'_>) -> (String, String) {
    let typed = written.name.to_ascii_lowercase();
    let flag = table::find(&typed);
    let name = flag.map_or(typed.as_str(), |flag| flag.name).to_owned();
    let value = match flag.map(|flag| flag.kind) {
        Some(ValueKind::Ratio) => ratio(written.value),
        Some(
            ValueKind::Whole { .. }
            | ValueKind::Decimal { .. }
            | ValueKind::OneOf(_)
            | ValueKind::Version(_)
            | ValueKind::Repeat,
        ) => number(written.value),
        Some(ValueKind::Exclusions) => written.value.split(',').map(str::trim).collect::<Vec<_>>().join(","),
        _ => written.value.to_owned(),
    };
    (name, value)
}

/// `04:05` is `4:5`, which a spreadsheet took for a time.
fn ratio(value: &str) -> String {
    let parts: Vec<&str> = value.split(':').map(str::trim).collect();
    let is_whole = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !parts.iter().all(is_whole) {
        return value.to_owned();
    }
    let parts: Vec<&str> = parts.iter().map(|part| without_leading_zeros(part)).collect();
    parts.join(":")
}

/// `.5`, `0.50` and `0.5` are one number.
fn number(value: &str) -> String {
    let is_number = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && value.bytes().filter(|byte| *byte == b'.').count() <= 1
        && value != ".";
    if !is_number {
        return value.to_owned();
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let (whole, part) = (without_leading_zeros(whole), part.trim_end_matches('0'));
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

fn without_leading_zeros(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prompts_of_one_meaning_have_one_form() {
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for (written, expected) in [
            ("a mug", "a mug"),
            ("  a \t mug\r\non linen ", "a mug on linen"),
            ("a\u{a0}mug\u{202f}on\u{3000}linen", "a mug on linen"),
            ("a \u{feff}m\u{ad}u\u{200b}g\u{2060}", "a mug"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("e\u{200b}\u{301}", "\u{e9}"),
            (&format!("a {family} mug"), &format!("a {family} mug")),
            ("a \u{2764}\u{fe0f} mug", "a \u{2764} mug"),
            ("a\u{200d} mug", "a mug"),
            ("a mug --v 7 --ar 1:1", "a mug --ar 1:1 --v 7"),
            ("a mug --aspect 01:01  --v 7.0", "a mug --ar 1:1 --v 7"),
            ("a mug\u{a0}--ar\u{a0}04:05", "a mug --ar 4:5"),
            ("a mug --ar 16:09", "a mug --ar 16:9"),
            ("a mug --q .5 --s 0250", "a mug --quality 0.5 --stylize 250"),
            ("a mug --c 0", "a mug --chaos 0"),
            ("a mug --no text, hands", "a mug --no text,hands"),
            ("a mug --tile --raw", "a mug --raw --tile"),
            ("a mug --sref random --sref 12", "a mug --sref random --sref 12"),
            ("a mug --NEW x --ar 1:1", "a mug --ar 1:1 --new x"),
            ("--ar 1:1", "--ar 1:1"),
            ("", ""),
        ] {
            assert_eq!(canonical_prompt(written), expected, "{written:?}");
        }
    }

    #[test]
    fn prompts_of_different_meaning_have_different_forms() {
        for (a, b) in [
            ("a mug", "a Mug"),
            ("a mug", "a mugs"),
            ("a mug, a cup", "a cup, a mug"),
            ("a mug --ar 4:5", "a mug --ar 5:4"),
            ("a mug --ar 1:1", "a mug"),
            ("a mug --sref 1 --sref 2", "a mug --sref 2 --sref 1"),
            ("a mug --s 250", "a mug --s 25"),
            ("a mug --q 0.5", "a mug --q 5"),
            ("a well-known mug", "a well known mug"),
        ] {
            assert_ne!(canonical_prompt(a), canonical_prompt(b), "{a:?} {b:?}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(prompt in "(\\PC|[ \u{a0}\u{200b}\u{301}\t]|--ar |--s |--no |04:05|0[0-9]|, ){0,20}") {
            let once = canonical_prompt(&prompt);
            prop_assert_eq!(canonical_prompt(&once), once.clone());
            prop_assert!(!once.contains("  ") && once == once.trim());
        }
    }
}
