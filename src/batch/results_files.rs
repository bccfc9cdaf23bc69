//! The files that a batch writes, and what stands in their places: nothing is replaced that is not
//! the batch's own, which is found before anything is spent.

use std::path::{Path, PathBuf};

use super::beginning::FirstRun;
use super::{Batch, BatchError};
use crate::manifest::TableFormat;
use crate::output::report;
use crate::runner::{PresentFile, layout, look_at};
use crate::store::{Header, StoreError, is_same_file};

/// Decisions that people typed into results, and that wait to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedDecisions {
    /// How many tasks they are about.
    pub tasks: u64,
    /// The results, which carry them out when they are run.
    pub table: PathBuf,
}

impl Batch {
    /// The files that a run writes, the state first; images are one, as they are named.
    ///
    /// # Errors
    /// [`BatchError::Manifest`].
    pub fn outputs(&mut self) -> Result<Vec<PathBuf>, BatchError> {
        self.check()?;
        let Some(loaded) = &self.manifest else { return Ok(Vec::new()) };
        let mut outputs = vec![PathBuf::from(self.store.location().to_string())];
        outputs.extend(self.files.results(&self.options.results, &loaded.cache.batch));
        // A template names them, or a folder.
        let images = match &self.options.images.folder {
            Some(said) => Some(PathBuf::from(said)),
            None => loaded.cache.images.template.as_ref().map(|written| self.path.with_file_name(written)),
        };
        outputs.extend(images);
        Ok(outputs)
    }

    /// Refuses to write results over somebody's files, but for those that the batch begins with.
    /// Gives the decisions in those that are results of this batch.
    pub(super) fn check_results(
        &self,
        paths: &[PathBuf],
        shape: &TableFormat,
        first_run: &FirstRun,
    ) -> Result<Option<TypedDecisions>, BatchError> {
        let snapshot = match self.store.snapshot() {
            Ok(snapshot) => Some(snapshot),
            Err(StoreError::Absent(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let header = match &snapshot {
            Some(snapshot) => snapshot.header()?,
            None => Header::default(),
        };
        let mut typed = None;
        let is_begun_with = |path: &Path| first_run.begins_with(path) || is_same_file(path, &self.path);
        for path in paths.iter().filter(|path| !is_begun_with(path)) {
            let cells = match look_at(path, &layout(&header, shape), snapshot.as_ref())? {
                PresentFile::Foreign(why) if !self.options.overwrite => {
                    return Err(BatchError::ForeignFile { path: path.clone(), why });
                }
                PresentFile::Edited(cells) => cells,
                PresentFile::Foreign(_) | PresentFile::Replaceable => Default::default(),
            };
            if let Some(snapshot) = &snapshot {
                let tasks = cells.due(snapshot)?;
                if tasks > typed.as_ref().map_or(0, |typed: &TypedDecisions| typed.tasks) {
                    typed = Some(TypedDecisions { tasks, table: path.clone() });
                }
            }
        }
        Ok(typed)
    }

    /// Refuses to write a report over a file that is none.
    pub(super) fn check_report(&self, out: &Path) -> Result<(), BatchError> {
        report::check(out).map_err(|e| BatchError::ReportFile(e.to_string()))?;
        if self.options.overwrite || report::may_replace(out) {
            Ok(())
        } else {
            Err(BatchError::NoReport(out.to_owned()))
        }
    }
}
