//! What is paid, short or over, and naira for dollars. Coins for dollars are in [`crate::chain`].
//!
//! Promises: what a payer owes is rounded up; a tolerance is a share or a dust
//! and never a flat sum of dollars, and whatever is configured, less than nine tenths is short and nothing is nothing.

use crate::money::{Currency, Money, MoneyError, Rate, Rounding};

/// What is lacking at most, in parts per ten thousand, whatever a tolerance says.
const LACK_MAX_BPS: u128 = 1_000;

/// How much less than asked for is still paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// A share, in parts per ten thousand: for coins whose amount was quoted.
    Share {
        /// 50 accepts 99.5 %.
        bps: u32,
    },
    /// A dust in minor units of the asset: for stablecoins, which are exact down to it.
    Dust {
        /// 0.01 of a coin with 6 decimals is 10 000.
        units: u128,
    },
}

/// What a payment is of what was asked for, in minor units of the asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Enough, and nothing beyond what was asked for.
    Paid,
    /// Too little.
    Short {
        /// What is lacking of what was asked for.
        missing: u128,
    },
    /// Enough, and more than asked for.
    Over {
        /// What is beyond it.
        excess: u128,
    },
}

/// Judges what arrived.
pub fn accepted(expected_units: u128, received_units: u128, tolerance: &Tolerance) -> Amount {
    let missing = expected_units.saturating_sub(received_units);
    if received_units == 0 {
        return Amount::Short { missing };
    }
    let allowed = match tolerance {
        Tolerance::Share { bps } => share(expected_units, u128::from(*bps)),
        Tolerance::Dust { units } => *units,
    };
    match received_units.checked_sub(expected_units) {
        Some(0) => Amount::Paid,
        Some(excess) => Amount::Over { excess },
        None if missing <= allowed.min(share(expected_units, LACK_MAX_BPS)) => Amount::Paid,
        None => Amount::Short { missing },
    }
}

/// A share of `units`, rounded down; exact, and without overflow for any number.
fn share(units: u128, bps: u128) -> u128 {
    let bps = bps.min(10_000);
    (units / 10_000) * bps + (units % 10_000) * bps / 10_000
}

/// Naira for one dollar of a purchase: the market's rate and `spread` naira on each dollar.
pub fn bank_rate(market: Rate, spread: Money) -> Result<Rate, MoneyError> {
    if spread.currency() != Currency::Ngn || spread.is_negative() {
        return Err(MoneyError::CurrencyMismatch);
    }
    let (num, den) = market.parts();
    let scale = i128::from(Currency::Ngn.scale());
    let num = i128::from(num) * scale + i128::from(spread.minor()) * i128::from(den);
    let den = i128::from(den) * scale;
    let shared = gcd(num, den);
    let part = |part: i128| i64::try_from(part / shared).map_err(|_| MoneyError::Overflow);
    Rate::new(part(num)?, part(den)?).ok_or(MoneyError::NotANumber)
}

/// What `usd` cost in naira at a rate of [`bank_rate`], rounded up to kobo.
pub fn bank_amount(usd: Money, rate: Rate) -> Result<Money, MoneyError> {
    if usd.currency() != Currency::Usd || usd.is_negative() {
        return Err(MoneyError::CurrencyMismatch);
    }
    rate.convert(usd, Currency::Ngn, Rounding::Up)
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
