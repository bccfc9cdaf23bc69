//! What a step of the schema cannot do in SQL: the fingerprints of an older state, recomputed.
//!
//! An older program distinguished tasks by prompt and mode, letter by letter; now it is the prompt
//! in canonical form. Two rows of one id may then be one task: the row that was sent goes on, under
//! the place of the other in the manifest.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::columns::state_at;
use crate::prompt::canonical_prompt;
use crate::task::{Fingerprint, State};

/// A row of `task`, as far as it matters here.
#[derive(Clone, Copy)]
struct Version {
    key: i64,
    state: State,
    is_listed: bool,
}

/// Gives every task the fingerprint of its prompt in canonical form. Of several rows of one id and
/// one such prompt only one gets it; the others keep their old one, which no prompt has any more,
/// and stay in the history with their attempts.
pub(super) fn recompute_fingerprints(db: &Connection) -> rusqlite::Result<()> {
    let mut query = db.prepare(
        "SELECT key, id, prompt, state, position IS NOT NULL FROM task JOIN state ON task = key ORDER BY key",
    )?;
    let mut rows = query.query([])?;
    let mut versions: HashMap<(String, Fingerprint), Vec<Version>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let fingerprint = Fingerprint::of(&canonical_prompt(row.get_ref(2)?.as_str()?));
        let version = Version { key: row.get(0)?, state: state_at(row, 3)?, is_listed: row.get(4)? };
        versions.entry((row.get(1)?, fingerprint)).or_default().push(version);
    }
    let mut set = db.prepare("UPDATE task SET fingerprint = ?2 WHERE key = ?1")?;
    for ((_, fingerprint), versions) in versions {
        let listed = versions.iter().find(|version| version.is_listed);
        let Some(goes_on) = goes_on(&versions, listed) else { continue };
        set.execute(params![goes_on.key, fingerprint.0])?;
        if let Some(listed) = listed.filter(|listed| listed.key != goes_on.key) {
            take_place(db, goes_on.key, listed.key)?;
        }
    }
    Ok(())
}

/// The row that is the task from now on: the listed one, unless it was never sent and another was.
fn goes_on(versions: &[Version], listed: Option<&Version>) -> Option<Version> {
    let was_sent = |version: &&Version| !matches!(version.state, State::Pending | State::Skipped);
    let rank = |state| match state {
        State::Running => 5,
        State::Submitting => 4,
        State::Unknown => 3,
        State::Done => 2,
        State::Failed => 1,
        _ => 0,
    };
    let sent = || versions.iter().filter(was_sent).max_by_key(|version| (rank(version.state), version.key));
    listed.filter(was_sent).or_else(sent).or(listed).or(versions.last()).copied()
}

/// Puts one row in another's place in the manifest.
///
/// A `redo` that the manifest still has was carried out for both only where it was for each: for
/// the row that was sent, and before the manifest was seen with the other.
fn take_place(db: &Connection, key: i64, listed: i64) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE state SET (position, vars, timeout, hook_url, priority, entry, skip, redone) =
             (SELECT position, vars, timeout, hook_url, priority, entry, skip, min(redone, state.redone)
              FROM state AS listed WHERE task = ?2)
         WHERE task = ?1",
        [key, listed],
    )?;
    db.execute("UPDATE state SET position = NULL WHERE task = ?1", [listed]).map(drop)
}
