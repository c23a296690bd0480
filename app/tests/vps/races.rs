//! Two workers at once: the last address, the same order, many orders of one package.

use crate::common::World;
use crate::shop::{on_both, patient};
use domain::vps::VpsState;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn two_workers_race_for_the_last_address_and_one_gets_it() {
    on_both(patient(), async |world| {
        world.vps("_packages", json!({ "change": { "5::103.82.72": { "free": 1 } } })).await;
        world.vps("_habits", json!({ "buy_ms": 150 })).await;
        let item = world.item("5", "103.82.72").await;
        let (first, second) = (world.buyer().await, world.buyer().await);
        let orders = [world.ordered_vps(first, item).await, world.ordered_vps(second, item).await];
        let (one, two) = (world.app.clone(), world.another(world.app.settings().clone()).await);
        let (a, b) = tokio::join!(one.run_due_jobs(), two.run_due_jobs());
        a.unwrap();
        b.unwrap();
        world.run_vps(Duration::from_secs(60)).await;
        let mut states = [world.vps_state(orders[0]).await, world.vps_state(orders[1]).await];
        states.sort();
        assert!(states[0].has_machine() && states[1] == VpsState::OutOfStock, "{states:?}");
        let sales = world.sales().await;
        assert_eq!((sales.len(), &sales[0]["pool"]), (1, &json!("103.82.72")), "no address of another package");
        world.judge_vps(&orders).await;
    })
    .await;
}

#[tokio::test]
async fn many_orders_of_one_package_are_bought_one_after_the_other() {
    let world = World::shop(None, patient()).await;
    let item = world.item("5", "103.82.72").await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(world.ordered_vps(world.buyer().await, item).await);
    }
    let apps = [world.app.clone(), world.another(world.app.settings().clone()).await, world.app.clone()];
    let runs: Vec<_> = apps.iter().cloned().map(|app| tokio::spawn(async move { app.run_due_jobs().await })).collect();
    for run in runs {
        run.await.unwrap().unwrap();
    }
    world.run_vps(Duration::from_secs(600)).await;
    for id in &orders {
        assert_eq!(world.vps_state(*id).await, VpsState::Active);
    }
    assert_eq!((world.sales().await.len(), world.vps_asked("buyvps").await), (12, 12));
    world.judge_vps(&orders).await;
}
