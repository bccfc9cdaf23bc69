//! `mjbatch retry`: marks failed tasks to be submitted again by the next run. It spends nothing
//! itself, and needs no key.

use std::io::Write as _;

use super::args::RetryArgs;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::{options, paste};
use crate::batch::{Batch, Retried};
use crate::diagnostic::Diagnostic;
use crate::store::RetryReport;
use crate::task::Prices;

/// Marks failed tasks to be submitted again.
pub(super) fn retry(args: &RetryArgs) -> Result<Exit, CommandFailure> {
    let mut options = options::options_of(&args.batch);
    options.only.clone_from(&args.only);
    options.prices = args.prices;
    let Retried { tasks, prices } = Batch::at(&args.manifest, options).retry(args.lost)?;
    warn(&tasks);
    let _ = anstream::stdout().write_all(said(args, &tasks, &prices).as_bytes());
    Ok(Exit::Success)
}

fn said(args: &RetryArgs, report: &RetryReport, prices: &Prices) -> String {
    if report.tasks.total() == 0 {
        let what = if args.lost { "failed, was lost or was given up" } else { "failed" };
        return format!("nothing to submit again: no selected task {what}\n");
    }
    let noun = if report.tasks.total() == 1 { "task" } else { "tasks" };
    format!(
        "{} {noun} to submit again, {}\nnext: {}\n",
        report.tasks.total(),
        cost(report, prices),
        paste::command_for("run", &args.manifest, &args.batch, &[])
    )
}

fn cost(report: &RetryReport, prices: &Prices) -> String {
    match report.tasks.cost(prices) {
        Some(cost) => format!("each paid for again: {cost} at your prices"),
        None => "each paid for again".to_owned(),
    }
}

/// Warns of what should be considered before the money is spent.
fn warn(report: &RetryReport) {
    let were = |n: u64| if n == 1 { "1 of them was".to_owned() } else { format!("{n} of them were") };
    if report.turned_down > 0 {
        let found =
            format!("{} rejected: the same prompt will probably be rejected again", were(report.turned_down));
        say(&Diagnostic::warning(found)
            .help("change the prompt instead; the next run then submits the task")
            .into());
    }
    if report.may_be_made > 0 {
        let found =
            format!("{} lost or timed out, and may have been generated and billed", were(report.may_be_made));
        say(&Diagnostic::warning(found).into());
    }
}
