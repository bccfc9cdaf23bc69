//! Permutations: `{red, blue} mug` is two prompts.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A text with its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    text: String,
}

/// Braces that do not match.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Reads a text with groups.
///
/// # Errors
///
/// Where braces do not match, or nest too deep.
pub fn parse(text: &str) -> Result<Tree, PermutationError> {
    Ok(Tree { text: text.to_owned() })
}

impl Tree {
    /// How many texts it unfolds to, at least 1; `u128::MAX` stands for anything beyond.
    pub fn count(&self) -> u128 {
        1
    }

    /// How many texts each outermost group unfolds to, in the order of the text. Their product is [`Tree::count`].
    pub fn groups(&self) -> Vec<u128> {
        Vec::new()
    }

    /// The texts, made one by one as they are asked for. The last group varies fastest.
    pub fn expand(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(self.text.clone())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Makes a text literal, to be put into one that will be parsed: [`Tree::expand`] gives it back as it is.
pub fn protect(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Undoes [`protect`] in a text that is not going to be parsed.
pub fn unprotect(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}
