//! A table that the program wrote, with the decisions that a person typed into it: results, or the
//! picks that the report saves. It is a list of decisions about its batch, and never a manifest.
//!
//! [`DecisionTable::open`] finds the batch by the table's refs and checks everything before
//! anything is recorded. [`run`](DecisionTable::run) records the decisions and carries out those,
//! and nothing else, with the settings of the batch's manifest, which is not taken up anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::files::Files;
use super::{Batch, BatchError, Options, Run, Service, policy, tables};
use crate::diagnostic::{Diagnostic, Problems, close_name, quoted};
use crate::output::{ReturnedRow, ReturnedTable};
use crate::plan::{SeenTask, fingerprint_of};
use crate::store::{BatchStore, DecidedTask, RowDecision, Snapshot, StateLocation, is_same_file};
use crate::task::{Counts, Decision, ModeCounts, Prices, RowRef, Status};

/// What every error of a table means for its batch.
const CONSEQUENCE: &str = "nothing was submitted, and no decision was recorded";

/// A table with decisions, and the batch that they are about.
#[derive(Debug)]
pub struct DecisionTable {
    path: PathBuf,
    batch: Batch,
    rows: Vec<RowDecision>,
}

/// What would become of the decisions of a table, and what else there is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecisionPlan {
    /// What would become of each decision, in the order of the rows.
    pub decided: Vec<DecidedTask>,
    /// The tasks that a run of the table would submit, those of earlier decisions included.
    pub to_submit: ModeCounts,
    /// How many of them are due because of earlier decisions that were not carried out yet.
    pub due: u64,
    /// What a job costs.
    pub prices: Prices,
    /// How many tasks have each status now.
    pub counts: Counts,
}

impl DecisionTable {
    /// Opens the table at `path` with its batch, and checks it as a whole. `None` where the program
    /// did not write the file, which then is a manifest.
    ///
    /// # Errors
    /// [`BatchError::Table`], with everything that is wrong with the table;
    /// [`BatchError::RefsGone`], [`BatchError::NoStateOfTable`],
    /// [`BatchError::SeveralStatesOfTable`], [`BatchError::OtherTable`],
    /// [`BatchError::ManifestGone`]; and what is wrong with the manifest or the state.
    pub fn open(path: &Path, options: Options) -> Result<Option<DecisionTable>, BatchError> {
        let Some(table) = tables::read(path)? else { return Ok(None) };
        let (letters, problems) = batch_letters(&table).map_err(BatchError::Table)?;
        let (manifest, options) = find_batch(path, &letters, options)?;
        let batch = Batch::open(manifest, options)?;
        let rows = TableCheck { table: &table, batch: &batch, problems }.rows()?;
        Ok(Some(DecisionTable { path: path.to_owned(), batch, rows }))
    }

    /// The table's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The batch that the decisions are about.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Sets the commands that the run's summary names.
    pub fn set_hints(&mut self, hints: super::CommandHints) {
        self.batch.options.hints = hints;
    }

    /// What would become of the decisions now. Nothing is changed.
    ///
    /// # Errors
    /// Whatever is wrong with manifest, options or state.
    pub fn plan(&mut self) -> Result<DecisionPlan, BatchError> {
        let prices = policy::merged_prices(self.batch.options.prices, self.batch.settings()?.prices);
        let snapshot = self.batch.snapshot()?;
        let (decided, to_submit, due) = snapshot.plan_decisions(&self.rows)?;
        Ok(DecisionPlan { decided, to_submit, due, prices, counts: snapshot.counts()? })
    }

    /// Records the decisions, and runs what is decided and nothing else. Gives what became of each
    /// decision, and the run. It must be called within a tokio runtime.
    ///
    /// # Errors
    /// Whatever is wrong with options, manifest, state or service, found before anything is
    /// recorded or submitted.
    pub async fn run(&mut self, service: Service) -> Result<(Vec<DecidedTask>, Run), BatchError> {
        if self.batch.options.pilot {
            return Err(BatchError::PilotOfTable);
        }
        self.batch.run_decided(service, &self.rows).await
    }
}

/// The letters of the one batch that the refs name, and what is wrong with single refs.
fn batch_letters(table: &ReturnedTable) -> Result<(String, Problems), Problems> {
    let mut problems = Problems::default();
    let mut first: Option<(&RowRef, &ReturnedRow)> = None;
    let mut is_of_one = true;
    for row in &table.rows {
        let place = || table.place(row, &row.ref_text);
        match (&row.row_ref, first) {
            (None, _) if row.ref_text.is_empty() => problems.push(
                Diagnostic::error(format!("the row of {} has no `ref`", quoted(&row.id)))
                    .at(table.place(row, &row.id), "")
                    .help("restore the cell from a copy of the table, remove the row, or write the table again with `mjbatch results`; new tasks are added to the manifest"),
            ),
            (None, _) => problems.push(
                Diagnostic::error(format!("{} is not a ref that mjbatch wrote", quoted(&row.ref_text)))
                    .at(place(), "")
                    .help("restore the cell from a copy of the table, or remove the row"),
            ),
            (Some(row_ref), None) => first = Some((row_ref, row)),
            (Some(row_ref), Some((batch, other))) if row_ref.batch != batch.batch => {
                is_of_one = false;
                problems.push(
                    Diagnostic::error("the table has rows of two batches")
                        .at(place(), "of this one")
                        .at(table.place(other, &other.ref_text), "and of this one")
                        .help("put the rows of each batch into a table of their own"),
                );
            }
            (Some(_), Some(_)) => {}
        }
    }
    match first {
        Some((row_ref, _)) if is_of_one => Ok((row_ref.batch.clone(), problems)),
        _ => {
            problems.set_consequence(CONSEQUENCE);
            Err(problems)
        }
    }
}

/// The manifest of the batch with these letters, and the options with its state.
fn find_batch(table: &Path, letters: &str, options: Options) -> Result<(PathBuf, Options), BatchError> {
    if let Some(state) = options.state.clone() {
        let header = BatchStore::at(state.clone()).snapshot().map_err(BatchError::of_existing)?.header()?;
        if header.letters.as_deref() != Some(letters) {
            return Err(BatchError::OtherTable { table: table.to_owned(), state });
        }
        let manifest =
            header.manifest_path.ok_or_else(|| BatchError::ManifestGone { state, manifest: None })?;
        return Ok((existing(shortened(manifest, table), options.state.as_ref())?, options));
    }
    let folder = table.parent().unwrap_or(Path::new(""));
    let mut found = BatchStore::found_in(folder);
    found.retain(|state| state.letters.as_deref() == Some(letters));
    let mut states: Vec<(StateLocation, Option<PathBuf>, bool)> = found
        .into_iter()
        .map(|state| {
            let named = || state.manifest_file.as_ref().map(|name| folder.join(name));
            let manifest = state.manifest_path.or_else(named).map(|path| shortened(path, table));
            let is_default = manifest.as_ref().is_some_and(|manifest| {
                Files::of(manifest, &Options { state: None, ..options.clone() })
                    .store()
                    .location()
                    .is_same(&state.location)
            });
            (state.location, manifest, is_default)
        })
        .collect();
    // Of a state and its copies, the one that a run of the manifest would use.
    if states.iter().filter(|(.., is_default)| *is_default).count() == 1 {
        states.retain(|(.., is_default)| *is_default);
    }
    match <[_; 1]>::try_from(states) {
        Ok([(state, manifest, is_default)]) => {
            let Some(manifest) = manifest else { return Err(BatchError::ManifestGone { state, manifest }) };
            let manifest = existing(manifest, Some(&state))?;
            let state = if is_default { None } else { Some(state) };
            Ok((manifest, Options { state, ..options }))
        }
        Err(states) if states.is_empty() => Err(BatchError::NoStateOfTable(table.to_owned())),
        Err(states) => Err(BatchError::SeveralStatesOfTable {
            table: table.to_owned(),
            states: states.into_iter().map(|(state, ..)| state).collect(),
        }),
    }
}

/// The path as a person would write it who is where the table is.
fn shortened(manifest: PathBuf, table: &Path) -> PathBuf {
    let folder = table.parent().unwrap_or(Path::new(""));
    match manifest.file_name() {
        Some(name) if is_same_file(&manifest, &folder.join(name)) => folder.join(name),
        _ => manifest,
    }
}

fn existing(manifest: PathBuf, state: Option<&StateLocation>) -> Result<PathBuf, BatchError> {
    match (manifest.exists(), state) {
        (true, _) | (false, None) => Ok(manifest),
        (false, Some(state)) => {
            Err(BatchError::ManifestGone { state: state.clone(), manifest: Some(manifest) })
        }
    }
}

/// A table while its rows are checked against the state.
struct TableCheck<'t> {
    table: &'t ReturnedTable,
    batch: &'t Batch,
    problems: Problems,
}

/// What the rows of a task decide.
#[derive(Default)]
struct TaskRows<'t> {
    decision: Option<(Decision, &'t ReturnedRow)>,
    /// The picks of each row that has some.
    picks: Vec<(Vec<u16>, &'t ReturnedRow)>,
}

impl<'t> TableCheck<'t> {
    /// The decisions of the table, in the order of its rows.
    fn rows(mut self) -> Result<Vec<RowDecision>, BatchError> {
        let snapshot = self.batch.snapshot()?;
        let mut decisions: Vec<RowDecision> = Vec::new();
        // Rows of one task with one ref, as those of its images, decide together.
        let mut by_ref: HashMap<&RowRef, usize> = HashMap::new();
        let mut of_refs: Vec<TaskRows<'t>> = Vec::new();
        let mut by_task: HashMap<i64, (Decision, &ReturnedRow)> = HashMap::new();
        for row in &self.table.rows {
            let Some(row_ref) = &row.row_ref else { continue };
            self.check_prompt(row, row_ref, &snapshot)?;
            let decision = self.decision(row);
            if let Some(decision) = decision
                && let (first, other) = *by_task.entry(row_ref.task.0).or_insert((decision, row))
                && first != decision
            {
                self.contradiction(row, other);
            }
            let at = *by_ref.entry(row_ref).or_insert_with(|| {
                let status = Status::ALL.into_iter().find(|status| row.status == status.as_str());
                let seen = SeenTask { attempts: row_ref.attempts, status };
                decisions.push(RowDecision { task: row_ref.task, seen, decision: None, picks: None });
                of_refs.push(TaskRows::default());
                decisions.len() - 1
            });
            let Some(task) = of_refs.get_mut(at) else { continue };
            task.decision = task.decision.or(decision.map(|decision| (decision, row)));
            match row.picks() {
                Ok(picks) => task.picks.extend(picks.map(|picks| (picks, row))),
                Err(error) => self.problems.push(
                    Diagnostic::error(error.to_string())
                        .at(self.table.place(row, &row.pick), "expected numbers as in `1 3`, or `none`"),
                ),
            }
        }
        for (row, task) in decisions.iter_mut().zip(of_refs) {
            row.decision = task.decision.map(|(decision, _)| decision);
            row.picks = self.picks(row, &task.picks, &snapshot)?;
        }
        decisions.retain(|row| row.decision.is_some() || row.picks.is_some());
        if self.problems.is_empty() {
            Ok(decisions)
        } else {
            self.problems.sort();
            self.problems.set_consequence(CONSEQUENCE);
            Err(BatchError::Table(self.problems))
        }
    }

    /// Refuses a row whose task the state does not have, or has with another prompt.
    fn check_prompt(
        &mut self,
        row: &ReturnedRow,
        row_ref: &RowRef,
        snapshot: &Snapshot,
    ) -> Result<(), BatchError> {
        let Some(task) = snapshot.returned_task(row_ref.task)? else {
            self.problems.push(
                Diagnostic::error(format!("the state has no task of the ref {}", quoted(&row.ref_text)))
                    .at(self.table.place(row, &row.ref_text), "")
                    .note(format!("the state is {}", self.batch.store.location()))
                    .help(
                        "the table is newer than the state, which may be an old copy: restore the newest one",
                    ),
            );
            return Ok(());
        };
        if self.table.has_prompts && fingerprint_of(&row.prompt) != task.fingerprint {
            let manifest = self.batch.path.display().to_string();
            self.problems.push(
                Diagnostic::error(format!("the prompt of {} is not the one that the state has", quoted(&row.id)))
                    .at(self.table.place(row, &row.prompt), "edited here, or the `ref` is another row's")
                    .note(format!("the state has: {}", quoted(&task.prompt)))
                    .help(format!("a table only decides about tasks: edit prompts in {manifest}, which makes new ones, and undo the edit here")),
            );
        }
        Ok(())
    }

    fn decision(&mut self, row: &ReturnedRow) -> Option<Decision> {
        if row.action.is_empty() {
            return None;
        }
        let decision = Decision::from_word(&row.action);
        if decision.is_none() {
            let place = self.table.place(row, &row.action);
            let found = Diagnostic::error(format!("{} is not an action", quoted(&row.action)))
                .at(place, "expected `redo`, `skip`, `make` or nothing");
            let close = close_name(&row.action, Decision::ALL.map(Decision::as_str));
            self.problems.push(match close {
                Some(close) => found.help(format!("did you mean `{close}`?")),
                None => found,
            });
        }
        decision
    }

    fn contradiction(&mut self, row: &ReturnedRow, other: &ReturnedRow) {
        self.problems.push(
            Diagnostic::error(format!("two rows decide differently about {}", quoted(&row.id)))
                .at(self.table.place(row, &row.action), "here")
                .at(self.table.place(other, &other.action), "and here")
                .help("remove one of them"),
        );
    }

    /// The picks of a task, out of its rows.
    fn picks(
        &mut self,
        decided: &RowDecision,
        picks: &[(Vec<u16>, &ReturnedRow)],
        snapshot: &Snapshot,
    ) -> Result<Option<Vec<u16>>, BatchError> {
        let Some((_, row)) = picks.first() else { return Ok(None) };
        let task = snapshot.returned_task(decided.task)?;
        // In a table with a row per image each of them may pick its own.
        let is_own = |(picks, row): &(Vec<u16>, &ReturnedRow)| row.image.is_some_and(|n| *picks == [n]);
        let mut picked = if picks.iter().all(is_own) {
            picks.iter().flat_map(|(picks, _)| picks.clone()).collect()
        } else {
            // A cell that says what is kept already is not what was typed.
            let kept = task.as_ref().map(|task| &task.picks);
            let mut typed = picks.iter().filter(|(picks, _)| Some(picks) != kept);
            let (typed_first, at) = typed.next().unwrap_or(&picks[0]);
            if let Some((_, other)) = typed.find(|(picks, _)| picks != typed_first) {
                self.problems.push(
                    Diagnostic::error(format!("two rows pick different images of {}", quoted(&other.id)))
                        .at(self.table.place(other, &other.pick), "here")
                        .at(self.table.place(at, &at.pick), "and here")
                        .help("clear one of them"),
                );
            }
            typed_first.clone()
        };
        picked.sort_unstable();
        picked.dedup();
        let Some(task) = task else { return Ok(Some(picked)) };
        let is_gone = |n: &&u16| usize::from(**n) > task.images;
        // Picks that the state has are not typed: their images may be those of before a redo.
        if task.attempts == decided.seen.attempts
            && picked != task.picks
            && let Some(n) = picked.iter().find(is_gone)
        {
            let has = match task.images {
                0 => "has no images".to_owned(),
                images => format!("has {images} images"),
            };
            self.problems.push(
                Diagnostic::error(format!("there is no image {n} of {}, which {has}", quoted(&row.id)))
                    .at(self.table.place(row, &row.pick), ""),
            );
        }
        Ok(Some(picked))
    }
}
