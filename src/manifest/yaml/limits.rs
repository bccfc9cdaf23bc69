//! How much a YAML text may unfold to.

/// Lists and maps within each other. The language needs five.
pub(super) const DEEPEST: usize = 24;
/// Events that aliases may repeat, besides one for each byte of the text.
pub(super) const REPEATED: usize = 100_000;
/// Aliases in one document, and the bytes of escaped or folded text that their anchors may hold:
/// their product bounds the memory that repeats of such text can take (plain text is shared).
pub(super) const ALIASES: usize = 10_000;
pub(super) const ANCHORED_BYTES: usize = 16 * 1024;
