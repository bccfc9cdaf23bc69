//! Progress reporting: the events of a run, and the sinks that show them to people, logs and
//! programs.
//!
//! [`RunEvent`] and [`RunProgress`] are the whole interface: the runner says what happened and how far
//! the batch is, and a [`Sink`] shows it. There are four sinks, selected by `--progress`: a bar on
//! a terminal, plain lines for logs and cron, one JSON object per line for programs, and errors
//! only. A sink has no clock (it is given the time) and cannot fail: everything is in the state
//! file, so a view that cannot be written (a closed pipe, say) must not stop a run that spends
//! money.
//!
//! All text from outside (ids, reasons, URLs) passes through [`crate::text`] before it reaches a
//! terminal.

#[cfg(feature = "cli")]
mod above;
#[cfg(feature = "cli")]
mod cursor_home;
mod errors_only;
mod event;
mod failure_groups;
mod json_lines;
mod notice;
mod plain_lines;
mod stop_reason;
mod summary;
#[cfg(feature = "cli")]
mod terminal_bar;
mod throughput;
mod wording;

use std::time::Duration;

#[cfg(feature = "cli")]
use indicatif::ProgressDrawTarget;
use jiff::Timestamp;

#[cfg(feature = "cli")]
pub use above::without_bar;
#[cfg(feature = "cli")]
use cursor_home::CursorHome;
pub use errors_only::ErrorsOnly;
pub use event::RunEvent;
pub use failure_groups::{FailureGroup, FailureGroups};
pub use json_lines::{JsonLines, summary_as_json};
pub use notice::{Level, Notice};
pub use plain_lines::PlainLines;
pub use stop_reason::StopSummary;
pub use summary::{QuotaSpent, Summary};
#[cfg(feature = "cli")]
pub use terminal_bar::TerminalBar;
pub use wording::counts_line;

use crate::task::{Counts, Status};

/// The state of a batch and its run at the moment of an event, which it already includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunProgress {
    /// The time of day.
    pub at: Timestamp,
    /// The time since this run began.
    pub elapsed: Duration,
    /// The batch's tasks by status.
    pub counts: Counts,
    /// The number of the service's slots that this run may use now.
    pub slots: usize,
    /// The number of those slots that are in use.
    pub in_slots: usize,
    /// The number of tasks that this run still has to finish: those that run and those that it will
    /// submit. It is less than pending and running together where a limit applies or the run is
    /// stopping.
    pub remaining: u64,
}

impl RunProgress {
    /// The number of tasks that no run will do anything more for.
    fn settled(&self) -> u64 {
        let open = self.counts.of(Status::Pending) + self.counts.of(Status::Running);
        self.counts.total().saturating_sub(open)
    }

    /// The share of the batch that is settled, in whole percent, rounded down.
    fn percent(&self) -> u64 {
        match self.counts.total() {
            0 => 100,
            total => self.settled() * 100 / total,
        }
    }
}

/// A view of one run.
pub trait Sink: Send {
    /// Shows an event.
    fn event(&mut self, event: &RunEvent, now: &RunProgress);

    /// Shows that time has passed.
    fn tick(&mut self, _now: &RunProgress) {}

    /// The interval at which this sink wants ticks; `None` where it wants none.
    fn tick_every(&self) -> Option<Duration> {
        None
    }
}

/// The format of a run's progress, as in `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum ProgressFormat {
    /// A bar where stderr is a terminal, else plain lines
    #[default]
    Auto,
    /// A bar on stderr; plain lines where that is no terminal
    Bar,
    /// Occasional lines on stderr, every failure, and the summary: for logs and cron
    Plain,
    /// One JSON object per line on stdout
    Json,
    /// Errors only, on stderr
    None,
}

/// The sink for this format, which writes to the program's own stderr or stdout.
#[cfg(feature = "cli")]
pub fn sink_for(format: ProgressFormat) -> Box<dyn Sink> {
    match format {
        ProgressFormat::Auto | ProgressFormat::Bar => {
            let terminal = console::Term::buffered_stderr();
            // Not a terminal, or one that cannot move its cursor.
            if !terminal.is_term() {
                return Box::new(PlainLines::new(anstream::stderr()));
            }
            let target = ProgressDrawTarget::term_like_with_hz(Box::new(CursorHome(terminal.clone())), 20);
            let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            let bar = TerminalBar::new(target, move || terminal.size().1, color);
            bar.announce();
            Box::new(bar)
        }
        ProgressFormat::Plain => Box::new(PlainLines::new(anstream::stderr())),
        ProgressFormat::Json => Box::new(JsonLines::new(std::io::stdout())),
        ProgressFormat::None => Box::new(ErrorsOnly::new(anstream::stderr())),
    }
}

#[cfg(test)]
mod tests;
