//! What the benchmarks share.

/// The argument that was given after `--`. Cargo adds one of its own, `--bench`.
pub(crate) fn argument() -> Option<String> {
    std::env::args().skip(1).find(|argument| argument != "--bench")
}
