//! Merges params into a prompt: which of them are written, in which order, and which clash.

use std::ops::Range;

use super::super::scan::Scan;
use super::super::{lint, table};
use super::param::{Origin, Param, ParamValue};
use crate::diagnostic::quoted;

/// A param that cannot be written, because the same flag, or one that excludes it, is given
/// elsewhere.
///
/// A clash is always an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The index of the param among those given.
    pub param: usize,
    /// The flag or param that it clashes with.
    pub with: Counterpart,
    /// What is wrong, in one line.
    pub message: String,
    /// A few words to print under the param. May be empty.
    pub label: String,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
}

/// The flag or param that a param clashes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterpart {
    /// A flag in the prompt, by its bytes.
    Prompt(Range<usize>),
    /// Another param, by its index among those given.
    Param(usize),
}

/// Appends the params to the prompt as flags, in the order of the table.
///
/// A default is dropped if the prompt or an explicit param has the same flag or one that excludes
/// it (`v` with `--niji`), or if it would have no effect (`iw` without an image, `sw` without
/// `sref`).
///
/// ```
/// use mjbatch::prompt::{Origin, Param, with_params};
///
/// let params: Vec<_> = [("no", "text"), ("ar", "3:2"), ("v", "7")]
///     .into_iter()
///     .filter_map(|(name, text)| Some((Param::from_text(name, text)?, Origin::Default)))
///     .collect();
/// assert_eq!(with_params("a mug", &params).as_deref(), Ok("a mug --ar 3:2 --v 7 --no text"));
/// assert_eq!(with_params("a mug --niji 6", &params).as_deref(), Ok("a mug --niji 6 --ar 3:2 --no text"));
/// ```
///
/// # Errors
///
/// All clashes: of an explicit param with the prompt or with another explicit param, and of params
/// given twice.
pub fn with_params(prompt: &str, params: &[(Param, Origin)]) -> Result<String, Vec<Clash>> {
    if params.is_empty() {
        return Ok(prompt.to_owned());
    }
    let scan = Scan::of(prompt);
    let mut clashes = Vec::new();
    let mut kept: Vec<usize> = Vec::new();
    for (index, (param, origin)) in params.iter().enumerate() {
        match kept.iter().position(|other| params[*other].0.key() == param.key()) {
            Some(at) if params[kept[at]].1 == *origin => clashes.push(twice(params, kept[at], index)),
            Some(at) if *origin == Origin::Explicit => kept[at] = index,
            Some(_) => {}
            None => kept.push(index),
        }
    }
    let merge = ParamMerge { scan: &scan, params, kept: &kept };
    let mut flags: Vec<(usize, String)> = Vec::new();
    for index in &kept {
        match merge.is_written(*index) {
            Err(clash) => clashes.push(*clash),
            Ok(false) => {}
            Ok(true) => {
                let param = &params[*index].0;
                let rank = param.flag().map_or(usize::MAX, table::rank);
                flags.extend(param.to_flag().map(|text| (rank, text)));
            }
        }
    }
    if !clashes.is_empty() {
        clashes.sort_by_key(|clash| clash.param);
        return Err(clashes);
    }
    flags.sort_unstable();
    let mut whole = if flags.is_empty() { prompt.to_owned() } else { prompt.trim_end().to_owned() };
    for (_, text) in &flags {
        if !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(text);
    }
    Ok(whole)
}

/// The params that are left after overriding, one per flag, and the prompt they are merged into.
struct ParamMerge<'a> {
    scan: &'a Scan<'a>,
    params: &'a [(Param, Origin)],
    kept: &'a [usize],
}

impl ParamMerge<'_> {
    /// Decides whether a param is written.
    fn is_written(&self, index: usize) -> Result<bool, Box<Clash>> {
        let (param, origin) = &self.params[index];
        let excludes = param.flag().map_or(&[][..], |flag| flag.excludes);
        let off = param.value == ParamValue::Switch(false);
        let in_prompt = self.scan.flags.iter().find(|written| {
            let name = written.canonical().unwrap_or(written.name);
            name == param.key() || (!off && excludes.contains(&name))
        });
        let beside = self.kept.iter().copied().find(|other| {
            let (other, its_origin) = &self.params[*other];
            let before = *its_origin == Origin::Explicit || its_origin == origin;
            !off && before && excludes.contains(&other.key()) && other.value != ParamValue::Switch(false)
        });
        match (origin, in_prompt, beside) {
            (Origin::Explicit, Some(written), _) => {
                Err(Box::new(with_prompt(param, index, written.span(), &written.corrected())))
            }
            (Origin::Default, Some(_), _) => Ok(false),
            (Origin::Default, None, Some(other)) if self.params[other].1 == Origin::Explicit => Ok(false),
            // Two params exclude each other: reported once, at the later one.
            (_, None, Some(other)) if other < index => Err(Box::new(with_param(self.params, other, index))),
            _ => Ok(*origin == Origin::Explicit || self.has_effect(param)),
        }
    }

    fn has_effect(&self, param: &Param) -> bool {
        let Some(flag) = param.flag() else { return true };
        if flag.name == "iw" {
            return lint::has_image(self.scan.text);
        }
        flag.needs.is_none_or(|needed| {
            let is_given = |index: &usize| {
                let param = &self.params[*index].0;
                param.key() == needed && param.value != ParamValue::Switch(false)
            };
            self.scan.get(needed).is_some() || self.kept.iter().any(is_given)
        })
    }
}

fn clash(param: usize, with: Counterpart, message: String) -> Clash {
    Clash { param, with, message, label: String::new(), notes: Vec::new(), help: None }
}

fn twice(params: &[(Param, Origin)], first: usize, index: usize) -> Clash {
    let (name, other) = (table::bare(&params[index].0.name), table::bare(&params[first].0.name));
    let message = match name == other {
        true => format!("`{name}` is given twice"),
        false => format!("`{name}` and `{other}` are the same flag"),
    };
    Clash {
        label: "again here".to_owned(),
        help: Some("leave one of them out".to_owned()),
        ..clash(index, Counterpart::Param(first), message)
    }
}

fn with_param(params: &[(Param, Origin)], other: usize, index: usize) -> Clash {
    let (name, other_name) = (table::bare(&params[index].0.name), table::bare(&params[other].0.name));
    let message = format!("`{name}` cannot be combined with `{other_name}`");
    Clash {
        label: "excluded".to_owned(),
        help: Some("leave one of them out".to_owned()),
        ..clash(index, Counterpart::Param(other), message)
    }
}

fn with_prompt(param: &Param, index: usize, span: Range<usize>, written: &str) -> Clash {
    let name = table::bare(&param.name);
    let message = format!("`{name}` clashes with {} in the prompt", quoted(written));
    Clash {
        label: "given here too".to_owned(),
        notes: vec![
            "a flag in the prompt wins over a default, and clashes with a param of the entry".to_owned(),
        ],
        help: Some(format!("leave out either the param or {}", quoted(written))),
        ..clash(index, Counterpart::Prompt(span), message)
    }
}
