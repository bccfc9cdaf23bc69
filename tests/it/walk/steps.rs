//! The steps of a walk: what people, spreadsheets and machines do to a batch.

use std::collections::{BTreeMap, BTreeSet};

use mjbatch::failpoint::Point;

use super::check::{Before, Permit, check, check_results, what_came_is_not_paid_again};
use super::random::Rng;
use super::sheet::{Form, motif_of};
use super::state::TaskRow;
use super::tables::{Table, feed_back};
use super::world::{Disturbance, SLOTS, World};
use crate::support::CommandOutput;

/// Takes one step at random, and checks what must hold after it.
pub(super) fn step(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    match rng.below(100) {
        0..30 => edit(world, rng),
        30..50 => run(world, rng, &Disturbance::None),
        50..64 => feed_back(world, rng),
        64..76 => {
            let disturbance = disturbance(rng);
            run(world, rng, &disturbance)?;
            if rng.percent(15) { lose_the_log(world, rng) } else { Ok(()) }
        }
        76..82 => retry(world, rng),
        82..92 => resolve(world, rng),
        92..95 => look(world, rng),
        95..97 => two_runs(world, rng),
        97 => lose_the_log(world, rng),
        98 => lose_the_state(world, rng),
        _ => restore_backup(world),
    }
}

/// A run without limits at a service without faults: everything that was asked for is bought, and
/// nothing more.
pub(super) fn last_step(world: &mut World) -> Result<(), String> {
    world.new_service(String::new(), 1);
    run_as(world, &RunPlan::plain(), &Disturbance::None)
}

fn edit(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let before = Before::of(world)?;
    let bad =
        before.tasks.iter().filter(|task| task.is_listed && (task.state == "failed" || task.is_in_doubt()));
    let bad = bad.map(|task| task.motif).collect();
    for _ in 0..1 + rng.below(3) {
        let what = world.sheet.edit(&bad, rng);
        world.note(format!("edit: {what}"));
    }
    world.sheet.write(&world.dir);
    check(world, &before, &Permit::default()).map(drop)
}

/// How a run is called.
#[derive(Debug, Clone, Default)]
pub(super) struct RunPlan {
    words: String,
    /// The table that is run instead of the manifest.
    pub(super) table: Option<String>,
    pub(super) only: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) pilot: bool,
    pub(super) budget: Option<u64>,
    retries: u8,
    resends: bool,
    max_changed: Option<usize>,
    /// It submits all that waits, and follows it to its end.
    pub(super) is_plain: bool,
}

impl RunPlan {
    /// A run of everything.
    fn plain() -> RunPlan {
        RunPlan { words: format!("--concurrency {SLOTS}"), is_plain: true, ..RunPlan::default() }
    }

    pub(super) fn random(world: &World, tasks: &[TaskRow], rng: &mut Rng) -> RunPlan {
        // A job of which nobody knows holds a slot for minutes: few slots are for those who know all.
        let all_are_known = world.faults.is_empty() && !tasks.iter().any(TaskRow::is_in_doubt);
        let slots = if rng.percent(30) && all_are_known { 1 + rng.below(9) } else { SLOTS };
        let mut plan = RunPlan { words: format!("--concurrency {slots}"), ..RunPlan::default() };
        if rng.percent(15) {
            let listed = world.sheet.listed();
            let ids: Vec<&str> = listed.iter().filter_map(|task| task.id.as_deref()).collect();
            plan.only = rng.pick(&ids).map(str::to_owned);
        }
        plan.limit = rng.percent(12).then(|| rng.below(4));
        plan.pilot = rng.percent(5);
        // The flag would replace the manifest's budget.
        plan.budget = (world.sheet.budget.is_none() && rng.percent(15)).then(|| 4 * rng.below(20) as u64);
        plan.retries = if rng.percent(15) { 1 } else { 0 };
        plan.resends = rng.percent(10);
        plan.max_changed = rng.percent(35).then(|| rng.of(&[0, 0, 1]));
        plan.is_plain = plan.only.is_none() && plan.limit.is_none() && !plan.pilot && plan.budget.is_none();
        if rng.percent(8) {
            plan.words += " --no-wait";
            plan.is_plain = false;
        }
        if rng.percent(4) {
            plan.words += " --max-duration 20ms --drain 20ms";
            plan.is_plain = false;
        }
        if rng.percent(30) {
            plan.words += &format!(" --webhook-listen 127.0.0.1:{}", world.port);
            if !all_are_known {
                // A lost reply may be called back as long as its job may run, which is minutes.
                plan.words += " --max-duration 80ms --drain 80ms";
                plan.is_plain = false;
            }
        }
        plan
    }

    pub(super) fn arguments(&self, world: &World) -> String {
        let mut words = format!(
            "run {} --poll-min 2ms --poll-max 20ms --lost-after 40ms --retry-after 5ms --patience 60ms --progress none \
             --retries {} {}",
            self.table.as_deref().unwrap_or(world.sheet.file()),
            self.retries,
            self.words
        );
        if let Some(limit) = self.limit {
            words += &format!(" --limit {limit}");
        }
        if self.pilot {
            words += " --pilot";
        }
        if let Some(budget) = self.budget {
            words += &format!(" --budget {budget}quota");
        }
        if world.sheet.form == Form::Csv {
            words += " --prices fast=4,relaxed=2";
        }
        if self.resends {
            words += " --on-unknown resend";
        }
        if let Some(most) = self.max_changed {
            words += &format!(" --max-changed {most}");
        }
        words
    }

    /// What a run of a table may buy: what it decides, and what tables decided before.
    fn permit_of_table(&self, world: &World, tasks: &[TaskRow]) -> Permit {
        let due = tasks.iter().filter(|task| task.is_listed && world.due.contains(&task.key));
        let most = self.limit.filter(|_| self.retries == 0 && !self.resends);
        let mut motifs: BTreeSet<u32> = due.map(|task| task.motif).collect();
        if self.resends {
            motifs.extend(tasks.iter().filter(|task| task.is_in_doubt()).map(|task| task.motif));
        }
        if self.retries > 0 {
            motifs.extend(tasks.iter().filter(|task| task.state == "running").map(|task| task.motif));
        }
        Permit { motifs, most, budget: self.budget.or(world.sheet.budget) }
    }

    /// What such a run may buy.
    fn permit(&self, world: &World, tasks: &[TaskRow]) -> Permit {
        if self.table.is_some() {
            return self.permit_of_table(world, tasks);
        }
        let listed = world.sheet.listed();
        let selected = listed.iter().filter(|task| self.only.is_none() || task.id == self.only);
        let made = |motif| world.made.contains(&motif);
        let mut motifs: BTreeSet<u32> = selected
            .filter(|task| task.action != "skip" || made(task.motif))
            .map(|task| task.motif)
            .collect();
        motifs.retain(|motif| !is_declined(world, tasks, *motif));
        if self.max_changed == Some(0) {
            motifs.retain(|motif| !is_edited(world, tasks, *motif));
        }
        let is_exact = self.retries == 0 && !self.resends;
        let entries: BTreeSet<usize> = listed.iter().map(|task| task.entry).collect();
        let pilot = self.pilot.then_some(entries.len());
        let most = [self.limit, pilot].into_iter().flatten().min().filter(|_| is_exact);
        Permit { motifs, most, budget: self.budget.or(world.sheet.budget) }
    }
}

/// Whether a table skipped every task with this motif that is known.
fn is_declined(world: &World, tasks: &[TaskRow], motif: u32) -> bool {
    let mut of_motif = tasks.iter().filter(|task| task.motif == motif).peekable();
    let rows = world.sheet.listed().iter().filter(|row| row.motif == motif).count();
    let are_known = tasks.iter().filter(|task| task.motif == motif).count() >= rows;
    are_known && of_motif.peek().is_some() && of_motif.all(|task| world.declined.contains(&task.key))
}

/// Whether this motif was never bought, and is now the prompt of an id that the state lists with
/// another one, done, which the manifest has nowhere any more.
fn is_edited(world: &World, tasks: &[TaskRow], motif: u32) -> bool {
    let listed = world.sheet.listed();
    let is_known = tasks.iter().any(|task| task.motif == motif);
    let mut rows = listed.iter().filter(|task| task.motif == motif);
    let (Some(Some(id)), None) = (rows.next().map(|row| row.id.clone()), rows.next()) else { return false };
    let mut was = tasks.iter().filter(|task| task.id == id && task.is_listed);
    let is_replaced =
        was.any(|task| task.state == "done" && !listed.iter().any(|row| row.motif == task.motif));
    !is_known && is_replaced && tasks.iter().filter(|task| task.id == id).count() == 1
}

pub(super) fn disturbance(rng: &mut Rng) -> Disturbance {
    match rng.below(10) {
        0..4 => {
            let point = rng.of(&Point::ALL).as_str();
            let what = rng.of(&["abort", "abort", "abort", "error", "errors"]);
            Disturbance::Fail(format!("{point}={what}@{}", 1 + rng.below(5)))
        }
        4..8 => Disturbance::Kill(rng.below(80) as u64),
        #[cfg(unix)]
        8 => Disturbance::Signal(rustix::process::Signal::TERM, rng.below(60) as u64),
        #[cfg(unix)]
        9 => Disturbance::Signal(rustix::process::Signal::INT, rng.below(60) as u64),
        _ => Disturbance::None,
    }
}

/// Faults that let every run end within a moment.
const FAULTS: [&str; 40] = [
    "submit-429=0.2",
    "submit-500=0.15",
    "submit-html=0.1",
    "submit-cut=0.15",
    "submit-code=1003:0.1",
    "accept-cut=0.2",
    "accept-cut=0.3",
    "accept-cut=0.5",
    "accept-cut=first:2",
    "accept-half=0.2",
    "accept-500=0.2",
    "accept-garbage=0.15",
    "slots=2",
    "quota=12",
    "key-refused-after=6",
    "status-429=0.1",
    "status-500=0.2",
    "status-cut=0.2",
    "status-half=0.2",
    "status-garbage=0.2",
    "status-shuffle",
    "status-repeat=0.2",
    "status-omit=0.2",
    "status-forget=0.15",
    "status-stale=0.2",
    "status-odd=0.1",
    "status-no-urls=0.1",
    "status-no-urls-yet=0.2",
    "job-fail=0.25",
    "job-fail=0.5",
    "job-fail=first:2",
    "job-fail=0.25",
    "job-slow=0.1, job-expire=gone",
    "job-slow=0.1, job-expire=fail",
    "job-slow=0.1, job-expire=late",
    "webhook-drop=0.3",
    "webhook-double=0.3",
    "webhook-early=0.2",
    "webhook-forged=0.3",
    "webhook-late=40s",
];

/// Sometimes another service, with a few faults or none.
pub(super) fn maybe_new_service(world: &mut World, rng: &mut Rng) {
    if !rng.percent(60) {
        return;
    }
    let mut faults = Vec::new();
    if rng.percent(65) {
        for _ in 0..1 + rng.below(3) {
            faults.push(rng.of(&FAULTS));
        }
    }
    let faults = faults.join(", ");
    world.note(format!("the service has the faults: {faults}"));
    world.new_service(faults, rng.next());
}

fn run(world: &mut World, rng: &mut Rng, disturbance: &Disturbance) -> Result<(), String> {
    maybe_new_service(world, rng);
    let plan = RunPlan::random(world, &world.state()?, rng);
    run_as(world, &plan, disturbance)
}

fn run_as(world: &mut World, plan: &RunPlan, disturbance: &Disturbance) -> Result<(), String> {
    let before = Before::of(world)?;
    let words = plan.arguments(world);
    world.note(format!("{words}, disturbed by {disturbance:?}"));
    let command = world.command(&words);
    let command =
        plan.only.iter().fold(command, |command, id| command.arg("--only").arg(&format!("id={id}")));
    let ran = world.call(command, disturbance)?;
    world.note(said(&ran));
    after_run(world, plan, &before, &[ran], disturbance)
}

pub(super) fn said(ran: &CommandOutput) -> String {
    format!("  code {:?}; {}", ran.code, ran.stderr.replace('\n', "\n    "))
}

/// Counts what a run was asked for, and checks what it did.
pub(super) fn after_run(
    world: &mut World,
    plan: &RunPlan,
    before: &Before,
    ran: &[CommandOutput],
    disturbance: &Disturbance,
) -> Result<(), String> {
    let listed = world.sheet.listed();
    let codes: Vec<Option<i32>> = ran.iter().map(|ran| ran.code).collect();
    let is_refused = codes.iter().all(|code| matches!(code, Some(2 | 11)));
    let ends_skip = |key: &i64| {
        let task = before.tasks.iter().find(|task| task.key == *key);
        task.is_some_and(|task| listed.iter().any(|row| row.motif == task.motif && row.action == "make"))
    };
    if !is_refused && plan.table.is_none() {
        world.declined.retain(|key| !ends_skip(key));
        world.made.retain(|motif| listed.iter().any(|row| row.motif == *motif && row.action == "skip"));
    }
    let permit = if is_refused { Permit::default() } else { plan.permit(world, &before.tasks) };
    if !is_refused {
        if plan.table.is_none() {
            world.asked.list(&listed, &before.tasks);
        }
        for motif in resent_or_retried(plan, before, &world.state()?) {
            world.asked.once_more(motif);
        }
    }
    let tasks = check(world, before, &permit)?;
    let is_quiet = matches!(disturbance, Disturbance::None);
    if is_quiet && world.faults.is_empty() {
        what_came_is_not_paid_again(world, before, &tasks)?;
    }
    for ran in ran {
        code_is_right(world, plan, ran, &tasks, is_quiet)?;
    }
    // It is due until the task has ended. Where a run was disturbed, only the state knows whether it
    // recorded a decision.
    let is_due = |key: &i64| {
        tasks.iter().any(|task| match task.state.as_str() {
            _ if task.key != *key => false,
            "pending" => is_quiet || task.is_decided,
            state => matches!(state, "submitting" | "running" | "unknown"),
        })
    };
    world.due.retain(is_due);
    // A skip that came too late is over once the task is done.
    let is_done = |key: &i64| tasks.iter().any(|task| task.key == *key && task.state == "done");
    world.declined.retain(|key| !is_done(key));
    let wrote = codes.iter().any(|code| matches!(code, Some(0 | 3..=10)));
    if is_quiet && wrote {
        check_results(world, &tasks, plan.table.is_none().then_some(&listed))?;
        let table = Table::of_results(world).ok_or("the results have no refs")?;
        let kept = if plan.table.is_none() { before.redos.clone() } else { BTreeSet::new() };
        table.keeps(world, &kept)?;
    }
    if plan.table.is_some() {
        return everything_decided_was_carried_out(world, plan, &codes, &tasks, is_quiet);
    }
    if plan.is_plain && is_quiet && codes.iter().any(|code| ended_well(world, *code)) {
        let mut waits = tasks.iter().filter(|task| task.is_listed && task.state == "pending");
        // The budget may be reached, which the exit code says only where nothing is unknown.
        if let (Some(waits), None) = (waits.next(), world.sheet.budget) {
            return Err(format!("the run ended well, and this was not submitted: {waits:?}"));
        }
        let billed = world.billed();
        world.asked.settle(&listed, &tasks, &billed);
    }
    Ok(())
}

/// Whether nothing but the state of its tasks made a run end. Where some are unknown, the exit code
/// does not say whether the service was broken as well.
fn ended_well(world: &World, code: Option<i32>) -> bool {
    matches!(code, Some(0 | 3)) || code == Some(6) && world.faults.is_empty()
}

/// After a run of a table that nothing disturbed, none of its decisions waits any more.
fn everything_decided_was_carried_out(
    world: &World,
    plan: &RunPlan,
    codes: &[Option<i32>],
    tasks: &[TaskRow],
    is_quiet: bool,
) -> Result<(), String> {
    let is_over = plan.is_plain
        && is_quiet
        && world.sheet.budget.is_none()
        && codes.iter().any(|code| ended_well(world, *code));
    let mut due = tasks.iter().filter(|task| task.is_listed && world.due.contains(&task.key));
    match due.find(|task| task.state == "pending") {
        Some(task) if is_over => Err(format!("this was decided, and not carried out: {task:?}")),
        _ => Ok(()),
    }
}

/// The motifs that the settings of a run let it buy once more, one for each time.
fn resent_or_retried(plan: &RunPlan, before: &Before, tasks: &[TaskRow]) -> Vec<u32> {
    let was: BTreeMap<i64, &TaskRow> = before.tasks.iter().map(|task| (task.key, task)).collect();
    let mut motifs = Vec::new();
    for task in tasks {
        let before = was.get(&task.key);
        let had = |n: usize, outcome: &str| {
            before
                .and_then(|was| was.attempts.get(n))
                .is_some_and(|was| was.outcome.as_deref() == Some(outcome))
        };
        let new = |outcome: &str| {
            let ends = task.attempts.iter().enumerate();
            ends.filter(|(n, now)| now.outcome.as_deref() == Some(outcome) && !had(*n, outcome)).count()
        };
        let was_in_doubt = before.is_some_and(|was| was.is_in_doubt());
        if plan.resends && (was_in_doubt || new("unknown") > 0) {
            motifs.push(task.motif);
        }
        motifs.extend(vec![task.motif; usize::from(plan.retries).min(new("failed"))]);
    }
    motifs
}

/// The exit code says what the state says.
fn code_is_right(
    world: &World,
    plan: &RunPlan,
    ran: &CommandOutput,
    tasks: &[TaskRow],
    is_quiet: bool,
) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("exit code {:?}, {why}: {}", ran.code, ran.stderr));
    let Some(code) = ran.code else { return if is_quiet { wrong("a crash") } else { Ok(()) } };
    if !is_quiet {
        return if code == 101 { wrong("a panic") } else { Ok(()) };
    }
    if plan.table.is_none() && tasks.iter().any(TaskRow::is_in_doubt) && !matches!(code, 2 | 4 | 6 | 7 | 11) {
        return wrong("and a task is unknown");
    }
    match code {
        0 | 3 | 6 | 11 => Ok(()),
        2 if plan.table.is_none() && (plan.max_changed.is_some() || plan.only.is_some()) => Ok(()),
        // Of an old copy, whose images are not the newest.
        2 if ran.stderr.contains("there is no image") => Ok(()),
        8 if plan.budget.or(world.sheet.budget).is_some() => Ok(()),
        10 if !plan.is_plain => Ok(()),
        4 | 5 | 7 if !world.faults.is_empty() => Ok(()),
        _ => wrong("for no reason"),
    }
}

fn retry(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let before = Before::of(world)?;
    let lost = rng.percent(40);
    let words = format!("retry {}{}", world.sheet.file(), if lost { " --lost" } else { "" });
    world.note(words.clone());
    let ran = world.call(world.command(&words), &Disturbance::None)?;
    world.note(said(&ran));
    let may = |task: &TaskRow| {
        task.is_listed && !task.is_skipped && (task.state == "failed" || lost && task.state == "lost")
    };
    requeued(world, &before, may)
}

/// Counts the tasks that were made to wait again, each of which must be one that may be.
fn requeued(world: &mut World, before: &Before, may: impl Fn(&TaskRow) -> bool) -> Result<(), String> {
    let tasks = check(world, before, &Permit::default())?;
    for now in tasks.iter().filter(|task| task.state == "pending") {
        let Some(was) = before.tasks.iter().find(|was| was.key == now.key && was.state != "pending") else {
            continue;
        };
        if !may(was) {
            return Err(format!("this waits again, and nobody asked for it: {was:?}"));
        }
        world.asked.once_more(now.motif);
    }
    Ok(())
}

fn resolve(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let before = Before::of(world)?;
    let unknown: Vec<&TaskRow> = before.tasks.iter().filter(|task| task.is_in_doubt()).collect();
    let Some(task) = rng.pick(&unknown) else { return Ok(()) };
    let (id, motif) = (task.id.clone(), task.motif);
    // Which of several is meant by one id is not said.
    let is_only = unknown.iter().filter(|other| other.id == id).count() == 1;
    let file = world.sheet.file();
    let (words, found) = match rng.below(8) {
        0 | 1 => (format!("resolve {file} --all --resend"), None),
        2 => (format!("resolve {file} --resend"), Some(id)),
        3 => (format!("resolve {file} --give-up"), Some(id)),
        4 => match known_job(&before.tasks, rng) {
            Some(job) => (format!("resolve {file} --found {job}"), Some(id)),
            None => return Ok(()),
        },
        _ if is_only => match paid_and_unknown(world, &before.tasks, motif, rng) {
            Some(job) => (format!("resolve {file} --found {job}"), Some(id)),
            None => return Ok(()),
        },
        _ => (format!("resolve {file} --json"), None),
    };
    world.note(format!("{words} --task {found:?}"));
    let command = world.command(&words);
    let command = found.iter().fold(command, |command, id| command.arg("--task").arg(id));
    let ran = world.call(command, &Disturbance::None)?;
    world.note(said(&ran));
    if !matches!(ran.code, Some(0 | 2 | 6)) {
        return Err(format!("resolve failed: {ran:?}"));
    }
    let resends = words.contains("--resend");
    requeued(world, &before, |task| resends && task.is_in_doubt() && task.is_listed)
}

/// A job that the state knows already.
fn known_job(tasks: &[TaskRow], rng: &mut Rng) -> Option<String> {
    let attempts = tasks.iter().flat_map(|task| &task.attempts);
    let known: Vec<&str> = attempts.filter_map(|attempt| attempt.task_id.as_deref()).collect();
    rng.pick(&known).map(str::to_owned)
}

/// A job of this motif that the state does not know.
fn paid_and_unknown(world: &World, tasks: &[TaskRow], motif: u32, rng: &mut Rng) -> Option<String> {
    let attempts = tasks.iter().flat_map(|task| &task.attempts);
    let known: BTreeSet<&str> = attempts.filter_map(|attempt| attempt.task_id.as_deref()).collect();
    let jobs = world.jobs.iter().filter(|job| motif_of(&job.prompt) == Some(motif));
    let jobs: Vec<&str> = jobs.map(|job| job.task_id.as_str()).filter(|id| !known.contains(id)).collect();
    rng.pick(&jobs).map(str::to_owned)
}

/// Commands that only look.
fn look(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let before = Before::of(world)?;
    let command = rng.of(&["plan", "check", "status", "results", "resolve", "report", "plan --all"]);
    let (command, flags) = command.split_once(' ').unwrap_or((command, ""));
    let is_of_table = matches!(command, "plan" | "check") && rng.percent(40);
    let is_of_table = is_of_table && world.dir.path("spring.results.csv").exists();
    let file = if is_of_table { "spring.results.csv" } else { world.sheet.file() };
    let words = format!("{command} {file} {flags}");
    world.note(words.clone());
    let ran = world.call(world.command(&words), &Disturbance::None)?;
    if !matches!(ran.code, Some(0 | 2 | 6)) {
        return Err(format!("`{words}` failed: {ran:?}"));
    }
    requeued(world, &before, |_| false)
}

/// Two runs at once: one of them holds the state.
fn two_runs(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    maybe_new_service(world, rng);
    let plan = RunPlan::plain();
    let before = Before::of(world)?;
    let words = plan.arguments(world);
    world.note(format!("twice at once: {words}"));
    let other = world.command(&words).start();
    let first = world.call(world.command(&words), &Disturbance::None)?;
    let second = other.wait();
    world.collect_jobs();
    world.note(said(&first));
    world.note(said(&second));
    after_run(world, &plan, &before, &[first, second], &Disturbance::None)
}

/// The state is copied without its log, as a backup of one file does; then a run. Where that is
/// refused, the log is put back.
fn lose_the_log(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let log = world.dir.path("spring.mjbatch-wal");
    let Ok(bytes) = std::fs::read(&log) else { return Ok(()) };
    world.note(format!("the log is lost, {} bytes", bytes.len()));
    for name in ["spring.mjbatch-wal", "spring.mjbatch-shm"] {
        let _ = std::fs::remove_file(world.dir.path(name));
    }
    // What the state says without it must do, but for a refusal, which loses nothing.
    let state = std::fs::read(world.dir.path("spring.mjbatch")).unwrap();
    let plan = RunPlan::plain();
    maybe_new_service(world, rng);
    let words = plan.arguments(world);
    let jobs = world.jobs.len();
    let ran = world.call(world.command(&words), &Disturbance::None)?;
    world.note(said(&ran));
    if ran.code == Some(2) {
        world.dir.write("spring.mjbatch", state);
        world.dir.write("spring.mjbatch-wal", bytes);
        return if world.jobs.len() == jobs { Ok(()) } else { Err("refused, and bought".to_owned()) };
    }
    let before = Before::of(world)?;
    world.asked.list(&world.sheet.listed(), &before.tasks);
    check(world, &before, &Permit::default()).map(drop)
}

/// The state is deleted: a run is refused where results tell that money was spent, and one that takes
/// over what they tell buys nothing that is done. Then the state is found again.
fn lose_the_state(world: &mut World, rng: &mut Rng) -> Result<(), String> {
    let names = ["spring.mjbatch", "spring.mjbatch-wal", "spring.mjbatch-shm", "spring.results.csv"];
    let tasks = world.state()?;
    let Some(results) = Table::of_results(world) else { return Ok(()) };
    // Where nothing waits, and the results say of every task what the state says.
    let listed = || tasks.iter().filter(|task| task.is_listed);
    let is_done = listed().all(|task| task.state == "done") && results.count("done") == listed().count();
    let sorted = |mut motifs: Vec<u32>| {
        motifs.sort_unstable();
        motifs
    };
    let rows = sorted(world.sheet.listed().iter().map(|row| row.motif).collect());
    if !is_done || rows != sorted(listed().map(|task| task.motif).collect()) {
        return Ok(());
    }
    let kept = names.map(|name| std::fs::read(world.dir.path(name)).ok());
    for name in &names[..3] {
        let _ = std::fs::remove_file(world.dir.path(name));
    }
    world.note("the state is deleted");
    world.new_service(String::new(), rng.next());
    let jobs = world.jobs.len();
    let plan = RunPlan::plain();
    let words = plan.arguments(world);
    let refused = world.call(world.command(&words), &Disturbance::None)?;
    let taken = world.call(world.command(&words).args("--take-over"), &Disturbance::None)?;
    world.note(format!("{}\n{}", said(&refused), said(&taken)));
    let bought: Vec<u32> = world.jobs[jobs..].iter().filter_map(|job| motif_of(&job.prompt)).collect();
    let is_bought = |motif: &u32| tasks.iter().any(|task| task.is_listed && task.motif == *motif);
    if refused.code != Some(2) || bought.iter().any(is_bought) {
        return Err(format!("the state was deleted, and {bought:?} was bought again: {refused:?}"));
    }
    for (name, bytes) in names.iter().zip(kept) {
        let _ = std::fs::remove_file(world.dir.path(name));
        bytes.into_iter().for_each(|bytes| world.dir.write(name, bytes));
    }
    // What it bought, the state that was found again does not know.
    world.jobs.truncate(jobs);
    Ok(())
}

/// The state is backed up, and the backup put in its place.
fn restore_backup(world: &mut World) -> Result<(), String> {
    if !world.dir.path("spring.mjbatch").exists() {
        return Ok(());
    }
    let before = Before::of(world)?;
    world.note("the state is replaced by a backup");
    let words = format!("state backup {} --to backup.mjbatch", world.sheet.file());
    let ran = world.call(world.command(&words), &Disturbance::None)?;
    if ran.code != Some(0) {
        return Err(format!("no backup: {ran:?}"));
    }
    for name in ["spring.mjbatch-wal", "spring.mjbatch-shm"] {
        let _ = std::fs::remove_file(world.dir.path(name));
    }
    std::fs::rename(world.dir.path("backup.mjbatch"), world.dir.path("spring.mjbatch")).unwrap();
    requeued(world, &before, |_| false)
}
