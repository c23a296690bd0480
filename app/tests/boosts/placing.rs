//! The way that most orders go: cut, placed at the preferred provider once, delivered, told.

use crate::common::ada;
use crate::common::panels::link;
use crate::*;
use app::boosts::PartRuling;
use domain::smm::ProviderState;

#[tokio::test]
async fn halves_are_placed_once_at_the_preferred_provider_and_delivered() {
    on_both(brisk(), 3, async |world| {
        let user = world.customer(8_201, "t1", 1).await;
        let id = world.ordered(user).await;
        assert_eq!(world.order_state(id).await, OrderState::Queued);
        assert_eq!(world.part_states(id).await, [PartState::Scheduled; 4]);
        assert_eq!((world.balance(user, "posts:t1").await, world.boost(id).await.hold), ("0".into(), "open".into()));
        // Comments and reposts are people's.
        let people = world.told("ops_boost").await;
        assert_eq!((people.len(), &people[0]["tasks"]), (1, &json!([["comments", 10], ["reposts", 5]])));

        world.run_minutes(29).await;
        assert_eq!(world.made_at_each().await, [0; 3], "not before its time");
        world.run_minutes(2).await;
        assert_eq!(world.made_at_each().await, [2, 0, 0]);
        assert_eq!(world.order_state(id).await, OrderState::Active);
        let made = world.made(FLARE).await;
        let brief =
            |order: &Value| (order["service"].as_str().unwrap().to_owned(), order["quantity"].as_i64().unwrap());
        assert_eq!(made.iter().map(brief).collect::<Vec<_>>(), [("8381".into(), 1_000), ("8646".into(), 15)]);
        world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
        assert_eq!(world.journals(id).await, [("ordered".into(), 1), ("placed".into(), 1), ("cost".into(), 2)].into());
        assert_eq!(world.news(id).await, ["started", "half"]);

        world.run_minutes(27).await;
        let detail = world.boost(id).await;
        assert_eq!((detail.row.delivered, detail.row.want, detail.row.state), (1_015, 2_030, OrderState::Active));
        assert_eq!(world.panel_asked(FLARE, "add").await, 2);
        world.run_minutes(5).await;
        let detail = world.boost(id).await;
        assert_eq!((detail.row.delivered, detail.row.want, detail.row.state), (2_030, 2_030, OrderState::Done));
        assert_eq!(world.part_states(id).await, [PartState::Done; 4]);
        assert_eq!(world.news(id).await, ["started", "half", "done"], "each once");
        assert_eq!(world.panel_asked(FLARE, "add").await, 4);
        // 1000 views at 0.05 and 15 likes at 0.45 a thousand, twice: the cost is booked to the provider, as charged.
        let part = world.part(id, 1).await;
        assert_eq!(
            (part.cost, part.charge.as_ref().map(|(sum, _)| sum.as_str())),
            (Money::usd_minor(50_000), Some("0.05"))
        );
        assert_eq!(detail.cost, Money::usd_minor(2 * 50_000 + 2 * 6_750));
        assert_eq!(world.journals(id).await["cost"], 4);
        assert!(part.start_count.is_some() && part.remains == Some(0));
        world.judge_boosts(&[id], &[(user, "t1", 1)]).await;

        // Finals are asked about on, seldom, and nothing moves.
        let asked = world.panel_asked(FLARE, "status").await;
        world.run_minutes(125).await;
        let more = world.panel_asked(FLARE, "status").await - asked;
        assert!((1..=6).contains(&more), "{more}");
        assert_eq!(world.boost(id).await.row.state, OrderState::Done);
        world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn people_deliver_what_no_provider_is_mapped_to() {
    on_both(brisk(), 1, async |world| {
        let user = world.customer(8_202, "tgt", 2).await;
        let first = world.submit(&world.for_link(user, "https://t.me/ada/5", "tgt")).await.unwrap().id;
        let second = world.submit(&world.for_link(user, "https://t.me/ada/6", "tgt")).await.unwrap().id;
        world.run_minutes(120).await;
        assert_eq!(world.part_states(first).await, [PartState::Waiting]);
        assert_eq!(world.boost(first).await.hold, "open");
        let told = world.told("ops_boost").await;
        assert_eq!(told.len(), 2);
        assert_eq!((&told[0]["waits"], &told[0]["tasks"]), (&json!(true), &json!([["comments", 10]])));

        let rule = async |id, ruling: PartRuling| {
            world.app.rule_part(&ada(), id, 1, None, &ruling, "they said so", &world.op(), world.now()).await
        };
        rule(first, PartRuling::DoneByPeople).await.unwrap();
        assert_eq!(world.order_state(first).await, OrderState::Done);
        assert_eq!(world.boost(first).await.hold, "captured");
        assert_eq!(world.news(first).await, ["done"]);
        rule(second, PartRuling::FailedByPeople).await.unwrap();
        assert_eq!(world.order_state(second).await, OrderState::Failed);
        assert_eq!(world.news(second).await, ["failed"]);
        assert!(rule(first, PartRuling::FailedByPeople).await.is_err(), "it is done");
        assert_eq!(world.balance(user, "posts:tgt").await, "1");
        world.judge_boosts(&[first, second], &[(user, "tgt", 2)]).await;
    })
    .await;
}

#[tokio::test]
async fn what_nobody_can_take_waits_says_why_and_goes_when_somebody_can() {
    let world = World::with_panels(None, single(), 2).await;
    let (app, op) = (&world.app, || world.op());
    app.set_provider_state(&ada(), FLARE, None, ProviderState::Disabled, "too slow", &op(), world.now()).await.unwrap();
    app.set_provider_state(&ada(), PLUG, None, ProviderState::Maintenance, "works", &op(), world.now()).await.unwrap();
    let (user, id) = one_part(&world).await;
    world.run_minutes(30).await;
    let part = world.part(id, 1).await;
    assert_eq!((part.state, part.reason.as_str()), (PartState::Waiting, "smmflare disabled, plugsmms in maintenance"));
    assert_eq!(world.news(id).await, ["delayed"], "told once, and without a name");
    assert!(world.alarms().await.contains(&("placement".into(), "Boosts wait".into())));
    assert_eq!((world.order_state(id).await, world.boost(id).await.hold), (OrderState::Queued, "open".into()));
    app.set_provider_state(&ada(), PLUG, None, ProviderState::Enabled, "done", &op(), world.now()).await.unwrap();
    world.run_minutes(2).await;
    assert_eq!(world.made_at_each().await, [0, 1, 0]);
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.news(id).await, ["delayed", "started", "done"]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn paused_placements_wait_and_a_failed_invariant_stops_them() {
    let world = World::with_panels(None, single(), 1).await;
    let (app, now) = (&world.app, world.now());
    let placements = domain::switch::Switch::Placements;
    app.set_switch(&ada(), placements, true, "a look first", now).await.unwrap();
    let (user, id) = one_part(&world).await;
    world.run_minutes(4).await;
    assert_eq!(world.part(id, 1).await.reason, "placements are paused: a look first");
    assert_eq!(world.panel_asked(FLARE, "add").await, 0);
    app.set_switch(&ada(), placements, false, "go", world.now()).await.unwrap();
    world.run_minutes(1).await;
    assert_eq!(world.made_at_each().await, [1, 0, 0]);
    let (second, other) = one_part(&world).await;
    world.raw("update account set posted = posted + 1 where name like 'user:%:posts:one'").await;
    world.pass_everywhere(Duration::from_secs(125)).await;
    assert!(!app.check_invariants(world.now()).await.unwrap().is_empty());
    world.settle().await;
    assert!(world.part(other, 1).await.reason.starts_with("placements are stopped: invariant:"));
    assert_eq!(world.made_at_each().await, [1, 0, 0]);
    world.raw("update account set posted = posted - 1 where name like 'user:%:posts:one'").await;
    world.judge_boosts(&[id, other], &[(user, "one", 1), (second, "one", 1)]).await;
}

#[tokio::test]
async fn equals_share_by_weight_and_a_pinned_one_is_first() {
    let mut settings = single();
    settings.boosts.concurrency = 4;
    let world = World::with_panels(None, settings, 3).await;
    let (app, now) = (&world.app, world.now());
    // The policy asks for the place and then for the price: with both the same they are equals.
    let equal = app::panels::EditProvider { priority: Some(1), weight: Some(3), ..Default::default() };
    app.edit_provider(&ada(), PLUG, None, &equal, "share", &world.op(), now).await.unwrap();
    for (panel, views) in [(FLARE, "8381"), (PLUG, "6073")] {
        world.panel(panel, "_catalogue", json!({ "change": { views: { "rate": "0.06" } } })).await;
        app.sync_services(Some(&ada()), panel, now).await.unwrap();
    }
    let user = world.customer(8_203, "one", 45).await;
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(world.submit(&world.for_link(user, &link(n), "one")).await.unwrap().id);
    }
    placed_soon(&world).await;
    let [flare, plug, stone] = world.made_at_each().await;
    assert_eq!((flare + plug, stone), (40, 0));
    assert!((3..=18).contains(&flare), "a quarter of 40: {flare}");
    app.pin_provider(&ada(), Some(STONE), "cheap today", &world.op(), world.now()).await.unwrap();
    for n in 100..103 {
        ids.push(world.submit(&world.for_link(user, &link(n), "one")).await.unwrap().id);
    }
    placed_soon(&world).await;
    assert_eq!(world.made(STONE).await.len(), 3);
    world.judge_boosts(&ids, &[(user, "one", 45)]).await;
}

#[tokio::test]
async fn a_spread_order_is_one_order_where_every_mapped_service_can() {
    let mut settings = brisk();
    settings.boosts.schedule = domain::boost::Schedule::Batches;
    settings.boosts.drip_feed = true;
    let world = World::with_panels(None, settings, 3).await;
    let user = world.customer(8_204, "t1", 1).await;
    let id = world.ordered(user).await;
    let parts = world.parts(id).await;
    assert_eq!((parts[0].quantity, parts[0].runs, parts[1].quantity), (1_000, 2, 30));
    world.run_minutes(31).await;
    let made = world.made(FLARE).await;
    assert_eq!(
        (made[0]["quantity"].as_i64(), made[0]["runs"].as_i64(), made[0]["interval"].as_i64()),
        (Some(1_000), Some(2), Some(30))
    );
    assert_eq!(world.part(id, 1).await.cost, Money::usd_minor(100_000), "of all its runs");
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.boost(id).await.row.delivered, 2_030);
    world.judge_boosts(&[id], &[(user, "t1", 1)]).await;
}

#[tokio::test]
async fn nothing_is_ordered_that_costs_more_than_the_credit() {
    let world = World::with_panels(None, single(), 2).await;
    world.panel(FLARE, "_catalogue", json!({ "change": { "8381": { "rate": "3.40" } } })).await;
    world.raw("update panel_service set rate = '3.40' where service = '8381'").await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(world.made_at_each().await, [0, 1, 0], "150 of them cost 0.51 there");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_narrow_provider_holds_up_nobody_else_s_parts() {
    let mut settings = single();
    settings.boosts.concurrency = 2;
    settings.boosts.add_total = Duration::from_secs(20);
    let plan = settings.boosts.plans.iter_mut().find(|plan| plan.plan.as_str() == "one").unwrap();
    plan.targets.likes = 15;
    let world = World::with_panels(None, settings, 2).await;
    let (app, now) = (&world.app, world.now());
    // Views go to the one that takes a call at a time and is slow, likes to the other.
    app.unmap_service(&ada(), "x_likes", FLARE, "apart", &world.op(), now).await.unwrap();
    app.unmap_service(&ada(), "x_views", PLUG, "apart", &world.op(), now).await.unwrap();
    let narrow = app::panels::EditProvider { concurrency: Some(1), ..Default::default() };
    app.edit_provider(&ada(), FLARE, None, &narrow, "narrow", &world.op(), now).await.unwrap();
    world.panel_fault(FLARE, fault("add", "delay", json!({ "delay_ms": 2_000, "times": 0 }))).await;
    let user = world.customer(8_205, "one", 8).await;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(world.submit(&world.for_link(user, &link(n), "one")).await.unwrap().id);
    }
    world.pass_everywhere(Duration::from_secs(125)).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let app = app.clone();
        async move { app.run_workers("test", stopped).await.unwrap() }
    });
    world.panel_hears(PLUG, "add", 8).await;
    assert!(world.panel_asked(FLARE, "add").await < 8, "likes do not wait for views");
    assert_eq!(world.panel_asked(PLUG, "add").await, 8);
    stop.send(true).unwrap();
    workers.await.unwrap();
    world.clear_panel_faults().await;
    world.run_minutes(2).await;
    assert_eq!(world.made_at_each().await, [8, 8, 0]);
    world.judge_boosts(&ids, &[(user, "one", 8)]).await;
}
