//! Renders problems as text, in the look of rustc, by annotate-snippets.
//!
//! Nothing of a hostile file reaches the terminal raw: control characters, and those that change
//! the direction of writing, are replaced by visible ones, in messages and in the lines shown, one
//! for one, so that underlines stay in place.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Snippet, renderer};

use super::place::REACH;
use super::{Diagnostic, Label, Problems, Severity};

/// How many problems are shown.
const SHOWN: usize = 20;
/// The last column up to which filler is made; later columns are shown as this one.
const FARTHEST: usize = 1_000_000;

/// Renders problems as text.
#[derive(Debug, Clone)]
pub struct Renderer {
    look: renderer::Renderer,
}

impl Renderer {
    /// A renderer without colors, for files, pipes and tests.
    pub fn plain() -> Self {
        Renderer { look: renderer::Renderer::plain() }.width(120)
    }

    /// A renderer with ANSI colors, for a terminal.
    pub fn coloured() -> Self {
        Renderer { look: renderer::Renderer::styled().hyperlink(false) }.width(120)
    }

    /// Crops lines of the file to this many columns, 40 to 160; the default is 120.
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Renderer { look: self.look.term_width(columns.clamp(40, REACH)) }
    }

    /// Renders one problem, with a line break at its end.
    pub fn one(&self, found: &Diagnostic) -> String {
        self.with_consequence(found, None)
    }

    /// Renders all problems, errors first, at most 20 of them and then a count, and last the
    /// consequence. Empty if there are none.
    pub fn all(&self, problems: &Problems) -> String {
        let of = |severity| problems.iter().filter(move |found| found.severity == severity);
        let shown: Vec<&Diagnostic> = of(Severity::Error).chain(of(Severity::Warning)).take(SHOWN).collect();
        let lone = problems.errors() == 1;
        let mut blocks: Vec<String> = shown
            .iter()
            .map(|found| {
                let says = lone && found.severity == Severity::Error;
                self.with_consequence(found, problems.consequence().filter(|_| says))
            })
            .collect();
        blocks.extend(self.summary(problems, &shown));
        blocks.join("\n")
    }

    fn summary(&self, problems: &Problems, shown: &[&Diagnostic]) -> Option<String> {
        let shown_errors = shown.iter().filter(|found| found.severity == Severity::Error).count();
        let hidden = [
            counted(problems.errors() - shown_errors, "more error"),
            counted(problems.warnings() - (shown.len() - shown_errors), "more warning"),
        ];
        let hidden: Vec<String> = hidden.into_iter().flatten().collect();
        let hidden = (!hidden.is_empty()).then(|| format!("and {}", hidden.join(" and ")));

        let total = counted(problems.errors(), "error").filter(|_| problems.errors() > 1);
        let title = match (problems.consequence(), total) {
            (Some(consequence), Some(total)) => format!("{consequence}: {total}"),
            _ => return hidden.map(|hidden| format!("{hidden}\n")),
        };
        let last = Diagnostic::error(title);
        Some(self.one(&hidden.into_iter().fold(last, Diagnostic::note)))
    }

    fn with_consequence(&self, found: &Diagnostic, consequence: Option<&str>) -> String {
        let level = match found.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(visible(&found.message, Breaks::AreNot)));
        for (i, label) in found.labels.iter().enumerate() {
            group = group.element(snippet(label, i == 0));
        }
        for note in found.notes.iter().map(String::as_str).chain(consequence) {
            group = group.element(Level::NOTE.message(visible(note, Breaks::AreKept)));
        }
        if let Some(help) = &found.help {
            group = group.element(Level::HELP.message(visible(help, Breaks::AreKept)));
        }
        let mut text = self.look.render(&[group]);
        text.push('\n');
        text
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Renderer::plain().all(self).trim_end())
    }
}

fn counted(n: usize, what: &str) -> Option<String> {
    match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{n} {what}s")),
    }
}

/// Makes the snippet of a line, with filler for the part before the excerpt, so that the library
/// counts columns correctly.
fn snippet(label: &Label, first: bool) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let (place, excerpt) = (&label.place, &label.place.excerpt);
    let filler = "x".repeat(excerpt.skipped.min(FARTHEST));
    let before = visible(&excerpt.text[..excerpt.underlined.start], Breaks::AreNot);
    let underlined = visible(&excerpt.text[excerpt.underlined.clone()], Breaks::AreNot);
    let after = visible(&excerpt.text[excerpt.underlined.end..], Breaks::AreNot);

    let start = filler.len() + before.len();
    let kind = if first { AnnotationKind::Primary } else { AnnotationKind::Context };
    let mut annotation = kind.span(start..start + underlined.len());
    if !label.text.is_empty() {
        annotation = annotation.label(visible(&label.text, Breaks::AreNot));
    }
    Snippet::source(format!("{filler}{before}{underlined}{after}"))
        .path(visible(&place.file, Breaks::AreNot))
        .line_start(place.start.line)
        .annotation(annotation)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Breaks {
    AreKept,
    AreNot,
}

/// Replaces each invisible character with a visible one.
fn visible(text: &str, breaks: Breaks) -> String {
    text.chars()
        .map(|c| match c {
            '\n' if breaks == Breaks::AreKept => c,
            '\t' => ' ',
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn rendered(text: &str, span: std::ops::Range<usize>) -> String {
        let source = Source::new("spring.yaml", text);
        Renderer::plain().one(&Diagnostic::error("this is wrong").at(source.place(span), "here"))
    }

    #[test]
    fn a_problem_looks_like_one_of_rustc() {
        let source = Source::new("spring.csv", "id,prompt\nmug,a mug\npen,a pen\nmug,a cup\n");
        let found = Diagnostic::error("two rows have the id `mug`")
            .at(source.place(30..33), "used again")
            .at(source.place(10..13), "first used here")
            .note("an id names one task")
            .help("give one of them another id:\nmug-2,a cup");
        insta::assert_snapshot!(Renderer::plain().one(&found), @r"
        error: two rows have the id `mug`
         --> spring.csv:4:1
          |
        4 | mug,a cup
          | ^^^ used again
          |
         ::: spring.csv:2:1
          |
        2 | mug,a mug
          | --- first used here
          |
          = note: an id names one task
          = help: give one of them another id:
                  mug-2,a cup
        ");
    }

    #[test]
    fn colour_is_added_and_nothing_else() {
        let found = Diagnostic::warning("odd").at(Source::new("f", "abc").place(1..2), "this");
        let coloured = Renderer::coloured().one(&found);
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), Renderer::plain().one(&found));
    }

    #[test]
    fn a_line_of_100_000_characters_is_cropped_around_the_place_with_the_right_column() {
        let line = format!("prompt: {}{{ a, b }}{}", "very ".repeat(10_000), " good".repeat(10_000));
        insta::assert_snapshot!(rendered(&line, 50_008..50_016), @r"
        error: this is wrong
         --> spring.yaml:1:50009
          |
        1 | ...ry very very very very very very very very very { a, b } good good good good good good good good good good goo...
          |                                                    ^^^^^^^^ here
        ");
        let all = rendered(&line, 8..line.len());
        assert!(all.lines().all(|line| line.chars().count() <= 130), "{all}");
    }

    #[test]
    fn control_characters_of_a_hostile_file_do_not_reach_the_terminal() {
        let text = "a\u{1b}[2J\u{9b}31m\u{202e}b\u{7}\u{85}\u{2028}c";
        let source = Source::new("evil\u{1b}[0m\n.yaml", text);
        let found = Diagnostic::error(format!("bad {text}"))
            .at(source.place(0..text.len()), text)
            .note(text)
            .help(text);
        let shown = Renderer::plain().one(&found);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(!shown.contains(['\u{202e}', '\u{2028}']), "{shown:?}");
    }

    #[test]
    fn the_end_of_a_file_and_an_empty_one_can_be_pointed_at() {
        insta::assert_snapshot!(rendered("", 0..0), @r"
        error: this is wrong
         --> spring.yaml:1:1
          |
        1 |
          | ^ here
        ");
        insta::assert_snapshot!(rendered("a\n", 2..2), @r"
        error: this is wrong
         --> spring.yaml:2:1
          |
        2 |
          | ^ here
        ");
    }

    #[test]
    fn at_most_twenty_are_shown_then_a_count_and_the_consequence() {
        let mut problems = Problems::new();
        for i in 1..=32 {
            problems.push(Diagnostic::error(format!("error {i}")));
        }
        problems.push(Diagnostic::warning("odd"));
        problems.set_consequence("nothing was submitted");
        let text = Renderer::plain().all(&problems);
        assert!(text.starts_with("error: error 1\n"));
        assert_eq!(text.matches("error: error ").count(), 20);
        let (_, last) = text.split_once("error: error 20\n").unwrap();
        assert_eq!(
            last,
            "\nerror: nothing was submitted: 32 errors\n |\n = note: and 12 more errors and 1 more warning\n"
        );
    }

    #[test]
    fn one_error_includes_its_consequence() {
        let mut problems = Problems::from(Diagnostic::error("this is wrong").help("mend it"));
        problems.push(Diagnostic::warning("odd"));
        problems.set_consequence("nothing was submitted");
        insta::assert_snapshot!(Renderer::plain().all(&problems), @r"
        error: this is wrong
         |
         = note: nothing was submitted
         = help: mend it

        warning: odd
        ");
        assert_eq!(Renderer::plain().all(&Problems::new()), "");
    }
}
