//! The table of Midjourney's flags: names, legal values, and what they need or exclude.
//!
//! Names and ranges agree with the parameter guides for V7 and V8.1 at docs.evolink.ai (`midjourney-v7-prompt-guide` and
//! `midjourney-v8-1-prompt-guide`); that `--cref` is for V6 and `--oref` came with V7 is from the FAQ at
//! prompt-faqs.notion.site. Where sources differ the wider range stands here, since a legal prompt must never be refused.

/// One flag.
#[derive(Debug, PartialEq)]
pub(super) struct Flag {
    /// Its own name, without dashes: the one that params are written with.
    pub(super) name: &'static str,
    /// Its other names.
    pub(super) aliases: &'static [&'static str],
    pub(super) kind: Kind,
    /// The flags it cannot stand beside.
    pub(super) excludes: &'static [&'static str],
    /// The flag without which it does nothing.
    pub(super) needs: Option<&'static str>,
    /// The versions that know it, where they are not all.
    pub(super) versions: Option<Versions>,
}

/// What values a flag takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// None: the flag alone.
    Switch,
    /// None, and it says how fast the job runs, which is the task's mode.
    Speed,
    /// How many jobs; unrolled before anything is sent.
    Repeat,
    /// Two whole numbers, `16:9`.
    Ratio,
    /// A whole number.
    Whole { least: u64, most: u64 },
    /// A number from 0, with decimals.
    Decimal { most: f64 },
    /// One of these numbers.
    OneOf(&'static [&'static str]),
    /// One of these numbers, or one that is newer than this table.
    Version(&'static [&'static str]),
    /// One word.
    Word,
    /// What shall not be in the picture, separated by commas.
    Exclusions,
    /// Addresses of images.
    Images,
    /// Addresses of images, style codes, `random`.
    Styles,
    /// Codes of profiles and moodboards, or nothing.
    Profiles,
}

/// A range of versions, the end excluded.
#[derive(Debug, PartialEq)]
pub(super) struct Versions {
    pub(super) from: f64,
    pub(super) before: f64,
    /// The range for people.
    pub(super) said: &'static str,
}

const fn flag(name: &'static str, aliases: &'static [&'static str], kind: Kind) -> Flag {
    Flag { name, aliases, kind, excludes: &[], needs: None, versions: None }
}

impl Flag {
    const fn excludes(self, others: &'static [&'static str]) -> Flag {
        Flag { excludes: others, ..self }
    }

    const fn needs(self, other: &'static str) -> Flag {
        Flag { needs: Some(other), ..self }
    }

    const fn versions(self, from: f64, before: f64, said: &'static str) -> Flag {
        Flag { versions: Some(Versions { from, before, said }), ..self }
    }

    /// Whether it is written without a value.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self.kind, Kind::Switch | Kind::Speed)
    }

    /// Whether it may have several values, as a list.
    pub(super) fn takes_several(&self) -> bool {
        matches!(self.kind, Kind::Exclusions | Kind::Images | Kind::Styles | Kind::Profiles)
    }

    /// What its value is, to follow on "takes".
    pub(super) fn legal(&self) -> String {
        match self.kind {
            Kind::Switch | Kind::Speed => "no value".to_owned(),
            Kind::Repeat => "a whole number from 1 to 40".to_owned(),
            Kind::Ratio => "two whole numbers from 1 up, as in `16:9`".to_owned(),
            Kind::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Kind::Decimal { most } => format!("a number from 0 to {most}"),
            Kind::OneOf(values) | Kind::Version(values) => either(values),
            Kind::Word => "one word, as in `raw`".to_owned(),
            Kind::Exclusions => "a list with commas, as in `text, hands`".to_owned(),
            Kind::Images => "the address of an image, https://...".to_owned(),
            Kind::Styles => "addresses of images, style codes or `random`".to_owned(),
            Kind::Profiles => "codes of profiles or moodboards, or nothing".to_owned(),
        }
    }
}

fn either(values: &[&str]) -> String {
    match values {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => values.concat(),
    }
}

/// The most that a prompt can be repeated.
pub(super) const MOST_REPEATS: u64 = 40;

const V6: (f64, f64, &str) = (6.0, 7.0, "V6");
const SINCE_V7: (f64, f64, &str) = (7.0, f64::INFINITY, "V7 and newer");
const SPEEDS: &[&str] = &["fast", "relax", "turbo"];
const VERSIONS: &[&str] = &["1", "2", "3", "4", "5", "5.1", "5.2", "6", "6.1", "7", "8.1"];

/// All flags, in the order in which params are written.
pub(super) static FLAGS: &[Flag] = &[
    flag("ar", &["aspect"], Kind::Ratio),
    flag("v", &["version"], Kind::Version(VERSIONS)).excludes(&["niji"]),
    flag("niji", &[], Kind::Version(&["4", "5", "6", "7"])).excludes(&["v"]),
    flag("raw", &[], Kind::Switch),
    flag("style", &[], Kind::Word),
    flag("stylize", &["s"], Kind::Whole { least: 0, most: 1000 }),
    flag("chaos", &["c"], Kind::Whole { least: 0, most: 100 }),
    flag("weird", &["w"], Kind::Whole { least: 0, most: 3000 }),
    flag("exp", &[], Kind::Whole { least: 0, most: 100 }).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("quality", &["q"], Kind::OneOf(&[".25", ".5", "1", "2", "4"])),
    flag("draft", &[], Kind::Switch).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("hd", &[], Kind::Switch),
    flag("tile", &[], Kind::Switch),
    flag("stop", &[], Kind::Whole { least: 10, most: 100 }),
    flag("seed", &[], Kind::Whole { least: 0, most: 4_294_967_295 }),
    flag("iw", &[], Kind::Decimal { most: 3.0 }),
    flag("sref", &[], Kind::Styles),
    flag("sw", &[], Kind::Whole { least: 0, most: 1000 }).needs("sref"),
    flag("sv", &[], Kind::Version(&["1", "2", "3", "4", "5", "6"])).needs("sref"),
    flag("cref", &[], Kind::Images).excludes(&["oref"]).versions(V6.0, V6.1, V6.2),
    flag("cw", &[], Kind::Whole { least: 0, most: 100 }).needs("cref"),
    flag("oref", &[], Kind::Images).excludes(&["cref"]).versions(SINCE_V7.0, SINCE_V7.1, SINCE_V7.2),
    flag("ow", &[], Kind::Whole { least: 1, most: 1000 }).needs("oref"),
    flag("p", &["profile"], Kind::Profiles),
    flag("no", &[], Kind::Exclusions),
    flag("repeat", &["r"], Kind::Repeat),
    flag("fast", &[], Kind::Speed).excludes(SPEEDS),
    flag("relax", &[], Kind::Speed).excludes(SPEEDS),
    flag("turbo", &[], Kind::Speed).excludes(SPEEDS),
];

/// The flag of any of its names, without dashes, in any case.
pub(super) fn find(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| {
        let mut names = std::iter::once(&flag.name).chain(flag.aliases);
        names.any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The place of a flag in the table.
pub(super) fn rank(flag: &Flag) -> usize {
    FLAGS.iter().position(|other| other.name == flag.name).unwrap_or(FLAGS.len())
}

/// All names, for the close one.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().flat_map(|flag| std::iter::once(flag.name).chain(flag.aliases.iter().copied()))
}

/// The flag's own name, without dashes, for any of its names with or without them, in any case; `None` where it is no
/// known flag.
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

/// Whether this is the name of a known flag, with or without dashes.
pub fn is_flag(name: &str) -> bool {
    canonical(name).is_some()
}

/// The name without dashes.
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
