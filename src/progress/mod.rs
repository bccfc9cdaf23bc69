//! Progress reporting: the events of a run, and the sinks that show them to people, logs and
//! programs.
//!
//! [`RunEvent`] and [`RunProgress`] are the whole interface: the runner says what happened and how
//! far the batch is, and a [`Sink`] shows it. There are four sinks, selected by `--progress`: a bar
//! on a terminal, plain lines for logs and cron, one JSON object per line for programs, and errors
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
mod run_progress;
mod sink;
mod stop_reason;
mod summary;
#[cfg(feature = "cli")]
mod terminal_bar;
mod throughput;
mod wording;

#[cfg(feature = "cli")]
pub use above::without_bar;
#[cfg(feature = "cli")]
use cursor_home::CursorHome;
pub use errors_only::ErrorsOnly;
pub use event::RunEvent;
pub use failure_groups::{FailureGroup, FailureGroups};
#[cfg(feature = "cli")]
use indicatif::ProgressDrawTarget;
pub use json_lines::{JsonLines, summary_as_json};
pub use notice::{Level, Notice};
pub use plain_lines::PlainLines;
pub use run_progress::RunProgress;
pub use sink::Sink;
pub use stop_reason::StopSummary;
pub use summary::{QuotaSpent, Summary};
#[cfg(feature = "cli")]
pub use terminal_bar::TerminalBar;
pub use wording::counts_line;

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
