//! What tests begin a run with: its start, and all that waits, claimed at once.

use std::ops::Deref;

use crate::engine::{Backlog, Waiting};
use crate::store::{BatchWriter, RunStart};

/// The start of a run that has claimed all it may.
#[derive(Debug)]
pub(in crate::store) struct Begun {
    start: RunStart,
    pub(in crate::store) waiting: Vec<Waiting>,
}

impl Deref for Begun {
    type Target = RunStart;

    fn deref(&self) -> &RunStart {
        &self.start
    }
}

/// Claims all that waits, in portions, which must be as many as were counted.
pub(in crate::store) fn claimed((start, writer): (RunStart, BatchWriter)) -> (Begun, BatchWriter) {
    let mut waiting: Vec<Waiting> = Vec::new();
    loop {
        let portion = writer.claim(3).blocking_recv().unwrap().unwrap();
        let are_last = portion.len() < 3;
        waiting.extend(portion);
        if are_last {
            break;
        }
    }
    assert_eq!(Backlog::of(&waiting), start.backlog);
    (Begun { start, waiting }, writer)
}
