//! Lengths as numbers in the page.

/// Rounds to a tenth: more digits would be invisible and fill the page.
pub(super) fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}
