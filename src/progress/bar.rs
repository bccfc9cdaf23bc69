//! The bar on a terminal, drawn by indicatif: how far the batch is, what its tasks are doing, and what happened above it.
//!
//! The lines are laid out here for the terminal's width at that moment (indicatif would cut or wrap them anywhere);
//! indicatif puts them on the screen, and takes them away again for a line that stays.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::RunEvent;
use super::notice::Level;
use super::pace::Pace;
use super::wording::{self, BadEnds, DOT};
use super::{Sink, Standing};
use crate::task::Status;

/// Draws a bar at the foot of a terminal.
pub struct Bar {
    bar: ProgressBar,
    /// The terminal's columns now.
    width: Box<dyn Fn() -> u16 + Send>,
    colour: bool,
    pace: Pace,
    bad_ends: BadEnds,
    /// When the bar was last laid out: events may come by the thousand, eyes cannot.
    drawn: Option<Duration>,
}

/// The time between two layouts, at least.
const FRAME: Duration = Duration::from_millis(50);
/// The most columns of the bar itself, and the fewest in which it says something.
const WIDEST: usize = 50;
const NARROWEST: usize = 8;

impl Bar {
    /// Draws on `target`, whose columns `width` tells, in colour or without.
    pub fn new(target: ProgressDrawTarget, width: impl Fn() -> u16 + Send + 'static, colour: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        // Never without a line of its own, or what is printed first would be left with the cursor on it.
        bar.set_message(" ");
        Bar {
            bar,
            width: Box::new(width),
            colour,
            pace: Pace::default(),
            bad_ends: BadEnds::default(),
            drawn: None,
        }
    }

    /// Lets lines of others be written above this bar.
    pub(super) fn announce(&self) {
        super::above::set_bar(&self.bar);
    }

    /// A line that stays, above the bar, broken between words where the terminal is narrow. Its first word is painted.
    fn line(&self, line: &str, colour: Option<AnsiColor>) {
        let line = folded(line, self.columns());
        match (colour, line.split_once(' ')) {
            (Some(colour), Some((word, rest))) => {
                self.bar.println(format!("{} {rest}", self.painted(word, colour)));
            }
            _ => self.bar.println(line),
        }
    }

    /// The columns that may be filled. The last one stays free: some terminals wrap as soon as it is filled.
    fn columns(&self) -> usize {
        usize::from((self.width)().saturating_sub(1))
    }

    fn painted(&self, text: &str, colour: AnsiColor) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(colour.into()));
        format!("{style}{text}{style:#}")
    }

    fn draw(&mut self, now: &Standing) {
        if now.remaining == 0 || self.drawn.is_some_and(|drawn| now.elapsed.saturating_sub(drawn) < FRAME) {
            return;
        }
        self.drawn = Some(now.elapsed);
        self.bar.set_message(self.layout(now, self.columns()));
        self.bar.tick();
    }

    fn layout(&self, now: &Standing, columns: usize) -> String {
        let mut figures =
            vec![format!("{}/{}", now.settled(), now.counts.total()), format!("{} %", now.percent())];
        figures.extend(self.pace.left(now).map(wording::time_left));
        let figures = figures.join(DOT);
        let room = columns.saturating_sub(figures.chars().count() + 1).min(WIDEST);
        let mut lines = if room < NARROWEST {
            wrapped(figures.split(DOT).map(|piece| (piece.to_owned(), None)).collect(), columns)
        } else {
            vec![vec![(format!("{} {figures}", self.cells(now, room)), None)]]
        };
        let mut pieces: Vec<_> = wording::counts(&now.counts)
            .into_iter()
            .map(|(status, piece)| (piece, colour_of(status)))
            .collect();
        pieces.push((format!("{}/{} slots", now.in_slots, now.slots), None));
        pieces.extend(self.pace.per_minute(now).map(|rate| (wording::rate(rate), None)));
        lines.extend(wrapped(pieces, columns));
        let paint = |(piece, colour): (String, Option<AnsiColor>)| match colour {
            Some(colour) => self.painted(&piece, colour),
            None => piece,
        };
        let joined = |line: Vec<_>| line.into_iter().map(paint).collect::<Vec<_>>().join(DOT);
        lines.into_iter().map(joined).collect::<Vec<_>>().join("\n")
    }

    /// The bar itself: what is settled, what runs, what is to come.
    fn cells(&self, now: &Standing, room: usize) -> String {
        let total = u128::from(now.counts.total().max(1));
        let cells_of =
            |n: u64| usize::try_from(u128::from(n) * room as u128 / total).unwrap_or(room).min(room);
        let settled = cells_of(now.settled());
        let begun = cells_of(now.settled() + now.counts.of(Status::Running)).max(settled);
        format!(
            "{}{}{}",
            self.painted(&"█".repeat(settled), AnsiColor::Cyan),
            self.painted(&"▒".repeat(begun - settled), AnsiColor::Cyan),
            "░".repeat(room - begun)
        )
    }
}

fn colour_of(status: Status) -> Option<AnsiColor> {
    match status {
        Status::Done => Some(AnsiColor::Green),
        Status::Failed => Some(AnsiColor::Red),
        Status::Unknown | Status::Lost => Some(AnsiColor::Yellow),
        _ => None,
    }
}

type Piece = (String, Option<AnsiColor>);

/// The pieces on as few lines as take them whole.
fn wrapped(pieces: Vec<Piece>, columns: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let mut used = 0;
    for piece in pieces {
        let length = piece.0.chars().count();
        match lines.last_mut() {
            Some(line) if used + DOT.chars().count() + length <= columns => {
                used += DOT.chars().count() + length;
                line.push(piece);
            }
            _ => {
                used = length;
                lines.push(vec![piece]);
            }
        }
    }
    lines
}

/// The line in as many as take its words whole; those after the first are indented. A word that fits on no line, an
/// address or a path say, is left to the terminal, so that it can be copied as it is.
fn folded(line: &str, columns: usize) -> String {
    let words = line.trim_start_matches(' ');
    let indent = line.len() - words.len();
    let (mut text, mut used) = (String::new(), 0);
    for word in words.split(' ') {
        let length = console::measure_text_width(word);
        if text.is_empty() {
            text.push_str(&" ".repeat(indent));
            used = indent + length;
        } else if used + 1 + length <= columns {
            text.push(' ');
            used += 1 + length;
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(indent + 2));
            used = indent + 2 + length;
        }
        text.push_str(word);
    }
    text
}

/// The summary for a terminal. What a person copies, a path or a command, stays in one piece.
fn summed_up(summary: &str, columns: usize) -> String {
    let to_copy =
        |line: &str| ["results: ", "state: ", "next: "].iter().any(|s| line.trim_start().starts_with(s));
    let lines =
        summary.lines().map(|line| if to_copy(line) { line.to_owned() } else { folded(line, columns) });
    lines.collect::<Vec<_>>().join("\n")
}

impl Sink for Bar {
    fn event(&mut self, event: &RunEvent, now: &Standing) {
        match event {
            RunEvent::Started { batch, service, .. } => {
                self.pace.start(now);
                if let Some(line) = wording::started(batch, service, now) {
                    self.line(&line, None);
                }
            }
            RunEvent::Submitted { .. } => {}
            RunEvent::Ended { id, status, reason, .. } => {
                self.pace.end(now);
                if let Some(line) = self.bad_ends.line(id, *status, reason.as_deref()) {
                    self.line(&line, colour_of(*status));
                }
            }
            RunEvent::Retrying { id, reason, .. } => {
                if let Some(line) = self.bad_ends.again(id, reason) {
                    self.line(&line, Some(AnsiColor::Yellow));
                }
            }
            RunEvent::Notice(notice) => {
                let colour = match notice.level() {
                    Level::Note => None,
                    Level::Warning => Some(AnsiColor::Yellow),
                    Level::Error => Some(AnsiColor::Red),
                };
                self.line(&wording::notice(notice), colour);
            }
            RunEvent::Finished(summary) => {
                self.bar.println(summed_up(&summary.to_string(), self.columns()));
                self.bar.finish_and_clear();
                return;
            }
        }
        self.draw(now);
    }

    fn tick(&mut self, now: &Standing) {
        self.draw(now);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(250))
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike};

    use super::super::Notice;
    use super::super::screen::Screen;
    use super::super::tests::{bad, done, run, standing, started};
    use super::*;

    fn bar(columns: u16) -> (Bar, InMemoryTerm) {
        let terminal = InMemoryTerm::new(20, columns);
        let target = ProgressDrawTarget::term_like(Box::new(Screen(terminal.clone())));
        let same = terminal.clone();
        (Bar::new(target, move || same.width(), false), terminal)
    }

    /// What is on the screen in the middle of a run, after a failure and a notice.
    fn midway(columns: u16) -> String {
        use Status::{Done, Failed, Pending, Running};
        let (mut bar, terminal) = bar(columns);
        bar.event(&started(), &standing(0, &[(Pending, 60)]));
        for n in 1..=34 {
            bar.event(&done("t"), &standing(60 + n, &[(Done, n), (Running, 10), (Pending, 50 - n)]));
        }
        let now = standing(120, &[(Done, 34), (Failed, 1), (Running, 7), (Pending, 18)]);
        bar.event(&bad("hero-red", Failed, "refused by moderation"), &now);
        bar.event(&RunEvent::Notice(Notice::SlotsLearned { slots: 7, asked: 10 }), &now);
        bar.tick(&Standing { slots: 7, elapsed: Duration::from_secs(121), ..now });
        terminal.contents()
    }

    #[test]
    fn a_bar_shows_counts_slots_rate_and_time_left() {
        insta::assert_snapshot!(midway(80), @"
        spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
        failed hero-red: refused by moderation
        note: the service takes 7 jobs at once, not 10
        █████████████████████████████▒▒▒▒▒▒░░░░░░░░░░░░░░░ 35/60 · 58 % · ~2 min left
        34 done · 1 failed · 7 running · 18 pending · 7/7 slots · 18/min
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_more_lines_and_loses_nothing() {
        insta::assert_snapshot!(midway(40), @"
        spring: 60 of 60 tasks to do, 10 slots
          at https://api.midjourney-api.com
        failed hero-red: refused by moderation
        note: the service takes 7 jobs at once,
          not 10
        ███████▒░░░░ 35/60 · 58 % · ~2 min left
        34 done · 1 failed · 7 running
        18 pending · 7/7 slots · 18/min
        ");
        insta::assert_snapshot!(midway(20), @"
        spring: 60 of 60
          tasks to do, 10
          slots at
          https://api.midjou
        rney-api.com
        failed hero-red:
          refused by
          moderation
        note: the service
          takes 7 jobs at
          once, not 10
        35/60 · 58 %
        ~2 min left
        34 done · 1 failed
        7 running
        18 pending
        7/7 slots · 18/min
        ");
    }

    #[test]
    fn a_key_that_the_terminal_echoes_tears_nothing() {
        let (mut bar, terminal) = bar(60);
        bar.event(&started(), &standing(0, &[(Status::Pending, 60)]));
        let now = standing(20, &[(Status::Running, 10), (Status::Pending, 50)]);
        bar.tick(&now);
        terminal.write_str("^C").unwrap();
        bar.event(&RunEvent::Notice(Notice::Stopping { running: 10 }), &now);
        insta::assert_snapshot!(terminal.contents(), @"
        spring: 60 of 60 tasks to do, 10 slots at
          https://api.midjourney-api.com
        note: stopping: nothing more is submitted; 10 jobs running
          at the service are not cancelled but followed to their
          end; stop again to leave at once
        ▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0/60 · 0 %
        10 running · 50 pending · 10/10 slots
        ");
    }

    #[test]
    fn before_the_rate_is_known_it_is_not_shown() {
        let (mut bar, terminal) = bar(80);
        bar.event(&started(), &standing(0, &[(Status::Pending, 60)]));
        bar.tick(&standing(20, &[(Status::Running, 10), (Status::Pending, 50)]));
        insta::assert_snapshot!(terminal.contents(), @"
        spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
        ▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 0/60 · 0 %
        10 running · 50 pending · 10/10 slots
        ");
    }

    #[test]
    fn at_the_end_the_summary_stands_where_the_bar_was() {
        let (mut bar, terminal) = bar(80);
        run(&mut bar);
        insta::assert_snapshot!(terminal.contents(), @r#"
        spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
        failed hero-red: prompt was refused by moderation
        spring: 60 tasks in 4 min 12 s
          57 done · 2 failed · 1 pending
          failed: 2 × "prompt was refused by moderation" (hero-red, …)
          cost: 114 quota
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml
        "#);
    }

    #[test]
    fn a_narrow_terminal_gets_the_summarys_words_whole_and_its_commands_in_one_piece() {
        let (mut bar, terminal) = bar(40);
        run(&mut bar);
        insta::assert_snapshot!(terminal.contents(), @r#"
        spring: 60 of 60 tasks to do, 10 slots
          at https://api.midjourney-api.com
        failed hero-red: prompt was refused by
          moderation
        spring: 60 tasks in 4 min 12 s
          57 done · 2 failed · 1 pending
          failed: 2 × "prompt was refused by
            moderation" (hero-red, …)
          cost: 114 quota
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml
        "#);
        let command = "next: mjbatch run a-manifest-with-a-long-name.yaml --concurrency 10";
        assert_eq!(summed_up(command, 20), command);
    }

    #[test]
    fn without_colour_no_escape_paints_and_with_it_the_words_are_the_same() {
        let drawn = |colour| {
            let terminal = InMemoryTerm::new(20, 80);
            let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
            run(&mut Bar::new(target, || 80, colour));
            let raw = String::from_utf8(terminal.contents_formatted()).unwrap();
            (terminal.contents(), raw.contains("\u{1b}[31m"))
        };
        let (plain, coloured) = (drawn(false), drawn(true));
        assert!(!plain.1 && coloured.1);
        assert_eq!(plain.0, coloured.0);
    }
}
