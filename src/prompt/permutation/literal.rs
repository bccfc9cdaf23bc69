//! Marks text so that it is parsed literally, whatever characters it has.
//!
//! A backslash does not suffice: if the author's text ends in one, it would escape the backslash.
//! So each special character gets [`MARK`] before it: U+FDD0, a noncharacter that Unicode reserves
//! for internal use and that no interchanged text should have. If a text has it anyway, it is
//! marked as well.

use std::borrow::Cow;

/// Precedes a special character that is meant as text.
pub(super) const MARK: char = '\u{fdd0}';

/// Whether a character is special to the parser, so that it must be marked to be text.
pub(super) fn is_special(c: char) -> bool {
    matches!(c, '{' | '}' | ',' | '\\' | MARK) || c.is_whitespace()
}

/// Marks a text as literal, to be inserted into a text that will be parsed.
///
/// [`Tree::expand`](super::Tree::expand) returns it unchanged, with its braces, commas, backslashes
/// and the whitespace at its ends. If the text is not parsed after all, pass it through
/// [`unprotect`].
pub fn protect(text: &str) -> Cow<'_, str> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    if start == 0 && end == text.len() && !text.contains(['{', '}', ',', '\\', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let blank_inside = c.is_whitespace() && (start..end).contains(&at);
        if is_special(c) && !blank_inside {
            marked.push(MARK);
        }
        marked.push(c);
    }
    Cow::Owned(marked)
}

/// Reverts [`protect`] in a text that is not parsed.
pub fn unprotect(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut bare = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let marks = c == MARK && chars.peek().is_some_and(|next| is_special(*next));
        bare.extend(if marks { chars.next() } else { Some(c) });
    }
    Cow::Owned(bare)
}
