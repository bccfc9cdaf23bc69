//! Deliberate faults of the engine, each of which the simulator must catch. They prove that its
//! checks can fail.
//!
//! Each is switched on for one thread, in tests alone; at the place in the engine that it breaks
//! stands `mutant!(Name)`, which is `false` in the program.

use std::cell::Cell;

macro_rules! mutants {
    ($($name:ident $about:literal,)*) => {
        /// A deliberate fault of the engine, as somebody might make it some day.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Mutant { $(#[doc = $about] $name,)* }

        pub(super) const MUTANTS: &[Mutant] = &[$(Mutant::$name,)*];
    };
}

mutants! {
    SendBeforeDurable "a submit leaves before its intent is on the disk",
    RefusedIntentSent "a submit leaves though the store refused its intent",
    ClaimedTwice "a task that was claimed is claimed again",
    ResendUnknown "a task whose reply was lost waits again",
    RejectedOnLostReply "a lost reply is recorded as a refusal",
    SlotsRefusalFails "a refusal for want of a slot fails the task",
    HeldSlotsForgotten "submits without a reply hold no slot",
    TimeoutsIgnored "a job that never ends is followed forever",
    NoPollAfterError "no job is polled any more after the first bad reply",
    ForeignIdBelieved "a callback about another job ends this one",
    EarlyCallbackDropped "a callback before the reply to the submit is not kept",
    LostAtFirstMiss "an id that is missing once is lost",
    TrustAtOnce "many submits are under way before any was accepted",
    ChangeDropped "an end is not recorded",
    AcceptedNotRecorded "a taskId is not recorded",
    DoneWithoutImages "a job that names no image is taken as done",
    QuotaIsContent "out of quota fails the task",
    WakesInVain "a wake-up is wanted for a time that has passed",
    StopIgnored "submits go on after a stop",
    AbortForgets "after an abort, tasks whose submits have no reply wait again",
    ModeIgnored "a task is sent in a mode that is not its own",
    WaitingForgotten "a refused task does not wait again",
    FailuresNotCounted "a failed task is retried forever",
    EarlierRunsForgotten "a callback does not resolve a submit that an earlier run lost",
    ResendsWithoutEnd "a task is resent in a run as often as its reply is lost",
    EarlierAttemptsNotRead "a task is paid for again though an earlier attempt may have images",
    PaidWithoutAnswer "a task is paid for again where the service did not answer about an earlier attempt",
    LateImagesNotTaken "a task is paid for again though an earlier attempt has images",
    LateCallbackNotTaken "a task is paid for again though a callback brought images of an earlier attempt",
    OverBudgetEnds "submitting ends at a budget in which a cheaper mode fits",
    InDoubtNotAwaited "a callback does not resolve a submit whose reply was lost",
}

thread_local! {
    static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Whether this one is switched on for this thread.
pub(super) fn is_on(mutant: Mutant) -> bool {
    ON.get() == Some(mutant)
}

/// Switches one on for this thread, or all off.
pub(super) fn switch(mutant: Option<Mutant>) {
    ON.set(mutant);
}
