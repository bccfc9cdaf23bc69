//! The results and the report, written again from the state, also while it runs.

use std::path::{Path, PathBuf};

use super::beginning::FirstRun;
use super::loaded::LoadedManifest;
use super::{Batch, BatchError};
use crate::manifest::{BatchSettings, TableFormat};
use crate::output::{self, ResultsError};
use crate::runner::{
    Flush, ReportConfig, ResultsConfig, ResultsReport, ResultsSource, write_report, write_results,
};
use crate::task::Counts;

impl Batch {
    /// Writes the results once more, from the state.
    ///
    /// # Errors
    /// [`BatchError::NeverRun`], [`BatchError::Overwrites`], [`BatchError::ForeignFile`],
    /// [`BatchError::Results`], [`BatchError::Manifest`], [`BatchError::Store`]. A file that could
    /// not be written is in what is given, among the others.
    pub fn results(&mut self) -> Result<ResultsReport, BatchError> {
        // A table says nothing about results, and one of a million rows takes its time.
        let asks_manifest = self.options.results.is_empty()
            || self.options.overwrite
            || self.options.columns.is_none() && !is_table(&self.path);
        let (batch, said, data): (BatchSettings, TableFormat, Vec<PathBuf>) = if asks_manifest {
            let cache = self.check()?.cache();
            let data = self.files.data(&cache);
            (cache.batch, cache.output, data)
        } else {
            Default::default()
        };
        let paths = self.files.results(&self.options.results, &batch);
        self.files.check(&paths, &data)?;
        let (shape, overwrite) = (self.options.table_format(&said), self.options.overwrite);
        drop(self.snapshot()?); // there is a state
        for path in &paths {
            output::check(path).map_err(|e| BatchError::Results(e.to_string()))?;
        }
        self.check_results(&paths, &shape, &FirstRun::default())?;
        let wanted = ResultsConfig { paths, shape, overwrite };
        let source = ResultsSource::of(&self.store);
        Ok(write_results(&source, &wanted, None, Flush::Final)?)
    }

    /// Writes the page of all images to `out`, or beside the manifest, and gives where it is and
    /// how many tasks have each status. `next` makes the command that runs the file which picks are
    /// saved to.
    ///
    /// # Errors
    /// [`BatchError::NeverRun`], [`BatchError::Overwrites`], [`BatchError::NoReport`] where
    /// it would replace another file, [`BatchError::ReportFile`] where the file cannot be written,
    /// [`BatchError::Store`].
    pub fn report(
        &self,
        out: Option<&Path>,
        next: impl FnOnce(&Path) -> String,
    ) -> Result<(PathBuf, Counts), BatchError> {
        let out = out.map_or_else(|| self.file_named("report.html"), Path::to_owned);
        // What the manifest reads is no report, and is safe unless that does not count.
        let data = match self.options.overwrite {
            true => self.files.data(&LoadedManifest::read(&self.path, &self.options)?.cache),
            false => Vec::new(),
        };
        self.files.check_report(&out, &self.files.results(&[], &Default::default()), &data)?;
        self.check_report(&out)?;
        let picks = self.file_named("picks.csv");
        let wanted = ReportConfig {
            picks: picks.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            next: next(&picks),
        };
        let snapshot = self.snapshot()?;
        let base_dir = self.store.location().base_dir();
        match write_report(&snapshot, &base_dir, &out, wanted) {
            Ok(counts) => Ok((out, counts)),
            Err(ResultsError::Record(error)) => Err(error.into()),
            Err(other) => Err(BatchError::NotWritten(other.to_string())),
        }
    }
}

fn is_table(manifest: &Path) -> bool {
    let ending = manifest.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["csv", "tsv"].iter().any(|table| ending.eq_ignore_ascii_case(table))
}
