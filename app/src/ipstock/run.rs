//! One run of the sync: ask, compare, write in one commit, say so.

use super::answer::{self, Done, Line, Summary};
use super::{Confirmed, OBJECT};
use crate::jobs::{Work, due};
use crate::notice::alarm;
use crate::settings::IpstockSettings;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::ipstock::{Diff, Guarded, Item, Package, PackageKey, Was, diff};
use domain::vps::Pool;
use domain::{ItemId, Timestamp, text};
use providers::smartvps::StockList;
use serde_json::json;
use std::collections::HashMap;
use std::time::Instant;
use store::Tx;
use store::ipstock::syncs::{self, Counts, Ended};
use store::ipstock::{self as rows, MemoryOption, NewItem, Seen};

/// Orders that one sync wakes; the rest look by themselves.
const WOKEN_MAX: i64 = 200;
/// Log lines about single packages; the rest is counted.
const LINES_MAX: usize = 50;
/// Names in one sentence.
const NAMED_MAX: usize = 5;

/// A list that was read.
struct Read {
    packages: Vec<Package>,
    /// Rows that stand for packages nobody can name.
    odd_rows: usize,
    bytes: i64,
    began: Instant,
}

/// What a run did, for its row and its log lines.
struct Applied {
    counts: Counts,
    existing: usize,
    re_enabled: Vec<PackageKey>,
    disabled: Vec<PackageKey>,
    ms: i64,
}

impl App {
    /// Every way to end the run's row is in here, except a failing store.
    pub(super) async fn run_ipstock(
        &self,
        id: i64,
        confirmed: Option<Confirmed>,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let (list, exchange) = self.smartvps().ipstock(correlation).await;
        let labels = [("provider", "smartvps"), ("endpoint", exchange.operation)];
        self.metrics().observe("provider_api_latency_seconds", &labels, exchange.latency_ms);
        let ended = match list {
            Ok(list) => self.take_ipstock(id, read(list, began), confirmed, correlation, now).await,
            Err(error) => self.fail_ipstock(id, error.code(), &error.to_string(), millis(began), now).await,
        };
        ended?;
        self.metrics().observe("ipstock_sync_duration_seconds", &[], millis(began));
        // What is to be told of the whole catalogue waits for no minute.
        if let Err(error) = self.ipstock_alerts(self.now().max(now)).await {
            tracing::warn!(error = %error, "What is to be told of IPStock could not be looked at");
        }
        Ok(())
    }

    /// Whether the packages can be read, for people: `None` without an account. Nothing is kept of it.
    pub async fn probe_ipstock(&self) -> Option<Result<String, String>> {
        if !self.has_smartvps() {
            return None;
        }
        let (list, exchange) = self.smartvps().ipstock(&self.short_id()).await;
        Some(match list {
            Ok(list) => Ok(format!("{} packages in {} ms", list.packages.len(), exchange.latency_ms)),
            Err(error) => Err(error.to_string()),
        })
    }

    async fn take_ipstock(
        &self,
        id: i64,
        read: Read,
        confirmed: Option<Confirmed>,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let read = &read;
        let applied = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let known = rows::known(tx).await?;
                match believed(&known, &read.packages, self.settings().ipstock.guard_percent, confirmed) {
                    Ok(diff) => self.apply_ipstock(tx, id, read, &known, diff, correlation, now).await.map(Ok),
                    Err(guarded) => self.guard_ipstock(tx, id, read, guarded, now).await.map(|()| Err(guarded)),
                }
            })
            .await?;
        match applied {
            Ok(applied) => self.log_applied(read, &applied, correlation),
            Err(guarded) => {
                self.metrics().count("ipstock_syncs_total", &[("status", "guarded")]);
                tracing::warn!(correlation, "[SVPS-SYNC] {guarded}");
            }
        }
        Ok(())
    }

    /// Writes what changed, and the end of the run with its answer.
    #[expect(clippy::too_many_arguments, reason = "a run's parts")]
    async fn apply_ipstock(
        &self,
        tx: &mut Tx,
        id: i64,
        read: &Read,
        known: &[Item],
        mut diff: Diff<'_>,
        correlation: &str,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let settings = &self.settings().ipstock;
        if read.odd_rows > 0 {
            // One of them may be what seems to be missing.
            diff.gone.clear();
        }
        let new: Vec<NewItem> = diff
            .changes
            .iter()
            .filter(|change| change.was == Was::New)
            .map(|change| new_item(change.package, settings))
            .collect();
        let made: HashMap<PackageKey, ItemId> = rows::create(tx, &new, now).await?.into_iter().collect();
        let ids: Vec<ItemId> = made.values().copied().collect();
        rows::add_memories(tx, &ids, &default_options(settings), now).await?;
        rows::change(tx, &changed(&diff), now).await?;
        rows::gone(tx, &diff.gone, now).await?;
        rows::seen(tx, now).await?;
        for order in store::vps::stock_is_back(tx, WOKEN_MAX).await? {
            due(tx, Work::Provision(order.id), now, now).await?;
        }
        let low = rows::take_low(tx, settings.low).await?;
        let standing = rows::standing(tx, settings.low).await?;
        let counts = Counts {
            fetched: count(read.packages.len()),
            packages: count(diff.changes.len()),
            created: count(made.len()),
            updated: count(diff.changes.len() - new.len()),
            re_enabled: count(diff.count("re-enabled")),
            status_changed: count(diff.count("status-changed")),
            disabled: count(diff.disabled().count()),
            entries: standing.items,
            available: standing.available,
        };
        let ms = millis(read.began);
        let body = body(&diff, &made, &counts, ms);
        let note = (read.odd_rows > 0)
            .then(|| format!("{} rows could not be read, so that nothing was taken for gone", read.odd_rows));
        let ended = Ended {
            state: "done",
            counts,
            ms,
            bytes: read.bytes,
            class: None,
            error: note.as_deref(),
            body: Some(&body),
        };
        syncs::end(tx, id, &ended, self.now().max(now)).await?;
        self.ipstock_event(tx, OBJECT, &json!({ "run": id, "state": "done" }), correlation, now).await?;
        if !low.is_empty() {
            let names = low.iter().map(|item| format!("{} ({} free)", item.title, item.quantity));
            let text = format!("{}. Customers can still buy them.", named(names));
            alarm(tx, self, "ipstock", &format!("low:{id}"), "Packages run low", text, correlation, now).await?;
        }
        let renames = diff.renames();
        if !renames.is_empty() {
            let names = renames.iter().map(|rename| format!("{} is {} now", rename.from.key, rename.to.key));
            let text = format!(
                "{}. The new ones are items of their own with the default prices; orders of the old ones wait or end.",
                named(names)
            );
            alarm(tx, self, "ipstock", &format!("renamed:{id}"), "Packages have a new name", text, correlation, now)
                .await?;
        }
        Ok(Applied {
            counts,
            existing: known.len(),
            re_enabled: diff
                .changes
                .iter()
                .filter(|change| change.action() == "re-enabled")
                .map(|change| change.package.key.clone())
                .collect(),
            disabled: diff.disabled().map(|item| item.key.clone()).collect(),
            ms,
        })
    }

    /// Ends a run whose answer is not believed.
    async fn guard_ipstock(
        &self,
        tx: &mut Tx,
        id: i64,
        read: &Read,
        guarded: Guarded,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (class, missing) = match guarded {
            Guarded::Empty { known } => ("empty", known),
            Guarded::Vanished { missing, .. } => ("vanished", missing),
        };
        let why = guarded.to_string();
        let body = answer::failed(&why);
        let ended = Ended {
            state: "guarded",
            counts: Counts { fetched: count(read.packages.len()), disabled: count(missing), ..Counts::default() },
            ms: millis(read.began),
            bytes: read.bytes,
            class: Some(class),
            error: Some(&why),
            body: Some(&body),
        };
        syncs::end(tx, id, &ended, self.now().max(now)).await?;
        let data = json!({ "run": id, "state": "guarded" });
        self.ipstock_event(tx, OBJECT, &data, &super::correlation(id), now).await
    }

    /// Ends a run that read nothing.
    pub(super) async fn fail_ipstock(
        &self,
        id: i64,
        class: &str,
        why: &str,
        ms: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let why = text::scrub(why, 300);
        let body = answer::failed(&why);
        let ended =
            Ended { state: "failed", ms, class: Some(class), error: Some(&why), body: Some(&body), ..Ended::default() };
        let (ended, at, correlation) = (&ended, self.now().max(now), &super::correlation(id));
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                syncs::end(tx, id, ended, at).await?;
                self.ipstock_event(tx, OBJECT, &json!({ "run": id, "state": "failed" }), correlation, now).await
            })
            .await?;
        self.metrics().count("ipstock_syncs_total", &[("status", "failed")]);
        tracing::warn!(correlation = %correlation, class, "[SVPS-SYNC] failed: {why}");
        Ok(())
    }

    pub(super) async fn ipstock_event(
        &self,
        tx: &mut Tx,
        object: &str,
        data: &serde_json::Value,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        record::event(tx, self, EventType::IpstockChanged, object, correlation, data, now).await.map(|_| ())
    }

    /// The lines that the document tells to look for.
    fn log_applied(&self, read: &Read, applied: &Applied, correlation: &str) {
        let counts = &applied.counts;
        tracing::info!(correlation, "[SVPS-SYNC] packages fetched: {}, deduped: {}", counts.fetched, counts.packages);
        tracing::info!(correlation, "[SVPS-SYNC] existing SmartVPS IPStock entries: {}", applied.existing);
        let each = |keys: &[PackageKey], what: &str| {
            for key in keys.iter().take(LINES_MAX) {
                let key = text::clean_line(&key.to_string(), 120);
                tracing::info!(correlation, "[SVPS-SYNC] Package {what}: {key}");
            }
            if keys.len() > LINES_MAX {
                tracing::info!(correlation, "[SVPS-SYNC] … and {} more", keys.len() - LINES_MAX);
            }
        };
        each(&applied.re_enabled, "re-enabled (was disabled, now available)");
        each(&applied.disabled, "missing from API, marking unavailable");
        if read.odd_rows > 0 {
            tracing::warn!(correlation, "[SVPS-SYNC] {} rows have no id or name", read.odd_rows);
        }
        tracing::info!(
            correlation,
            "[SVPS-SYNC] ✅ done {{ created: {}, updated: {}, disabled: {}, reEnabled: {}, tookMs: {} }}",
            counts.created,
            counts.updated,
            counts.disabled,
            counts.re_enabled,
            applied.ms
        );
        let metrics = self.metrics();
        metrics.count("ipstock_syncs_total", &[("status", "done")]);
        for (action, n) in [
            ("created", counts.created),
            ("updated", counts.updated),
            ("re-enabled", counts.re_enabled),
            ("status-changed", counts.status_changed),
            ("disabled", counts.disabled),
        ] {
            metrics.add("ipstock_packages_total", &[("action", action)], u64::try_from(n).unwrap_or(0));
        }
    }
}

/// The list as the rules want it. Ids and names stay as they are spelt: they are what is bought.
fn read(list: StockList, began: Instant) -> Read {
    let package = |row: providers::smartvps::StockPackage| Package {
        key: PackageKey::new(row.pid, row.name),
        free: row.free.max(0),
        status: text::clean_line(&row.status, 40),
    };
    Read {
        odd_rows: list.odd_rows,
        bytes: count(list.bytes),
        packages: list.packages.into_iter().map(package).collect(),
        began,
    }
}

/// What a list changes, if it is believed. A confirmed one may miss as many packages as the run that was confirmed.
fn believed<'a>(
    known: &'a [Item],
    packages: &'a [Package],
    guard_percent: i64,
    confirmed: Option<Confirmed>,
) -> Result<Diff<'a>, Guarded> {
    let Some(confirmed) = confirmed else { return diff(known, packages, Some(guard_percent)) };
    let diff = diff(known, packages, None)?;
    let missing = diff.gone.len();
    if count(missing) > confirmed.missing {
        let known = known.iter().filter(|item| !item.missing).count();
        return Err(Guarded::Vanished { known, missing, read: diff.changes.len() });
    }
    Ok(diff)
}

fn new_item(package: &Package, settings: &IpstockSettings) -> NewItem {
    let shown = text::clean_line(&package.key.name, 60);
    NewItem {
        key: package.key.clone(),
        title: format!("Ocean {} - {shown}", settings.server_type),
        description: format!("SmartVPS package {shown} (PID {})", text::clean_line(&package.key.pid, 40)),
        tags: vec!["smartvps".to_owned(), "premium".to_owned()],
        server_type: settings.server_type.clone(),
        default_os: settings.default_os.word().to_owned(),
        // What could not be checked when it is bought is shown to nobody.
        visible: !settings.hidden_until_approved && Pool::of(&package.key.name).is_some(),
        available: package.available(),
        status: package.status.clone(),
        quantity: package.free,
    }
}

fn default_options(settings: &IpstockSettings) -> Vec<MemoryOption> {
    let option = |default: &crate::settings::DefaultPrice| MemoryOption {
        label: default.memory.label.clone(),
        gb: default.memory.gb,
        price: default.price,
        cost: None,
        cost_currency: None,
        enabled: true,
    };
    settings.prices.iter().map(option).collect()
}

/// Known items of which something is different.
fn changed(diff: &Diff<'_>) -> Vec<Seen> {
    let seen = |change: &domain::ipstock::Change<'_>| {
        let Was::Known(item) = change.was else { return None };
        change.differs().then(|| Seen {
            id: item.id,
            available: change.package.available(),
            status: change.package.status.clone(),
            quantity: change.package.free,
            counted: item.quantity != change.package.free,
        })
    };
    diff.changes.iter().filter_map(seen).collect()
}

fn body(diff: &Diff<'_>, made: &HashMap<PackageKey, ItemId>, counts: &Counts, ms: i64) -> String {
    let summary = Summary {
        created: counts.created,
        updated: counts.updated,
        disabled: counts.disabled,
        re_enabled: counts.re_enabled,
        took_ms: ms,
        total_packages_in_api: counts.fetched,
        total_ipstock_entries: counts.entries,
    };
    let mut results: Vec<Line<'_>> = Vec::with_capacity(diff.changes.len() + diff.gone.len());
    for change in &diff.changes {
        let id = match change.was {
            Was::Known(item) => Some(item.id),
            Was::New => made.get(&change.package.key).copied(),
        };
        results.extend(id.map(|id| answer::seen(change, id)));
    }
    results.extend(diff.disabled().map(answer::gone));
    let done = Done { success: true, summary, results };
    serde_json::to_string(&done).unwrap_or_else(|error| answer::failed(&error.to_string()))
}

/// The first few, and how many more.
fn named(mut names: impl ExactSizeIterator<Item = String>) -> String {
    let all = names.len();
    let first: Vec<String> = names.by_ref().take(NAMED_MAX).map(|name| text::clean_line(&name, 80)).collect();
    let more = if all > NAMED_MAX { format!(" and {} more", all - NAMED_MAX) } else { String::new() };
    format!("{}{more}", first.join(", "))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn millis(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}
