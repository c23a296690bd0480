//! Read models of providers, their breakers, services and mappings.

use super::From;
use domain::breaker::{BreakerState, CallClass, Force};
use domain::smm::Adapter;
use domain::{Money, Timestamp};
use serde::Serialize;

/// The breaker of one class of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakerView {
    /// Which calls.
    pub class: CallClass,
    /// Where it is.
    pub state: BreakerState,
    /// Forced by a person, until then.
    pub forced: Option<(Force, Timestamp)>,
    /// Failures in a row.
    pub consecutive: u32,
    /// Failures in its window.
    pub failures: u32,
    /// Calls in its window.
    pub calls: u32,
    /// Since when it is open.
    pub opened_at: Option<Timestamp>,
    /// When it probes; `None` while open means until an operator resets it.
    pub next_probe_at: Option<Timestamp>,
    /// The last change's reason, in words.
    pub why: String,
}

/// How a provider did in a span of time; placements only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProviderStats {
    /// Attempts that ended, the customers' mistakes left out.
    pub placements: i64,
    /// Accepted.
    pub accepted: i64,
    /// The customers' own mistakes, which count for nothing.
    pub customers: i64,
    /// Lost answers.
    pub unknown: i64,
    /// Accepted in ten thousand of `placements`; `None` without any.
    pub success_bps: Option<i64>,
    /// Median latency.
    pub p50_ms: Option<i64>,
    /// The 95th percentile.
    pub p95_ms: Option<i64>,
    /// Refusals and failures by class word, most frequent first.
    pub errors: Vec<(String, i64)>,
    /// What was booked to the provider.
    pub cost: i64,
}

/// Success that is aimed at, in ten thousand: stands beside the figures.
pub const TARGET_SUCCESS_BPS: i64 = 9_500;
/// Latency that is aimed at.
pub const TARGET_LATENCY_MS: i64 = 2_000;

/// One line of the providers table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderRow {
    /// Its id.
    pub id: i64,
    /// Counts changes; an action names the one that the operator saw.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// `enabled`, `disabled`, `maintenance`.
    pub state: String,
    /// The address, without anything secret.
    pub url: String,
    /// A key is kept (never which).
    pub has_key: bool,
    /// Lower is preferred.
    pub priority: i64,
    /// Its share among equals.
    pub weight: i64,
    /// First choice above every policy.
    pub pinned: bool,
    /// What it charges in.
    pub currency: String,
    /// On top of its prices, in ten thousand.
    pub markup_bps: i64,
    /// Which adapter speaks to it now.
    pub adapter: Adapter,
    /// An operator chose the adapter; otherwise it follows the configuration.
    pub adapter_chosen: bool,
    /// The breakers, orders first.
    pub breakers: Vec<BreakerView>,
    /// Why it rests, and until when (`None`: until its balance is seen to be enough).
    pub rest: Option<(String, Option<Timestamp>)>,
    /// Its balance as last read: decimal text and currency.
    pub balance: Option<(String, String)>,
    /// When the balance was read.
    pub balance_at: Option<Timestamp>,
    /// Below this a balance is low, in its currency.
    pub low_balance: String,
    /// The balance is low.
    pub balance_low: bool,
    /// Parts that wait for it or are on their way to it.
    pub queue: i64,
    /// Parts that it has.
    pub placed: i64,
    /// Failures in the last minute, over all classes.
    pub failures_minute: i64,
    /// The last failure: class word and when.
    pub last_error: Option<(String, Timestamp)>,
    /// The last 24 hours.
    pub day: ProviderStats,
    /// Last 60 minutes: failed placements and reads by minute, oldest first.
    pub failures: Vec<i64>,
    /// Last 60 minutes: the slowest call of each minute in ms, oldest first; 0 where there was none.
    pub latency: Vec<i64>,
    /// Its place in the ranking, from 1.
    pub rank: i64,
}

/// One call as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallView {
    /// When.
    pub at: Timestamp,
    /// `add`, `status`, `balance`, `services`, `refill`, `cancel`.
    pub operation: String,
    /// The word of the outcome or the class.
    pub outcome: String,
    /// The HTTP status.
    pub status: Option<i64>,
    /// How long it took.
    pub latency_ms: i64,
    /// On what: `boost:17`.
    pub object: String,
    /// The answer, scrubbed.
    pub reply: String,
    /// Ties it to logs.
    pub correlation: String,
}

/// A change of a breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakerChange {
    /// When.
    pub at: Timestamp,
    /// Which calls.
    pub class: String,
    /// From this word.
    pub was: String,
    /// To this word.
    pub became: String,
    /// Why.
    pub why: String,
    /// `system` or an operator.
    pub actor: String,
}

/// Everything about one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderDetail {
    /// The line of the table.
    pub row: ProviderRow,
    /// The last 7 days.
    pub week: ProviderStats,
    /// The last calls, newest first, at most 20.
    pub calls: Vec<CallView>,
    /// The newest changes of its breakers, newest first, at most 50.
    pub changes: Vec<BreakerChange>,
    /// Services that it offers, by state word.
    pub services: Vec<(String, i64)>,
    /// What is mapped to it.
    pub mappings: Vec<MappingRow>,
    /// The last syncs, newest first, at most 10.
    pub syncs: Vec<SyncRow>,
    /// Requests in ten seconds, at once, calls in flight.
    pub limits: (i64, i64, i64),
    /// Texts that it uses for a refusal of an order, beside the listed ones.
    pub refusals: Vec<String>,
    /// Its own settings of breakers by class, JSON; `{}` follows the configuration.
    pub breaker_overrides: String,
}

/// A service of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PanelServiceRow {
    /// Our row.
    pub id: i64,
    /// Counts changes.
    pub version: i64,
    /// The provider's name.
    pub provider: String,
    /// Its id there.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// The normalised type; `None` is never sold.
    pub kind: Option<String>,
    /// The type as the panel spells it.
    pub kind_text: String,
    /// Per 1000 or per unit, in the provider's currency.
    pub rate: String,
    /// `rate` is for one unit.
    pub per_unit: bool,
    /// Smallest quantity.
    pub min: i64,
    /// Largest quantity.
    pub max: i64,
    /// Refills.
    pub refill: bool,
    /// Can be cancelled.
    pub cancel: bool,
    /// Can be spread.
    pub dripfeed: bool,
    /// `on`, `gone`, `held`, `off`.
    pub state: String,
    /// The rate before a jump that waits for a review.
    pub rate_before: Option<String>,
    /// Fields that a sync leaves alone.
    pub locked: Vec<String>,
    /// Our services that are mapped to it.
    pub mapped: Vec<String>,
    /// When the catalogue last had it.
    pub seen_at: Timestamp,
}

/// A request for a window of a provider's services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelServiceQuery {
    /// The provider's name.
    pub provider: String,
    /// Words that each has in its id, name, category or state.
    pub words: String,
    /// Where to begin; the key's id is the row's, its value says nothing.
    pub from: From,
    /// At most so many rows, up to 500.
    pub limit: u32,
}

/// One of our services with what delivers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceRow {
    /// `x_views`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The type of order.
    pub kind: String,
    /// On top of providers' prices, in ten thousand.
    pub markup_bps: i64,
    /// What delivers it, by priority.
    pub mappings: Vec<MappingRow>,
}

/// An exact mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MappingRow {
    /// Its id.
    pub id: i64,
    /// Counts changes.
    pub version: i64,
    /// Our service's key.
    pub service: String,
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the service.
    pub panel_service: String,
    /// The name there; empty when the catalogue has no such service.
    pub panel_name: String,
    /// `on` or `off`.
    pub state: String,
    /// What stands against using it now, in words; empty when nothing does.
    pub bar: String,
    /// Per 1000 in the provider's currency, where known.
    pub rate: Option<String>,
    /// The same in USD per 1000 at the day's rate.
    pub usd: Option<Money>,
    /// With markups, USD per 1000.
    pub price: Option<Money>,
    /// Limits there.
    pub min: i64,
    /// Limits there.
    pub max: i64,
}

/// A suggestion for a mapping, for a person to confirm; never used to place anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The service.
    pub service: PanelServiceRow,
    /// How like, in a hundred.
    pub score: i64,
    /// Why, in words.
    pub why: String,
}

/// One run of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncRow {
    /// Its id.
    pub id: i64,
    /// The provider's name.
    pub provider: String,
    /// `manual` or `auto`.
    pub kind: String,
    /// Who asked, or `system`.
    pub actor: String,
    /// `running`, `done`, `failed`, `guarded`.
    pub state: String,
    /// Services in the answer.
    pub seen: i64,
    /// New.
    pub imported: i64,
    /// Changed.
    pub updated: i64,
    /// Vanished.
    pub disabled: i64,
    /// Back again.
    pub enabled: i64,
    /// Held for a review of their price.
    pub held: i64,
    /// A sentence each.
    pub errors: Vec<String>,
    /// Of the answer.
    pub bytes: i64,
    /// Why it failed or was guarded.
    pub note: String,
    /// When.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration_ms: Option<i64>,
}

/// What a test of a provider showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderTest {
    /// True only with a real balance.
    pub ok: bool,
    /// The balance, decimal text and currency.
    pub balance: Option<(String, String)>,
    /// How long it took.
    pub latency_ms: i64,
    /// In words.
    pub text: String,
}

/// A line of the failover log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailoverRow {
    /// Its id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The order.
    pub order: i64,
    /// The part's number.
    pub part: i64,
    /// From this provider.
    pub from: String,
    /// To this provider.
    pub to: String,
    /// The class word of what the first one answered.
    pub class: String,
    /// Its HTTP status.
    pub status: Option<i64>,
    /// How long it took.
    pub latency_ms: Option<i64>,
    /// The first one's words, scrubbed.
    pub reason: String,
    /// What it would have cost there.
    pub cost_before: Money,
    /// What it costs here.
    pub cost_after: Money,
}
