//! What is wrong with one flag: its dashes, its name, its value, and text that it would swallow.

use std::ops::Range;

use super::super::fault::{Fault, Voice};
use super::super::scan::{Scan, Slip, Written};
use super::super::table::{self, Flag};
use super::super::value::judge;
use super::super::{Finding, Severity};
use crate::diagnostic::{close_name, quoted};

/// Checks each flag, and says whether one of them would swallow text.
pub(super) fn check(prompt: &str, scan: &Scan<'_>, findings: &mut Vec<Finding>) -> bool {
    let mut swallowed: Vec<(usize, Range<usize>)> = Vec::new();
    for (index, written) in scan.flags.iter().enumerate() {
        if written.slipped {
            findings.push(slipped(prompt, written));
        }
        match written.flag {
            None => findings.push(unknown(written)),
            Some(flag) => {
                findings.extend(in_capitals(written));
                if let Some(found) = glued(flag, written) {
                    findings.push(found);
                    continue;
                }
                let judgement = judge(flag, written.name, written.value, Voice::Prompt);
                findings.extend(judgement.faults.into_iter().map(|fault| placed(fault, written)));
                if let Some(rest) = judgement.rest {
                    swallowed.push((index, written.value_start + rest.start..written.value_start + rest.end));
                }
            }
        }
    }
    findings.extend(scan.doubtful.iter().map(|slip| doubtful(prompt, slip)));
    let mended = mended(prompt, scan, &swallowed);
    for (index, rest) in &swallowed {
        findings.push(swallows(prompt, &scan.flags[*index], rest.clone(), &mended));
    }
    !swallowed.is_empty()
}

/// The errors that a flag has for itself.
pub(in super::super) fn errors_in(prompt: &str, scan: &Scan<'_>, written: &Written<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    check(prompt, scan, &mut findings);
    let span = written.span();
    findings.retain(|found| found.severity == Severity::Error && span.contains(&found.span.start));
    findings
}

/// A fault of a value; one that is about no piece of it is about the flag.
fn placed(fault: Fault, written: &Written<'_>) -> Finding {
    let nowhere = fault.piece.is_empty();
    let found = fault.at(written.value_start);
    if nowhere { Finding { span: written.token.clone(), ..found } } else { found }
}

fn dashes<'a>(prompt: &'a str, token: &Range<usize>, name: &str) -> &'a str {
    &prompt[token.start..token.end - name.len()]
}

fn said(dashes: &str) -> &'static str {
    match dashes {
        "\u{2014}" => "an em dash",
        "\u{2013}" => "an en dash",
        "\u{2212}" => "a minus sign",
        "-" => "one hyphen",
        dashes if dashes.contains(char::is_whitespace) => "dashes and a blank",
        dashes if dashes.bytes().all(|byte| byte == b'-') => "too many hyphens",
        _ => "other dashes",
    }
}

// Midjourney's parameter page (in many public copies): "Many Apple devices automatically change double hyphens (--) to an
// em-dash. Midjourney accepts both!" Whether that holds behind the service, and for other dashes, nobody says.
const HYPHENS: &str =
    "a flag begins with two plain hyphens; only Midjourney's own bot is known to mend an em dash";

fn slipped(prompt: &str, written: &Written<'_>) -> Finding {
    let before = dashes(prompt, &written.token, written.name);
    Fault::error(written.token.clone(), format!("{} for `--` before `{}`", said(before), written.name))
        .label("perhaps not read as a flag")
        .note(HYPHENS)
        .help(format!("write {}", quoted(&written.meant())))
        .at(0)
}

fn doubtful(prompt: &str, slip: &Slip<'_>) -> Finding {
    let before = dashes(prompt, &slip.token, slip.name);
    Fault::warning(
        slip.token.clone(),
        format!("{} before `{}`, which is a flag's name", said(before), slip.name),
    )
    .label("a flag or text?")
    .note(HYPHENS)
    .note(format!("`--{}` takes {}", slip.name, slip.flag.legal()))
    .help(format!("if the flag is meant, write `--{}`", slip.name))
    .at(0)
}

fn unknown(written: &Written<'_>) -> Finding {
    if let Some(found) = without_blank(written) {
        return found;
    }
    let shown = quoted(&format!("--{}", written.name));
    let fault = Fault::warning(written.token.clone(), format!("{shown} is not a flag known here"))
        .label("unknown flag")
        .note("Midjourney adds flags now and then: it is sent as it is, and all behind it is its value");
    let long_enough = |name: &&str| name.len() > 1;
    match close_name(written.name, table::names().filter(long_enough)) {
        Some(close) => fault.help(format!("did you mean `--{close}`?")),
        None => fault,
    }
    .at(0)
}

/// `--ar16:9`, `--s250`: the name of a flag and its value in one word.
fn without_blank(written: &Written<'_>) -> Option<Finding> {
    let letters = written.name.find(|c: char| !c.is_ascii_alphabetic())?;
    let (name, start) = written.name.split_at(letters);
    let flag = table::find(name)?;
    let tail = if written.glued { written.value.split_whitespace().next().unwrap_or_default() } else { "" };
    let value = format!("{start}{tail}");
    let judgement = judge(flag, name, &value, Voice::Prompt);
    if flag.is_bare() || !judgement.faults.is_empty() || judgement.rest.is_some() {
        return None;
    }
    let span = written.token.start..written.token.end + tail.len();
    Some(no_blank(span, name, &value))
}

fn no_blank(span: Range<usize>, name: &str, value: &str) -> Finding {
    Fault::error(span, format!("no blank between `--{name}` and its value"))
        .label("read as one name")
        .help(format!("write {}", quoted(&format!("--{name} {value}"))))
        .at(0)
}

/// `--ar=16:9`, `--chaos:20`.
fn glued(flag: &Flag, written: &Written<'_>) -> Option<Finding> {
    if !written.glued {
        return None;
    }
    let value = written.value.strip_prefix(['=', ':'])?.trim_start();
    let judgement = judge(flag, written.name, value, Voice::Prompt);
    let legal = judgement.faults.is_empty() && judgement.rest.is_none() && !flag.is_bare();
    legal.then(|| no_blank(written.span(), written.name, value))
}

fn in_capitals(written: &Written<'_>) -> Option<Finding> {
    let lower = written.name.to_ascii_lowercase();
    (lower != written.name).then(|| {
        Fault::warning(written.token.clone(), format!("`--{}` is written in capitals", written.name))
            .label("flags are written in lowercase")
            .help(format!("write `--{lower}`"))
            .at(0)
    })
}

fn swallows(prompt: &str, written: &Written<'_>, rest: Range<usize>, mended: &str) -> Finding {
    const LONGEST: usize = 200;
    let flag = prompt[written.token.start..rest.start].trim_end();
    let fault = Fault::error(rest, format!("text after {}", quoted(flag)))
        .label("words after a flag are its value, so this is swallowed")
        .note("a prompt is image addresses, then text, then flags");
    let pasted = mended.len() <= LONGEST && !mended.contains(['\n', '`']);
    let help = if pasted { format!("write `{mended}`") } else { "move it before the first flag".to_owned() };
    fault.help(help).at(0)
}

/// The prompt with all that flags would swallow put before them.
fn mended(prompt: &str, scan: &Scan<'_>, swallowed: &[(usize, Range<usize>)]) -> String {
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
