//! The manifest's own columns: their order, and the names that the results keep for themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::diagnostic::{Diagnostic, Place, quoted};

/// The columns of the results that are not the manifest's, besides `image_1`, `image_2` and so on.
const RESERVED: [&str; 11] = [
    "id",
    "task_id",
    "status",
    "mode",
    "prompt",
    "reason",
    "grid",
    "attempts",
    "quota",
    "submitted_at",
    "finished_at",
];

/// Names in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Columns {
    kept: Vec<String>,
    index: HashMap<String, usize>,
}

impl Columns {
    /// The column of a name, a new one if it was not seen before. A new one that could not keep its name is told.
    pub(super) fn of(&mut self, written: &str) -> (usize, Option<Renamed>) {
        let next = self.kept.len();
        match self.index.entry(written.to_owned()) {
            Entry::Occupied(seen) => (*seen.get(), None),
            Entry::Vacant(new) => {
                new.insert(next);
                let kept = free_name(written, &self.kept);
                let renamed =
                    (kept != written).then(|| Renamed { written: written.to_owned(), kept: kept.clone() });
                self.kept.push(kept);
                (next, renamed)
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The names as the results have them.
    pub(super) fn into_names(self) -> Vec<String> {
        self.kept
    }
}

/// A column that is kept under another name.
#[derive(Debug)]
pub(super) struct Renamed {
    written: String,
    kept: String,
}

impl Renamed {
    /// The warning of it, at the place of the name.
    pub(super) fn at(self, place: Place) -> Diagnostic {
        Diagnostic::warning(format!("the results have a column {} of their own", quoted(&self.written)))
            .at(place, format!("kept as {}", quoted(&self.kept)))
    }
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_image = |number: &str| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    RESERVED.contains(&name.as_str()) || name.strip_prefix("image_").is_some_and(is_image)
}

fn free_name(written: &str, taken: &[String]) -> String {
    let base = if is_reserved(written) { format!("manifest_{written}") } else { written.to_owned() };
    let numbered = (2..).map(|n| format!("{base}_{n}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_results_are_kept_under_another_and_no_two_are_the_same() {
        let mut columns = Columns::default();
        for name in ["sku", "Status", "image_12", "image_", "sku", "manifest_Status", "task_id", "timeout"] {
            columns.of(name);
        }
        assert_eq!(
            columns.into_names(),
            [
                "sku",
                "manifest_Status",
                "manifest_image_12",
                "image_",
                "manifest_Status_2",
                "manifest_task_id",
                "timeout"
            ]
        );
    }
}
