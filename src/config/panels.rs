//! `[[smm_providers]]`: providers that are added when the store has none of their name. What an operator changes later
//! stands in the store, and nothing here overrides it.
//!
//! A provider that the business began with needs nothing but its name: the rest is known. In SANDBOX one without an
//! address of its own is our stand-in; the wiring knows where that is.

use super::kind::{self, Broken, COUNT, Kind, TEXT, URL};
use super::reader::Reader;
use super::source::provider_variable;
use app::settings::ProviderSeed;
use domain::boost::{Leg, Platform};
use domain::decimal::Decimal;
use std::collections::BTreeSet;
use toml::Value;

/// A provider by default comes after those that the business began with.
const PRIORITY: i64 = 10;
const LOW_BALANCE: &str = "5";
/// `x_views=8381`: our service, the provider's id of the service that delivers it.
const SERVICES: Kind<Vec<(String, String)>> = Kind::new(services, |list| {
    Value::Array(list.iter().map(|(ours, theirs)| Value::from(format!("{ours}={theirs}"))).collect())
});

/// The providers, and the names of those that have no address of their own.
pub(super) fn providers(r: &mut Reader, sandbox: bool) -> (Vec<ProviderSeed>, Vec<String>) {
    let mut names = BTreeSet::new();
    let (mut seeds, mut unplaced) = (Vec::new(), Vec::new());
    for table in r.tables(super::source::PROVIDERS) {
        let (seed, placed) = provider(r, &table, sandbox, &mut names);
        if !placed {
            unplaced.push(seed.name.clone());
        }
        seeds.push(seed);
    }
    (seeds, unplaced)
}

fn provider(r: &mut Reader, table: &str, sandbox: bool, names: &mut BTreeSet<String>) -> (ProviderSeed, bool) {
    let key = |name: &str| format!("{table}.{name}");
    let name = r.take(&key("name"), TEXT.must(|text| provider_name(text)), String::new());
    r.need(&key("name"));
    r.require(name.is_empty() || names.insert(name.clone()), &key("name"), &[], "must be unique");
    let known = ProviderSeed::presets().into_iter().find(|preset| preset.name == name);
    let d = known.clone().unwrap_or_else(|| ProviderSeed {
        name: name.clone(),
        url: String::new(),
        key: None,
        priority: PRIORITY,
        currency: "USD".to_owned(),
        low_balance: LOW_BALANCE.to_owned(),
        services: Vec::new(),
        stand_in: false,
    });
    let own = r.take(&key("url"), URL, None);
    if let Some(url) = &own {
        address(r, &key("url"), url, sandbox);
    }
    let found = own.is_some() || known.is_some() || sandbox;
    r.require(found, &key("url"), &[&key("name")], "is required: only the address of a known provider is known");
    let priority = COUNT.must(|n| (!(1..=1_000).contains(n)).then_some("must be from 1 to 1000"));
    let seed = ProviderSeed {
        url: own.clone().unwrap_or(d.url),
        key: r.secret_of(&key("key"), &provider_variable(&name)),
        priority: r.take(&key("priority"), priority, d.priority),
        currency: r.take(&key("currency"), TEXT.must(|text| currency(text)), d.currency),
        low_balance: r.take(&key("low_balance"), TEXT.must(|text| balance(text)), d.low_balance),
        services: r.take(&key("services"), SERVICES, d.services),
        stand_in: false,
        name,
    };
    (seed, own.is_some())
}

/// A key travels to this address with every call. In SANDBOX nothing is paid, so nothing real is at the other end.
fn address(r: &mut Reader, key: &str, url: &str, sandbox: bool) {
    if sandbox {
        let rule = "must be on this machine in SANDBOX: set sandbox.enabled = false for real providers";
        r.require(super::live::is_loopback(url), key, &[], rule);
    } else if let Err(problem) = providers::smm::check_url(url, true) {
        r.refuse(key, format!("cannot be used: {problem}"));
    }
}

fn provider_name(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
        return Some("must be 1 to 32 of a-z, 0-9, _ and -");
    }
    super::source::is_named(&provider_variable(name)).then_some("cannot be used: the variable of its key is another's")
}

fn currency(code: &str) -> Option<&'static str> {
    let fine = (3..=5).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
    (!fine).then_some("must be a currency's code such as USD")
}

fn balance(text: &str) -> Option<&'static str> {
    let fine = Decimal::parse(text).is_ok_and(|amount| !amount.is_negative());
    (!fine).then_some("must be a plain amount in the provider's currency, such as \"5\"")
}

fn services(value: &Value) -> Result<Vec<(String, String)>, Broken> {
    const RULE: &str = "must be a list such as [\"x_views=8381\"]: our service, the provider's id of it";
    let known = |ours: &str| {
        [Platform::X, Platform::Telegram]
            .into_iter()
            .any(|platform| Leg::ALL.into_iter().any(|leg| leg.service(platform) == ours))
    };
    let id = |theirs: &str| {
        (1..=40).contains(&theirs.len()) && theirs.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let list = kind::list(value, RULE, |item| {
        let (ours, theirs) = item.split_once('=')?;
        let (ours, theirs) = (ours.trim(), theirs.trim());
        (known(ours) && id(theirs)).then(|| (ours.to_owned(), theirs.to_owned()))
    })?;
    let distinct: BTreeSet<&String> = list.iter().map(|(ours, _)| ours).collect();
    if distinct.len() < list.len() { Err("must name a service of ours once".to_owned()) } else { Ok(list) }
}
