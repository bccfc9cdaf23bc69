//! What single values must be, whatever file they stand in: the prompt, the id, the mode, the timeout and their like.
//!
//! A check takes text and gives the value, or a [`Fault`]: a diagnostic that only lacks its place.

use std::ops::Range;
use std::time::Duration;

use super::money::{Budget, NotABudget, NotUsd, Usd};
use super::settings::OnUnknown;
use crate::deadline::Deadline;
use crate::diagnostic::{Diagnostic, Severity, Source, close_name, quoted};
use crate::duration;
use crate::prompt::Finding;
use crate::task::{Action, NotAMode, Quota, TaskMode};

/// The most tasks that a manifest may be allowed to make by multiplication.
pub(super) const MOST_TASKS: u64 = 10_000_000;

/// What is wrong with a value.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    found: Box<Diagnostic>,
    label: String,
    piece: Option<Piece>,
}

/// A part of a text.
#[derive(Debug, Clone)]
struct Piece {
    text: String,
    span: Range<usize>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, label: impl Into<String>) -> Self {
        Fault { found: Box::new(Diagnostic::error(message)), label: label.into(), piece: None }
    }

    /// What the prompt's own checks found in it.
    pub(super) fn of(finding: Finding, prompt: &str) -> Self {
        Fault::told(finding.severity, finding.message, finding.label, finding.notes, finding.help)
            .within(prompt, finding.span)
    }

    pub(super) fn told(
        severity: Severity,
        message: String,
        label: String,
        notes: Vec<String>,
        help: Option<String>,
    ) -> Self {
        let mut found = match severity {
            Severity::Error => Diagnostic::error(message),
            Severity::Warning => Diagnostic::warning(message),
        };
        found.notes = notes;
        found.help = help;
        Fault { found: Box::new(found), label, piece: None }
    }

    pub(super) fn note(mut self, text: &str) -> Self {
        self.found.notes.push(text.to_owned());
        self
    }

    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.found.help = Some(text.into());
        self
    }

    /// Points at this part of a text, where the file has the text, or at least the part, as it is.
    pub(super) fn within(self, text: &str, span: Range<usize>) -> Self {
        let is_part = text.get(span.clone()).is_some_and(|part| !part.is_empty());
        Fault { piece: is_part.then(|| Piece { text: text.to_owned(), span }), ..self }
    }

    pub(super) fn is_error(&self) -> bool {
        self.found.severity == Severity::Error
    }

    /// The same, as something that does not keep the work from going on.
    pub(super) fn soften(mut self) -> Self {
        self.found.severity = Severity::Warning;
        self
    }

    pub(super) fn message(&self) -> &str {
        &self.found.message
    }

    /// The diagnostic, for the value at this span.
    pub(super) fn at(self, source: &Source<'_>, span: Range<usize>) -> Diagnostic {
        let written = source.text().get(span.clone()).unwrap_or_default();
        let narrowed = self.piece.and_then(|piece| piece.find(written));
        let span = narrowed.map_or(span.clone(), |part| span.start + part.start..span.start + part.end);
        self.found.at(source.place(span), self.label)
    }
}

impl Piece {
    fn find(&self, written: &str) -> Option<Range<usize>> {
        let part = &self.text[self.span.clone()];
        let start = match written.find(&self.text) {
            Some(whole) => whole + self.span.start,
            None => written.find(part).or_else(|| written.find(part.trim()))?,
        };
        let part = if written[start..].starts_with(part) { part } else { part.trim() };
        Some(start..start + part.len())
    }
}

/// The prompt as it will be sent: trimmed, and a line break with the blanks round it made one space.
pub(super) fn prompt(text: &str) -> Result<String, Fault> {
    let text = one_line(text.trim());
    if text.is_empty() {
        return Err(Fault::new("the prompt is empty", "expected the text of a prompt"));
    }
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return Ok(text);
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, c)) => Err(Fault::new("the prompt holds a control character", "in this text")
            .within(&text, at..at + c.len_utf8())),
        None => Ok(text),
    }
}

fn one_line(text: &str) -> String {
    if !text.contains(['\n', '\r', '\t']) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(blank) = rest.find(char::is_whitespace) {
        let (before, after) = rest.split_at(blank);
        let word = after.find(|c: char| !c.is_whitespace()).unwrap_or(after.len());
        let (blanks, after) = after.split_at(word);
        line.push_str(before);
        line.push_str(if blanks.contains(['\n', '\r', '\t']) { " " } else { blanks });
        rest = after;
    }
    line + rest
}

/// The task's name: trimmed, 1 to 200 characters, none of them a control character.
pub(super) fn id(text: &str) -> Result<String, Fault> {
    name_of(text, "id")
}

/// The batch's name, by the same rules.
pub(super) fn batch_name(text: &str) -> Result<String, Fault> {
    name_of(text, "name")
}

/// A variable's name, by the same rules.
pub(super) fn variable(text: &str) -> Result<String, Fault> {
    name_of(text, "name of a variable")
}

/// A value in a column that has no name.
pub(super) fn unnamed_column() -> Fault {
    Fault::new("a value in a column without a name", "this belongs to no column")
        .help("give the column a name in the first row, or empty this cell")
}

fn name_of(text: &str, what: &str) -> Result<String, Fault> {
    const LONGEST: usize = 200;
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::new(format!("the {what} is empty"), "expected some text, or no key at all"));
    }
    let length = text.chars().count();
    if length > LONGEST {
        return Err(Fault::new(
            format!("the {what} is too long"),
            format!("{length} characters, and at most {LONGEST} are allowed"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(
            format!("the {what} holds a line break or another control character"),
            "in this text",
        ));
    }
    Ok(text.to_owned())
}

/// `fast`, `relaxed`, `relax` or `auto`.
pub(super) fn mode(text: &str) -> Result<TaskMode, Fault> {
    text.parse().map_err(|NotAMode(text)| {
        let fault = Fault::new(format!("{} is not a mode", quoted(&text)), "expected `fast`, `relaxed` or `auto`");
        match close_name(text.trim(), ["fast", "relaxed", "auto"]) {
            Some(close) => fault.help(format!("did you mean `{close}`?")),
            None => fault.note(
                "`fast` takes about a minute a job and costs more, `relaxed` takes up to ten, `auto` goes by the `deadline`",
            ),
        }
    })
}

/// Seconds from 300 to 1200, also written as `10m`.
pub(super) fn timeout(text: &str) -> Result<u16, Fault> {
    const RULE: &str = "expected 300 to 1200 seconds";
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => match duration::parse(text) {
            Ok(span) if span.subsec_millis() == 0 => span.as_secs(),
            _ => {
                return Err(Fault::new(format!("{} is not a timeout", quoted(text)), RULE)
                    .help("write whole seconds as in `900`, or minutes as in `15m`"));
            }
        },
    };
    match u16::try_from(seconds) {
        Ok(seconds @ 300..=1200) => Ok(seconds),
        _ => Err(Fault::new(format!("a timeout of {seconds} seconds is out of range"), RULE)
            .note("the service waits 600 seconds for a job unless a timeout is given")),
    }
}

/// An address that the service can call: `https://` and a host.
pub(super) fn hook_url(text: &str) -> Result<String, Fault> {
    const LONGEST: usize = 2000;
    let text = text.trim();
    let refused = |label: &str| {
        Err(Fault::new(format!("{} is not an address that the service can call", quoted(text)), label)
            .help("write a public address, as in `https://shop.example/hooks/images`"))
    };
    let Some((scheme, rest)) = text.split_once("://") else { return refused("expected `https://`") };
    if !scheme.eq_ignore_ascii_case("https") {
        return refused("expected `https://`");
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return refused("expected a host after `https://`");
    }
    if text.len() > LONGEST || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refused("expected one address, without blanks");
    }
    Ok(text.to_owned())
}

/// A whole number within bounds.
pub(super) fn number(text: &str, what: &str, least: u64, most: u64) -> Result<u64, Fault> {
    match text.trim().replace('_', "").parse::<u64>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        Ok(n) => {
            Err(Fault::new(format!("{what} of {n} is out of range"), format!("expected {least} to {most}")))
        }
        Err(_) => Err(Fault::new(
            format!("{} is not a number", quoted(text)),
            format!("expected {least} to {most}"),
        )),
    }
}

/// What is more urgent is submitted first: -1000 to 1000.
pub(super) fn priority(text: &str) -> Result<i16, Fault> {
    const EXPECTED: &str = "expected a whole number from -1000 to 1000";
    match text.trim().parse::<i64>() {
        Ok(n) if (-1000..=1000).contains(&n) => Ok(i16::try_from(n).unwrap_or(0)),
        Ok(n) => Err(Fault::new(format!("a priority of {n} is out of range"), EXPECTED)),
        Err(_) => Err(Fault::new(format!("{} is not a priority", quoted(text)), EXPECTED)),
    }
}

/// How often an entry is made: 1 to 40, as Midjourney's own flag.
pub(super) fn repeat(text: &str) -> Result<u32, Fault> {
    number(text, "a repeat", 1, 40).map(|n| u32::try_from(n).unwrap_or(1))
}

/// How often a task that failed is sent again: 0 to 10.
pub(super) fn retries(text: &str) -> Result<u8, Fault> {
    number(text, "a number of retries", 0, 10).map(|n| u8::try_from(n).unwrap_or(0))
}

/// What is done about a task whose outcome is unknown.
pub(super) fn on_unknown(text: &str) -> Result<OnUnknown, Fault> {
    text.parse().map_err(|_| {
        Fault::new(format!("{} is neither keep nor resend", quoted(text)), "expected `keep` or `resend`")
            .note("`resend` sends again what may have been made and billed")
    })
}

/// How many tasks a manifest may make.
pub(super) fn max_tasks(text: &str) -> Result<u64, Fault> {
    number(text, "a number of tasks", 1, MOST_TASKS)
}

/// `on` or `off`, and what else people write for them.
pub(super) fn switch(text: &str) -> Result<bool, Fault> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(Fault::new(format!("{} is neither on nor off", quoted(text)), "expected `on` or `off`")),
    }
}

/// `redo`, `skip`, or nothing.
pub(super) fn action(text: &str) -> Result<Option<Action>, Fault> {
    let word = text.trim().to_ascii_lowercase();
    match word.as_str() {
        "" => Ok(None),
        "redo" => Ok(Some(Action::Redo)),
        "skip" => Ok(Some(Action::Skip)),
        _ => {
            let fault = Fault::new(
                format!("{} is not an action", quoted(text)),
                "expected `redo`, `skip` or nothing",
            );
            Err(match close_name(&word, ["redo", "skip"]) {
                Some(close) => fault.help(format!("did you mean `{close}`?")),
                None => fault,
            })
        }
    }
}

/// The path of a file or a folder.
pub(super) fn path(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::new("the path is empty", "expected the path of a file"));
    }
    if text.contains(char::is_control) {
        return Err(Fault::new("the path holds a control character", "in this text"));
    }
    Ok(text.to_owned())
}

/// The most that may be spent: `20usd` or `500quota`.
pub(super) fn budget(text: &str) -> Result<Budget, Fault> {
    text.parse().map_err(|NotABudget(text)| {
        Fault::new(format!("{} is not a budget", quoted(&text)), "expected a number and its unit")
            .help("write it as in `20usd` or `500quota`")
    })
}

/// When all should be done.
pub(super) fn deadline(text: &str) -> Result<Deadline, Fault> {
    text.parse().map_err(|_| {
        Fault::new(format!("{} is not a deadline", quoted(text)), "expected a time, or a span of time")
            .help("write it as in `08:00`, `2026-03-01T08:00` or `6h`")
    })
}

/// What a quota costs in US dollars.
pub(super) fn usd(text: &str) -> Result<Usd, Fault> {
    text.parse().map_err(|NotUsd(text)| {
        Fault::new(
            format!("{} is not an amount of US dollars", quoted(&text)),
            "expected a number such as `0.0077`",
        )
        .note("from 0 to 1000000, with at most six decimals")
    })
}

/// A price in quota.
pub(super) fn price(text: &str) -> Result<Quota, Fault> {
    text.parse().map_err(|_| {
        Fault::new(
            format!("{} is not an amount of quota", quoted(text)),
            "expected a number such as `2` or `1.5`",
        )
        .note("from 0 to 1000000, with at most three decimals")
    })
}

/// A span of time above zero.
pub(super) fn span(text: &str) -> Result<Duration, Fault> {
    match duration::parse(text) {
        Ok(span) if span.is_zero() => {
            Err(Fault::new("a span of no time at all", "expected more than zero, such as `1s`"))
        }
        Ok(span) => Ok(span),
        Err(_) => Err(Fault::new(
            format!("{} is not a span of time", quoted(text)),
            "expected a number and its unit",
        )
        .help("write it as in `500ms`, `90s`, `15m` or `2h`")),
    }
}

/// How many jobs may run at once: 1 to 1000.
pub(super) fn concurrency(text: &str) -> Result<u16, Fault> {
    match text.trim().parse::<u16>() {
        Ok(jobs @ 1..=1000) => Ok(jobs),
        _ => Err(Fault::new(format!("{} is not a number of jobs", quoted(text)), "expected 1 to 1000")
            .note("an account runs ten jobs at once unless it was given more")),
    }
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "messages are long")]
mod tests {
    use super::*;
    use crate::diagnostic::Renderer;

    fn refused<T: std::fmt::Debug>(check: impl Fn(&str) -> Result<T, Fault>, text: &str) -> String {
        let fault = check(text).expect_err("it is refused");
        Renderer::plain().one(&fault.at(&Source::new("m.csv", text), 0..text.len()))
    }

    #[test]
    fn a_prompt_is_one_line_without_the_blanks_round_it() {
        assert_eq!(prompt("  a mug \r\n  on  linen\n").unwrap(), "a mug on  linen");
        assert_eq!(prompt("a\n\n\nb\tc").unwrap(), "a b c");
        assert_eq!(prompt("x --raw").unwrap(), "x --raw");
        let long = "é ".repeat(50_000);
        assert_eq!(prompt(&long).unwrap(), long.trim_end());
    }

    #[test]
    fn each_wrong_value_is_told_with_what_was_expected() {
        insta::assert_snapshot!(refused(prompt, " \n "), @r"
        error: the prompt is empty
         --> m.csv:1:1
          |
        1 |  
          | ^ expected the text of a prompt
        ");
        insta::assert_snapshot!(refused(prompt, "a \u{7} mug"), @r"
         error: the prompt holds a control character
          --> m.csv:1:3
           |
         1 | a ␇ mug
           |   ^ in this text
         ");
        insta::assert_snapshot!(refused(id, ""), @r"
        error: the id is empty
         --> m.csv:1:1
          |
        1 |
          | ^ expected some text, or no key at all
        ");
        insta::assert_snapshot!(refused(id, &"x".repeat(201)), @r"
        error: the id is too long
         --> m.csv:1:1
          |
        1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 201 characters, and at most 200 are allowed
        ");
        insta::assert_snapshot!(refused(id, "a\nb"), @r"
        error: the id holds a line break or another control character
         --> m.csv:1:1
          |
        1 | a
          | ^ in this text
        ");
        insta::assert_snapshot!(refused(mode, "relaxd"), @r"
        error: `relaxd` is not a mode
         --> m.csv:1:1
          |
        1 | relaxd
          | ^^^^^^ expected `fast`, `relaxed` or `auto`
          |
          = help: did you mean `relaxed`?
        ");
        insta::assert_snapshot!(refused(mode, "no"), @r"
        error: `no` is not a mode
         --> m.csv:1:1
          |
        1 | no
          | ^^ expected `fast`, `relaxed` or `auto`
          |
          = note: `fast` takes about a minute a job and costs more, `relaxed` takes up to ten, `auto` goes by the `deadline`
        ");
        insta::assert_snapshot!(refused(timeout, "60"), @r"
        error: a timeout of 60 seconds is out of range
         --> m.csv:1:1
          |
        1 | 60
          | ^^ expected 300 to 1200 seconds
          |
          = note: the service waits 600 seconds for a job unless a timeout is given
        ");
        insta::assert_snapshot!(refused(timeout, "soon"), @r"
        error: `soon` is not a timeout
         --> m.csv:1:1
          |
        1 | soon
          | ^^^^ expected 300 to 1200 seconds
          |
          = help: write whole seconds as in `900`, or minutes as in `15m`
        ");
        insta::assert_snapshot!(refused(price, "-4"), @r"
        error: `-4` is not an amount of quota
         --> m.csv:1:1
          |
        1 | -4
          | ^^ expected a number such as `2` or `1.5`
          |
          = note: from 0 to 1000000, with at most three decimals
        ");
        insta::assert_snapshot!(refused(span, "5"), @r"
        error: `5` is not a span of time
         --> m.csv:1:1
          |
        1 | 5
          | ^ expected a number and its unit
          |
          = help: write it as in `500ms`, `90s`, `15m` or `2h`
        ");
        insta::assert_snapshot!(refused(span, "0s"), @r"
        error: a span of no time at all
         --> m.csv:1:1
          |
        1 | 0s
          | ^^ expected more than zero, such as `1s`
        ");
        insta::assert_snapshot!(refused(concurrency, "0"), @r"
        error: `0` is not a number of jobs
         --> m.csv:1:1
          |
        1 | 0
          | ^ expected 1 to 1000
          |
          = note: an account runs ten jobs at once unless it was given more
        ");
    }

    #[test]
    fn a_timeout_is_seconds_or_a_span_of_time() {
        assert_eq!(timeout(" 300 ").unwrap(), 300);
        assert_eq!(timeout("20m").unwrap(), 1200);
        for text in ["299", "1201", "65836", "99999999999999999999", "500ms", "-300", ""] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
