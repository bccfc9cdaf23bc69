//! Permutations: one text with groups, `a {red, blue} mug`, is as many texts as there are ways to choose.
//!
//! - A group is `{…}` with options between commas. Groups multiply; a group in an option adds its ways to that option.
//! - Blanks at the ends of an option go. An option may be empty; the blanks round an empty one become one, and none at the
//!   ends of the text.
//! - `\{`, `\}` and `\,` are the signs themselves, everywhere; any other `\` is itself. A comma outside groups is text.
//! - The order is that of nested loops: the first group is the outermost, the last one varies fastest.
//! - It makes no difference where a group stands: `--ar {1:1, 16:9}` and `--sref {12, 34}` are groups like any other.
//!
//! ```
//! use mjbatch::prompt::permutation;
//!
//! let tree = permutation::parse("a {red, blue} mug {, on linen} --ar {1:1, 3:2}")?;
//! assert_eq!((tree.count(), tree.groups()), (8, vec![2, 2, 2]));
//! assert_eq!(tree.expand().take(3).collect::<Vec<_>>(), [
//!     "a red mug --ar 1:1",
//!     "a red mug --ar 3:2",
//!     "a red mug on linen --ar 1:1",
//! ]);
//!
//! let nested = permutation::parse("{mug, {tall, small} vase}")?;
//! assert_eq!(nested.expand().collect::<Vec<_>>(), ["mug", "tall vase", "small vase"]);
//!
//! // What is protected is text, whatever it holds.
//! let value = permutation::protect("salt, {pepper}");
//! let tree = permutation::parse(&format!("{{{value}, sugar}} pot"))?;
//! assert_eq!(tree.expand().collect::<Vec<_>>(), ["salt, {pepper} pot", "sugar pot"]);
//! # Ok::<(), permutation::PermutationError>(())
//! ```

mod choices;
mod literal;
mod reading;
#[cfg(test)]
mod tests;
mod unfolding;

use std::ops::Range;

pub use literal::{protect, unprotect};
pub use reading::parse;

/// A text with its groups, read by [`parse`].
///
/// Its [`Display`](std::fmt::Display) prints a text that is read as an equal tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: Sequence,
}

/// Text and groups in a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sequence {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Never empty, and never beside another text.
    Text(String),
    Group(Group),
}

/// Options to choose from, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    options: Vec<Sequence>,
    /// The ways to choose, nested ones included.
    count: u128,
}

/// Braces that do not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PermutationError {
    /// The piece: bytes of the text that was given.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words under the piece; may be empty.
    pub label: String,
    /// What is legal, and what else is worth knowing.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}
