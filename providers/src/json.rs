//! JSON read strictly: amounts from their own digits, so that none passes through binary floating point, and objects
//! only from objects.

use domain::decimal::Decimal;
use domain::{Currency, Money};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// An object as `T`. A struct would also be read from an array, field by field in the order of the source: an answer
/// of another shape must not be mistaken for one that is documented.
pub(crate) fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err("not an object".to_owned());
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// The digits of a JSON number, or of a string that holds one: an optional minus, digits, an optional fraction.
/// Exponents are refused: nobody who pays in naira writes them.
pub(crate) fn number_text(raw: &RawValue) -> Option<String> {
    let text = raw.get().trim();
    let text = if text.starts_with('"') { serde_json::from_str::<String>(text).ok()? } else { text.to_owned() };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let plain = match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    };
    plain.then_some(text)
}

/// The exact value of a JSON number, or of a string that holds one; an exponent is read, because prices of small coins
/// are written so.
pub(crate) fn decimal(raw: &RawValue) -> Option<Decimal> {
    let text = raw.get().trim();
    let text = if text.starts_with('"') { serde_json::from_str::<String>(text).ok()? } else { text.to_owned() };
    Decimal::parse_panel(&text).ok()
}

/// An amount that must be whole kobo; trailing zeros are no precision.
pub(crate) fn naira(raw: &RawValue) -> Option<Money> {
    Money::parse(&number_text(raw)?, Currency::Ngn).ok()
}

/// What we owe (a fee of `26.875`): rounded up to kobo.
pub(crate) fn naira_up(raw: &RawValue) -> Option<Money> {
    Money::parse_round_up(&number_text(raw)?, Currency::Ngn).ok()
}

/// What we have (a balance): rounded down to kobo, so that it is never overstated. It may be negative.
pub(crate) fn naira_down(raw: &RawValue) -> Option<Money> {
    let text = number_text(raw)?;
    if let Some(owed) = text.strip_prefix('-') {
        return Money::parse_round_up(owed, Currency::Ngn).ok()?.checked_neg().ok();
    }
    let end = text.find('.').map_or(text.len(), |point| text.len().min(point + 1 + Currency::Ngn.exponent() as usize));
    Money::parse(text.get(..end)?, Currency::Ngn).ok()
}

/// An amount as a JSON number with exactly its own digits, such as `39000.00`.
pub(crate) fn json_number(amount: Money) -> Option<Box<RawValue>> {
    RawValue::from_string(amount.amount_text()).ok()
}

/// A decimal as `digits / 10^decimals`. For rates, which have no fixed exponent.
pub(crate) fn fraction(text: &str) -> Option<(i128, i128)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let den = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let num = format!("{whole}{fraction}").parse::<i128>().ok()?;
    Some((num, den))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn amounts_are_read_from_their_digits() {
        for (text, exact, up, down) in [
            ("39000.00", Some(3_900_000), Some(3_900_000), Some(3_900_000)),
            ("5500", Some(550_000), Some(550_000), Some(550_000)),
            ("\"5500.5\"", Some(550_050), Some(550_050), Some(550_050)),
            ("26.875", None, Some(2_688), Some(2_687)),
            ("26.870000000000", Some(2_687), Some(2_687), Some(2_687)),
            ("0.1", Some(10), Some(10), Some(10)),
            (
                "90071992547409.93",
                Some(9_007_199_254_740_993),
                Some(9_007_199_254_740_993),
                Some(9_007_199_254_740_993),
            ),
            ("-12.345", None, None, Some(-1_235)),
            ("1e3", None, None, None),
            ("5.5E2", None, None, None),
            ("\"1,000\"", None, None, None),
            ("\"NaN\"", None, None, None),
            ("\"\"", None, None, None),
            ("true", None, None, None),
            ("null", None, None, None),
            ("[1]", None, None, None),
            ("99999999999999999999", None, None, None),
        ] {
            let minor = |money: Option<Money>| money.map(Money::minor);
            let raw = raw(text);
            assert_eq!(
                (minor(naira(&raw)), minor(naira_up(&raw)), minor(naira_down(&raw))),
                (exact, up, down),
                "{text}"
            );
        }
    }

    #[test]
    fn an_array_is_no_object() {
        #[derive(serde::Deserialize)]
        struct Two {
            a: String,
            b: String,
        }
        let two = object::<Two>(br#" {"b":"2","a":"1"}"#).unwrap();
        assert_eq!((two.a.as_str(), two.b.as_str()), ("1", "2"));
        for text in
            [r#"["1","2"]"#, r#"{"a":"1"}"#, r#"{"a":"1","b":"2"}x"#, r#"{"a":"1","b":"2","a":"3"}"#, "", "null"]
        {
            assert!(object::<Two>(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test] // What is sent as a JSON number reads back as the same kobo.
        fn amounts_round_trip(minor in 0..i64::MAX) {
            let sent = json_number(Money::ngn_minor(minor)).unwrap();
            proptest::prop_assert_eq!(naira(&sent), Some(Money::ngn_minor(minor)));
        }
    }
}
