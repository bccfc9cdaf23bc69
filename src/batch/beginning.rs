//! How a run begins a batch that has no state yet, though money may have been spent on it.
//!
//! A state that was deleted, a manifest that was renamed or is reached by a symlink, a `--state`
//! that was given once and not the next time: each time a run would find nothing, and would pay for
//! everything again. So before it makes a state it looks for what such a batch leaves behind:
//! results with taskIds where it would write its own, and states that were made from this manifest
//! under another name. Where there is any, a person says how to begin.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

use super::service::SANDBOX;
use super::{Batch, BatchError, Beginning, EarlierTraces, SameManifest, Service};
use crate::manifest::Manifest;
use crate::output::read_earlier;
use crate::plan::{EarlierRow, TakeOver, fingerprint};
use crate::seeded_fault::{self, SeededFault};
use crate::store::{BatchStore, FoundState, StateLocation, is_same_file};
use crate::task::{Fingerprint, State};

/// What a batch that has no state yet begins with; nothing where it has one.
#[derive(Debug, Default)]
pub(super) struct FirstRun {
    /// The results that get another name first.
    put_aside: Vec<PathBuf>,
    /// The rows of results that are taken over.
    pub(super) take_over: Option<TakeOver>,
    /// The results that these are from.
    pub(super) results: Vec<PathBuf>,
}

impl FirstRun {
    /// Whether the batch begins with this file: it is put aside, or taken over.
    pub(super) fn begins_with(&self, file: &Path) -> bool {
        self.put_aside.iter().chain(&self.results).any(|path| path == file)
    }

    /// Gives the results of an earlier run another name, with the date.
    pub(super) fn put_aside(&self) -> Result<(), BatchError> {
        self.put_aside.iter().try_for_each(|path| {
            put_aside(path, &ZonedDateTime::now().date().to_string())
                .map_err(|source| BatchError::NotPutAside { path: path.clone(), source })
        })
    }
}

impl Batch {
    /// What shows that the batch was run before, though it has no state. `None` where it has one,
    /// or nothing shows that.
    ///
    /// # Errors
    /// Those of [`check`](Batch::check).
    pub fn earlier_traces(&mut self) -> Result<Option<EarlierTraces>, BatchError> {
        let manifest = self.check()?;
        let batch = manifest.batch.clone();
        let results = self.files.results(&self.options.results, &batch);
        match self.manifest.as_ref().and_then(|loaded| loaded.whole.as_ref()) {
            Some(manifest) if !self.store.has_tasks() => {
                Ok(self.traces(manifest, &read(&results, false)?, None))
            }
            _ => Ok(None),
        }
    }

    /// What the batch begins with, where it has no state yet. `service` is the one that it is to be
    /// run with, if that is known.
    pub(super) fn first_run(
        &self,
        results: &[PathBuf],
        service: Option<&Service>,
    ) -> Result<FirstRun, BatchError> {
        let beginning = self.options.beginning;
        let Some(manifest) = self.manifest.as_ref().and_then(|loaded| loaded.whole.as_ref()) else {
            // It was kept in the state.
            return self.continued();
        };
        if self.store.has_tasks() {
            return self.continued();
        }
        if beginning == Beginning::Fresh {
            let put_aside = results.iter().filter(|path| path.is_file()).cloned().collect();
            return Ok(FirstRun { put_aside, ..FirstRun::default() });
        }
        let tables = read(results, beginning == Beginning::TakeOver)?;
        let traces = self.traces(manifest, &tables, service);
        let traces = traces.filter(|_| !seeded_fault::is_on(SeededFault::BegunAnew));
        match (beginning, traces) {
            (Beginning::TakeOver, traces) if traces.as_ref().is_none_or(|it| it.states.is_empty()) => {
                self.refuse_rows_of_sandbox(&tables, service)?;
                let rows = joined(tables);
                let take_over = TakeOver::matching(manifest.tasks(), rows);
                if take_over.taken() == 0 {
                    return Err(BatchError::NothingToTakeOver {
                        results: results.to_owned(),
                        rows: take_over.unmatched().count() as u64,
                    });
                }
                let results = results.iter().filter(|path| path.exists()).cloned().collect();
                Ok(FirstRun { take_over: Some(take_over), results, ..FirstRun::default() })
            }
            (_, Some(traces)) => Err(BatchError::RunBefore(Box::new(traces))),
            (_, None) => Ok(FirstRun::default()),
        }
    }

    /// A batch that has a state goes on with it, however it was to begin; but it does not begin
    /// anew.
    fn continued(&self) -> Result<FirstRun, BatchError> {
        match self.options.beginning {
            Beginning::Fresh => Err(BatchError::HasBegun(self.store.location().clone())),
            Beginning::IfNew | Beginning::TakeOver => Ok(FirstRun::default()),
        }
    }

    fn traces(
        &self,
        manifest: &Manifest,
        tables: &[(PathBuf, Vec<EarlierRow>)],
        service: Option<&Service>,
    ) -> Option<EarlierTraces> {
        let is_real = service.is_some_and(|service| !service.is_local());
        let is_of_sandbox = self.options.is_sandbox_id.filter(|_| is_real);
        let is_spent = |row: &&EarlierRow| match (&row.earlier.task_id, is_of_sandbox) {
            (Some(task_id), Some(is_of_sandbox)) => !is_of_sandbox(task_id),
            (Some(_), None) => true,
            (None, _) => row.earlier.state == State::Unknown,
        };
        let results =
            tables.iter().map(|(path, rows)| (path.clone(), rows.iter().filter(is_spent).count() as u64));
        let results: Vec<_> = results.filter(|(_, tasks)| *tasks > 0).collect();
        let states = self.states_of_this(manifest, service);
        let state = self.store.location().clone();
        (!results.is_empty() || !states.is_empty()).then_some(EarlierTraces { state, results, states })
    }

    /// The states beside the manifest, and where the batch would have its own, that were made from
    /// this manifest under another name.
    fn states_of_this(
        &self,
        manifest: &Manifest,
        service: Option<&Service>,
    ) -> Vec<(StateLocation, SameManifest)> {
        let own = self.store.location();
        let folders = [own.base_dir(), self.path.with_file_name("")];
        let folders = if is_same_file(&folders[0], &folders[1]) { &folders[..1] } else { &folders };
        let found = folders.iter().flat_map(|folder| BatchStore::found_in(folder));
        let mut fingerprints: Option<HashSet<Fingerprint>> = None;
        let mut same = Vec::new();
        for state in found {
            let is_of_service = match service {
                Some(service) => state.service == service.identity,
                None => (state.service == SANDBOX) == self.options.sandbox,
            };
            if !is_of_service || own.is_same(&state.location) {
                continue;
            }
            if state.manifest_hash == Some(manifest.hash) {
                same.push((state.location, SameManifest::SameContent));
                continue;
            }
            let Some(how) = self.may_be_of_this(&state) else { continue };
            let fingerprints =
                fingerprints.get_or_insert_with(|| manifest.tasks().map(|task| fingerprint(&task)).collect());
            let store = BatchStore::at(state.location.clone());
            if store.has_prompt(|prompt| fingerprints.contains(&prompt)) {
                same.push((state.location, how));
            }
        }
        same
    }

    /// Whether the manifest of a state may be this one, edited since: its file is gone, or is this
    /// one.
    fn may_be_of_this(&self, state: &FoundState) -> Option<SameManifest> {
        let name = state.manifest_file.clone()?;
        let path = match &state.manifest_path {
            Some(path) => path.clone(),
            None => state.location.base_dir().join(&name),
        };
        match path.exists() {
            false => Some(SameManifest::Gone(name)),
            true => is_same_file(&path, &self.path).then_some(SameManifest::SameFile),
        }
    }

    /// What a sandbox made passes for nothing that a real service did.
    fn refuse_rows_of_sandbox(
        &self,
        tables: &[(PathBuf, Vec<EarlierRow>)],
        service: Option<&Service>,
    ) -> Result<(), BatchError> {
        let Some(is_of_sandbox) = self.options.is_sandbox_id else { return Ok(()) };
        if service.is_none_or(Service::is_local) {
            return Ok(());
        }
        for (path, rows) in tables {
            if let Some(row) = rows.iter().find(|row| row.earlier.task_id.as_ref().is_some_and(is_of_sandbox))
            {
                return Err(BatchError::SandboxResults {
                    manifest: path.clone(),
                    task: Some(row.id.clone()),
                });
            }
        }
        Ok(())
    }
}

/// What the results that are there say. Where they are to be taken over, each must be whole.
fn read(results: &[PathBuf], must_be_whole: bool) -> Result<Vec<(PathBuf, Vec<EarlierRow>)>, BatchError> {
    let mut tables = Vec::new();
    for path in results.iter().filter(|path| path.is_file()) {
        match read_earlier(path) {
            Ok(earlier) => tables.push((path.clone(), earlier.rows)),
            Err(problems) if must_be_whole => return Err(BatchError::Manifest(problems)),
            // Whether it may be replaced is found out by who would replace it.
            Err(_) => {}
        }
    }
    Ok(tables)
}

/// The rows of all results, each once: several formats of one run say the same.
fn joined(tables: Vec<(PathBuf, Vec<EarlierRow>)>) -> Vec<EarlierRow> {
    let mut places = HashMap::new();
    let mut rows: Vec<EarlierRow> = Vec::new();
    for row in tables.into_iter().flat_map(|(_, rows)| rows) {
        let key = (row.id.clone(), row.prompt.clone(), row.earlier.task_id.clone());
        match places.get(&key) {
            None => {
                places.insert(key, rows.len());
                rows.push(row);
            }
            Some(place) if row.earlier.state == State::Done => {
                let known: &mut EarlierRow = &mut rows[*place];
                if known.earlier.state != State::Done {
                    *known = row;
                }
            }
            Some(_) => {}
        }
    }
    rows
}

/// Gives a file a name with the date, as in `spring.results.2026-11-26.csv`, that no other has.
fn put_aside(path: &Path, date: &str) -> io::Result<()> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let mut n = 1;
    loop {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let name = path.with_file_name(format!("{stem}.{date}{number}{ending}"));
        match rename_new(path, &name) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => n += 1,
            renamed => return renamed,
        }
    }
}

/// Renames a file, unless something has that name already.
fn rename_new(path: &Path, name: &Path) -> io::Result<()> {
    match std::fs::hard_link(path, name) {
        Ok(()) => std::fs::remove_file(path),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        // Where a file cannot have two names.
        Err(_) if std::fs::symlink_metadata(name).is_err() => std::fs::rename(path, name),
        Err(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}
