//! The page of a batch: every picture to look at and to choose from, and the run as a picture. One HTML file that needs no
//! network for itself, for any browser.
//!
//! Everything of others in it is hostile: prompts, ids, reasons, addresses. Three things keep it from running. minijinja
//! escapes whatever a template shows; the data for the script stands in a block that no text can close (`data`); and the
//! page's own policy lets nothing run but the one script, known by its hash. Only http and https addresses become links.
//! Without a script the page shows all there is; the script adds choosing, filters and the large view.
//!
//! The tasks are read twice, once for the cards and once for the data, one at a time, so that memory does not grow with them.

mod card;
mod data;
mod place;
mod run;
mod shown;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use sha2::{Digest as _, Sha256};

use super::table::RowError;
use super::whole::Target;
use super::{FileError, WriteError};
use crate::breakdown::TopValues;
use crate::task::{Counts, Mode, Quota, Record};

pub use run::{Bar, Execution, Tone};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const HEAD: &str = include_str!("head.html");
const CARD: &str = include_str!("card.html");
const FOOT: &str = include_str!("foot.html");

/// What the page says besides its tasks.
#[derive(Debug)]
pub struct Page {
    /// The batch's name.
    pub batch: String,
    /// Which service made the pictures.
    pub service: String,
    /// The names of the batch's own columns.
    pub columns: Vec<String>,
    /// When the state was read.
    pub made_at: Timestamp,
    /// Whether a run goes on: then a submit in flight is `running`, else `unknown`.
    pub run_lives: bool,
    /// The tasks by status.
    pub counts: Counts,
    /// What was spent, where prices are known.
    pub spent: Option<Quota>,
    /// What tells this batch from others in the browser, which keeps the marks.
    pub key: String,
    /// The name of the file that the choices are saved to.
    pub picks: String,
    /// The command that reads it.
    pub next: String,
    /// What the values of each variable share.
    pub figures: Vec<TopValues>,
    /// The runs that are drawn, the oldest first.
    pub runs: Vec<Execution>,
    /// How many are not.
    pub runs_left_out: usize,
    /// How long the jobs took that ended well, in milliseconds.
    pub waits: Vec<(Mode, Vec<u32>)>,
    /// What went wrong with attempts, the most frequent first.
    pub failures: Vec<Failures>,
    /// How many more reasons there were.
    pub failures_left_out: usize,
}

/// Attempts that ended badly for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// How they ended.
    pub tone: Tone,
    /// Why.
    pub reason: String,
    /// How many there were.
    pub attempts: u64,
    /// What they cost, as far as that is known.
    pub quota: Quota,
}

/// A task with its pictures.
#[derive(Debug)]
pub struct Entry {
    /// The task and what became of it.
    pub record: Record,
    /// The files of its pictures, by number; 0 is the grid.
    pub files: Vec<(u32, PathBuf)>,
}

/// Whether the page can be written to this path.
///
/// # Errors
/// What is in the way.
pub fn check(path: &Path) -> Result<(), FileError> {
    Target::of(path).and_then(|target| target.probe()).map_err(FileError::of_report)
}

/// Writes the page, whole or not at all. `entries` gives the tasks of one moment, as often as it is asked.
///
/// # Errors
/// The file cannot be made or replaced, or a task cannot be read. The file that was there before is then untouched.
pub fn write<E, T>(path: &Path, page: &Page, entries: impl Fn() -> T) -> Result<(), WriteError<E>>
where
    T: Iterator<Item = Result<Entry, E>>,
{
    let target = Target::of(path).map_err(FileError::of_report)?;
    let places = place::Places::of(path);
    let written = target.replace(|out| {
        fill(out, page, &places, &entries).map_err(|error| match error {
            RowError::Out(cause) => WriteError::File(target.failed(cause)),
            RowError::Of(error) => error,
        })
    });
    written.map_err(|error| match error {
        WriteError::File(error) => WriteError::File(error.of_report()),
        other => other,
    })
}

fn fill<E, T>(
    out: &mut impl Write,
    page: &Page,
    places: &place::Places,
    entries: &impl Fn() -> T,
) -> Result<(), RowError<E>>
where
    T: Iterator<Item = Result<Entry, E>>,
{
    let entries = || entries().map(|entry| entry.map_err(|e| RowError::Of(WriteError::Record(e))));
    let templates = templates()?;
    let render = |name: &str, context: Value| -> io::Result<String> {
        templates.get_template(name).and_then(|it| it.render(context)).map_err(io::Error::other)
    };
    out.write_all(render("head.html", head(page))?.as_bytes())?;
    for (n, entry) in entries().enumerate() {
        let entry = entry?;
        let card = card::Card::of(n, &entry, page, places);
        out.write_all(render("card.html", Value::from(Serde(card)))?.as_bytes())?;
    }
    out.write_all(
        render("foot.html", context! { next => page.next.as_str(), picks => page.picks.as_str() })?
            .as_bytes(),
    )?;
    data::write(out, page, entries())?;
    // Not through the templates: what is hashed is what stands there, to the byte.
    write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")?;
    Ok(())
}

fn templates() -> io::Result<Environment<'static>> {
    let mut templates = Environment::new();
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().map_err(io::Error::other)?;
    templates.set_syntax(syntax);
    for (name, source) in [("head.html", HEAD), ("card.html", CARD), ("foot.html", FOOT)] {
        templates.add_template(name, source).map_err(io::Error::other)?;
    }
    Ok(templates)
}

fn head(page: &Page) -> Value {
    context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        batch => page.batch.as_str(),
        service => page.service.as_str(),
        made_at => page.made_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        run_lives => page.run_lives,
        total => page.counts.total(),
        counts => Serde(shown::counts(&page.counts)),
        spent => page.spent.map(|spent| spent.to_string()),
        figures => Serde(page.figures.iter().map(shown::figures).collect::<Vec<_>>()),
        runs => Serde(page.runs.iter().map(run::drawn).collect::<Vec<_>>()),
        runs_left_out => page.runs_left_out,
        waits => Serde(shown::waits(&page.waits)),
        failures => Serde(page.failures.iter().map(shown::failures).collect::<Vec<_>>()),
        failures_left_out => page.failures_left_out,
    }
}

/// What a browser lets the page do: show pictures, and run the one script.
fn policy() -> String {
    let hash = |text: &str| base64::prelude::BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src http: https: data: file:; style-src 'sha256-{}'; script-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests;
