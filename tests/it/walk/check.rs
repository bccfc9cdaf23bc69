//! What must hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::{Listed, motif_of};
use super::state::TaskRow;
use super::tables::Table;
use super::world::World;
use mjbatch::sandbox::LedgerOutcome;

/// How the world was before a step.
pub(super) struct Before {
    pub(super) tasks: Vec<TaskRow>,
    /// The refs of the results with a redo that was not carried out yet.
    pub(super) redos: BTreeSet<String>,
    jobs: usize,
    quota: u64,
}

impl Before {
    pub(super) fn of(world: &World) -> Result<Before, String> {
        let quota = world.jobs.iter().map(|job| job.quota).sum();
        let redos = Table::of_results(world).map(|table| table.redos()).unwrap_or_default();
        Ok(Before { tasks: world.state()?, redos, jobs: world.jobs.len(), quota })
    }
}

/// What a step may buy.
#[derive(Debug, Clone, Default)]
pub(super) struct Permit {
    /// The motifs.
    pub(super) motifs: BTreeSet<u32>,
    /// The most jobs.
    pub(super) most: Option<usize>,
    /// The most quota that all jobs may cost together.
    pub(super) budget: Option<u64>,
}

/// Checks everything after a step. Gives the tasks as they are now.
pub(super) fn check(world: &World, before: &Before, permit: &Permit) -> Result<Vec<TaskRow>, String> {
    let tasks = world.state()?;
    bought_as_permitted(world, before, permit)?;
    bought_as_often_as_asked(world)?;
    nothing_is_forgotten(before, &tasks)?;
    every_job_is_accounted_for(world, &tasks)?;
    Ok(tasks)
}

fn bought_as_permitted(world: &World, before: &Before, permit: &Permit) -> Result<(), String> {
    let new = &world.jobs[before.jobs..];
    for job in new {
        let motif = motif_of(&job.prompt).ok_or_else(|| format!("a foreign prompt: {}", job.prompt))?;
        if !permit.motifs.contains(&motif) {
            return Err(format!(
                "n{motif} was bought ({}), and this step may buy {:?}",
                job.task_id, permit.motifs
            ));
        }
    }
    if let Some(most) = permit.most.filter(|most| new.len() > *most) {
        return Err(format!("{} jobs were bought, and this step may buy {most}", new.len()));
    }
    let quota: u64 = world.jobs.iter().map(|job| job.quota).sum();
    match permit.budget {
        Some(budget) if quota > budget.max(before.quota) => {
            Err(format!("{quota} quota were spent of a budget of {budget}"))
        }
        _ => Ok(()),
    }
}

fn bought_as_often_as_asked(world: &World) -> Result<(), String> {
    for (motif, billed) in world.billed() {
        let asked = world.asked.of(motif);
        if billed > asked {
            let jobs = world.jobs.iter().filter(|job| motif_of(&job.prompt) == Some(motif));
            let jobs: Vec<&str> = jobs.map(|job| job.task_id.as_str()).collect();
            return Err(format!("n{motif} was billed {billed} times and asked for {asked} times: {jobs:?}"));
        }
    }
    Ok(())
}

/// No task and no attempt leaves the state, nor does a taskId.
fn nothing_is_forgotten(before: &Before, tasks: &[TaskRow]) -> Result<(), String> {
    for task in &before.tasks {
        let Some(now) = tasks.iter().find(|now| now.key == task.key) else {
            return Err(format!("task {} (`{}`) left the state", task.key, task.id));
        };
        if now.motif != task.motif {
            return Err(format!("task {} was n{} and is n{}", task.key, task.motif, now.motif));
        }
        for (n, attempt) in task.attempts.iter().enumerate() {
            let kept = now.attempts.get(n).and_then(|now| now.task_id.as_ref());
            if now.attempts.len() <= n || attempt.task_id.is_some() && kept != attempt.task_id.as_ref() {
                return Err(format!("task {} lost its attempt {attempt:?}: {now:?}", task.key));
            }
        }
    }
    Ok(())
}

/// Every billed job is an attempt of a task with its motif, or there is an attempt that may be it.
fn every_job_is_accounted_for(world: &World, tasks: &[TaskRow]) -> Result<(), String> {
    let mut known = BTreeMap::new();
    for task in tasks {
        for id in task.attempts.iter().filter_map(|attempt| attempt.task_id.as_deref()) {
            if let Some(other) = known.insert(id, task)
                && other.key != task.key
            {
                return Err(format!("{id} is a job of tasks {} and {}", other.key, task.key));
            }
        }
    }
    let mut unknown: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for job in &world.jobs {
        let motif = motif_of(&job.prompt).unwrap_or_default();
        match known.get(job.task_id.as_str()) {
            Some(task) if task.motif == motif => {}
            Some(task) => {
                return Err(format!("{} is of n{motif}, and in the state of {task:?}", job.task_id));
            }
            None => unknown.entry(motif).or_default().push(&job.task_id),
        }
    }
    for (motif, jobs) in unknown {
        let tasks = tasks.iter().filter(|task| task.motif == motif);
        let covers = tasks.flat_map(|task| &task.attempts).filter(|attempt| attempt.is_in_doubt()).count();
        if jobs.len() > covers {
            return Err(format!("of n{motif} the jobs {jobs:?} are paid for and not in the state"));
        }
    }
    Ok(())
}

/// The results that a run wrote: a row for each task that the manifest lists, and the newest images
/// that were paid for.
pub(super) fn check_results(
    world: &World,
    tasks: &[TaskRow],
    listed: Option<&Vec<Listed>>,
) -> Result<(), String> {
    let results = world.dir.results();
    // A run of a table lists what the state lists.
    let most = listed.map_or_else(|| tasks.iter().filter(|task| task.is_listed).count(), Vec::len);
    if results.rows.len() != most {
        return Err(format!("{} rows of results for {most} tasks", results.rows.len()));
    }
    for (row, task) in results.rows.iter().zip(listed.into_iter().flatten()) {
        let motif = motif_of(&row["prompt"]);
        if motif != Some(task.motif) || task.id.as_ref().is_some_and(|id| *id != row["id"]) {
            return Err(format!("{task:?} has this row of results: {row:?}"));
        }
    }
    for row in &results.rows {
        let motif = motif_of(&row["prompt"]);
        let mut of_motif = tasks.iter().filter(|other| Some(other.motif) == motif);
        let (Some(only), None) = (of_motif.next(), of_motif.next()) else { continue };
        if &row["status"] != "done" {
            // A task that was made once, and skipped when it was to be made again, has images.
            if row.images().is_empty() || &row["status"] == "skipped" {
                continue;
            }
            return Err(format!("images of what is not done: {row:?}"));
        }
        // A job that was seen to run may be done by now.
        let is_bad = |id: &str| {
            let job = world.jobs.iter().find(|job| job.task_id == id);
            job.is_none_or(|job| matches!(job.outcome, LedgerOutcome::Failed | LedgerOutcome::Lost))
        };
        let mut ids = only.attempts.iter().rev().filter_map(|attempt| attempt.task_id.as_deref());
        let newest = ids.find(|id| !is_bad(id));
        if newest != Some(&row["task_id"]) {
            return Err(format!("the newest images are those of {newest:?}, and the results have {row:?}"));
        }
        let images = row.images();
        if images.is_empty() || !images.iter().all(|url| url.contains(&row["task_id"])) {
            return Err(format!("these are not the images of its job: {row:?}"));
        }
    }
    Ok(())
}

/// At a service that says all it knows, no task is paid for again of which a lost attempt has images
/// by now.
pub(super) fn what_came_is_not_paid_again(
    world: &World,
    before: &Before,
    tasks: &[TaskRow],
) -> Result<(), String> {
    let is_made = |id: &String| {
        let job = world.jobs.iter().find(|job| job.task_id == *id);
        job.is_some_and(|job| job.outcome == LedgerOutcome::Done)
    };
    for was in &before.tasks {
        let lost = was.attempts.iter().filter(|attempt| attempt.outcome.as_deref() == Some("lost"));
        let has_images = was.state == "pending" && lost.filter_map(|lost| lost.task_id.as_ref()).any(is_made);
        let now = tasks.iter().find(|now| now.key == was.key);
        if has_images && now.is_some_and(|now| now.attempts.len() > was.attempts.len()) {
            return Err(format!("this had images, and was paid for again: {was:?}"));
        }
    }
    Ok(())
}
