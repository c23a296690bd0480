//! Use cases: what the business does, one family a file; jobs; read models.
//!
//! The only crate that joins `store` and `providers`; it names neither `sqlx` nor `reqwest`. Every use case is a method
//! of [`App`], takes the present moment as an argument and answers after its transaction is durable. No network call is
//! made inside a transaction. Wording for users is the bot's, for operators the console's and the shell's.

mod ages;
pub mod approvals;
pub mod boosts;
pub mod breakers;
pub mod cases;
pub mod catalogue;
pub mod command;
mod commission;
pub mod console;
mod detail;
pub mod follow;
pub mod fulfilment;
pub mod invariants;
pub mod invoices;
pub mod ipstock;
pub mod jobs;
mod kept;
pub mod lease;
pub mod limits;
pub mod metrics;
pub mod notice;
pub mod operators;
mod overview;
pub mod panels;
mod payments;
pub mod payout;
pub mod plans;
pub mod products;
pub mod rail;
pub mod rates;
pub mod reconcile;
mod record;
pub mod settings;
pub mod switches;
pub mod telegram;
pub mod users;
pub mod vault;
pub mod view;
pub mod vps;
pub mod webhooks;
pub mod withdrawals;

pub use store::{Dialect, OpenError, Store, StoreError};

use domain::Timestamp;
use providers::chains::Chains;
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::Flutterwave;
use providers::prices::Prices;
use providers::smartvps::SmartVps;
use providers::smm::Smm;
use settings::Settings;
use std::sync::Arc;
use vault::Vault;

/// Reads the clock. Given by the binary; tests give a clock that they move.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Fills bytes with randomness. Given by the binary.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// What an [`App`] is made of.
pub struct Parts {
    /// Memory.
    pub store: Store,
    /// The payout rail.
    pub flutterwave: Flutterwave,
    /// The day's rate.
    pub exchange_rate: ExchangeRate,
    /// What coins cost.
    pub prices: Prices,
    /// Where payments in coins are looked up.
    pub chains: Chains,
    /// The panels that boosts are ordered from.
    pub smm: Smm,
    /// Where machines are bought.
    pub smartvps: SmartVps,
    /// The checked configuration.
    pub settings: Settings,
    /// Seals bank details; without it withdrawals are not taken.
    pub vault: Option<Vault>,
    /// The clock of workers.
    pub clock: Clock,
    /// Randomness for ids, nonces and waits.
    pub random: Random,
}

/// The users' purses as last summed.
type Purses = kept::Kept<(), overview::Totals>;

/// How boost orders stood when they were last counted.
type Standings = kept::Kept<(), overview::Standing>;
/// What a filter of withdrawals last found.
type Tallies = kept::Kept<view::WithdrawalFilter, view::Tally>;

struct Inner {
    parts: Parts,
    limits: limits::Limits,
    metrics: metrics::Metrics,
    turns: telegram::Turns,
    verified: invariants::VerifiedHead,
    purses: Purses,
    standing: Standings,
    tallies: Tallies,
    panels: panels::Panels,
    healths: boosts::Healths,
}

/// The business. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

impl App {
    /// Puts the parts together. Needs a tokio runtime.
    pub fn new(parts: Parts) -> Self {
        let turns = telegram::Turns::start(parts.store.clone());
        let panels = panels::Panels::new(parts.settings.boosts.concurrency);
        let inner = Inner {
            parts,
            limits: limits::Limits::default(),
            metrics: metrics::Metrics::default(),
            turns,
            verified: invariants::VerifiedHead::default(),
            purses: Purses::default(),
            standing: Standings::default(),
            tallies: Tallies::default(),
            panels,
            healths: boosts::Healths::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The checked configuration.
    pub fn settings(&self) -> &Settings {
        &self.inner.parts.settings
    }

    /// The store, for upkeep commands.
    pub fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    /// The counters.
    pub fn metrics(&self) -> &metrics::Metrics {
        &self.inner.metrics
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        (self.inner.parts.clock)()
    }

    /// A number that grows with every commit of any process.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.store().changes()
    }

    pub(crate) fn flutterwave(&self) -> &Flutterwave {
        &self.inner.parts.flutterwave
    }

    pub(crate) fn exchange_rate(&self) -> &ExchangeRate {
        &self.inner.parts.exchange_rate
    }

    /// What coins cost, by source.
    pub fn price_sources(&self) -> &Prices {
        &self.inner.parts.prices
    }

    /// The chains that payments come on.
    pub fn chains(&self) -> &Chains {
        &self.inner.parts.chains
    }

    pub(crate) fn smm(&self) -> &Smm {
        &self.inner.parts.smm
    }

    /// Whether machines can be asked about and bought at all.
    pub fn has_smartvps(&self) -> bool {
        self.smartvps().is_configured()
    }

    pub(crate) fn smartvps(&self) -> &SmartVps {
        &self.inner.parts.smartvps
    }

    pub(crate) fn panels(&self) -> &panels::Panels {
        &self.inner.panels
    }

    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.inner.parts.vault.as_ref()
    }

    pub(crate) fn limits(&self) -> &limits::Limits {
        &self.inner.limits
    }

    pub(crate) fn verified(&self) -> &invariants::VerifiedHead {
        &self.inner.verified
    }

    pub(crate) fn purses(&self) -> &Purses {
        &self.inner.purses
    }

    pub(crate) fn standing(&self) -> &Standings {
        &self.inner.standing
    }

    pub(crate) fn tallies(&self) -> &Tallies {
        &self.inner.tallies
    }

    pub(crate) fn healths(&self) -> &boosts::Healths {
        &self.inner.healths
    }

    pub(crate) fn turns(&self) -> &telegram::Turns {
        &self.inner.turns
    }

    /// A fresh random id: 26 lower-case characters of base 32, as unique as 128 bits are.
    pub fn fresh_id(&self) -> String {
        let mut bytes = [0_u8; 16];
        (self.inner.parts.random)(&mut bytes);
        base32(&bytes)
    }

    /// A short random id for buttons and operations: 13 characters, 64 bits.
    pub fn short_id(&self) -> String {
        let mut bytes = [0_u8; 8];
        (self.inner.parts.random)(&mut bytes);
        base32(&bytes)
    }

    pub(crate) fn nonce(&self) -> [u8; 24] {
        let mut bytes = [0_u8; 24];
        (self.inner.parts.random)(&mut bytes);
        bytes
    }

    pub(crate) fn roll(&self) -> u64 {
        let mut bytes = [0_u8; 8];
        (self.inner.parts.random)(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// Base 32 without padding, in letters and digits that nobody confuses.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(ALPHABET[(buffer >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        out.push(char::from(ALPHABET[(buffer << (5 - bits) & 31) as usize]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only while use cases can run on any thread of the runtime.
    #[expect(dead_code, reason = "never called: the compiler is what checks it")]
    fn use_cases_are_send(app: App, actor: domain::operator::Actor, decision: command::Decision) {
        fn send<T: Send>(_: T) {}
        let now = Timestamp::from_secs(0);
        send(app.approve(&actor, &decision, now));
        send(app.overview(now));
        send(app.check_invariants(now));
        send(app.reconcile(now));
        send(app.begin_to_lead());
        send(app.run_workers("x", tokio::sync::watch::channel(false).1));
        send(app.flutterwave_webhook(|_| None, b"", &[], now));
    }

    #[test]
    fn ids_are_as_long_as_they_say() {
        assert_eq!((base32(&[0xff; 16]).len(), base32(&[0; 8]).len()), (26, 13));
        assert_ne!(base32(&[1; 8]), base32(&[2; 8]));
    }
}
