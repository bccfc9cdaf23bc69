//! The table of Midjourney's flags: names, legal values, and what they need or exclude.
//!
//! Names and ranges agree with the parameter guides for V7 and V8.1 at docs.evolink.ai
//! (`midjourney-v7-prompt-guide` and `midjourney-v8-1-prompt-guide`); that `--cref` is for V6 and
//! `--oref` came with V7 is from the FAQ at prompt-faqs.notion.site. Where sources differ the wider
//! range stands here, since a legal prompt must never be refused.

/// One flag.
#[derive(Debug, PartialEq)]
pub(super) struct Flag {
    /// The canonical name, without dashes, which params are written with.
    pub(super) name: &'static str,
    /// Other names of the flag.
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: ValueKind,
    /// Flags that cannot be in the same prompt.
    pub(super) excludes: &'static [&'static str],
    /// The flag without which this one has no effect.
    pub(super) needs: Option<&'static str>,
    /// The versions that have the flag. `None` if all do.
    pub(super) versions: Option<VersionRange>,
}

/// The kind of value that a flag takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ValueKind {
    /// No value.
    Switch,
    /// No value: the flag sets the speed of the job, which is the task's mode.
    Speed,
    /// A number of jobs. It is expanded to as many tasks and never sent.
    Repeat,
    /// Two whole numbers, `16:9`.
    Ratio,
    /// A whole number.
    Whole { least: u64, most: u64 },
    /// A number from 0, with decimals.
    Decimal { most: f64 },
    /// One of these numbers.
    OneOf(&'static [&'static str]),
    /// One of these numbers, or a number of a version newer than this table.
    Version(&'static [&'static str]),
    /// One word.
    Word,
    /// Things to keep out of the image, separated by commas.
    Exclusions,
    /// URLs of images.
    Images,
    /// URLs of images, style codes, or `random`.
    Styles,
    /// Codes of profiles and moodboards. May be empty.
    Profiles,
}

/// A range of versions, excluding its end.
#[derive(Debug, PartialEq)]
pub(super) struct VersionRange {
    pub(super) from: f64,
    pub(super) before: f64,
    /// The range as messages name it.
    pub(super) name: &'static str,
}

const fn flag(name: &'static str, aliases: &'static [&'static str], kind: ValueKind) -> Flag {
    Flag { name, aliases, kind, excludes: &[], needs: None, versions: None }
}

impl Flag {
    const fn excludes(self, others: &'static [&'static str]) -> Flag {
        Flag { excludes: others, ..self }
    }

    const fn needs(self, other: &'static str) -> Flag {
        Flag { needs: Some(other), ..self }
    }

    const fn versions(self, from: f64, before: f64, name: &'static str) -> Flag {
        Flag { versions: Some(VersionRange { from, before, name }), ..self }
    }

    /// Whether the flag takes no value.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self.kind, ValueKind::Switch | ValueKind::Speed)
    }

    /// Whether the flag takes several values, given as a list.
    pub(super) fn takes_several(&self) -> bool {
        matches!(
            self.kind,
            ValueKind::Exclusions | ValueKind::Images | ValueKind::Styles | ValueKind::Profiles
        )
    }

    /// Describes the legal values; the text follows "takes" in messages.
    pub(super) fn legal_values(&self) -> String {
        match self.kind {
            ValueKind::Switch | ValueKind::Speed => "no value".to_owned(),
            ValueKind::Repeat => "a whole number from 1 to 40".to_owned(),
            ValueKind::Ratio => "two whole numbers from 1 up, as in `16:9`".to_owned(),
            ValueKind::Whole { least, most } => format!("a whole number from {least} to {most}"),
            ValueKind::Decimal { most } => format!("a number from 0 to {most}"),
            ValueKind::OneOf(values) | ValueKind::Version(values) => either(values),
            ValueKind::Word => "one word, as in `raw`".to_owned(),
            ValueKind::Exclusions => "a list separated by commas, as in `text, hands`".to_owned(),
            ValueKind::Images => "the URL of an image, https://...".to_owned(),
            ValueKind::Styles => "URLs of images, style codes or `random`".to_owned(),
            ValueKind::Profiles => "codes of profiles or moodboards, or nothing".to_owned(),
        }
    }
}

fn either(values: &[&str]) -> String {
    match values {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => values.concat(),
    }
}

/// The highest legal value of `--repeat`.
pub(super) const MAX_REPEATS: u64 = 40;

const V6: (f64, f64, &str) = (6.0, 7.0, "V6");
const SINCE_V7: (f64, f64, &str) = (7.0, f64::INFINITY, "V7 and newer");
const SPEEDS: &[&str] = &["fast", "relax", "turbo"];
const VERSIONS: &[&str] = &["1", "2", "3", "4", "5", "5.1", "5.2", "6", "6.1", "7", "8.1"];

/// All known flags, in the order in which params are written.
pub(super) static FLAGS: &[Flag] = &[
    flag("ar", &["aspect"], ValueKind::Ratio),
    flag("v", &["version"], ValueKind::Version(VERSIONS)).excludes(&["niji"]),
    flag("niji", &[], ValueKind::Version(&["4", "5", "6", "7"])).excludes(&["v"]),
    flag("raw", &[], ValueKind::Switch),
    flag("style", &[], ValueKind::Word),
    flag("stylize", &["s"], ValueKind::Whole { least: 0, most: 1000 }),
    flag("chaos", &["c"], ValueKind::Whole { least: 0, most: 100 }),
    flag("weird", &["w"], ValueKind::Whole { least: 0, most: 3000 }),
    flag("exp", &[], ValueKind::Whole { least: 0, most: 100 }).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("quality", &["q"], ValueKind::OneOf(&[".25", ".5", "1", "2", "4"])),
    flag("draft", &[], ValueKind::Switch).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("hd", &[], ValueKind::Switch),
    flag("tile", &[], ValueKind::Switch),
    flag("stop", &[], ValueKind::Whole { least: 10, most: 100 }),
    flag("seed", &[], ValueKind::Whole { least: 0, most: 4_294_967_295 }),
    flag("iw", &[], ValueKind::Decimal { most: 3.0 }),
    flag("sref", &[], ValueKind::Styles),
    flag("sw", &[], ValueKind::Whole { least: 0, most: 1000 }).needs("sref"),
    flag("sv", &[], ValueKind::Version(&["1", "2", "3", "4", "5", "6"])).needs("sref"),
    flag("cref", &[], ValueKind::Images).excludes(&["oref"]).versions(V6.0, V6.1, V6.2),
    flag("cw", &[], ValueKind::Whole { least: 0, most: 100 }).needs("cref"),
    flag("oref", &[], ValueKind::Images).excludes(&["cref"]).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("ow", &[], ValueKind::Whole { least: 1, most: 1000 }).needs("oref"),
    flag("p", &["profile"], ValueKind::Profiles),
    flag("no", &[], ValueKind::Exclusions),
    flag("repeat", &["r"], ValueKind::Repeat),
    flag("fast", &[], ValueKind::Speed).excludes(SPEEDS),
    flag("relax", &[], ValueKind::Speed).excludes(SPEEDS),
    flag("turbo", &[], ValueKind::Speed).excludes(SPEEDS),
];

/// Finds a flag by any of its names, without dashes, in any case.
pub(super) fn find(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| {
        let mut names = std::iter::once(&flag.name).chain(flag.aliases);
        names.any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The index of a flag in the table.
pub(super) fn rank(flag: &Flag) -> usize {
    FLAGS.iter().position(|other| other.name == flag.name).unwrap_or(FLAGS.len())
}

/// All names of all flags, to find a close one.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().flat_map(|flag| std::iter::once(flag.name).chain(flag.aliases.iter().copied()))
}

/// Returns the canonical name of a flag, without dashes. `None` if the flag is unknown.
///
/// The given name may be any of its names, with or without dashes, in any case.
///
/// ```
/// use mjbatch::prompt::canonical;
///
/// assert_eq!(canonical("aspect"), Some("ar"));
/// assert_eq!(canonical("--s"), Some("stylize"));
/// assert_eq!(canonical("sku"), None);
/// ```
pub fn canonical(name: &str) -> Option<&'static str> {
    find(bare(name)).map(|flag| flag.name)
}

/// Whether a name, with or without dashes, is that of a known flag.
pub fn is_flag(name: &str) -> bool {
    canonical(name).is_some()
}

/// Strips the dashes off a name.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("--").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_belongs_to_one_flag_and_every_name_mentioned_is_one() {
        let mut all: Vec<_> = names().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
        for flag in FLAGS {
            for other in flag.excludes.iter().chain(&flag.needs) {
                let other = find(other).unwrap();
                let mutual = other.excludes.contains(&flag.name);
                assert!(mutual || flag.needs == Some(other.name), "{} and {}", flag.name, other.name);
            }
        }
    }

    #[test]
    fn a_flag_goes_by_all_its_names() {
        assert_eq!(canonical("--AR"), Some("ar"));
        assert_eq!(canonical("version"), Some("v"));
        assert!(is_flag("r") && !is_flag("") && !is_flag("---ar"));
    }
}
