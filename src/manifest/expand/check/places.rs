//! Where the parts of an entry or of its rows are.

use crate::diagnostic::{Place, Source};
use crate::manifest::expand::entry::{Entry, Part, Source as Prompts};
use crate::manifest::expand::expansion::Expansion;
use crate::manifest::table::{Role, Row, row_check};

/// Where parts of items are.
#[derive(Clone, Copy)]
pub(super) struct Places<'s> {
    pub(super) expansion: &'s Expansion,
    pub(super) source: &'s Source<'s>,
    pub(super) sources: &'s [Source<'s>],
}

impl<'s> Places<'s> {
    /// The text and the span of a part.
    pub(super) fn of(
        &self,
        entry: &Entry,
        row: Option<&Row>,
        part: Part,
    ) -> (&'s Source<'s>, std::ops::Range<usize>) {
        let cell = |column: usize| {
            let table = entry.table?;
            let (table, source) = (&self.expansion.tables[table], &self.sources[table]);
            Some((source, row_check::place(table, row?, column, source)))
        };
        let of_table = |role: &Role| cell(self.expansion.tables.get(entry.table?)?.column(role)?);
        let is_table = !matches!(entry.prompt, Prompts::Text(_));
        let spot = &entry.spot;
        let found = match part {
            Part::Cell(column) => cell(column),
            Part::Prompt if is_table => of_table(&Role::Prompt),
            Part::Id if is_table => of_table(&Role::Id).or_else(|| of_table(&Role::Prompt)),
            Part::Prompt => Some((self.source, spot.prompt.clone())),
            Part::Id => Some((self.source, spot.id.clone().unwrap_or(spot.prompt.clone()))),
            Part::Param(i, part) => {
                let mut params = self.expansion.params.iter().chain(&entry.params);
                params.nth(i).map(|param| (self.source, param.span(part)))
            }
        };
        found.unwrap_or((self.source, spot.head.clone()))
    }

    pub(super) fn place(&self, entry: &Entry, row: Option<&Row>, part: Part) -> Place {
        let (source, span) = self.of(entry, row, part);
        source.place(span)
    }
}
