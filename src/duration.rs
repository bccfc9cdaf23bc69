//! Spans of time as people write them, in manifests and on the command line alike: `500ms`, `90s`, `15m`, `2h`.

use std::time::Duration;

/// The text is not a span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a span of time: a whole number and its unit, as in `500ms`, `90s`, `15m` or `2h`")]
pub struct NotADuration(pub String);

/// Reads a whole number followed by `ms`, `s`, `m` or `h`; nothing over 1000 hours. Fit for clap's `value_parser`.
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

/// Writes a span of time in the largest unit that leaves it whole. What is below a millisecond is left out.
pub fn show(span: Duration) -> String {
    let milliseconds = span.as_millis();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if milliseconds >= size && milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_reads_as_it_was_written() {
        for text in ["500ms", "90s", "15m", "2h", "1000h", "0ms"] {
            assert_eq!(parse(text).map(show), Ok(text.to_owned()));
        }
        assert_eq!(parse(" 60 s ").map(show), Ok("1m".to_owned()));
        for text in ["", "5", "s", "-1s", "1.5h", "1d", "1001h", "99999999999999999999h", "1 m s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
