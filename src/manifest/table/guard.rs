//! Cells that a spreadsheet would run as a formula, made text by a quote before them, and read back
//! without it.
//!
//! The signs are those of OWASP's "CSV Injection". A cell that looks guarded by itself gets one
//! more quote, so that every text comes back as it was; that a table is guarded is said by a column
//! of its own.

use std::borrow::Cow;

/// The column that says of a table of results that its cells are guarded.
pub const GUARD_COLUMN: &str = "formula_guard";

/// The text as it is safe in a spreadsheet.
pub fn guard_formula(text: &str) -> Cow<'_, str> {
    let is_formula = text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text that was guarded.
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
    fn what_starts_a_formula_gets_a_quote() {
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
