//! The names that the program's own tables keep for themselves.

use crate::manifest::is_reserved_column;

/// Whether the program has a column of this name in its own tables.
pub(super) fn is_own(name: &str) -> bool {
    is_reserved_column(name) || ["action", "pick", "ref"].iter().any(|own| name.eq_ignore_ascii_case(own))
}
