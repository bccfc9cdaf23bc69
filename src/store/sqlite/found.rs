//! The states of a folder, known by their headers alone.
//!
//! Whatever lies in the folder, this changes nothing and fails at nothing: a file that is no state,
//! is damaged, or cannot be read is left out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{file_access, lock, manifest_path, open_run, schema, state_file};
use crate::prompt::canonical_prompt;
use crate::store::{FoundState, StateLocation};
use crate::task::Fingerprint;

/// The ending of a state's name.
const ENDING: &str = "mjbatch";
/// How long a query waits for a run that is writing.
const PATIENCE: Duration = Duration::from_millis(500);
/// The versions of the tables from which a header has letters and the manifest's path.
const HAS_LETTERS: i32 = 7;

/// The states in this folder, by their names. One that has two names there (a symlink) is given
/// once.
pub(in crate::store) fn found_in(folder: &Path) -> Vec<FoundState> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = std::fs::read_dir(listed) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(folder.join(entry.ok()?.file_name())))
        .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    // Their own names before those of symlinks.
    paths.sort_by_key(|path| (path.is_symlink(), path.clone()));
    let mut files = Vec::new();
    let mut found = Vec::new();
    for path in paths {
        let Ok(real) = state_file::resolve(&path) else { continue };
        let file = file_access::FileIdentity::at(&real);
        if !cfg!(unix) || !files.contains(&file) {
            files.push(file);
            found.extend(read(&path, &real));
        }
    }
    found.sort_by(|a, b| a.location.path().cmp(b.location.path()));
    found
}

/// What the header of the state at this place says.
pub(in crate::store) fn look_at(state: &StateLocation) -> Option<FoundState> {
    read(state.path(), &state_file::resolve(state.path()).ok()?)
}

fn read(path: &Path, real: &Path) -> Option<FoundState> {
    look(real, |db, version| header(db, version, path, real)).flatten()
}

/// Whether a task of the state at this place, also one that its manifest has no longer, has a
/// prompt of such a fingerprint. A state that cannot be read has none.
pub(in crate::store) fn has_prompt(state: &StateLocation, is_meant: &dyn Fn(Fingerprint) -> bool) -> bool {
    let Ok(real) = state_file::resolve(state.path()) else { return false };
    // The fingerprints of an older state are others.
    let any = |db: &Connection, _| {
        let mut query = db.prepare("SELECT prompt FROM task")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if is_meant(Fingerprint::of(&canonical_prompt(row.get_ref(0)?.as_str()?))) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    look(&real, any).unwrap_or(false)
}

/// Whether there is a state at this place that has tasks, or may have: one that cannot be looked
/// at.
pub(in crate::store) fn has_tasks(state: &StateLocation) -> bool {
    if !file_access::exists(state.path()) {
        return false;
    }
    let Ok(real) = state_file::resolve(state.path()) else { return true };
    let query = "SELECT EXISTS (SELECT 1 FROM task)";
    look(&real, |db, _| db.query_row(query, [], |row| row.get(0))).unwrap_or(true)
}

/// Looks at a state as it is; `None` where that is not possible. The version of its tables is
/// passed on.
fn look<T>(real: &Path, read: impl Fn(&Connection, i32) -> rusqlite::Result<T>) -> Option<T> {
    state_file::check_is_state(real).ok()?;
    let read = |db: Connection| {
        db.busy_timeout(PATIENCE)?;
        db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")?;
        schema::version_of_state(&db)?.map(|version| read(&db, version)).transpose()
    };
    let frozen = || open_run::frozen(real).and_then(read);
    for _ in 0..3 {
        // Without a log the file is all, and is read without a file beside it; but for a state of
        // this process, whose locks would go with the closing of it.
        let is_held_here = lock::is_held_here(real);
        if is_held_here || open_run::has_log(real) {
            let found = schema::open_to_look(real).and_then(read);
            // A log cannot be used where nothing may be written.
            return found.or_else(|e| if is_held_here { Err(e) } else { frozen() }).ok()?;
        }
        match frozen() {
            Ok(found) => return found,
            // A run that has begun just now writes to the file, and has a log.
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    None
}

/// What the header says; none where there is none yet.
fn header(db: &Connection, version: i32, path: &Path, real: &Path) -> rusqlite::Result<Option<FoundState>> {
    let columns = if version < HAS_LETTERS { "NULL, NULL" } else { "letters, path" };
    let query = format!("SELECT batch, service, file, manifest, {columns} FROM header");
    let row = |row: &Row<'_>| {
        let recorded: Option<String> = row.get(5)?;
        Ok(FoundState {
            location: path.into(),
            batch: row.get(0)?,
            service: row.get(1)?,
            manifest_file: row.get(2)?,
            manifest_hash: row.get(3)?,
            letters: row.get(4)?,
            manifest_path: recorded.map(|recorded| manifest_path::resolved(real, &recorded)),
        })
    };
    db.query_row(&query, [], row).optional()
}
