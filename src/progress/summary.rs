//! The summary of a run: the facts, and the block of text that ends its output.
//!
//! It says what was done, what failed and why, what is unknown and what that means, what it cost,
//! where the results are, and the next command where something is left. It never claims that a
//! running job was cancelled.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::failure_groups::FailureGroups;
use super::stop_reason::StopSummary;
use super::wording::{NAME, counted, counts_line, duration};
use crate::engine::StopReason;
use crate::task::{Counts, Quota, Status};
use crate::text::{sanitize, sanitize_line};

/// The facts about a run that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The batch's name.
    pub batch: String,
    /// Its tasks by status, those of earlier runs included.
    pub counts: Counts,
    /// The duration of this run.
    pub took: Duration,
    /// The reason why it ended.
    pub stop: StopSummary,
    /// The failed, unknown and lost tasks, those of earlier runs included.
    pub failures: FailureGroups,
    /// The quota that was spent; `None` where no prices are configured.
    pub cost: Option<QuotaSpent>,
    /// The number of jobs that were still running at the service when the run ended. They are not
    /// cancelled.
    pub left_running: u64,
    /// The results files that were written.
    pub results: Vec<PathBuf>,
    /// Where the state is, for people.
    pub state: String,
    /// Advice about the results, as one sentence.
    pub hint: Option<String>,
    /// The command that resolves unknown tasks, ready to be pasted; `None` where there are none.
    pub resolve: Option<String>,
    /// The command that continues the batch, ready to be pasted; `None` where nothing is left.
    pub next: Option<String>,
}

/// The quota that was spent, by the configured prices. A submit whose outcome is unknown counts as
/// billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaSpent {
    /// The quota of this run.
    pub run: Quota,
    /// The quota of all runs of the batch.
    pub batch: Quota,
}

/// Writes the block of text that ends a run's output; every line of it ends with a line break.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = counted(self.counts.total(), "task");
        let took = duration(self.took);
        write!(f, "{}: {tasks}", sanitize_line(&self.batch, NAME))?;
        match &self.stop.reason {
            StopReason::NothingToDo => writeln!(f, ", nothing to do")?,
            _ if self.is_complete() || self.is_decided() => writeln!(f, " in {took}")?,
            _ => writeln!(f, ", stopped after {took}")?,
        }
        if self.counts.total() > 0 {
            writeln!(f, "  {}", counts_line(&self.counts))?;
        }
        if self.is_decided() {
            writeln!(f, "  {}", self.stop)?;
        } else if !self.is_complete() {
            writeln!(f, "  stopped: {}", self.stop)?;
        }
        self.write_failures(f)?;
        if self.left_running > 0 {
            writeln!(
                f,
                "  still running at the service, not cancelled: {}; the next run collects them",
                counted(self.left_running, "job")
            )?;
        }
        // Unknown submits count as billed.
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
    /// The maximum number of groups that are listed for each status.
    const MAX_LISTED: usize = 5;

    /// Whether everything is done; it may be even after a request to stop, once the running jobs
    /// have ended.
    fn is_complete(&self) -> bool {
        let open = self.counts.of(Status::Pending) + self.counts.of(Status::Running);
        self.stop.reason.is_end() || (self.stop.reason == StopReason::Interrupted && open == 0)
    }

    /// Whether all is done that was decided, and other tasks wait.
    fn is_decided(&self) -> bool {
        self.stop.reason == StopReason::DecisionsDone
    }

    fn write_failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_groups(f, Status::Failed)?;
        for (status, meaning) in [
            (Status::Unknown, "the reply to the submit was lost: the job may exist and be billed"),
            (
                Status::Lost,
                "the outcome of the job cannot be determined any more, and it may have been billed",
            ),
        ] {
            self.write_groups(f, status)?;
            if self.counts.of(status) > 0 {
                writeln!(f, "    {meaning}, so it is not resent automatically")?;
            }
            if let (Status::Unknown, Some(resolve)) = (status, &self.resolve) {
                writeln!(f, "    to resolve: {}", sanitize(resolve))?;
            }
        }
        Ok(())
    }

    fn write_groups(&self, f: &mut fmt::Formatter<'_>, status: Status) -> fmt::Result {
        let word = status.as_str();
        let groups = self.failures.of(status);
        for group in groups.iter().take(Self::MAX_LISTED) {
            let example = sanitize_line(&group.example.0, NAME);
            let more = if group.count > 1 { ", …" } else { "" };
            let reason = match group.reason.as_str() {
                "" => "no reason given".to_owned(),
                reason => format!("\"{reason}\""),
            };
            writeln!(f, "  {word}: {} × {reason} ({example}{more})", group.count)?;
        }
        if groups.is_empty() && status != Status::Failed && self.counts.of(status) > 0 {
            writeln!(f, "  {word}: {}", self.counts.of(status))?;
        }
        let listed: u64 = groups.iter().take(Self::MAX_LISTED).map(|group| group.count).sum();
        let more = self.counts.of(status).saturating_sub(listed);
        if groups.len() > Self::MAX_LISTED {
            writeln!(f, "  {word}: {more} more, for other reasons: see the results")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{summary, with_failures};
    use super::*;
    use crate::task::TaskId;
    use crate::task::TaskRow;

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
    fn a_run_of_decisions_that_are_carried_out_was_not_stopped() {
        let stop = StopSummary { left: 98, ..StopReason::DecisionsDone.into() };
        let mut decided = summary(&[(Status::Done, 2), (Status::Pending, 98)], stop);
        decided.next = Some("mjbatch run spring.yaml".into());
        insta::assert_snapshot!(decided, @"
        spring: 100 tasks in 4 min 12 s
          2 done · 98 pending
          the decisions of the table are carried out; 98 other tasks are pending
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml
        ");
    }

    #[test]
    fn a_run_that_was_asked_to_stop_but_finished_everything_is_not_called_stopped() {
        insta::assert_snapshot!(summary(&[(Status::Done, 12)], StopReason::Interrupted), @"
        spring: 12 tasks in 4 min 12 s
          12 done
          results: spring.results.csv
        ");
    }

    #[test]
    fn a_summary_explains_unknown_and_lost_tasks_and_claims_no_cancelling() {
        let tasks = [(Status::Done, 40), (Status::Unknown, 2), (Status::Lost, 1), (Status::Running, 7)];
        let mut stopped = summary(&tasks, StopReason::Interrupted);
        stopped.failures.add(&TaskId("a".into()), Status::Unknown, Some("no reply within 30 s"));
        stopped.failures.add(&TaskId("b".into()), Status::Unknown, Some("no reply within 30 s"));
        stopped.failures.add(&TaskId("c".into()), Status::Lost, None);
        stopped.failures.add(&TaskId("d".into()), Status::Done, Some("not a failure"));
        stopped.left_running = 7;
        stopped.resolve = Some("mjbatch resolve spring.yaml".into());
        stopped.cost = Some(QuotaSpent { run: Quota(12_500), batch: Quota(86_000) });
        stopped.next = Some("mjbatch run spring.yaml --concurrency 10".into());
        insta::assert_snapshot!(stopped, @r#"
        spring: 50 tasks, stopped after 4 min 12 s
          40 done · 2 unknown · 1 lost · 7 running
          stopped: interrupted; nothing more was submitted
          unknown: 2 × "no reply within 30 s" (a, …)
            the reply to the submit was lost: the job may exist and be billed, so it is not resent automatically
            to resolve: mjbatch resolve spring.yaml
          lost: 1 × no reason given (c)
            the outcome of the job cannot be determined any more, and it may have been billed, so it is not resent automatically
          still running at the service, not cancelled: 7 jobs; the next run collects them
          cost: at most 12.5 quota in this run, 86 quota in all
          results: spring.results.csv
          state: spring.mjbatch
        next: mjbatch run spring.yaml --concurrency 10
        "#);
    }

    #[test]
    fn a_summary_says_why_a_run_stopped() {
        let of = |reason: StopReason| StopSummary::from(reason);
        let breaker = || StopReason::Breaker((1..=5).map(TaskRow).collect());
        let budget = |words: &str, left| StopSummary {
            left,
            budget: words.to_owned(),
            ..of(StopReason::BudgetReached)
        };
        let stops = [
            of(StopReason::Interrupted),
            of(StopReason::KeyRefused("HTTP 401".into())),
            of(StopReason::QuotaGone),
            of(StopReason::Unreachable("connection refused".into())),
            StopSummary { limit: 5, ..of(StopReason::LimitReached) },
            budget("20.00 USD", 60),
            budget("500 quota", 1),
            StopSummary { after: Duration::from_secs(3000), ..of(StopReason::TimeOver) },
            of(StopReason::NotAwaited),
            StopSummary { shared: vec![("product".into(), "vape".into())], ..of(breaker()) },
            of(breaker()),
            StopSummary { left: 60, ..of(StopReason::SelectionDone) },
            StopSummary { left: 1, ..of(StopReason::PilotDone) },
        ];
        let lines: String = stops
            .into_iter()
            .map(|stop| summary(&[(Status::Pending, 60)], stop).to_string())
            .map(|text| text.lines().filter(|line| line.contains("stopped: ")).collect::<String>() + "\n")
            .collect();
        insta::assert_snapshot!(lines, @r#"
        stopped: interrupted; nothing more was submitted
        stopped: the service rejected the API key (HTTP 401); set a valid one in MIDJOURNEY_API_KEY (no task was marked failed)
        stopped: the account is out of quota; top it up and run again
        stopped: the service cannot be reached or is broken (connection refused); run again later
        stopped: the limit of 5 tasks for this run is reached
        stopped: the budget of 20.00 USD is reached: 60 tasks were not submitted; raise it with `--budget`
        stopped: the budget of 500 quota is reached: 1 task was not submitted; raise it with `--budget`
        stopped: the time limit of 50 min (`--max-duration`) is over; run again to continue
        stopped: not waiting for the submitted jobs (`--no-wait`); run again to collect them
        stopped: 5 prompts in a row were rejected, which puts the account at risk; all have product = "vape"; check them before you run again
        stopped: 5 prompts in a row were rejected, which puts the account at risk; they have no distinguishing variable value in common; check them before you run again
        stopped: the tasks selected by `--only` are done; 60 not selected
        stopped: the pilot is done: check its images, then run without `--pilot` for the remaining task
        "#);
    }

    #[test]
    fn a_summary_lists_five_reasons_and_counts_the_rest() {
        let mut over = summary(&[(Status::Failed, 2003)], StopReason::Finished);
        for n in 0..2000 {
            over.failures.add(&TaskId(format!("t{n}")), Status::Failed, Some(&format!("reason {n}")));
        }
        for n in 0..3 {
            over.failures.add(&TaskId(format!("m{n}")), Status::Failed, Some("reason 3"));
        }
        assert_eq!(over.failures.ungrouped(), 1500);
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
