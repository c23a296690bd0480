//! How each kind of value is written in `config.toml` and in the environment, and the rule that it obeys.
//!
//! Promises: amounts, rates and durations are read exactly, never through a floating point number; what is shown reads
//! back as the same value.

use app::settings::Settings;
use domain::bucket::Size;
use domain::money::MoneyError;
use domain::{Currency, Money, Rate};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;

/// A rule that was broken, in words that follow the value: `must be above 0`.
pub(super) type Broken = String;

/// One kind of value.
#[derive(Clone, Copy)]
pub(super) struct Kind<T> {
    /// Reads it from TOML; a variable's text arrives as a string.
    pub(super) read: fn(&Value) -> Result<T, Broken>,
    /// Writes it as it stands in `config.toml`.
    pub(super) show: fn(&T) -> Value,
    /// The further rule of this key, if it breaks it.
    pub(super) rule: fn(&T) -> Option<&'static str>,
}

impl<T> Kind<T> {
    pub(super) const fn new(read: fn(&Value) -> Result<T, Broken>, show: fn(&T) -> Value) -> Self {
        Self { read, show, rule: |_| None }
    }

    /// The same kind under another rule.
    pub(super) const fn must(self, rule: fn(&T) -> Option<&'static str>) -> Self {
        Self { rule, ..self }
    }
}

const ABOVE_ZERO: &str = "must be above 0";
const NOT_BELOW_ZERO: &str = "must not be below 0";
/// Beyond a year a wait is a mistake, and sums of waits stay far from any bound.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// An amount of dollars above zero.
pub(super) const USD: Kind<Money> = Kind::new(|value| amount(value, Currency::Usd), show_amount).must(positive);
/// An amount of dollars or nothing.
pub(super) const USD_OR_ZERO: Kind<Money> = USD.must(zero_or_more);
/// An amount of dollars above zero; empty is no limit.
pub(super) const USD_OR_NONE: Kind<Option<Money>> = Kind::new(
    |value| match value.as_str().map(str::trim) {
        Some("") => Ok(None),
        _ => amount(value, Currency::Usd).map(Some),
    },
    |money| Value::String(money.map(Money::amount_text).unwrap_or_default()),
)
.must(|money| money.as_ref().and_then(positive));
/// An amount of naira above zero.
pub(super) const NGN: Kind<Money> = Kind::new(|value| amount(value, Currency::Ngn), show_amount).must(positive);
/// An amount of naira or nothing.
pub(super) const NGN_OR_ZERO: Kind<Money> = NGN.must(zero_or_more);
/// A wait above zero.
pub(super) const WAIT: Kind<Duration> =
    Kind::new(duration, |wait| Value::String(duration_text(*wait))).must(|wait| wait.is_zero().then_some(ABOVE_ZERO));
/// A wait, or none.
pub(super) const WAIT_OR_NONE: Kind<Duration> = WAIT.must(|_| None);
/// Yes or no.
pub(super) const SWITCH: Kind<bool> = Kind::new(boolean, |on| Value::Boolean(*on));
/// How many.
pub(super) const COUNT: Kind<i64> = Kind::new(whole, |n| Value::Integer(*n));
/// One line of text.
pub(super) const TEXT: Kind<String> = Kind::new(text, |text| Value::String(text.clone()));
/// Naira for a dollar, or another decimal number above zero.
pub(super) const DECIMAL: Kind<Rate> = Kind::new(decimal, |rate| Value::String(rate_text(*rate)));
/// So many in a time: `100/1m`.
pub(super) const PER: Kind<Size> = Kind::new(size, |size| Value::String(size_text(*size)));
/// A file or folder; empty is none.
pub(super) const PATH: Kind<Option<PathBuf>> = Kind::new(
    |value| text(value).map(|text| (!text.is_empty()).then(|| PathBuf::from(text))),
    |path| Value::String(path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
);
/// Text; empty is none.
pub(super) const TEXT_OR_NONE: Kind<Option<String>> =
    Kind::new(|value| text(value).map(|text| (!text.is_empty()).then_some(text)), show_optional);
/// The address of a service; empty is the usual one.
pub(super) const URL: Kind<Option<String>> = Kind::new(url, show_optional);
/// Where to listen.
pub(super) const SOCKET: Kind<SocketAddr> = Kind::new(socket, |at| Value::String(at.to_string()));
/// Addresses of machines.
pub(super) const ADDRESSES: Kind<Vec<IpAddr>> = Kind::new(
    |value| list(value, "must be a list of addresses such as \"127.0.0.1\"", |item| item.parse().ok()),
    |list| Value::Array(list.iter().map(|item| Value::String(item.to_string())).collect()),
);
/// Telegram chats.
pub(super) const CHATS: Kind<Vec<i64>> = Kind::new(
    |value| {
        list(value, "must be a list of chat numbers such as -1001234567890", |item| {
            item.parse().ok().filter(|chat| *chat != 0)
        })
    },
    |list| Value::Array(list.iter().map(|item| Value::Integer(*item)).collect()),
);

/// The defaults; see [`Settings::sandbox`].
pub(super) fn defaults() -> Settings {
    Settings::sandbox()
}

fn positive(money: &Money) -> Option<&'static str> {
    (!money.is_positive()).then_some(ABOVE_ZERO)
}

fn zero_or_more(money: &Money) -> Option<&'static str> {
    money.is_negative().then_some(NOT_BELOW_ZERO)
}

/// A rule for numbers: from 1 to what a counter holds.
pub(super) fn at_least_one(n: &i64) -> Option<&'static str> {
    (!(1..=i64::from(u32::MAX)).contains(n)).then_some(if *n < 1 { "must be at least 1" } else { "is too large" })
}

/// A rule for numbers: from 0 to what a counter holds.
pub(super) fn not_negative(n: &i64) -> Option<&'static str> {
    (!(0..=i64::from(u32::MAX)).contains(n)).then_some(if *n < 0 { NOT_BELOW_ZERO } else { "is too large" })
}

/// A number that passed one of the two rules above, as a counter.
pub(super) fn counter(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// Text of a string or a whole number. Anything with a binary fraction is refused by the callers' rules.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Integer(n) => Some(n.to_string()),
        _ => None,
    }
}

fn amount(value: &Value, currency: Currency) -> Result<Money, Broken> {
    let rule = "must be a plain amount in quotes, such as \"1.50\"";
    let text = plain(value).ok_or(rule)?;
    let (negative, digits) = text.strip_prefix('-').map_or((false, text.as_str()), |digits| (true, digits));
    let money = Money::parse(digits, currency).map_err(|error| match error {
        MoneyError::TooPrecise(places) => {
            format!("must have at most {places} decimals in {currency}")
        }
        MoneyError::Overflow => "is too large".to_owned(),
        _ => rule.to_owned(),
    })?;
    if negative { money.checked_neg().map_err(|_| "is too large".to_owned()) } else { Ok(money) }
}

fn show_amount(money: &Money) -> Value {
    Value::String(money.amount_text())
}

fn show_optional(text: &Option<String>) -> Value {
    Value::String(text.clone().unwrap_or_default())
}

fn boolean(value: &Value) -> Result<bool, Broken> {
    let word = match value {
        Value::Boolean(on) => return Ok(*on),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

fn whole(value: &Value) -> Result<i64, Broken> {
    plain(value).and_then(|text| text.parse().ok()).ok_or_else(|| "must be a whole number".to_owned())
}

/// One line of text.
pub(super) fn text(value: &Value) -> Result<String, Broken> {
    let Value::String(text) = value else {
        return Err("must be text in quotes".to_owned());
    };
    if text.chars().any(char::is_control) { Err("must be one line".to_owned()) } else { Ok(text.trim().to_owned()) }
}

fn decimal(value: &Value) -> Result<Rate, Broken> {
    let rule = "must be a decimal number above 0 in quotes, such as \"1560.25\"";
    let text = plain(value).ok_or(rule)?;
    Rate::parse(&text).map_err(|error| match error {
        MoneyError::TooPrecise(places) => format!("must have at most {places} decimals"),
        MoneyError::Overflow => "is too large".to_owned(),
        _ => rule.to_owned(),
    })
}

/// A rate as exact decimal text; its denominator is a power of ten because it was read from such text.
pub(super) fn rate_text(rate: Rate) -> String {
    let (num, den) = rate.parts();
    if den <= 1 {
        return num.to_string();
    }
    let places = usize::try_from(den.ilog10()).unwrap_or(0);
    let fraction = format!("{:0places$}", num % den);
    format!("{}.{fraction}", num / den)
}

fn duration(value: &Value) -> Result<Duration, Broken> {
    let rule = "must be a duration in quotes, such as \"20s\", \"30m\", \"24h\" or \"7d\"";
    let Value::String(text) = value else {
        return Err(rule.to_owned());
    };
    let wait = parse_duration(text.trim()).ok_or(rule)?;
    if wait > LONGEST { Err("must be at most 366d".to_owned()) } else { Ok(wait) }
}

/// `20s`, `1h30m`, `500ms`: whole numbers, each with its unit.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(ms)?))?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// In the largest unit that divides it.
pub(super) fn duration_text(wait: Duration) -> String {
    let ms = wait.as_millis();
    if ms == 0 {
        return "0s".to_owned();
    }
    // A day stays `24h`: that is how people say it.
    [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .into_iter()
        .find(|(unit, name)| ms.is_multiple_of(*unit) && !(*name == "d" && ms / unit < 2))
        .map_or_else(|| format!("{ms}ms"), |(unit, name)| format!("{}{name}", ms / unit))
}

fn size(value: &Value) -> Result<Size, Broken> {
    let rule = "must be a number in a time, such as \"100/1m\"";
    let Value::String(text) = value else {
        return Err(rule.to_owned());
    };
    let (capacity, per) = text.trim().split_once('/').ok_or(rule)?;
    let capacity: u32 = capacity.trim().parse().map_err(|_| rule)?;
    let per = parse_duration(per.trim()).ok_or(rule)?;
    if capacity == 0 || per.is_zero() || per > LONGEST { Err(rule.to_owned()) } else { Ok(Size { capacity, per }) }
}

fn size_text(size: Size) -> String {
    format!("{}/{}", size.capacity, duration_text(size.per))
}

fn url(value: &Value) -> Result<Option<String>, Broken> {
    let rule = "must be a URL such as \"https://host/path\"";
    let text = text(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let url = reqwest::Url::parse(&text).map_err(|_| rule)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(rule.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("must have no login, query or fragment".to_owned());
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn socket(value: &Value) -> Result<SocketAddr, Broken> {
    let rule = "must be an address with a port, such as \"127.0.0.1:8471\"";
    text(value)?.parse().map_err(|_| rule.to_owned())
}

/// A list in TOML, or text with commas between.
pub(super) fn list<T>(value: &Value, rule: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Broken> {
    let items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(|item| plain(item).ok_or(rule)).collect::<Result<_, _>>()?,
        other => split(&plain(other).ok_or(rule)?),
    };
    items.iter().map(|item| read(item).ok_or_else(|| rule.to_owned())).collect()
}

/// Parts between commas, blanks or lines; empty ones are left out.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, ms, printed) in [
            ("20s", 20_000, "20s"),
            ("1h30m", 5_400_000, "90m"),
            ("500ms", 500, "500ms"),
            ("24h", 86_400_000, "24h"),
            ("36h", 129_600_000, "36h"),
            ("7d", 604_800_000, "7d"),
            ("0s", 0, "0s"),
        ] {
            let wait = parse_duration(text).unwrap();
            assert_eq!((wait.as_millis(), duration_text(wait).as_str()), (ms, printed), "{text}");
        }
        for bad in ["", "20", "s", "20 s", "-5s", "1.5h", "5x", "99999999999999999999s", "9999999999999999d"] {
            assert_eq!(parse_duration(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn rates_print_as_they_were_read() {
        for text in ["1", "1560.25", "0.05", "5000", "0.000000001"] {
            assert_eq!(rate_text(Rate::parse(text).unwrap()), text);
        }
    }
}
