//! The modes in which the service runs a job, and the mode of a task, which may be left to the run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// How the service is asked to run a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// About a minute per job; costs more. The service's default.
    #[default]
    Fast,
    /// One to ten minutes per job; costs less. People also write `relax`.
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

/// A text that is no mode.
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

/// The mode of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskMode {
    /// The task is sent in this mode.
    Fixed(Mode),
    /// The run decides: relaxed as long as the deadline is safe, fast where it would be missed.
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

    /// The index of the mode among all.
    pub fn index(self) -> usize {
        match self {
            TaskMode::Fixed(mode) => mode as usize,
            TaskMode::Auto => 2,
        }
    }

    /// The modes in which the task may be sent.
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
    fn auto_is_a_mode_of_tasks_and_none_of_the_service() {
        for mode in TaskMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(TaskMode::ALL[mode.index()], mode);
        }
        assert_eq!(" Auto".parse(), Ok(TaskMode::Auto));
        assert!("auto".parse::<Mode>().is_err());
        assert_eq!(TaskMode::default(), TaskMode::Fixed(Mode::Fast));
    }
}
