//! Checks whether a value is legal for its flag, and suggests what was probably meant if not.

use std::ops::Range;

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

const PUNCTUATION: [char; 4] = [',', ';', '.', '!'];

struct ValueCheck<'a> {
    flag: &'a Flag,
    name: &'a str,
    context: Context,
}

impl ValueCheck<'_> {
    fn quoted_pair(&self, value: &str) -> String {
        quoted(&self.context.pair(self.name, value))
    }

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

    fn not_a_ratio(&self, value: &str) -> Issue {
        Issue::error(0..value.len(), format!("{} is not an aspect ratio", self.quoted_pair(value)))
            .label("not `width:height`")
            .note(self.takes())
    }

    fn ratio(&self, word: &str) -> Option<Issue> {
        if is_ratio(word) {
            return None;
        }
        let issue = self.not_a_ratio(word);
        Some(match corrected_ratio(word) {
            Some(corrected) => issue.help(self.suggestion(&corrected)),
            None => issue,
        })
    }

    fn not_a_number(&self, word: &str, what: &str) -> Issue {
        let issue = Issue::error(0..word.len(), format!("{} is not {what}", self.quoted_pair(word)))
            .label(format!("not {what}"))
            .note(self.takes());
        let corrected: String = word.chars().filter(|c| !matches!(c, ',' | '_' | '%' | '=' | ':')).collect();
        let legal = || self.word(&corrected).is_none();
        if corrected != word && !corrected.is_empty() && legal() {
            issue.help(self.suggestion(&corrected))
        } else {
            issue
        }
    }

    fn out_of_range(&self, word: &str, nearest: &str) -> Issue {
        Issue::error(0..word.len(), format!("{} is out of range", self.quoted_pair(word)))
            .label("out of range")
            .note(self.takes())
            .help(self.suggestion(nearest))
    }

    fn whole(&self, word: &str, least: u64, most: u64) -> Option<Issue> {
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(self.not_a_number(word, "a whole number"));
        }
        let value = digits.parse().unwrap_or(u64::MAX);
        let negative = word.starts_with('-') && value > 0;
        if negative || value < least {
            return Some(self.out_of_range(word, &least.to_string()));
        }
        (value > most).then(|| self.out_of_range(word, &most.to_string()))
    }

    fn decimal(&self, word: &str, most: f64) -> Option<Issue> {
        match number(word) {
            None => Some(self.not_a_number(word, "a number")),
            Some(value) if value < 0.0 => Some(self.out_of_range(word, "0")),
            Some(value) => (value > most).then(|| self.out_of_range(word, &most.to_string())),
        }
    }

    fn one_of(&self, word: &str, values: &[&str]) -> Option<Issue> {
        let Some(value) = number(word) else { return Some(self.not_a_number(word, "a number")) };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Issue::error(0..word.len(), format!("{} is not a legal value", self.quoted_pair(word)))
                .label("not one of the values")
                .note(self.takes())
        })
    }

    /// Checks a version. An unknown number is only a warning: it may be newer than the table.
    fn version(&self, word: &str, values: &[&str]) -> Option<Issue> {
        let Some(value) = number(word) else {
            let bare = word.trim_start_matches(['v', 'V']);
            let issue = Issue::error(0..word.len(), format!("{} is not a version", self.quoted_pair(word)))
                .label("not a number")
                .note(self.takes());
            return Some(if number(bare).is_some() { issue.help(self.suggestion(bare)) } else { issue });
        };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Issue::warning(0..word.len(), format!("{} is a version not known here", self.quoted_pair(word)))
                .label("unknown version")
                .note(format!("known are {}; it is sent as it is", values.join(", ")))
        })
    }

    fn exclusions(&self, value: &str) -> Vec<Issue> {
        let mut issues = Vec::new();
        let items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            return vec![self.missing()];
        }
        let commas = value.bytes().filter(|byte| *byte == b',').count();
        if commas >= items.len() {
            issues.push(
                Issue::warning(0..value.len(), format!("{} has an empty entry", self.quoted_pair(value)))
                    .label("an extra comma")
                    .help(self.suggestion(&items.join(", "))),
            );
        }
        let first = items[0];
        let negated = ["no ", "not ", "without "].iter().find_map(|word| {
            first
                .get(..word.len())
                .filter(|head| head.eq_ignore_ascii_case(word))
                .map(|_| &first[word.len()..])
        });
        if let Some(meant) = negated {
            let corrected: Vec<&str> =
                std::iter::once(meant.trim()).chain(items[1..].iter().copied()).collect();
            issues.push(
                Issue::warning(0..value.len(), format!("{} negates twice", self.quoted_pair(value)))
                    .label("the image leaves out whatever is listed here")
                    .help(self.suggestion(&corrected.join(", "))),
            );
        }
        issues
    }

    /// Checks a value of several words, each of which must be legal. Words after them are text.
    fn several(&self, value: &str, is_legal: fn(&str) -> bool) -> Verdict {
        for (index, (start, word)) in words(value).enumerate() {
            if let Some(bare) = word.strip_suffix(',').filter(|bare| is_legal(bare)) {
                let piece = start + bare.len()..start + word.len();
                let corrected: Vec<&str> = words(value).map(|(_, word)| word.trim_end_matches(',')).collect();
                let issue = self.punctuation(piece, &self.context.pair(self.name, bare));
                let all = corrected.iter().all(|word| is_legal(word));
                return Verdict::of(if all {
                    issue.help(self.suggestion(&corrected.join(" ")))
                } else {
                    issue
                });
            }
            if is_legal(word) {
                continue;
            }
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if index > 0 && !has_digit {
                return Verdict::surplus(start..value.len());
            }
            return Verdict::of(self.not_one_of_several(start, word));
        }
        Verdict::default()
    }

    /// The issue of a word that is not legal. Formats of style codes are not published, so that is
    /// only a warning.
    fn not_one_of_several(&self, start: usize, word: &str) -> Issue {
        let piece = start..start + word.len();
        let (issue, what): (fn(_, String) -> Issue, _) = match self.flag.kind {
            ValueKind::Images => (Issue::error, "a URL"),
            _ => (Issue::warning, "a URL or a style code"),
        };
        issue(piece, format!("{} is not {what}", self.quoted_pair(word)))
            .label(format!("not {what}"))
            .note(self.takes())
    }

    /// Checks codes of profiles. Their format is not published, so words that look like prose are
    /// only a warning.
    fn profiles(&self, value: &str) -> Verdict {
        let is_code = |word: &str| word.len() == 7 || word.bytes().any(|byte| byte.is_ascii_digit());
        let Some((start, word)) = words(value).find(|(_, word)| !is_code(word)) else {
            return Verdict::default();
        };
        Verdict::of(
            Issue::warning(
                start..start + word.len(),
                format!("{} is probably not a profile code", quoted(word)),
            )
            .label("words after a flag are its value")
            .note(self.takes()),
        )
    }
}

fn next_word(value: &str, from: usize) -> Range<usize> {
    let rest = &value[from..];
    from + rest.len() - rest.trim_start().len()..value.len()
}

/// Parses a plain decimal number: `.5`, `2`, `6.1`, `-1`.
pub(super) fn number(word: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !digits.bytes().all(plain) || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    word.parse().ok()
}

pub(super) fn is_url(word: &str) -> bool {
    let host = ["http://", "https://"].iter().find_map(|scheme| {
        word.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .map(|_| &word[scheme.len()..])
    });
    host.is_some_and(|host| !host.is_empty()) && !word.ends_with(',')
}

/// Whether a word is a URL, a style code or `random`, optionally with a weight after `::`.
fn is_style(word: &str) -> bool {
    if is_url(word) {
        return true;
    }
    let (code, weight) = word.split_once("::").unwrap_or((word, "1"));
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    (is_code || code.eq_ignore_ascii_case("random")) && number(weight).is_some()
}

fn is_ratio(word: &str) -> bool {
    let side = |text: &str| {
        text.len() <= 9
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|n: u32| n > 0)
    };
    word.split_once(':').is_some_and(|(width, height)| side(width) && side(height))
}

/// Corrects a ratio such as `16x9`, `16 : 9`, `16/9` or `1.5:1`. `None` also if it is right
/// already.
fn corrected_ratio(value: &str) -> Option<String> {
    let bare = value.trim_start_matches(['=', ':']).trim_end_matches(PUNCTUATION);
    let (width, height) = bare.split_once([':', '：', '∶', 'x', 'X', '×', '*', '/', '-'])?;
    let (width, height) = (thousandths(width.trim())?, thousandths(height.trim())?);
    let whole = width % 1000 == 0 && height % 1000 == 0;
    let divisor = if whole { 1000 } else { common_divisor(width, height) };
    let corrected = format!("{}:{}", width / divisor, height / divisor);
    (corrected != value.trim_end_matches(PUNCTUATION)).then_some(corrected)
}

fn thousandths(side: &str) -> Option<u64> {
    let (whole, part) = side.split_once('.').unwrap_or((side, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) || whole.is_empty() {
        return None;
    }
    let value: u64 = format!("{whole}{part:0<3}").parse().ok()?;
    (value > 0).then_some(value)
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
