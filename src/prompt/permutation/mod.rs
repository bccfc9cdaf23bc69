//! Permutations: a text with groups, such as `a {red, blue} mug`, expands to one text per
//! combination.
//!
//! - A group is `{…}` with options separated by commas. Groups multiply; a group within an option
//!   adds its own options to that one.
//! - Options are trimmed. An option may be empty; the whitespace around an empty option collapses
//!   to one space, and to none at the ends of the text.
//! - `\{`, `\}` and `\,` escape the character, everywhere; any other `\` is itself. A comma outside
//!   groups is text.
//! - The order is that of nested loops: the first group is the outermost, the last one varies
//!   fastest.
//! - A group may be anywhere, also in flags: `--ar {1:1, 16:9}`, `--sref {12, 34}`.
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
//! // A protected text is taken literally.
//! let value = permutation::protect("salt, {pepper}");
//! let tree = permutation::parse(&format!("{{{value}, sugar}} pot"))?;
//! assert_eq!(tree.expand().collect::<Vec<_>>(), ["salt, {pepper} pot", "sugar pot"]);
//! # Ok::<(), permutation::PermutationError>(())
//! ```

mod choices;
mod expand;
mod literal;
mod parse;
#[cfg(test)]
mod tests;
mod tree;

pub use literal::{protect, unprotect};
pub use parse::parse;
pub use tree::{PermutationError, Tree};
