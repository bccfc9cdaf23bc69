//! Writes the files of results from a snapshot of the state, at the end of a run and periodically.

use std::path::{Path, PathBuf};

use crate::manifest::TableFormat;
use crate::output::{self, Layout, ResultsError, ResultsFormat, WriteStats};
use crate::progress::FailureGroups;
use crate::store::{Header, Snapshot, StoreError};
use crate::task::{Counts, Quota};

/// Spreadsheets of more tasks than this are written at the end only: one takes about fifteen times
/// as long as a CSV.
const MOST_PERIODIC: u64 = 5_000;

/// What was written, and what the records say in sum.
#[derive(Debug)]
pub struct ResultsReport {
    /// The tasks by status.
    pub counts: Counts,
    /// The tasks that failed, by reason.
    pub troubles: FailureGroups,
    /// What was spent, in the given run and in total.
    pub spent: Option<(Quota, Quota)>,
    /// The files that were written, in the order of the configured paths.
    pub files: Vec<PathBuf>,
    /// Why some could not be written anywhere.
    pub failed: Vec<String>,
    /// The files that were written beside the configured path, and why.
    pub beside: Vec<(PathBuf, String)>,
    /// Warnings about a file.
    pub notes: Vec<(PathBuf, String)>,
}

/// The files of results to write.
#[derive(Debug, Clone, Default)]
pub struct ResultsConfig {
    /// The paths, each in the format of its extension. Where only one is shown to people, it is the
    /// first.
    pub paths: Vec<PathBuf>,
    /// What tables look like.
    pub shape: TableFormat,
}

impl From<PathBuf> for ResultsConfig {
    /// One file with the default columns.
    fn from(path: PathBuf) -> ResultsConfig {
        ResultsConfig { paths: vec![path], shape: TableFormat::default() }
    }
}

/// When results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// During a run: what would take long is left for later.
    Periodic,
    /// At the end. Results of a file that cannot be replaced because it is open (a spreadsheet on
    /// Windows) go to a file beside it.
    Final,
}

/// Writes the results of a snapshot to each of the configured paths, in the format of its
/// extension.
///
/// # Errors
/// Where the state cannot be read.
pub fn write_results(
    snapshot: &Snapshot,
    config: &ResultsConfig,
    run: Option<i64>,
    flush: Flush,
) -> Result<ResultsReport, StoreError> {
    let Header { columns, batch, .. } = snapshot.header()?;
    let run_lives = snapshot.is_live();
    let (max_images, shape) = (snapshot.most_images()?, &config.shape);
    let layout = Layout { columns: &columns, max_images, run_lives, batch: &batch, shape };
    let mut troubles = FailureGroups::default();
    snapshot.failed_tasks(|id, state, reason| troubles.add(id, state.shown(run_lives), reason))?;
    let spent = match (snapshot.spent(run)?, snapshot.spent(None)?) {
        (_, None) => None,
        (run, Some(all)) => Some((run.unwrap_or_default(), all)),
    };
    let counts = snapshot.counts()?;
    let (files, failed, beside, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut written = ResultsReport { counts, troubles, spent, files, failed, beside, notes };
    for path in &config.paths {
        let is_slow = ResultsFormat::of(path) == Some(ResultsFormat::Xlsx) && counts.total() > MOST_PERIODIC;
        if is_slow && flush == Flush::Periodic {
            continue;
        }
        let write = |path: &Path| output::write(path, &layout, snapshot.records());
        match write(path) {
            Ok(wrote) => written.add(path.clone(), wrote),
            Err(ResultsError::Record(e)) => return Err(e),
            Err(ResultsError::File(busy)) if busy.is_busy() && flush == Flush::Final => {
                let other = output::beside(path);
                match write(&other) {
                    Ok(wrote) => {
                        written.beside.push((other.clone(), busy.to_string()));
                        written.add(other, wrote);
                    }
                    Err(e) => written.failed.push(e.to_string()),
                }
            }
            Err(e) => written.failed.push(e.to_string()),
        }
    }
    Ok(written)
}

impl ResultsReport {
    fn add(&mut self, path: PathBuf, wrote: WriteStats) {
        self.notes.extend(wrote.notes.into_iter().map(|note| (path.clone(), note)));
        self.files.push(path);
    }
}
