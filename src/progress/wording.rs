//! Numbers, times and counts in words: the few phrases that every sink for people shares.

use std::time::Duration;

use super::Standing;
use super::notice::Notice;
pub(super) use crate::duration::in_words as duration;
use crate::task::{Counts, Status, TaskId};
use crate::text::sanitize_line;

/// The most characters shown of a reason.
pub(super) const REASON: usize = 160;
/// The most characters shown of an address or a path.
pub(super) const ADDRESS: usize = 200;
/// The most characters shown of a name: a task's or a batch's.
pub(super) const NAME: usize = 60;

/// Between the pieces of a line.
pub(super) const DOT: &str = " · ";

/// `1 task`, `60 tasks`.
pub(super) fn many(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `~25 s left`, `~4 min left`, `~2 h 10 min left`: an estimate, as coarse as it is uncertain, rounded up.
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

/// `12/min`, `3.5/min`, `40/h`.
pub(super) fn rate(per_minute: f64) -> String {
    if per_minute >= 9.95 {
        format!("{per_minute:.0}/min")
    } else if per_minute >= 1.0 {
        format!("{per_minute:.1}/min")
    } else {
        format!("{:.0}/h", per_minute * 60.0)
    }
}

/// Each status that any task has, with their number, what is over before what is to come.
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

/// The counts on one line.
pub fn counts_line(all: &Counts) -> String {
    counts(all).into_iter().map(|(_, piece)| piece).collect::<Vec<_>>().join(DOT)
}

/// The first line of a run, or nothing where there is nothing to do.
pub(super) fn started(batch: &str, service: &str, now: &Standing) -> Option<String> {
    (now.remaining > 0).then(|| {
        format!(
            "{}: {} of {} to do, {} at {}",
            sanitize_line(batch, NAME),
            now.remaining,
            many(now.counts.total(), "task"),
            many(now.slots as u64, "slot"),
            sanitize_line(service, ADDRESS)
        )
    })
}

/// A notice with its level before it.
pub(super) fn notice(notice: &Notice) -> String {
    format!("{}: {notice}", notice.level().as_str())
}

/// Says at once which tasks ended badly, but not without end: a batch of thousands can fail for one reason.
#[derive(Debug, Default)]
pub(super) struct BadEnds {
    said: usize,
    said_again: usize,
}

impl BadEnds {
    const MOST: usize = 20;

    /// The line for a task that ended so, if one is due.
    pub(super) fn line(&mut self, id: &TaskId, status: Status, reason: Option<&str>) -> Option<String> {
        if !matches!(status, Status::Failed | Status::Unknown | Status::Lost) {
            return None;
        }
        self.said += 1;
        if self.said > Self::MOST {
            return (self.said == Self::MOST + 1)
                .then(|| "further ones that end badly are counted, not listed: see the results".to_owned());
        }
        Self::worded(status.as_str(), id, reason.unwrap_or("no reason given"))
    }

    /// The line for a task that failed and is sent again, if one is due.
    pub(super) fn again(&mut self, id: &TaskId, reason: &str) -> Option<String> {
        self.said_again += 1;
        let listed = self.said_again <= Self::MOST;
        listed.then(|| Self::worded("retry", id, reason)).flatten()
    }

    fn worded(word: &str, id: &TaskId, reason: &str) -> Option<String> {
        let reason = sanitize_line(reason, REASON);
        Some(format!("{word} {}: {reason}", sanitize_line(&id.0, NAME)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_coarse_and_never_nothing() {
        let said = |s| time_left(Duration::from_secs(s));
        for (s, expected) in [
            (0, "~5 s left"),
            (21, "~25 s left"),
            (58, "~1 min left"),
            (61, "~2 min left"),
            (3_599, "~1 h left"),
            (7_501, "~2 h 10 min left"),
            (90_000, "~1 d 1 h left"),
        ] {
            assert_eq!(said(s), expected);
        }
    }

    #[test]
    fn rates_keep_two_digits_that_mean_something() {
        for (per_minute, expected) in
            [(720.4, "720/min"), (12.4, "12/min"), (9.96, "10/min"), (3.46, "3.5/min"), (0.66, "40/h")]
        {
            assert_eq!(rate(per_minute), expected);
        }
    }

    #[test]
    fn after_twenty_bad_ends_one_line_says_that_the_rest_is_counted() {
        let mut bad = BadEnds::default();
        assert_eq!(bad.line(&TaskId("mug".into()), Status::Done, None), None);
        let said: Vec<_> = (0..100)
            .filter_map(|n| bad.line(&TaskId(format!("mug-{n}")), Status::Failed, Some("no")))
            .collect();
        assert_eq!(said.len(), 21);
        assert_eq!(said[19], "failed mug-19: no");
        assert_eq!(said[20], "further ones that end badly are counted, not listed: see the results");
    }
}
