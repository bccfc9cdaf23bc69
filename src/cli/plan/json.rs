//! A plan as one JSON object, for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::super::forecast::ForecastView;
use super::super::hooks;
use super::PlanView;
use crate::manifest::{EntryFactors, Factor};
use crate::task::TaskMode;
use crate::text::escape_json;

impl PlanView<'_> {
    pub(super) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let factor = |factor: &Factor| json!({ "name": factor.name, "count": factor.count });
        let factors: Vec<_> = self
            .planned
            .manifest
            .factors()
            .filter(EntryFactors::multiplies)
            .map(|entry| {
                json!({
                    "entry": entry.name,
                    "line": entry.line,
                    "factors": entry.factors.iter().map(factor).collect::<Vec<_>>(),
                    "excluded": entry.excluded,
                    "included": entry.included,
                    "tasks": entry.tasks,
                })
            })
            .collect();
        let to_submit: Map<String, Value> = TaskMode::ALL
            .map(|mode| (mode.to_string(), self.planned.plan.to_submit.of(mode).into()))
            .into_iter()
            .collect();
        let cost = self.planned.plan.to_submit.cost(&self.planned.policy.prices());
        let head = json!({
            "manifest": self.args.manifest.to_string_lossy(),
            "batch": self.planned.manifest.name,
            "state": self.planned.snapshot.is_some().then_some(&self.state),
            "total": self.planned.manifest.len(),
            "factors": factors,
            "to_submit": to_submit,
            "quota": cost.map(|cost| cost.most.0 as f64 / 1000.0),
            "least_quota": cost.map(|cost| cost.least.0 as f64 / 1000.0),
            "budget": self.planned.policy.budget.as_ref().map(|limit| limit.quota.0 as f64 / 1000.0),
            "left_out": self.planned.plan.not_selected,
            "forecast": self.planned.forecast.as_ref().map(|forecast| ForecastView(forecast).json()),
            "writes": self.outputs.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>(),
            "follow_up": hooks::in_words(&self.planned.manifest.batch),
            "removed": self.planned.plan.removed,
            "known": self.planned.known_tasks.len(),
        })
        .to_string();
        // The tasks are written one by one, because there may be many.
        write!(out, "{},\"tasks\":[", escape_json(head.trim_end_matches('}')))?;
        for (n, (task, step)) in self.planned.manifest.tasks().zip(&self.planned.plan.steps).enumerate() {
            let (word, why) = self.why(n, &task, step);
            let comma = if n == 0 { "" } else { "," };
            let task = json!({
                "id": task.id, "mode": task.mode, "prompt": task.prompt, "plan": word, "renamed_from": self.planned.plan.renamed_from(n),
                "why": (!why.is_empty()).then_some(why), "submit": self.planned.plan.submits(n),
            });
            write!(out, "{comma}\n{}", escape_json(&task.to_string()))?;
        }
        writeln!(out, "\n]}}")
    }
}
