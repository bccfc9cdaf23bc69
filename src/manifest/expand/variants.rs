//! From items to prompts: the combinations of a matrix, templates and permutations.

use std::borrow::Cow;

use super::entry::{Entry, Item, Part, Source};
use super::expansion::Expansion;
use super::items::Faults;
use super::matrix::Combination;
use super::params;
use crate::manifest::table::Role;
use crate::manifest::template::{Scope, Text, Writing, is_template};
use crate::manifest::value::Fault;
use crate::prompt;
use crate::prompt::permutation::{self, Tree};

/// The prompts of an item for one combination, before they are made one by one.
pub(crate) struct Variants<'i> {
    pub(crate) item: &'i Item<'i>,
    pub(crate) scope: Option<Scope>,
    pub(crate) combination: Combination<'i>,
    pub(super) text: String,
    pub(crate) tree: Option<Tree>,
}

impl Variants<'_> {
    /// The text with templates filled in, before permutation.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the prompts are not what is written in the manifest.
    pub(crate) fn is_made(&self) -> bool {
        self.scope.is_some() || self.tree.is_some()
    }

    /// How many prompts there are.
    pub(crate) fn count(&self) -> u64 {
        self.tree.as_ref().map_or(1, |tree| u64::try_from(tree.count()).unwrap_or(u64::MAX))
    }
}

/// The combinations of an entry: one of nothing where it has no matrix.
pub(crate) fn combinations(entry: &Entry) -> Box<dyn Iterator<Item = Combination<'_>> + '_> {
    match &entry.matrix {
        None => Box::new(std::iter::once(Combination::default())),
        Some(matrix) => Box::new(matrix.combinations()),
    }
}

impl Expansion {
    /// The value of each variable: of the defaults, the entry, the row, the combination; the last one counts.
    pub(super) fn values(&self, item: &Item<'_>, combination: &Combination<'_>) -> Vec<Option<String>> {
        let mut values = vec![None; self.columns.len()];
        for (variable, value) in self.vars.iter().chain(&item.entry.vars) {
            values[*variable] = Some(value.clone());
        }
        if let (Some(row), Some(table)) = (&item.row, item.entry.table) {
            let is_data = matches!(item.entry.prompt, Source::Text(_));
            for (column, of) in self.tables[table].columns.iter().enumerate() {
                let Some(variable) = of.variable else { continue };
                let cell = match of.role {
                    Role::Variable | Role::Pick if !is_data => row.cells.get(column).unwrap_or_default(),
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

    /// The prompts of an item for one combination, templates filled in.
    pub(crate) fn variants<'i>(
        &self,
        item: &'i Item<'i>,
        combination: Combination<'i>,
    ) -> Result<Variants<'i>, Faults> {
        let scope =
            self.needs_variables(item).then(|| Scope::new(&self.columns, self.values(item, &combination)));
        let of_prompt = |fault| vec![(Part::Prompt, fault)];
        let is_final = matches!(item.entry.prompt, Source::FinalCells);
        let writing = if item.entry.permutes { Writing::Protected } else { Writing::Plain };
        let text = match (&item.entry.prompt, &scope) {
            (Source::Text(text), Some(scope)) => {
                self.templates.fill(text, scope).map_err(of_prompt)?.into_owned()
            }
            (Source::Text(text), None) => text.source.clone(),
            (Source::Cells, Some(scope)) => {
                let cell = self.cell(item, &Role::Prompt);
                self.templates.fill_once(cell, writing, scope).map_err(of_prompt)?.into_owned()
            }
            (Source::Cells | Source::FinalCells, _) => self.cell(item, &Role::Prompt).to_owned(),
        };
        let is_marked = || matches!(permutation::unprotect(&text), Cow::Owned(_));
        let permutes = item.entry.permutes && !is_final && (text.contains(['{', '}', '\\']) || is_marked());
        let tree = match permutes {
            false => None,
            true => Some(permutation::parse(&text).map_err(|error| {
                let permutation::PermutationError { span, message, label, notes, help } = error;
                let fault = Fault::told(prompt::Severity::Error, message, label, notes, help);
                of_prompt(fault.within(&text, span))
            })?),
        };
        Ok(Variants { item, scope, combination, text, tree })
    }

    fn needs_variables(&self, item: &Item<'_>) -> bool {
        let of_row = |role: &Role| is_template(self.cell(item, role));
        let of_entry = match &item.entry.prompt {
            Source::Text(text) => text.is_template(),
            Source::Cells => of_row(&Role::Prompt) || of_row(&Role::Id) || self.has_flag_templates(item),
            Source::FinalCells => false,
        };
        of_entry
            || item.entry.id.as_ref().is_some_and(Text::is_template)
            || self.params.iter().chain(&item.entry.params).any(params::Written::is_template)
    }
}
