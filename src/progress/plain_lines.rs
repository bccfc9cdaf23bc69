//! Occasional lines for logs and for the mail that cron sends: short, and each complete in itself.

use std::io::Write;
use std::time::Duration;

use super::event::RunEvent;
use super::run_progress::RunProgress;
use super::sink::Sink;
use super::throughput::Throughput;
use super::wording::{self, DOT, FailureLines};

/// Writes plain lines: one at the start, one for every tenth of the batch or five minutes (on a
/// tick, since jobs end in bursts), failures and notices at once, and the summary.
#[derive(Debug)]
pub struct PlainLines<W> {
    out: W,
    throughput: Throughput,
    failure_lines: FailureLines,
    /// The time and the number of settled tasks of the last progress line.
    last: (Duration, u64),
}

/// The shortest time between two progress lines.
const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// The longest time between two progress lines: some CI services stop a job that is silent for ten
/// minutes.
const MAX_INTERVAL: Duration = Duration::from_secs(300);

impl<W: Write> PlainLines<W> {
    /// Creates a sink that writes to `out`.
    pub fn new(out: W) -> Self {
        PlainLines {
            out,
            throughput: Throughput::default(),
            failure_lines: FailureLines::default(),
            last: (Duration::ZERO, 0),
        }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    fn progress_if_due(&mut self, now: &RunProgress) {
        let (at, settled) = self.last;
        let since = now.elapsed.saturating_sub(at);
        let a_tenth_more = now.settled().saturating_sub(settled) * 10 >= now.counts.total();
        if now.remaining > 0 && since >= MIN_INTERVAL && (a_tenth_more || since >= MAX_INTERVAL) {
            self.last = (now.elapsed, now.settled());
            let mut pieces = vec![wording::counts_line(&now.counts)];
            pieces.extend(self.throughput.per_minute(now).map(wording::rate));
            pieces.extend(self.throughput.left(now).map(wording::time_left));
            let after = wording::duration(now.elapsed);
            self.line(&format!("{} % after {after}: {}", now.percent(), pieces.join(DOT)));
        }
    }
}

impl<W: Write + Send> Sink for PlainLines<W> {
    fn event(&mut self, event: &RunEvent, now: &RunProgress) {
        match event {
            RunEvent::Started { batch, service, .. } => {
                self.throughput.start(now);
                self.last = (now.elapsed, now.settled());
                if let Some(line) = wording::started(batch, service, now) {
                    self.line(&line);
                }
            }
            RunEvent::Submitted { .. } => {}
            RunEvent::Ended { id, status, reason, .. } => {
                self.throughput.end(now);
                if let Some(line) = self.failure_lines.on_end(id, *status, reason.as_deref()) {
                    self.line(&line);
                }
            }
            RunEvent::Retrying { id, reason, .. } => {
                if let Some(line) = self.failure_lines.on_retry(id, reason) {
                    self.line(&line);
                }
            }
            RunEvent::Notice(notice) => self.line(&notice.with_level()),
            RunEvent::Finished(summary) => {
                let _ = write!(self.out, "{summary}");
                let _ = self.out.flush();
            }
        }
    }

    fn tick(&mut self, now: &RunProgress) {
        self.progress_if_due(now);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Recorder, progress, run, started, summary};
    use super::*;
    use crate::engine::StopReason;
    use crate::task::Status;

    #[test]
    fn plain_lines_of_a_run_fit_into_a_short_mail() {
        let recorder = Recorder::default();
        run(&mut PlainLines::new(recorder.clone()));
        insta::assert_snapshot!(recorder.text(), @r#"
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
        let recorder = Recorder::default();
        let mut plain = PlainLines::new(recorder.clone());
        let slow = |s| progress(s, &[(Status::Running, 10), (Status::Pending, 990)]);
        plain.event(&started(), &slow(0));
        for s in 1..=1000 {
            plain.tick(&slow(s));
        }
        for s in 1001..=1019 {
            plain.tick(&progress(s, &[(Status::Done, (s - 1000) * 50), (Status::Pending, 50)]));
        }
        insta::assert_snapshot!(recorder.text(), @"
        spring: 1000 of 1000 tasks to do, 10 slots at https://api.midjourney-api.com
        0 % after 5 min: 10 running · 990 pending
        0 % after 10 min: 10 running · 990 pending
        0 % after 15 min: 10 running · 990 pending
        50 % after 16 min 41 s: 50 done · 50 pending
        91 % after 16 min 51 s: 550 done · 50 pending
        ");
    }

    #[test]
    fn a_run_with_nothing_to_do_prints_only_the_summary() {
        let recorder = Recorder::default();
        let mut plain = PlainLines::new(recorder.clone());
        let now = progress(0, &[(Status::Done, 60)]);
        plain.event(&started(), &now);
        let over = summary(&[(Status::Done, 60)], StopReason::NothingToDo);
        plain.event(&RunEvent::Finished(Box::new(over)), &now);
        insta::assert_snapshot!(recorder.text(), @"
        spring: 60 tasks, nothing to do
          60 done
          results: spring.results.csv
        ");
    }
}
