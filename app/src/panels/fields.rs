//! What an operator may write into a provider's row, and the rules that it must keep.

use crate::breakers::overridden;
use domain::breaker::{BreakerSettings, CallClass};
use domain::catalogue::MARKUP_MAX;
use domain::decimal::Decimal;
use domain::{Secret, text};
use store::providers::Provider;

/// A provider to add.
#[derive(Clone, Debug)]
pub struct NewProvider {
    /// Lower-case letters, digits, `-` and `_`; the books and the history carry it, so it stays.
    pub name: String,
    /// Such as `https://panel.example/api/v2`.
    pub url: String,
    /// Without one nothing is ordered there.
    pub key: Option<Secret>,
    /// Lower is preferred.
    pub priority: i64,
    /// Its share among equals.
    pub weight: i64,
    /// What it charges in: `USD`.
    pub currency: String,
    /// On top of its prices, in ten thousand.
    pub markup_bps: i64,
    /// Requests in ten seconds,
    pub rate_per_10s: i64,
    /// at once,
    pub burst: i64,
    /// and calls in flight.
    pub concurrency: i64,
    /// At this balance or below it is low: decimal text in its currency.
    pub low_balance: String,
    /// Beginnings of texts by which it refuses an order, beside the listed ones.
    pub refusals: Vec<String>,
}

impl Default for NewProvider {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            key: None,
            priority: 10,
            weight: 1,
            currency: "USD".to_owned(),
            markup_bps: 0,
            rate_per_10s: 10,
            burst: 5,
            concurrency: 8,
            low_balance: "5".to_owned(),
            refusals: Vec::new(),
        }
    }
}

/// What to change of a provider; the rest stays. A new address or key waits for a second name.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields of NewProvider")]
pub struct EditProvider {
    pub name: Option<String>,
    pub url: Option<String>,
    pub key: Option<Secret>,
    pub priority: Option<i64>,
    pub weight: Option<i64>,
    pub currency: Option<String>,
    pub markup_bps: Option<i64>,
    pub rate_per_10s: Option<i64>,
    pub burst: Option<i64>,
    pub concurrency: Option<i64>,
    pub low_balance: Option<String>,
    pub refusals: Option<Vec<String>>,
    /// Its own settings of breakers, JSON by class: `{"order":{"consecutive":3}}`; `{}` follows the configuration.
    pub breakers: Option<String>,
}

/// Names that mean something else in the books or in the history.
const RESERVED: [&str; 5] = ["flutterwave", "smartvps", "payout", "rail", "system"];

/// A provider's name, as it may be.
pub(super) fn name(name: &str) -> Result<String, String> {
    let name = name.trim().to_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !(2..=32).contains(&name.len()) || !begins || !name.chars().all(fits) {
        return Err("a name is 2 to 32 letters, digits, - and _ and begins with a letter".to_owned());
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("the name {name} is taken by the program itself"));
    }
    Ok(name)
}

/// A provider's key, as it may be. Panels take it out of a form and strip what they do not know.
pub(super) fn key(key: &Secret) -> Result<(), String> {
    let key = key.expose();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | '-' | '_');
    // A shorter one could not be taken out of an answer that echoes it.
    if !(8..=200).contains(&key.len()) || !key.chars().all(fits) {
        return Err("a key is 8 to 200 letters, digits, commas, - and _".to_owned());
    }
    Ok(())
}

/// Brings a row into its one form, or says what may not be so.
pub(super) fn tidy(provider: &mut Provider, breakers: &BreakerSettings) -> Result<(), String> {
    let within = |what: &str, value: i64, least: i64, most: i64| {
        let fits = (least..=most).contains(&value);
        fits.then_some(()).ok_or_else(|| format!("{what} must be {least} to {most}"))
    };
    within("the priority", provider.priority, 0, 1_000)?;
    within("the weight", provider.weight, 1, 1_000)?;
    within("the markup in ten thousand", provider.markup_bps, 0, MARKUP_MAX)?;
    within("requests in ten seconds", provider.rate_per_10s, 1, 10_000)?;
    within("requests at once", provider.burst, 1, 1_000)?;
    within("calls in flight", provider.concurrency, 1, 1_000)?;
    provider.currency = provider.currency.trim().to_ascii_uppercase();
    if !(3..=5).contains(&provider.currency.len()) || !provider.currency.chars().all(|c| c.is_ascii_uppercase()) {
        return Err("a currency is three letters, such as USD".to_owned());
    }
    let low = Decimal::parse(&provider.low_balance).map_err(|error| format!("the low balance: {error}"))?;
    if low.is_negative() {
        return Err("the low balance must not be below zero".to_owned());
    }
    provider.low_balance = low.to_string();
    provider.refusals = provider.refusals.iter().map(|text| text::clean_line(text.trim(), 200)).collect();
    let short = |text: &String| text.chars().count() < 4;
    if provider.refusals.len() > 50 || provider.refusals.iter().any(short) {
        return Err("at most 50 texts of refusals, of at least 4 letters each".to_owned());
    }
    if provider.breakers.trim().is_empty() {
        provider.breakers = "{}".to_owned();
    }
    if provider.breakers.len() > 2_000 {
        return Err("the breaker settings are too long".to_owned());
    }
    for class in CallClass::ALL {
        overridden(breakers, &provider.breakers, class)?;
    }
    Ok(())
}

/// Writes an edit into a row, but for name, address and key, and tells what changed: a sentence each, without secrets.
pub(super) fn write(edit: &EditProvider, provider: &mut Provider) -> Vec<String> {
    let mut changed = Vec::new();
    let mut number = |what: &str, new: Option<i64>, old: &mut i64| {
        if let Some(new) = new.filter(|new| new != old) {
            changed.push(format!("{what} {old} -> {new}"));
            *old = new;
        }
    };
    number("priority", edit.priority, &mut provider.priority);
    number("weight", edit.weight, &mut provider.weight);
    number("markup", edit.markup_bps, &mut provider.markup_bps);
    number("requests in 10 s", edit.rate_per_10s, &mut provider.rate_per_10s);
    number("burst", edit.burst, &mut provider.burst);
    number("calls in flight", edit.concurrency, &mut provider.concurrency);
    let mut word = |what: &str, new: Option<&String>, old: &mut String| {
        if let Some(new) = new.filter(|new| *new != old) {
            changed.push(format!("{what} {old} -> {new}"));
            old.clone_from(new);
        }
    };
    word("currency", edit.currency.as_ref(), &mut provider.currency);
    word("low balance", edit.low_balance.as_ref(), &mut provider.low_balance);
    word("breakers", edit.breakers.as_ref(), &mut provider.breakers);
    if let Some(refusals) = edit.refusals.as_ref().filter(|refusals| **refusals != provider.refusals) {
        changed.push(format!("refusals: {}", refusals.join(" | ")));
        provider.refusals.clone_from(refusals);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_what_the_books_and_the_wire_can_carry() {
        for good in ["smmflare", "panel-2", "a_b"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        assert_eq!(name(" SMMGuo ").as_deref(), Ok("smmguo"));
        for bad in ["", "a", "7seas", "a b", "a:b", "ünit", "flutterwave", &"x".repeat(33)] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(key(&Secret::new("0123456789abcdef")).is_ok());
        for bad in ["", "short", "with space in it", "semi;colon;key", "new\nline-key", &"k".repeat(201)] {
            assert!(key(&Secret::new(bad)).is_err(), "{bad}");
        }
    }
}
