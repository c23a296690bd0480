//! Panels that die, lie or dawdle, runs that meet, processes that end half-way, and the schedule.

use crate::common::{ada, postgres, settings};
use crate::*;
use app::command::ActError;
use app::view::panels::SyncRow;
use std::time::Duration;

/// Grows with every change of an offer.
const VERSIONS: &str = "select cast(sum(version) as bigint) from panel_service";

async fn fault(world: &World, fault: Value) {
    control(world, FLARE, "_faults", fault).await;
}

#[tokio::test]
async fn a_panel_that_dies_under_way_changes_nothing() {
    on_both(async |world| {
        sync(world).await;
        map(world, "x_views", FLARE, "8381").await;
        // What would be different, if half an answer were believed.
        catalogue(world, json!({ "rate_percent": 50, "remove": [8381] })).await;
        let before = count(world, VERSIONS).await;
        for (kind, note) in [
            (json!({ "fault": "reset_mid" }), ""),
            (json!({ "fault": "truncated" }), ""),
            (json!({ "fault": "truncated_length" }), ""),
            (json!({ "fault": "html" }), ""),
            (json!({ "fault": "reject", "message": "Invalid API key" }), "Invalid API key"),
        ] {
            fault(world, json!({ "op": "services", "fault": kind["fault"], "message": kind.get("message") })).await;
            // The breaker is not what is looked at here.
            let reset = app_reset(world).await;
            assert!(reset, "{kind}");
            let row = sync(world).await;
            assert_eq!((row.state.as_str(), counts(&row), row.seen), ("failed", [0; 5], 0), "{kind}");
            assert!(!row.note.is_empty() && row.note.contains(note), "{kind}: {}", row.note);
            assert!(!row.note.contains(world.sandbox.key("smm.smmflare")), "a key never shows");
            assert_eq!(count(world, VERSIONS).await, before, "{kind}");
            assert_eq!(mapping(world, "x_views").await.bar, "", "{kind}: what was known is sold on");
        }
        app_reset(world).await;
        assert_eq!(sync(world).await.state, "done");
        assert_eq!(mapping(world, "x_views").await.bar, "gone from the catalogue");
    })
    .await;
}

/// Closes every breaker of the panel, as an operator does.
async fn app_reset(world: &World) -> bool {
    let class = domain::breaker::CallClass::Balance;
    world.app.reset_breaker(&ada(), FLARE, class, "a test", &op(world), world.now()).await.is_ok()
}

#[tokio::test]
async fn a_dead_panel_is_not_asked_for_ever() {
    let world = world().await;
    sync(&world).await;
    fault(&world, json!({ "op": "services", "fault": "reset_before", "times": 0 })).await;
    let mut notes = Vec::new();
    for _ in 0..8 {
        let row = sync(&world).await;
        assert_eq!(row.state, "failed");
        notes.push(row.note);
    }
    assert!(notes.last().unwrap().contains("circuit breaker open"), "{notes:?}");
    assert_eq!(in_state(&world, "on").await, 42);
    let refused = world.app.sync_services(Some(&ada()), "nobody", world.now()).await;
    assert!(matches!(refused, Err(ActError::NotFound(_))));
}

#[tokio::test]
async fn the_second_of_two_is_told_that_one_runs() {
    let mut urls = vec![None];
    urls.extend(postgres().map(Some));
    for url in urls {
        let world = with_panel(url.as_deref()).await;
        catalogue(&world, json!({ "count": 2_000 })).await;
        fault(&world, json!({ "op": "services", "fault": "delay", "delay_ms": 400, "times": 1 })).await;
        let other = world.another(world.app.settings().clone()).await;
        let (ada, now) = (ada(), world.now());
        let many = (0..6).map(|n| {
            let app = if n % 2 == 0 { world.app.clone() } else { other.clone() };
            let ada = ada.clone();
            tokio::spawn(async move { app.sync_services(Some(&ada), FLARE, now).await.unwrap() })
        });
        let mut rows = Vec::new();
        for run in many.collect::<Vec<_>>() {
            rows.push(run.await.unwrap());
        }
        let done: Vec<_> = rows.iter().filter(|row| row.state == "done").collect();
        assert_eq!((done.len(), done[0].imported), (1, 2_000), "{rows:?}");
        assert!(rows.iter().all(|row| row.id == done[0].id && (row.state == "running" || row.state == "done")));
        assert_eq!(asked(&world, FLARE).await, 1, "the panel was asked once");
        assert_eq!(count(&world, "select count(*) from sync").await, 1);
    }
}

/// Begins a run and answers when its row is there.
async fn begin(world: &World) -> tokio::task::JoinHandle<Result<SyncRow, ActError>> {
    let before = count(world, "select count(*) from sync").await;
    let (app, now) = (world.app.clone(), world.now());
    let run = tokio::spawn(async move { app.sync_services(Some(&ada()), FLARE, now).await });
    while count(world, "select count(*) from sync").await == before {
        tokio::task::yield_now().await;
    }
    run
}

#[tokio::test]
async fn a_run_whose_process_ended_is_ended_by_the_next() {
    let world = world().await;
    fault(&world, json!({ "op": "services", "fault": "hang", "times": 1 })).await;
    let lost = begin(&world).await;
    lost.abort();
    // The run may have been ended before it asked: nobody else shall hang.
    let faults = format!("{}/smm.{FLARE}/_faults", world.sandbox.url("control").trim_end_matches('/'));
    world.http.delete(faults).send().await.unwrap();
    world.pass(Duration::from_secs(180));
    let told = sync(&world).await;
    assert_eq!((told.id, told.state.as_str()), (1, "running"), "nobody knows yet that it never ends");
    world.pass(Duration::from_secs(1));
    let next = sync(&world).await;
    assert_eq!((next.id, next.state.as_str(), next.imported), (2, "done", 42));
    let rows = world.app.syncs(Some(FLARE), 2, 10).await.unwrap();
    assert_eq!((rows[0].state.as_str(), rows[0].note.contains("process")), ("failed", true), "{rows:?}");
}

#[tokio::test]
async fn a_run_that_was_given_up_writes_nothing_when_its_answer_comes_after_all() {
    let world = world().await;
    fault(&world, json!({ "op": "services", "fault": "delay", "delay_ms": 3_000, "times": 1 })).await;
    let slow = begin(&world).await;
    world.pass(Duration::from_secs(181));
    let next = sync(&world).await;
    assert_eq!((next.id, next.state.as_str(), next.imported), (2, "done", 42));
    // What it will read is not what was taken over.
    catalogue(&world, json!({ "rate_percent": 50 })).await;
    let before = count(&world, VERSIONS).await;
    let late = slow.await.unwrap().unwrap();
    assert_eq!((late.id, late.state.as_str(), counts(&late)), (1, "failed", [0; 5]));
    assert_eq!(count(&world, VERSIONS).await, before);
}

#[tokio::test]
async fn what_an_operator_changes_while_a_run_is_under_way_stays() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    catalogue(&world, change("8381", json!({ "max": 500, "name": "Other" }))).await;
    fault(&world, json!({ "op": "services", "fault": "delay_after", "delay_ms": 300, "times": 1 })).await;
    let (app, now) = (world.app.clone(), world.now());
    let slow = tokio::spawn(async move { app.sync_services(Some(&ada()), FLARE, now).await.unwrap() });
    let edited = world.app.edit_panel_service(&ada(), FLARE, "8381", "max", "777", &op(&world), now).await;
    edited.unwrap();
    assert_eq!(slow.await.unwrap().state, "done");
    let row = offer(&world, "8381").await;
    assert_eq!((row.max, row.name.as_str()), (777, "Other"));
}

#[tokio::test]
async fn a_mapping_made_before_the_first_reading_waits_for_it() {
    let mut settings = settings();
    settings.smm_providers.truncate(1);
    settings.smm_providers[0].key = Some(Secret::new("not-a-real-key"));
    let world = World::with(settings).await;
    world.app.seed_providers(world.now()).await.unwrap();
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.panel_service.as_str(), row.bar.as_str()), ("8381", "not in the catalogue as last read"));
    assert_eq!((row.rate, row.usd, row.max), (None, None, 0), "no limits and no price are guessed");
}
