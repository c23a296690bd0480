//! A full disk, as SQLite tells of it: `max_page_count` stands in for the last block.

use crate::{Store, StoreError, rail};
use domain::Timestamp;
use std::sync::Arc;
use std::time::Duration;

const T0: Timestamp = Timestamp::from_secs(1_700_000_000);

async fn pages(store: &Store, limit: Option<i64>) -> i64 {
    let limit = &limit;
    let count: Result<i64, StoreError> = store
        .write(|mut tx| async move {
            use sqlx::Row;
            let row = sqlx::query("pragma page_count").fetch_one(tx.conn()).await?;
            let count: i64 = row.try_get(0)?;
            let limit = limit.map_or(1 << 30, |more| count + more);
            let pragma = format!("pragma max_page_count = {limit}");
            sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(tx.conn()).await?;
            Ok(count)
        })
        .await;
    count.unwrap()
}

async fn keep(store: &Store, key: &str, size: usize) -> Result<(), StoreError> {
    let value = &"x".repeat(size);
    store.write(|mut tx| async move { rail::set_setting(&mut tx, key, value, "ada", T0).await }).await
}

async fn kept(store: &Store, key: &str) -> bool {
    let found: Result<_, StoreError> = store.read(async |mut tx| rail::setting(&mut tx, key).await).await;
    found.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_is_new_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&format!("sqlite://{}", path.display()), async |_| Ok(())).await.unwrap();
    let reserve = folder.path().join("store.db.reserve");
    let again = Arc::clone(&store.inner.reserve);
    tokio::task::spawn_blocking(move || again.refill(Duration::ZERO)).await.unwrap();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 8 << 20);
    keep(&store, "before", 10).await.unwrap();
    pages(&store, Some(8)).await;

    let mut full = store.disk_full();
    assert!(!*full.borrow_and_update());
    let refused = keep(&store, "big", 400_000).await;
    assert!(matches!(refused, Err(StoreError::DiskFull)), "{refused:?}");
    assert!(*full.borrow_and_update() && !reserve.exists(), "the reserve is given back");
    assert!(kept(&store, "before").await && !kept(&store, "big").await, "reads go on");

    // Members of shared commits: those that fit are kept, and each is told the truth.
    let members: Vec<_> = (0..24)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { keep(&store, &format!("m{n}"), if n % 3 == 0 { 300_000 } else { 20 }).await })
        })
        .collect();
    for (n, member) in members.into_iter().enumerate() {
        let outcome = member.await.unwrap();
        assert_eq!(kept(&store, &format!("m{n}")).await, outcome.is_ok(), "m{n}: {outcome:?}");
        assert!(matches!(outcome, Ok(()) | Err(StoreError::DiskFull)), "{outcome:?}");
        assert!(n % 3 > 0 || outcome.is_err());
    }
    assert_eq!(*store.fatal().borrow(), None, "a full disk is not damage");

    pages(&store, None).await;
    keep(&store, "big", 400_000).await.unwrap();
    assert!(kept(&store, "big").await);
    assert!(*full.borrow_and_update(), "until there is room for the reserve again");
    let again = Arc::clone(&store.inner.reserve);
    tokio::task::spawn_blocking(move || again.refill(Duration::ZERO)).await.unwrap();
    assert!(!*full.borrow_and_update() && reserve.exists());
    assert_eq!(store.integrity().await, Ok(()));
}

#[tokio::test]
async fn a_full_disk_refuses_postings_with_their_reason() {
    use domain::ledger::{Account, Journal, Purse};
    use domain::{Currency, IdempotencyKey, Money, UserId};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&format!("sqlite://{}", path.display()), async |_| Ok(())).await.unwrap();
    let journal = |n: i64| {
        let key = IdempotencyKey::new(format!("k{n}")).unwrap();
        let wallet = Account::purse(UserId::new(n), Purse::Wallet);
        Journal::new(key, "test", "system", "x".repeat(3_000), T0).transfer(
            Account::platform("adjust", Currency::Usd),
            wallet,
            Money::usd_minor(1),
        )
    };
    pages(&store, Some(3)).await;
    let mut posted = 0;
    let refused = loop {
        match store.post(journal(posted)).await {
            Ok(_) => posted += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, crate::ledger::PostError::Store(StoreError::DiskFull)), "{refused:?}");
    pages(&store, None).await;
    store.post(journal(posted)).await.unwrap();
    let broken: Result<_, StoreError> = store.snapshot(async |mut tx| crate::check::run(&mut tx, T0).await).await;
    assert_eq!(broken.unwrap(), []);
}
