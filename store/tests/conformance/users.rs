//! Users.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::{Timestamp, UserId};
use store::users::{self, NewPayee, User};
use store::{Store, StoreError};

async fn upsert(store: &Store, id: i64, name: &str, referrer: Option<i64>) -> bool {
    let (id, referrer) = (UserId::new(id), referrer.map(UserId::new));
    let new: Result<bool, StoreError> =
        transact!(store, |tx, id, name, referrer| users::upsert(tx, *id, name, "First", *referrer, T0).await);
    new.unwrap()
}

async fn find(store: &Store, id: i64) -> User {
    read!(store, |tx| users::find(tx, UserId::new(id)).await).unwrap()
}

pub(crate) async fn a_referrer_is_kept_once_and_only_if_it_may_be(store: &Store) {
    assert!(upsert(store, 1, "ada", Some(1)).await); // nobody refers themselves
    assert!(upsert(store, 2, "bob", Some(99)).await); // nor is referred by somebody unknown
    assert_eq!((find(store, 1).await.referrer, find(store, 2).await.referrer), (None, None));
    assert!(!upsert(store, 2, "bob", Some(1)).await); // later is fine
    assert_eq!(find(store, 2).await.referrer, Some(UserId::new(1)));
    upsert(store, 3, "cyd", None).await;
    upsert(store, 2, "bob", Some(3)).await; // but it stays
    assert_eq!(find(store, 2).await.referrer, Some(UserId::new(1)));
    upsert(store, 1, "ada", Some(2)).await; // two do not refer each other
    assert_eq!(find(store, 1).await.referrer, None);
    assert_eq!(read!(store, |tx| users::referred(tx, UserId::new(1)).await), 1);
    assert!(run(&mut raw(store).await, "update users set referrer = id").await.is_err());
}

pub(crate) async fn names_are_refreshed(store: &Store) {
    upsert(store, 1, "ada", None).await;
    upsert(store, 12, "Bob", None).await;
    let marked: Result<(), StoreError> = transact!(store, |tx| users::set_unreachable(tx, UserId::new(1), true).await);
    marked.unwrap();
    assert!(find(store, 1).await.unreachable);
    assert!(!upsert(store, 1, "ada2", None).await);
    let ada = find(store, 1).await;
    assert_eq!((ada.username.as_str(), ada.unreachable), ("ada2", false), "who writes is reachable");
    let list = async |words: &'static str, after: i64| {
        let found = read!(store, |tx| users::list(tx, words, after, 10).await);
        found.into_iter().map(|user| user.id.get()).collect::<Vec<_>>()
    };
    assert_eq!(list("", 0).await, [1, 12]);
    assert_eq!(list("bOB", 0).await, [12]);
    assert_eq!(list("1", 0).await, [1], "an id is meant whole");
    assert_eq!(list("", 1).await, [12]);
}

pub(crate) async fn payees_and_their_facts(store: &Store) {
    let (one, two) = (user(store, 1).await, user(store, 2).await);
    let save = async |user: UserId, hmac: &'static [u8], now: Timestamp| -> Timestamp {
        let new = NewPayee {
            user,
            bank_code: "044",
            bank_name: "Access",
            account_enc: b"n",
            account_hmac: hmac,
            name_enc: b"m",
        };
        let since: Result<_, StoreError> = transact!(store, |tx, new, now| users::save_payee(tx, new, *now).await);
        since.unwrap()
    };
    assert_eq!(save(one, b"x", at(1)).await, at(1));
    assert_eq!(save(one, b"y", at(2)).await, at(2));
    assert_eq!(save(one, b"x", at(9)).await, at(1), "known since the first time");
    save(two, b"x", at(5)).await;
    let facts =
        async |user: UserId, hmac: &'static [u8]| read!(store, |tx| users::payee_facts(tx, user, "044", hmac).await);
    assert_eq!(facts(one, b"x").await, (1, 1, Some(at(1))));
    assert_eq!(facts(one, b"y").await, (0, 1, Some(at(2))));
    assert_eq!(facts(two, b"y").await, (1, 1, None));
    assert_eq!(facts(UserId::new(3), b"z").await, (0, 0, None));
    let payees = read!(store, |tx| users::payees(tx, one).await);
    assert_eq!(payees.iter().map(|payee| payee.created_at).collect::<Vec<_>>(), [at(1), at(2)], "last used first");
}

pub(crate) async fn marks_on_a_user(store: &Store) {
    let one = user(store, 1).await;
    let freeze = async |reason: Option<&'static str>, id: UserId| -> Result<(), StoreError> {
        transact!(store, |tx, reason, id| users::set_frozen(tx, *id, *reason, at(1)).await)
    };
    freeze(Some("chargeback"), one).await.unwrap();
    assert_eq!(find(store, 1).await.frozen.as_deref(), Some("chargeback"));
    freeze(None, one).await.unwrap();
    assert_eq!(find(store, 1).await.frozen, None);
    assert!(matches!(freeze(None, UserId::new(9)).await, Err(StoreError::Stale)));
    let role = async |role: &'static str| -> Result<(), StoreError> {
        transact!(store, |tx, role| users::set_role(tx, one, role).await)
    };
    role("reply_guy").await.unwrap();
    assert!(matches!(role("king").await, Err(StoreError::Constraint(_))));
    assert_eq!(find(store, 1).await.role, "reply_guy");
    let muted: Result<(), StoreError> = transact!(store, |tx| users::set_mute(tx, one, 2, at(9)).await);
    muted.unwrap();
    assert_eq!(read!(store, |tx| users::mute(tx, one).await), Some((2, at(9))));
    assert_eq!(read!(store, |tx| users::mutes(tx, at(8)).await), [(one, 2, at(9))]);
    assert_eq!(read!(store, |tx| users::mutes(tx, at(9)).await), []);
}
