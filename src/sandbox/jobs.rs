//! The service's books: accounts with their slots and quota, jobs and how they end. Pure: time is an argument.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::clock::Speed;
use super::faults::{Dice, Fault};
use super::ledger::{Ledger, LedgerJob, Outcome};
use super::picture::{Aspect, Look};
use super::task_id::{End, Ticket};
use super::wire::{Refusal, Submit};
use crate::task::Mode;

/// By what the books are kept.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) dice: Dice,
    pub(super) speed: Speed,
    pub(super) slots: usize,
    pub(super) fast: RangeInclusive<f64>,
    pub(super) relaxed: RangeInclusive<f64>,
}

/// What a job looks like from outside at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Running,
    Done,
    Failed(&'static str),
}

impl Ticket {
    /// Where the job stands at a Unix time in milliseconds; `None` if nobody knows of it any more.
    pub(super) fn stand(&self, now: u64) -> Option<Stand> {
        if now < self.ends_at() {
            return Some(Stand::Running);
        }
        match self.end {
            End::Done => Some(Stand::Done),
            End::Broken => Some(Stand::Failed("Internal error while generating the images")),
            End::Moderated => Some(Stand::Failed("Banned prompt detected")),
            End::Expired => Some(Stand::Failed("Task timeout")),
            End::Never => Some(Stand::Running),
            End::Gone => None,
        }
    }
}

#[derive(Debug)]
struct Job {
    task_id: String,
    ticket: Ticket,
    account: String,
    submit: Submit,
    told: bool,
}

/// A job that was just accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) task_id: String,
    pub(super) ticket: Ticket,
    /// Counted from 1.
    pub(super) number: u64,
}

#[derive(Debug, Default)]
struct Account {
    spent: u64,
    /// When each taken slot is free again, by mode where each has its own.
    taken: [BinaryHeap<Reverse<u64>>; 2],
}

#[derive(Debug)]
pub(super) struct Books {
    rules: Rules,
    jobs: Vec<Job>,
    by_id: HashMap<String, usize>,
    accounts: HashMap<String, Account>,
    /// All of the ledger but its jobs, which are written when it is asked for.
    pub(super) totals: Ledger,
    items_told: u64,
}

/// Quota of a job.
fn price(mode: Mode) -> u64 {
    match mode {
        Mode::Fast => 4,
        Mode::Relaxed => 2,
    }
}

impl Books {
    pub(super) fn new(rules: Rules) -> Self {
        Books {
            rules,
            jobs: Vec::new(),
            by_id: HashMap::new(),
            accounts: HashMap::new(),
            totals: Ledger::default(),
            items_told: 0,
        }
    }

    /// True if the fault strikes; then it is written down too.
    pub(super) fn strikes(&mut self, fault: Fault, number: u64) -> bool {
        let struck = self.rules.dice.strikes(fault, number);
        if struck {
            self.note(fault);
        }
        struck
    }

    fn note(&mut self, fault: Fault) {
        *self.totals.faults.entry(fault.row().name).or_default() += 1;
    }

    /// A number for the next item of a status reply, counted from 1.
    pub(super) fn next_item(&mut self) -> u64 {
        self.items_told += 1;
        self.items_told
    }

    /// Accepts and bills a job, or says why not. `request` is the number of the submit request.
    pub(super) fn submit(
        &mut self,
        now: u64,
        account: &str,
        submit: Submit,
        request: u64,
    ) -> Result<Accepted, Refusal> {
        self.check_content(&submit, request)?;
        let faults = &self.rules.dice.faults;
        let price = price(submit.mode);
        let slots = faults.count(Fault::Slots).map_or(self.rules.slots, |n| n as usize);
        let pool = usize::from(faults.is_on(Fault::SlotsPerMode) && submit.mode == Mode::Relaxed);
        let books = self.accounts.entry(account.to_owned()).or_default();
        while books.taken[pool].peek().is_some_and(|Reverse(free_at)| *free_at <= now) {
            books.taken[pool].pop();
        }
        if faults.count(Fault::Quota).is_some_and(|quota| books.spent + price > quota) {
            return Err(Refusal::new(Refusal::QUOTA, "quota not enough"));
        }
        if books.taken[pool].len() >= slots {
            return Err(Refusal::new(Refusal::CONCURRENCY, "concurrency limit"));
        }
        let number = self.jobs.len() as u64 + 1;
        let ticket = ticket(&self.rules, now, &submit, number);
        let late = faults.time(Fault::SlotsFreeLate).map_or(0, |late| self.rules.speed.real_millis(late));
        books.taken[pool].push(Reverse(ticket.ends_at().saturating_add(late)));
        books.spent += price;
        let in_flight: usize = books.taken.iter().map(BinaryHeap::len).sum();
        self.totals.most_in_flight = self.totals.most_in_flight.max(in_flight);
        self.totals.quota += price;
        let task_id = ticket.to_task_id();
        self.by_id.insert(task_id.clone(), self.jobs.len());
        self.jobs.push(Job {
            task_id: task_id.clone(),
            ticket,
            account: account.to_owned(),
            submit,
            told: false,
        });
        Ok(Accepted { task_id, ticket, number })
    }

    fn check_content(&mut self, submit: &Submit, request: u64) -> Result<(), Refusal> {
        let faults = &self.rules.dice.faults;
        let length = submit.prompt.chars().count() as u64;
        if faults.count(Fault::SubmitMaxPrompt).is_some_and(|most| length > most) {
            return Err(Refusal::new(Refusal::REQUEST, "prompt is too long"));
        }
        let raw = submit.prompt.contains(['{', '}']) || submit.prompt.contains("--repeat");
        if raw && faults.is_on(Fault::SubmitBraces) {
            return Err(Refusal::new(Refusal::REQUEST, "permutations and --repeat are not supported"));
        }
        if has_word(&submit.prompt, faults.text(Fault::SubmitModerated)) {
            return Err(Refusal::new(Refusal::MODERATED, "banned prompt detected"));
        }
        match self.rules.dice.code(request) {
            Some(code) => {
                self.note(Fault::SubmitCode);
                Err(Refusal::new(code, "refused"))
            }
            None => Ok(()),
        }
    }

    /// The reply with this job's taskId is about to be sent whole.
    pub(super) fn tell(&mut self, number: u64) {
        if let Some(job) = self.jobs.get_mut(number.saturating_sub(1) as usize) {
            job.told = true;
        }
    }

    /// The job of this taskId and its prompt, if the job was accepted here; those of earlier sandboxes have none left.
    pub(super) fn look_up(&self, task_id: &str) -> Option<(Ticket, Option<&str>)> {
        let ticket = Ticket::of_task_id(task_id)?;
        if self.rules.dice.strikes(Fault::StatusForget, u64::from(ticket.serial)) {
            return None;
        }
        Some((ticket, self.by_id.get(task_id).map(|at| self.jobs[*at].submit.prompt.as_str())))
    }

    /// All that was done so far.
    pub(super) fn ledger(&self, now: u64) -> Ledger {
        let jobs = self.jobs.iter().map(|job| LedgerJob {
            task_id: job.task_id.clone(),
            account: job.account.clone(),
            prompt: job.submit.prompt.clone(),
            mode: job.submit.mode,
            hook_url: job.submit.hook_url.clone(),
            accepted_at: job.ticket.accepted_at,
            ends_at: job.ticket.ends_at(),
            outcome: match job.ticket.stand(now) {
                Some(Stand::Running) if now < job.ticket.ends_at() => Outcome::Running,
                Some(Stand::Done) => Outcome::Done,
                Some(Stand::Failed(_)) => Outcome::Failed,
                Some(Stand::Running) | None => Outcome::Lost,
            },
            quota: price(job.submit.mode),
            told: job.told,
        });
        Ledger { jobs: jobs.collect(), ..self.totals.clone() }
    }
}

fn has_word(prompt: &str, word: Option<&str>) -> bool {
    word.is_some_and(|word| prompt.to_lowercase().contains(&word.to_lowercase()))
}

/// Decides, at the moment a job is accepted, all that will ever become of it.
fn ticket(rules: &Rules, now: u64, submit: &Submit, number: u64) -> Ticket {
    let Rules { dice, speed, .. } = rules;
    let range = match submit.mode {
        Mode::Fast => &rules.fast,
        Mode::Relaxed => &rules.relaxed,
    };
    let timeout = submit.timeout as f64;
    // Leans to the short side, as the times that people report do.
    let [a, b, c] = ["time", "time's brother", "time's sister"].map(|purpose| dice.roll(purpose, number));
    let share = (a.min(b) + c) / 2.0;
    let natural = (range.start() + (range.end() - range.start()) * share).min(timeout * 0.95);
    let (seconds, end) = if submit.hook_url.is_some() && dice.strikes(Fault::WebhookEarly, number) {
        (0.0, End::Done)
    } else if dice.strikes(Fault::JobSlow, number) {
        match dice.faults.choice(Fault::JobExpire) {
            "hang" => (timeout, End::Never),
            "gone" => (timeout, End::Gone),
            "late" => (timeout * 2.0, End::Done),
            _ => (timeout, End::Expired),
        }
    } else if has_word(&submit.prompt, dice.faults.text(Fault::JobModerated)) {
        (natural, End::Moderated)
    } else if dice.strikes(Fault::JobFail, number) {
        (natural, End::Broken)
    } else {
        (natural, End::Done)
    };
    let lasts = speed.real_millis(Duration::from_secs_f64(seconds));
    Ticket {
        accepted_at: now,
        lasts: u32::try_from(lasts).unwrap_or(u32::MAX),
        mode: submit.mode,
        end,
        look: Look::of_prompt(&submit.prompt),
        aspect: Aspect::of_prompt(&submit.prompt),
        serial: (number & 0x000f_ffff) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn books(faults: &str) -> Books {
        Books::new(Rules {
            dice: Dice::new(1, faults.parse().unwrap()),
            speed: Speed(1.0),
            slots: 10,
            fast: 25.0..=90.0,
            relaxed: 60.0..=600.0,
        })
    }

    fn job(mode: Mode) -> Submit {
        Submit { prompt: "a mug".into(), mode, hook_url: None, timeout: 600 }
    }

    fn code(result: Result<Accepted, Refusal>) -> i64 {
        result.map_or_else(|refusal| refusal.code, |_| 0)
    }

    #[test]
    fn ten_jobs_run_at_once_an_account_and_an_eleventh_waits_for_the_first_to_end() {
        let mut books = books("");
        let ends: Vec<u64> =
            (0..10).map(|n| books.submit(NOW, "a", job(Mode::Fast), n).unwrap().ticket.ends_at()).collect();
        let first = *ends.iter().min().unwrap();
        assert_eq!(code(books.submit(NOW, "a", job(Mode::Relaxed), 11)), 1002);
        assert_eq!(code(books.submit(first - 1, "a", job(Mode::Fast), 12)), 1002);
        assert_eq!(code(books.submit(NOW, "b", job(Mode::Fast), 13)), 0);
        assert_eq!(code(books.submit(first, "a", job(Mode::Fast), 14)), 0);
        assert_eq!(books.ledger(NOW).most_in_flight, 10);
        assert_eq!(books.ledger(NOW).jobs.len(), 12);
    }

    #[test]
    fn slots_can_be_fewer_of_each_mode_and_freed_late() {
        let mut few = books("slots=1, slots-per-mode, slots-free-late=5s");
        let ends_at = few.submit(NOW, "a", job(Mode::Fast), 1).unwrap().ticket.ends_at();
        assert_eq!(code(few.submit(NOW, "a", job(Mode::Relaxed), 2)), 0);
        assert_eq!(code(few.submit(ends_at + 4_999, "a", job(Mode::Fast), 3)), 1002);
        assert_eq!(code(few.submit(ends_at + 5_000, "a", job(Mode::Fast), 4)), 0);
    }

    #[test]
    fn a_fast_job_costs_four_and_a_relaxed_one_two_until_the_quota_is_spent() {
        let mut books = books("quota=7");
        assert_eq!(code(books.submit(NOW, "a", job(Mode::Fast), 1)), 0);
        assert_eq!(code(books.submit(NOW, "a", job(Mode::Fast), 2)), 1001);
        assert_eq!(code(books.submit(NOW, "a", job(Mode::Relaxed), 3)), 0);
        assert_eq!(code(books.submit(NOW, "a", job(Mode::Relaxed), 4)), 1001);
        assert_eq!(books.ledger(NOW).quota, 6);
    }

    #[test]
    fn job_times_keep_to_their_range_and_lean_to_the_short_side() {
        let rules = books("").rules;
        for (mode, low, high) in [(Mode::Fast, 25_000, 90_000), (Mode::Relaxed, 60_000, 570_000)] {
            let times: Vec<u32> = (1..500).map(|n| ticket(&rules, NOW, &job(mode), n).lasts).collect();
            assert!(times.iter().all(|ms| (low..=high).contains(ms)));
            let mean = times.iter().sum::<u32>() / times.len() as u32;
            assert!((low + high) / 4 < mean && mean < (low + high) / 2, "{mean}");
        }
        let short = Submit { timeout: 300, ..job(Mode::Relaxed) };
        assert!((1..500).all(|n| ticket(&rules, NOW, &short, n).lasts <= 285_000));
    }

    #[test]
    fn what_becomes_of_a_job_is_what_the_faults_say() {
        let stand = |faults: &str, submit: Submit, after: u64| {
            let ticket = books(faults).submit(NOW, "a", submit, 1).unwrap().ticket;
            assert_eq!(Ticket::of_task_id(&ticket.to_task_id()), Some(ticket));
            ticket.stand(NOW + after)
        };
        let failed = |reason| Some(Stand::Failed(reason));
        let fast = || job(Mode::Fast);
        assert_eq!(stand("", fast(), 24_999), Some(Stand::Running));
        assert_eq!(stand("", fast(), 90_000), Some(Stand::Done));
        assert_eq!(stand("job-fail", fast(), 90_000), failed("Internal error while generating the images"));
        assert_eq!(stand("job-moderated=MUG", fast(), 90_000), failed("Banned prompt detected"));
        assert_eq!(stand("job-slow", fast(), 599_999), Some(Stand::Running));
        assert_eq!(stand("job-slow", fast(), 600_000), failed("Task timeout"));
        assert_eq!(stand("job-slow, job-expire=hang", fast(), 9_000_000), Some(Stand::Running));
        assert_eq!(stand("job-slow, job-expire=gone", fast(), 599_999), Some(Stand::Running));
        assert_eq!(stand("job-slow, job-expire=gone", fast(), 600_000), None);
        assert_eq!(stand("job-slow, job-expire=late", fast(), 1_199_999), Some(Stand::Running));
        assert_eq!(stand("job-slow, job-expire=late", fast(), 1_200_000), Some(Stand::Done));
        let hooked = || Submit { hook_url: Some("http://a.example/".into()), ..fast() };
        assert_eq!(stand("webhook-early", hooked(), 0), Some(Stand::Done));
        assert_eq!(stand("webhook-early", fast(), 0), Some(Stand::Running));
    }

    #[test]
    fn content_is_refused_where_a_fault_says_so_and_nothing_is_billed() {
        let with = |faults: &str, prompt: &str| {
            let mut books = books(faults);
            let refused =
                code(books.submit(NOW, "a", Submit { prompt: prompt.into(), ..job(Mode::Fast) }, 1));
            assert_eq!(books.ledger(NOW).quota, if refused == 0 { 4 } else { 0 });
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
    fn another_sandbox_knows_the_job_but_not_its_prompt() {
        let mut first = books("");
        let accepted = first.submit(NOW, "a", job(Mode::Fast), 1).unwrap();
        assert_eq!(first.look_up(&accepted.task_id), Some((accepted.ticket, Some("a mug"))));
        assert_eq!(books("").look_up(&accepted.task_id), Some((accepted.ticket, None)));
        assert_eq!(books("status-forget").look_up(&accepted.task_id), None);
        assert_eq!(first.look_up("MtAd7mCuc4YqK_a1iAQSW"), None);
    }
}
