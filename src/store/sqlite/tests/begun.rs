//! What tests begin a run with: its start, and all that waits, claimed at once.

use std::ops::Deref;

use crate::engine::{Backlog, EarlierAttempt, Waiting};
use crate::store::{BatchWriter, ClaimedTasks, RunStart};

/// The start of a run that has claimed all it may.
#[derive(Debug)]
pub(in crate::store) struct Begun {
    start: RunStart,
    pub(in crate::store) waiting: Vec<Waiting>,
    /// Their attempts that may have images by now.
    pub(in crate::store) earlier: Vec<EarlierAttempt>,
}

impl Deref for Begun {
    type Target = RunStart;

    fn deref(&self) -> &RunStart {
        &self.start
    }
}

/// Claims all that waits, in portions, which must be as many as were counted.
pub(in crate::store) fn claimed((start, writer): (RunStart, BatchWriter)) -> (Begun, BatchWriter) {
    let (mut waiting, mut earlier): (Vec<Waiting>, Vec<EarlierAttempt>) = (Vec::new(), Vec::new());
    loop {
        let ClaimedTasks { claim, earlier_tasks } = writer.claim(3).blocking_recv().unwrap().unwrap();
        assert_eq!(claim.earlier.len(), earlier_tasks.len());
        let are_last = claim.tasks.len() < 3;
        waiting.extend(claim.tasks);
        earlier.extend(claim.earlier);
        if are_last {
            break;
        }
    }
    assert_eq!(Backlog::of(&waiting), start.backlog);
    (Begun { start, waiting, earlier }, writer)
}
