//! The words about the decisions of a table: what becomes of each, and what else waits.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::paste;
use crate::batch::{CommandHints, DecisionPlan, DecisionTable};
use crate::plan::{DecisionOutcome, NoEffect};
use crate::store::{DecidedTask, PickOutcome};
use crate::task::{Decision, Status};
use crate::text::sanitize_line;

use super::args::BatchArgs;

/// How many ids a line shows, and the most characters of each.
const SHOWN: usize = 5;
const NAME: usize = 40;

/// The commands that the summary of a run of decisions names.
pub(super) fn hints(table: &DecisionTable, batch: &BatchArgs) -> CommandHints {
    let mut hints = CommandHints::default();
    let manifest = table.batch().path();
    hints.again = paste::same_command();
    hints.without_selection = Some(paste::command_for("run", manifest, batch, &[]));
    hints.resolve = Some(paste::command_for("resolve", manifest, batch, &[]));
    hints
}

/// Writes what becomes of the decisions of a table, one line for each kind.
pub(super) fn write(out: &mut impl Write, table: &DecisionTable, decided: &[DecidedTask]) -> io::Result<()> {
    let table = table.path().display();
    let is_new =
        |task: &&DecidedTask| task.outcome.is_some() || task.picks.and_then(picks_in_words).is_some();
    match decided.iter().filter(is_new).count() {
        0 if decided.is_empty() => {
            let how = "type `redo`, `skip` or `make` into its column `action`";
            return writeln!(out, "{table}: no decisions: {how}");
        }
        0 => return writeln!(out, "{table}: no new decisions"),
        n => writeln!(out, "{table}: decisions about {}", tasks(n as u64))?,
    }
    let mut lines: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for task in decided {
        let mut add = |words: Option<(bool, &'static str)>| {
            if let Some(words) = words {
                lines.entry(words).or_default().push(&task.id.0);
            }
        };
        add(task.outcome.map(|(decision, outcome)| outcome_in_words(decision, outcome)));
        add(task.picks.and_then(picks_in_words));
    }
    for ((_, words), ids) in &lines {
        let shown: Vec<String> = ids.iter().take(SHOWN).map(|id| sanitize_line(id, NAME)).collect();
        let more = if ids.len() > SHOWN { ", …" } else { "" };
        writeln!(out, "  {} {words}: {}{more}", ids.len(), shown.join(", "))?;
    }
    Ok(())
}

fn tasks(n: u64) -> String {
    if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") }
}

/// What becomes of a decision, and whether that is nothing.
fn outcome_in_words(decision: Decision, outcome: DecisionOutcome) -> (bool, &'static str) {
    let words = match outcome {
        DecisionOutcome::Submit if decision == Decision::Redo => "to make again",
        DecisionOutcome::Submit | DecisionOutcome::SubmitPending => "to make",
        DecisionOutcome::Resend => "to send again though the outcome is unknown, which may be billed twice",
        DecisionOutcome::Skip | DecisionOutcome::KeepSkip => "skipped, until `make`",
        DecisionOutcome::EndSkip => "not skipped any more",
        DecisionOutcome::FailAgain => "not skipped any more, and failed as before: `redo` makes it again",
        DecisionOutcome::Nothing(NoEffect::AlreadyDecided) => "to make, as decided earlier",
        DecisionOutcome::Nothing(why) => return (true, no_effect_in_words(decision, why)),
    };
    (false, words)
}

fn no_effect_in_words(decision: Decision, why: NoEffect) -> &'static str {
    match (why, decision) {
        (NoEffect::AlreadyCarriedOut, _) => "not made again: sent already since the table was written",
        (NoEffect::UnknownAttempts, _) => {
            "not made: the table knows of more attempts than the state, which may be an old copy"
        }
        (NoEffect::NotListed, _) => "no longer in the manifest",
        (NoEffect::AlreadyDecided, _) => "to make, as decided earlier",
        (NoEffect::Running, _) => "not sent again: still running",
        (NoEffect::CameMeanwhile, _) => "not made again: the images came after the table was written",
        (NoEffect::AlreadySkipped, _) => "skipped already",
        (NoEffect::TooLate, _) => "not skipped: made already, or lost",
        (NoEffect::NotSkipped, _) => "not skipped, so that `make` changes nothing: `redo` makes it again",
    }
}

fn picks_in_words(picks: PickOutcome) -> Option<(bool, &'static str)> {
    match picks {
        PickOutcome::Kept => Some((false, "picked")),
        PickOutcome::Cleared => Some((false, "no longer picked")),
        PickOutcome::Unchanged => None,
        PickOutcome::OtherImages => Some((true, "not picked: the images were made again since")),
    }
}

/// Writes the plan of a table for people.
pub(super) fn write_plan(
    out: &mut impl Write,
    table: &DecisionTable,
    plan: &DecisionPlan,
    batch: &BatchArgs,
) -> io::Result<()> {
    write(out, table, &plan.decided)?;
    if plan.due > 0 {
        writeln!(out, "  {} to make, as decided in another table", plan.due)?;
    }
    let sum = plan.to_submit.total();
    match (sum, plan.to_submit.cost(&plan.prices)) {
        (0, _) => writeln!(out, "to submit: nothing")?,
        (_, cost) => {
            writeln!(out, "to submit: {}: {}", tasks(sum), plan.to_submit)?;
            match cost {
                None => writeln!(out, "{}", super::forecast::COST_UNKNOWN)?,
                Some(cost) => writeln!(out, "cost: {cost}, at your prices")?,
            }
        }
    }
    let manifest = table.batch().path();
    let pending = plan.counts.of(Status::Pending);
    if pending > 0 {
        writeln!(
            out,
            "{pending} pending in the batch, those above included: `{}` runs all",
            paste::command_for("run", manifest, batch, &[])
        )?;
    }
    match plan.counts.of(Status::Unknown) {
        0 => Ok(()),
        unknown => {
            let resolve = paste::command_for("resolve", manifest, batch, &[]);
            writeln!(out, "{unknown} unknown: `{resolve}`")
        }
    }
}

/// The plan of a table for programs.
pub(super) fn plan_as_json(table: &DecisionTable, plan: &DecisionPlan) -> Value {
    let decisions: Vec<Value> = plan
        .decided
        .iter()
        .map(|task| {
            let words = task.outcome.map(|(decision, outcome)| outcome_in_words(decision, outcome).1);
            let picks = task.picks.map(|picks| picks == PickOutcome::Kept);
            json!({
                "id": task.id.0,
                "action": task.outcome.map(|(decision, _)| decision.as_str()),
                "submits": task.outcome.is_some_and(|(_, outcome)| outcome.submits()),
                "result": words,
                "picks_kept": picks,
            })
        })
        .collect();
    json!({
        "table": table.path().to_string_lossy(),
        "manifest": table.batch().path().to_string_lossy(),
        "state": table.batch().store().location().to_string(),
        "decisions": decisions,
        "to_submit": plan.to_submit.total(),
        "pending": plan.counts.of(Status::Pending),
    })
}
