//! Catalogues and orders by chance, with faults among them: what is delivered is always what was ordered.

use crate::common::World;
use crate::shop::patient;
use domain::vps::VpsState;
use serde_json::{Value, json};
use std::time::Duration;

/// SplitMix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[tokio::test]
async fn whatever_the_catalogue_does_what_is_delivered_is_what_was_ordered() {
    let names = ["103.82.7", "103.82.72", "103.82.7x", "103.8.27", "10.3.82", "103.82.72.9", "103.82.17", "103.82.71"];
    let mut settings = patient();
    settings.vps.buy_total = Duration::from_millis(700);
    let world = World::shop(None, settings).await;
    let mut seed = 7;
    let mut items = Vec::new();
    for (n, name) in names.iter().enumerate() {
        items.push((format!("{}", n % 5), *name, world.item(&format!("{}", n % 5), name).await));
    }
    let mut orders = Vec::new();
    for _ in 0..30 {
        // Any of the packages, in any order, some gone, some suspended, some dry or about to be, some under another id.
        let mut set = Vec::new();
        for (pid, name, _) in &items {
            let roll = next(&mut seed) % 10;
            let pid = if roll == 0 { "77".to_owned() } else { pid.clone() };
            let id = if next(&mut seed).is_multiple_of(2) { json!(pid) } else { json!(pid.parse::<i64>().unwrap()) };
            let free = next(&mut seed) % 4;
            let status = if roll == 1 { "suspended" } else { "active" };
            if roll != 2 {
                set.push(json!({ "id": id, "name": name, "free": free, "status": status, "dries": roll == 3 }));
            }
        }
        for n in (1..set.len()).rev() {
            set.swap(n, usize::try_from(next(&mut seed) % (n as u64 + 1)).unwrap());
        }
        world.vps("_packages", json!({ "set": set, "duplicates": next(&mut seed) % 3 })).await;
        let fault: Option<(&str, Value)> = match next(&mut seed) % 8 {
            0 => Some(("reset_after", json!({}))),
            1 => Some(("wrong_pool", json!({}))),
            2 => Some(("plain", json!({}))),
            3 => Some(("status_after", json!({ "status": 502 }))),
            _ => None,
        };
        if let Some((kind, more)) = fault {
            world.vps_fault("buyvps", kind, more).await;
        }
        for _ in 0..4 {
            let (_, _, item) = &items[usize::try_from(next(&mut seed)).unwrap_or(0) % items.len()];
            let user = world.buyer().await;
            orders.push(world.ordered_vps(user, *item).await);
        }
        world.run_vps(Duration::from_secs(200)).await;
        world.mend_vps().await;
    }
    world.judge_vps(&orders).await;
    let mut states = std::collections::BTreeMap::new();
    for id in &orders {
        *states.entry(world.vps_state(*id).await).or_insert(0) += 1;
        // No purchase of one order that may have bought is followed by another.
        let buys = world.buys(*id).await;
        let live = buys.iter().filter(|buy| buy.state.is_live()).count();
        assert!(live <= 1, "{buys:?}");
    }
    let delivered = states.get(&VpsState::Active).copied().unwrap_or(0);
    let doubtful = states.get(&VpsState::Unknown).copied().unwrap_or(0);
    assert!(delivered > 20 && doubtful > 2, "{states:?}");
    let live = world.sales().await.len();
    assert!(
        live <= delivered + doubtful + states.get(&VpsState::AwaitingCredentials).copied().unwrap_or(0),
        "{states:?} {live}"
    );
}
