//! What `mode: auto` costs under a deadline, and whether it keeps it: the engine over many simulated nights, beside all-fast and
//! the cheapest schedule that knew every duration beforehand.
//!
//! ```sh
//! cargo run --release --example nights        # 3,000 nights
//! cargo run --release --example nights 300
//! ```
#![expect(clippy::print_stdout, reason = "an example talks")]

use mjbatch::engine::Night;
use mjbatch::task::{Mode, TaskMode};

/// What a night cost, over the least that it might have cost.
struct Over {
    tasks: usize,
    cost: f64,
}

fn main() {
    let nights = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(3_000);
    println!(
        "| {nights} nights | kept by all-fast | late of these | cost over the least: mean | median | 9 in 10 | worst |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, experienced) in [("nothing seen before", false), ("after another night", true)] {
        let (mut all, mut late) = (Vec::new(), 0);
        for seed in 0..nights {
            let night = Night::of(seed);
            let night = if experienced { night.after_another(seed) } else { night };
            if night.play(Mode::Fast.into()).took > night.deadline {
                continue; // late whatever is done
            }
            let auto = night.play(TaskMode::Auto);
            if auto.took > night.deadline {
                late += 1;
                let by = (auto.took - night.deadline, auto.ended.saturating_sub(night.deadline));
                println!("night {seed}: late by {by:.1?}, {} tasks in {} slots", night.tasks(), night.slots);
            }
            let least = night.cost(night.fewest_fast().unwrap_or(night.tasks()));
            let cost = night.cost(auto.sent[Mode::Fast as usize] as usize) / least;
            all.push(Over { tasks: night.tasks(), cost });
        }
        println!("| {name} | {} | {late} |{}", all.len(), figures(&all, 0..=600));
        for tasks in [10..=49, 50..=199, 200..=600] {
            let count = all.iter().filter(|over| tasks.contains(&over.tasks)).count();
            let (from, to) = (*tasks.start(), *tasks.end());
            println!("| …, {from} to {to} tasks | {count} | |{}", figures(&all, tasks));
        }
    }
}

fn figures(all: &[Over], tasks: std::ops::RangeInclusive<usize>) -> String {
    let mut costs: Vec<f64> =
        all.iter().filter(|over| tasks.contains(&over.tasks)).map(|over| over.cost).collect();
    costs.sort_by(f64::total_cmp);
    let at = |share: usize| costs.get((costs.len() * share / 100).min(costs.len().saturating_sub(1)));
    let mean = costs.iter().sum::<f64>() / costs.len().max(1) as f64;
    let at = |share| at(share).copied().unwrap_or_default();
    format!(" {mean:.3} | {:.3} | {:.3} | {:.3} |", at(50), at(90), at(100))
}
