//! Removes `--repeat` from a prompt and returns its number.
//!
//! The service would start several jobs for one submit, so the flag is never sent. Instead, the
//! expansion of the manifest makes as many tasks.

use super::finding::Finding;
use super::issue::Issue;
use super::lint::errors_in;
use super::scan::{Scan, WrittenFlag};
use super::table::ValueKind;

/// Removes `--repeat` (`--r`) from a prompt. Returns the prompt without it and its number, from 1
/// to 40.
///
/// ```
/// use mjbatch::prompt::take_repeat;
///
/// assert_eq!(take_repeat("a mug --repeat 3 --ar 1:1"), Ok(("a mug --ar 1:1".to_owned(), Some(3))));
/// assert_eq!(take_repeat("a mug"), Ok(("a mug".to_owned(), None)));
/// assert!(take_repeat("a mug --r 50").is_err());
/// ```
///
/// # Errors
///
/// If the flag has no value or one out of range, is given twice, or would swallow text. A flag with
/// mistyped dashes is left in place; [`lint`](super::lint) reports it.
pub fn take_repeat(prompt: &str) -> Result<(String, Option<u32>), Box<Finding>> {
    let unchanged = || Ok((prompt.to_owned(), None));
    if !prompt.contains("--") {
        return unchanged();
    }
    let scan = Scan::of(prompt);
    let mut repeats = scan.flags.iter().filter(|written| is_repeat(written));
    let Some(repeat) = repeats.next() else { return unchanged() };
    if let Some(again) = repeats.next() {
        return Err(Box::new(twice(again)));
    }
    if let Some(found) = errors_in(prompt, &scan, repeat).into_iter().next() {
        return Err(Box::new(found));
    }
    let span = repeat.span();
    let (before, after) = (prompt[..span.start].trim_end(), prompt[span.end..].trim_start());
    let joint = if before.is_empty() || after.is_empty() { "" } else { " " };
    Ok((format!("{before}{joint}{after}"), repeat.value.parse().ok()))
}

fn is_repeat(written: &WrittenFlag<'_>) -> bool {
    !written.is_mistyped && written.flag.is_some_and(|flag| flag.kind == ValueKind::Repeat)
}

fn twice(again: &WrittenFlag<'_>) -> Finding {
    Issue::error(again.span(), format!("`--{}` is given twice", again.name))
        .label("again here")
        .help("leave one of them out")
        .at(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(prompt: &str) -> String {
        let found = take_repeat(prompt).unwrap_err();
        format!("{} [{}]", found.message, &prompt[found.span])
    }

    #[test]
    fn repeat_is_removed_from_any_position() {
        for prompt in ["a mug --r 4", "a mug   --repeat 4  ", "a mug --repeat +4"] {
            assert_eq!(take_repeat(prompt), Ok(("a mug".to_owned(), Some(4))), "{prompt}");
        }
        assert_eq!(take_repeat("--repeat 40 --ar 1:1"), Ok(("--ar 1:1".to_owned(), Some(40))));
        assert_eq!(take_repeat("well--repeat 4"), Ok(("well--repeat 4".to_owned(), None)));
    }

    #[test]
    fn an_invalid_repeat_is_refused() {
        insta::assert_snapshot!(refused("a mug --repeat"), @"`--repeat` has no value [--repeat]");
        insta::assert_snapshot!(refused("a mug --repeat 0"), @"`--repeat 0` is out of range [0]");
        insta::assert_snapshot!(refused("a mug --r 41 --ar 1:1"), @"`--r 41` is out of range [41]");
        insta::assert_snapshot!(refused("a mug --r many"), @"`--r many` is not a whole number [many]");
        insta::assert_snapshot!(refused("a mug --repeat=3"), @"no space between `--repeat` and its value [--repeat=3]");
        insta::assert_snapshot!(refused("a mug --r 2 --repeat 3"), @"`--repeat` is given twice [--repeat 3]");
        insta::assert_snapshot!(refused("a mug --r 2 on linen --ar 1:1"), @"text after `--r 2` [on linen]");
    }
}
