//! Text that others wrote, on its way to a terminal.
//!
//! Ids and prompts come from a manifest, reasons and addresses from the service: none of them may move the cursor, recolour
//! the screen, retitle the window or reverse the reading order. Whatever a person is shown goes through [`shown`], or, where
//! it has to stay exact (a path, a command), through [`harmless`].
//! Files (results, state) hold the text as it is; this module is about screens only, knows no other and does no I/O.

/// Whether a terminal might obey this character, or a reader be deceived by it, instead of being shown it.
///
/// These are the C0 and C1 controls (an escape sequence starts with one of them), the line and paragraph separators, and
/// the invisible marks that reverse the reading order.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text in one line, exact but for harmful characters: each becomes `\u{fffd}`, so that what was tried stays visible.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same JSON, line breaks and all, with what a terminal might obey written as escapes: it may end up on a screen as well.
/// Such characters stand inside of strings only, where the escape means the same.
pub fn harmless_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) && c != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// The text as one harmless line of at most `most` characters, the last of them `…` where some were left out.
///
/// Whitespace of any kind and length becomes one space; another harmful character becomes `\u{fffd}`. No more of the text is read than is shown, however long it is, runs of whitespace apart.
pub fn shown(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut words_apart = false;
    for c in text.chars() {
        if c.is_whitespace() {
            words_apart = length > 0;
            continue;
        }
        let wanted = 1 + usize::from(words_apart);
        if length + wanted > most {
            crop(&mut line, length, most);
            return line;
        }
        if words_apart {
            line.push(' ');
        }
        line.push(if is_harmful(c) { char::REPLACEMENT_CHARACTER } else { c });
        length += wanted;
        words_apart = false;
    }
    line
}

/// Ends a line of `length` characters with `…`, within `most`.
fn crop(line: &mut String, length: usize, most: usize) {
    if most == 0 {
        return;
    }
    if length == most {
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
        insta::assert_snapshot!(shown("\u{1b}[2J\u{1b}]0;owned\u{7}red", 80), @"�[2J�]0;owned�red");
        insta::assert_snapshot!(shown("one\u{9b}31mtwo \u{202e}desrever", 80), @"one�31mtwo �desrever");
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        let text = "{\n  \"a\": \"\u{9b}31m\u{202e}\u{7f} é\"\n}";
        let safe = harmless_json(text);
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
        insta::assert_snapshot!(shown("  banned\r\n\n  word:\tblood ", 80), @"banned word: blood");
        insta::assert_snapshot!(shown("a lighthouse at dusk", 12), @"a lighthous…");
        insta::assert_snapshot!(shown("a lighthouse at dusk", 13), @"a lighthouse…");
        insta::assert_snapshot!(shown("a lighthouse at dusk", 14), @"a lighthouse…");
        insta::assert_snapshot!(shown("灯台と夕暮れ", 6), @"灯台と夕暮れ");
        insta::assert_snapshot!(shown("灯台と夕暮れ", 3), @"灯台…");
    }

    proptest! {
        #[test]
        fn whatever_the_text_the_line_is_harmless_and_short(text in any::<String>(), most in 0_usize..40) {
            let line = shown(&text, most);
            prop_assert!(!line.chars().any(is_harmful), "{line:?}");
            prop_assert!(line.chars().count() <= most, "{line:?}");
            prop_assert_eq!(shown(&line, most), line);
            prop_assert!(!harmless(&text).chars().any(is_harmful));
        }

        #[test]
        fn ordinary_text_that_fits_is_shown_as_it_is(text in "[a-zé,.!]{1,9}( [a-zé,.!]{1,9}){0,3}") {
            prop_assert_eq!(&shown(&text, 40), &text);
            prop_assert_eq!(harmless(&text), text);
        }
    }
}
