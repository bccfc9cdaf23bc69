//! From text to tree.

use std::iter::Peekable;
use std::str::CharIndices;

use super::literal::{MARK, has_meaning};
use super::{Group, PermutationError, Piece, Sequence, Tree};

/// How deep groups may nest. Nobody writes more, and it keeps the stack small whatever is read.
const DEEPEST: usize = 32;

/// Reads a text with groups.
///
/// # Errors
///
/// Where a brace has no partner, or groups nest more than 32 deep.
pub fn parse(text: &str) -> Result<Tree, PermutationError> {
    let mut reader = Reader { chars: text.char_indices().peekable(), open: Vec::new() };
    let (root, _) = reader.sequence()?;
    Ok(Tree { root })
}

struct Reader<'a> {
    chars: Peekable<CharIndices<'a>>,
    /// Where the groups begin that are being read.
    open: Vec<usize>,
}

/// What ended a sequence.
enum End {
    Text,
    Comma,
    Brace,
}

impl Reader<'_> {
    fn sequence(&mut self) -> Result<(Sequence, End), PermutationError> {
        let inside = !self.open.is_empty();
        let mut building = Building::default();
        let end = loop {
            let Some((at, c)) = self.chars.next() else {
                break match self.open.last() {
                    None => End::Text,
                    Some(open) => return Err(unclosed(*open)),
                };
            };
            match c {
                '{' if self.open.len() == DEEPEST => return Err(too_deep(at)),
                '{' => {
                    self.open.push(at);
                    let group = self.group()?;
                    self.open.pop();
                    building.group(group);
                }
                '}' if inside => break End::Brace,
                '}' => return Err(stray(at)),
                ',' if inside => break End::Comma,
                '\\' => match self.chars.next_if(|(_, next)| matches!(next, '{' | '}' | ',')) {
                    Some((_, sign)) => building.solid(sign),
                    None => building.solid('\\'),
                },
                MARK => match self.chars.next_if(|(_, next)| has_meaning(*next)) {
                    Some((_, sign)) => building.solid(sign),
                    None => building.solid(MARK),
                },
                c if c.is_whitespace() => building.blank(c, inside),
                c => building.solid(c),
            }
        };
        Ok((building.done(inside), end))
    }

    fn group(&mut self) -> Result<Group, PermutationError> {
        let mut options = Vec::new();
        loop {
            let (option, end) = self.sequence()?;
            options.push(option);
            if matches!(end, End::Brace) {
                return Ok(Group::of(options));
            }
        }
    }
}

/// A sequence while it is read.
#[derive(Default)]
struct Building {
    pieces: Vec<Piece>,
    text: String,
    /// How much of the text is not blanks that may yet turn out to be the end of an option.
    solid: usize,
}

impl Building {
    fn solid(&mut self, c: char) {
        self.text.push(c);
        self.solid = self.text.len();
    }

    /// Blanks count, but not at the start of an option.
    fn blank(&mut self, c: char, inside: bool) {
        if !(inside && self.pieces.is_empty() && self.text.is_empty()) {
            self.text.push(c);
        }
    }

    fn group(&mut self, group: Group) {
        self.flush();
        self.pieces.push(Piece::Group(group));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.solid = 0;
    }

    fn done(mut self, inside: bool) -> Sequence {
        if inside {
            self.text.truncate(self.solid);
        }
        self.flush();
        Sequence { pieces: self.pieces }
    }
}

const LITERAL: &str = "a brace that is meant as text is written `\\{` or `\\}`";

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
        message: format!("braces nest more than {DEEPEST} deep"),
        label: "one too many".to_owned(),
        notes: Vec::new(),
        help: Some(LITERAL.to_owned()),
    }
}
