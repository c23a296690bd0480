//! Boost orders over real HTTP: placed once, followed until they are delivered, and what operators do to them. The judge
//! is what the stand-in panels really made; the invariants hold after every stretch of time.

#[path = "../common/mod.rs"]
mod common;
mod controls;
mod faults;
mod follow;
mod operators;
mod placing;
mod recovery;
mod refusals;
mod rulings;
mod submit;

use app::settings::Settings;
use app::view::boosts::PlacementView;
use common::panels::link;
use common::{World, brisk, postgres};
use domain::boost::{BoostPlan, OrderState, PartState, Platform, Targets};
use domain::{BoostId, Money, UserId};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const FLARE: &str = "smmflare";
pub(crate) const PLUG: &str = "plugsmms";
pub(crate) const STONE: &str = "smmstone";

/// Settings with a plan `one` of a single part: 150 views, two minutes after it is ordered.
pub(crate) fn single() -> Settings {
    let mut settings = brisk();
    settings.boosts.interval = Duration::from_secs(60);
    settings.boosts.plans.push(BoostPlan {
        plan: common::panels::plan("one"),
        platform: Platform::X,
        targets: Targets { views: 150, ..Targets::default() },
        price: Money::usd_minor(500_000),
    });
    settings
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(settings: Settings, panels: usize, test: impl AsyncFn(&mut World)) {
    test(&mut World::with_panels(None, settings.clone(), panels).await).await;
    if let Some(url) = postgres() {
        test(&mut World::with_panels(Some(&url), settings, panels).await).await;
    }
}

/// A customer with one credit of plan `one`, and its order.
pub(crate) async fn one_part(world: &World) -> (UserId, BoostId) {
    let user = world.customer(i64::try_from(8_000 + world.unique()).unwrap(), "one", 1).await;
    let request = world.for_link(user, &link(world.unique()), "one");
    (user, world.submit(&request).await.unwrap().id)
}

/// Lets the part of such an order become due and runs what follows for a moment.
pub(crate) async fn placed_soon(world: &World) {
    world.run_for(Duration::from_secs(121)).await;
}

/// Lets time pass until the order is in one of the states.
pub(crate) async fn until(world: &World, id: BoostId, wanted: &[OrderState]) -> OrderState {
    for _ in 0..300 {
        let state = world.order_state(id).await;
        if wanted.contains(&state) {
            return state;
        }
        world.run_for(Duration::from_secs(30)).await;
    }
    panic!("boost {id} is not one of {wanted:?}: {:?}", world.boost(id).await)
}

/// The attempts of an order's first part.
pub(crate) async fn attempts(world: &World, id: BoostId) -> Vec<PlacementView> {
    world.part(id, 1).await.attempts
}

/// The states of those.
pub(crate) async fn tried(world: &World, id: BoostId) -> Vec<String> {
    attempts(world, id).await.into_iter().map(|attempt| attempt.state).collect()
}

pub(crate) fn fault(op: &str, kind: &str, more: Value) -> Value {
    let mut fault = json!({ "op": op, "fault": kind });
    fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fault
}
