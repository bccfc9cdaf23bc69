//! The faults that are switched on, parsed from `name=value`.
//!
//! Whether a fault strikes depends only on the seed, the fault's name and the number of the
//! request, job or item, so the same run with the same seed has the same faults.

mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

pub use table::{FAULT_TABLE, FaultForm, FaultRow, SandboxFault};

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum FaultRate {
    /// A share of all, from 0 to 1.
    Share(f64),
    /// The first N.
    First(u64),
    /// Only the Nth, counted from 1.
    Only(u64),
}

#[derive(Debug, Clone, PartialEq)]
enum FaultValue {
    On,
    Rate(FaultRate),
    Count(u64),
    Millis(i64),
    Choice(&'static str),
    Text(String),
    Code(i64, FaultRate),
}

/// The faults that are switched on, with their values. None by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SandboxFaults {
    values: BTreeMap<SandboxFault, FaultValue>,
}

/// The error of a fault that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no fault of this name.
    #[error("there is no fault `{name}`{}", suggestion(.close))]
    Unknown {
        /// The name as written.
        name: String,
        /// The closest existing name, if one is close.
        close: Option<&'static str>,
    },
    /// The value does not have the form that the fault takes.
    #[error("`{value}` is not a value for the fault `{name}`: {expected}")]
    Value {
        /// The name of the fault.
        name: &'static str,
        /// The value as written.
        value: String,
        /// A description of legal values.
        expected: String,
    },
}

fn suggestion(close: &Option<&'static str>) -> String {
    close.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

impl SandboxFaults {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// Switches one fault on, written as `name` or `name=value`. A later value replaces an earlier
    /// one.
    ///
    /// # Errors
    /// If the name is unknown, or the value does not have the form of the table.
    pub fn set(&mut self, text: &str) -> Result<(), FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        let row = FAULT_TABLE
            .iter()
            .find(|row| row.name == name)
            .ok_or_else(|| FaultError::Unknown { name: name.to_owned(), close: nearest(name) })?;
        let parsed = parse(row.form, value).ok_or_else(|| FaultError::Value {
            name: row.name,
            value: value.unwrap_or_default().to_owned(),
            expected: legal_values(row.form),
        })?;
        self.values.insert(row.fault, parsed);
        Ok(())
    }

    /// Switches one more fault on, for chaining.
    ///
    /// # Errors
    /// As [`SandboxFaults::set`].
    pub fn with(mut self, text: &str) -> Result<Self, FaultError> {
        self.set(text)?;
        Ok(self)
    }

    /// Whether no fault is switched on.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn is_on(&self, fault: SandboxFault) -> bool {
        self.values.contains_key(&fault)
    }

    pub(super) fn count(&self, fault: SandboxFault) -> Option<u64> {
        match self.values.get(&fault) {
            Some(FaultValue::Count(n)) => Some(*n),
            _ => None,
        }
    }

    pub(super) fn millis(&self, fault: SandboxFault) -> Option<i64> {
        match self.values.get(&fault) {
            Some(FaultValue::Millis(ms)) => Some(*ms),
            _ => None,
        }
    }

    pub(super) fn time(&self, fault: SandboxFault) -> Option<Duration> {
        self.millis(fault).map(|ms| Duration::from_millis(ms.unsigned_abs()))
    }

    /// The chosen word, or the default one if the fault is off.
    pub(super) fn choice(&self, fault: SandboxFault) -> &'static str {
        match (self.values.get(&fault), fault.row().form) {
            (Some(FaultValue::Choice(word)), _) => word,
            (_, FaultForm::Choice(words)) => words.first().copied().unwrap_or_default(),
            _ => "",
        }
    }

    pub(super) fn text(&self, fault: SandboxFault) -> Option<&str> {
        match self.values.get(&fault) {
            Some(FaultValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl FromStr for SandboxFaults {
    type Err = FaultError;

    /// Parses several faults, separated by commas.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = SandboxFaults::none();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            faults.set(part)?;
        }
        Ok(faults)
    }
}

/// Lists all faults with their forms and what they do, one per line.
pub fn describe_faults() -> String {
    let names: Vec<String> =
        FAULT_TABLE.iter().map(|row| format!("{}{}", row.name, row.form.usage())).collect();
    // A long list of words would indent every description too far.
    let width = names.iter().map(|name| name.chars().count()).filter(|n| *n <= 28).max().unwrap_or(0);
    let mut text = String::new();
    for (row, name) in FAULT_TABLE.iter().zip(&names) {
        if name.chars().count() > width {
            let _ = writeln!(text, "{name}");
            let _ = writeln!(text, "{:width$}  {}", "", row.about);
        } else {
            let _ = writeln!(text, "{name:width$}  {}", row.about);
        }
    }
    text.push_str(
        "\nRATE: 0.1 (of all) · first:2 (the first two) · only:3 (the third) · nothing (always)\n\
         TIME: 500ms · 90s · 15m · 2h · a number of seconds; scaled by --speed unless marked as real time\n",
    );
    text
}

fn nearest(name: &str) -> Option<&'static str> {
    FAULT_TABLE
        .iter()
        .map(|row| (strsim::jaro_winkler(name, row.name), row.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn legal_values(form: FaultForm) -> String {
    match form {
        FaultForm::Flag => "it takes none".into(),
        FaultForm::Rate => "a share from 0 to 1, `first:N` or `only:N`".into(),
        FaultForm::Count => "a whole number".into(),
        FaultForm::Time => "a time as in `500ms`, `90s`, `15m` or `2h`".into(),
        FaultForm::Shift => "a time as in `90s` or `-1h`".into(),
        FaultForm::Choice(words) => format!("one of {}", words.join(", ")),
        FaultForm::Text => "some text".into(),
        FaultForm::Code => "a code other than 0, optionally with a rate, as in `1003:0.05`".into(),
    }
}

fn parse(form: FaultForm, value: Option<&str>) -> Option<FaultValue> {
    match (form, value) {
        (FaultForm::Flag, None) => Some(FaultValue::On),
        (FaultForm::Rate, None) => Some(FaultValue::Rate(FaultRate::Share(1.0))),
        (FaultForm::Rate, Some(text)) => parse_rate(text).map(FaultValue::Rate),
        (FaultForm::Count, Some(text)) => text.parse().ok().map(FaultValue::Count),
        (FaultForm::Time, Some(text)) => parse_millis(text).map(FaultValue::Millis),
        (FaultForm::Shift, Some(text)) => match text.strip_prefix('-') {
            Some(text) => parse_millis(text).map(|ms| FaultValue::Millis(-ms)),
            None => parse_millis(text.strip_prefix('+').unwrap_or(text)).map(FaultValue::Millis),
        },
        (FaultForm::Choice(words), Some(text)) => {
            words.iter().find(|word| **word == text).map(|w| FaultValue::Choice(w))
        }
        (FaultForm::Text, Some(text)) if !text.is_empty() => Some(FaultValue::Text(text.to_owned())),
        (FaultForm::Code, Some(text)) => {
            let (code, rate) = text.split_once(':').unwrap_or((text, "1"));
            let code: i64 = code.parse().ok().filter(|code| *code != 0)?;
            Some(FaultValue::Code(code, parse_rate(rate)?))
        }
        _ => None,
    }
}

fn parse_rate(text: &str) -> Option<FaultRate> {
    if let Some(n) = text.strip_prefix("first:") {
        return n.parse().ok().map(FaultRate::First);
    }
    if let Some(n) = text.strip_prefix("only:") {
        return n.parse().ok().map(FaultRate::Only);
    }
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).map(FaultRate::Share)
}

/// Parses a time, of at most a year, so that no sum of times overflows.
fn parse_millis(text: &str) -> Option<i64> {
    let cut = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(cut);
    let unit_ms = match unit {
        "ms" => 1.0,
        "s" | "" => 1e3,
        "m" => 60e3,
        "h" => 3600e3,
        _ => return None,
    };
    let ms = number.parse::<f64>().ok()? * unit_ms;
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the range")]
    (0.0..=366.0 * 86_400e3).contains(&ms).then_some(ms.round() as i64)
}

/// The faults, with the seed that decides when they strike.
#[derive(Debug, Clone)]
pub(super) struct FaultRoller {
    /// The faults that are switched on.
    pub(super) faults: SandboxFaults,
    seed: u64,
}

impl FaultRoller {
    pub(super) fn new(seed: u64, faults: SandboxFaults) -> Self {
        FaultRoller { faults, seed }
    }

    /// Whether the fault strikes the request, job or item of this number, counted from 1.
    pub(super) fn strikes(&self, fault: SandboxFault, number: u64) -> bool {
        match self.faults.values.get(&fault) {
            Some(FaultValue::Rate(rate)) => self.is_hit(*rate, fault, number),
            _ => false,
        }
    }

    /// The code with which `submit-code` refuses the submit of this number, if it strikes.
    pub(super) fn code(&self, number: u64) -> Option<i64> {
        match self.faults.values.get(&SandboxFault::SubmitCode) {
            Some(FaultValue::Code(code, rate)) => {
                self.is_hit(*rate, SandboxFault::SubmitCode, number).then_some(*code)
            }
            _ => None,
        }
    }

    fn is_hit(&self, rate: FaultRate, fault: SandboxFault, number: u64) -> bool {
        match rate {
            FaultRate::Share(share) => self.roll(fault.row().name, number) < share,
            FaultRate::First(n) => number <= n,
            FaultRate::Only(n) => number == n,
        }
    }

    /// A pseudorandom number from 0 (inclusive) to 1 (exclusive) for a purpose and a number.
    pub(super) fn roll(&self, purpose: &str, number: u64) -> f64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&number.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let mut bytes = [0; 4];
        hasher.finalize_xof().fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_names_and_names_nothing_twice() {
        for (place, row) in FAULT_TABLE.iter().enumerate() {
            assert_eq!(row.fault as usize, place);
            assert_eq!(row.fault.row().name, row.name);
            assert_eq!(FAULT_TABLE.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
    }

    #[test]
    fn each_form_is_read_and_a_wrong_value_is_refused() {
        for good in [
            "submit-429",
            "submit-429=0.25",
            "submit-429=first:2",
            "submit-429=only:3",
            "slots=4",
            "retry-after=2s",
            "item-skew=-1h",
            "item-skew=90",
            "refusal-http=503",
            "submit-moderated=blood",
            "submit-code=1003",
            "submit-code=1003:0.05",
            "submit-code=-7:first:1",
            "status-shuffle",
            " latency = 5ms ",
        ] {
            assert!(SandboxFaults::none().set(good).is_ok(), "{good}");
        }
        for bad in [
            "submit-429=1.5",
            "submit-429=NaN",
            "submit-429=some",
            "slots",
            "slots=-1",
            "retry-after=2d",
            "retry-after=-1s",
            "refusal-http=418",
            "submit-moderated=",
            "submit-code=0",
            "submit-code=x",
            "status-shuffle=1",
            "latency=1e99",
        ] {
            assert!(matches!(SandboxFaults::none().set(bad), Err(FaultError::Value { .. })), "{bad}");
        }
    }

    #[test]
    fn an_error_names_legal_values() {
        let say = |text: &str| text.parse::<SandboxFaults>().unwrap_err().to_string();
        insta::assert_snapshot!(say("submit-492=0.1"), @"there is no fault `submit-492`; did you mean `submit-429`?");
        insta::assert_snapshot!(say("zzz"), @"there is no fault `zzz`");
        insta::assert_snapshot!(say("slots=4, submit-429=2"), @"`2` is not a value for the fault `submit-429`: a share from 0 to 1, `first:N` or `only:N`");
        insta::assert_snapshot!(say("job-expire=never"), @"`never` is not a value for the fault `job-expire`: one of fail, hang, gone, late");
    }

    #[test]
    fn the_help_names_every_fault_once() {
        let help = describe_faults();
        for row in FAULT_TABLE {
            let lines = help.lines().filter(|line| line.split([' ', '=', '[']).next() == Some(row.name));
            assert_eq!(lines.count(), 1, "{}", row.name);
            assert!(help.contains(row.about));
        }
    }

    #[test]
    fn a_rate_strikes_about_so_often_and_the_same_ones_each_time() {
        let roller =
            FaultRoller::new(7, "submit-429=0.25, status-omit=first:2, accept-cut=only:3".parse().unwrap());
        let struck = |fault| (1..=4000).filter(|n| roller.strikes(fault, *n)).collect::<Vec<_>>();
        let some = struck(SandboxFault::Submit429);
        assert!((900..1100).contains(&some.len()), "{}", some.len());
        assert_eq!(some, struck(SandboxFault::Submit429));
        assert_eq!(struck(SandboxFault::StatusOmit), [1, 2]);
        assert_eq!(struck(SandboxFault::AcceptCut), [3]);
        assert_eq!(struck(SandboxFault::AcceptHang), [0u64; 0]);
        assert_ne!(some, {
            let other = FaultRoller::new(8, roller.faults.clone());
            (1..=4000).filter(|n| other.strikes(SandboxFault::Submit429, *n)).collect::<Vec<_>>()
        });
    }
}
