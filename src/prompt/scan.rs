//! Splits a prompt into its text and its flags, each with its value and its position.
//!
//! A flag is `--` at the start of a word, followed by a letter; everything up to the next flag is
//! its value. Dashes that were mistyped, or replaced by a word processor, also start a flag where
//! the word cannot be prose.

use std::ops::Range;

use super::issue::words;
use super::table::{self, Flag, ValueKind};
use super::value;

/// A prompt that was split into text and flags.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    /// Everything before the first flag.
    pub(super) text: &'a str,
    pub(super) flags: Vec<WrittenFlag<'a>>,
    /// Words that are read as text but may have been meant as flags.
    pub(super) doubtful: Vec<MistypedFlag<'a>>,
}

/// A flag as it is written in a prompt.
#[derive(Debug)]
pub(super) struct WrittenFlag<'a> {
    /// The flag's entry in the table. `None` for an unknown flag.
    pub(super) flag: Option<&'static Flag>,
    /// The name as written, without dashes.
    pub(super) name: &'a str,
    /// The dashes and the name.
    pub(super) token: Range<usize>,
    /// The value, trimmed. Empty if there is none.
    pub(super) value: &'a str,
    /// The first byte of the value, or the end of the token if there is none.
    pub(super) value_start: usize,
    /// Whether the value follows the name without a space.
    pub(super) is_glued: bool,
    /// Whether the dashes are other than `--`.
    pub(super) is_mistyped: bool,
}

/// A word that looks like a known flag but starts with other dashes than `--`.
#[derive(Debug)]
pub(super) struct MistypedFlag<'a> {
    pub(super) flag: &'static Flag,
    pub(super) name: &'a str,
    /// The dashes and the name.
    pub(super) token: Range<usize>,
}

impl WrittenFlag<'_> {
    /// The bytes of the flag and its value.
    pub(super) fn span(&self) -> Range<usize> {
        self.token.start..self.value_start + self.value.len()
    }

    /// The flag's canonical name. `None` for an unknown flag.
    pub(super) fn canonical(&self) -> Option<&'static str> {
        self.flag.map(|flag| flag.name)
    }

    /// Spells the flag and its value with `--`.
    pub(super) fn corrected(&self) -> String {
        match (self.value, self.is_glued) {
            ("", _) => format!("--{}", self.name),
            (value, true) => format!("--{}{value}", self.name),
            (value, false) => format!("--{} {value}", self.name),
        }
    }
}

impl<'a> Scan<'a> {
    /// Splits a prompt.
    pub(super) fn of(prompt: &'a str) -> Scan<'a> {
        let all: Vec<(usize, &str)> = words(prompt).collect();
        let mut heads: Vec<FlagStart<'a>> = Vec::new();
        let mut doubtful = Vec::new();
        let mut skip_until = 0;
        for index in 0..all.len() {
            if index < skip_until {
                continue;
            }
            match read_word(&all, index, !heads.is_empty()) {
                WordReading::Text => {}
                WordReading::Doubtful(mistyped) => doubtful.push(mistyped),
                WordReading::Flag(head, taken) => {
                    skip_until = index + taken;
                    heads.push(head);
                }
            }
        }
        let text = &prompt[..heads.first().map_or(prompt.len(), |head| head.token.start)];
        let ends = heads.iter().skip(1).map(|head| head.token.start).chain([prompt.len()]);
        let flags = heads.iter().zip(ends).map(|(head, end)| written(prompt, head, end)).collect();
        Scan { text, flags, doubtful }
    }

    /// The first flag of this name.
    pub(super) fn get(&self, canonical: &str) -> Option<&WrittenFlag<'a>> {
        self.flags.iter().find(|written| written.canonical() == Some(canonical))
    }
}

/// The dashes and name at the start of a flag.
struct FlagStart<'a> {
    name: &'a str,
    token: Range<usize>,
    is_mistyped: bool,
}

/// What a word is read as.
enum WordReading<'a> {
    Text,
    Doubtful(MistypedFlag<'a>),
    /// A flag, and the number of words that its dashes and name take.
    Flag(FlagStart<'a>, usize),
}

fn written<'a>(prompt: &'a str, head: &FlagStart<'a>, end: usize) -> WrittenFlag<'a> {
    let rest = &prompt[head.token.end..end];
    let value = rest.trim();
    let whitespace = rest.len() - rest.trim_start().len();
    WrittenFlag {
        flag: table::find(head.name),
        name: head.name,
        token: head.token.clone(),
        value,
        value_start: head.token.end + if value.is_empty() { 0 } else { whitespace },
        is_glued: whitespace == 0 && !value.is_empty(),
        is_mistyped: head.is_mistyped,
    }
}

/// Whether a character is a hyphen, a dash or the minus sign, which word processors put for `-`.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{ff0d}')
}

fn name_of(word: &str) -> &str {
    let end =
        word.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(word.len());
    &word[..end]
}

fn read_word<'a>(all: &[(usize, &'a str)], index: usize, after_flag: bool) -> WordReading<'a> {
    let (start, word) = all[index];
    let body = word.trim_start_matches(is_dash);
    let dashes = &word[..word.len() - body.len()];
    if dashes.is_empty() {
        return WordReading::Text;
    }
    if dashes == "--" && body.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let name = name_of(body);
        let token = start..start + dashes.len() + name.len();
        return WordReading::Flag(FlagStart { name, token, is_mistyped: false }, 1);
    }
    if body.is_empty() {
        return read_lone_dashes(all, index, after_flag);
    }
    let Some(flag) = table::find(body) else { return WordReading::Text };
    let token = start..start + word.len();
    if is_meant(dashes, body, flag, &all[index + 1..], after_flag) {
        WordReading::Flag(FlagStart { name: body, token, is_mistyped: true }, 1)
    } else if dashes == "-" && body.len() == 1 {
        WordReading::Text
    } else {
        WordReading::Doubtful(MistypedFlag { flag, name: body, token })
    }
}

/// Reads dashes that stand alone, with the name in the next word: `- -ar 16:9`, `-- ar 16:9`.
fn read_lone_dashes<'a>(all: &[(usize, &'a str)], index: usize, after_flag: bool) -> WordReading<'a> {
    let (start, dashes) = all[index];
    let Some((next_start, next)) = all.get(index + 1).copied() else { return WordReading::Text };
    let name = next.trim_start_matches(is_dash);
    if next.starts_with("--") {
        return WordReading::Text;
    }
    let Some(flag) = table::find(name) else { return WordReading::Text };
    let following = &all[index + 2..];
    let meant = if name.len() < next.len() {
        is_meant("--", name, flag, following, after_flag)
    } else {
        // Prose has lone dashes, so only a fitting value makes the next word a flag.
        (after_flag || dashes != "-") && name.len() > 1 && fits(flag, following) && is_exact(flag)
    };
    if !meant {
        return WordReading::Text;
    }
    WordReading::Flag(FlagStart { name, token: start..next_start + next.len(), is_mistyped: true }, 2)
}

/// Whether these dashes and this name cannot be prose.
fn is_meant(dashes: &str, name: &str, flag: &Flag, following: &[(usize, &str)], after_flag: bool) -> bool {
    let single_hyphen = dashes == "-";
    if flag.is_bare() || flag.kind == ValueKind::Profiles {
        let ends = following.first().is_none_or(|(_, next)| is_flag_like(next));
        return ends && (after_flag || !single_hyphen);
    }
    if is_exact(flag) {
        return fits(flag, following) && (after_flag || !single_hyphen || name.len() > 1);
    }
    after_flag && !following.is_empty()
}

/// Whether a word looks like the start of a flag: dashes and a name.
fn is_flag_like(word: &str) -> bool {
    let body = word.trim_start_matches(is_dash);
    body.len() < word.len() && body.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the flag's values cannot be words of prose.
fn is_exact(flag: &Flag) -> bool {
    !matches!(
        flag.kind,
        ValueKind::Word | ValueKind::Exclusions | ValueKind::Profiles | ValueKind::Switch | ValueKind::Speed
    )
}

/// Whether a value follows and no sentence continues after it: `stop 5 cars` is prose, `stop 5` is
/// a flag.
fn fits(flag: &Flag, following: &[(usize, &str)]) -> bool {
    let Some((_, next)) = following.first() else { return false };
    let is_unmistakable = matches!(flag.kind, ValueKind::Ratio | ValueKind::Images | ValueKind::Styles);
    let ends = following.get(1).is_none_or(|(_, after)| is_flag_like(after));
    value::is_plausible(flag, next) && (is_unmistakable || ends)
}
