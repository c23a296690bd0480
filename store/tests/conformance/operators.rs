//! What belongs to operators, and the lease.

use crate::scene::*;
use store::{Store, StoreError, lease, operators};

pub(crate) async fn screen_state_and_presence_are_kept(store: &Store) {
    for value in ["one", "two"] {
        let saved: Result<(), StoreError> =
            transact!(store, |tx, value| operators::save_state(tx, "ada", "tab", value, T0).await);
        saved.unwrap();
    }
    assert_eq!(read!(store, |tx| operators::state(tx, "ada", "tab").await).as_deref(), Some("two"));
    assert_eq!(read!(store, |tx| operators::state(tx, "bob", "tab").await), None);
    let present = async |session: &'static str, object: Option<&'static str>| {
        let done: Result<(), StoreError> =
            transact!(store, |tx, session, object| operators::present(tx, "ada", session, *object, at(5)).await);
        done.unwrap();
    };
    present("s1", Some("withdrawal:1")).await;
    present("s2", Some("withdrawal:1")).await;
    present("s1", Some("withdrawal:2")).await;
    let pairs = |list: &[&str]| list.iter().map(|o| ("ada".to_owned(), (*o).to_owned())).collect::<Vec<_>>();
    let mut seen = read!(store, |tx| operators::presence(tx, T0).await);
    seen.sort();
    assert_eq!(seen, pairs(&["withdrawal:1", "withdrawal:2"]));
    present("s2", None).await;
    assert_eq!(read!(store, |tx| operators::presence(tx, T0).await), pairs(&["withdrawal:2"]));
    assert_eq!(read!(store, |tx| operators::presence(tx, at(5)).await), []);
}

pub(crate) async fn each_owner_of_the_lease_has_an_epoch(store: &Store) {
    assert_eq!(read!(store, |tx| lease::find(tx, "runtime").await), None);
    let take = async |owner: &'static str| -> i64 {
        let taken: Result<i64, StoreError> =
            transact!(store, |tx, owner| lease::take(tx, "runtime", owner, at(1)).await);
        taken.unwrap()
    };
    let seen = async |epoch: i64| -> bool {
        let seen: Result<bool, StoreError> =
            transact!(store, |tx, epoch| lease::seen(tx, "runtime", *epoch, at(9)).await);
        seen.unwrap()
    };
    assert_eq!((take("web1:1").await, seen(1).await), (1, true));
    assert_eq!((take("web1:2").await, seen(1).await, seen(2).await), (2, false, true));
    let row = read!(store, |tx| lease::find(tx, "runtime").await).unwrap();
    assert_eq!((row.epoch, row.owner.as_str(), row.seen_at), (2, "web1:2", at(9)));
}
