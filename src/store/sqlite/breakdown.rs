//! What the state knows of tasks by the values of their variables, and of the runs that worked on
//! them.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::Snapshot;
use super::columns::state_at;
use crate::breakdown::{Breakdown, ValueStats};
use crate::store::{RunRow, StoreError, Variable};
use crate::task::FailureClass;

impl Snapshot {
    /// The figures of the listed tasks by each of these variables, in one pass. What is under way
    /// is unknown unless its run lives.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn figures(&self, variables: &[(String, Variable)]) -> Result<Vec<Breakdown>, StoreError> {
        read(&self.db, variables, self.is_live()).map_err(|e| self.error(e))
    }

    /// All runs, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let read = || {
            let mut query =
                self.db.prepare("SELECT key, started_at, ended_at, ending FROM run ORDER BY key")?;
            let time = |at: i64| Timestamp::from_millisecond(at).ok();
            let rows = query.query_map([], |row| {
                let ended_at: Option<i64> = row.get(2)?;
                Ok(RunRow {
                    run: row.get(0)?,
                    started_at: time(row.get(1)?),
                    ended_at: ended_at.and_then(time),
                    ending: row.get(3)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| self.error(e))
    }
}

fn read(
    db: &Connection,
    variables: &[(String, Variable)],
    is_live: bool,
) -> rusqlite::Result<Vec<Breakdown>> {
    let mut all: Vec<Breakdown> = variables.iter().map(|(name, _)| Breakdown::new(name)).collect();
    let mut query = db.prepare("SELECT started_at FROM run ORDER BY started_at")?;
    let starts = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut query = db.prepare(
        "SELECT position, vars,
             coalesce((SELECT last.mode FROM attempt AS last WHERE last.task = state.task
                 AND last.outcome IS NOT 'not_accepted' ORDER BY last.key DESC LIMIT 1), task.mode),
             state, attempt.key, outcome, attempt.class, quota, intended_at, finished_at
         FROM state JOIN task ON task.key = state.task LEFT JOIN attempt ON attempt.task = state.task
         WHERE position IS NOT NULL ORDER BY position, attempt.key",
    )?;
    let mut rows = query.query([])?;
    let mut at = None;
    // The number of the task's value, variable by variable.
    let mut numbers = vec![0; variables.len()];
    while let Some(row) = rows.next()? {
        let position: i64 = row.get(0)?;
        if at.replace(position) != Some(position) {
            let vars: String = row.get(1)?;
            let vars: Vec<String> = serde_json::from_str(&vars).unwrap_or_default();
            let mode: String = row.get(2)?;
            let status = state_at(row, 3)?.shown(is_live);
            for (((_, variable), figures), number) in variables.iter().zip(&mut all).zip(&mut numbers) {
                *number = figures.index_of(match variable {
                    Variable::Mode => &mode,
                    Variable::Column(column) => vars.get(*column).map_or("", String::as_str),
                });
                if let Some(figure) = figures.get_mut(*number) {
                    figure.counts.add(status, 1);
                }
            }
        }
        if row.get::<_, Option<i64>>(4)?.is_some() {
            let its = all.iter_mut().zip(&numbers).filter_map(|(figures, number)| figures.get_mut(*number));
            add_attempt(its, row, &starts)?;
        }
    }
    Ok(all)
}

fn add_attempt<'f>(
    figures: impl Iterator<Item = &'f mut ValueStats>,
    row: &Row<'_>,
    run_starts: &[i64],
) -> rusqlite::Result<()> {
    let outcome: Option<String> = row.get(5)?;
    let outcome = outcome.as_deref().unwrap_or_default();
    if outcome == "not_accepted" {
        return Ok(());
    }
    let class: Option<String> = row.get(6)?;
    let class = class.and_then(|class| FailureClass::from_word(&class));
    let quota: Option<i64> = row.get(7)?;
    let (from, to): (i64, Option<i64>) = (row.get(8)?, row.get(9)?);
    let wait = to.filter(|to| outcome == "done" && *to > from && !begins_between(run_starts, from, *to));
    let turned_down =
        outcome == "refused" || matches!(class, Some(FailureClass::Refused | FailureClass::Moderated));
    for figure in figures {
        figure.rejected += u64::from(turned_down);
        if outcome != "refused" {
            figure.attempts += 1;
            figure.unpriced += u64::from(quota.is_none());
            figure.quota.0 = figure.quota.0.saturating_add(quota.unwrap_or_default().unsigned_abs());
        }
        if let Some(to) = wait {
            figure.add_duration(std::time::Duration::from_millis((to - from).unsigned_abs()));
        }
    }
    Ok(())
}

/// Whether a run began after one time and not after another: a job whose end was seen by a later
/// run than the one that submitted it says when that run began, and no more.
fn begins_between(starts: &[i64], after: i64, until: i64) -> bool {
    starts.get(starts.partition_point(|start| *start <= after)).is_some_and(|start| *start <= until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Quota, Status};

    fn state() -> Connection {
        let folder = tempfile::tempdir().unwrap();
        let db = super::super::schema::open_for_writing(&folder.path().join("s.mjbatch")).unwrap();
        db.execute_batch(
            r#"INSERT INTO task VALUES (1, 'a', x'00', 'a', 'fast'), (2, 'b', x'00', 'b', 'relaxed'),
                 (3, 'c', x'00', 'c', 'fast'), (4, 'gone', x'00', 'd', 'fast'), (5, 'e', x'00', 'e', 'fast');
             INSERT INTO state (task, position, vars, state) VALUES (1, 0, '["A-1","x"]', 'done'),
                 (2, 1, '["A-1"]', 'failed'), (3, 2, '["A-2","x"]', 'submitting'), (4, NULL, '["A-1"]', 'done'),
                 (5, 3, '[]', 'pending');
             INSERT INTO run (key, started_at) VALUES (1, 0), (2, 50000);
             INSERT INTO attempt (key, task, intended_at, finished_at, outcome, class, quota) VALUES
                 (1, 1, 100, 2100, 'failed', 'generation', 4000), (2, 2, 200, 300, 'refused', 'refused', 2000),
                 (3, 1, 3000, 9000, 'done', NULL, 4000), (4, 2, 10000, 60000, 'done', NULL, 2000),
                 (5, 2, 60100, 60200, 'failed', 'moderated', NULL), (6, 3, 61000, NULL, NULL, NULL, 4000),
                 (7, 4, 200, 300, 'done', NULL, 4000), (8, 5, 200, 300, 'not_accepted', NULL, 4000);"#,
        )
        .unwrap();
        db
    }

    #[test]
    fn each_attempt_of_a_listed_task_counts_for_the_values_of_its_task() {
        let variables = [("sku".to_owned(), Variable::Column(0)), ("mode".to_owned(), Variable::Mode)];
        let all = read(&state(), &variables, true).unwrap();
        let rows: Vec<_> = all
            .into_iter()
            .flat_map(|figures| figures.top(9).values)
            .map(|it| {
                let wait = it.median_duration().map(|wait| wait.as_millis());
                (it.value.clone(), it.counts.total(), it.attempts, it.rejected, it.cost(), wait)
            })
            .collect();
        assert_eq!(
            rows,
            [
                // The job of 50 s is that of a run that another took over: how long it took is not
                // known.
                ("A-1".to_owned(), 2, 4, 2, None, Some(6000)),
                ("A-2".to_owned(), 1, 1, 0, Some(Quota(4000)), None),
                (String::new(), 1, 0, 0, Some(Quota(0)), None),
                ("fast".to_owned(), 3, 3, 0, Some(Quota(12000)), Some(6000)),
                ("relaxed".to_owned(), 1, 2, 2, None, None),
            ]
        );
    }

    #[test]
    fn what_is_under_way_runs_or_is_unknown() {
        for (lives, status) in [(true, Status::Running), (false, Status::Unknown)] {
            let mut all = read(&state(), &[("sku".to_owned(), Variable::Column(0))], lives).unwrap();
            let number = all[0].index_of("A-2");
            assert_eq!(all[0].get_mut(number).unwrap().counts.of(status), 1);
        }
    }
}
