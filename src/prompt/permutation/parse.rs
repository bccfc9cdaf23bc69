//! Parses a text with groups into a tree.

use std::iter::Peekable;
use std::str::CharIndices;

use super::literal::{MARK, is_special};
use super::tree::{OptionGroup, PermutationError, Sequence, Tree, TreeNode};

/// How deep groups may nest. It bounds the stack, whatever is parsed.
const MAX_DEPTH: usize = 32;

/// Parses a text with groups.
///
/// # Errors
///
/// If a brace has no counterpart, or groups nest more than 32 deep.
pub fn parse(text: &str) -> Result<Tree, PermutationError> {
    let mut parser = GroupParser { chars: text.char_indices().peekable(), open: Vec::new() };
    let (root, _) = parser.sequence()?;
    Ok(Tree { root })
}

struct GroupParser<'a> {
    chars: Peekable<CharIndices<'a>>,
    /// Where each group starts that is being parsed.
    open: Vec<usize>,
}

/// The token that ended a sequence.
enum SequenceEnd {
    Text,
    Comma,
    Brace,
}

impl GroupParser<'_> {
    fn sequence(&mut self) -> Result<(Sequence, SequenceEnd), PermutationError> {
        let inside = !self.open.is_empty();
        let mut builder = SequenceBuilder::default();
        let end = loop {
            let Some((at, c)) = self.chars.next() else {
                break match self.open.last() {
                    None => SequenceEnd::Text,
                    Some(open) => return Err(unclosed(*open)),
                };
            };
            match c {
                '{' if self.open.len() == MAX_DEPTH => return Err(too_deep(at)),
                '{' => {
                    self.open.push(at);
                    let group = self.group()?;
                    self.open.pop();
                    builder.push_group(group);
                }
                '}' if inside => break SequenceEnd::Brace,
                '}' => return Err(stray(at)),
                ',' if inside => break SequenceEnd::Comma,
                '\\' => match self.chars.next_if(|(_, next)| matches!(next, '{' | '}' | ',')) {
                    Some((_, sign)) => builder.push(sign),
                    None => builder.push('\\'),
                },
                MARK => match self.chars.next_if(|(_, next)| is_special(*next)) {
                    Some((_, sign)) => builder.push(sign),
                    None => builder.push(MARK),
                },
                c if c.is_whitespace() => builder.push_whitespace(c, inside),
                c => builder.push(c),
            }
        };
        Ok((builder.build(inside), end))
    }

    fn group(&mut self) -> Result<OptionGroup, PermutationError> {
        let mut options = Vec::new();
        loop {
            let (option, end) = self.sequence()?;
            options.push(option);
            if matches!(end, SequenceEnd::Brace) {
                return Ok(OptionGroup::of(options));
            }
        }
    }
}

/// A sequence while it is parsed.
#[derive(Default)]
struct SequenceBuilder {
    nodes: Vec<TreeNode>,
    text: String,
    /// The length of the text without whitespace at its end, which is cut if it ends an option.
    trimmed_len: usize,
}

impl SequenceBuilder {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.trimmed_len = self.text.len();
    }

    /// Adds whitespace, unless it is at the start of an option.
    fn push_whitespace(&mut self, c: char, inside: bool) {
        if !(inside && self.nodes.is_empty() && self.text.is_empty()) {
            self.text.push(c);
        }
    }

    fn push_group(&mut self, group: OptionGroup) {
        self.flush();
        self.nodes.push(TreeNode::Group(group));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.nodes.push(TreeNode::Text(std::mem::take(&mut self.text)));
        }
        self.trimmed_len = 0;
    }

    fn build(mut self, inside: bool) -> Sequence {
        if inside {
            self.text.truncate(self.trimmed_len);
        }
        self.flush();
        Sequence { nodes: self.nodes }
    }
}

const LITERAL: &str = "write a literal brace as `\\{` or `\\}`";

fn unclosed(at: usize) -> PermutationError {
    PermutationError {
        span: at..at + 1,
        message: "a `{` that is never closed".to_owned(),
        label: "opened here".to_owned(),
        notes: vec!["`{red, blue}` makes one prompt for each option".to_owned()],
        help: Some(format!("close it with `}}`; {LITERAL}")),
    }
}

fn stray(at: usize) -> PermutationError {
    PermutationError {
        span: at..at + 1,
        message: "a `}` without a `{` before it".to_owned(),
        label: "closes nothing".to_owned(),
        notes: vec!["`{red, blue}` makes one prompt for each option".to_owned()],
        help: Some(LITERAL.to_owned()),
    }
}

fn too_deep(at: usize) -> PermutationError {
    PermutationError {
        span: at..at + 1,
        message: format!("braces nest more than {MAX_DEPTH} deep"),
        label: "one level too many".to_owned(),
        notes: Vec::new(),
        help: Some(LITERAL.to_owned()),
    }
}
