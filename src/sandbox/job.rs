//! How a job of the sandbox goes: everything about it is decided when it is accepted, and its state
//! at any later time follows from that. Pure: time is an argument.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::clock::SandboxSpeed;
use super::drawing::{Appearance, Aspect};
use super::encoded_id::{EncodedId, SandboxJobEnd};
use super::faults::{FaultRoller, SandboxFault};
use super::wire::ReceivedSubmit;
use crate::task::Mode;

/// How the service behaves: its faults, its speed, its slots per account, and the range of seconds
/// that a job takes in each mode.
#[derive(Debug, Clone)]
pub(super) struct ServiceRules {
    pub(super) roller: FaultRoller,
    pub(super) speed: SandboxSpeed,
    pub(super) slots: usize,
    pub(super) fast: RangeInclusive<f64>,
    pub(super) relaxed: RangeInclusive<f64>,
}

/// The state of a job as a status request reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobState {
    Running,
    Done,
    Failed(&'static str),
}

impl EncodedId {
    /// The state of the job at a Unix time in milliseconds. `None` if the service has forgotten it.
    pub(super) fn state_at(&self, now: u64) -> Option<JobState> {
        if now < self.ends_at() {
            return Some(JobState::Running);
        }
        match self.end {
            SandboxJobEnd::Done => Some(JobState::Done),
            SandboxJobEnd::Broken => Some(JobState::Failed("Internal error while generating the images")),
            SandboxJobEnd::Moderated => Some(JobState::Failed("Banned prompt detected")),
            SandboxJobEnd::Expired => Some(JobState::Failed("Task timeout")),
            SandboxJobEnd::Never => Some(JobState::Running),
            SandboxJobEnd::Gone => None,
        }
    }
}

/// Decides everything that will happen to a job at the moment when it is accepted. `now` is a Unix
/// time in milliseconds; `number` counts the accepted jobs from 1.
pub(super) fn decide(rules: &ServiceRules, now: u64, submit: &ReceivedSubmit, number: u64) -> EncodedId {
    let ServiceRules { roller, speed, .. } = rules;
    let range = match submit.mode {
        Mode::Fast => &rules.fast,
        Mode::Relaxed => &rules.relaxed,
    };
    let timeout = submit.timeout as f64;
    // Skewed to the short side, as the times that users report are.
    let [a, b, c] = ["time", "time's brother", "time's sister"].map(|purpose| roller.roll(purpose, number));
    let share = (a.min(b) + c) / 2.0;
    let natural = (range.start() + (range.end() - range.start()) * share).min(timeout * 0.95);
    let (seconds, end) = if submit.hook_url.is_some() && roller.strikes(SandboxFault::WebhookEarly, number) {
        (0.0, SandboxJobEnd::Done)
    } else if roller.strikes(SandboxFault::JobSlow, number) {
        match roller.faults.choice(SandboxFault::JobExpire) {
            "hang" => (timeout, SandboxJobEnd::Never),
            "gone" => (timeout, SandboxJobEnd::Gone),
            "late" => (timeout * 2.0, SandboxJobEnd::Done),
            _ => (timeout, SandboxJobEnd::Expired),
        }
    } else if has_word(&submit.prompt, roller.faults.text(SandboxFault::JobModerated)) {
        (natural, SandboxJobEnd::Moderated)
    } else if roller.strikes(SandboxFault::JobFail, number) {
        (natural, SandboxJobEnd::Broken)
    } else {
        (natural, SandboxJobEnd::Done)
    };
    let lasts = speed.real_millis(Duration::from_secs_f64(seconds));
    EncodedId {
        accepted_at: now,
        lasts: u32::try_from(lasts).unwrap_or(u32::MAX),
        mode: submit.mode,
        end,
        look: Appearance::of_prompt(&submit.prompt),
        aspect: Aspect::of_prompt(&submit.prompt),
        serial: (number & 0x000f_ffff) as u32,
    }
}

/// Whether a prompt contains a word, in any case. Nothing contains `None`.
pub(super) fn has_word(prompt: &str, word: Option<&str>) -> bool {
    word.is_some_and(|word| prompt.to_lowercase().contains(&word.to_lowercase()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    pub(in crate::sandbox) fn rules(faults: &str) -> ServiceRules {
        ServiceRules {
            roller: FaultRoller::new(1, faults.parse().unwrap()),
            speed: SandboxSpeed(1.0),
            slots: 10,
            fast: 25.0..=90.0,
            relaxed: 60.0..=600.0,
        }
    }

    pub(in crate::sandbox) fn job(mode: Mode) -> ReceivedSubmit {
        ReceivedSubmit { prompt: "a mug".into(), mode, hook_url: None, timeout: 600 }
    }

    #[test]
    fn job_times_keep_to_their_range_and_are_skewed_to_the_short_side() {
        let rules = rules("");
        for (mode, low, high) in [(Mode::Fast, 25_000, 90_000), (Mode::Relaxed, 60_000, 570_000)] {
            let times: Vec<u32> = (1..500).map(|n| decide(&rules, NOW, &job(mode), n).lasts).collect();
            assert!(times.iter().all(|ms| (low..=high).contains(ms)));
            let mean = times.iter().sum::<u32>() / times.len() as u32;
            assert!((low + high) / 4 < mean && mean < (low + high) / 2, "{mean}");
        }
        let short = ReceivedSubmit { timeout: 300, ..job(Mode::Relaxed) };
        assert!((1..500).all(|n| decide(&rules, NOW, &short, n).lasts <= 285_000));
    }
}
