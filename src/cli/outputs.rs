//! The files that a run writes, in words: nobody should have to find out afterwards.

use std::path::PathBuf;

use crate::text::sanitize;

/// One line: `writes: spring.mjbatch, spring.results.csv`.
pub(super) fn writes(files: &[PathBuf]) -> String {
    let files: Vec<String> = files.iter().map(|file| sanitize(&file.to_string_lossy())).collect();
    format!("writes: {}", files.join(", "))
}
