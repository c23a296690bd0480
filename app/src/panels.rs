//! Providers of boosts as the business sees them: how a row becomes a panel that is spoken to, and every call that only
//! asks. What operators do to them is in `admin` and `actions`, their money in `balance`, their figures in `stats`.
//!
//! Promises: a key is opened only to make a [`Panel`], and nothing here prints it; a call asks the breaker, keeps the
//! provider's limits, and leaves its evidence and its verdict in one commit. Absent on purpose: placing orders, which
//! spends and has its own path.

pub(crate) mod actions;
mod admin;
mod alerts;
mod balance;
mod fields;
mod gate;
mod seed;
mod stats;

pub use actions::ProviderChange;
pub use fields::{EditProvider, NewProvider};

use crate::breakers::verdict_of_read;
use crate::kept::Kept;
use crate::view::panels::ProviderStats;
use crate::{App, StoreError};
use domain::breaker::{CallClass, Permit, Verdict};
use domain::smm::{Adapter, ProviderState};
use domain::{Secret, Timestamp, text};
use gate::{Gate, Gates};
use providers::ReadError;
use providers::http::Exchange;
use providers::smm::{Panel, Smm};
use stats::Figures;
use store::providers::Provider;
use store::{Tx, attempts, breakers};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What a provider's key is sealed for.
const KEY: &str = "provider_key";

/// The provider whose adapter the configuration chooses.
const PLUGSMMS: &str = "plugsmms";

/// So much of a good answer to a question is kept; of everything else all that the client gives.
const ANSWER_COLUMNS: usize = 200;

/// Words of exchanges that went well.
const WELL: [&str; 5] = ["accepted", "read", "found", "none", "rejected_theirs"];

/// A provider's row with nothing but a name and an address, and the limits of a panel that publishes none.
fn blank(name: String, url: String, now: Timestamp) -> Provider {
    let new = NewProvider::default();
    Provider {
        id: 0,
        version: 0,
        name,
        url,
        key: None,
        key_hint: String::new(),
        state: ProviderState::Enabled,
        priority: new.priority,
        weight: new.weight,
        pinned: false,
        currency: new.currency,
        markup_bps: new.markup_bps,
        adapter: None,
        rate_per_10s: new.rate_per_10s,
        burst: new.burst,
        concurrency: new.concurrency,
        breakers: "{}".to_owned(),
        refusals: new.refusals,
        low_balance: new.low_balance,
        balance: None,
        balance_currency: None,
        balance_at: None,
        low_told: false,
        rest_reason: None,
        rest_until: None,
        rest_needed: None,
        created_at: now,
        updated_at: now,
    }
}

/// What this process holds of providers.
pub(crate) struct Panels {
    gates: Gates,
    /// Placements that may be on their way at once, over all providers.
    rooms: Semaphore,
    figures: Kept<i64, Figures>,
    week: Kept<(i64, i64), ProviderStats>,
}

impl Panels {
    pub(crate) fn new(at_once: usize) -> Self {
        let (figures, week) = (Kept::default(), Kept::default());
        Self { gates: Gates::default(), rooms: Semaphore::new(at_once.max(1)), figures, week }
    }

    /// Room for one placement, held until its call ended.
    pub(crate) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes the semaphore; if somebody did, placements would only not be counted any more.
        self.rooms.acquire().await.ok()
    }
}

/// What came of a call that only asks.
pub(crate) struct Called<T> {
    /// The answer, good or bad.
    pub(crate) value: T,
    /// What it says about the provider.
    pub(crate) verdict: Verdict,
    /// The word of its exchanges' outcome.
    pub(crate) word: &'static str,
    /// One for each request.
    pub(crate) exchanges: Vec<Exchange>,
}

/// Why a question to a provider brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// There is no key, or it cannot be opened.
    #[error("there is no key for {0}, or it was sealed with another envelope key")]
    NoKey(String),
    /// The breaker did not permit it.
    #[error("circuit breaker open, the call was skipped")]
    Skipped {
        /// When it is worth trying again; `None`: an operator decides.
        until: Option<Timestamp>,
    },
    /// It was asked.
    #[error(transparent)]
    Read(ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// The panel of a provider as its row is now; `None` without a key that can be opened.
    pub(crate) fn panel(&self, provider: &Provider) -> Option<Panel> {
        let key = self.vault()?.open(KEY, provider.key.as_deref()?).ok()?;
        Some(Panel {
            name: provider.name.clone(),
            url: provider.url.clone(),
            key: Secret::new(key),
            adapter: self.adapter_of(provider),
            refusals: provider.refusals.clone(),
        })
    }

    /// Which adapter speaks to a provider: what an operator chose, else what the configuration says.
    pub(crate) fn adapter_of(&self, provider: &Provider) -> Adapter {
        let configured =
            if provider.name == PLUGSMMS { self.settings().boosts.plugsmms_adapter } else { Adapter::Current };
        provider.adapter.unwrap_or(configured)
    }

    /// The limits of this process towards a provider.
    pub(crate) fn gate(&self, provider: &Provider) -> Gate {
        self.panels().gates.of(provider)
    }

    /// Asks a provider one thing. Needs no permit of its caller: it asks the breaker, waits its turn, calls, and records
    /// what came of it.
    pub(crate) async fn read_call<T, F, Fut>(
        &self,
        provider: &Provider,
        class: CallClass,
        object: &str,
        call: F,
    ) -> Result<T, CallError>
    where
        F: FnOnce(Smm, Panel, String) -> Fut,
        Fut: Future<Output = (Result<T, ReadError>, Exchange)>,
    {
        let called = self
            .call(provider, class, object, |smm, panel, correlation| async move {
                let (value, exchange) = call(smm, panel, correlation).await;
                let (verdict, word) = match &value {
                    Ok(_) => (Verdict::Success, "read"),
                    Err(error) => (verdict_of_read(error), error.code()),
                };
                Called { value, verdict, word, exchanges: vec![exchange] }
            })
            .await?;
        called.map_err(CallError::Read)
    }

    /// [`App::read_call`] for what takes several requests or has answers of its own. `class` names the breaker, `object`
    /// what the exchanges are about.
    pub(crate) async fn call<T, F, Fut>(
        &self,
        provider: &Provider,
        class: CallClass,
        object: &str,
        call: F,
    ) -> Result<T, CallError>
    where
        F: FnOnce(Smm, Panel, String) -> Fut,
        Fut: Future<Output = Called<T>>,
    {
        let panel = self.panel(provider).ok_or_else(|| CallError::NoKey(provider.name.clone()))?;
        // The turn first: a probe's lease does not run while its call waits here.
        let pass = self.gate(provider).enter().await;
        let asked = self.now();
        let permit = self.permit(provider.id, class, asked).await?;
        if let Permit::Refused { until, .. } = permit {
            return Err(CallError::Skipped { until });
        }
        let correlation = self.short_id();
        let Called { value, verdict, word, exchanges } = call(self.smm().clone(), panel, correlation.clone()).await;
        drop(pass);
        let now = self.now();
        let (permit, exchanges, correlation) = (&permit, &exchanges, correlation.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for exchange in exchanges {
                    self.keep_call_in(tx, provider, object, None, exchange, word, correlation, now).await?;
                }
                self.record_in(tx, provider.id, class, permit, verdict, now.since(asked), now).await
            })
            .await?;
        Ok(value)
    }

    /// A permit; the store is written to only where asking changes the breaker.
    async fn permit(&self, provider: i64, class: CallClass, now: Timestamp) -> Result<Permit, StoreError> {
        let found = self.store().read(|mut tx| async move { breakers::find(&mut tx, provider, class).await }).await?;
        let row = found.ok_or(StoreError::Stale)?;
        let mut copy = row.breaker.clone();
        let permit = copy.ask(&self.breaker_settings(&row.settings, class), now);
        if copy != row.breaker {
            return self.store().write(|mut tx| async move { self.ask_in(&mut tx, provider, class, now).await }).await;
        }
        if let Permit::Refused { why, .. } = &permit {
            crate::breakers::skipped(&row.name, class, *why);
        }
        Ok(permit)
    }

    /// Appends what was said on the wire and counts it.
    #[expect(clippy::too_many_arguments, reason = "an exchange's parts")]
    pub(crate) async fn keep_call_in(
        &self,
        tx: &mut Tx,
        provider: &Provider,
        object: &str,
        attempt: Option<i64>,
        exchange: &Exchange,
        word: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let label = [("provider", provider.name.as_str())];
        let metrics = self.metrics();
        metrics.observe(
            "provider_api_latency_seconds",
            &[("provider", &provider.name), ("endpoint", exchange.operation)],
            exchange.latency_ms,
        );
        metrics.count("provider_requests_count", &label);
        let family = if WELL.contains(&word) { "provider_requests_success" } else { "provider_requests_failed" };
        metrics.count(family, &label);
        // What went well and spent nothing is read every minute: its beginning is evidence enough.
        let reply = match word {
            "read" => text::clean_line(&exchange.reply, ANSWER_COLUMNS),
            _ => exchange.reply.clone(),
        };
        let kept = attempts::Exchange {
            object: object.to_owned(),
            attempt,
            provider: provider.name.clone(),
            operation: exchange.operation.to_owned(),
            status: exchange.status.map(i64::from),
            latency_ms: exchange.latency_ms,
            outcome: word.to_owned(),
            request: exchange.request.clone(),
            reply,
            correlation: correlation.to_owned(),
            at: now,
        };
        attempts::append(tx, &kept).await
    }
}
