//! The variables of a manifest, which are columns of the results: their order, and the names that
//! the results reserve for themselves.

use std::collections::HashMap;

use super::guard::GUARD_COLUMN;
use crate::diagnostic::{Diagnostic, Place, quoted};

/// Reserved names of columns, besides `image_1`, `image_2` and so on.
const RESERVED: [&str; 12] = [
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
    GUARD_COLUMN,
];

/// The variables, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    /// The name of each variable's column; `None` for a variable that is no column.
    kept: Vec<Option<String>>,
    index: HashMap<String, usize>,
}

impl Variables {
    /// The variable of a name, added if it is new. If the name of a new one is reserved, the
    /// column's other name is returned too.
    pub(crate) fn of(&mut self, written: &str) -> (usize, Option<RenamedVariable>) {
        let variable = self.hidden(written);
        if self.kept[variable].is_some() {
            return (variable, None);
        }
        let kept = free_name(written, &self.kept);
        let renamed =
            (kept != written).then(|| RenamedVariable { written: written.to_owned(), kept: kept.clone() });
        self.kept[variable] = Some(kept);
        (variable, renamed)
    }

    /// The variable of a name, added if it is new, without a column in the results.
    pub(crate) fn hidden(&mut self, written: &str) -> usize {
        let next = self.kept.len();
        let variable = *self.index.entry(written.to_owned()).or_insert(next);
        if variable == next {
            self.kept.push(None);
        }
        variable
    }

    /// Finds the variable of a name.
    pub(crate) fn find(&self, written: &str) -> Option<usize> {
        self.index.get(written).copied()
    }

    /// All names as written, in no order, with their variables.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&str, usize)> {
        self.index.iter().map(|(name, variable)| (name.as_str(), *variable))
    }

    /// How many variables there are.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The columns' names as the results have them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.kept.iter().flatten().cloned().collect()
    }

    /// The variables that are columns, in the order of the columns.
    pub(crate) fn shown(&self) -> Vec<usize> {
        self.kept
            .iter()
            .enumerate()
            .filter(|(_, kept)| kept.is_some())
            .map(|(variable, _)| variable)
            .collect()
    }
}

/// A column that has another name than its variable, because that name is reserved.
#[derive(Debug)]
pub(crate) struct RenamedVariable {
    written: String,
    kept: String,
}

impl RenamedVariable {
    /// The warning about it, at the place of the name.
    pub(crate) fn at(self, place: Place) -> Diagnostic {
        Diagnostic::warning(format!("the results have a column {} of their own", quoted(&self.written)))
            .at(place, format!("kept as {}", quoted(&self.kept)))
    }
}

/// Whether a name is reserved for a column of the results.
pub(crate) fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_image = |number: &str| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    RESERVED.contains(&name.as_str()) || name.strip_prefix("image_").is_some_and(is_image)
}

fn free_name(written: &str, taken: &[Option<String>]) -> String {
    let base = if is_reserved(written) { format!("manifest_{written}") } else { written.to_owned() };
    let numbered = (2..).map(|n| format!("{base}_{n}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !taken.iter().flatten().any(|taken| taken == name))
        .unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_get_another_and_no_two_columns_share_one() {
        let mut columns = Variables::default();
        for name in ["sku", "Status", "image_12", "image_", "sku", "manifest_Status", "task_id", "timeout"] {
            columns.of(name);
        }
        assert_eq!(
            columns.names(),
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
