//! The budget: reserved before anything is sent, and given back only by a certain no.
//!
//! The durable reservation is the intent in the state: a run that dies after it finds the attempt
//! there, and counts it as spent whatever became of it. So the cap holds over crashes and lost
//! replies as well. What jobs that fail, are lost or unknown cost is never given back: no source
//! says that the service does.

use std::collections::HashMap;

use super::message::{EngineNotice, IntentId, StopReason, Waiting};
use super::policy::Policy;
use super::{Engine, RunPhase};
use crate::task::{Mode, Prices, Quota};

/// What may still be spent.
#[derive(Debug)]
pub(super) struct RunBudget {
    cap: Option<Quota>,
    prices: Prices,
    /// What all attempts of the batch cost that were made, or are about to be made, by this run or
    /// before it.
    reserved: Quota,
    /// What others have certainly spent since this run began.
    others: Quota,
    /// What was reserved before each intent that the store has not answered.
    before: HashMap<IntentId, Quota>,
    announced: bool,
}

impl RunBudget {
    pub(super) fn new(policy: &Policy, spent: Quota) -> Self {
        RunBudget {
            cap: policy.budget,
            prices: policy.prices,
            reserved: spent,
            others: Quota::default(),
            before: HashMap::new(),
            announced: false,
        }
    }

    /// Whether one more attempt in this mode stays within the cap. What has no price never does.
    fn fits(&self, mode: Mode) -> bool {
        let Some(cap) = self.cap else { return true };
        let left = self.left().unwrap_or_default();
        self.prices.of(mode).is_some_and(|price| price.0 <= left.0) && self.reserved.0 <= cap.0
    }

    /// Whether a task may be sent, if need be in the cheaper mode.
    pub(super) fn allows(&self, waiting: &Waiting) -> bool {
        self.fits(self.prices.cheapest(waiting.mode))
    }

    /// What may still be spent; `None` where there is no cap.
    pub(super) fn left(&self) -> Option<Quota> {
        self.cap.map(|cap| Quota(cap.0.saturating_sub(self.reserved.0).saturating_sub(self.others.0)))
    }

    /// An attempt is about to be made.
    pub(super) fn reserve(&mut self, intent: IntentId, mode: Mode) {
        self.before.insert(intent, self.reserved);
        self.reserved.0 = self.reserved.0.saturating_add(self.price(mode));
    }

    /// It certainly was not accepted, or never left.
    pub(super) fn release(&mut self, mode: Mode) {
        self.reserved.0 = self.reserved.0.saturating_sub(self.price(mode));
    }

    /// The store has answered an intent. Gives what was reserved before it.
    pub(super) fn answered(&mut self, intent: IntentId) -> Quota {
        self.before.remove(&intent).unwrap_or_default()
    }

    /// The store found that an attempt in this mode passes the cap, though it did not by what was
    /// reserved before its intent: others have spent the difference at least. False where that
    /// cannot be, by what is known of the cap and the price.
    pub(super) fn learn_of_others(&mut self, mode: Mode, before: Quota) -> bool {
        let (Some(cap), Some(price)) = (self.cap, self.prices.of(mode)) else { return false };
        let least = cap.0.saturating_sub(price.0).saturating_add(1);
        self.others.0 = self.others.0.max(least.saturating_sub(before.0));
        self.others.0 > 0
    }

    /// The most attempts that still fit, whichever they are. `None`: any number.
    pub(super) fn at_most(&self) -> Option<u64> {
        let cheapest = [self.prices.fast, self.prices.relaxed].into_iter().flatten().min()?;
        self.left()?.0.checked_div(cheapest.0)
    }

    fn price(&self, mode: Mode) -> u64 {
        self.prices.of(mode).unwrap_or_default().0
    }
}

impl Engine {
    /// Whether what is next in the order stays within the budget; so it does where nothing is next.
    /// What is cheaper and later in the order is not taken in its place.
    pub(super) fn next_fits(&self) -> bool {
        let due = self.waiting.front().is_none_or(|waiting| self.budget.allows(waiting));
        due && (!self.waiting.is_empty()
            || self.retries.first().is_none_or(|waiting| self.budget.allows(waiting)))
    }

    /// The store found that an attempt in this mode passes the budget. What may be sent in a
    /// cheaper mode still is, where that fits; else nothing more is submitted.
    pub(super) fn on_over_budget(&mut self, mode: Mode, before: Quota) {
        if self.budget.learn_of_others(mode, before) && !mutant!(OverBudgetEnds) {
            return;
        }
        if self.run_phase == RunPhase::Running {
            if !std::mem::replace(&mut self.budget.announced, true) {
                self.notify(EngineNotice::Draining(StopReason::BudgetReached));
            }
            self.run_phase = RunPhase::Draining(StopReason::BudgetReached);
        }
    }

    /// Says once that the budget is reached, when no refusal can give anything back any more.
    pub(super) fn notify_budget_reached(&mut self) {
        let reached = self.run_phase == RunPhase::Running && !self.waiting.is_empty() && !self.next_fits();
        if reached && self.in_flight.unanswered() == 0 && !std::mem::replace(&mut self.budget.announced, true)
        {
            self.notify(EngineNotice::Draining(StopReason::BudgetReached));
        }
    }
}
