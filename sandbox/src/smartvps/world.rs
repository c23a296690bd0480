//! Everything that the service knows: what is for sale, what was sold, and how it behaves.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use serde_json::{Value, json};

use super::habits::{Paced, WhenDry};
use super::machine::Machine;
use super::stock::{Found, Stock, address};
use crate::clock::Millis;
use crate::fault::{Kind, Plight};
use crate::journal::{Journal, line};

pub(crate) struct World {
    pub(crate) stock: Stock,
    pub(crate) habits: Paced,
    /// What the habits are without being told otherwise.
    pub(crate) speed: f64,
    /// The oldest first.
    pub(crate) machines: Vec<Machine>,
    pub(crate) journal: Option<Journal>,
}

/// What became of a purchase.
pub(crate) enum Bought {
    Machine(Box<Machine>),
    Unknown,
    Inactive,
    Dry(WhenDry),
    Failed,
}

impl World {
    pub(crate) fn new(speed: f64) -> Self {
        Self { stock: Stock::usual(), habits: Paced::usual(speed), speed, machines: Vec::new(), journal: None }
    }

    pub(crate) fn close(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.close();
        }
    }

    /// The journal's file, for bringing it to the disk.
    pub(crate) fn file(&self) -> Option<Arc<File>> {
        self.journal.as_ref().and_then(Journal::file)
    }

    /// Sells an address of the named package, or of whichever has one.
    pub(crate) fn sell(&mut self, name: &str, ram: &str, plight: &Plight, now: Millis) -> Bought {
        let wrong = plight.outcome_is(Kind::WrongPool).is_some();
        let found = match self.stock.find(name) {
            Found::At(_) if wrong => self.stock.other(name),
            Found::At(index) => Some(index),
            Found::Unknown => return Bought::Unknown,
            Found::Inactive => return Bought::Inactive,
            Found::Dry if self.habits.when_dry == WhenDry::Fallback => self.stock.other(name),
            Found::Dry => None,
        };
        let Some(package) = found.and_then(|index| self.stock.packages.get(index)).cloned() else {
            return Bought::Dry(self.habits.when_dry);
        };
        let taken: BTreeSet<String> =
            self.machines.iter().filter(|machine| !machine.gone).map(|machine| machine.ip.clone()).collect();
        let Some(ip) = address(&package.name, &taken) else {
            return Bought::Dry(self.habits.when_dry);
        };
        let n = self.machines.last().map_or(1, |last| last.n + 1);
        let key = package.key();
        let mut machine = Machine::new(n, ip, name, (package.pid(), package.name), ram, now);
        let wait = self.habits.credentials_ms;
        (machine.named_at, machine.ready_at) = (now.saturating_add(wait / 2), now.saturating_add(wait));
        machine.online = true;
        if plight.outcome_is(Kind::Stuck).is_some() {
            machine.ready_at = Millis::MAX;
        }
        machine.gone = plight.outcome_is(Kind::Fail).is_some();
        if let Some(journal) = &mut self.journal
            && journal.append(&line(&machine)).is_err()
        {
            return Bought::Failed;
        }
        self.stock.count(&key, false);
        self.machines.push(machine.clone());
        Bought::Machine(Box::new(machine))
    }

    fn find(&self, fields: &Value) -> Option<usize> {
        let ip = fields.get("ip").and_then(Value::as_str)?;
        self.machines.iter().rposition(|machine| machine.ip == ip && !machine.gone)
    }

    /// The machine that the fields name by `ip`.
    pub(crate) fn machine(&self, fields: &Value) -> Option<&Machine> {
        self.find(fields).and_then(|index| self.machines.get(index))
    }

    /// Changes the machine that the fields name; `stuck` lets the action that began go on for ever.
    pub(crate) fn change(
        &mut self,
        fields: &Value,
        stuck: bool,
        now: Millis,
        act: impl FnOnce(&mut Machine, &Paced, Millis) -> Result<&'static str, &'static str>,
    ) -> Result<&'static str, &'static str> {
        let machine = self.find(fields).and_then(|index| self.machines.get_mut(index)).ok_or("VPS not found")?;
        let said = act(machine, &self.habits, now)?;
        machine.actions.push(said.to_owned());
        if stuck {
            machine.stick();
        }
        let kept = line(machine);
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&kept);
        }
        Ok(said)
    }

    /// Lets every machine take its due steps; addresses of those that are gone are free again.
    pub(crate) fn settle(&mut self, now: Millis) {
        let mut kept = String::new();
        let mut back = Vec::new();
        for machine in self.machines.iter_mut().filter(|machine| !machine.gone) {
            if machine.step(now) {
                kept.push_str(&line(machine));
                if machine.gone {
                    back.push(machine.key());
                }
            }
        }
        for key in back {
            self.stock.count(&key, true);
        }
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&kept);
        }
    }

    /// Members of the record.
    pub(crate) fn created(&self) -> Vec<(&'static str, String)> {
        let machines: Vec<Value> = self.machines.iter().map(Machine::recorded).collect();
        let sales: Vec<Value> = self
            .machines
            .iter()
            .map(|machine| {
                let often = self.machines.iter().filter(|other| other.ip == machine.ip).count();
                json!({ "n": machine.n, "asked": machine.asked, "ram": machine.ram, "pid": machine.pid,
                    "pool": machine.pool, "ip": machine.ip, "at": machine.sold_at, "times_sold": often })
            })
            .collect();
        let renewals: Vec<Value> = self
            .machines
            .iter()
            .flat_map(|machine| machine.renewals.iter().map(|at| json!({ "ip": machine.ip, "at": at })))
            .collect();
        let text = |value: &Vec<Value>| serde_json::to_string(value).unwrap_or_default();
        let packages = serde_json::to_string(&self.stock.packages).unwrap_or_default();
        vec![
            ("sales", text(&sales)),
            ("machines", text(&machines)),
            ("renewals", text(&renewals)),
            ("packages", packages),
        ]
    }
}
