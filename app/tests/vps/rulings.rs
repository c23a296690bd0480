//! What people decide of an order in doubt, and of one that was bought.

use crate::common::{World, actor, ada, ben};
use crate::shop::{on_both, patient};
use app::command::ActError;
use app::vps::VpsRuling;
use domain::operator::Role;
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
