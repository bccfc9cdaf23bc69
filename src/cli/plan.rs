//! `mjbatch plan`: what would be submitted and why, the expansion factor by factor, the cost, and how long it would take. It
//! spends nothing, needs no key, and changes no file.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::args::PlanArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::forecast::ForecastView;
use super::{hooks, options, paste, refusal};
use crate::batch::{Batch, BatchPlan, BudgetLimit};
use crate::manifest::{EntryFactors, Factor};
use crate::plan::Step;
use crate::task::{State, Status, Task, TaskMode};
use crate::text::{escape_json, sanitize, sanitize_line};

/// How many tasks are listed where not all are asked for.
const LISTED: usize = 20;
/// How much of a name fits on a line.
const NAME: usize = 60;
/// How much of a prompt fits on a line.
const PROMPT: usize = 100;

/// Shows what a run would do.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let mut batch = Batch::at(&args.manifest, options::plan_options(args));
    say(&batch.check()?.warnings);
    let state = batch.store().location().to_string();
    let planned = batch.plan()?;
    planned.warning().iter().for_each(refusal::warn);
    let view = PlanView { args, state, planned };
    let mut out = io::BufWriter::new(anstream::stdout());
    // A reader that has seen enough (`| head`) is no failure.
    let _ = if args.json { view.json(&mut out) } else { view.text(&mut out) }.and_then(|()| out.flush());
    Ok(Exit::Success)
}

/// A plan as it is shown.
struct PlanView<'a> {
    args: &'a PlanArgs,
    state: String,
    planned: BatchPlan<'a>,
}

impl PlanView<'_> {
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let total = self.planned.manifest.len();
        writeln!(out, "{}: {total} {}", self.args.manifest.display(), noun(total))?;
        let multiplied: Vec<_> = self.planned.manifest.factors().filter(EntryFactors::multiplies).collect();
        for entry in multiplied.iter().take(LISTED) {
            writeln!(out, "  {} (line {}): {entry}", sanitize_line(&entry.name, NAME), entry.line)?;
        }
        if let Some(more) = multiplied.len().checked_sub(LISTED).filter(|more| *more > 0) {
            writeln!(out, "  … and {more} more entries that multiply")?;
        }
        if self.planned.snapshot.is_some() {
            writeln!(out, "{}: {}", self.state, self.tally())?;
            for id in self.planned.plan.removed.iter().take(LISTED) {
                writeln!(out, "  removed  {}", sanitize_line(&id.0, NAME))?;
            }
            if let Some(more) = self.planned.plan.removed.len().checked_sub(LISTED).filter(|more| *more > 0) {
                writeln!(out, "  … and {more} more removed: their results stay in the state")?;
            }
        }
        let unknown = self.planned.plan.count(|step| step.state().shown(false) == Status::Unknown);
        if unknown > 0 {
            let resolve = paste::command_for("resolve", &self.args.manifest, &self.args.place, &[]);
            writeln!(
                out,
                "unknown: {unknown} {}, not sent again by itself: {}",
                noun(unknown),
                sanitize(&resolve)
            )?;
        }
        writeln!(out, "{}", self.to_submit())?;
        writeln!(out, "{}", self.cost())?;
        if let Some(limit) = &self.planned.policy.budget {
            writeln!(out, "{}", self.budget(limit))?;
        }
        if let Some(forecast) = &self.planned.forecast {
            writeln!(out, "{}", ForecastView(forecast).text())?;
        }
        for line in hooks::in_words(&self.planned.manifest.batch) {
            writeln!(out, "{line}")?;
        }
        self.list(out)
    }

    /// How many tasks there are of each kind.
    fn tally(&self) -> String {
        let kept = |state| {
            move |step: &Step| matches!(step, Step::Keep(_) | Step::Reverted(_)) && step.state() == state
        };
        let mut counts: Vec<(u64, &str)> = [
            (State::Done, "done"),
            (State::Running, "running"),
            (State::Failed, "failed"),
            (State::Unknown, "unknown"),
            (State::Submitting, "being submitted"),
            (State::Lost, "lost"),
            (State::Pending, "pending"),
        ]
        .map(|(state, word)| (self.planned.plan.count(kept(state)), word))
        .into();
        counts.extend([
            (self.planned.plan.count(|step| *step == Step::New), "new"),
            (self.planned.plan.count(|step| matches!(step, Step::Changed(_))), "changed"),
            (self.planned.plan.count(|step| matches!(step, Step::Redo(_))), "once more"),
            (self.planned.plan.count(|step| matches!(step, Step::Import(_))), "taken over"),
            (self.planned.plan.count(|step| matches!(step, Step::Skip(_))), "skipped"),
            (self.planned.plan.removed.len() as u64, "removed"),
        ]);
        let words: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        words.join(" · ")
    }

    fn to_submit(&self) -> String {
        let sum = self.planned.plan.to_submit.total();
        let others = match self.planned.plan.not_selected {
            0 => String::new(),
            1 => "; 1 other waits that is not chosen".to_owned(),
            n => format!("; {n} others wait that are not chosen"),
        };
        if sum == 0 {
            return format!("to submit: nothing{others}");
        }
        format!("to submit: {sum} {}: {}{others}", noun(sum), self.planned.plan.to_submit)
    }

    fn cost(&self) -> String {
        match self.planned.plan.to_submit.cost(&self.planned.policy.prices()) {
            Some(cost) => format!("cost: {cost}, by the prices you gave"),
            None => "cost: not known; say what a job costs with `--prices fast=4,relaxed=2`".to_owned(),
        }
    }

    /// Whether the budget is enough, if nothing has to be sent again.
    fn budget(&self, limit: &BudgetLimit) -> String {
        let words = &limit.words;
        let Some((spent, cost)) =
            self.planned.spent.zip(self.planned.plan.to_submit.cost(&self.planned.policy.prices()))
        else {
            return format!("budget: {words}; a run needs the prices to keep it");
        };
        let enough = if spent.0.saturating_add(cost.most.0) <= limit.quota.0 {
            "enough for all of these"
        } else if spent.0.saturating_add(cost.least.0) <= limit.quota.0 {
            "enough for all of these, if not all that may be is sent fast; it will not be"
        } else {
            "not enough for all of these: a run would stop with exit code 8"
        };
        format!("budget: {words}, of which {spent} quota are spent; {enough}")
    }

    /// The tasks that would be submitted first, then all others if asked for.
    fn list(&self, out: &mut impl Write) -> io::Result<()> {
        let most = if self.args.all { usize::MAX } else { LISTED };
        let wanted = |n: usize| self.args.all || self.planned.plan.submits(n);
        let steps = self.planned.manifest.tasks().zip(&self.planned.plan.steps).enumerate();
        for (_, (task, step)) in steps.filter(|(n, _)| wanted(*n)).take(most) {
            let (word, why) = self.why(&task, step);
            let prompt = sanitize_line(&task.prompt, PROMPT);
            writeln!(out, "  {word:<8} {}  {}  {prompt}", sanitize_line(&task.id.0, NAME), task.mode)?;
            if !why.is_empty() {
                writeln!(out, "           {why}")?;
            }
        }
        let all = (0..self.planned.plan.steps.len()).filter(|n| wanted(*n)).count();
        let left = all.saturating_sub(most);
        if left > 0 {
            writeln!(out, "  … and {left} more: `--all` lists them")?;
        }
        Ok(())
    }

    /// What becomes of a task, in a word, and why.
    fn why(&self, task: &Task, step: &Step) -> (&'static str, String) {
        match step {
            Step::New => ("new", String::new()),
            Step::Changed(known) => ("changed", self.difference(task, known.key)),
            Step::Redo(_) => ("again", "the manifest says `redo`".to_owned()),
            Step::Skip(_) => ("skipped", "the manifest says `skip`".to_owned()),
            Step::Import(state) => (state.as_str(), "taken over from the results".to_owned()),
            Step::Reverted(known) => (known.state.as_str(), "changed back to an earlier version".to_owned()),
            Step::Keep(_) => (step.state().as_str(), String::new()),
        }
    }

    /// What another version of a task would have sent.
    fn difference(&self, task: &Task, key: i64) -> String {
        match self.planned.snapshot.as_ref().map(|view| view.content(key)) {
            Some(Ok((prompt, mode))) if prompt != task.prompt => {
                format!("the prompt was: {} ({mode})", sanitize_line(&prompt, PROMPT))
            }
            Some(Ok((_, mode))) => format!("the mode was {mode}"),
            _ => String::new(),
        }
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
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
            "follow_up": hooks::in_words(&self.planned.manifest.batch),
            "removed": self.planned.plan.removed,
            "known": self.planned.known_tasks.len(),
        })
        .to_string();
        // The tasks are written one by one: there may be many.
        write!(out, "{},\"tasks\":[", escape_json(head.trim_end_matches('}')))?;
        for (n, (task, step)) in self.planned.manifest.tasks().zip(&self.planned.plan.steps).enumerate() {
            let (word, why) = self.why(&task, step);
            let comma = if n == 0 { "" } else { "," };
            let task = json!({
                "id": task.id, "mode": task.mode, "prompt": task.prompt, "plan": word,
                "why": (!why.is_empty()).then_some(why), "submit": self.planned.plan.submits(n),
            });
            write!(out, "{comma}\n{}", escape_json(&task.to_string()))?;
        }
        writeln!(out, "\n]}}")
    }
}

fn noun(n: u64) -> &'static str {
    if n == 1 { "task" } else { "tasks" }
}
