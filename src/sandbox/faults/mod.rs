//! Faults that are switched on: read from `name=value`, and asked for by the code that plays them.
//!
//! Nothing here is random by itself: a rate is rolled from the seed, the fault's name and the number of the request, job or
//! item, so the same rehearsal meets the same trouble each time.

mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

pub use table::{Fault, Form, Row, TABLE};

/// How often a fault is played.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    /// This share of all, 0 to 1.
    Share(f64),
    /// The first so many.
    First(u64),
    /// This one alone, counted from 1.
    Only(u64),
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    On,
    Rate(Rate),
    Count(u64),
    Millis(i64),
    Choice(&'static str),
    Text(String),
    Code(i64, Rate),
}

/// The faults that are switched on, and how. None by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    values: BTreeMap<Fault, Value>,
}

/// A fault was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("there is no fault `{name}`{}", meant(.close))]
    Unknown {
        /// What was written.
        name: String,
        /// The nearest name there is, if one is near.
        close: Option<&'static str>,
    },
    /// The value has not the form that the fault wants.
    #[error("`{value}` is not a value for the fault `{name}`: {wanted}")]
    Value {
        /// The fault.
        name: &'static str,
        /// What was written.
        value: String,
        /// What would do.
        wanted: String,
    },
}

fn meant(close: &Option<&'static str>) -> String {
    close.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

impl Faults {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// Switches one fault on, written as `name` or `name=value`. A later value replaces an earlier one.
    ///
    /// # Errors
    /// An unknown name, or a value that has not the form of the table.
    pub fn set(&mut self, text: &str) -> Result<(), FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.trim(), None),
        };
        let row = TABLE
            .iter()
            .find(|row| row.name == name)
            .ok_or_else(|| FaultError::Unknown { name: name.to_owned(), close: nearest(name) })?;
        let parsed = parse(row.form, value).ok_or_else(|| FaultError::Value {
            name: row.name,
            value: value.unwrap_or_default().to_owned(),
            wanted: wanted(row.form),
        })?;
        self.values.insert(row.fault, parsed);
        Ok(())
    }

    /// The same with one more fault, for a chain.
    ///
    /// # Errors
    /// As [`Faults::set`].
    pub fn with(mut self, text: &str) -> Result<Self, FaultError> {
        self.set(text)?;
        Ok(self)
    }

    /// True if no fault is switched on.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn is_on(&self, fault: Fault) -> bool {
        self.values.contains_key(&fault)
    }

    pub(super) fn count(&self, fault: Fault) -> Option<u64> {
        match self.values.get(&fault) {
            Some(Value::Count(n)) => Some(*n),
            _ => None,
        }
    }

    pub(super) fn millis(&self, fault: Fault) -> Option<i64> {
        match self.values.get(&fault) {
            Some(Value::Millis(ms)) => Some(*ms),
            _ => None,
        }
    }

    pub(super) fn time(&self, fault: Fault) -> Option<Duration> {
        self.millis(fault).map(|ms| Duration::from_millis(ms.unsigned_abs()))
    }

    /// The word that was chosen, or the one that holds without the fault.
    pub(super) fn choice(&self, fault: Fault) -> &'static str {
        match (self.values.get(&fault), fault.row().form) {
            (Some(Value::Choice(word)), _) => word,
            (_, Form::Choice(words)) => words.first().copied().unwrap_or_default(),
            _ => "",
        }
    }

    pub(super) fn text(&self, fault: Fault) -> Option<&str> {
        match self.values.get(&fault) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    /// Several faults, parted by commas.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = Faults::none();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            faults.set(part)?;
        }
        Ok(faults)
    }
}

/// All faults with their forms and what they do, one a line, for people.
pub fn describe() -> String {
    let names: Vec<String> = TABLE.iter().map(|row| format!("{}{}", row.name, row.form.shown())).collect();
    // A long list of words would push every line far to the right.
    let width = names.iter().map(|name| name.chars().count()).filter(|n| *n <= 28).max().unwrap_or(0);
    let mut text = String::new();
    for (row, name) in TABLE.iter().zip(&names) {
        if name.chars().count() > width {
            let _ = writeln!(text, "{name}");
            let _ = writeln!(text, "{:width$}  {}", "", row.about);
        } else {
            let _ = writeln!(text, "{name:width$}  {}", row.about);
        }
    }
    text.push_str(
        "\nRATE: 0.1 (of all) · first:2 (the first two) · only:3 (the third) · nothing (always)\n\
         TIME: 500ms · 90s · 15m · 2h · a number of seconds; scaled by --speed unless it says real time\n",
    );
    text
}

fn nearest(name: &str) -> Option<&'static str> {
    TABLE
        .iter()
        .map(|row| (strsim::jaro_winkler(name, row.name), row.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn wanted(form: Form) -> String {
    match form {
        Form::Flag => "it takes none".into(),
        Form::Rate => "a share from 0 to 1, `first:N` or `only:N`".into(),
        Form::Count => "a whole number".into(),
        Form::Time => "a time as in `500ms`, `90s`, `15m` or `2h`".into(),
        Form::Shift => "a time as in `90s` or `-1h`".into(),
        Form::Choice(words) => format!("one of {}", words.join(", ")),
        Form::Text => "some text".into(),
        Form::Code => "a code other than 0, perhaps with a rate, as in `1003:0.05`".into(),
    }
}

fn parse(form: Form, value: Option<&str>) -> Option<Value> {
    match (form, value) {
        (Form::Flag, None) => Some(Value::On),
        (Form::Rate, None) => Some(Value::Rate(Rate::Share(1.0))),
        (Form::Rate, Some(text)) => parse_rate(text).map(Value::Rate),
        (Form::Count, Some(text)) => text.parse().ok().map(Value::Count),
        (Form::Time, Some(text)) => parse_millis(text).map(Value::Millis),
        (Form::Shift, Some(text)) => match text.strip_prefix('-') {
            Some(text) => parse_millis(text).map(|ms| Value::Millis(-ms)),
            None => parse_millis(text.strip_prefix('+').unwrap_or(text)).map(Value::Millis),
        },
        (Form::Choice(words), Some(text)) => {
            words.iter().find(|word| **word == text).map(|w| Value::Choice(w))
        }
        (Form::Text, Some(text)) if !text.is_empty() => Some(Value::Text(text.to_owned())),
        (Form::Code, Some(text)) => {
            let (code, rate) = text.split_once(':').unwrap_or((text, "1"));
            let code: i64 = code.parse().ok().filter(|code| *code != 0)?;
            Some(Value::Code(code, parse_rate(rate)?))
        }
        _ => None,
    }
}

fn parse_rate(text: &str) -> Option<Rate> {
    if let Some(n) = text.strip_prefix("first:") {
        return n.parse().ok().map(Rate::First);
    }
    if let Some(n) = text.strip_prefix("only:") {
        return n.parse().ok().map(Rate::Only);
    }
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).map(Rate::Share)
}

/// Bounded by a year, so that no sum of times overflows.
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

/// The faults and the seed that decides when they strike.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    /// The faults that are switched on.
    pub(super) faults: Faults,
    seed: u64,
}

impl Dice {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Dice { faults, seed }
    }

    /// True if the fault strikes the request, job or item of this number, counted from 1.
    pub(super) fn strikes(&self, fault: Fault, number: u64) -> bool {
        match self.faults.values.get(&fault) {
            Some(Value::Rate(rate)) => self.falls(*rate, fault, number),
            _ => false,
        }
    }

    /// The code with which the submit of this number is refused, if it is.
    pub(super) fn code(&self, number: u64) -> Option<i64> {
        match self.faults.values.get(&Fault::SubmitCode) {
            Some(Value::Code(code, rate)) => self.falls(*rate, Fault::SubmitCode, number).then_some(*code),
            _ => None,
        }
    }

    fn falls(&self, rate: Rate, fault: Fault, number: u64) -> bool {
        match rate {
            Rate::Share(share) => self.roll(fault.row().name, number) < share,
            Rate::First(n) => number <= n,
            Rate::Only(n) => number == n,
        }
    }

    /// A number from 0 up to 1 that depends on the seed, the purpose and the number alone.
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
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.fault as usize, place);
            assert_eq!(row.fault.row().name, row.name);
            assert_eq!(TABLE.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
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
            assert!(Faults::none().set(good).is_ok(), "{good}");
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
            assert!(matches!(Faults::none().set(bad), Err(FaultError::Value { .. })), "{bad}");
        }
    }

    #[test]
    fn an_error_says_what_would_do() {
        let say = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        insta::assert_snapshot!(say("submit-492=0.1"), @"there is no fault `submit-492`; did you mean `submit-429`?");
        insta::assert_snapshot!(say("zzz"), @"there is no fault `zzz`");
        insta::assert_snapshot!(say("slots=4, submit-429=2"), @"`2` is not a value for the fault `submit-429`: a share from 0 to 1, `first:N` or `only:N`");
        insta::assert_snapshot!(say("job-expire=never"), @"`never` is not a value for the fault `job-expire`: one of fail, hang, gone, late");
    }

    #[test]
    fn the_help_names_every_fault_once() {
        let help = describe();
        for row in TABLE {
            let lines = help.lines().filter(|line| line.split([' ', '=', '[']).next() == Some(row.name));
            assert_eq!(lines.count(), 1, "{}", row.name);
            assert!(help.contains(row.about));
        }
    }

    #[test]
    fn a_rate_strikes_about_so_often_and_the_same_ones_each_time() {
        let dice = Dice::new(7, "submit-429=0.25, status-omit=first:2, accept-cut=only:3".parse().unwrap());
        let struck = |fault| (1..=4000).filter(|n| dice.strikes(fault, *n)).collect::<Vec<_>>();
        let some = struck(Fault::Submit429);
        assert!((900..1100).contains(&some.len()), "{}", some.len());
        assert_eq!(some, struck(Fault::Submit429));
        assert_eq!(struck(Fault::StatusOmit), [1, 2]);
        assert_eq!(struck(Fault::AcceptCut), [3]);
        assert_eq!(struck(Fault::AcceptHang), [0u64; 0]);
        assert_ne!(some, {
            let other = Dice::new(8, dice.faults.clone());
            (1..=4000).filter(|n| other.strikes(Fault::Submit429, *n)).collect::<Vec<_>>()
        });
    }
}
