//! `mjbatch plan`: shows what a run would submit and why, the expansion factor by factor, the cost,
//! and the time it would take. It submits nothing, needs no key, and changes no file.

mod json;
mod text;

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::args::PlanArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::{decisions, options, refusal};
use crate::batch::{Batch, BatchPlan, DecisionTable};
use crate::plan::Step;
use crate::task::Task;
use crate::text::{escape_json, sanitize_line};

/// The most characters of an id on a line.
const NAME: usize = 60;
/// The most characters of a prompt on a line.
const PROMPT: usize = 100;

/// Shows the plan of a run.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, CommandFailure> {
    let options = options::plan_options(args);
    if let Some(table) = DecisionTable::open(&args.manifest, options.clone())? {
        return plan_decisions(args, table);
    }
    let mut batch = Batch::at(&args.manifest, options);
    say(&batch.check()?.warnings);
    let state = batch.store().location().to_string();
    let outputs = batch.outputs()?;
    let planned = batch.plan()?;
    planned.warnings().iter().for_each(|warning| refusal::warn(warning, &args.batch));
    if let Some(traces) = &planned.traces {
        refusal::warn_about_traces(traces);
    }
    if let Some(changed) = &planned.changed {
        refusal::warn_about_changed(changed);
    }
    if let Some((path, why)) = &planned.foreign {
        refusal::warn_about_foreign(path, why);
    }
    let view = PlanView { args, state, outputs, planned };
    let mut out = io::BufWriter::new(anstream::stdout());
    // A reader that has seen enough (`| head`) is no failure.
    let _ = if args.json { view.json(&mut out) } else { view.text(&mut out) }.and_then(|()| out.flush());
    Ok(Exit::Success)
}

/// Shows what a run of a table with decisions would do.
fn plan_decisions(args: &PlanArgs, mut table: DecisionTable) -> Result<Exit, CommandFailure> {
    let plan = table.plan()?;
    let mut out = io::BufWriter::new(anstream::stdout());
    let _ = if args.json {
        let object = decisions::plan_as_json(&table, &plan);
        writeln!(out, "{}", escape_json(&format!("{object:#}")))
    } else {
        decisions::write_plan(&mut out, &table, &plan, &args.batch)
    }
    .and_then(|()| out.flush());
    Ok(Exit::Success)
}

/// A plan to show.
struct PlanView<'a> {
    args: &'a PlanArgs,
    state: String,
    /// The files that a run would write.
    outputs: Vec<PathBuf>,
    planned: BatchPlan<'a>,
}

impl PlanView<'_> {
    /// What a run would do with a task, in a word, and why.
    fn why(&self, n: usize, task: &Task, step: &Step) -> (&'static str, String) {
        if let (Some(from), Step::Keep(_) | Step::Reverted(_)) = (self.planned.plan.renamed_from(n), step) {
            return (step.state().as_str(), format!("renamed: it was `{}`", sanitize_line(&from.0, NAME)));
        }
        match step {
            Step::New => ("new", String::new()),
            Step::Changed(known) => ("changed", self.difference(task, known.key)),
            Step::Redo(_) => ("again", "the manifest says `redo`".to_owned()),
            Step::Skip(Some(known)) if known.kept_skip => {
                ("skipped", "a table said `skip`; `make` ends that".to_owned())
            }
            Step::Skip(_) => ("skipped", "the manifest says `skip`".to_owned()),
            Step::Import(state) => (state.as_str(), "taken over from the results".to_owned()),
            Step::Reverted(known) => (known.state.as_str(), "changed back to an earlier version".to_owned()),
            Step::Keep(_) => (step.state().as_str(), String::new()),
        }
    }

    /// The prompt that another version of a task has.
    fn difference(&self, task: &Task, key: i64) -> String {
        match self.planned.snapshot.as_ref().map(|view| view.content(key)) {
            Some(Ok((prompt, mode))) if prompt != task.prompt => {
                format!("the prompt was: {} ({mode})", sanitize_line(&prompt, PROMPT))
            }
            Some(Ok((_, mode))) => format!("the mode was {mode}"),
            _ => String::new(),
        }
    }
}
