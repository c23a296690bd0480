//! What a transaction promises.

use crate::engines::{another, number, raw};
use crate::scene::*;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;
use store::jobs::{self, NewJob};
use store::{Dialect, Store, StoreError, ledger, rail};
use tokio::sync::watch;

/// Two rows that belong together, with a turn of the runtime between them.
async fn pair(store: &Store, tag: &str) -> Result<(), StoreError> {
    transact!(store, |tx, tag| {
        for half in ["one", "two"] {
            let key = format!("{tag}:{half}");
            let new = NewJob { kind: tag, lane: "pairs", key: &key, object: "", payload: "{}", run_at: T0 };
            jobs::insert(tx, &new, T0).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    })
}

async fn rows(store: &Store, tag: &str) -> i64 {
    number(&mut raw(store).await, &format!("select count(*) from job where kind = '{tag}'")).await
}

pub(crate) async fn a_member_that_errs_leaves_nothing(store: &Store) {
    let members: Vec<_> = (0..60)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let tag = format!("m{n}");
                let tag = &tag;
                if n % 3 > 0 {
                    return pair(&store, tag).await;
                }
                transact!(store, |tx| {
                    let new = NewJob { kind: tag, lane: "pairs", key: tag, object: "", payload: "{}", run_at: T0 };
                    jobs::insert(tx, &new, T0).await?;
                    Err(StoreError::Stale)
                })
            })
        })
        .collect();
    for (n, member) in members.into_iter().enumerate() {
        let outcome = member.await.unwrap();
        if n % 3 > 0 {
            outcome.unwrap();
        } else {
            assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
        }
        assert_eq!(rows(store, &format!("m{n}")).await, if n % 3 > 0 { 2 } else { 0 });
    }
}

pub(crate) async fn an_answer_comes_after_the_commit(store: &Store) {
    let other = another(store).await;
    let writers: Vec<_> = (0..40_i64)
        .map(|n| {
            let (store, other) = (store.clone(), other.clone());
            tokio::spawn(async move {
                let tag = format!("a{n}");
                pair(&store, &tag).await.unwrap();
                let seen = read!(other, |tx| jobs::list(tx, "ready", 0, 1_000).await);
                assert_eq!(seen.iter().filter(|job| job.kind == tag).count(), 2, "{tag}");
                store.post(transfer(tag.as_str(), adjust(), wallet(n), 5)).await.unwrap();
                assert_eq!(balance(&other, &wallet(n)).await, 5, "{tag}");
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// A transaction that has written a row and waits inside its closure.
async fn stuck(store: &Store, tag: &'static str) -> tokio::task::JoinHandle<Result<(), StoreError>> {
    let (inside, mut is_inside) = watch::channel(false);
    let inside = Arc::new(inside);
    let store = store.clone();
    let task = tokio::spawn(async move {
        transact!(store, |tx, inside| {
            let new = NewJob { kind: tag, lane: "pairs", key: tag, object: "", payload: "{}", run_at: T0 };
            jobs::insert(tx, &new, T0).await?;
            inside.send_replace(true);
            std::future::pending::<Result<(), StoreError>>().await
        })
    });
    is_inside.wait_for(|inside| *inside).await.unwrap();
    task
}

pub(crate) async fn a_dropped_closure_leaves_nothing_and_wedges_nobody(store: &Store) {
    for round in 0..5 {
        let stuck = stuck(store, "stuck").await;
        let waiting: Vec<_> = (0..5)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { pair(&store, &format!("w{round}.{n}")).await })
            })
            .collect();
        stuck.abort();
        assert!(stuck.await.unwrap_err().is_cancelled());
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!(rows(store, "stuck").await, 0);
        assert_eq!(rows(store, &format!("w{round}.4")).await, 2);
    }
}

pub(crate) async fn a_dropped_waiter_leaves_nothing_and_wedges_nobody(store: &Store) {
    let holder = stuck(store, "stuck").await;
    let waiting: Vec<_> = (0..6)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { pair(&store, &format!("w{n}")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for waiter in waiting.iter().step_by(2) {
        waiter.abort();
    }
    holder.abort();
    for (n, waiter) in waiting.into_iter().enumerate() {
        let tag = format!("w{n}");
        match waiter.await {
            Ok(done) => {
                done.unwrap();
                assert_eq!(rows(store, &tag).await, 2);
            }
            Err(dropped) => {
                assert!(dropped.is_cancelled() && n % 2 == 0);
                // On SQLite it waited in line; on PostgreSQL it had a connection of its own and may have been done.
                assert!(store.dialect() == Dialect::Postgres || rows(store, &tag).await == 0, "{tag}");
            }
        }
    }
    assert_eq!(rows(store, "stuck").await, 0);
}

/// Polls a future so many times, then drops it.
async fn polled<T>(work: impl Future<Output = T>, times: u32) -> Option<T> {
    let mut work = pin!(work);
    let mut left = times;
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

pub(crate) async fn dropped_anywhere_it_is_whole_or_absent(store: &Store) {
    // A neighbour shares commits with those that are dropped and must not notice.
    let (stop, stopped) = watch::channel(false);
    let neighbour = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut written = 0;
            while !*stopped.borrow() {
                pair(&store, &format!("n{written}")).await.unwrap();
                written += 1;
            }
            written
        })
    };
    let (mut finished, mut dropped) = (0, 0);
    for round in 0..6 {
        for polls in 0..18 {
            let tag = format!("d{round}.{polls}");
            let done = polled(pair(store, &tag), polls).await;
            if let Some(done) = &done {
                assert!(done.is_ok(), "{tag}: {done:?}");
            }
            finished += i32::from(done.is_some());
            dropped += i32::from(done.is_none());
            pair(store, &format!("{tag}.after")).await.unwrap(); // nobody is wedged, and its end is decided
            let rows = rows(store, &tag).await;
            let allowed: &[i64] = if done.is_some() { &[2] } else { &[0, 2] };
            assert!(allowed.contains(&rows), "{tag}: {rows} rows, done {done:?}");
        }
    }
    stop.send_replace(true);
    let written: i64 = neighbour.await.unwrap();
    let sql = "select count(*) from job where kind like 'n%'";
    assert_eq!(number(&mut raw(store).await, sql).await, written * 2);
    assert!(finished > 5 && dropped > 20, "both must have been tried: {finished} finished, {dropped} dropped");
}

pub(crate) async fn a_swallowed_error_is_never_reported_as_a_commit(store: &Store) {
    let webhook = domain::event::EventType::CaseOpened;
    let event = store::events::NewEvent { event_id: "e", event_type: webhook, correlation: "", object: "", data: "{}" };
    let outcome: Result<(), StoreError> = transact!(store, |tx, event| {
        rail::set_setting(tx, "before", "x", "ada", T0).await?;
        store::events::insert(tx, event, T0).await?;
        let again = store::events::insert(tx, event, T0).await;
        assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
        Ok(()) // as if that did not matter
    });
    let found = read!(store, |tx| rail::setting(tx, "before").await);
    assert_eq!(outcome.is_ok(), found.is_some(), "what was answered is what was committed: {outcome:?}");
    // PostgreSQL rolls the whole transaction back; SQLite only the statement.
    assert_eq!(outcome.is_ok(), store.dialect() == Dialect::Sqlite);
    pair(store, "next").await.unwrap(); // and the connection is fit for others
}

pub(crate) async fn a_transaction_inside_a_transaction_is_refused(store: &Store) {
    let journal = transfer("k", adjust(), wallet(1), 5);
    let (store, journal) = (&store, &journal);
    let outcome: Result<(), StoreError> = transact!(store, |_tx| {
        assert!(pair(store, "inner").await.is_err());
        let read: Result<i64, StoreError> = store.read(async |mut tx| store::events::head(&mut tx).await).await;
        assert!(read.is_err());
        let posted = store.post(journal.clone()).await;
        assert!(matches!(posted, Err(ledger::PostError::Store(StoreError::Driver(_)))));
        Ok(())
    });
    outcome.unwrap();
    assert_eq!((rows(store, "inner").await, count(store, "journal").await), (0, 0));
    pair(store, "inner").await.unwrap();
}

pub(crate) async fn a_snapshot_does_not_move(store: &Store) {
    let counted: Result<(i64, i64), StoreError> = store
        .snapshot(async |mut tx| {
            let before = jobs::list(&mut tx, "", 0, 100).await?.len();
            let other = tokio::spawn({
                let store = store.clone();
                async move { pair(&store, "meanwhile").await }
            });
            other.await.unwrap()?;
            let after = jobs::list(&mut tx, "", 0, 100).await?.len();
            Ok((i64::try_from(before).unwrap(), i64::try_from(after).unwrap()))
        })
        .await;
    assert_eq!(counted.unwrap(), (0, 0));
    assert_eq!(rows(store, "meanwhile").await, 2);
}

pub(crate) async fn readers_cannot_write_past_a_snapshot(store: &Store) {
    let written: Result<(), StoreError> =
        store.snapshot(async |mut tx| rail::set_setting(&mut tx, "k", "v", "ada", T0).await).await;
    assert!(written.is_err());
    assert_eq!(read!(store, |tx| rail::setting(tx, "k").await), None);
}

pub(crate) async fn commits_of_another_handle_are_noticed(store: &Store) {
    let other = another(store).await;
    let mut changes = other.changes();
    // The watcher takes its first look some time after opening; what it has seen then is not a change.
    let noticed = async {
        for n in 0_u32.. {
            let name = format!("e{n}");
            let added: Result<(), StoreError> = transact!(store, |tx, name| {
                let event = store::events::NewEvent {
                    event_id: name,
                    event_type: domain::event::EventType::CaseOpened,
                    correlation: "",
                    object: "",
                    data: "{}",
                };
                store::events::insert(tx, &event, T0).await
            });
            added.unwrap();
            if tokio::time::timeout(Duration::from_millis(300), changes.changed()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.expect("a change of another handle is noticed");
    let mut own = store.changes();
    own.mark_unchanged();
    pair(store, "own").await.unwrap();
    assert!(own.has_changed().unwrap(), "the own commit is known at once");
}

pub(crate) async fn two_handles_write_at_once(store: &Store) {
    let other = another(store).await;
    let writers: Vec<_> = (0..16)
        .map(|n| {
            let store = if n % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move {
                for round in 0..12_i64 {
                    pair(&store, &format!("h{n}.{round}")).await.unwrap();
                    let journal = transfer(format!("h{n}.{round}"), adjust(), wallet(round % 3), 1);
                    store.post(journal).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!((count(store, "job").await, count(store, "journal").await), (16 * 12 * 2, 16 * 12));
    assert_sound(store).await;
}

/// An error that hides its cause, as use cases have them.
#[derive(Debug)]
struct Opaque;

impl From<StoreError> for Opaque {
    fn from(_: StoreError) -> Self {
        Self
    }
}

pub(crate) async fn a_conflict_is_run_again(store: &Store) {
    fund(store, 1, 1_000).await;
    fund(store, 2, 1_000).await;
    let runs = Arc::new(AtomicU32::new(0));
    let (met, meet) = (Arc::new(tokio::sync::Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    // Two that lock the same purses in opposite order: on PostgreSQL a deadlock, which ends one of them.
    let movers: Vec<_> = [(1, 2), (2, 1)]
        .into_iter()
        .map(|(from, to)| {
            let (store, runs, met, meet) = (store.clone(), runs.clone(), met.clone(), meet.clone());
            tokio::spawn(async move {
                let journal = transfer(format!("m{from}"), wallet(from), wallet(to), 10);
                let done: Result<(), Opaque> = transact!(store, |tx, runs, met, meet, journal, from, to| {
                    runs.fetch_add(1, Ordering::SeqCst);
                    ledger::balance_locked(tx, &wallet(*from)).await?;
                    if tx.dialect() == Dialect::Postgres && meet.fetch_add(1, Ordering::SeqCst) < 2 {
                        met.wait().await; // only the first time, or the second run would wait for nobody
                    }
                    ledger::balance_locked(tx, &wallet(*to)).await?;
                    ledger::post(tx, journal).await.map_err(|_| Opaque)?;
                    Ok(())
                });
                done
            })
        })
        .collect();
    for mover in movers {
        mover.await.unwrap().unwrap();
    }
    let expected = if store.dialect() == Dialect::Postgres { 3 } else { 2 };
    assert_eq!(runs.load(Ordering::SeqCst), expected);
    assert_eq!((balance(store, &wallet(1)).await, count(store, "journal").await), (1_000, 4));
}
