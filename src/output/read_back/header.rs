//! What the columns of a table that is read back are, by their names.

use crate::manifest::{GUARD_COLUMN, is_reserved_column, unguard_formula};
use crate::output::own_columns::is_own;

/// The columns by which results are known, also those of the version before, which had no refs.
const RESULTS: [&str; 5] = ["id", "task_id", "status", "mode", "prompt"];
/// What a column without a name is called.
const UNNAMED: &str = "note";

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ColumnMeaning {
    Id,
    Prompt,
    TaskId,
    Status,
    Action,
    Pick,
    Ref,
    Attempts,
    /// The number of the image that the row is about.
    ImageNumber,
    /// Something else that the program wrote about what became of the task: `reason`, `image_1`...
    Outcome(String),
    /// Something of the manifest or of a person, under this name.
    Added(String),
}

/// The header row.
#[derive(Debug, Default)]
pub(super) struct TableHeader {
    names: Vec<String>,
    columns: Vec<ColumnMeaning>,
    /// The names of columns that are not the program's and have one.
    named: Vec<String>,
    is_results: bool,
    is_guarded: bool,
}

impl TableHeader {
    pub(super) fn of(names: &[&str]) -> TableHeader {
        let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
        let has = |name: &str| lower.iter().any(|other| other == name);
        let is_results = RESULTS.iter().all(|name| has(name));
        let is_guarded = has(GUARD_COLUMN);
        // The manifest may have columns of these names, which stand before those of the program.
        let is_last = |column: usize| !lower[column + 1..].contains(&lower[column]);
        let is_first = |column: usize| !lower[..column].contains(&lower[column]);
        let is_by_image = has("n") && has("image") && !has("image_1");
        let written = names.iter().map(|name| (*name).to_owned()).collect();
        let mut header = TableHeader { names: written, is_results, is_guarded, ..TableHeader::default() };
        for (column, name) in names.iter().enumerate() {
            let meaning = match lower[column].as_str() {
                "action" if is_last(column) => ColumnMeaning::Action,
                "pick" if is_last(column) => ColumnMeaning::Pick,
                "ref" if is_last(column) => ColumnMeaning::Ref,
                "n" if is_by_image && is_last(column) => ColumnMeaning::ImageNumber,
                "image" if is_by_image && is_last(column) => ColumnMeaning::Outcome("image".to_owned()),
                "id" if is_first(column) => ColumnMeaning::Id,
                "prompt" if is_first(column) => ColumnMeaning::Prompt,
                "task_id" if is_first(column) => ColumnMeaning::TaskId,
                "status" if is_first(column) => ColumnMeaning::Status,
                "attempts" if is_first(column) => ColumnMeaning::Attempts,
                own if is_reserved_column(own) && is_first(column) => ColumnMeaning::Outcome(own.to_owned()),
                _ => {
                    let name = if is_guarded { unguard_formula(name.trim()) } else { name.trim() };
                    ColumnMeaning::Added(header.free_name(name))
                }
            };
            if let ColumnMeaning::Added(name) = &meaning
                && !lower[column].is_empty()
            {
                header.named.push(name.clone());
            }
            header.columns.push(meaning);
        }
        header
    }

    /// The name under which a column is kept: its own, unless another has it.
    fn free_name(&self, written: &str) -> String {
        let base = if written.is_empty() { UNNAMED } else { written };
        let is_taken = |name: &str| {
            let own = |column: &ColumnMeaning| matches!(column, ColumnMeaning::Added(other) if other.to_lowercase() == name.to_lowercase());
            is_own(name) || self.columns.iter().any(own)
        };
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        std::iter::once(base.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// The names as they stand.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// What a column holds; one beyond the header has no name.
    pub(super) fn meaning(&self, column: usize) -> ColumnMeaning {
        match self.columns.get(column) {
            Some(meaning) => meaning.clone(),
            None => ColumnMeaning::Added(self.free_name("")),
        }
    }

    /// A cell without the quote that guards it.
    pub(super) fn unguarded<'c>(&self, cell: &'c str) -> &'c str {
        if self.is_guarded { unguard_formula(cell) } else { cell }
    }

    /// The names of the columns that are not the program's, without those that have none.
    pub(super) fn added(&self) -> Vec<String> {
        self.named.clone()
    }

    /// Whether there is a column in which refs may stand.
    pub(super) fn may_have_refs(&self) -> bool {
        self.columns.contains(&ColumnMeaning::Ref)
    }

    /// Whether these are the columns of results, with refs or without.
    pub(super) fn is_results(&self) -> bool {
        self.is_results
    }

    /// Whether there is a column of prompts.
    pub(super) fn has_prompts(&self) -> bool {
        self.columns.contains(&ColumnMeaning::Prompt)
    }
}
