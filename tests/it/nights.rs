//! Batches under a deadline, over many simulated nights: none is late, and the cost is near the
//! least.
//!
//! `MJBATCH_NIGHTS=3000 cargo test --test it nights::` plays more of them;
//! `cargo bench --bench nights` prints the figures.

#[path = "../../benches/support/deadline_benchmark.rs"]
mod deadline_benchmark;

use deadline_benchmark::DeadlineBenchmark;
use mjbatch::task::{Mode, TaskMode};

#[test]
fn auto_misses_no_deadline_that_all_fast_meets_at_nearly_the_least_cost() {
    let nights = std::env::var("MJBATCH_NIGHTS").ok().and_then(|nights| nights.parse().ok()).unwrap_or(40);
    for experienced in [false, true] {
        let (mut cost, mut least, mut kept) = (0.0, 0.0, 0);
        for seed in 0..nights {
            let night = DeadlineBenchmark::of_night(seed);
            let night = if experienced { night.after_another(seed) } else { night };
            if night.run(Mode::Fast.into()).took > night.deadline {
                continue; // late whatever is done
            }
            let auto = night.run(TaskMode::Auto);
            let late_by = auto.took.saturating_sub(night.deadline);
            assert!(late_by.is_zero(), "night {seed} is late by {late_by:?}, in {} slots", night.slots);
            let bound = night.cost(night.fewest_fast().unwrap());
            let its = night.cost(auto.jobs[Mode::Fast as usize] as usize);
            assert!(its >= bound, "night {seed} is cheaper than the least: the bound is wrong");
            (cost, least, kept) = (cost + its, least + bound, kept + 1);
        }
        assert!(kept > nights * 9 / 10, "most nights can be kept");
        assert!(cost / least < 1.06, "{} over the least", cost / least);
    }
}
