//! Exact decimals for what is not counted in a ledger currency: a panel's rate per thousand, a charge in UZS.
//!
//! Promises: no floating point; a value has one form (`1.50` is `1.5`), so equal values are equal and print alike; at
//! most 18 digits on either side of the point, so that any two compare and add without overflow; every operation is
//! checked, and what may have to round names its rounding. Absent on purpose: a currency (the row beside it names
//! that), division other than by a ratio, and exponents or thousands separators in what people type.

use crate::money::{Currency, Money, MoneyError, Rounding};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most digits after the point.
pub const MAX_SCALE: u32 = 18;

/// The most digits before the point.
const MAX_WHOLE: u32 = 18;

/// Longer text is no number of anybody's.
const MAX_TEXT: usize = 100;

/// An exact decimal number: `mantissa / 10^scale`, without trailing zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// How many units a rate is the price of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// The price of a thousand: what panels quote for quantities.
    Thousand,
    /// The price of one: what panels quote for packages.
    Unit,
}

impl Per {
    /// The number of units.
    pub const fn units(self) -> i64 {
        match self {
            Self::Thousand => 1_000,
            Self::Unit => 1,
        }
    }
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// `mantissa / 10^scale` in its one form.
    pub fn new(mut mantissa: i128, mut scale: u32) -> Result<Self, MoneyError> {
        while scale > 0 && mantissa % 10 == 0 {
            // Zero has every trailing zero there is; it ends here at once, however large its scale.
            scale = if mantissa == 0 { 0 } else { scale - 1 };
            mantissa /= 10;
        }
        if scale > MAX_SCALE {
            return Err(MoneyError::TooPrecise(MAX_SCALE));
        }
        if mantissa.unsigned_abs() >= 10_u128.pow(MAX_WHOLE + scale) {
            return Err(MoneyError::Overflow);
        }
        Ok(Self { mantissa, scale })
    }

    /// A whole number.
    pub fn whole(number: i64) -> Result<Self, MoneyError> {
        Self::new(i128::from(number), 0)
    }

    /// The same value as an amount of a ledger currency.
    pub fn from_money(money: Money) -> Result<Self, MoneyError> {
        Self::new(i128::from(money.minor()), money.currency().exponent())
    }

    /// The digits without their point, and how many of them are behind it.
    pub const fn parts(self) -> (i128, u32) {
        (self.mantissa, self.scale)
    }

    /// Exactly zero.
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Above zero.
    pub const fn is_positive(self) -> bool {
        self.mantissa > 0
    }

    /// Parses plain decimal text: `12`, `0.27819`, `-3.5`.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(MoneyError::NotANumber),
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() {
            return Err(MoneyError::NotANumber);
        }
        let significant = fraction.trim_end_matches('0');
        let excess = significant.len().saturating_sub(MAX_SCALE as usize);
        match read(whole, significant, excess)? {
            (_, true) => Err(MoneyError::TooPrecise(MAX_SCALE)),
            (mantissa, false) => {
                Self::new(if negative { -mantissa } else { mantissa }, (significant.len() - excess) as u32)
            }
        }
    }

    /// Parses a number as panels write it, which is often a double that was printed: `0.12345678901234567`, `.5`, `5.`,
    /// `9.0E-5`. Exact up to 18 decimals; what is behind those rounds away from zero, because it is a price we pay.
    pub fn parse_panel(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, digits) = digits.strip_prefix('-').map_or((false, digits), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(MoneyError::NotANumber);
        }
        let decimals = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - exponent;
        // Too many decimals lose their last digits, too few gain zeros.
        let excess = decimals.saturating_sub(i64::from(MAX_SCALE));
        let (mut mantissa, lost) = read(whole, fraction, usize::try_from(excess).unwrap_or(0))?;
        let mut scale = decimals.min(i64::from(MAX_SCALE));
        while scale < 0 && mantissa != 0 {
            mantissa = mantissa.checked_mul(10).ok_or(MoneyError::Overflow)?;
            scale += 1;
        }
        let mantissa = mantissa.checked_add(i128::from(lost)).ok_or(MoneyError::Overflow)?;
        Self::new(if negative { -mantissa } else { mantissa }, u32::try_from(scale).unwrap_or(0))
    }

    /// The sum.
    pub fn checked_add(self, rhs: Self) -> Result<Self, MoneyError> {
        let scale = self.scale.max(rhs.scale);
        Self::new(self.at(scale) + rhs.at(scale), scale)
    }

    /// The difference.
    pub fn checked_sub(self, rhs: Self) -> Result<Self, MoneyError> {
        self.checked_add(Self { mantissa: -rhs.mantissa, ..rhs })
    }

    /// The exact product; an error when it has more than 18 decimals.
    pub fn checked_mul(self, rhs: Self) -> Result<Self, MoneyError> {
        let product = self.mantissa.checked_mul(rhs.mantissa).ok_or(MoneyError::Overflow)?;
        Self::new(product, self.scale + rhs.scale)
    }

    /// `self × num / den` with at most `scale` decimals, rounded as named. A `den` of zero is an error.
    pub fn mul_ratio(self, num: i64, den: i64, scale: u32, rounding: Rounding) -> Result<Self, MoneyError> {
        let scale = scale.min(MAX_SCALE);
        let power = |by: u32| 10_i128.checked_pow(by).ok_or(MoneyError::Overflow);
        let num = self.mantissa.checked_mul(i128::from(num)).ok_or(MoneyError::Overflow)?;
        let num = num.checked_mul(power(scale.saturating_sub(self.scale))?).ok_or(MoneyError::Overflow)?;
        let den = i128::from(den).checked_mul(power(self.scale.saturating_sub(scale))?).ok_or(MoneyError::Overflow)?;
        Self::new(divide(num, den, rounding)?, scale)
    }

    /// What `quantity` units cost when `self` is the price of one or of a thousand: exact up to 18 decimals.
    pub fn times_rate(self, quantity: i64, per: Per, rounding: Rounding) -> Result<Self, MoneyError> {
        self.mul_ratio(quantity, per.units(), MAX_SCALE, rounding)
    }

    /// The amount in a ledger currency, rounded as named.
    pub fn to_money(self, currency: Currency, rounding: Rounding) -> Result<Money, MoneyError> {
        let rounded = self.mul_ratio(1, 1, currency.exponent(), rounding)?.at(currency.exponent());
        i64::try_from(rounded).map(|minor| Money::new(minor, currency)).map_err(|_| MoneyError::Overflow)
    }

    /// The mantissa at a scale that is at least its own: below 10^36, so that it never overflows.
    fn at(self, scale: u32) -> i128 {
        self.mantissa * 10_i128.pow(scale - self.scale)
    }
}

/// The digits of both parts as one number without the last `drop` of them, and whether those were not all zeros.
fn read(whole: &str, fraction: &str, drop: usize) -> Result<(i128, bool), MoneyError> {
    let digits = whole.len() + fraction.len();
    if digits > MAX_TEXT || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(MoneyError::NotANumber);
    }
    let keep = digits.saturating_sub(drop);
    let mut number: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).take(keep) {
        let digit = i128::from(digit - b'0');
        number = number.checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or(MoneyError::Overflow)?;
    }
    let lost = whole.bytes().chain(fraction.bytes()).skip(keep).any(|digit| digit != b'0');
    Ok((number, lost))
}

/// The number behind an `e`, with one sign or none.
fn read_exponent(text: &str) -> Result<i64, MoneyError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse::<i64>().ok().filter(|_| plain).ok_or(MoneyError::NotANumber)?;
    Ok(if text.starts_with('-') { -number } else { number })
}

/// `num / den`, rounded as named whatever the signs.
fn divide(num: i128, den: i128, rounding: Rounding) -> Result<i128, MoneyError> {
    let quotient = num.checked_div(den).ok_or(MoneyError::Overflow)?;
    let away = if rounding == Rounding::Up && num % den != 0 { num.signum() * den.signum() } else { 0 };
    Ok(quotient + away)
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.scale as usize;
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale == 0 { "" } else { "." };
        f.pad(&format!("{sign}{whole}{point}{fraction}"))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Decimal {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::parse(text)
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> String {
        decimal.to_string()
    }
}

impl TryFrom<String> for Decimal {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn plain_text_has_one_form_and_the_rest_is_refused() {
        for (text, form) in [
            ("12", "12"),
            ("0.27819", "0.27819"),
            ("-3.5", "-3.5"),
            (" 007.500 ", "7.5"),
            ("-0.000", "0"),
            ("100", "100"),
            ("0.000000000000000001", "0.000000000000000001"),
            ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
        ] {
            assert_eq!(dec(text).to_string(), form, "{text}");
        }
        assert_eq!((dec("1.50"), dec("2.0").parts()), (dec("1.5"), (2, 0)));
        for bad in ["", ".", "-", "1.", ".5", "+1", "--1", "1e5", "nan", "1,000", "1 0", "1.2.3", "1.-5", "1.x0", "١"]
        {
            assert_eq!(Decimal::parse(bad), Err(MoneyError::NotANumber), "{bad:?}");
        }
        assert_eq!(Decimal::parse("0.0000000000000000001"), Err(MoneyError::TooPrecise(18)));
        assert_eq!(Decimal::parse(&format!("1.{}", "1".repeat(60))), Err(MoneyError::TooPrecise(18)));
        assert_eq!(Decimal::parse("1000000000000000000"), Err(MoneyError::Overflow));
        assert_eq!(Decimal::parse(&"9".repeat(101)), Err(MoneyError::NotANumber));
    }

    #[test]
    fn panels_print_doubles() {
        for (text, form) in [
            ("0.123456789012345", "0.123456789012345"),
            ("0.30000000000000004", "0.30000000000000004"),
            (".5", "0.5"),
            ("5.", "5"),
            ("9.0E-5", "0.00009"),
            ("1.5e+3", "1500"),
            ("-2e2", "-200"),
            ("0e9", "0"),
            ("0.00012345678901234567", "0.000123456789012346"),
            ("-0.00012345678901234511", "-0.000123456789012346"),
            ("0.10000000000000000000000", "0.1"),
            ("7e-300", "0.000000000000000001"),
            ("0e-300", "0"),
        ] {
            assert_eq!(Decimal::parse_panel(text).map(|d| d.to_string()), Ok(form.to_owned()), "{text}");
        }
        for bad in
            ["", ".", "-", "e5", "1e", "1e+-5", "1e5e5", "1e5.0", "1e9999999999", "N/A", "+1", "1,5", "0x1", "inf"]
        {
            assert_eq!(Decimal::parse_panel(bad), Err(MoneyError::NotANumber), "{bad:?}");
        }
        assert_eq!(Decimal::parse_panel("1e999999999"), Err(MoneyError::Overflow));
        // One more than the largest number that 128 bits hold.
        let most = "170141183460469231731.6873037158841057275";
        assert_eq!(Decimal::parse_panel(most), Err(MoneyError::Overflow));
    }

    #[test]
    fn a_rate_is_for_a_thousand_or_for_one() {
        let cost = |rate: &str, quantity, per| dec(rate).times_rate(quantity, per, Rounding::Up).unwrap().to_string();
        assert_eq!(cost("0.90", 1_500, Per::Thousand), "1.35");
        assert_eq!(cost("0.90", 1, Per::Thousand), "0.0009");
        assert_eq!(cost("12.5", 3, Per::Unit), "37.5");
        // The eighteenth decimal is the last: a panel is never thought cheaper than it is.
        assert_eq!(cost("0.000000000000000001", 1, Per::Thousand), "0.000000000000000001");
    }

    #[test]
    fn ratios_and_amounts_round_as_named() {
        let third = |rounding| dec("1").mul_ratio(1, 3, 4, rounding).unwrap().to_string();
        assert_eq!((third(Rounding::Down).as_str(), third(Rounding::Up).as_str()), ("0.3333", "0.3334"));
        let cost = dec("-0.2781901");
        assert_eq!(cost.to_money(Currency::Usd, Rounding::Down), Ok(Money::usd_minor(-278_190)));
        assert_eq!(cost.to_money(Currency::Usd, Rounding::Up), Ok(Money::usd_minor(-278_191)));
        assert_eq!(dec("7").mul_ratio(-1, 2, 0, Rounding::Up).unwrap().to_string(), "-4");
        assert_eq!(dec("7").mul_ratio(1, 0, 0, Rounding::Up), Err(MoneyError::Overflow));
        assert_eq!(dec("99999999999999").to_money(Currency::Usd, Rounding::Up), Err(MoneyError::Overflow));
        assert_eq!(Decimal::from_money(Money::ngn_minor(-150)).unwrap().to_string(), "-1.5");
        assert_eq!(dec("0.1").checked_mul(dec("0.000000000000000001")), Err(MoneyError::TooPrecise(18)));
        let most = dec("999999999999999999.999999999999999999");
        assert_eq!(most.checked_add(dec("0.000000000000000001")), Err(MoneyError::Overflow));
        assert_eq!(most.checked_mul(most), Err(MoneyError::Overflow));
        assert!(dec("-1").is_negative() && dec("1").is_positive() && Decimal::ZERO.is_zero());
        assert!(dec("-0.5") < Decimal::ZERO && dec("0.10") < dec("0.2") && Decimal::whole(3).unwrap() > dec("2.9"));
    }

    #[test]
    fn it_travels_as_text() {
        let json = r#"{"rate":"0.90"}"#;
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Row {
            rate: Decimal,
        }
        let row: Row = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"rate":"0.9"}"#);
        assert!(serde_json::from_str::<Row>(r#"{"rate":0.9}"#).is_err(), "a JSON number may have been a float");
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        let digits = prop_oneof![0..1_000_i128, 0..10_i128.pow(18), 0..10_i128.pow(36)];
        (digits, any::<bool>(), 0..=18_u32).prop_filter_map("too large", |(digits, negative, scale)| {
            Decimal::new(if negative { -digits } else { digits }, scale).ok()
        })
    }

    proptest! {
        #[test] // What is printed reads back, by either reader, and the form is unique.
        fn printing_and_parsing_round_trip(a in decimals()) {
            prop_assert_eq!(Decimal::parse(&a.to_string()), Ok(a));
            prop_assert_eq!(Decimal::parse_panel(&a.to_string()), Ok(a));
            prop_assert_eq!(a.scale > 0 && a.mantissa % 10 == 0, false);
        }

        #[test] // Arbitrary text never panics, and what both readers take they agree about.
        fn any_text_is_read_or_refused(text in "[-+.eE0-9 ]{0,60}|.{0,20}") {
            if let Ok(plain) = Decimal::parse(&text) {
                prop_assert_eq!(Decimal::parse_panel(&text), Ok(plain));
            } else {
                let _ = Decimal::parse_panel(&text);
            }
        }

        #[test] // Order, sum and difference belong together; equality is of values, whatever zeros were written.
        fn order_and_sums_agree(a in decimals(), b in decimals()) {
            prop_assert_eq!(a.cmp(&b), a.at(18).cmp(&b.at(18)));
            if let Ok(sum) = a.checked_add(b) {
                prop_assert_eq!(sum.checked_sub(b), Ok(a));
                prop_assert_eq!(sum > a, b.is_positive());
                prop_assert_eq!(b.checked_add(a), Ok(sum));
            }
            let padded = if a.scale == 0 { format!("{a}.000") } else { format!("{a}000") };
            prop_assert_eq!(Decimal::parse(&padded), Ok(a));
        }

        #[test] // Down and Up enclose the exact quotient, are at most one last digit apart, and are equal when it is exact.
        fn ratios_enclose_the_exact_value(a in -1_000_000_000_i128..1_000_000_000, from in 0..=6_u32,
                                          num in 1..10_000_000_i64, den in 1..10_000_000_i64, scale in 0..=6_u32) {
            let value = Decimal::new(a, from).unwrap();
            let at = |rounding| value.mul_ratio(num, den, scale, rounding).unwrap().at(scale);
            let (down, up) = (at(Rounding::Down), at(Rounding::Up));
            let (top, bottom) = (a.abs() * i128::from(num) * 10_i128.pow(scale), i128::from(den) * 10_i128.pow(from));
            prop_assert!(down.abs() * bottom <= top && top <= up.abs() * bottom);
            prop_assert_eq!(up.abs() - down.abs(), i128::from(top % bottom != 0));
        }

        #[test] // An amount becomes a decimal and the same amount again, however it would be rounded.
        fn amounts_round_trip(minor in any::<i64>(), usd: bool) {
            let money = Money::new(minor, if usd { Currency::Usd } else { Currency::Ngn });
            for rounding in [Rounding::Down, Rounding::Up] {
                let back = Decimal::from_money(money).and_then(|d| d.to_money(money.currency(), rounding));
                prop_assert_eq!(back, Ok(money));
            }
        }

        #[test] // Products by either way are the same.
        fn products_agree(rate in 0..10_000_000_i128, quantity in 0..10_000_000_i64) {
            let rate = Decimal::new(rate, 6).unwrap();
            let thousands = Decimal::new(i128::from(quantity), 3).unwrap();
            prop_assert_eq!(rate.times_rate(quantity, Per::Thousand, Rounding::Up), rate.checked_mul(thousands));
        }
    }
}
