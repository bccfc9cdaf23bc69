//! Explains errors in templates in words, each with its place.

use std::ops::Range;

use minijinja::ErrorKind;

use super::LONGEST;
use super::scope::Scope;
use crate::diagnostic::{close_name, quoted};
use crate::manifest::value::ValueError;

/// Converts minijinja's error into an error of the template's text. `missing` are the names in it
/// that do not exist, of which one may be the cause.
pub(super) fn explain(error: &minijinja::Error, source: &str, scope: &Scope, missing: &[&str]) -> ValueError {
    let span = error.range().filter(|span| source.get(span.clone()).is_some());
    let fault = match error.kind() {
        ErrorKind::UndefinedError => return undefined(source, span, scope, missing),
        ErrorKind::OutOfFuel => ValueError::new("the template runs for too long", "in this text"),
        ErrorKind::WriteFailure => ValueError::new(
            "the template makes too much text",
            format!("at most {LONGEST} bytes are allowed"),
        ),
        ErrorKind::UnknownFilter => {
            ValueError::new(format!("the template's {}", detail(error)), "unknown filter")
                .note("filters are those of minijinja, such as lower, upper, title, replace, default")
        }
        ErrorKind::SyntaxError => syntax(error, source),
        _ => ValueError::new(format!("the template cannot be filled in: {}", detail(error)), "here"),
    };
    match span {
        Some(span) => fault.within(source, span),
        None => fault,
    }
}

fn detail(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

fn syntax(error: &minijinja::Error, source: &str) -> ValueError {
    let fault =
        ValueError::new(format!("this is not a valid template: {}", detail(error)), "not understood here");
    let is_group = source.contains("{{") && source.contains(',');
    if source.contains("{#") {
        fault.help("`{#` starts a comment; a group that starts with # needs a blank: `{ #fff, #000}`")
    } else if is_group {
        fault.help("`{{` starts a template; a group that starts with a group needs a blank: `{ {a, b}, c}`")
    } else {
        fault.help("a template is written `{{ name }}`")
    }
}

fn undefined(source: &str, span: Option<Range<usize>>, scope: &Scope, missing: &[&str]) -> ValueError {
    const LISTED: usize = 12;
    // If a filter was given nothing, the error points at the filter.
    let piece = span.clone().map(|span| source[span].trim()).unwrap_or_default();
    let word = piece.split(['.', '[', '|', ' ']).next().unwrap_or_default();
    let at_missing = |name: &&&str| source.find(**name).is_some();
    let (piece, word, span) = match missing.iter().find(at_missing).filter(|_| !missing.contains(&word)) {
        Some(name) => (*name, *name, source.find(name).map(|start| start..start + name.len())),
        None => (piece, word, span),
    };
    let fault = if piece.is_empty() {
        ValueError::new("the template uses an unknown variable", "in this text")
    } else {
        ValueError::new(format!("there is no variable {}", quoted(piece)), "used here")
    };
    let names = scope.names();
    let close = close_name(word, names.iter().copied()).map(|close| format!("did you mean `{close}`?"));
    let mut list = names.iter().take(LISTED).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        list.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    let fault = match names.is_empty() {
        true => fault.note("no variables are defined here; `vars`, `matrix`, `zip` and `data` define them"),
        false => fault.note(&format!("the variables here are {list}")),
    };
    let fault = match span {
        Some(span) => fault.within(source, span),
        None => fault,
    };
    match close {
        Some(close) => fault.help(close),
        None => fault,
    }
}
