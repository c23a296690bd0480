//! Withdrawals.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::withdrawal::{FrozenFrom, WithdrawalState};
use domain::{Timestamp, UserId, WithdrawalId};
use store::withdrawals::{self, Withdrawal};
use store::{Store, StoreError};

async fn find(store: &Store, id: WithdrawalId) -> Withdrawal {
    let found: Result<_, StoreError> = transact!(store, |tx, id| withdrawals::find_locked(tx, *id).await);
    found.unwrap().unwrap()
}

async fn update(store: &Store, changed: &Withdrawal, now: Timestamp) -> Result<(), StoreError> {
    transact!(store, |tx, changed, now| withdrawals::update(tx, changed, *now).await)
}

async fn requested(store: &Store, id: i64, name: &str) -> Withdrawal {
    let user = user(store, id).await;
    let key = key(name);
    let id = insert(store, &request(user, 100_000, &key), T0).await.unwrap();
    find(store, id).await
}

pub(crate) async fn a_row_reads_back_as_it_was_written(store: &Store) {
    let row = requested(store, 7, "btn:1").await;
    assert_eq!(
        (row.state, row.version, row.user, row.payout),
        (WithdrawalState::Requested, 1, UserId::new(7), ngn(100_000))
    );
    assert_eq!((row.rate.map(domain::Rate::parts), row.rate_until), (Some((156_025, 100)), Some(at(86_400))));
    assert_eq!((row.account_enc.as_slice(), row.name_enc.as_slice()), (&b"sealed number"[..], &b"sealed name"[..]));
    let mut changed = row.clone();
    changed.signed = 1;
    changed.state = WithdrawalState::Grace;
    changed.grace_until = Some(at(5));
    changed.reason = Some("o'k \u{2713}".to_owned());
    changed.revision = 3;
    update(store, &changed, at(2)).await.unwrap();
    changed.version = 2;
    changed.updated_at = at(2);
    assert_eq!(find(store, row.id).await, changed);
    assert_eq!(read!(store, |tx| withdrawals::find(tx, row.id).await), Some(changed));
}

pub(crate) async fn a_key_belongs_to_one_withdrawal(store: &Store) {
    let user = user(store, 1).await;
    let key = key("btn:k1");
    let new = request(user, 100_000, &key);
    let id = insert(store, &new, T0).await.unwrap();
    let again = insert(store, &new, T0).await; // no use case in front
    assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
    let found = read!(store, |tx| withdrawals::find_by_key(tx, &key).await);
    assert_eq!(found.map(|withdrawal| withdrawal.id), Some(id)); // and the refused write left nothing behind
    assert_eq!(count(store, "withdrawal").await, 1);
    let unknown_user = request(UserId::new(99), 1, &key);
    assert!(insert(store, &unknown_user, T0).await.is_err(), "a user that is not known");
}

pub(crate) async fn a_stale_version_changes_nothing(store: &Store) {
    let seen = requested(store, 1, "k").await;
    let mut first = seen.clone();
    first.reason = Some("first".to_owned());
    update(store, &first, at(1)).await.unwrap();
    let mut second = seen.clone();
    second.reason = Some("second".to_owned());
    assert!(matches!(update(store, &second, at(2)).await, Err(StoreError::Stale)));
    let now = find(store, seen.id).await;
    assert_eq!((now.reason.as_deref(), now.version), (Some("first"), 2));
}

pub(crate) async fn nothing_is_sent_with_fewer_names_than_needed(store: &Store) {
    let mut row = requested(store, 1, "k").await;
    row.needed = 2;
    for state in WithdrawalState::ALL {
        let mut changed = row.clone();
        changed.state = state;
        changed.signed = 1;
        changed.frozen_from = (state == WithdrawalState::Frozen).then_some(FrozenFrom::Sent);
        let allowed =
            matches!(state, WithdrawalState::Requested | WithdrawalState::Signing | WithdrawalState::Rejected);
        let outcome: Result<(), StoreError> = transact!(store, |tx, changed| {
            withdrawals::update(tx, changed, at(1)).await?;
            Err(StoreError::Stale) // only tried
        });
        match outcome {
            Err(StoreError::Stale) => assert!(allowed, "{state} was written with one of two names"),
            Err(StoreError::Constraint(_)) => assert!(!allowed, "{state} was refused"),
            other => panic!("{other:?}"),
        }
    }
    let mut raw = raw(store).await;
    for needed in [0, 3] {
        assert!(run(&mut raw, &format!("update withdrawal set needed = {needed}")).await.is_err());
    }
}

pub(crate) async fn the_open_flag_follows_the_state(store: &Store) {
    let mut row = requested(store, 1, "k").await;
    row.signed = 1;
    for state in WithdrawalState::ALL {
        row.state = state;
        row.frozen_from = (state == WithdrawalState::Frozen).then_some(FrozenFrom::Sending);
        update(store, &row, at(1)).await.unwrap();
        row.version += 1;
        let found = read!(store, |tx| withdrawals::in_state(tx, state, 5).await);
        assert_eq!(found.len(), usize::from(state.is_open()), "{state}");
    }
    let mut raw = raw(store).await;
    assert!(run(&mut raw, "update withdrawal set open = 1").await.is_err(), "a returned one is not open");
    assert!(run(&mut raw, "update withdrawal set state = 'lost'").await.is_err(), "an unknown word");
    assert!(run(&mut raw, "update withdrawal set payout = 0").await.is_err());
}

pub(crate) async fn frozen_names_the_state_it_left(store: &Store) {
    let mut row = requested(store, 1, "k").await;
    row.signed = 1;
    row.state = WithdrawalState::Frozen;
    assert!(matches!(update(store, &row, at(1)).await, Err(StoreError::Constraint(_))));
    for from in [FrozenFrom::Sending, FrozenFrom::Sent, FrozenFrom::Unknown] {
        row.frozen_from = Some(from);
        update(store, &row, at(1)).await.unwrap();
        row.version += 1;
        assert_eq!(find(store, row.id).await.frozen_from, Some(from));
    }
    row.state = WithdrawalState::Unknown;
    assert!(matches!(update(store, &row, at(1)).await, Err(StoreError::Constraint(_))));
}

pub(crate) async fn counts_and_sums_are_right(store: &Store) {
    let (one, two) = (user(store, 1).await, user(store, 2).await);
    for n in 0..6_u64 {
        let key = key(format!("k{n}"));
        let new = request(if n < 4 { one } else { two }, 1_000 * (i64::try_from(n).unwrap() + 1), &key);
        let id = insert(store, &new, at(n)).await.unwrap();
        if n % 2 == 0 {
            let mut row = find(store, id).await;
            row.signed = 1;
            row.state = WithdrawalState::Paid;
            update(store, &row, at(n)).await.unwrap();
        }
    }
    let funnel = read!(store, |tx| withdrawals::funnel(tx).await);
    assert_eq!(funnel, [(WithdrawalState::Requested, 3, ngn(12_000), at(1))]);
    assert_eq!(read!(store, |tx| withdrawals::paid_counts(tx, one, b"hmac").await), (2, 2));
    assert_eq!(read!(store, |tx| withdrawals::paid_counts(tx, one, b"other").await), (2, 0));
    assert_eq!(read!(store, |tx| withdrawals::paid_counts(tx, UserId::new(9), b"hmac").await), (0, 0));
    let recent = read!(store, |tx| withdrawals::recent_of_user(tx, one, at(1)).await);
    assert_eq!(recent, [(at(3), ngn(4_000)), (at(2), ngn(3_000))]);
    assert_eq!(read!(store, |tx| withdrawals::of_user(tx, two, 10).await).len(), 2);
    assert_eq!(read!(store, |tx| withdrawals::of_account(tx, b"hmac", 4).await).len(), 4);
    assert_eq!(read!(store, |tx| withdrawals::paid_by_persons(tx, 9).await), 0);
}
