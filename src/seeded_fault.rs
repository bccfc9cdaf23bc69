//! Deliberate faults of identity, decisions and money outside the engine, each of which the random
//! walk of the tests must catch. They prove that its checks can fail. A release build has none:
//! [`is_on`] is then `false`.
//!
//! `MJBATCH_MUTANT=prompts-compared-raw` switches one on for the whole process. The engine has its
//! own, which its simulator must catch.

macro_rules! seeded_faults {
    ($($fault:ident $name:literal $about:literal,)*) => {
        /// A deliberate fault, as somebody might make it some day.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SeededFault { $(#[doc = $about] $fault,)* }

        impl SeededFault {
            /// All of them.
            pub const ALL: &[SeededFault] = &[$(SeededFault::$fault,)*];

            /// The name in `MJBATCH_MUTANT`.
            pub fn as_str(self) -> &'static str {
                match self { $(SeededFault::$fault => $name,)* }
            }
        }
    };
}

seeded_faults! {
    PromptsComparedRaw "prompts-compared-raw" "a prompt that is spelled otherwise is another task",
    PromptAloneNotMatched "prompt-alone-not-matched" "a task with another id is a new one",
    DeletedRowsForgotten "deleted-rows-forgotten" "a task that the manifest had no longer is a new one when it returns",
    ModeIsIdentity "mode-is-identity" "a task in another mode is another task",
    ManifestRedoRepeated "manifest-redo-repeated" "a redo in the manifest is carried out by every run",
    SkipIgnored "skip-ignored" "a task that was bought or waits is not skipped",
    SkipEndsAsRetry "skip-ends-as-retry" "a task that failed is sent again where its skip ends",
    MaxChangedIgnored "max-changed-ignored" "any number of edited tasks is bought again",
    SelectionIgnored "selection-ignored" "a run submits what was not selected",
    InterruptedSubmitsWait "interrupted-submits-wait" "a submit that a dead run left without a reply waits again",
    RetryTakesUnknown "retry-takes-unknown" "a retry sends again what is unknown",
    ResendTakesDeleted "resend-takes-deleted" "a resend makes a task wait that the manifest lists no longer",
    UnknownNotSpent "unknown-not-spent" "an attempt whose outcome is unknown does not count against the budget",
    ManifestBudgetDropped "manifest-budget-dropped" "the budget of the manifest is not read",
    DeletedUnknownNotCounted "deleted-unknown-not-counted" "what is unknown is not counted once its row is deleted",
    LostLogUnnoticed "lost-log-unnoticed" "a state without its log is opened as if it were whole",
    JobsTakenTwice "jobs-taken-twice" "a job that was found may be that of two tasks",
    RefAttemptsIgnored "ref-attempts-ignored" "a redo in an old copy of a table is carried out again",
    KeptSkipForgotten "kept-skip-forgotten" "a skip in a table is over with the next run of the manifest",
    DecidedNotCleared "decided-not-cleared" "a task that a table had made is due in every later run of a table",
    MakeOfPendingIgnored "make-of-pending-ignored" "a run of a table leaves what it was to submit",
    TableSkipIgnored "table-skip-ignored" "a skip in a table is not recorded",
    TableBuysAll "table-buys-all" "a run of a table submits whatever waits",
    ResultsForgetCells "results-forget-cells" "what people wrote into the results is not read before they are replaced",
    EarlierAttemptsNotRead "earlier-attempts-not-read" "a lost task is paid for again without asking whether it has images",
    BegunAnew "begun-anew" "a batch whose state is gone is begun anew in spite of its results",
    OldestImagesShown "oldest-images-shown" "the results show the first images of a task, not the newest",
}

/// Whether this one is switched on.
#[cfg(not(debug_assertions))]
#[inline]
pub fn is_on(_: SeededFault) -> bool {
    false
}

/// Whether this one is switched on.
#[cfg(debug_assertions)]
pub fn is_on(fault: SeededFault) -> bool {
    use std::sync::LazyLock;

    static ON: LazyLock<Option<SeededFault>> = LazyLock::new(|| {
        let name = std::env::var("MJBATCH_MUTANT").ok()?;
        SeededFault::ALL.iter().copied().find(|fault| fault.as_str() == name)
    });
    *ON == Some(fault)
}
