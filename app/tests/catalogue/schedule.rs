//! When catalogues are read without being asked for.

use crate::common::{World, ada, settings};
use crate::*;
use app::settings::Settings;
use domain::smm::{Adapter, ProviderState};
use std::time::Duration;

/// A business with one panel whose schedules are armed, and nothing else that asks panels.
async fn armed(change: impl FnOnce(&mut Settings)) -> World {
    let mut settings = settings();
    settings.smm_providers.clear();
    settings.boosts.services_total = Duration::from_secs(60);
    change(&mut settings);
    let world = World::with(settings).await;
    add(&world, FLARE, NewProvider::default()).await;
    world.arm().await;
    world
}

/// Lets time pass, minute by minute, with everything that is due; answers how many runs there are then.
async fn minutes(world: &World, n: u64) -> i64 {
    for _ in 0..n {
        world.pass(Duration::from_secs(60));
        world.settle().await;
    }
    count(world, "select count(*) from sync").await
}

async fn state(world: &World, state: ProviderState) {
    world.app.set_provider_state(&ada(), FLARE, None, state, "a test", &op(world), world.now()).await.unwrap();
}

#[tokio::test]
async fn a_catalogue_is_read_at_the_start_and_then_in_its_time() {
    let world = armed(|settings| settings.boosts.sync = Duration::from_secs(3_600)).await;
    world.settle().await;
    let first = &world.app.syncs(None, 0, 10).await.unwrap()[0];
    assert_eq!((first.kind.as_str(), first.actor.as_str(), first.state.as_str()), ("auto", "system", "done"));
    assert_eq!(minutes(&world, 59).await, 1);
    assert_eq!(minutes(&world, 2).await, 2);
    // A sync by hand counts as well.
    assert_eq!(minutes(&world, 30).await, 2);
    sync(&world).await;
    assert_eq!(minutes(&world, 59).await, 3);
    assert_eq!(minutes(&world, 2).await, 4);
    world.sound().await;
}

#[tokio::test]
async fn what_takes_no_orders_or_has_no_key_is_not_read() {
    let world = armed(|settings| settings.boosts.sync = Duration::from_secs(600)).await;
    state(&world, ProviderState::Disabled).await;
    let keyless =
        NewProvider { name: "keyless".into(), url: "https://panel.example/api/v2".into(), ..NewProvider::default() };
    world.app.add_provider(&ada(), &keyless, &op(&world), world.now()).await.unwrap();
    assert_eq!(minutes(&world, 30).await, 0);
    state(&world, ProviderState::Maintenance).await;
    assert_eq!(minutes(&world, 1).await, 1, "in maintenance it is read on");
    let by_hand = armed(|settings| settings.boosts.sync = Duration::ZERO).await;
    assert_eq!(minutes(&by_hand, 30).await, 0);
    assert_eq!(sync(&by_hand).await.state, "done");
}

#[tokio::test]
async fn a_failed_run_is_tried_again_soon() {
    let world = armed(|settings| settings.boosts.sync = Duration::from_secs(6 * 3_600)).await;
    control(&world, FLARE, "_faults", json!({ "op": "services", "fault": "html" })).await;
    assert_eq!(minutes(&world, 1).await, 1);
    assert_eq!(world.app.syncs(None, 0, 1).await.unwrap()[0].state, "failed");
    assert_eq!(minutes(&world, 14).await, 1);
    assert_eq!(minutes(&world, 2).await, 2);
    assert_eq!(world.app.syncs(None, 0, 1).await.unwrap()[0].state, "done");
    assert_eq!(minutes(&world, 60).await, 2);
}

#[tokio::test]
async fn what_placing_asks_for_is_read_soon_but_not_again_and_again() {
    let world = armed(|settings| settings.boosts.sync = Duration::from_secs(6 * 3_600)).await;
    assert_eq!(minutes(&world, 1).await, 1);
    for runs in [1, 1, 1, 2, 2, 2, 2, 2, 3, 3] {
        // Wanted all the time: as often as every ten minutes.
        world.raw(&format!("update provider set sync_wanted_at = {}", world.now().micros())).await;
        assert!((runs..=runs + 1).contains(&minutes(&world, 3).await), "{runs}");
    }
    let runs = count(&world, "select count(*) from sync").await;
    assert!((3..=4).contains(&runs), "{runs}");
    // The last wish is met, and then there is none.
    assert!((runs..=runs + 1).contains(&minutes(&world, 11).await));
    let runs = count(&world, "select count(*) from sync").await;
    assert_eq!(minutes(&world, 120).await, runs);
}

#[tokio::test]
async fn the_legacy_adapter_has_its_catalogue_read_once_and_by_hand() {
    let world = armed(|settings| settings.boosts.sync = Duration::from_secs(600)).await;
    let (app, legacy) = (&world.app, Some(Adapter::Legacy));
    app.set_adapter(&ada(), FLARE, legacy, "a test", &op(&world), world.now()).await.unwrap();
    assert_eq!(minutes(&world, 60).await, 1, "nothing could be sold without");
    assert_eq!(sync(&world).await.state, "done");
    app.set_adapter(&ada(), FLARE, None, "a test", &op(&world), world.now()).await.unwrap();
    assert_eq!(minutes(&world, 11).await, 3);
}

#[tokio::test]
async fn a_refused_mapping_comes_back_with_a_later_catalogue_that_has_it() {
    let world = world().await;
    sync(&world).await;
    map(&world, "x_views", FLARE, "8381").await;
    let off =
        format!("update mapping set state = 'off', reason = 'no such service', updated_at = {}", world.now().micros());
    world.raw(&off).await;
    assert_eq!(mapping(&world, "x_views").await.bar, "mapping off: no such service");
    world.pass(Duration::from_secs(3_599));
    sync(&world).await;
    assert_eq!(mapping(&world, "x_views").await.state, "off", "the panel contradicts itself: not yet");
    world.pass(Duration::from_secs(1));
    catalogue(&world, json!({ "remove": [8381] })).await;
    sync(&world).await;
    assert_eq!(mapping(&world, "x_views").await.state, "off", "it is not there");
    catalogue(&world, json!({ "bring_back": [8381] })).await;
    sync(&world).await;
    let row = mapping(&world, "x_views").await;
    assert_eq!((row.state.as_str(), row.bar.as_str()), ("on", ""));
}
