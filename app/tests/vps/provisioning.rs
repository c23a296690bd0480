//! The way of an order to its machine, and everything that keeps it from one (`smartvps.md` 7).

use crate::common::{World, ada};
use crate::shop::{PRICE, on_both, patient};
use app::vps::{CredentialsError, OrderVps, OrderVpsError};
use domain::switch::Switch;
use domain::vps::{MachineState, VpsState};
use domain::{IdempotencyKey, ItemId, Money, UserId};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_order_becomes_exactly_its_machine_and_its_owner_fetches_the_credentials() {
    on_both(patient(), async |world| {
        let (user, id) = world.one_order().await;
        assert_eq!(
            (world.balance(user, "wallet").await, world.balance(user, "wallet:held").await),
            ("88.00".into(), "12.00".into())
        );
        world.settle().await;
        let order = world.order(id).await;
        assert_eq!((order.state, order.ip.as_deref()), (VpsState::Bought, Some("103.82.72.2")));
        assert_eq!(world.balance(user, "wallet:held").await, "0");
        let machine = world.machine_of(id).await;
        assert_eq!((machine.state, machine.password.is_none()), (MachineState::Building, true));
        let early = world.app.vps_credentials(user, machine.id, world.now()).await;
        assert!(matches!(early, Err(CredentialsError::NotYet)), "{early:?}");
        world.run_vps(Duration::from_secs(20)).await;
        assert_eq!(world.vps_state(id).await, VpsState::AwaitingCredentials);
        world.run_vps(Duration::from_secs(120)).await;
        assert_eq!(world.vps_state(id).await, VpsState::Active);
        let machine = world.machine_of(id).await;
        assert_eq!((machine.state, machine.gb), (MachineState::Running, 8));
        assert!(machine.expires_at.is_some());
        let given = world.app.vps_credentials(user, machine.id, world.now()).await.unwrap();
        let sold = &world.vps_record().await["machines"][0];
        assert_eq!((given.ip.as_str(), given.username.as_str()), ("103.82.72.2", "Administrator"));
        assert_eq!(json!(given.password.expose()), sold["password"]);
        // Neither rows nor messages hold it in clear.
        let sealed = machine.password.clone().unwrap();
        assert!(!sealed.windows(6).any(|part| given.password.expose().as_bytes().starts_with(part)));
        assert!(!format!("{machine:?} {given:?}").contains(given.password.expose()));
        let stranger = world.app.vps_credentials(UserId::new(1), machine.id, world.now()).await;
        assert!(matches!(stranger, Err(CredentialsError::NotFound)));
        assert_eq!(world.machine_of(id).await.shown, 1);
        assert!(world.notices().await.contains(&"vps".to_owned()));
        assert_eq!((world.vps_asked("buyvps").await, world.sales().await.len()), (1, 1));
        world.judge_vps(&[id]).await;
    })
    .await;
}

#[tokio::test]
async fn an_order_is_refused_before_anything_changes() {
    let world = World::shop(None, patient()).await;
    let (user, item) = (world.buyer().await, world.item("5", "103.82.72").await);
    let good = world.wants(user, item);
    let poor = world.user(5, domain::ledger::Purse::Wallet, "11.99").await;
    let odd = world.item("77", "Diamond 3.1GHz").await;
    for (wrong, why) in [
        (OrderVps { item: ItemId::new(99), ..good.clone() }, "NotSold"),
        (OrderVps { item: odd, ..good.clone() }, "NotSold"),
        (OrderVps { memory: "8 GB".into(), ..good.clone() }, "UnknownMemory"),
        (OrderVps { memory: "16GB".into(), ..good.clone() }, "UnknownMemory"),
        (OrderVps { price: Money::usd_minor(1), ..good.clone() }, "PriceChanged"),
        (OrderVps { user: poor, ..good.clone() }, "Insufficient"),
        (OrderVps { user: UserId::new(404), ..good.clone() }, "NoUser"),
    ] {
        let refused = world.app.order_vps(&wrong, world.now()).await.unwrap_err();
        assert!(format!("{refused:?}").starts_with(why), "{why}: {refused:?}");
    }
    world.raw("update ipstock_item set user_limit = 1 where id = 1").await;
    let first = world.app.order_vps(&good, world.now()).await.unwrap();
    let again = world.app.order_vps(&good, world.now()).await.unwrap();
    assert_eq!((again.id, again.replayed, first.replayed), (first.id, true, false));
    let other = OrderVps { memory: "4GB".into(), ..good.clone() };
    assert!(matches!(world.app.order_vps(&other, world.now()).await, Err(OrderVpsError::KeyReused(_))));
    let second = OrderVps { key: IdempotencyKey::new("btn:2").unwrap(), ..good };
    assert!(matches!(world.app.order_vps(&second, world.now()).await, Err(OrderVpsError::Limit(1))));
    assert_eq!(world.balance(user, "wallet").await, "88.00");
    world.raw("update ipstock_item set visible = 0").await;
    let hidden = world.wants(poor, item);
    assert!(matches!(world.app.order_vps(&hidden, world.now()).await, Err(OrderVpsError::NotSold(_))));
    world.sound().await;
    assert_eq!(world.sales().await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_bought_says_so_in_the_documents_sentences_and_keeps_the_money_held() {
    let table = [
        (
            json!({ "remove": ["123::103.195.160.2"] }),
            VpsState::Pending,
            "gone",
            "Package (PID: 123, Name: 103.195.160.2) no longer available in SmartVPS API. Customer ordered product that \
             is now unavailable.",
        ),
        (
            json!({ "change": { "123::103.195.160.2": { "status": "suspended" } } }),
            VpsState::Pending,
            "inactive",
            "Package \"103.195.160.2\" (PID: 123) is not active. Status: suspended",
        ),
        (
            json!({ "change": { "123::103.195.160.2": { "free": 0 } } }),
            VpsState::OutOfStock,
            "out_of_stock",
            "Package \"103.195.160.2\" (PID: 123) has no available IPs. IPv4 count: 0",
        ),
        // The same name under another id, and the same id under another name, are other packages.
        (
            json!({ "set": [{ "id": "124", "name": "103.195.160.2" }, { "id": "123", "name": "103.195.160" }] }),
            VpsState::Pending,
            "gone",
            "Package (PID: 123, Name: 103.195.160.2) no longer available in SmartVPS API. Customer ordered product that \
             is now unavailable.",
        ),
        (
            json!({ "add": [{ "id": "9001", "name": "103.195.160.2" }] }),
            VpsState::Pending,
            "configuration",
            "\"103.195.160.2\" is also sold under PID 9001: a purchase cannot say which",
        ),
    ];
    let world = World::shop(None, patient()).await;
    let item = world.item("123", "103.195.160.2").await;
    for (packages, state, class, why) in table {
        world.vps("_packages", json!({ "restore": true })).await;
        world.vps("_packages", packages).await;
        let user = world.buyer().await;
        let id = world.ordered_vps(user, item).await;
        world.settle().await;
        let order = world.order(id).await;
        assert_eq!((order.state, order.class.as_deref(), order.reason.as_deref()), (state, Some(class), Some(why)));
        assert_eq!(order.attention.is_some(), state == VpsState::Pending, "{class}");
        assert_eq!(world.balance(user, "wallet:held").await, "12.00");
        // Nothing that waits for a person goes on by itself; the person gives the money back.
        world.vps("_packages", json!({ "restore": true })).await;
        if state == VpsState::Pending {
            world.run_vps(Duration::from_secs(3_600)).await;
            assert_eq!(world.vps_state(id).await, VpsState::Pending);
        }
        world.app.refund_vps(&ada(), id, None, "not sold any more", &world.op(), world.now()).await.unwrap();
        assert_eq!(
            (world.vps_state(id).await, world.balance(user, "wallet").await),
            (VpsState::Failed, "100.00".into())
        );
        world.sound().await;
    }
    assert_eq!(world.sales().await.len(), 0);
}

#[tokio::test]
async fn an_order_waits_for_stock_and_then_for_an_operator() {
    let world = World::shop(None, patient()).await;
    let empty = json!({ "change": { "5::103.82.72": { "free": 0 } } });
    world.vps("_packages", empty.clone()).await;
    let (user, id) = world.one_order().await;
    world.run_vps(Duration::from_secs(600)).await;
    assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::OutOfStock, 0));
    world.vps("_packages", json!({ "change": { "5::103.82.72": { "free": 1 } } })).await;
    world.run_vps(Duration::from_secs(180)).await;
    assert!(world.vps_state(id).await.has_machine());
    world.vps("_packages", empty).await;
    let item = world.order(id).await.item;
    let late = world.ordered_vps(user, item).await;
    world.run_vps(Duration::from_secs(25 * 3_600)).await;
    let order = world.order(late).await;
    assert_eq!((order.state, order.attention.as_deref()), (VpsState::OutOfStock, Some("out_of_stock")));
    world.vps("_packages", json!({ "restore": true })).await;
    world.run_vps(Duration::from_secs(3_600)).await;
    assert_eq!(world.vps_state(late).await, VpsState::OutOfStock, "a person decides now");
    world.app.provision_vps(&ada(), late, None, "it is back", &world.op(), world.now()).await.unwrap();
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!(world.vps_state(late).await, VpsState::Active);
    assert_eq!(world.sales().await.len(), 2);
    world.judge_vps(&[id, late]).await;
}

#[tokio::test]
async fn a_package_that_runs_dry_between_check_and_purchase_parks_the_order_with_the_wrong_machine_as_stock() {
    on_both(patient(), async |world| {
        world.vps("_packages", json!({ "change": { "12::103.181.91": { "dries": true } } })).await;
        let (user, item) = (world.buyer().await, world.item("12", "103.181.91").await);
        let id = world.ordered_vps(user, item).await;
        world.run_vps(Duration::from_secs(3_600)).await;
        let order = world.order(id).await;
        assert_eq!((order.state, order.attention.as_deref()), (VpsState::Unknown, Some("wrong_address")));
        let buys = world.buys(id).await;
        assert_eq!((buys[0].state.word(), buys[0].ip.as_deref()), ("wrong_ip", Some("103.82.72.2")));
        assert_eq!((world.balance(user, "wallet:held").await, world.sales().await.len()), ("12.00".into(), 1));
        assert!(world.app.machines_of_user(user, 10).await.unwrap().is_empty());
        let provision = world.app.provision_vps(&ada(), id, None, "again", &world.op(), world.now()).await;
        assert!(provision.is_err(), "nothing is bought again without a ruling");
        world.vps("_packages", json!({ "restore": true })).await;
        world.ruled_not_bought(id, false).await;
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!((world.vps_state(id).await, world.sales().await.len()), (VpsState::Active, 2));
        world.judge_vps(&[id]).await;
    })
    .await;
}

#[tokio::test]
async fn switches_and_refused_credentials_stop_purchases_and_an_operator_resumes_them() {
    let world = World::shop(None, patient()).await;
    let (user, id) = world.one_order().await;
    world.app.set_switch(&ada(), Switch::Vps, true, "maintenance", world.now()).await.unwrap();
    let closed = world.app.order_vps(&world.wants(user, ItemId::new(1)), world.now()).await;
    assert!(matches!(closed, Err(OrderVpsError::Closed(_))));
    world.run_vps(Duration::from_secs(60)).await;
    assert_eq!((world.vps_state(id).await, world.vps_asked("ipstock").await), (VpsState::Pending, 0));
    world.app.set_switch(&ada(), Switch::Vps, false, "over", world.now()).await.unwrap();
    for op in ["ipstock", "buyvps"] {
        world.vps_fault(op, "status_before", json!({ "status": 401 })).await;
        world.run_vps(Duration::from_secs(120)).await;
        let order = world.order(id).await;
        assert_eq!((order.state, order.class.as_deref()), (VpsState::Pending, Some("auth")), "{op}");
        let paused = world.app.switches().await.unwrap().into_iter().any(|row| row.switch == Switch::Vps && row.paused);
        assert!(paused, "{op}");
        world.app.set_switch(&ada(), Switch::Vps, false, "the password is right now", world.now()).await.unwrap();
    }
    world.vps_fault("buyvps", "too_many", json!({ "retry_after": 120 })).await;
    world.run_vps(Duration::from_secs(60)).await;
    assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::Pending, 2));
    world.run_vps(Duration::from_secs(300)).await;
    assert_eq!((world.vps_state(id).await, world.sales().await.len()), (VpsState::Active, 1));
    world.judge_vps(&[id]).await;
    assert_eq!(PRICE, world.order(id).await.price);
}

#[tokio::test]
async fn a_machine_without_a_password_is_asked_again_and_then_shown_to_an_operator() {
    let world = World::shop(None, patient()).await;
    world.vps_fault("buyvps", "stuck", json!({})).await;
    let (user, id) = world.one_order().await;
    world.run_vps(Duration::from_secs(3_600)).await;
    let order = world.order(id).await;
    assert_eq!((order.state, order.attention.as_deref()), (VpsState::AwaitingCredentials, Some("credentials")));
    assert!(order.polls > 10, "{}", order.polls);
    world.vps("_machines", json!({ "ip": "103.82.72.2", "ready_at": 0 })).await;
    world.run_vps(Duration::from_secs(1_200)).await;
    let order = world.order(id).await;
    assert_eq!((order.state, order.attention), (VpsState::Active, None));
    assert_eq!(world.balance(user, "wallet").await, "88.00");
    world.judge_vps(&[id]).await;
}
