//! How fast tasks end, and from that how long the rest will take.
//!
//! Jobs end in bursts, a whole set of slots at a time, so the rate is taken over several sets of them; and until enough
//! has been seen nothing is said, since a wrong figure is worse than none.

use std::collections::VecDeque;
use std::time::Duration;

use super::Standing;
use crate::task::Status;

/// The ends seen so far.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Jobs that an earlier run left behind end as soon as one looks: so many ends say nothing about the rate.
    carried: u64,
    /// The latest ends, as times since the start.
    ends: VecDeque<Duration>,
    /// Whether an end was dropped, so that the window no longer reaches back to the start.
    slid: bool,
}

impl Pace {
    /// Ends before which nothing is said, and the time before which nothing is.
    const LEAST: (usize, Duration) = (3, Duration::from_secs(3));

    /// The run begins.
    pub(super) fn start(&mut self, now: &Standing) {
        *self = Pace { carried: now.counts.of(Status::Running), ..Pace::default() };
    }

    /// A task ended.
    pub(super) fn end(&mut self, now: &Standing) {
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

    /// How many tasks end in a minute, once that is known. It falls while nothing ends for longer than is usual.
    pub(super) fn per_minute(&self, now: &Standing) -> Option<f64> {
        let span = self.span(now)?;
        Some(span.ends as f64 * 60.0 / span.to.saturating_sub(span.from).as_secs_f64())
    }

    /// How long the rest will take at this rate, once that is known and if it can be said at all.
    pub(super) fn left(&self, now: &Standing) -> Option<Duration> {
        const YEAR: f64 = 365.0 * 86_400.0;
        let span = self.span(now)?;
        let seconds = now.remaining as f64 * 60.0 / self.per_minute(now)?;
        if now.remaining == 0 || seconds > YEAR {
            return None;
        }
        // Since the last set of ends, time has gone by that the next set has used as well.
        Some(Duration::from_secs_f64(seconds).saturating_sub(now.elapsed.saturating_sub(span.to)))
    }

    /// The time over which the rate is taken, and the ends in it, once there are enough.
    ///
    /// Between two sets of ends nothing ends, and that is no slowing down: the time ends with the last end, or else as
    /// long ago as the longest wait between two of them.
    fn span(&self, now: &Standing) -> Option<Span> {
        let (first, last) = (*self.ends.front()?, *self.ends.back()?);
        // From the start, or else from the oldest end, which then opens the span and is not counted in it.
        let (from, ends) =
            if self.slid { (first, self.ends.len() - 1) } else { (Duration::ZERO, self.ends.len()) };
        let waits = self.ends.iter().zip(self.ends.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a));
        let longest = waits.chain([first.saturating_sub(from)]).max()?;
        let to = last.max(now.elapsed.saturating_sub(longest));
        (ends >= Self::LEAST.0 && now.elapsed >= Self::LEAST.1 && to > from).then_some(Span {
            from,
            to,
            ends,
        })
    }
}

/// A time since the start of the run, and how many tasks ended in it.
struct Span {
    from: Duration,
    to: Duration,
    ends: usize,
}

#[cfg(test)]
mod tests {
    use super::super::tests::standing;
    use super::*;

    /// Ten slots, each job a minute, in whole sets: what the pace says after so many minutes and seconds.
    fn after(sets: u64, extra_s: u64, carried: u64) -> (Option<f64>, Option<Duration>) {
        let mut pace = Pace::default();
        pace.start(&standing(0, &[(Status::Running, carried), (Status::Pending, 10_000)]));
        for _ in 0..carried {
            pace.end(&standing(1, &[]));
        }
        for set in 1..=sets {
            for _ in 0..10 {
                pace.end(&standing(set * 60, &[]));
            }
        }
        let now = standing(sets * 60 + extra_s, &[(Status::Running, 10), (Status::Pending, 90)]);
        (pace.per_minute(&now), pace.left(&now))
    }

    #[test]
    fn nothing_is_said_until_something_was_seen() {
        assert_eq!(after(0, 30, 0), (None, None));
        assert_eq!(after(0, 30, 7), (None, None), "what an earlier run left behind is no rate");
    }

    #[test]
    fn bursts_of_ten_a_minute_are_a_rate_of_ten() {
        let ten_minutes = Duration::from_secs(600);
        assert_eq!(after(1, 0, 0), (Some(10.0), Some(ten_minutes)));
        assert_eq!(after(1, 0, 7), (Some(10.0), Some(ten_minutes)));
        assert_eq!(after(1, 50, 0), (Some(10.0), Some(Duration::from_secs(550))), "between two bursts");
        assert_eq!(after(3, 50, 0), (Some(10.0), Some(Duration::from_secs(550))), "between two bursts");
        let (rate, _) = after(500, 0, 0);
        assert!(rate.is_some_and(|rate| (9.0..13.0).contains(&rate)), "{rate:?}");
    }

    #[test]
    fn the_rate_falls_while_nothing_ends_for_longer_than_is_usual() {
        let (fresh, stalled) = (after(20, 0, 0).0, after(20, 3600, 0).0);
        assert!(stalled < fresh.map(|rate| rate / 5.0), "{stalled:?} of {fresh:?}");
    }
}
