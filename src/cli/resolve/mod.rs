//! `mjbatch resolve`: lists tasks whose outcome is unknown, and records a decision about them. It
//! spends nothing itself, and needs neither the manifest nor a key nor the network.

mod list;

use std::io::{self, Write as _};

use super::args::ResolveArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::{options, paste};
use crate::batch::{Batch, BatchError, Target};
use crate::diagnostic::Diagnostic;
use crate::store::{LinkOutcome, Resolution, ResolveReport};
use crate::task::{Counts, RemoteTaskId, Status};
use crate::text::{sanitize, sanitize_line};
use list::InDoubtList;

/// The most characters of an id on a line.
const NAME: usize = 60;
/// The longest taskId that is accepted. The service's have 21 characters, but need not always.
const LONGEST_TASK_ID: usize = 200;

/// Lists the unknown tasks, or resolves them.
pub(super) fn resolve(args: &ResolveArgs) -> Result<Exit, CommandFailure> {
    let batch = Batch::at(&args.manifest, options::options_of(&args.batch));
    let target = Target { ids: args.task.clone(), only: args.only.clone(), all: args.all };
    match (&args.found, args.resend, args.give_up) {
        (None, false, false) => list(args, &batch, &target),
        (Some(typed), ..) => link_job(args, &batch, &target, typed),
        (None, true, _) => settle(args, &batch, &target, Resolution::Resend),
        (None, false, true) => settle(args, &batch, &target, Resolution::GiveUp),
    }
}

fn after(counts: &Counts) -> Exit {
    if counts.of(Status::Unknown) > 0 { Exit::SomeUnknown } else { Exit::Success }
}

/// Lists the unknown tasks, also while a run goes on.
fn list(args: &ResolveArgs, batch: &Batch, target: &Target) -> Result<Exit, CommandFailure> {
    let snapshot = batch.snapshot()?;
    let header = snapshot.header().map_err(BatchError::from)?;
    let counts = snapshot.counts().map_err(BatchError::from)?;
    let doubts = target.in_doubt(&snapshot)?;
    let mut out = io::BufWriter::new(anstream::stdout());
    let state = batch.store().location().to_string();
    let listed = InDoubtList { args, state, header: &header, holder: snapshot.holder(), counts: &counts };
    // A reader that has seen enough (`| head`) is no failure; a state that cannot be read is.
    let mut broken = None;
    let doubts = doubts.map_while(|doubt| doubt.map_err(|e| broken = Some(e)).ok());
    let _ = if args.json { listed.json(doubts, &mut out) } else { listed.text(doubts, &mut out) }
        .and(out.flush());
    match broken {
        Some(error) => Err(BatchError::from(error).into()),
        None => Ok(after(&counts)),
    }
}

/// Marks tasks to be submitted again, or gives them up.
fn settle(
    args: &ResolveArgs,
    batch: &Batch,
    target: &Target,
    how: Resolution,
) -> Result<Exit, CommandFailure> {
    let resolved = batch.resolve(target, how)?;
    print(&settled(args, how, &resolved));
    Ok(after(&resolved.counts))
}

fn settled(args: &ResolveArgs, how: Resolution, resolved: &ResolveReport) -> String {
    let n = resolved.tasks;
    let mut lines = vec![match (n, how) {
        (0, _) => "nothing to resolve: no selected task is unknown".to_owned(),
        (_, Resolution::Resend) => format!(
            "{} to submit again, each paid for again; what was submitted before still counts as spent",
            tasks(n)
        ),
        (_, Resolution::GiveUp) => format!("{} given up; what was submitted still counts as spent", tasks(n)),
    }];
    if resolved.skipped > 0 {
        lines.push(format!("{} left as unknown: the manifest says `skip`", tasks(resolved.skipped)));
    }
    if resolved.gone > 0 {
        let gone = tasks(resolved.gone);
        lines.push(format!(
            "{gone} left as unknown: no longer in the manifest, so not sent again; `--give-up` ends it"
        ));
    }
    lines.extend(next(args, &resolved.counts));
    lines.join("\n") + "\n"
}

/// The next steps to suggest.
fn next(args: &ResolveArgs, counts: &Counts) -> Vec<String> {
    let command = |name| sanitize(&paste::command_for(name, &args.manifest, &args.batch, &[]));
    let mut lines = Vec::new();
    let unknown = counts.of(Status::Unknown);
    if unknown > 0 {
        lines.push(format!("still unknown: {}: {}", tasks(unknown), command("resolve")));
    }
    let open = counts.of(Status::Pending) + counts.of(Status::Running);
    lines.push(format!("next: {}", command(if open > 0 { "run" } else { "results" })));
    lines
}

/// Links a job that was found in the account to its task.
fn link_job(args: &ResolveArgs, batch: &Batch, target: &Target, typed: &str) -> Result<Exit, CommandFailure> {
    let remote = remote_task_id(typed)?;
    let (id, outcome, counts) = batch.link_job(target, &remote)?;
    let (name, given) = (sanitize_line(&id.0, NAME), sanitize_line(&remote.0, LONGEST_TASK_ID));
    let unchanged =
        |error: String| CommandFailure::read_only(Diagnostic::error(error).note("nothing was changed"));
    let said = match outcome {
        LinkOutcome::Linked => {
            format!("`{name}` is followed as {given} by the next run; nothing is paid again")
        }
        LinkOutcome::AlreadyLinked(status) => {
            format!("`{name}` is known as {given} already, and is {}", status.as_str())
        }
        LinkOutcome::TakenBy(other) => {
            let other = sanitize_line(&other.0, NAME);
            return Err(unchanged(format!("{given} already belongs to task `{other}`")));
        }
        LinkOutcome::NotInDoubt(status) => {
            return Err(unchanged(format!("the outcome of `{name}` is known: it is {}", status.as_str())));
        }
        LinkOutcome::NoTask => return Err(BatchError::NoTask { id: id.0, close: None }.into()),
    };
    print(&format!("{said}\n{}\n", next(args, &counts).join("\n")));
    Ok(after(&counts))
}

/// Parses a taskId as the service may have given it.
fn remote_task_id(typed: &str) -> Result<RemoteTaskId, CommandFailure> {
    let name = typed.trim();
    let plausible =
        !name.is_empty() && name.len() <= LONGEST_TASK_ID && name.chars().all(|c| c.is_ascii_graphic());
    if !plausible || name == "TASKID" {
        let error = format!("`{}` is not a taskId", sanitize_line(typed, NAME));
        let help = "it is the service's name of the job, as in MtAd7mCuc4YqK_a1iAQSW";
        return Err(CommandFailure::read_only(Diagnostic::error(error).help(help)));
    }
    Ok(RemoteTaskId(name.to_owned()))
}

fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

fn tasks(n: u64) -> String {
    if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") }
}
