//! Checks whether a value is legal for its flag, and suggests what was probably meant if not.
//!
//! What all kinds of values share is here; `number`, `ratio` and `list` know what each kind allows.

mod list;
mod number;
mod ratio;

use std::ops::Range;

use list::is_style;
pub(super) use list::is_url;
pub(super) use number::number;
use ratio::{corrected_ratio, is_ratio};

use super::issue::{Context, Issue, words};
use super::table::{Flag, MAX_REPEATS, ValueKind};
use crate::diagnostic::quoted;

/// The result of checking the value of a flag.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) issues: Vec<Issue>,
    /// The bytes that cannot be part of the value: text after the flag.
    pub(super) surplus: Option<Range<usize>>,
}

/// Whether one word could be the value of this flag.
pub(super) fn is_plausible(flag: &Flag, word: &str) -> bool {
    let word = word.trim_end_matches(PUNCTUATION);
    match flag.kind {
        ValueKind::Ratio => corrected_ratio(word).is_some() || is_ratio(word),
        ValueKind::Whole { .. }
        | ValueKind::Decimal { .. }
        | ValueKind::OneOf(_)
        | ValueKind::Version(_)
        | ValueKind::Repeat => number(word).is_some(),
        ValueKind::Images => is_url(word),
        ValueKind::Styles => is_style(word),
        ValueKind::Switch
        | ValueKind::Speed
        | ValueKind::Profiles
        | ValueKind::Word
        | ValueKind::Exclusions => false,
    }
}

/// Checks the value of a flag that is written under `name`. Positions are bytes of the value.
pub(super) fn check_value(flag: &Flag, name: &str, value: &str, context: Context) -> Verdict {
    let check = ValueCheck { flag, name, context };
    match flag.kind {
        ValueKind::Switch | ValueKind::Speed => check.bare(value),
        ValueKind::Profiles => check.profiles(value),
        _ if value.is_empty() => Verdict::of(check.missing()),
        ValueKind::Exclusions => Verdict { issues: check.exclusions(value), surplus: None },
        ValueKind::Images => check.several(value, is_url),
        ValueKind::Styles => check.several(value, is_style),
        _ => check.single(value),
    }
}

impl Verdict {
    fn of(issue: impl Into<Option<Issue>>) -> Verdict {
        Verdict { issues: issue.into().into_iter().collect(), surplus: None }
    }

    fn surplus(surplus: Range<usize>) -> Verdict {
        Verdict { issues: Vec::new(), surplus: Some(surplus) }
    }
}

/// Characters that people put after a value as in a sentence.
const PUNCTUATION: [char; 4] = [',', ';', '.', '!'];

/// The check of one value: which flag it is for, and the name under which the flag is written.
struct ValueCheck<'a> {
    flag: &'a Flag,
    name: &'a str,
    context: Context,
}

impl ValueCheck<'_> {
    /// The flag with this value as it was written, in quotes for a message.
    fn quoted_pair(&self, value: &str) -> String {
        quoted(&self.context.pair(self.name, value))
    }

    /// The sentence that says which values the flag takes.
    fn takes(&self) -> String {
        format!("`{}` takes {}", self.context.name(self.name), self.flag.legal_values())
    }

    fn suggestion(&self, value: &str) -> String {
        format!("write `{}`", self.context.pair(self.name, value))
    }

    fn missing(&self) -> Issue {
        let message = format!("`{}` has no value", self.context.name(self.name));
        // Older models took the flag without a value; it is not documented that newer ones refuse
        // it.
        let issue = if self.flag.name == "niji" {
            Issue::warning(0..0, message)
        } else {
            Issue::error(0..0, message)
        };
        issue.label("a value is missing").note(self.takes())
    }

    /// Checks a flag that takes no value.
    fn bare(&self, value: &str) -> Verdict {
        let text = value.trim_start_matches(PUNCTUATION);
        if value.is_empty() {
            return Verdict::default();
        }
        if text.is_empty() {
            return Verdict::of(self.punctuation(0..value.len(), &self.context.name(self.name)));
        }
        let off = ["false", "off", "no", "0"].iter().any(|word| text.eq_ignore_ascii_case(word));
        let on = ["true", "on", "yes"].iter().any(|word| text.eq_ignore_ascii_case(word));
        if !(off || on || number(text).is_some()) {
            return Verdict::surplus(0..value.len());
        }
        let bare = self.context.name(self.name);
        let issue = Issue::error(0..value.len(), format!("`{bare}` is given a value"))
            .label("unexpected")
            .note(self.takes());
        Verdict::of(match (off, self.context) {
            (true, _) => issue.help(format!("leave `{bare}` out")),
            (false, Context::Prompt) => issue.help(format!("write `{bare}`")),
            (false, Context::Param) => issue.help(format!("write `{bare}: true`")),
        })
    }

    fn punctuation(&self, piece: Range<usize>, meant: &str) -> Issue {
        Issue::error(piece, format!("punctuation after `{meant}`"))
            .label("unexpected")
            .note("flags are separated by spaces only")
            .help(format!("write `{meant}`"))
    }

    /// Checks a value of one word.
    fn single(&self, value: &str) -> Verdict {
        if let Some(corrected) =
            corrected_ratio(value).filter(|_| self.flag.kind == ValueKind::Ratio && !is_ratio(value))
        {
            return Verdict::of(self.not_a_ratio(value).help(self.suggestion(&corrected)));
        }
        let Some((_, word)) = words(value).next() else { return Verdict::of(self.missing()) };
        let kept = word.trim_end_matches(PUNCTUATION);
        let issue = self.word(kept);
        if word.len() < value.len() {
            let rest = kept.len()..value.len();
            let rest = if kept.len() < word.len() { rest } else { next_word(value, word.len()) };
            return Verdict { surplus: Some(rest), ..Verdict::of(issue) };
        }
        if issue.is_none() && kept.len() < word.len() {
            return Verdict::of(
                self.punctuation(kept.len()..word.len(), &self.context.pair(self.name, kept)),
            );
        }
        Verdict::of(issue)
    }

    /// Checks one word by the kind of its flag. `None` if it is legal.
    fn word(&self, word: &str) -> Option<Issue> {
        match self.flag.kind {
            ValueKind::Ratio => self.ratio(word),
            ValueKind::Whole { least, most } => self.whole(word, least, most),
            ValueKind::Repeat => self.whole(word, 1, MAX_REPEATS),
            ValueKind::Decimal { most } => self.decimal(word, most),
            ValueKind::OneOf(values) => self.one_of(word, values),
            ValueKind::Version(values) => self.version(word, values),
            _ => None,
        }
    }
}

/// The bytes from the next word after `from` to the end.
fn next_word(value: &str, from: usize) -> Range<usize> {
    let rest = &value[from..];
    from + rest.len() - rest.trim_start().len()..value.len()
}
