//! The sentence of each notice: what happened, whether anything more is submitted, and what to do.
//!
//! Text from outside (reasons, ids, paths) is made safe for a terminal and cropped.

use std::fmt;
use std::path::Path;

use super::super::wording::{LOCATION, REASON, counted, duration};
use super::Notice;
use crate::task::TaskId;
use crate::text::{sanitize, sanitize_line};

/// Writes one sentence, safe for a terminal, without a period.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::SlotsLearned { slots, asked } => {
                write!(f, "the service takes {} at once, not {asked}", counted(*slots as u64, "job"))
            }
            Notice::BackingOff { wait, why } => {
                write!(f, "waiting {}: {}", duration(*wait), sanitize_line(why, REASON))
            }
            Notice::Unreachable { since, why } => {
                let (since, why) = (duration(*since), sanitize_line(why, REASON));
                write!(f, "no answer from the service for {since} ({why}); still trying")
            }
            Notice::Reachable { after } => {
                write!(f, "the service answers again, after {}", duration(*after))
            }
            Notice::WillBeLate { .. }
            | Notice::DeadlineOver { .. }
            | Notice::QuotaGone { .. }
            | Notice::BudgetReached { .. }
            | Notice::TimeOver { .. }
            | Notice::Breaker { .. }
            | Notice::Stopping { .. } => self.about_limits(f),
            Notice::SubmitsInterrupted { tasks } => {
                let submits = counted(*tasks, "submit");
                write!(f, "an earlier run ended before it recorded the reply to {submits}: ")?;
                f.write_str("unknown whether billed, so not sent again")
            }
            Notice::LateImages { id } => {
                let id = sanitize_line(&id.0, LOCATION);
                write!(f, "{id}: the images of an earlier attempt have come; taken, and not paid for again")
            }
            Notice::Listening { address, url } => {
                let (address, url) = (sanitize_line(address, LOCATION), sanitize_line(url, LOCATION));
                write!(f, "listening for callbacks on {address}; the service calls {url}")
            }
            Notice::AwaitingCallbacks { submits, at_most } => {
                let (submits, at_most) = (counted(*submits, "submit"), duration(*at_most));
                write!(f, "waiting up to {at_most} for callbacks about {submits} of an earlier run")
            }
            Notice::StateGone { .. }
            | Notice::StateNotWritten { .. }
            | Notice::NotRecorded { .. }
            | Notice::DownloadsNotLoaded { .. }
            | Notice::DeliveriesNotLoaded { .. } => self.about_the_state(f),
            Notice::Downloads { downloaded, failed, folder, first_failed } => {
                downloads(f, (*downloaded, *failed), folder, first_failed.as_ref())
            }
            Notice::Deliveries { delivered, pending, first_failed } => {
                deliveries(f, (*delivered, *pending), first_failed.as_ref())
            }
            Notice::HooksDisabled { why } => f.write_str(&sanitize_line(why, 2 * REASON)),
            Notice::ResultsNotWritten { why } => f.write_str(&sanitize_line(why, 4 * REASON)),
            Notice::ResultsLimited { path, what } => {
                write!(f, "{}: {}", shown_path(path), sanitize_line(what, 4 * REASON))
            }
            Notice::ResultsMoved { path, why } => {
                let (path, why) = (shown_path(path), sanitize_line(why, 4 * REASON));
                write!(f, "the results were written to `{path}` instead: {why}")
            }
        }
    }
}

impl Notice {
    /// Writes which limit is reached, and what it means for the tasks that are left and the jobs
    /// that run.
    fn about_limits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::WillBeLate { tasks, deadline } => {
                let (tasks, deadline) = (counted(*tasks, "task"), sanitize_line(deadline, LOCATION));
                write!(
                    f,
                    "about {tasks} will not be done by {deadline}, even if every `auto` task is sent fast"
                )
            }
            Notice::DeadlineOver { left } => {
                write!(f, "the deadline has passed with {} not done", counted(*left, "task"))
            }
            Notice::QuotaGone { running } => {
                write!(f, "the account is out of quota: nothing more is submitted{}", waiting_for(*running))
            }
            Notice::BudgetReached { left, running } => {
                let (left, waiting) = (counted(*left, "task"), waiting_for(*running));
                write!(f, "the budget is reached with {left} left: nothing more is submitted{waiting}")
            }
            Notice::TimeOver { running, drain } => {
                f.write_str("the time limit for submitting has passed: nothing more is submitted")?;
                if *running == 0 {
                    return Ok(());
                }
                write!(f, "; waiting at most {} for {}", duration(*drain), running_jobs(*running))
            }
            Notice::Breaker { in_a_row, running } => {
                let waiting = waiting_for(*running);
                write!(f, "{in_a_row} prompts in a row were rejected: nothing more is submitted{waiting}")
            }
            Notice::Stopping { running } => {
                write!(f, "stopping: nothing more is submitted{}", waiting_for(*running))?;
                if *running > 0 { f.write_str("; stop again to exit at once") } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Writes what could not be read from the state or written to it.
    fn about_the_state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::StateNotWritten { why } => {
                write!(
                    f,
                    "the state cannot be written ({}): nothing more is submitted",
                    sanitize_line(why, REASON)
                )
            }
            Notice::StateGone { file, tasks, first } => {
                f.write_str(
                    "the state was deleted or replaced while the run went on: nothing more is submitted; ",
                )?;
                match file {
                    Ok(path) => write!(
                        f,
                        "the {tasks} taskIds that are known are in {}",
                        sanitize(&path.display().to_string())
                    )?,
                    Err(why) => write!(
                        f,
                        "{tasks} taskIds are known and could not be saved ({}): keep these lines",
                        sanitize_line(why, REASON)
                    )?,
                }
                first.iter().try_for_each(|(id, task_id)| {
                    let (id, task_id) = (sanitize_line(&id.0, LOCATION), sanitize_line(task_id, LOCATION));
                    write!(f, "\n  {id} {task_id}")
                })?;
                match tasks.saturating_sub(first.len() as u64) {
                    0 => Ok(()),
                    more => write!(f, "\n  and {more} more"),
                }
            }
            Notice::NotRecorded { id, what, why } => {
                let (id, what) = (sanitize_line(&id.0, LOCATION), sanitize_line(what, LOCATION));
                let why = sanitize_line(why, REASON);
                write!(
                    f,
                    "the state cannot be written ({why}); `{id}` is not recorded as {what}: keep this line"
                )
            }
            Notice::DownloadsNotLoaded { why } => {
                write!(f, "cannot load pending downloads: {}", sanitize_line(why, REASON))
            }
            Notice::DeliveriesNotLoaded { why } => {
                write!(f, "cannot load pending deliveries: {}", sanitize_line(why, REASON))
            }
            _ => Ok(()),
        }
    }
}

fn downloads(
    f: &mut fmt::Formatter<'_>,
    (downloaded, failed): (u64, u64),
    folder: &Path,
    first_failed: Option<&(TaskId, u32, String)>,
) -> fmt::Result {
    write!(f, "{} downloaded to `{}`", counted(downloaded, "image"), shown_path(folder))?;
    let Some((id, n, why)) = first_failed else { return Ok(()) };
    let image = if *n == 0 { "the grid".to_owned() } else { format!("image {n}") };
    let (id, why) = (sanitize_line(&id.0, LOCATION), sanitize_line(why, 2 * REASON));
    write!(f, ", {failed} failed; the first is {image} of `{id}` ({why}); ")?;
    f.write_str("the tasks are done, and `mjbatch download` tries again")
}

fn deliveries(
    f: &mut fmt::Formatter<'_>,
    (delivered, pending): (u64, u64),
    first_failed: Option<&(Option<TaskId>, String)>,
) -> fmt::Result {
    write!(f, "hooks: {delivered} delivered")?;
    if pending == 0 {
        return Ok(());
    }
    write!(f, ", {pending} not delivered")?;
    if let Some((id, why)) = first_failed {
        let hook = id.as_ref().map_or_else(
            || "`on_finish`".to_owned(),
            |id| format!("task `{}`", sanitize_line(&id.0, LOCATION)),
        );
        write!(f, "; the first is {hook} ({})", sanitize_line(why, 2 * REASON))?;
    }
    f.write_str("; the next run tries again")
}

fn shown_path(path: &Path) -> String {
    sanitize_line(&path.to_string_lossy(), LOCATION)
}

/// What happens to the running jobs when nothing more is submitted; empty where there are none.
fn waiting_for(running: u64) -> String {
    match running {
        0 => String::new(),
        1 => "; waiting for 1 running job, which is not cancelled".to_owned(),
        n => format!("; waiting for {n} running jobs, which are not cancelled"),
    }
}

fn running_jobs(n: u64) -> String {
    counted(n, "running job")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_notice_is_one_short_sentence() {
        let s = Duration::from_secs;
        let notices = [
            Notice::SlotsLearned { slots: 7, asked: 10 },
            Notice::SlotsLearned { slots: 1, asked: 10 },
            Notice::BackingOff { wait: s(30), why: "the service asked for a pause (429)".into() },
            Notice::Unreachable { since: s(125), why: "connection refused".into() },
            Notice::Reachable { after: s(180) },
            Notice::QuotaGone { running: 7 },
            Notice::BudgetReached { left: 3, running: 2 },
            Notice::WillBeLate { tasks: 12, deadline: "08:00".into() },
            Notice::DeadlineOver { left: 1 },
            Notice::TimeOver { running: 1, drain: s(900) },
            Notice::TimeOver { running: 10, drain: s(90) },
            Notice::TimeOver { running: 0, drain: s(900) },
            Notice::Breaker { in_a_row: 5, running: 0 },
            Notice::Stopping { running: 1 },
            Notice::Stopping { running: 0 },
            Notice::SubmitsInterrupted { tasks: 3 },
            Notice::Listening {
                address: "127.0.0.1:9000".into(),
                url: "https://hooks.example.com/mj".into(),
            },
            Notice::Downloads { downloaded: 8, failed: 0, folder: "out".into(), first_failed: None },
            Notice::Downloads {
                downloaded: 1,
                failed: 3,
                folder: "out".into(),
                first_failed: Some((TaskId("mug".into()), 2, "the link is gone (HTTP 404)".into())),
            },
            Notice::DownloadsNotLoaded { why: "disk I/O error".into() },
            Notice::Deliveries { delivered: 1, pending: 0, first_failed: None },
            Notice::Deliveries {
                delivered: 57,
                pending: 3,
                first_failed: Some((Some(TaskId("mug".into())), "HTTP 500: \u{1b}[2Jno".into())),
            },
            Notice::Deliveries { delivered: 0, pending: 1, first_failed: Some((None, "HTTP 404".into())) },
            Notice::HooksDisabled { why: "hooks are disabled with --sandbox".into() },
            Notice::DeliveriesNotLoaded { why: "disk I/O error".into() },
            Notice::AwaitingCallbacks { submits: 2, at_most: s(400) },
            Notice::ResultsNotWritten { why: "`r.csv` cannot be replaced".into() },
            Notice::ResultsLimited { path: "r.xlsx".into(), what: "1 longer text is cut".into() },
            Notice::ResultsMoved { path: "r.new.csv".into(), why: "`r.csv` cannot be replaced".into() },
        ];
        let lines: Vec<_> = notices.iter().map(Notice::with_level).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        note: the service takes 7 jobs at once, not 10
        note: the service takes 1 job at once, not 10
        warning: waiting 30 s: the service asked for a pause (429)
        warning: no answer from the service for 2 min 5 s (connection refused); still trying
        note: the service answers again, after 3 min
        warning: the account is out of quota: nothing more is submitted; waiting for 7 running jobs, which are not cancelled
        note: the budget is reached with 3 tasks left: nothing more is submitted; waiting for 2 running jobs, which are not cancelled
        warning: about 12 tasks will not be done by 08:00, even if every `auto` task is sent fast
        warning: the deadline has passed with 1 task not done
        note: the time limit for submitting has passed: nothing more is submitted; waiting at most 15 min for 1 running job
        note: the time limit for submitting has passed: nothing more is submitted; waiting at most 1 min 30 s for 10 running jobs
        note: the time limit for submitting has passed: nothing more is submitted
        warning: 5 prompts in a row were rejected: nothing more is submitted
        note: stopping: nothing more is submitted; waiting for 1 running job, which is not cancelled; stop again to exit at once
        note: stopping: nothing more is submitted
        warning: an earlier run ended before it recorded the reply to 3 submits: unknown whether billed, so not sent again
        note: listening for callbacks on 127.0.0.1:9000; the service calls https://hooks.example.com/mj
        note: 8 images downloaded to `out`
        warning: 1 image downloaded to `out`, 3 failed; the first is image 2 of `mug` (the link is gone (HTTP 404)); the tasks are done, and `mjbatch download` tries again
        warning: cannot load pending downloads: disk I/O error
        note: hooks: 1 delivered
        warning: hooks: 57 delivered, 3 not delivered; the first is task `mug` (HTTP 500: �[2Jno); the next run tries again
        warning: hooks: 0 delivered, 1 not delivered; the first is `on_finish` (HTTP 404); the next run tries again
        note: hooks are disabled with --sandbox
        warning: cannot load pending deliveries: disk I/O error
        note: waiting up to 6 min 40 s for callbacks about 2 submits of an earlier run
        error: `r.csv` cannot be replaced
        warning: r.xlsx: 1 longer text is cut
        warning: the results were written to `r.new.csv` instead: `r.csv` cannot be replaced
        ");
    }
}
