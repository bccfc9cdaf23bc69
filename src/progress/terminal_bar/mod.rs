//! The progress bar on a terminal: how far the batch is and what its tasks are doing, with messages
//! above it.
//!
//! The lines are laid out here for the terminal's current width, because indicatif would cut or
//! wrap them anywhere. indicatif draws them, and clears them to print a line that stays.

mod layout;

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::layout::{fold, fold_summary, wrap_parts};
use super::event::RunEvent;
use super::notice::Level;
use super::run_progress::RunProgress;
use super::sink::Sink;
use super::throughput::Throughput;
use super::wording::{self, DOT, FailureLines};
use crate::task::Status;

/// Draws a bar at the bottom of a terminal.
pub struct TerminalBar {
    bar: ProgressBar,
    /// The current number of the terminal's columns.
    width: Box<dyn Fn() -> u16 + Send>,
    color: bool,
    throughput: Throughput,
    failure_lines: FailureLines,
    /// The time since the run's start at which the bar was last laid out; thousands of events may
    /// come between two frames.
    drawn: Option<Duration>,
}

/// The shortest time between two layouts.
const FRAME: Duration = Duration::from_millis(50);
/// The largest width of the bar, in columns.
const MAX_WIDTH: usize = 50;
/// The smallest width at which the bar is drawn, in columns.
const MIN_WIDTH: usize = 8;

impl TerminalBar {
    /// Creates a bar that draws on `target`, whose number of columns `width` returns, with or
    /// without color.
    pub fn new(target: ProgressDrawTarget, width: impl Fn() -> u16 + Send + 'static, color: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        // The bar always needs a line of its own, or the cursor would stay on the first line that
        // is printed.
        bar.set_message(" ");
        TerminalBar {
            bar,
            width: Box::new(width),
            color,
            throughput: Throughput::default(),
            failure_lines: FailureLines::default(),
            drawn: None,
        }
    }

    /// Lets other code print lines above this bar, by [`without_bar`](super::without_bar).
    pub(super) fn announce(&self) {
        super::above::set_bar(&self.bar);
    }

    /// Prints a line that stays above the bar, broken between words where the terminal is narrow.
    /// Its first word is colored.
    fn print_line(&self, line: &str, color: Option<AnsiColor>) {
        let line = fold(line, self.columns());
        match (color, line.split_once(' ')) {
            (Some(color), Some((word, rest))) => {
                self.bar.println(format!("{} {rest}", self.paint(word, color)));
            }
            _ => self.bar.println(line),
        }
    }

    /// The number of columns that may be filled. The last one stays free: some terminals wrap as
    /// soon as it is filled.
    fn columns(&self) -> usize {
        usize::from((self.width)().saturating_sub(1))
    }

    fn paint(&self, text: &str, color: AnsiColor) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(color.into()));
        format!("{style}{text}{style:#}")
    }

    fn draw(&mut self, now: &RunProgress) {
        if now.remaining == 0 || self.drawn.is_some_and(|drawn| now.elapsed.saturating_sub(drawn) < FRAME) {
            return;
        }
        self.drawn = Some(now.elapsed);
        self.bar.set_message(self.layout(now, self.columns()));
        self.bar.tick();
    }

    fn layout(&self, now: &RunProgress, columns: usize) -> String {
        let mut figures =
            vec![format!("{}/{}", now.settled(), now.counts.total()), format!("{} %", now.percent())];
        figures.extend(self.throughput.left(now).map(wording::time_left));
        let figures = figures.join(DOT);
        let room = columns.saturating_sub(figures.chars().count() + 1).min(MAX_WIDTH);
        let mut lines = if room < MIN_WIDTH {
            wrap_parts(figures.split(DOT).map(|piece| (piece.to_owned(), None)).collect(), columns)
        } else {
            vec![vec![(format!("{} {figures}", self.cells(now, room)), None)]]
        };
        let mut pieces: Vec<_> = wording::counts(&now.counts)
            .into_iter()
            .map(|(status, piece)| (piece, color_of(status)))
            .collect();
        pieces.push((format!("{}/{} slots", now.in_slots, now.slots), None));
        pieces.extend(self.throughput.per_minute(now).map(|rate| (wording::rate(rate), None)));
        lines.extend(wrap_parts(pieces, columns));
        let paint = |(piece, color): (String, Option<AnsiColor>)| match color {
            Some(color) => self.paint(&piece, color),
            None => piece,
        };
        let joined = |line: Vec<_>| line.into_iter().map(paint).collect::<Vec<_>>().join(DOT);
        lines.into_iter().map(joined).collect::<Vec<_>>().join("\n")
    }

    /// The bar itself: the tasks that are settled, running and to come.
    fn cells(&self, now: &RunProgress, room: usize) -> String {
        let total = u128::from(now.counts.total().max(1));
        let cells_of =
            |n: u64| usize::try_from(u128::from(n) * room as u128 / total).unwrap_or(room).min(room);
        let settled = cells_of(now.settled());
        let started = cells_of(now.settled() + now.counts.of(Status::Running)).max(settled);
        format!(
            "{}{}{}",
            self.paint(&"█".repeat(settled), AnsiColor::Cyan),
            self.paint(&"▒".repeat(started - settled), AnsiColor::Cyan),
            "░".repeat(room - started)
        )
    }
}

fn color_of(status: Status) -> Option<AnsiColor> {
    match status {
        Status::Done => Some(AnsiColor::Green),
        Status::Failed => Some(AnsiColor::Red),
        Status::Unknown | Status::Lost => Some(AnsiColor::Yellow),
        _ => None,
    }
}

impl Sink for TerminalBar {
    fn event(&mut self, event: &RunEvent, now: &RunProgress) {
        match event {
            RunEvent::Started { batch, service, .. } => {
                self.throughput.start(now);
                if let Some(line) = wording::started(batch, service, now) {
                    self.print_line(&line, None);
                }
            }
            RunEvent::Submitted { .. } => {}
            RunEvent::Ended { id, status, reason, .. } => {
                self.throughput.end(now);
                if let Some(line) = self.failure_lines.on_end(id, *status, reason.as_deref()) {
                    self.print_line(&line, color_of(*status));
                }
            }
            RunEvent::Retrying { id, reason, .. } => {
                if let Some(line) = self.failure_lines.on_retry(id, reason) {
                    self.print_line(&line, Some(AnsiColor::Yellow));
                }
            }
            RunEvent::Notice(notice) => {
                let color = match notice.level() {
                    Level::Note => None,
                    Level::Warning => Some(AnsiColor::Yellow),
                    Level::Error => Some(AnsiColor::Red),
                };
                self.print_line(&notice.with_level(), color);
            }
            RunEvent::Finished(summary) => {
                self.bar.println(fold_summary(&summary.to_string(), self.columns()));
                self.bar.finish_and_clear();
                return;
            }
        }
        self.draw(now);
    }

    fn tick(&mut self, now: &RunProgress) {
        self.draw(now);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(250))
    }
}

#[cfg(test)]
mod tests;
