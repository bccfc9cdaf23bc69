//! `mjbatch status --attempts`: lists every attempt in order with its cost and outcome, and the
//! sums. The list is streamed, however long it is.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::args::StatusArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::sanitize_cell;
use crate::batch::{Batch, BatchError};
use crate::store::Attempt;
use crate::task::{AttemptOutcome, Quota};
use crate::text::{escape_json, sanitize_line};

/// The most characters of an id and of a reason on a line.
const NAME: usize = 60;
const REASON: usize = 160;

/// Shows the attempts.
pub(super) fn attempts(args: &StatusArgs, batch: &Batch) -> Result<Exit, CommandFailure> {
    let snapshot = batch.snapshot()?;
    let header = snapshot.header().map_err(BatchError::from)?;
    let holder = snapshot.holder();
    let mut broken = None;
    let all = snapshot.attempts().map_while(|one| one.map_err(|e| broken = Some(e)).ok());
    let mut out = io::BufWriter::new(anstream::stdout());
    let about = json!({
        "batch": header.batch,
        "state": batch.store().location().to_string(),
        "service": header.service,
        "running_now": holder,
    });
    // A reader that has seen enough (`| head`) is no failure; a state that cannot be read is.
    let _ = match (args.json, args.csv) {
        (true, _) => json(&about.to_string(), all, &mut out),
        (_, true) => csv(all, &mut io::stdout().lock()),
        _ => text(all, &mut out),
    }
    .and_then(|()| out.flush());
    match broken {
        Some(error) => Err(BatchError::from(error).into()),
        None => Ok(Exit::Success),
    }
}

/// The sums by outcome.
#[derive(Debug, Default)]
struct Totals(BTreeMap<AttemptOutcome, Total>);

#[derive(Debug, Default, Clone, Copy)]
struct Total {
    attempts: u64,
    /// The quota that was spent, in thousandths.
    quota: u64,
    /// The number of attempts without a known price.
    unpriced: u64,
}

impl Totals {
    fn add(&mut self, attempt: &Attempt) {
        let total = self.0.entry(attempt.outcome).or_default();
        total.attempts += 1;
        total.quota = total.quota.saturating_add(attempt.quota.unwrap_or_default().0);
        total.unpriced += u64::from(attempt.quota.is_none());
    }

    fn all(&self) -> Total {
        self.0.values().fold(Total::default(), |sum, total| Total {
            attempts: sum.attempts + total.attempts,
            quota: sum.quota.saturating_add(total.quota),
            unpriced: sum.unpriced + total.unpriced,
        })
    }
}

impl Total {
    /// The quota in words, and how many attempts have no known price.
    fn words(self) -> String {
        let quota = Quota(self.quota);
        match self.unpriced {
            0 => format!("{quota} quota"),
            unpriced if unpriced == self.attempts => "no price given".to_owned(),
            unpriced => format!("{quota} quota, and {unpriced} without a price"),
        }
    }

    fn json(self) -> Option<f64> {
        (self.unpriced == 0).then_some(self.quota as f64 / 1000.0)
    }
}

fn text(all: impl Iterator<Item = Attempt>, out: &mut impl Write) -> io::Result<()> {
    let mut totals = Totals::default();
    // The width of the service's own taskIds; those of a sandbox are longer.
    let mut wide = 21;
    for attempt in all {
        let task_id =
            attempt.task_id.as_ref().map_or_else(|| "-".to_owned(), |id| sanitize_line(&id.0, NAME));
        wide = wide.max(task_id.chars().count());
        if totals.0.is_empty() {
            let (taskid, rest) = ("taskId", "task #attempt: why");
            writeln!(out, "submitted (UTC)      run  mode     quota  outcome       {taskid:<wide$}  {rest}")?;
        }
        totals.add(&attempt);
        let at = attempt.submitted_at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        let at = at.unwrap_or_default();
        let run = attempt.run.map_or_else(|| "-".to_owned(), |run| run.to_string());
        let quota = attempt.quota.map_or_else(|| "-".to_owned(), |quota| quota.to_string());
        let (mode, outcome) = (attempt.mode.as_str(), attempt.outcome.as_str());
        write!(out, "{at:<19}  {run:>3}  {mode:<7}  {quota:>5}  {outcome:<12}  {task_id:<wide$}  ")?;
        write!(out, "{} #{}", sanitize_line(&attempt.id.0, NAME), attempt.number)?;
        match attempt.reason {
            Some(reason) => writeln!(out, ": {}", sanitize_line(&reason, REASON))?,
            None => writeln!(out)?,
        }
    }
    let sum = totals.all();
    writeln!(out, "{} {}", sum.attempts, if sum.attempts == 1 { "attempt" } else { "attempts" })?;
    for (outcome, total) in &totals.0 {
        writeln!(out, "  {} {}: {}", total.attempts, outcome.as_str(), total.words())?;
    }
    let is_bound = totals.0.contains_key(&AttemptOutcome::Unknown) && sum.unpriced < sum.attempts;
    writeln!(out, "spent: {}{}", if is_bound { "at most " } else { "" }, sum.words())
}

fn json(about: &str, all: impl Iterator<Item = Attempt>, out: &mut impl Write) -> io::Result<()> {
    let mut totals = Totals::default();
    write!(out, "{},\"attempts\":[", escape_json(about.trim_end_matches('}')))?;
    for attempt in all {
        let comma = if totals.0.is_empty() { "" } else { "," };
        totals.add(&attempt);
        let line = json!({
            "id": attempt.id,
            "attempt": attempt.number,
            "submitted_at": attempt.submitted_at.map(|at| at.to_string()),
            "mode": attempt.mode,
            "quota": attempt.quota.map(|quota| quota.0 as f64 / 1000.0),
            "task_id": attempt.task_id,
            "outcome": attempt.outcome.as_str(),
            "reason": attempt.reason,
            "run": attempt.run,
        });
        write!(out, "{comma}\n{}", escape_json(&line.to_string()))?;
    }
    let by_outcome: serde_json::Map<_, _> = totals
        .0
        .iter()
        .map(|(outcome, total)| {
            let total =
                json!({"attempts": total.attempts, "quota": total.json(), "unpriced": total.unpriced});
            (outcome.as_str().to_owned(), total)
        })
        .collect();
    let sum = totals.all();
    let end =
        json!({"totals": by_outcome, "count": sum.attempts, "quota": sum.json(), "unpriced": sum.unpriced});
    writeln!(out, "\n],{}", end.to_string().trim_start_matches('{'))
}

fn csv(all: impl Iterator<Item = Attempt>, out: &mut impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "id",
        "attempt",
        "submitted_at",
        "mode",
        "quota",
        "task_id",
        "outcome",
        "reason",
        "run",
    ])?;
    for attempt in all {
        csv.write_record([
            sanitize_cell(attempt.id.0),
            attempt.number.to_string(),
            attempt.submitted_at.map(|at| at.to_string()).unwrap_or_default(),
            attempt.mode.to_string(),
            attempt.quota.map(|quota| quota.to_string()).unwrap_or_default(),
            sanitize_cell(attempt.task_id.map(|task_id| task_id.0).unwrap_or_default()),
            attempt.outcome.as_str().to_owned(),
            sanitize_cell(attempt.reason.unwrap_or_default()),
            attempt.run.map(|run| run.to_string()).unwrap_or_default(),
        ])?;
    }
    csv.flush()
}
