//! The results of a run: files written from the state, at the end and now and then.

use std::path::{Path, PathBuf};

use crate::manifest::TableFormat;
use crate::output::{self, Format, Layout, WriteError, Wrote};
use crate::progress::FailureGroups;
use crate::store::{Header, Snapshot, StoreError};
use crate::task::{Counts, Quota};

/// A spreadsheet takes about fifteen times as long as a CSV: one of more tasks than this is written at the end alone.
const MOST_IN_BETWEEN: u64 = 5_000;

/// What was seen on the way through the records.
#[derive(Debug)]
pub struct Written {
    /// The tasks by status.
    pub counts: Counts,
    /// The tasks that ended badly.
    pub troubles: FailureGroups,
    /// What was spent, in the run that was asked for and in all.
    pub spent: Option<(Quota, Quota)>,
    /// Where the results went, in the order of the paths that were asked for.
    pub files: Vec<PathBuf>,
    /// Why some could not be written anywhere.
    pub failed: Vec<String>,
    /// The files that are not where they were asked for, but beside it, and why.
    pub beside: Vec<(PathBuf, String)>,
    /// What a person should know about a file.
    pub notes: Vec<(PathBuf, String)>,
}

/// The results that are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Where they go, each in the format of its ending; the first is the one that is named where one is.
    pub paths: Vec<PathBuf>,
    /// What tables look like.
    pub shape: TableFormat,
}

impl From<PathBuf> for Wanted {
    /// One file, as results are unless said otherwise.
    fn from(path: PathBuf) -> Wanted {
        Wanted { paths: vec![path], shape: TableFormat::default() }
    }
}

/// When results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// In the middle of a run: what would hold it up is left for later.
    Between,
    /// For good. A file that somebody holds open (a spreadsheet on Windows) cannot be replaced, and its results then go to
    /// a file beside it.
    AtTheEnd,
}

/// Writes the results of a state to each of the paths that are wanted, in the format of its name.
///
/// # Errors
/// Where the state cannot be read.
pub fn write_results(
    snapshot: &Snapshot,
    wanted: &Wanted,
    run: Option<i64>,
    when: When,
) -> Result<Written, StoreError> {
    let Header { columns, batch, .. } = snapshot.header()?;
    let run_lives = snapshot.is_live();
    let (max_images, shape) = (snapshot.most_images()?, &wanted.shape);
    let layout = Layout { columns: &columns, max_images, run_lives, batch: &batch, shape };
    let mut troubles = FailureGroups::default();
    snapshot.troubled(|id, state, reason| troubles.add(id, state.shown(run_lives), reason))?;
    let spent = match (snapshot.spent(run)?, snapshot.spent(None)?) {
        (_, None) => None,
        (run, Some(all)) => Some((run.unwrap_or_default(), all)),
    };
    let counts = snapshot.counts()?;
    let (files, failed, beside, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut written = Written { counts, troubles, spent, files, failed, beside, notes };
    for path in &wanted.paths {
        let is_slow = Format::of(path) == Some(Format::Xlsx) && counts.total() > MOST_IN_BETWEEN;
        if is_slow && when == When::Between {
            continue;
        }
        let write = |path: &Path| output::write(path, &layout, snapshot.records());
        match write(path) {
            Ok(wrote) => written.add(path.clone(), wrote),
            Err(WriteError::Record(e)) => return Err(e),
            Err(WriteError::File(busy)) if busy.is_busy() && when == When::AtTheEnd => {
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

impl Written {
    fn add(&mut self, path: PathBuf, wrote: Wrote) {
        self.notes.extend(wrote.notes.into_iter().map(|note| (path.clone(), note)));
        self.files.push(path);
    }
}
