//! The process ends at every step of a purchase, or a worker comes back too late: nothing is lost, nothing doubled.

use crate::common::World;
use crate::shop::{on_both, patient};
use domain::VpsId;
use domain::vps::VpsState;
use serde_json::json;
use std::time::Duration;

/// Runs due jobs in a process of its own that dies while the stand-in answers nothing to `op`.
async fn dies_during(world: &World, op: &str) {
    let app = world.app.clone();
    let dying = std::thread::spawn(move || {
        // Dropping the runtime ends every task of it where it stands, as the end of a process does.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = tokio::time::timeout(Duration::from_millis(700), app.run_due_jobs()).await;
        });
    });
    world.vps_hears(op, 1).await;
    tokio::task::spawn_blocking(move || dying.join()).await.unwrap().unwrap();
}

async fn back(world: &mut World) {
    world.restart().await;
    world.app.recover(world.now()).await.unwrap();
    world.sound().await;
}

#[tokio::test]
async fn a_death_during_the_purchase_leaves_a_question_and_never_a_second_purchase() {
    for acted in [true, false] {
        on_both(patient(), async |world| {
            world.vps_fault("buyvps", "hang", json!({ "acted": acted })).await;
            let (user, id) = world.one_order().await;
            dies_during(world, "buyvps").await;
            // Connections of the dead runtime are of no use to anybody.
            world.restart().await;
            assert_eq!(world.vps_state(id).await, VpsState::Buying, "the mark was durable before the call");
            back(world).await;
            let order = world.order(id).await;
            assert_eq!((order.state, order.attention.as_deref()), (VpsState::Unknown, Some("unknown")));
            world.mend_vps().await;
            world.run_vps(Duration::from_secs(3_600)).await;
            assert_eq!((world.vps_asked("buyvps").await, world.sales().await.len()), (1, usize::from(acted)));
            assert_eq!(world.balance(user, "wallet:held").await, "12.00");
            world.judge_vps(&[id]).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_death_while_the_list_is_read_loses_nothing() {
    let mut world = World::shop(None, patient()).await;
    world.vps_fault("ipstock", "hang", json!({})).await;
    let (_, id) = world.one_order().await;
    dies_during(&world, "ipstock").await;
    assert_eq!(world.vps_state(id).await, VpsState::Claimed);
    back(&mut world).await;
    assert_eq!(world.vps_state(id).await, VpsState::Pending);
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!((world.vps_state(id).await, world.sales().await.len()), (VpsState::Active, 1));
    world.judge_vps(&[id]).await;
}

#[tokio::test]
async fn a_death_after_the_purchase_resumes_with_the_credentials() {
    let mut world = World::shop(None, patient()).await;
    let (_, id) = world.one_order().await;
    world.settle().await;
    assert_eq!(world.vps_state(id).await, VpsState::Bought);
    world.raw("delete from job where kind = 'vps.credentials'").await;
    back(&mut world).await;
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::Active, 1));
    world.judge_vps(&[id]).await;
}

#[tokio::test]
async fn a_death_between_the_mark_and_the_call_leaves_a_question() {
    let mut world = World::shop(None, patient()).await;
    let (_, id) = world.one_order().await;
    marked(&world, id).await;
    back(&mut world).await;
    world.run_vps(Duration::from_secs(600)).await;
    assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::Unknown, 0));
    world.ruled_not_bought(id, false).await;
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!((world.vps_state(id).await, world.sales().await.len()), (VpsState::Active, 1));
    world.judge_vps(&[id]).await;
}

/// As the mark leaves the rows; no byte has left.
async fn marked(world: &World, id: VpsId) {
    let (until, now) = (world.now().plus(Duration::from_secs(60)).micros(), world.now().micros());
    for sql in [
        format!("update vps_order set state = 'buying', fence = 1, lease_until = {until} where id = {id}"),
        format!(
            "insert into vps_buy (order_id, n, pid, name, gb, state, stock_before, stock_before_at, fence, lease_until, \
             correlation, sending_at) select id, 1, pid, name, gb, 'sending', 71, {now}, 1, {until}, 'c', {now} \
             from vps_order where id = {id}"
        ),
        "update job set state = 'running', owner = 'gone', fence = 1, lease_until = 1 where kind = 'vps.provision'"
            .to_owned(),
    ] {
        world.raw(&sql).await;
    }
}

#[tokio::test]
async fn a_worker_that_comes_back_after_its_lease_resolves_the_doubt() {
    on_both(patient(), async |world| {
        world.vps_fault("buyvps", "delay_after", json!({ "delay_ms": 600 })).await;
        let (_, id) = world.one_order().await;
        let app = world.app.clone();
        let late = tokio::spawn(async move { app.run_due_jobs().await });
        world.vps_hears("buyvps", 1).await;
        // Another process takes the lead and finds the purchase without an owner that it knows.
        let other = world.another(world.app.settings().clone()).await;
        other.recover(world.now()).await.unwrap();
        assert_eq!(world.vps_state(id).await, VpsState::Unknown);
        late.await.unwrap().unwrap();
        let order = world.order(id).await;
        assert_eq!((order.state, order.attention), (VpsState::Bought, None));
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::Active, 1));
        world.judge_vps(&[id]).await;
    })
    .await;
}
