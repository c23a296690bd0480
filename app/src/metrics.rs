//! Counters and the text of `/metrics`. Labels come from closed lists, so their number is bounded; no user is a label.

use crate::{App, StoreError};
use domain::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// A family of metrics: name, type, sentence.
const FAMILIES: [(&str, &str, &str); 33] = [
    ("user_registrations_total", "counter", "Users that appeared since start."),
    ("withdrawal_requests_total", "counter", "Withdrawals that entered a status since start."),
    ("flutterwave_api_errors_total", "counter", "Calls to the payout rail that did not succeed, by error code."),
    ("telegram_conflicts_total", "counter", "Polls that Telegram refused because another copy polls."),
    ("telegram_updates_parked_total", "counter", "Updates given up after repeated failures."),
    (
        "boost_orders_total",
        "counter",
        "Boost parts that a provider took (placed) and orders that ended, by status, since start.",
    ),
    ("payment_verifications_total", "counter", "Payments that were decided, by how and by coin, since start."),
    ("payment_verification_duration_seconds", "histogram", "Duration of looking a payment up, by coin."),
    ("boosts_open", "gauge", "Open boost orders, at most 10000."),
    ("boosts_attention", "gauge", "Open boost orders that need a person: lost answers, words that nobody knows."),
    ("provider_api_latency_seconds", "histogram", "Duration of calls to providers."),
    ("circuit_breaker_state", "gauge", "The worst breaker of a provider: 0 closed, 1 half-open, 2 open."),
    ("provider_requests_count", "counter", "Requests to a provider of boosts since start."),
    ("provider_requests_success", "counter", "Of these, those that it answered well."),
    ("provider_requests_failed", "counter", "Of these, those that failed or that it refused for a reason of its own."),
    ("provider_avg_latency", "gauge", "Mean seconds of a provider's requests since start."),
    ("provider_balance_low", "gauge", "1 while a provider's balance is low."),
    ("ipstock_syncs_total", "counter", "Syncs of the packages that ended, by status, since start."),
    ("ipstock_sync_duration_seconds", "histogram", "Duration of syncs of the packages."),
    ("ipstock_packages_total", "counter", "What syncs did to packages, by action, since start."),
    ("ipstock_items", "gauge", "Items by how they stand: on_sale, low, out, new, gone."),
    ("ipstock_sync_age_seconds", "gauge", "Time since the last sync that was carried through began."),
    ("vps_buys_hour", "gauge", "Purchases of machines of the last hour, by state and class."),
    ("vps_reviews", "gauge", "Orders, machines and renewals that wait for a person."),
    ("affiliate_bonuses_total", "counter", "Commissions by what became of them: earned, taken_back, since start."),
    ("user_balance_usd", "gauge", "Sum of users' USD purses, by purse."),
    ("user_balance_ngn", "gauge", "Sum of users' NGN purses, by purse."),
    ("withdrawals_open", "gauge", "Open withdrawals by status."),
    ("payout_float_ngn", "gauge", "What the payout rail can spend."),
    ("jobs", "gauge", "Jobs by state."),
    ("outbox_waiting", "gauge", "Messages that wait to be sent."),
    ("cases_open", "gauge", "Cases that wait for a name."),
    ("invariants_failed", "gauge", "Invariants that did not hold at the last check."),
];

const BUCKETS_MS: [i64; 9] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 40_000];

#[derive(Default)]
struct Histogram {
    counts: [u64; 9],
    total: u64,
    sum_ms: i64,
}

/// The counters of this process.
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<String, u64>>,
    histograms: Mutex<BTreeMap<String, Histogram>>,
}

fn series(name: &str, labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return name.to_owned();
    }
    // Label values are words of ours; anything else is made harmless.
    let clean = |value: &str| -> String {
        value.chars().map(|c| if c.is_ascii_alphanumeric() || "_:-.".contains(c) { c } else { '_' }).take(60).collect()
    };
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", clean(value))).collect();
    format!("{name}{{{}}}", labels.join(","))
}

impl Metrics {
    /// Counts one.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(series(name, labels)).or_default() += 1;
    }

    /// Counts several.
    pub fn add(&self, name: &str, labels: &[(&str, &str)], n: u64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *counters.entry(series(name, labels)).or_default() += n;
    }

    /// Observes a duration in milliseconds.
    pub fn observe(&self, name: &str, labels: &[(&str, &str)], ms: i64) {
        let mut all = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = all.entry(series(name, labels)).or_default();
        histogram.total += 1;
        histogram.sum_ms = histogram.sum_ms.saturating_add(ms);
        for (bound, count) in BUCKETS_MS.iter().zip(histogram.counts.iter_mut()) {
            *count += u64::from(ms <= *bound);
        }
    }

    /// The mean of a family's observations by the value of their first label, in milliseconds.
    fn means(&self, family: &str) -> BTreeMap<String, i64> {
        let histograms = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (name, histogram) in histograms.iter().filter(|(name, _)| is_of(name, family)) {
            let (sum, total) = sums.entry(name.split('"').nth(1).unwrap_or_default().to_owned()).or_default();
            *sum = sum.saturating_add(histogram.sum_ms);
            *total = total.saturating_add(i64::try_from(histogram.total).unwrap_or(i64::MAX));
        }
        sums.into_iter().map(|(label, (sum, total))| (label, sum / total.max(1))).collect()
    }

    fn lines(&self, family: &str, out: &mut String) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in counters.iter().filter(|(name, _)| is_of(name, family)) {
            let _ = writeln!(out, "{name} {value}");
        }
        let histograms = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, histogram) in histograms.iter().filter(|(name, _)| is_of(name, family)) {
            let labels = name.strip_prefix(family).unwrap_or("").trim_start_matches('{').trim_end_matches('}');
            let comma = if labels.is_empty() { "" } else { "," };
            for (bound, count) in BUCKETS_MS.iter().zip(histogram.counts) {
                let _ = writeln!(out, "{family}_bucket{{{labels}{comma}le=\"{}\"}} {count}", seconds(*bound));
            }
            let _ = writeln!(out, "{family}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", histogram.total);
            let _ = writeln!(out, "{family}_sum{{{labels}}} {}", seconds(histogram.sum_ms));
            let _ = writeln!(out, "{family}_count{{{labels}}} {}", histogram.total);
        }
    }
}

fn is_of(name: &str, family: &str) -> bool {
    name.split('{').next() == Some(family)
}

/// Milliseconds as decimal seconds, without floating point.
fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

impl App {
    /// The text that Prometheus reads.
    pub async fn metrics_text(&self, now: Timestamp) -> Result<String, StoreError> {
        let overview = self.overview(now).await?;
        let mut gauges: Vec<(String, String)> = Vec::new();
        for (purse, sum) in &overview.purses {
            let family = if sum.currency() == domain::Currency::Usd { "user_balance_usd" } else { "user_balance_ngn" };
            if !matches!(sum.currency(), domain::Currency::Credits(_)) {
                gauges.push((series(family, &[("purse", purse)]), sum.amount_text()));
            }
        }
        for (state, count, _) in &overview.funnel {
            gauges.push((series("withdrawals_open", &[("status", state)]), count.to_string()));
        }
        if let Some(float) = overview.rail.float {
            gauges.push(("payout_float_ngn".to_owned(), float.amount_text()));
        }
        for (state, count) in &overview.jobs {
            gauges.push((series("jobs", &[("state", state)]), count.to_string()));
        }
        gauges.push(("outbox_waiting".to_owned(), overview.outbox_waiting.to_string()));
        gauges.push(("cases_open".to_owned(), overview.cases.to_string()));
        gauges.push(("boosts_open".to_owned(), overview.boosts.open.to_string()));
        gauges.push(("boosts_attention".to_owned(), overview.boosts.attention.to_string()));
        for row in &overview.providers {
            let low = i64::from(row.balance_low).to_string();
            gauges.push((series("provider_balance_low", &[("provider", &row.name)]), low));
        }
        if let Some((_, failed)) = &overview.invariants {
            gauges.push(("invariants_failed".to_owned(), failed.len().to_string()));
        }
        for (provider, state) in self.breaker_states(now).await? {
            gauges.push((series("circuit_breaker_state", &[("provider", &provider)]), state.metric().to_string()));
        }
        for (provider, mean) in self.metrics().means("provider_api_latency_seconds") {
            gauges.push((series("provider_avg_latency", &[("provider", &provider)]), seconds(mean)));
        }
        self.ipstock_gauges(&overview.ipstock, now, &mut gauges).await?;
        let mut out = String::new();
        for (family, kind, sentence) in FAMILIES {
            let _ = writeln!(out, "# HELP {family} {sentence}\n# TYPE {family} {kind}");
            self.metrics().lines(family, &mut out);
            for (name, value) in gauges.iter().filter(|(name, _)| is_of(name, family)) {
                let _ = writeln!(out, "{name} {value}");
            }
        }
        Ok(out)
    }
}

impl App {
    async fn ipstock_gauges(
        &self,
        brief: &crate::view::ipstock::IpstockBrief,
        now: Timestamp,
        gauges: &mut Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        for (state, n) in [
            ("on_sale", brief.on_sale),
            ("low", brief.low),
            ("out", brief.out),
            ("new", brief.new),
            ("gone", brief.items - brief.offered),
        ] {
            gauges.push((series("ipstock_items", &[("state", state)]), n.to_string()));
        }
        if let Some(at) = brief.done_at {
            gauges.push(("ipstock_sync_age_seconds".to_owned(), now.since(at).as_secs().to_string()));
        }
        gauges.push(("vps_reviews".to_owned(), brief.reviews.to_string()));
        let hour = now.minus(std::time::Duration::from_secs(3_600));
        let buys = self.store().read(|mut tx| async move { store::vps::buys::tally(&mut tx, hour).await }).await?;
        for (state, class, n) in buys {
            let labels = [("state", state.word()), ("class", class.as_deref().unwrap_or("none"))];
            gauges.push((series("vps_buys_hour", &labels), n.to_string()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_histograms_print_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.count("withdrawal_requests_total", &[("status", "paid")]);
        metrics.count("withdrawal_requests_total", &[("status", "paid\"} evil")]);
        metrics.observe("provider_api_latency_seconds", &[("endpoint", "get")], 120);
        let mut out = String::new();
        metrics.lines("withdrawal_requests_total", &mut out);
        metrics.lines("provider_api_latency_seconds", &mut out);
        assert!(out.contains("withdrawal_requests_total{status=\"paid\"} 1\n"));
        assert!(out.contains("status=\"paid___evil\""));
        assert!(out.contains("provider_api_latency_seconds_bucket{endpoint=\"get\",le=\"0.250\"} 1"));
        assert!(out.contains("provider_api_latency_seconds_sum{endpoint=\"get\"} 0.120"));
    }

    #[test]
    fn a_mean_is_over_all_endpoints_of_a_provider() {
        let metrics = Metrics::default();
        for (endpoint, ms) in [("add", 100), ("add", 200), ("status", 600)] {
            metrics.observe("provider_api_latency_seconds", &[("provider", "a"), ("endpoint", endpoint)], ms);
        }
        metrics.observe("provider_api_latency_seconds", &[("provider", "b"), ("endpoint", "add")], 7);
        let means: Vec<(String, i64)> = metrics.means("provider_api_latency_seconds").into_iter().collect();
        assert_eq!(means, [("a".to_owned(), 300), ("b".to_owned(), 7)]);
    }
}
