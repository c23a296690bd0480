//! Amounts in chain units, which have up to 18 decimals and overflow 64 bits at nine BNB, as decimal text and as dollars.
//!
//! Promises: every step is exact; products are 256 bits wide, so only a result that does not fit is an overflow; what
//! was paid is rounded down and what is owed up, both by less than one unit.

use crate::{Currency, Money, Rate, money::MoneyError};

/// No coin has more decimals, and their power of ten still leaves room.
const DECIMALS_MAX: u32 = 30;

/// The exact decimal text, with no more decimals than it needs: `60.4801`, `7`. A coin has at most 30 decimals.
pub fn units_text(units: u128, decimals: u32) -> String {
    let width = usize::try_from(decimals.min(DECIMALS_MAX)).unwrap_or(0);
    let digits = format!("{units:0width$}", width = width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// The units of plain decimal text; `None` for a sign, an exponent, more decimals than the coin has or too much.
pub fn parse_units(text: &str, decimals: u32) -> Option<u128> {
    let text = text.trim();
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::try_from(decimals).ok()?.checked_sub(fraction.len())?;
    let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing));
    digits.into_iter().try_fold(0_u128, |units, digit| units.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
}

/// The dollars that `units` are at `price` dollars a whole coin, rounded down: what a payer is credited.
pub fn usd_of(units: u128, decimals: u32, price: Rate) -> Result<Money, MoneyError> {
    let (num, den) = ratio(decimals, price)?;
    let (minor, _) = mul_div(units, num, den).ok_or(MoneyError::Overflow)?;
    i64::try_from(minor).map(Money::usd_minor).map_err(|_| MoneyError::Overflow)
}

/// The units that are worth at least `usd` at `price` dollars a whole coin, rounded up: what a payer is asked for. An
/// amount that is not above zero is an overflow, too: nobody can be asked for it.
pub fn units_for(usd: Money, decimals: u32, price: Rate) -> Result<u128, MoneyError> {
    if usd.currency() != Currency::Usd {
        return Err(MoneyError::CurrencyMismatch);
    }
    let minor = u128::try_from(usd.minor()).ok().filter(|minor| *minor > 0).ok_or(MoneyError::Overflow)?;
    let (num, den) = ratio(decimals, price)?;
    let (units, remainder) = mul_div(minor, den, num).ok_or(MoneyError::Overflow)?;
    units.checked_add(u128::from(remainder)).ok_or(MoneyError::Overflow)
}

/// Micro-dollars for one unit, as a ratio.
fn ratio(decimals: u32, price: Rate) -> Result<(u128, u128), MoneyError> {
    let (num, den) = price.parts();
    let wide = |part: i64| u128::try_from(part).map_err(|_| MoneyError::Overflow);
    let scale = 10_u128.pow(decimals.min(DECIMALS_MAX));
    let den = wide(den)?.checked_mul(scale).filter(|_| decimals <= DECIMALS_MAX).ok_or(MoneyError::Overflow)?;
    Ok((wide(num)? * 1_000_000, den))
}

/// `a * b / c` rounded down, and whether something remained. `None` when it does not fit, or `c` is 0.
fn mul_div(a: u128, b: u128, c: u128) -> Option<(u128, bool)> {
    if c == 0 {
        return None;
    }
    let (high, low) = wide_mul(a, b);
    if high >= c {
        return None; // the quotient has more than 128 bits
    }
    // Long division, a bit at a time: `rest` stays below `c`, and its bit that is shifted out counts.
    let (mut rest, mut quotient) = (high, 0_u128);
    for bit in (0..128).rev() {
        let out = rest >> 127 == 1;
        rest = rest << 1 | (low >> bit & 1);
        quotient <<= 1;
        if out || rest >= c {
            rest = rest.wrapping_sub(c);
            quotient |= 1;
        }
    }
    Some((quotient, rest != 0))
}

/// The whole product: its upper and its lower 128 bits.
fn wide_mul(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let low = a0 * b0;
    // Each of these is at most (2^64-1)^2 + (2^64-1), which fits.
    let middle = a1 * b0 + (low >> 64);
    let other = a0 * b1 + (middle & HALF);
    (a1 * b1 + (middle >> 64) + (other >> 64), other << 64 | low & HALF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_without_zeros_that_say_nothing() {
        for (units, decimals, text) in [
            (60_480_100_000_000_000_000, 18, "60.4801"),
            (3_500_000, 6, "3.5"),
            (7_000_000, 6, "7"),
            (0, 18, "0"),
            (1, 18, "0.000000000000000001"),
            (12, 0, "12"),
            (100_000_000, 9, "0.1"),
            (u128::MAX, 18, "340282366920938463463.374607431768211455"),
        ] {
            assert_eq!((units_text(units, decimals).as_str(), parse_units(text, decimals)), (text, Some(units)));
        }
        assert_eq!(parse_units(" 1.500000 ", 1), Some(15)); // zeros are no precision
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e9", "1,0", "0x1", "١", "1.0000001", "1.2.3"] {
            assert_eq!(parse_units(bad, 6), None, "{bad}");
        }
        assert_eq!(parse_units("340282366920938463463.374607431768211456", 18), None);
    }

    #[test]
    fn eighteen_decimals_are_not_six() {
        let par = Rate::new(1, 1).unwrap();
        let (bsc, tron) = (60_480_100_000_000_000_000, 60_480_100);
        assert_eq!(usd_of(bsc, 18, par), Ok(Money::usd_minor(60_480_100)));
        assert_eq!(usd_of(tron, 6, par), Ok(Money::usd_minor(60_480_100)));
        assert_eq!(usd_of(tron, 18, par), Ok(Money::usd_minor(0)));
    }

    #[test]
    fn a_price_is_a_ratio_and_products_are_wide() {
        let price = Rate::parse("320.45").unwrap();
        assert_eq!(usd_of(1_000_000_000_000_000_000, 18, price), Ok(Money::usd_minor(320_450_000)));
        // 200 million BNB, and far more: only the result has to fit.
        assert_eq!(usd_of(200_000_000 * 10_u128.pow(18), 18, price), Ok(Money::usd_minor(64_090_000_000_000_000)));
        assert_eq!(usd_of(u128::MAX, 18, price), Err(MoneyError::Overflow));
        assert_eq!(usd_of(u128::MAX, 30, Rate::new(1, i64::MAX).unwrap()), Err(MoneyError::Overflow)); // denominator
        assert_eq!(units_for(Money::usd_minor(320_450_000), 18, price), Ok(10_u128.pow(18)));
        assert_eq!(units_for(Money::usd_minor(1), 6, Rate::parse("3").unwrap()), Ok(1)); // 0.33… rounded up
        assert_eq!(units_for(Money::zero(Currency::Usd), 6, price), Err(MoneyError::Overflow));
        assert_eq!(units_for(Money::usd_minor(-1), 6, price), Err(MoneyError::Overflow));
        assert_eq!(units_for(Money::ngn_minor(1), 6, price), Err(MoneyError::CurrencyMismatch));
        assert_eq!(usd_of(1, 31, price), Err(MoneyError::Overflow));
    }

    proptest::proptest! {
        #[test] // What is printed reads back as the same units.
        fn text_round_trips(units: u128, decimals in 0..31_u32) {
            proptest::prop_assert_eq!(parse_units(&units_text(units, decimals), decimals), Some(units));
        }

        #[test] // Whatever the text, no panic.
        fn any_text_is_read_or_refused(text in "[0-9.+e ]{0,60}", decimals: u32) {
            let _ = parse_units(&text, decimals.min(1_000));
        }

        #[test] // The wide product and division agree with the plain ones where those do not overflow.
        fn wide_arithmetic_is_arithmetic(a: u64, b: u64, c in 1..u64::MAX) {
            let (a, b, c) = (u128::from(a), u128::from(b), u128::from(c));
            proptest::prop_assert_eq!(mul_div(a, b, c), Some((a * b / c, a * b % c != 0)));
        }

        #[test] // A quotient times its divisor is the product again, also where 128 bits are not enough.
        fn division_undoes_multiplication(a: u128, c in 1..u128::MAX) {
            proptest::prop_assert_eq!(mul_div(a, c, c), Some((a, false)));
            proptest::prop_assert_eq!(wide_mul(a, c), wide_mul(c, a));
        }

        #[test] // Whoever pays what he was asked for is credited all of it, and not a unit less would do.
        fn what_is_asked_for_is_enough_and_no_more(
            minor in 1..1_000_000_000_000_i64, num in 1..10_000_000_i64, den in 1..1_000_000_i64, stable: bool,
        ) {
            let (usd, price) = (Money::usd_minor(minor), Rate::new(num, den).unwrap());
            let decimals = if stable { 6 } else { 18 };
            let units = units_for(usd, decimals, price).unwrap();
            proptest::prop_assert!(usd_of(units, decimals, price).unwrap().minor() >= minor);
            proptest::prop_assert!(usd_of(units - 1, decimals, price).unwrap().minor() < minor);
        }
    }
}
