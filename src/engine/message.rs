//! What goes into the engine and what comes out of it: two closed enums, and the facts they carry.
//!
//! Every duration called `now` or `at` counts from the start of the run; no wall clock is known
//! here. What a reply of the service means is decided before it gets here (`api`): these types say
//! only what is certain about it.

use std::time::Duration;

use crate::task::{AttemptKey, Change, Failure, Images, Mode, ModeCounts, RemoteTaskId, TaskMode, TaskRow};

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The time that [`wake_at`](super::Engine::wake_at) asked for has come. Also harmless at any
    /// other time.
    Wake,
    /// The store says that an intent is on the disk, under the number that it gave to the attempt:
    /// now, and only now, may it be sent.
    IntentRecorded {
        /// The intent.
        intent: IntentId,
        /// The attempt, numbered higher than all before it.
        attempt: AttemptKey,
    },
    /// The store did not take the intent: nothing may be sent for it.
    IntentRefused {
        /// The intent.
        intent: IntentId,
        /// Why not.
        why: IntentRefusal,
    },
    /// The intent could not be written: nothing may be sent for it.
    IntentFailed(IntentId),
    /// These tasks are claimed for this run, the next ones in their order. Fewer than were asked
    /// for: no more are left.
    TasksClaimed(Claim),
    /// What became of a submit.
    SubmitReply(AttemptKey, SubmitOutcome),
    /// What a status request for these ids gave.
    StatusReply(Vec<RemoteTaskId>, StatusOutcome),
    /// The service called back on the address that only this attempt was given.
    Callback(AttemptKey, Item),
    /// A person or the system wants the run to end: submit nothing more, follow what runs.
    Stop,
    /// ... and again: leave at once.
    Abort,
    /// The state can no longer be written. Nothing may be sent any more.
    StoreFailed,
}

/// Something is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make the intent to submit this task in this mode durable, then say
    /// [`Event::IntentRecorded`], or why that was not done.
    RecordIntent(IntentId, TaskRow, Mode),
    /// Claim so many of the tasks that wait, then say [`Event::TasksClaimed`].
    ClaimTasks(usize),
    /// Send it, once. Costs money.
    Submit(AttemptKey, TaskRow),
    /// Ask for the status of these ids in one request. Free.
    PollStatus(Vec<RemoteTaskId>),
    /// Make this durable.
    Record(Change),
    /// Tell the person.
    Notify(EngineNotice),
}

/// The name of an intent within one run, until the store has given its attempt a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub u64);

/// Why the store did not take an intent. Nothing of it is in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentRefusal {
    /// The attempt would pass the budget, by all that was spent or reserved until now.
    OverBudget,
    /// The task is not this run's to submit: it does not wait any more.
    NotOurs,
}

/// What became of a submit, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// The service took it and named it: it runs and is paid for.
    Accepted(RemoteTaskId),
    /// The service said no, in words or by a 4xx: nothing was accepted.
    Refused(Refusal),
    /// The request never left: connection refused, DNS, TLS. The text says which.
    NotSent(String),
    /// A job may exist and may be billed: the reply was lost, cut, late, a 5xx or unreadable. The
    /// text says which.
    Unknown(String),
}

/// Why the service said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// All slots of the account are taken (envelope 1002). Back-pressure, never a failure.
    Slots,
    /// The account has not enough quota (envelope 1001, HTTP 402).
    Quota,
    /// The API key is not good (HTTP 401, 403).
    Key(String),
    /// Too many requests (HTTP 429), with the wait that was asked for.
    TooFast(Option<Duration>),
    /// What answers is not the API (HTTP 404, 405, without an envelope).
    NotTheApi(String),
    /// This prompt, or this list of ids, is refused: the reason in the service's words.
    Content(String),
}

/// What a status request gave.
#[derive(Debug, Clone, PartialEq)]
pub enum StatusOutcome {
    /// A list, in any order, perhaps with ids missing, repeated or never asked for.
    Items(Vec<Item>),
    /// The service said no.
    Refused(Refusal),
    /// No answer, or one that cannot be read; the text says what. Repeating is free and safe.
    Unreadable(String),
}

/// What the service says of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The job.
    pub task_id: RemoteTaskId,
    /// How far it is.
    pub progress: Progress,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Pending or running, or a status that nobody knows.
    Running,
    /// Ended well. The images may still be missing.
    Done(Images),
    /// Ended without images.
    Failed(Failure),
}

/// Something a person should hear of while it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineNotice {
    /// The account runs fewer jobs at once than was asked for.
    FewerSlots(usize),
    /// The service asked us to slow down, for this long.
    SlowedDown(Duration),
    /// The service has not answered sensibly for this long; the text says what was seen last.
    Outage(Duration, String),
    /// It answers again, after this long.
    Recovered(Duration),
    /// Nothing more is submitted; what runs is followed to its end.
    Draining(StopReason),
    /// About so many tasks will miss the deadline, even if all that may be is sent fast.
    WillBeLate(u64),
    /// Images of this earlier attempt came meanwhile: its task is done, and not paid for again.
    LateImages(AttemptKey),
    /// The deadline is over, and so many tasks have not ended.
    DeadlineOver(u64),
}

/// Why a run ended, or will end as soon as what runs has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Nothing is left to do.
    Finished,
    /// Nothing was left to do when the run began.
    NothingToDo,
    /// What was selected for this run has ended; other tasks wait.
    SelectionDone,
    /// What a table decided is carried out; other tasks wait.
    DecisionsDone,
    /// One task of each entry was tried; other tasks wait for a person to look at its images.
    PilotDone,
    /// As many tasks as `--limit` allows were submitted; tasks remain.
    LimitReached,
    /// What is next in the order would pass the budget; tasks remain.
    BudgetReached,
    /// The time for submitting is over, and so is the one for following, or all that ran has ended.
    TimeOver,
    /// All that the slots take was submitted, and waiting was not wanted.
    NotAwaited,
    /// The prompts of these tasks were turned down, one after the other.
    Breaker(Vec<TaskRow>),
    /// A signal.
    Interrupted,
    /// The API key was refused, in these words.
    KeyRefused(String),
    /// The account is out of quota.
    QuotaGone,
    /// The service could not be reached, or what it says makes no sense; the text says what was
    /// seen last.
    Unreachable(String),
    /// The state file could not be written.
    StoreFailed,
}

impl StopReason {
    /// The word in the state and for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            StopReason::Finished => "finished",
            StopReason::NothingToDo => "nothing_to_do",
            StopReason::SelectionDone => "chosen_done",
            StopReason::DecisionsDone => "decisions_done",
            StopReason::PilotDone => "pilot_done",
            StopReason::LimitReached => "limit_reached",
            StopReason::BudgetReached => "budget_reached",
            StopReason::TimeOver => "time_over",
            StopReason::NotAwaited => "not_awaited",
            StopReason::Breaker(_) => "breaker",
            StopReason::Interrupted => "interrupted",
            StopReason::KeyRefused(_) => "key_refused",
            StopReason::QuotaGone => "quota_gone",
            StopReason::Unreachable(_) => "unreachable",
            StopReason::StoreFailed => "state_not_written",
        }
    }

    /// Whether something stood in the way that a person has to see to.
    pub fn is_error(&self) -> bool {
        matches!(
            self,
            StopReason::KeyRefused(_)
                | StopReason::QuotaGone
                | StopReason::Breaker(_)
                | StopReason::Unreachable(_)
                | StopReason::StoreFailed
        )
    }

    /// Whether there was nothing more to do.
    pub fn is_end(&self) -> bool {
        matches!(self, StopReason::Finished | StopReason::NothingToDo)
    }
}

/// A task that waits for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub task: TaskRow,
    /// The mode it will be sent in, or that this is decided then.
    pub mode: TaskMode,
    /// How long the service may take.
    pub timeout: Duration,
}

/// Tasks that a run has claimed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// The tasks, in their order.
    pub tasks: Vec<Waiting>,
    /// Their attempts that the service is asked about before they are paid for again.
    pub earlier: Vec<EarlierAttempt>,
}

/// Tasks without such attempts.
impl From<Vec<Waiting>> for Claim {
    fn from(tasks: Vec<Waiting>) -> Claim {
        Claim { tasks, earlier: Vec::new() }
    }
}

/// An attempt of a task that waits: a job of the service that was given up and may have images by
/// now, since it is not known to have ended without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierAttempt {
    /// Its row.
    pub attempt: AttemptKey,
    /// Its task, as it waits.
    pub waiting: Waiting,
    /// The mode it was sent in.
    pub mode: Mode,
    /// The service's name for it.
    pub task_id: RemoteTaskId,
    /// How long ago it was submitted, when the task was claimed.
    pub age: Duration,
}

/// How many tasks wait that a run may claim, by mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// After the selection of the run.
    pub tasks: ModeCounts,
}

impl Backlog {
    /// The backlog of just these tasks.
    pub fn of<'a>(tasks: impl IntoIterator<Item = &'a Waiting>) -> Backlog {
        let mut backlog = Backlog::default();
        tasks.into_iter().for_each(|waiting| backlog.tasks.add(waiting.mode));
        backlog
    }
}

/// A submit of an earlier run of which nothing is known: its reply was lost, or never recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unacknowledged {
    /// Its row.
    pub attempt: AttemptKey,
    /// Its task, as it would wait again.
    pub waiting: Waiting,
    /// The mode it was sent in.
    pub mode: Mode,
    /// How long ago it was submitted, at the start of this run.
    pub age: Duration,
    /// Whether it was given an address of ours to call back.
    pub called_back: bool,
}

/// An attempt of an earlier run that is taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// Its row.
    pub attempt: AttemptKey,
    /// Its task, as it would wait again.
    pub waiting: Waiting,
    /// The mode it was sent in.
    pub mode: Mode,
    /// The service's name for it.
    pub task_id: RemoteTaskId,
    /// How long ago it was submitted, at the start of this run.
    pub age: Duration,
    /// It was given up before (lost, timed out, no images) and is only asked about once more.
    pub second_look: bool,
}
