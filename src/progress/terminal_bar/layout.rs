//! Laying out text for a terminal's width, without losing any of it.

use anstyle::AnsiColor;

use crate::progress::wording::DOT;

/// A part of a line and its color.
pub(super) type Part = (String, Option<AnsiColor>);

/// The parts on as few lines as hold them, none of them broken.
pub(super) fn wrap_parts(parts: Vec<Part>, columns: usize) -> Vec<Vec<Part>> {
    let mut lines: Vec<Vec<Part>> = Vec::new();
    let mut used = 0;
    for part in parts {
        let length = part.0.chars().count();
        match lines.last_mut() {
            Some(line) if used + DOT.chars().count() + length <= columns => {
                used += DOT.chars().count() + length;
                line.push(part);
            }
            _ => {
                used = length;
                lines.push(vec![part]);
            }
        }
    }
    lines
}

/// The line broken between words, with lines after the first indented. A word that is longer than a
/// line, such as a URL or a path, is left to the terminal, so that it can be copied in one piece.
pub(super) fn fold(line: &str, columns: usize) -> String {
    let words = line.trim_start_matches(' ');
    let indent = line.len() - words.len();
    let (mut text, mut used) = (String::new(), 0);
    for word in words.split(' ') {
        let length = console::measure_text_width(word);
        if text.is_empty() {
            text.push_str(&" ".repeat(indent));
            used = indent + length;
        } else if used + 1 + length <= columns {
            text.push(' ');
            used += 1 + length;
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(indent + 2));
            used = indent + 2 + length;
        }
        text.push_str(word);
    }
    text
}

/// The summary for a terminal. The lines that people copy, with a path or a command, are not
/// broken.
pub(super) fn fold_summary(summary: &str, columns: usize) -> String {
    let is_copied =
        |line: &str| ["results: ", "state: ", "next: "].iter().any(|s| line.trim_start().starts_with(s));
    let lines =
        summary.lines().map(|line| if is_copied(line) { line.to_owned() } else { fold(line, columns) });
    lines.collect::<Vec<_>>().join("\n")
}
