//! Columns of stored words, read as the types they stand for.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Type;

use crate::engine::{DEFAULT_TIMEOUT, Waiting};
use crate::task::{Decision, FailureClass, NotAMode, State, TaskRow};

/// The mode in this column: a [`Mode`] of an attempt, a [`TaskMode`](crate::task::TaskMode) of a
/// task. A word that is none is damage, never a guess: modes have prices.
pub(super) fn mode_at<M>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<M>
where
    M: FromStr<Err = NotAMode>,
{
    let word = row.get_ref(column)?.as_str()?;
    word.parse::<M>().map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

/// The state in this column. A word that is none is damage.
pub(super) fn state_at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<State> {
    let word = row.get_ref(column)?.as_str()?;
    State::from_word(word).ok_or_else(|| {
        let damage = format!("`{word}` is not a state");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, damage.into())
    })
}

/// The task of a row that begins with its key, its mode and its timeout.
pub(super) fn waiting_at(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    let timeout: Option<u16> = row.get(2)?;
    Ok(Waiting {
        task: TaskRow(row.get(0)?),
        mode: mode_at(row, 1)?,
        timeout: timeout.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.into())),
    })
}

/// The decision of a task's manifest that is over, by the number in the column `redone`.
pub(super) fn over_at(redone: i64) -> Option<Decision> {
    [Decision::Redo, Decision::Make, Decision::Skip].into_iter().find(|over| redone_of(Some(*over)) == redone)
}

/// The number in the column `redone` for a decision of the manifest that is over.
pub(super) fn redone_of(over: Option<Decision>) -> i64 {
    match over {
        None => 0,
        Some(Decision::Redo) => 1,
        Some(Decision::Make) => 2,
        Some(Decision::Skip) => 3,
    }
}

/// How old at `now` a submit of that time is; a clock that went back makes none older.
pub(super) fn age_at(now: Timestamp, submitted: i64) -> Duration {
    Duration::from_millis(u64::try_from(now.as_millisecond() - submitted).unwrap_or(0))
}

/// The classes of failures that may have images after all, as a list of SQL.
pub(super) fn late_classes() -> String {
    let late = FailureClass::ALL.into_iter().filter(|class| class.may_have_images());
    let late: Vec<String> = late.map(|class| format!("'{}'", class.as_str())).collect();
    late.join(", ")
}
