//! Balances: read on a schedule, low once per dip, and what wakes a provider that ran out of funds.

use crate::*;
use domain::smm::ProviderState;
use std::time::Duration;
use store::StoreError;
use store::providers::{self, Rest};

async fn balance(world: &World, amount: &str) {
    control(world, FLARE, "_balance", json!({ "balance": amount })).await;
    world.pass(Duration::from_secs(301));
    world.settle().await;
}

/// The provider ran out of funds for something that costs `needed`.
async fn rest(world: &World, needed: &str) {
    let id = row(world, FLARE).await.id;
    let now = world.now();
    let rested: Result<bool, StoreError> = world
        .app
        .store()
        .write(|mut tx| async move {
            let rest = Rest { reason: "insufficient_funds", until: None, needed: Some(needed) };
            providers::rest(&mut tx, id, &rest, now).await
        })
        .await;
    assert!(rested.unwrap());
}

#[tokio::test]
async fn a_low_balance_is_told_once_per_dip() {
    on_both(async |world| {
        world.arm().await;
        balance(world, "12.5").await;
        let line = row(world, FLARE).await;
        assert_eq!((line.balance.clone(), line.balance_low), (Some(("12.5".into(), "USD".into())), false));
        assert_eq!(line.balance_at, Some(world.now()));
        let mut told = 0;
        for (amount, low, news) in
            [("5", true, 1), ("4.2", true, 0), ("0.92", true, 0), ("5.01", false, 0), ("3", true, 1), ("80", false, 0)]
        {
            balance(world, amount).await;
            assert_eq!(row(world, FLARE).await.balance_low, low, "{amount}");
            told += news;
            let alarms = alarms(world, "funds").await;
            assert_eq!(alarms.len(), told, "{amount}: {alarms:?}");
        }
        let alarms = alarms(world, "funds").await;
        assert!(alarms[0].1.contains("smmflare holds 5 USD"), "{alarms:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_low_balance_is_told_after_a_restart_only_if_it_is_news() {
    let mut world = world().await;
    world.arm().await;
    balance(&world, "1").await;
    world.restart().await;
    balance(&world, "1").await;
    assert_eq!(alarms(&world, "funds").await.len(), 1);
}

#[tokio::test]
async fn a_provider_without_funds_wakes_when_they_are_enough() {
    on_both(async |world| {
        world.arm().await;
        balance(world, "100").await;
        rest(world, "12").await;
        let rests = async || row(world, FLARE).await.rest.map(|(why, until)| (why, until.is_none()));
        for amount in ["3", "6", "11.99"] {
            balance(world, amount).await;
            assert_eq!(rests().await, Some(("insufficient_funds".into(), true)), "{amount}");
        }
        balance(world, "12").await;
        assert_eq!(rests().await, None);
        // A test by hand is a reading too.
        rest(world, "0.1").await;
        assert!(world.app.test_provider(&ada(), FLARE, world.now()).await.unwrap().ok);
        assert_eq!(rests().await, None);
    })
    .await;
}

#[tokio::test]
async fn who_takes_no_orders_is_read_in_maintenance_only_and_a_failure_keeps_what_was_known() {
    let world = world().await;
    world.arm().await;
    balance(&world, "50").await;
    let set = async |state| {
        world.app.set_provider_state(&ada(), FLARE, None, state, "a test", &op(&world), world.now()).await.unwrap();
    };
    set(ProviderState::Maintenance).await;
    balance(&world, "51").await;
    assert_eq!(row(&world, FLARE).await.balance.unwrap().0, "51");
    set(ProviderState::Disabled).await;
    balance(&world, "52").await;
    assert_eq!(row(&world, FLARE).await.balance.unwrap().0, "51");
    set(ProviderState::Enabled).await;
    fault(&world, json!({ "op": "balance", "fault": "html_before" })).await;
    balance(&world, "53").await;
    assert_eq!(row(&world, FLARE).await.balance.unwrap().0, "51");
    assert_eq!(breaker(&world, CallClass::Balance).await.consecutive, 1);
}

#[tokio::test]
async fn a_balance_in_another_currency_is_told_and_not_called_low() {
    let world = world().await;
    world.arm().await;
    control(&world, FLARE, "_panel", json!({ "currency": "UZS" })).await;
    balance(&world, "4").await;
    balance(&world, "3").await;
    assert!(!row(&world, FLARE).await.balance_low);
    let told = alarms(&world, "provider").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("UZS"), "{told:?}");
}
