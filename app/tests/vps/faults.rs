//! Every fault × every call of provisioning, judged by what was really sold: nothing doubled, nothing wrong delivered.

use crate::common::World;
use crate::shop::{on_both, patient};
use domain::vps::VpsState;
use serde_json::{Value, json};
use std::time::Duration;

/// What every order that met this fault may be after an hour of good weather.
async fn judged(world: &mut World, op: &str, kind: &str, more: Value, allowed: &[VpsState]) {
    let user = world.buyer().await;
    let item = store_item(world).await;
    let before = world.sales().await.len();
    world.vps_fault(op, kind, more.clone()).await;
    let id = world.ordered_vps(user, item).await;
    world.settle().await;
    world.mend_vps().await;
    world.run_vps(Duration::from_secs(3_600)).await;
    let (order, sold) = (world.order(id).await, world.sales().await.len() - before);
    assert!(allowed.contains(&order.state), "{op} {kind} {more}: {} {:?}", order.state, order.reason);
    assert!(sold <= 1, "{op} {kind} {more}: sold {sold}");
    let held = world.balance(user, "wallet:held").await;
    match order.state {
        VpsState::Active => assert_eq!((sold, held.as_str()), (1, "0"), "{op} {kind}"),
        VpsState::Unknown => assert!(order.attention.is_some() && held == "12.00", "{op} {kind}"),
        state => assert_eq!((sold, held.as_str()), (0, "12.00"), "{op} {kind} {state}"),
    }
    world.judge_vps(&[id]).await;
}

async fn store_item(world: &World) -> domain::ItemId {
    let key = domain::ipstock::PackageKey::new("5", "103.82.72");
    let found = world.app.store().read(|mut tx| async move { store::ipstock::find_by_key(&mut tx, &key).await });
    match found.await.unwrap() {
        Some(item) => item.id,
        None => world.item("5", "103.82.72").await,
    }
}

const ANY: [VpsState; 2] = [VpsState::Active, VpsState::Unknown];
const DONE: [VpsState; 1] = [VpsState::Active];
const DOUBT: [VpsState; 1] = [VpsState::Unknown];

#[tokio::test]
async fn every_fault_of_a_purchase_ends_in_one_machine_or_a_question() {
    on_both(patient(), async |world| {
        let none = json!({});
        for (kind, more, allowed) in [
            ("down", none.clone(), &DONE[..]),
            ("refuse", none.clone(), &ANY),
            ("reset_before", none.clone(), &DOUBT),
            ("reset_after", none.clone(), &DOUBT),
            ("reset_mid", none.clone(), &DOUBT),
            ("truncated", none.clone(), &DOUBT),
            ("truncated_length", none.clone(), &DOUBT),
            ("html", none.clone(), &DOUBT),
            ("html_before", none.clone(), &DOUBT),
            ("empty", none.clone(), &DOUBT),
            ("wrong_type", none.clone(), &DOUBT),
            ("huge", none.clone(), &DOUBT),
            ("no_id", none.clone(), &DOUBT),
            ("with_error", json!({ "message": "Oops" }), &DOUBT),
            ("wrong_pool", none.clone(), &DOUBT),
            ("status_before", json!({ "status": 403 }), &DOUBT),
            ("status_before", json!({ "status": 500 }), &DOUBT),
            ("status_after", json!({ "status": 502 }), &DOUBT),
            ("status_after", json!({ "status": 400 }), &DOUBT),
            ("reject", json!({ "message": "The moon is full" }), &DOUBT),
            ("reject", json!({ "message": "Package 103.82.72 has no available IPs" }), &DONE),
            ("too_many", json!({ "retry_after": 5 }), &DONE),
            ("plain", none.clone(), &DONE),
            ("delay", json!({ "delay_ms": 30 }), &DONE),
            ("delay_after", json!({ "delay_ms": 30 }), &DONE),
        ] {
            judged(world, "buyvps", kind, more, allowed).await;
        }
        for (message, status) in [("Package 103.82.72 is not active", 200), ("Package 103.82.72 is not active", 400)] {
            let more = json!({ "message": message, "status": status });
            judged(world, "buyvps", "reject", more, &[VpsState::Pending]).await;
        }
        judged(world, "buyvps", "status_before", json!({ "status": 302 }), &[VpsState::Pending]).await;
    })
    .await;
}

#[tokio::test]
async fn a_purchase_that_times_out_after_succeeding_is_not_made_again() {
    let mut settings = patient();
    settings.vps.buy_total = Duration::from_millis(500);
    let mut world = World::shop(None, settings).await;
    for (kind, more) in [
        ("hang", json!({ "acted": true })),
        ("hang", json!({ "acted": false })),
        ("delay_after", json!({ "delay_ms": 1_200 })),
        ("slow_drip", json!({ "delay_ms": 100 })),
    ] {
        judged(&mut world, "buyvps", kind, more, &DOUBT).await;
    }
    let hint = world.buys(domain::VpsId::new(1)).await.remove(0);
    assert_eq!((hint.stock_before, hint.stock_after), (Some(71), Some(70)), "one is gone: a hint");
    assert!(hint.evidence[0].contains("timeout"), "{:?}", hint.evidence);
}

#[tokio::test]
async fn every_fault_of_the_list_and_of_the_status_passes() {
    let mut settings = patient();
    settings.vps.total = Duration::from_millis(600);
    let mut world = World::shop(None, settings).await;
    for op in ["ipstock", "status"] {
        for (kind, more) in [
            ("down", json!({})),
            ("reset_before", json!({})),
            ("reset_mid", json!({})),
            ("hang", json!({})),
            ("truncated", json!({})),
            ("truncated_length", json!({})),
            ("html", json!({})),
            ("empty", json!({})),
            ("wrong_type", json!({})),
            ("hidden", json!({})),
            ("status_before", json!({ "status": 500 })),
            ("status_before", json!({ "status": 403, "op": "status" })),
            ("too_many", json!({ "retry_after": 5 })),
            ("reject", json!({ "message": "Please try later" })),
        ] {
            let times = json!({ "times": if op == "status" { 3 } else { 1 } });
            let mut more = more;
            more.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
            judged(&mut world, op, kind, more, &DONE).await;
        }
    }
    // Counts that are too high, and packages that are not what they say: the purchase itself is still checked.
    world.vps("_packages", json!({ "change": { "5::103.82.72": { "free": 0 } } })).await;
    judged(&mut world, "ipstock", "lie", json!({}), &DOUBT).await;
}
