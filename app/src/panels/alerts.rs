//! What the ops chats are told of providers every minute: a breaker that stays open, placements that fail too often,
//! calls that take too long. Each trouble is told once, and again when it comes back.

use super::stats::{count, percentile};
use crate::notice::alarm;
use crate::view::panels::{TARGET_LATENCY_MS, TARGET_SUCCESS_BPS};
use crate::{App, StoreError};
use domain::Timestamp;
use domain::breaker::BreakerState;
use domain::smm::ProviderState;
use std::collections::BTreeSet;
use std::time::Duration;
use store::breakers::Row;
use store::providers::stats::{self, Group};
use store::providers::{self as rows, Provider};
use store::{Tx, breakers, rail};

/// A breaker that is open longer is told of.
const OPEN_FOR: Duration = Duration::from_secs(120);
/// Success and latency are those of this span.
const SPAN: Duration = Duration::from_secs(300);
/// Fewer placements or calls say nothing.
const LEAST: i64 = 5;
/// Success below this is told of, in ten thousand;
const SUCCESS_BPS: i64 = 9_000;
/// a 95th percentile above this is.
const LATENCY_MS: i64 = 5_000;

/// The setting that keeps what was told and still is so.
const TOLD: &str = "providers.told";

/// A trouble of a provider.
struct Trouble {
    /// `success:smmflare`.
    topic: String,
    kind: &'static str,
    title: &'static str,
    text: String,
}

impl App {
    /// Looks at every provider and tells what is new.
    pub(crate) async fn panel_alerts(&self, now: Timestamp) -> Result<(), StoreError> {
        let (stuck, troubles, told) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let all = rows::all(tx).await?;
                let stuck: Vec<Row> =
                    breakers::all(tx, None).await?.into_iter().filter(|row| is_stuck(row, now)).collect();
                let placed = stats::placements(tx, None, now.minus(SPAN)).await?;
                let waits = stats::latencies(tx, now.minus(SPAN)).await?;
                let working = all.iter().filter(|row| row.state == ProviderState::Enabled);
                let troubles: Vec<Trouble> =
                    working.flat_map(|row| [success(row, &placed), latency(row, &waits)]).flatten().collect();
                Ok::<_, StoreError>((stuck, troubles, told(tx).await?))
            })
            .await?;
        let is: BTreeSet<String> = troubles.iter().map(|trouble| trouble.topic.clone()).collect();
        // An ordinary minute writes nothing.
        if stuck.is_empty() && is == told {
            return Ok(());
        }
        let (stuck, troubles, is) = (&stuck, &troubles, &is);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for row in stuck {
                    self.tell_stuck(tx, row, now).await?;
                }
                let before = self::told(tx).await?;
                for trouble in troubles.iter().filter(|trouble| !before.contains(&trouble.topic)) {
                    let topic = format!("{}:{}", trouble.topic, now.micros());
                    let Trouble { kind, title, text, .. } = trouble;
                    alarm(tx, self, kind, &topic, title, text.clone(), &trouble.topic, now).await?;
                }
                if before != *is {
                    let value = serde_json::json!(is).to_string();
                    rail::set_setting(tx, TOLD, &value, "system", now).await?;
                }
                Ok(())
            })
            .await
    }

    async fn tell_stuck(&self, tx: &mut Tx, seen: &Row, now: Timestamp) -> Result<(), StoreError> {
        let Some(mut row) = breakers::find_locked(tx, seen.provider, seen.class).await? else { return Ok(()) };
        if !is_stuck(&row, now) {
            return Ok(());
        }
        row.told = true;
        breakers::save(tx, &row, now).await?;
        let (class, breaker) = (row.class.word(), &row.breaker);
        let since = breaker.opened_at().map_or(String::new(), |at| format!(" since {}", at.clock()));
        let why = breaker.opened_because().map_or(String::new(), |why| format!(" ({why})"));
        let next = match breaker.next_probe() {
            Some(at) => format!("the next probe goes at {}", at.clock()),
            None => format!(
                "it stays so until an operator resets it: viralcore providers breaker {} {class} reset --reason …",
                row.name
            ),
        };
        let text = format!("{}: no {class} calls{since}{why}; {next}. Its orders go elsewhere or wait.", row.name);
        let topic = format!("{}:{class}:stays:{}", row.name, now.micros());
        let object = rows::object(&row.name);
        alarm(tx, self, "breaker", &topic, "Circuit breaker stays open", text, &object, now).await
    }
}

/// Open for too long, and nobody was told; one that an operator forced is no news.
fn is_stuck(row: &Row, now: Timestamp) -> bool {
    let breaker = &row.breaker;
    let long = breaker.opened_at().is_some_and(|at| now.since(at) > OPEN_FOR);
    long && !row.told && breaker.forced(now).is_none() && breaker.state(now) != BreakerState::Closed
}

fn success(row: &Provider, placed: &[Group]) -> Option<Trouble> {
    let stats = count(placed.iter().filter(|group| group.provider == row.id), [].iter());
    let bps = stats.success_bps.filter(|bps| stats.placements >= LEAST && *bps < SUCCESS_BPS)?;
    let worst = stats.errors.first().map_or(String::new(), |(word, n)| format!(", {n} times {word}"));
    Some(Trouble {
        topic: format!("success:{}", row.name),
        kind: "success",
        title: "Placements fail",
        text: format!(
            "{}: {} of {} placements of the last 5 minutes worked, {} %{worst}. The target is above {} %.",
            row.name,
            stats.accepted,
            stats.placements,
            bps / 100,
            TARGET_SUCCESS_BPS / 100
        ),
    })
}

fn latency(row: &Provider, waits: &[(String, i64, i64)]) -> Option<Trouble> {
    let mut mine: Vec<(i64, i64)> =
        waits.iter().filter(|(name, ..)| *name == row.name).map(|(_, ms, n)| (*ms, *n)).collect();
    mine.sort_unstable();
    let calls: i64 = mine.iter().map(|(_, n)| n).sum();
    let p95 = percentile(&mine, 95).filter(|p95| calls >= LEAST && *p95 > LATENCY_MS)?;
    Some(Trouble {
        topic: format!("latency:{}", row.name),
        kind: "latency",
        title: "Provider is slow",
        text: format!(
            "{}: one in twenty of the {calls} calls of the last 5 minutes took {} s or more. The target is below {} s.",
            row.name,
            p95 / 1_000,
            TARGET_LATENCY_MS / 1_000
        ),
    })
}

async fn told(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let kept = rail::setting(tx, TOLD).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default())
}
