//! The account at a panel and every order, refill and cancellation that was really created.
//!
//! Promise: with a journal, what an answer can tell of is in it before the shop's lock is released. The balance is
//! what it was set to, less the charges, plus what came back: orders that were made of another cost nothing more,
//! except those for new posts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::fs::File;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::keep::Line;
use super::order::{Ending, Order, Plan, Series, Status, start_count};
use super::refusal::Refusal;
use super::settings::Tempo;
use super::shapes::Shapes;
use super::text::Object;
use crate::clock::{Millis, iso};
use crate::journal::Journal;

pub(super) const FIRST_ORDER: u64 = 23_501;
pub(super) const FIRST_REFILL: u64 = 801;

/// An order as its caller described it, already validated.
pub(super) struct Wanted {
    pub(super) service: u64,
    pub(super) kind: String,
    pub(super) link: String,
    pub(super) quantity: u64,
    pub(super) series: Option<Series>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) rate: Amount,
    pub(super) charge: Amount,
    /// How it ends whatever the chances say.
    pub(super) ending: Option<Ending>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refill {
    pub(super) id: u64,
    pub(super) order: u64,
    /// Pending, In progress, Completed or Rejected; or as a control route has it.
    pub(super) status: String,
    pub(super) at: Millis,
    pub(super) ends_at: Option<Millis>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cancel {
    pub(super) order: u64,
    pub(super) at: Millis,
}

/// Something that the clock will do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Order(usize),
    Refill(usize),
}

pub(super) struct Book {
    pub(super) orders: Vec<Order>,
    pub(super) by_id: HashMap<u64, usize>,
    /// The orders of a service and link, final ones only until the next look.
    pub(super) running: HashMap<(u64, String), Vec<usize>>,
    pub(super) refills: Vec<Refill>,
    refill_by_id: HashMap<u64, usize>,
    pub(super) cancels: Vec<Cancel>,
    pub(super) events: BinaryHeap<Reverse<(Millis, Event)>>,
    pub(super) balance: Amount,
    pub(super) next_order: u64,
    pub(super) next_refill: u64,
    /// Orders that were asked for, ever.
    pub(super) asked_for: u64,
    /// What has changed and is not in the journal yet.
    pub(super) changed: BTreeSet<Event>,
    pub(super) journal: Option<Journal>,
}

impl Book {
    pub(super) fn new(balance: Amount) -> Self {
        Self {
            orders: Vec::new(),
            by_id: HashMap::new(),
            running: HashMap::new(),
            refills: Vec::new(),
            refill_by_id: HashMap::new(),
            cancels: Vec::new(),
            events: BinaryHeap::new(),
            balance,
            next_order: FIRST_ORDER,
            next_refill: FIRST_REFILL,
            asked_for: 0,
            changed: BTreeSet::new(),
            journal: None,
        }
    }

    /// The journal's file, for bringing it to the disk.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.journal.as_ref().and_then(Journal::file)
    }

    pub(super) fn set_balance(&mut self, balance: Amount, now: Millis) {
        self.balance = balance;
        self.write(Line::text(now, balance));
    }

    /// An order that status calls find.
    pub(super) fn find(&self, id: u64) -> Option<&Order> {
        self.by_id.get(&id).and_then(|index| self.orders.get(*index)).filter(|order| !order.hidden)
    }

    pub(super) fn find_refill(&self, id: u64) -> Option<&Refill> {
        self.refill_by_id.get(&id).and_then(|index| self.refills.get(*index))
    }

    /// Whether a service has an order for a link that is not final.
    pub(super) fn is_running(&mut self, service: u64, link: &str) -> bool {
        let orders = &self.orders;
        self.running.get_mut(&(service, link.to_owned())).is_some_and(|running| {
            running.retain(|index| orders.get(*index).is_some_and(|order| !order.status.is_final()));
            !running.is_empty()
        })
    }

    /// The newest order for the same, accepted since `since`.
    pub(super) fn same(&self, wanted: &Wanted, since: Millis) -> Option<&Order> {
        let newest = self.orders.iter().rev().take_while(|order| order.at >= since);
        newest.filter(|order| order.parent.is_none()).find(|order| {
            order.service == wanted.service && order.link == wanted.link && order.quantity == wanted.quantity
        })
    }

    /// Accepts an order that is paid for. An error when it cannot be written down, and then there is none.
    pub(super) fn accept(&mut self, wanted: Wanted, now: Millis, tempo: &Tempo) -> io::Result<&Order> {
        let order = self.made(wanted, now, tempo);
        let balance = self.balance.minus(order.charge);
        if let Some(journal) = &mut self.journal {
            journal.append(&Line::order(now, balance, &order))?;
        }
        self.balance = balance;
        self.asked_for += 1;
        let index = self.insert(order);
        Ok(&self.orders[index])
    }

    pub(super) fn made(&self, wanted: Wanted, now: Millis, tempo: &Tempo) -> Order {
        let id = self.next_order;
        let mut plan = Plan::of(id, wanted.quantity, now, tempo);
        plan.ending = wanted.ending.unwrap_or(plan.ending);
        if wanted.ending == Some(Ending::Never) {
            plan.stop();
        } else if let Some(series) = &wanted.series {
            let first_post = tempo.wait(tempo.pace.post_ms);
            plan.next_at = Some(match series {
                Series::Runs { .. } => plan.starts_at,
                Series::Posts { delay_ms, old: 0, .. } => {
                    plan.starts_at.saturating_add(first_post).saturating_add(*delay_ms)
                }
                Series::Posts { delay_ms, .. } => plan.starts_at.saturating_add(*delay_ms),
            });
        }
        Order {
            id,
            parent: None,
            children: Vec::new(),
            status: if wanted.series.is_some() { Status::Active } else { Status::Pending },
            series: wanted.series,
            service: wanted.service,
            kind: wanted.kind,
            start_count: start_count(&wanted.link),
            link: wanted.link,
            quantity: wanted.quantity,
            fields: wanted.fields,
            rate: wanted.rate,
            charge: wanted.charge,
            refunded: Amount::ZERO,
            shown: None,
            remains: None,
            dropped: 0,
            at: now,
            ended_at: None,
            hidden: false,
            plan,
        }
    }

    /// Takes up an order as it is.
    pub(super) fn insert(&mut self, order: Order) -> usize {
        let index = self.orders.len();
        self.next_order = self.next_order.max(order.id + 1);
        self.by_id.insert(order.id, index);
        if order.parent.is_none() && !order.status.is_final() {
            self.running.entry((order.service, order.link.clone())).or_default().push(index);
        }
        self.orders.push(order);
        self.schedule(index);
        index
    }

    pub(super) fn insert_refill(&mut self, refill: Refill) {
        let index = self.refills.len();
        self.next_refill = self.next_refill.max(refill.id + 1);
        self.refill_by_id.insert(refill.id, index);
        if let Some(at) = refill.ends_at {
            self.events.push(Reverse((at, Event::Refill(index))));
        }
        self.refills.push(refill);
    }

    pub(super) fn schedule(&mut self, index: usize) {
        if let Some((at, _)) = self.orders.get(index).and_then(Order::next) {
            self.events.push(Reverse((at, Event::Order(index))));
        }
    }

    /// Takes a refill up; whether it repairs anything is seen when it ends.
    pub(super) fn ask_refill(
        &mut self,
        id: u64,
        service_refills: bool,
        same_id: bool,
        now: Millis,
        tempo: &Tempo,
    ) -> Result<u64, Refusal> {
        let order = self.find(id).ok_or(Refusal::OrderId)?;
        let open = |refill: &Refill| refill.order == id && refill.ends_at.is_some();
        if !order.is_refillable(service_refills) || self.refills.iter().any(open) {
            return Err(Refusal::NotEligible);
        }
        let refill = if same_id { id } else { self.next_refill };
        let ends_at = Some(now.saturating_add(tempo.wait(tempo.pace.refill_ms)));
        let refill = Refill { id: refill, order: id, status: "Pending".to_owned(), at: now, ends_at };
        let number = refill.id;
        self.changed.insert(Event::Refill(self.refills.len()));
        self.insert_refill(refill);
        self.write_changes(now);
        Ok(number)
    }

    /// Takes a cancellation up; what comes of it is seen in the order's status.
    pub(super) fn ask_cancel(
        &mut self,
        id: u64,
        service_cancels: bool,
        now: Millis,
        tempo: &Tempo,
    ) -> Result<(), Refusal> {
        let index = self.find(id).and_then(|order| self.by_id.get(&order.id)).copied().ok_or(Refusal::OrderId)?;
        let order = self.orders.get_mut(index).ok_or(Refusal::OrderId)?;
        if !service_cancels || order.status.is_final() || order.plan.cancels_at.is_some() {
            return Err(Refusal::CannotCancel);
        }
        order.plan.cancels_at = Some(now.saturating_add(tempo.wait(tempo.pace.cancel_ms)));
        self.changed.insert(Event::Order(index));
        self.schedule(index);
        let cancel = Cancel { order: id, at: now };
        self.write(Line::cancel(now, self.balance, &cancel));
        self.cancels.push(cancel);
        self.write_changes(now);
        Ok(())
    }

    /// An order changed by hand, whether or not status calls find it.
    pub(super) fn by_hand(&mut self, id: u64, change: impl FnOnce(&mut Order)) -> Option<usize> {
        let index = self.by_id.get(&id).copied()?;
        change(self.orders.get_mut(index)?);
        self.changed.insert(Event::Order(index));
        self.schedule(index);
        Some(index)
    }

    pub(super) fn refill_by_hand(&mut self, id: u64, status: &str) -> Option<()> {
        let index = self.refill_by_id.get(&id).copied()?;
        let refill = self.refills.get_mut(index)?;
        (refill.status, refill.ends_at) = (status.to_owned(), None);
        self.changed.insert(Event::Refill(index));
        Some(())
    }

    /// Writes down what has changed.
    pub(super) fn write_changes(&mut self, now: Millis) {
        let changed = std::mem::take(&mut self.changed);
        if self.journal.is_none() {
            return;
        }
        let line = |event: Event| match event {
            Event::Order(index) => self.orders.get(index).map(|order| Line::order(now, self.balance, order)),
            Event::Refill(index) => self.refills.get(index).map(|refill| Line::refill(now, self.balance, refill)),
        };
        let lines: String = changed.into_iter().filter_map(line).collect();
        self.write(lines);
    }

    fn write(&mut self, lines: String) {
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&lines);
        }
    }
}

impl Refill {
    /// Its state, which changes by itself half way to the end.
    pub(super) fn word(&self, now: Millis) -> &str {
        match self.ends_at {
            Some(ends_at) if now >= self.at.midpoint(ends_at) => "In progress",
            _ => &self.status,
        }
    }

    pub(super) fn shown(&self, shapes: &Shapes, now: Millis) -> String {
        Object::new()
            .text("id", &shapes.id_text(self.id))
            .text("order", &shapes.id_text(self.order))
            .text("status", self.word(now))
            .text("at", &iso(self.at))
            .end()
    }
}

impl Cancel {
    pub(super) fn shown(&self, shapes: &Shapes) -> String {
        Object::new().text("order", &shapes.id_text(self.order)).text("at", &iso(self.at)).end()
    }
}
