//! Every fault of a panel × every call that changes something there × one provider and three. The judge is the panels'
//! own record: nothing is doubled, nothing is dropped, what is unknown is parked, what was not placed goes elsewhere.

use crate::common::ada;
use crate::controls::Reading;
use crate::*;
use domain::breaker::CallClass;

/// What an `add` under a fault must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comes {
    /// Proven that nothing was made: another provider takes it, or it waits.
    Elsewhere,
    /// The panel made it and nobody knows.
    Made,
    /// The panel made nothing and nobody knows.
    NotMade,
    /// Reset unread: whether a byte had left depends on the moment.
    Either,
    /// All is well.
    Accepted,
    /// The link is wrong everywhere.
    Stopped,
}

pub(crate) fn adds() -> Vec<(Value, Comes)> {
    use Comes::{Accepted, Either, Elsewhere, Made, NotMade, Stopped};
    let add = |kind: &str, more: Value| fault("add", kind, more);
    let mut all = vec![
        (json!({ "fault": "down" }), Elsewhere),
        (add("too_many", json!({ "retry_after": 20 })), Elsewhere),
        (add("reject", json!({ "message": "Not enough funds on balance", "status": 402 })), Elsewhere),
        (add("reject", json!({ "message": "Invalid API key", "status": 403 })), Elsewhere),
        (add("reject", json!({ "message": "Incorrect service ID", "status": 404 })), Elsewhere),
        (add("reset_after", json!({})), Made),
        (add("reset_mid", json!({})), Made),
        (add("hang", json!({ "acted": true })), Made),
        (add("truncated", json!({})), Made),
        (add("truncated_length", json!({})), Made),
        (add("html", json!({})), Made),
        (add("empty", json!({})), Made),
        (add("wrong_type", json!({})), Made),
        (add("huge", json!({})), Made),
        (add("slow_drip", json!({})), Made),
        (add("no_id", json!({})), Made),
        (add("order_zero", json!({})), Made),
        (add("reset_before", json!({})), NotMade),
        (json!({ "fault": "refuse", "times": 100 }), Either),
        (add("hang", json!({})), NotMade),
        (add("html_before", json!({})), NotMade),
        (add("reject", json!({ "message": "Something that nobody has listed" })), NotMade),
        (add("reject", json!({ "message": "Unknown error, please try again later" })), NotMade),
        (add("delay", json!({ "delay_ms": 60 })), Accepted),
        (add("delay_after", json!({ "delay_ms": 60 })), Accepted),
        (add("with_error", json!({})), Accepted),
        (add("reject", json!({ "message": "Bad link" })), Stopped),
        (add("reject", json!({ "message": "neworder.error.invalid_link", "status": 422 })), Stopped),
    ];
    for text in [
        "neworder.error.not_enough_funds",
        "Too many requests",
        "Quantity less than minimal 200",
        "neworder.error.max_quantity",
        "There are missing required parameters",
        "The panel is under maintenance",
    ] {
        all.push((add("reject", json!({ "message": text })), Elsewhere));
    }
    all.extend([302, 401, 429, 521, 523, 525, 526].map(|s| (add("status_before", json!({ "status": s })), Elsewhere)));
    all.extend(
        [400, 403, 404, 405, 500, 502, 503, 504, 520, 522, 524, 530]
            .map(|s| (add("status_after", json!({ "status": s })), Made)),
    );
    all.extend([403, 404, 500, 503].map(|s| (add("status_before", json!({ "status": s })), NotMade)));
    all
}

/// As if nothing had been wrong with any provider before.
pub(crate) async fn mend(world: &World) {
    world.clear_panel_faults().await;
    for sql in [
        "update provider set rest_reason = null, rest_until = null, rest_needed = null",
        "update breaker set state = 'closed', body = '{}', opened_at = null, next_probe_at = null, version = version + 1",
        "update mapping set state = 'on', reason = ''",
        "update boost_part set avoid = '{}'",
    ] {
        world.raw(sql).await;
    }
}

/// Runs the faults one after the other, each on an order of its own, at the first of so many providers.
async fn under(engine: Option<String>, panels: usize, faults: Vec<(Value, Comes)>) {
    under_router(engine, panels, faults, None).await;
}

/// The same with a router that is wrong on purpose.
pub(crate) async fn under_router(
    engine: Option<String>,
    panels: usize,
    faults: Vec<(Value, Comes)>,
    wrong: Option<Reading>,
) {
    let world = World::with_panels(engine.as_deref(), single(), panels).await;
    if let Some(reading) = wrong {
        crate::controls::between(&world, reading).await;
    }
    let (mut ids, mut given, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for (fault, comes) in faults {
        let name = format!("{fault} among {panels}");
        mend(&world).await;
        let before = world.made_at_each().await;
        let asked = world.panel_asked(FLARE, "add").await;
        world.panel_fault(FLARE, fault).await;
        let (user, id) = one_part(&world).await;
        ids.push(id);
        given.push((user, "one", 1));
        placed_soon(&world).await;
        let asked = world.panel_asked(FLARE, "add").await - asked;
        let after = world.made_at_each().await;
        let made: Vec<usize> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        let part = world.part(id, 1).await;
        let states = tried(&world, id).await;
        let hold = world.boost(id).await.hold;
        let comes = match (comes, states[0].as_str()) {
            (Comes::Either, "unknown") => Comes::NotMade,
            (Comes::Either, _) => Comes::Elsewhere,
            (comes, _) => comes,
        };
        match comes {
            Comes::Either => unreachable!("it was one or the other"),
            Comes::Elsewhere => {
                assert!(matches!(states[0].as_str(), "not_sent" | "rejected_ours"), "{name}: {states:?}");
                if panels > 1 {
                    assert_eq!((made.as_slice(), part.provider.as_str()), ([0, 1, 0].as_slice(), PLUG), "{name}");
                    assert_eq!(states.len(), 2, "{name}");
                    let log = world.app.failovers(0, 1).await.unwrap().remove(0);
                    assert_eq!((log.order, log.from.as_str(), log.to.as_str()), (id.get(), FLARE, PLUG), "{name}");
                } else {
                    assert_eq!((made.as_slice(), part.state), ([0; 3].as_slice(), PartState::Waiting), "{name}");
                    assert_eq!(hold, "open", "{name}");
                    mend(&world).await;
                    world.run_minutes(2).await;
                    assert_eq!(world.made(FLARE).await.len(), before[0] + 1, "{name}: nothing is dropped");
                }
            }
            Comes::Made | Comes::NotMade => {
                assert_eq!(
                    (part.state, states.as_slice()),
                    (PartState::Unknown, ["unknown".to_owned()].as_slice()),
                    "{name}: {:?}",
                    part.attempts
                );
                assert_eq!(made, [usize::from(comes == Comes::Made), 0, 0], "{name}");
                assert!(asked <= 1, "{name}");
                assert_eq!(hold, "open", "{name}");
                lost.push(id);
            }
            Comes::Accepted => {
                assert_eq!((part.state, made.as_slice()), (PartState::Placed, [1, 0, 0].as_slice()), "{name}");
            }
            Comes::Stopped => {
                assert_eq!(
                    (part.state, made.as_slice(), hold.as_str()),
                    (PartState::Failed, [0; 3].as_slice(), "released"),
                    "{name}"
                );
                assert_eq!(
                    (world.order_state(id).await, world.balance(user, "posts:one").await),
                    (OrderState::Failed, "1".into()),
                    "{name}"
                );
                assert_eq!(states, ["rejected_theirs"], "{name}");
            }
        }
    }
    mend(&world).await;
    let before = world.made_at_each().await;
    world.run_minutes(45).await;
    // What is unknown was parked: never sent again, never passed on, its credit held; everything else is delivered.
    assert_eq!(world.made_at_each().await, before);
    for id in &ids {
        let state = world.order_state(*id).await;
        if lost.contains(id) {
            let detail = world.boost(*id).await;
            assert_eq!((state, detail.row.attention, detail.hold.as_str()), (OrderState::Active, 1, "open"));
            assert_eq!(tried(&world, *id).await, ["unknown"]);
            let gathered = &detail.legs[0].parts[0].attempts[0].evidence;
            assert!(gathered.len() >= 2, "the balance, and what the panel has: {gathered:?}");
        } else {
            assert!(matches!(state, OrderState::Done | OrderState::Failed), "boost {id} is {state}");
        }
    }
    world.judge_boosts(&ids, &given).await;
}

#[tokio::test]
async fn adds_among_three_providers_are_never_doubled_and_never_dropped() {
    under(None, 3, adds()).await;
}

#[tokio::test]
async fn adds_at_the_only_provider_are_never_doubled_and_never_dropped() {
    under(None, 1, adds()).await;
}

#[tokio::test]
async fn on_postgresql_the_same_holds() {
    if let Some(url) = postgres() {
        let some: Vec<(Value, Comes)> = adds().into_iter().step_by(4).collect();
        under(Some(url.clone()), 3, some).await;
        under(Some(url), 1, adds().into_iter().skip(1).step_by(9).collect()).await;
    }
}

#[tokio::test]
async fn a_name_or_a_certificate_that_fails_sends_nothing() {
    let world = World::with_panels(None, single(), 2).await;
    let secure = world.sandbox.url("smm.smmflare").replace("http://", "https://");
    let (mut ids, mut given) = (Vec::new(), Vec::new());
    for url in ["http://nowhere.invalid/api/v2", "http://127.0.0.1:1/api/v2", &secure] {
        mend(&world).await;
        world.raw(&format!("update provider set url = '{url}' where name = '{FLARE}'")).await;
        let (user, id) = one_part(&world).await;
        placed_soon(&world).await;
        assert_eq!(tried(&world, id).await, ["not_sent", "accepted"], "{url}");
        assert_eq!(attempts(&world, id).await[0].class.as_deref(), Some("no_connection"));
        ids.push(id);
        given.push((user, "one", 1));
    }
    assert_eq!(world.made_at_each().await, [0, 3, 0]);
    world.judge_boosts(&ids, &given).await;
}

/// Faults of calls that ask, and of those that change what a panel has.
fn others(op: &str) -> Vec<Value> {
    let none = json!({});
    let mut all: Vec<Value> = [
        ("reset_before", none.clone()),
        ("reset_after", none.clone()),
        ("reset_mid", none.clone()),
        ("hang", none.clone()),
        ("hang", json!({ "acted": true })),
        ("too_many", json!({ "retry_after": 5 })),
        ("html_before", none.clone()),
        ("html", none.clone()),
        ("empty", none.clone()),
        ("truncated", none.clone()),
        ("truncated_length", none.clone()),
        ("wrong_type", none.clone()),
        ("huge", none.clone()),
        ("slow_drip", none.clone()),
        ("delay", json!({ "delay_ms": 50 })),
        ("status_before", json!({ "status": 401 })),
        ("status_before", json!({ "status": 500 })),
        ("status_before", json!({ "status": 302 })),
        ("status_after", json!({ "status": 503 })),
        ("reject", json!({ "message": "Incorrect order ID" })),
        ("reject", json!({ "message": "Something that nobody has listed" })),
    ]
    .into_iter()
    .map(|(kind, more)| fault(op, kind, more))
    .collect();
    all.push(json!({ "fault": "down" }));
    all.push(json!({ "fault": "refuse" }));
    all
}

async fn status_faults(panels: usize) {
    let world = World::with_panels(None, single(), panels).await;
    let (mut ids, mut given) = (Vec::new(), Vec::new());
    let mut faults = others("status");
    faults.push(fault("status", "hidden", json!({ "times": 3 })));
    for fault in faults {
        let name = fault.to_string();
        mend(&world).await;
        let (user, id) = one_part(&world).await;
        ids.push(id);
        given.push((user, "one", 1));
        placed_soon(&world).await;
        assert_eq!(world.part(id, 1).await.state, PartState::Placed, "{name}");
        world.panel_fault(FLARE, fault).await;
        world.run_for(Duration::from_secs(70)).await;
        let state = world.part(id, 1).await.state;
        assert!(matches!(state, PartState::Placed | PartState::Done), "{name}: {state}");
        mend(&world).await;
        until(&world, id, &[OrderState::Done]).await;
        assert_eq!((world.part(id, 1).await.state, tried(&world, id).await.len()), (PartState::Done, 1), "{name}");
        assert_eq!(world.boost(id).await.row.attention, 0, "{name}: nothing is left to look at");
    }
    world.judge_boosts(&ids, &given).await;
    assert_eq!(world.made_at_each().await, [ids.len(), 0, 0]);
}

#[tokio::test]
async fn a_status_that_cannot_be_read_changes_nothing() {
    status_faults(1).await;
}

#[tokio::test]
async fn a_status_that_cannot_be_read_sends_nothing_elsewhere() {
    status_faults(3).await;
}

async fn refill_faults(panels: usize) {
    let world = World::with_panels(None, single(), panels).await;
    let (mut ids, mut given) = (Vec::new(), Vec::new());
    for fault in others("refill") {
        let name = fault.to_string();
        mend(&world).await;
        let (user, id) = one_part(&world).await;
        ids.push(id);
        given.push((user, "one", 1));
        placed_soon(&world).await;
        until(&world, id, &[OrderState::Done]).await;
        let order = world.part(id, 1).await.panel_order.unwrap();
        world.panel(FLARE, "_orders", json!({ "order": order, "drop": 40 })).await;
        let of_it = async || {
            let record = world.panel_record(FLARE).await;
            record["refills"].as_array().unwrap().iter().filter(|refill| refill["order"] == order.as_str()).count()
        };
        world.panel_fault(FLARE, fault).await;
        let op = world.op();
        let asked = world.app.refill_boost(&ada(), id, None, &op, world.now()).await.unwrap();
        let part = world.part(id, 1).await;
        let (state, made) = (part.refills[0].state.clone(), of_it().await);
        match state.as_str() {
            "pending" => assert_eq!(made, 1, "{name}"),
            "unknown" => assert!(made <= 1, "{name}"),
            "rejected" | "failed" => assert_eq!(made, 0, "{name}: {asked:?}"),
            other => panic!("{name}: {other}"),
        }
        // The same operation again asks nothing; nor does time.
        assert!(world.app.refill_boost(&ada(), id, None, &op, world.now()).await.unwrap().repeated, "{name}");
        mend(&world).await;
        world.run_minutes(15).await;
        assert_eq!(of_it().await, made, "{name}: {state}");
        if made == 0 {
            // A person asks again.
            world.app.refill_boost(&ada(), id, Some(1), &world.op(), world.now()).await.unwrap();
            world.run_minutes(15).await;
            assert_eq!(of_it().await, 1, "{name}");
            let newest = world.part(id, 1).await.refills.remove(0);
            assert_eq!(newest.state, "completed", "{name}: {newest:?}");
        }
    }
    world.judge_boosts(&ids, &given).await;
    assert_eq!(world.made(PLUG).await.len() + world.made(STONE).await.len(), 0);
}

async fn cancel_faults(panels: usize) {
    let world = World::with_panels(None, single(), panels).await;
    let (mut ids, mut given) = (Vec::new(), Vec::new());
    world.panel(FLARE, "_panel", json!({ "pace": { "start_ms": 600_000 } })).await;
    for fault in others("cancel") {
        let name = fault.to_string();
        mend(&world).await;
        let (user, id) = one_part(&world).await;
        ids.push(id);
        given.push((user, "one", 1));
        placed_soon(&world).await;
        let order = world.part(id, 1).await.panel_order.unwrap();
        world.panel_fault(FLARE, fault).await;
        let op = world.op();
        let said = world.app.cancel_boost(&ada(), id, None, "they asked", &op, world.now()).await.unwrap().done;
        let record = world.panel_record(FLARE).await;
        let made =
            record["cancels"].as_array().unwrap().iter().filter(|cancel| cancel["order"] == order.as_str()).count();
        assert!(made <= 1, "{name}: {said}");
        if said.contains("asked to stop") {
            assert_eq!(made, 1, "{name}: {said}");
        } else if said.contains("refused") || said.contains("not asked") {
            assert_eq!(made, 0, "{name}: {said}");
        }
        assert!(world.app.cancel_boost(&ada(), id, None, "they asked", &op, world.now()).await.unwrap().repeated);
        mend(&world).await;
        // The truth is the panel's status, whatever it answered.
        let ends = if made == 1 { OrderState::Partial } else { OrderState::Done };
        assert_eq!(until(&world, id, &[OrderState::Done, OrderState::Partial]).await, ends, "{name}: {said}");
        let detail = world.boost(id).await;
        // Everything came back before it began: all that it cost is refunded, once.
        let refunded = if made == 1 { detail.price } else { Money::usd_minor(0) };
        assert_eq!((detail.refunded, detail.row.delivered), (refunded, if made == 1 { 0 } else { 150 }), "{name}");
        assert_eq!(detail.cost, if made == 1 { Money::usd_minor(0) } else { world.part(id, 1).await.cost }, "{name}");
    }
    world.judge_boosts(&ids, &given).await;
    assert_eq!(world.made_at_each().await, [ids.len(), 0, 0], "nothing was ordered again");
}

#[tokio::test]
async fn a_refill_is_asked_for_once() {
    refill_faults(1).await;
}

#[tokio::test]
async fn a_refill_is_asked_for_once_where_there_are_others() {
    refill_faults(3).await;
}

#[tokio::test]
async fn a_cancellation_is_what_the_panel_makes_of_it() {
    cancel_faults(1).await;
}

#[tokio::test]
async fn a_cancellation_is_what_the_panel_makes_of_it_where_there_are_others() {
    cancel_faults(3).await;
}

/// Orders that are due at once, and workers as in a running program.
async fn many_at_once(world: &World, orders: u64) -> (UserId, Vec<BoostId>) {
    let user = world.customer(8_301, "one", 100).await;
    let mut ids = Vec::new();
    for n in 0..orders {
        ids.push(world.submit(&world.for_link(user, &link(n), "one")).await.unwrap().id);
    }
    world.pass_everywhere(Duration::from_secs(121)).await;
    for _ in 0..12 {
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let app = world.app.clone();
            workers.spawn(async move { app.run_due_jobs().await.unwrap() });
        }
        while let Some(ran) = workers.join_next().await {
            ran.unwrap();
        }
        world.pass_everywhere(Duration::from_millis(250)).await;
    }
    (user, ids)
}

/// A provider that dies gets no more than the configured failures and what was in flight.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_provider_is_left_alone_before_orders_pile_up() {
    for dead in [json!({ "fault": "down" }), fault("add", "status_before", json!({ "status": 503, "times": 0 }))] {
        let mut settings = single();
        settings.boosts.concurrency = 8;
        let world = World::with_panels(None, settings, 2).await;
        world.panel_fault(FLARE, dead.clone()).await;
        let (user, ids) = many_at_once(&world, 40).await;
        let failures = world.app.settings().boosts.breaker.consecutive;
        let (mut hit, mut lost) = (0, 0);
        for id in &ids {
            let all = attempts(&world, *id).await;
            hit += all.iter().filter(|attempt| attempt.provider == FLARE).count();
            lost += all.iter().filter(|attempt| attempt.state == "unknown").count();
        }
        assert!(hit >= failures as usize && hit < failures as usize + 8, "{dead}: {hit} calls");
        assert_eq!(world.made(PLUG).await.len(), 40 - lost, "{dead}: all others went elsewhere");
        assert!(world.alarms().await.contains(&("breaker".into(), "Circuit breaker opened".into())));
        let state = world.app.provider(FLARE, world.now()).await.unwrap().unwrap();
        let order = state.row.breakers.iter().find(|breaker| breaker.class == CallClass::Order);
        assert!(format!("{order:?}").contains("Open"), "{order:?}");
        world.judge_boosts(&ids, &[(user, "one", 100)]).await;
    }
}
