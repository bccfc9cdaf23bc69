//! The class of a failed job, from the only thing that the service gives: free text.
use crate::task::FailureClass;

/// Words by which a reason is one of moderation. The service documents none; these are what such
/// services say.
const MODERATION: [&str; 7] =
    ["moderat", "banned", "prohibited", "nsfw", "content policy", "sensitive", "inappropriate"];

/// The class of a failure with this reason, whatever its case.
pub(super) fn classify(reason: &str) -> FailureClass {
    let reason = reason.to_ascii_lowercase();
    if MODERATION.iter().any(|word| reason.contains(word)) {
        FailureClass::Moderated
    } else {
        FailureClass::Generation
    }
}
