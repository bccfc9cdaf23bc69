//! What some tasks have in common, and the rest of the batch does not: the values of variables.

use std::collections::HashMap;

use rusqlite::Connection;

use super::Snapshot;
use crate::store::{Header, StoreError};
use crate::task::TaskRow;

impl Snapshot {
    /// The values of variables, by the variables' names, that all of these tasks have and not every
    /// task of the manifest has; those first that the fewest other tasks have.
    ///
    /// # Errors
    /// [`StoreError`], where SQLite cannot read or write the state.
    pub fn common_values(
        &self,
        header: &Header,
        tasks: &[TaskRow],
    ) -> Result<Vec<(String, String)>, StoreError> {
        shared(&self.db, &header.columns, tasks).map_err(|e| self.error(e))
    }
}

fn shared(db: &Connection, columns: &[String], tasks: &[TaskRow]) -> rusqlite::Result<Vec<(String, String)>> {
    let mut of_one = db.prepare("SELECT vars FROM state WHERE task = ?1")?;
    let mut common: Option<HashMap<usize, String>> = None;
    for task in tasks {
        let vars = parsed(&of_one.query_row([task.0], |row| row.get::<_, String>(0))?);
        match &mut common {
            None => {
                common = Some(vars.into_iter().enumerate().filter(|(_, value)| !value.is_empty()).collect())
            }
            Some(common) => common.retain(|n, value| vars.get(*n) == Some(value)),
        }
    }
    let common = common.unwrap_or_default();
    if common.is_empty() {
        return Ok(Vec::new());
    }
    let mut others: HashMap<usize, u64> = HashMap::new();
    let mut total = 0;
    let mut all = db.prepare("SELECT vars FROM state WHERE position IS NOT NULL")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let vars = parsed(&row.get::<_, String>(0)?);
        total += 1;
        for (n, _) in common.iter().filter(|(n, value)| vars.get(**n) == Some(value)) {
            *others.entry(*n).or_default() += 1;
        }
    }
    let mut shared: Vec<_> =
        common.into_iter().filter(|(n, _)| others.get(n).is_none_or(|count| *count < total)).collect();
    shared.sort_by_key(|(n, _)| (others.get(n).copied(), *n));
    Ok(shared.into_iter().filter_map(|(n, value)| Some((columns.get(n)?.clone(), value))).collect())
}

fn parsed(vars: &str) -> Vec<String> {
    serde_json::from_str(vars).unwrap_or_default()
}
