//! Formats counts, figures and durations for the templates: as words, and as lengths of bars.

use serde::Serialize;

use super::page::FailureReason;
use super::rounding::rounded;
use crate::breakdown::{TopValues, ValueStats};
use crate::duration;
use crate::task::{Counts, Mode, Quota, Status};

/// The number of bars of a chart of durations.
const BARS: usize = 30;
/// The height and width of the chart.
const HEIGHT: f64 = 60.0;
const WIDTH: f64 = 600.0;

/// The statuses that any task has, with their numbers.
pub(super) fn counts(counts: &Counts) -> Vec<(&'static str, u64)> {
    let all = Status::ALL.into_iter().map(|status| (status.as_str(), counts.of(status)));
    all.filter(|(_, n)| *n > 0).collect()
}

/// The figures of a variable.
#[derive(Debug, Serialize)]
pub(super) struct FigureTable<'f> {
    variable: &'f str,
    rows: Vec<FigureRow<'f>>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct FigureRow<'f> {
    value: &'f str,
    tasks: u64,
    done: u64,
    /// The share of tasks that are done, in whole percent.
    success: Option<u32>,
    refused: u64,
    wait: Option<String>,
    quota: Option<String>,
    each: Option<String>,
    /// The length of the cost's bar, of 100.
    cost_bar: u32,
}

/// Formats the figures of a variable.
pub(super) fn figures(of: &TopValues) -> FigureTable<'_> {
    let dearest = of.values.iter().filter_map(ValueStats::cost).max().unwrap_or_default().0.max(1);
    let row = |figure: &'_ ValueStats| {
        let done = figure.counts.of(Status::Done);
        let cost = figure.cost().filter(|cost| cost.0 > 0);
        FigureRow {
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
    let rows = of.values.iter().map(|figure| FigureRow { value: &figure.value, ..row(figure) }).collect();
    FigureTable { variable: &of.variable, rows, more: of.omitted }
}

/// The failures for one reason.
#[derive(Debug, Serialize)]
pub(super) struct FailureRow<'f> {
    color: &'static str,
    reason: &'f str,
    attempts: u64,
    quota: Option<String>,
}

/// Formats the failures for one reason.
pub(super) fn failures(of: &FailureReason) -> FailureRow<'_> {
    let quota = Some(of.quota).filter(|quota| quota.0 > 0).map(|quota| quota.to_string());
    FailureRow { color: of.color.as_str(), reason: &of.reason, attempts: of.attempts, quota }
}

/// The durations of the jobs of a mode, as a chart.
#[derive(Debug, Serialize)]
pub(super) struct DurationChart {
    mode: &'static str,
    jobs: usize,
    shortest: String,
    half: String,
    most: String,
    longest: String,
    bars: Vec<DurationBar>,
    /// The duration at the right end of the chart.
    end: String,
    width: f64,
    height: f64,
}

#[derive(Debug, Serialize)]
struct DurationBar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    jobs: usize,
}

/// Draws the durations of each mode that has any, all at one scale.
pub(super) fn waits(of: &[(Mode, Vec<u32>)]) -> Vec<DurationChart> {
    let longest = of.iter().flat_map(|(_, waits)| waits).copied().max().unwrap_or(0).max(1);
    of.iter()
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(mode, waits)| draw(*mode, waits, longest))
        .collect()
}

fn draw(mode: Mode, waits: &[u32], end: u32) -> DurationChart {
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
        DurationBar { x: n as f64 * step, y: HEIGHT - height, width: step - 2.0, height, jobs: *jobs }
    });
    DurationChart {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_summarized_and_drawn_at_one_scale() {
        let fast: Vec<u32> = (1..=100).map(|n| n * 1000).collect();
        let drawn = waits(&[(Mode::Fast, fast), (Mode::Relaxed, vec![300_000]), (Mode::Fast, Vec::new())]);
        assert_eq!(drawn.len(), 2);
        let DurationChart { jobs, shortest, half, most, longest, bars, end, .. } = &drawn[0];
        assert_eq!(
            (*jobs, [shortest, half, most, longest, end].map(String::as_str)),
            (100, ["1 s", "50 s", "1 min 30 s", "1 min 40 s", "5 min"])
        );
        assert_eq!(bars.iter().map(|bar| bar.jobs).sum::<usize>(), 100);
        assert_eq!(bars.len(), 10, "a third of the chart's width");
        assert_eq!((drawn[1].bars[0].x, drawn[1].bars[0].height), (580.0, HEIGHT));
    }
}
