//! The follow-up: what became of a batch, told to a command or to an address, so that it reaches a CMS or a chat.
//!
//! # What is told
//!
//! One JSON object, on the standard input of a command or as the body of a POST. Every one has
//!
//! | field | holds |
//! | --- | --- |
//! | `event` | `done`: a task ended; `finish`: a run is over |
//! | `delivery` | its name, the same in each try: whoever has it already may pass it over |
//! | `batch` | the batch's name |
//! | `rehearsal` | `true` in a rehearsal, whose pictures are not real |
//! | `text` | one line for people, under the name that chats read |
//!
//! `done` has `task`, an object as in a line of a [`.jsonl`](super::jsonl) file of results (its `status` is `done`, or with
//! `failed: true` also `failed` or `lost`), and `files`, the paths of its pictures' files, where those are downloaded: it is
//! told once they are there, or cannot be. `finish` has the fields of the event `finished` of
//! [`JsonLines`](crate::progress::JsonLines), and `counts` and `took_s`; its paths are absolute. Fields may be added; none
//! changes its meaning.
//!
//! # How it is told
//!
//! At least once: what is due is in the state from the moment a task is done, and is told again until a command ends with 0
//! or an address answers with 2xx. A failure is tried four times, then left to the next run, and never changes what the batch
//! is. What was told is not told again, whoever is told later: an address that is changed gets what is due, not what was. What
//! was done before there was an `on_done` is not told, unless `mjbatch run --deliver-all` asks for it.
//!
//! A command runs without a shell in the manifest's folder, without the API key in its environment, and is stopped with all
//! that it started when its time is over. A POST says what it is in its headers: `X-Mjbatch-Event`, `X-Mjbatch-Delivery` (the
//! body's `delivery`), and where there is a secret `X-Mjbatch-Timestamp` (seconds since 1970) and `X-Mjbatch-Signature`,
//! `sha256=` and the hexadecimal HMAC-SHA256 of the timestamp, a `.` and the body. A receiver makes the same of what it got,
//! compares in constant time, and refuses old timestamps. Redirects are not followed. In Python, with the body as it came:
//!
//! ```python
//! made = hmac.new(secret, timestamp + b"." + body, hashlib.sha256).hexdigest()
//! genuine = hmac.compare_digest("sha256=" + made, signature) and abs(time.time() - int(timestamp)) < 300
//! ```

mod command;
mod event;
mod post;

use std::time::Duration;

pub use command::Command;
pub use event::{Batch, Message};
pub use post::Post;

use crate::text::sanitize_line;

/// The most characters kept of a reason.
const REASON: usize = 200;

/// How much telling may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one try may last.
    pub time: Duration,
    /// How often it is tried.
    pub tries: u32,
    /// How long after the first try; each further wait is four times as long, and up to half as long again.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(30), tries: 4, wait: Duration::from_millis(200) }
    }
}

/// Whom something is told.
#[derive(Debug, Clone)]
pub enum Way {
    /// A command.
    Command(Command),
    /// An address.
    Post(Box<Post>),
}

/// Tells.
#[derive(Debug, Clone)]
pub struct Teller {
    /// Whom.
    pub way: Way,
    /// What it may take.
    pub limits: Limits,
}

/// Why something could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// In one harmless line.
    why: String,
    /// It may be otherwise in a moment.
    may_pass: bool,
    /// How long the receiver asked to be left alone.
    asked_wait: Option<Duration>,
}

impl Fault {
    fn passing(why: impl AsRef<str>) -> Fault {
        Fault { why: sanitize_line(why.as_ref(), REASON), may_pass: true, asked_wait: None }
    }

    fn lasting(why: impl AsRef<str>) -> Fault {
        Fault { may_pass: false, ..Fault::passing(why) }
    }
}

impl Teller {
    /// Tells, and tries again where that may help. Gives how many tries it took.
    ///
    /// # Errors
    /// Why it was not told, and the tries.
    pub async fn tell(&self, message: &Message) -> Result<u32, (String, u32)> {
        let mut wait = self.limits.wait;
        for tries in 1.. {
            let told = match &self.way {
                Way::Command(command) => command.run(message, self.limits.time).await,
                Way::Post(post) => post.send(message, self.limits.time).await,
            };
            let fault = match told {
                Ok(()) => return Ok(tries),
                Err(fault) => fault,
            };
            if !fault.may_pass || tries >= self.limits.tries {
                return Err((fault.why, tries));
            }
            let asked = fault.asked_wait.map_or(Duration::ZERO, |asked| asked.min(Duration::from_secs(60)));
            tokio::time::sleep(asked.max(wait + wait.mul_f64(random() / 2.0))).await;
            wait *= 4;
        }
        Err((String::new(), 0)) // not reached: tries are bounded
    }
}

/// From 0 to 1, so that those that failed together do not come back together.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
