//! What a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::faults::Faults;

/// What a sandbox is started with. The default is the service as it is described: real times, ten slots, no faults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one. Default: a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// How many seconds of the service pass in a real one; 60 makes a minute's job take a second. Default 1.
    pub speed: f64,
    /// Jobs an account may have at once. Default 10.
    pub slots: usize,
    /// Decides job times and when faults strike; the same seed gives the same. Default 1.
    pub seed: u64,
    /// The faults that are played. Default none.
    pub faults: Faults,
    /// Where clients reach this sandbox, without a slash at the end, if not at the address it listens on.
    pub public_url: Option<String>,
    /// The one key that is accepted; without it any key that is not empty.
    pub key: Option<SecretString>,
    /// Shortest and longest time of a fast job, in seconds of the service. Default 25 to 90.
    pub fast: RangeInclusive<f64>,
    /// Shortest and longest time of a relaxed job, in seconds of the service. Default 60 to 600.
    pub relaxed: RangeInclusive<f64>,
    /// Pixels on the longer side of a picture, 8 to 2048. Default 768.
    pub picture_side: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            speed: 1.0,
            slots: 10,
            seed: 1,
            faults: Faults::none(),
            public_url: None,
            key: None,
            fast: 25.0..=90.0,
            relaxed: 60.0..=600.0,
            picture_side: 768,
        }
    }
}

impl Settings {
    /// What is wrong with them, in words, if anything is.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let in_order = |range: &RangeInclusive<f64>| {
            range.start().is_finite()
                && *range.start() >= 0.0
                && range.start() <= range.end()
                && *range.end() <= 86_400.0
        };
        if !self.speed.is_finite() || !(1e-3..=1e6).contains(&self.speed) {
            Some("the speed must be from 0.001 to 1000000")
        } else if !in_order(&self.fast) || !in_order(&self.relaxed) {
            Some("a range of job times must go from 0 or more up to a day or less")
        } else if !(8..=2048).contains(&self.picture_side) {
            Some("the side of a picture must be from 8 to 2048 pixels")
        } else {
            None
        }
    }
}
