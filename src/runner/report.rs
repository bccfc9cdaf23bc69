//! Gathers the report of a batch from a snapshot of its state.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use crate::output::ResultsError;
use crate::output::report::{
    self, FailureReason, OutcomeColor, ReportEntry, ReportPage, RunTimeline, TimelineBar,
};
use crate::store::{Attempt, RunRow, Snapshot, StoreError, Variable};
use crate::task::{AttemptOutcome, Counts, Mode, Quota};

/// The most runs that are drawn, and the most attempts of all of them: the last ones.
const MOST_RUNS: usize = 8;
const MOST_BARS: usize = 20_000;
/// The most reasons of failures that are listed, the most variables, and the most values of each.
const MOST_REASONS: usize = 25;
const MOST_VARIABLES: usize = 20;
const MOST_VALUES: usize = 25;

/// What a report says besides what the state knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportConfig {
    /// The name of the file that choices are saved to.
    pub picks: String,
    /// The command that reads this file.
    pub next: String,
}

/// Writes the page of a state to `out`, and gives the tasks by status. Relative paths of images
/// count from `base_dir`.
///
/// # Errors
/// Where the state cannot be read, or the file not be written.
pub fn write_report(
    snapshot: &Snapshot,
    base_dir: &Path,
    out: &Path,
    config: ReportConfig,
) -> Result<Counts, ResultsError<StoreError>> {
    let reading = ResultsError::Record;
    let page = page(snapshot, config).map_err(reading)?;
    let entries = || {
        snapshot.records_with_files().map(|entry| {
            let (record, files) = entry?;
            let files = files.into_iter().map(|(n, path)| (n, base_dir.join(path))).collect();
            Ok(ReportEntry { record, files })
        })
    };
    report::write(out, &page, entries)?;
    Ok(page.counts)
}

fn page(snapshot: &Snapshot, config: ReportConfig) -> Result<ReportPage, StoreError> {
    let header = snapshot.header()?;
    let created_at = snapshot.created_at()?.unwrap_or_default();
    let now = Timestamp::now();
    let columns = header.columns.iter().enumerate();
    let mut variables: Vec<_> =
        columns.take(MOST_VARIABLES).map(|(n, name)| (name.clone(), Variable::Column(n))).collect();
    variables.push(("mode".to_owned(), Variable::Mode));
    let counts = snapshot.counts()?;
    let mut figures = snapshot.figures(&variables)?;
    // Values that differ for each task, such as names, have nothing in common.
    figures.retain(|figures| figures.len() <= MOST_VALUES || (figures.len() as u64) < counts.total());
    let mut attempts = AttemptStats::new(snapshot.runs()?, now);
    for attempt in snapshot.attempts() {
        attempts.add(attempt?);
    }
    let (runs, runs_left_out) = attempts.drawn();
    let (failures, failures_left_out) = attempts.failures();
    let identity = format!("{}\n{}", header.service, created_at.as_millisecond());
    Ok(ReportPage {
        key: blake3::hash(identity.as_bytes()).to_hex()[..32].to_owned(),
        batch: header.batch,
        service: header.service,
        columns: header.columns,
        letters: header.letters,
        created_at: now,
        run_lives: snapshot.is_live(),
        counts,
        spent: snapshot.spent(None)?,
        picks: config.picks,
        next: config.next,
        figures: figures.into_iter().map(|figures| figures.top(MOST_VALUES)).collect(),
        runs,
        runs_left_out,
        waits: attempts.waits,
        failures,
        failures_left_out,
    })
}

/// The attempts of a batch, gathered in one pass.
struct AttemptStats {
    /// The bars by run; 0 for attempts that were imported from results.
    bars: HashMap<i64, Vec<TimelineBar>>,
    runs: Vec<RunRow>,
    now: Timestamp,
    waits: Vec<(Mode, Vec<u32>)>,
    failed: HashMap<(OutcomeColor, String), (u64, Quota)>,
}

impl AttemptStats {
    fn new(runs: Vec<RunRow>, now: Timestamp) -> AttemptStats {
        let waits = vec![(Mode::Fast, Vec::new()), (Mode::Relaxed, Vec::new())];
        AttemptStats { bars: HashMap::new(), runs, now, waits, failed: HashMap::new() }
    }

    fn add(&mut self, attempt: Attempt) {
        let Some(color) = outcome_color(attempt.outcome) else { return };
        if !matches!(color, OutcomeColor::Done | OutcomeColor::Running) {
            let sums = self.failed.entry((color, attempt.reason.unwrap_or_default())).or_default();
            sums.0 += 1;
            sums.1.0 = sums.1.0.saturating_add(attempt.quota.unwrap_or_default().0);
        }
        // Attempts imported from results were not submitted by a run of this state: their times are
        // not its own.
        let (Some(run), Some(from)) = (attempt.run, attempt.submitted_at) else { return };
        let row = self.runs.iter().find(|row| row.run == run);
        let until = self.end_of(row);
        let to = attempt.finished_at.unwrap_or(until);
        if color == OutcomeColor::Done && to <= until && to > from {
            let took = (to.as_millisecond() - from.as_millisecond()).unsigned_abs();
            let mode = self.waits.iter_mut().find(|(mode, _)| *mode == attempt.mode);
            mode.into_iter().for_each(|(_, waits)| waits.push(u32::try_from(took).unwrap_or(u32::MAX)));
        }
        let bar = TimelineBar { id: attempt.id.0, from, to: to.min(until).max(from), color };
        self.bars.entry(run).or_default().push(bar);
    }

    /// The end of a run: as recorded, or when the next one began, or now if it is still going on.
    fn end_of(&self, run: Option<&RunRow>) -> Timestamp {
        let Some(run) = run else { return self.now };
        let next = self.runs.iter().find(|other| other.run > run.run).and_then(|next| next.started_at);
        run.ended_at.or(next).unwrap_or(self.now)
    }

    /// The last runs that made attempts, and how many more there are.
    fn drawn(&mut self) -> (Vec<RunTimeline>, usize) {
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
            drawn.push(RunTimeline { number: run.run, ending: run.ending.clone(), bars });
        }
        drawn.reverse();
        let left_out = all - drawn.len();
        (drawn, left_out)
    }

    /// The reasons that attempts failed for, most frequent first, and how many more there are.
    fn failures(&mut self) -> (Vec<FailureReason>, usize) {
        let mut failures: Vec<FailureReason> = std::mem::take(&mut self.failed)
            .into_iter()
            .map(|((color, reason), (attempts, quota))| FailureReason { color, reason, attempts, quota })
            .collect();
        failures.sort_by(|a, b| {
            b.attempts.cmp(&a.attempts).then_with(|| (a.color, &a.reason).cmp(&(b.color, &b.reason)))
        });
        let more = failures.len().saturating_sub(MOST_REASONS);
        failures.truncate(MOST_REASONS);
        (failures, more)
    }
}

/// The color of an attempt; none for one that was certainly not accepted, which never had a slot.
fn outcome_color(outcome: AttemptOutcome) -> Option<OutcomeColor> {
    Some(match outcome {
        AttemptOutcome::Done => OutcomeColor::Done,
        AttemptOutcome::Failed => OutcomeColor::Failed,
        AttemptOutcome::Refused => OutcomeColor::Refused,
        AttemptOutcome::Lost => OutcomeColor::Lost,
        AttemptOutcome::Unknown | AttemptOutcome::Open => OutcomeColor::Unknown,
        AttemptOutcome::Running | AttemptOutcome::Submitting => OutcomeColor::Running,
        AttemptOutcome::Rejected => return None,
    })
}
