//! Bounds what a YAML text may expand to.

/// How deep lists and maps may nest. The language needs five levels.
pub(super) const DEEPEST: usize = 24;
/// How many events aliases may repeat, besides one for each byte of the text.
pub(super) const REPEATED: usize = 100_000;
/// The most aliases in one document. The product of this and the bytes of escaped or folded text
/// that their anchors may hold bounds the memory that repeats of such text take (plain text is
/// shared).
pub(super) const ALIASES: usize = 10_000;
pub(super) const ANCHORED_BYTES: usize = 16 * 1024;
