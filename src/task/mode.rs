//! How the service is asked to run a job, what a task says of that, and how many tasks say what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::{Outlay, Prices, Quota};

/// How the service is asked to run a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// About a minute a job, the dearer one. The service's own default.
    #[default]
    Fast,
    /// One to ten minutes a job, the cheaper one, for bulk. People also write `relax`.
    Relaxed,
}

impl Mode {
    /// The word of the wire and of every column: `fast` or `relaxed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Fast => "fast",
            Mode::Relaxed => "relaxed",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mode: `fast` or `relaxed`")]
pub struct NotAMode(pub String);

impl FromStr for Mode {
    type Err = NotAMode;

    fn from_str(text: &str) -> Result<Self, NotAMode> {
        match text.trim().to_ascii_lowercase().as_str() {
            "fast" => Ok(Mode::Fast),
            "relaxed" | "relax" => Ok(Mode::Relaxed),
            _ => Err(NotAMode(text.to_owned())),
        }
    }
}

/// What a task says of its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskMode {
    /// It is sent in this one.
    Fixed(Mode),
    /// It is left to the run: relaxed where the deadline allows it, fast where it would be missed.
    Auto,
}

impl TaskMode {
    /// Every word, in the order of [`Self::index`].
    pub const ALL: [TaskMode; 3] =
        [TaskMode::Fixed(Mode::Fast), TaskMode::Fixed(Mode::Relaxed), TaskMode::Auto];

    /// The word of manifests and columns: `fast`, `relaxed` or `auto`.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskMode::Fixed(mode) => mode.as_str(),
            TaskMode::Auto => "auto",
        }
    }

    /// Its place among all.
    pub fn index(self) -> usize {
        match self {
            TaskMode::Fixed(mode) => mode as usize,
            TaskMode::Auto => 2,
        }
    }

    /// The modes in which it may be sent.
    pub fn may_be(self) -> &'static [Mode] {
        match self {
            TaskMode::Fixed(Mode::Fast) => &[Mode::Fast],
            TaskMode::Fixed(Mode::Relaxed) => &[Mode::Relaxed],
            TaskMode::Auto => &[Mode::Fast, Mode::Relaxed],
        }
    }
}

impl Default for TaskMode {
    fn default() -> Self {
        Mode::default().into()
    }
}

impl From<Mode> for TaskMode {
    fn from(mode: Mode) -> Self {
        TaskMode::Fixed(mode)
    }
}

impl fmt::Display for TaskMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TaskMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for TaskMode {
    type Err = NotAMode;

    fn from_str(text: &str) -> Result<Self, NotAMode> {
        match text.trim().eq_ignore_ascii_case("auto") {
            true => Ok(TaskMode::Auto),
            false => text.parse().map(TaskMode::Fixed),
        }
    }
}

/// How many tasks there are of each mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModeCounts([u64; TaskMode::ALL.len()]);

impl ModeCounts {
    /// How many there are of this one.
    pub fn of(&self, mode: impl Into<TaskMode>) -> u64 {
        self.0[mode.into().index()]
    }

    /// One more.
    pub fn add(&mut self, mode: TaskMode) {
        self.0[mode.index()] += 1;
    }

    /// One less.
    pub fn take(&mut self, mode: TaskMode) {
        self.0[mode.index()] = self.0[mode.index()].saturating_sub(1);
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What they cost by these prices; `None` where a mode that may be needed has none.
    pub fn cost(&self, prices: &Prices) -> Option<Outlay> {
        let (mut least, mut most) = (0_u64, 0_u64);
        for mode in TaskMode::ALL {
            let count = self.of(mode);
            if count == 0 {
                continue;
            }
            let each: Option<Vec<u64>> =
                mode.may_be().iter().map(|mode| prices.of(*mode).map(|price| price.0)).collect();
            let each = each?;
            least = least.saturating_add(each.iter().min()?.saturating_mul(count));
            most = most.saturating_add(each.iter().max()?.saturating_mul(count));
        }
        Some(Outlay { least: Quota(least), most: Quota(most) })
    }
}

/// `24 fast, 3 auto`; empty where there are none.
impl fmt::Display for ModeCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = TaskMode::ALL.into_iter().filter(|mode| self.of(*mode) > 0);
        for (n, mode) in some.enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}{} {mode}", self.of(mode))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_relax_and_the_wire_says_relaxed() {
        assert_eq!("relax".parse(), Ok(Mode::Relaxed));
        assert_eq!(" Fast ".parse(), Ok(Mode::Fast));
        assert!("turbo".parse::<Mode>().is_err());
        assert_eq!(Mode::Relaxed.as_str(), "relaxed");
    }

    #[test]
    fn a_task_may_leave_its_mode_to_the_run_and_the_service_is_never_told_so() {
        for mode in TaskMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(TaskMode::ALL[mode.index()], mode);
        }
        assert_eq!(" Auto".parse(), Ok(TaskMode::Auto));
        assert!("auto".parse::<Mode>().is_err());
        assert_eq!(TaskMode::default(), TaskMode::Fixed(Mode::Fast));
    }

    #[test]
    fn what_leaves_its_mode_to_the_run_costs_from_the_one_price_to_the_other() {
        let counts = |modes: &[TaskMode]| {
            let mut counts = ModeCounts::default();
            modes.iter().for_each(|mode| counts.add(*mode));
            counts
        };
        let (fast, relaxed) = (Mode::Fast.into(), Mode::Relaxed.into());
        let prices = Prices { fast: Some(Quota(4000)), relaxed: Some(Quota(1500)) };
        let cost = |modes: &[TaskMode], prices: &Prices| {
            counts(modes).cost(prices).map(|Outlay { least, most }| (least, most))
        };
        assert_eq!(cost(&[fast, fast, relaxed], &prices), Some((Quota(9500), Quota(9500))));
        assert_eq!(
            cost(&[fast, TaskMode::Auto, TaskMode::Auto], &prices),
            Some((Quota(7000), Quota(12_000)))
        );
        let one = Prices { relaxed: None, ..prices };
        assert_eq!(
            (cost(&[fast], &one), cost(&[TaskMode::Auto], &one)),
            (Some((Quota(4000), Quota(4000))), None)
        );
        assert_eq!(cost(&[], &Prices::default()), Some((Quota(0), Quota(0))));
        assert_eq!(counts(&[fast, TaskMode::Auto, fast]).to_string(), "2 fast, 1 auto");
    }
}
