//! What four chains say about a transaction that somebody claims to have paid with (`chains.md` sections 3 to 7).
//!
//! [`Chains::look_up`] answers one question: has this transaction, finally, brought this asset to this address, and how
//! much? Promises: only [`Finding::Confirmed`] may move money, and it is given only for a final, successful transaction
//! whose effect on our address was read from logs, balances or events, never from what the sender asked for; a token is
//! its contract, mint or metadata address; what our address sent away in the same transaction is taken off; an endpoint
//! that fails, refuses, or answers nonsense is no evidence of anything: the next one is asked. Numbers are read from
//! digits. No key and no URL is in any text that leaves here: an endpoint is known by its host.
//!
//! Absent on purpose: whose payment it is, how much is enough, when to ask again, and what has been credited before.

mod aptos;
mod bsc;
mod endpoints;
mod finding;
mod rpc;
mod solana;
mod tron;
mod witnesses;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::breaker::BreakerSettings;
use domain::chain::{Address, Asset, Chain, TxId};
use domain::{Secret, Timestamp};

pub use endpoints::EndpointHealth;
pub use finding::{Deposit, Finding};

use crate::http::HttpClient;
use endpoints::{Endpoint, Line};
use witnesses::{Answers, Next};

/// How one chain is reached.
#[derive(Clone, Debug, Default)]
pub struct ChainSettings {
    /// Several endpoints of different operators. One may hold a key of its own in its path or query.
    pub urls: Vec<String>,
    /// Solana: `?api-key=`; Tron: the header `TRON-PRO-API-KEY`; Aptos: a bearer token; BSC has it in the URL.
    pub key: Option<Secret>,
    /// The tokens of stable assets where they are not those of the main network.
    pub tokens: BTreeMap<Asset, Token>,
    /// What an endpoint of BSC or Aptos must say it is; `None` is the main network (56 and 1).
    pub chain_id: Option<u64>,
}

/// A token as the configuration pins it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The contract, mint or metadata address.
    pub address: String,
    /// Its decimals.
    pub decimals: u32,
}

/// A setting that no chain can be asked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadChainSetting {
    /// The nth endpoint, from 1.
    #[error("endpoint {number} of {chain} is not an http(s) URL")]
    Url {
        /// The chain.
        chain: Chain,
        /// Which of its endpoints. The text is not shown: it may hold a key.
        number: usize,
    },
    /// A token that is no address of its chain, or an asset that has none.
    #[error("the token of {asset} is not a token address on its chain")]
    Token {
        /// The asset.
        asset: Asset,
    },
}

/// The present moment, as the binary or a test has it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The client; a clone shares its connections and what is known of the endpoints.
#[derive(Clone)]
pub struct Chains {
    inner: Arc<Inner>,
}

struct Inner {
    nets: BTreeMap<Chain, Net>,
    http: HttpClient,
    clock: Clock,
    breaker: BreakerSettings,
}

struct Net {
    endpoints: Vec<Endpoint>,
    key: Secret,
    tokens: BTreeMap<Asset, (Address, u32)>,
    chain_id: Option<u64>,
    /// Where the next question begins, so that endpoints share the work.
    turn: AtomicUsize,
}

/// What is asked, as the chains' modules see it.
#[derive(Clone, Copy)]
struct Question<'a> {
    asset: Asset,
    /// The token's address and decimals; `None` for the chain's own coin.
    token: Option<(Address, u32)>,
    to: &'a Address,
    tx: &'a TxId,
}

impl Chains {
    /// Over `http`, with what each chain needs; a chain that is not named cannot be asked.
    pub fn new(
        settings: BTreeMap<Chain, ChainSettings>,
        http: HttpClient,
        clock: Clock,
    ) -> Result<Self, BadChainSetting> {
        let nets = settings.into_iter().map(|(chain, settings)| Ok((chain, Net::new(chain, settings)?)));
        let nets = nets.collect::<Result<_, _>>()?;
        Ok(Self { inner: Arc::new(Inner { nets, http, clock, breaker: BreakerSettings::default() }) })
    }

    /// What has become of `tx`, for `asset` and our address `to`. With more than one of `witnesses`, so many endpoints
    /// on different hosts must say the same. It only asks, and may be repeated freely; it takes at most a few answers'
    /// time of each endpoint.
    pub async fn look_up(&self, asset: Asset, to: &Address, tx: &TxId, witnesses: usize, correlation: &str) -> Finding {
        let (chain, witnesses) = (asset.chain(), witnesses.max(1));
        if to.chain() != chain || tx.chain() != chain {
            let why = format!("asked about {asset}, an address of {} and a transaction of {}", to.chain(), tx.chain());
            return Finding::Disagree { why };
        }
        let Some(net) = self.inner.nets.get(&chain).filter(|net| !net.endpoints.is_empty()) else {
            return Finding::Unreachable { why: format!("no endpoint of {chain} is configured") };
        };
        let hosts = net.hosts();
        if hosts < witnesses {
            let why = format!("{witnesses} sources must agree and {chain} has endpoints on {hosts} hosts");
            return Finding::Unreachable { why };
        }
        let question = Question { asset, token: net.tokens.get(&asset).copied(), to, tx };
        let mut answers = Answers::new(witnesses);
        for endpoint in net.in_turn() {
            if answers.has(endpoint.label()) {
                continue;
            }
            match self.ask(net, endpoint, question, correlation).await {
                Ok(finding) => answers.add(endpoint.label(), finding),
                Err(why) => answers.failed(format!("{}: {why}", endpoint.label())),
            }
            if answers.next() == Next::Enough {
                break;
            }
        }
        answers.conclude(chain)
    }

    /// What is known of every endpoint, by chain and in the order of the configuration.
    pub fn endpoints(&self) -> Vec<EndpointHealth> {
        let now = (self.inner.clock)();
        let nets = self.inner.nets.iter();
        nets.flat_map(|(chain, net)| net.endpoints.iter().map(|endpoint| endpoint.health(*chain, now))).collect()
    }

    /// Asks one endpoint, if its breaker lets us, and tells the breaker how it went.
    async fn ask(
        &self,
        net: &Net,
        endpoint: &Endpoint,
        question: Question<'_>,
        correlation: &str,
    ) -> Result<Finding, String> {
        let inner = &*self.inner;
        let permit = endpoint.permit(&inner.breaker, (inner.clock)())?;
        let line = Line { http: &inner.http, endpoint, key: &net.key, correlation };
        let started = std::time::Instant::now();
        let outcome = read(&line, net, question).await;
        let outcome = outcome.map_err(|trouble| trouble.to_string());
        endpoint.record(&inner.breaker, &permit, &outcome, started.elapsed(), (inner.clock)());
        outcome
    }
}

impl std::fmt::Debug for Chains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chains").field("endpoints", &self.endpoints()).finish()
    }
}

impl Net {
    fn new(chain: Chain, settings: ChainSettings) -> Result<Self, BadChainSetting> {
        let numbered = settings.urls.iter().enumerate();
        let endpoint = |(index, url): (usize, &String)| {
            Endpoint::new(url).ok_or(BadChainSetting::Url { chain, number: index + 1 })
        };
        let endpoints = numbered.map(endpoint).collect::<Result<Vec<_>, _>>()?;
        let mut tokens = BTreeMap::new();
        for asset in Asset::ALL.into_iter().filter(|asset| asset.chain() == chain) {
            let usual = asset.token().map(|address| Token { address: address.to_owned(), decimals: asset.decimals() });
            let Some(usual) = usual else { continue };
            let token = settings.tokens.get(&asset).unwrap_or(&usual);
            let address = Address::parse(chain, &token.address).map_err(|_| BadChainSetting::Token { asset })?;
            tokens.insert(asset, (address, token.decimals));
        }
        if let Some(asset) = settings.tokens.keys().find(|asset| !tokens.contains_key(asset)) {
            return Err(BadChainSetting::Token { asset: *asset });
        }
        let (key, chain_id) = (settings.key.unwrap_or(Secret::new("")), settings.chain_id);
        Ok(Self { endpoints, key, tokens, chain_id, turn: AtomicUsize::new(0) })
    }

    /// How many different hosts there are: two endpoints of one operator are one witness.
    fn hosts(&self) -> usize {
        let hosts: std::collections::BTreeSet<&str> = self.endpoints.iter().map(Endpoint::label).collect();
        hosts.len()
    }

    /// Every endpoint once, beginning with another one each time.
    fn in_turn(&self) -> impl Iterator<Item = &Endpoint> {
        let begin = self.turn.fetch_add(1, Ordering::Relaxed) % self.endpoints.len().max(1);
        let (before, after) = self.endpoints.split_at(begin);
        after.iter().chain(before)
    }
}

async fn read(line: &Line<'_>, net: &Net, question: Question<'_>) -> Result<Finding, endpoints::Trouble> {
    match question.asset.chain() {
        Chain::Bsc => bsc::look_up(line, question, net.chain_id.unwrap_or(bsc::CHAIN_ID)).await,
        Chain::Solana => solana::look_up(line, question).await,
        Chain::Tron => tron::look_up(line, question).await,
        Chain::Aptos => aptos::look_up(line, question, net.chain_id.unwrap_or(aptos::CHAIN_ID)).await,
    }
}
