//! Writes the report of a batch: every image to view and select, and charts of its runs, in one
//! HTML file that needs no network for itself.
//!
//! All text in it that comes from elsewhere is hostile: prompts, ids, reasons, URLs. Three things
//! keep it from running: minijinja escapes whatever a template shows; the data for the script is in
//! a block that no text can close (`data`); and the page's content security policy allows nothing
//! to run but the one script, identified by its hash. Only http and https URLs become links.
//! Without the script the page shows everything; the script adds selecting, filters and the large
//! view.
//!
//! Tasks are read twice, once for the cards and once for the data, one at a time, so that memory
//! does not grow with them.

mod card;
mod data;
mod figures;
mod links;
mod page;
mod rounding;
mod timeline;

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use sha2::{Digest as _, Sha256};

use super::atomic_file::{AtomicFile, HashedFile};
use super::error::FileError;
use super::layout::{ResultsError, RowError};

pub use page::{FailureReason, OutcomeColor, ReportEntry, ReportPage, RunTimeline, TimelineBar};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const HEAD: &str = include_str!("head.html");
const CARD: &str = include_str!("card.html");
const FOOT: &str = include_str!("foot.html");

/// Checks that the page can be written to this path.
///
/// # Errors
/// What is wrong, and what to do about it.
pub fn check(path: &Path) -> Result<(), FileError> {
    AtomicFile::of(path).and_then(|target| target.probe()).map_err(FileError::of_report)
}

/// What only a report has.
const MARK: &str = "<script type=\"application/json\" id=\"data\">{\"about\":{\"key\":";

/// Whether the file at this path may be replaced by a report: it is one, or there is nothing in it.
/// Where it cannot be read it may not.
pub fn may_replace(path: &Path) -> bool {
    match std::fs::read(path) {
        Ok(bytes) => bytes.is_empty() || bytes.windows(MARK.len()).any(|piece| piece == MARK.as_bytes()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Writes the page, completely or not at all. `entries` iterates over the tasks of one snapshot
/// each time it is called.
///
/// # Errors
/// The file cannot be created or replaced, or a task cannot be read. The file that was there before
/// is then unchanged.
pub fn write<E, T>(path: &Path, page: &ReportPage, entries: impl Fn() -> T) -> Result<(), ResultsError<E>>
where
    T: Iterator<Item = Result<ReportEntry, E>>,
{
    let target = AtomicFile::of(path).map_err(FileError::of_report)?;
    let links = links::LinkBase::of(path);
    let fill = |out: &mut HashedFile<'_>| {
        fill(out, page, &links, &entries).map_err(|error| match error {
            RowError::Out(cause) => ResultsError::File(target.failed(cause)),
            RowError::Of(error) => error,
        })
    };
    let written = target.replace(fill, |_| ());
    written.map_err(|error| match error {
        ResultsError::File(error) => ResultsError::File(error.of_report()),
        other => other,
    })
}

fn fill<E, T>(
    out: &mut impl Write,
    page: &ReportPage,
    links: &links::LinkBase,
    entries: &impl Fn() -> T,
) -> Result<(), RowError<E>>
where
    T: Iterator<Item = Result<ReportEntry, E>>,
{
    let entries = || entries().map(|entry| entry.map_err(|e| RowError::Of(ResultsError::Record(e))));
    let templates = templates()?;
    let render = |name: &str, context: Value| -> io::Result<String> {
        templates.get_template(name).and_then(|it| it.render(context)).map_err(io::Error::other)
    };
    out.write_all(render("head.html", head(page))?.as_bytes())?;
    for (n, entry) in entries().enumerate() {
        let entry = entry?;
        let card = card::Card::of(n, &entry, page, links);
        out.write_all(render("card.html", Value::from(Serde(card)))?.as_bytes())?;
    }
    out.write_all(
        render("foot.html", context! { next => page.next.as_str(), picks => page.picks.as_str() })?
            .as_bytes(),
    )?;
    data::write(out, page, entries())?;
    // Not through the templates: the hash is of exactly these bytes.
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

fn head(page: &ReportPage) -> Value {
    context! {
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        batch => page.batch.as_str(),
        service => page.service.as_str(),
        created_at => page.created_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        run_lives => page.run_lives,
        total => page.counts.total(),
        counts => Serde(figures::counts(&page.counts)),
        spent => page.spent.map(|spent| spent.to_string()),
        figures => Serde(page.figures.iter().map(figures::figures).collect::<Vec<_>>()),
        runs => Serde(page.runs.iter().map(timeline::draw).collect::<Vec<_>>()),
        runs_left_out => page.runs_left_out,
        waits => Serde(figures::waits(&page.waits)),
        failures => Serde(page.failures.iter().map(figures::failures).collect::<Vec<_>>()),
        failures_left_out => page.failures_left_out,
    }
}

/// The content security policy: images are shown, and only the one script runs.
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
