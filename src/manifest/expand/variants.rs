//! Makes the prompts of an item: combinations of a matrix, templates, permutations.

use std::borrow::Cow;

use super::entry::{EntryItem, ItemPart, ManifestEntry, PromptSource};
use super::expansion::Expansion;
use super::items::ItemErrors;
use super::matrix::Combination;
use super::params;
use crate::manifest::table::ColumnRole;
use crate::manifest::template::{Escaping, Scope, TemplateText, is_template};
use crate::manifest::value::ValueError;
use crate::prompt;
use crate::prompt::permutation::{self, Tree};

/// The prompts of an item for one combination, not expanded yet.
pub(crate) struct PromptVariants<'i> {
    pub(crate) item: &'i EntryItem<'i>,
    pub(crate) scope: Option<Scope>,
    pub(crate) combination: Combination<'i>,
    pub(super) text: String,
    pub(crate) tree: Option<Tree>,
}

impl PromptVariants<'_> {
    /// The text with templates filled in, before permutation.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the prompts differ from what the manifest says literally: they are filled in or
    /// permuted.
    pub(crate) fn is_made(&self) -> bool {
        self.scope.is_some() || self.tree.is_some()
    }

    /// How many prompts there are.
    pub(crate) fn count(&self) -> u64 {
        self.tree.as_ref().map_or(1, |tree| u64::try_from(tree.count()).unwrap_or(u64::MAX))
    }
}

/// The combinations of an entry. Without a matrix it is a single one, without values.
pub(crate) fn combinations(entry: &ManifestEntry) -> Box<dyn Iterator<Item = Combination<'_>> + '_> {
    match &entry.matrix {
        None => Box::new(std::iter::once(Combination::default())),
        Some(matrix) => Box::new(matrix.combinations()),
    }
}

impl Expansion {
    /// The value of each variable, taken from the defaults, the entry, the row and the combination.
    /// The last of several counts.
    pub(super) fn values(&self, item: &EntryItem<'_>, combination: &Combination<'_>) -> Vec<Option<String>> {
        let mut values = vec![None; self.columns.len()];
        for (variable, value) in self.vars.iter().chain(&item.entry.vars) {
            values[*variable] = Some(value.clone());
        }
        if let (Some(row), Some(table)) = (&item.row, item.entry.table) {
            let is_data = matches!(item.entry.prompt, PromptSource::Text(_));
            for (column, of) in self.tables[table].columns.iter().enumerate() {
                let Some(variable) = of.variable else { continue };
                let cell = match of.role {
                    ColumnRole::Variable if !is_data => row.cells.get(column).unwrap_or_default(),
                    _ => row.cell(column),
                };
                values[variable] = Some(cell.to_owned());
            }
        }
        for (variable, value) in &combination.values {
            values[*variable] = Some((*value).to_owned());
        }
        values
    }

    /// Fills in the templates of an item for one combination, and parses permutations.
    pub(crate) fn variants<'i>(
        &self,
        item: &'i EntryItem<'i>,
        combination: Combination<'i>,
    ) -> Result<PromptVariants<'i>, ItemErrors> {
        let scope =
            self.needs_variables(item).then(|| Scope::new(&self.columns, self.values(item, &combination)));
        let of_prompt = |fault| vec![(ItemPart::Prompt, fault)];
        let writing = if item.entry.permutes { Escaping::Literal } else { Escaping::Plain };
        let text = match (&item.entry.prompt, &scope) {
            (PromptSource::Text(text), Some(scope)) => {
                self.templates.fill(text, scope).map_err(of_prompt)?.into_owned()
            }
            (PromptSource::Text(text), None) => text.source.clone(),
            (PromptSource::Cells, Some(scope)) => {
                let cell = self.cell(item, &ColumnRole::Prompt);
                self.templates.fill_once(cell, writing, scope).map_err(of_prompt)?.into_owned()
            }
            (PromptSource::Cells, _) => self.cell(item, &ColumnRole::Prompt).to_owned(),
        };
        let is_marked = || matches!(permutation::unprotect(&text), Cow::Owned(_));
        let permutes = item.entry.permutes && (text.contains(['{', '}', '\\']) || is_marked());
        let tree = match permutes {
            false => None,
            true => Some(permutation::parse(&text).map_err(|error| {
                let permutation::PermutationError { span, message, label, notes, help } = error;
                let fault = ValueError::from_parts(prompt::Severity::Error, message, label, notes, help);
                of_prompt(fault.within(&text, span))
            })?),
        };
        Ok(PromptVariants { item, scope, combination, text, tree })
    }

    fn needs_variables(&self, item: &EntryItem<'_>) -> bool {
        let of_row = |role: &ColumnRole| is_template(self.cell(item, role));
        let of_entry = match &item.entry.prompt {
            PromptSource::Text(text) => text.is_template(),
            PromptSource::Cells => {
                of_row(&ColumnRole::Prompt) || of_row(&ColumnRole::Id) || self.has_flag_templates(item)
            }
        };
        of_entry
            || item.entry.id.as_ref().is_some_and(TemplateText::is_template)
            || self.params.iter().chain(&item.entry.params).any(params::ManifestParam::is_template)
    }
}
