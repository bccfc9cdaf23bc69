//! Quota, the unit in which the service charges.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount of quota, in thousandths, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Quota(pub u64);

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{part:03}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// A text that is no amount of quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount of quota: a number from 0 to 1000000 with at most three decimals, as in `2` or `1.5`"
)]
pub struct NotAQuota(pub String);

impl FromStr for Quota {
    type Err = NotAQuota;

    fn from_str(text: &str) -> Result<Self, NotAQuota> {
        let refused = || NotAQuota(text.to_owned());
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 7 || part.len() > 3 || !digits(whole) || !digits(part) {
            return Err(refused());
        }
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let thousandths: u64 = format!("{part:0<3}").parse().map_err(|_| refused())?;
        if whole > 1_000_000 {
            return Err(refused());
        }
        Ok(Quota(whole * 1000 + thousandths))
    }
}

/// An amount to be spent, as a range: it depends on the modes that are chosen meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlay {
    /// The amount if all tasks of mode `auto` are sent in the cheaper mode.
    pub least: Quota,
    /// The amount if all of them are sent in the dearer mode.
    pub most: Quota,
}

/// `20 quota`, `120 to 240 quota`.
impl fmt::Display for Outlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.least == self.most {
            true => write!(f, "{} quota", self.least),
            false => write!(f, "{} to {} quota", self.least, self.most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_is_exact_and_reads_as_it_was_written() {
        for text in ["0", "2", "1.5", "0.015", "1000000"] {
            assert_eq!(text.parse::<Quota>().map(|q| q.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("2.50".parse(), Ok(Quota(2500)));
        for text in ["", ".5", "-1", "1e3", "1.2345", "99999999", "1000001", "2 quota"] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }
}
