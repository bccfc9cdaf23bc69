//! What a person should know while a run goes on: facts, each with one sentence, written here and nowhere else.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::wording::{ADDRESS, REASON, duration, many};
use crate::task::TaskId;
use crate::text::sanitize_line;

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Note,
    /// Something is not as it should be; the run copes.
    Warning,
    /// Something was not done that should have been.
    Error,
}

impl Level {
    /// The word before the sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Something that a person should know while the run goes on. What ends a run is a [`StopReason`](super::StopReason).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The service refused a job because of its limit, which taught how many it takes.
    SlotsLearned {
        /// How many jobs the run keeps at the service from now on.
        slots: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// Requests are held back for a while.
    BackingOff {
        /// For how long.
        wait: Duration,
        /// Why, as a phrase: `the service asked for a pause (429)`.
        why: String,
    },
    /// The service has not answered for a while.
    Unreachable {
        /// The time since its last answer.
        since: Duration,
        /// What the last try met.
        why: String,
    },
    /// The service answers again.
    Reachable {
        /// How long it did not.
        after: Duration,
    },
    /// The account is out of quota in the middle of a run.
    QuotaGone {
        /// How many jobs are still running.
        running: u64,
    },
    /// What is next would pass the budget.
    BudgetReached {
        /// How many tasks wait.
        left: u64,
        /// How many jobs are still running.
        running: u64,
    },
    /// Tasks will miss the deadline, even if all that may be is sent fast.
    WillBeLate {
        /// About how many.
        tasks: u64,
        /// The deadline, as a person would say it.
        deadline: String,
    },
    /// The deadline is over.
    DeadlineOver {
        /// How many tasks have not ended.
        left: u64,
    },
    /// The time for submitting is over.
    TimeOver {
        /// How many jobs are still running.
        running: u64,
        /// How long those are followed.
        drain: Duration,
    },
    /// Prompt after prompt was turned down, and the account is at risk.
    Breaker {
        /// How many in a row.
        in_a_row: u64,
        /// How many jobs are still running.
        running: u64,
    },
    /// The run was asked to stop for the first time: it follows what runs.
    Stopping {
        /// How many jobs are still running.
        running: u64,
    },
    /// An earlier run died between the intent to submit and the record of the reply.
    CutOff {
        /// How many tasks are unknown because of it.
        tasks: u64,
    },
    /// Callbacks of the service are received.
    Listening {
        /// The local address.
        address: String,
        /// The address that the service is given, without any token.
        url: String,
    },
    /// Callbacks may still tell what became of submits whose reply an earlier run lost.
    Awaiting {
        /// How many submits.
        submits: u64,
        /// How long the run waits for that.
        at_most: Duration,
    },
    /// The state cannot be written, so nothing more is submitted.
    StateNotWritten {
        /// Why.
        why: String,
    },
    /// A change could not be written to the state.
    NotRecorded {
        /// The task.
        id: TaskId,
        /// What was to be recorded, in words: `accepted as MtAd7mCuc4YqK_a1iAQSW`.
        what: String,
        /// Why.
        why: String,
    },
    /// The results could not be written now.
    ResultsNotWritten {
        /// Why, with the path, as the output's error says it.
        why: String,
    },
    /// What became of the pictures that were to become files.
    Pictures {
        /// How many were brought in this run.
        brought: u64,
        /// How many could not be.
        failed: u64,
        /// Where they are.
        folder: PathBuf,
        /// The first that could not be: its task, its number, and why.
        first_failed: Option<(TaskId, u32, String)>,
    },
    /// It could not be read which pictures of earlier runs are still to be brought.
    PicturesNotLookedUp {
        /// Why.
        why: String,
    },
    /// What became of what was to be told to `on_done` and `on_finish`.
    FollowUp {
        /// How much was told in this run.
        told: u64,
        /// How much could not be, or was left to the next run.
        left: u64,
        /// The first that could not be: its task, if it is about one, and why.
        first_failed: Option<(Option<TaskId>, String)>,
    },
    /// Nothing is told in this run.
    NothingTold {
        /// Why, and what to do about it, as a phrase.
        why: String,
    },
    /// It could not be read what is to be told.
    FollowUpNotLookedUp {
        /// Why.
        why: String,
    },
    /// Something about a file of results that a person should know: what does not fit into it, say.
    OfResults {
        /// The file.
        path: PathBuf,
        /// One sentence.
        what: String,
    },
    /// The results were written to another file, because the one asked for could not be replaced.
    ResultsBeside {
        /// The file they are in.
        path: PathBuf,
        /// Why, with the path, as the output's error says it.
        why: String,
    },
}

impl Notice {
    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Notice::SlotsLearned { .. }
            | Notice::Reachable { .. }
            | Notice::BudgetReached { .. }
            | Notice::TimeOver { .. }
            | Notice::Stopping { .. }
            | Notice::Pictures { failed: 0, .. }
            | Notice::FollowUp { left: 0, .. }
            | Notice::NothingTold { .. }
            | Notice::Awaiting { .. }
            | Notice::Listening { .. } => Level::Note,
            Notice::BackingOff { .. }
            | Notice::Unreachable { .. }
            | Notice::QuotaGone { .. }
            | Notice::Breaker { .. }
            | Notice::WillBeLate { .. }
            | Notice::DeadlineOver { .. }
            | Notice::CutOff { .. }
            | Notice::Pictures { .. }
            | Notice::PicturesNotLookedUp { .. }
            | Notice::FollowUp { .. }
            | Notice::FollowUpNotLookedUp { .. }
            | Notice::OfResults { .. }
            | Notice::ResultsBeside { .. } => Level::Warning,
            Notice::StateNotWritten { .. }
            | Notice::NotRecorded { .. }
            | Notice::ResultsNotWritten { .. } => Level::Error,
        }
    }
}

impl Notice {
    /// Why nothing more is submitted.
    fn nothing_more(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::QuotaGone { running } => {
                write!(f, "the account is out of quota: nothing more is submitted{}", followed(*running))
            }
            Notice::BudgetReached { left, running } => {
                let (left, followed) = (many(*left, "task"), followed(*running));
                write!(f, "the budget is reached with {left} left: nothing more is submitted{followed}")
            }
            Notice::TimeOver { running: 0, .. } => {
                f.write_str("the time for submitting is over: nothing more is submitted")
            }
            Notice::TimeOver { running, drain } => write!(
                f,
                "the time for submitting is over: nothing more is submitted; {} running at the service {} followed for {} at most",
                many(*running, "job"),
                if *running == 1 { "is" } else { "are" },
                duration(*drain)
            ),
            Notice::Breaker { in_a_row, running } => write!(
                f,
                "{in_a_row} prompts in a row were turned down: nothing more is submitted{}",
                followed(*running)
            ),
            Notice::Stopping { running } => {
                write!(f, "stopping: nothing more is submitted{}", followed(*running))?;
                if *running > 0 { f.write_str("; stop again to leave at once") } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

/// One sentence, harmless to a terminal.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::SlotsLearned { slots, asked } => {
                write!(f, "the service takes {} at once, not {asked}", many(*slots as u64, "job"))
            }
            Notice::BackingOff { wait, why } => {
                write!(f, "waiting {}: {}", duration(*wait), sanitize_line(why, REASON))
            }
            Notice::Unreachable { since, why } => write!(
                f,
                "no answer from the service for {} ({}); still trying",
                duration(*since),
                sanitize_line(why, REASON)
            ),
            Notice::Reachable { after } => {
                write!(f, "the service answers again, after {}", duration(*after))
            }
            Notice::WillBeLate { tasks, deadline } => write!(
                f,
                "about {} will not be done by {}, even if all that may be is sent fast",
                many(*tasks, "task"),
                sanitize_line(deadline, ADDRESS)
            ),
            Notice::DeadlineOver { left } => {
                write!(f, "the deadline is over with {} not done", many(*left, "task"))
            }
            Notice::QuotaGone { .. }
            | Notice::BudgetReached { .. }
            | Notice::TimeOver { .. }
            | Notice::Breaker { .. }
            | Notice::Stopping { .. } => self.nothing_more(f),
            Notice::CutOff { tasks } => write!(
                f,
                "an earlier run ended before the reply to {} was recorded: unknown whether billed, so not sent again",
                many(*tasks, "submit")
            ),
            Notice::Listening { address, url } => write!(
                f,
                "webhooks are received on {} and called at {}",
                sanitize_line(address, ADDRESS),
                sanitize_line(url, ADDRESS)
            ),
            Notice::Awaiting { submits, at_most } => write!(
                f,
                "a callback may still tell what became of {} of an earlier run, within {}",
                many(*submits, "submit"),
                duration(*at_most)
            ),
            Notice::StateNotWritten { why } => {
                write!(
                    f,
                    "the state cannot be written ({}): nothing more is submitted",
                    sanitize_line(why, REASON)
                )
            }
            Notice::NotRecorded { id, what, why } => write!(
                f,
                "the state cannot be written ({}); `{}` is not recorded as {}: keep this line",
                sanitize_line(why, REASON),
                sanitize_line(&id.0, ADDRESS),
                sanitize_line(what, ADDRESS)
            ),
            Notice::FollowUp { .. } | Notice::NothingTold { .. } | Notice::FollowUpNotLookedUp { .. } => {
                self.about_others(f)
            }
            Notice::Pictures { .. }
            | Notice::PicturesNotLookedUp { .. }
            | Notice::ResultsNotWritten { .. }
            | Notice::OfResults { .. }
            | Notice::ResultsBeside { .. } => self.about_files(f),
        }
    }
}

impl Notice {
    /// What is said of the files that a run leaves behind.
    fn about_files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Pictures { brought, failed, folder, first_failed: first } => {
                pictures(f, (*brought, *failed), folder, first.as_ref())
            }
            Notice::PicturesNotLookedUp { why } => {
                write!(f, "pictures of earlier runs are not looked up ({})", sanitize_line(why, REASON))
            }
            Notice::ResultsNotWritten { why } => f.write_str(&sanitize_line(why, 4 * REASON)),
            Notice::OfResults { path, what } => {
                write!(
                    f,
                    "{}: {}",
                    sanitize_line(&path.to_string_lossy(), ADDRESS),
                    sanitize_line(what, 4 * REASON)
                )
            }
            Notice::ResultsBeside { path, why } => write!(
                f,
                "the results are in `{}` instead: {}",
                sanitize_line(&path.to_string_lossy(), ADDRESS),
                sanitize_line(why, 4 * REASON)
            ),
            _ => Ok(()),
        }
    }
}

impl Notice {
    /// What is said of who is told.
    fn about_others(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::FollowUp { told, left, first_failed } => {
                follow_up(f, (*told, *left), first_failed.as_ref())
            }
            Notice::NothingTold { why } => f.write_str(&sanitize_line(why, 2 * REASON)),
            Notice::FollowUpNotLookedUp { why } => {
                write!(f, "what is to be told is not looked up ({})", sanitize_line(why, REASON))
            }
            _ => Ok(()),
        }
    }
}

fn pictures(
    f: &mut fmt::Formatter<'_>,
    (brought, failed): (u64, u64),
    folder: &Path,
    first_failed: Option<&(TaskId, u32, String)>,
) -> fmt::Result {
    let files = many(brought, "picture");
    write!(f, "{files} brought to `{}`", sanitize_line(&folder.to_string_lossy(), ADDRESS))?;
    let Some((id, n, why)) = first_failed else { return Ok(()) };
    let (id, why) = (sanitize_line(&id.0, ADDRESS), sanitize_line(why, 2 * REASON));
    write!(f, ", {failed} not: the first is number {n} of `{id}` ({why}); ")?;
    f.write_str("the tasks are done, and `mjbatch download` tries again")
}

fn follow_up(
    f: &mut fmt::Formatter<'_>,
    (told, left): (u64, u64),
    first_failed: Option<&(Option<TaskId>, String)>,
) -> fmt::Result {
    write!(f, "follow-up: {told} told")?;
    if left == 0 {
        return Ok(());
    }
    write!(f, ", {left} not")?;
    if let Some((id, why)) = first_failed {
        let (about, why) = (about(id.as_ref()), sanitize_line(why, 2 * REASON));
        write!(f, ": the first is {about} ({why})")?;
    }
    f.write_str("; the next run tries again")
}

fn about(id: Option<&TaskId>) -> String {
    id.map_or_else(|| "the end of a run".to_owned(), |id| format!("`{}`", sanitize_line(&id.0, ADDRESS)))
}

/// What becomes of the jobs that run while nothing more is submitted.
fn followed(running: u64) -> String {
    match running {
        0 => String::new(),
        1 => "; 1 job running at the service is not cancelled but followed to its end".to_owned(),
        n => format!("; {n} jobs running at the service are not cancelled but followed to their end"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wording;
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
            Notice::CutOff { tasks: 3 },
            Notice::Listening {
                address: "127.0.0.1:9000".into(),
                url: "https://hooks.example.com/mj".into(),
            },
            Notice::Pictures { brought: 8, failed: 0, folder: "out".into(), first_failed: None },
            Notice::Pictures {
                brought: 1,
                failed: 3,
                folder: "out".into(),
                first_failed: Some((TaskId("mug".into()), 2, "the link is gone (HTTP 404)".into())),
            },
            Notice::PicturesNotLookedUp { why: "disk I/O error".into() },
            Notice::FollowUp { told: 1, left: 0, first_failed: None },
            Notice::FollowUp {
                told: 57,
                left: 3,
                first_failed: Some((Some(TaskId("mug".into())), "HTTP 500: \u{1b}[2Jno".into())),
            },
            Notice::FollowUp { told: 0, left: 1, first_failed: Some((None, "HTTP 404".into())) },
            Notice::NothingTold { why: "`on_done` is not called in a rehearsal; `--hooks` calls it".into() },
            Notice::FollowUpNotLookedUp { why: "disk I/O error".into() },
            Notice::Awaiting { submits: 2, at_most: s(400) },
            Notice::ResultsNotWritten { why: "`r.csv` cannot be replaced".into() },
            Notice::OfResults { path: "r.xlsx".into(), what: "1 longer text is cut".into() },
            Notice::ResultsBeside { path: "r.new.csv".into(), why: "`r.csv` cannot be replaced".into() },
        ];
        let said: Vec<_> = notices.iter().map(wording::notice).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        note: the service takes 7 jobs at once, not 10
        note: the service takes 1 job at once, not 10
        warning: waiting 30 s: the service asked for a pause (429)
        warning: no answer from the service for 2 min 5 s (connection refused); still trying
        note: the service answers again, after 3 min
        warning: the account is out of quota: nothing more is submitted; 7 jobs running at the service are not cancelled but followed to their end
        note: the budget is reached with 3 tasks left: nothing more is submitted; 2 jobs running at the service are not cancelled but followed to their end
        warning: about 12 tasks will not be done by 08:00, even if all that may be is sent fast
        warning: the deadline is over with 1 task not done
        note: the time for submitting is over: nothing more is submitted; 1 job running at the service is followed for 15 min at most
        note: the time for submitting is over: nothing more is submitted; 10 jobs running at the service are followed for 1 min 30 s at most
        note: the time for submitting is over: nothing more is submitted
        warning: 5 prompts in a row were turned down: nothing more is submitted
        note: stopping: nothing more is submitted; 1 job running at the service is not cancelled but followed to its end; stop again to leave at once
        note: stopping: nothing more is submitted
        warning: an earlier run ended before the reply to 3 submits was recorded: unknown whether billed, so not sent again
        note: webhooks are received on 127.0.0.1:9000 and called at https://hooks.example.com/mj
        note: 8 pictures brought to `out`
        warning: 1 picture brought to `out`, 3 not: the first is number 2 of `mug` (the link is gone (HTTP 404)); the tasks are done, and `mjbatch download` tries again
        warning: pictures of earlier runs are not looked up (disk I/O error)
        note: follow-up: 1 told
        warning: follow-up: 57 told, 3 not: the first is `mug` (HTTP 500: �[2Jno); the next run tries again
        warning: follow-up: 0 told, 1 not: the first is the end of a run (HTTP 404); the next run tries again
        note: `on_done` is not called in a rehearsal; `--hooks` calls it
        warning: what is to be told is not looked up (disk I/O error)
        note: a callback may still tell what became of 2 submits of an earlier run, within 6 min 40 s
        error: `r.csv` cannot be replaced
        warning: r.xlsx: 1 longer text is cut
        warning: the results are in `r.new.csv` instead: `r.csv` cannot be replaced
        ");
    }
}
