//! IPStock over real HTTP: what a sync takes over, what it doubts, who gets its answer, what is told, and what operators
//! say of an item.

#[path = "../common/mod.rs"]
mod common;
mod document;
mod edits;
mod told;
mod trouble;

use app::ipstock::{SyncAnswer, SyncBy};
use app::settings::Settings;
use app::view::ipstock::{ItemDetail, ItemFilter, ItemQuery, ItemRow};
use common::{World, ada, postgres, settings};
use domain::ItemId;
use serde_json::{Value, json};
use std::time::Duration;

/// A business with no package read yet and no time passing by itself.
pub(crate) async fn world() -> World {
    with(|_| {}).await
}

pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> World {
    on(None, change).await
}

async fn on(postgres: Option<&str>, change: impl FnOnce(&mut Settings)) -> World {
    let mut settings = settings();
    settings.smm_providers.clear();
    settings.vps.total = Duration::from_secs(20);
    change(&mut settings);
    World::on(postgres, settings).await
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(test: impl AsyncFn(&World)) {
    test(&world().await).await;
    if let Some(url) = postgres() {
        test(&on(Some(&url), |_| {}).await).await;
    }
}

pub(crate) fn package(id: &str, name: &str, free: i64) -> Value {
    json!({ "id": id, "name": name, "free": free, "status": "active" })
}

/// A control route of the stand-in.
pub(crate) async fn control(world: &World, route: &str, body: Value) {
    let url = format!("{}/smartvps/{route}", world.sandbox.url("control").trim_end_matches('/'));
    let reply = world.http.post(url).json(&body).send().await.unwrap();
    assert!(reply.status().is_success(), "{route}: {}", reply.text().await.unwrap());
}

/// What the provider has from now on.
pub(crate) async fn packages(world: &World, list: &[Value]) {
    control(world, "_packages", json!({ "set": list })).await;
}

pub(crate) async fn fault(world: &World, fault: Value) {
    control(world, "_faults", fault).await;
}

/// How often the list was asked for.
pub(crate) async fn asked(world: &World) -> usize {
    let url = format!("{}/smartvps/_record?op=ipstock", world.sandbox.url("control").trim_end_matches('/'));
    let record: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    record["calls"].as_array().unwrap().len()
}

/// A sync by hand.
pub(crate) async fn sync(world: &World) -> SyncAnswer {
    world.app.sync_ipstock(SyncBy::Operator(&ada()), world.now()).await.unwrap()
}

/// Its answer as JSON.
pub(crate) fn body(answer: &SyncAnswer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

pub(crate) async fn rows(world: &World) -> Vec<ItemRow> {
    let query = ItemQuery { limit: 500, ..ItemQuery::default() };
    world.app.ipstock_items(&query).await.unwrap().rows
}

pub(crate) async fn row(world: &World, key: &str) -> ItemRow {
    let id = world.app.ipstock_named(key).await.unwrap();
    world.app.ipstock_by_ids(&[id]).await.unwrap().remove(0)
}

pub(crate) async fn item(world: &World, id: ItemId) -> ItemDetail {
    world.app.ipstock_item(id, world.now()).await.unwrap().unwrap()
}

pub(crate) async fn count(world: &World, filter: ItemFilter) -> i64 {
    world.app.count_ipstock(&filter).await.unwrap()
}

pub(crate) fn op(world: &World) -> String {
    format!("op-{}", world.unique())
}

/// The alarms about IPStock that wait for the ops chats: title and text.
pub(crate) async fn alarms(world: &World) -> Vec<(String, String)> {
    let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
    let payloads = messages.iter().map(|message| serde_json::from_str::<Value>(&message.payload).unwrap());
    let ours = payloads.filter(|payload| payload["notice"] == "ops_alarm" && payload["kind"] == "ipstock");
    ours.map(|payload| (payload["title"].as_str().unwrap().to_owned(), payload["text"].as_str().unwrap().to_owned()))
        .collect()
}

/// Their titles.
pub(crate) async fn titles(world: &World) -> Vec<String> {
    alarms(world).await.into_iter().map(|(title, _)| title).collect()
}
