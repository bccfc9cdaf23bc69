//! The rate at which tasks end, and the time left that follows from it.
//!
//! Jobs end in bursts, a whole set of slots at a time, so the rate is taken over several bursts.
//! Until enough tasks have ended there is no rate, since a wrong figure is worse than none.

use std::collections::VecDeque;
use std::time::Duration;

use super::run_progress::RunProgress;
use crate::task::Status;

/// Measures how fast the tasks of a run end.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    /// The number of ends that say nothing about the rate: jobs that an earlier run left running
    /// may have ended long ago.
    carried: u64,
    /// The times of the latest ends, since the start of the run.
    ends: VecDeque<Duration>,
    /// Whether an end was dropped, so that `ends` does not reach back to the start of the run.
    slid: bool,
}

impl Throughput {
    /// The smallest number of ends from which a rate is derived.
    const MIN_ENDS: usize = 3;
    /// The shortest time since the start after which there is a rate.
    const MIN_ELAPSED: Duration = Duration::from_secs(3);

    /// Starts to measure, at the beginning of a run.
    pub(super) fn start(&mut self, now: &RunProgress) {
        *self = Throughput { carried: now.counts.of(Status::Running), ..Throughput::default() };
    }

    /// Records that a task ended.
    pub(super) fn end(&mut self, now: &RunProgress) {
        if self.carried > 0 {
            self.carried -= 1;
            return;
        }
        self.ends.push_back(now.elapsed);
        while self.ends.len() > (4 * now.slots).clamp(64, 4096) {
            self.ends.pop_front();
            self.slid = true;
        }
    }

    /// The number of tasks that end per minute, once it is known. It falls while nothing ends for
    /// longer than usual.
    pub(super) fn per_minute(&self, now: &RunProgress) -> Option<f64> {
        let window = self.window(now)?;
        Some(window.ends as f64 * 60.0 / window.to.saturating_sub(window.from).as_secs_f64())
    }

    /// The time that the rest will take at this rate; `None` where it is unknown or longer than a
    /// year.
    pub(super) fn left(&self, now: &RunProgress) -> Option<Duration> {
        const YEAR: f64 = 365.0 * 86_400.0;
        let window = self.window(now)?;
        let seconds = now.remaining as f64 * 60.0 / self.per_minute(now)?;
        if now.remaining == 0 || seconds > YEAR {
            return None;
        }
        // The jobs that run now have been running since the last burst of ends.
        Some(Duration::from_secs_f64(seconds).saturating_sub(now.elapsed.saturating_sub(window.to)))
    }

    /// The window over which the rate is taken; `None` until enough tasks have ended.
    ///
    /// Nothing ends between two bursts, and that is not a slowdown: the window closes at the last
    /// end, or later only where nothing has ended for longer than the longest gap between two ends
    /// so far.
    fn window(&self, now: &RunProgress) -> Option<RateWindow> {
        let (first, last) = (*self.ends.front()?, *self.ends.back()?);
        // The window opens at the start or, once ends were dropped, at the oldest end, which is
        // then not counted.
        let (from, ends) =
            if self.slid { (first, self.ends.len() - 1) } else { (Duration::ZERO, self.ends.len()) };
        let waits = self.ends.iter().zip(self.ends.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a));
        let longest = waits.chain([first.saturating_sub(from)]).max()?;
        let to = last.max(now.elapsed.saturating_sub(longest));
        (ends >= Self::MIN_ENDS && now.elapsed >= Self::MIN_ELAPSED && to > from).then_some(RateWindow {
            from,
            to,
            ends,
        })
    }
}

/// A window of time, since the start of the run, and the number of tasks that ended in it.
struct RateWindow {
    from: Duration,
    to: Duration,
    ends: usize,
}

#[cfg(test)]
mod tests {
    use super::super::tests::progress;
    use super::*;

    /// The rate and the time left after some bursts of ten one-minute jobs, `extra_s` seconds after
    /// the last burst.
    fn after(sets: u64, extra_s: u64, carried: u64) -> (Option<f64>, Option<Duration>) {
        let mut throughput = Throughput::default();
        throughput.start(&progress(0, &[(Status::Running, carried), (Status::Pending, 10_000)]));
        for _ in 0..carried {
            throughput.end(&progress(1, &[]));
        }
        for set in 1..=sets {
            for _ in 0..10 {
                throughput.end(&progress(set * 60, &[]));
            }
        }
        let now = progress(sets * 60 + extra_s, &[(Status::Running, 10), (Status::Pending, 90)]);
        (throughput.per_minute(&now), throughput.left(&now))
    }

    #[test]
    fn there_is_no_rate_until_enough_tasks_have_ended() {
        assert_eq!(after(0, 30, 0), (None, None));
        assert_eq!(after(0, 30, 7), (None, None), "jobs of an earlier run do not count");
    }

    #[test]
    fn bursts_of_ten_per_minute_are_a_rate_of_ten() {
        let ten_minutes = Duration::from_secs(600);
        assert_eq!(after(1, 0, 0), (Some(10.0), Some(ten_minutes)));
        assert_eq!(after(1, 0, 7), (Some(10.0), Some(ten_minutes)));
        assert_eq!(after(1, 50, 0), (Some(10.0), Some(Duration::from_secs(550))), "between two bursts");
        assert_eq!(after(3, 50, 0), (Some(10.0), Some(Duration::from_secs(550))), "between two bursts");
        let (rate, _) = after(500, 0, 0);
        assert!(rate.is_some_and(|rate| (9.0..13.0).contains(&rate)), "{rate:?}");
    }

    #[test]
    fn the_rate_falls_while_nothing_ends_for_longer_than_usual() {
        let (fresh, stalled) = (after(20, 0, 0).0, after(20, 3600, 0).0);
        assert!(stalled < fresh.map(|rate| rate / 5.0), "{stalled:?} of {fresh:?}");
    }
}
