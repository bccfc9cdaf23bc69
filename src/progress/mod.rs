//! What a person, a log or a program is told while a run is going on, and the summary at its end.
//!
//! [`RunEvent`] is the whole interface: the run says what happened and where the batch [stands](Standing), a [`Sink`] shows
//! it. There are four, by `--progress`: a bar on a terminal, a line now and then for logs and cron, one JSON object a line
//! for programs, and silence. No sink has a clock (times are given to it) and none can fail: the state file has it all, so
//! a view that cannot be written, a closed pipe say, is no reason to stop a run that spends money.
//!
//! Whatever others wrote (ids, reasons, addresses) passes through [`crate::text`] on its way to a screen.

#[cfg(feature = "cli")]
mod above;
#[cfg(feature = "cli")]
mod bar;
mod event;
mod json;
mod notice;
mod pace;
mod plain;
mod quiet;
#[cfg(feature = "cli")]
mod screen;
mod stop;
mod summary;
mod wording;

use std::time::Duration;

#[cfg(feature = "cli")]
use indicatif::ProgressDrawTarget;
use jiff::Timestamp;

#[cfg(feature = "cli")]
pub use above::without_bar;
#[cfg(feature = "cli")]
pub use bar::Bar;
pub use event::RunEvent;
pub use json::{JsonLines, summary_as_json};
pub use notice::{Level, Notice};
pub use plain::Plain;
pub use quiet::Quiet;
#[cfg(feature = "cli")]
use screen::Screen;
pub use stop::StopReason;
pub use summary::{Cost, Summary, Trouble, Troubles};
pub use wording::counts_line;

use crate::task::{Counts, Status};

/// Where the batch stands at the moment of an event, the event included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The time of day.
    pub at: Timestamp,
    /// How long this run has been going on.
    pub elapsed: Duration,
    /// The batch's tasks by status.
    pub counts: Counts,
    /// How many of the service's slots this run may use now.
    pub slots: usize,
    /// How many of them are in use.
    pub in_slots: usize,
    /// How many tasks this run still means to see end: those that run and those it will submit. Fewer than pending and
    /// running together where a limit holds or the run is stopping.
    pub remaining: u64,
}

impl Standing {
    /// How many tasks need no more of this batch's runs.
    fn settled(&self) -> u64 {
        let open = self.counts.of(Status::Pending) + self.counts.of(Status::Running);
        self.counts.total().saturating_sub(open)
    }

    /// The share of the batch that is settled, in whole per cent, 100 only when all of it is.
    fn percent(&self) -> u64 {
        match self.counts.total() {
            0 => 100,
            total => self.settled() * 100 / total,
        }
    }
}

/// Shows the events of one run.
pub trait Sink: Send {
    /// Something happened.
    fn event(&mut self, event: &RunEvent, now: &Standing);

    /// Time went by.
    fn tick(&mut self, _now: &Standing) {}

    /// How often this sink would like a tick, if at all.
    fn tick_every(&self) -> Option<Duration> {
        None
    }
}

/// How the events of a run are shown, as in `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Choice {
    /// A bar where stderr is a terminal, else plain lines
    #[default]
    Auto,
    /// A bar on stderr; plain lines where that is no terminal
    Bar,
    /// A line now and then on stderr, every failure, and the summary: for logs and cron
    Plain,
    /// One JSON object a line on stdout
    Json,
    /// Nothing but errors, on stderr
    None,
}

/// The sink of this choice, on the program's own stderr or stdout.
#[cfg(feature = "cli")]
pub fn sink(choice: Choice) -> Box<dyn Sink> {
    match choice {
        Choice::Auto | Choice::Bar => {
            let terminal = console::Term::buffered_stderr();
            // No terminal, or one that cannot move its cursor.
            if !terminal.is_term() {
                return Box::new(Plain::new(anstream::stderr()));
            }
            let target = ProgressDrawTarget::term_like_with_hz(Box::new(Screen(terminal.clone())), 20);
            let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            let bar = Bar::new(target, move || terminal.size().1, colour);
            bar.announce();
            Box::new(bar)
        }
        Choice::Plain => Box::new(Plain::new(anstream::stderr())),
        Choice::Json => Box::new(JsonLines::new(std::io::stdout())),
        Choice::None => Box::new(Quiet::new(anstream::stderr())),
    }
}

#[cfg(test)]
mod tests;
