//! Money of a panel: decimal text in its own currency, never a float, whatever shape an answer then gives it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

const PLACES: usize = 12;
const ONE: i128 = 1_000_000_000_000;

/// Millionths of a millionth of the panel's currency: a price of nine places for a thousand units is exact for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(i128);

impl Amount {
    pub(super) const ZERO: Self = Self(0);

    /// Thousandths, for tables of prices.
    pub(super) const fn thousandths(amount: u32) -> Self {
        Self(amount as i128 * (ONE / 1_000))
    }

    /// Reads decimal text; `None` for anything else, for more than twelve places and for what does not fit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() || fraction.len() > PLACES || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let fraction = format!("{fraction:0<PLACES$}").parse::<i128>().ok()?;
        let amount = i128::from(whole.parse::<i64>().ok()?) * ONE + fraction;
        Some(Self(if negative { -amount } else { amount }))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub(super) fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(count)))
    }

    /// `part` of `whole` equal parts; nothing of no parts.
    pub(super) fn share(self, part: u64, whole: u64) -> Self {
        Self(self.0.saturating_mul(i128::from(part)).checked_div(i128::from(whole)).unwrap_or(0))
    }

    /// As a careless program prints it: eleven places, the last one off by one.
    pub(super) fn eleven_places(self) -> String {
        let off = Self(self.0 / 10 * 10 + 10);
        let (sign, amount) = if off.0 < 0 { ("-", off.0.unsigned_abs()) } else { ("", off.0.unsigned_abs()) };
        let one = ONE.unsigned_abs();
        format!("{sign}{}.{:011}", amount / one, amount % one / 10)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = if self.0 < 0 { ("-", self.0.unsigned_abs()) } else { ("", self.0.unsigned_abs()) };
        let one = ONE.unsigned_abs();
        match (amount / one, amount % one) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, rest) => write!(f, "{sign}{whole}.{}", format!("{rest:012}").trim_end_matches('0')),
        }
    }
}

/// Text, so that no reader makes a float of it.
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text or a number, digit by digit.
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get().trim_matches('"')).ok_or_else(|| serde::de::Error::custom("not an amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        for text in ["0", "100.84292", "0.000000000001", "-0.27819", "9007199254740993.07"] {
            assert_eq!(Amount::parse(text).map(|amount| amount.to_string()).as_deref(), Some(text));
        }
        for text in ["", "free", "1e3", ".5", "1,000", "0.0000000000001", "99999999999999999999"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_price_of_a_thousand_is_shared_exactly() {
        let rate = Amount::parse("0.0517").unwrap();
        assert_eq!(rate.times(1_234).share(1, 1_000).to_string(), "0.0637978");
        assert_eq!(rate.times(1_234).share(1, 1_000).eleven_places(), "0.06379780001");
        assert_eq!(rate.share(1, 0), Amount::ZERO);
    }
}
