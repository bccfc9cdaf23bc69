//! Checks the settings of an entry: mode, timeout, priority and the like.

use super::error::ValueError;
use crate::diagnostic::{close_name, quoted};
use crate::duration;
use crate::task::{Decision, NotAMode, TaskMode};

/// The highest value of `max_tasks`.
pub(crate) const MOST_TASKS: u64 = 10_000_000;

/// Reads a mode: `fast`, `relaxed`, `relax` or `auto`.
pub(crate) fn mode(text: &str) -> Result<TaskMode, ValueError> {
    text.parse().map_err(|NotAMode(text)| {
        let fault = ValueError::new(format!("{} is not a mode", quoted(&text)), "expected `fast`, `relaxed` or `auto`");
        match close_name(text.trim(), ["fast", "relaxed", "auto"]) {
            Some(close) => fault.help(format!("did you mean `{close}`?")),
            None => fault.note(
                "`fast` takes about a minute per job and costs more, `relaxed` takes up to ten, `auto` decides by the `deadline`",
            ),
        }
    })
}

/// Reads a timeout in seconds, from 300 to 1200, also written as `10m`.
pub(crate) fn timeout(text: &str) -> Result<u16, ValueError> {
    const RULE: &str = "expected 300 to 1200 seconds";
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => match duration::parse(text) {
            Ok(span) if span.subsec_millis() == 0 => span.as_secs(),
            _ => {
                return Err(ValueError::new(format!("{} is not a timeout", quoted(text)), RULE)
                    .help("write whole seconds as in `900`, or minutes as in `15m`"));
            }
        },
    };
    match u16::try_from(seconds) {
        Ok(seconds @ 300..=1200) => Ok(seconds),
        _ => Err(ValueError::new(format!("a timeout of {seconds} seconds is out of range"), RULE)
            .note("the service waits 600 seconds for a job unless a timeout is given")),
    }
}

/// Checks a URL that the service can call: `https://` and a host.
pub(crate) fn hook_url(text: &str) -> Result<String, ValueError> {
    const LONGEST: usize = 2000;
    let text = text.trim();
    let refused = |label: &str| {
        Err(ValueError::new(format!("{} is not a URL that the service can call", quoted(text)), label)
            .help("write a public URL, as in `https://shop.example/hooks/images`"))
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
        return refused("expected one URL, without spaces");
    }
    Ok(text.to_owned())
}

/// Reads a whole number within bounds.
pub(crate) fn number(text: &str, what: &str, least: u64, most: u64) -> Result<u64, ValueError> {
    match text.trim().replace('_', "").parse::<u64>() {
        Ok(n) if (least..=most).contains(&n) => Ok(n),
        Ok(n) => Err(ValueError::new(
            format!("{what} of {n} is out of range"),
            format!("expected {least} to {most}"),
        )),
        Err(_) => Err(ValueError::new(
            format!("{} is not a number", quoted(text)),
            format!("expected {least} to {most}"),
        )),
    }
}

/// Reads a priority, -1000 to 1000: higher ones are submitted first.
pub(crate) fn priority(text: &str) -> Result<i16, ValueError> {
    const EXPECTED: &str = "expected a whole number from -1000 to 1000";
    match text.trim().parse::<i64>() {
        Ok(n) if (-1000..=1000).contains(&n) => Ok(i16::try_from(n).unwrap_or(0)),
        Ok(n) => Err(ValueError::new(format!("a priority of {n} is out of range"), EXPECTED)),
        Err(_) => Err(ValueError::new(format!("{} is not a priority", quoted(text)), EXPECTED)),
    }
}

/// Reads the number of takes, 1 to 40, the range of Midjourney's own flag.
pub(crate) fn repeat(text: &str) -> Result<u32, ValueError> {
    number(text, "a repeat", 1, 40).map(|n| u32::try_from(n).unwrap_or(1))
}

/// Reads the number of tasks that a manifest may expand to.
pub(crate) fn max_tasks(text: &str) -> Result<u64, ValueError> {
    number(text, "a number of tasks", 1, MOST_TASKS)
}

/// Reads `on` or `off`, and other words that people write for them.
pub(crate) fn switch(text: &str) -> Result<bool, ValueError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => {
            Err(ValueError::new(format!("{} is neither on nor off", quoted(text)), "expected `on` or `off`"))
        }
    }
}

/// `redo`, `skip`, `make`, or nothing.
pub(crate) fn decision(text: &str) -> Result<Option<Decision>, ValueError> {
    let word = text.trim();
    if word.is_empty() {
        return Ok(None);
    }
    Decision::from_word(word).map(Some).ok_or_else(|| {
        let fault = ValueError::new(
            format!("{} is not an action", quoted(text)),
            "expected `redo`, `skip`, `make` or nothing",
        );
        match close_name(&word.to_ascii_lowercase(), Decision::ALL.map(Decision::as_str)) {
            Some(close) => fault.help(format!("did you mean `{close}`?")),
            None => fault,
        }
    })
}
