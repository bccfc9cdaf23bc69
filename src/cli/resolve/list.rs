//! Lists the tasks whose outcome is unknown, in words and as JSON, with the ways to resolve them.

use std::io::{self, Write};

use serde_json::json;

use super::super::args::ResolveArgs;
use super::super::paste;
use super::{NAME, tasks};
use crate::store::{Header, InDoubt};
use crate::task::{Counts, Quota, Status, TaskId};
use crate::text::{escape_json, sanitize, sanitize_line};

/// The most characters of a prompt and a reason on a line.
const PROMPT: usize = 100;
const REASON: usize = 160;

/// The unknown tasks to show.
pub(super) struct InDoubtList<'a> {
    pub(super) args: &'a ResolveArgs,
    pub(super) state: String,
    pub(super) header: &'a Header,
    pub(super) holder: Option<&'a str>,
    pub(super) counts: &'a Counts,
}

impl InDoubtList<'_> {
    pub(super) fn text(&self, doubts: impl Iterator<Item = InDoubt>, out: &mut impl Write) -> io::Result<()> {
        let unknown = self.counts.of(Status::Unknown);
        let batch = sanitize_line(&self.header.batch, NAME);
        if unknown == 0 {
            return writeln!(out, "{batch}: nothing is unknown");
        }
        writeln!(out, "{batch}: {unknown} of {} unknown", tasks(self.counts.total()))?;
        let mut first = None;
        for doubt in doubts {
            let at = doubt.submitted_at.map_or_else(|| "at an unknown time".to_owned(), moment);
            let price = doubt.quota.map_or_else(|| "no price given".to_owned(), |q| format!("{q} quota"));
            writeln!(out, "  {}  submitted {at}, {}, {price}", sanitize_line(&doubt.id.0, NAME), doubt.mode)?;
            writeln!(out, "    {}", sanitize_line(&doubt.prompt, PROMPT))?;
            if let Some(reason) = &doubt.reason {
                writeln!(out, "    {}", sanitize_line(reason, REASON))?;
            }
            first.get_or_insert(doubt.id);
        }
        let Some(first) = first else { return writeln!(out, "none of them is selected") };
        if let Some(holder) = self.holder {
            writeln!(out, "a run goes on ({}); resolve them when it has ended", sanitize_line(holder, 200))?;
        }
        self.ways(&first, out)
    }

    /// Writes the ways to resolve a task, and what each means.
    fn ways(&self, task: &TaskId, out: &mut impl Write) -> io::Result<()> {
        let way = |words: &[&str]| {
            let words = [&["--task", &task.0], words].concat();
            sanitize(&paste::command_for("resolve", &self.args.manifest, &self.args.batch, &words))
        };
        writeln!(
            out,
            "The reply to each of these submits was lost: the job may exist and be billed, and counts as spent.
It is never submitted again by itself. Look for it in your account, by its time and its prompt.
  If it is there: the next run follows it, and nothing is paid again.
    {}
  If it is not there, or you would rather risk paying twice: the next run makes a new paid attempt.
    {}
  If you no longer want it: it is never submitted again, and still counts as spent.
    {}
For some tasks use `--only NAME=VALUE`, as in `--only id=hero/*`, for all of them `--all`.",
            way(&["--found", "TASKID"]),
            way(&["--resend"]),
            way(&["--give-up"]),
        )
    }

    pub(super) fn json(&self, doubts: impl Iterator<Item = InDoubt>, out: &mut impl Write) -> io::Result<()> {
        let head = json!({
            "batch": self.header.batch,
            "state": self.state,
            "service": self.header.service,
            "running_now": self.holder,
            "total": self.counts.total(),
            "unknown": self.counts.of(Status::Unknown),
        })
        .to_string();
        // The tasks are written one by one, because there may be many.
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

/// Formats a time to the second, as an account shows it.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn quota(amount: Quota) -> f64 {
    amount.0 as f64 / 1000.0
}
