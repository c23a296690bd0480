//! What panels say of what they have: short, cancelled, taken back, in words that nobody knows. Money moves once for
//! each version of it, and a refund never exceeds what the credit cost.

use crate::common::ada;
use crate::*;
use domain::boost::Shortfall;
use domain::smm::Adapter;

/// An order of one part at the preferred panel, and that panel's id of it.
async fn at_panel(world: &World) -> (UserId, BoostId, String) {
    let (user, id) = one_part(world).await;
    placed_soon(world).await;
    let order = world.part(id, 1).await.panel_order.unwrap();
    (user, id, order)
}

/// The panel says so of an order.
async fn fate(world: &World, order: &str, mut fate: Value) {
    fate["order"] = json!(order);
    world.panel(FLARE, "_orders", fate).await;
}

fn with(policy: Shortfall) -> Settings {
    let mut settings = single();
    settings.boosts.shortfall = policy;
    settings
}

#[tokio::test]
async fn what_is_short_is_ordered_again_elsewhere() {
    on_both(single(), 3, async |world| {
        let (user, id, order) = at_panel(world).await;
        // Half of it; the rest is enough for another order.
        fate(world, &order, json!({ "status": "Partial", "remains": 110 })).await;
        world.run_minutes(2).await;
        let parts = world.parts(id).await;
        assert_eq!((parts[0].state, parts[0].delivered), (PartState::Partial, 40));
        // A panel gives back the undelivered share: 0.0075 * 110 / 150.
        assert_eq!((parts[0].cost, parts[0].returned), (Money::usd_minor(7_500), Money::usd_minor(5_500)));
        assert_eq!((parts[1].tops_up, parts[1].quantity, parts[1].provider.as_str()), (Some(1), 110, PLUG));
        assert_eq!(world.made_at_each().await, [1, 1, 0]);
        assert_eq!(until(world, id, &[OrderState::Done, OrderState::Partial]).await, OrderState::Done);
        let detail = world.boost(id).await;
        assert_eq!((detail.row.delivered, detail.row.want, detail.refunded), (150, 150, Money::usd_minor(0)));
        assert_eq!(world.news(id).await, ["started", "done"]);
        world.run_minutes(180).await;
        assert_eq!(world.made_at_each().await, [1, 1, 0]);
        let once = [("ordered", 1), ("placed", 1), ("cost", 2), ("returned", 1)];
        assert_eq!(world.journals(id).await, once.map(|(kind, n)| (kind.to_owned(), n)).into());
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_too_little_to_order_is_refunded_in_proportion() {
    let world = World::with_panels(None, single(), 3).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "status": "Partial", "remains": 50 })).await;
    assert_eq!(until(&world, id, &[OrderState::Done, OrderState::Partial]).await, OrderState::Partial);
    let detail = world.boost(id).await;
    // 0.50 * 50 / 150, rounded down.
    assert_eq!((detail.refunded, detail.row.delivered), (Money::usd_minor(166_666), 100));
    assert_eq!(world.balance(user, "wallet").await, "0.166666");
    let told = world.told("boost").await.pop().unwrap();
    assert_eq!((&told["kind"], told["refunded"].is_null()), (&json!("partial"), false));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn top_ups_end_and_the_rest_is_refunded() {
    let world = World::with_panels(None, single(), 3).await;
    for panel in [FLARE, PLUG, STONE] {
        world.panel(panel, "_panel", json!({ "chances": { "canceled": 100 } })).await;
    }
    let (user, id) = one_part(&world).await;
    assert_eq!(until(&world, id, &[OrderState::Done, OrderState::Partial]).await, OrderState::Partial);
    let detail = world.boost(id).await;
    assert_eq!((world.made_at_each().await, detail.refunded), ([1, 1, 1], detail.price), "twice more, then it ends");
    assert_eq!((detail.cost, detail.row.delivered), (Money::usd_minor(0), 0));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn by_policy_a_shortfall_is_refunded_or_kept_for_a_person() {
    let world = World::with_panels(None, with(Shortfall::Refund), 3).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "status": "Canceled" })).await;
    until(&world, id, &[OrderState::Partial]).await;
    assert_eq!((world.boost(id).await.refunded, world.made_at_each().await), (Money::usd_minor(500_000), [1, 0, 0]));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;

    let world = World::with_panels(None, with(Shortfall::Keep), 3).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "status": "Partial", "remains": 120 })).await;
    until(&world, id, &[OrderState::Partial]).await;
    let detail = world.boost(id).await;
    assert_eq!((detail.refunded, detail.row.attention), (Money::usd_minor(0), 1), "a person decides");
    // The panel goes on with it and takes its money again.
    fate(&world, &order, json!({ "status": "In progress", "remains": 30 })).await;
    world.run_minutes(65).await;
    let part = world.part(id, 1).await;
    assert_eq!((part.state, part.returned, part.delivered), (PartState::Placed, Money::usd_minor(0), 120));
    fate(&world, &order, json!({ "status": "Completed" })).await;
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.boost(id).await.row.attention, 0);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_panel_that_takes_back_what_it_completed_is_made_good_once() {
    let world = World::with_panels(None, single(), 3).await;
    let (user, id, order) = at_panel(&world).await;
    until(&world, id, &[OrderState::Done]).await;
    fate(&world, &order, json!({ "status": "Partial", "remains": 150 })).await;
    world.run_minutes(70).await;
    let parts = world.parts(id).await;
    assert_eq!((parts[0].state, parts[1].tops_up, parts[1].quantity), (PartState::Partial, Some(1), 150));
    until(&world, id, &[OrderState::Done]).await;
    // It says that it completed it after all: nothing moves by itself, a person looks.
    fate(&world, &order, json!({ "status": "Completed" })).await;
    world.run_minutes(70).await;
    let part = world.part(id, 1).await;
    assert_eq!(
        (part.state, part.returned),
        (PartState::Partial, Money::usd_minor(0)),
        "its money is booked as it says"
    );
    assert!(part.reason.contains("after its shortfall was dealt with"), "{}", part.reason);
    assert_eq!(world.boost(id).await.row.attention, 1);
    assert_eq!((world.made_at_each().await, world.balance(user, "wallet").await), ([1, 1, 0], "0".into()));
    assert_eq!(world.news(id).await, ["started", "done"], "told once");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_word_that_nobody_knows_and_a_partial_without_a_figure_wait_for_a_person() {
    let world = World::with_panels(None, single(), 3).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "word": "Wird bearbeitet" })).await;
    world.run_minutes(3).await;
    let part = world.part(id, 1).await;
    assert_eq!((part.state, part.reason.contains("Wird bearbeitet")), (PartState::Placed, true), "{}", part.reason);
    assert_eq!(world.boost(id).await.row.attention, 1);
    assert!(world.alarms().await.contains(&("placement".into(), "Boost needs a look".into())));
    fate(&world, &order, json!({ "word": "" })).await;
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.boost(id).await.row.attention, 0, "it speaks plainly again");

    let (other, second, order) = at_panel(&world).await;
    for remains in ["missing", "word", "empty"] {
        world.panel(FLARE, "_panel", json!({ "shapes": { "remains": remains } })).await;
        fate(&world, &order, json!({ "status": "Partial", "remains": 120 })).await;
        world.run_minutes(3).await;
        let detail = world.boost(second).await;
        assert_eq!((detail.row.attention, detail.refunded), (1, Money::usd_minor(0)), "{remains}");
        assert_eq!(
            (world.made_at_each().await, world.part(second, 1).await.returned),
            ([2, 0, 0], Money::usd_minor(0))
        );
    }
    world.panel(FLARE, "_panel", json!({ "shapes": { "remains": "usual" } })).await;
    until(&world, second, &[OrderState::Done]).await;
    assert_eq!((world.parts(second).await.len(), world.boost(second).await.row.attention), (2, 0));
    world.judge_boosts(&[id, second], &[(user, "one", 1), (other, "one", 1)]).await;
}

#[tokio::test]
async fn more_than_was_ordered_is_delivered_and_nothing_else() {
    let world = World::with_panels(None, single(), 1).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "status": "Partial", "remains": -20 })).await;
    world.run_minutes(3).await;
    let detail = world.boost(id).await;
    assert_eq!((detail.row.state, detail.row.delivered, detail.refunded), (OrderState::Done, 150, Money::usd_minor(0)));
    assert_eq!(world.part(id, 1).await.returned, Money::usd_minor(0));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn what_a_panel_failed_is_made_good_and_its_money_looked_at() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel_fault(FLARE, fault("add", "fail", json!({}))).await;
    let (user, id) = one_part(&world).await;
    assert_eq!(until(&world, id, &[OrderState::Done, OrderState::Partial]).await, OrderState::Done);
    let parts = world.parts(id).await;
    assert_eq!((parts[0].state, parts[1].tops_up, parts[1].state), (PartState::Failed, Some(1), PartState::Done));
    assert!(parts[0].reason.contains("balance"), "{}", parts[0].reason);
    assert_eq!(parts[0].returned, Money::usd_minor(0), "nothing says that it gave the money back");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn an_order_that_the_panel_denies_is_looked_at_and_never_ordered_again() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id, order) = at_panel(&world).await;
    fate(&world, &order, json!({ "hidden": true })).await;
    world.run_minutes(30).await;
    let detail = world.boost(id).await;
    assert_eq!((detail.row.state, detail.row.attention), (OrderState::Active, 1));
    assert_eq!((world.made_at_each().await, detail.refunded), ([1, 0, 0], Money::usd_minor(0)));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn every_shape_of_a_batch_of_statuses_is_read_and_the_unanswered_are_asked_again() {
    let world = World::with_panels(None, single(), 1).await;
    let user = world.customer(8_501, "one", 130).await;
    let mut ids = Vec::new();
    for n in 0..130 {
        ids.push(world.submit(&world.for_link(user, &common::panels::link(n), "one")).await.unwrap().id);
    }
    placed_soon(&world).await;
    assert_eq!(world.made(FLARE).await.len(), 130);
    let omitted = world.part(ids[3], 1).await.panel_order.unwrap();
    world.panel(FLARE, "_panel", json!({ "shapes": { "status_batch": "array", "status_omits": [omitted] } })).await;
    let asked = world.panel_asked(FLARE, "status").await;
    world.run_for(Duration::from_secs(62)).await;
    assert_eq!(world.panel_asked(FLARE, "status").await - asked, 2, "a hundred at a time");
    assert_eq!(
        (world.order_state(ids[3]).await, world.order_state(ids[129]).await),
        (OrderState::Active, OrderState::Done)
    );
    world.panel(FLARE, "_panel", json!({ "shapes": { "status_batch": "bare", "status_omits": [] } })).await;
    world.run_minutes(2).await;
    for id in &ids {
        assert_eq!(world.order_state(*id).await, OrderState::Done);
    }
    world.judge_boosts(&ids, &[(user, "one", 130)]).await;
}

#[tokio::test]
async fn what_drops_is_refilled_and_followed() {
    let world = World::with_panels(None, single(), 1).await;
    let (user, id, order) = at_panel(&world).await;
    until(&world, id, &[OrderState::Done]).await;
    fate(&world, &order, json!({ "drop": 30 })).await;
    let done = world.app.refill_boost(&ada(), id, None, &world.op(), world.now()).await.unwrap();
    assert!(done.done.ends_with("part 1: refill begun"), "{}", done.done);
    let again = world.app.refill_boost(&ada(), id, None, &world.op(), world.now()).await;
    assert!(again.is_err(), "one at a time: {again:?}");
    world.run_minutes(10).await;
    assert_eq!(world.part(id, 1).await.refills[0].state, "completed");
    // Nothing dropped since: the panel rejects the next one, which ends it.
    world.app.refill_boost(&ada(), id, Some(1), &world.op(), world.now()).await.unwrap();
    world.run_minutes(10).await;
    let refills = world.part(id, 1).await.refills;
    assert_eq!(refills.iter().map(|refill| refill.state.as_str()).collect::<Vec<_>>(), ["rejected", "completed"]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn where_orders_are_not_followed_what_was_accepted_counts_as_delivered() {
    let mut settings = single();
    settings.boosts.plugsmms_tracking = false;
    let world = World::with_panels(None, settings, 2).await;
    world.panel_fault(FLARE, json!({ "fault": "down" })).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!((world.order_state(id).await, world.made_at_each().await), (OrderState::Done, [0, 1, 0]));
    world.run_minutes(10).await;
    assert_eq!(
        (world.panel_asked(PLUG, "status").await, world.news(id).await),
        (0, vec!["started".into(), "done".into()])
    );
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn the_legacy_adapter_places_and_its_orders_are_followed_when_it_is_switched_back() {
    let world = World::with_panels(None, single(), 1).await;
    let adapter = async |adapter| {
        world.app.set_adapter(&ada(), FLARE, adapter, "a rollback", &world.op(), world.now()).await.unwrap();
    };
    adapter(Some(Adapter::Legacy)).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    world.run_minutes(10).await;
    assert_eq!((world.made_at_each().await, world.order_state(id).await), ([1, 0, 0], OrderState::Active));
    assert_eq!(
        (attempts(&world, id).await[0].adapter.as_str(), world.panel_asked(FLARE, "status").await),
        ("legacy", 0)
    );
    adapter(None).await;
    world.run_minutes(3).await;
    assert_eq!(world.order_state(id).await, OrderState::Done);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}
