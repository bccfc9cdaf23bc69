//! Counts, figures and times as the templates take them: in words, and as lengths of bars.

use serde::Serialize;

use super::Failures;
use crate::breakdown::{TopValues, ValueStats};
use crate::duration;
use crate::task::{Counts, Mode, Quota, Status};

/// How many bars a picture of durations has.
const BARS: usize = 30;
/// How high and wide it is.
const HEIGHT: f64 = 60.0;
const WIDTH: f64 = 600.0;

/// A status and how many tasks have it, of those that any has.
pub(super) fn counts(counts: &Counts) -> Vec<(&'static str, u64)> {
    let all = Status::ALL.into_iter().map(|status| (status.as_str(), counts.of(status)));
    all.filter(|(_, n)| *n > 0).collect()
}

/// The figures of a variable.
#[derive(Debug, Serialize)]
pub(super) struct Table<'f> {
    variable: &'f str,
    rows: Vec<TableRow<'f>>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct TableRow<'f> {
    value: &'f str,
    tasks: u64,
    done: u64,
    /// Whole percent.
    success: Option<u32>,
    refused: u64,
    wait: Option<String>,
    quota: Option<String>,
    each: Option<String>,
    /// How long the bar of the cost is, of 100.
    cost_bar: u32,
}

/// A variable's figures as a table.
pub(super) fn figures(of: &TopValues) -> Table<'_> {
    let dearest = of.values.iter().filter_map(ValueStats::cost).max().unwrap_or_default().0.max(1);
    let row = |figure: &'_ ValueStats| {
        let done = figure.counts.of(Status::Done);
        let cost = figure.cost().filter(|cost| cost.0 > 0);
        TableRow {
            value: "",
            tasks: figure.counts.total(),
            done,
            success: figure.success_rate().map(|share| (share * 100.0) as u32),
            refused: figure.rejected,
            wait: figure.median_duration().map(duration::in_words),
            quota: cost.map(|cost| cost.to_string()),
            each: cost.filter(|_| done > 0).map(|cost| Quota(cost.0 / done).to_string()),
            cost_bar: cost.map_or(0, |cost| u32::try_from(cost.0 * 100 / dearest).unwrap_or(100)),
        }
    };
    let rows = of.values.iter().map(|figure| TableRow { value: &figure.value, ..row(figure) }).collect();
    Table { variable: &of.variable, rows, more: of.omitted }
}

/// What went wrong for one reason.
#[derive(Debug, Serialize)]
pub(super) struct Wrong<'f> {
    tone: &'static str,
    reason: &'f str,
    attempts: u64,
    quota: Option<String>,
}

/// What went wrong, as a row.
pub(super) fn failures(of: &Failures) -> Wrong<'_> {
    let quota = Some(of.quota).filter(|quota| quota.0 > 0).map(|quota| quota.to_string());
    Wrong { tone: of.tone.as_str(), reason: &of.reason, attempts: of.attempts, quota }
}

/// How long the jobs of a mode took.
#[derive(Debug, Serialize)]
pub(super) struct Waits {
    mode: &'static str,
    jobs: usize,
    shortest: String,
    half: String,
    most: String,
    longest: String,
    bars: Vec<WaitBar>,
    /// Where the right end of the picture is.
    end: String,
    width: f64,
    height: f64,
}

#[derive(Debug, Serialize)]
struct WaitBar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    jobs: usize,
}

/// The durations of each mode that has any, all at one scale.
pub(super) fn waits(of: &[(Mode, Vec<u32>)]) -> Vec<Waits> {
    let longest = of.iter().flat_map(|(_, waits)| waits).copied().max().unwrap_or(0).max(1);
    of.iter()
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(mode, waits)| drawn(*mode, waits, longest))
        .collect()
}

fn drawn(mode: Mode, waits: &[u32], end: u32) -> Waits {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let words = |milliseconds: u32| duration::in_words(std::time::Duration::from_millis(milliseconds.into()));
    let part =
        |tenths: usize| words(sorted.get((sorted.len() * tenths).div_ceil(10) - 1).copied().unwrap_or(0));
    let mut bins = [0_usize; BARS];
    for wait in &sorted {
        let bin = u64::from(*wait) * BARS as u64 / (u64::from(end) + 1);
        if let Some(bin) = usize::try_from(bin).ok().and_then(|bin| bins.get_mut(bin)) {
            *bin += 1;
        }
    }
    let fullest = bins.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = WIDTH / BARS as f64;
    let bars = bins.iter().enumerate().filter(|(_, jobs)| **jobs > 0).map(|(n, jobs)| {
        let height = rounded((*jobs as f64 / fullest * HEIGHT).max(2.0));
        WaitBar { x: n as f64 * step, y: HEIGHT - height, width: step - 2.0, height, jobs: *jobs }
    });
    Waits {
        mode: mode.as_str(),
        jobs: sorted.len(),
        shortest: words(sorted.first().copied().unwrap_or(0)),
        half: part(5),
        most: part(9),
        longest: words(sorted.last().copied().unwrap_or(0)),
        bars: bars.collect(),
        end: words(end),
        width: WIDTH,
        height: HEIGHT,
    }
}

/// To a tenth: more would be seen by nobody and fill the page.
pub(super) fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_by_their_parts_and_drawn_at_one_scale() {
        let fast: Vec<u32> = (1..=100).map(|n| n * 1000).collect();
        let drawn = waits(&[(Mode::Fast, fast), (Mode::Relaxed, vec![300_000]), (Mode::Fast, Vec::new())]);
        assert_eq!(drawn.len(), 2);
        let Waits { jobs, shortest, half, most, longest, bars, end, .. } = &drawn[0];
        assert_eq!(
            (*jobs, [shortest, half, most, longest, end].map(String::as_str)),
            (100, ["1 s", "50 s", "1 min 30 s", "1 min 40 s", "5 min"])
        );
        assert_eq!(bars.iter().map(|bar| bar.jobs).sum::<usize>(), 100);
        assert_eq!(bars.len(), 10, "a third of the picture's width");
        assert_eq!((drawn[1].bars[0].x, drawn[1].bars[0].height), (580.0, HEIGHT));
    }
}
