//! What the columns `action`, `pick` and `ref` of a row hold: a decision that was typed and not
//! carried out stays as it was typed, with the ref under which it was; else what the state has.

use crate::task::{Record, RowRef};

/// The cell `action`.
pub(super) fn action(record: &Record) -> &str {
    record.kept.decision.as_ref().map_or("", |typed| typed.action.as_str())
}

/// The cell `pick` of a task, or of the row of one of its images.
pub(super) fn pick(record: &Record, image: Option<u16>) -> String {
    let typed =
        record.kept.decision.as_ref().map(|typed| typed.pick.as_str()).filter(|pick| !pick.is_empty());
    match (typed.map(|typed| super::read_back::picks(typed, None)), image) {
        (None, None) => numbers(&record.picks),
        (None, Some(image)) => numbers(record.picks.iter().filter(|pick| **pick == image)),
        (Some(Ok(Some(picks))), Some(image)) if !picks.is_empty() => {
            numbers(picks.iter().filter(|pick| **pick == image))
        }
        // What is no list of numbers stands in the first row alone.
        (Some(_), Some(2..)) => String::new(),
        (Some(_), _) => typed.unwrap_or_default().to_owned(),
    }
}

/// The cell `ref`, in the batch of these letters.
pub(super) fn row_ref(record: &Record, letters: Option<&str>) -> Option<RowRef> {
    let typed = record.kept.decision.as_ref().map(|typed| typed.row_ref.clone());
    typed.or_else(|| letters.map(|letters| record.row_ref(letters)))
}

fn numbers<'n>(picks: impl IntoIterator<Item = &'n u16>) -> String {
    picks.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
