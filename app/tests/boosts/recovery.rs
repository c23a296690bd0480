//! The process ends at every step of a placement, or a worker comes back too late: nothing is lost, nothing doubled.

use crate::common::panels::link;
use crate::common::{ada, ben};
use crate::*;
use app::App;
use app::boosts::PartRuling;

/// An order whose part is due now.
pub(crate) async fn due(world: &World) -> (UserId, BoostId) {
    let made = one_part(world).await;
    world.pass_everywhere(Duration::from_secs(121)).await;
    made
}

/// Runs due jobs in a process of its own that dies while the panel answers nothing.
pub(crate) async fn dies_during_the_call(world: &World) {
    let app = world.app.clone();
    let dying = std::thread::spawn(move || {
        // Dropping the runtime ends every task of it where it stands, as the end of a process does.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = tokio::time::timeout(Duration::from_millis(500), app.run_due_jobs()).await;
        });
    });
    world.panel_hears(FLARE, "add", 1).await;
    tokio::task::spawn_blocking(move || dying.join()).await.unwrap().unwrap();
}

pub(crate) async fn back(world: &mut World) {
    world.restart().await;
    world.app.recover(world.now()).await.unwrap();
    world.sound().await;
}

#[tokio::test]
async fn a_process_that_dies_during_the_call_leaves_a_question() {
    for made in [true, false] {
        let mut settings = single();
        settings.boosts.add_total = Duration::from_secs(20);
        on_both(settings, 3, async |world| {
            world.panel_fault(FLARE, fault("add", "hang", json!({ "acted": made }))).await;
            let (user, id) = due(world).await;
            dies_during_the_call(world).await;
            // Connections of the dead runtime are of no use to anybody.
            world.restart().await;
            assert_eq!(world.part(id, 1).await.state, PartState::Sending, "the mark was durable before the call");
            back(world).await;
            let detail = world.boost(id).await;
            assert_eq!((world.part(id, 1).await.state, detail.row.attention), (PartState::Unknown, 1));
            world.clear_panel_faults().await;
            world.run_minutes(60).await;
            assert_eq!(
                (world.made_at_each().await, tried(world, id).await),
                ([usize::from(made), 0, 0], vec!["unknown".into()])
            );
            assert_eq!(world.panel_asked(FLARE, "add").await, 1);
            world.judge_boosts(&[id], &[(user, "one", 1)]).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_process_that_dies_before_the_mark_loses_nothing() {
    let mut world = World::with_panels(None, single(), 1).await;
    let (user, id) = due(&world).await;
    // Claimed, and nothing else.
    world.raw("update job set state = 'running', owner = 'gone', fence = fence + 1, lease_until = 1 where kind = 'boost.place'").await;
    back(&mut world).await;
    world.run_minutes(1).await;
    assert_eq!((world.made_at_each().await, world.panel_asked(FLARE, "add").await), ([1, 0, 0], 1));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

/// As the mark leaves the rows; no byte has left.
async fn marked(world: &World, id: BoostId) {
    let until = world.now().plus(Duration::from_secs(60)).micros();
    let now = world.now().micros();
    for sql in [
        format!(
            "update boost_part set state = 'sending', provider_id = 1, panel_service = '8381' where order_id = {id}"
        ),
        format!(
            "insert into placement (part_id, order_id, n, provider_id, adapter, panel_service, quantity, digest, state, quote, \
             quote_text, fence, lease_until, correlation, sending_at) select id, order_id, 1, 1, 'current', '8381', 150, '', \
             'sending', 7500, '0.0075', 1, {until}, 'c', {now} from boost_part where order_id = {id}"
        ),
        "update job set state = 'running', owner = 'gone', fence = 1, lease_until = 1 where kind = 'boost.place'"
            .to_owned(),
    ] {
        world.raw(&sql.replace("150, ''", "150, x'00'")).await;
    }
}

#[tokio::test]
async fn a_process_that_dies_between_the_mark_and_the_call_leaves_a_question() {
    let mut world = World::with_panels(None, single(), 2).await;
    let (user, id) = due(&world).await;
    marked(&world, id).await;
    back(&mut world).await;
    world.run_minutes(30).await;
    assert_eq!((world.part(id, 1).await.state, world.made_at_each().await), (PartState::Unknown, [0; 3]));
    let lost = attempts(&world, id).await.remove(0);
    assert_eq!(
        (lost.class.as_deref(), lost.error.as_deref()),
        (Some("died"), Some("died: the process ended during the call"))
    );
    let ruling = PartRuling::NotPlaced;
    let case =
        world.app.rule_part(&ada(), id, 1, None, &ruling, "nothing there", "op-1", world.now()).await.unwrap().case;
    let row = world.app.cases(true).await.unwrap().into_iter().find(|row| Some(row.id) == case).unwrap();
    world.app.sign_case(&ben(), row.id, row.version, world.now()).await.unwrap();
    world.run_minutes(1).await;
    assert_eq!(world.made_at_each().await, [1, 0, 0]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_lease_that_ends_is_found_while_the_program_runs() {
    let world = World::with_panels(None, single(), 2).await;
    let (user, id) = due(&world).await;
    marked(&world, id).await;
    world.pass_everywhere(Duration::from_secs(65)).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let app = world.app.clone();
    // What a running program does every few seconds.
    let workers = tokio::spawn(async move { app.run_workers("test", stopped).await.unwrap() });
    let mut changes = world.app.changes();
    let found = async {
        while world.part(id, 1).await.state != PartState::Unknown {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("nobody looked at the lease");
    stop.send(true).unwrap();
    workers.await.unwrap();
    assert_eq!(world.made_at_each().await, [0; 3]);
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_process_that_dies_after_the_outcome_repeats_nothing() {
    let mut world = World::with_panels(None, single(), 2).await;
    let (user, id) = due(&world).await;
    world.settle().await;
    assert_eq!(world.part(id, 1).await.state, PartState::Placed);
    world
        .raw("update job set state = 'running', owner = 'gone', fence = 9, lease_until = 1 where kind = 'boost.place'")
        .await;
    back(&mut world).await;
    until(&world, id, &[OrderState::Done]).await;
    assert_eq!((world.made_at_each().await, world.panel_asked(FLARE, "add").await), ([1, 0, 0], 1));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

/// A worker is held up in its call beyond its lease; another process knows it to be dead; then the first comes back.
async fn comes_back_late(world: &World, kind: &str, between: impl AsyncFn(&App, BoostId)) -> (UserId, BoostId) {
    let (user, id) = due(world).await;
    world.panel_fault(FLARE, fault("add", kind, json!({ "delay_ms": 1_500 }))).await;
    let app = world.app.clone();
    let held_up = tokio::spawn(async move { app.run_due_jobs().await.unwrap() });
    world.panel_hears(FLARE, "add", 1).await;
    let second = world.another(world.app.settings().clone()).await;
    second.recover(world.now()).await.unwrap();
    assert_eq!(world.part(id, 1).await.state, PartState::Unknown);
    between(&second, id).await;
    held_up.await.unwrap();
    (user, id)
}

fn patient() -> Settings {
    let mut settings = single();
    settings.boosts.add_total = Duration::from_secs(10);
    settings
}

#[tokio::test]
async fn a_late_success_of_the_same_attempt_ends_the_question() {
    on_both(patient(), 3, async |world| {
        let (user, id) = comes_back_late(world, "delay_after", async |_, _| {}).await;
        assert_eq!(
            (world.part(id, 1).await.state, tried(world, id).await),
            (PartState::Placed, vec!["accepted".into()])
        );
        let seen = "select count(*) from exchange where operation = 'add'";
        assert_eq!(common::number(&world.store_url, seen).await, 1, "the evidence is there, once");
        until(world, id, &[OrderState::Done]).await;
        assert_eq!(world.made_at_each().await, [1, 0, 0]);
        world.judge_boosts(&[id], &[(user, "one", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_late_refusal_proves_nothing_to_a_worker_without_its_lease() {
    let mut settings = patient();
    settings.boosts.add_total = Duration::from_millis(2_000);
    let world = World::with_panels(None, settings, 3).await;
    let (user, id) = comes_back_late(&world, "hang", async |_, _| {}).await;
    world.clear_panel_faults().await;
    world.run_minutes(30).await;
    assert_eq!((world.part(id, 1).await.state, world.made_at_each().await), (PartState::Unknown, [0; 3]));
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

#[tokio::test]
async fn a_late_success_after_the_ruling_not_placed_is_told() {
    let world = World::with_panels(None, patient(), 3).await;
    world.panel(FLARE, "_panel", json!({ "rules": { "active_order": false } })).await;
    let (user, id) = comes_back_late(&world, "delay_after", async |second, id| {
        let now = second.now();
        let ruling = PartRuling::NotPlaced;
        let case =
            second.rule_part(&ada(), id, 1, None, &ruling, "nothing there", "op-1", now).await.unwrap().case.unwrap();
        let row = second.cases(true).await.unwrap().into_iter().find(|row| row.id == case).unwrap();
        second.sign_case(&ben(), case, row.version, now).await.unwrap();
    })
    .await;
    world.run_for(Duration::from_secs(5)).await;
    let attempt = attempts(&world, id).await.remove(0);
    assert_eq!(attempt.state, "ruled_not_placed");
    assert!(attempt.evidence.iter().any(|line| line.contains("did make its order")), "{:?}", attempt.evidence);
    assert!(world.alarms().await.contains(&("boost_unknown".into(), "A ruling was wrong".into())));
    assert_eq!(
        (world.made_at_each().await, world.boost(id).await.row.attention),
        ([2, 0, 0], 1),
        "that ruling cost an order"
    );
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}

/// Several processes run the same jobs at once, which nothing but the claims and fences keeps apart.
async fn race(world: &World) {
    let user = world.customer(8_801, "t1", 8).await;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(world.submit(&world.for_link(user, &link(n), "t1")).await.unwrap().id);
    }
    world.panel_fault(FLARE, fault("add", "too_many", json!({ "times": 1, "after": 3, "retry_after": 1 }))).await;
    let settings = world.app.settings().clone();
    let others = [world.another(settings.clone()).await, world.another(settings).await];
    for _ in 0..60 {
        let mut running = tokio::task::JoinSet::new();
        for app in others.iter().chain([&world.app, &world.app]) {
            let app = app.clone();
            running.spawn(async move { app.run_due_jobs().await.unwrap() });
        }
        while let Some(ran) = running.join_next().await {
            ran.unwrap();
        }
        world.sound().await;
        let done = app::view::boosts::BoostFilter { states: vec![OrderState::Done], ..Default::default() };
        if world.app.count_boosts(&done).await.unwrap() == 8 {
            break;
        }
        world.pass_everywhere(Duration::from_secs(120)).await;
    }
    for id in &ids {
        assert_eq!(world.order_state(*id).await, OrderState::Done);
        assert_eq!(world.news(*id).await, ["started", "half", "done"]);
    }
    let made: usize = world.made_at_each().await.iter().sum();
    assert_eq!(made, 32, "each part was placed once");
    world.judge_boosts(&ids, &[(user, "t1", 8)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_workers_place_each_part_once() {
    on_both(brisk(), 3, async |world| race(world).await).await;
}

#[tokio::test]
async fn a_job_that_keeps_killing_its_process_is_dead_and_can_be_run_again() {
    let mut world = World::with_panels(None, single(), 1).await;
    let (user, id) = due(&world).await;
    for _ in 0..3 {
        world.raw("update job set state = 'running', owner = 'gone', lease_until = 1 where kind = 'boost.place'").await;
        back(&mut world).await;
    }
    let dead = world.app.jobs("dead", 0, 10).await.unwrap();
    assert_eq!(dead.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["boost.place"]);
    world.run_minutes(10).await;
    assert_eq!((world.made_at_each().await, world.boost(id).await.hold), ([0; 3], "open".into()));
    // An operator has it tried again.
    world.app.retry_boost(&ada(), id, None, None, &world.op(), world.now()).await.unwrap();
    until(&world, id, &[OrderState::Done]).await;
    world.judge_boosts(&[id], &[(user, "one", 1)]).await;
}
