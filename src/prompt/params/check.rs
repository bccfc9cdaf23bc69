//! Checks a single param: its name, the kind of its value, and the value itself.

use super::super::finding::{ParamFinding, ParamPart};
use super::super::issue::{Context, Issue};
use super::super::scan::Scan;
use super::super::table::{self, Flag, ValueKind};
use super::super::value::check_value;
use super::param::{Param, ParamValue};
use crate::diagnostic::{close_name, quoted};

/// Checks a param, whatever the prompt: an unknown name (a warning), a wrong kind of value, a value
/// out of range.
///
/// ```
/// use mjbatch::prompt::{Param, ParamValue, ParamPart, check_param};
///
/// let param = Param { name: "chaos".into(), value: ParamValue::Text("150".into()) };
/// let found = &check_param(&param)[0];
/// assert_eq!((found.part, found.message.as_str()), (ParamPart::Value, "`chaos: 150` is out of range"));
/// ```
pub fn check_param(param: &Param) -> Vec<ParamFinding> {
    let name = table::bare(&param.name);
    let Some(flag) = param.flag() else {
        let mut findings = vec![unknown_flag(name)];
        findings.extend(param.texts().filter_map(|(part, text)| flag_inside(name, text, part)));
        return findings;
    };
    match flag.kind {
        ValueKind::Speed => return vec![is_the_mode(name, flag)],
        ValueKind::Repeat => return vec![is_repeat(name)],
        _ => {}
    }
    match &param.value {
        ParamValue::Switch(false) => Vec::new(),
        ParamValue::Switch(true) if flag.is_bare() || flag.kind == ValueKind::Profiles => Vec::new(),
        ParamValue::Switch(true) => vec![needs_a_value(name, flag)],
        ParamValue::List(items) if items.is_empty() => vec![needs_a_value(name, flag)],
        ParamValue::List(_) if !flag.takes_several() => vec![takes_no_list(name, flag)],
        _ => param.texts().flat_map(|(part, text)| check_text(name, flag, text, part)).collect(),
    }
}

fn check_text(name: &str, flag: &Flag, text: &str, part: ParamPart) -> Vec<ParamFinding> {
    if let Some(found) = flag_inside(name, text, part) {
        return vec![found];
    }
    let text = text.trim();
    let verdict = check_value(flag, name, text, Context::Param);
    let mut findings: Vec<ParamFinding> = verdict.issues.into_iter().map(|issue| issue.on(part)).collect();
    if let Some(rest) = verdict.surplus {
        let issue =
            Issue::error(rest.clone(), format!("{} has text after its value", quoted_pair(name, text)))
                .label(format!("{} is not part of the value", quoted(text[rest].trim())))
                .note(takes(name, flag));
        findings.push(issue.on(part));
    }
    findings
}

fn quoted_pair(name: &str, text: &str) -> String {
    quoted(&Context::Param.pair(name, text))
}

fn takes(name: &str, flag: &Flag) -> String {
    format!("`{name}` takes {}", flag.legal_values())
}

fn unknown_flag(name: &str) -> ParamFinding {
    let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !well_formed {
        return Issue::error(0..0, format!("{} cannot be a flag", quoted(name)))
            .label("not a flag's name")
            .note("a flag's name is letters, digits, `-` and `_`")
            .on(ParamPart::Name);
    }
    let issue = Issue::warning(0..0, format!("{} is not a flag known here", quoted(name)))
        .label("unknown flag")
        .note(format!("Midjourney adds flags now and then: it is sent as `--{name}`"));
    match close_name(name, table::names().filter(|name| name.len() > 1)) {
        Some(close) => issue.help(format!("did you mean `{close}`?")),
        None => issue,
    }
    .on(ParamPart::Name)
}

fn flag_inside(name: &str, text: &str, part: ParamPart) -> Option<ParamFinding> {
    let scan = Scan::of(text);
    let inner = scan.flags.first()?;
    let issue = Issue::error(inner.span(), format!("a flag in the value of `{name}`"))
        .label(format!("{} is a separate flag", quoted(&inner.corrected())))
        .help("make it a separate param");
    Some(issue.on(part))
}

fn is_the_mode(name: &str, flag: &Flag) -> ParamFinding {
    let issue = Issue::error(0..0, format!("`{name}` is the mode, not a param")).label("not a param");
    match flag.name {
        "turbo" => issue.note("the service has the modes `fast` and `relaxed`"),
        "fast" => issue.help("write `mode: fast` beside the prompt"),
        _ => issue.help("write `mode: relaxed` beside the prompt"),
    }
    .on(ParamPart::Name)
}

fn is_repeat(name: &str) -> ParamFinding {
    Issue::error(0..0, format!("`{name}` is not a param"))
        .label("not a param")
        .note("repeats are expanded before anything is sent: each becomes a task")
        .help("write `repeat: 3` beside the prompt")
        .on(ParamPart::Name)
}

fn needs_a_value(name: &str, flag: &Flag) -> ParamFinding {
    let issue = Issue::error(0..0, format!("`{name}` has no value")).label("a value is missing");
    issue.note(takes(name, flag)).on(ParamPart::Value)
}

fn takes_no_list(name: &str, flag: &Flag) -> ParamFinding {
    Issue::error(0..0, format!("`{name}` takes one value, not a list"))
        .label("a list")
        .note(takes(name, flag))
        .help("to make a task for each value, put the list under `matrix` and use its variable here")
        .on(ParamPart::Value)
}
