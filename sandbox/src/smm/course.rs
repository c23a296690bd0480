//! What the clock does to the orders of a book: steps, ends, drops, cancellations, refills, and the orders that are
//! made of others. Everything happens at the time for which it was due, however late somebody looks.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::POSTS_MAX;
use super::book::{Book, Event, Wanted};
use super::order::{Ending, Series, Status, Step};
use super::settings::Tempo;
use crate::chance::Chance;
use crate::clock::Millis;

impl Book {
    /// Carries out everything that is due, in its order.
    pub(super) fn settle(&mut self, now: Millis, tempo: &Tempo) {
        while let Some(Reverse((at, event))) = self.events.peek().copied() {
            if at > now {
                break;
            }
            self.events.pop();
            match event {
                Event::Order(index) => self.step(index, at, tempo),
                Event::Refill(index) => self.end_refill(index, at),
            }
        }
        self.write_changes(now);
    }

    /// The step of an order that is due; nothing when a change of plan has overtaken it.
    fn step(&mut self, index: usize, at: Millis, tempo: &Tempo) {
        let Some(order) = self.orders.get_mut(index) else { return };
        let Some((due, step)) = order.next().filter(|(due, _)| *due <= at) else { return };
        self.changed.insert(Event::Order(index));
        let whole = i64::try_from(order.quantity).unwrap_or(i64::MAX);
        match (step, order.plan.ending) {
            (Step::Start, _) => order.status = Status::InProgress,
            (Step::End, Ending::Partial(left)) => {
                self.turn(index, Status::Partial, i64::try_from(left).unwrap_or(0), due);
            }
            (Step::End, Ending::Cancels) => self.turn(index, Status::Canceled, whole, due),
            (Step::End, Ending::Fails) => self.turn(index, Status::Failed, whole, due),
            (Step::End, Ending::Completes | Ending::Never) => self.turn(index, Status::Completed, 0, due),
            (Step::Drop, _) => {
                let lost = order.plan.drops.take().map_or(0, |(_, lost)| lost);
                order.dropped = order.dropped.saturating_add(lost);
            }
            (Step::Cancel, _) => {
                let remains = order.remains(due);
                order.plan.cancels_at = None;
                let children = order.children.clone();
                if remains < whole && order.series.is_none() {
                    self.turn(index, Status::Partial, remains, due);
                } else {
                    self.turn(index, Status::Canceled, whole, due);
                }
                for child in children.iter().filter_map(|id| self.by_id.get(id).copied()).collect::<Vec<_>>() {
                    if let Some(child) = self.orders.get_mut(child).filter(|child| !child.status.is_final()) {
                        child.plan.cancels_at = Some(due);
                    }
                    self.changed.insert(Event::Order(child));
                    self.schedule(child);
                }
            }
            (Step::Next, _) => self.make_next(index, due, tempo),
        }
        self.schedule(index);
    }

    /// Brings an order into a state, and its money with it. What came back too much is taken again.
    pub(super) fn turn(&mut self, index: usize, status: Status, remains: i64, at: Millis) {
        let Some(order) = self.orders.get_mut(index) else { return };
        self.changed.insert(Event::Order(index));
        let owed = order.owed(status, remains);
        self.balance = self.balance.plus(owed).minus(order.refunded);
        order.refunded = owed;
        order.status = status;
        order.remains = status.is_final().then_some(remains);
        order.ended_at = status.is_final().then_some(at);
        if let Some(parent) = order.parent.filter(|_| status.is_final()) {
            self.end_series(parent, at);
        } else if !status.is_final() {
            let key = (order.service, order.link.clone());
            let running = self.running.entry(key).or_default();
            if order.parent.is_none() && !running.contains(&index) {
                running.push(index);
            }
        }
    }

    /// Makes the next order of a series.
    fn make_next(&mut self, index: usize, at: Millis, tempo: &Tempo) {
        let Some(parent) = self.orders.get(index).cloned() else { return };
        let (made, id) = (u64::try_from(parent.children.len()).unwrap_or(u64::MAX), self.next_order);
        let (quantity, charge, paid, next_at) = match &parent.series {
            Some(Series::Runs { runs, interval }) => {
                let minutes = tempo.pace.minute_ms.saturating_mul(i64::try_from(*interval).unwrap_or(0));
                let next_at = (made + 1 < *runs).then_some(at.saturating_add(tempo.wait(minutes).max(1)));
                (parent.quantity, parent.charge.share(1, *runs), true, next_at)
            }
            Some(Series::Posts { expires_at: Some(expires_at), .. }) if *expires_at <= at => {
                self.plan_next(index, None);
                return self.turn(index, Status::Expired, 0, at);
            }
            Some(Series::Posts { min, max, limit, old, .. }) => {
                let quantity = Chance::new(tempo.seed ^ id).between(*min, *max);
                let charge = parent.rate.times(quantity).share(1, 1_000);
                let more = made + 1 < limit.map_or(POSTS_MAX, |limit| limit.saturating_add(*old));
                let wait = if made + 1 < *old { 1 } else { tempo.wait(tempo.pace.post_ms).max(1) };
                (quantity, charge, false, more.then_some(at.saturating_add(wait)))
            }
            None => return,
        };
        if !paid && charge > self.balance {
            self.plan_next(index, None);
            return self.turn(index, Status::Paused, 0, at);
        }
        let wanted = Wanted {
            service: parent.service,
            kind: parent.kind,
            link: parent.link,
            quantity,
            series: None,
            fields: BTreeMap::new(),
            rate: parent.rate,
            charge,
            ending: None,
        };
        let mut child = self.made(wanted, at, tempo);
        child.parent = Some(parent.id);
        if !paid {
            self.balance = self.balance.minus(charge);
        }
        let child = self.insert(child);
        self.changed.insert(Event::Order(child));
        if let Some(parent) = self.orders.get_mut(index) {
            parent.children.push(id);
        }
        self.plan_next(index, next_at);
    }

    fn plan_next(&mut self, index: usize, at: Option<Millis>) {
        if let Some(order) = self.orders.get_mut(index) {
            order.plan.next_at = at;
        }
    }

    /// A series is complete when all its orders are final and no further one comes.
    fn end_series(&mut self, id: u64, at: Millis) {
        let Some(index) = self.by_id.get(&id).copied() else { return };
        let Some(parent) = self.orders.get(index) else { return };
        let is_final = |id: &u64| {
            self.by_id.get(id).and_then(|index| self.orders.get(*index)).is_none_or(|child| child.status.is_final())
        };
        if parent.status == Status::Active && parent.plan.next_at.is_none() && parent.children.iter().all(is_final) {
            self.turn(index, Status::Completed, 0, at);
        }
    }

    fn end_refill(&mut self, index: usize, at: Millis) {
        let Some(refill) = self.refills.get_mut(index).filter(|refill| refill.ends_at.is_some_and(|due| due <= at))
        else {
            return;
        };
        refill.ends_at = None;
        self.changed.insert(Event::Refill(index));
        let order = self.by_id.get(&refill.order).copied();
        let dropped = order.and_then(|index| self.orders.get_mut(index)).filter(|order| order.dropped > 0);
        let Some(dropped) = dropped else {
            // Nothing is missing at the link.
            "Rejected".clone_into(&mut refill.status);
            return;
        };
        dropped.dropped = 0;
        "Completed".clone_into(&mut refill.status);
        self.changed.extend(order.map(Event::Order));
    }
}
