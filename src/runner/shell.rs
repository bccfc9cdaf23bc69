//! The loop of a run: everything that can happen, and what is done about it.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use tracing::{debug, enabled, info};

use super::clock::Clock;
use super::downloads::{downloads, next_images};
use super::hooks::{StateOutbox, next_delivery};
use super::progress_view::ProgressView;
use super::results::{Flush, ResultsReport, ResultsSource, write_results};
use super::shutdown::{Shutdown, Signal};
use super::tokens::Tokens;
use super::{Outcome, RunConfig};
use crate::api::{Callback, CallbackListener, Client};
use crate::download::Downloads;
use crate::engine::{Engine, Event, IntentId, StatusOutcome, SubmitOutcome};
use crate::failpoint::{Point, reach};
use crate::hooks::HookRunner;
use crate::progress::{Notice, RunEvent, RunProgress, Sink};
use crate::store::{
    BatchStore, BatchWriter, ClaimedTasks, IntentOutcome, Outgoing, Rescued, RunStart, StoreError, WriteError,
};
use crate::task::{AttemptKey, Change, ChangeKind, RemoteTaskId};

/// The results are written in the middle of a run at most this often, and less often where that
/// takes long.
const BETWEEN_RESULTS: Duration = Duration::from_secs(30);
/// The share of time that writing results may take.
const RESULTS_SHARE: u32 = 20;

/// Something came of an action.
pub(super) enum Completion {
    Intended(IntentId, Option<String>, Result<IntentOutcome, WriteError>),
    /// The tasks that the run has claimed.
    Claimed(Result<ClaimedTasks, WriteError>),
    Recorded(Change, Result<(), WriteError>),
    Replied(AttemptKey, SubmitOutcome),
    StatusReply(Vec<RemoteTaskId>, StatusOutcome),
    Results(Duration, Result<ResultsReport, StoreError>),
    /// Where the images of an attempt are was recorded, or was not: then the next run repeats it.
    ImageRecorded(AttemptKey),
    /// What became of a delivery was recorded, or was not: then the next run repeats it.
    DeliveryRecorded,
}

pub(super) struct Shell {
    pub(super) run: RunConfig,
    pub(super) client: Client,
    pub(super) writer: BatchWriter,
    sink: Box<dyn Sink>,
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) view: ProgressView,
    /// Intents that are durable, to be sent.
    pub(super) outgoing: HashMap<AttemptKey, (Outgoing, Option<String>)>,
    /// Whose callback address ends with this token.
    tokens: Tokens,
    /// Requests under way. Dropped where the run leaves at once.
    pub(super) requests: FuturesUnordered<BoxFuture<'static, Completion>>,
    /// Writes under way. Never dropped.
    pub(super) writes: FuturesUnordered<BoxFuture<'static, Completion>>,
    pub(super) signal: Option<Signal>,
    /// When the results may be written next, and whether anything has changed since they were.
    results_due: Duration,
    results_stale: bool,
    pub(super) nothing_to_do: bool,
    /// That the state is gone was said.
    is_state_gone: bool,
    /// How many tasks wait that were not chosen for this run.
    pub(super) not_selected: u64,
    /// Images that are being downloaded.
    pub(super) downloads: Option<Downloads>,
    /// Hooks that are run, with the deliveries to them.
    pub(super) hooks: Option<HookRunner<StateOutbox>>,
}

impl Shell {
    pub(super) fn new(
        mut run: RunConfig,
        client: Client,
        (snapshot, writer): (RunStart, BatchWriter),
        sink: Box<dyn Sink>,
    ) -> Shell {
        let book = ProgressView::open(&snapshot);
        let not_selected = snapshot.not_selected;
        let policy = &run.policy;
        let awaited: Vec<_> = snapshot.in_doubt.iter().filter(|lost| lost.is_awaited(policy)).collect();
        let awaits = awaited.iter().map(|lost| (lost.waiting.timeout + policy.grace) - lost.age).max();
        let awaits =
            awaits.map(|at_most| Notice::AwaitingCallbacks { submits: awaited.len() as u64, at_most });
        let nothing_to_do = snapshot.backlog.tasks.total() == 0
            && snapshot.resumed.is_empty()
            && not_selected == 0
            && (snapshot.in_doubt.is_empty() || awaits.is_none() && !policy.resend_unknown);
        let interrupted = snapshot.interrupted;
        let resumed = snapshot.resumed.iter().map(|resumed| resumed.attempt).zip(&snapshot.resumed_tasks);
        let in_doubt = snapshot.in_doubt.iter().map(|lost| lost.attempt).zip(&snapshot.in_doubt_tasks);
        let tokens = resumed.chain(in_doubt);
        let tokens = tokens.filter_map(|(attempt, task)| Some((task.hook_token.clone()?, attempt))).collect();
        let store = BatchStore::at(writer.location().clone());
        let downloads =
            run.images.take().map(|config| downloads(config, store.clone(), Some(client.clone())));
        let outbox = StateOutbox { store: store.clone(), is_sandbox: run.is_sandbox };
        let hooks = run.hooks.take().map(|config| HookRunner::new(config, outbox));
        let engine = Engine::new(run.policy.clone(), snapshot.backlog, snapshot.resumed)
            .with_history(snapshot.history)
            .with_in_doubt(snapshot.in_doubt);
        let mut shell = Shell {
            run,
            client,
            writer,
            sink,
            engine,
            clock: Clock::start(),
            view: book,
            outgoing: HashMap::new(),
            tokens,
            requests: FuturesUnordered::new(),
            writes: FuturesUnordered::new(),
            signal: None,
            results_due: BETWEEN_RESULTS,
            results_stale: false,
            nothing_to_do,
            is_state_gone: false,
            not_selected,
            downloads,
            hooks,
        };
        shell.show(RunEvent::Started {
            batch: shell.run.batch.clone(),
            service: shell.run.service.clone(),
            state: shell.writer.location().to_string(),
            results: shell.run.results.paths.first().cloned().unwrap_or_default(),
        });
        if interrupted > 0 {
            shell.notice(Notice::SubmitsInterrupted { tasks: interrupted });
        }
        if let Some((webhook, url)) = &shell.run.webhook {
            let (address, url) = (webhook.addr().to_string(), url.clone());
            shell.notice(Notice::Listening { address, url });
        }
        if let Some(awaits) = awaits {
            shell.notice(awaits);
        }
        if let Some(why) = shell.run.hooks_disabled.take() {
            shell.notice(Notice::HooksDisabled { why });
        }
        shell
    }

    pub(super) async fn run(mut self, mut stop: Shutdown) -> Result<Outcome, StoreError> {
        let tick_every = self.sink.tick_every();
        let mut ticks = tokio::time::interval(tick_every.unwrap_or(Duration::from_secs(3600)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.queue_known_images();
        self.load_due_deliveries();
        self.inform_engine(Event::Wake);
        while self.engine.over().is_none()
            || !self.writes.is_empty()
            || self.is_downloading()
            || self.is_delivering()
        {
            let over = self.engine.over().is_some();
            let wake =
                self.clock.at(self.engine.wake_at().unwrap_or(Duration::from_secs(3600) + self.clock.now()));
            tokio::select! {
                Some(happened) = self.writes.next() => self.handle_completion(happened),
                Some(happened) = self.requests.next(), if !over => self.handle_completion(happened),
                Some(call) = next_call(&mut self.run.webhook), if !over => self.on_callback(call),
                outcome = next_images(&mut self.downloads) => self.on_images(outcome),
                result = next_delivery(&mut self.hooks) => self.on_delivery(result),
                signal = stop.next() => self.on_signal(signal),
                () = tokio::time::sleep_until(wake), if !over => self.inform_engine(Event::Wake),
                _ = ticks.tick() => self.tick(),
            }
        }
        self.close(stop).await
    }

    /// Everything that can come of an action is decided here.
    pub(super) fn handle_completion(&mut self, happened: Completion) {
        match happened {
            Completion::Intended(intent, token, Ok(IntentOutcome::Recorded(attempt, outgoing))) => {
                self.view.intended(attempt, outgoing.id.clone(), self.clock.now());
                if let Some(token) = &token {
                    self.tokens.give(token.clone(), attempt);
                }
                self.outgoing.insert(attempt, (outgoing, token));
                self.inform_engine(Event::IntentRecorded { intent, attempt });
            }
            Completion::Intended(intent, _, Ok(IntentOutcome::Refused(why))) => {
                debug!(intent = intent.0, ?why, "the store refused an intent");
                self.inform_engine(Event::IntentRefused { intent, why });
            }
            Completion::Intended(intent, _, Err(why)) => {
                self.say_not_written(&why);
                self.inform_engine(Event::IntentFailed(intent));
            }
            Completion::Claimed(Ok(ClaimedTasks { claim, earlier_tasks })) => {
                for (earlier, task) in claim.earlier.iter().zip(earlier_tasks) {
                    if let Some(token) = &task.hook_token {
                        self.tokens.give(token.clone(), earlier.attempt);
                    }
                    self.view.add_earlier(earlier, task);
                }
                self.inform_engine(Event::TasksClaimed(claim));
            }
            Completion::Claimed(Err(why)) => {
                self.notice(Notice::StateNotWritten { why: why.to_string() });
                self.inform_engine(Event::StoreFailed);
            }
            Completion::Replied(attempt, outcome) => self.inform_engine(Event::SubmitReply(attempt, outcome)),
            Completion::StatusReply(asked, outcome) => {
                self.inform_engine(Event::StatusReply(asked, outcome));
            }
            Completion::Recorded(change, Ok(())) => {
                self.results_stale = true;
                if enabled!(tracing::Level::DEBUG) {
                    let what = in_words(&change.kind);
                    debug!(attempt = change.attempt.0, what, "change is durable");
                }
                self.tokens.recorded(&change);
                self.on_terminal(&change);
                if let Some(event) = self.view.apply(change, self.clock.now()) {
                    self.show(event);
                }
            }
            Completion::Recorded(change, Err(why)) => {
                // What could not be written is said, so that no taskId is lost.
                let (id, what) = (self.view.id(change.attempt), in_words(&change.kind));
                self.notice(Notice::NotRecorded { id, what, why: why.to_string() });
                self.inform_engine(Event::StoreFailed);
            }
            Completion::ImageRecorded(attempt) => {
                if let Some(hooks) = &mut self.hooks {
                    hooks.release(attempt);
                }
            }
            Completion::DeliveryRecorded => {}
            Completion::Results(took, written) => {
                self.results_due = self.clock.now() + BETWEEN_RESULTS.max(took * RESULTS_SHARE);
                let failed = match written {
                    Ok(ResultsReport { failed, .. }) => failed,
                    Err(e) => vec![e.to_string()],
                };
                for why in failed {
                    self.notice(Notice::ResultsNotWritten { why });
                }
            }
        }
    }

    /// Says that the state cannot be written; what was saved of one that is gone is said once.
    pub(super) fn say_not_written(&mut self, why: &WriteError) {
        match why {
            WriteError::Gone(_) if self.is_state_gone => {}
            WriteError::Gone(rescued) => {
                self.is_state_gone = true;
                let Rescued { file, tasks, first } = (**rescued).clone();
                let first = first.into_iter().map(|(id, remote)| (id, remote.0)).collect();
                self.notice(Notice::StateGone { file, tasks, first });
            }
            why => self.notice(Notice::StateNotWritten { why: why.to_string() }),
        }
    }

    fn on_callback(&mut self, call: Callback) {
        if reach(Point::CalledBack).is_err() {
            return; // as if it had never come
        }
        if let Some(attempt) = self.tokens.whose(&call.token) {
            self.inform_engine(Event::Callback(attempt, call.item));
        }
    }

    pub(super) fn on_signal(&mut self, signal: Signal) {
        let event = if self.signal.is_some() { Event::Abort } else { Event::Stop };
        if self.signal.is_some() {
            self.downloads.iter_mut().for_each(Downloads::abort);
            self.hooks.iter_mut().for_each(HookRunner::abort);
        }
        info!(?signal, "signal");
        self.signal.get_or_insert(signal);
        if self.engine.over().is_none() {
            self.inform_engine(event);
        }
    }

    fn tick(&mut self) {
        let progress = self.progress();
        self.sink.tick(&progress);
        if self.results_stale && self.clock.now() >= self.results_due {
            self.results_stale = false;
            self.results_due = Duration::MAX;
            let (source, config, run) =
                (ResultsSource::of_run(&self.writer), self.run.results.clone(), self.writer.run());
            let clock = self.clock;
            let begun = clock.now();
            let writing = tokio::task::spawn_blocking(move || {
                write_results(&source, &config, Some(run), Flush::Periodic)
            });
            self.writes.push(
                async move {
                    let written = writing.await.unwrap_or(Err(StoreError::WriterGone));
                    Completion::Results(clock.now().saturating_sub(begun), written)
                }
                .boxed(),
            );
        }
    }

    fn inform_engine(&mut self, event: Event) {
        self.engine.handle(self.clock.now(), event);
        while let Some(action) = self.engine.next_action() {
            self.execute(action);
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.show(RunEvent::Notice(notice));
    }

    pub(super) fn show(&mut self, event: RunEvent) {
        let progress = self.progress();
        self.sink.event(&event, &progress);
    }

    fn progress(&self) -> RunProgress {
        RunProgress {
            at: Timestamp::now(),
            elapsed: self.clock.now(),
            counts: self.view.counts(),
            slots: self.engine.slots(),
            in_slots: self.engine.slots_held(),
            remaining: self.engine.remaining(),
        }
    }
}

/// A change that could not be written, so that a person can keep it.
fn in_words(change: &ChangeKind) -> String {
    match change {
        ChangeKind::Accepted(task_id) => format!("accepted as {task_id}"),
        ChangeKind::Rejected(_) => "not accepted".to_owned(),
        ChangeKind::Refused(failure) | ChangeKind::Failed(failure) | ChangeKind::FailedWillRetry(failure) => {
            format!("failed: {}", failure.reason)
        }
        ChangeKind::Unknown(why) => format!("unknown: {why}"),
        ChangeKind::Done(images) => format!("done: {}", images.urls.join(" ")),
        ChangeKind::Lost(_) => "lost".to_owned(),
        ChangeKind::Resend => "to be sent again".to_owned(),
    }
}

async fn next_call(webhook: &mut Option<(CallbackListener, String)>) -> Option<Callback> {
    match webhook {
        Some((webhook, _)) => webhook.next().await,
        None => std::future::pending().await,
    }
}
