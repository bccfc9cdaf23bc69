//! Makes a short, readable part of an id from a text, always the same for the same text.

use std::fmt::Write as _;

use crate::task::TaskMode;

/// The id of a task that nobody named: up to five words of the text before the flags, at most 32
/// characters, a dash, and twelve hex digits of a hash of prompt and mode. A task in mode `auto` is
/// named as if it had no mode, so that it keeps its name when its mode is decided in the middle of
/// a batch.
pub(crate) fn of_content(prompt: &str, mode: TaskMode) -> String {
    let mut name = words(prompt);
    let mode = if mode == TaskMode::Auto { TaskMode::default() } else { mode };
    hex(&mut name, &content_hash(prompt, mode));
    name
}

fn content_hash(prompt: &str, mode: TaskMode) -> [u8; 6] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(mode.as_str().as_bytes());
    hasher.update(b"\0");
    hasher.update(prompt.as_bytes());
    let mut bytes = [0; 6];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

/// The part of an id for a value of a matrix or an option of a permutation: `16:9` is `16x9`, `Soft
/// light` is `soft-light`.
///
/// Letters and digits of any script stay, in lower case. If that loses too much (a long text is
/// cut, nothing is left), six hex digits of a hash of the text are added, so that another value
/// gets another name.
pub(crate) fn of_value(text: &str) -> String {
    const LONGEST: usize = 32;
    let text = text.trim();
    if text.is_empty() {
        return "none".to_owned();
    }
    let mut slug = String::new();
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_next_digit = rest.peek().is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() {
            slug.extend(c.to_lowercase());
        } else if matches!(c, '_' | '+')
            || (c == '.' && is_next_digit)
            || (c == '-' && slug.is_empty() && is_next_digit)
        {
            slug.push(c);
        } else if c == ':' && is_next_digit && before.is_some_and(|c: char| c.is_ascii_digit()) {
            slug.push('x');
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        before = Some(c);
    }
    slug.truncate(slug.trim_end_matches('-').len());
    let cut = slug.char_indices().nth(LONGEST).map(|(i, _)| i);
    if let Some(cut) = cut {
        let words = slug[..cut].rfind('-').filter(|end| *end > cut / 2);
        slug.truncate(words.unwrap_or(cut));
    }
    if cut.is_some() || slug.is_empty() {
        slug.push_str(if slug.is_empty() { "" } else { "-" });
        hex(&mut slug, &blake3::hash(text.as_bytes()).as_bytes()[..3]);
    }
    slug
}

fn hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
    }
}

/// The first words of a prompt in lower case, each followed by a dash.
fn words(prompt: &str) -> String {
    const WORDS: usize = 5;
    const LONGEST: usize = 32;
    let text = prompt.split(" --").next().unwrap_or_default();
    let words = text
        .split_whitespace()
        .filter(|word| !word.contains("://"))
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.take(WORDS) {
        let word = &word[..word.len().min(LONGEST)];
        if !slug.is_empty() && slug.len() + word.len() > LONGEST {
            break;
        }
        slug.push_str(&word.to_ascii_lowercase());
        slug.push('-');
    }
    if slug.is_empty() { "task-".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::Mode;

    #[test]
    fn a_derived_name_is_readable() {
        for (prompt, expected) in [
            ("A ceramic mug, on grey linen; soft light --ar 1:1", "a-ceramic-mug-on-grey-"),
            ("https://x.example/a.png red shoes", "red-shoes-"),
            ("Internationalisationalism incomprehensibilities", "internationalisationalism-"),
            ("красная чашка", "task-"),
            ("--ar 1:1", "ar-1-1-"),
            (&"x".repeat(90), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-"),
        ] {
            assert_eq!(words(prompt), expected);
        }
        for mode in [Mode::Fast.into(), TaskMode::Auto] {
            assert_eq!(of_content("a mug", mode), "a-mug-ca804849706e");
        }
    }

    #[test]
    fn the_slug_of_a_value_has_its_letters_and_digits() {
        for (value, expected) in [
            ("beach", "beach"),
            ("Soft light, warm", "soft-light-warm"),
            ("16:9", "16x9"),
            ("1.5", "1.5"),
            ("-5", "-5"),
            ("Grün", "grün"),
            ("красная", "красная"),
            ("a/b\\c", "a-b-c"),
            ("", "none"),
            ("***", "3a3a5d"),
        ] {
            let made = of_value(value);
            if value == "***" {
                assert_eq!(made.len(), 6);
            } else {
                assert_eq!(made, expected);
            }
        }
        let long = "a quiet harbour at dawn with mist over the water";
        assert_eq!(of_value(long).len(), "a-quiet-harbour-at-dawn-with".len() + 7);
        assert!(of_value(long).starts_with("a-quiet-harbour-at-dawn-with-"));
        assert_ne!(of_value(long), of_value(&format!("{long}, later")));
    }

    proptest! {
        #[test]
        fn a_slug_is_short_and_never_empty(text in any::<String>()) {
            let slug = of_value(&text);
            prop_assert!(!slug.is_empty());
            prop_assert!(slug.chars().count() <= 39, "{slug}");
            prop_assert!(!slug.contains([' ', '/', '~', '\n']));
        }
    }
}
