//! Circuit breakers: shared rows that change by compare-and-swap, and their history.

use crate::engines::another;
use crate::providers::{add, plain};
use crate::scene::*;
use domain::Timestamp;
use domain::breaker::{BreakerSettings, BreakerState, CallClass, Force, Permit, Verdict};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::breakers::{self, Row};
use store::{Dialect, Store, StoreError, providers};
use tokio::sync::Barrier;

const CLASS: CallClass = CallClass::Order;

fn settings() -> BreakerSettings {
    BreakerSettings { consecutive: 2, jitter_percent: 0, ..BreakerSettings::default() }
}

async fn found(store: &Store, provider: i64) -> Row {
    read!(store, |tx| breakers::find(tx, provider, CLASS).await).unwrap()
}

async fn save(store: &Store, row: &Row, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, row, now| breakers::save(tx, row, *now).await)
}

async fn fail(store: &Store, provider: i64, now: Timestamp) {
    let recorded: Result<(), StoreError> = transact!(store, |tx, provider, now| {
        let mut row = breakers::find_locked(tx, *provider, CLASS).await?.ok_or(StoreError::Stale)?;
        row.breaker.record(&settings(), &Permit::Call, Verdict::Failure, Duration::ZERO, 0, *now);
        breakers::save(tx, &row, *now).await
    });
    recorded.unwrap();
}

/// `met` keeps two askers from writing before both have read, once.
async fn ask(store: &Store, provider: i64, met: &Option<Arc<Barrier>>, now: Timestamp) -> Permit {
    let runs = AtomicU32::new(0);
    let asked: Result<Permit, StoreError> = transact!(store, |tx, provider, met, runs, now| {
        let mut row = breakers::find(tx, *provider, CLASS).await?.ok_or(StoreError::Stale)?;
        let before = row.breaker.clone();
        if let Some(met) = met.as_ref().filter(|_| runs.fetch_add(1, Ordering::SeqCst) == 0) {
            met.wait().await;
        }
        let permit = row.breaker.ask(&settings(), *now);
        if row.breaker != before {
            breakers::save(tx, &row, *now).await?;
        }
        Ok(permit)
    });
    asked.unwrap()
}

pub(crate) async fn a_breaker_without_a_row_is_closed(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    let mut row = found(store, id).await;
    assert_eq!((row.version, row.breaker.state(T0), row.name.as_str()), (0, BreakerState::Closed, "a1"));
    assert_eq!(row.settings, r#"{"order":{"consecutive":3}}"#);
    assert_eq!(read!(store, |tx| breakers::find(tx, 99, CLASS).await), None);
    assert_eq!(read!(store, |tx| breakers::all(tx, None).await), []);
    row.breaker.force(Force::Open, at(60), T0);
    row.told = true;
    save(store, &row, T0).await.unwrap();
    assert_eq!(found(store, id).await, Row { version: 1, ..row.clone() });
    let all = async |class| read!(store, |tx| breakers::all(tx, class).await);
    assert_eq!(
        (all(None).await.len(), all(Some(CLASS)).await.len(), all(Some(CallClass::Status)).await.len()),
        (1, 1, 0)
    );
    let gone: Result<(), StoreError> = transact!(store, |tx, id| providers::delete(tx, *id, 1).await);
    gone.unwrap();
    assert_eq!(count(store, "breaker").await, 0);
}

pub(crate) async fn a_change_of_what_was_not_read_is_refused(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    let never = found(store, id).await;
    fail(store, id, at(1)).await;
    let first = found(store, id).await;
    fail(store, id, at(2)).await;
    for stale in [never, first] {
        let refused = save(store, &stale, at(3)).await;
        assert!(matches!(refused, Err(StoreError::Contended)), "{refused:?}");
    }
    let now = found(store, id).await;
    assert_eq!((now.version, now.breaker.state(at(3)), now.breaker.consecutive()), (2, BreakerState::Open, 2));
}

pub(crate) async fn one_of_many_gets_the_probe(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    fail(store, id, at(1)).await;
    fail(store, id, at(1)).await;
    assert!(matches!(ask(store, id, &None, at(60)).await, Permit::Refused { .. }));
    // On SQLite nobody reads to write before the other has written.
    let met = (store.dialect() == Dialect::Postgres).then(|| Arc::new(Barrier::new(2)));
    let mut askers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let handle = if n % 2 == 0 { store.clone() } else { another(store).await };
        let met = met.clone().filter(|_| n < 2);
        askers.spawn(async move { ask(&handle, id, &met, at(61)).await });
    }
    let answers = askers.join_all().await;
    let probes = answers.iter().filter(|permit| matches!(permit, Permit::Probe(1))).count();
    let refused = answers.iter().filter(|permit| matches!(permit, Permit::Refused { .. })).count();
    assert_eq!((probes, refused), (1, 7), "{answers:?}");
    assert_eq!(found(store, id).await.breaker.state(at(61)), BreakerState::HalfOpen);
}

pub(crate) async fn failures_of_many_are_all_counted(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..6 {
        let handle = if n % 2 == 0 { store.clone() } else { another(store).await };
        calls.spawn(async move { fail(&handle, id, at(1)).await });
    }
    calls.join_all().await;
    let row = found(store, id).await;
    assert_eq!((row.version, row.breaker.consecutive(), row.breaker.failures_in_window(at(1)).1), (6, 6, 6));
}

pub(crate) async fn the_history_is_newest_first(store: &Store) {
    let id = add(store, plain("a1", 1)).await.unwrap();
    let row = &found(store, id).await;
    for (secs, was, became) in
        [(1, BreakerState::Closed, BreakerState::Open), (2, BreakerState::Open, BreakerState::HalfOpen)]
    {
        let kept: Result<(), StoreError> = transact!(store, |tx, secs, was, became| {
            breakers::append(tx, row, *was, *became, "why", "ada", at(*secs)).await
        });
        kept.unwrap();
    }
    let newest = read!(store, |tx| breakers::changes(tx, id, 1).await);
    assert_eq!(newest.len(), 1);
    let line = &newest[0];
    assert_eq!((line.class.as_str(), line.was.as_str(), line.became.as_str()), ("order", "open", "half_open"));
    assert_eq!((line.why.as_str(), line.actor.as_str(), line.at), ("why", "ada", at(2)));
    assert_eq!(read!(store, |tx| breakers::changes(tx, id, 9).await).len(), 2);
}
