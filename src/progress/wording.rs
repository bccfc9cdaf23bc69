//! The phrases that the sinks for people share: numbers, times, counts, and the lines about failed
//! tasks.

use std::time::Duration;

use super::run_progress::RunProgress;
pub(super) use crate::duration::in_words as duration;
use crate::task::{Counts, Status, TaskId};
use crate::text::sanitize_line;

/// The maximum length of a reason, in characters.
pub(super) const REASON: usize = 160;
/// The maximum length of a URL or a path, in characters.
pub(super) const LOCATION: usize = 200;
/// The maximum length of the name of a task or a batch, in characters.
pub(super) const NAME: usize = 60;

/// The separator between the parts of a line.
pub(super) const DOT: &str = " · ";

/// A number with its noun: `1 task`, `60 tasks`.
pub(super) fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// An estimate of the time left, rounded up and as coarse as it is uncertain: `~25 s left`, `~2 h
/// 10 min left`.
pub(super) fn time_left(time: Duration) -> String {
    let seconds = time.as_secs();
    let grain = match seconds {
        0..60 => 5,
        60..3600 => 60,
        3600..86_400 => 300,
        _ => 3600,
    };
    let coarse = seconds.div_ceil(grain).max(1) * grain;
    format!("~{} left", duration(Duration::from_secs(coarse)))
}

/// A rate: `12/min`, `3.5/min`, `40/h`.
pub(super) fn rate(per_minute: f64) -> String {
    if per_minute >= 9.95 {
        format!("{per_minute:.0}/min")
    } else if per_minute >= 1.0 {
        format!("{per_minute:.1}/min")
    } else {
        format!("{:.0}/h", per_minute * 60.0)
    }
}

/// The number of tasks of each status that has any, ended ones before open ones.
pub(super) fn counts(counts: &Counts) -> Vec<(Status, String)> {
    const ORDER: [Status; 7] = [
        Status::Done,
        Status::Failed,
        Status::Unknown,
        Status::Lost,
        Status::Running,
        Status::Pending,
        Status::Skipped,
    ];
    ORDER
        .into_iter()
        .filter(|&status| counts.of(status) > 0)
        .map(|status| (status, format!("{} {}", counts.of(status), status.as_str())))
        .collect()
}

/// The counts on one line: `57 done · 2 failed · 1 pending`.
pub fn counts_line(all: &Counts) -> String {
    counts(all).into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().join(DOT)
}

/// The first line of a run; `None` where there is nothing to do.
pub(super) fn started(batch: &str, service: &str, now: &RunProgress) -> Option<String> {
    (now.remaining > 0).then(|| {
        format!(
            "{}: {} of {} to do, {} at {}",
            sanitize_line(batch, NAME),
            now.remaining,
            counted(now.counts.total(), "task"),
            counted(now.slots as u64, "slot"),
            sanitize_line(service, LOCATION)
        )
    })
}

/// Makes the lines about tasks that fail, up to a limit: thousands of tasks can fail for the same
/// reason.
#[derive(Debug, Default)]
pub(super) struct FailureLines {
    ended: usize,
    retried: usize,
}

impl FailureLines {
    /// The maximum number of lines of each kind.
    const MAX: usize = 20;

    /// The line for a task that ended with this status; `None` where it needs none.
    pub(super) fn on_end(&mut self, id: &TaskId, status: Status, reason: Option<&str>) -> Option<String> {
        if !matches!(status, Status::Failed | Status::Unknown | Status::Lost) {
            return None;
        }
        self.ended += 1;
        if self.ended > Self::MAX {
            return (self.ended == Self::MAX + 1)
                .then(|| "further failures are counted, not listed: see the results".to_owned());
        }
        Some(Self::line(status.as_str(), id, reason.unwrap_or("no reason given")))
    }

    /// The line for a task that failed and will be resent; `None` after the maximum.
    pub(super) fn on_retry(&mut self, id: &TaskId, reason: &str) -> Option<String> {
        self.retried += 1;
        let listed = self.retried <= Self::MAX;
        listed.then(|| Self::line("retry", id, reason))
    }

    fn line(word: &str, id: &TaskId, reason: &str) -> String {
        let reason = sanitize_line(reason, REASON);
        format!("{word} {}: {reason}", sanitize_line(&id.0, NAME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_rounded_up_and_never_zero() {
        let text = |s| time_left(Duration::from_secs(s));
        for (s, expected) in [
            (0, "~5 s left"),
            (21, "~25 s left"),
            (58, "~1 min left"),
            (61, "~2 min left"),
            (3_599, "~1 h left"),
            (7_501, "~2 h 10 min left"),
            (90_000, "~1 d 1 h left"),
        ] {
            assert_eq!(text(s), expected);
        }
    }

    #[test]
    fn a_rate_has_two_significant_digits() {
        for (per_minute, expected) in
            [(720.4, "720/min"), (12.4, "12/min"), (9.96, "10/min"), (3.46, "3.5/min"), (0.66, "40/h")]
        {
            assert_eq!(rate(per_minute), expected);
        }
    }

    #[test]
    fn after_twenty_failures_one_line_says_that_the_rest_is_only_counted() {
        let mut lines = FailureLines::default();
        assert_eq!(lines.on_end(&TaskId("mug".into()), Status::Done, None), None);
        let shown: Vec<_> = (0..100)
            .filter_map(|n| lines.on_end(&TaskId(format!("mug-{n}")), Status::Failed, Some("no")))
            .collect();
        assert_eq!(shown.len(), 21);
        assert_eq!(shown[19], "failed mug-19: no");
        assert_eq!(shown[20], "further failures are counted, not listed: see the results");
    }
}
