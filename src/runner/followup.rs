//! The follow-up beside a run: what is done is told to `on_done`, and a run that is over to `on_finish`, a few at once.
//!
//! What is due is in the state; what is told is read from it when its turn comes, on the runtime's other threads, so that no
//! submit and no poll waits for a command or a receiver. A receiver that takes nothing is left alone for a while, and what is
//! left when the run ends is told by the next one.

use std::collections::{HashSet, VecDeque};

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::shell::{Happened, Shell};
use crate::download::Downloads;
use crate::engine::{AttemptKey, Change, Ending};
use crate::failpoint::{Point, reach};
use crate::output::followup::{Batch, Message, Teller};
use crate::progress::Notice;
use crate::store::{About, BatchStore, Delivery, DeliveryKey, StoreError};
use crate::task::TaskId;

/// After a request to stop, what is due gets this long once nothing else is left to do.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// So many in a row that could not be told mean that the receiver takes nothing now.
const IN_A_ROW: u32 = 3;
/// How long it is then left alone; each further time twice as long.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Who is told.
#[derive(Debug)]
pub struct FollowUp {
    /// Of each task that ended, and how many at once.
    pub on_done: Option<(Teller, usize)>,
    /// Of the end of a run.
    pub on_finish: Option<Teller>,
    /// The state of the batch.
    pub store: BatchStore,
    /// Nothing of it is real.
    pub rehearsal: bool,
}

/// What became of one of them.
#[derive(Debug)]
pub(super) struct Told {
    /// What is to be written to the state, if anything was to be told.
    pub(super) delivery: Option<Delivery>,
    id: Option<TaskId>,
}

/// What is to be told.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Delivery(DeliveryKey),
    Attempt(AttemptKey),
    Run(i64),
}

/// What is to be told, and what is on its way.
#[derive(Debug)]
pub(super) struct FollowUps {
    who: Arc<FollowUp>,
    queue: VecDeque<Wanted>,
    /// Attempts that are told once their pictures are files.
    held: HashSet<AttemptKey>,
    telling: JoinSet<Result<Told, StoreError>>,
    until: Option<Instant>,
    /// How many could not be told since one could.
    in_a_row: u32,
    /// The receiver is left alone until then, and how long that is.
    pause: Option<(Instant, Duration)>,
    /// Told in this run.
    told: u64,
    failed: u64,
    first_failed: Option<(Option<TaskId>, String)>,
}

impl FollowUps {
    pub(super) fn new(who: FollowUp) -> FollowUps {
        FollowUps {
            who: Arc::new(who),
            queue: VecDeque::new(),
            held: HashSet::new(),
            telling: JoinSet::new(),
            until: None,
            in_a_row: 0,
            pause: None,
            told: 0,
            failed: 0,
            first_failed: None,
        }
    }

    /// Whether the end of the run is told.
    pub(super) fn tells_the_end(&self) -> bool {
        self.who.on_finish.is_some()
    }

    /// Wants told all that the state knows to be due; of that what is about these attempts later.
    pub(super) fn add_all(&mut self, held: impl Fn(AttemptKey) -> bool) -> Result<(), StoreError> {
        for (key, attempt) in self.who.store.snapshot()?.due()? {
            match attempt.filter(|attempt| held(*attempt)) {
                Some(attempt) => drop(self.held.insert(attempt)),
                None => self.queue.push_back(Wanted::Delivery(key)),
            }
        }
        Ok(())
    }

    /// Wants told that an attempt ended, now or once its pictures are files.
    pub(super) fn add(&mut self, attempt: AttemptKey, hold: bool) {
        if self.who.on_done.is_none() {
            return;
        }
        if hold {
            self.held.insert(attempt);
        } else {
            self.queue.push_back(Wanted::Attempt(attempt));
        }
    }

    /// Wants told that a run is over.
    pub(super) fn add_end(&mut self, run: i64) {
        // Whoever is told of that may be another.
        (self.in_a_row, self.pause) = (0, None);
        self.queue.push_back(Wanted::Run(run));
    }

    /// An attempt's pictures are files, or cannot be.
    pub(super) fn release(&mut self, attempt: AttemptKey) {
        if self.held.remove(&attempt) {
            self.queue.push_back(Wanted::Attempt(attempt));
        }
    }

    /// Whether anything is to be told or on its way. Where the rest of the run is over, a receiver that takes nothing is not
    /// waited for.
    pub(super) fn is_busy(&mut self, run_is_over: bool) -> bool {
        if run_is_over && self.paused().is_some() && self.telling.is_empty() {
            self.failed += self.queue.len() as u64;
            self.queue.clear();
        }
        !self.queue.is_empty() || !self.telling.is_empty()
    }

    /// What is due gets a few seconds more. The next run tells the rest.
    pub(super) fn finish_soon(&mut self) {
        self.until.get_or_insert_with(|| Instant::now() + LAST_WORDS);
    }

    /// Leaves what is due and what is on its way.
    pub(super) fn leave(&mut self) {
        self.failed += self.queue.len() as u64;
        self.queue.clear();
        self.telling.abort_all();
    }

    /// What came of the next one. Never comes while there is nothing to tell.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            let paused = self.paused();
            let at_once = match self.in_a_row {
                // One finds out whether the receiver is back.
                IN_A_ROW.. => 1,
                _ => self.who.on_done.as_ref().map_or(1, |(_, at_once)| *at_once),
            };
            while paused.is_none()
                && self.telling.len() < at_once
                && let Some(wanted) = self.queue.pop_front()
            {
                self.telling.spawn(tell(Arc::clone(&self.who), wanted));
            }
            let ended = tokio::select! {
                Some(ended) = self.telling.join_next() => ended,
                () = at(paused) => continue,
                () = at(self.until) => {
                    self.leave();
                    self.until = None;
                    continue;
                }
            };
            return match ended {
                Ok(Ok(told)) => self.note(told),
                Ok(Err(why)) => {
                    self.count_failed(None, why.to_string());
                    Told { delivery: None, id: None }
                }
                // One that was left.
                Err(_) => {
                    self.failed += 1;
                    Told { delivery: None, id: None }
                }
            };
        }
    }

    /// Until when the receiver is left alone, where it is.
    fn paused(&self) -> Option<Instant> {
        self.pause.map(|(until, _)| until).filter(|until| *until > Instant::now())
    }

    fn note(&mut self, told: Told) -> Told {
        match told.delivery.as_ref().map(|delivery| &delivery.error) {
            None => {}
            Some(None) => {
                self.told += 1;
                self.in_a_row = 0;
                self.pause = None;
            }
            Some(Some(why)) => {
                self.count_failed(told.id.clone(), why.clone());
                self.in_a_row += 1;
                if self.in_a_row >= IN_A_ROW {
                    let long = self.pause.map_or(PAUSE, |(_, long)| LONGEST_PAUSE.min(long * 2));
                    self.pause = Some((Instant::now() + long, long));
                }
            }
        }
        told
    }

    fn count_failed(&mut self, id: Option<TaskId>, why: String) {
        self.failed += 1;
        self.first_failed.get_or_insert((id, why));
    }

    /// What was told and what was not, if there was anything to tell.
    pub(super) fn tally(&self) -> Option<Notice> {
        let (told, left) = (self.told, self.failed + self.held.len() as u64);
        let first_failed = self.first_failed.clone();
        (told + left > 0).then_some(Notice::FollowUp { told, left, first_failed })
    }
}

impl Shell {
    /// What earlier runs left untold. What is about pictures that are on their way to files waits for them.
    pub(super) fn look_up_follow_up(&mut self) {
        let Some(followups) = &mut self.followups else { return };
        let held = self.downloads.as_ref().map(Downloads::queued).unwrap_or_default();
        if let Err(why) = followups.add_all(|attempt| held.contains(&attempt)) {
            self.notice(Notice::FollowUpNotLookedUp { why: why.to_string() });
        }
    }

    /// A change is durable: pictures are brought, and what ended is told.
    pub(super) fn ended_for_good(&mut self, change: &Change) {
        let (attempt, has_pictures) = match change {
            Change::Done(attempt, _) => (*attempt, true),
            Change::Failed(attempt, _) | Change::Refused(attempt, _) | Change::Lost(attempt, _) => {
                (*attempt, false)
            }
            _ => return,
        };
        if let Some(downloads) = self.downloads.as_mut().filter(|_| has_pictures) {
            downloads.add([attempt]);
        }
        if let Some(followups) = &mut self.followups {
            followups.add(attempt, has_pictures && self.downloads.is_some());
        }
    }

    /// Whether something is still to be told that the run waits for.
    pub(super) fn follows_up(&mut self) -> bool {
        let Some(followups) = &mut self.followups else { return false };
        match self.engine.over() {
            Some(Ending::StoreFailed) => followups.leave(),
            Some(_) if self.signal.is_some() => followups.finish_soon(),
            _ => {}
        }
        followups.is_busy(self.engine.over().is_some())
    }

    /// What was told is written; that it could not be is, too.
    pub(super) fn told(&mut self, told: Told) {
        let Some(delivery) = told.delivery else { return };
        let written = self.ledger.record_delivery(delivery);
        self.writes.push(written.map(|_| Happened::Filed(None)).boxed());
    }
}

/// This moment; never, where there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

async fn tell(who: Arc<FollowUp>, wanted: Wanted) -> Result<Told, StoreError> {
    let reading = Arc::clone(&who);
    let read = tokio::task::spawn_blocking(move || read(&reading, wanted));
    let Some((key, id, message)) = read.await.unwrap_or(Err(StoreError::WriterGone))? else {
        return Ok(Told { delivery: None, id: None });
    };
    let teller = match message.event {
        "done" => who.on_done.as_ref().map(|(teller, _)| teller),
        _ => who.on_finish.as_ref(),
    };
    // Whoever was to be told of it is not any more.
    let Some(teller) = teller else { return Ok(Told { delivery: None, id: None }) };
    let told = match reach(Point::DeliveryLeaves) {
        Ok(()) => teller.tell(&message).await,
        Err(e) => Err((e.to_string(), 0)),
    };
    let told = reach(Point::DeliveryAnswered).map_err(|e| (e.to_string(), 1)).and(told);
    let (tries, error) = match told {
        Ok(tries) => (tries, None),
        Err((why, tries)) => (tries, Some(why)),
    };
    Ok(Told { delivery: Some(Delivery { key, tries, error }), id })
}

type Found = (DeliveryKey, Option<TaskId>, Message);

/// What is told, as it stands in the state. `None` where it was told already.
fn read(who: &FollowUp, wanted: Wanted) -> Result<Option<Found>, StoreError> {
    let snapshot = who.store.snapshot()?;
    let header = snapshot.header()?;
    let key = match wanted {
        Wanted::Delivery(key) => Some(key),
        Wanted::Attempt(attempt) => snapshot.due_of(attempt)?,
        Wanted::Run(run) => snapshot.due_of_run(run)?,
    };
    let Some(key) = key else { return Ok(None) };
    let Some(due) = snapshot.delivery(key)? else { return Ok(None) };
    let batch = Batch { name: &header.batch, columns: &header.columns, rehearsal: who.rehearsal };
    Ok(Some(match due.about {
        About::Task { record, status, files } => {
            let home = who.store.location().absolute().base_dir();
            let files: Vec<_> = files.iter().map(|(_, path)| home.join(path)).collect();
            let message = Message::of_task(due.id, &batch, &record, status, &files);
            (key, Some(record.task.id), message)
        }
        About::Run(summary) => (key, None, Message::of_run(due.id, &batch, &summary)),
    }))
}
