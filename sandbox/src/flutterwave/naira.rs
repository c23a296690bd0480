//! Naira amounts as they stand on the wire: decimal text of up to three places, never a float.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Thousandths of a naira, because fees have three decimals (`26.875`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Naira(i64);

impl Naira {
    pub(crate) const fn thousandths(amount: i64) -> Self {
        Self(amount)
    }

    /// Reads decimal text; `None` for anything else, for more than three decimals and for what does not fit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() || fraction.len() > 3 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let thousandths = format!("{fraction:0<3}").parse::<i64>().ok()?;
        let amount = whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(thousandths)?;
        Some(Self(if negative { -amount } else { amount }))
    }

    pub(crate) fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many thousandths of it, rounded up.
    pub(crate) fn per_mille(self, thousandths: i64) -> Self {
        let product = i128::from(self.0) * i128::from(thousandths);
        Self(i64::try_from((product + 999).div_euclid(1_000)).unwrap_or(i64::MAX))
    }

    /// Text with two places, rounded up: `1500.00`.
    pub(crate) fn two_places(self) -> String {
        let kobo = (i128::from(self.0) + 9).div_euclid(10);
        format!("{}.{:02}", kobo / 100, kobo % 100)
    }

    /// What a transfer of this amount costs: 10, 25 or 50 naira and 7.5 % tax on that.
    pub(crate) fn transfer_fee(self) -> Self {
        match self.0 {
            ..=5_000_000 => Self(10_750),
            5_000_001..=50_000_000 => Self(26_875),
            _ => Self(53_750),
        }
    }
}

impl fmt::Display for Naira {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = if self.0 < 0 { ("-", self.0.unsigned_abs()) } else { ("", self.0.unsigned_abs()) };
        match (amount / 1_000, amount % 1_000) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, rest) => write!(f, "{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0')),
        }
    }
}

/// A JSON number with exactly these digits.
impl Serialize for Naira {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Naira {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).ok_or_else(|| serde::de::Error::custom("not an amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        for text in ["0", "5500", "5500.5", "26.875", "0.01", "9007199254740993.07", "-12.5"] {
            assert_eq!(Naira::parse(text).map(|naira| naira.to_string()).as_deref(), Some(text));
        }
        assert_eq!(
            serde_json::to_string(&Naira::parse("9007199254740993.070").unwrap()).unwrap(),
            "9007199254740993.07"
        );
        for text in ["", "1e3", "1.0001", ".5", "ten", "1,000", "--1", "99999999999999999999"] {
            assert_eq!(Naira::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_fee_follows_the_tiers() {
        for (amount, fee) in
            [("1", "10.75"), ("5000", "10.75"), ("5001", "26.875"), ("50000", "26.875"), ("50000.01", "53.75")]
        {
            assert_eq!(Naira::parse(amount).unwrap().transfer_fee().to_string(), fee, "{amount}");
        }
    }
}
