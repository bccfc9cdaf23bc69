//! A line now and then, for logs and for the mail that cron sends: short, and whole without the lines before it.

use std::io::Write;
use std::time::Duration;

use super::event::RunEvent;
use super::pace::Pace;
use super::wording::{self, BadEnds, DOT};
use super::{Sink, Standing};

/// Writes plain lines: one at the start, one for every tenth of the batch or five minutes (on a tick, since
/// jobs end in bursts), every bad end and notice at once, and the summary.
#[derive(Debug)]
pub struct Plain<W> {
    out: W,
    pace: Pace,
    bad_ends: BadEnds,
    /// Where the batch stood when a line last said so: the time, and how much was settled.
    last: (Duration, u64),
}

/// Progress lines are never closer than this.
const CLOSEST: Duration = Duration::from_secs(10);
/// Nor further apart, since some machinery takes silence for death (CI services do after ten minutes).
const FURTHEST: Duration = Duration::from_secs(300);

impl<W: Write> Plain<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Plain { out, pace: Pace::default(), bad_ends: BadEnds::default(), last: (Duration::ZERO, 0) }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    fn progress_if_due(&mut self, now: &Standing) {
        let (at, settled) = self.last;
        let since = now.elapsed.saturating_sub(at);
        let a_tenth_more = now.settled().saturating_sub(settled) * 10 >= now.counts.total();
        if now.remaining > 0 && since >= CLOSEST && (a_tenth_more || since >= FURTHEST) {
            self.last = (now.elapsed, now.settled());
            let mut pieces = vec![wording::counts_line(&now.counts)];
            pieces.extend(self.pace.per_minute(now).map(wording::rate));
            pieces.extend(self.pace.left(now).map(wording::time_left));
            let after = wording::duration(now.elapsed);
            self.line(&format!("{} % after {after}: {}", now.percent(), pieces.join(DOT)));
        }
    }
}

impl<W: Write + Send> Sink for Plain<W> {
    fn event(&mut self, event: &RunEvent, now: &Standing) {
        match event {
            RunEvent::Started { batch, service, .. } => {
                self.pace.start(now);
                self.last = (now.elapsed, now.settled());
                if let Some(line) = wording::started(batch, service, now) {
                    self.line(&line);
                }
            }
            RunEvent::Submitted { .. } => {}
            RunEvent::Ended { id, status, reason, .. } => {
                self.pace.end(now);
                if let Some(line) = self.bad_ends.line(id, *status, reason.as_deref()) {
                    self.line(&line);
                }
            }
            RunEvent::Retrying { id, reason, .. } => {
                if let Some(line) = self.bad_ends.again(id, reason) {
                    self.line(&line);
                }
            }
            RunEvent::Notice(notice) => self.line(&wording::notice(notice)),
            RunEvent::Finished(summary) => {
                let _ = write!(self.out, "{summary}");
                let _ = self.out.flush();
            }
        }
    }

    fn tick(&mut self, now: &Standing) {
        self.progress_if_due(now);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::tests::{Paper, run, standing, started, summary};
    use super::*;
    use crate::task::Status;

    #[test]
    fn plain_lines_of_a_run_fit_into_a_short_mail() {
        let paper = Paper::default();
        run(&mut Plain::new(paper.clone()));
        insta::assert_snapshot!(paper.text(), @r#"
        spring: 60 of 60 tasks to do, 10 slots at https://api.midjourney-api.com
        16 % after 1 min 10 s: 10 done · 10 running · 40 pending · 10/min · ~5 min left
        failed hero-red: prompt was refused by moderation
        33 % after 2 min 10 s: 19 done · 1 failed · 10 running · 30 pending · 10/min · ~4 min left
        50 % after 3 min 10 s: 29 done · 1 failed · 10 running · 20 pending · 10/min · ~3 min left
        66 % after 4 min 10 s: 39 done · 1 failed · 10 running · 10 pending · 10/min · ~2 min left
        83 % after 5 min 10 s: 49 done · 1 failed · 10 running · 10/min · ~50 s left
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
    fn plain_lines_come_at_least_every_five_minutes_and_never_within_ten_seconds() {
        let paper = Paper::default();
        let mut plain = Plain::new(paper.clone());
        let slow = |s| standing(s, &[(Status::Running, 10), (Status::Pending, 990)]);
        plain.event(&started(), &slow(0));
        for s in 1..=1000 {
            plain.tick(&slow(s));
        }
        for s in 1001..=1019 {
            plain.tick(&standing(s, &[(Status::Done, (s - 1000) * 50), (Status::Pending, 50)]));
        }
        insta::assert_snapshot!(paper.text(), @"
        spring: 1000 of 1000 tasks to do, 10 slots at https://api.midjourney-api.com
        0 % after 5 min: 10 running · 990 pending
        0 % after 10 min: 10 running · 990 pending
        0 % after 15 min: 10 running · 990 pending
        50 % after 16 min 41 s: 50 done · 50 pending
        91 % after 16 min 51 s: 550 done · 50 pending
        ");
    }

    #[test]
    fn nothing_to_do_is_said_once() {
        let paper = Paper::default();
        let mut plain = Plain::new(paper.clone());
        let now = standing(0, &[(Status::Done, 60)]);
        plain.event(&started(), &now);
        let over = summary(&[(Status::Done, 60)], StopReason::NothingToDo);
        plain.event(&RunEvent::Finished(Box::new(over)), &now);
        insta::assert_snapshot!(paper.text(), @"
        spring: 60 tasks, nothing to do
          60 done
          results: spring.results.csv
        ");
    }
}
