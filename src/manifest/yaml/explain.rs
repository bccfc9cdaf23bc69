//! Explains errors of the YAML parser in words, each with its place.

use std::ops::Range;

use serde_saphyr::{Error, Location};

use super::limits::{ALIASES, DEEPEST};
use crate::diagnostic::{Diagnostic, Source, quoted};

/// The byte range of a node.
pub(super) fn span(location: &Location) -> Range<usize> {
    let bytes = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = bytes(location.span().byte_offset());
    start..start + bytes(location.span().byte_len())
}

/// The byte range of an error. Errors of the scanner have a line and a column only.
fn span_of(location: &Location, source: &Source<'_>) -> Range<usize> {
    if location.span().byte_offset().is_some() {
        return span(location);
    }
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let at = source.offset(number(location.line()), number(location.column()));
    at..at
}

/// Converts an error of the parser into a diagnostic.
pub(super) fn explain(error: &Error, source: &Source<'_>) -> Diagnostic {
    let error = error.without_snippet();
    let place = error.location().map(|location| source.place(span_of(&location, source)));
    let (found, label) = match error {
        Error::ExternalMessage { msg, location, .. } => return not_yaml(msg, span_of(location, source), source),
        Error::Eof { .. } => (Diagnostic::error("the file ends too early to be YAML"), "here"),
        Error::MultipleDocuments { .. } => (
            Diagnostic::error("a manifest is one YAML document").help("remove the line `---` and what follows it"),
            "a second one starts here",
        ),
        Error::UnknownAnchor { .. } => (
            Diagnostic::error("an alias that names no anchor")
                .help("a text that starts with `*` needs quotes around it"),
            "nothing before this has the name",
        ),
        Error::UnsupportedTag { tag, .. } => (
            Diagnostic::error(format!("the YAML tag {} is not understood", quoted(tag)))
                .help("a text that starts with `!` needs quotes around it"),
            "here",
        ),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            (Diagnostic::error("`<<` takes a map, or a list of maps"), "this is neither")
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            (Diagnostic::error("an alias inside the value that it refers to"), "this would repeat forever")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => (
            Diagnostic::error("this YAML expands to more than a manifest may hold").note(format!(
                "lists and maps may nest {DEEPEST} deep, and a manifest may have {ALIASES} aliases (`*name`) that \
                 repeat little"
            )),
            "the limit is reached here",
        ),
        Error::AliasError { error, .. } => return explain(error, source),
        other => (Diagnostic::error(format!("this YAML cannot be read: {}", first_line(&other.to_string()))), ""),
    };
    match place {
        Some(place) => found.at(place, label),
        None => found.at(source.place(0..0), label),
    }
}

fn line_before(text: &str, line_start: usize) -> &str {
    text[..line_start].trim_end().rsplit(['\n', '\r']).next().unwrap_or_default()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Explains what the scanner did not understand. Common slips are recognized by their line.
fn not_yaml(reason: &str, span: Range<usize>, source: &Source<'_>) -> Diagnostic {
    let text = source.text();
    let at = text.floor_char_boundary(span.start);
    let line_start = text[..at].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let rest = &text[line_start..];
    let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();

    if let Some(tab) = line[..indent].find('\t') {
        let tab = line_start + tab;
        return Diagnostic::error("a tab in the indentation")
            .at(source.place(tab..line_start + indent), "YAML is indented with spaces only")
            .help("replace the tab by two spaces for each level");
    }
    let found = Diagnostic::error(format!("this is not YAML: {}", first_line(reason)));
    let value = line.trim_start().trim_start_matches("- ").split_once(": ").map(|(_, value)| value.trim());
    match value {
        _ if reason.starts_with("unclosed quote") => found.help("close the quote at the end of the text"),
        Some(value)
            if value.starts_with(['{', '[', '&', '*', '!', '|', '>', '%', '@', '`', '"', '\'', ',', '?']) =>
        {
            found.help(
                "a text that starts with one of { [ & * ! | > % @ ` , ? or a quote needs quotes around it",
            )
        }
        Some(value) if value.contains(": ") || value.ends_with(':') => {
            found.help("a text with `: ` in it needs quotes around it")
        }
        _ if line_before(text, line_start).matches('"').count() % 2 == 1 => {
            found.help("a quote on the line before is not closed there")
        }
        _ => found,
    }
    .at(source.place(span), "not understood here")
}
