//! `mjbatch check`: shows every problem of a manifest, and what it would run.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::outputs::writes;
use super::{decisions, hooks, refusal};
use crate::batch::{Batch, BatchError, DecisionTable, Options};
use crate::diagnostic::Problems;
use crate::text::escape_json;

/// Checks a manifest.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let options = Options { max_tasks: args.expansion.max_tasks, ..Options::default() };
    match DecisionTable::open(&args.manifest, options.clone()) {
        Ok(None) => {}
        Ok(Some(table)) => return check_decisions(args, table),
        Err(BatchError::Table(problems)) if args.json => {
            return show_json(&json(&args.manifest, None, &problems));
        }
        Err(error) => return CommandFailure::from(error).report(),
    }
    let mut batch = Batch::at(&args.manifest, options);
    let outputs = batch.outputs().unwrap_or_default();
    let read = match batch.check() {
        Err(BatchError::Manifest(problems)) => Err(problems),
        Err(other) => return CommandFailure::from(other).report(),
        Ok(manifest) => Ok(manifest),
    };
    let (tasks, problems) = match &read {
        Ok(manifest) => (Some(manifest.len()), &manifest.warnings),
        Err(problems) => (None, problems),
    };
    // A manifest from elsewhere may run commands, and nobody should have to find them in it.
    let follow_up = read.as_ref().map(|manifest| hooks::in_words(&manifest.batch)).unwrap_or_default();
    if args.json {
        let mut object = json(&args.manifest, tasks, problems);
        if tasks.is_some() {
            object["writes"] = outputs.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>().into();
        }
        if !follow_up.is_empty() {
            object["follow_up"] = follow_up.into();
        }
        let _ = writeln!(anstream::stdout(), "{}", escape_json(&format!("{object:#}")));
        return if tasks.is_some() { Exit::Success } else { Exit::Usage };
    }
    say(problems);
    let Some(tasks) = tasks else { return Exit::Usage };
    let warnings = words(problems.warnings());
    if let Ok(Some(traces)) = batch.earlier_traces() {
        refusal::warn_about_traces(&traces);
    }
    let noun = if tasks == 1 { "task" } else { "tasks" };
    let _ = writeln!(anstream::stdout(), "{}: {tasks} {noun}, no errors{warnings}", args.manifest.display());
    for line in [writes(&outputs)].into_iter().chain(follow_up) {
        let _ = writeln!(anstream::stdout(), "  {line}");
    }
    Exit::Success
}

fn words(warnings: usize) -> String {
    match warnings {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        n => format!(", {n} warnings"),
    }
}

/// Says what the decisions of a table, in which nothing is wrong, would do.
fn check_decisions(args: &CheckArgs, mut table: DecisionTable) -> Exit {
    let plan = match table.plan() {
        Ok(plan) => plan,
        Err(error) => return CommandFailure::from(error).report(),
    };
    if args.json {
        let mut object = json(&args.manifest, None, &Problems::default());
        object["ok"] = true.into();
        object["decisions"] = plan.decided.len().into();
        let _ = writeln!(anstream::stdout(), "{}", escape_json(&format!("{object:#}")));
        return Exit::Success;
    }
    let _ = decisions::write(&mut anstream::stdout(), &table, &plan.decided);
    Exit::Success
}

fn show_json(object: &Value) -> Exit {
    let _ = writeln!(anstream::stdout(), "{}", escape_json(&format!("{object:#}")));
    Exit::Usage
}

/// The problems as JSON, for editors and CI. `tasks` is null if there are errors.
fn json(manifest: &Path, tasks: Option<u64>, problems: &Problems) -> Value {
    let mut object = json!({ "manifest": manifest.to_string_lossy(), "ok": tasks.is_some(), "tasks": tasks });
    if let (Value::Object(object), Ok(Value::Object(problems))) =
        (&mut object, serde_json::to_value(problems))
    {
        object.extend(problems);
    }
    object
}
