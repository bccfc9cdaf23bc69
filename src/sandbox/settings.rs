//! The settings of a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::faults::SandboxFaults;

/// The settings of a sandbox. The default is the service as documented: real times, ten slots, no
/// faults.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The address to listen on. Port 0 picks a free port. Default: a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// The number of seconds of the service that pass in one real second. Default 1.
    pub speed: f64,
    /// The number of jobs that an account can run at once. Default 10.
    pub slots: usize,
    /// The seed of job times and faults: the same seed gives the same ones. Default 1.
    pub seed: u64,
    /// The faults that are on. Default none.
    pub faults: SandboxFaults,
    /// The URL that clients use, if it differs from the address that the sandbox listens on.
    pub public_url: Option<String>,
    /// The only API key that is accepted. Without one, any key that is not empty.
    pub key: Option<SecretString>,
    /// The shortest and the longest duration of a fast job, in seconds of the service. Default 25
    /// to 90.
    pub fast: RangeInclusive<f64>,
    /// The shortest and the longest duration of a relaxed job, in seconds of the service. Default
    /// 60 to 600.
    pub relaxed: RangeInclusive<f64>,
    /// The longer side of an image in pixels, from 8 to 2048. Default 768.
    pub image_side: u32,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        SandboxSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            speed: 1.0,
            slots: 10,
            seed: 1,
            faults: SandboxFaults::none(),
            public_url: None,
            key: None,
            fast: 25.0..=90.0,
            relaxed: 60.0..=600.0,
            image_side: 768,
        }
    }
}

impl SandboxSettings {
    /// Describes what is wrong with the settings, if anything is.
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
        } else if !(8..=2048).contains(&self.image_side) {
            Some("the side of an image must be from 8 to 2048 pixels")
        } else {
            None
        }
    }
}
