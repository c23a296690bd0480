//! What coins cost, from sources that do not know each other: CoinGecko, Binance and, where it is configured, Kraken.
//!
//! Promises: one call a source for all coins, side by side, never repeated here; prices are read from their own digits;
//! a coin that a source does not name, or names without a usable price or time, is left out and costs the others
//! nothing; a key is in a header and in no text that leaves here. What is believed is [`domain::quote::judge`]'s to say.
//! Absent on purpose: a cache, and the dollar in naira ([`crate::exchange_rate`]).

mod sources;

use domain::outcome::LocalReason;
use domain::quote::{Coin, Reading};
use domain::{Rate, Secret, Timestamp};
use reqwest::{Method, Url};

use crate::http::{Auth, Body, Call, HttpClient, Purpose, RawReply};
use crate::read::ReadError;

/// Where prices come from.
#[derive(Clone, Debug, Default)]
pub struct PricesConfig {
    /// Such as `https://api.coingecko.com`, or the `pro-` host with its own key.
    pub coingecko_url: String,
    /// CoinGecko's demo or pro key; without one calls are limited by address.
    pub coingecko_key: Option<Secret>,
    /// Such as `https://api.binance.com`.
    pub binance_url: String,
    /// Such as `https://api.kraken.com`; `None` is not asked.
    pub kraken_url: Option<String>,
}

/// What one source says of one coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinPrice {
    /// Of which.
    pub coin: Coin,
    /// Dollars for one; Binance's are tethers.
    pub price: Rate,
    /// As of when: the source's own word, or when it was asked where it has none.
    pub at: Timestamp,
}

/// What became of asking one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRead {
    /// `coingecko`, `binance` or `kraken`.
    pub source: &'static str,
    /// The prices, or why there are none.
    pub outcome: Result<Vec<CoinPrice>, ReadError>,
}

/// The sources; a clone shares their connections.
#[derive(Clone, Debug)]
pub struct Prices {
    http: HttpClient,
    coingecko: Option<Url>,
    coingecko_key: Secret,
    binance: Option<Url>,
    kraken: Option<Option<Url>>,
}

/// The header of a key, by the root that it belongs to; the wrong pairing is refused by CoinGecko.
const DEMO_KEY: &str = "x-cg-demo-api-key";
const PRO_KEY: &str = "x-cg-pro-api-key";

impl Prices {
    /// Nothing is asked here; a broken URL makes that source's every read a local refusal.
    pub fn new(config: PricesConfig, http: HttpClient) -> Self {
        let url = |text: &str| Url::parse(text).ok().filter(|url| url.has_host() && url.scheme().starts_with("http"));
        Self {
            http,
            coingecko: url(&config.coingecko_url),
            coingecko_key: config.coingecko_key.unwrap_or_else(|| Secret::new("")),
            binance: url(&config.binance_url),
            kraken: config.kraken_url.as_deref().map(url),
        }
    }

    /// Asks every source at once, in the order of their names. `now` is the time of prices without one of their own.
    pub async fn read(&self, now: Timestamp, correlation: &str) -> Vec<SourceRead> {
        let (coingecko, binance, kraken) =
            tokio::join!(self.coingecko(correlation), self.binance(now, correlation), self.kraken(now, correlation));
        let mut reads = vec![
            SourceRead { source: "binance", outcome: binance },
            SourceRead { source: "coingecko", outcome: coingecko },
        ];
        reads.extend(kraken.map(|outcome| SourceRead { source: "kraken", outcome }));
        reads
    }

    async fn coingecko(&self, correlation: &str) -> Result<Vec<CoinPrice>, ReadError> {
        let pro = self.coingecko.as_ref().and_then(Url::host_str).is_some_and(|host| host.starts_with("pro-"));
        let auth = Auth::Header(if pro { PRO_KEY } else { DEMO_KEY });
        let ids = Coin::ALL.map(Coin::word).join(",");
        let query = [
            ("ids", ids.as_str()),
            ("vs_currencies", "usd"),
            ("include_last_updated_at", "true"),
            ("precision", "full"),
        ];
        let path = ["api", "v3", "simple", "price"];
        let asked = Asked { operation: "coingecko", base: self.coingecko.as_ref(), path: &path, query: &query };
        sources::coingecko(self.get(asked, auth, &self.coingecko_key, correlation).await)
    }

    async fn binance(&self, now: Timestamp, correlation: &str) -> Result<Vec<CoinPrice>, ReadError> {
        let symbols: Vec<String> = sources::BINANCE.iter().map(|(symbol, _)| format!("\"{symbol}\"")).collect();
        let symbols = format!("[{}]", symbols.join(","));
        let query = [("symbols", symbols.as_str())];
        let path = ["api", "v3", "ticker", "price"];
        let asked = Asked { operation: "binance", base: self.binance.as_ref(), path: &path, query: &query };
        sources::binance(self.get(asked, Auth::InRequest, &Secret::new(""), correlation).await, now)
    }

    async fn kraken(&self, now: Timestamp, correlation: &str) -> Option<Result<Vec<CoinPrice>, ReadError>> {
        let base = self.kraken.as_ref()?.as_ref();
        let pairs = sources::KRAKEN.map(|(pair, _)| pair).join(",");
        let query = [("pair", pairs.as_str())];
        let path = ["0", "public", "Ticker"];
        let asked = Asked { operation: "kraken", base, path: &path, query: &query };
        Some(sources::kraken(self.get(asked, Auth::InRequest, &Secret::new(""), correlation).await, now))
    }

    async fn get(&self, asked: Asked<'_>, auth: Auth, key: &Secret, correlation: &str) -> RawReply {
        let refused =
            || RawReply::NothingLeft(LocalReason::Refused("the URL of a price source is not valid".to_owned()));
        let Some(mut url) = asked.base.cloned() else { return refused() };
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(asked.path)),
            Err(()) => return refused(),
        }
        url.query_pairs_mut().extend_pairs(asked.query);
        let call = Call {
            operation: asked.operation,
            purpose: Purpose::Read,
            method: Method::GET,
            url,
            key,
            auth,
            body: Body::Empty,
            correlation: Some(correlation),
        };
        self.http.call(call).await.raw
    }
}

/// One question.
struct Asked<'a> {
    operation: &'static str,
    base: Option<&'a Url>,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
}

/// What all sources say of one coin, for [`domain::quote::judge`].
pub fn readings(reads: &[SourceRead], coin: Coin) -> Vec<Reading> {
    let of = |read: &SourceRead| {
        let prices = read.outcome.as_ref().map_or(&[][..], Vec::as_slice);
        let found = prices.iter().find(|said| said.coin == coin)?;
        Some(Reading { source: read.source.to_owned(), price: found.price, at: found.at })
    };
    reads.iter().filter_map(of).collect()
}
