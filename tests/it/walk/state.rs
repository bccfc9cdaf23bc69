//! What the state says, read from its tables by hand: a copy is opened, so that looking changes
//! nothing.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::sheet::motif_of;

/// A task in the state.
#[derive(Debug, Clone)]
pub(super) struct TaskRow {
    pub(super) key: i64,
    pub(super) id: String,
    pub(super) motif: u32,
    /// Whether the manifest listed it last.
    pub(super) is_listed: bool,
    pub(super) state: String,
    /// The manifest says not to submit it.
    pub(super) is_skipped: bool,
    pub(super) is_redone: bool,
    /// A table said to skip it.
    pub(super) has_kept_skip: bool,
    /// A table decided that it is submitted.
    pub(super) is_decided: bool,
    pub(super) attempts: Vec<AttemptRow>,
}

/// An attempt in the state.
#[derive(Debug, Clone)]
pub(super) struct AttemptRow {
    pub(super) task_id: Option<String>,
    pub(super) outcome: Option<String>,
}

impl AttemptRow {
    /// Whether a job may exist of which nobody knows the taskId.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.task_id.is_none() && matches!(self.outcome.as_deref(), None | Some("unknown" | "lost"))
    }
}

impl TaskRow {
    pub(super) fn is_in_doubt(&self) -> bool {
        matches!(self.state.as_str(), "unknown" | "submitting")
    }

    /// How many attempts a ref of it names: those that were not certainly rejected.
    pub(super) fn counted_attempts(&self) -> usize {
        let is_nothing = |outcome: &str| matches!(outcome, "not_accepted" | "refused");
        self.attempts.iter().filter(|attempt| !attempt.outcome.as_deref().is_some_and(is_nothing)).count()
    }

    /// Whether nothing more is to be expected of it.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "lost" | "unknown")
    }
}

/// The tasks of the state, by their rows; none where there is no state. `scratch` is a folder for
/// the copy.
pub(super) fn read(state: &Path, scratch: &Path) -> Result<Vec<TaskRow>, String> {
    let copy = scratch.join("copy.mjbatch");
    let log = |path: &Path| path.with_extension("mjbatch-wal");
    for gone in [&copy, &log(&copy), &copy.with_extension("mjbatch-shm")] {
        let _ = std::fs::remove_file(gone);
    }
    if std::fs::metadata(state).is_ok_and(|file| file.len() > 0) {
        std::fs::copy(state, &copy).map_err(|e| format!("the state cannot be copied: {e}"))?;
    } else {
        return Ok(Vec::new());
    }
    let _ = std::fs::copy(log(state), log(&copy));
    tasks(&copy).map_err(|e| format!("the state cannot be read: {e}"))
}

fn tasks(path: &Path) -> rusqlite::Result<Vec<TaskRow>> {
    let db = Connection::open(path)?;
    let has_tables: bool =
        db.query_row("SELECT count(*) FROM sqlite_master WHERE name = 'state'", [], |row| row.get(0))?;
    if !has_tables {
        return Ok(Vec::new());
    }
    let mut query = db.prepare(
        "SELECT key, id, prompt, position IS NOT NULL, state, class, skip, redone = 1, kept_skip, decided
         FROM task JOIN state ON task = key ORDER BY key",
    )?;
    let rows = query.query_map([], |row| {
        Ok(TaskRow {
            key: row.get(0)?,
            id: row.get(1)?,
            motif: motif_of(&row.get::<_, String>(2)?).unwrap_or_default(),
            is_listed: row.get(3)?,
            state: row.get(4)?,
            is_skipped: row.get(6)?,
            is_redone: row.get(7)?,
            has_kept_skip: row.get(8)?,
            is_decided: row.get(9)?,
            attempts: Vec::new(),
        })
    })?;
    let mut tasks = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut query = db.prepare("SELECT task, task_id, outcome FROM attempt ORDER BY key")?;
    let attempt = |row: &Row<'_>| {
        let attempt = AttemptRow { task_id: row.get(1)?, outcome: row.get(2)? };
        Ok((row.get::<_, i64>(0)?, attempt))
    };
    for found in query.query_map([], attempt)? {
        let (key, attempt) = found?;
        if let Some(task) = tasks.iter_mut().find(|task| task.key == key) {
            task.attempts.push(attempt);
        }
    }
    Ok(tasks)
}
