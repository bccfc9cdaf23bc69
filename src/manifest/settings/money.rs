//! Amounts of money as a manifest writes them: exact, in millionths of a dollar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::task::Quota;

/// US dollars, in millionths, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Usd(pub u64);

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let digits = format!("{part:06}");
        let digits = digits.trim_end_matches('0');
        write!(f, "{whole}.{digits:0<2}")
    }
}

/// A text that is no amount of US dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount of US dollars: a number from 0 to 1000000 with at most six decimals")]
pub struct InvalidUsd(pub String);

impl FromStr for Usd {
    type Err = InvalidUsd;

    fn from_str(text: &str) -> Result<Self, InvalidUsd> {
        let refused = || InvalidUsd(text.to_owned());
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 7 || part.len() > 6 || !digits(whole) || !digits(part) {
            return Err(refused());
        }
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let part: u64 = format!("{part:0<6}").parse().map_err(|_| refused())?;
        let total = whole * 1_000_000 + part;
        if total > 1_000_000 * 1_000_000 { Err(refused()) } else { Ok(Usd(total)) }
    }
}

/// The limit on what a batch may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Budget {
    /// `20usd`
    Usd(Usd),
    /// `500quota`
    Quota(Quota),
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Budget::Usd(usd) => write!(f, "{usd} USD"),
            Budget::Quota(quota) => write!(f, "{quota} quota"),
        }
    }
}

/// A text that is no budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a budget: a number and its unit, as in `20usd` or `500quota`")]
pub struct InvalidBudget(pub String);

impl FromStr for Budget {
    type Err = InvalidBudget;

    fn from_str(text: &str) -> Result<Self, InvalidBudget> {
        let refused = || InvalidBudget(text.to_owned());
        let trimmed = text.trim().to_ascii_lowercase();
        if let Some(amount) = trimmed.strip_suffix("usd") {
            return amount.trim().parse().map(Budget::Usd).map_err(|_| refused());
        }
        match trimmed.strip_suffix("quota") {
            Some(amount) => amount.trim().parse().map(Budget::Quota).map_err(|_| refused()),
            None => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_reads_as_it_was_written() {
        for (text, shown) in [
            ("20usd", "20.00 USD"),
            (" 0.5 USD", "0.50 USD"),
            ("500quota", "500 quota"),
            ("1.5 quota", "1.5 quota"),
        ] {
            assert_eq!(text.parse::<Budget>().map(|b| b.to_string()), Ok(shown.to_owned()));
        }
        for text in ["", "20", "usd", "-1usd", "20 eur", "1e3usd", "2000000usd", "0.0000001usd"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
        assert_eq!("0.007692".parse(), Ok(Usd(7692)));
        assert_eq!("0.0077".parse::<Usd>().unwrap().to_string(), "0.0077");
    }
}
