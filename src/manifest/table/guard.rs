//! Keeps spreadsheets from running cells as formulas: puts a quote before such cells, and removes
//! it when they are read back.
//!
//! The signs are those of OWASP's "CSV Injection". A cell that looks guarded by itself gets one
//! more quote, so that every text comes back as it was; a column of its own says that a table is
//! guarded.

use std::borrow::Cow;

/// The column by which a table of results says that its cells are guarded.
pub const GUARD_COLUMN: &str = "formula_guard";

/// Makes a text safe in a spreadsheet.
pub fn guard_formula(text: &str) -> Cow<'_, str> {
    let is_formula = text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Restores a text that [`guard_formula`] made safe.
pub(crate) fn unguard_formula(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if matches!(guard_formula(rest), Cow::Owned(_)) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_that_starts_a_formula_gets_a_quote() {
        for (text, safe) in [
            ("=1+1", "'=1+1"),
            ("-mug", "'-mug"),
            ("\tx", "'\tx"),
            ("'@home'", "''@home'"),
            ("'tis", "'tis"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(guard_formula(text), safe);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in prop_oneof![any::<String>(), "['=+@\t\ra-]{0,6}"]) {
            let safe = guard_formula(&text);
            prop_assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(unguard_formula(&safe), text.as_str());
        }
    }
}
