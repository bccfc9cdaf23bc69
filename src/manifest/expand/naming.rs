//! Names tasks from their parts: the entry's id, the row's id, and the values and options chosen
//! for them.

use super::entry::{ManifestEntry, PromptSource};
use super::expansion::Expansion;
use super::ids::DraftName;
use super::slug;
use super::variants::PromptVariants;
use crate::manifest::table::ColumnRole;
use crate::manifest::template::{Escaping, Scope};
use crate::manifest::value::{self, ValueError};
use crate::prompt;
use crate::prompt::permutation::Tree;

impl Expansion {
    /// The name as far as it is given: the entry's id, the row's id and values of the matrix.
    /// `None` if the task has none of them.
    pub(crate) fn base(&self, variants: &PromptVariants<'_>) -> Result<Option<String>, ValueError> {
        let PromptVariants { item, scope, combination, .. } = variants;
        let empty = Scope::default();
        let scope = scope.as_ref().unwrap_or(&empty);
        let of_entry = match &item.entry.id {
            Some(text) => Some(value::id(&self.templates.fill(text, scope)?)?),
            None => None,
        };
        let cell = self.cell(item, &ColumnRole::Id);
        let of_row = match &item.entry.prompt {
            _ if cell.is_empty() => None,
            PromptSource::Text(_) if self.id_uses_row(item.entry) => None,
            PromptSource::Text(_) => Some(value::id(cell)?),
            PromptSource::Cells => {
                Some(value::id(&self.templates.fill_once(cell, Escaping::Plain, scope)?)?)
            }
        };
        let mut base = match (of_entry, of_row) {
            (Some(entry), Some(row)) => format!("{entry}/{row}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Ok(None),
        };
        for (variable, value) in &combination.values[..combination.distinguishing] {
            if !item.entry.used_in_id.contains(variable) {
                base.push('/');
                base.push_str(&slug::of_value(value));
            }
        }
        Ok(Some(base))
    }

    /// Whether the id of an entry uses a variable of its rows.
    fn id_uses_row(&self, entry: &ManifestEntry) -> bool {
        let table = entry.table.and_then(|table| self.tables.get(table));
        table.is_some_and(|table| {
            table.columns.iter().any(|column| column.variable.is_some_and(|v| entry.used_in_id.contains(&v)))
        })
    }

    pub(crate) fn name(
        &self,
        variants: &PromptVariants<'_>,
        base: Option<&str>,
        chosen: &OptionWords,
        number: usize,
        prompt: &str,
    ) -> Result<DraftName, ValueError> {
        let PromptVariants { item, .. } = variants;
        let made = || slug::of_content(prompt, item.mode);
        let Some(base) = base else { return Ok(DraftName::Derived(made())) };
        let is_row_named = item.row.is_none()
            || !self.cell(item, &ColumnRole::Id).is_empty()
            || item.entry.id.is_none()
            || self.id_uses_row(item.entry);
        let name = if is_row_named { chosen.named(base, number) } else { format!("{base}/{}", made()) };
        let name = value::id(&name)?;
        Ok(if is_row_named { DraftName::Given(name) } else { DraftName::Derived(name) })
    }
}

/// The words that the options of a permutation add to a name, for each outermost group.
#[derive(Debug, Default)]
pub(crate) struct OptionWords {
    groups: Vec<Vec<String>>,
}

impl OptionWords {
    pub(crate) fn of(variants: &PromptVariants<'_>) -> Self {
        let groups = variants.tree.as_ref().map(Tree::choices).unwrap_or_default();
        // The number of takes of an option is no part of its name.
        let word = |option: &String| match prompt::take_repeat(option) {
            Ok((text, _)) => slug::of_value(&text),
            Err(_) => slug::of_value(option),
        };
        let words = |options: Vec<String>| options.iter().map(word).collect();
        OptionWords { groups: groups.into_iter().map(words).collect() }
    }

    /// Appends the words of this variant to the name; the last group varies fastest.
    fn named(&self, base: &str, mut number: usize) -> String {
        let mut words = Vec::with_capacity(self.groups.len());
        for group in self.groups.iter().rev() {
            words.push(group[number % group.len()].as_str());
            number /= group.len();
        }
        words.reverse();
        if words.is_empty() { base.to_owned() } else { format!("{base}/{}", words.join("-")) }
    }
}
