//! Figures of providers: the last day and week of placements, the last hour of calls, the ranking, and the read models
//! made of them. Counted from committed rows and kept for a moment, so that a screen that follows every commit costs
//! little; nothing here is on the way of an order.

use super::{WELL, balance};
use crate::command::ActError;
use crate::view::panels::{
    BreakerChange, BreakerView, CallView, ProviderDetail, ProviderRow, ProviderStats, TARGET_SUCCESS_BPS,
};
use crate::{App, StoreError};
use domain::breaker::{BreakerState, CallClass};
use domain::smm::{ProviderState, RefusalClass};
use domain::{Timestamp, text};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use store::breakers::Row;
use store::catalogue::offers;
use store::providers::stats::{self, Group, Minute, Wait};
use store::providers::{self as rows, Provider};
use store::{Tx, attempts, breakers};

const MINUTE: i64 = 60_000_000;
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Figures are counted anew when so much time has passed, whatever the store says.
const SLOT: i64 = 10_000_000;

/// What is known of a provider's placements while there are none: between good and bad.
const UNKNOWN_BPS: i64 = 9_000;

/// What the rows of all providers are made of, but for the rows and breakers themselves.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    day: Vec<Group>,
    waits: Vec<Wait>,
    hour: Vec<Minute>,
    parts: Vec<(i64, String, i64)>,
}

/// Whether an attempt of this class says something of its provider. The customers' own mistakes, a running order for
/// the same link and what was refused here do not.
fn tells(word: &str) -> bool {
    let class = word.parse::<RefusalClass>().ok();
    let about_link = class.is_some_and(|class| class.is_customers() || class == RefusalClass::ActiveOrder);
    !(about_link || word == "rejected_theirs" || word == "refused_here")
}

/// Counts attempts into figures. What does not tell of the provider stands among the errors, or under the customers'
/// mistakes, and counts for nothing.
pub(crate) fn count<'a>(
    groups: impl Iterator<Item = &'a Group>,
    waits: impl Iterator<Item = &'a Wait>,
) -> ProviderStats {
    let mut stats = ProviderStats::default();
    let mut errors: BTreeMap<&str, i64> = BTreeMap::new();
    for group in groups.filter(|group| group.state != "sending") {
        let word = group.class.as_deref().unwrap_or(&group.state);
        if group.state == "rejected_theirs" || word == RefusalClass::Link.word() {
            stats.customers += group.count;
            continue;
        }
        let placed = group.state == "accepted";
        if !placed {
            *errors.entry(word).or_default() += group.count;
        }
        if !tells(word) {
            continue;
        }
        stats.placements += group.count;
        if placed {
            stats.accepted += group.count;
            stats.cost = stats.cost.saturating_add(group.cost);
        }
        stats.unknown += if group.state == "unknown" { group.count } else { 0 };
    }
    stats.success_bps = (stats.placements > 0).then(|| stats.accepted * 10_000 / stats.placements.max(1));
    let telling = waits.filter(|wait| tells(&wait.state) && wait.class.as_deref().is_none_or(tells));
    let mut latencies: Vec<(i64, i64)> = telling.map(|wait| (wait.latency_ms, wait.count)).collect();
    latencies.sort_unstable();
    stats.p50_ms = percentile(&latencies, 50);
    stats.p95_ms = percentile(&latencies, 95);
    stats.errors = errors.into_iter().map(|(word, n)| (word.to_owned(), n)).collect();
    stats.errors.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    stats
}

/// The value that so many percent of (value, how often), sorted, do not exceed.
pub(crate) fn percentile(sorted: &[(i64, i64)], percent: i64) -> Option<i64> {
    let total: i64 = sorted.iter().map(|(_, n)| n).sum();
    let mut left = (total - 1).max(0) * percent / 100;
    for (value, n) in sorted {
        if left < *n {
            return Some(*value);
        }
        left -= n;
    }
    None
}

impl App {
    /// Every provider, the preferred first.
    pub async fn providers(&self, now: Timestamp) -> Result<Vec<ProviderRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (all, breakers) = (rows::all(tx).await?, breakers::all(tx, None).await?);
                let figures = self.figures_in(tx, now).await?;
                let mut lines: Vec<ProviderRow> =
                    all.iter().map(|row| self.line(row, &breakers, &figures, now)).collect();
                for (place, at) in ranked(&lines).into_iter().enumerate() {
                    lines[at].rank = i64::try_from(place + 1).unwrap_or(i64::MAX);
                }
                Ok(lines)
            })
            .await
    }

    /// Every provider, the best first.
    pub async fn provider_ranking(&self, now: Timestamp) -> Result<Vec<ProviderRow>, StoreError> {
        let mut lines = self.providers(now).await?;
        lines.sort_by_key(|line| line.rank);
        Ok(lines)
    }

    /// One provider, by its name or its id.
    pub async fn provider(&self, name: &str, now: Timestamp) -> Result<Option<ProviderDetail>, StoreError> {
        let name = name.trim();
        let found = self.store().read(|mut tx| async move { rows::find_by_name(&mut tx, name).await }).await?;
        let Some(found) = found else { return Ok(None) };
        // Its place among all of them takes all of them.
        let lines = self.providers(now).await?;
        let Some(row) = lines.into_iter().find(|line| line.id == found.id) else { return Ok(None) };
        let syncs = self.syncs(Some(&found.name), 0, 10).await?;
        let (row, syncs, found) = (&row, &syncs, &found);
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let calls = attempts::newest(tx, &found.name, 20).await?;
                let changes = breakers::changes(tx, found.id, 50).await?;
                let services = offers::states(tx, found.id).await?;
                Ok(Some(ProviderDetail {
                    row: row.clone(),
                    week: self.week_in(tx, found.id, now).await?,
                    calls: calls.into_iter().map(call_view).collect(),
                    changes: changes.into_iter().map(change_view).collect(),
                    services: services.into_iter().map(|(state, n)| (state.word().to_owned(), n)).collect(),
                    mappings: self.mappings_of_in(tx, found.id, now).await?,
                    syncs: syncs.clone(),
                    limits: (found.rate_per_10s, found.burst, found.concurrency),
                    refusals: found.refusals.clone(),
                    breaker_overrides: found.breakers.clone(),
                }))
            })
            .await
    }

    /// How a provider did since `since`.
    pub async fn provider_stats(
        &self,
        name: &str,
        since: Timestamp,
        _now: Timestamp,
    ) -> Result<ProviderStats, ActError> {
        let name = name.trim();
        self.store()
            .read(|mut tx| async move {
                let found = rows::find_by_name(&mut tx, name).await?;
                let row =
                    found.ok_or_else(|| ActError::NotFound(format!("provider {}", text::clean_line(name, 40))))?;
                since_in(&mut tx, row.id, since).await.map_err(ActError::Store)
            })
            .await
    }

    async fn figures_in(&self, tx: &mut Tx, now: Timestamp) -> Result<Figures, StoreError> {
        let (changes, began, slot) = (*self.changes().borrow(), Instant::now(), now.micros() / SLOT);
        if let Some(figures) = self.panels().figures.find(&slot, changes) {
            return Ok(figures);
        }
        let figures = Figures {
            day: stats::placements(tx, None, now.minus(DAY)).await?,
            waits: stats::waits(tx, None, now.minus(DAY)).await?,
            hour: stats::minutes(tx, now.minus(Duration::from_secs(3_600))).await?,
            parts: stats::parts(tx).await?,
        };
        self.panels().figures.keep(slot, figures.clone(), changes, began);
        Ok(figures)
    }

    async fn week_in(&self, tx: &mut Tx, provider: i64, now: Timestamp) -> Result<ProviderStats, StoreError> {
        let (changes, began, question) = (*self.changes().borrow(), Instant::now(), (provider, now.micros() / SLOT));
        if let Some(week) = self.panels().week.find(&question, changes) {
            return Ok(week);
        }
        let week = since_in(tx, provider, now.minus(WEEK)).await?;
        self.panels().week.keep(question, week.clone(), changes, began);
        Ok(week)
    }

    fn line(&self, row: &Provider, breakers: &[Row], figures: &Figures, now: Timestamp) -> ProviderRow {
        let views: Vec<BreakerView> = CallClass::ALL
            .into_iter()
            .map(|class| {
                let found = breakers.iter().find(|breaker| breaker.provider == row.id && breaker.class == class);
                breaker_view(class, found, now)
            })
            .collect();
        let part = |wanted: &[&str]| -> i64 {
            let mine = figures.parts.iter().filter(|(provider, ..)| *provider == row.id);
            mine.filter(|(_, state, _)| wanted.contains(&state.as_str())).map(|(_, _, n)| n).sum()
        };
        let day = figures.day.iter().filter(|group| group.provider == row.id);
        let hour: Vec<&Minute> = figures.hour.iter().filter(|minute| minute.provider == row.name).collect();
        let bad = |minute: &&&Minute| !WELL.contains(&minute.outcome.as_str());
        let head = now.micros() / MINUTE;
        let series = |of: &dyn Fn(&mut dyn Iterator<Item = &&Minute>) -> i64| -> Vec<i64> {
            (head - 59..=head).map(|at| of(&mut hour.iter().filter(|minute| minute.minute == at))).collect()
        };
        let balance = row.balance.as_ref().map(|amount| {
            let currency = row.balance_currency.as_ref().filter(|currency| !currency.is_empty());
            (amount.clone(), currency.unwrap_or(&row.currency).clone())
        });
        ProviderRow {
            id: row.id,
            version: row.version,
            name: row.name.clone(),
            state: row.state.word().to_owned(),
            url: row.url.clone(),
            has_key: row.key.is_some(),
            priority: row.priority,
            weight: row.weight,
            pinned: row.pinned,
            currency: row.currency.clone(),
            markup_bps: row.markup_bps,
            adapter: self.adapter_of(row),
            adapter_chosen: row.adapter.is_some(),
            failures_minute: views.iter().map(|view| i64::from(view.failures)).sum(),
            breakers: views,
            rest: row.rests(now).map(|(reason, until)| (reason.to_owned(), until)),
            balance_low: balance.as_ref().is_some_and(|(amount, currency)| balance::is_low(row, amount, currency)),
            balance,
            balance_at: row.balance_at,
            low_balance: row.low_balance.clone(),
            queue: part(&["sending", "unknown", "waiting"]),
            placed: part(&["placed"]),
            last_error: last_error(hour.iter().filter(bad).copied(), day.clone()),
            day: count(day, figures.waits.iter().filter(|wait| wait.provider == row.id)),
            failures: series(&|calls| calls.filter(bad).map(|minute| minute.count).sum()),
            latency: series(&|calls| calls.map(|minute| minute.slowest_ms).max().unwrap_or(0)),
            rank: 0,
        }
    }
}

/// How one provider did since `since`.
async fn since_in(tx: &mut Tx, provider: i64, since: Timestamp) -> Result<ProviderStats, StoreError> {
    let groups = stats::placements(tx, Some(provider), since).await?;
    Ok(count(groups.iter(), stats::waits(tx, Some(provider), since).await?.iter()))
}

/// The newest failure: of the last hour's calls, else of the day's placements.
fn last_error<'a>(
    calls: impl Iterator<Item = &'a Minute>,
    day: impl Iterator<Item = &'a Group>,
) -> Option<(String, Timestamp)> {
    let refused = day
        .filter(|group| !matches!(group.state.as_str(), "sending" | "accepted" | "ruled_placed" | "rejected_theirs"));
    // A placement's class says more than its exchange's outcome; it was sent before the exchange was kept.
    let refused = refused.map(|group| (group.last, group.class.as_ref().unwrap_or(&group.state), true));
    let calls = calls.map(|minute| (minute.last, &minute.outcome, false));
    let calls = calls.filter(|(_, outcome, _)| !matches!(outcome.as_str(), "rejected_ours" | "unknown" | "not_sent"));
    refused.chain(calls).max().map(|(at, word, _)| (word.clone(), at))
}

fn breaker_view(class: CallClass, row: Option<&Row>, now: Timestamp) -> BreakerView {
    let never = domain::breaker::Breaker::default();
    let breaker = row.map_or(&never, |row| &row.breaker);
    let (calls, failures, _) = breaker.failures_in_window(now);
    let forced = breaker.forced(now);
    let why = match (forced, breaker.opened_because()) {
        (Some((force, _)), _) => format!("forced {}", force.word()),
        (None, Some(why)) => why.to_string(),
        (None, None) => String::new(),
    };
    BreakerView {
        class,
        state: breaker.state(now),
        forced,
        consecutive: breaker.consecutive(),
        failures,
        calls,
        opened_at: breaker.opened_at(),
        next_probe_at: breaker.next_probe(),
        why,
    }
}

fn call_view(call: attempts::Exchange) -> CallView {
    CallView {
        at: call.at,
        operation: call.operation,
        outcome: call.outcome,
        status: call.status,
        latency_ms: call.latency_ms,
        object: call.object,
        reply: call.reply,
        correlation: call.correlation,
    }
}

fn change_view(change: breakers::Changed) -> BreakerChange {
    let breakers::Changed { class, was, became, why, actor, at } = change;
    BreakerChange { at, class, was, became, why, actor }
}

/// The places of lines, the best first: those that take orders, by how often they work, how fast, and their priority.
fn ranked(lines: &[ProviderRow]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..lines.len()).collect();
    places.sort_by_key(|at| {
        let line = &lines[*at];
        let works = line.state == ProviderState::Enabled.word() && line.has_key;
        let open = line.breakers.iter().any(|view| view.class == CallClass::Order && view.state == BreakerState::Open);
        // At the target all are alike: a single failure of thousands does not move anybody.
        let success = line.day.success_bps.unwrap_or(UNKNOWN_BPS).min(TARGET_SUCCESS_BPS);
        (!works, open, -success, line.day.p95_ms.unwrap_or(i64::MAX), line.priority, line.id)
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_mistakes_and_what_is_under_way_count_for_nothing() {
        let attempts = [
            ("accepted", None, 200, 18),
            ("rejected_ours", Some("rate_limited"), 90, 1),
            ("unknown", Some("timeout"), 30_000, 1),
            ("rejected_theirs", Some("link"), 10, 40),
            ("rejected_ours", Some("active_order"), 10, 30),
            ("not_sent", Some("refused_here"), 0, 5),
            ("sending", None, 0, 9),
        ];
        let class = |class: Option<&str>| class.map(str::to_owned);
        let groups = attempts.map(|(state, of, latency, count)| {
            let (last, cost) = (Timestamp::from_secs(latency), 100 * count);
            Group { provider: 1, state: state.into(), class: class(of), count, cost, last }
        });
        let waits = attempts.map(|(state, of, latency_ms, count)| {
            let count = if state == "sending" { 0 } else { count };
            Wait { provider: 1, latency_ms, state: state.into(), class: class(of), count }
        });
        let stats = count(groups.iter(), waits.iter());
        assert_eq!((stats.placements, stats.accepted, stats.customers, stats.unknown), (20, 18, 40, 1));
        assert_eq!((stats.success_bps, stats.cost), (Some(9_000), 1_800));
        assert_eq!((stats.p50_ms, stats.p95_ms), (Some(200), Some(200)));
        let words: Vec<&str> = stats.errors.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["active_order", "refused_here", "rate_limited", "timeout"]);
        assert_eq!(count([].iter(), [].iter()), ProviderStats::default());
        assert_eq!(last_error([].into_iter(), groups.iter()).unwrap().0, "timeout");
    }

    #[test]
    fn percentiles_of_counted_values() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[(7, 1)], 95), Some(7));
        let values: Vec<(i64, i64)> = (1..=100).map(|n| (n, 1)).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 95)), (Some(50), Some(95)));
        assert_eq!(percentile(&[(1, 94), (2, 6)], 95), Some(2));
    }
}
