//! Expands a tree to its texts, and writes it back as one text with groups.

use std::fmt::{self, Write};

use super::literal::MARK;
use super::tree::{OptionGroup, Sequence, Tree, TreeNode};

impl Tree {
    /// The number of texts that the tree expands to, at least 1, saturating at `u128::MAX`.
    pub fn count(&self) -> u128 {
        self.root.count()
    }

    /// The number of texts that each outermost group expands to, in the order of the text.
    ///
    /// Their product is [`Tree::count`].
    pub fn groups(&self) -> Vec<u128> {
        self.root.groups().map(|group| group.count).collect()
    }

    /// Expands the tree lazily. The last group varies fastest.
    pub fn expand(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count()).map(|index| {
            let mut collapsed = Collapsed::default();
            self.root.expand_nth(index, &mut collapsed);
            collapsed.finish()
        })
    }
}

impl OptionGroup {
    pub(super) fn of(options: Vec<Sequence>) -> OptionGroup {
        let count = options.iter().map(Sequence::count).fold(0, u128::saturating_add);
        OptionGroup { options, count }
    }

    fn expand_nth(&self, mut index: u128, collapsed: &mut Collapsed) {
        for option in &self.options {
            let count = option.count();
            if index < count {
                return option.expand_nth(index, collapsed);
            }
            index -= count;
        }
    }
}

impl Sequence {
    fn groups(&self) -> impl DoubleEndedIterator<Item = &OptionGroup> {
        self.nodes.iter().filter_map(|node| match node {
            TreeNode::Text(_) => None,
            TreeNode::Group(group) => Some(group),
        })
    }

    fn count(&self) -> u128 {
        self.groups().map(|group| group.count).fold(1, u128::saturating_mul)
    }

    fn expand_nth(&self, index: u128, collapsed: &mut Collapsed) {
        if self.nodes.is_empty() {
            return collapsed.push_empty();
        }
        // The last group varies fastest, so its choice is the lowest digit.
        let mut rest = index;
        let mut choices: Vec<u128> = Vec::new();
        for group in self.groups().rev() {
            choices.push(rest % group.count);
            rest /= group.count;
        }
        for node in &self.nodes {
            match node {
                TreeNode::Text(text) => collapsed.push_text(text),
                TreeNode::Group(group) => group.expand_nth(choices.pop().unwrap_or_default(), collapsed),
            }
        }
    }
}

/// A text while it is put together, in which the whitespace around empty options collapses.
#[derive(Default)]
struct Collapsed {
    text: String,
    /// Whether the last addition, apart from whitespace, was an empty option.
    ends_in_gap: bool,
}

impl Collapsed {
    fn push_empty(&mut self) {
        self.ends_in_gap = true;
    }

    fn push_text(&mut self, text: &str) {
        let apart = self.text.is_empty() || self.text.ends_with(char::is_whitespace);
        let text = if self.ends_in_gap && apart { text.trim_start() } else { text };
        self.text.push_str(text);
        self.ends_in_gap &= text.trim().is_empty();
    }

    fn finish(mut self) -> String {
        if self.ends_in_gap {
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
        let last = self.nodes.len().saturating_sub(1);
        for (index, node) in self.nodes.iter().enumerate() {
            match node {
                TreeNode::Group(group) => {
                    f.write_char('{')?;
                    for (index, option) in group.options.iter().enumerate() {
                        f.write_str(if index == 0 { "" } else { ", " })?;
                        option.print(f, true)?;
                    }
                    f.write_char('}')?;
                }
                TreeNode::Text(text) => {
                    print_text(f, text, inside, inside && index == 0, inside && index == last)?
                }
            }
        }
        Ok(())
    }
}

/// Writes a text so that it is parsed as text. Whitespace at the ends of an option is marked, so
/// that it is kept.
fn print_text(f: &mut fmt::Formatter<'_>, text: &str, inside: bool, first: bool, last: bool) -> fmt::Result {
    let start = if first { text.len() - text.trim_start().len() } else { 0 };
    let end = if last { text.trim_end().len() } else { text.len() };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' | '}' => f.write_char('\\')?,
            ',' if inside => f.write_char('\\')?,
            MARK => f.write_char(MARK)?,
            // A backslash before a special character, or at the end of the text, would escape it.
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
