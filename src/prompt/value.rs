//! Whether a value is legal for its flag, and what was probably meant where it is not.

use std::ops::Range;

use super::fault::{Fault, Voice, words};
use super::table::{Flag, Kind, MOST_REPEATS};
use crate::diagnostic::quoted;

/// What there is to say about the value of a flag.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) faults: Vec<Fault>,
    /// The bytes of the value that cannot belong to it: text behind a flag.
    pub(super) rest: Option<Range<usize>>,
}

/// Whether one word could be the value of this flag.
pub(super) fn is_plausible(flag: &Flag, word: &str) -> bool {
    let word = word.trim_end_matches(PUNCTUATION);
    match flag.kind {
        Kind::Ratio => mended_ratio(word).is_some() || is_ratio(word),
        Kind::Whole { .. } | Kind::Decimal { .. } | Kind::OneOf(_) | Kind::Version(_) | Kind::Repeat => {
            number(word).is_some()
        }
        Kind::Images => is_address(word),
        Kind::Styles => is_style(word),
        Kind::Switch | Kind::Speed | Kind::Profiles | Kind::Word | Kind::Exclusions => false,
    }
}

/// Judges the value of a flag, which goes by `name` here. Pieces are bytes of the value.
pub(super) fn judge(flag: &Flag, name: &str, value: &str, voice: Voice) -> Judgement {
    let case = Case { flag, name, voice };
    match flag.kind {
        Kind::Switch | Kind::Speed => case.bare(value),
        Kind::Profiles => case.profiles(value),
        _ if value.is_empty() => Judgement::of(case.missing()),
        Kind::Exclusions => Judgement { faults: case.exclusions(value), rest: None },
        Kind::Images => case.several(value, is_address),
        Kind::Styles => case.several(value, is_style),
        _ => case.single(value),
    }
}

impl Judgement {
    fn of(fault: impl Into<Option<Fault>>) -> Judgement {
        Judgement { faults: fault.into().into_iter().collect(), rest: None }
    }

    fn rest(rest: Range<usize>) -> Judgement {
        Judgement { faults: Vec::new(), rest: Some(rest) }
    }
}

const PUNCTUATION: [char; 4] = [',', ';', '.', '!'];

struct Case<'a> {
    flag: &'a Flag,
    name: &'a str,
    voice: Voice,
}

impl Case<'_> {
    fn shown(&self, value: &str) -> String {
        quoted(&self.voice.pair(self.name, value))
    }

    fn takes(&self) -> String {
        format!("`{}` takes {}", self.voice.name(self.name), self.flag.legal())
    }

    fn write(&self, value: &str) -> String {
        format!("write `{}`", self.voice.pair(self.name, value))
    }

    fn missing(&self) -> Fault {
        let message = format!("`{}` has no value", self.voice.name(self.name));
        // Older models took the bare flag, and nobody says that newer ones refuse it.
        let fault = if self.flag.name == "niji" {
            Fault::warning(0..0, message)
        } else {
            Fault::error(0..0, message)
        };
        fault.label("a value is missing").note(self.takes())
    }

    fn bare(&self, value: &str) -> Judgement {
        let text = value.trim_start_matches(PUNCTUATION);
        if value.is_empty() {
            return Judgement::default();
        }
        if text.is_empty() {
            return Judgement::of(self.punctuation(0..value.len(), &self.voice.name(self.name)));
        }
        let off = ["false", "off", "no", "0"].iter().any(|word| text.eq_ignore_ascii_case(word));
        let on = ["true", "on", "yes"].iter().any(|word| text.eq_ignore_ascii_case(word));
        if !(off || on || number(text).is_some()) {
            return Judgement::rest(0..value.len());
        }
        let bare = self.voice.name(self.name);
        let fault = Fault::error(0..value.len(), format!("`{bare}` is given a value"))
            .label("not wanted here")
            .note(self.takes());
        Judgement::of(match (off, self.voice) {
            (true, _) => fault.help(format!("leave `{bare}` out")),
            (false, Voice::Prompt) => fault.help(format!("write `{bare}`")),
            (false, Voice::Param) => fault.help(format!("write `{bare}: true`")),
        })
    }

    fn punctuation(&self, piece: Range<usize>, meant: &str) -> Fault {
        Fault::error(piece, format!("punctuation after `{meant}`"))
            .label("not wanted here")
            .note("flags are separated by blanks alone")
            .help(format!("write `{meant}`"))
    }

    /// A value of one word.
    fn single(&self, value: &str) -> Judgement {
        if let Some(mended) =
            mended_ratio(value).filter(|_| self.flag.kind == Kind::Ratio && !is_ratio(value))
        {
            return Judgement::of(self.not_a_ratio(value).help(self.write(&mended)));
        }
        let Some((_, word)) = words(value).next() else { return Judgement::of(self.missing()) };
        let kept = word.trim_end_matches(PUNCTUATION);
        let fault = self.word(kept);
        if word.len() < value.len() {
            let rest = kept.len()..value.len();
            let rest = if kept.len() < word.len() { rest } else { next_word(value, word.len()) };
            return Judgement { rest: Some(rest), ..Judgement::of(fault) };
        }
        if fault.is_none() && kept.len() < word.len() {
            return Judgement::of(
                self.punctuation(kept.len()..word.len(), &self.voice.pair(self.name, kept)),
            );
        }
        Judgement::of(fault)
    }

    fn word(&self, word: &str) -> Option<Fault> {
        match self.flag.kind {
            Kind::Ratio => self.ratio(word),
            Kind::Whole { least, most } => self.whole(word, least, most),
            Kind::Repeat => self.whole(word, 1, MOST_REPEATS),
            Kind::Decimal { most } => self.decimal(word, most),
            Kind::OneOf(values) => self.one_of(word, values),
            Kind::Version(values) => self.version(word, values),
            _ => None,
        }
    }

    fn not_a_ratio(&self, value: &str) -> Fault {
        Fault::error(0..value.len(), format!("{} is not an aspect ratio", self.shown(value)))
            .label("not `width:height`")
            .note(self.takes())
    }

    fn ratio(&self, word: &str) -> Option<Fault> {
        if is_ratio(word) {
            return None;
        }
        let fault = self.not_a_ratio(word);
        Some(match mended_ratio(word) {
            Some(mended) => fault.help(self.write(&mended)),
            None => fault,
        })
    }

    fn not_a_number(&self, word: &str, what: &str) -> Fault {
        let fault = Fault::error(0..word.len(), format!("{} is not {what}", self.shown(word)))
            .label(format!("not {what}"))
            .note(self.takes());
        let mended: String = word.chars().filter(|c| !matches!(c, ',' | '_' | '%' | '=' | ':')).collect();
        let legal = || self.word(&mended).is_none();
        if mended != word && !mended.is_empty() && legal() { fault.help(self.write(&mended)) } else { fault }
    }

    fn out_of_range(&self, word: &str, nearest: &str) -> Fault {
        Fault::error(0..word.len(), format!("{} is out of range", self.shown(word)))
            .label("out of range")
            .note(self.takes())
            .help(self.write(nearest))
    }

    fn whole(&self, word: &str, least: u64, most: u64) -> Option<Fault> {
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

    fn decimal(&self, word: &str, most: f64) -> Option<Fault> {
        match number(word) {
            None => Some(self.not_a_number(word, "a number")),
            Some(value) if value < 0.0 => Some(self.out_of_range(word, "0")),
            Some(value) => (value > most).then(|| self.out_of_range(word, &most.to_string())),
        }
    }

    fn one_of(&self, word: &str, values: &[&str]) -> Option<Fault> {
        let Some(value) = number(word) else { return Some(self.not_a_number(word, "a number")) };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Fault::error(0..word.len(), format!("{} is no legal value", self.shown(word)))
                .label("not one of the values")
                .note(self.takes())
        })
    }

    /// Versions come faster than tables are mended, so a number that is not known is only odd.
    fn version(&self, word: &str, values: &[&str]) -> Option<Fault> {
        let Some(value) = number(word) else {
            let bare = word.trim_start_matches(['v', 'V']);
            let fault = Fault::error(0..word.len(), format!("{} is not a version", self.shown(word)))
                .label("not a number")
                .note(self.takes());
            return Some(if number(bare).is_some() { fault.help(self.write(bare)) } else { fault });
        };
        let known = values.iter().any(|known| number(known) == Some(value));
        (!known).then(|| {
            Fault::warning(0..word.len(), format!("{} is a version not known here", self.shown(word)))
                .label("unknown version")
                .note(format!("known are {}; it is sent as it is", values.join(", ")))
        })
    }

    fn exclusions(&self, value: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.is_empty() {
            return vec![self.missing()];
        }
        let commas = value.bytes().filter(|byte| *byte == b',').count();
        if commas >= items.len() {
            faults.push(
                Fault::warning(0..value.len(), format!("{} has an empty entry", self.shown(value)))
                    .label("a comma too many")
                    .help(self.write(&items.join(", "))),
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
            let mended: Vec<&str> = std::iter::once(meant.trim()).chain(items[1..].iter().copied()).collect();
            faults.push(
                Fault::warning(0..value.len(), format!("{} says no twice", self.shown(value)))
                    .label("what is named here is left out of the picture")
                    .help(self.write(&mended.join(", "))),
            );
        }
        faults
    }

    /// Values of several words, each of which must be legal; words behind them are text.
    fn several(&self, value: &str, is_legal: fn(&str) -> bool) -> Judgement {
        for (index, (start, word)) in words(value).enumerate() {
            if let Some(bare) = word.strip_suffix(',').filter(|bare| is_legal(bare)) {
                let piece = start + bare.len()..start + word.len();
                let mended: Vec<&str> = words(value).map(|(_, word)| word.trim_end_matches(',')).collect();
                let fault = self.punctuation(piece, &self.voice.pair(self.name, bare));
                let all = mended.iter().all(|word| is_legal(word));
                return Judgement::of(if all { fault.help(self.write(&mended.join(" "))) } else { fault });
            }
            if is_legal(word) {
                continue;
            }
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if index > 0 && !has_digit {
                return Judgement::rest(start..value.len());
            }
            return Judgement::of(self.not_one_of_several(start, word));
        }
        Judgement::default()
    }

    /// The forms of style codes are not published, so an odd one is only odd.
    fn not_one_of_several(&self, start: usize, word: &str) -> Fault {
        let piece = start..start + word.len();
        let (fault, what): (fn(_, String) -> Fault, _) = match self.flag.kind {
            Kind::Images => (Fault::error, "an address"),
            _ => (Fault::warning, "an address or a style code"),
        };
        fault(piece, format!("{} is not {what}", self.shown(word)))
            .label(format!("not {what}"))
            .note(self.takes())
    }

    /// Codes have no published form, so words that look like prose are only odd.
    fn profiles(&self, value: &str) -> Judgement {
        let is_code = |word: &str| word.len() == 7 || word.bytes().any(|byte| byte.is_ascii_digit());
        let Some((start, word)) = words(value).find(|(_, word)| !is_code(word)) else {
            return Judgement::default();
        };
        Judgement::of(
            Fault::warning(start..start + word.len(), format!("{} is hardly a profile's code", quoted(word)))
                .label("words after a flag are its value")
                .note(self.takes()),
        )
    }
}

fn next_word(value: &str, from: usize) -> Range<usize> {
    let rest = &value[from..];
    from + rest.len() - rest.trim_start().len()..value.len()
}

/// A plain decimal number: `.5`, `2`, `6.1`, `-1`.
pub(super) fn number(word: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !digits.bytes().all(plain) || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    word.parse().ok()
}

pub(super) fn is_address(word: &str) -> bool {
    let host = ["http://", "https://"].iter().find_map(|scheme| {
        word.get(..scheme.len())
            .filter(|head| head.eq_ignore_ascii_case(scheme))
            .map(|_| &word[scheme.len()..])
    });
    host.is_some_and(|host| !host.is_empty()) && !word.ends_with(',')
}

/// An address, a code or `random`, perhaps with a weight behind `::`.
fn is_style(word: &str) -> bool {
    if is_address(word) {
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

/// The ratio that was meant by `16x9`, `16 : 9`, `16/9` or `1.5:1`; `None` also where it is right already.
fn mended_ratio(value: &str) -> Option<String> {
    let bare = value.trim_start_matches(['=', ':']).trim_end_matches(PUNCTUATION);
    let (width, height) = bare.split_once([':', '：', '∶', 'x', 'X', '×', '*', '/', '-'])?;
    let (width, height) = (thousandths(width.trim())?, thousandths(height.trim())?);
    let whole = width % 1000 == 0 && height % 1000 == 0;
    let divisor = if whole { 1000 } else { common_divisor(width, height) };
    let mended = format!("{}:{}", width / divisor, height / divisor);
    (mended != value.trim_end_matches(PUNCTUATION)).then_some(mended)
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
