//! The results file of a run: written from the state, at the end and now and then.

use std::path::{Path, PathBuf};

use crate::output::{self, Layout};
use crate::progress::Troubles;
use crate::store::{Reader, StoreError};
use crate::task::{Counts, Quota, State};

/// What was seen on the way through the records.
#[derive(Debug)]
pub struct Written {
    /// The tasks by status.
    pub counts: Counts,
    /// The tasks that ended badly.
    pub troubles: Troubles,
    /// What was spent, in the run that was asked for and in all.
    pub spent: Option<(Quota, Quota)>,
    /// Where the results went; the error where they could not be written anywhere.
    pub to: Result<PathBuf, String>,
    /// Why they are not where they were asked for, where they went beside it.
    pub beside: Option<String>,
}

/// Writes the results of the state at `state` to `path`, from one moment of it.
///
/// A file that somebody holds open (a spreadsheet on Windows) cannot be replaced; with `or_beside` the results then go to a
/// file beside it.
///
/// # Errors
/// Where the state cannot be read.
pub fn write_results(
    state: &Path,
    path: &Path,
    run_lives: bool,
    run: Option<i64>,
    or_beside: bool,
) -> Result<Written, StoreError> {
    let reader = Reader::open(state)?;
    let columns = reader.header()?.map(|header| header.columns).unwrap_or_default();
    let view = reader.view()?;
    let layout = Layout { columns: &columns, max_images: view.most_images()?, run_lives };
    let mut troubles = Troubles::default();
    let mut note = |record: &crate::task::Record| {
        if matches!(record.state, State::Failed | State::Unknown | State::Submitting | State::Lost) {
            troubles.note(&record.task.id, record.state.shown(run_lives), record.reason.as_deref());
        }
    };
    let records = view.records().inspect(|record| record.as_ref().map(&mut note).unwrap_or_default());
    let mut beside = None;
    let to = match output::csv::write(path, &layout, records) {
        Ok(_) => Ok(path.to_owned()),
        Err(output::WriteError::Record(e)) => return Err(e),
        Err(output::WriteError::File(busy)) if busy.is_busy() && or_beside => {
            beside = Some(busy.to_string());
            let other = output::beside(path);
            output::csv::write(&other, &layout, view.records()).map(|_| other).map_err(|e| e.to_string())
        }
        Err(e) => Err(e.to_string()),
    };
    let spent = match (view.spent(run)?, view.spent(None)?) {
        (_, None) => None,
        (run, Some(all)) => Some((run.unwrap_or_default(), all)),
    };
    Ok(Written { counts: view.counts(run_lives)?, troubles, spent, to, beside })
}
