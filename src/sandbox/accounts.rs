//! The accounts of the sandbox: which submit is accepted or refused, the slots and the quota that
//! each account has taken, and the jobs that it has. Pure: time is an argument.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::encoded_id::EncodedId;
use super::faults::SandboxFault;
use super::job::{JobState, ServiceRules, decide, has_word};
use super::ledger::{BillingLedger, LedgerEntry, LedgerOutcome};
use super::wire::{ReceivedSubmit, SandboxRefusal};
use crate::task::Mode;

/// An accepted job, for the ledger.
#[derive(Debug)]
struct JobRecord {
    task_id: String,
    encoded: EncodedId,
    account: String,
    submit: ReceivedSubmit,
    /// Whether the reply with the taskId was sent in full.
    reply_sent: bool,
}

/// A submit that was just accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AcceptedSubmit {
    pub(super) task_id: String,
    pub(super) encoded: EncodedId,
    /// The number of the job, counted from 1.
    pub(super) number: u64,
}

/// What an account has taken of its slots and its quota.
#[derive(Debug, Default)]
struct AccountUsage {
    spent: u64,
    /// When each taken slot is free again, in Unix milliseconds. The second pool is used if each
    /// mode has its own.
    taken: [BinaryHeap<Reverse<u64>>; 2],
}

/// All accounts of a sandbox, with every job that it accepted.
#[derive(Debug)]
pub(super) struct Accounts {
    rules: ServiceRules,
    jobs: Vec<JobRecord>,
    by_id: HashMap<String, usize>,
    usage: HashMap<String, AccountUsage>,
    /// The ledger without its jobs, which are added when it is requested.
    pub(super) totals: BillingLedger,
    items_sent: u64,
}

/// The quota that a job costs.
fn price(mode: Mode) -> u64 {
    match mode {
        Mode::Fast => 4,
        Mode::Relaxed => 2,
    }
}

impl Accounts {
    pub(super) fn new(rules: ServiceRules) -> Self {
        Accounts {
            rules,
            jobs: Vec::new(),
            by_id: HashMap::new(),
            usage: HashMap::new(),
            totals: BillingLedger::default(),
            items_sent: 0,
        }
    }

    /// Whether the fault strikes. If so, it is counted.
    pub(super) fn strikes(&mut self, fault: SandboxFault, number: u64) -> bool {
        let struck = self.rules.roller.strikes(fault, number);
        if struck {
            self.count(fault);
        }
        struck
    }

    fn count(&mut self, fault: SandboxFault) {
        *self.totals.faults.entry(fault.row().name).or_default() += 1;
    }

    /// The number of the next item of a status reply, counted from 1.
    pub(super) fn next_item(&mut self) -> u64 {
        self.items_sent += 1;
        self.items_sent
    }

    /// Accepts and bills a job, or refuses it. `request` is the number of the submit request.
    pub(super) fn submit(
        &mut self,
        now: u64,
        account: &str,
        submit: ReceivedSubmit,
        request: u64,
    ) -> Result<AcceptedSubmit, SandboxRefusal> {
        self.check_content(&submit, request)?;
        let faults = &self.rules.roller.faults;
        let price = price(submit.mode);
        let slots = faults.count(SandboxFault::Slots).map_or(self.rules.slots, |n| n as usize);
        let pool = usize::from(faults.is_on(SandboxFault::SlotsPerMode) && submit.mode == Mode::Relaxed);
        let usage = self.usage.entry(account.to_owned()).or_default();
        while usage.taken[pool].peek().is_some_and(|Reverse(free_at)| *free_at <= now) {
            usage.taken[pool].pop();
        }
        if faults.count(SandboxFault::Quota).is_some_and(|quota| usage.spent + price > quota) {
            return Err(SandboxRefusal::new(SandboxRefusal::QUOTA, "quota not enough"));
        }
        if usage.taken[pool].len() >= slots {
            return Err(SandboxRefusal::new(SandboxRefusal::CONCURRENCY, "concurrency limit"));
        }
        let number = self.jobs.len() as u64 + 1;
        let encoded = decide(&self.rules, now, &submit, number);
        let late =
            faults.time(SandboxFault::SlotsFreeLate).map_or(0, |late| self.rules.speed.real_millis(late));
        usage.taken[pool].push(Reverse(encoded.ends_at().saturating_add(late)));
        usage.spent += price;
        let in_flight: usize = usage.taken.iter().map(BinaryHeap::len).sum();
        self.totals.most_in_flight = self.totals.most_in_flight.max(in_flight);
        self.totals.quota += price;
        let task_id = encoded.encode();
        self.by_id.insert(task_id.clone(), self.jobs.len());
        self.jobs.push(JobRecord {
            task_id: task_id.clone(),
            encoded,
            account: account.to_owned(),
            submit,
            reply_sent: false,
        });
        Ok(AcceptedSubmit { task_id, encoded, number })
    }

    fn check_content(&mut self, submit: &ReceivedSubmit, request: u64) -> Result<(), SandboxRefusal> {
        let faults = &self.rules.roller.faults;
        let length = submit.prompt.chars().count() as u64;
        if faults.count(SandboxFault::SubmitMaxPrompt).is_some_and(|most| length > most) {
            return Err(SandboxRefusal::new(SandboxRefusal::REQUEST, "prompt is too long"));
        }
        let is_unexpanded = submit.prompt.contains(['{', '}']) || submit.prompt.contains("--repeat");
        if is_unexpanded && faults.is_on(SandboxFault::SubmitBraces) {
            return Err(SandboxRefusal::new(
                SandboxRefusal::REQUEST,
                "permutations and --repeat are not supported",
            ));
        }
        if has_word(&submit.prompt, faults.text(SandboxFault::SubmitModerated)) {
            return Err(SandboxRefusal::new(SandboxRefusal::MODERATED, "banned prompt detected"));
        }
        match self.rules.roller.code(request) {
            Some(code) => {
                self.count(SandboxFault::SubmitCode);
                Err(SandboxRefusal::new(code, "refused"))
            }
            None => Ok(()),
        }
    }

    /// Notes that the reply with the job's taskId is sent in full.
    pub(super) fn mark_reply_sent(&mut self, number: u64) {
        if let Some(job) = self.jobs.get_mut(number.saturating_sub(1) as usize) {
            job.reply_sent = true;
        }
    }

    /// Finds the job of a taskId. Its prompt is known only if this sandbox accepted it.
    pub(super) fn look_up(&self, task_id: &str) -> Option<(EncodedId, Option<&str>)> {
        let encoded = EncodedId::decode(task_id)?;
        if self.rules.roller.strikes(SandboxFault::StatusForget, u64::from(encoded.serial)) {
            return None;
        }
        Some((encoded, self.by_id.get(task_id).map(|at| self.jobs[*at].submit.prompt.as_str())))
    }

    /// A snapshot of what was done so far.
    pub(super) fn ledger(&self, now: u64) -> BillingLedger {
        let jobs = self.jobs.iter().map(|job| LedgerEntry {
            task_id: job.task_id.clone(),
            account: job.account.clone(),
            prompt: job.submit.prompt.clone(),
            mode: job.submit.mode,
            hook_url: job.submit.hook_url.clone(),
            accepted_at: job.encoded.accepted_at,
            ends_at: job.encoded.ends_at(),
            outcome: match job.encoded.state_at(now) {
                Some(JobState::Running) if now < job.encoded.ends_at() => LedgerOutcome::Running,
                Some(JobState::Done) => LedgerOutcome::Done,
                Some(JobState::Failed(_)) => LedgerOutcome::Failed,
                Some(JobState::Running) | None => LedgerOutcome::Lost,
            },
            quota: price(job.submit.mode),
            reply_sent: job.reply_sent,
        });
        BillingLedger { jobs: jobs.collect(), ..self.totals.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::{job, rules};
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn accounts(faults: &str) -> Accounts {
        Accounts::new(rules(faults))
    }

    fn code(result: Result<AcceptedSubmit, SandboxRefusal>) -> i64 {
        result.map_or_else(|refusal| refusal.code, |_| 0)
    }

    #[test]
    fn ten_jobs_run_at_once_an_account_and_an_eleventh_waits_for_the_first_to_end() {
        let mut accounts = accounts("");
        let ends: Vec<u64> = (0..10)
            .map(|n| accounts.submit(NOW, "a", job(Mode::Fast), n).unwrap().encoded.ends_at())
            .collect();
        let first = *ends.iter().min().unwrap();
        assert_eq!(code(accounts.submit(NOW, "a", job(Mode::Relaxed), 11)), 1002);
        assert_eq!(code(accounts.submit(first - 1, "a", job(Mode::Fast), 12)), 1002);
        assert_eq!(code(accounts.submit(NOW, "b", job(Mode::Fast), 13)), 0);
        assert_eq!(code(accounts.submit(first, "a", job(Mode::Fast), 14)), 0);
        assert_eq!(accounts.ledger(NOW).most_in_flight, 10);
        assert_eq!(accounts.ledger(NOW).jobs.len(), 12);
    }

    #[test]
    fn slots_can_be_fewer_of_each_mode_and_freed_late() {
        let mut few = accounts("slots=1, slots-per-mode, slots-free-late=5s");
        let ends_at = few.submit(NOW, "a", job(Mode::Fast), 1).unwrap().encoded.ends_at();
        assert_eq!(code(few.submit(NOW, "a", job(Mode::Relaxed), 2)), 0);
        assert_eq!(code(few.submit(ends_at + 4_999, "a", job(Mode::Fast), 3)), 1002);
        assert_eq!(code(few.submit(ends_at + 5_000, "a", job(Mode::Fast), 4)), 0);
    }

    #[test]
    fn a_fast_job_costs_four_and_a_relaxed_one_two_until_the_quota_is_spent() {
        let mut accounts = accounts("quota=7");
        assert_eq!(code(accounts.submit(NOW, "a", job(Mode::Fast), 1)), 0);
        assert_eq!(code(accounts.submit(NOW, "a", job(Mode::Fast), 2)), 1001);
        assert_eq!(code(accounts.submit(NOW, "a", job(Mode::Relaxed), 3)), 0);
        assert_eq!(code(accounts.submit(NOW, "a", job(Mode::Relaxed), 4)), 1001);
        assert_eq!(accounts.ledger(NOW).quota, 6);
    }

    #[test]
    fn faults_decide_how_a_job_ends() {
        let state = |faults: &str, submit: ReceivedSubmit, after: u64| {
            let encoded = accounts(faults).submit(NOW, "a", submit, 1).unwrap().encoded;
            assert_eq!(EncodedId::decode(&encoded.encode()), Some(encoded));
            encoded.state_at(NOW + after)
        };
        let failed = |reason| Some(JobState::Failed(reason));
        let fast = || job(Mode::Fast);
        assert_eq!(state("", fast(), 24_999), Some(JobState::Running));
        assert_eq!(state("", fast(), 90_000), Some(JobState::Done));
        assert_eq!(state("job-fail", fast(), 90_000), failed("Internal error while generating the images"));
        assert_eq!(state("job-moderated=MUG", fast(), 90_000), failed("Banned prompt detected"));
        assert_eq!(state("job-slow", fast(), 599_999), Some(JobState::Running));
        assert_eq!(state("job-slow", fast(), 600_000), failed("Task timeout"));
        assert_eq!(state("job-slow, job-expire=hang", fast(), 9_000_000), Some(JobState::Running));
        assert_eq!(state("job-slow, job-expire=gone", fast(), 599_999), Some(JobState::Running));
        assert_eq!(state("job-slow, job-expire=gone", fast(), 600_000), None);
        assert_eq!(state("job-slow, job-expire=late", fast(), 1_199_999), Some(JobState::Running));
        assert_eq!(state("job-slow, job-expire=late", fast(), 1_200_000), Some(JobState::Done));
        let hooked = || ReceivedSubmit { hook_url: Some("http://a.example/".into()), ..fast() };
        assert_eq!(state("webhook-early", hooked(), 0), Some(JobState::Done));
        assert_eq!(state("webhook-early", fast(), 0), Some(JobState::Running));
    }

    #[test]
    fn a_fault_refuses_content_and_nothing_is_billed() {
        let with = |faults: &str, prompt: &str| {
            let mut accounts = accounts(faults);
            let refused = code(accounts.submit(
                NOW,
                "a",
                ReceivedSubmit { prompt: prompt.into(), ..job(Mode::Fast) },
                1,
            ));
            assert_eq!(accounts.ledger(NOW).quota, if refused == 0 { 4 } else { 0 });
            refused
        };
        assert_eq!(with("submit-moderated=mug", "A Mug"), 1403);
        assert_eq!(with("submit-moderated=mug", "A cup"), 0);
        assert_eq!(with("submit-braces", "a {red, blue} cup"), 1400);
        assert_eq!(with("", "a {red, blue} cup"), 0);
        assert_eq!(with("submit-max-prompt=5", "a cup"), 0);
        assert_eq!(with("submit-max-prompt=4", "a cup"), 1400);
        assert_eq!(with("submit-code=1003", "a cup"), 1003);
        assert_eq!(with("submit-code=1003:only:2", "a cup"), 0);
    }

    #[test]
    fn another_sandbox_has_the_job_but_not_its_prompt() {
        let mut first = accounts("");
        let accepted = first.submit(NOW, "a", job(Mode::Fast), 1).unwrap();
        assert_eq!(first.look_up(&accepted.task_id), Some((accepted.encoded, Some("a mug"))));
        assert_eq!(accounts("").look_up(&accepted.task_id), Some((accepted.encoded, None)));
        assert_eq!(accounts("status-forget").look_up(&accepted.task_id), None);
        assert_eq!(first.look_up("MtAd7mCuc4YqK_a1iAQSW"), None);
    }
}
