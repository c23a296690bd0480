//! Control routes of its own: the packages, the habits, and machines by hand.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::SmartVps;
use super::habits::Paced;
use super::machine::Machine;
use super::stock::{Package, Stock};
use super::world::World;
use crate::clock::Millis;
use crate::http::{Ask, Reply};
use crate::journal::line;

/// Carried out from the top to the bottom. Packages are named by `pid::name`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    /// The usual list again.
    #[serde(default)]
    restore: bool,
    /// That many generated ones in place of all.
    count: Option<u32>,
    /// These in place of all.
    set: Option<Vec<Package>>,
    #[serde(default)]
    add: Vec<Package>,
    /// They vanish …
    #[serde(default)]
    remove: Vec<String>,
    /// … and return.
    #[serde(default)]
    bring_back: Vec<String>,
    /// From a key to a new name.
    #[serde(default)]
    rename: BTreeMap<String, String>,
    #[serde(default)]
    change: BTreeMap<String, Change>,
    /// The first rows are listed once more at the end.
    #[serde(default)]
    duplicates: usize,
    /// Rows as they are, in place of earlier ones.
    rows: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    free: Option<u32>,
    status: Option<String>,
    dries: Option<bool>,
}

/// What is replaced of the living machine at an address; with `asked` a machine is sold first, as if elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHand {
    ip: String,
    asked: Option<String>,
    online: Option<bool>,
    password: Option<String>,
    os: Option<String>,
    expires_at: Option<Millis>,
    ready_at: Option<Millis>,
    gone: Option<bool>,
}

impl SmartVps {
    pub(super) fn control_route(&self, ask: &Ask) -> Option<Reply> {
        let now = self.core.clock.now();
        let mut world = self.world();
        let outcome = match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/_packages" | "/_habits") => Ok(()),
            ("POST", "/_packages") => ask.json().map(|wanted| set_packages(&mut world, wanted)),
            ("POST", "/_habits") => ask.json().and_then(|changes| set_habits(&mut world, changes)),
            ("POST", "/_machines") => ask.json().and_then(|by_hand| set_machine(&mut world, by_hand, now)),
            _ => return None,
        };
        Some(match (outcome, ask.path.as_str()) {
            (Err(reply), _) => reply,
            (Ok(()), "/_habits") => Reply::json(200, &world.habits),
            (Ok(()), "/_packages") => {
                Reply::json(200, &json!({ "packages": world.stock.packages, "rows": world.stock.raw }))
            }
            (Ok(()), _) => Reply::done(),
        })
    }
}

fn set_packages(world: &mut World, wanted: Packages) {
    if wanted.restore {
        world.stock = Stock::usual();
    }
    let stock = &mut world.stock;
    if let Some(all) = wanted.count.map(Stock::generated).or(wanted.set) {
        stock.packages = all;
    }
    stock.packages.extend(wanted.add);
    for package in &mut stock.packages {
        let key = package.key();
        if wanted.remove.contains(&key) {
            package.vanished = true;
        }
        if wanted.bring_back.contains(&key) {
            package.vanished = false;
        }
        if let Some(name) = wanted.rename.get(&key) {
            package.name.clone_from(name);
        }
        if let Some(change) = wanted.change.get(&key) {
            package.free = change.free.unwrap_or(package.free);
            package.dries = change.dries.unwrap_or(package.dries);
            if let Some(status) = &change.status {
                package.status.clone_from(status);
            }
        }
    }
    let again: Vec<Package> = stock.packages.iter().take(wanted.duplicates).cloned().collect();
    stock.packages.extend(again);
    if let Some(rows) = wanted.rows {
        stock.raw = rows;
    }
}

fn set_habits(world: &mut World, mut changes: Map<String, Value>) -> Result<(), Reply> {
    if changes.remove("restore") == Some(json!(true)) {
        world.habits = Paced::usual(world.speed);
    }
    world.habits = world.habits.with(changes).map_err(|problem| Reply::refused(&problem))?;
    Ok(())
}

fn set_machine(world: &mut World, wanted: ByHand, now: Millis) -> Result<(), Reply> {
    if let Some(asked) = &wanted.asked {
        let n = world.machines.last().map_or(1, |last| last.n + 1);
        let machine = Machine::new(n, wanted.ip.clone(), asked, ("by hand".to_owned(), asked.clone()), "4", now);
        world.machines.push(machine);
    }
    let Some(machine) = world.machines.iter_mut().rev().find(|machine| machine.ip == wanted.ip && !machine.gone) else {
        return Err(Reply::not_found("no such machine"));
    };
    machine.online = wanted.online.unwrap_or(machine.online);
    machine.expires_at = wanted.expires_at.unwrap_or(machine.expires_at);
    machine.ready_at = wanted.ready_at.unwrap_or(machine.ready_at);
    machine.gone = wanted.gone.unwrap_or(machine.gone);
    machine.password = wanted.password.unwrap_or_else(|| machine.password.clone());
    machine.os = wanted.os.unwrap_or_else(|| machine.os.clone());
    let kept = line(machine);
    if let Some(journal) = &mut world.journal {
        journal.append_or_note(&kept);
    }
    Ok(())
}
