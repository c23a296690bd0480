//! Machines on disk: a line for each step of each machine, whole.

use std::collections::HashMap;
use std::io;

use super::machine::Machine;
use super::world::World;
use crate::clock::Millis;
use crate::journal::{Journal, Opened, Place, line};

/// Puts back what was sold and returns the time that was reached.
pub(super) fn restore(place: &Place<'_>, world: &mut World) -> io::Result<Millis> {
    let Opened { mut journal, lines, .. } = Journal::open::<Machine>(place, "smartvps")?;
    let mut index_of = HashMap::new();
    let mut at = 0;
    for machine in lines {
        at = machine.sold_at.max(at);
        at = machine.renewals.iter().copied().fold(at, Millis::max);
        let index = *index_of.entry(machine.n).or_insert(world.machines.len());
        match world.machines.get_mut(index) {
            Some(known) => *known = machine,
            None => world.machines.push(machine),
        }
    }
    let living: Vec<String> = world.machines.iter().filter(|machine| !machine.gone).map(Machine::key).collect();
    for key in living {
        world.stock.count(&key, false);
    }
    journal.rewrite(world.machines.iter().map(line))?;
    world.journal = Some(journal);
    Ok(at)
}
