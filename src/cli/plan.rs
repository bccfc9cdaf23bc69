//! `mjbatch plan`: what would be submitted and why, the expansion factor by factor, the cost, and how long it would take. It
//! spends nothing, needs no key, and changes no file.

use std::io::{self, Write};

use jiff::ZonedDateTime;
use serde_json::{Map, Value, json};

use super::args::PlanArgs;
use super::exit::Exit;
use super::failure::{Failure, say};
use super::forecast::{Outlook, Terms};
use super::hooks;
use super::rules::{self, Cap};
use super::settings::{self, Files};
use crate::manifest::{self, EntryFactors, Factor, Manifest};
use crate::plan::{self, KnownTasks, Plan, Step};
use crate::store::{Snapshot, StoreError};
use crate::task::{Prices, Quota, State, Status, Task, TaskMode};
use crate::text::{escape_json, sanitize, sanitize_line};

/// How many tasks are listed where not all are asked for.
const LISTED: usize = 20;
/// How much of a name fits on a line.
const NAME: usize = 60;
/// How much of a prompt fits on a line.
const PROMPT: usize = 100;

/// Shows what a run would do.
pub(super) fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let manifest = manifest::read_with(&args.manifest, args.reading.options()).map_err(Failure::manifest)?;
    say(&manifest.warnings);
    let files = Files::of(&args.manifest, &args.place, Vec::new());
    let snapshot = match files.store.snapshot() {
        Ok(snapshot) => Some(snapshot),
        Err(StoreError::Absent(_)) => None,
        Err(e) => return Err(Failure::opening(&e)),
    };
    let opening = |e| Failure::opening(&e);
    let known_tasks =
        snapshot.as_ref().map(Snapshot::known_tasks).transpose().map_err(opening)?.unwrap_or_default();
    let mut plan = plan::compare(manifest.tasks(), &known_tasks);
    let selection = rules::selection(&args.selection, &manifest.columns)?;
    rules::chooses_something(&manifest, &plan, &selection, &args.selection)?;
    plan.select(&selection, || manifest.tasks());
    let prices = settings::merged(args.prices, manifest.batch.prices);
    let cap = rules::budget(args.budget, &manifest.batch);
    let due = rules::deadline(args.deadline.as_ref(), &manifest.batch, &ZonedDateTime::now())?;
    if let Some(about) = rules::about_deadline(due.as_ref(), plan.to_submit.of(TaskMode::Auto)) {
        say(&about.into());
    }
    let spent = snapshot.as_ref().map(|snapshot| snapshot.reserved(&prices)).transpose().map_err(opening)?;
    let spent = spent.map_or(Some(Quota(0)), |spent| spent);
    let left = cap.as_ref().zip(spent).map(|(cap, spent)| Quota(cap.quota.0.saturating_sub(spent.0)));
    let terms = Terms { prices, left, due: due.as_ref() };
    let outlook = Outlook::of(args, &manifest, &plan, snapshot.as_ref(), &terms).map_err(opening)?;
    let shown = Shown {
        args,
        files: &files,
        manifest: &manifest,
        known_tasks: &known_tasks,
        plan: &plan,
        prices,
        spent,
        cap,
        outlook,
        snapshot,
    };
    let mut out = io::BufWriter::new(anstream::stdout());
    // A reader that has seen enough (`| head`) is no failure.
    let _ = if args.json { shown.json(&mut out) } else { shown.text(&mut out) }.and_then(|()| out.flush());
    Ok(Exit::Success)
}

struct Shown<'a> {
    args: &'a PlanArgs,
    files: &'a Files,
    manifest: &'a Manifest,
    known_tasks: &'a KnownTasks,
    plan: &'a Plan,
    prices: Prices,
    /// What all attempts so far cost, where that can be told.
    spent: Option<Quota>,
    cap: Option<Cap>,
    outlook: Option<Outlook>,
    snapshot: Option<Snapshot>,
}

impl Shown<'_> {
    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let total = self.manifest.len();
        writeln!(out, "{}: {total} {}", self.args.manifest.display(), noun(total))?;
        let multiplied: Vec<_> = self.manifest.factors().filter(EntryFactors::multiplies).collect();
        for entry in multiplied.iter().take(LISTED) {
            writeln!(out, "  {} (line {}): {entry}", sanitize_line(&entry.name, NAME), entry.line)?;
        }
        if let Some(more) = multiplied.len().checked_sub(LISTED).filter(|more| *more > 0) {
            writeln!(out, "  … and {more} more entries that multiply")?;
        }
        if self.snapshot.is_some() {
            writeln!(out, "{}: {}", self.files.store.location(), self.tally())?;
            for id in self.plan.removed.iter().take(LISTED) {
                writeln!(out, "  removed  {}", sanitize_line(&id.0, NAME))?;
            }
            if let Some(more) = self.plan.removed.len().checked_sub(LISTED).filter(|more| *more > 0) {
                writeln!(out, "  … and {more} more removed: their results stay in the state")?;
            }
        }
        let unknown = self.plan.count(|step| step.state().shown(false) == Status::Unknown);
        if unknown > 0 {
            let resolve = settings::command_for("resolve", &self.args.manifest, &self.args.place, &[]);
            writeln!(
                out,
                "unknown: {unknown} {}, not sent again by itself: {}",
                noun(unknown),
                sanitize(&resolve)
            )?;
        }
        writeln!(out, "{}", self.to_submit())?;
        writeln!(out, "{}", self.cost())?;
        if let Some(cap) = &self.cap {
            writeln!(out, "{}", self.budget(cap))?;
        }
        if let Some(outlook) = &self.outlook {
            writeln!(out, "{}", outlook.text())?;
        }
        for line in hooks::in_words(&self.manifest.batch) {
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
        .map(|(state, word)| (self.plan.count(kept(state)), word))
        .into();
        counts.extend([
            (self.plan.count(|step| *step == Step::New), "new"),
            (self.plan.count(|step| matches!(step, Step::Changed(_))), "changed"),
            (self.plan.count(|step| matches!(step, Step::Redo(_))), "once more"),
            (self.plan.count(|step| matches!(step, Step::Import(_))), "taken over"),
            (self.plan.count(|step| matches!(step, Step::Skip(_))), "skipped"),
            (self.plan.removed.len() as u64, "removed"),
        ]);
        let words: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        words.join(" · ")
    }

    fn to_submit(&self) -> String {
        let sum = self.plan.to_submit.total();
        let others = match self.plan.not_selected {
            0 => String::new(),
            1 => "; 1 other waits that is not chosen".to_owned(),
            n => format!("; {n} others wait that are not chosen"),
        };
        if sum == 0 {
            return format!("to submit: nothing{others}");
        }
        format!("to submit: {sum} {}: {}{others}", noun(sum), self.plan.to_submit)
    }

    fn cost(&self) -> String {
        match self.plan.to_submit.cost(&self.prices) {
            Some(cost) => format!("cost: {cost}, by the prices you gave"),
            None => "cost: not known; say what a job costs with `--prices fast=4,relaxed=2`".to_owned(),
        }
    }

    /// Whether the budget is enough, if nothing has to be sent again.
    fn budget(&self, cap: &Cap) -> String {
        let words = &cap.words;
        let Some((spent, cost)) = self.spent.zip(self.plan.to_submit.cost(&self.prices)) else {
            return format!("budget: {words}; a run needs the prices to keep it");
        };
        let enough = if spent.0.saturating_add(cost.most.0) <= cap.quota.0 {
            "enough for all of these"
        } else if spent.0.saturating_add(cost.least.0) <= cap.quota.0 {
            "enough for all of these, if not all that may be is sent fast; it will not be"
        } else {
            "not enough for all of these: a run would stop with exit code 8"
        };
        format!("budget: {words}, of which {spent} quota are spent; {enough}")
    }

    /// The tasks that would be submitted first, then all others if asked for.
    fn list(&self, out: &mut impl Write) -> io::Result<()> {
        let most = if self.args.all { usize::MAX } else { LISTED };
        let wanted = |n: usize| self.args.all || self.plan.submits(n);
        let steps = self.manifest.tasks().zip(&self.plan.steps).enumerate();
        for (_, (task, step)) in steps.filter(|(n, _)| wanted(*n)).take(most) {
            let (word, why) = self.why(&task, step);
            let prompt = sanitize_line(&task.prompt, PROMPT);
            writeln!(out, "  {word:<8} {}  {}  {prompt}", sanitize_line(&task.id.0, NAME), task.mode)?;
            if !why.is_empty() {
                writeln!(out, "           {why}")?;
            }
        }
        let all = (0..self.plan.steps.len()).filter(|n| wanted(*n)).count();
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
        match self.snapshot.as_ref().map(|view| view.content(key)) {
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
            .map(|mode| (mode.to_string(), self.plan.to_submit.of(mode).into()))
            .into_iter()
            .collect();
        let cost = self.plan.to_submit.cost(&self.prices);
        let head = json!({
            "manifest": self.args.manifest.to_string_lossy(),
            "batch": self.manifest.name,
            "state": self.snapshot.is_some().then(|| self.files.store.location().to_string()),
            "total": self.manifest.len(),
            "factors": factors,
            "to_submit": to_submit,
            "quota": cost.map(|cost| cost.most.0 as f64 / 1000.0),
            "least_quota": cost.map(|cost| cost.least.0 as f64 / 1000.0),
            "budget": self.cap.as_ref().map(|cap| cap.quota.0 as f64 / 1000.0),
            "left_out": self.plan.not_selected,
            "forecast": self.outlook.as_ref().map(Outlook::json),
            "follow_up": hooks::in_words(&self.manifest.batch),
            "removed": self.plan.removed,
            "known": self.known_tasks.len(),
        })
        .to_string();
        // The tasks are written one by one: there may be many.
        write!(out, "{},\"tasks\":[", escape_json(head.trim_end_matches('}')))?;
        for (n, (task, step)) in self.manifest.tasks().zip(&self.plan.steps).enumerate() {
            let (word, why) = self.why(&task, step);
            let comma = if n == 0 { "" } else { "," };
            let task = json!({
                "id": task.id, "mode": task.mode, "prompt": task.prompt, "plan": word,
                "why": (!why.is_empty()).then_some(why), "submit": self.plan.submits(n),
            });
            write!(out, "{comma}\n{}", escape_json(&task.to_string()))?;
        }
        writeln!(out, "\n]}}")
    }
}

fn noun(n: u64) -> &'static str {
    if n == 1 { "task" } else { "tasks" }
}
