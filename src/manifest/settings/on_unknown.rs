//! What a run does about tasks whose outcome is unknown.

use serde::{Deserialize, Serialize};

/// What happens to a task whose outcome is unknown: the reply to its submit was lost, so its job
/// may exist and be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum OnUnknown {
    /// The task stays unknown until a callback or a decision settles it.
    #[default]
    Keep,
    /// The task is submitted again, once per run, and may be billed twice.
    Resend,
}

/// A text that is neither `keep` nor `resend`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `keep` nor `resend`")]
pub struct InvalidOnUnknown(pub String);

impl std::str::FromStr for OnUnknown {
    type Err = InvalidOnUnknown;

    fn from_str(text: &str) -> Result<Self, InvalidOnUnknown> {
        match text.trim().to_ascii_lowercase().as_str() {
            "keep" => Ok(OnUnknown::Keep),
            "resend" => Ok(OnUnknown::Resend),
            _ => Err(InvalidOnUnknown(text.to_owned())),
        }
    }
}
