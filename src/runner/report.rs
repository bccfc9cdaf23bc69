//! The report of a batch: what the state tells, put together for the page.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use crate::output::WriteError;
use crate::output::report::{self, Bar, Entry, Execution, Failures, Page, Tone};
use crate::store::{Attempt, RunRow, Snapshot, StoreError, Variable};
use crate::task::{AttemptOutcome, Counts, Mode, Quota};

/// How many runs are drawn, and how many of all their attempts: the last ones.
const MOST_RUNS: usize = 8;
const MOST_BARS: usize = 20_000;
/// How many reasons of failures are listed, how many variables, and how many values of each.
const MOST_REASONS: usize = 25;
const MOST_VARIABLES: usize = 20;
const MOST_VALUES: usize = 25;

/// What is asked of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedReport {
    /// The name of the file that a person's choices are saved to.
    pub picks: String,
    /// The command that reads it.
    pub next: String,
}

/// Writes the page of a state to `out`, and gives the tasks by status. Relative paths of images count from `base_dir`.
///
/// # Errors
/// Where the state cannot be read, or the file not be written.
pub fn write_report(
    snapshot: &Snapshot,
    base_dir: &Path,
    out: &Path,
    wanted: WantedReport,
) -> Result<Counts, WriteError<StoreError>> {
    let reading = WriteError::Record;
    let page = page(snapshot, wanted).map_err(reading)?;
    let entries = || {
        snapshot.pictured().map(|pictured| {
            let (record, files) = pictured?;
            let files = files.into_iter().map(|(n, path)| (n, base_dir.join(path))).collect();
            Ok(Entry { record, files })
        })
    };
    report::write(out, &page, entries)?;
    Ok(page.counts)
}

fn page(snapshot: &Snapshot, wanted: WantedReport) -> Result<Page, StoreError> {
    let header = snapshot.header()?;
    let made_at = snapshot.made_at()?.unwrap_or_default();
    let now = Timestamp::now();
    let columns = header.columns.iter().enumerate();
    let mut variables: Vec<_> =
        columns.take(MOST_VARIABLES).map(|(n, name)| (name.clone(), Variable::Column(n))).collect();
    variables.push(("mode".to_owned(), Variable::Mode));
    let counts = snapshot.counts()?;
    let mut figures = snapshot.figures(&variables)?;
    // What is another for each task, as a name, shares nothing.
    figures.retain(|figures| figures.len() <= MOST_VALUES || (figures.len() as u64) < counts.total());
    let mut ledger = Ledger::new(snapshot.runs()?, now);
    for attempt in snapshot.attempts() {
        ledger.add(attempt?);
    }
    let (runs, runs_left_out) = ledger.drawn();
    let (failures, failures_left_out) = ledger.failures();
    let told = format!("{}\n{}", header.service, made_at.as_millisecond());
    Ok(Page {
        key: blake3::hash(told.as_bytes()).to_hex()[..32].to_owned(),
        batch: header.batch,
        service: header.service,
        columns: header.columns,
        made_at: now,
        run_lives: snapshot.is_live(),
        counts,
        spent: snapshot.spent(None)?,
        picks: wanted.picks,
        next: wanted.next,
        figures: figures.into_iter().map(|figures| figures.top(MOST_VALUES)).collect(),
        runs,
        runs_left_out,
        waits: ledger.waits,
        failures,
        failures_left_out,
    })
}

/// The attempts, looked through once.
struct Ledger {
    /// By run; 0 for those that were taken over from results.
    bars: HashMap<i64, Vec<Bar>>,
    runs: Vec<RunRow>,
    now: Timestamp,
    waits: Vec<(Mode, Vec<u32>)>,
    failed: HashMap<(Tone, String), (u64, Quota)>,
}

impl Ledger {
    fn new(runs: Vec<RunRow>, now: Timestamp) -> Ledger {
        let waits = vec![(Mode::Fast, Vec::new()), (Mode::Relaxed, Vec::new())];
        Ledger { bars: HashMap::new(), runs, now, waits, failed: HashMap::new() }
    }

    fn add(&mut self, attempt: Attempt) {
        let Some(tone) = tone(attempt.outcome) else { return };
        if !matches!(tone, Tone::Done | Tone::Running) {
            let sums = self.failed.entry((tone, attempt.reason.unwrap_or_default())).or_default();
            sums.0 += 1;
            sums.1.0 = sums.1.0.saturating_add(attempt.quota.unwrap_or_default().0);
        }
        // What was taken over from results was not submitted by a run of this state: when, is hearsay.
        let (Some(run), Some(from)) = (attempt.run, attempt.submitted_at) else { return };
        let seen = self.runs.iter().find(|row| row.run == run);
        let until = self.end_of(seen);
        let to = attempt.finished_at.unwrap_or(until);
        if tone == Tone::Done && to <= until && to > from {
            let took = (to.as_millisecond() - from.as_millisecond()).unsigned_abs();
            let mode = self.waits.iter_mut().find(|(mode, _)| *mode == attempt.mode);
            mode.into_iter().for_each(|(_, waits)| waits.push(u32::try_from(took).unwrap_or(u32::MAX)));
        }
        let bar = Bar { id: attempt.id.0, from, to: to.min(until).max(from), tone };
        self.bars.entry(run).or_default().push(bar);
    }

    /// When a run was over: it said so, or the next one began, or it goes on.
    fn end_of(&self, run: Option<&RunRow>) -> Timestamp {
        let Some(run) = run else { return self.now };
        let next = self.runs.iter().find(|other| other.run > run.run).and_then(|next| next.started_at);
        run.ended_at.or(next).unwrap_or(self.now)
    }

    /// The last runs that made attempts, and how many more there were.
    fn drawn(&mut self) -> (Vec<Execution>, usize) {
        let all = self.runs.iter().filter(|run| self.bars.contains_key(&run.run)).count();
        let mut drawn = Vec::new();
        let mut left = MOST_BARS;
        for run in self.runs.iter().rev() {
            let Some(mut bars) = self.bars.remove(&run.run) else { continue };
            if drawn.len() == MOST_RUNS || left == 0 {
                break;
            }
            bars.drain(..bars.len().saturating_sub(left));
            left -= bars.len();
            drawn.push(Execution { number: run.run, ending: run.ending.clone(), bars });
        }
        drawn.reverse();
        let left_out = all - drawn.len();
        (drawn, left_out)
    }

    /// The reasons that attempts ended badly for, the most frequent first, and how many more there were.
    fn failures(&mut self) -> (Vec<Failures>, usize) {
        let mut failures: Vec<Failures> = std::mem::take(&mut self.failed)
            .into_iter()
            .map(|((tone, reason), (attempts, quota))| Failures { tone, reason, attempts, quota })
            .collect();
        failures.sort_by(|a, b| {
            b.attempts.cmp(&a.attempts).then_with(|| (a.tone, &a.reason).cmp(&(b.tone, &b.reason)))
        });
        let more = failures.len().saturating_sub(MOST_REASONS);
        failures.truncate(MOST_REASONS);
        (failures, more)
    }
}

/// How an attempt is drawn. What was certainly not accepted never had a slot.
fn tone(outcome: AttemptOutcome) -> Option<Tone> {
    Some(match outcome {
        AttemptOutcome::Done => Tone::Done,
        AttemptOutcome::Failed => Tone::Failed,
        AttemptOutcome::Refused => Tone::Refused,
        AttemptOutcome::Lost => Tone::Lost,
        AttemptOutcome::Unknown | AttemptOutcome::Open => Tone::Unknown,
        AttemptOutcome::Running | AttemptOutcome::Submitting => Tone::Running,
        AttemptOutcome::Rejected => return None,
    })
}
