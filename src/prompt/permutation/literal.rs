//! Text that is not read as groups, whatever it holds.
//!
//! A backslash would not do: in front of a value that begins with a brace, the author's own one would take its place.
//! So each sign that means something gets [`MARK`] before it, a code point that Unicode reserves for such inner use and
//! that no text in interchange holds (U+FDD0, a noncharacter). Where a text holds it all the same, it is marked itself.

use std::borrow::Cow;

/// Stands before a sign that is text.
pub(super) const MARK: char = '\u{fdd0}';

/// Whether the sign means something to the reader, so that it must be marked to be text.
pub(super) fn has_meaning(c: char) -> bool {
    matches!(c, '{' | '}' | ',' | '\\' | MARK) || c.is_whitespace()
}

/// Makes a text literal, to be put into one that will be parsed: [`Tree::expand`](super::Tree::expand) gives it back as it
/// is, with its braces, commas, backslashes and blanks at the ends.
///
/// A text that will not be parsed has to go through [`unprotect`].
pub fn protect(text: &str) -> Cow<'_, str> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    if start == 0 && end == text.len() && !text.contains(['{', '}', ',', '\\', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let blank_inside = c.is_whitespace() && (start..end).contains(&at);
        if has_meaning(c) && !blank_inside {
            marked.push(MARK);
        }
        marked.push(c);
    }
    Cow::Owned(marked)
}

/// Undoes [`protect`] in a text that is not going to be parsed.
pub fn unprotect(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut bare = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let marks = c == MARK && chars.peek().is_some_and(|next| has_meaning(*next));
        bare.extend(if marks { chars.next() } else { Some(c) });
    }
    Cow::Owned(bare)
}
