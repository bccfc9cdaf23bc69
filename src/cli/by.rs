//! `mjbatch status --by sku`: figures of the tasks for each value of a column, as a table for
//! people and as JSON.

use serde_json::{Value, json};

use crate::breakdown::{TopValues, ValueStats};
use crate::duration;
use crate::task::{Quota, Status};
use crate::text::sanitize_line;

/// The most values of a variable that are shown.
pub(super) const MOST_ON_SCREEN: usize = 40;
pub(super) const MOST_IN_JSON: usize = 1_000;

/// The most characters shown of a value.
const NAME: usize = 40;
const HEADER: [&str; 7] = ["tasks", "done", "success", "refused", "wait", "quota", "each done"];

/// The lines of the table.
pub(super) fn lines(of: &TopValues) -> Vec<String> {
    let rows: Vec<[String; 7]> = of.values.iter().map(cells).collect();
    let name = |figure: &ValueStats| match figure.value.as_str() {
        "" => "(none)".to_owned(),
        value => sanitize_line(value, NAME),
    };
    let title = format!("by {}", sanitize_line(&of.variable, NAME));
    let names: Vec<String> = of.values.iter().map(|figure| format!("  {}", name(figure))).collect();
    let wide = |text: &String| text.chars().count();
    let first = names.iter().map(wide).chain([wide(&title)]).max().unwrap_or_default();
    let widths: Vec<usize> = (0..HEADER.len())
        .map(|n| rows.iter().map(|row| wide(&row[n])).chain([HEADER[n].len()]).max().unwrap_or_default())
        .collect();
    let line = |name: &str, cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, wide)| format!("  {cell:>wide$}"));
        format!("{name:<first$}{}", cells.collect::<String>())
    };
    let mut lines = vec![String::new(), line(&title, &HEADER.map(str::to_owned))];
    lines.extend(names.iter().zip(&rows).map(|(name, cells)| line(name, cells)));
    if of.omitted > 0 {
        lines.push(format!("  and {} more {}", of.omitted, if of.omitted == 1 { "value" } else { "values" }));
    }
    lines
}

fn cells(figure: &ValueStats) -> [String; 7] {
    let done = figure.counts.of(Status::Done);
    let unknown = || "-".to_owned();
    let each = figure.cost().filter(|_| done > 0).map(|cost| Quota(cost.0 / done));
    [
        figure.counts.total().to_string(),
        done.to_string(),
        figure.success_rate().map_or_else(unknown, |share| format!("{} %", (share * 100.0).floor())),
        figure.rejected.to_string(),
        figure.median_duration().map_or_else(unknown, duration::in_words),
        figure.cost().map_or_else(unknown, |cost| cost.to_string()),
        each.map_or_else(unknown, |each| each.to_string()),
    ]
}

/// The same figures as JSON: by variable, with its values in order.
pub(super) fn json(by: &[TopValues]) -> Value {
    let value = |figure: &ValueStats| {
        let counts: serde_json::Map<_, _> = Status::ALL
            .iter()
            .map(|status| (status.as_str().to_owned(), figure.counts.of(*status).into()))
            .collect();
        json!({
            "value": figure.value,
            "tasks": figure.counts.total(),
            "counts": counts,
            "success": figure.success_rate(),
            "attempts": figure.attempts,
            "refused": figure.rejected,
            "wait_s": figure.median_duration().map(|wait| wait.as_secs_f64()),
            "quota": figure.cost().map(|cost| cost.0 as f64 / 1000.0),
        })
    };
    let of = |shown: &TopValues| {
        let values: Vec<Value> = shown.values.iter().map(value).collect();
        (shown.variable.clone(), json!({"values": values, "more": shown.omitted}))
    };
    Value::Object(by.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breakdown::Breakdown;

    #[test]
    fn a_table_has_its_columns_in_line_and_says_what_it_leaves_out() {
        let mut figures = Breakdown::new("sku");
        for (n, value) in ["MG-0142", "MG-0143\u{1b}[2J", "", "z"].into_iter().enumerate() {
            let number = figures.index_of(value);
            let figure = figures.get_mut(number).unwrap();
            figure.counts.add(Status::Done, 10 - 3 * n as u64);
            figure.counts.add(Status::Failed, n as u64);
            figure.attempts = 11;
            figure.quota = Quota(44_500);
            figure.rejected = n as u64;
            figure.add_duration(std::time::Duration::from_secs(50 + 60 * n as u64));
        }
        figures.get_mut(1).unwrap().unpriced = 1;
        insta::assert_snapshot!(lines(&figures.top(3)).join("\n"), @"

        by sku         tasks  done  success  refused        wait  quota  each done
          MG-0142         10    10    100 %        0        50 s   44.5       4.45
          MG-0143�[2J      8     7     87 %        1  1 min 50 s      -          -
          (none)           6     4     66 %        2  2 min 50 s   44.5     11.125
          and 1 more value
        ");
    }
}
