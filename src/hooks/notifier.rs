//! Sends one message to a command or a URL, and retries where that may help.

use std::time::Duration;

use super::command::HookCommand;
use super::message::HookMessage;
use super::post::HookPost;

/// The longest time that a receiver may ask to wait before the next try.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Limits of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// How long one try may take.
    pub time: Duration,
    /// The most tries.
    pub tries: u32,
    /// The delay before the second try; each further delay is four times as long, plus up to half
    /// of it at random.
    pub wait: Duration,
}

impl Default for DeliveryLimits {
    fn default() -> Self {
        DeliveryLimits { time: Duration::from_secs(30), tries: 4, wait: Duration::from_millis(200) }
    }
}

/// How a message reaches its receiver.
#[derive(Debug, Clone)]
pub enum Transport {
    /// A command gets it on its standard input.
    Command(HookCommand),
    /// A URL to post to.
    Post(Box<HookPost>),
}

/// A receiver of messages.
#[derive(Debug, Clone)]
pub struct Notifier {
    /// How messages reach it.
    pub transport: Transport,
    /// The limits of a delivery.
    pub limits: DeliveryLimits,
}

impl Notifier {
    /// Sends a message, with retries. Returns how many tries it took.
    ///
    /// # Errors
    /// The last reason, and the number of tries.
    pub async fn send(&self, message: &HookMessage) -> Result<u32, (String, u32)> {
        let mut wait = self.limits.wait;
        for tries in 1.. {
            let sent = match &self.transport {
                Transport::Command(command) => command.run(message, self.limits.time).await,
                Transport::Post(post) => post.send(message, self.limits.time).await,
            };
            let error = match sent {
                Ok(()) => return Ok(tries),
                Err(error) => error,
            };
            if !error.is_transient || tries >= self.limits.tries {
                return Err((error.why, tries));
            }
            let asked = error.retry_after.map_or(Duration::ZERO, |asked| asked.min(LONGEST_RETRY_AFTER));
            tokio::time::sleep(asked.max(wait + wait.mul_f64(random() / 2.0))).await;
            wait *= 4;
        }
        Err((String::new(), 0)) // not reached: tries are bounded
    }
}

/// A random number from 0 to 1, so that deliveries that failed together are not retried together.
fn random() -> f64 {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
