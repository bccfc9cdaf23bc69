//! Errors only: the notices of level error, and the reason of a run that an error stopped.

use std::io::Write;

use super::event::RunEvent;
use super::notice::Level;
use super::run_progress::RunProgress;
use super::sink::Sink;

/// Writes errors, one line each, and nothing else.
#[derive(Debug)]
pub struct ErrorsOnly<W> {
    out: W,
}

impl<W: Write> ErrorsOnly<W> {
    /// Creates a sink that writes to `out`.
    pub fn new(out: W) -> Self {
        ErrorsOnly { out }
    }
}

impl<W: Write + Send> Sink for ErrorsOnly<W> {
    fn event(&mut self, event: &RunEvent, _now: &RunProgress) {
        let line = match event {
            RunEvent::Notice(notice) if notice.level() == Level::Error => Some(notice.with_level()),
            RunEvent::Finished(summary) if summary.stop.reason.is_error() => {
                Some(format!("error: stopped: {}", summary.stop))
            }
            _ => None,
        };
        if let Some(line) = line {
            let _ = writeln!(self.out, "{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Notice;
    use super::super::tests::{Recorder, progress, run, summary};
    use super::*;
    use crate::engine::StopReason;

    #[test]
    fn only_errors_are_written() {
        let recorder = Recorder::default();
        let mut sink = ErrorsOnly::new(recorder.clone());
        run(&mut sink);
        assert_eq!(recorder.text(), "");
        let now = progress(0, &[]);
        let why = "results cannot be written to `r.csv`: no space".to_owned();
        sink.event(&RunEvent::Notice(Notice::ResultsNotWritten { why }), &now);
        for stop in [StopReason::Interrupted, StopReason::KeyRefused("HTTP 401".into())] {
            sink.event(&RunEvent::Finished(Box::new(summary(&[], stop))), &now);
        }
        insta::assert_snapshot!(recorder.text(), @"
        error: results cannot be written to `r.csv`: no space
        error: stopped: the service rejected the API key (HTTP 401); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)
        ");
    }
}
