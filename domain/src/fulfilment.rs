//! What follows from a paid invoice: the states of an order that people fulfil, and what a referrer earns by it.
//!
//! Promises: a commission is rounded down and what a refund takes back of it is rounded up, so that no refund leaves a
//! referrer more than their share of what was kept; a whole refund takes back everything. Pure.

use crate::Money;
use crate::money::Currency;
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// Where an order that people fulfil is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualState {
    /// People are at it.
    Open,
    /// Delivered.
    Done,
    /// Given back.
    Refunded,
}

impl ManualState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Refunded];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Refunded => "refunded",
        }
    }
}

impl fmt::Display for ManualState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for ManualState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// What a referrer earns by a purchase: `bps` hundredths of a percent of what was paid in USD, rounded down. Zero for
/// other currencies and for nothing paid.
pub fn commission(paid: Money, bps: i64) -> Money {
    if paid.currency() != Currency::Usd || !paid.is_positive() || bps <= 0 {
        return Money::usd_minor(0);
    }
    let share = i128::from(paid.minor()) * i128::from(bps.min(10_000)) / 10_000;
    Money::usd_minor(i64::try_from(share).unwrap_or(0))
}

/// How much of a commission has to be back in all once `refunded` of `paid` was given back, rounded up, at most all of
/// it.
pub fn clawed_by(commission: Money, refunded: Money, paid: Money) -> Money {
    if !commission.is_positive() || !refunded.is_positive() {
        return Money::usd_minor(0);
    }
    if refunded.minor() >= paid.minor() {
        return commission;
    }
    let (amount, part, whole) =
        (i128::from(commission.minor()), i128::from(refunded.minor()), i128::from(paid.minor()));
    let back = (amount * part + whole - 1) / whole;
    Money::usd_minor(i64::try_from(back).unwrap_or(commission.minor()).min(commission.minor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::usd_minor(minor)
    }

    #[test]
    fn words_read_back() {
        for state in ManualState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        assert!("Open".parse::<ManualState>().is_err());
    }

    #[test]
    fn a_commission_is_rounded_down() {
        for (paid, bps, earned) in [
            (10_000_000, 1_000, 1_000_000),
            (9_999_999, 1_000, 999_999),
            (9, 1_000, 0),
            (0, 1_000, 0),
            (-5, 1_000, 0),
            (100, 0, 0),
            (100, -1, 0),
            (100, 20_000, 100),
            (i64::MAX, 10_000, i64::MAX),
        ] {
            assert_eq!(commission(usd(paid), bps), usd(earned), "{paid} {bps}");
        }
        assert_eq!(commission(Money::ngn_minor(1_000), 1_000), usd(0));
    }

    #[test]
    fn what_is_taken_back_is_rounded_up_and_never_more_than_all() {
        for (amount, refunded, paid, back) in [
            (1_000_000, 5_000_000, 10_000_000, 500_000),
            (1_000_000, 1, 10_000_000, 1),
            (1_000_000, 10_000_000, 10_000_000, 1_000_000),
            (1_000_000, 11_000_000, 10_000_000, 1_000_000),
            (1_000_000, 0, 10_000_000, 0),
            (0, 5, 10, 0),
            (3, 9, 10, 3),
        ] {
            assert_eq!(clawed_by(usd(amount), usd(refunded), usd(paid)), usd(back), "{amount} {refunded} {paid}");
        }
        // In steps it never grows beyond what one step would take.
        for refunded in 0..=100 {
            assert!(clawed_by(usd(10), usd(refunded), usd(100)).minor() >= refunded / 10);
        }
    }
}
