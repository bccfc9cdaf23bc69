//! The tables, and how the file is opened so that what was committed survives a power loss.
//!
//! `task` is what would be sent and is never updated; `state` is where it stands; `attempt` has one
//! row for every submit, which is what was paid for; `run` lists the executions. `listed` and
//! `spent` are sums of these that triggers keep, so that nobody need take them. A state's version
//! is SQLite's `user_version`: how many of [`STEPS`] were taken. A state of an older program takes
//! the missing ones when it is opened; one of a newer program is refused.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, database_error, open_run};
use crate::failpoint::Point;
use crate::task::RowRef;

/// "mjba": tells our files from other people's.
const APPLICATION_ID: i32 = 0x6d6a_6261;
/// The newest version of the tables that this program knows.
const VERSION: i32 = STEPS.len() as i32;

/// No connection is used by two threads at once, so none needs a lock for every step.
const WRITING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// What makes the tables, from nothing to the newest version. A step is never edited once it was
/// released: a new one is added.
const STEPS: [&str; 9] =
    [TABLES, MODES, FILES, DELIVERIES, LONG_LIFE, IDENTITY, DECISIONS, OPEN_RUN, RESULTS_FILES];

/// The version from which a task's fingerprint is that of its prompt in canonical form.
const CANONICAL: i32 = 6;

const TABLES: &str = "
CREATE TABLE header (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    batch      TEXT NOT NULL,      -- the batch's name
    service    TEXT NOT NULL,      -- which service the taskIds belong to
    columns    TEXT NOT NULL,      -- the manifest's own columns, a JSON list
    manifest   BLOB,               -- blake3 of the manifest that `state` lists
    file       TEXT,               -- and the name of its file
    created_at INTEGER NOT NULL    -- times are milliseconds since 1970, UTC
) STRICT;
CREATE TABLE task (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    prompt      TEXT NOT NULL,
    mode        TEXT NOT NULL,
    UNIQUE (id, fingerprint)
) STRICT;
CREATE TABLE state (
    task     INTEGER PRIMARY KEY REFERENCES task,
    position INTEGER,              -- in the manifest; NULL where it is not listed any more
    vars     TEXT NOT NULL,        -- the values of the manifest's own columns, a JSON list
    timeout  INTEGER,              -- seconds
    hook_url TEXT,                 -- the person's own receiver of callbacks
    priority INTEGER NOT NULL DEFAULT 0, -- the largest first, then by position
    entry    INTEGER NOT NULL DEFAULT 0, -- of the manifest, counted from 0
    skip     INTEGER NOT NULL DEFAULT 0, -- the manifest says not to submit it, also where it runs
    asked_after INTEGER NOT NULL DEFAULT 0, -- the last attempt before a person asked to send it again
    redone   INTEGER NOT NULL DEFAULT 0, -- a `redo` was carried out that the manifest still asks for
    state    TEXT NOT NULL,
    class    TEXT,                 -- of a failure
    reason   TEXT
) STRICT;
CREATE INDEX state_position ON state (position) WHERE position IS NOT NULL;
CREATE INDEX state_word ON state (state, position);
CREATE TABLE attempt (
    key         INTEGER PRIMARY KEY,
    task        INTEGER NOT NULL REFERENCES task,
    run         INTEGER REFERENCES run, -- NULL where it was taken over from results
    intended_at INTEGER NOT NULL,
    hook_token  TEXT,              -- the secret part of its callback address
    quota       INTEGER,           -- its price, in thousandths
    task_id     TEXT,              -- the service's name for it
    outcome     TEXT,              -- not_accepted refused unknown done failed lost; NULL while it is open
    class       TEXT,
    reason      TEXT,
    grid        TEXT,
    images      TEXT,              -- a JSON list of addresses
    finished_at INTEGER
) STRICT;
CREATE INDEX attempt_task ON attempt (task);
CREATE INDEX attempt_hook ON attempt (hook_token) WHERE hook_token IS NOT NULL;
CREATE TABLE run (
    key        INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ending     TEXT
) STRICT;
";

/// The mode an attempt was sent in, which the task alone does not say where it left the choice to
/// the program.
const MODES: &str = "
ALTER TABLE attempt ADD COLUMN mode TEXT;
UPDATE attempt SET mode = (SELECT task.mode FROM task WHERE task.key = attempt.task);
";

/// The files that pictures became, a row each; one that could not be brought has its reason.
const FILES: &str = "
CREATE TABLE file (
    attempt    INTEGER NOT NULL REFERENCES attempt,
    n          INTEGER NOT NULL,   -- the picture's number; 0 is the grid
    path       TEXT,               -- from the state's folder, with `/`, or absolute; NULL where it was not brought
    hash       BLOB,               -- blake3 of its bytes
    bytes      INTEGER,
    kind       TEXT,               -- png jpg webp gif avif
    fetched_at INTEGER NOT NULL,   -- or was last tried
    tries      INTEGER NOT NULL,
    error      TEXT,
    PRIMARY KEY (attempt, n)
) STRICT;
";

/// Deliveries, those that are due and those that were made: a row for each task that ended, and for
/// each run.
const DELIVERIES: &str = "
ALTER TABLE header ADD COLUMN told TEXT; -- of which tasks the batch tells: done, ended; NULL for none
CREATE TABLE delivery (
    key          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))), -- the same in each try
    attempt      INTEGER REFERENCES attempt, -- the one that ended
    status       TEXT,             -- and how: done failed lost
    run          INTEGER UNIQUE REFERENCES run, -- the one that is over
    body         TEXT,             -- and its summary, in JSON
    tries        INTEGER NOT NULL DEFAULT 0,
    tried_at     INTEGER,
    delivered_at INTEGER,          -- NULL while it is due
    error        TEXT,             -- why the last try did not work
    UNIQUE (attempt, status),
    CHECK ((attempt IS NULL) <> (run IS NULL))
) STRICT;
CREATE INDEX delivery_due ON delivery (key) WHERE delivered_at IS NULL;
";

/// What keeps a start and a glance as quick with a million tasks as with ten: sums that are kept
/// instead of taken, indexes of what is open, and what a run needs of a manifest that was not
/// edited.
const LONG_LIFE: &str = "
ALTER TABLE header ADD COLUMN outline TEXT; -- of the manifest without its tasks, JSON; whose it is, it says itself
DROP INDEX state_word;
CREATE INDEX state_class ON state (state, class);
CREATE INDEX state_waiting ON state (priority DESC, position, timeout)
    WHERE state = 'pending' AND position IS NOT NULL;
CREATE INDEX attempt_failed ON attempt (task) WHERE outcome = 'failed' AND class = 'generation';
CREATE INDEX run_started ON run (started_at);
CREATE TABLE listed (
    state TEXT PRIMARY KEY,
    tasks INTEGER NOT NULL         -- how many of the manifest's are in it
) STRICT, WITHOUT ROWID;
INSERT INTO listed SELECT state, count(position) FROM state GROUP BY state;
CREATE TRIGGER state_comes AFTER INSERT ON state WHEN NEW.position IS NOT NULL BEGIN
    INSERT INTO listed VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;
CREATE TRIGGER state_leaves AFTER UPDATE OF state, position ON state
WHEN OLD.position IS NOT NULL AND (NEW.position IS NULL OR NEW.state <> OLD.state) BEGIN
    UPDATE listed SET tasks = tasks - 1 WHERE state = OLD.state;
END;
CREATE TRIGGER state_enters AFTER UPDATE OF state, position ON state
WHEN NEW.position IS NOT NULL AND (OLD.position IS NULL OR NEW.state <> OLD.state) BEGIN
    INSERT INTO listed VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;
CREATE TRIGGER state_goes AFTER DELETE ON state WHEN OLD.position IS NOT NULL BEGIN
    UPDATE listed SET tasks = tasks - 1 WHERE state = OLD.state;
END;
CREATE TABLE spent (               -- by all attempts that may have been billed
    run      INTEGER NOT NULL,     -- 0 for those that were taken over from results
    mode     TEXT NOT NULL,
    priced   INTEGER NOT NULL,     -- whether their price is known
    attempts INTEGER NOT NULL,
    quota    INTEGER NOT NULL,     -- in thousandths
    PRIMARY KEY (run, mode, priced)
) STRICT, WITHOUT ROWID;
INSERT INTO spent
    SELECT coalesce(run, 0), coalesce(mode, ''), quota IS NOT NULL, count(*), coalesce(sum(quota), 0) FROM attempt
    WHERE outcome IS NOT 'not_accepted' AND outcome IS NOT 'refused' GROUP BY 1, 2, 3;
CREATE TRIGGER attempt_comes AFTER INSERT ON attempt
WHEN NEW.outcome IS NOT 'not_accepted' AND NEW.outcome IS NOT 'refused' BEGIN
    INSERT INTO spent
    VALUES (coalesce(NEW.run, 0), coalesce(NEW.mode, ''), NEW.quota IS NOT NULL, 1, coalesce(NEW.quota, 0))
    ON CONFLICT DO UPDATE SET attempts = attempts + 1, quota = quota + excluded.quota;
END;
CREATE TRIGGER attempt_leaves AFTER UPDATE OF run, mode, quota, outcome ON attempt
WHEN OLD.outcome IS NOT 'not_accepted' AND OLD.outcome IS NOT 'refused' BEGIN
    UPDATE spent SET attempts = attempts - 1, quota = quota - coalesce(OLD.quota, 0)
    WHERE run = coalesce(OLD.run, 0) AND mode = coalesce(OLD.mode, '') AND priced = (OLD.quota IS NOT NULL);
END;
CREATE TRIGGER attempt_enters AFTER UPDATE OF run, mode, quota, outcome ON attempt
WHEN NEW.outcome IS NOT 'not_accepted' AND NEW.outcome IS NOT 'refused' BEGIN
    INSERT INTO spent
    VALUES (coalesce(NEW.run, 0), coalesce(NEW.mode, ''), NEW.quota IS NOT NULL, 1, coalesce(NEW.quota, 0))
    ON CONFLICT DO UPDATE SET attempts = attempts + 1, quota = quota + excluded.quota;
END;
CREATE TRIGGER attempt_goes AFTER DELETE ON attempt
WHEN OLD.outcome IS NOT 'not_accepted' AND OLD.outcome IS NOT 'refused' BEGIN
    UPDATE spent SET attempts = attempts - 1, quota = quota - coalesce(OLD.quota, 0)
    WHERE run = coalesce(OLD.run, 0) AND mode = coalesce(OLD.mode, '') AND priced = (OLD.quota IS NOT NULL);
END;
";

/// What keeps the prompt that was sent where the manifest writes it otherwise now, and finds the
/// submits whose outcome is unknown of tasks that the manifest has no longer. The fingerprints are
/// recomputed, which SQL alone cannot.
const IDENTITY: &str = "
ALTER TABLE attempt ADD COLUMN prompt TEXT; -- as it was sent; NULL where that is the task's
CREATE INDEX state_in_doubt ON state (task) WHERE state IN ('unknown', 'submitting') AND position IS NULL;
";

/// What a person decides in a table that the program wrote, and what belongs to the person in it.
const DECISIONS: &str = "
ALTER TABLE header ADD COLUMN letters TEXT; -- the batch's own name in the refs of tables; drawn where it is NULL
ALTER TABLE header ADD COLUMN path TEXT;    -- the manifest's path, from the state's folder where it is below it, else absolute
ALTER TABLE state ADD COLUMN kept_skip INTEGER NOT NULL DEFAULT 0; -- a table said `skip`: kept until one says `make`
ALTER TABLE state ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;   -- waits because a table decided so
ALTER TABLE state ADD COLUMN picks TEXT;    -- the numbers of the images that were picked, a JSON list
ALTER TABLE state ADD COLUMN kept_cells TEXT; -- a person's own cells in the results, a JSON object by column
CREATE INDEX state_decided ON state (task) WHERE decided;
";

/// What says that a run began, and has not ended, so that the log belongs to the state: see
/// `open_run`.
const OPEN_RUN: &str = "
CREATE TABLE open_run (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    run      INTEGER NOT NULL,
    process  TEXT,                 -- which wrote it, where that can be told
    is_copy  INTEGER NOT NULL      -- a copy made while the run went on, which is whole without a log
) STRICT;
";

/// What the program wrote as results, so that nothing else is replaced, and the columns that a
/// person has added to them.
const RESULTS_FILES: &str = "
ALTER TABLE header ADD COLUMN added TEXT; -- the columns that a person added to the results, a JSON list
CREATE TABLE results_file (        -- what stands at a path is one of the last two of it
    key   INTEGER PRIMARY KEY,     -- the last one written has the largest
    path  TEXT NOT NULL,           -- from the state's folder where it is below it, else absolute
    hash  BLOB NOT NULL,           -- blake3 of its bytes
    added TEXT NOT NULL            -- the columns of a person that it has, a JSON list
) STRICT;
CREATE INDEX results_file_path ON results_file (path);
";

/// Makes the state where there is none.
pub(super) fn make_where_absent(path: &Path) -> Result<(), StoreError> {
    if super::file_access::exists(path) { Ok(()) } else { make(path) }
}

/// Opens the state, which this process holds, for writing. It is made where there is none, and
/// brought up to date.
pub(in crate::store) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    make_where_absent(path)?;
    super::state_file::check_is_state(path)?;
    open_run::check_log(path)?;
    let (mut db, version) = open_prepared(path, path)?;
    super::integrity::check(&db, path)?;
    take_steps(&mut db, version).map_err(|e| database_error(path, e))?;
    // The log goes with the last to close only once the state says that it is whole without.
    open_run::close_ended(&db, path)?;
    open_run::keep_wal(&db, false).map_err(|e| database_error(path, e))?;
    draw_letters(&db).map_err(|e| database_error(path, e))?;
    tracing::info!(state = %path.display(), version = VERSION, "state is open for writing");
    Ok(db)
}

/// Gives the batch its letters, by which the refs of tables name it, where it has none yet. A copy
/// of a state keeps them.
pub(super) fn draw_letters(db: &Connection) -> rusqlite::Result<()> {
    let is_without = "SELECT EXISTS (SELECT 1 FROM header WHERE letters IS NULL)";
    if db.query_row(is_without, [], |row| row.get(0))? {
        let random: [u8; 8] = db.query_row("SELECT randomblob(8)", [], |row| row.get(0))?;
        db.execute("UPDATE header SET letters = ?1", [RowRef::batch_letters(random)])?;
    }
    Ok(())
}

/// Makes a state, under another name first: a power loss in the middle then leaves none, and not
/// half of one that neither opens nor may be removed.
fn make(path: &Path) -> Result<(), StoreError> {
    let draft = super::state_file::DraftState::begin(path)?;
    let (mut db, version) = open_prepared(draft.path(), path)?;
    let ready = open_run::keep_wal(&db, false).and_then(|()| take_steps(&mut db, version));
    ready.map_err(|e| database_error(path, e))?;
    db.close().map_err(|(_, e)| database_error(path, e))?;
    draft.publish(path)
}

/// Opens the file at `at` for writing; errors name the state at `path`. Gives how
/// many steps were taken. It keeps its WAL until `keep_wal` says otherwise.
fn open_prepared(at: &Path, path: &Path) -> Result<(Connection, i32), StoreError> {
    let failed = |e| database_error(path, e);
    let mut db = Connection::open_with_flags(at, WRITING).map_err(failed)?;
    open_run::keep_wal(&db, true).map_err(failed)?;
    match prepare(&mut db).map_err(failed)? {
        Prepared::Ready(version) => Ok((db, version)),
        Prepared::NoWal(mode) => Err(StoreError::NoWal { path: path.into(), mode }),
        Prepared::Foreign => Err(StoreError::NotAState(path.into())),
        Prepared::Newer(version) => Err(StoreError::Newer { path: path.into(), version }),
    }
}

/// Opens the state for reading, beside a run that may be writing it. One of an older program is
/// [`StoreError::Older`].
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    super::state_file::check_is_state(path)?;
    if !super::lock::is_held_here(path) {
        match open_run::check_log(path) {
            // One that runs has a log: it began a moment ago.
            Err(StoreError::LogMissing { .. }) if super::lock::holder(&path.into()).is_some() => {}
            whole => whole?,
        }
    }
    // Opened for writing though nothing is written: the last to close then tidies the files of the
    // WAL away. Where that is not allowed, reading is enough.
    let db = Connection::open_with_flags(path, WRITING)
        .or_else(|_| Connection::open_with_flags(path, READING))
        .map_err(|e| database_error(path, e))?;
    ready_for_reading(db, path)
}

/// Opens the state to look at it as it is, older or newer, beside a run that may be writing it. Its
/// log is left as it is.
pub(super) fn open_to_look(path: &Path) -> rusqlite::Result<Connection> {
    let db =
        Connection::open_with_flags(path, WRITING).or_else(|_| Connection::open_with_flags(path, READING))?;
    open_run::keep_wal(&db, true)?;
    Ok(db)
}

/// The version of a state's tables; none where the file is no state.
pub(super) fn version_of_state(db: &Connection) -> rusqlite::Result<Option<i32>> {
    let id: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((id == APPLICATION_ID && version > 0).then_some(version))
}

/// Opens a state that nobody holds and that has no log, where nothing may be written, not even the
/// files that readers agree by.
pub(super) fn open_frozen(path: &Path) -> Result<Connection, StoreError> {
    let db = open_run::frozen(path).map_err(|e| database_error(path, e))?;
    ready_for_reading(db, path)
}

fn ready_for_reading(db: Connection, path: &Path) -> Result<Connection, StoreError> {
    let version = (|| {
        open_run::keep_wal(&db, true)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")?;
        let id: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        open_run::keep_wal(&db, id != APPLICATION_ID || open_run::is_open(&db)?)?;
        Ok((id, version))
    })()
    .map_err(|e| database_error(path, e))?;
    match version {
        (APPLICATION_ID, VERSION) => {
            tracing::debug!(state = %path.display(), version = VERSION, "state is open for reading");
            Ok(db)
        }
        (APPLICATION_ID, newer) if newer > VERSION => {
            Err(StoreError::Newer { path: path.into(), version: newer })
        }
        (APPLICATION_ID, 1..) => Err(StoreError::Older(path.into())),
        _ => Err(StoreError::NotAState(path.into())),
    }
}

enum Prepared {
    /// And how many steps were taken; none where the file is new.
    Ready(i32),
    NoWal(String),
    Foreign,
    Newer(i32),
}

fn prepare(db: &mut Connection) -> rusqlite::Result<Prepared> {
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    let id: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = id == 0 && version == 0 && tables == 0;
    if !new && id != APPLICATION_ID {
        return Ok(Prepared::Foreign);
    }
    if version > VERSION {
        return Ok(Prepared::Newer(version));
    }
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Ok(Prepared::NoWal(mode));
    }
    // FULL: with NORMAL a power loss takes back commits that were already answered.
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 4194304;",
    )?;
    Ok(Prepared::Ready(version))
}

/// Brings the tables from this version to the newest one: all of it, or nothing.
fn take_steps(db: &mut Connection, version: i32) -> rusqlite::Result<()> {
    let missing = STEPS.get(usize::try_from(version).unwrap_or(0)..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    tracing::info!(from = version, to = VERSION, "state is brought to the newest version");
    let tx = db.transaction()?;
    for step in missing {
        tx.execute_batch(step)?;
    }
    if (1..CANONICAL).contains(&version) {
        super::migrate::recompute_fingerprints(&tx)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    super::reach(Point::StepsTaken)?;
    tx.commit()
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;

    /// The version that this program makes.
    pub(in crate::store) fn newest() -> i32 {
        VERSION
    }

    /// A state as an older program made it.
    pub(in crate::store) fn make_of_version(version: i32, path: &Path) {
        Connection::open(path).unwrap().pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        bring_to_version(version, path);
    }

    /// The same state, once a program of this version has opened it.
    pub(in crate::store) fn bring_to_version(version: i32, path: &Path) {
        let db = Connection::open(path).unwrap();
        let from: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        for step in &STEPS[from as usize..usize::try_from(version).unwrap()] {
            db.execute_batch(step).unwrap();
        }
        db.pragma_update(None, "user_version", version).unwrap();
    }

    /// States in the world were made by these steps: what is to change comes as a step of its own.
    #[test]
    fn a_step_that_was_released_is_never_edited() {
        let known = [
            "42b8cb5b023732d3",
            "c85e8f9b007303ea",
            "e436bfb98b46cc56",
            "3951f4d753653f0e",
            "95a996d44ff8bfd8",
            "ccefa68d723be19c",
            "603c356441be0ff9",
            "5acda5c96f94cb8a",
            "612ec4bf961e9fc7",
        ];
        let steps = STEPS.map(|step| blake3::hash(step.as_bytes()).to_hex()[..16].to_owned());
        assert_eq!(steps, known);
    }
}
