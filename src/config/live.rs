//! Rules across sections: what must never stand together, and what is disabled because it is missing.

use super::payments::{deposit_key, urls_key};
use super::reader::{Reader, without_password};
use super::source::{Origin, provider_variable, variable_of};
use super::{Config, kind};
use app::settings::{Environment, Settings};
use domain::chain::{Asset, Chain};
use domain::operator::Role;
use domain::{Currency, Money, Secret};
use std::collections::BTreeSet;
use std::net::IpAddr;

const TEST_KEY: &str = "FLWSECK_TEST";
/// As short as a key of 16 random bytes in hexadecimal.
const ENVELOPE_CHARS_MIN: usize = 32;

/// Where the program runs: SANDBOX by its switch, else as the payout key says. No key counts as real money.
pub(super) fn environment(config: &Config) -> Environment {
    if config.sandbox.enabled {
        return Environment::Sandbox;
    }
    let test = config.flutterwave.key.as_ref().is_some_and(|key| key.expose().starts_with(TEST_KEY));
    if test { Environment::Test } else { Environment::Prod }
}

/// `store.url`, or the URL in the file that `store.url_file` names.
pub(super) fn store(r: &mut Reader) -> String {
    const KEY: &str = "store.url";
    const FILE_KEY: &str = "store.url_file";
    let mut url = r.take(KEY, kind::TEXT, "sqlite://viralcore.db".to_owned());
    let path = r.take(FILE_KEY, kind::PATH, None);
    let from_file = |origin| matches!(origin, Origin::File(_) | Origin::Default);
    let mut blamed = KEY;
    if let Some(path) = path.filter(|_| from_file(r.origin(KEY))) {
        url = r.secret_file(FILE_KEY, &path).unwrap_or(url);
        blamed = FILE_KEY;
    }
    let bare = without_password(&url);
    let has_path = |prefix: &str| url.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    let known = ["sqlite:", "postgres://", "postgresql://"].into_iter().any(has_path);
    r.require(known, blamed, &[], "must be sqlite://PATH or postgres://USER@HOST/DATABASE");
    let open = blamed == KEY && matches!(r.origin(KEY), Origin::File(_)) && has_password(&url);
    r.require(!open, KEY, &[], "holds a password: set VIRALCORE__STORE__URL, or name a file in store.url_file");
    r.show_as(KEY, &bare);
    url
}

fn has_password(url: &str) -> bool {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(login, _)| login);
    login.is_some_and(|login| login.contains(':')) || url.contains("password=")
}

/// Notes what is wrong between sections, and answers what is allowed and should be known.
pub(super) fn check(r: &mut Reader, config: &Config) -> Vec<String> {
    keys(r, config);
    addresses(r, config);
    let mut warnings = Vec::new();
    if config.sandbox.enabled {
        unused(config, &mut warnings);
    } else {
        missing(config, &mut warnings);
    }
    let withdrawals = &config.settings.withdrawals;
    if withdrawals.auto_approve && withdrawals.auto_approve_max.is_zero() {
        warnings.push(
            "withdrawals.auto_approve is on and withdrawals.auto_approve_max is 0: nothing is approved automatically"
                .to_owned(),
        );
    }
    if !config.http.admin_bind.ip().is_loopback() {
        warnings.push(format!(
            "http.admin_bind is {}: metrics can be read from outside this machine",
            config.http.admin_bind
        ));
    }
    warnings
}

fn is_live(key: &Secret) -> bool {
    !key.expose().starts_with(TEST_KEY)
}

fn keys(r: &mut Reader, config: &Config) {
    if let Some(key) = &config.flutterwave.key {
        let public = key.expose().starts_with("FLWPUBK");
        r.require(!public, "flutterwave.key", &[], "is a public key: the secret key begins with FLWSECK");
        let suffix = &config.settings.withdrawals.reference_suffix;
        let real = is_live(key) && !config.sandbox.enabled;
        let rule = "is for test keys only, and the Flutterwave key is a live one";
        r.require(suffix.is_empty() || !real, "withdrawals.reference_suffix", &[], rule);
        let elsewhere = config.flutterwave.base_url.as_deref().is_some_and(|url| !is_loopback(url));
        let rule = "must not stand beside a live key in SANDBOX: set sandbox.enabled = false for real money";
        r.require(!(config.sandbox.enabled && elsewhere && is_live(key)), "flutterwave.base_url", &[], rule);
    }
    if let Some(token) = &config.telegram.token {
        let shaped = token.expose().split_once(':').is_some_and(|(id, rest)| {
            !id.is_empty()
                && id.bytes().all(|b| b.is_ascii_digit())
                && rest.len() >= 10
                && !rest.contains(char::is_whitespace)
        });
        r.require(shaped, "telegram.token", &[], "must be as BotFather gave it: a number, a colon, letters");
    }
    if let Some(key) = &config.envelope_key {
        let long = key.expose().chars().count() >= ENVELOPE_CHARS_MIN;
        r.require(
            long,
            "vault.envelope_key",
            &[],
            "must have at least 32 characters, such as those of openssl rand -hex 32",
        );
    }
}

/// Keys and money do not travel in clear text beyond this machine.
fn addresses(r: &mut Reader, config: &Config) {
    if config.sandbox.enabled {
        return;
    }
    for (key, url) in [
        ("flutterwave.base_url", &config.flutterwave.base_url),
        ("prices.exchangerate_url", &config.rates_api.url),
        ("prices.coingecko_url", &config.prices.coingecko_url),
        ("prices.binance_url", &config.prices.binance_url),
        ("prices.kraken_url", &config.prices.kraken_url),
        ("telegram.api_url", &config.telegram.api_url),
        ("smartvps.base_url", &config.smartvps.base_url),
        ("http.public_url", &config.http.public_url),
    ] {
        let safe = url.as_deref().is_none_or(|url| url.starts_with("https://") || is_loopback(url));
        r.require(safe, key, &[], "must begin with https:// outside SANDBOX");
    }
    for (chain, access) in &config.chains {
        let safe = access.urls.iter().all(|url| url.starts_with("https://") || is_loopback(url));
        r.require(safe, &urls_key(*chain), &[], "must begin with https:// outside SANDBOX");
    }
}

pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What real operation lacks, each with what it disables.
fn missing(config: &Config, warnings: &mut Vec<String>) {
    let mut lack = |lacking: bool, key: &str, disables: &str| {
        if lacking {
            warnings.push(format!("{} is not set: {disables}", variable_of(key).unwrap_or(key)));
        }
    };
    lack(config.telegram.token.is_none(), "telegram.token", "the bot does not run");
    let no_payouts = "payouts and bank look-ups are refused";
    lack(config.flutterwave.key.is_none(), "flutterwave.key", no_payouts);
    let slow = "webhooks are refused; transfers are followed by asking";
    lack(config.flutterwave.hashes.is_empty(), "flutterwave.hashes", slow);
    let no_rate = "there is no rate for dollars in naira, so affiliate withdrawals are refused";
    lack(config.rates_api.key.is_none(), "prices.exchangerate_key", no_rate);
    for chain in Chain::ALL.into_iter().filter(|chain| config.settings.chains.deposit(*chain).is_none()) {
        let off = format!("{} is off, nothing is paid with {}", chain.name(), coins(chain));
        lack(true, &deposit_key(chain), &off);
    }
    let no_machines = "no machine is bought, renewed or asked about";
    lack(config.smartvps.username.is_none(), "smartvps.username", no_machines);
    lack(config.smartvps.password.is_none(), "smartvps.password", no_machines);
    let closed = "POST /api/smartvps/sync is refused for everybody; packages are read by the schedule and by hand";
    lack(config.sync_token.is_none(), "ipstock.sync_token", closed);
    let unsealed = "bank details and providers' keys cannot be sealed, so payouts and placements are refused";
    lack(config.envelope_key.is_none(), "vault.envelope_key", unsealed);
    let unseen = "operators get no notices in Telegram";
    lack(config.settings.ops_chats.is_empty(), "notify.ops_chats", unseen);
    lone_endpoints(config, warnings);
    for seed in config.settings.smm_providers.iter().filter(|seed| seed.key.is_none()) {
        let (variable, name) = (provider_variable(&seed.name), &seed.name);
        warnings.push(format!("{variable} is not set: {name} takes no orders, unless the store has its key"));
    }
    if let Some(warning) = few_approvers(&config.settings) {
        warnings.push(warning);
    }
}

/// Chains that are on and have nobody who could confirm a large payment.
fn lone_endpoints(config: &Config, warnings: &mut Vec<String>) {
    for (chain, access) in &config.chains {
        let host = |url: &String| Some(reqwest::Url::parse(url).ok()?.host_str()?.to_owned());
        let hosts = match (access.urls.is_empty(), chain) {
            (false, _) => access.urls.iter().filter_map(host).collect::<BTreeSet<_>>().len(),
            (true, Chain::Aptos) => 1,
            (true, Chain::Tron) if access.key.is_some() => 1,
            (true, _) => 2,
        };
        if hosts < 2 && config.settings.chains.deposit(*chain).is_some() {
            let (name, from) = (chain.name(), config.settings.payments.two_sources_above);
            warnings.push(format!(
                "{name} is asked about at one host: payments from {from} on, which two must confirm, wait for a person"
            ));
        }
    }
}

/// What is paid with on a chain: `TRX and USDT`.
fn coins(chain: Chain) -> String {
    let symbols: Vec<&str> = Asset::ALL.into_iter().filter(|a| a.chain() == chain).map(Asset::symbol).collect();
    symbols.join(" and ")
}

fn few_approvers(settings: &Settings) -> Option<String> {
    let mut approvers = settings.operators.iter().filter(|operator| operator.role >= Role::Approver);
    let Some(first) = approvers.next() else {
        return Some("no [[operators]] with the role approver or admin: nobody can approve withdrawals".to_owned());
    };
    let withdrawals = &settings.withdrawals;
    approvers.next().is_none().then(|| {
        let delay = kind::duration_text(withdrawals.solo_delay);
        let cap = Money::new(withdrawals.solo_daily_cap.minor(), Currency::Usd);
        format!("{} is the only approver: decisions for two names wait {delay}, up to {cap} a day", first.name)
    })
}

/// Keys of real services that SANDBOX leaves alone.
fn unused(config: &Config, warnings: &mut Vec<String>) {
    for (key, set, url) in [
        ("telegram.token", config.telegram.token.is_some(), &config.telegram.api_url),
        ("flutterwave.key", config.flutterwave.key.is_some(), &config.flutterwave.base_url),
        ("prices.exchangerate_key", config.rates_api.key.is_some(), &config.rates_api.url),
        ("prices.coingecko_key", config.prices.coingecko_key.is_some(), &config.prices.coingecko_url),
        ("smartvps.username", config.smartvps.username.is_some(), &config.smartvps.base_url),
        ("smartvps.password", config.smartvps.password.is_some(), &config.smartvps.base_url),
    ] {
        if set && url.is_none() {
            let name = variable_of(key).unwrap_or(key);
            warnings.push(format!("{name} is set and not used: SANDBOX talks to its own stand-in"));
        }
    }
    for (chain, _) in config.chains.iter().filter(|(_, access)| access.key.is_some() && access.urls.is_empty()) {
        let key = format!("chains.{}.api_key", chain.word());
        let name = variable_of(&key).unwrap_or(&key);
        warnings.push(format!("{name} is set and not used: SANDBOX talks to its own stand-in"));
    }
    for seed in config.settings.smm_providers.iter().filter(|seed| seed.key.is_some()) {
        if config.unplaced_providers.contains(&seed.name) {
            let name = provider_variable(&seed.name);
            warnings.push(format!("{name} is set and not used: SANDBOX talks to its own stand-in"));
        }
    }
}
