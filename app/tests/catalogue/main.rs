//! Catalogues of panels over real HTTP: what a sync takes over, what it doubts, what it survives; mappings and prices.

#[path = "../common/mod.rs"]
mod common;
mod manage;
mod prices;
mod schedule;
mod sync;
mod trouble;

use app::panels::NewProvider;
use app::view::panels::{MappingRow, PanelServiceRow, SyncRow};
use common::{World, ada, ben, postgres, settings};
use domain::Secret;
use serde_json::{Value, json};
use std::time::Duration;

/// The panel that most tests read: X views are its service 8381, X likes 8646.
pub(crate) const FLARE: &str = "smmflare";

/// A business with our two X services and one panel, not read yet.
pub(crate) async fn world() -> World {
    with_panel(None).await
}

pub(crate) async fn with_panel(postgres: Option<&str>) -> World {
    let mut settings = settings();
    settings.smm_providers.clear();
    // A large catalogue on a busy machine.
    settings.boosts.services_total = Duration::from_secs(60);
    let world = World::on(postgres, settings).await;
    add(&world, FLARE, NewProvider::default()).await;
    world
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(test: impl AsyncFn(&World)) {
    test(&world().await).await;
    if let Some(url) = postgres() {
        test(&with_panel(Some(&url)).await).await;
    }
}

/// Adds a stand-in as a provider with room for every call.
pub(crate) async fn add(world: &World, panel: &str, like: NewProvider) {
    let service = format!("smm.{panel}");
    let new = NewProvider {
        name: panel.to_owned(),
        url: world.sandbox.url(&service).to_owned(),
        key: Some(Secret::new(world.sandbox.key(&service))),
        rate_per_10s: 10_000,
        burst: 1_000,
        ..like
    };
    let added = world.app.add_provider(&ada(), &new, &op(world), world.now()).await.unwrap();
    let rows = world.app.cases(true).await.unwrap();
    let case = rows.into_iter().find(|row| Some(row.id) == added.case).unwrap();
    world.app.sign_case(&ben(), case.id, case.version, world.now()).await.unwrap();
}

pub(crate) fn op(world: &World) -> String {
    format!("op-{}", world.unique())
}

/// A control route of a panel.
pub(crate) async fn control(world: &World, panel: &str, route: &str, body: Value) {
    let url = format!("{}/smm.{panel}/{route}", world.sandbox.url("control").trim_end_matches('/'));
    let reply = world.http.post(url).json(&body).send().await.unwrap();
    assert!(reply.status().is_success(), "{route}: {}", reply.text().await.unwrap());
}

/// Changes the catalogue of the usual panel.
pub(crate) async fn catalogue(world: &World, change: Value) {
    control(world, FLARE, "_catalogue", change).await;
}

/// How often a panel was asked for its catalogue.
pub(crate) async fn asked(world: &World, panel: &str) -> usize {
    let url = format!("{}/smm.{panel}/_record", world.sandbox.url("control").trim_end_matches('/'));
    let record: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    record["calls"].as_array().unwrap().iter().filter(|call| call["op"] == "services").count()
}

/// A sync by hand.
pub(crate) async fn sync(world: &World) -> SyncRow {
    world.app.sync_services(Some(&ada()), FLARE, world.now()).await.unwrap()
}

/// What a run did: imported, updated, disabled, enabled, held.
pub(crate) fn counts(row: &SyncRow) -> [i64; 5] {
    [row.imported, row.updated, row.disabled, row.enabled, row.held]
}

/// What is kept of one service.
pub(crate) async fn offer(world: &World, service: &str) -> PanelServiceRow {
    let rows = world.app.panel_services(FLARE, service, 0, 1_000).await.unwrap();
    rows.into_iter().find(|row| row.service == service).unwrap_or_else(|| panic!("no {service}"))
}

/// How many services are in a state.
pub(crate) async fn in_state(world: &World, state: &str) -> usize {
    let (mut after, mut found) = (0, 0);
    loop {
        let rows = world.app.panel_services(FLARE, "", after, 1_000).await.unwrap();
        let Some(last) = rows.last() else { return found };
        after = last.id;
        found += rows.iter().filter(|row| row.state == state).count();
    }
}

/// Maps our service, which is added where it is missing.
pub(crate) async fn map(world: &World, key: &str, panel: &str, service: &str) {
    let (app, now) = (&world.app, world.now());
    if !app.our_services(now).await.unwrap().iter().any(|row| row.key == key) {
        let kind = domain::smm::ServiceType::Default;
        app.add_service(&ada(), key, &key.replace('_', " "), kind, &op(world), now).await.unwrap();
    }
    app.map_service(&ada(), key, panel, service, &op(world), now).await.unwrap();
}

/// The mapping of our service at the first of its providers.
pub(crate) async fn mapping(world: &World, key: &str) -> MappingRow {
    let services = world.app.our_services(world.now()).await.unwrap();
    let service = services.into_iter().find(|row| row.key == key).unwrap();
    service.mappings.into_iter().next().unwrap()
}

/// The texts of the alarms about catalogues that wait for the ops chats, with their titles before them.
pub(crate) async fn alarms(world: &World) -> Vec<String> {
    let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
    let mut found = Vec::new();
    for message in &messages {
        let payload: Value = serde_json::from_str(&message.payload).unwrap();
        if payload["notice"] == "ops_alarm" && payload["kind"] == "catalogue" {
            let word = |key: &str| payload[key].as_str().unwrap().to_owned();
            found.push(format!("{}: {}", word("title"), word("text")));
        }
    }
    found
}

/// Everything in a table, in columns that never differ by chance.
pub(crate) async fn count(world: &World, sql: &str) -> i64 {
    common::number(&world.store_url, sql).await
}

/// Lets so many hours pass.
pub(crate) fn hours(world: &World, n: u64) {
    world.pass(Duration::from_secs(n * 3_600));
}

/// A change of one service in the catalogue.
pub(crate) fn change(service: &str, what: Value) -> Value {
    json!({ "change": { service: what } })
}
