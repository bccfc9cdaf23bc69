//! From entries to items: an entry by itself, or once for each row of its table.

use super::entry::{EntryItem, ItemPart, ManifestEntry, PromptSource};
use super::expansion::Expansion;
use super::params;
use crate::manifest::table::{ColumnRole, CsvRow, CsvTable};
use crate::manifest::template::is_template;
use crate::manifest::value::{self, ValueError};
use crate::prompt::{self, Param};

/// The errors of an item, each with the part that it is about.
pub(crate) type ItemErrors = Vec<(ItemPart, ValueError)>;

impl<'a> EntryItem<'a> {
    pub(crate) fn of(entry: &'a ManifestEntry) -> Self {
        EntryItem {
            entry,
            row: None,
            mode: entry.mode,
            timeout: entry.timeout,
            hook_url: entry.hook_url.clone(),
            repeat: entry.repeat,
            priority: entry.priority,
            decision: None,
            flags: Vec::new(),
        }
    }
}

impl Expansion {
    pub(crate) fn items<'a>(
        &'a self,
        entry: &'a ManifestEntry,
    ) -> Box<dyn Iterator<Item = EntryItem<'a>> + 'a> {
        match entry.table.and_then(|table| self.tables.get(table)) {
            None => Box::new(std::iter::once(EntryItem::of(entry))),
            Some(table) => Box::new(
                table
                    .rows()
                    .filter(|row| !row.is_blank())
                    .filter_map(|row| self.item(entry, table, row).ok()),
            ),
        }
    }

    /// Reads a row as an item of an entry.
    pub(crate) fn item<'a>(
        &self,
        entry: &'a ManifestEntry,
        table: &CsvTable,
        row: CsvRow,
    ) -> Result<EntryItem<'a>, ItemErrors> {
        let mut item = EntryItem::of(entry);
        let mut faults = ItemErrors::new();
        let is_data = matches!(entry.prompt, PromptSource::Text(_));
        for (column, of) in table.columns.iter().enumerate().filter(|_| !is_data) {
            let cell = row.cell(column);
            if cell.is_empty() {
                continue;
            }
            let kept = match &of.role {
                ColumnRole::Mode => value::mode(cell).map(|mode| item.mode = mode),
                ColumnRole::Timeout => value::timeout(cell).map(|timeout| item.timeout = Some(timeout)),
                ColumnRole::HookUrl => value::hook_url(cell).map(|url| item.hook_url = Some(url)),
                ColumnRole::Repeat => value::repeat(cell).map(|repeat| item.repeat = Some(repeat)),
                ColumnRole::Priority => value::priority(cell).map(|priority| item.priority = priority),
                ColumnRole::Action => value::decision(cell).map(|decision| item.decision = decision),
                ColumnRole::Flag(name) if !is_template(cell) => {
                    item.flags.extend(Param::from_text(name, cell).map(|param| (column, param)));
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(fault) = kept {
                faults.push((ItemPart::Cell(column), fault));
            }
        }
        for (column, param) in &item.flags {
            faults.extend(
                prompt::check_param(param)
                    .into_iter()
                    .map(|finding| (ItemPart::Cell(*column), params::value_error(finding).1)),
            );
        }
        item.row = Some(row);
        // Warnings are reported too, but the row is still an item.
        if faults.iter().any(|(_, fault)| fault.is_error()) { Err(faults) } else { Ok(item) }
    }

    /// Warnings about the flags of a row, which can be sent all the same.
    pub(crate) fn doubts(&self, item: &EntryItem<'_>) -> ItemErrors {
        let warnings = item.flags.iter().flat_map(|(column, param)| {
            prompt::check_param(param)
                .into_iter()
                .map(|finding| (ItemPart::Cell(*column), params::value_error(finding).1))
        });
        warnings.collect()
    }

    pub(super) fn has_flag_templates(&self, item: &EntryItem<'_>) -> bool {
        self.flag_columns(item).any(|(_, _, cell)| is_template(cell))
    }

    /// The columns of a row that are flags: the column's index, the flag's name, and the cell.
    pub(super) fn flag_columns<'i>(
        &'i self,
        item: &'i EntryItem<'_>,
    ) -> impl Iterator<Item = (usize, &'i str, &'i str)> {
        let table = item.entry.table.and_then(|table| self.tables.get(table));
        let row = item.row.as_ref();
        table.into_iter().flat_map(|table| table.columns.iter().enumerate()).filter_map(
            move |(column, of)| match &of.role {
                ColumnRole::Flag(name) => Some((column, name.as_str(), row?.cell(column))),
                _ => None,
            },
        )
    }

    pub(crate) fn cell<'i>(&self, item: &'i EntryItem<'_>, role: &ColumnRole) -> &'i str {
        let column = item.entry.table.and_then(|table| self.tables.get(table)?.column(role));
        column.zip(item.row.as_ref()).map_or("", |(column, row)| row.cell(column))
    }
}
