//! What people decide of an order in doubt, and of one that was bought.

use crate::common::{World, actor, ada, ben};
use crate::shop::{on_both, patient};
use app::command::ActError;
use app::vps::{Assign, VpsRuling};
use domain::operator::{Actor, Role};
use domain::vps::VpsState;
use domain::{UserId, VpsId};
use serde_json::json;
use std::time::Duration;

/// An order whose purchase was lost after it had succeeded.
async fn doubtful(world: &World) -> (UserId, VpsId) {
    world.vps_fault("buyvps", "reset_after", json!({})).await;
    let (user, id) = world.one_order().await;
    world.settle().await;
    assert_eq!((world.vps_state(id).await, world.sales().await.len()), (VpsState::Unknown, 1));
    (user, id)
}

#[tokio::test]
async fn a_lost_purchase_that_was_made_is_ruled_bought_with_its_address() {
    on_both(patient(), async |world| {
        let (user, id) = doubtful(world).await;
        let rule = async |ip: &str, op: &str| {
            let ruling = VpsRuling::Bought { ip: ip.parse().unwrap() };
            world.app.rule_vps(&ada(), id, None, ruling, "it is in the panel", op, world.now()).await
        };
        for wrong in ["103.82.7.2", "103.182.44.2", "103.82.72.99"] {
            assert!(matches!(rule(wrong, "op-w").await, Err(ActError::Refused(_))), "{wrong}");
        }
        let acted = rule("103.82.72.2", "op-1").await.unwrap();
        assert!(!acted.repeated && rule("103.82.72.2", "op-1").await.unwrap().repeated);
        assert!(rule("103.82.72.2", "op-2").await.is_err(), "it is bought already");
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!((world.vps_state(id).await, world.vps_asked("buyvps").await), (VpsState::Active, 1));
        assert_eq!(world.balance(user, "wallet").await, "88.00");
        world.judge_vps(&[id]).await;
    })
    .await;
}

#[tokio::test]
async fn not_bought_needs_two_names_and_then_the_money_comes_back() {
    let world = World::shop(None, patient()).await;
    let (user, id) = doubtful(&world).await;
    let not = VpsRuling::NotBought { refund: true };
    let operator = actor("carl", Role::Operator);
    let refused = world.app.rule_vps(&operator, id, None, not, "no", "op-0", world.now()).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))));
    let stale = world.app.rule_vps(&ada(), id, Some(1), not, "no", "op-1", world.now()).await;
    assert!(matches!(stale, Err(ActError::Changed { .. })));
    let reasonless = world.app.rule_vps(&ada(), id, None, not, " ", "op-1", world.now()).await;
    assert!(matches!(reasonless, Err(ActError::ReasonMissing)));
    let acted = world.app.rule_vps(&ada(), id, None, not, "nothing there", "op-1", world.now()).await.unwrap();
    assert_eq!(world.vps_state(id).await, VpsState::Unknown, "one name is not enough");
    let case = world.app.cases(true).await.unwrap().into_iter().find(|row| Some(row.id) == acted.case).unwrap();
    assert!(world.app.sign_case(&ada(), case.id, case.version, world.now()).await.is_err(), "her own signature");
    world.app.sign_case(&ben(), case.id, case.version, world.now()).await.unwrap();
    assert_eq!((world.vps_state(id).await, world.balance(user, "wallet").await), (VpsState::Failed, "100.00".into()));
    world.run_vps(Duration::from_secs(600)).await;
    assert_eq!(world.vps_asked("buyvps").await, 1);
    world.judge_vps(&[id]).await;
}

#[tokio::test]
async fn a_delivered_machine_that_is_refunded_belongs_to_nobody() {
    on_both(patient(), async |world| {
        let (user, id) = world.one_order().await;
        world.run_vps(Duration::from_secs(300)).await;
        let machine = world.machine_of(id).await.id;
        world.app.refund_vps(&ada(), id, None, "it was broken", "op-1", world.now()).await.unwrap();
        assert!(world.app.refund_vps(&ada(), id, None, "again", "op-1", world.now()).await.unwrap().repeated);
        assert!(world.app.refund_vps(&ada(), id, None, "again", "op-2", world.now()).await.is_err());
        assert_eq!(
            (world.vps_state(id).await, world.balance(user, "wallet").await),
            (VpsState::Refunded, "100.00".into())
        );
        let row = world.app.machine(machine).await.unwrap().unwrap();
        assert_eq!((row.user, row.attention.as_deref()), (None, Some("unassigned")));
        assert!(world.app.vps_credentials(user, machine, world.now()).await.is_err());
        world.judge_vps(&[id]).await;
    })
    .await;
}

/// An order whose purchase brought a machine of another package, which is in stock now; and one of that package by
/// another user, who waits for an address.
async fn stock_and_waiting(world: &World) -> (domain::MachineId, VpsId, UserId, VpsId) {
    world.vps("_packages", json!({ "change": { "12::103.181.91": { "dries": true } } })).await;
    let (user, dry) = (world.buyer().await, world.item("12", "103.181.91").await);
    let wrong = world.ordered_vps(user, dry).await;
    world.run_vps(Duration::from_secs(120)).await;
    assert_eq!(world.vps_state(wrong).await, VpsState::Unknown);
    let ip = world.buys(wrong).await[0].ip.clone().unwrap();
    let stock = world.machine_at(&ip).await;
    assert_eq!((stock.user, stock.attention.as_deref()), (None, Some("unassigned")));
    world.vps("_packages", json!({ "change": { "5::103.82.72": { "free": 0 } } })).await;
    let (waits, order) = world.one_order().await;
    world.run_vps(Duration::from_secs(120)).await;
    assert_eq!(world.vps_state(order).await, VpsState::OutOfStock);
    (stock.id, wrong, waits, order)
}

#[tokio::test]
async fn a_machine_in_stock_becomes_the_order_that_waits_for_its_package() {
    on_both(patient(), async |world| {
        let (machine, wrong, user, order) = stock_and_waiting(world).await;
        let sold = world.sales().await.len();
        let ask = Assign { machine, machine_version: None, order, order_version: None };
        let fits = world.app.machine_detail(machine).await.unwrap().unwrap().fits;
        assert_eq!(fits.iter().map(|row| row.id).collect::<Vec<_>>(), [order], "and not the one it was bought for");
        let assign =
            async |op: &str| world.app.assign_machine(&ada(), &ask, "it is in the panel", op, world.now()).await;
        let acted = assign("op-1").await.unwrap();
        assert!(!acted.repeated && assign("op-1").await.unwrap().repeated);
        assert!(matches!(assign("op-2").await, Err(ActError::Refused(_))), "it is somebody's now");
        assert_eq!(
            (world.balance(user, "wallet").await, world.balance(user, "wallet:held").await),
            ("88.00".into(), "0".into())
        );
        world.run_vps(Duration::from_secs(300)).await;
        assert_eq!(
            (world.vps_state(order).await, world.sales().await.len()),
            (VpsState::Active, sold),
            "nothing was bought"
        );
        let row = world.machine_of(order).await;
        assert_eq!((row.id, row.user, row.order, row.attention), (machine, Some(user), Some(order), None));
        assert_eq!(row.package.name, "103.82.72");
        assert_eq!(world.buys(order).await.last().unwrap().state.word(), "ruled_bought");
        let login = world.app.vps_credentials(user, machine, world.now()).await.unwrap();
        assert!(!login.password.expose().is_empty());
        // The order that it was bought for still needs its own ruling, and gets its money back.
        assert_eq!(world.vps_state(wrong).await, VpsState::Unknown);
        world.ruled_not_bought(wrong, true).await;
        assert_eq!(world.vps_state(wrong).await, VpsState::Failed);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_machine_is_given_to_nobody_else() {
    let world = World::shop(None, patient()).await;
    let (machine, wrong, user, order) = stock_and_waiting(&world).await;
    let before = (world.order(order).await, world.app.machine(machine).await.unwrap().unwrap());
    let plain = Assign { machine, machine_version: None, order, order_version: None };
    let assign = async |by: &Actor, ask: &Assign, why: &str| {
        world.app.assign_machine(by, ask, why, &world.op(), world.now()).await
    };
    let operator = actor("carl", Role::Operator);
    assert!(matches!(assign(&operator, &plain, "why").await, Err(ActError::NotAllowed(_))));
    assert!(matches!(assign(&ada(), &plain, " ").await, Err(ActError::ReasonMissing)));
    let stale = Assign { order_version: Some(before.0.version - 1), ..plain };
    assert!(matches!(assign(&ada(), &stale, "why").await, Err(ActError::Changed { .. })));
    let stale = Assign { machine_version: Some(before.1.version - 1), ..plain };
    assert!(matches!(assign(&ada(), &stale, "why").await, Err(ActError::Changed { .. })));
    let missing = Assign { machine: domain::MachineId::new(99_999), ..plain };
    assert!(matches!(assign(&ada(), &missing, "why").await, Err(ActError::NotFound(_))));
    let missing = Assign { order: VpsId::new(99_999), ..plain };
    assert!(matches!(assign(&ada(), &missing, "why").await, Err(ActError::NotFound(_))));
    let refused = async |ask: &Assign, words: &str| match assign(&ada(), ask, "why").await {
        Err(ActError::Refused(why)) => assert!(why.contains(words), "{why}"),
        other => panic!("{words}: {other:?}"),
    };
    // The one that it was bought for is in doubt; and its address is not that package's.
    refused(&Assign { order: wrong, ..plain }, "in doubt").await;
    // A look-alike's address is not the package's.
    let alike = world.item("9", "103.82.7").await;
    world.vps("_packages", json!({ "change": { "9::103.82.7": { "free": 0 } } })).await;
    let other = world.ordered_vps(world.buyer().await, alike).await;
    refused(&Assign { order: other, ..plain }, "outside 103.82.7").await;
    // Another memory is another thing.
    let small = app::vps::OrderVps { memory: "4GB".to_owned(), ..world.wants(user, before.0.item) };
    let small = world.app.order_vps(&small, world.now()).await.unwrap().id;
    refused(&Assign { order: small, ..plain }, "4 GB").await;
    // The provider has to know it.
    world.vps_fault("status", "down", json!({})).await;
    let unknown = assign(&ada(), &plain, "why").await;
    assert!(matches!(unknown, Err(ActError::Refused(_) | ActError::Unreachable(_))), "{unknown:?}");
    world.mend_vps().await;
    // What is done to it is waited for.
    let ask = app::vps::ActOnMachine {
        machine,
        kind: domain::vps::ActionKind::Stop,
        os: None,
        key: domain::IdempotencyKey::new("op:busy").unwrap(),
    };
    if world.app.act_on_machine_as(&ada(), &ask, None, "why", world.now()).await.is_ok() {
        refused(&plain, "still going on").await;
    }
    // Nothing of all that moved anything.
    let after = (world.order(order).await, world.app.machine(machine).await.unwrap().unwrap());
    assert_eq!((after.0.state, after.0.machine, after.1.user, after.1.order), (VpsState::OutOfStock, None, None, None));
    assert_eq!(world.balance(user, "wallet:held").await, "24.00", "both orders hold their price");
    world.sound().await;
}

#[tokio::test]
async fn a_machine_that_was_somebodys_is_given_to_nobody() {
    let world = World::shop(None, patient()).await;
    let (_, id) = world.one_order().await;
    world.run_vps(Duration::from_secs(300)).await;
    let machine = world.machine_of(id).await.id;
    world.vps("_packages", json!({ "change": { "5::103.82.72": { "free": 0 } } })).await;
    let order = world.ordered_vps(world.buyer().await, world.order(id).await.item).await;
    world.run_vps(Duration::from_secs(60)).await;
    let ask = Assign { machine, machine_version: None, order, order_version: None };
    let assign = async |op: &str| world.app.assign_machine(&ada(), &ask, "why", op, world.now()).await;
    assert!(matches!(assign("op-1").await, Err(ActError::Refused(why)) if why.contains("is user")));
    world.app.refund_vps(&ada(), id, None, "it was broken", "op-2", world.now()).await.unwrap();
    assert!(matches!(assign("op-3").await, Err(ActError::Refused(why)) if why.contains("password was shown")));
    assert!(world.app.machine_detail(machine).await.unwrap().unwrap().fits.is_empty());
    world.sound().await;
}
