//! The stand-ins with a client, and short ways to pay and to look up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::chain::{Address, Asset, Chain, TxId};
use domain::{Secret, Timestamp};
use providers::chains::{ChainSettings, Chains, Deposit, Finding};
use providers::{HttpClient, Timeouts};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) chains: Chains,
    /// The client's clock in microseconds.
    clock: Arc<AtomicI64>,
    control: reqwest::Client,
}

pub(crate) const BEGAN: i64 = 1_795_000_000_000_000;

/// Our address on each chain.
pub(crate) fn us(chain: Chain) -> Address {
    let text = match chain {
        Chain::Bsc => "0xdd46c2751155e8411cc84c10c64bf0df2412b521",
        Chain::Solana => "FDUGdV6bjhvw5gbirXCvqbTSWK9999kcrZcrHoCQzXJK",
        Chain::Tron => "TUikLT3nTTjTkXPAuC4xUGj84vfSERCWRn",
        Chain::Aptos => "0x0a5ddd8e5ac5e30f61e42e4dc54a2d6a904412810767fa2e1674b08ca3b04365",
    };
    Address::parse(chain, text).unwrap()
}

pub(crate) fn other(chain: Chain) -> &'static str {
    match chain {
        Chain::Bsc => "0xef3aeff9a5f61c6dda33069c58c1434006e13b20",
        Chain::Solana => "BLw3RweJmfbTapJRgnPRvd962YDjFYAnVGd1p5hmZ5tP",
        Chain::Tron => "TJoaVSdktrnndU4dmKm33SWMKoXt4LLFbU",
        Chain::Aptos => "0xf08819a2ca002c1da8c6242040607617093f519eb2525201efaba47b0841f682",
    }
}

impl Bench {
    /// One endpoint a chain.
    pub(crate) async fn start() -> Self {
        Self::with(|sandbox, chain| vec![sandbox.url(chain.word()).to_owned()]).await
    }

    /// Each chain with these endpoints.
    pub(crate) async fn with(urls: impl Fn(&Sandbox, Chain) -> Vec<String>) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let clock = Arc::new(AtomicI64::new(BEGAN));
        let settings = |chain: Chain| {
            let key = Some(Secret::new(sandbox.key(chain.word())));
            ChainSettings { urls: urls(&sandbox, chain), key, ..ChainSettings::default() }
        };
        let settings = Chain::ALL.into_iter().map(|chain| (chain, settings(chain))).collect();
        let chains = client(settings, Arc::clone(&clock), 5_000);
        Self { chains, clock, control: reqwest::Client::builder().no_proxy().build().unwrap(), sandbox }
    }

    pub(crate) fn clock(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.clock)
    }

    /// The client's clock goes on.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) async fn post(&self, chain: Chain, route: &str, body: Value) -> Value {
        let url = format!("{}/{chain}{route}", self.sandbox.url("control"));
        let reply = self.control.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{route} {body}");
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    }

    pub(crate) async fn get(&self, chain: Chain, route: &str) -> Value {
        let url = format!("{}/{chain}{route}", self.sandbox.url("control"));
        serde_json::from_str(&self.control.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    pub(crate) async fn fault(&self, chain: Chain, kind: &str, more: Value) {
        let mut fault = json!({ "op": "any", "fault": kind, "times": 0 });
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(chain, "/_faults", fault).await;
    }

    pub(crate) async fn mend(&self, chain: Chain) {
        let url = format!("{}/{chain}/_faults", self.sandbox.url("control"));
        self.control.delete(url).send().await.unwrap();
        let at = self.sandbox.url(chain.word()).trim_start_matches("http://").trim_end_matches("/v1").to_owned();
        while tokio::net::TcpStream::connect(&at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Pays and gives the id; `more` overrides what is usual.
    pub(crate) async fn pay(&self, asset: Asset, units: u64, more: Value) -> TxId {
        let chain = asset.chain();
        let mut body = json!({ "asset": asset.word(), "to": us(chain).shown(), "units": units.to_string(),
            "from": other(chain) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let paid = self.post(chain, "/_pay", body).await;
        TxId::parse(chain, paid["hash"].as_str().unwrap()).unwrap()
    }

    /// The chain goes on.
    pub(crate) async fn advance(&self, chain: Chain, ms: u64) {
        self.post(chain, "/_clock", json!({ "advance_ms": ms })).await;
    }

    /// Far enough that everything is final.
    pub(crate) async fn settle(&self, chain: Chain) {
        self.advance(chain, 70_000).await;
    }

    pub(crate) async fn look_up(&self, asset: Asset, tx: &TxId) -> Finding {
        self.chains.look_up(asset, &us(asset.chain()), tx, 1, "c-1").await
    }

    pub(crate) async fn word(&self, asset: Asset, tx: &TxId) -> &'static str {
        self.look_up(asset, tx).await.word()
    }

    pub(crate) async fn deposit(&self, asset: Asset, tx: &TxId) -> Deposit {
        match self.look_up(asset, tx).await {
            Finding::Confirmed(deposit) => deposit,
            other => panic!("{asset}: {other:?}"),
        }
    }

    /// How often the service was really asked.
    pub(crate) async fn asked(&self, chain: Chain) -> usize {
        self.get(chain, "/_record").await["calls"].as_array().unwrap().len()
    }
}

pub(crate) fn client(settings: BTreeMap<Chain, ChainSettings>, clock: Arc<AtomicI64>, ms: u64) -> Chains {
    let ms = Duration::from_millis(ms);
    let http = HttpClient::new(Timeouts { connect: ms, read: ms, ..Timeouts::default() }).unwrap();
    let now = move || Timestamp::from_micros(clock.load(Ordering::SeqCst));
    Chains::new(settings, http, Arc::new(now)).unwrap()
}
