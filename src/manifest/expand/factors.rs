//! Explains the number of tasks that a manifest makes: `12 products × 4 scenes × 3 takes = 144`.

use std::fmt;

use super::entry::{ManifestEntry, PromptSource};
use crate::manifest::table::CsvTable;

/// One thing that multiplies the tasks of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// The name of a data file or of a list, `permutation` or `take`; in the singular if it is one
    /// word.
    pub name: String,
    /// How many values it has.
    pub count: u64,
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.count == 1 { self.name.clone() } else { plural(&self.name) };
        write!(f, "{} {name}", number(self.count))
    }
}

/// How the tasks of one entry come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFactors {
    /// The entry's id as written, or the first words of its prompt; for a table, the file's name.
    pub name: String,
    /// The line of the manifest at which the entry starts, counted from 1.
    pub line: usize,
    /// The factors in the order in which they multiply: rows, lists of the matrix, permutations,
    /// takes.
    pub factors: Vec<Factor>,
    /// How many combinations of the lists `exclude` removes.
    pub excluded: u64,
    /// How many combinations `include` adds.
    pub included: u64,
    /// How many tasks the entry makes.
    pub tasks: u64,
}

impl EntryFactors {
    /// Whether anything multiplies. A list of rows alone does not.
    pub fn multiplies(&self) -> bool {
        self.factors.len() > 1 || self.included > 0
    }
}

impl fmt::Display for EntryFactors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.factors.is_empty() {
            return write!(f, "{}", self.tasks);
        }
        let list = self.factors.iter().map(Factor::to_string).collect::<Vec<_>>().join(" × ");
        f.write_str(&list)?;
        let of_each = |n: u64, word: &str| if n > 0 { format!(", {n} {word}") } else { String::new() };
        write!(f, "{}{}", of_each(self.excluded, "excluded"), of_each(self.included, "included"))?;
        write!(f, " = {}", number(self.tasks))
    }
}

/// Formats a count; one above a million million is "countless".
fn number(n: u64) -> String {
    if n > 1_000_000_000_000 { "countless".to_owned() } else { n.to_string() }
}

fn plural(name: &str) -> String {
    let before = |end: &str| name.strip_suffix(end).filter(|rest| !rest.is_empty());
    if !name.chars().all(char::is_alphabetic) || before("s").is_some() {
        return name.to_owned();
    }
    match before("y") {
        Some(rest) if !rest.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{rest}ies"),
        _ if before("x").or(before("ch")).or(before("sh")).is_some() => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// What the check counts while it goes through an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct EntryCounts {
    pub(crate) rows: u64,
    pub(crate) tasks: u64,
    /// The fewest and the most prompts of one combination, and takes of one prompt.
    pub(crate) prompts: Option<(u64, u64)>,
    pub(crate) takes: Option<(u32, u32)>,
}

impl EntryCounts {
    pub(crate) fn count_prompts(&mut self, n: u64) {
        let (least, most) = self.prompts.unwrap_or((n, n));
        self.prompts = Some((least.min(n), most.max(n)));
    }

    pub(crate) fn count_takes(&mut self, n: u32) {
        let (least, most) = self.takes.unwrap_or((n, n));
        self.takes = Some((least.min(n), most.max(n)));
    }

    /// Estimates the number of tasks as if all rows were like those that were checked.
    pub(crate) fn foreseen(&self, entry: &ManifestEntry) -> u64 {
        let combinations = entry.matrix.as_ref().map_or(1, super::matrix::Matrix::len);
        let prompts = self.prompts.map_or(1, |(_, most)| most);
        let takes = self.takes.map_or(u64::from(entry.repeat.unwrap_or(1)), |(_, most)| u64::from(most));
        self.rows.saturating_mul(combinations).saturating_mul(prompts).saturating_mul(takes)
    }
}

/// The factors of an entry, from what was counted.
pub(crate) fn of(
    entry: &ManifestEntry,
    tally: &EntryCounts,
    tables: &[CsvTable],
    line: usize,
) -> EntryFactors {
    let table = entry.table.and_then(|table| tables.get(table));
    let is_table = !matches!(entry.prompt, PromptSource::Text(_));
    let mut factors = Vec::new();
    if let Some(table) = table {
        let name = if is_table { "row".to_owned() } else { stem(&table.name) };
        factors.push(Factor { name, count: tally.rows });
    }
    let (mut excluded, mut included) = (0, 0);
    if let Some(matrix) = &entry.matrix {
        let lists = matrix.factors.iter();
        factors.extend(lists.map(|list| Factor { name: list.name.clone(), count: list.values.len() as u64 }));
        (excluded, included) = (matrix.excluded(), matrix.included());
    }
    let mut varying = |name: &str, least: u64, most: u64| {
        if least == most && most > 1 {
            factors.push(Factor { name: name.to_owned(), count: most });
        } else if most > 1 {
            factors.push(Factor { name: format!("to {most} {}", plural(name)), count: least });
        }
    };
    let (least, most) = tally.prompts.unwrap_or((1, 1));
    varying("permutation", least, most);
    let (least, most) = tally.takes.unwrap_or((1, 1));
    varying("take", u64::from(least), u64::from(most));

    let name = match (&entry.id, &entry.prompt, table) {
        (Some(id), ..) => id.source.trim().to_owned(),
        (None, PromptSource::Text(text), _) => first_words(&text.source),
        (None, _, table) => table.map(|table| table.name.clone()).unwrap_or_default(),
    };
    EntryFactors { name, line, factors, excluded, included, tasks: tally.tasks }
}

fn first_words(prompt: &str) -> String {
    const LONGEST: usize = 40;
    crate::text::sanitize_line(prompt, LONGEST)
}

fn stem(file: &str) -> String {
    let path = std::path::Path::new(file);
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_read_as_a_person_would_write_them() {
        let factor = |name: &str, count| Factor { name: name.to_owned(), count };
        let factors = vec![factor("products", 12), factor("scene", 4), factor("take", 3)];
        let mut of =
            EntryFactors { name: String::new(), line: 1, factors, excluded: 0, included: 0, tasks: 144 };
        assert_eq!(of.to_string(), "12 products × 4 scenes × 3 takes = 144");
        (of.excluded, of.included, of.tasks) = (2, 1, 132);
        assert_eq!(of.to_string(), "12 products × 4 scenes × 3 takes, 2 excluded, 1 included = 132");
        for (one, many) in [
            ("city", "cities"),
            ("day", "days"),
            ("box", "boxes"),
            ("colour", "colours"),
            ("size_2", "size_2"),
        ] {
            assert_eq!(factor(one, 2).to_string(), format!("2 {many}"));
        }
        assert_eq!(factor("row", 1).to_string(), "1 row");
    }
}
