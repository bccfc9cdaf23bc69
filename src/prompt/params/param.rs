//! A param: a flag given beside the prompt, with its value.

use super::super::finding::ParamPart;
use super::super::table::{self, Flag, ValueKind};

/// One flag given beside the prompt: `ar: "16:9"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Any of the flag's names, with or without dashes.
    pub name: String,
    /// The value that was given.
    pub value: ParamValue,
}

/// The value of a param.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamValue {
    /// A scalar, such as `16:9`, `250` or `text, hands`.
    Text(String),
    /// A list, such as `[text, hands]`, for flags that take several values.
    List(Vec<String>),
    /// `true` writes the flag without a value. `false` writes nothing, and removes a default of any
    /// flag.
    Switch(bool),
}

/// The level at which a param was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// In the defaults: the prompt and the entry override it.
    Default,
    /// In the entry itself: it overrides defaults, and clashes with the same flag in the prompt.
    Explicit,
}

impl Param {
    /// Makes a param of a text, such as a cell of a table. Returns `None` if the text is blank.
    ///
    /// For a flag without a value, `true`, `yes`, `on`, `x` and `1` switch it on, and `false`,
    /// `no`, `off` and `0` off. For any other flag the text is the value.
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

    pub(super) fn flag(&self) -> Option<&'static Flag> {
        table::find(table::bare(&self.name))
    }

    /// The name that identifies the flag: the canonical one if it is known.
    pub(super) fn key(&self) -> &str {
        self.flag().map_or(table::bare(&self.name), |flag| flag.name)
    }

    /// Writes the param as a flag of a prompt. `None` if it is switched off.
    pub(super) fn to_flag(&self) -> Option<String> {
        let value = match &self.value {
            ParamValue::Switch(false) => return None,
            ParamValue::Switch(true) => String::new(),
            ParamValue::Text(text) => text.trim().to_owned(),
            ParamValue::List(items) => {
                let exclusions = self.flag().is_some_and(|flag| flag.kind == ValueKind::Exclusions);
                items.join(if exclusions { ", " } else { " " })
            }
        };
        let space = if value.is_empty() { "" } else { " " };
        Some(format!("--{}{space}{value}", self.key()))
    }

    /// The texts of the value, each with the part it is.
    pub(super) fn texts(&self) -> impl Iterator<Item = (ParamPart, &str)> {
        let (text, items) = match &self.value {
            ParamValue::Text(text) => (Some(text.as_str()), &[][..]),
            ParamValue::List(items) => (None, items.as_slice()),
            ParamValue::Switch(_) => (None, &[][..]),
        };
        let items = items.iter().enumerate().map(|(at, item)| (ParamPart::Item(at), item.as_str()));
        text.map(|text| (ParamPart::Value, text)).into_iter().chain(items)
    }
}
