//! What panels refuse, each in its own way: what stops the order, what waits, what rests, what goes elsewhere, and what
//! is a lie.

use crate::common::ada;
use crate::common::execute;
use crate::common::panels::link;
use crate::*;

fn says(text: &str) -> Value {
    fault("add", "reject", json!({ "message": text, "times": 0 }))
}

#[tokio::test]
async fn a_bad_link_stops_the_order_at_once_and_the_credit_is_back() {
    on_both(brisk(), 3, async |world| {
        world.panel_fault(FLARE, says("Bad link")).await;
        let user = world.customer(8_401, "t1", 1).await;
        let id = world.ordered(user).await;
        world.run_minutes(31).await;
        let states = world.part_states(id).await;
        assert_eq!(states.iter().filter(|state| **state == PartState::Failed).count(), 1, "{states:?}");
        assert_eq!(states.iter().filter(|state| **state == PartState::Cancelled).count(), 3, "{states:?}");
        assert_eq!(
            (world.order_state(id).await, world.balance(user, "posts:t1").await),
            (OrderState::Failed, "1".into())
        );
        let told = world.told("boost").await.pop().unwrap();
        assert_eq!(
            (&told["kind"], &told["credit_returned"], &told["refunded"]),
            (&json!("failed"), &json!(true), &Value::Null)
        );
        world.run_minutes(60).await;
        for panel in [FLARE, PLUG, STONE] {
            assert_eq!(world.panel_asked(panel, "add").await, usize::from(panel == FLARE), "{panel}");
        }
        assert_eq!(world.news(id).await, ["failed"]);
        assert_eq!(world.journals(id).await, [("ordered".into(), 1), ("released".into(), 1)].into());
        world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_link_that_goes_bad_after_the_first_half_refunds_the_second() {
    let world = World::with_panels(None, brisk(), 3).await;
    let user = world.customer(8_402, "t1", 1).await;
    let id = world.ordered(user).await;
    world.run_minutes(45).await;
    world.panel_fault(FLARE, says("neworder.error.link_not_found")).await;
    world.run_minutes(30).await;
    let detail = world.boost(id).await;
    assert_eq!(
        (detail.row.state, detail.row.delivered, detail.hold.as_str()),
        (OrderState::Partial, 1_015, "captured")
    );
    // Two legs weigh the same; half of each is missing.
    assert_eq!(detail.refunded, Money::usd_minor(250_000));
    assert_eq!(world.balance(user, "wallet").await, "0.25");
    assert_eq!(world.journals(id).await["refunded"], 2);
    let told = world.told("boost").await.pop().unwrap();
    assert_eq!((&told["kind"], &told["credit_returned"]), (&json!("partial"), &json!(false)));
    world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
}

/// Another order for the same link runs at the panel: nobody gets the same thing twice.
#[tokio::test]
async fn a_running_order_for_the_link_is_waited_for_without_tries() {
    on_both(single(), 3, async |world| {
        world.panel(FLARE, "_panel", json!({ "pace": { "run_ms": 35 * 60_000 } })).await;
        let user = world.customer(8_403, "one", 2).await;
        let first = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
        placed_soon(world).await;
        let second = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
        world.run_minutes(25).await;
        let part = world.part(second, 1).await;
        assert_eq!((part.state, world.order_state(second).await), (PartState::Waiting, OrderState::Queued));
        assert!(part.reason.starts_with("active_order: You have active order"), "{}", part.reason);
        assert_eq!(tried(world, second).await, ["rejected_ours"; 3], "every ten minutes");
        let tries = format!("select tries from boost_part where order_id = {second}");
        assert_eq!(common::number(&world.store_url, &tries).await, 0);
        assert_eq!(world.made_at_each().await, [1, 0, 0], "it goes nowhere else meanwhile");
        assert!(!world.alarms().await.iter().any(|(kind, _)| kind == "placement"), "all is well");
        until(world, second, &[OrderState::Done]).await;
        assert_eq!(world.made_at_each().await, [2, 0, 0]);
        assert_eq!(tried(world, second).await.last().unwrap(), "accepted");
        world.judge_boosts(&[first, second], &[(user, "one", 2)]).await;
    })
    .await;
}

/// Where nothing can be placed nothing is waited for.
#[tokio::test]
async fn a_running_order_is_not_waited_for_at_a_provider_that_ran_out_of_funds() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel_fault(FLARE, fault("add", "stuck", json!({}))).await;
    let user = world.customer(8_405, "one", 3).await;
    let first = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
    placed_soon(&world).await;
    let second = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
    world.run_minutes(15).await;
    assert_eq!((world.part(second, 1).await.state, world.made_at_each().await), (PartState::Waiting, [1, 0, 0]));
    world.panel(FLARE, "_balance", json!({ "balance": "0.001" })).await;
    let third = world.submit(&world.for_link(user, &link(2), "one")).await.unwrap().id;
    world.run_minutes(15).await;
    assert_eq!(world.made_at_each().await, [1, 2, 0], "both are elsewhere");
    world.judge_boosts(&[first, second, third], &[(user, "one", 3)]).await;
}

#[tokio::test]
async fn a_running_order_that_never_ends_is_given_up() {
    let world = World::with_panels(None, single(), 3).await;
    world.panel_fault(FLARE, fault("add", "stuck", json!({}))).await;
    let user = world.customer(8_404, "one", 2).await;
    let first = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
    placed_soon(&world).await;
    let second = world.submit(&world.for_link(user, &link(1), "one")).await.unwrap().id;
    world.run_minutes(110).await;
    assert_eq!(world.part(second, 1).await.state, PartState::Waiting);
    world.run_minutes(25).await;
    assert_eq!(
        (world.order_state(second).await, world.news(second).await.pop().unwrap()),
        (OrderState::Failed, "failed".into())
    );
    assert_eq!(world.balance(user, "posts:one").await, "1");
    assert_eq!(world.made_at_each().await, [1, 0, 0]);
    world.judge_boosts(&[first, second], &[(user, "one", 2)]).await;
}

#[tokio::test]
async fn a_provider_without_funds_rests_until_its_balance_is_seen_to_be_enough() {
    on_both(single(), 2, async |world| {
        world.panel(FLARE, "_balance", json!({ "balance": "0.001" })).await;
        execute(&world.store_url, "update provider set low_balance = '0.01'").await;
        world.run_schedules().await;
        assert!(world.alarms().await.contains(&("funds".into(), "Provider balance low".into())));
        let (user, id) = one_part(world).await;
        placed_soon(world).await;
        assert_eq!((world.made_at_each().await, tried(world, id).await.len()), ([0, 1, 0], 2));
        // Said although it was just told that they are low.
        assert!(world.alarms().await.contains(&("funds".into(), "Provider out of funds".into())));
        let row = world.app.provider(FLARE, world.now()).await.unwrap().unwrap().row;
        assert_eq!(row.rest, Some(("insufficient_funds".into(), None)));
        let (other, second) = one_part(world).await;
        placed_soon(world).await;
        world.run_schedules().await;
        assert_eq!(world.panel_asked(FLARE, "add").await, 1, "it is not asked again");
        world.panel(FLARE, "_balance", json!({ "balance": "30.00" })).await;
        world.run_minutes(6).await;
        assert_eq!(world.app.provider(FLARE, world.now()).await.unwrap().unwrap().row.rest, None);
        let (third, last) = one_part(world).await;
        placed_soon(world).await;
        assert_eq!(world.made_at_each().await, [1, 2, 0]);
        world.judge_boosts(&[id, second, last], &[(user, "one", 1), (other, "one", 1), (third, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn the_only_provider_goes_on_as_soon_as_it_has_funds() {
    let world = World::with_panels(None, single(), 1).await;
    world.panel(FLARE, "_balance", json!({ "balance": "0" })).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    world.run_schedules().await;
    world.run_minutes(10).await;
    assert_eq!(
        (world.part(id, 1).await.reason.as_str(), world.panel_asked(FLARE, "add").await),
        ("smmflare resting", 1)
    );
    assert_eq!(world.news(id).await, ["delayed"]);
    world.panel(FLARE, "_balance", json!({ "balance": "30.00" })).await;
    world.run_minutes(7).await;
    assert_eq!(world.made_at_each().await, [1, 0, 0]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_it_says() {
    let world = World::with_panels(None, single(), 1).await;
    world.panel_fault(FLARE, fault("add", "too_many", json!({ "retry_after": 90 }))).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(tried(&world, id).await, ["rejected_ours"]);
    world.run_for(Duration::from_secs(85)).await;
    assert_eq!(world.panel_asked(FLARE, "add").await, 1, "not sooner");
    world.run_for(Duration::from_secs(10)).await;
    assert_eq!((world.panel_asked(FLARE, "add").await, world.made(FLARE).await.len()), (2, 1), "and not later");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    // Everybody waits for a provider that said so; a quarter of an hour at most.
    world.panel_fault(FLARE, fault("add", "too_many", json!({ "retry_after": 86_400 }))).await;
    let (_, second) = one_part(&world).await;
    placed_soon(&world).await;
    let (_, third) = one_part(&world).await;
    world.run_minutes(14).await;
    assert_eq!(world.panel_asked(FLARE, "add").await, 3);
    world.run_minutes(3).await;
    assert_eq!(world.made(FLARE).await.len(), 3);
    assert_eq!((tried(&world, second).await.len(), tried(&world, third).await.len()), (2, 1));
}

#[tokio::test]
async fn a_refused_service_switches_its_mapping_off_and_wants_the_catalogue_read() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel(FLARE, "_catalogue", json!({ "remove": [8_381] })).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(tried(&world, id).await, ["rejected_ours", "accepted"]);
    let services = world.app.our_services(world.now()).await.unwrap();
    let views = services.iter().find(|row| row.key == "x_views").unwrap();
    let mapping = views.mappings.iter().find(|row| row.provider == FLARE).unwrap();
    assert!(mapping.bar.contains("mapping off"), "{mapping:?}");
    assert!(world.alarms().await.contains(&("provider".into(), "Service refused".into())));
    let (other, second) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!((world.panel_asked(FLARE, "add").await, tried(&world, second).await.len()), (1, 1));
    // Likes are another mapping: they go on there.
    let third = world.customer(8_406, "t1", 1).await;
    let t1 = world.ordered(third).await;
    world.run_minutes(3).await;
    let at_flare = world.made(FLARE).await;
    assert!(at_flare.len() == 2 && at_flare.iter().all(|order| order["service"] == "8646"), "{at_flare:?}");
    world.judge_boosts(&[id, second, t1], &[(user, "one", 1), (other, "one", 1), (third, "t1", 1)]).await;
}

#[tokio::test]
async fn a_refused_key_opens_the_breaker_until_an_operator_resets_it() {
    let world = World::with_panels(None, single(), 1).await;
    world.panel_fault(FLARE, fault("add", "reject", json!({ "message": "Invalid API key", "status": 401 }))).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    world.run_minutes(90).await;
    assert_eq!(world.panel_asked(FLARE, "add").await, 1, "no probe goes by itself");
    assert!(world.alarms().await.contains(&("provider".into(), "Provider refuses us".into())));
    let class = domain::breaker::CallClass::Order;
    world.app.reset_breaker(&ada(), FLARE, class, "a new key", &world.op(), world.now()).await.unwrap();
    world.run_minutes(2).await;
    assert_eq!(world.made(FLARE).await.len(), 1);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

/// The panel takes the second part for the first one and gives it the same id, or another's id.
#[tokio::test]
async fn an_order_id_that_another_part_has_is_a_question() {
    let world = World::with_panels(None, brisk(), 3).await;
    world.panel(FLARE, "_panel", json!({ "rules": { "same_order_ms": 7_200_000, "active_order": false } })).await;
    let user = world.customer(8_405, "t1", 1).await;
    let id = world.ordered(user).await;
    world.run_minutes(75).await;
    let states = world.part_states(id).await;
    assert_eq!(states, [PartState::Done, PartState::Done, PartState::Unknown, PartState::Unknown]);
    let lost = world.part(id, 3).await;
    assert_eq!(lost.attempts[0].class.as_deref(), Some("same_order"), "{lost:?}");
    assert_eq!((world.made_at_each().await, world.order_state(id).await), ([2, 0, 0], OrderState::Active));
    assert_eq!(world.boost(id).await.row.attention, 2);
    world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
}

#[tokio::test]
async fn an_id_beside_an_error_is_an_order_and_is_looked_at() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel_fault(FLARE, fault("add", "with_error", json!({ "message": "Not enough funds on balance" }))).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    let detail = world.boost(id).await;
    assert_eq!((world.made_at_each().await, detail.row.attention, detail.hold.as_str()), ([1, 0, 0], 1, "captured"));
    assert_eq!(detail.legs[0].parts[0].reason, "the panel also said: Not enough funds on balance");
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.boost(id).await.row.attention, 0, "it was delivered");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_slow_provider_is_waited_for_within_its_time_and_a_slower_one_is_a_question() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel(FLARE, "_panel", json!({ "latency_ms": 300 })).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!((tried(&world, id).await, world.part(id, 1).await.state), (vec!["accepted".into()], PartState::Placed));
    world.panel(FLARE, "_panel", json!({ "latency_ms": 900 })).await;
    let (other, second) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(tried(&world, second).await, ["unknown"]);
    assert_eq!(world.made(PLUG).await.len(), 0);
    world.panel(FLARE, "_panel", json!({ "latency_ms": 0 })).await;
    world.judge_boosts(&[id, second], &[(user, "one", 1), (other, "one", 1)]).await;
}

#[tokio::test]
async fn a_customers_mistake_is_not_held_against_the_provider() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel_fault(FLARE, says("Bad link")).await;
    for _ in 0..12 {
        let (_, id) = one_part(&world).await;
        placed_soon(&world).await;
        assert_eq!(world.order_state(id).await, OrderState::Failed);
    }
    world.clear_panel_faults().await;
    assert_eq!((world.panel_asked(FLARE, "add").await, world.panel_asked(PLUG, "add").await), (12, 0));
    let (_, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(world.part(id, 1).await.provider, FLARE);
}
