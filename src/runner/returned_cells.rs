//! What a person has written into results of this batch since they were written: cells of columns
//! of their own, and decisions that were typed and not carried out.
//!
//! A cell counts where it is not what the program would show there: so of several files that show
//! the same, the one that was edited is heard.

use std::collections::{BTreeMap, BTreeSet};

use crate::output::{self, ReturnedRow, ReturnedTable, typed_picks};
use crate::plan::SeenTask;
use crate::store::{Header, PickOutcome, RowDecision, Snapshot, StoreError};
use crate::task::{AddedCell, Decision, KeptCells, RowRef, Status, TaskRow, TypedDecision};

/// What is to be kept of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnedCells {
    /// The columns that people added, in their order.
    pub added: Vec<String>,
    /// The tasks of which something else is to be kept than before.
    pub changed: Vec<(TaskRow, KeptCells)>,
}

impl ReturnedCells {
    /// Keeps decisions no longer that are carried out by now, or that can have no effect any more.
    pub(super) fn end_decisions(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        for (_, kept) in &mut self.changed {
            if let Some(typed) = &kept.decision
                && !is_due(typed, snapshot)?
            {
                kept.decision = None;
            }
        }
        let changed: BTreeSet<TaskRow> = self.changed.iter().map(|(task, _)| *task).collect();
        for (task, kept) in snapshot.all_kept_cells()? {
            if let Some(typed) = &kept.decision
                && !changed.contains(&task)
                && !is_due(typed, snapshot)?
            {
                self.changed.push((task, KeptCells { decision: None, ..kept }));
            }
        }
        Ok(())
    }

    /// How many tasks have a decision that is still to be carried out, with these cells kept.
    pub fn due(&self, snapshot: &Snapshot) -> Result<u64, StoreError> {
        let changed: BTreeMap<TaskRow, &KeptCells> =
            self.changed.iter().map(|(task, kept)| (*task, kept)).collect();
        let before = snapshot.all_kept_cells()?;
        let unchanged = before.iter().filter(|(task, _)| !changed.contains_key(task)).map(|(_, kept)| kept);
        let mut due = 0;
        for typed in unchanged.chain(changed.values().copied()).filter_map(|kept| kept.decision.as_ref()) {
            due += u64::from(is_due(typed, snapshot)?);
        }
        Ok(due)
    }
}

/// The cells of a row that are a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowCells {
    row_ref: Option<RowRef>,
    image: Option<u16>,
    status: Option<Status>,
    attempts: Option<u32>,
    action: String,
    pick: String,
    added: Vec<(String, String)>,
}

impl RowCells {
    pub(super) fn of(row: ReturnedRow) -> RowCells {
        let ReturnedRow { row_ref, image, status, attempts, action, pick, added, .. } = row;
        RowCells { row_ref, image, status: Status::from_word(&status), attempts, action, pick, added }
    }
}

/// Reads what is to be kept. The columns in `deleted` were removed by a person.
pub(super) fn read(
    table: &ReturnedTable,
    rows: BTreeMap<TaskRow, Vec<RowCells>>,
    header: &Header,
    snapshot: &Snapshot,
    deleted: &[String],
) -> Result<ReturnedCells, StoreError> {
    let own: BTreeSet<String> =
        output::shown_columns(&header.columns).map(|name| name.to_lowercase()).collect();
    let is_added = |name: &str| !own.contains(&name.to_lowercase());
    let mut added: Vec<String> =
        header.added.iter().filter(|name| !deleted.contains(name)).cloned().collect();
    let present: Vec<&str> = table.columns.iter().map(String::as_str).filter(|name| is_added(name)).collect();
    for name in &present {
        add(&mut added, name);
    }
    let mut changed = Vec::new();
    let letters = header.letters.as_deref().unwrap_or_default();
    for (task, mut rows) in rows {
        let Some((base, picks)) = snapshot.kept_cells(task)? else { continue };
        for row in &mut rows {
            row.added.retain(|(name, _)| is_added(name));
            row.added.iter().for_each(|(name, _)| add(&mut added, name));
        }
        let kept = KeptCells {
            added: added_cells(&base, &rows, &present, deleted),
            decision: typed_decision(&base, &picks, &rows, task, letters),
        };
        if kept != base {
            changed.push((task, kept));
        }
    }
    // A column that was removed is removed from every task.
    if !deleted.is_empty() {
        for (task, kept) in snapshot.all_kept_cells()? {
            if !changed.iter().any(|(other, _)| *other == task)
                && kept.added.iter().any(|cell| deleted.contains(&cell.column))
            {
                let added = kept.added.into_iter().filter(|cell| !deleted.contains(&cell.column)).collect();
                changed.push((task, KeptCells { added, ..kept }));
            }
        }
    }
    Ok(ReturnedCells { added, changed })
}

/// Adds a name, unless another is the same but for its case.
fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|other| other.to_lowercase() == name.to_lowercase()) {
        names.push(name.to_owned());
    }
}

/// The cells of added columns after a person has edited the rows of their task. `present` are the
/// columns that the table has.
fn added_cells(base: &KeptCells, rows: &[RowCells], present: &[&str], deleted: &[String]) -> Vec<AddedCell> {
    let mut columns: Vec<&str> = Vec::new();
    let kept = base.added.iter().map(|cell| cell.column.as_str());
    let written = rows.iter().flat_map(|row| row.added.iter().map(|(name, _)| name.as_str()));
    for name in kept.chain(written) {
        if !columns.contains(&name) && !deleted.iter().any(|other| other == name) {
            columns.push(name);
        }
    }
    let mut cells = Vec::new();
    for column in columns {
        let text = |row: &RowCells| {
            let cell = row.added.iter().find(|(name, _)| name == column);
            cell.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let is_there = present.contains(&column) || rows.iter().any(|row| !text(row).is_empty());
        if !is_there || rows.iter().all(|row| text(row) == base.cell(column, row.image)) {
            cells.extend(base.added.iter().filter(|cell| cell.column == column).cloned());
            continue;
        }
        let cell = |image, text| AddedCell { column: column.to_owned(), image, text };
        let first = rows.first().map(text).unwrap_or_default();
        if rows.iter().all(|row| text(row) == first) {
            cells.extend((!first.is_empty()).then(|| cell(None, first)));
        } else {
            // A row that was copied says the same of the same image, or the last one counts.
            let by_image: BTreeMap<Option<u16>, String> =
                rows.iter().map(|row| (row.image, text(row))).collect();
            cells.extend(
                by_image.into_iter().filter(|(_, text)| !text.is_empty()).map(|(n, text)| cell(n, text)),
            );
        }
    }
    cells
}

/// The decision that stands in the rows of a task, if it is not what the program shows there.
fn typed_decision(
    base: &KeptCells,
    picks: &[u16],
    rows: &[RowCells],
    task: TaskRow,
    letters: &str,
) -> Option<TypedDecision> {
    let row = rows.iter().find(|row| !row.action.is_empty() || !row.pick.is_empty())?;
    let action = rows.iter().map(|row| &row.action).find(|action| !action.is_empty()).cloned();
    let action = action.unwrap_or_default();
    let typed = typed_picks(rows.iter().map(|row| (row.pick.as_str(), row.image)));
    let pick = match typed {
        Ok(None) => String::new(),
        Ok(Some(typed)) if typed == picks => String::new(),
        Ok(Some(typed)) if typed.is_empty() => "none".to_owned(),
        Ok(Some(typed)) => typed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Err(as_typed) => as_typed.0,
    };
    if action.is_empty() && pick.is_empty() {
        return None;
    }
    // Results of the version before say how far the task was in another column.
    let attempts = row.attempts.unwrap_or_default();
    let of_cells = RowRef { batch: letters.to_owned(), task, attempts };
    let row_ref = row.row_ref.clone().unwrap_or(of_cells);
    let before = base.decision.as_ref().filter(|before| before.row_ref == row_ref);
    let status = before.map_or(row.status, |before| before.status);
    Some(TypedDecision { row_ref, status, action, pick })
}

/// Whether a typed decision is still to be carried out; one that cannot be understood is, so that
/// its writer hears of it.
pub(super) fn is_due(typed: &TypedDecision, snapshot: &Snapshot) -> Result<bool, StoreError> {
    let decision = Decision::from_word(&typed.action);
    let picks = typed_picks([(typed.pick.as_str(), None)]);
    let (Ok(picks), true) = (picks, decision.is_some() || typed.action.is_empty()) else { return Ok(true) };
    let seen = SeenTask { attempts: typed.row_ref.attempts, status: typed.status };
    let row = RowDecision { task: typed.row_ref.task, seen, decision, picks };
    let judged = snapshot.judge_decisions(&[row])?;
    Ok(judged.iter().any(|task| {
        let has_effect = task.outcome.is_some_and(|(_, outcome)| outcome.has_effect());
        has_effect || matches!(task.picks, Some(PickOutcome::Kept | PickOutcome::Cleared))
    }))
}
