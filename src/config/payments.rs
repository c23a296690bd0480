//! `[chains.*]`, `[prices]` and `[payments]`: where deposits go, who is asked about them and about prices, and what an
//! invoice is held to.
//!
//! A chain without a deposit address is off. In SANDBOX the addresses are stand-ins' where none is set, so that every
//! asset can be tried.

use super::business::Scale;
use super::kind::{self, COUNT, Kind, NGN_OR_ZERO, TEXT, URL, USD, WAIT, at_least_one, counter};
use super::reader::Reader;
use app::settings::{ChainsSettings, PaymentsSettings, PricesSettings};
use domain::Secret;
use domain::chain::{Address, AddressError, Chain};
use domain::decimal::Decimal;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Value;

/// How one chain is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChainAccess {
    /// `chains.<chain>.rpc_urls` or `base_url`; none are the usual ones, or the stand-in in SANDBOX.
    pub(crate) urls: Vec<String>,
    /// A key for its endpoints.
    pub(crate) key: Option<Secret>,
}

/// Where prices of coins come from.
#[derive(Clone, Debug)]
pub(crate) struct PricesAccess {
    /// `prices.coingecko_url`; `None` is the usual place, or the stand-in in SANDBOX.
    pub(crate) coingecko_url: Option<String>,
    /// CoinGecko's key.
    pub(crate) coingecko_key: Option<Secret>,
    /// `prices.binance_url`; likewise.
    pub(crate) binance_url: Option<String>,
    /// `prices.kraken_url`; `None` is the usual place, and nobody in SANDBOX.
    pub(crate) kraken_url: Option<String>,
}

/// Addresses of endpoints: a list, or text with commas.
const URLS: Kind<Vec<String>> = Kind::new(
    |value| {
        const RULE: &str = "must be a list of URLs such as \"https://host/path\", without login, query or fragment";
        let read = |item: &str| (URL.read)(&Value::from(item)).ok().flatten();
        let list = kind::list(value, RULE, read)?;
        let distinct: std::collections::BTreeSet<&String> = list.iter().collect();
        if distinct.len() < list.len() { Err("must name a URL once".to_owned()) } else { Ok(list) }
    },
    |list| Value::Array(list.iter().map(|url| Value::String(keyless(url))).collect()),
);

/// A stablecoin's dust.
const DUST: Kind<Decimal> = Kind::new(
    |value| {
        const RULE: &str = "must be a plain amount in quotes from \"0\" to \"1\", with at most 6 decimals";
        let dust = Decimal::parse(&kind::text(value)?).map_err(|_| RULE.to_owned())?;
        let fits = !dust.is_negative() && dust <= Decimal::new(1, 0).unwrap_or(Decimal::ZERO) && dust.parts().1 <= 6;
        if fits { Ok(dust) } else { Err(RULE.to_owned()) }
    },
    |dust| Value::String(dust.to_string()),
);

/// The key of a chain's endpoints: those that speak JSON-RPC, and those with a base of their own.
pub(super) fn urls_key(chain: Chain) -> String {
    let name = if matches!(chain, Chain::Bsc | Chain::Solana) { "rpc_urls" } else { "base_url" };
    format!("chains.{}.{name}", chain.word())
}

/// The key of a chain's deposit address.
pub(super) fn deposit_key(chain: Chain) -> String {
    format!("chains.{}.deposit_address", chain.word())
}

/// How the chains are reached.
pub(super) fn chain_access(r: &mut Reader) -> BTreeMap<Chain, ChainAccess> {
    let access = |chain: Chain| {
        let urls = r.take(&urls_key(chain), URLS, Vec::new());
        // BSC's endpoints have their key in the URL.
        let key = (chain != Chain::Bsc).then(|| r.secret(&format!("chains.{}.api_key", chain.word()))).flatten();
        (chain, ChainAccess { urls, key })
    };
    Chain::ALL.into_iter().map(access).collect()
}

/// Where deposits go.
pub(super) fn chains(r: &mut Reader, sandbox: bool) -> ChainsSettings {
    let mut settings = if sandbox { ChainsSettings::stand_ins() } else { ChainsSettings::default() };
    for chain in Chain::ALL {
        let key = deposit_key(chain);
        let text = r.take(&key, TEXT, String::new());
        if text.is_empty() {
            continue;
        }
        match Address::parse(chain, &text) {
            Ok(address) => drop(settings.deposits.insert(chain, address)),
            Err(AddressError::BadChecksum) => {
                r.refuse(&key, "has a wrong checksum: a letter or its case is not as it should be");
            }
            Err(AddressError::OtherChain(others)) => {
                let names: Vec<&str> = others.iter().map(|other| other.name()).collect();
                r.refuse(&key, format!("is an address of {}, not of {}", names.join(" or "), chain.name()));
            }
            Err(_) => r.refuse(&key, format!("must be an address of {}", chain.name())),
        }
    }
    settings
}

/// Where prices come from.
pub(super) fn prices_access(r: &mut Reader) -> PricesAccess {
    PricesAccess {
        coingecko_url: r.take("prices.coingecko_url", URL, None),
        coingecko_key: r.secret("prices.coingecko_key"),
        binance_url: r.take("prices.binance_url", URL, None),
        kraken_url: r.take("prices.kraken_url", URL, None),
    }
}

/// What prices are held to. Their age is not a wait of ours, so it is not scaled.
pub(super) fn prices(r: &mut Reader, scale: Scale) -> PricesSettings {
    let d = PricesSettings::default();
    let age = WAIT.must(|age| {
        (*age < Duration::from_secs(10) || *age > Duration::from_secs(300)).then_some("must be from 10s to 5m")
    });
    let bps = COUNT.must(|n| (!(1..=2_000).contains(n)).then_some("must be from 1 to 2000"));
    let settings = PricesSettings {
        max_age: r.take("prices.max_age", age, d.max_age),
        warn_bps: counter(r.take("prices.warn_bps", bps, i64::from(d.warn_bps))),
        stop_bps: counter(r.take("prices.stop_bps", bps, i64::from(d.stop_bps))),
        refresh: scale.of(r.take("prices.refresh", WAIT, d.refresh)),
    };
    let apart = settings.warn_bps <= settings.stop_bps;
    r.require(apart, "prices.warn_bps", &["prices.stop_bps"], "must not be above prices.stop_bps");
    let fresh = settings.refresh < settings.max_age;
    r.require(fresh, "prices.refresh", &["prices.max_age"], "must be below prices.max_age");
    settings
}

/// What invoices are held to. How long they can be paid is agreed with users and compared with the time of blocks, so
/// it is not scaled.
pub(super) fn payments(r: &mut Reader, scale: Scale) -> PaymentsSettings {
    let d = PaymentsSettings::default();
    let tries = COUNT.must(|n| (!(1..=20).contains(n)).then_some("must be from 1 to 20"));
    let bps = COUNT.must(|n| (!(0..=500).contains(n)).then_some("must be from 0 to 500"));
    let open = COUNT.must(|n| at_least_one(n).or((*n > 100).then_some("must be at most 100")));
    let window = WAIT.must(|wait| {
        let fits = *wait >= Duration::from_secs(60) && *wait <= Duration::from_secs(86_400);
        (!fits).then_some("must be from 1m to 24h")
    });
    let settings = PaymentsSettings {
        window: r.take("payments.window", window, d.window),
        late_grace: r.take("payments.late_grace", kind::WAIT_OR_NONE, d.late_grace),
        hash_tries: counter(r.take("payments.hash_tries", tries, i64::from(d.hash_tries))),
        native_tolerance_bps: counter(r.take("payments.native_tolerance_bps", bps, i64::from(d.native_tolerance_bps))),
        stable_dust: r.take("payments.stable_dust", DUST, d.stable_dust),
        two_sources_above: r.take("payments.two_sources_above", kind::USD_OR_ZERO, d.two_sources_above),
        check_every: scale.of(r.take("payments.check_every", WAIT, d.check_every)),
        ngn_spread: r.take("payments.ngn_spread", NGN_OR_ZERO, d.ngn_spread),
        bank_window: r.take("payments.bank_window", window, d.bank_window),
        min_topup: r.take("payments.min_topup", USD, d.min_topup),
        max_topup: r.take("payments.max_topup", USD, d.max_topup),
        max_purchase: r.take("payments.max_purchase", USD, d.max_purchase),
        max_open_invoices: counter(r.take("payments.max_open_invoices", open, i64::from(d.max_open_invoices))),
    };
    let ordered = settings.max_topup.minor() >= settings.min_topup.minor();
    r.require(ordered, "payments.max_topup", &["payments.min_topup"], "must not be below payments.min_topup");
    settings
}

/// A URL without what may be a key in its path: long parts of it are not shown.
fn keyless(url: &str) -> String {
    let (root, path) = match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?))) {
        Some((scheme, (host, path))) => (format!("{scheme}://{host}"), path),
        None => return url.to_owned(),
    };
    let part = |part: &str| if part.len() >= KEY_CHARS { super::reader::REDACTED.to_owned() } else { part.to_owned() };
    let path: Vec<String> = path.split('/').map(part).collect();
    format!("{root}/{}", path.join("/"))
}

/// What may be keys in the paths of endpoints, for the logs.
pub(super) fn keys_of_paths(chains: &BTreeMap<Chain, ChainAccess>) -> Vec<Secret> {
    let paths = chains.values().flat_map(|access| &access.urls).filter_map(|url| url.splitn(4, '/').nth(3));
    paths.flat_map(|path| path.split('/')).filter(|part| part.len() >= KEY_CHARS).map(Secret::new).collect()
}

/// No usual part of a path is as long.
const KEY_CHARS: usize = 16;
