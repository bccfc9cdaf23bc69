//! Reads the map `batch`: how the manifest says the batch is to be run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hooks::{self, HookSpec};
use super::money::{Budget, Usd};
use super::on_unknown::OnUnknown;
use super::values;
use crate::deadline::Deadline;
use crate::diagnostic::Diagnostic;
use crate::manifest::value;
use crate::manifest::yaml::{KeyValue, Node, NodeReader, NodeValue};
use crate::task::Prices;

pub(crate) const BATCH: [&str; 13] = [
    "concurrency",
    "poll_min",
    "poll_max",
    "budget",
    "prices",
    "deadline",
    "retries",
    "on_unknown",
    "max_tasks",
    "max_changed",
    "results",
    "on_done",
    "on_finish",
];
const PRICES: [&str; 3] = ["fast", "relaxed", "usd"];

/// The settings of `batch`. A flag of the command line overrides its setting.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSettings {
    /// How many jobs run at once, 1 to 1000.
    pub concurrency: Option<u16>,
    /// The shortest time between two status requests.
    pub poll_min: Option<Duration>,
    /// The longest time between two status requests.
    pub poll_max: Option<Duration>,
    /// The most that the batch may cost.
    pub budget: Option<Budget>,
    /// The price of a job in each mode, in quota.
    pub prices: Prices,
    /// The price of one quota in US dollars.
    pub usd_per_quota: Option<Usd>,
    /// When all tasks should be done; it decides how tasks of mode `auto` are sent.
    pub deadline: Option<Deadline>,
    /// How often a task that failed is sent again, 0 to 10.
    pub retries: Option<u8>,
    /// What happens to a task whose outcome is unknown.
    pub on_unknown: Option<OnUnknown>,
    /// How many tasks the manifest may expand to, 1 to 10,000,000. Checked while the manifest is
    /// read.
    pub max_tasks: Option<u64>,
    /// How many tasks that are done, running or unknown one run may make again because their
    /// prompts were edited.
    pub max_changed: Option<u64>,
    /// Paths of the results as written, relative to the manifest's folder.
    pub results: Vec<String>,
    /// The hook for each finished task. It is read from the manifest only, never from the copy in
    /// the state, because it may be a command.
    #[serde(skip)]
    pub on_done: Option<HookSpec>,
    /// The hook for the end of a run. It is read from the manifest only, too.
    #[serde(skip)]
    pub on_finish: Option<HookSpec>,
}

/// Reads the map `batch`.
pub(crate) fn read(field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> BatchSettings {
    let Some(fields) = reader.map(field.value, "`batch`", &BATCH) else { return BatchSettings::default() };
    let poll_min = reader.value(fields.get("poll_min"), values::span);
    let poll_max = reader.value(fields.get("poll_max"), values::span);
    if let (Some(min), Some(max), Some(at)) = (poll_min, poll_max, fields.get("poll_max"))
        && min > max
    {
        let found = Diagnostic::error("`poll_max` is less than `poll_min`")
            .at(reader.source.place(at.value.span.clone()), "expected at least `poll_min`");
        reader.problems.push(found);
    }
    let mut settings = BatchSettings {
        concurrency: reader.value(fields.get("concurrency"), values::concurrency),
        poll_min,
        poll_max,
        budget: reader.value(fields.get("budget"), values::budget),
        deadline: reader.value(fields.get("deadline"), values::deadline),
        retries: reader.value(fields.get("retries"), values::retries),
        on_unknown: reader.value(fields.get("on_unknown"), values::on_unknown),
        max_tasks: reader.value(fields.get("max_tasks"), value::max_tasks),
        max_changed: reader.value(fields.get("max_changed"), values::max_changed),
        on_done: fields.get("on_done").and_then(|field| hooks::read(field, true, reader)),
        on_finish: fields.get("on_finish").and_then(|field| hooks::read(field, false, reader)),
        ..BatchSettings::default()
    };
    if let Some(prices) = fields.get("prices").and_then(|field| reader.map(field.value, "`prices`", &PRICES))
    {
        settings.prices = Prices {
            fast: reader.value(prices.get("fast"), values::price),
            relaxed: reader.value(prices.get("relaxed"), values::price),
        };
        settings.usd_per_quota = reader.value(prices.get("usd"), values::usd);
    }
    if let Some(results) = fields.get("results") {
        settings.results = paths(results, reader);
    }
    settings
}

/// Reads one path, or a list of them.
fn paths(field: KeyValue<'_, '_>, reader: &mut NodeReader<'_>) -> Vec<String> {
    let items: &[Node<'_>] = match &field.value.value {
        NodeValue::List(items) => items,
        _ => std::slice::from_ref(field.value),
    };
    let mut paths = Vec::new();
    for item in items {
        let Some(text) = reader.text(item, "a path of `results`") else { continue };
        paths.extend(reader.checked(value::path(text), item, field.key));
    }
    paths
}
