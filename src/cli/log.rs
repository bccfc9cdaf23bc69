//! The program's log on stderr: silent unless `-v` or `RUST_LOG` ask for it.
//!
//! Only this program's own events are written, so that no library can log a header. Whatever is
//! written passes through a [`LogLine`], which takes the API key out of it and lets no control
//! character reach a terminal.

use std::io::{self, Write};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::options::KEY;
use crate::progress;
use crate::text;

/// The environment variable with the directives of the log, as in
/// `mjbatch=debug,mjbatch::store=trace`.
const DIRECTIVES: &str = "RUST_LOG";

/// Starts the log. `verbose` is the number of `-v` flags, which take precedence over `RUST_LOG`.
/// Invalid directives are ignored.
pub(super) fn start(verbose: u8) {
    let Some(targets) = targets(verbose, std::env::var(DIRECTIVES).ok().as_deref()) else { return };
    let key = std::env::var(KEY).ok().map(|key| key.trim().to_owned());
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Stderr { key: key.filter(|key| !key.is_empty()) })
        .with_filter(targets)
        .with_filter(filter_fn(|event| event.target().starts_with(env!("CARGO_CRATE_NAME"))));
    // If the program is part of another one that has a log already, that log stays.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// The targets and levels to log. `None` if nothing is logged.
fn targets(verbose: u8, directives: Option<&str>) -> Option<Targets> {
    let own = |level| Some(Targets::new().with_target(env!("CARGO_CRATE_NAME"), level));
    match (verbose, directives) {
        (0, None | Some("")) => None,
        (0, Some(directives)) => directives.parse().ok(),
        (1, _) => own(LevelFilter::INFO),
        (2, _) => own(LevelFilter::DEBUG),
        (_, _) => own(LevelFilter::TRACE),
    }
}

/// Makes the writer of one event.
struct Stderr {
    /// The API key, which is removed from every line.
    key: Option<String>,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> LogLine<'a> {
        LogLine { key: self.key.as_deref(), text: Vec::new() }
    }
}

/// One event of the log, written when it is dropped: whole, without the key, above the progress bar
/// if there is one.
struct LogLine<'a> {
    key: Option<&'a str>,
    text: Vec<u8>,
}

/// Removes the API key and control characters from the text of an event.
fn clean(text: &[u8], key: Option<&str>) -> String {
    let text = String::from_utf8_lossy(text);
    let text = key.map_or_else(|| text.clone().into_owned(), |key| text.replace(key, "[key]"));
    text::sanitize(text.trim_end_matches('\n'))
}

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine<'_> {
    fn drop(&mut self) {
        let line = clean(&self.text, self.key) + "\n";
        progress::without_bar(|| drop(io::stderr().write_all(line.as_bytes())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_overrides_the_environment_and_silence_is_the_default() {
        let level = |verbose, directives| {
            let targets = targets(verbose, directives)?;
            [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO]
                .into_iter()
                .find(|level| targets.would_enable("mjbatch::store", &level.into_level().unwrap()))
        };
        for (verbose, directives, expected) in [
            (0, None, None),
            (0, Some(""), None),
            (0, Some("not a = directive"), None),
            (0, Some("info"), Some(LevelFilter::INFO)),
            (0, Some("mjbatch::store=debug"), Some(LevelFilter::DEBUG)),
            (0, Some("mjbatch::api=debug"), None),
            (1, Some("trace"), Some(LevelFilter::INFO)),
            (2, None, Some(LevelFilter::DEBUG)),
            (9, None, Some(LevelFilter::TRACE)),
        ] {
            assert_eq!(level(verbose, directives), expected, "-v {verbose} {directives:?}");
        }
    }

    #[test]
    fn a_line_of_the_log_has_neither_the_key_nor_a_control_character() {
        assert_eq!(clean(b"a k3y\x1b[31m, k3yk3y\n", Some("k3y")), "a [key]\u{fffd}[31m, [key][key]");
    }
}
