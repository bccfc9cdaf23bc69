//! Draws a run as a timeline: each attempt is a bar from its submit to its end, in the first free
//! lane, as it would fill a slot.

use jiff::Timestamp;
use serde::Serialize;

use super::page::{OutcomeColor, RunTimeline, TimelineBar};
use super::rounding::rounded;
use crate::duration;

/// The width of the drawing in its own units; it is stretched to the page.
const WIDTH: f64 = 1000.0;
/// The largest height of all lanes together, and of one.
const HEIGHT: f64 = 480.0;
const LANE: f64 = 16.0;
/// The gap between two bars of a lane.
const GAP: f64 = 0.8;
/// More bars than this are drawn as one shape per color, without their names: nobody could point at
/// one of them.
const MOST_NAMED: usize = 2_000;

/// A timeline as the template needs it.
#[derive(Debug, Serialize)]
pub(super) struct DrawnTimeline {
    number: i64,
    began: String,
    took: String,
    /// The times at each quarter of the width.
    ticks: Vec<String>,
    ending: Option<String>,
    attempts: usize,
    lanes: usize,
    height: f64,
    lane: f64,
    width: f64,
    colors: Vec<(&'static str, usize)>,
    bars: Vec<DrawnBar>,
    shapes: Vec<(&'static str, String)>,
}

#[derive(Debug, Serialize)]
struct DrawnBar {
    x: f64,
    y: f64,
    width: f64,
    color: &'static str,
    id: String,
    took: String,
}

/// Draws a run.
pub(super) fn draw(run: &RunTimeline) -> DrawnTimeline {
    let mut bars: Vec<&TimelineBar> = run.bars.iter().collect();
    bars.sort_by_key(|bar| bar.from);
    let from = bars.first().map_or(0, |bar| bar.from.as_millisecond());
    let to = bars.iter().map(|bar| bar.to.as_millisecond()).max().unwrap_or(from).max(from + 1);
    let span = (to - from) as f64;
    let (lanes, in_lanes) = lanes(&bars);
    let lane = (HEIGHT / lanes.max(1) as f64).min(LANE);
    let place = |bar: &TimelineBar, lane_number: usize| {
        let at = |time: Timestamp| (time.as_millisecond() - from) as f64 / span * WIDTH;
        let x = rounded(at(bar.from));
        (x, rounded(lane_number as f64 * lane), rounded((at(bar.to) - x - GAP).max(1.0)))
    };
    let took =
        |bar: &TimelineBar| duration::in_words(length(bar.from.as_millisecond(), bar.to.as_millisecond()));
    let thick = rounded(lane * 0.8);
    let (mut named, mut shapes) = (Vec::new(), Vec::new());
    if bars.len() <= MOST_NAMED {
        named.extend(bars.iter().zip(&in_lanes).map(|(bar, number)| {
            let (x, y, width) = place(bar, *number);
            DrawnBar { x, y, width, color: bar.color.as_str(), id: bar.id.clone(), took: took(bar) }
        }));
    } else {
        for color in OutcomeColor::ALL {
            let of_color = bars.iter().zip(&in_lanes).filter(|(bar, _)| bar.color == color);
            let shape = of_color.map(|(bar, number)| {
                let (x, y, width) = place(bar, *number);
                format!("M{x} {y}h{width}v{thick}h-{width}z")
            });
            shapes.push((color.as_str(), shape.collect::<String>()));
        }
        shapes.retain(|(_, shape)| !shape.is_empty());
    }
    let colors =
        OutcomeColor::ALL.map(|color| (color.as_str(), bars.iter().filter(|bar| bar.color == color).count()));
    let began = bars.first().map(|bar| bar.from.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    DrawnTimeline {
        number: run.number,
        began: began.unwrap_or_default(),
        took: duration::in_words(length(from, to)),
        ticks: (0..=4).map(|quarter| tick(from, to, quarter)).collect(),
        ending: run.ending.clone(),
        attempts: bars.len(),
        lanes,
        height: rounded(lanes.max(1) as f64 * lane),
        lane: thick,
        width: WIDTH,
        colors: colors.into_iter().filter(|(_, n)| *n > 0).collect(),
        bars: named,
        shapes,
    }
}

fn tick(from: i64, to: i64, quarter: i64) -> String {
    match quarter {
        0 => "0".to_owned(),
        _ => duration::in_words(length(0, (to - from) * quarter / 4)),
    }
}

fn length(from: i64, to: i64) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(to - from).unwrap_or(0))
}

/// Returns the number of lanes, and the lane of each bar: the first that is free when it begins.
fn lanes(bars: &[&TimelineBar]) -> (usize, Vec<usize>) {
    let mut free_at: Vec<Timestamp> = Vec::new();
    let in_lanes = bars.iter().map(|bar| match free_at.iter().position(|free| *free <= bar.from) {
        Some(lane) => {
            free_at[lane] = bar.to;
            lane
        }
        None => {
            free_at.push(bar.to);
            free_at.len() - 1
        }
    });
    let in_lanes = in_lanes.collect();
    (free_at.len(), in_lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(from: i64, to: i64, color: OutcomeColor) -> TimelineBar {
        let at = |seconds: i64| Timestamp::from_second(1_772_355_600 + seconds).unwrap();
        TimelineBar { id: format!("t{from}"), from: at(from), to: at(to), color }
    }

    fn run(bars: Vec<TimelineBar>) -> RunTimeline {
        RunTimeline { number: 1, ending: Some("finished".to_owned()), bars }
    }

    #[test]
    fn a_bar_takes_the_first_free_lane() {
        let bars = vec![
            bar(0, 40, OutcomeColor::Done),
            bar(30, 50, OutcomeColor::Refused),
            bar(10, 30, OutcomeColor::Failed),
            bar(40, 100, OutcomeColor::Done),
        ];
        let drawn = draw(&run(bars));
        let placed: Vec<_> = drawn.bars.iter().map(|bar| (bar.x, bar.y, bar.width, bar.color)).collect();
        assert_eq!(
            placed,
            [
                (0.0, 0.0, 399.2, "done"),
                (100.0, 16.0, 199.2, "failed"),
                (300.0, 16.0, 199.2, "refused"),
                (400.0, 0.0, 599.2, "done")
            ]
        );
        assert_eq!((drawn.lanes, drawn.took.as_str()), (2, "1 min 40 s"));
        assert_eq!(drawn.ticks, ["0", "25 s", "50 s", "1 min 15 s", "1 min 40 s"]);
        assert_eq!(drawn.colors, [("done", 2), ("failed", 1), ("refused", 1)]);
    }

    #[test]
    fn ten_thousand_attempts_are_a_few_shapes() {
        let bars = (0..10_000)
            .map(|n| bar(n, n + 10, if n % 9 == 0 { OutcomeColor::Failed } else { OutcomeColor::Done }));
        let drawn = draw(&run(bars.collect()));
        assert_eq!((drawn.bars.len(), drawn.shapes.len(), drawn.lanes), (0, 2, 10));
        assert!(drawn.shapes.iter().map(|(_, shape)| shape.len()).sum::<usize>() < 300_000);
    }

    #[test]
    fn no_attempt_and_an_instant_can_be_drawn() {
        assert_eq!(draw(&run(Vec::new())).attempts, 0);
        let moment = draw(&run(vec![bar(5, 5, OutcomeColor::Running)]));
        assert_eq!((moment.lanes, moment.bars[0].width), (1, 1.0));
    }
}
