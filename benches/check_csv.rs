//! How long a large table takes to be checked, beside a bare read by the csv crate.
//!
//! ```sh
//! cargo bench --bench check_csv             # 1,000,000 rows
//! cargo bench --bench check_csv -- 10000    # another number of rows
//! ```
//!
//! It checks two tables: prompts as they are, and prompts that are templates. "check" is all of
//! `mjbatch check`: cells, places, names, expansion and lint of every prompt; "tasks" makes every
//! task once more, one by one.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod support;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use mjbatch::manifest;

fn main() -> Result<(), Box<dyn Error>> {
    let rows: usize = support::argument().map_or(Ok(1_000_000), |rows| rows.parse())?;
    println!("{rows} rows           bare read     check       tasks     times a bare read");
    for (name, prompt) in [("prompts", "item"), ("templates", "{{ sku }}")] {
        let csv = table(rows, prompt);
        let (read, bare) = timed(|| csv::Reader::from_reader(csv.as_bytes()).records().count());
        let (manifest, check) = timed(|| manifest::parse(Path::new("big.csv"), csv.as_bytes()));
        let manifest = manifest?;
        let (made, tasks) = timed(|| manifest.tasks().count());
        assert_eq!((read, made), (rows, rows));
        let times = check.as_secs_f64() / bare.as_secs_f64();
        println!("{name:<16} {:>9.2} s {:>9.2} s {:>9.2} s {times:>12.0} ×", s(bare), s(check), s(tasks));
    }
    if let Some(peak) = peak() {
        println!("most memory at once, the table itself included: {peak}");
    }
    Ok(())
}

fn table(rows: usize, prompt: &str) -> String {
    let mut csv = String::with_capacity(rows * 90);
    csv.push_str("id,prompt,mode,sku\n");
    for n in 0..rows {
        // Writing to a string does not fail.
        let _ = writeln!(csv, "p{n},\"a product photo of {prompt} {n}, soft light --ar 1:1\",fast,SKU-{n}");
    }
    csv
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

fn s(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// The most memory that this process had, where the system tells.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
