//! `mjbatch resolve`: what is unknown, and what a person decides about it. It spends nothing itself, and needs neither the
//! manifest nor a key nor the network.

use std::io::{self, Write};

use serde_json::json;

use super::args::ResolveArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::rules;
use super::settings::{self, Files};
use super::signals;
use crate::diagnostic::{Diagnostic, close_name};
use crate::plan::{Filters, TaskView};
use crate::store::{Doubt, Found, Header, HeldStore, Resolution, Resolved, StoreError};
use crate::task::{Counts, Quota, RemoteTaskId, Status, TaskId};
use crate::text::{escape_json, sanitize, sanitize_line};

/// How much of a name, a prompt and a reason fits on a line.
const NAME: usize = 60;
const PROMPT: usize = 100;
const REASON: usize = 160;
/// A taskId of the service has 21 characters; nobody knows that it always will.
const LONGEST_TASK_ID: usize = 200;

/// Lists what is unknown, or settles it.
pub(super) fn resolve(args: &ResolveArgs) -> Result<Exit, Failure> {
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    match (&args.found, args.resend, args.give_up) {
        (None, false, false) => list(args, &files),
        (Some(task_id), ..) => found(args, &files, task_id),
        (None, resend, _) => {
            settle(args, &files, if resend { Resolution::Resend } else { Resolution::GiveUp })
        }
    }
}

fn opening(files: &Files) -> impl Fn(StoreError) -> Failure {
    |e| match e {
        StoreError::Absent(_) => Failure::never_run(files.store.location()),
        e => Failure::opening(&e),
    }
}

fn after(counts: &Counts) -> Exit {
    if counts.of(Status::Unknown) > 0 { Exit::SomeUnknown } else { Exit::Success }
}

/// The tasks that are meant.
struct Meant<'a> {
    filters: Filters,
    ids: &'a [String],
}

impl Meant<'_> {
    fn of<'a>(args: &'a ResolveArgs, header: &Header) -> Result<Meant<'a>, Failure> {
        Ok(Meant { filters: rules::filters(&args.only, &header.columns)?, ids: &args.task })
    }

    fn chooses(&self, task: TaskView<'_>) -> bool {
        self.filters.matches(task) && (self.ids.is_empty() || self.ids.contains(&task.id.0))
    }
}

/// Shows what is unknown, also while a run goes on.
fn list(args: &ResolveArgs, files: &Files) -> Result<Exit, Failure> {
    let opening = opening(files);
    let snapshot = files.store.snapshot().map_err(&opening)?;
    let header = snapshot.header().map_err(&opening)?;
    let meant = Meant::of(args, &header)?;
    let holder = snapshot.holder().map(str::to_owned);
    let counts = snapshot.counts().map_err(&opening)?;
    let doubts = snapshot.doubts();
    let doubts = doubts.filter(|doubt| doubt.as_ref().map_or(true, |doubt| meant.chooses(doubt.looked())));
    let mut out = io::BufWriter::new(anstream::stdout());
    let listed = Listed { args, files, header: &header, holder, counts: &counts };
    // A reader that has seen enough (`| head`) is no failure; a state that cannot be read is.
    let mut broken = None;
    let doubts = doubts.map_while(|doubt| doubt.map_err(|e| broken = Some(e)).ok());
    let _ = if args.json { listed.json(doubts, &mut out) } else { listed.text(doubts, &mut out) }
        .and(out.flush());
    match broken {
        Some(e) => Err(Failure::opening(&e)),
        None => Ok(after(&counts)),
    }
}

struct Listed<'a> {
    args: &'a ResolveArgs,
    files: &'a Files,
    header: &'a Header,
    holder: Option<String>,
    counts: &'a Counts,
}

impl Listed<'_> {
    fn text(&self, doubts: impl Iterator<Item = Doubt>, out: &mut impl Write) -> io::Result<()> {
        let unknown = self.counts.of(Status::Unknown);
        let batch = sanitize_line(&self.header.batch, NAME);
        if unknown == 0 {
            return writeln!(out, "{batch}: nothing is unknown");
        }
        writeln!(out, "{batch}: {unknown} of {} unknown", tasks(self.counts.total()))?;
        let mut first = None;
        for doubt in doubts {
            let at = doubt.submitted_at.map_or_else(|| "at a time that is not known".to_owned(), moment);
            let price = doubt.quota.map_or_else(|| "no price given".to_owned(), |q| format!("{q} quota"));
            writeln!(out, "  {}  submitted {at}, {}, {price}", sanitize_line(&doubt.id.0, NAME), doubt.mode)?;
            writeln!(out, "    {}", sanitize_line(&doubt.prompt, PROMPT))?;
            if let Some(reason) = &doubt.reason {
                writeln!(out, "    {}", sanitize_line(reason, REASON))?;
            }
            first.get_or_insert(doubt.id);
        }
        let Some(first) = first else { return writeln!(out, "none of them is chosen") };
        if let Some(holder) = &self.holder {
            writeln!(
                out,
                "a run goes on ({}); it can be settled when that has ended",
                sanitize_line(holder, 200)
            )?;
        }
        self.ways(&first, out)
    }

    /// What can be done, and what each way means.
    fn ways(&self, task: &TaskId, out: &mut impl Write) -> io::Result<()> {
        let way = |words: &[&str]| {
            let words = [&["--task", &task.0], words].concat();
            sanitize(&settings::command_for("resolve", &self.args.manifest, &self.args.place, &words))
        };
        writeln!(
            out,
            "The reply to each of these submits is missing: the job may exist and be billed, and counts as spent.
Nothing sends it again by itself. Look for it in your account, by its time and its prompt.
  It is there: the next run follows it, and nothing is paid again.
    {}
  It is not there, or you would rather pay twice than go without: the next run makes a new paid attempt.
    {}
  You do without it: it is never sent again, and still counts as spent.
    {}
For several: `--only NAME=VALUE`, as in `--only id=hero/*`; for all: `--all`.",
            way(&["--found", "TASKID"]),
            way(&["--resend"]),
            way(&["--give-up"]),
        )
    }

    fn json(&self, doubts: impl Iterator<Item = Doubt>, out: &mut impl Write) -> io::Result<()> {
        let head = json!({
            "batch": self.header.batch,
            "state": self.files.store.location().to_string(),
            "service": self.header.service,
            "running_now": self.holder,
            "total": self.counts.total(),
            "unknown": self.counts.of(Status::Unknown),
        })
        .to_string();
        // One by one: there may be many.
        write!(out, "{},\"tasks\":[", escape_json(head.trim_end_matches('}')))?;
        for (n, doubt) in doubts.enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let task = json!({
                "id": doubt.id, "submitted_at": doubt.submitted_at.map(|at| at.to_string()), "mode": doubt.mode,
                "quota": doubt.quota.map(quota), "prompt": doubt.prompt, "reason": doubt.reason, "run": doubt.run,
            });
            write!(out, "{comma}\n{}", escape_json(&task.to_string()))?;
        }
        writeln!(out, "\n]}}")
    }
}

/// Sends again, or gives up.
fn settle(args: &ResolveArgs, files: &Files, how: Resolution) -> Result<Exit, Failure> {
    if !args.all && args.only.is_empty() && args.task.is_empty() {
        return Err(Failure::nothing_to_show(
            Diagnostic::error("which of the tasks are meant is not said")
                .help("name one with `--task ID`, some with `--only NAME=VALUE`, or all with `--all`"),
        ));
    }
    let opening = opening(files);
    check_ids(args, files)?;
    let mut store = files.store.hold(&signals::who_we_are()).map_err(&opening)?;
    let meant = Meant::of(args, &store.header().map_err(&opening)?)?;
    let resolved = store.resolve(|task| meant.chooses(task), how).map_err(&opening)?;
    print(&settled(args, how, &resolved));
    Ok(after(&resolved.counts))
}

fn settled(args: &ResolveArgs, how: Resolution, resolved: &Resolved) -> String {
    let n = resolved.tasks;
    let mut lines = vec![match (n, how) {
        (0, _) => "nothing to settle: no task that is chosen is unknown".to_owned(),
        (_, Resolution::Resend) => format!(
            "{} to send again, each paid anew; what was submitted before still counts as spent",
            tasks(n)
        ),
        (_, Resolution::GiveUp) => format!("{} given up; what was submitted still counts as spent", tasks(n)),
    }];
    if resolved.skipped > 0 {
        lines.push(format!("{} left as unknown: the manifest says `skip`", tasks(resolved.skipped)));
    }
    lines.extend(next(args, &resolved.counts));
    lines.join("\n") + "\n"
}

/// What to do next.
fn next(args: &ResolveArgs, counts: &Counts) -> Vec<String> {
    let command = |name| sanitize(&settings::command_for(name, &args.manifest, &args.place, &[]));
    let mut lines = Vec::new();
    let unknown = counts.of(Status::Unknown);
    if unknown > 0 {
        lines.push(format!("still unknown: {}: {}", tasks(unknown), command("resolve")));
    }
    let open = counts.of(Status::Pending) + counts.of(Status::Running);
    lines.push(format!("next: {}", command(if open > 0 { "run" } else { "results" })));
    lines
}

/// Ties a job that a person found to its task.
fn found(args: &ResolveArgs, files: &Files, typed: &str) -> Result<Exit, Failure> {
    let opening = opening(files);
    let task_id = task_id(typed)?;
    check_ids(args, files)?;
    let mut store = files.store.hold(&signals::who_we_are()).map_err(&opening)?;
    let id = one_task(args, &store, files)?;
    let found = store.found(&id, &task_id).map_err(&opening)?;
    let (name, given) = (sanitize_line(&id.0, NAME), sanitize_line(&task_id.0, LONGEST_TASK_ID));
    let said = match found {
        Found::Follows => {
            format!("`{name}` is followed as {given} by the next run; nothing is paid again")
        }
        Found::Known(status) => format!("`{name}` is known as {given} already, and is {}", status.as_str()),
        Found::TakenBy(other) => {
            let error = format!(
                "{given} is the job of `{}`, and one job is never two tasks'",
                sanitize_line(&other.0, NAME)
            );
            return Err(Failure::nothing_to_show(Diagnostic::error(error).note("nothing was changed")));
        }
        Found::Certain(status) => {
            let error = format!("nothing is in doubt about `{name}`: it is {}", status.as_str());
            return Err(Failure::nothing_to_show(Diagnostic::error(error).note("nothing was changed")));
        }
        Found::NoTask => return Err(no_task(&id.0, None)),
    };
    let counts = store.counts().map_err(&opening)?;
    print(&format!("{said}\n{}\n", next(args, &counts).join("\n")));
    Ok(after(&counts))
}

/// The one task whose job was found.
fn one_task(args: &ResolveArgs, store: &HeldStore, files: &Files) -> Result<TaskId, Failure> {
    let refused = |error: String| {
        let help = "name the one whose job it is, with `--task ID`";
        Err(Failure::nothing_to_show(Diagnostic::error(error).help(help)))
    };
    if let ([id], true) = (&args.task[..], args.only.is_empty()) {
        return Ok(TaskId(id.clone()));
    }
    let opening = opening(files);
    let meant = Meant::of(args, &store.header().map_err(&opening)?)?;
    let snapshot = files.store.snapshot().map_err(&opening)?;
    let mut chosen = Vec::new();
    if !args.only.is_empty() {
        for doubt in snapshot.doubts() {
            let doubt = doubt.map_err(&opening)?;
            if meant.chooses(doubt.looked()) && chosen.len() < 2 {
                chosen.push(doubt.id);
            }
        }
    }
    match <[TaskId; 1]>::try_from(chosen) {
        Ok([id]) => Ok(id),
        Err(several) if several.is_empty() => {
            refused("a taskId is of one task, and none is chosen".to_owned())
        }
        Err(_) => refused("a taskId is of one task, and several are chosen".to_owned()),
    }
}

/// Refuses ids that the state does not list: they are misspelt.
fn check_ids(args: &ResolveArgs, files: &Files) -> Result<(), Failure> {
    if args.task.is_empty() {
        return Ok(());
    }
    let opening = opening(files);
    let snapshot = files.store.snapshot().map_err(&opening)?;
    for id in &args.task {
        if !snapshot.lists(&TaskId(id.clone())).map_err(&opening)? {
            let doubts: Vec<String> =
                snapshot.doubts().take(1000).filter_map(|doubt| Some(doubt.ok()?.id.0)).collect();
            return Err(no_task(id, close_name(id, doubts.iter().map(String::as_str))));
        }
    }
    Ok(())
}

fn no_task(id: &str, close: Option<&str>) -> Failure {
    let error = Diagnostic::error(format!("the batch has no task `{}`", sanitize_line(id, NAME)));
    Failure::nothing_to_show(match close {
        Some(close) => error.help(format!("did you mean `{}`?", sanitize_line(close, NAME))),
        None => error.help("`mjbatch resolve` without more lists those that are unknown"),
    })
}

/// A name that a service may have given.
fn task_id(typed: &str) -> Result<RemoteTaskId, Failure> {
    let name = typed.trim();
    let plausible =
        !name.is_empty() && name.len() <= LONGEST_TASK_ID && name.chars().all(|c| c.is_ascii_graphic());
    if !plausible || name == "TASKID" {
        let error = format!("`{}` is not a taskId", sanitize_line(typed, NAME));
        let help = "it is the service's name of the job, as in MtAd7mCuc4YqK_a1iAQSW";
        return Err(Failure::nothing_to_show(Diagnostic::error(error).help(help)));
    }
    Ok(RemoteTaskId(name.to_owned()))
}

fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

fn tasks(n: u64) -> String {
    if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") }
}

/// To the second, which is what an account shows.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn quota(amount: Quota) -> f64 {
    amount.0 as f64 / 1000.0
}
