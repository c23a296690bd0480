//! Lost answers: the evidence that is gathered, and the two rulings. Nothing else moves what is unknown.

use crate::common::{ada, ben};
use crate::*;
use app::boosts::PartRuling;
use app::command::ActError;
use domain::CaseId;

/// A part whose answer was lost after the panel made the order, or before.
async fn lost(world: &World, made: bool) -> (UserId, BoostId) {
    let kind = if made { "reset_after" } else { "reset_before" };
    world.panel_fault(FLARE, fault("add", kind, json!({}))).await;
    let (user, id) = one_part(world).await;
    placed_soon(world).await;
    assert_eq!(world.part(id, 1).await.state, PartState::Unknown);
    (user, id)
}

async fn rule(world: &World, id: BoostId, ruling: PartRuling, op: &str) -> Result<app::command::Acted, ActError> {
    world.app.rule_part(&ada(), id, 1, None, &ruling, "I looked there", op, world.now()).await
}

fn placed(order: &str) -> PartRuling {
    PartRuling::Placed { order: order.to_owned() }
}

/// The second name signs.
async fn sign(world: &World, case: CaseId) -> Result<(), app::command::DecideError> {
    let row = world.app.cases(true).await.unwrap().into_iter().find(|row| row.id == case).unwrap();
    world.app.sign_case(&ben(), case, row.version, world.now()).await.map(|_| ())
}

#[tokio::test]
async fn an_order_that_was_made_is_found_by_its_number_and_ruled_placed() {
    on_both(single(), 3, async |world| {
        world.run_schedules().await; // balances are read
        let (first_user, before) = one_part(world).await;
        placed_soon(world).await;
        let (user, id) = lost(world, true).await;
        let (last_user, after) = one_part(world).await;
        placed_soon(world).await;
        world.run_for(Duration::from_secs(10)).await;
        let made = world.made(FLARE).await;
        let strays: Vec<&str> = made.iter().map(|order| order["id"].as_str().unwrap()).collect();
        let (first, order) = (strays[0], strays[1]);

        let attempt = attempts(world, id).await.remove(0);
        assert!(
            attempt
                .evidence
                .iter()
                .any(|line| line.contains(&format!("order {order} is at the panel and nobody's here"))),
            "{:?}",
            attempt.evidence
        );
        let balance = attempt.evidence.iter().find(|line| line.starts_with("the balance went from")).unwrap();
        assert!(balance.contains("not to be trusted"), "others were taken meanwhile: {balance}");
        assert!(attempt.balances.0.is_some() && attempt.balances.1.is_some());
        assert!(world.alarms().await.contains(&("boost_unknown".into(), "Boost outcome unknown".into())));

        for (wrong, why) in
            [("999999999", "Incorrect order ID"), (first, "already"), ("", "needed"), ("a b", "does not confirm")]
        {
            let refused = rule(world, id, placed(wrong), &world.op()).await;
            assert!(matches!(&refused, Err(ActError::Refused(said)) if said.contains(why)), "{wrong}: {refused:?}");
        }
        let ruled = rule(world, id, placed(order), "op-r").await.unwrap();
        assert!(ruled.done.contains(&format!("was placed as order {order}")), "{}", ruled.done);
        assert!(rule(world, id, placed(order), "op-r").await.unwrap().repeated);
        assert_eq!(tried(world, id).await, ["ruled_placed"]);
        assert_eq!((world.boost(id).await.hold, world.boost(id).await.row.attention), ("captured".into(), 0));
        until(world, id, &[OrderState::Done]).await;
        let once = [("ordered", 1), ("placed", 1), ("cost", 1)];
        assert_eq!(world.journals(id).await, once.map(|(kind, n)| (kind.to_owned(), n)).into());
        assert_eq!(world.made_at_each().await, [3, 0, 0]);
        let given = [(user, "one", 1), (first_user, "one", 1), (last_user, "one", 1)];
        world.judge_boosts(&[before, id, after], &given).await;
    })
    .await;
}

#[tokio::test]
async fn a_balance_that_nothing_else_moved_is_evidence() {
    let world = World::with_panels(None, single(), 1).await;
    let (_, before) = one_part(&world).await;
    placed_soon(&world).await;
    world.run_schedules().await;
    for (made, moved) in [(true, "0.0075 less"), (false, "0 less")] {
        let (_, id) = lost(&world, made).await;
        world.run_for(Duration::from_secs(10)).await;
        let line = attempts(&world, id).await[0].evidence[0].clone();
        let words = [moved, "would cost 0.0075", "no other order was on its way or taken meanwhile"];
        assert!(words.iter().all(|word| line.contains(word)), "{made}: {line}");
        // A person rules, so that the next one stands alone.
        if made {
            let made = world.made(FLARE).await.pop().unwrap();
            rule(&world, id, placed(made["id"].as_str().unwrap()), &world.op()).await.unwrap();
            world.run_minutes(2).await;
            world.run_schedules().await;
            world.run_minutes(6).await;
        } else {
            let line = attempts(&world, id).await[0].evidence[1].clone();
            assert!(line.contains("none answers that nobody here has"), "{line}");
        }
    }
    assert_eq!(world.order_state(before).await, OrderState::Done);
}

#[tokio::test]
async fn ruled_not_placed_by_two_names_it_is_placed_once() {
    on_both(single(), 1, async |world| {
        let (user, id) = lost(world, false).await;
        let version = world.boost(id).await.row.version;
        let opened = rule(world, id, PartRuling::NotPlaced, "op-n").await.unwrap();
        let case = opened.case.unwrap();
        assert!(rule(world, id, PartRuling::NotPlaced, "op-n").await.unwrap().repeated);
        let same = rule(world, id, PartRuling::NotPlaced, &world.op()).await.unwrap();
        assert_eq!((same.case, same.repeated), (Some(case), true));
        world.run_minutes(20).await;
        assert_eq!(
            (world.part(id, 1).await.state, world.panel_asked(FLARE, "add").await),
            (PartState::Unknown, 1),
            "one name is not enough"
        );
        let row = world.app.cases(true).await.unwrap().into_iter().find(|row| row.id == case).unwrap();
        assert!(world.app.sign_case(&ada(), case, row.version, world.now()).await.is_err(), "nor is the same twice");
        sign(world, case).await.unwrap();
        world.settle().await;
        assert_eq!(tried(world, id).await, ["ruled_not_placed", "accepted"]);
        assert_eq!(world.made_at_each().await, [1, 0, 0]);
        assert!(world.boost(id).await.row.version > version);
        until(world, id, &[OrderState::Done]).await;
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn an_active_order_after_the_ruling_says_that_it_was_wrong() {
    on_both(single(), 3, async |world| {
        world.panel(FLARE, "_panel", json!({ "pace": { "run_ms": 3_600_000 } })).await;
        let (user, id) = lost(world, true).await;
        world.run_for(Duration::from_secs(10)).await;
        let case = rule(world, id, PartRuling::NotPlaced, &world.op()).await.unwrap().case.unwrap();
        sign(world, case).await.unwrap();
        world.run_for(Duration::from_secs(10)).await;
        // The panel refused the second one because of the first: back to the review, with that as evidence.
        assert_eq!(tried(world, id).await, ["unknown", "rejected_ours"]);
        assert_eq!((world.part(id, 1).await.state, world.boost(id).await.row.attention), (PartState::Unknown, 1));
        let evidence = attempts(world, id).await[0].evidence.clone();
        assert!(
            evidence
                .iter()
                .any(|line| line.contains("after the ruling, the panel said that an order for this link is running")),
            "{evidence:?}"
        );
        assert!(evidence.iter().any(|line| line.contains("balance")), "and nothing of it is forgotten: {evidence:?}");
        assert_eq!(world.made_at_each().await, [1, 0, 0]);
        let order = world.made(FLARE).await[0]["id"].as_str().unwrap().to_owned();
        rule(world, id, placed(&order), &world.op()).await.unwrap();
        assert_eq!(tried(world, id).await, ["ruled_placed", "rejected_ours"]);
        until(world, id, &[OrderState::Done]).await;
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn an_active_order_met_by_another_part_is_a_hint() {
    let world = World::with_panels(None, brisk(), 1).await;
    world.panel(FLARE, "_panel", json!({ "pace": { "run_ms": 3_600_000 } })).await;
    world.panel_fault(FLARE, fault("add", "reset_after", json!({}))).await;
    let user = world.customer(8_701, "t1", 1).await;
    let id = world.ordered(user).await;
    world.run_minutes(62).await;
    assert_eq!(world.part(id, 3).await.state, PartState::Waiting, "the second half of the views");
    let evidence = attempts(&world, id).await[0].evidence.clone();
    assert!(evidence.iter().any(|line| line.contains("an order for this link is running")), "{evidence:?}");
    world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
}

#[tokio::test]
async fn a_ruling_comes_too_late_when_the_answer_was_first() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id) = lost(&world, true).await;
    let case = rule(&world, id, PartRuling::NotPlaced, &world.op()).await.unwrap().case.unwrap();
    let order = world.made(FLARE).await[0]["id"].as_str().unwrap().to_owned();
    rule(&world, id, placed(&order), &world.op()).await.unwrap();
    let late = sign(&world, case).await;
    assert!(late.is_err(), "{late:?}");
    world.run_minutes(5).await;
    assert_eq!((tried(&world, id).await, world.made_at_each().await), (vec!["ruled_placed".into()], [1, 0, 0]));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn what_was_called_off_and_then_ruled_not_placed_gives_the_credit_back() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id) = lost(&world, false).await;
    world.app.cancel_boost(&ada(), id, None, "they asked", &world.op(), world.now()).await.unwrap();
    world.run_minutes(30).await;
    assert_eq!((world.order_state(id).await, world.boost(id).await.hold), (OrderState::Active, "open".into()));
    let case = rule(&world, id, PartRuling::NotPlaced, &world.op()).await.unwrap().case.unwrap();
    sign(&world, case).await.unwrap();
    world.run_minutes(30).await;
    assert_eq!(
        (world.order_state(id).await, world.balance(user, "posts:one").await),
        (OrderState::Cancelled, "1".into())
    );
    assert_eq!(world.made_at_each().await, [0; 3]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}
