//! The deliveries of a batch beside its run: a queue, a few of which are in flight at once.
//!
//! A delivery is loaded when its turn comes, on the runtime's other threads, so that no submit and
//! no poll waits for a command or a receiver. A receiver that fails several times in a row is
//! paused, and what is left when the run ends is delivered by the next one.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::config::HookConfig;
use super::message::HookMessage;
use crate::failpoint::{Point, reach};
use crate::task::{AttemptKey, TaskId};

/// How long deliveries may go on after a request to stop, once nothing else is left to do.
const GRACE: Duration = Duration::from_secs(10);
/// This many failures in a row pause the receiver.
const FAILURES_TO_PAUSE: u32 = 3;
/// How long the first pause is; each further pause is twice as long.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Stores pending deliveries: the state in a run, memory in tests.
pub trait Outbox: fmt::Debug + Send + Sync + 'static {
    /// The key by which the store knows a delivery.
    type Key: fmt::Debug + Copy + Send + Sync + 'static;

    /// Loads a pending delivery; `None` where there is none, or it was delivered already. Called on
    /// a blocking thread.
    ///
    /// # Errors
    /// A phrase for people where it cannot be read.
    fn load(&self, due: DeliveryTrigger<Self::Key>) -> Result<Option<LoadedDelivery<Self::Key>>, String>;
}

/// The cause of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryTrigger<K> {
    /// The delivery itself.
    Delivery(K),
    /// The attempt that ended.
    Attempt(AttemptKey),
    /// The run that is over.
    Run(i64),
}

/// A pending delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedDelivery<K> {
    /// The key by which the store knows it.
    pub key: K,
    /// The task; none where it is about a run.
    pub task: Option<TaskId>,
    /// The message.
    pub message: HookMessage,
}

/// The outcome of a delivery in this run, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryResult<K> {
    /// The key by which the store knows it.
    pub key: K,
    /// The task; none where it is about a run.
    pub task: Option<TaskId>,
    /// How many tries it took.
    pub tries: u32,
    /// The error, if it failed.
    pub error: Option<String>,
}

/// The outcomes of the deliveries of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryStats {
    /// How many succeeded.
    pub delivered: u64,
    /// How many failed or were left to the next run.
    pub left: u64,
    /// The task and the reason of the first failure; no task where it is about a run.
    pub first_failed: Option<(Option<TaskId>, String)>,
}

/// The queue of deliveries, and those in flight.
#[derive(Debug)]
pub struct HookRunner<O: Outbox> {
    config: Arc<HookConfig>,
    outbox: Arc<O>,
    queue: VecDeque<DeliveryTrigger<O::Key>>,
    /// Attempts that are delivered once their images are downloaded.
    held: HashSet<AttemptKey>,
    in_flight: JoinSet<Result<Option<DeliveryResult<O::Key>>, String>>,
    /// When deliveries in flight are aborted, after a request to stop.
    stop_at: Option<Instant>,
    failures_in_a_row: u32,
    /// Until when the receiver is paused, and how long this pause is.
    pause: Option<(Instant, Duration)>,
    stats: DeliveryStats,
}

impl<O: Outbox> HookRunner<O> {
    /// An empty queue.
    pub fn new(config: HookConfig, outbox: O) -> HookRunner<O> {
        HookRunner {
            config: Arc::new(config),
            outbox: Arc::new(outbox),
            queue: VecDeque::new(),
            held: HashSet::new(),
            in_flight: JoinSet::new(),
            stop_at: None,
            failures_in_a_row: 0,
            pause: None,
            stats: DeliveryStats::default(),
        }
    }

    /// The store of pending deliveries.
    pub fn outbox(&self) -> &O {
        &self.outbox
    }

    /// Whether the end of the run is delivered.
    pub fn has_on_finish(&self) -> bool {
        self.config.on_finish.is_some()
    }

    /// Queues a pending delivery of an earlier run. One about an attempt with `hold` waits until
    /// the attempt is released.
    pub fn add_pending(&mut self, key: O::Key, attempt: Option<AttemptKey>, hold: bool) {
        match attempt.filter(|_| hold) {
            Some(attempt) => drop(self.held.insert(attempt)),
            None => self.queue.push_back(DeliveryTrigger::Delivery(key)),
        }
    }

    /// Queues the delivery of an attempt that ended, if there is an `on_done`. With `hold` it waits
    /// until it is released.
    pub fn add(&mut self, attempt: AttemptKey, hold: bool) {
        if self.config.on_done.is_none() {
            return;
        }
        if hold {
            self.held.insert(attempt);
        } else {
            self.queue.push_back(DeliveryTrigger::Attempt(attempt));
        }
    }

    /// Queues the delivery of a run that is over.
    pub fn add_run(&mut self, run: i64) {
        // The receiver of `on_finish` may be another one.
        (self.failures_in_a_row, self.pause) = (0, None);
        self.queue.push_back(DeliveryTrigger::Run(run));
    }

    /// Queues the delivery of an attempt that was held: its images are downloaded, or have failed.
    pub fn release(&mut self, attempt: AttemptKey) {
        if self.held.remove(&attempt) {
            self.queue.push_back(DeliveryTrigger::Attempt(attempt));
        }
    }

    /// Whether anything is queued or in flight. Once the rest of the run is over, a paused receiver
    /// is not waited for.
    pub fn is_busy(&mut self, run_is_over: bool) -> bool {
        if run_is_over && self.paused_until().is_some() && self.in_flight.is_empty() {
            self.stats.left += self.queue.len() as u64;
            self.queue.clear();
        }
        !self.queue.is_empty() || !self.in_flight.is_empty()
    }

    /// Gives pending deliveries ten seconds more. The next run makes the rest.
    pub fn finish_soon(&mut self) {
        self.stop_at.get_or_insert_with(|| Instant::now() + GRACE);
    }

    /// Aborts everything.
    pub fn abort(&mut self) {
        self.stats.left += self.queue.len() as u64;
        self.queue.clear();
        self.in_flight.abort_all();
    }

    /// Waits for the next delivery that is over; `None` where there was nothing to deliver or it
    /// could not be loaded. Pending for ever while nothing is queued.
    pub async fn next(&mut self) -> Option<DeliveryResult<O::Key>> {
        loop {
            let paused_until = self.paused_until();
            let parallel = match self.failures_in_a_row {
                // One delivery finds out whether the receiver is back.
                FAILURES_TO_PAUSE.. => 1,
                _ => self.config.on_done.as_ref().map_or(1, |(_, parallel)| *parallel),
            };
            while paused_until.is_none()
                && self.in_flight.len() < parallel
                && let Some(due) = self.queue.pop_front()
            {
                self.in_flight.spawn(deliver(Arc::clone(&self.config), Arc::clone(&self.outbox), due));
            }
            let ended = tokio::select! {
                Some(ended) = self.in_flight.join_next() => ended,
                () = at(paused_until) => continue,
                () = at(self.stop_at) => {
                    self.abort();
                    self.stop_at = None;
                    continue;
                }
            };
            return match ended {
                Ok(Ok(result)) => {
                    result.iter().for_each(|result| self.count(result));
                    result
                }
                Ok(Err(why)) => {
                    self.count_failed(None, why);
                    None
                }
                // It was aborted.
                Err(_) => {
                    self.stats.left += 1;
                    None
                }
            };
        }
    }

    fn paused_until(&self) -> Option<Instant> {
        self.pause.map(|(until, _)| until).filter(|until| *until > Instant::now())
    }

    fn count(&mut self, result: &DeliveryResult<O::Key>) {
        let Some(why) = &result.error else {
            self.stats.delivered += 1;
            (self.failures_in_a_row, self.pause) = (0, None);
            return;
        };
        self.count_failed(result.task.clone(), why.clone());
        self.failures_in_a_row += 1;
        if self.failures_in_a_row >= FAILURES_TO_PAUSE {
            let length = self.pause.map_or(PAUSE, |(_, last)| LONGEST_PAUSE.min(last * 2));
            self.pause = Some((Instant::now() + length, length));
        }
    }

    fn count_failed(&mut self, task: Option<TaskId>, why: String) {
        self.stats.left += 1;
        self.stats.first_failed.get_or_insert((task, why));
    }

    /// The outcomes of the deliveries so far; `None` if there were none.
    pub fn stats(&self) -> Option<DeliveryStats> {
        let left = self.stats.left + self.held.len() as u64;
        (self.stats.delivered + left > 0).then(|| DeliveryStats { left, ..self.stats.clone() })
    }
}

/// Completes at this moment; never, where there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

async fn deliver<O: Outbox>(
    config: Arc<HookConfig>,
    outbox: Arc<O>,
    due: DeliveryTrigger<O::Key>,
) -> Result<Option<DeliveryResult<O::Key>>, String> {
    let loaded = tokio::task::spawn_blocking(move || outbox.load(due)).await;
    let Some(LoadedDelivery { key, task, message }) = loaded.unwrap_or_else(|e| Err(e.to_string()))? else {
        return Ok(None);
    };
    let notifier = match message.event {
        "done" => config.on_done.as_ref().map(|(notifier, _)| notifier),
        _ => config.on_finish.as_ref(),
    };
    // The manifest does not have this hook any more.
    let Some(notifier) = notifier else { return Ok(None) };
    let sent = match reach(Point::DeliveryLeaves) {
        Ok(()) => notifier.send(&message).await,
        Err(e) => Err((e.to_string(), 0)),
    };
    let sent = reach(Point::DeliveryAnswered).map_err(|e| (e.to_string(), 1)).and(sent);
    let (tries, error) = match sent {
        Ok(tries) => (tries, None),
        Err((why, tries)) => (tries, Some(why)),
    };
    Ok(Some(DeliveryResult { key, task, tries, error }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hooks::{DeliveryLimits, HookCommand, Notifier, Transport};

    /// Delivery 0 cannot be read, 1 was delivered already, and all others are pending.
    #[derive(Debug)]
    struct Memory;

    impl Outbox for Memory {
        type Key = u32;

        fn load(&self, due: DeliveryTrigger<u32>) -> Result<Option<LoadedDelivery<u32>>, String> {
            let DeliveryTrigger::Delivery(key) = due else { return Ok(None) };
            match key {
                0 => Err("disk I/O error".to_owned()),
                1 => Ok(None),
                key => {
                    let message = HookMessage { id: format!("d{key}"), event: "done", body: "{}".to_owned() };
                    Ok(Some(LoadedDelivery { key, task: Some(TaskId(format!("t{key}"))), message }))
                }
            }
        }
    }

    fn runner() -> HookRunner<Memory> {
        let command = HookCommand {
            program: "/no/such/program".into(),
            arguments: Vec::new(),
            folder: std::env::temp_dir(),
            hidden_variables: Vec::new(),
        };
        let notifier = Notifier { transport: Transport::Command(command), limits: DeliveryLimits::default() };
        HookRunner::new(HookConfig { on_done: Some((notifier, 1)), on_finish: None }, Memory)
    }

    #[tokio::test]
    async fn a_receiver_that_fails_three_times_in_a_row_is_paused_and_the_rest_is_left() {
        let mut hooks = runner();
        (2..7).for_each(|key| hooks.add_pending(key, Some(AttemptKey(key.into())), key == 6));
        for key in 2..5 {
            let result = hooks.next().await.unwrap();
            assert_eq!((result.key, result.tries), (key, 1));
            assert!(result.error.unwrap().contains("cannot be started"));
        }
        assert!(hooks.is_busy(false), "a run that goes on waits for the receiver");
        assert!(!hooks.is_busy(true), "a run that is over does not");
        let stats = hooks.stats().unwrap();
        assert_eq!((stats.delivered, stats.left), (0, 5));
        assert_eq!(stats.first_failed.unwrap().0, Some(TaskId("t2".to_owned())));
    }

    #[tokio::test]
    async fn a_held_attempt_is_queued_once_it_is_released() {
        let mut hooks = runner();
        hooks.add(AttemptKey(9), true);
        assert!(!hooks.is_busy(false));
        hooks.release(AttemptKey(9));
        hooks.release(AttemptKey(9));
        assert!(hooks.is_busy(false));
        assert_eq!(hooks.next().await, None, "there is no delivery of this attempt");
        assert!(!hooks.is_busy(false) && hooks.stats().is_none());
    }

    #[tokio::test]
    async fn a_delivery_that_cannot_be_loaded_counts_as_left() {
        let mut hooks = runner();
        hooks.add_pending(0, None, false);
        hooks.add_pending(1, None, false);
        assert_eq!((hooks.next().await, hooks.next().await), (None, None));
        let expected =
            DeliveryStats { delivered: 0, left: 1, first_failed: Some((None, "disk I/O error".to_owned())) };
        assert_eq!(hooks.stats(), Some(expected));
    }
}
