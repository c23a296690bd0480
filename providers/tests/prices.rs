//! The price sources against their stand-ins: what is read, that one that fails does not silence the other, and that
//! what is read makes a quote only when the sources agree.

mod common;

use domain::quote::{Coin, QuoteRefusal, QuoteRules, judge, judge_peg};
use domain::{Rate, Secret, Timestamp};
use providers::prices::{SourceRead, readings};
use providers::{HttpClient, Prices, PricesConfig, ReadError};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

struct Bench {
    sandbox: Sandbox,
    prices: Prices,
    control: reqwest::Client,
}

impl Bench {
    async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let prices = client(&sandbox, Some(sandbox.key("coingecko")), 5_000);
        Self { prices, sandbox, control: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn post(&self, path: &str, body: Value) {
        let url = format!("{}/{path}", self.sandbox.url("control"));
        assert_eq!(self.control.post(url).body(body.to_string()).send().await.unwrap().status(), 200, "{path}");
    }

    /// The stand-in's clock: prices carry its time.
    async fn now(&self) -> Timestamp {
        let url = format!("{}/coingecko/_clock", self.sandbox.url("control"));
        let clock: Value = self.control.get(url).send().await.unwrap().json().await.unwrap();
        Timestamp::from_micros(clock["now_ms"].as_i64().unwrap() * 1_000)
    }

    async fn read(&self) -> (Vec<SourceRead>, Timestamp) {
        let now = self.now().await;
        (self.prices.read(now, "test-1").await, now)
    }
}

fn client(sandbox: &Sandbox, key: Option<&str>, ms: u64) -> Prices {
    let config = PricesConfig {
        coingecko_url: sandbox.url("coingecko").to_owned(),
        coingecko_key: key.map(Secret::new),
        binance_url: sandbox.url("binance").to_owned(),
        kraken_url: None,
    };
    Prices::new(config, HttpClient::new(common::timeouts(ms)).unwrap())
}

fn codes(reads: &[SourceRead]) -> Vec<(&str, &str)> {
    let code = |read: &SourceRead| read.outcome.as_ref().map_or_else(ReadError::code, |_| "read");
    reads.iter().map(|read| (read.source, code(read))).collect()
}

#[tokio::test]
async fn both_sources_are_asked_once_and_make_a_quote_of_every_coin() {
    let bench = Bench::start().await;
    let (reads, now) = bench.read().await;
    assert_eq!(codes(&reads), [("binance", "read"), ("coingecko", "read")]);
    let rules = QuoteRules::default();
    for (coin, lower) in
        [(Coin::BinanceCoin, "612.31"), (Coin::Solana, "142.0934827"), (Coin::Tron, "0.2711"), (Coin::Aptos, "4.1187")]
    {
        let quote = judge(&readings(&reads, coin), now, &rules).unwrap();
        assert_eq!((quote.price, quote.warned), (Rate::parse(lower).unwrap(), false), "{coin:?}");
        assert_eq!(quote.sources, ["binance", "coingecko"]);
    }
    assert_eq!(judge_peg(&readings(&reads, Coin::Tether), now, &rules).unwrap().sources, ["coingecko"]);
    for service in ["coingecko", "binance"] {
        let url = format!("{}/{service}/_record", bench.sandbox.url("control"));
        let record: Value = bench.control.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(record["calls"].as_array().unwrap().len(), 1, "{record}");
    }
}

#[tokio::test]
async fn a_source_that_lies_or_sleeps_makes_no_quote() {
    let bench = Bench::start().await;
    let rules = QuoteRules::default();
    bench.post("binance/_prices", json!({ "prices": { "solana": "150.00" } })).await;
    let (reads, now) = bench.read().await;
    let refusal = judge(&readings(&reads, Coin::Solana), now, &rules);
    assert!(matches!(refusal, Err(QuoteRefusal::Apart { deviation_bps: 557, .. })), "{refusal:?}");
    assert!(judge(&readings(&reads, Coin::Tron), now, &rules).is_ok(), "the others are as good as before");
    bench.post("coingecko/_prices", json!({ "age_ms": 301_000, "prices": { "tether": "0.97" } })).await;
    let (reads, now) = bench.read().await;
    let old = judge(&readings(&reads, Coin::Tron), now, &rules);
    assert_eq!(old, Err(QuoteRefusal::TooFew { have: 1, need: 2 }));
    bench.post("coingecko/_prices", json!({ "age_ms": 0 })).await;
    let (reads, now) = bench.read().await;
    assert!(matches!(judge_peg(&readings(&reads, Coin::Tether), now, &rules), Err(QuoteRefusal::Depegged(_))));
}

#[tokio::test]
async fn a_source_that_fails_costs_only_its_own_prices_and_the_key_stays_hidden() {
    let bench = Bench::start().await;
    for (fault, code) in [
        (json!({ "fault": "too_many", "retry_after": 7 }), "rate_limited"),
        (json!({ "fault": "status_before", "status": 418 }), "rate_limited"),
        (json!({ "fault": "status_before", "status": 451 }), "refused"),
        (json!({ "fault": "status_before", "status": 502 }), "server"),
        (json!({ "fault": "html" }), "garbage"),
        (json!({ "fault": "empty" }), "garbage"),
        (json!({ "fault": "truncated" }), "garbage"),
        (json!({ "fault": "huge" }), "reset"),
        (json!({ "fault": "reset_mid" }), "reset"),
    ] {
        bench.post("binance/_faults", fault.clone()).await;
        let (reads, _) = bench.read().await;
        assert_eq!(codes(&reads), [("binance", code), ("coingecko", "read")], "{fault}");
    }
    bench.post("coingecko/_faults", json!({ "fault": "too_many", "retry_after": 7 })).await;
    let (reads, _) = bench.read().await;
    assert_eq!(codes(&reads), [("binance", "read"), ("coingecko", "rate_limited")]);
    let canary = "CG-canary0key1with2digits";
    let wrong = client(&bench.sandbox, Some(canary), 5_000).read(bench.now().await, "test-1").await;
    assert_eq!(codes(&wrong), [("binance", "read"), ("coingecko", "auth")]);
    assert!(!format!("{wrong:?}").contains("canary"), "{wrong:?}");
    // Without a key, and with a key that no header can hold.
    for (key, code) in [(None, "read"), (Some(""), "read"), (Some("line\nbreak"), "refused_here")] {
        let reads = client(&bench.sandbox, key, 5_000).read(bench.now().await, "test-1").await;
        assert_eq!(codes(&reads), [("binance", "read"), ("coingecko", code)]);
    }
    let nowhere =
        PricesConfig { coingecko_url: "::".to_owned(), kraken_url: Some("file:///x".to_owned()), ..Default::default() };
    let nowhere = Prices::new(nowhere, HttpClient::new(common::timeouts(500)).unwrap());
    let reads = nowhere.read(bench.now().await, "test-1").await;
    assert!(codes(&reads).iter().all(|(_, code)| *code == "refused_here") && reads.len() == 3, "{reads:?}");
}
