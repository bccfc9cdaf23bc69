//! Where the progress bar is, so that a line that is none of its own can be written above it.

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

/// The bar of the run, if it has one.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Takes note of the bar that is drawn from now on.
pub(super) fn set_bar(bar: &ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
}

/// Writes to stderr while the bar, if there is one, is off the screen.
pub fn without_bar(write: impl FnOnce()) {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
