//! How a run ended: the facts, and the short block that a person reads last.
//!
//! It says what was done, what failed and why, what is uncertain and what that means, what it cost, where the results are,
//! and the next command where something is left. It never claims that a running job was cancelled.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::stop::StopReason;
use super::wording::{NAME, REASON, counts_line, duration, many};
use crate::task::{Counts, Quota, Status, TaskId};
use crate::text::{sanitize, sanitize_line};

/// The facts about a run that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The batch's name.
    pub batch: String,
    /// Its tasks by status, those of earlier runs included.
    pub counts: Counts,
    /// How long this run took.
    pub took: Duration,
    /// Why it ended.
    pub stop: StopReason,
    /// The tasks that ended badly, those of earlier runs included.
    pub troubles: Troubles,
    /// What was spent, where prices are configured.
    pub cost: Option<Cost>,
    /// Jobs that were still running at the service when the run left. They are not cancelled.
    pub left_running: u64,
    /// Where the results are, where they were written.
    pub results: Vec<PathBuf>,
    /// Where the state is, for people.
    pub state: String,
    /// Something about the results that a person would want to know, as one sentence.
    pub hint: Option<String>,
    /// The command with which a person settles what is unknown, ready to be pasted, where something is.
    pub resolve: Option<String>,
    /// The command to go on with, ready to be pasted, where something is left.
    pub next: Option<String>,
}

/// What was spent by the configured prices. A submit whose outcome is unknown counts as spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// In this run.
    pub run: Quota,
    /// In all runs of the batch.
    pub batch: Quota,
}

/// Tasks that ended badly, grouped by status and reason, in bounded memory however many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Troubles {
    groups: HashMap<(Status, String), Group>,
    /// Tasks whose reason is one too many to have a group.
    ungrouped: u64,
    noted: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    count: u64,
    example: TaskId,
    /// The how manieth task opened the group, to list equals in order.
    first: u64,
}

/// Some tasks that ended badly in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// `failed`, `unknown` or `lost`.
    pub status: Status,
    /// Why, harmless to a terminal and cropped; empty where no reason was given.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub example: TaskId,
}

impl Troubles {
    const MOST_GROUPS: usize = 500;

    /// Takes note of a task. One that did not end badly is passed over.
    pub fn note(&mut self, id: &TaskId, status: Status, reason: Option<&str>) {
        if !matches!(status, Status::Failed | Status::Unknown | Status::Lost) {
            return;
        }
        self.noted += 1;
        let key = (status, sanitize_line(reason.unwrap_or_default(), REASON));
        if let Some(group) = self.groups.get_mut(&key) {
            group.count += 1;
        } else if self.groups.len() < Self::MOST_GROUPS {
            self.groups.insert(key, Group { count: 1, example: id.clone(), first: self.noted });
        } else {
            self.ungrouped += 1;
        }
    }

    /// The groups of a status, the largest first.
    pub fn of(&self, status: Status) -> Vec<Trouble> {
        let mut groups: Vec<_> = self.groups.iter().filter(|((of, _), _)| *of == status).collect();
        groups.sort_by_key(|(_, group)| (std::cmp::Reverse(group.count), group.first));
        groups
            .into_iter()
            .map(|((status, reason), group)| Trouble {
                status: *status,
                reason: reason.clone(),
                count: group.count,
                example: group.example.clone(),
            })
            .collect()
    }

    /// How many tasks are in none of the groups, because there are too many reasons.
    pub fn ungrouped(&self) -> u64 {
        self.ungrouped
    }
}

/// The block that a person reads last; every line of it ends with a line break.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = many(self.counts.total(), "task");
        let took = duration(self.took);
        write!(f, "{}: {tasks}", sanitize_line(&self.batch, NAME))?;
        match &self.stop {
            StopReason::NothingToDo => writeln!(f, ", nothing to do")?,
            _ if self.is_whole() => writeln!(f, " in {took}")?,
            _ => writeln!(f, ", stopped after {took}")?,
        }
        if self.counts.total() > 0 {
            writeln!(f, "  {}", counts_line(&self.counts))?;
        }
        if !self.is_whole() {
            writeln!(f, "  stopped: {}", self.stop)?;
        }
        self.troubles(f)?;
        if self.left_running > 0 {
            writeln!(
                f,
                "  still running at the service, not cancelled: {}; the next run follows up",
                many(self.left_running, "job")
            )?;
        }
        // What is unknown counts as spent.
        let at_most = if self.counts.of(Status::Unknown) > 0 { "at most " } else { "" };
        match self.cost {
            Some(cost) if cost.run == cost.batch => writeln!(f, "  cost: {at_most}{} quota", cost.batch)?,
            Some(cost) => {
                writeln!(f, "  cost: {at_most}{} quota in this run, {} quota in all", cost.run, cost.batch)?;
            }
            None => {}
        }
        for results in &self.results {
            writeln!(f, "  results: {}", sanitize(&results.to_string_lossy()))?;
        }
        if let Some(hint) = self.hint.as_ref().filter(|_| self.counts.of(Status::Done) > 0) {
            writeln!(f, "  {}", sanitize(hint))?;
        }
        if let Some(next) = &self.next {
            writeln!(f, "  state: {}", sanitize(&self.state))?;
            writeln!(f, "next: {}", sanitize(next))?;
        }
        Ok(())
    }
}

impl Summary {
    const MOST_LISTED: usize = 5;

    /// Whether the run did all there was to do; one that was asked to stop may have, by following what ran.
    fn is_whole(&self) -> bool {
        let open = self.counts.of(Status::Pending) + self.counts.of(Status::Running);
        self.stop.is_end() || (self.stop == StopReason::Interrupted && open == 0)
    }

    fn troubles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.groups(f, Status::Failed)?;
        for (status, meaning) in [
            (Status::Unknown, "the reply to the submit is missing: the job may exist and be billed"),
            (
                Status::Lost,
                "what became of the job cannot be found out any more, and it may have been billed",
            ),
        ] {
            self.groups(f, status)?;
            if self.counts.of(status) > 0 {
                writeln!(f, "    {meaning}, so nothing sends it again by itself")?;
            }
            if let (Status::Unknown, Some(resolve)) = (status, &self.resolve) {
                writeln!(f, "    settle it: {}", sanitize(resolve))?;
            }
        }
        Ok(())
    }

    fn groups(&self, f: &mut fmt::Formatter<'_>, status: Status) -> fmt::Result {
        let word = status.as_str();
        let groups = self.troubles.of(status);
        for trouble in groups.iter().take(Self::MOST_LISTED) {
            let example = sanitize_line(&trouble.example.0, NAME);
            let more = if trouble.count > 1 { ", …" } else { "" };
            let reason = match trouble.reason.as_str() {
                "" => "no reason given".to_owned(),
                reason => format!("\"{reason}\""),
            };
            writeln!(f, "  {word}: {} × {reason} ({example}{more})", trouble.count)?;
        }
        if groups.is_empty() && status != Status::Failed && self.counts.of(status) > 0 {
            writeln!(f, "  {word}: {}", self.counts.of(status))?;
        }
        let listed: u64 = groups.iter().take(Self::MOST_LISTED).map(|trouble| trouble.count).sum();
        let more = self.counts.of(status).saturating_sub(listed);
        if groups.len() > Self::MOST_LISTED {
            writeln!(f, "  {word}: {more} more, for other reasons: see the results")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{summary, with_failures};
    use super::*;

    #[test]
    fn a_summary_says_what_was_done_what_failed_and_what_comes_next() {
        insta::assert_snapshot!(with_failures(), @r#"
        spring: 60 tasks in 4 min 12 s
          57 done · 2 failed · 1 pending
          failed: 2 × "prompt was refused by moderation" (hero-red, …)
          cost: 114 quota
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml
        "#);
        insta::assert_snapshot!(summary(&[(Status::Done, 1)], StopReason::Finished), @"
        spring: 1 task in 4 min 12 s
          1 done
          results: spring.results.csv
        ");
    }

    #[test]
    fn a_stop_that_left_nothing_undone_is_no_stop() {
        insta::assert_snapshot!(summary(&[(Status::Done, 12)], StopReason::Interrupted), @"
        spring: 12 tasks in 4 min 12 s
          12 done
          results: spring.results.csv
        ");
    }

    #[test]
    fn a_summary_explains_what_is_uncertain_and_claims_no_cancelling() {
        let tasks = [(Status::Done, 40), (Status::Unknown, 2), (Status::Lost, 1), (Status::Running, 7)];
        let mut stopped = summary(&tasks, StopReason::Interrupted);
        stopped.troubles.note(&TaskId("a".into()), Status::Unknown, Some("no reply within 30 s"));
        stopped.troubles.note(&TaskId("b".into()), Status::Unknown, Some("no reply within 30 s"));
        stopped.troubles.note(&TaskId("c".into()), Status::Lost, None);
        stopped.troubles.note(&TaskId("d".into()), Status::Done, Some("not a trouble"));
        stopped.left_running = 7;
        stopped.resolve = Some("mjbatch resolve spring.yaml".into());
        stopped.cost = Some(Cost { run: Quota(12_500), batch: Quota(86_000) });
        stopped.next = Some("mjbatch run spring.yaml --concurrency 10".into());
        insta::assert_snapshot!(stopped, @r#"
        spring: 50 tasks, stopped after 4 min 12 s
          40 done · 2 unknown · 1 lost · 7 running
          stopped: interrupted; nothing more was submitted
          unknown: 2 × "no reply within 30 s" (a, …)
            the reply to the submit is missing: the job may exist and be billed, so nothing sends it again by itself
            settle it: mjbatch resolve spring.yaml
          lost: 1 × no reason given (c)
            what became of the job cannot be found out any more, and it may have been billed, so nothing sends it again by itself
          still running at the service, not cancelled: 7 jobs; the next run follows up
          cost: at most 12.5 quota in this run, 86 quota in all
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml --concurrency 10
        "#);
    }

    #[test]
    fn a_summary_says_why_a_run_stopped() {
        let stops = [
            StopReason::Interrupted,
            StopReason::KeyRefused { words: "HTTP 401".into() },
            StopReason::QuotaGone,
            StopReason::Unreachable { why: "connection refused".into() },
            StopReason::LimitReached { limit: 5 },
            StopReason::BudgetReached { budget: "20.00 USD".into(), left: 60 },
            StopReason::BudgetReached { budget: "500 quota".into(), left: 1 },
            StopReason::TimeOver { after: Duration::from_secs(3000) },
            StopReason::NotAwaited,
            StopReason::Breaker { in_a_row: 5, shared: vec![("product".into(), "vape".into())] },
            StopReason::Breaker { in_a_row: 5, shared: vec![] },
            StopReason::ChosenDone { left: 60 },
            StopReason::PilotDone { left: 1 },
        ];
        let said: String = stops
            .into_iter()
            .map(|stop| summary(&[(Status::Pending, 60)], stop).to_string())
            .map(|text| text.lines().filter(|line| line.contains("stopped: ")).collect::<String>() + "\n")
            .collect();
        insta::assert_snapshot!(said, @r#"
        stopped: interrupted; nothing more was submitted
        stopped: the service refused the API key (HTTP 401); put a valid one into MIDJOURNEY_API_KEY (no task was marked failed)
        stopped: the account is out of quota; top it up, then run again
        stopped: the service cannot be reached or is broken (connection refused); run again later
        stopped: the limit of 5 tasks for this run is reached
        stopped: the budget of 20.00 USD is reached, and 60 tasks were not submitted; raise it with `--budget`
        stopped: the budget of 500 quota is reached, and 1 task was not submitted; raise it with `--budget`
        stopped: the 50 min of `--max-duration` are over; run again to go on
        stopped: not waiting for what was submitted, as asked; run again to follow it
        stopped: 5 prompts in a row were turned down, which puts the account at risk; all have product = "vape"; look at them before you run again
        stopped: 5 prompts in a row were turned down, which puts the account at risk; no value of a variable is shared by them alone; look at them before you run again
        stopped: what `--only` chose is done; 60 other tasks wait for a run without it
        stopped: the pilot is done: look at its pictures; 1 other task waits for a run without `--pilot`
        "#);
    }

    #[test]
    fn a_summary_lists_five_reasons_and_counts_the_rest() {
        let mut over = summary(&[(Status::Failed, 2003)], StopReason::Finished);
        for n in 0..2000 {
            over.troubles.note(&TaskId(format!("t{n}")), Status::Failed, Some(&format!("reason {n}")));
        }
        for n in 0..3 {
            over.troubles.note(&TaskId(format!("m{n}")), Status::Failed, Some("reason 3"));
        }
        assert_eq!(over.troubles.ungrouped(), 1500);
        insta::assert_snapshot!(over, @r#"
        spring: 2003 tasks in 4 min 12 s
          2003 failed
          failed: 4 × "reason 3" (t3, …)
          failed: 1 × "reason 0" (t0)
          failed: 1 × "reason 1" (t1)
          failed: 1 × "reason 2" (t2)
          failed: 1 × "reason 4" (t4)
          failed: 1995 more, for other reasons: see the results
          results: spring.results.csv
        "#);
    }
}
