//! The state lists what the manifest lists now: a plan carried out in one transaction.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Statement, params};

use super::columns::redone_of;
use super::manifest_path;
use crate::failpoint::Point;
use crate::plan::{KnownTask, Plan, Step, fingerprint};
use crate::store::ManifestRef;
use crate::task::{Decision, Earlier, State, Task};

/// Carries out the plan for these tasks. Of those of `unlisted`, which results have and the
/// manifest has not, the state keeps what was made of them.
pub(super) fn write(
    db: &mut Connection,
    state: &Path,
    manifest: ManifestRef<'_>,
    tasks: impl Iterator<Item = Task>,
    plan: &Plan,
    unlisted: impl Iterator<Item = Task>,
) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    // A skip that a table ended is over for as long as the manifest goes on saying it: where a task
    // is listed no more, it is not said any more, and counts anew once it is.
    tx.execute(
        "UPDATE state SET position = NULL, redone = CASE redone WHEN ?1 THEN 0 ELSE redone END
         WHERE position IS NOT NULL",
        [redone_of(Some(Decision::Skip))],
    )?;
    {
        let mut rows = Rows::of(&tx)?;
        for (position, (task, step)) in tasks.zip(&plan.steps).enumerate() {
            let position = Some(position as i64);
            match step {
                Step::Keep(known) | Step::Reverted(known) | Step::Redo(known) | Step::Skip(Some(known)) => {
                    rows.describe(known.key, &task)?;
                    rows.keep(*known, position, &task, step)?;
                    match (known.state, step.state()) {
                        (from, to) if from == to => {}
                        (State::Skipped, State::Failed) => drop(rows.fail_again.execute([known.key])?),
                        (_, State::Skipped) => drop(rows.skip.execute([known.key])?),
                        (_, to) => drop(rows.set_state.execute(params![known.key, to.as_str()])?),
                    }
                }
                Step::New | Step::Changed(_) | Step::Skip(None) => {
                    rows.add(&tx, position, &task, step.state())?;
                }
                Step::Import(state) => {
                    let key = rows.add(&tx, position, &task, *state)?;
                    if let Some(earlier) = &task.earlier {
                        rows.take_over(key, earlier)?;
                    }
                }
            }
        }
        for task in unlisted {
            if let Some(earlier) = &task.earlier
                && !rows.is_known(&task)?
            {
                let key = rows.add(&tx, None, &task, earlier.state)?;
                rows.take_over(key, earlier)?;
            }
        }
    }
    tx.execute(
        "UPDATE header SET batch = ?1, columns = ?2, manifest = ?3",
        params![manifest.batch, json(manifest.columns), manifest.hash],
    )?;
    record_file(&tx, state, manifest.file)?;
    super::reach(Point::SyncingManifest)?;
    tx.commit()
}

/// Records the name of the manifest's file, and where it is.
pub(super) fn record_file(db: &Connection, state: &Path, manifest: &Path) -> rusqlite::Result<()> {
    let name = manifest.file_name().map(|name| name.to_string_lossy());
    let path = manifest_path::recorded(state, manifest);
    let query = "UPDATE header SET file = ?1, path = ?2 WHERE file IS NOT ?1 OR path IS NOT ?2";
    db.execute(query, params![name, path]).map(drop)
}

/// The decision of the manifest that is over once the step is taken. A redo that cannot be carried
/// out now, because the task runs, is not forgotten.
fn over_after(known: &KnownTask, asked: Option<Decision>, step: &Step) -> Option<Decision> {
    let is_over = match known.open_decision(asked) {
        None | Some(Decision::Make) => true,
        Some(Decision::Skip) => false,
        // What waits and stays skipped is not made twice once the skip ends.
        Some(Decision::Redo) => match step {
            Step::Skip(_) => !known.failed_before_skip && known.state != State::Failed,
            step => matches!(step, Step::Redo(_)),
        },
    };
    asked.filter(|_| is_over)
}

/// What is written for a row of the manifest, prepared once: there may be a million.
struct Rows<'c> {
    is_known: Statement<'c>,
    add_task: Statement<'c>,
    add_state: Statement<'c>,
    is_described: Statement<'c>,
    keep_sent: Statement<'c>,
    describe: Statement<'c>,
    keep: Statement<'c>,
    set_state: Statement<'c>,
    skip: Statement<'c>,
    fail_again: Statement<'c>,
    set_reason: Statement<'c>,
    add_attempt: Statement<'c>,
}

impl<'c> Rows<'c> {
    fn of(db: &'c Connection) -> rusqlite::Result<Rows<'c>> {
        Ok(Rows {
            is_known: db.prepare("SELECT EXISTS (SELECT 1 FROM task WHERE id = ?1 AND fingerprint = ?2)")?,
            add_task: db.prepare("INSERT INTO task (id, fingerprint, prompt, mode) VALUES (?1, ?2, ?3, ?4)")?,
            add_state: db.prepare(
                "INSERT INTO state (task, position, vars, timeout, hook_url, redone, priority, entry, skip, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?,
            is_described: db.prepare(
                "SELECT id = ?2 AND prompt = ?3 AND mode = ?4, prompt = ?3 FROM task WHERE key = ?1",
            )?,
            keep_sent: db.prepare(
                "UPDATE attempt SET prompt = (SELECT prompt FROM task WHERE key = ?1)
                 WHERE task = ?1 AND prompt IS NULL",
            )?,
            describe: db.prepare("UPDATE task SET id = ?2, prompt = ?3, mode = ?4 WHERE key = ?1")?,
            keep: db.prepare(
                "UPDATE state SET position = ?2, vars = ?3, timeout = ?4, hook_url = ?5, redone = ?6, priority = ?7,
                     entry = ?8, skip = ?9, kept_skip = kept_skip AND ?10
                 WHERE task = ?1",
            )?,
            set_state: db.prepare(
                "UPDATE state SET state = ?2, class = NULL, reason = NULL,
                     asked_after = (SELECT coalesce(max(key), 0) FROM attempt WHERE attempt.task = ?1)
                 WHERE task = ?1",
            )?,
            skip: db.prepare(
                "UPDATE state SET state = 'skipped', class = NULL, reason = NULL, decided = 0 WHERE task = ?1",
            )?,
            fail_again: db.prepare(
                "UPDATE state SET state = 'failed', (class, reason) = (
                     SELECT class, reason FROM attempt WHERE attempt.task = state.task
                         AND outcome IN ('failed', 'refused') ORDER BY attempt.key DESC LIMIT 1)
                 WHERE task = ?1",
            )?,
            set_reason: db.prepare("UPDATE state SET reason = ?2 WHERE task = ?1")?,
            add_attempt: db.prepare(
                "INSERT INTO attempt (task, intended_at, quota, task_id, outcome, reason, grid, images, finished_at, mode)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 
                     (SELECT CASE mode WHEN 'auto' THEN 'fast' ELSE mode END FROM task WHERE key = ?1))",
            )?,
        })
    }

    /// How the manifest writes the task now, which is how it goes out if it is sent again: its id,
    /// its prompt, which has the same canonical form, and its mode. What earlier attempts sent is
    /// kept with them.
    fn describe(&mut self, key: i64, task: &Task) -> rusqlite::Result<()> {
        let values = params![key, task.id.0, task.prompt, task.mode.as_str()];
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (is_described, is_same_prompt): (bool, bool) = self.is_described.query_row(values, row)?;
        if !is_same_prompt {
            self.keep_sent.execute([key])?;
        }
        if !is_described {
            self.describe.execute(values)?;
        }
        Ok(())
    }

    fn keep(
        &mut self,
        known: KnownTask,
        position: Option<i64>,
        task: &Task,
        step: &Step,
    ) -> rusqlite::Result<()> {
        let open = known.open_decision(task.decision);
        let (skip, keeps_skip) = (open == Some(Decision::Skip), open != Some(Decision::Make));
        self.keep
            .execute(params![
                known.key,
                position,
                json(&task.vars),
                task.timeout,
                task.hook_url,
                redone_of(over_after(&known, task.decision, step)),
                task.priority,
                task.entry,
                skip,
                keeps_skip
            ])
            .map(drop)
    }

    fn is_known(&mut self, task: &Task) -> rusqlite::Result<bool> {
        self.is_known.query_row(params![task.id.0, fingerprint(task).0], |row| row.get(0))
    }

    fn add(
        &mut self,
        db: &Connection,
        position: Option<i64>,
        task: &Task,
        state: State,
    ) -> rusqlite::Result<i64> {
        self.add_task.execute(params![task.id.0, fingerprint(task).0, task.prompt, task.mode.as_str()])?;
        let key = db.last_insert_rowid();
        // What is new is made anyway.
        let redone = redone_of(task.decision.filter(|asked| *asked != Decision::Skip));
        let vars = json(&task.vars);
        self.add_state.execute(params![
            key,
            position,
            vars,
            task.timeout,
            task.hook_url,
            redone,
            task.priority,
            task.entry,
            task.decision == Some(Decision::Skip),
            state.as_str()
        ])?;
        Ok(key)
    }

    /// Adds the attempt that results describe, so that it is tracked, shown and counted as one of
    /// our own. Where they do not say its mode it counts as the dearer one.
    fn take_over(&mut self, task: i64, earlier: &Earlier) -> rusqlite::Result<()> {
        let ended = match earlier.state {
            State::Running => None,
            State::Failed if earlier.task_id.is_none() => Some("refused"),
            state => Some(state.as_str()),
        };
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        self.set_reason.execute(params![task, earlier.reason])?;
        self.add_attempt.execute(params![
            task,
            millis(earlier.submitted_at).unwrap_or_else(|| Timestamp::now().as_millisecond()),
            earlier.quota.map(|quota| quota.0 as i64),
            earlier.task_id.as_ref().map(|id| &id.0),
            ended,
            earlier.reason,
            earlier.images.grid,
            json(&earlier.images.urls),
            millis(earlier.finished_at),
        ])?;
        Ok(())
    }
}

fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}
