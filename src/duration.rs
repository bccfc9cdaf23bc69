//! Durations as people write them, in manifests and on the command line alike: `500ms`, `90s`,
//! `15m`, `2h`; and as they are shown.

use std::time::Duration;

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a span of time: a whole number and its unit, as in `500ms`, `90s`, `15m` or `2h`")]
pub struct NotADuration(pub String);

/// Reads a whole number followed by `ms`, `s`, `m` or `h`, at most 1000 hours. Usable as clap's
/// `value_parser`.
pub fn parse(text: &str) -> Result<Duration, NotADuration> {
    let refused = || NotADuration(text.to_owned());
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = trimmed.split_at(digits);
    let number: u64 = number.parse().map_err(|_| refused())?;
    let milliseconds = match unit.trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return Err(refused()),
    };
    let most = 1000 * 60 * 60 * 1000;
    match number.checked_mul(milliseconds) {
        Some(total) if total <= most => Ok(Duration::from_millis(total)),
        _ => Err(refused()),
    }
}

/// Writes a duration in the largest unit that keeps it whole, cut to milliseconds.
pub fn show(span: Duration) -> String {
    let milliseconds = span.as_millis();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if milliseconds >= size && milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

/// Writes a duration in words, in two units at most, cut off and never rounded up: `0.4 s`, `12 s`,
/// `4 min 12 s`, `2 h 5 min`, `3 d 4 h`.
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |big: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{big} {unit}"),
        _ => format!("{big} {unit} {small} {part}"),
    };
    match seconds {
        0 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        1..60 => format!("{seconds} s"),
        60..3600 => pair(minutes, "min", seconds % 60, "s"),
        3600..86_400 => pair(hours, "h", minutes % 60, "min"),
        _ => pair(days, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_as_it_was_written() {
        for text in ["500ms", "90s", "15m", "2h", "1000h", "0ms"] {
            assert_eq!(parse(text).map(show), Ok(text.to_owned()));
        }
        assert_eq!(parse(" 60 s ").map(show), Ok("1m".to_owned()));
        for text in ["", "5", "s", "-1s", "1.5h", "1d", "1001h", "99999999999999999999h", "1 m s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let said = |ms| in_words(Duration::from_millis(ms));
        for (ms, expected) in [
            (0, "0.0 s"),
            (470, "0.4 s"),
            (1_999, "1 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (252_000, "4 min 12 s"),
            (3_600_000, "1 h"),
            (7_530_000, "2 h 5 min"),
            (86_400_000, "1 d"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(said(ms), expected);
        }
    }
}
