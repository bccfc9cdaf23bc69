//! Deadlines as people write them, in manifests and on the command line alike: `08:00`,
//! `2026-03-01T08:00+01:00`, `6h`.
//!
//! Pure: what time it is, and in which zone, is an argument. Three forms:
//!
//! - A time of day, as in `08:00`: the next such time on the clock of the zone, today's or
//!   tomorrow's. Where the clock is set back and shows it twice, the next of the two; where it is
//!   set forward and never shows it, as much later as the clock was moved.
//! - A date and a time: RFC 3339 with its offset, or without one on the clock of the zone. In the
//!   past it is an error, since a run can no longer keep it.
//! - A span of time from now, as in `6h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime};
use serde::{Deserialize, Serialize};

use crate::duration;

/// A text that is no deadline, or none that can be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADeadline {
    /// The text has none of the forms.
    #[error(
        "`{0}` is not a deadline: a time of day as in `08:00`, a date and time as in `2026-03-01T08:00`, or a span of time as in `6h`"
    )]
    Unreadable(String),
    /// The moment is past.
    #[error("the deadline `{0}` is in the past")]
    Past(String),
    /// The moment is beyond the calendar.
    #[error("the deadline `{0}` is too far away")]
    TooFar(String),
}

/// A deadline as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deadline {
    text: String,
    meant: Meant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    After(Duration),
    TimeOfDay(Time),
    /// A date and time on the clock of the zone in which it is resolved.
    Shown(DateTime),
    At(Timestamp),
}

impl FromStr for Deadline {
    type Err = NotADeadline;

    fn from_str(text: &str) -> Result<Self, NotADeadline> {
        let text = text.trim();
        let date = || match text.parse().map(Meant::At) {
            Ok(at) => Some(at),
            Err(_) => Some(Meant::Shown(text.contains(['T', 't', ' ']).then(|| text.parse().ok())??)),
        };
        let span = duration::parse(text).ok().map(Meant::After);
        let meant = span.or_else(|| time_of_day(text).map(Meant::TimeOfDay)).or_else(date);
        let unreadable = || NotADeadline::Unreadable(text.to_owned());
        Ok(Deadline { text: text.to_owned(), meant: meant.ok_or_else(unreadable)? })
    }
}

impl TryFrom<String> for Deadline {
    type Error = NotADeadline;

    fn try_from(text: String) -> Result<Self, NotADeadline> {
        text.parse()
    }
}

impl From<Deadline> for String {
    fn from(deadline: Deadline) -> String {
        deadline.text
    }
}

/// Writes the deadline as it was written.
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Deadline {
    /// Resolves the deadline to a moment, counted from `now`.
    ///
    /// # Errors
    ///
    /// [`NotADeadline::Past`] if it is over, or [`NotADeadline::TooFar`].
    pub fn after(&self, now: &ZonedDateTime) -> Result<Timestamp, NotADeadline> {
        let moment = match self.meant {
            Meant::After(span) => after(now.timestamp(), span),
            Meant::TimeOfDay(time) => next(time, now),
            Meant::At(at) => Some(at),
            Meant::Shown(shown) => {
                shown.to_zoned_datetime(now.time_zone().clone()).ok().map(|zoned| zoned.timestamp())
            }
        };
        match moment {
            None => Err(NotADeadline::TooFar(self.text.clone())),
            Some(moment) if moment <= now.timestamp() => Err(NotADeadline::Past(self.text.clone())),
            Some(moment) => Ok(moment),
        }
    }
}

fn after(now: Timestamp, span: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(span).ok()?).ok()
}

/// Reads `8:00`, `08:00` or `08:00:30`.
fn time_of_day(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<i8>().ok()).flatten()
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let whole = parts.next().is_none();
    whole.then(|| Time::new(hour, minute, second, 0).ok()).flatten()
}

/// The first moment after now at which the clock shows this time.
fn next(time: Time, now: &ZonedDateTime) -> Option<Timestamp> {
    let zone = now.time_zone();
    let today = now.date();
    // In some zones a whole day was left out, so tomorrow may have no such time that is not the day
    // after's.
    let days = (0..=2).filter_map(|days| today.checked_add(days.days()).ok());
    days.flat_map(|day| moments(day.to_datetime(time), zone)).filter(|at| *at > now.timestamp()).min()
}

/// The moments at which the clock of this zone shows this: one, or two. A time that the clock
/// leaves out is as much later as the clock was moved.
fn moments(shown: DateTime, zone: &TimeZone) -> Vec<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    let both = match ambiguous.offset() {
        AmbiguousOffset::Fold { .. } => vec![ambiguous.earlier(), ambiguous.later()],
        _ => vec![ambiguous.compatible()],
    };
    both.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resolves a deadline and writes it as the zone's clock shows it.
    fn read(text: &str, now: &str) -> Result<String, NotADeadline> {
        let now: ZonedDateTime = now.parse().unwrap();
        text.parse::<Deadline>()?
            .after(&now)
            .map(|at| at.to_zoned_datetime(now.time_zone().clone()).to_string())
    }

    fn is(text: &str, now: &str, expected: &str) {
        assert_eq!(read(text, now).as_deref(), Ok(expected), "{text} at {now}");
    }

    const EVENING: &str = "2026-02-10T21:30:00+01:00[Europe/Berlin]";

    #[test]
    fn a_time_of_day_is_the_next_one() {
        is("08:00", EVENING, "2026-02-11T08:00:00+01:00[Europe/Berlin]");
        is(" 8:00 ", EVENING, "2026-02-11T08:00:00+01:00[Europe/Berlin]");
        is("22:15:30", EVENING, "2026-02-10T22:15:30+01:00[Europe/Berlin]");
        is("21:30", EVENING, "2026-02-11T21:30:00+01:00[Europe/Berlin]");
        is(
            "0:00",
            "2026-12-31T23:59:00-08:00[America/Los_Angeles]",
            "2027-01-01T00:00:00-08:00[America/Los_Angeles]",
        );
    }

    #[test]
    fn a_night_in_which_the_clock_is_set_is_an_hour_shorter_or_longer() {
        let hours = |now: &str, at: &str| {
            let now: ZonedDateTime = now.parse().unwrap();
            at.parse::<Deadline>().unwrap().after(&now).unwrap().duration_since(now.timestamp()).as_secs()
                / 60
        };
        assert_eq!(hours("2026-03-27T22:00:00+01:00[Europe/Berlin]", "08:00"), 600);
        assert_eq!(hours("2026-03-28T22:00:00+01:00[Europe/Berlin]", "08:00"), 540);
        assert_eq!(hours("2026-10-24T22:00:00+02:00[Europe/Berlin]", "08:00"), 660);
    }

    #[test]
    fn a_time_that_the_clock_leaves_out_is_as_much_later() {
        is("02:30", "2026-03-28T22:00:00+01:00[Europe/Berlin]", "2026-03-29T03:30:00+02:00[Europe/Berlin]");
        // At that moment it is over, and the next one is an ordinary one.
        is("02:30", "2026-03-29T03:30:00+02:00[Europe/Berlin]", "2026-03-30T02:30:00+02:00[Europe/Berlin]");
    }

    #[test]
    fn of_a_time_that_the_clock_shows_twice_the_next_one_is_meant() {
        is("02:30", "2026-10-24T22:00:00+02:00[Europe/Berlin]", "2026-10-25T02:30:00+02:00[Europe/Berlin]");
        is("02:30", "2026-10-25T02:45:00+02:00[Europe/Berlin]", "2026-10-25T02:30:00+01:00[Europe/Berlin]");
        is("02:30", "2026-10-25T02:45:00+01:00[Europe/Berlin]", "2026-10-26T02:30:00+01:00[Europe/Berlin]");
    }

    #[test]
    fn a_day_that_a_zone_left_out_has_no_deadline() {
        is("08:00", "2011-12-29T20:00:00-10:00[Pacific/Apia]", "2011-12-31T08:00:00+14:00[Pacific/Apia]");
    }

    #[test]
    fn a_date_is_taken_with_its_offset_or_on_the_local_clock() {
        is("2026-02-11T08:00:00Z", EVENING, "2026-02-11T09:00:00+01:00[Europe/Berlin]");
        is("2026-02-11T08:00:00-05:00", EVENING, "2026-02-11T14:00:00+01:00[Europe/Berlin]");
        is("2026-07-01T08:00", EVENING, "2026-07-01T08:00:00+02:00[Europe/Berlin]");
        is("2026-07-01 08:00", EVENING, "2026-07-01T08:00:00+02:00[Europe/Berlin]");
    }

    #[test]
    fn a_span_of_time_counts_from_now_whatever_the_clock_does() {
        is("6h", EVENING, "2026-02-11T03:30:00+01:00[Europe/Berlin]");
        is("90 m", EVENING, "2026-02-10T23:00:00+01:00[Europe/Berlin]");
        is("6h", "2026-03-28T22:00:00+01:00[Europe/Berlin]", "2026-03-29T05:00:00+02:00[Europe/Berlin]");
    }

    #[test]
    fn a_past_or_unreadable_deadline_is_refused_with_advice() {
        let refused = |text| read(text, EVENING).unwrap_err().to_string();
        insta::assert_snapshot!(refused("2026-02-10T08:00"), @"the deadline `2026-02-10T08:00` is in the past");
        insta::assert_snapshot!(refused("tomorrow"), @"`tomorrow` is not a deadline: a time of day as in `08:00`, a date and time as in `2026-03-01T08:00`, or a span of time as in `6h`");
        for text in
            ["", "8", "24:00", "08:60", "08:00:61", "+8:00", "8:0a", "08:00:00:00", "2026-02-11", "8 pm"]
        {
            assert!(matches!(read(text, EVENING), Err(NotADeadline::Unreadable(_))), "{text}");
        }
    }
}
