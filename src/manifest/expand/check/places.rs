//! Finds the place in the manifest, or in a data file, of each part of an entry or a row.

use crate::diagnostic::{Place, Source};
use crate::manifest::expand::entry::{ItemPart, ManifestEntry, PromptSource};
use crate::manifest::expand::expansion::Expansion;
use crate::manifest::table::{ColumnRole, CsvRow, row_check};

/// The sources in which parts of items stand: the manifest and its data files.
#[derive(Clone, Copy)]
pub(super) struct ItemPlaces<'s> {
    pub(super) expansion: &'s Expansion,
    pub(super) source: &'s Source<'s>,
    pub(super) sources: &'s [Source<'s>],
}

impl<'s> ItemPlaces<'s> {
    /// The source and the byte range of a part.
    pub(super) fn of(
        &self,
        entry: &ManifestEntry,
        row: Option<&CsvRow>,
        part: ItemPart,
    ) -> (&'s Source<'s>, std::ops::Range<usize>) {
        let cell = |column: usize| {
            let table = entry.table?;
            let (table, source) = (&self.expansion.tables[table], &self.sources[table]);
            Some((source, row_check::place(table, row?, column, source)))
        };
        let of_table = |role: &ColumnRole| cell(self.expansion.tables.get(entry.table?)?.column(role)?);
        let is_table = !matches!(entry.prompt, PromptSource::Text(_));
        let spans = &entry.spans;
        let found = match part {
            ItemPart::Cell(column) => cell(column),
            ItemPart::Prompt if is_table => of_table(&ColumnRole::Prompt),
            ItemPart::Id if is_table => of_table(&ColumnRole::Id).or_else(|| of_table(&ColumnRole::Prompt)),
            ItemPart::Prompt => Some((self.source, spans.prompt.clone())),
            ItemPart::Id => Some((self.source, spans.id.clone().unwrap_or(spans.prompt.clone()))),
            ItemPart::Param(i, part) => {
                let mut params = self.expansion.params.iter().chain(&entry.params);
                params.nth(i).map(|param| (self.source, param.span(part)))
            }
        };
        found.unwrap_or((self.source, spans.head.clone()))
    }

    pub(super) fn place(&self, entry: &ManifestEntry, row: Option<&CsvRow>, part: ItemPart) -> Place {
        let (source, span) = self.of(entry, row, part);
        source.place(span)
    }
}
