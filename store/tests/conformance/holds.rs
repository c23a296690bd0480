//! Holds.

use crate::scene::*;
use domain::ledger::{Account, Purse};
use domain::{Timestamp, UserId};
use store::holds::{self, Close};
use store::{Store, StoreError};

async fn hold(store: &Store, object: &str, n: i64) -> Result<(), StoreError> {
    let held = Account::held(UserId::new(1), Purse::Wallet);
    let held = &held;
    let journal = transfer(format!("hold:{object}:{n}"), wallet(1), held.clone(), 10);
    let posted = post(store, &journal).await.unwrap().id;
    transact!(store, |tx, object, n, posted| holds::open(tx, object, *n, held, usd(10), *posted, T0).await)
}

async fn close(store: &Store, id: i64, how: Close, now: Timestamp) -> Result<(), StoreError> {
    let back = transfer(format!("close:{id}:{how:?}"), adjust(), wallet(1), 1);
    let journal = post(store, &back).await.unwrap().id;
    transact!(store, |tx, id, how, journal, now| holds::close(tx, *id, *how, *journal, *now).await)
}

pub(crate) async fn an_object_has_one_open_hold(store: &Store) {
    fund(store, 1, 100).await;
    hold(store, "withdrawal:1", 1).await.unwrap();
    assert!(matches!(hold(store, "withdrawal:1", 2).await, Err(StoreError::KeyTaken)));
    hold(store, "withdrawal:2", 1).await.unwrap();
    let found = read!(store, |tx| holds::find_open(tx, "withdrawal:1").await).unwrap();
    assert_eq!((found.n, found.amount, found.account.name()), (1, usd(10), "user:1:wallet:held"));
    close(store, found.id, Close::Released, at(1)).await.unwrap();
    hold(store, "withdrawal:1", 3).await.unwrap();
}

pub(crate) async fn a_hold_is_closed_once(store: &Store) {
    fund(store, 1, 100).await;
    hold(store, "withdrawal:1", 1).await.unwrap();
    let id = read!(store, |tx| holds::find_open(tx, "withdrawal:1").await).unwrap().id;
    close(store, id, Close::Captured, at(1)).await.unwrap();
    for how in [Close::Released, Close::Captured] {
        assert!(matches!(close(store, id, how, at(2)).await, Err(StoreError::Stale)));
    }
    assert_eq!(read!(store, |tx| holds::find_open(tx, "withdrawal:1").await), None);
}

pub(crate) async fn a_number_is_used_once(store: &Store) {
    fund(store, 1, 100).await;
    hold(store, "withdrawal:1", 1).await.unwrap();
    let id = read!(store, |tx| holds::find_open(tx, "withdrawal:1").await).unwrap().id;
    close(store, id, Close::Released, at(1)).await.unwrap();
    // The journal of that number is there already, so this replays it; the row is refused by its number.
    assert!(matches!(hold(store, "withdrawal:1", 1).await, Err(StoreError::KeyTaken)));
}
