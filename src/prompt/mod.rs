//! The language of a Midjourney prompt: its flags, what is wrong with them, params that become flags, permutations.
//!
//! Pure: text in, text and findings out. It knows nothing of manifests; whoever does turns a span of a prompt, or a part
//! of a param, into a place in a file.

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
