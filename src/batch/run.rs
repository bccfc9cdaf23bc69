//! A run of a batch: everything that can be wrong is checked before anything is spent; then events,
//! a way to stop it, and an outcome.

use jiff::ZonedDateTime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::beginning::FirstRun;
use super::holder::holder_description;
use super::loaded::{LoadedManifest, image_names};
use super::plan::{PlanWarning, renamed_warning, taken_over_warning, warning};
use super::{
    Batch, BatchError, BatchPolicy, CallbackOptions, Service, changes, files, hooks, images, selection,
};
use crate::api::CallbackListener;
use crate::output;
use crate::plan::{self, DecisionOutcome, NoEffect, Selection};
use crate::progress::{RunEvent, RunProgress, Sink};
use crate::runner::{self, Outcome, Signal, shutdown};
use crate::seeded_fault::{self, SeededFault};
use crate::store::{BatchStore, DecidedTask, HeldStore, ManifestRef, RowDecision, StoreError};
use crate::task::{Decision, Prices, TaskId, TaskMode, TaskRow};

/// A run that goes on, whether or not its events are read.
#[derive(Debug)]
pub struct Run {
    events: UnboundedReceiver<(Option<RunEvent>, RunProgress)>,
    running: JoinHandle<Result<Outcome, StoreError>>,
    stop: StopHandle,
    warnings: Vec<PlanWarning>,
    /// Where the state is, and the tasks that were decided about, where the run is about those.
    decided: Option<(BatchStore, Vec<TaskRow>)>,
}

/// Stops a run: the first time it submits nothing more and follows what runs, the second time it
/// leaves at once; resumable both times.
#[derive(Debug, Clone)]
pub struct StopHandle(UnboundedSender<Signal>);

impl StopHandle {
    /// Asks the run to stop. No job is canceled: the service has no way to.
    pub fn stop(&self, signal: Signal) {
        let _ = self.0.send(signal);
    }
}

impl Run {
    /// What should be known before the first event.
    pub fn warnings(&self) -> &[PlanWarning] {
        &self.warnings
    }

    /// The next event, with how the batch stands; no event where only time has passed. `None` once
    /// the run has ended.
    pub async fn next(&mut self) -> Option<(Option<RunEvent>, RunProgress)> {
        self.events.recv().await
    }

    /// A way to stop it from elsewhere.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// How it ended, once it has. Of a run of decisions, the tasks are those that were to be made.
    ///
    /// # Errors
    /// [`BatchError::Internal`] where the state could not be read at the end: what was submitted is
    /// in it.
    pub async fn outcome(self) -> Result<Outcome, BatchError> {
        let Run { events, running, decided, .. } = self;
        drop(events); // nobody reads them any more; the run goes on
        let internal = |e: StoreError| BatchError::Internal(e.to_string());
        let outcome = running.await.map_err(|e| BatchError::Internal(e.to_string()))?.map_err(internal)?;
        let Some((store, tasks)) = decided else { return Ok(outcome) };
        let counts = store.snapshot().and_then(|snapshot| snapshot.counts_of(&tasks)).map_err(internal)?;
        Ok(Outcome { counts, ..outcome })
    }
}

/// Sends what a run shows to whoever reads its events.
struct EventSender(UnboundedSender<(Option<RunEvent>, RunProgress)>);

impl Sink for EventSender {
    fn event(&mut self, event: &RunEvent, progress: &RunProgress) {
        let _ = self.0.send((Some(event.clone()), *progress));
    }

    fn tick(&mut self, progress: &RunProgress) {
        let _ = self.0.send((None, *progress));
    }
}

impl Batch {
    /// Runs the batch against a service, to its end or to where it has to stop. It must be called
    /// within a tokio runtime, on which the run then goes on.
    ///
    /// # Errors
    /// Whatever is wrong with options, manifest, state or service, found before anything is
    /// submitted.
    pub async fn run(&mut self, service: Service) -> Result<Run, BatchError> {
        Ok(self.run_some(service, None).await?.1)
    }

    /// Records decisions, and runs what is decided and nothing else. The tasks stay as the state
    /// lists them.
    pub(super) async fn run_decided(
        &mut self,
        service: Service,
        decisions: &[RowDecision],
    ) -> Result<(Vec<DecidedTask>, Run), BatchError> {
        self.run_some(service, Some(decisions)).await
    }

    async fn run_some(
        &mut self,
        service: Service,
        decisions: Option<&[RowDecision]>,
    ) -> Result<(Vec<DecidedTask>, Run), BatchError> {
        let mut checked = self.check_run()?;
        checked.selection.decided = decisions.is_some() && !seeded_fault::is_on(SeededFault::TableBuysAll);
        let webhook = match self.options.callbacks.clone() {
            Some(callbacks) => Some(listen(callbacks).await?),
            None => None,
        };
        let cache = &self.loaded()?.cache;
        let images = checked.destination.map(|destination| {
            images::config(destination, cache, service.address.clone(), &self.store, &self.options)
        });
        let images = images.transpose()?;
        let policy = checked.policy;
        let mut renamed = Vec::new();
        let first_run = self.first_run(&checked.results, Some(&service))?;
        let shape = self.options.table_format(&self.loaded()?.cache.output);
        let typed = self.check_results(&checked.results, &shape, &first_run)?;
        let mut store = match decisions {
            None => {
                self.take_up(&service, (&checked.selection, &first_run), &policy.prices(), &mut renamed)?
            }
            Some(_) => self.store.open(&service.identity, &holder_description())?,
        };
        if policy.budget.is_some()
            && let Some(mode) = store.unpriced(&policy.prices())?.first()
        {
            return Err(BatchError::NoPrice(*mode));
        }
        let (decided, to_make) = match decisions {
            None => (Vec::new(), None),
            Some(rows) => {
                let decided = store.record_decisions(rows)?;
                let to_make = to_make(&decided, store.decided_tasks()?);
                (decided, Some((self.store.clone(), to_make)))
            }
        };
        let cache = &self.loaded()?.cache;
        // What ends from now on is delivered to the hooks that the manifest has.
        store.set_notify_on(checked.hooks.notify_on)?;
        if self.options.deliver_all {
            store.enqueue_all_done()?;
        }
        let (start, writer) = store.begin_with(policy.prices(), policy.engine.budget, &checked.selection)?;
        let auto = start.backlog.tasks.of(TaskMode::Auto);
        // Those of the table that is run are carried out.
        let typed = typed.filter(|_| decisions.is_none()).map(PlanWarning::TypedDecisions);
        let warnings = taken_over_warning(&first_run).into_iter().chain(renamed_warning(renamed));
        let warnings = warnings.chain(warning(&policy, auto)).chain(typed).collect();
        let hints = self.options.hints.clone();
        let config = runner::RunConfig {
            batch: cache.name.clone(),
            service: service.shown,
            policy: policy.engine,
            results: runner::ResultsConfig {
                paths: checked.results,
                shape,
                overwrite: self.options.overwrite,
            },
            webhook,
            hint: service.note,
            next: hints.again,
            terms: runner::Terms {
                budget: policy.budget.map(|budget| budget.words),
                deadline: policy.deadline.map(|due| due.words),
                pilot: checked.selection.pilot,
                decisions: decisions.is_some(),
                next_without: hints.without_selection,
                resolve: hints.resolve,
            },
            images,
            hooks_disabled: checked.hooks.disabled,
            hooks: Some(checked.hooks.config).filter(|config| !config.is_empty()),
            is_sandbox: self.options.sandbox,
        };
        // The tasks are in the state: of a million of them nothing is kept here.
        self.manifest = None;
        let (sender, events) = unbounded_channel();
        let (stop, listener) = shutdown();
        let sink = Box::new(EventSender(sender));
        let running = tokio::spawn(runner::run(config, service.client, (start, writer), sink, listener));
        Ok((decided, Run { events, running, stop: StopHandle(stop), warnings, decided: to_make }))
    }

    /// Checks everything that can be wrong before a state is opened.
    fn check_run(&mut self) -> Result<CheckedRun, BatchError> {
        if self.manifest.is_none() {
            self.check()?;
        }
        let LoadedManifest { cache, whole } = self.loaded()?;
        let options = &self.options;
        let selection = selection::selection(options, &cache.columns)?;
        let results = self.files.results(&options.results, &cache.batch);
        self.files.check(&results, &self.files.data(cache))?;
        let policy = BatchPolicy::resolve(options, &cache.batch, &ZonedDateTime::now())?;
        if let Some(manifest) = whole
            && policy.budget.is_some()
            && let Some(mode) = selection::unpriced(manifest, &policy.prices()).first()
        {
            return Err(BatchError::NoPrice(*mode));
        }
        for path in &results {
            output::check(path).map_err(|e| BatchError::Results(e.to_string()))?;
        }
        let destination = images::destination(&self.path, options, cache, whole.as_ref())?;
        let hooks = hooks::resolve(&self.path, options, &cache.batch)?;
        Ok(CheckedRun { selection, results, policy, destination, hooks })
    }

    /// The state, held, with the tasks of the manifest as it is now.
    fn take_up(
        &mut self,
        service: &Service,
        (selection, first_run): (&Selection, &FirstRun),
        prices: &Prices,
        renamed: &mut Vec<(TaskId, TaskId)>,
    ) -> Result<HeldStore, BatchError> {
        first_run.put_aside()?;
        let mut store = self.store.open(&service.identity, &holder_description())?;
        let file = self.files.name();
        if let Some(theirs) = store.manifest_file()?
            && self.files.has_default_state()
            && theirs != file
            && !files::were_results(&theirs)
        {
            let state = self.store.location().clone();
            return Err(BatchError::OtherManifest { state, theirs, ours: file });
        }
        let Batch { path, options, manifest, .. } = self;
        let Some(loaded) = manifest else {
            return Err(BatchError::Internal("the manifest was not read".to_owned()));
        };
        // Nothing to compare where nothing was edited: a batch of a million tasks resumes without
        // writing each of them again.
        let is_listed = store.is_current(&loaded.cache.hash)?;
        if is_listed {
            store.record_manifest_file(path)?;
        }
        if loaded.whole.is_none() && is_listed {
            return Ok(store);
        }
        let mut cache = loaded.cache.clone();
        cache.validated_name_template = image_names(options, &cache).cloned();
        let manifest = loaded.whole(path, options)?;
        let keep = |store: &HeldStore| cache.serialize().map_or(Ok(()), |text| store.cache_manifest(&text));
        let asks_for_more = *selection != Selection::default() || manifest.decisions().next().is_some();
        if !asks_for_more && is_listed {
            keep(&store)?;
            return Ok(store);
        }
        let known_tasks = store.known_tasks()?;
        // Another run may have begun meanwhile.
        let take_over = first_run.take_over.as_ref().filter(|_| known_tasks.is_empty());
        let mut plan = match take_over {
            Some(take_over) => take_over.plan(manifest.tasks()),
            None => plan::compare(manifest.tasks(), &known_tasks),
        };
        let manifest_ref = ManifestRef {
            batch: &manifest.name,
            columns: &manifest.columns,
            hash: manifest.hash,
            file: path,
        };
        selection::selects_something(manifest, &plan, selection, &options.only)?;
        plan.select(selection, || manifest.tasks());
        changes::check(manifest, &plan, options, &manifest.batch, prices, |known| match take_over {
            Some(it) => Ok(it.prompt_of(known).unwrap_or_default().to_owned()),
            None => Ok(store.snapshot()?.content(known.key)?.0),
        })?;
        *renamed = plan.renamed.iter().map(|it| (it.from.clone(), it.to.clone())).collect();
        match take_over {
            Some(it) => store.sync_taken_over(manifest_ref, manifest.tasks(), &plan, it)?,
            None => store.sync_manifest(manifest_ref, manifest.tasks(), &plan)?,
        }
        keep(&store)?;
        Ok(store)
    }

    fn loaded(&self) -> Result<&LoadedManifest, BatchError> {
        self.manifest.as_ref().ok_or_else(|| BatchError::Internal("the manifest was not read".to_owned()))
    }
}

/// The tasks that decisions want made, those of earlier decisions included. Decisions that were
/// carried out before count: they are done where their tasks are.
fn to_make(decided: &[DecidedTask], due: Vec<TaskRow>) -> Vec<TaskRow> {
    let is_to_make = |task: &&DecidedTask| {
        let wanted = |(decision, outcome): (Decision, DecisionOutcome)| {
            let is_off = matches!(
                outcome,
                DecisionOutcome::FailAgain
                    | DecisionOutcome::EndSkip
                    | DecisionOutcome::Nothing(NoEffect::NotListed | NoEffect::NotSkipped)
            );
            decision != Decision::Skip && !is_off
        };
        task.outcome.is_some_and(wanted)
    };
    let mut tasks: Vec<TaskRow> =
        decided.iter().filter(is_to_make).map(|task| task.task).chain(due).collect();
    tasks.sort_unstable();
    tasks.dedup();
    tasks
}

/// A run that can begin.
struct CheckedRun {
    selection: Selection,
    results: Vec<std::path::PathBuf>,
    policy: BatchPolicy,
    destination: Option<crate::download::Destination>,
    hooks: hooks::RunHooks,
}

async fn listen(callbacks: CallbackOptions) -> Result<(CallbackListener, String), BatchError> {
    let CallbackOptions { listen, url } = callbacks;
    let listener =
        CallbackListener::listen(listen).await.map_err(|source| BatchError::Callbacks { listen, source })?;
    let url = url.unwrap_or_else(|| format!("http://{}", listener.addr()));
    Ok((listener, url))
}
