//! The language of a Midjourney prompt: its flags, what is wrong with them, params that become flags, permutations.
//!
//! Pure: text in, text and findings out. It knows nothing of manifests; whoever does turns a span of a prompt, or a part
//! of a param, into a place in a file.
//!
//! # Prompts
//!
//! A prompt is addresses of images, then text, then flags. A flag is `--` at the start of a word with a letter behind it,
//! and all up to the next flag is its value. [`lint`] finds what a person would pay for in vain: errors where the prompt
//! cannot mean what it says, warnings where it might (an unknown flag, a newer version, a flag that does nothing).
//!
//! ```
//! use mjbatch::prompt::{Severity, lint};
//! use mjbatch::task::Mode;
//!
//! let found = |prompt| {
//!     let first = lint(prompt, Mode::Fast).into_iter().next();
//!     first.map(|found| (found.severity, found.message, found.help.unwrap_or_default()))
//! };
//! let error = |message: &str, help: &str| Some((Severity::Error, message.to_owned(), help.to_owned()));
//! let warning = |message: &str, help: &str| Some((Severity::Warning, message.to_owned(), help.to_owned()));
//!
//! assert_eq!(found("https://x.test/a.png a mug --iw 2 --ar 16:9"), None);
//! assert_eq!(found("a well--known mug -- in 16:9"), None);
//! assert_eq!(found("a mug --ar 16x9"), error("`--ar 16x9` is not an aspect ratio", "write `--ar 16:9`"));
//! assert_eq!(found("a mug —ar 16:9"), error("an em dash for `--` before `ar`", "write `--ar 16:9`"));
//! assert_eq!(found("a mug --ar 1:1 on linen"), error("text after `--ar 1:1`", "write `a mug on linen --ar 1:1`"));
//! assert_eq!(found("a mug --stilize 9"), warning("`--stilize` is not a flag known here", "did you mean `--stylize`?"));
//! ```
//!
//! # Params
//!
//! [`check_param`] judges one for itself; [`with_params`] writes them behind the text, always in the order of the table of
//! flags. A flag in the prompt wins over a default and clashes with an explicit param.
//!
//! # Permutations and repeats
//!
//! [`permutation`] unfolds `{a, b}`; [`take_repeat`] takes `--repeat` out. Neither is ever sent. The order of the steps is:
//! template (its values through [`permutation::protect`]), permutation, [`take_repeat`], [`with_params`], [`lint`].

mod fault;
mod lint;
mod params;
pub mod permutation;
mod repeat;
mod scan;
mod table;
mod value;

use std::ops::Range;

pub use crate::diagnostic::Severity;
pub use lint::lint;
pub use params::{
    Clash, Counterpart, Origin, Param, ParamFinding, ParamValue, Part, check_param, with_params,
};
pub use repeat::take_repeat;
pub use table::{canonical, is_flag};

/// A problem in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether the prompt can be sent.
    pub severity: Severity,
    /// The piece: bytes of the prompt that was given. Empty, at 0, where the prompt itself is empty.
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
