//! Every message, as a person sees it; and that nothing is said where nothing is wrong.

mod flags;
mod pairs;
mod text;
mod values;

use proptest::prelude::*;

use super::super::Severity;
use super::*;
use crate::task::Mode;

/// The findings as a person sees them, without a file.
fn shown(prompt: &str, findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for found in findings {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        let before = prompt[..found.span.start].chars().count();
        let width = prompt[found.span.clone()].chars().count().max(1);
        lines.push(format!("{severity}: {}", found.message));
        lines.push(format!("  {prompt}"));
        lines.push(format!("  {}{} {}", " ".repeat(before), "^".repeat(width), found.label));
        lines.extend(found.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(found.help.iter().map(|help| format!("  help: {help}")));
    }
    lines.join("\n")
}

fn linted(prompt: &str) -> String {
    shown(prompt, &lint(prompt, Mode::Fast))
}

#[test]
fn a_valid_prompt_has_no_findings() {
    for prompt in [
        "a red mug",
        "a red mug --ar 16:9 --v 7 --stylize 250 --chaos 10 --weird 100 --seed 4294967295 --raw --tile",
        "https://x.test/a.png https://x.test/b.jpg a mug --iw 1.5",
        "https://x.test/a.png https://x.test/b.jpg",
        "a mug --sref https://x.test/a.png 1234 random --sw 100 --sv 4",
        "a mug --sref 12::2 34::1",
        "a mug --cref https://x.test/a.png --cw 0 --v 6.1",
        "a mug --oref https://x.test/a.png --ow 400 --v 7 --exp 20 --draft",
        "a mug --no text, big hands --q .5 --v 6",
        "a mug --p --style raw",
        "a mug --p 3w5b2gu --niji 6",
        "hot:: dog::-.5 --v 6.0 --hd --stop 50",
        "a mug\n--ar 1:1\n--tile",
    ] {
        assert_eq!(linted(prompt), "", "{prompt}");
    }
}

#[test]
fn prose_that_looks_like_flags_has_no_findings() {
    for prompt in [
        "a well--known actor",
        "the 16:9 ratio of a screen, c. 1950",
        "C++ -- a book on a table",
        "salt - pepper - oil",
        "salt — pepper, a bowl – blue",
        "a long—no, short—road",
        "a -20 degree morning, model -s of 1908",
        "std::vector written on a wall, 10:30 pm",
        "v 6 of a chart, ar 16:9 in words",
        "a line --- and another ---",
        "he whispered — style is all",
        "curly {braces} and a 50% grey, e.g. this",
        "--",
        "-",
    ] {
        assert_eq!(linted(prompt), "", "{prompt}");
    }
}

proptest! {
    #[test]
    fn findings_point_into_any_text_that_is_linted(
        prompt in any::<String>(),
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "--", "—", "-", "– ", "ar", "v", " ", "16:9", "::", "-1", "repeat", "no", "tile", "{", ",", "é", "https://x",
                "a.png", "sref", "\n", "=", "random",
            ]),
            0..12,
        ),
    ) {
        for prompt in [prompt, pieces.concat()] {
            for found in lint(&prompt, Mode::Relaxed) {
                prop_assert!(prompt.get(found.span.clone()).is_some(), "{prompt:?} {found:?}");
                prop_assert!(!found.message.is_empty() && !found.message.ends_with('.'));
            }
        }
    }

    #[test]
    fn prose_is_never_an_error(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "mug", "style", "no", "fast", "raw", "seed", "tile", "stop", "chaos", "version", "repeat", "v", "s", "c",
                "in", "1950", "5", "well--known", "C++", "c.", "x::y", "10:30", "e.g.", "50%", "{a}", "it's", "\u{201c}so\u{201d}",
            ]),
            1..10,
        ),
        joints in prop::collection::vec(
            prop::sample::select(vec![" ", ", ", " - ", " \u{2014} ", " \u{2013} ", " -- ", "\u{2014}", "-", "\n", ": "]),
            10,
        ),
    ) {
        let mut prompt: String = words.iter().zip(&joints).flat_map(|(word, joint)| [*word, *joint]).collect();
        prompt.push_str("cars");
        let errors: Vec<_> =
            lint(&prompt, Mode::Fast).into_iter().filter(|found| found.severity == Severity::Error).collect();
        prop_assert_eq!(errors, [], "{}", prompt);
    }
}
