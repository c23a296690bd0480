//! Providers and their breakers over real HTTP: what operators may do to them, their money, what calls that fail come
//! to, and what the ops chats hear of it. The judge of a call is the panel's own record.

mod admin;
mod alerts;
mod breakers;
#[path = "../common/mod.rs"]
mod common;
mod money;
mod seeds;

use app::App;
use app::panels::NewProvider;
use app::settings::Settings;
use app::view::panels::{BreakerView, ProviderRow};
use common::{World, ada, ben, postgres, settings};
use domain::breaker::CallClass;
use domain::{CaseId, Secret};
use serde_json::{Value, json};

/// The provider that most tests look at.
pub(crate) const FLARE: &str = "smmflare";

/// Settings without providers of their own.
pub(crate) fn plain() -> Settings {
    let mut settings = settings();
    settings.smm_providers.clear();
    settings
}

/// A business with one provider that takes orders.
pub(crate) async fn world() -> World {
    with(None, plain()).await
}

pub(crate) async fn with(postgres: Option<&str>, settings: Settings) -> World {
    let world = World::on(postgres, settings).await;
    let added = world.app.add_provider(&ada(), &new(&world, FLARE), &op(&world), world.now()).await.unwrap();
    sign(&world, added.case).await;
    world
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(test: impl AsyncFn(&mut World)) {
    test(&mut world().await).await;
    if let Some(url) = postgres() {
        test(&mut with(Some(&url), plain()).await).await;
    }
}

/// A stand-in as a provider with room for every call.
pub(crate) fn new(world: &World, panel: &str) -> NewProvider {
    let service = format!("smm.{panel}");
    NewProvider {
        name: panel.to_owned(),
        url: world.sandbox.url(&service).to_owned(),
        key: Some(Secret::new(world.sandbox.key(&service))),
        rate_per_10s: 10_000,
        burst: 1_000,
        ..NewProvider::default()
    }
}

/// Ben signs a case, if there is one.
pub(crate) async fn sign(world: &World, case: Option<CaseId>) {
    let Some(id) = case else { return };
    let rows = world.app.cases(true).await.unwrap();
    let row = rows.into_iter().find(|row| row.id == id).unwrap();
    world.app.sign_case(&ben(), id, row.version, world.now()).await.unwrap();
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

pub(crate) async fn fault(world: &World, fault: Value) {
    control(world, FLARE, "_faults", fault).await;
}

pub(crate) async fn clear_faults(world: &World) {
    let url = format!("{}/smm.{FLARE}/_faults", world.sandbox.url("control").trim_end_matches('/'));
    world.http.delete(url).send().await.unwrap();
}

/// How often a panel was asked for an operation, or for anything.
pub(crate) async fn asked(world: &World, op: &str) -> usize {
    let url = format!("{}/smm.{FLARE}/_record", world.sandbox.url("control").trim_end_matches('/'));
    let record: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    let calls = record["calls"].as_array().unwrap();
    calls.iter().filter(|call| op == "any" || call["op"] == op).count()
}

/// A call of the class `balance` by this process: a catalogue is read.
pub(crate) async fn call(app: &App, world: &World) -> String {
    app.sync_services(Some(&ada()), FLARE, world.now()).await.map_or_else(|error| error.to_string(), |row| row.state)
}

/// So many calls that fail.
pub(crate) async fn fail(world: &World, times: usize) {
    fault(world, json!({ "op": "services", "fault": "reset_before", "times": times })).await;
    for _ in 0..times {
        assert_eq!(call(&world.app, world).await, "failed");
    }
}

pub(crate) async fn row(world: &World, name: &str) -> ProviderRow {
    let rows = world.app.providers(world.now()).await.unwrap();
    rows.into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}"))
}

pub(crate) async fn breaker(world: &World, class: CallClass) -> BreakerView {
    row(world, FLARE).await.breakers.into_iter().find(|view| view.class == class).unwrap()
}

/// The changes of the provider's breakers, newest first: became and why.
pub(crate) async fn history(world: &World) -> Vec<(String, String)> {
    let detail = world.app.provider(FLARE, world.now()).await.unwrap().unwrap();
    detail.changes.into_iter().map(|change| (change.became, change.why)).collect()
}

/// The alarms of a kind that wait for the ops chats, as title and text.
pub(crate) async fn alarms(world: &World, kind: &str) -> Vec<(String, String)> {
    let messages = world.app.due_messages(world.now(), 1_000).await.unwrap();
    let mut found = Vec::new();
    for message in &messages {
        let payload: Value = serde_json::from_str(&message.payload).unwrap();
        if payload["notice"] == "ops_alarm" && payload["kind"] == kind {
            let word = |key: &str| payload[key].as_str().unwrap().to_owned();
            found.push((word("title"), word("text")));
        }
    }
    found
}

/// The audit's lines about the provider, oldest first: action and result.
pub(crate) async fn audited(world: &World, name: &str) -> Vec<(String, String)> {
    let object = format!("provider:{name}");
    let rows = world.app.audit_rows(name, None, 200).await.unwrap();
    let mine = rows.into_iter().rev().filter(|row| row.object == object);
    mine.map(|row| (row.action, row.result)).collect()
}
