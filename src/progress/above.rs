//! The current progress bar, so that other code can print to stderr without breaking it.

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

/// The progress bar that is on the terminal; `None` where there is none.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Makes this bar the current one.
pub(super) fn set_bar(bar: &ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
}

/// Calls `write`, which prints to stderr, while the current bar is cleared from the terminal.
pub fn without_bar(write: impl FnOnce()) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
