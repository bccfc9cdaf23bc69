//! The state of a batch: the only truth about it. Everything shown or exported is derived from it.
//!
//! A [`BatchStore`] names the state and has three faces. A [`Snapshot`] is the state at one moment,
//! to read, also while a run writes it; it knows whether one does. A [`HeldStore`] is held by this
//! process alone, and takes commands: sync the manifest, retry, resolve. A [`BatchWriter`] is what
//! one run writes; what it answers is durable: an intent before its request leaves, a taskId the
//! moment it is known.
//!
//! `sqlite` keeps the state in a file; `salvage` reads what is left of a damaged one. Nothing above
//! this module knows how a state is kept.

mod attempt;
mod decision;
mod delivery;
mod error;
mod header;
mod image_file;
mod in_doubt;
mod intent;
mod location;
mod results_file;
mod retry_report;
mod run;
mod salvage;
mod sqlite;
mod variable;
mod write_error;

pub use attempt::Attempt;
pub use decision::{DecidedTask, PickOutcome, ReturnedTask, RowDecision};
pub use delivery::{
    Delivery, DeliveryCount, DeliveryKey, FailedDelivery, NotifyOn, Payload, PendingDelivery,
};
pub use error::StoreError;
pub use header::{FoundState, Header, ManifestRef};
pub use image_file::{AttemptImages, DownloadedFile, FileCounts, FileRow};
pub use in_doubt::{InDoubt, LinkOutcome, Resolution, ResolveReport};
pub use intent::{Intent, IntentOutcome, Outgoing};
pub use location::{StateLocation, is_same_file};
pub use results_file::WrittenFile;
pub use retry_report::RetryReport;
pub use run::{ClaimedTasks, ResumedTask, RunRow, RunStart};
pub use sqlite::*;
pub use variable::Variable;
pub use write_error::{Rescued, WriteError};

use std::path::Path;

use crate::task::{Counts, Fingerprint, RemoteTaskId, TaskId};

/// The store of one batch: where its state is, whether or not there is one yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStore {
    location: StateLocation,
}

impl BatchStore {
    /// The store whose state is at this place. Nothing is opened yet.
    pub fn at(location: impl Into<StateLocation>) -> BatchStore {
        BatchStore { location: location.into() }
    }

    /// The states in a folder (`*.mjbatch`), by their names, from their headers alone. Nothing is
    /// changed, also where one is older or a run writes it; what cannot be read is left out.
    pub fn found_in(folder: &Path) -> Vec<FoundState> {
        sqlite::found_in(folder)
    }

    /// What the header of the state says, from a look that changes nothing, also where the state is
    /// older or newer. `None` where there is none, or none that says anything.
    pub fn look(&self) -> Option<FoundState> {
        sqlite::look_at(&self.location)
    }

    /// Whether there is a state that has tasks, or may have: one that cannot be looked at is
    /// refused by whoever opens it. Nothing is changed.
    pub fn has_tasks(&self) -> bool {
        sqlite::has_tasks(&self.location)
    }

    /// Whether the state has a task with a prompt of such a fingerprint, also one that its manifest
    /// has no longer. Nothing is changed; a state that is not there or cannot be read has none.
    pub fn has_prompt(&self, is_meant: impl Fn(Fingerprint) -> bool) -> bool {
        sqlite::has_prompt(&self.location, &is_meant)
    }

    /// Where the state is.
    pub fn location(&self) -> &StateLocation {
        &self.location
    }

    /// The state at this moment, to read. One of an older program is brought up to date first.
    ///
    /// # Errors
    /// [`StoreError::Absent`], [`StoreError::NotAState`], [`StoreError::Newer`], or what the file
    /// system says; [`StoreError::Held`] where a run of an older program is writing it.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let location = self.resolved()?;
        let holder = sqlite::holder(&location);
        let is_live = holder.is_some();
        Snapshot::take(&location, holder, is_live)
    }

    /// Opens the state, or creates it, and holds it. `service` is the identity of the service whose
    /// taskIds it keeps; `holder` describes this process to whoever comes second.
    ///
    /// # Errors
    /// [`StoreError::Held`] where another run has it; [`StoreError::OtherService`] where it was
    /// made with another service; [`StoreError::NotAState`] and [`StoreError::Newer`] where it is
    /// none of ours, which leaves it as it is.
    pub fn open(&self, service: &str, holder: &str) -> Result<HeldStore, StoreError> {
        HeldStore::open(&self.resolved()?, service, holder)
    }

    /// Opens the state that is there, whichever service it was made with, and holds it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] where there is none; else as [`open`](BatchStore::open).
    pub fn hold(&self, holder: &str) -> Result<HeldStore, StoreError> {
        HeldStore::open_existing(&self.resolved()?, holder)
    }

    /// What the state has kept of its manifest, if there is one that can be read as it is.
    pub fn cached_manifest(&self) -> Option<String> {
        sqlite::cached_manifest(&self.resolved().ok()?)
    }

    /// Copies the whole state to a new file, also while a run writes it, and gives how many tasks
    /// have each status. The copy can be run once the run that is writing the state has ended; of
    /// the two, only one should ever be run again.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is such a file already, and what
    /// [`snapshot`](BatchStore::snapshot) says.
    pub fn back_up(&self, to: &Path) -> Result<Counts, StoreError> {
        self.snapshot()?.copy_to(to)
    }

    /// Every taskId that can still be read from the state, damaged or not, with the id of its task
    /// where that can be read too. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Absent`] where there is no state, [`StoreError::File`] where it cannot be
    /// read, and [`StoreError::NotAState`] where it does not begin like a state and has no taskId
    /// in it either.
    pub fn salvage(&self) -> Result<Vec<(Option<TaskId>, RemoteTaskId)>, StoreError> {
        salvage::salvage(&self.resolved()?)
    }

    /// The state's file, found through symlinks: two names of one state have one lock and one log.
    fn resolved(&self) -> Result<StateLocation, StoreError> {
        sqlite::resolve(self.location.path()).map(StateLocation::from)
    }
}
