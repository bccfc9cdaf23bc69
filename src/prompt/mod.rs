//! The syntax of Midjourney prompts: flags, params that become flags, permutations, and what is
//! wrong with them.
//!
//! Pure: text in, text and findings out. Nothing here knows of manifests. The caller maps a span of
//! a prompt, or a part of a param, to a place in a file.
//!
//! # Prompts
//!
//! A prompt is image URLs, then text, then flags. A flag is `--` at the start of a word, followed
//! by a letter; everything up to the next flag is its value. [`lint`] finds mistakes that would be
//! billed all the same: errors where the prompt cannot mean what it says, warnings where it might
//! (an unknown flag, a newer version, a flag that has no effect).
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
//! [`check_param`] checks a single param; [`with_params`] appends params to the prompt, always in
//! the order of the table of flags. A flag in the prompt overrides a default and clashes with an
//! explicit param.
//!
//! # Permutations and repeats
//!
//! [`permutation`] expands `{a, b}`; [`take_repeat`] removes `--repeat`. Neither is ever sent. The
//! order of the steps is: template (with its values through [`permutation::protect`]), permutation,
//! [`take_repeat`], [`with_params`], [`lint`].

mod canonical;
mod finding;
mod issue;
mod lint;
mod params;
pub mod permutation;
mod repeat;
mod scan;
mod table;
mod value;

pub use canonical::canonical_prompt;
pub use finding::{Finding, ParamFinding, ParamPart, Severity};
pub use lint::lint;
pub use params::{Clash, Counterpart, Origin, Param, ParamValue, check_param, with_params};
pub use repeat::take_repeat;
pub use table::{canonical, is_flag};
