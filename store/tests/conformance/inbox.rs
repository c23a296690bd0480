//! Updates, conversations, keyboards.

use crate::scene::*;
use domain::UserId;
use store::inbox::{self, Keyboard, Update};
use store::{Store, StoreError};

fn update(id: i64, body: &str) -> Update {
    Update { update_id: id, user: UserId::new(id % 10), body: body.to_owned(), attempts: 0 }
}

async fn keep(store: &Store, updates: &[Update]) {
    let kept: Result<(), StoreError> = transact!(store, |tx, updates| inbox::insert(tx, updates, T0).await);
    kept.unwrap();
}

async fn open(store: &Store, after: i64) -> Vec<Update> {
    read!(store, |tx| inbox::open(tx, after, 100).await)
}

pub(crate) async fn a_repeated_update_is_ignored(store: &Store) {
    let odd = "{\"text\":\"\\u0000 \\ud83d it's \\\"quoted\\\" \u{1f4b8}\"}";
    keep(store, &[update(7, odd), update(5, "{}"), update(7, "{\"other\":1}")]).await;
    keep(store, &[update(5, "{\"other\":1}"), update(6, "{}")]).await;
    assert_eq!(open(store, 0).await, [update(5, "{}"), update(6, "{}"), update(7, odd)]);
    assert_eq!(open(store, 6).await, [update(7, odd)]);
    let done: Result<(), StoreError> = transact!(store, |tx| inbox::done_one(tx, 7, at(1)).await);
    done.unwrap();
    let again: Result<(), StoreError> = transact!(store, |tx| inbox::done_one(tx, 7, at(1)).await);
    assert!(matches!(again, Err(StoreError::Stale)));
    keep(store, &[update(7, "{}")]).await;
    assert_eq!(open(store, 6).await, [], "a handled one does not come back");
    keep(store, &[]).await;
}

pub(crate) async fn a_poisoned_update_is_parked(store: &Store) {
    keep(store, &[update(1, "{}")]).await;
    let fail = async || -> bool {
        let parked: Result<bool, StoreError> = transact!(store, |tx| inbox::failed(tx, 1, "boom", 3).await);
        parked.unwrap()
    };
    assert_eq!((fail().await, fail().await), (false, false));
    assert_eq!(open(store, 0).await[0].attempts, 2);
    assert!(fail().await);
    assert_eq!(open(store, 0).await, []);
    assert!(!fail().await, "it is parked already");
    assert_eq!(read!(store, |tx| inbox::counts(tx, T0).await), (0, 1, 0));
}

pub(crate) async fn updates_are_done_in_batches(store: &Store) {
    let updates: Vec<Update> = (1..=9).map(|id| update(id, "{}")).collect();
    keep(store, &updates).await;
    let done = async |ids: &'static [i64]| -> u64 {
        let done: Result<u64, StoreError> = transact!(store, |tx, ids| inbox::done(tx, ids, at(5)).await);
        done.unwrap()
    };
    assert_eq!(done(&[1, 2, 3, 99]).await, 3);
    assert_eq!(done(&[3, 4]).await, 1);
    assert_eq!(done(&[]).await, 0);
    assert_eq!(read!(store, |tx| inbox::counts(tx, T0).await), (5, 0, 4));
}

pub(crate) async fn conversations_and_keyboards_are_kept(store: &Store) {
    let one = UserId::new(1);
    for state in ["{\"step\":1}", "{\"step\":2}"] {
        let list = [(one, state.to_owned()), (UserId::new(2), state.to_owned())];
        let saved: Result<(), StoreError> = transact!(store, |tx, list| inbox::save_conversations(tx, list, T0).await);
        saved.unwrap();
    }
    assert_eq!(read!(store, |tx| inbox::conversation(tx, one).await).as_deref(), Some("{\"step\":2}"));
    assert_eq!(read!(store, |tx| inbox::conversation(tx, UserId::new(3)).await), None);
    let drawn = Keyboard { id: "abc".to_owned(), user: one, actions: "[]".to_owned(), used_at: None };
    let list = [drawn.clone()];
    let saved: Result<(), StoreError> = transact!(store, |tx, list| inbox::insert_keyboards(tx, list, T0).await);
    saved.unwrap();
    assert_eq!(read!(store, |tx| inbox::keyboard(tx, "abc").await), Some(drawn));
    let used: Result<(), StoreError> = transact!(store, |tx| inbox::use_keyboard(tx, "abc", at(1)).await);
    used.unwrap();
    let again: Result<(), StoreError> = transact!(store, |tx| inbox::use_keyboard(tx, "abc", at(2)).await);
    assert!(matches!(again, Err(StoreError::Stale)), "single use");
    assert_eq!(read!(store, |tx| inbox::keyboard(tx, "abc").await).unwrap().used_at, Some(at(1)));
}

pub(crate) async fn handled_updates_are_pruned(store: &Store) {
    let updates: Vec<Update> = (1..=4).map(|id| update(id, "{}")).collect();
    keep(store, &updates).await;
    let done: Result<u64, StoreError> = transact!(store, |tx| inbox::done(tx, &[1, 2, 3], at(5)).await);
    done.unwrap();
    let pruned: Result<i64, StoreError> = transact!(store, |tx| inbox::prune(tx, at(6), 2).await);
    assert_eq!(pruned.unwrap(), 2);
    assert_eq!((count(store, "inbox").await, open(store, 0).await.len()), (2, 1));
}
