//! Writes the files of results from a snapshot of the state, at the end of a run and periodically.

use std::path::{Path, PathBuf};

use super::present_file::{PresentFile, look_at};
use super::returned_cells::ReturnedCells;
use crate::manifest::TableFormat;
use crate::output::{self, Layout, ResultsError, ResultsFormat, WriteStats};
use crate::progress::FailureGroups;
use crate::seeded_fault::{self, SeededFault};
use crate::store::{BatchStore, BatchWriter, Header, RunReader, Snapshot, StoreError, WrittenFile};
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
    /// Whether a file that is not results of this batch is replaced too.
    pub overwrite: bool,
}

impl From<PathBuf> for ResultsConfig {
    /// One file with the default columns.
    fn from(path: PathBuf) -> ResultsConfig {
        ResultsConfig { paths: vec![path], ..ResultsConfig::default() }
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

/// The state whose results are written.
#[derive(Debug)]
pub struct ResultsSource {
    store: BatchStore,
    /// The run that goes on in this process.
    run: Option<RunReader>,
}

impl ResultsSource {
    /// The state as anybody reads it.
    pub fn of(store: &BatchStore) -> ResultsSource {
        ResultsSource { store: store.clone(), run: None }
    }

    /// The state as the run reads it that writes it.
    pub(super) fn of_run(writer: &BatchWriter) -> ResultsSource {
        let store = BatchStore::at(writer.location().clone());
        ResultsSource { store, run: Some(writer.reader()) }
    }

    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        match &self.run {
            Some(run) => run.snapshot(),
            None => self.store.snapshot(),
        }
    }
}

/// Writes the results to each of the configured paths, in the format of its extension. What people
/// have written into the files that are replaced is kept before; a file of somebody is left alone.
///
/// # Errors
/// Where the state cannot be read, or what people have written not be kept.
pub fn write_results(
    source: &ResultsSource,
    config: &ResultsConfig,
    run: Option<i64>,
    flush: Flush,
) -> Result<ResultsReport, StoreError> {
    let foreign = take_back(source, config)?;
    let snapshot = source.snapshot()?;
    let header = snapshot.header()?;
    let run_lives = snapshot.is_live();
    let layout = Layout { max_images: snapshot.most_images()?, run_lives, ..layout(&header, &config.shape) };
    let mut troubles = FailureGroups::default();
    snapshot.failed_tasks(|id, state, reason| troubles.add(id, state.shown(run_lives), reason))?;
    let spent = match (snapshot.spent(run)?, snapshot.spent(None)?) {
        (_, None) => None,
        (run, Some(all)) => Some((run.unwrap_or_default(), all)),
    };
    let counts = snapshot.counts()?;
    let (files, failed, beside, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut written = ResultsReport { counts, troubles, spent, files, failed, beside, notes };
    let write = |path: &Path| {
        let placing = |hash| remember(&source.store, &header, path, hash);
        output::write_and(path, &layout, snapshot.records(), placing)
    };
    for path in &config.paths {
        let is_slow = ResultsFormat::of(path) == Some(ResultsFormat::Xlsx) && counts.total() > MOST_PERIODIC;
        if is_slow && flush == Flush::Periodic {
            continue;
        }
        let moved = match foreign.iter().find(|(other, _)| other == path) {
            Some(_) if flush == Flush::Periodic => continue,
            Some((_, why)) => why.clone(),
            None => match write(path) {
                Ok(wrote) => {
                    written.add(path.clone(), wrote);
                    continue;
                }
                Err(ResultsError::Record(e)) => return Err(e),
                Err(ResultsError::File(busy)) if busy.is_busy() && flush == Flush::Final => busy.to_string(),
                Err(e) => {
                    written.failed.push(e.to_string());
                    continue;
                }
            },
        };
        let other = output::beside(path);
        match look_at(&other, &layout, Some(&snapshot))? {
            PresentFile::Foreign(_) => written.failed.push(moved),
            _ => match write(&other) {
                Ok(wrote) => {
                    written.beside.push((other.clone(), moved));
                    written.add(other, wrote);
                }
                Err(e) => written.failed.push(e.to_string()),
            },
        }
    }
    Ok(written)
}

/// What the rows of a table have in common, as far as the header of the state says it.
pub fn layout<'a>(header: &'a Header, shape: &'a TableFormat) -> Layout<'a> {
    let Header { columns, batch, letters, added, .. } = header;
    let letters = letters.as_deref();
    Layout { columns, max_images: 0, run_lives: false, batch, letters, added, shape }
}

/// Keeps what people have written into the files that are to be replaced, and gives those that are
/// somebody's, with why. What was typed and is carried out by now is kept no longer.
fn take_back(source: &ResultsSource, config: &ResultsConfig) -> Result<Vec<(PathBuf, String)>, StoreError> {
    let mut foreign = Vec::new();
    for path in &config.paths {
        let snapshot = source.snapshot()?;
        let header = snapshot.header()?;
        let mut kept = ReturnedCells { added: header.added.clone(), changed: Vec::new() };
        match look_at(path, &layout(&header, &config.shape), Some(&snapshot))? {
            PresentFile::Replaceable => {}
            PresentFile::Edited(_) if seeded_fault::is_on(SeededFault::ResultsForgetCells) => {}
            PresentFile::Edited(cells) => kept = cells,
            PresentFile::Foreign(_) if config.overwrite => {}
            PresentFile::Foreign(why) => {
                foreign.push((path.clone(), format!("`{}` is left as it is: {why}", path.display())));
                continue;
            }
        }
        kept.end_decisions(&snapshot)?;
        drop(snapshot);
        if kept.added != header.added || !kept.changed.is_empty() {
            let letters = header.letters.as_deref().unwrap_or_default();
            source.store.keep_cells(letters, &kept.added, &kept.changed)?;
        }
    }
    Ok(foreign)
}

/// Remembers a file before it is in its place. One that is not remembered is known by its refs.
fn remember(store: &BatchStore, header: &Header, path: &Path, hash: [u8; 32]) {
    let file = WrittenFile { hash, added: header.added.clone() };
    let letters = header.letters.as_deref().unwrap_or_default();
    if let Err(error) = store.remember_file(letters, path, &file) {
        tracing::warn!(path = %path.display(), %error, "results are not remembered");
    }
}

impl ResultsReport {
    fn add(&mut self, path: PathBuf, wrote: WriteStats) {
        self.notes.extend(wrote.notes.into_iter().map(|note| (path.clone(), note)));
        self.files.push(path);
    }
}
