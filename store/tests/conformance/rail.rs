//! The rail, switches, settings, webhooks.

use crate::scene::*;
use domain::Timestamp;
use domain::switch::Switch;
use store::{Store, StoreError, rail, webhooks};

pub(crate) async fn the_rail_tells_what_changed(store: &Store) {
    let set = async |state: &'static str, reason: &'static str, until: Option<Timestamp>| -> bool {
        let set: Result<bool, StoreError> =
            transact!(store, |tx, state, reason, until| rail::set_rail(tx, "flw", state, reason, *until, T0).await);
        set.unwrap()
    };
    assert_eq!(read!(store, |tx| rail::rail(tx, "flw").await).state, "ok");
    assert!(set("paused", "float", None).await);
    assert!(!set("paused", "float", None).await);
    assert!(set("paused", "float", Some(at(5))).await);
    assert!(set("paused", "float", None).await);
    assert!(set("ok", "", None).await);
    let floated: Result<(), StoreError> = transact!(store, |tx| rail::set_float(tx, "flw", ngn(500), at(7)).await);
    floated.unwrap();
    let now = read!(store, |tx| rail::rail(tx, "flw").await);
    assert_eq!((now.state.as_str(), now.float, now.float_at), ("ok", Some(ngn(500)), Some(at(7))));
}

pub(crate) async fn switches_are_thrown_and_seen(store: &Store) {
    let throw = async |paused: bool| -> bool {
        let thrown: Result<bool, StoreError> =
            transact!(store, |tx, paused| rail::set_switch(tx, Switch::Withdrawals, *paused, "why", "ada", at(1))
                .await);
        thrown.unwrap()
    };
    assert_eq!(read!(store, |tx| rail::paused(tx, Switch::Withdrawals).await), None);
    assert!(throw(true).await);
    assert!(!throw(true).await);
    assert_eq!(read!(store, |tx| rail::paused(tx, Switch::Withdrawals).await).as_deref(), Some("why"));
    assert_eq!(read!(store, |tx| rail::paused(tx, Switch::Payments).await), None);
    let all = read!(store, |tx| rail::switches(tx).await);
    assert_eq!(all.iter().map(|row| row.paused).collect::<Vec<_>>(), [true, false, false, false]);
    assert!(throw(false).await);
    assert_eq!(read!(store, |tx| rail::paused(tx, Switch::Withdrawals).await), None);
}

pub(crate) async fn settings_are_kept(store: &Store) {
    let or = async |value: &'static str| -> String {
        let kept: Result<String, StoreError> =
            transact!(store, |tx, value| rail::setting_or(tx, "salt", value, T0).await);
        kept.unwrap()
    };
    assert_eq!((or("first").await, or("second").await), ("first".to_owned(), "first".to_owned()));
    let set: Result<(), StoreError> = transact!(store, |tx| rail::set_setting(tx, "salt", "third", "ada", T0).await);
    set.unwrap();
    assert_eq!(read!(store, |tx| rail::setting(tx, "salt").await).as_deref(), Some("third"));
    assert_eq!(read!(store, |tx| rail::setting(tx, "none").await), None);
}

pub(crate) async fn webhooks_are_kept_once(store: &Store) {
    let keep = async |key: &'static str| -> bool {
        let kept: Result<bool, StoreError> =
            transact!(store, |tx, key| webhooks::insert(tx, key, "flutterwave", &[0, 255], at(1)).await);
        kept.unwrap()
    };
    assert_eq!((keep("a").await, keep("a").await, keep("b").await), (true, false, true));
    assert_eq!(read!(store, |tx| webhooks::count(tx, T0).await), 2);
    assert_eq!(read!(store, |tx| webhooks::count(tx, at(1)).await), 0);
}
