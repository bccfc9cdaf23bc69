//! Silence, but for errors: what a run could not do, and why it ended before its time.

use std::io::Write;

use super::event::RunEvent;
use super::notice::Level;
use super::{Sink, Standing, wording};

/// Writes nothing but errors, one line each.
#[derive(Debug)]
pub struct Quiet<W> {
    out: W,
}

impl<W: Write> Quiet<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Quiet { out }
    }
}

impl<W: Write + Send> Sink for Quiet<W> {
    fn event(&mut self, event: &RunEvent, _now: &Standing) {
        let line = match event {
            RunEvent::Notice(notice) if notice.level() == Level::Error => Some(wording::notice(notice)),
            RunEvent::Finished(summary) if summary.stop.is_error() => {
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
    use super::super::tests::{Paper, run, standing, summary};
    use super::super::{Notice, StopReason};
    use super::*;

    #[test]
    fn silence_is_broken_by_errors_alone() {
        let paper = Paper::default();
        let mut quiet = Quiet::new(paper.clone());
        run(&mut quiet);
        assert_eq!(paper.text(), "");
        let now = standing(0, &[]);
        let why = "results cannot be written to `r.csv`: no space".to_owned();
        quiet.event(&RunEvent::Notice(Notice::ResultsNotWritten { why }), &now);
        for stop in [StopReason::Interrupted, StopReason::KeyRefused { words: "HTTP 401".into() }] {
            quiet.event(&RunEvent::Finished(Box::new(summary(&[], stop))), &now);
        }
        insta::assert_snapshot!(paper.text(), @"
        error: results cannot be written to `r.csv`: no space
        error: stopped: the service refused the API key (HTTP 401); put a valid one into MIDJOURNEY_API_KEY (no task was marked failed)
        ");
    }
}
