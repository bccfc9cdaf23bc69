//! A prompt in its parts: the text, then the flags, each with its value and its place.
//!
//! A flag is `--` at the start of a word with a letter behind it; all up to the next one is its value. A dash that was
//! mistyped or turned into another one by a word processor counts as well, where no reader could take it for prose.

use std::ops::Range;

use super::fault::words;
use super::table::{self, Flag, Kind};
use super::value;

/// A prompt in its parts.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    /// All before the first flag.
    pub(super) text: &'a str,
    pub(super) flags: Vec<Written<'a>>,
    /// What might have been meant as a flag, and is text.
    pub(super) doubtful: Vec<Slip<'a>>,
}

/// A flag as it is written.
#[derive(Debug)]
pub(super) struct Written<'a> {
    /// What the table knows of it.
    pub(super) flag: Option<&'static Flag>,
    /// Its name as written, without dashes.
    pub(super) name: &'a str,
    /// The dashes and the name.
    pub(super) token: Range<usize>,
    /// The value, without blanks round it; empty where there is none.
    pub(super) value: &'a str,
    /// The first byte of the value; where there is none, the end of the token.
    pub(super) value_start: usize,
    /// Whether the value follows the name without a blank.
    pub(super) glued: bool,
    /// Whether the dashes are not `--`.
    pub(super) slipped: bool,
}

/// A word that begins like a flag, with the wrong dashes.
#[derive(Debug)]
pub(super) struct Slip<'a> {
    pub(super) flag: &'static Flag,
    pub(super) name: &'a str,
    /// The dashes and the name.
    pub(super) token: Range<usize>,
}

impl Written<'_> {
    /// The flag and its value.
    pub(super) fn span(&self) -> Range<usize> {
        self.token.start..self.value_start + self.value.len()
    }

    /// The flag's own name, where it is known.
    pub(super) fn canonical(&self) -> Option<&'static str> {
        self.flag.map(|flag| flag.name)
    }

    /// As it was meant, to be shown.
    pub(super) fn meant(&self) -> String {
        match (self.value, self.glued) {
            ("", _) => format!("--{}", self.name),
            (value, true) => format!("--{}{value}", self.name),
            (value, false) => format!("--{} {value}", self.name),
        }
    }
}

impl<'a> Scan<'a> {
    /// Takes a prompt apart.
    pub(super) fn of(prompt: &'a str) -> Scan<'a> {
        let all: Vec<(usize, &str)> = words(prompt).collect();
        let mut heads: Vec<Head<'a>> = Vec::new();
        let mut doubtful = Vec::new();
        let mut skip_until = 0;
        for index in 0..all.len() {
            if index < skip_until {
                continue;
            }
            match head(&all, index, !heads.is_empty()) {
                Reading::Text => {}
                Reading::Doubtful(slip) => doubtful.push(slip),
                Reading::Flag(head, taken) => {
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
    pub(super) fn get(&self, canonical: &str) -> Option<&Written<'a>> {
        self.flags.iter().find(|written| written.canonical() == Some(canonical))
    }
}

/// Where a flag begins.
struct Head<'a> {
    name: &'a str,
    token: Range<usize>,
    slipped: bool,
}

enum Reading<'a> {
    Text,
    Doubtful(Slip<'a>),
    /// A flag, and how many words its dashes and name are.
    Flag(Head<'a>, usize),
}

fn written<'a>(prompt: &'a str, head: &Head<'a>, end: usize) -> Written<'a> {
    let rest = &prompt[head.token.end..end];
    let value = rest.trim();
    let blanks = rest.len() - rest.trim_start().len();
    Written {
        flag: table::find(head.name),
        name: head.name,
        token: head.token.clone(),
        value,
        value_start: head.token.end + if value.is_empty() { 0 } else { blanks },
        glued: blanks == 0 && !value.is_empty(),
        slipped: head.slipped,
    }
}

/// Hyphens, dashes and the minus sign: what people and word processors make of `-`.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{ff0d}')
}

fn name_of(word: &str) -> &str {
    let end =
        word.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(word.len());
    &word[..end]
}

fn head<'a>(all: &[(usize, &'a str)], index: usize, after_flag: bool) -> Reading<'a> {
    let (start, word) = all[index];
    let body = word.trim_start_matches(is_dash);
    let dashes = &word[..word.len() - body.len()];
    if dashes.is_empty() {
        return Reading::Text;
    }
    if dashes == "--" && body.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let name = name_of(body);
        let token = start..start + dashes.len() + name.len();
        return Reading::Flag(Head { name, token, slipped: false }, 1);
    }
    if body.is_empty() {
        return apart(all, index, after_flag);
    }
    let Some(flag) = table::find(body) else { return Reading::Text };
    let token = start..start + word.len();
    if is_meant(dashes, body, flag, &all[index + 1..], after_flag) {
        Reading::Flag(Head { name: body, token, slipped: true }, 1)
    } else if dashes == "-" && body.len() == 1 {
        Reading::Text
    } else {
        Reading::Doubtful(Slip { flag, name: body, token })
    }
}

/// Dashes alone, with the name in the next word: `- -ar 16:9`, `-- ar 16:9`.
fn apart<'a>(all: &[(usize, &'a str)], index: usize, after_flag: bool) -> Reading<'a> {
    let (start, dashes) = all[index];
    let Some((next_start, next)) = all.get(index + 1).copied() else { return Reading::Text };
    let name = next.trim_start_matches(is_dash);
    if next.starts_with("--") {
        return Reading::Text;
    }
    let Some(flag) = table::find(name) else { return Reading::Text };
    let following = &all[index + 2..];
    let meant = if name.len() < next.len() {
        is_meant("--", name, flag, following, after_flag)
    } else {
        // Prose has lone dashes: only a value that fits makes a flag of what follows one.
        (after_flag || dashes != "-") && name.len() > 1 && fits(flag, following) && is_exact(flag)
    };
    if !meant {
        return Reading::Text;
    }
    Reading::Flag(Head { name, token: start..next_start + next.len(), slipped: true }, 2)
}

/// Whether no reader could take these dashes and this name for prose.
fn is_meant(dashes: &str, name: &str, flag: &Flag, following: &[(usize, &str)], after_flag: bool) -> bool {
    let single_hyphen = dashes == "-";
    if flag.is_bare() || flag.kind == Kind::Profiles {
        let ends = following.first().is_none_or(|(_, next)| is_flag_like(next));
        return ends && (after_flag || !single_hyphen);
    }
    if is_exact(flag) {
        return fits(flag, following) && (after_flag || !single_hyphen || name.len() > 1);
    }
    after_flag && !following.is_empty()
}

/// Whether a word is dashes and a name, as the next flag would be.
fn is_flag_like(word: &str) -> bool {
    let body = word.trim_start_matches(is_dash);
    body.len() < word.len() && body.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether the values of the flag are no words of prose.
fn is_exact(flag: &Flag) -> bool {
    !matches!(flag.kind, Kind::Word | Kind::Exclusions | Kind::Profiles | Kind::Switch | Kind::Speed)
}

/// Whether a value follows, and no sentence goes on behind it: `stop 5 cars` is prose, `stop 5` is a flag.
fn fits(flag: &Flag, following: &[(usize, &str)]) -> bool {
    let Some((_, next)) = following.first() else { return false };
    let unmistakable = matches!(flag.kind, Kind::Ratio | Kind::Images | Kind::Styles);
    let ends = following.get(1).is_none_or(|(_, behind)| is_flag_like(behind));
    value::is_plausible(flag, next) && (unmistakable || ends)
}
