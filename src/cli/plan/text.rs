//! Writes a plan in words: the expansion, the steps, cost, budget, forecast and hooks, then the
//! tasks.

use std::io::{self, Write};

use super::super::forecast::{COST_UNKNOWN, ForecastView};
use super::super::outputs::writes;
use super::super::{hooks, paste};
use super::{NAME, PROMPT, PlanView};
use crate::batch::BudgetLimit;
use crate::manifest::EntryFactors;
use crate::plan::Step;
use crate::task::{State, Status};
use crate::text::{sanitize, sanitize_line};

/// How many tasks are listed without `--all`.
const LISTED: usize = 20;

impl PlanView<'_> {
    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
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
            let resolve = paste::command_for("resolve", &self.args.manifest, &self.args.batch, &[]);
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
        writeln!(out, "{}", writes(&self.outputs))?;
        for line in hooks::in_words(&self.planned.manifest.batch) {
            writeln!(out, "{line}")?;
        }
        self.list(out)
    }

    /// The number of tasks of each kind.
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
            (self.planned.plan.renamed.len() as u64, "renamed"),
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
            n => format!("; {n} not selected"),
        };
        if sum == 0 {
            return format!("to submit: nothing{others}");
        }
        format!("to submit: {sum} {}: {}{others}", noun(sum), self.planned.plan.to_submit)
    }

    fn cost(&self) -> String {
        match self.planned.plan.to_submit.cost(&self.planned.policy.prices()) {
            Some(cost) => format!("cost: {cost}, at your prices"),
            None => COST_UNKNOWN.to_owned(),
        }
    }

    /// Whether the budget is enough, if nothing has to be submitted again.
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
            "enough if the auto tasks run relaxed; auto never exceeds the budget"
        } else {
            "not enough for all of these: a run would stop with exit code 8"
        };
        format!("budget: {words}, of which {spent} quota are spent; {enough}")
    }

    /// Lists the tasks that would be submitted, then all others if that was asked for.
    fn list(&self, out: &mut impl Write) -> io::Result<()> {
        let most = if self.args.all { usize::MAX } else { LISTED };
        let wanted = |n: usize| self.args.all || self.planned.plan.submits(n);
        let steps = self.planned.manifest.tasks().zip(&self.planned.plan.steps).enumerate();
        for (n, (task, step)) in steps.filter(|(n, _)| wanted(*n)).take(most) {
            let (word, why) = self.why(n, &task, step);
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
}

fn noun(n: u64) -> &'static str {
    if n == 1 { "task" } else { "tasks" }
}
