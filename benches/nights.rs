//! What `mode: auto` ratios under a deadline, and whether it keeps it: the engine over many
//! simulated nights, beside all-fast and the cheapest schedule that knew every duration beforehand.
//!
//! ```sh
//! cargo bench --bench nights            # 3,000 nights
//! cargo bench --bench nights -- 300
//! ```
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "support/deadline_benchmark.rs"]
mod deadline_benchmark;
mod support;

use deadline_benchmark::DeadlineBenchmark;
use mjbatch::task::{Mode, TaskMode};

/// The cost of a night, over the least that it might have cost.
struct RelativeCost {
    tasks: usize,
    ratio: f64,
}

fn main() {
    let nights = support::argument().and_then(|count| count.parse().ok()).unwrap_or(3_000);
    println!(
        "| {nights} nights | kept by all-fast | late of these | cost over the least: mean | median | 9 in 10 | worst |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, experienced) in [("nothing seen before", false), ("after another night", true)] {
        let (mut all, mut late) = (Vec::new(), 0);
        for seed in 0..nights {
            let night = DeadlineBenchmark::of_night(seed);
            let night = if experienced { night.after_another(seed) } else { night };
            if night.run(Mode::Fast.into()).took > night.deadline {
                continue; // late whatever is done
            }
            let auto = night.run(TaskMode::Auto);
            if auto.took > night.deadline {
                late += 1;
                let by = (auto.took - night.deadline, auto.last_end.saturating_sub(night.deadline));
                println!("night {seed}: late by {by:.1?}, {} tasks in {} slots", night.tasks(), night.slots);
            }
            let least_cost = night.cost(night.fewest_fast().unwrap_or(night.tasks()));
            let ratio = night.cost(auto.jobs[Mode::Fast as usize] as usize) / least_cost;
            all.push(RelativeCost { tasks: night.tasks(), ratio });
        }
        println!("| {name} | {} | {late} |{}", all.len(), figures(&all, 0..=600));
        for tasks in [10..=49, 50..=199, 200..=600] {
            let count = all.iter().filter(|cost| tasks.contains(&cost.tasks)).count();
            let (from, to) = (*tasks.start(), *tasks.end());
            println!("| …, {from} to {to} tasks | {count} | |{}", figures(&all, tasks));
        }
    }
}

fn figures(all: &[RelativeCost], tasks: std::ops::RangeInclusive<usize>) -> String {
    let mut ratios: Vec<f64> =
        all.iter().filter(|cost| tasks.contains(&cost.tasks)).map(|cost| cost.ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |share: usize| ratios.get((ratios.len() * share / 100).min(ratios.len().saturating_sub(1)));
    let mean = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64;
    let at = |share| at(share).copied().unwrap_or_default();
    format!(" {mean:.3} | {:.3} | {:.3} | {:.3} |", at(50), at(90), at(100))
}
