//! From tree to texts: how many, which, and back to one text with groups.

use std::fmt::{self, Write};

use super::literal::MARK;
use super::{Group, Piece, Sequence, Tree};

impl Tree {
    /// How many texts it unfolds to, at least 1; `u128::MAX` stands for anything beyond.
    pub fn count(&self) -> u128 {
        self.root.count()
    }

    /// How many texts each outermost group unfolds to, in the order of the text. Their product is [`Tree::count`].
    pub fn groups(&self) -> Vec<u128> {
        self.root.groups().map(|group| group.count).collect()
    }

    /// The texts, each made when it is asked for. The last group varies fastest.
    pub fn expand(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count()).map(|index| {
            let mut unfolded = Unfolded::default();
            self.root.unfold(index, &mut unfolded);
            unfolded.done()
        })
    }
}

impl Group {
    pub(super) fn of(options: Vec<Sequence>) -> Group {
        let count = options.iter().map(Sequence::count).fold(0, u128::saturating_add);
        Group { options, count }
    }

    fn unfold(&self, mut index: u128, unfolded: &mut Unfolded) {
        for option in &self.options {
            let count = option.count();
            if index < count {
                return option.unfold(index, unfolded);
            }
            index -= count;
        }
    }
}

impl Sequence {
    fn groups(&self) -> impl DoubleEndedIterator<Item = &Group> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Group(group) => Some(group),
        })
    }

    fn count(&self) -> u128 {
        self.groups().map(|group| group.count).fold(1, u128::saturating_mul)
    }

    fn unfold(&self, index: u128, unfolded: &mut Unfolded) {
        if self.pieces.is_empty() {
            return unfolded.nothing();
        }
        // The last group varies fastest, so its choice is the lowest digit.
        let mut rest = index;
        let mut choices: Vec<u128> = Vec::new();
        for group in self.groups().rev() {
            choices.push(rest % group.count);
            rest /= group.count;
        }
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => unfolded.text(text),
                Piece::Group(group) => group.unfold(choices.pop().unwrap_or_default(), unfolded),
            }
        }
    }
}

/// A text while it is put together.
#[derive(Default)]
struct Unfolded {
    text: String,
    /// Whether an empty option was the last that came, blanks apart.
    gap: bool,
}

impl Unfolded {
    fn nothing(&mut self) {
        self.gap = true;
    }

    fn text(&mut self, text: &str) {
        let apart = self.text.is_empty() || self.text.ends_with(char::is_whitespace);
        let text = if self.gap && apart { text.trim_start() } else { text };
        self.text.push_str(text);
        self.gap &= text.trim().is_empty();
    }

    fn done(mut self) -> String {
        if self.gap {
            self.text.truncate(self.text.trim_end().len());
        }
        self.text
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.print(f, false)
    }
}

impl Sequence {
    fn print(&self, f: &mut fmt::Formatter<'_>, inside: bool) -> fmt::Result {
        let last = self.pieces.len().saturating_sub(1);
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Group(group) => {
                    f.write_char('{')?;
                    for (index, option) in group.options.iter().enumerate() {
                        f.write_str(if index == 0 { "" } else { ", " })?;
                        option.print(f, true)?;
                    }
                    f.write_char('}')?;
                }
                Piece::Text(text) => {
                    print_text(f, text, inside, inside && index == 0, inside && index == last)?
                }
            }
        }
        Ok(())
    }
}

/// Prints a text so that it is read as text. Blanks at the ends of an option would go, so they are marked.
fn print_text(f: &mut fmt::Formatter<'_>, text: &str, inside: bool, first: bool, last: bool) -> fmt::Result {
    let start = if first { text.len() - text.trim_start().len() } else { 0 };
    let end = if last { text.trim_end().len() } else { text.len() };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' | '}' => f.write_char('\\')?,
            ',' if inside => f.write_char('\\')?,
            MARK => f.write_char(MARK)?,
            // Before one of the signs, or before whatever follows this text, it would take away a meaning.
            '\\' if chars.peek().is_none_or(|(_, next)| matches!(next, '{' | '}' | ',')) => {
                f.write_char(MARK)?
            }
            c if c.is_whitespace() && !(start..end).contains(&at) => f.write_char(MARK)?,
            _ => {}
        }
        f.write_char(c)?;
    }
    Ok(())
}
