//! Money as integers: an amount of minor units in one currency, rates as integer ratios, exact decimal text.
//!
//! Promises: no floating point; every operation is checked; a conversion names its rounding and multiplies in
//! 128 bits; parsing accepts plain decimal digits only, so `1e9`, `nan`, `+5`, `1,000` and Arabic digits are refused.
//! Absent on purpose: `Add`/`Sub` operators (they wrap in a release build) and an order between currencies.

use std::fmt;
use std::str::FromStr;

/// The short name of a plan whose post credits are a ledger currency, such as `t1` or `tgt`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Plan {
    bytes: [u8; 12],
    len: u8,
}

impl Plan {
    /// A plan code: 1 to 12 of `a-z`, `0-9`, `_`.
    pub fn new(code: &str) -> Option<Self> {
        let ok = (1..=12).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !ok {
            return None;
        }
        let mut bytes = [0; 12];
        bytes[..code.len()].copy_from_slice(code.as_bytes());
        Some(Self { bytes, len: code.len() as u8 })
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("")
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What money is counted in. Each has one fixed exponent that is never changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Currency {
    /// US dollars, six decimals, because panels quote charges such as 0.27819.
    Usd,
    /// Nigerian naira, two decimals (kobo).
    Ngn,
    /// Post credits of one plan, whole.
    Credits(Plan),
}

impl Currency {
    /// Decimal places of the minor unit.
    pub fn exponent(self) -> u32 {
        match self {
            Self::Usd => 6,
            Self::Ngn => 2,
            Self::Credits(_) => 0,
        }
    }

    /// Minor units in one major unit.
    pub fn scale(self) -> i64 {
        10_i64.pow(self.exponent())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usd => f.pad("USD"),
            Self::Ngn => f.pad("NGN"),
            Self::Credits(plan) => write!(f, "posts:{}", plan.as_str()),
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text {
            "USD" => Ok(Self::Usd),
            "NGN" => Ok(Self::Ngn),
            _ => text
                .strip_prefix("posts:")
                .and_then(Plan::new)
                .map(Self::Credits)
                .ok_or_else(|| MoneyError::UnknownCurrency(crate::text::clean_line(text, 20))),
        }
    }
}

/// Why an amount could not be made or combined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies were mixed.
    #[error("amounts of different currencies cannot be combined")]
    CurrencyMismatch,
    /// The result does not fit.
    #[error("amount too large")]
    Overflow,
    /// Not a plain decimal number.
    #[error("not a plain decimal number")]
    NotANumber,
    /// More decimals than the currency has.
    #[error("at most {0} decimals")]
    TooPrecise(u32),
    /// No such currency.
    #[error("unknown currency {0}")]
    UnknownCurrency(String),
}

/// Minor units of one currency: 1 USD is 1 000 000, 1 NGN is 100, a post credit is 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount from minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Micro-dollars.
    pub const fn usd_minor(minor: i64) -> Self {
        Self::new(minor, Currency::Usd)
    }

    /// Kobo.
    pub const fn ngn_minor(minor: i64) -> Self {
        Self::new(minor, Currency::Ngn)
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Above zero.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Exactly zero.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// The sum.
    pub fn checked_add(self, rhs: Self) -> Result<Self, MoneyError> {
        self.same(rhs)?;
        self.minor.checked_add(rhs.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The difference.
    pub fn checked_sub(self, rhs: Self) -> Result<Self, MoneyError> {
        self.same(rhs)?;
        self.minor.checked_sub(rhs.minor).map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// The same amount with the other sign.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.minor.checked_neg().map(|minor| Self { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// True when `self >= rhs`; an error when the currencies differ.
    pub fn at_least(self, rhs: Self) -> Result<bool, MoneyError> {
        self.same(rhs)?;
        Ok(self.minor >= rhs.minor)
    }

    fn same(self, rhs: Self) -> Result<(), MoneyError> {
        if self.currency == rhs.currency { Ok(()) } else { Err(MoneyError::CurrencyMismatch) }
    }

    /// Parses plain decimal text (`25`, `25.5`, `0.000001`), at most the currency's decimals, no sign, no exponent.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let has_point = text.contains('.');
        if whole.is_empty() || !digits(whole) || !digits(fraction) || (has_point && fraction.is_empty()) {
            return Err(MoneyError::NotANumber);
        }
        let exponent = currency.exponent() as usize;
        let significant = fraction.trim_end_matches('0');
        if significant.len() > exponent {
            return Err(MoneyError::TooPrecise(currency.exponent()));
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', exponent - significant.len());
        for digit in whole.bytes().chain(significant.bytes()).chain(padding) {
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit - b'0')))
                .ok_or(MoneyError::Overflow)?;
        }
        Ok(Self { minor, currency })
    }

    /// Parses decimal text from a provider that may carry more decimals than the currency (a fee of `26.875`),
    /// rounding away from zero. Negative and exponent forms are refused.
    pub fn parse_round_up(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let Some((whole, fraction)) = text.split_once('.') else { return Self::parse(text, currency) };
        let exponent = currency.exponent() as usize;
        if fraction.len() <= exponent || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Self::parse(text, currency);
        }
        let (kept, rest) = fraction.split_at(exponent);
        let kept = if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") };
        let floor = Self::parse(&kept, currency)?;
        if rest.bytes().any(|b| b != b'0') { floor.checked_add(Self::new(1, currency)) } else { Ok(floor) }
    }

    /// Decimal text with at least two decimals (none for credits) and no thousands separator: `25.00`, `0.278190`
    /// prints as `0.27819`.
    pub fn amount_text(self) -> String {
        let exponent = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        if exponent == 0 {
            return format!("{sign}{whole}");
        }
        let keep = fraction.trim_end_matches('0').len().max(2);
        format!("{sign}{whole}.{}", &fraction[..keep])
    }

    /// Like [`Money::amount_text`] with thousands separated by commas, for people.
    pub fn grouped(self) -> String {
        let text = self.amount_text();
        let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        let mut out = String::from(sign);
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i) % 3 == 0 {
                out.push(',');
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.currency, self.grouped()))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.amount_text())
    }
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Money", 2)?;
        out.serialize_field("amount", &self.amount_text())?;
        out.serialize_field("currency", &self.currency.to_string())?;
        out.end()
    }
}

impl<'de> serde::Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Raw {
            amount: String,
            currency: String,
        }
        let raw = Raw::deserialize(deserializer)?;
        let currency = raw.currency.parse().map_err(serde::de::Error::custom)?;
        let (sign, digits) = raw.amount.strip_prefix('-').map_or((1, raw.amount.as_str()), |rest| (-1, rest));
        let money = Money::parse(digits, currency).map_err(serde::de::Error::custom)?;
        Ok(Money::new(sign * money.minor, currency))
    }
}

/// What happens to the part that does not fit the target's minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: what a payee receives.
    Down,
    /// Away from zero: what a payer owes.
    Up,
}

/// A price of one currency in another as an integer ratio: `num / den` units of `to` for one unit of `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rate {
    num: i64,
    den: i64,
}

impl Rate {
    /// A rate; both parts must be above zero.
    pub fn new(num: i64, den: i64) -> Option<Self> {
        (num > 0 && den > 0).then_some(Self { num, den })
    }

    /// From decimal text such as `1560.25`, at most nine decimals.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 9 {
            return Err(MoneyError::TooPrecise(9));
        }
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MoneyError::NotANumber);
        }
        let num = digits.parse::<i64>().map_err(|_| MoneyError::Overflow)?;
        Self::new(num, 10_i64.pow(fraction.len() as u32)).ok_or(MoneyError::NotANumber)
    }

    /// Numerator and denominator.
    pub fn parts(self) -> (i64, i64) {
        (self.num, self.den)
    }

    /// `amount` in `to`, rounded as named.
    pub fn convert(self, amount: Money, to: Currency, rounding: Rounding) -> Result<Money, MoneyError> {
        let num = i128::from(amount.minor()) * i128::from(self.num);
        let num = num.checked_mul(i128::from(to.scale())).ok_or(MoneyError::Overflow)?;
        let den = i128::from(self.den) * i128::from(amount.currency().scale());
        let (quotient, remainder) = (num / den, num % den);
        let away = if rounding == Rounding::Up && remainder != 0 { num.signum() } else { 0 };
        i64::try_from(quotient + away).map(|minor| Money::new(minor, to)).map_err(|_| MoneyError::Overflow)
    }

    /// The deviation of `self` from `other` in parts per ten thousand, capped at `u32::MAX`.
    pub fn deviation_bps(self, other: Self) -> u32 {
        let left = i128::from(self.num) * i128::from(other.den);
        let right = i128::from(other.num) * i128::from(self.den);
        u32::try_from((left - right).abs() * 10_000 / right).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Four decimals are enough to read; the ratio itself is what is stored and used.
        let scaled = i128::from(self.num) * 10_000 / i128::from(self.den);
        let text = Money::new(i64::try_from(scaled * 100).unwrap_or(i64::MAX), Currency::Usd).grouped();
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_a_plain_decimal_is_refused() {
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e9", "nan", "inf", "1,000", "0x10", "١٢", "1 000", "1..2", "$5"]
        {
            assert!(Money::parse(bad, Currency::Ngn).is_err(), "{bad:?}");
        }
        assert_eq!(Money::parse("0.001", Currency::Ngn), Err(MoneyError::TooPrecise(2)));
        assert_eq!(Money::parse("92233720368547758.08", Currency::Ngn), Err(MoneyError::Overflow));
    }

    #[test]
    fn amounts_read_and_print() {
        for (text, currency, minor, printed) in [
            ("25", Currency::Usd, 25_000_000, "25.00"),
            ("0.27819", Currency::Usd, 278_190, "0.27819"),
            ("39000.00", Currency::Ngn, 3_900_000, "39000.00"),
            (" 7.5 ", Currency::Ngn, 750, "7.50"),
            ("1.500000", Currency::Ngn, 150, "1.50"),
        ] {
            let money = Money::parse(text, currency).unwrap();
            assert_eq!((money.minor(), money.amount_text().as_str()), (minor, printed), "{text}");
        }
        assert_eq!(Money::ngn_minor(123_456_789).to_string(), "NGN 1,234,567.89");
        assert_eq!(Money::parse_round_up("26.875", Currency::Ngn).unwrap().minor(), 2688);
        assert_eq!(Money::parse_round_up("26.870", Currency::Ngn).unwrap().minor(), 2687);
    }

    #[test]
    fn a_conversion_rounds_as_named() {
        let rate = Rate::parse("1560.255").unwrap();
        let usd = Money::parse("0.01", Currency::Usd).unwrap();
        assert_eq!(rate.convert(usd, Currency::Ngn, Rounding::Down).unwrap().minor(), 1560);
        assert_eq!(rate.convert(usd, Currency::Ngn, Rounding::Up).unwrap().minor(), 1561);
        assert_eq!(rate.to_string(), "1,560.255");
        assert_eq!(Rate::parse("105").unwrap().deviation_bps(Rate::parse("100").unwrap()), 500);
    }

    #[test]
    fn currencies_and_plans_have_words() {
        let credits = Currency::Credits(Plan::new("t1").unwrap());
        for currency in [Currency::Usd, Currency::Ngn, credits] {
            assert_eq!(currency.to_string().parse(), Ok(currency));
        }
        assert_eq!((credits.exponent(), Money::new(7, credits).amount_text().as_str()), (0, "7"));
        for bad in ["usd", "EUR", "posts:", "posts:A", "posts:more_than_twelve"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", Plan::new("tgt").unwrap()), "tgt");
    }

    #[test]
    fn arithmetic_is_checked_and_never_mixes_currencies() {
        let (one, naira) = (Money::usd_minor(1), Money::ngn_minor(1));
        assert_eq!(one.checked_add(naira), Err(MoneyError::CurrencyMismatch));
        assert_eq!(one.at_least(naira), Err(MoneyError::CurrencyMismatch));
        assert_eq!(Money::usd_minor(i64::MAX).checked_add(one), Err(MoneyError::Overflow));
        assert_eq!(Money::usd_minor(i64::MIN).checked_sub(one), Err(MoneyError::Overflow));
        assert_eq!(Money::usd_minor(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(Money::usd_minor(-2_500_000).grouped(), "-2.50");
        assert_eq!(format!("{:?}", Money::usd_minor(-2_500_000)), "USD -2.50");
        assert!(Rate::new(0, 1).is_none() && Rate::parse("x").is_err() && Rate::parse("1.0000000001").is_err());
        let most = Rate::new(i64::MAX, 1).unwrap();
        let too_much = most.convert(Money::usd_minor(i64::MAX), Currency::Ngn, Rounding::Down);
        assert_eq!(too_much, Err(MoneyError::Overflow));
    }

    proptest::proptest! {
        #[test] // What is printed reads back as the same amount.
        fn printing_and_parsing_round_trip(minor in 0..i64::MAX, usd: bool) {
            let currency = if usd { Currency::Usd } else { Currency::Ngn };
            let money = Money::new(minor, currency);
            proptest::prop_assert_eq!(Money::parse(&money.amount_text(), currency), Ok(money));
        }

        #[test] // A payee never receives more than the exact value, a payer never owes less, and they differ by at most one unit.
        fn rounding_never_favours_the_payee(minor in 0..1_000_000_000_000_i64, num in 1..10_000_000_i64, den in 1..10_000_i64) {
            let rate = Rate::new(num, den).unwrap();
            let down = rate.convert(Money::usd_minor(minor), Currency::Ngn, Rounding::Down).unwrap().minor();
            let up = rate.convert(Money::usd_minor(minor), Currency::Ngn, Rounding::Up).unwrap().minor();
            let exact_num = i128::from(minor) * i128::from(num) * 100;
            let exact_den = i128::from(den) * 1_000_000;
            proptest::prop_assert!(i128::from(down) * exact_den <= exact_num && exact_num <= i128::from(up) * exact_den);
            proptest::prop_assert!(up - down <= 1);
        }
    }
}
