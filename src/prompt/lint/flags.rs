//! Lints single flags: dashes, name, value, and text that the flag would swallow.

use std::ops::Range;

use super::super::finding::{Finding, Severity};
use super::super::issue::{Context, Issue};
use super::super::scan::{MistypedFlag, Scan, WrittenFlag};
use super::super::table::{self, Flag};
use super::super::value::check_value;
use crate::diagnostic::{close_name, quoted};

/// Checks each flag. Returns whether one of them would swallow text.
pub(super) fn check(prompt: &str, scan: &Scan<'_>, findings: &mut Vec<Finding>) -> bool {
    let mut swallowed: Vec<(usize, Range<usize>)> = Vec::new();
    for (index, written) in scan.flags.iter().enumerate() {
        if written.is_mistyped {
            findings.push(mistyped_dashes(prompt, written));
        }
        match written.flag {
            None => findings.push(unknown_flag(written)),
            Some(flag) => {
                findings.extend(in_capitals(written));
                if let Some(found) = value_after_sign(flag, written) {
                    findings.push(found);
                    continue;
                }
                let verdict = check_value(flag, written.name, written.value, Context::Prompt);
                findings.extend(verdict.issues.into_iter().map(|issue| placed(issue, written)));
                if let Some(rest) = verdict.surplus {
                    swallowed.push((index, written.value_start + rest.start..written.value_start + rest.end));
                }
            }
        }
    }
    findings.extend(scan.doubtful.iter().map(|mistyped| doubtful(prompt, mistyped)));
    let corrected = corrected(prompt, scan, &swallowed);
    for (index, rest) in &swallowed {
        findings.push(swallowed_text(prompt, &scan.flags[*index], rest.clone(), &corrected));
    }
    !swallowed.is_empty()
}

/// The errors of a single flag.
pub(in super::super) fn errors_in(prompt: &str, scan: &Scan<'_>, written: &WrittenFlag<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    check(prompt, scan, &mut findings);
    let span = written.span();
    findings.retain(|found| found.severity == Severity::Error && span.contains(&found.span.start));
    findings
}

/// Places an issue of a value. An issue without a span is about the whole flag.
fn placed(issue: Issue, written: &WrittenFlag<'_>) -> Finding {
    let nowhere = issue.piece.is_empty();
    let found = issue.at(written.value_start);
    if nowhere { Finding { span: written.token.clone(), ..found } } else { found }
}

fn dashes<'a>(prompt: &'a str, token: &Range<usize>, name: &str) -> &'a str {
    &prompt[token.start..token.end - name.len()]
}

fn name_of_dashes(dashes: &str) -> &'static str {
    match dashes {
        "\u{2014}" => "an em dash",
        "\u{2013}" => "an en dash",
        "\u{2212}" => "a minus sign",
        "-" => "one hyphen",
        dashes if dashes.contains(char::is_whitespace) => "dashes and a space",
        dashes if dashes.bytes().all(|byte| byte == b'-') => "too many hyphens",
        _ => "other dashes",
    }
}

// Midjourney's parameter page (in many public copies): "Many Apple devices automatically change
// double hyphens (--) to an em-dash. Midjourney accepts both!" Whether that holds for this service,
// and for other dashes, is not documented.
const HYPHENS: &str =
    "a flag starts with two plain hyphens; only Midjourney's own bot is known to correct an em dash";

fn mistyped_dashes(prompt: &str, written: &WrittenFlag<'_>) -> Finding {
    let before = dashes(prompt, &written.token, written.name);
    Issue::error(
        written.token.clone(),
        format!("{} for `--` before `{}`", name_of_dashes(before), written.name),
    )
    .label("probably not read as a flag")
    .note(HYPHENS)
    .help(format!("write {}", quoted(&written.corrected())))
    .at(0)
}

fn doubtful(prompt: &str, mistyped: &MistypedFlag<'_>) -> Finding {
    let before = dashes(prompt, &mistyped.token, mistyped.name);
    Issue::warning(
        mistyped.token.clone(),
        format!("{} before `{}`, which is a flag's name", name_of_dashes(before), mistyped.name),
    )
    .label("a flag or text?")
    .note(HYPHENS)
    .note(format!("`--{}` takes {}", mistyped.name, mistyped.flag.legal_values()))
    .help(format!("if the flag is meant, write `--{}`", mistyped.name))
    .at(0)
}

fn unknown_flag(written: &WrittenFlag<'_>) -> Finding {
    if let Some(found) = without_space(written) {
        return found;
    }
    let shown = quoted(&format!("--{}", written.name));
    let issue = Issue::warning(written.token.clone(), format!("{shown} is not a flag known here"))
        .label("unknown flag")
        .note(
            "Midjourney adds flags now and then: it is sent as it is, and everything after it is its value",
        );
    let long_enough = |name: &&str| name.len() > 1;
    match close_name(written.name, table::names().filter(long_enough)) {
        Some(close) => issue.help(format!("did you mean `--{close}`?")),
        None => issue,
    }
    .at(0)
}

/// Finds the name of a flag and its value in one word, such as `--ar16:9` or `--s250`.
fn without_space(written: &WrittenFlag<'_>) -> Option<Finding> {
    let letters = written.name.find(|c: char| !c.is_ascii_alphabetic())?;
    let (name, start) = written.name.split_at(letters);
    let flag = table::find(name)?;
    let tail =
        if written.is_glued { written.value.split_whitespace().next().unwrap_or_default() } else { "" };
    let value = format!("{start}{tail}");
    let verdict = check_value(flag, name, &value, Context::Prompt);
    if flag.is_bare() || !verdict.issues.is_empty() || verdict.surplus.is_some() {
        return None;
    }
    let span = written.token.start..written.token.end + tail.len();
    Some(no_space(span, name, &value))
}

fn no_space(span: Range<usize>, name: &str, value: &str) -> Finding {
    Issue::error(span, format!("no space between `--{name}` and its value"))
        .label("read as one name")
        .help(format!("write {}", quoted(&format!("--{name} {value}"))))
        .at(0)
}

/// Finds a value after `=` or `:`, such as `--ar=16:9` or `--chaos:20`.
fn value_after_sign(flag: &Flag, written: &WrittenFlag<'_>) -> Option<Finding> {
    if !written.is_glued {
        return None;
    }
    let value = written.value.strip_prefix(['=', ':'])?.trim_start();
    let verdict = check_value(flag, written.name, value, Context::Prompt);
    let legal = verdict.issues.is_empty() && verdict.surplus.is_none() && !flag.is_bare();
    legal.then(|| no_space(written.span(), written.name, value))
}

fn in_capitals(written: &WrittenFlag<'_>) -> Option<Finding> {
    let lower = written.name.to_ascii_lowercase();
    (lower != written.name).then(|| {
        Issue::warning(written.token.clone(), format!("`--{}` is written in capitals", written.name))
            .label("flags are written in lowercase")
            .help(format!("write `--{lower}`"))
            .at(0)
    })
}

fn swallowed_text(prompt: &str, written: &WrittenFlag<'_>, rest: Range<usize>, corrected: &str) -> Finding {
    const LONGEST: usize = 200;
    let flag = prompt[written.token.start..rest.start].trim_end();
    let issue = Issue::error(rest, format!("text after {}", quoted(flag)))
        .label("words after a flag are its value, so this is swallowed")
        .note("a prompt is image URLs, then text, then flags");
    let pasted = corrected.len() <= LONGEST && !corrected.contains(['\n', '`']);
    let help =
        if pasted { format!("write `{corrected}`") } else { "move it before the first flag".to_owned() };
    issue.help(help).at(0)
}

/// Moves all text that flags would swallow before the flags.
fn corrected(prompt: &str, scan: &Scan<'_>, swallowed: &[(usize, Range<usize>)]) -> String {
    let mut text = scan.text.trim_end().to_owned();
    let mut flags = String::new();
    for (index, written) in scan.flags.iter().enumerate() {
        let at = swallowed.binary_search_by_key(&index, |(at, _)| *at);
        let rest = at.ok().map(|at| swallowed[at].1.clone());
        let end = rest.as_ref().map_or(written.span().end, |rest| rest.start);
        let value = prompt[written.token.end..end].trim_end();
        flags.push_str(&format!(" --{}{value}", written.name));
        let moved = rest.map_or("", |rest| &prompt[rest]);
        let (joint, moved) = match moved.trim_start_matches(['.', ';', '!']).trim_start() {
            "" => continue,
            moved if moved.starts_with(',') || text.is_empty() => ("", moved),
            moved => (" ", moved),
        };
        text.push_str(joint);
        text.push_str(moved);
    }
    text + flags.as_str()
}
