//! Makes text that others wrote safe to print on a terminal.
//!
//! Ids and prompts come from a manifest, reasons and URLs from the service. None of them may move
//! the cursor, recolor the screen, retitle the window or reverse the reading order. Text for people
//! goes through [`sanitize_line`] or, where it must stay exact (a path, a command), through
//! [`sanitize`]. Files (results, state) hold the text unchanged: this module is about screens only
//! and does no I/O.

/// Whether a character could make a terminal do something other than print it, or deceive a reader.
///
/// These are the C0 and C1 controls (an escape sequence starts with one of them), the line and
/// paragraph separators, and the invisible marks that reverse the reading order.
pub fn is_unsafe_on_screen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces each unsafe character with `\u{fffd}`, so that an attempt stays visible. The result is
/// one line and otherwise exact.
pub fn sanitize(text: &str) -> String {
    text.chars().map(|c| if is_unsafe_on_screen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Writes unsafe characters of a JSON text as `\u` escapes, as it may end up on a screen; line
/// breaks stay.
///
/// The JSON keeps its meaning: such characters occur within strings only, where the escape says the
/// same.
pub fn escape_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe_on_screen(c) && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// Makes one safe line of at most `max` characters, which ends with `…` if it was shortened.
///
/// Each run of whitespace becomes one space, any other unsafe character `\u{fffd}`. However long
/// the text is, no more of it is read than the line needs, apart from runs of whitespace.
pub fn sanitize_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut needs_space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            needs_space = length > 0;
            continue;
        }
        let added = 1 + usize::from(needs_space);
        if length + added > max {
            end_with_ellipsis(&mut line, length, max);
            return line;
        }
        if needs_space {
            line.push(' ');
        }
        line.push(if is_unsafe_on_screen(c) { char::REPLACEMENT_CHARACTER } else { c });
        length += added;
        needs_space = false;
    }
    line
}

/// Ends a line of `length` characters with `…`, within `max` characters.
fn end_with_ellipsis(line: &mut String, length: usize, max: usize) {
    if max == 0 {
        return;
    }
    if length == max {
        line.pop();
    }
    line.truncate(line.trim_end().len());
    line.push('…');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_disarmed_and_stay_visible() {
        insta::assert_snapshot!(sanitize_line("\u{1b}[2J\u{1b}]0;owned\u{7}red", 80), @"�[2J�]0;owned�red");
        insta::assert_snapshot!(sanitize_line("one\u{9b}31mtwo \u{202e}desrever", 80), @"one�31mtwo �desrever");
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        let text = "{\n  \"a\": \"\u{9b}31m\u{202e}\u{7f} é\"\n}";
        let safe = escape_json(text);
        insta::assert_snapshot!(safe, @r#"
        {
          "a": "\u009b31m\u202e\u007f é"
        }
        "#);
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&safe), read(text));
    }

    #[test]
    fn lines_are_joined_and_long_text_is_cropped() {
        insta::assert_snapshot!(sanitize_line("  banned\r\n\n  word:\tblood ", 80), @"banned word: blood");
        insta::assert_snapshot!(sanitize_line("a lighthouse at dusk", 12), @"a lighthous…");
        insta::assert_snapshot!(sanitize_line("a lighthouse at dusk", 13), @"a lighthouse…");
        insta::assert_snapshot!(sanitize_line("a lighthouse at dusk", 14), @"a lighthouse…");
        insta::assert_snapshot!(sanitize_line("灯台と夕暮れ", 6), @"灯台と夕暮れ");
        insta::assert_snapshot!(sanitize_line("灯台と夕暮れ", 3), @"灯台…");
    }

    proptest! {
        #[test]
        fn a_line_of_any_text_is_safe_and_short(text in any::<String>(), max in 0_usize..40) {
            let line = sanitize_line(&text, max);
            prop_assert!(!line.chars().any(is_unsafe_on_screen), "{line:?}");
            prop_assert!(line.chars().count() <= max, "{line:?}");
            prop_assert_eq!(sanitize_line(&line, max), line);
            prop_assert!(!sanitize(&text).chars().any(is_unsafe_on_screen));
        }

        #[test]
        fn ordinary_text_that_fits_is_unchanged(text in "[a-zé,.!]{1,9}( [a-zé,.!]{1,9}){0,3}") {
            prop_assert_eq!(&sanitize_line(&text, 40), &text);
            prop_assert_eq!(sanitize(&text), text);
        }
    }
}
