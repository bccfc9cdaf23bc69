//! What a run does about tasks whose outcome is unknown.

use serde::{Deserialize, Serialize};

/// What is done about a task whose outcome is unknown: the reply to its submit is missing, so that
/// the job may exist and be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum OnUnknown {
    /// It stays unknown until a callback or a person settles it.
    #[default]
    Keep,
    /// It is sent again, once in a run: for who would rather pay twice than wait.
    Resend,
}

/// The text says nothing of what is unknown.
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
