//! What an order is after one of its parts changed: its state and figures, the end of its hold, the news.
//!
//! Every change of a part goes through [`App::refresh_in`] in the same commit, so that an order never says something
//! else than its parts. A credit goes back only when nothing was placed and nothing is unknown.

use crate::jobs::{self, Work};
use crate::notice::{BoostKind, alarm};
use crate::payout::posting;
use crate::{App, StoreError, record};
use domain::boost::{OrderState, PartState};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::money::Plan;
use domain::{IdempotencyKey, Timestamp};
use serde_json::json;
use store::boosts::{Order, Part};
use store::holds::Close;
use store::{Tx, boosts, holds, ledger};

impl App {
    /// Says what the order is now and writes it. Its row is locked, its changed parts are written.
    pub(crate) async fn refresh_in(&self, tx: &mut Tx, order: &mut Order, now: Timestamp) -> Result<(), StoreError> {
        self.settle_short_in(tx, order, now).await?;
        let parts = boosts::parts(tx, order.id).await?;
        let before = order.state;
        order.state = OrderState::of(parts.iter().map(|part| standing(part, &parts)), order.called_off);
        let original = parts.iter().filter(|part| part.tops_up.is_none());
        order.want = original.map(Part::total).sum();
        order.delivered = parts.iter().map(|part| part.delivered).sum::<i64>().clamp(0, order.want);
        let newest = parts.iter().filter(|part| part.placed_at.is_some()).max_by_key(|part| part.placed_at);
        order.provider = newest.or(parts.iter().rfind(|part| part.provider.is_some())).and_then(|part| part.provider);
        let needs = |part: &&Part| part.state == PartState::Unknown || asks_for_a_look(part);
        order.attention = i64::try_from(parts.iter().filter(needs).count()).unwrap_or(0);
        let half =
            order.state.is_open() && order.delivered * 2 >= order.want && order.delivered > 0 && !order.told_half;
        order.told_half |= half;
        boosts::update(tx, order, now).await?;
        order.version += 1;
        if half {
            let data = json!({ "boost_id": order.id.get(), "delivered": order.delivered, "want": order.want });
            let event =
                record::event(tx, self, EventType::BoostChanged, &order.object(), &order.correlation, &data, now)
                    .await?;
            self.tell_boost(tx, order, BoostKind::Half, &event, now).await?;
        }
        if before.is_open() && !order.state.is_open() {
            self.end_order_in(tx, order, &parts, now).await?;
        }
        Ok(())
    }

    /// The order ended: a credit of which nothing was placed goes back, and its user is told.
    async fn end_order_in(&self, tx: &mut Tx, order: &Order, parts: &[Part], now: Timestamp) -> Result<(), StoreError> {
        if !parts.iter().any(Part::was_placed) {
            self.release_credit_in(tx, order, now).await?;
        }
        let (event, kind) = match order.state {
            OrderState::Done => (EventType::BoostCompleted, BoostKind::Done),
            OrderState::Partial => (EventType::BoostCompleted, BoostKind::Partial),
            OrderState::Cancelled => (EventType::BoostFailed, BoostKind::Cancelled),
            _ => (EventType::BoostFailed, BoostKind::Failed),
        };
        let data = json!({
            "boost_id": order.id.get(), "state": order.state.word(), "delivered": order.delivered, "want": order.want,
        });
        let event = record::event(tx, self, event, &order.object(), &order.correlation, &data, now).await?;
        self.tell_boost(tx, order, kind, &event, now).await?;
        let labels = [("platform", order.platform.word()), ("provider", "none"), ("status", order.state.word())];
        self.metrics().count("boost_orders_total", &labels);
        Ok(())
    }

    async fn release_credit_in(&self, tx: &mut Tx, order: &Order, now: Timestamp) -> Result<(), StoreError> {
        let Some(hold) = holds::find_open(tx, &order.object()).await? else { return Ok(()) };
        let plan = Plan::new(&order.plan).ok_or_else(|| StoreError::Corrupt(format!("plan {}", order.plan)))?;
        let purse = Account::purse(order.user, Purse::Posts(plan));
        let key = IdempotencyKey::boost(order.id, "release");
        let journal = Journal::new(key, "boost.released", "system", order.object(), now).transfer(
            hold.account,
            purse,
            hold.amount,
        );
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Released, posted.id, now).await
    }

    /// Nobody can take a part now: its user is told once, the ops chats once in a while.
    pub(super) async fn tell_held(
        &self,
        tx: &mut Tx,
        order: &Order,
        part: &Part,
        why: &str,
        event: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tell_boost(tx, order, BoostKind::Delayed, event, now).await?;
        let words = format!("Boost {} part {} waits: {why}", order.id, part.n);
        let topic = part.leg.service(order.platform);
        alarm(tx, self, "placement", &topic, "Boosts wait", words, &order.correlation, now).await
    }

    /// Brings the placing of a part forward.
    pub(crate) async fn place_soon(&self, tx: &mut Tx, part: i64, now: Timestamp) -> Result<(), StoreError> {
        jobs::due(tx, Work::Place(part), now, now).await
    }
}

/// What a part counts as: one whose shortfall is made good by another counts as delivered, the other beside it; so does
/// one that ended short by the panel's word and of which nothing is missing.
fn standing(part: &Part, parts: &[Part]) -> (PartState, bool) {
    let topped_up = parts.iter().any(|other| other.tops_up == Some(part.n));
    let all_there = part.was_placed() && part.delivered >= part.total();
    let made_good = !part.state.is_open() && (topped_up || all_there);
    (if made_good { PartState::Done } else { part.state }, part.was_placed())
}

/// A person is to look at it: something was noted, or it was left short.
pub(super) fn asks_for_a_look(part: &Part) -> bool {
    part.review.is_some() || left_short(part)
}

/// It ended short and nothing was done about it yet.
pub(super) fn left_short(part: &Part) -> bool {
    part.was_placed()
        && !part.settled
        && matches!(part.state, PartState::Partial | PartState::Cancelled | PartState::Failed)
}
