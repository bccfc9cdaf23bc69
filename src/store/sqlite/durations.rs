//! What the attempts say to a forecast: how long jobs took, and how old those are that run.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::Snapshot;
use super::columns::{mode_at, waiting_at};
use crate::engine::{ObservedDurations, Resumed};
use crate::store::StoreError;
use crate::task::{AttemptKey, Mode, RemoteTaskId};

/// How many jobs of a mode are looked back at: a service that changes its pace is followed.
const JOBS: usize = 200;
/// How many attempts are looked through for them.
const ATTEMPTS: i64 = 5_000;

impl Snapshot {
    /// How long the last jobs took that ended well, from the intent to the end being seen: at most
    /// 200 of each mode.
    ///
    /// Jobs whose end was seen by a later run than the one that submitted them are left out: all
    /// that is known of their end is that it was before that run saw it.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn durations(&self) -> Result<ObservedDurations, StoreError> {
        durations(&self.db).map_err(|e| self.error(e))
    }

    /// What runs at the service at this time, as far as the state knows: what a run that began now
    /// would follow.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn running(&self, now: Timestamp) -> Result<Vec<Resumed>, StoreError> {
        let read = || {
            let mut query = self.db.prepare(
                "SELECT task.key, task.mode, timeout, attempt.key, task_id, intended_at, attempt.mode
                 FROM state JOIN task ON task.key = state.task JOIN attempt ON attempt.task = task.key
                 WHERE state = 'running' AND outcome IS NULL AND task_id IS NOT NULL ORDER BY attempt.key",
            )?;
            let mut running = Vec::new();
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let submitted: i64 = row.get(5)?;
                let age = u64::try_from(now.as_millisecond() - submitted).unwrap_or(0);
                running.push(Resumed {
                    attempt: AttemptKey(row.get(3)?),
                    waiting: waiting_at(row)?,
                    mode: mode_at(row, 6)?,
                    task_id: RemoteTaskId(row.get(4)?),
                    age: Duration::from_millis(age),
                    second_look: false,
                });
            }
            Ok(running)
        };
        read().map_err(|e| self.error(e))
    }
}

pub(super) fn durations(db: &Connection) -> rusqlite::Result<ObservedDurations> {
    let mut query = db.prepare(
        "SELECT mode, finished_at - intended_at
         FROM (SELECT * FROM attempt ORDER BY key DESC LIMIT ?1) AS last
         WHERE outcome = 'done' AND finished_at > intended_at AND NOT EXISTS
             (SELECT 1 FROM run WHERE started_at > intended_at AND started_at <= finished_at)
         ORDER BY last.key DESC",
    )?;
    let mut observed = ObservedDurations::default();
    let mut rows = query.query([ATTEMPTS])?;
    while let Some(row) = rows.next()? {
        let took: i64 = row.get(1)?;
        let jobs = match mode_at(row, 0)? {
            Mode::Fast => &mut observed.fast,
            Mode::Relaxed => &mut observed.relaxed,
        };
        if jobs.len() < JOBS {
            jobs.push(Duration::from_millis(took.unsigned_abs()));
        }
    }
    let query = "SELECT count(*) FILTER (WHERE outcome = 'done'), count(*) FILTER (WHERE outcome = 'failed' AND class = 'generation')
         FROM (SELECT outcome, class FROM attempt ORDER BY key DESC LIMIT ?1)";
    let (done, failed): (i64, i64) = db.query_row(query, [ATTEMPTS], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(ObservedDurations { done: done.unsigned_abs(), failed: failed.unsigned_abs(), ..observed })
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::store::BatchStore;

    /// Attempts as they stand in a state: mode, intended at, finished at, outcome, task id.
    type Row = (&'static str, i64, Option<i64>, Option<&'static str>, Option<&'static str>);

    fn view_of<T>(runs: &[i64], attempts: &[Row], look: impl Fn(&Snapshot) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spring.mjbatch");
        drop(BatchStore::at(&path).open("the sandbox", "a test").unwrap());
        let db = Connection::open(&path).unwrap();
        for started in runs {
            db.execute("INSERT INTO run (started_at) VALUES (?1)", [started]).unwrap();
        }
        for (n, (mode, intended, finished, outcome, task_id)) in attempts.iter().enumerate() {
            let key = n as i64 + 1;
            let state = if outcome.is_none() && task_id.is_some() { "running" } else { "done" };
            let task =
                "INSERT INTO task (key, id, fingerprint, prompt, mode) VALUES (?1, ?1, x'00', 'mug', ?2)";
            db.execute(task, params![key, mode]).unwrap();
            let row = "INSERT INTO state (task, position, vars, state) VALUES (?1, ?1, '[]', ?2)";
            db.execute(row, params![key, state]).unwrap();
            let attempt =
                "INSERT INTO attempt (key, task, run, intended_at, finished_at, outcome, task_id, mode)
                 VALUES (?1, ?1, 1, ?2, ?3, ?4, ?5, ?6)";
            db.execute(attempt, params![key, intended, finished, outcome, task_id, mode]).unwrap();
        }
        look(&BatchStore::at(&path).snapshot().unwrap())
    }

    fn seconds(took: &[Duration]) -> Vec<u64> {
        took.iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn durations_are_those_of_jobs_whose_own_run_saw_them_end_well() {
        let done = Some("done");
        let attempts = [
            ("fast", 1_000, Some(61_000), done, Some("a")),
            ("relaxed", 1_000, Some(301_000), done, Some("b")),
            ("fast", 2_000, Some(9_000), Some("failed"), Some("c")),
            ("fast", 400_000, Some(900_000), done, Some("d")), // seen by the second run
            ("fast", 500_000, Some(540_000), done, Some("e")),
            ("fast", 600_000, None, None, Some("f")),
        ];
        let observed = view_of(&[0, 450_000], &attempts, |view| view.durations().unwrap());
        assert_eq!(seconds(&observed.fast), [40, 60]);
        assert_eq!(seconds(&observed.relaxed), [300]);
        assert_eq!((observed.done, observed.failed), (4, 0), "what failed without a class may be anything");
    }

    #[test]
    fn only_the_last_jobs_count() {
        let job = |n: i64| ("fast", n * 10_000, Some(n * 10_000 + n * 1000), Some("done"), Some("a"));
        let attempts: Vec<Row> = (1..=300).map(job).collect();
        let observed = view_of(&[0], &attempts, |view| view.durations().unwrap());
        assert_eq!((observed.fast.len(), observed.fast.iter().min()), (200, Some(&Duration::from_secs(101))));
    }

    #[test]
    fn what_runs_is_as_old_as_its_intent() {
        let attempts = [
            ("relaxed", 100_000, None, None, Some("a")),
            ("fast", 100_000, None, None, None),
            ("fast", 1_000, Some(61_000), Some("done"), Some("b")),
        ];
        let now = Timestamp::from_millisecond(160_000).unwrap();
        let running = view_of(&[0], &attempts, |view| view.running(now).unwrap());
        let [one] = &running[..] else { panic!("{running:?}") };
        assert_eq!(
            (one.age.as_secs(), one.waiting.mode, one.task_id.0.as_str()),
            (60, Mode::Relaxed.into(), "a")
        );
    }
}
