//! What operators do to orders: who may, on which row, once, and that it is in the audit, refusals too.

use crate::common::panels::link;
use crate::common::{actor, ada};
use crate::*;
use app::boosts::PartRuling;
use app::command::ActError;
use domain::operator::Role;

async fn audited(world: &World, action: &str, result: &str) -> i64 {
    let sql = format!("select count(*) from audit where action = '{action}' and result = '{result}'");
    common::number(&world.store_url, &sql).await
}

#[tokio::test]
async fn each_action_has_its_role_and_a_refusal_is_written_down() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id) = one_part(&world).await;
    let (viewer, operator) = (actor("vic", Role::Viewer), actor("olu", Role::Operator));
    let (app, now) = (&world.app, world.now());
    let request = world.for_link(user, &link(9), "one");
    let not_placed = PartRuling::NotPlaced;
    let placed = PartRuling::Placed { order: "5".into() };
    let op = || world.op();
    let refused = [
        ("boost.retry", app.retry_boost(&viewer, id, None, None, &op(), now).await),
        ("boost.refill", app.refill_boost(&viewer, id, None, &op(), now).await),
        ("boost.look_up", app.look_up_boost(&viewer, id, now).await),
        ("boost.review_done", app.review_done(&viewer, id, None, None, "y", &op(), now).await),
        ("boost.people_done", app.rule_part(&viewer, id, 1, None, &PartRuling::DoneByPeople, "y", &op(), now).await),
        (
            "boost.people_failed",
            app.rule_part(&viewer, id, 1, None, &PartRuling::FailedByPeople, "y", &op(), now).await,
        ),
        ("boost.create", app.create_boost(&operator, &request, "y", &op(), now).await),
        ("boost.move", app.move_part(&operator, id, 1, PLUG, None, &op(), now).await),
        ("boost.cancel", app.cancel_boost(&operator, id, None, "y", &op(), now).await),
        ("boost.rule_placed", app.rule_part(&operator, id, 1, None, &placed, "y", &op(), now).await),
        ("boost.rule_not_placed", app.rule_part(&operator, id, 1, None, &not_placed, "y", &op(), now).await),
    ];
    for (action, refused) in refused {
        assert!(matches!(refused, Err(ActError::NotAllowed(_))), "{action}: {refused:?}");
        assert_eq!(
            (audited(&world, action, "refused").await, audited(&world, action, "done").await),
            (1, 0),
            "{action}"
        );
    }
    // Nor does anybody rule on what is not in question.
    for ruling in [placed, not_placed, PartRuling::DoneByPeople] {
        let refused = app.rule_part(&ada(), id, 1, None, &ruling, "y", &op(), now).await;
        assert!(matches!(refused, Err(ActError::Refused(_))), "{ruling:?}: {refused:?}");
    }
    for (nothing, refused) in [
        ("reason", app.cancel_boost(&ada(), id, None, " ", &op(), now).await),
        ("reason", app.rule_part(&ada(), id, 1, None, &PartRuling::NotPlaced, "", &op(), now).await),
    ] {
        assert!(matches!(refused, Err(ActError::ReasonMissing)), "{nothing}: {refused:?}");
    }
    let nobody = BoostId::new(99);
    assert!(matches!(app.cancel_boost(&ada(), nobody, None, "y", &op(), now).await, Err(ActError::NotFound(_))));
    assert!(matches!(app.move_part(&ada(), id, 7, PLUG, None, &op(), now).await, Err(ActError::NotFound(_))));
    assert_eq!(world.part_states(id).await, [PartState::Scheduled], "nothing changed");
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn an_operator_makes_an_order_from_the_users_credits() {
    on_both(single(), 1, async |world| {
        let user = world.customer(8_601, "one", 1).await;
        let request = world.for_link(user, &link(1), "one");
        let create = async |op: &str| world.app.create_boost(&ada(), &request, "a promise", op, world.now()).await;
        let made = create("op-a").await.unwrap();
        assert!(made.done.ends_with(&format!("for user {user} from plan one")), "{}", made.done);
        assert!(create("op-a").await.unwrap().repeated);
        let other = world.for_link(user, &link(2), "one");
        let refused = world.app.create_boost(&ada(), &other, "more", "op-b", world.now()).await;
        assert!(matches!(&refused, Err(ActError::Refused(why)) if why.contains("no credits")), "{refused:?}");
        assert_eq!(
            (audited(world, "boost.create", "done").await, audited(world, "boost.create", "refused").await),
            (1, 1)
        );
        let id = world.app.boosts_of_user(user, 5).await.unwrap()[0].id;
        assert_eq!(world.news(id).await, ["queued"], "the user did not tap anything");
        until(world, id, &[OrderState::Done]).await;
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn an_action_names_the_row_that_was_seen_and_is_done_once() {
    on_both(single(), 2, async |world| {
        let (user, id) = one_part(world).await;
        let (app, now) = (&world.app, world.now());
        let seen = world.boost(id).await.row.version;
        let quotes = app.move_quotes(id, 1, now).await.unwrap();
        let brief: Vec<_> = quotes
            .iter()
            .map(|quote| (quote.provider.as_str(), quote.price.unwrap().minor(), quote.difference.unwrap().minor()))
            .collect();
        // 150 views at 0.05 and at 0.0575 a thousand; it would go to the cheaper, preferred one.
        assert_eq!(brief, [(FLARE, 7_500, 0), (PLUG, 8_625, 1_125)]);
        let moved = app.move_part(&ada(), id, 1, PLUG, Some(seen), "op-m", now).await.unwrap();
        assert!(moved.done.contains("goes to plugsmms"), "{}", moved.done);
        let stale = app.move_part(&ada(), id, 1, FLARE, Some(seen), "op-n", now).await;
        assert!(matches!(stale, Err(ActError::Changed { .. })), "{stale:?}");
        assert!(app.move_part(&ada(), id, 1, PLUG, Some(seen), "op-m", now).await.unwrap().repeated);
        let nobody = app.move_part(&ada(), id, 1, "nobody", None, "op-o", now).await;
        assert!(matches!(nobody, Err(ActError::Refused(_))), "{nobody:?}");
        assert_eq!((audited(world, "boost.move", "done").await, audited(world, "boost.move", "refused").await), (1, 2));
        placed_soon(world).await;
        assert_eq!(world.made_at_each().await, [0, 1, 0], "above every policy");
        let late = app.move_part(&ada(), id, 1, FLARE, None, "op-p", world.now()).await;
        assert!(matches!(&late, Err(ActError::Refused(why)) if why.contains("placed")), "{late:?}");
        until(world, id, &[OrderState::Done]).await;
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_moved_part_waits_for_its_provider_and_goes_nowhere_else() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id) = one_part(&world).await;
    world.app.move_part(&ada(), id, 1, PLUG, None, &world.op(), world.now()).await.unwrap();
    world.panel_fault(PLUG, json!({ "fault": "down" })).await;
    world.run_minutes(15).await;
    assert_eq!((world.made_at_each().await, world.part(id, 1).await.state), ([0; 3], PartState::Waiting));
    world.clear_panel_faults().await;
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!(world.made_at_each().await, [0, 1, 0]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_try_again_forgets_who_refused() {
    let world = World::with_panels(None, single(), 1).await;
    world.panel_fault(FLARE, fault("add", "reject", json!({ "message": "Incorrect request" }))).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    assert_eq!(world.part(id, 1).await.state, PartState::Waiting);
    let version = world.boost(id).await.row.version;
    let retry = async |op: &str| world.app.retry_boost(&ada(), id, Some(1), Some(version), op, world.now()).await;
    assert!(retry("op-r").await.unwrap().done.contains("part 1 is tried again"));
    assert!(retry("op-r").await.unwrap().repeated);
    world.settle().await;
    assert_eq!(world.made_at_each().await, [1, 0, 0], "at once");
    let placed = world.app.retry_boost(&ada(), id, None, None, &world.op(), world.now()).await;
    assert!(matches!(placed, Err(ActError::Refused(_))), "what a panel has is never tried again: {placed:?}");
    until(&world, id, &[OrderState::Done]).await;
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn what_failed_with_its_credit_back_is_not_tried_again() {
    let world = World::with_panels(None, single(), 1).await;
    world.panel_fault(FLARE, fault("add", "reject", json!({ "message": "Bad link" }))).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    let again = world.app.retry_boost(&ada(), id, None, None, &world.op(), world.now()).await;
    assert!(matches!(&again, Err(ActError::Refused(why)) if why.contains("new order")), "{again:?}");
    world.run_minutes(5).await;
    assert_eq!(world.panel_asked(FLARE, "add").await, 1);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_cancelled_order_gives_the_credit_back_or_what_the_panel_did_not_deliver() {
    on_both(brisk(), 1, async |world| {
        world.panel(FLARE, "_panel", json!({ "pace": { "start_ms": 600_000 } })).await;
        let user = world.customer(8_602, "t1", 3).await;
        let (unplaced, halfway) = (world.ordered(user).await, world.ordered(user).await);
        let cancel = async |id, op: &str| world.app.cancel_boost(&ada(), id, None, "they asked", op, world.now()).await;
        cancel(unplaced, "op-c").await.unwrap();
        assert!(cancel(unplaced, "op-c").await.unwrap().repeated);
        assert!(matches!(cancel(unplaced, "op-d").await, Err(ActError::Refused(_))));
        assert_eq!(
            (world.order_state(unplaced).await, world.boost(unplaced).await.hold),
            (OrderState::Cancelled, "released".into())
        );
        assert_eq!(world.news(unplaced).await, ["cancelled"]);

        world.run_for(Duration::from_secs(30 * 60 + 1)).await;
        let said = cancel(halfway, "op-e").await.unwrap().done;
        for word in ["part 3 called off", "part 4 called off", "part 1: asked to stop", "part 2: asked to stop"] {
            assert!(said.contains(word), "{said}");
        }
        until(world, halfway, &[OrderState::Partial]).await;
        let detail = world.boost(halfway).await;
        assert_eq!((detail.refunded, detail.called_off), (detail.price, true), "nothing of it was begun");
        assert_eq!(world.balance(user, "wallet").await, "0.50");
        world.run_minutes(90).await;
        assert_eq!((world.made_at_each().await, world.panel_asked(FLARE, "add").await), ([2, 0, 0], 2));
        world.judge_boosts(&[unplaced, halfway], &[(user, "t1", 3)]).await;
    })
    .await;
}

#[tokio::test]
async fn an_order_called_off_during_the_call_ends_with_its_answer() {
    for (fault, made) in [
        (fault("add", "delay_after", json!({ "delay_ms": 200 })), 1),
        (fault("add", "reject", json!({ "message": "Too many requests", "status": 429 })), 0),
    ] {
        let world = World::with_panels(None, single(), 1).await;
        world.panel(FLARE, "_panel", json!({ "latency_ms": 100 })).await;
        world.panel_fault(FLARE, fault).await;
        let (user, id) = one_part(&world).await;
        world.pass_everywhere(Duration::from_secs(121)).await;
        let app = world.app.clone();
        let placing = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
        while world.part(id, 1).await.state != PartState::Sending {
            tokio::task::yield_now().await;
        }
        let said = world.app.cancel_boost(&ada(), id, None, "they asked", &world.op(), world.now()).await.unwrap().done;
        assert!(said.contains("it may be at its provider"), "{said}");
        placing.await.unwrap();
        world.run_minutes(5).await;
        let ends = if made == 1 { OrderState::Done } else { OrderState::Cancelled };
        assert_eq!((world.order_state(id).await, world.made_at_each().await), (ends, [made, 0, 0]));
        assert_eq!(world.panel_asked(FLARE, "add").await, 1, "it is not tried again");
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    }
}

#[tokio::test]
async fn a_look_up_asks_now() {
    let world = World::with_panels(None, single(), 1).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    world.panel(FLARE, "_clock", json!({ "advance_ms": 20_000 })).await;
    let done = world.app.look_up_boost(&ada(), id, world.now()).await.unwrap().done;
    assert!(done.contains("1 parts at smmflare looked up"), "{done}");
    assert_eq!((world.order_state(id).await, audited(&world, "boost.look_up", "done").await), (OrderState::Done, 1));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn what_was_noted_for_a_person_is_looked_at_once() {
    on_both(single(), 2, async |world| {
        let olu = actor("olu", Role::Operator);
        let mut settings = world.app.settings().clone();
        settings.boosts.shortfall = domain::boost::Shortfall::Keep;
        let app = &world.another(settings).await;
        world.panel_fault(FLARE, fault("add", "fail", json!({}))).await;
        let (user, id) = one_part(world).await;
        placed_soon(world).await;
        while world.part(id, 1).await.state != PartState::Failed {
            world.pass_everywhere(Duration::from_secs(30)).await;
            while app.run_due_jobs().await.unwrap() > 0 {}
        }
        let part = world.part(id, 1).await;
        assert!(part.review && part.reason.starts_with("the panel failed it"), "{part:?}");
        assert_eq!(world.boost(id).await.row.attention, 1);
        let (op, now) = (world.op(), world.now());
        let done = async |part, why: &str, op: &str| app.review_done(&olu, id, part, None, why, op, now).await;
        assert!(matches!(done(None, " ", &op).await, Err(ActError::ReasonMissing)));
        assert!(matches!(done(Some(2), "its money is back", &op).await, Err(ActError::Refused(_))));
        let stale = app.review_done(&olu, id, None, Some(1), "its money is back", &op, now).await;
        assert!(matches!(stale, Err(ActError::Changed { .. })), "{stale:?}");
        let said = done(Some(1), "its money is back", &op).await.unwrap();
        assert!(said.done.contains("part 1 was looked at"), "{said:?}");
        assert!(done(Some(1), "its money is back", &op).await.unwrap().repeated);
        assert!(matches!(done(None, "again", &world.op()).await, Err(ActError::Refused(_))));
        assert_eq!((audited(world, "boost.review_done", "done").await, world.boost(id).await.row.attention), (1, 0));
        // The panel goes on saying so, and asks nobody for another look.
        let asked = world.panel_asked(FLARE, "status").await;
        for _ in 0..20 {
            world.pass_everywhere(Duration::from_secs(600)).await;
            while app.run_due_jobs().await.unwrap() > 0 {}
        }
        assert!(world.panel_asked(FLARE, "status").await > asked);
        let detail = world.boost(id).await;
        let part = world.part(id, 1).await;
        assert_eq!((detail.row.attention, part.review, part.delivered), (0, false, 0));
        assert!(part.reason.starts_with("looked at: the panel failed it"), "{part:?}");
        assert_eq!((detail.refunded, world.made_at_each().await), (Money::usd_minor(0), [1, 0, 0]));
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_note_that_changes_asks_for_another_look_and_a_lost_answer_is_ruled_on() {
    let world = World::with_panels(None, single(), 1).await;
    let (user, id) = one_part(&world).await;
    placed_soon(&world).await;
    let order = world.part(id, 1).await.panel_order.unwrap();
    let says = async |word: &str| {
        world.panel(FLARE, "_orders", json!({ "order": order, "word": word })).await;
        world.run_minutes(20).await;
        world.boost(id).await.row.attention
    };
    let looked = async || {
        world.app.review_done(&ada(), id, None, None, "asked them", &world.op(), world.now()).await.unwrap();
        world.boost(id).await.row.attention
    };
    assert_eq!((says("Wird bearbeitet").await, looked().await), (1, 0));
    assert_eq!(says("Wird bearbeitet").await, 0, "the same word again");
    assert_eq!(says("Verschollen").await, 1, "another one");
    assert_eq!((says("").await, world.part(id, 1).await.review), (0, false));
    world.panel_fault(FLARE, fault("add", "reset_after", json!({}))).await;
    let (second, lost) = one_part(&world).await;
    placed_soon(&world).await;
    let refused = world.app.review_done(&ada(), lost, None, None, "y", &world.op(), world.now()).await;
    assert!(matches!(refused, Err(ActError::Refused(_))), "{refused:?}");
    assert_eq!(world.part(lost, 1).await.state, PartState::Unknown);
    assert_eq!(world.boost(lost).await.row.attention, 1);
    world.judge_boosts(&[id, lost], &[(user, "one", 1), (second, "one", 1)]).await;
}
