//! Params: flags given beside the prompt, as `params:` in YAML or as columns of a table.
//!
//! They are written at the end of the prompt, always in the order of the table of flags: `ar`, `v`, `niji`, `raw`, `style`,
//! `stylize`, `chaos`, `weird`, `exp`, `quality`, `draft`, `hd`, `tile`, `stop`, `seed`, `iw`, `sref`, `sw`, `sv`, `cref`,
//! `cw`, `oref`, `ow`, `p`, `no`; unknown ones behind them by their names. So moving a line changes no task.

#[cfg(test)]
mod tests;
mod writing;

pub use writing::{Clash, Counterpart, with_params};

use super::Severity;
use super::fault::{Fault, Voice};
use super::scan::Scan;
use super::table::{self, Flag, Kind};
use super::value::judge;
use crate::diagnostic::{close_name, quoted};

/// One flag given beside the prompt: `ar: "16:9"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Any of the flag's names, with or without dashes.
    pub name: String,
    /// What was given for it.
    pub value: ParamValue,
}

/// What was given for a param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamValue {
    /// `16:9`, `250`, `text, hands`.
    Text(String),
    /// `[text, hands]`, for flags that take several.
    List(Vec<String>),
    /// `true` writes a bare flag; `false` writes none, and takes a default away, of any flag.
    Switch(bool),
}

/// Where a param comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From the defaults: the prompt and the entry win over it.
    Default,
    /// From the entry itself: it wins over defaults, and clashes with the same flag in the prompt.
    Explicit,
}

/// The part of a param that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Its name.
    Name,
    /// Its whole value.
    Value,
    /// One entry of its list, from 0.
    Item(usize),
}

/// A problem in a param, for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamFinding {
    /// Whether it can be sent.
    pub severity: Severity,
    /// What it is about.
    pub part: Part,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words under the piece; may be empty.
    pub label: String,
    /// What is legal, and what else is worth knowing.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Param {
    /// A param out of text, as a cell of a table is: `None` where it is empty. For a flag without a value `true`, `yes`,
    /// `on`, `x` and `1` are on, and `false`, `no`, `off` and `0` are off; for any other flag all text is its value.
    ///
    /// ```
    /// use mjbatch::prompt::{Param, ParamValue};
    ///
    /// assert_eq!(Param::from_text("ar", "16:9").map(|param| param.value), Some(ParamValue::Text("16:9".into())));
    /// assert_eq!(Param::from_text("--tile", "yes").map(|param| param.value), Some(ParamValue::Switch(true)));
    /// assert_eq!(Param::from_text("tile", " "), None);
    /// ```
    pub fn from_text(name: &str, text: &str) -> Option<Param> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let bare = table::find(table::bare(name)).is_some_and(Flag::is_bare);
        let value = match bare {
            true if is(&["true", "yes", "on", "x", "1"]) => ParamValue::Switch(true),
            true if is(&["false", "no", "off", "0"]) => ParamValue::Switch(false),
            _ => ParamValue::Text(text.to_owned()),
        };
        Some(Param { name: name.to_owned(), value })
    }

    fn flag(&self) -> Option<&'static Flag> {
        table::find(table::bare(&self.name))
    }

    /// What tells it from others: its own name, where it is known.
    fn key(&self) -> &str {
        self.flag().map_or(table::bare(&self.name), |flag| flag.name)
    }

    /// The flag as it is written in a prompt; `None` for one that is switched off.
    fn written(&self) -> Option<String> {
        let value = match &self.value {
            ParamValue::Switch(false) => return None,
            ParamValue::Switch(true) => String::new(),
            ParamValue::Text(text) => text.trim().to_owned(),
            ParamValue::List(items) => {
                let exclusions = self.flag().is_some_and(|flag| flag.kind == Kind::Exclusions);
                items.join(if exclusions { ", " } else { " " })
            }
        };
        let blank = if value.is_empty() { "" } else { " " };
        Some(format!("--{}{blank}{value}", self.key()))
    }
}

/// All that is wrong with a param for itself: an unknown name (a warning), a value out of range, a wrong kind of value.
///
/// ```
/// use mjbatch::prompt::{Param, ParamValue, Part, check_param};
///
/// let param = Param { name: "chaos".into(), value: ParamValue::Text("150".into()) };
/// let found = &check_param(&param)[0];
/// assert_eq!((found.part, found.message.as_str()), (Part::Value, "`chaos: 150` is out of range"));
/// ```
pub fn check_param(param: &Param) -> Vec<ParamFinding> {
    let name = table::bare(&param.name);
    let Some(flag) = param.flag() else {
        let mut findings = vec![unknown(name)];
        findings.extend(param.texts().filter_map(|(part, text)| flag_inside(name, text, part)));
        return findings;
    };
    match flag.kind {
        Kind::Speed => return vec![the_mode(name, flag)],
        Kind::Repeat => return vec![the_repeat(name)],
        _ => {}
    }
    match &param.value {
        ParamValue::Switch(false) => Vec::new(),
        ParamValue::Switch(true) if flag.is_bare() || flag.kind == Kind::Profiles => Vec::new(),
        ParamValue::Switch(true) => vec![needs_a_value(name, flag)],
        ParamValue::List(items) if items.is_empty() => vec![needs_a_value(name, flag)],
        ParamValue::List(_) if !flag.takes_several() => vec![no_list(name, flag)],
        _ => param.texts().flat_map(|(part, text)| check_text(name, flag, text, part)).collect(),
    }
}

impl Param {
    fn texts(&self) -> impl Iterator<Item = (Part, &str)> {
        let (text, items) = match &self.value {
            ParamValue::Text(text) => (Some(text.as_str()), &[][..]),
            ParamValue::List(items) => (None, items.as_slice()),
            ParamValue::Switch(_) => (None, &[][..]),
        };
        let items = items.iter().enumerate().map(|(at, item)| (Part::Item(at), item.as_str()));
        text.map(|text| (Part::Value, text)).into_iter().chain(items)
    }
}

fn check_text(name: &str, flag: &Flag, text: &str, part: Part) -> Vec<ParamFinding> {
    if let Some(found) = flag_inside(name, text, part) {
        return vec![found];
    }
    let text = text.trim();
    let judgement = judge(flag, name, text, Voice::Param);
    let mut findings: Vec<ParamFinding> = judgement.faults.into_iter().map(|fault| fault.on(part)).collect();
    if let Some(rest) = judgement.rest {
        let fault = Fault::error(rest.clone(), format!("{} has more than a value", shown(name, text)))
            .label(format!("{} is too much", quoted(text[rest].trim())))
            .note(takes(name, flag));
        findings.push(fault.on(part));
    }
    findings
}

fn shown(name: &str, text: &str) -> String {
    quoted(&Voice::Param.pair(name, text))
}

fn takes(name: &str, flag: &Flag) -> String {
    format!("`{name}` takes {}", flag.legal())
}

fn unknown(name: &str) -> ParamFinding {
    let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !well_formed {
        return Fault::error(0..0, format!("{} cannot be a flag", quoted(name)))
            .label("not a flag's name")
            .note("a flag's name is letters, digits, `-` and `_`")
            .on(Part::Name);
    }
    let fault = Fault::warning(0..0, format!("{} is not a flag known here", quoted(name)))
        .label("unknown flag")
        .note(format!("Midjourney adds flags now and then: it is sent as `--{name}`"));
    match close_name(name, table::names().filter(|name| name.len() > 1)) {
        Some(close) => fault.help(format!("did you mean `{close}`?")),
        None => fault,
    }
    .on(Part::Name)
}

fn flag_inside(name: &str, text: &str, part: Part) -> Option<ParamFinding> {
    let scan = Scan::of(text);
    let inner = scan.flags.first()?;
    let fault = Fault::error(inner.span(), format!("a flag in the value of `{name}`"))
        .label(format!("{} is a flag of its own", quoted(&inner.meant())))
        .help("make it a param of its own");
    Some(fault.on(part))
}

fn the_mode(name: &str, flag: &Flag) -> ParamFinding {
    let fault = Fault::error(0..0, format!("`{name}` is the mode, not a param")).label("not a param");
    match flag.name {
        "turbo" => fault.note("the service knows the modes `fast` and `relaxed`"),
        "fast" => fault.help("write `mode: fast` beside the prompt"),
        _ => fault.help("write `mode: relaxed` beside the prompt"),
    }
    .on(Part::Name)
}

fn the_repeat(name: &str) -> ParamFinding {
    Fault::error(0..0, format!("`{name}` is not a param"))
        .label("not a param")
        .note("repeats are unrolled before anything is sent, so that each is a task")
        .help("write `repeat: 3` beside the prompt")
        .on(Part::Name)
}

fn needs_a_value(name: &str, flag: &Flag) -> ParamFinding {
    let fault = Fault::error(0..0, format!("`{name}` has no value")).label("a value is missing");
    fault.note(takes(name, flag)).on(Part::Value)
}

fn no_list(name: &str, flag: &Flag) -> ParamFinding {
    Fault::error(0..0, format!("`{name}` takes one value, not a list"))
        .label("a list")
        .note(takes(name, flag))
        .help("to make a task for each value, put the list under `matrix` and use its variable here")
        .on(Part::Value)
}
